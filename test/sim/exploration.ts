import { emptyRecord, type GuardRecord } from '../../src/consensus/guard.ts'
import type { BlockRef, Effect, Input, Members, ProposedBlock, State } from '../../src/consensus/types.ts'
import type { Certificate, Hash, SignRequest, Statement, VoteStatement } from '../../src/wire/types.ts'
import { isCovered } from './checks.ts'
import { contradictionAmong } from './pairs.ts'
import { keyOf } from './register.ts'
import { type Machine, realMachine } from './world.ts'

/**
 * The little world of the search: verifiers 0, 1 and 2 are honest, 3 is not; each has the same stake, so three of
 * them make a certificate. The network belongs to the adversary: whoever it likes gets what it likes. It signs
 * everything, so every certificate that two of the honest allow exists.
 */
export const HONEST = [0, 1, 2] as const
const ADVERSARY = 3
/** Honest signers that make a certificate together with the adversary. */
const ENOUGH_HONEST = 2
/** The one honest verifier that is selected, in every slot; the adversary always is. So the other two are alike. */
export const PROPOSER = 0

/** One honest verifier. Two that are alike in all that can matter later are one object. */
export interface Verifier {
  readonly id: number
  readonly state: State
  readonly disk: GuardRecord
  readonly said: readonly Statement[]
  /** By height: the blocks that it sealed, committed, and locked. */
  readonly sealed: readonly (Hash | undefined)[]
  readonly final: readonly (Hash | undefined)[]
  readonly locks: readonly Statement[]
}

export interface Move {
  /** Says the whole input: what it leads to is looked up by it. */
  readonly name: string
  readonly inputs: readonly Input[]
}

export interface Outcome {
  readonly verifier: Verifier
  readonly violation: string | null
}

const genesis: BlockRef = { hash: 'g', height: 0, slot: 0, parent: '' }
const nothingKnown: Input = { kind: 'own-signatures-known', known: { slot: null, lock: null, seal: null } }

/** A block's name says everything of it: which of its builder's it is, its height, its slot, and its parent. */
const nameBlock = (height: number, slot: number, variant: string, parent: Hash): BlockRef => ({
  hash: `${variant}${height}${slot}.${parent}`,
  height,
  slot,
  parent,
})

function blockOf(hash: Hash): BlockRef {
  const [name = '', ...parent] = hash.split('.')
  return { hash, height: Number(name[1]), slot: Number(name[2]), parent: parent.join('.') }
}

const membersOf = (self: number): Members => {
  const ids = ['0', '1', '2', '3']
  return { quorum: 'q', epochSeed: 'e', self, stakeDroplets: ids.map(() => 1), ids }
}

/** The adversary's ticket is the lowest, so that it leads whenever it shows a candidate. */
const ticketOf = (maker: number): string => (maker === ADVERSARY ? '00' : '10')

const hasSaid = (verifier: Verifier, statement: Statement): boolean => verifier.said.some((known) => keyOf(known) === keyOf(statement))

/** The verifiers of the world, one by one: each runs the real machine; what a move leads to is worked out once. */
export class LocalWorld {
  private readonly machine: Machine
  private readonly byKey = new Map<string, Verifier>()
  private readonly outcomes = new Map<string, Outcome>()

  constructor(machine: Machine = realMachine) {
    this.machine = machine
  }

  get localStates(): number {
    return this.byKey.size
  }

  start(self: number): Verifier {
    const state = this.machine.step(this.boot(self, genesis, emptyRecord), nothingKnown).state
    return this.intern(self, { state, disk: emptyRecord, said: [] })
  }

  take(self: number, verifier: Verifier, { name, inputs }: Move): Outcome {
    const key = `${verifier.id} ${name}`
    const known = this.outcomes.get(key)
    if (known !== undefined) return known
    const outcome = this.run(self, verifier, inputs)
    this.outcomes.set(key, outcome)
    return outcome
  }

  /** It loses its memory, keeps its disk, and its peers tell it nothing that it does not know. */
  restart(self: number, verifier: Verifier, slot: number, choiceDue: boolean): Outcome {
    const { state, disk } = verifier
    const key = `${verifier.id} restart ${slot}${choiceDue}`
    const known = this.outcomes.get(key)
    if (known !== undefined) return known
    const kept = [disk.lock?.statement.block, disk.seal?.block].filter((block): block is Hash => block !== undefined)
    const inputs: Input[] = [
      ...kept.map((block) => ({ kind: 'block-known', block: blockOf(block) }) as const),
      { kind: 'slot-started', slot },
    ]
    if (choiceDue) inputs.push({ kind: 'choice-due', slot })
    const outcome = this.run(self, { ...verifier, state: this.boot(self, state.head, disk) }, [...inputs, nothingKnown])
    this.outcomes.set(key, outcome)
    return outcome
  }

