import { REMEMBERED_SLOTS } from '../../src/consensus/bounds.ts'
import { type GuardRecord, lockAt } from '../../src/consensus/guard.ts'
import type { AlarmCode, Collected, Effect, State } from '../../src/consensus/types.ts'
import type { Certificate, Statement } from '../../src/wire/types.ts'
import { contradiction, contradictionAmong, sumOf } from './pairs.ts'
import { offenceName, type PublicRecord } from './public-record.ts'
import { keyOf } from './register.ts'
import { offences } from './scenario.ts'
import { short, showStatement } from './show.ts'
import type { Sealed, World } from './world.ts'

/** Whether a signature may leave while this record is the one on disk. */
export function isCovered(record: GuardRecord, statement: Statement): boolean {
  switch (statement.kind) {
    case 'candidate':
    case 'vote': {
      const held = statement.kind === 'vote' ? record.vote : record.candidate
      const { height, slot, block, validSlot } = statement
      return held !== null && held.height === height && held.slot === slot && held.block === block && held.validSlot === validSlot
    }
    case 'lock': {
      const held = lockAt(record, statement.height)?.statement
      return held !== undefined && held.slot === statement.slot && held.block === statement.block
    }
    case 'seal':
      return record.seal !== null && record.seal.height === statement.height && record.seal.block === statement.block
  }
}

/** Nothing that a peer sends grows memory without a bound. */
export function checkBounds(world: World, node: number, state: State): void {
  const { verifiers } = world.scenario
  const bounds = [
    // One per maker, of this slot and the next.
    { what: 'candidates', size: state.candidates.length, most: 2 * verifiers },
    // One per asker and kind.
    { what: 'held requests', size: state.held.length, most: 3 * verifiers },
    // One per maker, of the remembered slots, of this one and the next; and what a certificate named.
    { what: 'blocks', size: state.blocks.length, most: (verifiers + 1) * (REMEMBERED_SLOTS + 2) },
  ]
  for (const { what, size, most } of bounds)
    if (size > most) world.fail('bounded-state', `n${node} has ${size} ${what}, at most ${most} were expected`)
}

/** Alarms that an honest node raises only if the scenario gave it a reason. */
export function checkAlarm(world: World, node: number, code: AlarmCode, detail: string, wasRestored: boolean): void {
  const isExpected = {
    'duplicate-instance': world.isDuplicate(node),
    'stale-record': wasRestored || world.isDuplicate(node),
    'doubtful-record': false,
    'conflicting-lock': world.isBeyondTheory,
    'clock-behind-record': wasRestored || world.isDuplicate(node) || world.scenario.wildClocks.length > 0,
  }[code]
  if (!isExpected && !world.isFaulty(node)) world.fail('false-alarm', `n${node} raises ${code}: ${detail}`)
}

/** Whoever led shows all that it collected, when it leads no more. */
export function checkShown(world: World, node: number, before: State, after: State, effects: readonly Effect[]): void {
  const { leading } = before
  if (leading === null || isSameRound(leading, after.leading) || after.silence?.kind === 'duplicate') return
  const tally = effects.find((effect) => effect.kind === 'gossip-tally')
  for (const collected of [leading.votes, leading.locks, leading.seals]) {
    if (collected === null || collected.signatures.length === 0 || isShown(collected, tally?.certificates ?? [])) continue
    world.fail('hidden-tally', `n${node} does not show who signed ${showStatement(collected.statement)} for it`)
  }
}

/** And that is everybody who answered, whether it was enough before or not. */
export function checkTally(
  world: World,
  node: number,
  shown: readonly Certificate[],
  answers: ReadonlyMap<string, ReadonlySet<number>>,
): void {
  for (const { statement, aggregate } of shown) {
    const { stakes } = world.quorums.at(statement.height)
    for (const signer of answers.get(keyOf(statement)) ?? [])
      if (!aggregate.signers.includes(signer) && (stakes[signer] ?? 0) > 0)
        world.fail('hidden-tally', `n${node} does not show that ${signer} signed ${showStatement(statement)} for it`)
  }
}

const isSameRound = (left: State['leading'], right: State['leading']): boolean =>
  left !== null && right !== null && left.slot === right.slot && left.height === right.height

const isShown = ({ statement, signatures }: Collected, certificates: readonly Certificate[]): boolean =>
  certificates.some(
    (shown) => keyOf(shown.statement) === keyOf(statement) && signatures.every(([member]) => shown.aggregate.signers.includes(member)),
  )

interface Keeper {
  readonly index: number
  readonly publicRecord: PublicRecord
}

