import { Random } from './random.ts'
import { type RunResult, runSeed } from './run.ts'
import { beyondTheory, type ScenarioName, scenarioNames } from './scenario.ts'
import type { Failure, Machine } from './world.ts'

/** What of a run is drawn from its seed, too, where nothing else is said. */
export type OrAny<T> = T | 'any'

export interface CampaignOptions {
  readonly verifiers: OrAny<number>
  readonly seedStart: number
  readonly seeds: number
  readonly scenario: OrAny<ScenarioName>
  /** Another quorum every so many heights. */
  readonly handoverHeights?: OrAny<number | null>
  readonly machine?: Machine
  /** After each run. */
  readonly onRun?: (result: RunResult) => void
}

export interface Plan {
  readonly verifiers: number
  readonly scenario: ScenarioName
  readonly handoverHeights: number | null
}

export interface FailedRun extends Failure, Plan {
  readonly seed: number
}

/** Sums over the runs of one scenario. */
export interface Totals {
  runs: number
  failed: number
  slots: number
  blocks: number
  messages: number
  inputs: number
  signatures: number
  crashes: number
  /** How often another quorum took over. */
  handovers: number
  /** Runs in which two blocks were sealed at one height: only ever where a third of the stake or more is bad. */
  forks: number
  /** Those of them in which two honest nodes had two blocks. */
  splits: number
  /** Those of them in which all the honest went on together, without whom the evidence names. */
  recovered: number
  /** Adversaries that evidence names, each counted at each height. */
  named: number
  /** Second processes with an honest key: of how many one fell silent, and of how many somebody has evidence. */
  noticedDuplicates: number
  namedDuplicates: number
  /** By kind: offences of which honest nodes heard both statements, and of how many each of them has evidence in the end. */
  readonly heard: Record<string, number>
  readonly found: Record<string, number>
  /** How many verifiers were adversaries of a kind or silent. */
  readonly adversaries: Record<string, number>
  /** How many runs had so many chances (see `PROGRESS_CHANCES`) from the last fault until every honest node had the blocks after it. */
  readonly recoveries: Record<string, number>
}

export interface Summary {
  readonly seedStart: number
  readonly runs: number
  readonly total: Totals
  readonly byScenario: Readonly<Record<string, Totals>>
  readonly failures: readonly FailedRun[]
}

/** Half of the runs mix all faults; of the others each scenario has its share. */
const MIXED_PPM = 500_000
const HANDOVER_PPM = 350_000
const MOST_HANDOVER_HEIGHTS = 4
/** Parts of a hundred, and sizes from and to. Large ones cost much and say little more. */
const sizes = [
  { upTo: 20, low: 4, high: 4 },
  { upTo: 68, low: 5, high: 7 },
  { upTo: 90, low: 8, high: 12 },
  { upTo: 97, low: 13, high: 20 },
  { upTo: 100, low: 21, high: 31 },
] as const
/** Not one that any run draws from. */
const PLAN_STREAM = 4000

/** What a run is, as far as nothing is said of it. */
export function planOf(seed: number, { verifiers, scenario, handoverHeights = null }: CampaignOptions): Plan {
  const random = new Random(seed, PLAN_STREAM)
  const isMixed = random.chance(MIXED_PPM)
  const drawn = random.pick(scenarioNames)
  const part = random.below(100)
  const size = sizes.find(({ upTo }) => part < upTo) ?? sizes[0]
  const count = random.between(size.low, size.high)
  const handover = random.chance(HANDOVER_PPM) ? random.between(1, MOST_HANDOVER_HEIGHTS) : null
  return {
    verifiers: verifiers === 'any' ? count : verifiers,
    scenario: scenario === 'any' ? (isMixed ? 'mixed' : drawn) : scenario,
    handoverHeights: handoverHeights === 'any' ? handover : handoverHeights,
  }
}

/** Many runs, one seed after the other. */
export function runCampaign(options: CampaignOptions): Summary {
  const { seedStart, seeds, machine, onRun } = options
  const byScenario: Record<string, Totals> = {}
  const failures: FailedRun[] = []
  for (let seed = seedStart; seed < seedStart + seeds; seed++) {
    const plan = planOf(seed, options)
    const { scenario, handoverHeights } = plan
    const result = runSeed(seed, plan.verifiers, { scenario, handoverHeights, ...(machine === undefined ? {} : { machine }) })
    byScenario[scenario] = sum(byScenario[scenario] ?? none(), totalsOf(result))
    if (result.failure !== null) failures.push({ seed, ...plan, ...result.failure })
    onRun?.(result)
  }
  return { seedStart, runs: seeds, total: Object.values(byScenario).reduce(sum, none()), byScenario, failures }
}

