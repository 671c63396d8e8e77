import type { SortitionParameters } from '../../src/consensus/sortition.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import { aboveTwoThirds, sumOf } from './pairs.ts'
import { Random } from './random.ts'

/** Offences that one statement to each of two peers makes; each is also a behaviour, of who does no other. */
export const offences = [
  'double-candidate',
  'double-vote',
  'double-lock',
  'double-seal',
  'amnesia',
] as const satisfies readonly OffenceKind[]
/** They run the machine as it is: one goes back to old copies of its disk, the other runs it twice. */
const machineBehaviours = ['stale-backup', 'twin'] as const
export const behaviours = ['equivocate', 'withhold', 'hide-lock', 'spam', 'forge', ...offences, ...machineBehaviours] as const
/** What an adversary does. All of one run know everything that any of them knows, but for those that run the machine. */
export type Behaviour = (typeof behaviours)[number]

export const runsMachine = (behaviour: Behaviour | null | undefined): boolean => behaviour === 'stale-backup' || behaviour === 'twin'

/** Adversaries with a third of the stake or more: blocks may be sealed twice, and the evidence must say by whom. */
export const beyondTheory = ['third', 'fork', 'twin-fork'] as const

/**
 * `mixed` draws any faults together; `third` any adversaries. In `fork` and `twin-fork` the honest are split in two, and the
 * adversaries, or two copies of each, serve both halves. `duplicate` has a second process with an honest verifier's key, in
 * the same network. The others have one fault each; `calm` has none.
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
  'duplicate',
  ...beyondTheory,
] as const
export type ScenarioName = (typeof scenarioNames)[number]

export interface Partition {
  readonly fromMs: number
  readonly toMs: number
  /** Group of each node; only those of one group hear each other, and everybody hears those of `EVERYWHERE`. */
  readonly groups: readonly number[]
}

export const EVERYWHERE = -1

/** A second process with a verifier's key. */
export interface Copy {
  readonly of: number
  readonly startMs: number
  /** It goes on signing when it hears of the other, and asks nobody what that one has signed. */
  readonly isStubborn: boolean
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
  /** Their indices come after those of the observers. */
  readonly copies: readonly Copy[]
  readonly leaderRule: 'ticket' | 'nodeId'
  readonly sortition: SortitionParameters
  /** Who alone is selected, by slot; in later ones it goes by tickets. */
  readonly leaders: readonly number[]
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
  /** Whether who gets an adversary's candidate passes it on, as gossip does; else it can show each another. */
  readonly relaysCandidates: boolean
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

export const SLOT_MS = 1000
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
  /** Now and then also where heights must last for anything to happen. */
  const isPatient = name === 'third' || name === 'stale-backup' || name === 'amnesia'
  const hasOften = (fault: ScenarioName, ppm: number): boolean => has(fault, ppm) || (isPatient && random.chance(ppm))
  const isSplit = name === 'fork' || name === 'twin-fork'
  const halves = isSplit ? drawHalves(random, verifiers) : null
  const stakes = halves?.stakes ?? drawStakes(random, verifiers)
  const total = sumOf(stakes)
  const observers = 1
  const faultsEndMs = random.between(6, 18) * SLOT_MS
  const network = hasOften('network', 600_000)
  const stale = has('stale-restore', 60_000)
  const isDuplicate = name === 'duplicate'
  const adversarial =
    !stale && (name === 'mixed' ? random.chance(700_000) : isBeyondTheory(name) || behaviours.some((known) => known === name))
  const isFaulty = adversarial || has('silent', 300_000) || (stale && random.chance(500_000))
  const faulty = halves?.faulty ?? (isFaulty ? drawFaulty(random, stakes, name === 'third') : [])
  const several = name === 'third' ? random.pick(thirdRoles) : behaviours
  const roles = stakes.map((_, member) => (faulty.includes(member) && adversarial ? drawRole(random, name, several) : null))
  // Some of the faulty are down rather than bad; in a run for one behaviour all are bad.
  const silent = roles.map((role, member) => faulty.includes(member) && (role === null || (name === 'mixed' && random.chance(250_000))))
  const kept = roles.map((role, member) => (silent[member] === true ? null : role))
  const leaderRule = random.chance(250_000) ? 'nodeId' : 'ticket'
  const honest = stakes.flatMap((_, member) => (faulty.includes(member) ? [] : [member]))
  // A verifier with a lost record may contradict what nobody has heard: it counts as faulty, so it holds less than a third.
  const staleNode = honest.find((member) => (stakes[member] ?? 0) <= total - aboveTwoThirds(total))
  const staleAtMs = faultsEndMs - 5 * SLOT_MS
  const mostSkewMs = random.pick([0, MOST_SKEW_MS / 5, MOST_SKEW_MS])
  const wild = has('wild-clock', 150_000)
  const copies: Copy[] = kept.flatMap((role, of) => (role === 'twin' ? [{ of, startMs: random.below(SLOT_MS), isStubborn: true }] : []))
  if (isDuplicate && staleNode !== undefined)
    copies.push({ of: staleNode, startMs: random.between(2 * SLOT_MS, faultsEndMs), isStubborn: false })
  const nodes = verifiers + observers + copies.length
  const partitions = !stale && hasOften('partition', 400_000) ? drawPartitions(random, nodes, faultsEndMs) : []
  if (halves !== null) partitions.push(splitIn(random, halves, kept, observers, copies, faultsEndMs))
  else if (copies.some(({ isStubborn }) => isStubborn)) partitions.push(...drawRounds(random, nodes, faultsEndMs))
  return {
    name,
    seed,
    verifiers,
    stakes,
    handoverHeights,
    observers,
    copies,
    leaderRule,
    sortition: drawSortition(random, handoverHeights === null ? verifiers : fewestMembers(verifiers), leaderRule),
    leaders: [],
    slotMs: SLOT_MS,
    choiceMs: SLOT_MS / 5,
    behaviours: kept,
    silent,
    skewMs: Array.from({ length: nodes }, () => random.between(-mostSkewMs, mostSkewMs)),
    filtersCandidates: random.chance(500_000),
    relaysCandidates: random.chance(500_000),
    faultsEndMs,
    delayMs: network || stale ? random.pick(delaysMs) : CALM_DELAY_MS,
    lossPpm: network || stale ? random.pick([0, 20_000, 100_000, 300_000]) : 0,
    duplicatePpm: network ? random.pick([0, 50_000, 300_000]) : 0,
    stragglerPpm: network && !stale ? random.pick([0, 20_000]) : 0,
    crashPpm: !stale && hasOften('crash', 500_000) ? random.pick([1_000, 5_000, 20_000]) : 0,
    partitions,
    quietPpm: random.pick([0, 0, 300_000]),
    staleRestores: stale && staleNode !== undefined ? [{ node: staleNode, atMs: staleAtMs, downMs: random.between(2000, 3500) }] : [],
    wildClocks: wild ? drawWildClocks(random, honest, faultsEndMs) : [],
  }
}