  private boot(self: number, head: BlockRef, record: GuardRecord): State {
    const config = { leaderRule: 'ticket', aggregate: () => '' } as const
    const members = membersOf(roleOf(self))
    return this.machine.initialState({ config, members, head, headMembers: members, record, doubtful: false })
  }

  /** One verifier takes inputs, and at once what it tells itself because of them. */
  private run(self: number, verifier: Pick<Verifier, 'state' | 'disk' | 'said'>, inputs: readonly Input[]): Outcome {
    const role = roleOf(self)
    let { state, disk } = verifier
    let violation: string | null = null
    const said = [...verifier.said]
    const queue = [...inputs]
    const say = (statement: Statement): void => {
      if (!isCovered(disk, statement)) violation ??= `${self} signs ${keyOf(statement)} before it is on disk`
      if (said.some((known) => keyOf(known) === keyOf(statement))) return
      const other = contradictionAmong(said, statement)
      if (other !== null) violation ??= `honest ${self} could be accused: ${keyOf(other[1])} and ${keyOf(statement)}`
      said.push(statement)
    }
    const perform = (effect: Effect): void => {
      switch (effect.kind) {
        case 'persist':
          disk = effect.record
          return
        case 'draw-ticket':
          queue.push({ ...effect, kind: 'ticket-drawn', ticket: ticketOf(self), selected: self === PROPOSER })
          return
        case 'build':
          queue.push({ kind: 'block-built', slot: effect.slot, block: nameBlock(effect.height, effect.slot, 'h', state.head.hash) })
          return
        case 'propose':
          return say(effect.statement)
        case 'ask':
          queue.push({ kind: 'request', id: role, from: role, request: effect.request })
          return
        case 'sign':
          say(effect.statement)
          if (effect.id === role) queue.push({ kind: 'signature', from: role, statement: effect.statement, signature: '' })
          return
        case 'fetch-block':
          queue.push({ kind: 'block-known', block: blockOf(effect.block) })
          return
        case 'commit':
          queue.unshift({ kind: 'head-moved', head: blockOf(effect.block), headMembers: state.members, members: state.members })
          return
        case 'alarm':
          violation ??= `${self} raises ${effect.code}: ${effect.detail}`
          return
        case 'refuse':
        case 'gossip-certificate':
        case 'gossip-tally':
        case 'publish-block':
        case 'behind':
          return
      }
    }
    for (let input = queue.shift(); input !== undefined; input = queue.shift()) {
      const after = this.machine.step(state, input)
      state = after.state
      for (const effect of after.effects) perform(effect)
    }
    return { verifier: this.intern(self, { state, disk, said: said.filter((statement) => mayMatter(state, statement)) }), violation }
  }

  private intern(self: number, verifier: Pick<Verifier, 'state' | 'disk' | 'said'>): Verifier {
    const key = localKey(self, verifier)
    const known = this.byKey.get(key)
    if (known !== undefined) return known
    const fresh = { id: this.byKey.size, ...verifier, ...summary(verifier) }
    this.byKey.set(key, fresh)
    return fresh
  }
}

/**
 * Of what it said: votes and candidates until the slot ends (what they certified stays, see `pastCertificates`), locks
 * until the height is final, and seals for ever.
 */
function mayMatter({ slot, height }: State, statement: Statement): boolean {
  if (statement.kind === 'seal') return true
  return statement.height >= height && (statement.kind === 'lock' || statement.slot === slot)
}

/**
 * What of a verifier can matter later. Not: blocks (whatever is missing is fetched at once), candidates of a slot in
 * which it has voted, what only who proposes would use, and what a leader has collected, as the adversary can do
 * everything with signatures that a leader would.
 */
function localKey(self: number, { state, disk, said }: Pick<Verifier, 'state' | 'disk' | 'said'>): string {
  const { record, slot, height } = state
  const hasLock = record.lock?.statement.height === height
  const open = record.vote?.slot === slot ? [] : state.candidates
  return JSON.stringify([
    self === PROPOSER,
    slot,
    state.choiceDue,
    state.head.hash,
    state.silence?.kind,
    said.map(keyOf).sort(),
    open.map(({ maker, block, justification }) => `${maker} ${block.hash} ${justification?.statement.slot}`).sort(),
    record.vote?.slot === slot && record.vote,
    hasLock && record.lock && keyOf(record.lock.statement),
    hasLock && record.otherLockSlot,
    record.seal,
    disk === record,
    ...(self === PROPOSER ? [state.ticket, state.valid && keyOf(state.valid.statement), state.leading?.slot] : []),
  ])
}