/**
 * Whoever signed two statements that honest nodes have on public record, and nobody honest signs both of, is found by each of
 * them by itself: of that offence, or of another at that height (evidence.md P6: two blocks of a signer in one kind and slot are
 * enough to remember).
 * @param shown what any of them had on record when they compared it
 * @param upTo a height whose quorum all of them know
 * @param split a height at which two of them have two blocks: each of them names a third of the stake there, or more
 */
export function checkNamed(
  world: World,
  nodes: readonly Keeper[],
  shown: ReadonlySet<readonly Certificate[]>,
  upTo: number,
  split: number | null,
): void {
  const said = new Map<string, Statement[]>()
  for (const { statement, aggregate } of [...shown].flat()) {
    if (statement.height > upTo) continue
    for (const signer of aggregate.signers) {
      const who = world.nodeOf(signer, statement)
      const before = said.get(`${who} ${statement.height}`) ?? []
      said.set(`${who} ${statement.height}`, before)
      if (before.some((other) => keyOf(other) === keyOf(statement))) continue
      for (const other of before) {
        if (contradiction(other, statement) === null) continue
        const blind = nodes.find(({ publicRecord }) => !isGuilty(publicRecord, who, statement.height))
        if (blind !== undefined)
          world.fail('unnamed', `n${blind.index} does not find ${who}, who signed ${showStatement(other)} and ${showStatement(statement)}`)
      }
      before.push(statement)
    }
  }
  if (split === null) return
  const { stakes, nodes: members } = world.quorums.at(split)
  for (const { index, publicRecord } of nodes) {
    if (!publicRecord.provesFork) world.fail('unnamed', `two blocks at height ${split}, and n${index} cannot prove it`)
    const named = stakes.filter((_, member) => isGuilty(publicRecord, members[member] ?? 0, split))
    if (sumOf(named) * 3 < sumOf(stakes))
      world.fail('unnamed', `two blocks at height ${split}, and n${index} names only ${sumOf(named)} of ${sumOf(stakes)}`)
  }
}

const isGuilty = ({ found }: PublicRecord, who: number, height: number): boolean =>
  offences.some((kind) => found.has(offenceName(who, height, kind)))

/** Where two blocks were sealed, a third of the stake or more is named by what was signed, and nobody honest is. */
export function checkEvidence(world: World): void {
  if (world.fork === null) return
  const { height, blocks } = world.fork
  const { stakes, nodes } = world.quorums.at(height)
  const { behaviours } = world.scenario
  const guilty = stakes.flatMap((_, member) => {
    const said = world.register.saidBy(member, height)
    return said.some((statement, place) => contradictionAmong(said.slice(0, place), statement) !== null) ? [member] : []
  })
  const honest = guilty.map((member) => nodes[member] ?? 0).filter((node) => behaviours[node] === null)
  const guiltyStake = sumOf(guilty.map((member) => stakes[member] ?? 0))
  const sealed = `${blocks.map(short).join(' and ')} sealed at height ${height}`
  if (honest.length > 0) world.fail('evidence', `${sealed}: the evidence names honest ${honest.join(',')}`)
  if (guiltyStake * 3 < sumOf(stakes)) world.fail('evidence', `${sealed}: the evidence names only ${guiltyStake} of ${sumOf(stakes)}`)
}

/** The slot in which the last node has started; from the next on, everybody takes part. */
const LAST_START_SLOT = 1

/**
 * Where nothing goes wrong and clocks agree, a slot in which anybody is selected ends with a block, also the first slot of
 * a quorum; and all who weigh in a height's quorum are paid for sealing it, also those who are not in the next one.
 */
export function checkCalm(world: World, blocks: readonly Sealed[]): void {
  const { scenario, quorums } = world
  const chain = blocks.map(({ block }) => block)
  for (const [place, { height, slot }] of chain.entries()) {
    const before = chain[place - 1]
    if (before === undefined || before.slot < LAST_START_SLOT) continue
    for (let lost = before.slot + 1; lost < slot && scenario.quietPpm === 0; lost++)
      if (quorums.at(height).nodes.some((member) => world.isSelected(member, lost, height)))
        world.fail(
          'lost-slot',
          `no block in slot ${lost}, between height ${before.height} of slot ${before.slot} and the next of slot ${slot}`,
        )
    const weighty = quorums.at(height).stakes.filter((stake) => stake > 0).length
    const named = world.mostSigners.get(height) ?? 0
    if (place < chain.length - 1 && named < weighty)
      world.fail('unpaid', `the fullest certificate of height ${height} names ${named} of ${weighty}`)
  }
}