/** Of campaigns over other seeds. */
export function together(summaries: readonly Summary[]): Summary {
  const byScenario: Record<string, Totals> = {}
  for (const summary of summaries)
    for (const [name, totals] of Object.entries(summary.byScenario)) byScenario[name] = sum(byScenario[name] ?? none(), totals)
  return {
    seedStart: Math.min(...summaries.map(({ seedStart }) => seedStart)),
    runs: summaries.reduce((runs, summary) => runs + summary.runs, 0),
    total: Object.values(byScenario).reduce(sum, none()),
    byScenario,
    failures: summaries.flatMap(({ failures }) => failures).sort((left, right) => left.seed - right.seed),
  }
}

const none = (): Totals => ({
  ...{
    runs: 0,
    failed: 0,
    slots: 0,
    blocks: 0,
    messages: 0,
    inputs: 0,
    signatures: 0,
    crashes: 0,
    handovers: 0,
    forks: 0,
    splits: 0,
    recovered: 0,
  },
  ...{ named: 0, noticedDuplicates: 0, namedDuplicates: 0, heard: {}, found: {}, adversaries: {}, recoveries: {} },
})

function totalsOf({ scenario, failure, counts, offences, duplicate, ...result }: RunResult): Totals {
  const { behaviours, silent, handoverHeights } = scenario
  const roles = behaviours.flatMap((behaviour, member) => (silent[member] === true ? 'silent' : (behaviour ?? [])))
  const byKind = (which: 'heard' | 'found'): Record<string, number> =>
    Object.fromEntries(Object.entries(offences).map(([kind, count]) => [kind, count[which]]))
  const hasRecovered = failure === null && !beyondTheory.some((name) => name === scenario.name)
  return {
    runs: 1,
    failed: failure === null ? 0 : 1,
    slots: result.slots,
    blocks: result.blocks,
    messages: counts.messages,
    inputs: counts.inputs,
    signatures: counts.signed,
    crashes: counts.crashes,
    handovers: handoverHeights === null ? 0 : Math.floor(result.blocks / handoverHeights),
    forks: result.forked ? 1 : 0,
    splits: result.split ? 1 : 0,
    recovered: result.recovered ? 1 : 0,
    named: result.named,
    noticedDuplicates: duplicate?.isNoticed === true ? 1 : 0,
    namedDuplicates: duplicate?.isNamed === true ? 1 : 0,
    heard: byKind('heard'),
    found: byKind('found'),
    adversaries: roles.reduce((so, role) => added(so, { [role]: 1 }), {}),
    recoveries: hasRecovered ? { [result.recoveryChances]: 1 } : {},
  }
}

function sum(left: Totals, right: Totals): Totals {
  const { heard, found, adversaries, recoveries, ...numbers } = left
  return {
    ...(added(numbers, right) as Omit<Totals, 'heard' | 'found' | 'adversaries' | 'recoveries'>),
    heard: added(heard, right.heard),
    found: added(found, right.found),
    adversaries: added(adversaries, right.adversaries),
    recoveries: added(recoveries, right.recoveries),
  }
}

function added(left: Readonly<Record<string, number>>, right: object): Record<string, number> {
  const both: Record<string, number> = { ...left }
  for (const [name, value] of Object.entries(right)) if (typeof value === 'number') both[name] = (both[name] ?? 0) + value
  return both
}

/** The least number of chances that was enough for such a share of the runs. */
export function recoveryAt(share: number, { recoveries }: Totals): number {
  const sorted = Object.entries(recoveries).map(([chances, runs]) => [Number(chances), runs] as const)
  const all = sorted.reduce((so, [, runs]) => so + runs, 0)
  let before = 0
  for (const [chances, runs] of sorted.sort(([left], [right]) => left - right)) {
    before += runs
    if (before >= share * all) return chances
  }
  return 0
}

/** How to see that run again. */
export const replayOf = ({ seed, verifiers, scenario, handoverHeights }: FailedRun): string =>
  `npm run simulate -- --verifiers ${verifiers} --scenario ${scenario}${handoverHeights === null ? '' : ` --handover ${handoverHeights}`} --replay ${seed}`