// What the adversary and the network can do to one verifier

export type Phase = 'certificate' | 'candidate' | 'vote' | 'lock' | 'seal' | 'commit'

/** All verifiers, and the vote certificates of slots that are over. */
export interface Surroundings {
  readonly verifiers: readonly Verifier[]
  readonly past: Past
}

export interface Past {
  readonly id: string
  readonly statements: readonly VoteStatement[]
}

export const noPast: Past = { id: '', statements: [] }

/** The moves of a phase for one verifier, among those that the signatures of all allow. */
export function movesOf(phase: Phase, world: Surroundings, to: number, slot: number, heights: number): Move[] {
  const verifier = world.verifiers[to]
  if (verifier === undefined || verifier.state.height > heights) return []
  const { height, head } = verifier.state
  switch (phase) {
    case 'certificate':
      // To those who never propose a certificate alone is only something to pass on.
      return to !== PROPOSER
        ? []
        : certified(world, 'vote', height, to).map((certificate) => move(certificate, { kind: 'certificate', certificate }))
    case 'candidate':
      // Only who proposes itself must have another's candidate before it chooses its own.
      return to !== PROPOSER
        ? []
        : candidates(world, to, height, head, slot).map((candidate) => ({
            name: `gets ${nameOf(candidate)}`,
            inputs: [{ kind: 'candidate', candidate }],
          }))
    case 'vote':
      // It votes for the best that it has: one at a time leads to every vote that several at once lead to.
      return candidates(world, to, height, head, slot).flatMap((candidate) => (candidate.maker === to ? [] : [voteMove(candidate)]))
    case 'lock':
      return certified(world, 'vote', height, to)
        .filter(({ statement }) => statement.kind === 'vote' && statement.slot === slot)
        .map((certificate) => move(certificate, ask(ADVERSARY, { kind: 'lock', certificate })))
    case 'seal':
      return [height, head.height].flatMap((of) =>
        certified(world, 'lock', of, to).map((certificate) => move(certificate, ask(ADVERSARY, { kind: 'seal', certificate }))),
      )
    case 'commit':
      return certified(world, 'seal', height, to).map((certificate) =>
        move(certificate, { kind: 'sealed-block', block: blockOf(certificate.statement.block), seal: certificate.aggregate }),
      )
  }
}

const ask = (from: number, request: SignRequest): Input => ({ kind: 'request', id: from, from, request })

const move = ({ statement, aggregate }: Certificate, input: Input): Move => ({
  name: `${input.kind} ${keyOf(statement)} by ${aggregate.signers.join(',')}`,
  inputs: [input],
})

const nameOf = ({ maker, slot, block, justification }: ProposedBlock): string =>
  `${block.hash} of ${maker} s${slot}${justification === null ? '' : ` by ${keyOf(justification.statement)} ${justification.aggregate.signers.join(',')}`}`

function voteMove(candidate: ProposedBlock): Move {
  const { maker, block, slot, justification } = candidate
  const statement = {
    kind: 'vote',
    height: block.height,
    slot,
    block: block.hash,
    validSlot: justification?.statement.slot ?? null,
  } as const
  return { name: `votes ${nameOf(candidate)}`, inputs: [{ kind: 'candidate', candidate }, ask(maker, { kind: 'vote', statement })] }
}

/** What may be proposed in a slot, for a height and on a head. */
function candidates(world: Surroundings, to: number, height: number, head: BlockRef, slot: number): ProposedBlock[] {
  if (slot <= head.slot) return []
  const propose = (maker: number, block: BlockRef, justification: Certificate<VoteStatement> | null): ProposedBlock => ({
    block,
    slot,
    maker,
    ticket: ticketOf(maker),
    justification,
  })
  const votes = certified(world, 'vote', height, to) as Certificate<VoteStatement>[]
  const a = nameBlock(height, slot, 'a', head.hash)
  const found = [propose(ADVERSARY, a, null)]
  // Its two blocks are alike: the second comes after the first.
  const hasA = world.verifiers.some(({ said }) => said.some(({ block }) => block === a.hash))
  if (hasA) found.push(propose(ADVERSARY, nameBlock(height, slot, 'b', head.hash), null))
  for (const certificate of votes)
    if (certificate.statement.slot < slot && blockOf(certificate.statement.block).parent === head.hash)
      found.push(propose(ADVERSARY, blockOf(certificate.statement.block), certificate))
  const own = world.verifiers[PROPOSER]?.said.find((known) => known.kind === 'candidate' && known.slot === slot && known.height === height)
  if (own?.kind !== 'candidate' || blockOf(own.block).parent !== head.hash) return found
  const justification = votes.find(({ statement }) => statement.block === own.block && statement.slot === own.validSlot) ?? null
  return [...found, propose(PROPOSER, blockOf(own.block), justification)]
}

