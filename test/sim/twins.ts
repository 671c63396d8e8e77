import { type RunResult, runScenario } from './run.ts'
import { type Partition, type Scenario, SLOT_MS } from './scenario.ts'
import type { Machine } from './world.ts'

/** Every schedule within a bound, in the manner of Twins: who leads in each slot, and who hears whom. */
export interface TwinsOptions {
  /** Verifiers of equal stake; the first of them run twice. */
  readonly verifiers: number
  readonly twins: number
  readonly slots: number
  readonly machine?: Machine
  /** After so many schedules, of that many. */
  readonly onRuns?: (runs: number, all: number) => void
}

export interface TwinsResult {
  /** Schedules before those are left out that differ in names alone. */
  readonly schedules: number
  readonly runs: number
  readonly forks: number
  readonly splits: number
  readonly failures: readonly { readonly schedule: string; readonly check: string; readonly detail: string }[]
}

/** One slot: the verifier that alone may propose, and the side of each process. */
interface Round {
  readonly leader: number
  readonly sides: readonly number[]
}

const MOST_FAILURES = 10

export function runTwins({ verifiers, twins, slots, machine, onRuns }: TwinsOptions): TwinsResult {
  const rounds = allRounds(verifiers, twins)
  const renamings = allRenamings(verifiers, twins)
  const wanted: number[][] = []
  const schedules = rounds.length ** slots
  for (let number = 0; number < schedules; number++) {
    const schedule = digitsOf(number, rounds.length, slots)
    if (isFirstOfItsKind(schedule, rounds, renamings)) wanted.push(schedule)
  }
  const failures: { schedule: string; check: string; detail: string }[] = []
  let [runs, forks, splits] = [0, 0, 0]
  for (const schedule of wanted) {
    const chosen = schedule.flatMap((place) => rounds[place] ?? [])
    const { failure, forked, split }: RunResult = runScenario(scenarioOf(verifiers, twins, chosen), machine)
    runs++
    if (forked) forks++
    if (split) splits++
    if (failure !== null && failures.length < MOST_FAILURES)
      failures.push({ schedule: chosen.map(show).join(', '), check: failure.check, detail: failure.detail })
    onRuns?.(runs, wanted.length)
  }
  return { schedules, runs, forks, splits, failures }
}

const show = ({ leader, sides }: Round): string => `${leader} leads ${sides.join('')}`

/** The first process is always on side 0: sides have no names. */
function allRounds(verifiers: number, twins: number): Round[] {
  const others = verifiers + twins - 1
  return Array.from({ length: 2 ** others }).flatMap((_, mask) => {
    const sides = [0, ...Array.from({ length: others }, (__, place) => (mask >> place) & 1)]
    return Array.from({ length: verifiers }, (__, leader) => ({ leader, sides }))
  })
}

/** Where each process goes: honest verifiers change places, and so do twins, and the two processes of one. */
function allRenamings(verifiers: number, twins: number): (readonly number[])[] {
  const pairs = permutations(Array.from({ length: twins }, (_, twin) => twin))
  const honest = permutations(Array.from({ length: verifiers - twins }, (_, place) => twins + place))
  const swaps = Array.from({ length: 2 ** twins }, (_, mask) => mask)
  return pairs.flatMap((ofTwins) =>
    honest.flatMap((ofHonest) =>
      swaps.map((mask) => {
        const isSwapped = (twin: number): boolean => ((mask >> twin) & 1) === 1
        const first = ofTwins.map((to, twin) => (isSwapped(twin) ? verifiers + to : to))
        const second = ofTwins.map((to, twin) => (isSwapped(twin) ? to : verifiers + to))
        return [...first, ...ofHonest, ...second]
      }),
    ),
  )
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}

const digitsOf = (number: number, base: number, length: number): number[] =>
  Array.from({ length }, (_, place) => Math.floor(number / base ** place) % base)

/** Of schedules that differ in names alone the one with the least numbers. */
function isFirstOfItsKind(schedule: readonly number[], rounds: readonly Round[], renamings: readonly (readonly number[])[]): boolean {
  const perLeader = rounds.filter(({ leader }) => leader === 0).length
  const verifiers = rounds.length / perLeader
  for (const renaming of renamings) {
    for (const place of schedule) {
      const renamed = renameRound(rounds[place], renaming, verifiers)
      if (renamed < place) return false
      if (renamed > place) break
    }
  }
  return true
}

const NOTHING: Round = { leader: 0, sides: [] }

function renameRound({ leader, sides }: Round = NOTHING, renaming: readonly number[], verifiers: number): number {
  const moved = sides.map(() => 0)
  for (const [from, side] of sides.entries()) moved[renaming[from] ?? 0] = side
  const flip = moved[0] ?? 0
  const mask = moved.slice(1).reduce((so, side, place) => so | ((side ^ flip) << place), 0)
  return mask * verifiers + ((renaming[leader] ?? 0) % verifiers)
}

/** Slot 0 is for starting, those of the schedule follow; then everybody hears everybody. */
function scenarioOf(verifiers: number, twins: number, rounds: readonly Round[]): Scenario {
  const everyone = Array.from({ length: verifiers }, (_, member) => member)
  const doubled = everyone.slice(0, twins)
  const faultsEndMs = (rounds.length + 1) * SLOT_MS
  const partitions = rounds.map(
    ({ sides }, place): Partition => ({ fromMs: (place + 1) * SLOT_MS, toMs: (place + 2) * SLOT_MS, groups: sides }),
  )
  return {
    name: twins * 3 < verifiers ? 'twin' : 'twin-fork',
    seed: 1,
    verifiers,
    stakes: everyone.map(() => 1_000_000),
    handoverHeights: null,
    observers: 0,
    copies: doubled.map((of) => ({ of, startMs: 0, isStubborn: true })),
    leaderRule: 'ticket',
    sortition: { sortition: 'stake', expectedCandidates: verifiers, uniformPpm: 400_000 },
    leaders: [0, ...rounds.map(({ leader }) => leader)],
    slotMs: SLOT_MS,
    choiceMs: SLOT_MS / 5,
    behaviours: everyone.map((member) => (member < twins ? 'twin' : null)),
    silent: everyone.map(() => false),
    skewMs: [...everyone, ...doubled].map(() => 0),
    filtersCandidates: false,
    relaysCandidates: false,
    faultsEndMs,
    delayMs: { low: 5, high: 5 },
    lossPpm: 0,
    duplicatePpm: 0,
    stragglerPpm: 0,
    crashPpm: 0,
    partitions,
    quietPpm: 0,
    staleRestores: [],
    wildClocks: [],
  }
}
