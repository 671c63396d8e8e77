import { createWriteStream } from 'node:fs'
import { parseArgs } from 'node:util'
import { runCampaign, type Summary } from '../test/sim/campaign.ts'
import { PROGRESS_BLOCKS, PROGRESS_CHANCES, runSeed, SKEWED_PROGRESS_CHANCES } from '../test/sim/run.ts'
import { type ScenarioName, scenarioNames } from '../test/sim/scenario.ts'

/** The signers of a statement are a bit mask of one number. */
const MOST_VERIFIERS = 30
/** Between two lines of progress. */
const PROGRESS_MS = 2000

const help = `Runs the consensus machine in a simulated network, seed after seed. Same seed, same run, byte for byte.

npm run simulate -- [options]
  --seeds N          runs (default 1000)
  --seed-start N     first seed (default 1)
  --verifiers N,...  verifiers of a run, one campaign each (default 7; 4 to ${MOST_VERIFIERS})
  --scenario NAME    ${scenarioNames.join(', ')} (default mixed)
  --handover N       another quorum every N heights: some of the verifiers, with other stakes and tickets (default: never)
  --json             the summary as JSON
  --replay SEED      one run, and its trace on standard output
  --trace FILE       with --replay: the trace into that file instead
  --help

Checks: one seal and one commit a height among the honest, nobody honest could be accused, no honest node has evidence of
an honest one, every leader shows what it collected, whoever contradicts itself on public record is named, nothing signed
before it is on disk or without a weight in the height's quorum, bounded memory, no void ticket, no false alarm,
everybody at the same blocks, and ${PROGRESS_BLOCKS} blocks after the last fault within ${PROGRESS_CHANCES} slots in which an honest verifier comes first (${SKEWED_PROGRESS_CHANCES} where clocks
are far apart). In "calm", where clocks are not far apart, also: no slot is lost, and whoever has a weight is paid.
In the scenario "third" two seals at a height may happen; then evidence must name a third of the stake and nobody honest.
Exit code 1 if a check failed, 2 for wrong options.`

interface Options {
  readonly seeds: number
  readonly seedStart: number
  readonly verifiers: readonly number[]
  readonly scenario: ScenarioName
  readonly handoverHeights: number | null
  readonly json: boolean
  readonly replay: number | null
  readonly trace: string | null
}

const options = readOptions()
if (options !== null) {
  if (options.replay === null) campaigns(options)
  else replay(options, options.replay)
}

function readOptions(): Options | null {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        'seed-start': { type: 'string', default: '1' },
        verifiers: { type: 'string', default: '7' },
        scenario: { type: 'string', default: 'mixed' },
        handover: { type: 'string' },
        json: { type: 'boolean', default: false },
        replay: { type: 'string' },
        trace: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      return null
    }
    const scenario = scenarioNames.find((name) => name === values.scenario)
    if (scenario === undefined) throw new Error(`--scenario ${values.scenario}: there is ${scenarioNames.join(', ')}`)
    return {
      seeds: wholeNumber('--seeds', values.seeds, 1),
      seedStart: wholeNumber('--seed-start', values['seed-start'], 0),
      verifiers: values.verifiers.split(',').map((count) => wholeNumber('--verifiers', count, 4, MOST_VERIFIERS)),
      scenario,
      handoverHeights: values.handover === undefined ? null : wholeNumber('--handover', values.handover, 1),
      json: values.json,
      replay: values.replay === undefined ? null : wholeNumber('--replay', values.replay, 0),
      trace: values.trace ?? null,
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 2
    return null
  }
}

function wholeNumber(name: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new Error(`${name} ${text}: a whole number from ${least} to ${most}`)
  return value
}

function replay({ verifiers, scenario, handoverHeights, trace }: Options, seed: number): void {
  const output = trace === null ? process.stdout : createWriteStream(trace)
  const sink = (line: string): void => {
    output.write(`${line}\n`)
  }
  const { failure } = runSeed(seed, verifiers[0] ?? 0, { scenario, handoverHeights, sink })
  if (trace !== null) output.end()
  if (failure === null) return
  console.error(`seed ${seed} failed ${failure.check} at ${failure.atMs} ms: ${failure.detail}`)
  process.exitCode = 1
}

function campaigns({ verifiers, seeds, seedStart, scenario, handoverHeights, json }: Options): void {
  const summaries: (Summary & { readonly wallMs: number })[] = []
  for (const count of verifiers) {
    const startMs = performance.now()
    let runs = 0
    let shownMs = startMs
    const onRun = (): void => {
      runs++
      if (json || performance.now() - shownMs < PROGRESS_MS) return
      shownMs = performance.now()
      console.error(`${count} verifiers: ${runs} of ${seeds} runs, ${((shownMs - startMs) / 1000).toFixed(0)} s`)
    }
    const summary = {
      ...runCampaign({ verifiers: count, seedStart, seeds, scenario, handoverHeights, onRun }),
      wallMs: Math.round(performance.now() - startMs),
    }
    summaries.push(summary)
    if (!json) console.log(show(summary))
    if (summary.failures.length > 0) process.exitCode = 1
  }
  if (json) console.log(JSON.stringify(summaries, null, 2))
}

function show(summary: Summary & { readonly wallMs: number }): string {
  const { verifiers, scenario, handoverHeights, seedStart, runs, recoveryChances, adversaries, failures } = summary
  const handover = handoverHeights === null ? '' : ` --handover ${handoverHeights}`
  const bad = Object.entries(adversaries).map(([name, count]) => `${name} ${count}`)
  const failed = failures.flatMap(({ seed, check, detail, atMs }) => [
    `FAILED seed ${seed}: ${check} at ${atMs} ms: ${detail}`,
    `  npm run simulate -- --verifiers ${verifiers} --scenario ${scenario}${handover} --replay ${seed}`,
  ])
  return [
    `${verifiers} verifiers, scenario ${scenario}${handover}, seeds ${seedStart} to ${seedStart + runs - 1}: ${runs} runs, ${failures.length} failed`,
    `  ${summary.slots} slots, ${summary.blocks} blocks (${summary.slotsPerBlock} slots a block), ${summary.handovers} handovers, ${summary.crashes} crashes, ${summary.forks} forks`,
    `  ${summary.messages} messages, ${summary.inputs} inputs, ${summary.signatures} signatures of the honest`,
    `  adversaries: ${bad.join(', ')}; evidence names ${summary.named}, each at each height`,
    `  ${PROGRESS_BLOCKS} blocks after the last fault: p50 ${recoveryChances.p50}, p99 ${recoveryChances.p99}, max ${recoveryChances.max} slots with an honest first`,
    `  ${(summary.wallMs / 1000).toFixed(1)} s`,
    ...failed,
  ].join('\n')
}
