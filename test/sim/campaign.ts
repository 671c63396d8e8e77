import { type RunResult, runSeed } from './run.ts'
import { behaviours, type ScenarioName } from './scenario.ts'
import type { Failure, Machine } from './world.ts'

export interface CampaignOptions {
  readonly verifiers: number
  readonly seedStart: number
  readonly seeds: number
  readonly scenario: ScenarioName
  /** Another quorum every so many heights. */
  readonly handoverHeights?: number | null
  readonly machine?: Machine
  /** After each run. */
  readonly onRun?: (result: RunResult) => void
}

export interface FailedRun extends Failure {
  readonly seed: number
}

export interface Summary {
  readonly verifiers: number
  readonly scenario: ScenarioName
  readonly handoverHeights: number | null
  readonly seedStart: number
  readonly runs: number
  readonly slots: number
  readonly blocks: number
  readonly slotsPerBlock: number
  readonly messages: number
  readonly inputs: number
  readonly signatures: number
  readonly crashes: number
  /** How often another quorum took over. */
  readonly handovers: number
  /** Runs in which two blocks were sealed at one height: only ever where a third of the stake or more is bad. */
  readonly forks: number
  /** Adversaries that evidence names, each counted at each height. */
  readonly named: number
  /** How many verifiers, over all runs, were adversaries of a kind or silent. */
  readonly adversaries: Readonly<Record<string, number>>
  /** Chances (see `PROGRESS_CHANCES`) from the last fault until every honest node had the blocks that must follow it. */
  readonly recoveryChances: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly failures: readonly FailedRun[]
}

/** Many runs, one seed after the other. */
export function runCampaign(options: CampaignOptions): Summary {
  const { verifiers, seedStart, seeds, scenario, handoverHeights = null, machine, onRun } = options
  const totals = { slots: 0, blocks: 0, messages: 0, inputs: 0, signatures: 0, crashes: 0, handovers: 0, forks: 0, named: 0 }
  const adversaries: Record<string, number> = Object.fromEntries([...behaviours, 'silent'].map((name) => [name, 0]))
  const recoveries: number[] = []
  const failures: FailedRun[] = []
  for (let seed = seedStart; seed < seedStart + seeds; seed++) {
    const result = runSeed(seed, verifiers, { scenario, handoverHeights, ...(machine === undefined ? {} : { machine }) })
    const { counts, failure } = result
    totals.slots += result.slots
    totals.blocks += result.blocks
    totals.messages += counts.messages
    totals.inputs += counts.inputs
    totals.signatures += counts.signed
    totals.crashes += counts.crashes
    if (handoverHeights !== null) totals.handovers += Math.floor(result.blocks / handoverHeights)
    if (result.forked) totals.forks++
    totals.named += result.named
    if (!result.forked && failure === null) recoveries.push(result.recoveryChances)
    for (const [member, behaviour] of result.scenario.behaviours.entries()) {
      const role = result.scenario.silent[member] === true ? 'silent' : behaviour
      if (role !== null) adversaries[role] = (adversaries[role] ?? 0) + 1
    }
    if (failure !== null) failures.push({ seed, ...failure })
    onRun?.(result)
  }
  recoveries.sort((left, right) => left - right)
  const at = (share: number): number => recoveries[Math.min(recoveries.length - 1, Math.floor(recoveries.length * share))] ?? 0
  return {
    verifiers,
    scenario,
    handoverHeights,
    seedStart,
    runs: seeds,
    ...totals,
    slotsPerBlock: totals.blocks === 0 ? 0 : Math.round((totals.slots / totals.blocks) * 1000) / 1000,
    adversaries,
    recoveryChances: { p50: at(0.5), p99: at(0.99), max: at(1) },
    failures,
  }
}