/** Verifiers 1 and 2 run the same machine, as number 1: to each of them the other is number 2. */
const roleOf = (self: number): number => (self === PROPOSER ? PROPOSER : 1)
const seenBy = (to: number, verifiers: readonly Verifier[]): readonly Verifier[] => {
  const [first, second, third] = verifiers
  return to === 2 && first !== undefined && second !== undefined && third !== undefined ? [first, third, second] : verifiers
}

/** The certificates of a height: of every statement that enough have signed, with the adversary. */
function certified({ verifiers, past }: Surroundings, kind: Statement['kind'], height: number, to: number): Certificate[] {
  const seen = seenBy(to, verifiers)
  const present = enoughSigned(verifiers, kind, height).map((statement) => {
    const honest = seen.flatMap((verifier, place) => (hasSaid(verifier, statement) ? [place] : []))
    return { statement, aggregate: { signers: [...honest, ADVERSARY], signature: '' } }
  })
  if (kind !== 'vote') return present
  // Who signed in a slot that is over matters to nobody.
  const earlier = past.statements.filter((statement) => statement.height === height)
  return [...earlier.map((statement) => ({ statement, aggregate: { signers: [], signature: '' } })), ...present]
}

/** The vote certificates of a slot that ends and of those before, while their height is not final for all. */
export function pastCertificates({ verifiers, past }: Surroundings): Past {
  const heights = [...new Set(verifiers.map(({ state }) => state.height))]
  const ended = heights.flatMap((height) => enoughSigned(verifiers, 'vote', height) as VoteStatement[])
  const statements = [...past.statements.filter(({ height }) => height >= Math.min(...heights)), ...ended]
  statements.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
  return { id: statements.map(keyOf).join(), statements }
}

function enoughSigned(verifiers: readonly Verifier[], kind: Statement['kind'], height: number): Statement[] {
  const counts = new Map<string, { readonly statement: Statement; count: number }>()
  for (const { said } of verifiers) {
    for (const statement of said) {
      if (statement.kind !== kind || statement.height !== height) continue
      const known = counts.get(keyOf(statement))
      if (known === undefined) counts.set(keyOf(statement), { statement, count: 1 })
      else known.count++
    }
  }
  return [...counts.values()].flatMap(({ statement, count }) => (count >= ENOUGH_HONEST ? [statement] : []))
}

function summary({ state, said }: Pick<Verifier, 'state' | 'said'>): Pick<Verifier, 'sealed' | 'final' | 'locks'> {
  const sealed: (Hash | undefined)[] = []
  const final: (Hash | undefined)[] = []
  for (const statement of said) if (statement.kind === 'seal') sealed[statement.height] = statement.block
  for (let height = 1; height <= state.head.height; height++)
    final[height] = state.head.hash
      .split('.')
      .slice(state.head.height - height)
      .join('.')
  return { sealed, final, locks: said.filter(({ kind }) => kind === 'lock') }
}

/** What must never be: two blocks of a height with a seal of the honest, with a lock certificate, or committed. */
export function conflictAmong(verifiers: readonly Verifier[], heights: number): string | null {
  for (let height = 1; height <= heights; height++) {
    let first: Hash | undefined
    for (const { sealed, final } of verifiers) {
      for (const block of [sealed[height], final[height]]) {
        first ??= block
        if (block !== undefined && block !== first) return `${first} and ${block} are sealed at height ${height}`
      }
    }
  }
  if (verifiers.reduce((sum, { locks }) => sum + locks.length, 0) < 2 * ENOUGH_HONEST) return null
  for (let height = 1; height <= heights; height++) {
    const [one, ...others] = enoughSigned(verifiers, 'lock', height)
    const other = others.find(({ block }) => block !== one?.block)
    if (one !== undefined && other !== undefined) return `${keyOf(one)} and ${keyOf(other)}`
  }
  return null
}
