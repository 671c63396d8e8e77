import { enoughStake, totalOf } from '../../src/consensus/quorum.ts'
import type { SortitionParameters } from '../../src/consensus/sortition.ts'
import { Random } from './random.ts'

export const behaviours = ['equivocate', 'withhold', 'hide-lock', 'spam'] as const
/** What an adversary does. All of one run know everything that any of them knows. */
export type Behaviour = (typeof behaviours)[number]

/**
 * `mixed` draws any faults together. `third` has adversaries with a third of the stake or more: blocks may be sealed
 * twice then, and the evidence must say by whom. The others have one fault each; `calm` has none.
 */
export const scenarioNames = [
  'mixed',
  'calm',
  'network',
  'partition',
  'crash',
  'silent',
  'stale-restore',
  'wild-clock',
  ...behaviours,
  'third',
] as const
export type ScenarioName = (typeof scenarioNames)[number]

export interface Partition {
  readonly fromMs: number
  readonly toMs: number
  /** Group of each node; only those of one group hear each other. */
  readonly groups: readonly number[]
}

export interface Scenario {
  readonly name: ScenarioName
  readonly seed: number
  readonly verifiers: number
  readonly stakes: readonly number[]
  /** After so many heights another quorum of the verifiers signs; null if all of them always do, with `stakes`. */
  readonly handoverHeights: number | null
  /** Nodes that only follow; their indices come after those of the verifiers. */
  readonly observers: number
  readonly leaderRule: 'ticket' | 'nodeId'
  readonly sortition: SortitionParameters
  readonly slotMs: number
  readonly choiceMs: number
  /** By verifier; null for the honest. */
  readonly behaviours: readonly (Behaviour | null)[]
  /** By verifier: down for the whole run. */
  readonly silent: readonly boolean[]
  /** By node: how far its clock is ahead, at most a quarter slot either way. */
  readonly skewMs: readonly number[]
  /** Whether nodes leave candidates unread that one they have makes needless, as the real node does. */
  readonly filtersCandidates: boolean
  /** When the last of the faults below ends. Adversaries, the silent and skewed clocks stay. */
  readonly faultsEndMs: number
  readonly delayMs: { readonly low: number; readonly high: number }
  readonly lossPpm: number
  readonly duplicatePpm: number
  /** A message that takes some slots. */
  readonly stragglerPpm: number
  /** At each place between two effects. */
  readonly crashPpm: number
  readonly partitions: readonly Partition[]
  /** Slots without anything to put into a block. */
  readonly quietPpm: number
  readonly staleRestores: readonly { readonly node: number; readonly atMs: number; readonly downMs: number }[]
  readonly wildClocks: readonly { readonly node: number; readonly atMs: number; readonly offsetMs: number }[]
}

const SLOT_MS = 1000
const MOST_SKEW_MS = SLOT_MS / 4
/** Delay of a message once the faults are over: three request rounds fit into a slot many times. */
export const CALM_DELAY_MS = { low: 2, high: 25 }
/** A wild clock is at most this far ahead; its verifier signs nothing for as long after the clock is right again. */
const MOST_WILD_SLOTS = 4
/** Less than the time for which a restored node was down, so that its peers know by then what it had signed. */
const delaysMs = [
  { low: 1, high: 80 },
  { low: 1, high: 300 },
  { low: 50, high: 900 },
] as const

