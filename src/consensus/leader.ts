import type { Hex } from '../base/hex.ts'
import type { AggregateSignature, Certificate, LockStatement, SealStatement, VoteStatement } from '../wire/types.ts'
import { enoughStake, stakeOf, totalOf } from './quorum.ts'
import { change, learnCertificate, type Turn, weighs } from './turn.ts'
import type { Collected, Leading, Members, ProposedBlock, State } from './types.ts'

/** The maker of the best candidate asks everybody for votes. */
export function startLeading(turn: Turn, best: ProposedBlock): void {
  const { height, members } = turn.state
  const statement: VoteStatement = {
    kind: 'vote',
    height,
    slot: best.slot,
    block: best.block.hash,
    validSlot: best.justification?.statement.slot ?? null,
  }
  const leading: Leading = { slot: best.slot, height, members, votes: collecting(statement), locks: null, seals: null, publishedSigners: 0 }
  change(turn, { leading })
  turn.effects.push({ kind: 'ask', request: { kind: 'vote', statement } })
}

/** Takes a signature that this leader asked for, however late in the slot (L5); at enough stake it goes on to the next phase. */
export function collectSignature(turn: Turn, from: number, statement: VoteStatement | LockStatement | SealStatement, signature: Hex): void {
  const { leading, height } = turn.state
  if (leading === null || !weighs(leading.members, from)) return
  switch (statement.kind) {
    case 'vote': {
      const votes = add(leading.votes, from, statement, signature)
      if (votes === null) return
      change(turn, { leading: { ...leading, votes } })
      if (leading.height === height && leading.locks === null && isEnough(leading.members, votes)) askForLocks(turn, votes)
      return
    }
    case 'lock': {
      const locks = leading.locks && add(leading.locks, from, statement, signature)
      if (locks === null) return
      change(turn, { leading: { ...leading, locks } })
      if (leading.height === height && leading.seals === null && isEnough(leading.members, locks)) askForSeals(turn, locks)
      return
    }
    case 'seal': {
      const seals = leading.seals && add(leading.seals, from, statement, signature)
      if (seals === null) return
      change(turn, { leading: { ...leading, seals } })
      takeSeals(turn, seals)
      return
    }
  }
}

/** S2: the slot ends, and more have sealed than the published certificate says. */
export function publishFullerSeal(turn: Turn): void {
  const { leading } = turn.state
  if (leading === null || leading.seals === null || leading.publishedSigners === 0) return
  if (leading.seals.signatures.length > leading.publishedSigners) publish(turn, leading, leading.seals)
}

/** `evidence.md` P3: whoever led shows all that it collected, won or lost, so that nobody can tell two leaders different things. */
export function publishTally(turn: Turn): void {
  const { leading } = turn.state
  if (leading === null) return
  const certificates: Certificate[] = []
  for (const one of [leading.votes, leading.locks, leading.seals])
    if (one !== null && one.signatures.length > 0) certificates.push({ statement: one.statement, aggregate: aggregate(turn.state, one) })
  if (certificates.length > 0) turn.effects.push({ kind: 'gossip-tally', certificates })
}

const hasSigned = ({ signatures }: Collected, from: number): boolean => signatures.some(([member]) => member === from)

const collecting = (statement: Collected['statement']): Collected => ({ statement, signatures: [] })

/** Null if the statement is not the one that was asked for, or the signature is known. */
function add(collected: Collected, from: number, statement: Collected['statement'], signature: Hex): Collected | null {
  const asked = collected.statement
  const sameRound =
    asked.kind === statement.kind &&
    asked.height === statement.height &&
    asked.block === statement.block &&
    (asked.kind === 'seal' || statement.kind === 'seal' || asked.slot === statement.slot) &&
    (asked.kind !== 'vote' || statement.kind !== 'vote' || asked.validSlot === statement.validSlot)
  if (!sameRound || hasSigned(collected, from)) return null
  return { statement: asked, signatures: [...collected.signatures, [from, signature] as const].sort(([left], [right]) => left - right) }
}

function isEnough({ stakeDroplets }: Members, collected: Collected): boolean {
  const signers = collected.signatures.map(([member]) => member)
  return stakeOf(stakeDroplets, signers) >= enoughStake(totalOf(stakeDroplets))
}

function aggregate(state: State, collected: Collected): AggregateSignature {
  const { signatures } = collected
  return { signers: signatures.map(([member]) => member), signature: state.config.aggregate(signatures.map(([, signature]) => signature)) }
}

function askForLocks(turn: Turn, votes: Collected): void {
  const certificate: Certificate = { statement: votes.statement, aggregate: aggregate(turn.state, votes) }
  const { leading } = turn.state
  if (leading === null) return
  const { height, slot, votes: asked } = leading
  change(turn, { leading: { ...leading, locks: collecting({ kind: 'lock', height, slot, block: asked.statement.block }) } })
  learnCertificate(turn, certificate)
  turn.effects.push({ kind: 'ask', request: { kind: 'lock', certificate } })
}

function askForSeals(turn: Turn, locks: Collected): void {
  const certificate: Certificate = { statement: locks.statement, aggregate: aggregate(turn.state, locks) }
  const { leading } = turn.state
  if (leading === null) return
  change(turn, { leading: { ...leading, seals: collecting({ kind: 'seal', height: leading.height, block: locks.statement.block }) } })
  learnCertificate(turn, certificate)
  turn.effects.push({ kind: 'ask', request: { kind: 'seal', certificate } })
}

/** S2: enough seals make the block final. After that more are collected until the slot ends, or all are there. */
function takeSeals(turn: Turn, seals: Collected): void {
  const { leading, height } = turn.state
  if (leading === null) return
  const { members } = leading
  if (leading.publishedSigners > 0) {
    if (members.stakeDroplets.every((stake, member) => stake === 0 || hasSigned(seals, member))) publish(turn, leading, seals)
    return
  }
  if (leading.height !== height || !isEnough(members, seals)) return
  const seal = aggregate(turn.state, seals)
  turn.effects.push({ kind: 'commit', block: seals.statement.block, height: leading.height, seal })
  publish(turn, leading, seals, seal)
}

function publish(turn: Turn, leading: Leading, seals: Collected, seal = aggregate(turn.state, seals)): void {
  change(turn, { leading: { ...leading, publishedSigners: seals.signatures.length } })
  turn.effects.push({ kind: 'publish-block', block: seals.statement.block, height: leading.height, seal })
}