export const isBeyondTheory = (name: ScenarioName): boolean => beyondTheory.some((known) => known === name)

/** Beyond the theory: those that fork often, and mixtures that seldom agree on anything. */
const thirdRoles: readonly (readonly Behaviour[])[] = [
  ['equivocate', 'equivocate', 'hide-lock', 'withhold'],
  ['equivocate', 'equivocate', 'equivocate', 'twin', 'forge'],
  ['equivocate', ...offences, 'twin', 'stale-backup'],
]

function drawRole(random: Random, name: ScenarioName, several: readonly Behaviour[]): Behaviour {
  if (name === 'fork') return 'equivocate'
  if (name === 'twin-fork') return 'twin'
  return behaviours.find((known) => known === name) ?? random.pick(several)
}

/** Fewest that are elected, before any are left out because too many of them are faulty. */
export const fewestMembers = (verifiers: number): number => Math.max(3, Math.ceil(verifiers / 2))

/** All the same, alike, or far apart: the largest nine hundred times the smallest. */
export function drawStakes(random: Random, verifiers: number): number[] {
  const style = random.below(3)
  return Array.from({ length: verifiers }, () => {
    if (style === 0) return 1_000_000
    return style === 1 ? random.between(500_000, 1_500_000) : random.between(1, 30) ** 2 * 1000 + random.below(1000)
  })
}

/** Verifiers with as much stake as may be faulty; or, beyond the theory, with a third or more. */
function drawFaulty(random: Random, stakes: readonly number[], third: boolean): number[] {
  const total = sumOf(stakes)
  const most = third ? Math.floor(total * 0.6) : total - aboveTwoThirds(total)
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

interface Halves {
  readonly stakes: readonly number[]
  readonly faulty: readonly number[]
  /** By member that is honest: 0 or 1. */
  readonly half: readonly number[]
}

/** How often stakes are drawn in which two halves can be had; with equal ones they always can. */
const HALVES_TRIES = 20

/** Few faulty, with whom each half of the honest has stake enough to seal. */
function drawHalves(random: Random, verifiers: number): Halves {
  for (let tries = 0; ; tries++) {
    const stakes = tries < HALVES_TRIES ? drawStakes(random, verifiers) : Array.from({ length: verifiers }, () => 1_000_000)
    const enough = aboveTwoThirds(sumOf(stakes))
    const order = random.shuffled(stakes.map((_, member) => member))
    const faulty: number[] = []
    const half = stakes.map(() => 0)
    for (const bad of order) {
      faulty.push(bad)
      const sums: [number, number] = [0, 0]
      for (const member of order.slice(faulty.length)) {
        const lesser = sums[0] <= sums[1] ? 0 : 1
        half[member] = lesser
        sums[lesser] += stakes[member] ?? 0
      }
      const isDone = Math.min(...sums) > 0 && Math.min(...sums) + sumOf(faulty.map((member) => stakes[member] ?? 0)) >= enough
      if (isDone) return { stakes, faulty, half }
      if (faulty.length + 2 >= verifiers) break
    }
  }
}

/** The honest in halves until the faults end; of two copies each has its half, adversaries are in both. */
function splitIn(
  random: Random,
  { half }: Halves,
  roles: readonly (Behaviour | null)[],
  observers: number,
  copies: readonly Copy[],
  endMs: number,
): Partition {
  const places = roles.map((role, member) => (role === null ? (half[member] ?? 0) : role === 'twin' ? 0 : EVERYWHERE))
  const fromMs = random.below(4) * SLOT_MS
  return { fromMs, toMs: endMs, groups: [...places, ...Array.from({ length: observers }, () => random.below(2)), ...copies.map(() => 1)] }
}

/** Another split in two every slot or two, as long as there are faults: copies that seldom hear of each other. */
function drawRounds(random: Random, nodes: number, endMs: number): Partition[] {
  const rounds: Partition[] = []
  for (let fromMs = 0; fromMs < endMs; ) {
    const toMs = Math.min(endMs, fromMs + random.between(1, 2) * SLOT_MS)
    if (random.below(4) > 0) rounds.push({ fromMs, toMs, groups: Array.from({ length: nodes }, () => random.below(2)) })
    fromMs = toMs
  }
  return rounds
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