/** @param handoverHeights changes the quorum every so many heights, and nothing else of what is drawn */
export function drawScenario(
  seed: number,
  verifiers: number,
  name: ScenarioName = 'mixed',
  handoverHeights: number | null = null,
): Scenario {
  const random = new Random(seed, verifiers)
  const has = (fault: ScenarioName, ppm: number): boolean => name === fault || (name === 'mixed' && random.chance(ppm))
  const stakes = drawStakes(random, verifiers)
  const total = totalOf(stakes)
  const nodes = verifiers + 1
  const faultsEndMs = random.between(6, 18) * SLOT_MS
  const network = has('network', 600_000)
  const stale = has('stale-restore', 60_000)
  const adversarial = !stale && (name === 'mixed' ? random.chance(700_000) : name === 'third' || behaviours.some((known) => known === name))
  const faulty =
    adversarial || has('silent', 300_000) || (stale && random.chance(500_000)) ? drawFaulty(random, stakes, name === 'third') : []
  const wanted = behaviours.find((known) => known === name)
  const roles = stakes.map((_, member) => {
    if (!faulty.includes(member) || !adversarial) return null
    if (name === 'third') return random.pick(['equivocate', 'equivocate', 'hide-lock', 'withhold'] as const)
    return wanted ?? random.pick(behaviours)
  })
  // Some of the faulty are down rather than bad; in a run for one behaviour all are bad.
  const silent = roles.map((role, member) => faulty.includes(member) && (role === null || (name === 'mixed' && random.chance(250_000))))
  const leaderRule = random.chance(250_000) ? 'nodeId' : 'ticket'
  const honest = stakes.flatMap((_, member) => (faulty.includes(member) ? [] : [member]))
  // A verifier with a lost record may contradict what nobody has heard: it counts as faulty, so it holds less than a third.
  const staleNode = honest.find((member) => (stakes[member] ?? 0) <= total - enoughStake(total))
  const staleAtMs = faultsEndMs - 5 * SLOT_MS
  const mostSkewMs = random.pick([0, MOST_SKEW_MS / 5, MOST_SKEW_MS])
  const wild = has('wild-clock', 150_000)
  return {
    name,
    seed,
    verifiers,
    stakes,
    handoverHeights,
    observers: nodes - verifiers,
    leaderRule,
    sortition: drawSortition(random, handoverHeights === null ? verifiers : fewestMembers(verifiers), leaderRule),
    slotMs: SLOT_MS,
    choiceMs: SLOT_MS / 5,
    behaviours: roles.map((role, member) => (silent[member] === true ? null : role)),
    silent,
    skewMs: Array.from({ length: nodes }, () => random.between(-mostSkewMs, mostSkewMs)),
    filtersCandidates: random.chance(500_000),
    faultsEndMs,
    delayMs: network || stale ? random.pick(delaysMs) : CALM_DELAY_MS,
    lossPpm: network || stale ? random.pick([0, 20_000, 100_000, 300_000]) : 0,
    duplicatePpm: network ? random.pick([0, 50_000, 300_000]) : 0,
    stragglerPpm: network && !stale ? random.pick([0, 20_000]) : 0,
    crashPpm: !stale && has('crash', 500_000) ? random.pick([1_000, 5_000, 20_000]) : 0,
    partitions: !stale && has('partition', 400_000) ? drawPartitions(random, nodes, faultsEndMs) : [],
    quietPpm: random.pick([0, 0, 300_000]),
    staleRestores: stale && staleNode !== undefined ? [{ node: staleNode, atMs: staleAtMs, downMs: random.between(2000, 3500) }] : [],
    wildClocks: wild ? drawWildClocks(random, honest, faultsEndMs) : [],
  }
}

/** Fewest that are elected, before any are left out because too many of them are faulty. */
export const fewestMembers = (verifiers: number): number => Math.max(3, Math.ceil(verifiers / 2))

export function drawStakes(random: Random, verifiers: number): number[] {
  const style = random.below(3)
  return Array.from({ length: verifiers }, () => {
    if (style === 0) return 1_000_000
    return style === 1 ? random.between(500_000, 1_500_000) : random.between(1, 30) ** 2 * 1000 + random.below(1000)
  })
}

/** Verifiers with as much stake as may be faulty; or, beyond the theory, with a third or more. */
function drawFaulty(random: Random, stakes: readonly number[], third: boolean): number[] {
  const total = totalOf(stakes)
  const most = third ? Math.floor(total * 0.6) : total - enoughStake(total)
  const least = third ? Math.ceil(total / 3) : 0
  const faulty: number[] = []
  let stake = 0
  for (const member of random.shuffled(stakes.map((_, index) => index))) {
    const more = stakes[member] ?? 0
    const wanted = third ? stake < least || random.chance(300_000) : faulty.length === 0 || random.chance(800_000)
    if (!wanted || stake + more > most || faulty.length + 2 > stakes.length) continue
    faulty.push(member)
    stake += more
  }
  return faulty
}

function drawSortition(random: Random, members: number, leaderRule: Scenario['leaderRule']): SortitionParameters {
  // With the rule `nodeId` and everybody selected the lowest id would lead every slot: the literal rule needs a lottery.
  const expectedCandidates = leaderRule === 'nodeId' ? Math.max(1, Math.floor(members / 3)) : random.pick([3, 5])
  const uniformPpm = leaderRule === 'nodeId' ? 400_000 : random.pick([400_000, 700_000])
  return { sortition: random.pick(['stake', 'stake', 'uniform'] as const), expectedCandidates, uniformPpm }
}

function drawPartitions(random: Random, nodes: number, endMs: number): Partition[] {
  return Array.from({ length: random.between(1, 3) }, () => {
    const fromMs = random.between(SLOT_MS, endMs - SLOT_MS)
    const count = random.between(2, 3)
    const groups = Array.from({ length: nodes }, () => random.below(count))
    return { fromMs, toMs: Math.min(endMs, fromMs + random.between(SLOT_MS / 2, 8 * SLOT_MS)), groups }
  })
}

function drawWildClocks(random: Random, honest: readonly number[], endMs: number): Scenario['wildClocks'] {
  return Array.from({ length: random.between(1, 2) }, () => ({
    node: random.pick(honest),
    atMs: random.between(SLOT_MS, endMs - SLOT_MS),
    offsetMs: random.between(-MOST_WILD_SLOTS * SLOT_MS, MOST_WILD_SLOTS * SLOT_MS),
  }))
}
