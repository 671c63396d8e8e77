import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type OrAny, planOf, recoveryAt, replayOf, runCampaign, type Summary, type Totals, together } from '../test/sim/campaign.ts'
import { PROGRESS_BLOCKS, PROGRESS_CHANCES, type RunResult, runSeed, SKEWED_PROGRESS_CHANCES } from '../test/sim/run.ts'
import { beyondTheory, type ScenarioName, scenarioNames } from '../test/sim/scenario.ts'

/** The signers of a statement are a bit mask of one number. */
const MOST_VERIFIERS = 31
const MOST_JOBS = 64
/** Between two lines of progress. */
const PROGRESS_MS = 2000

const help = `Runs the consensus machine in a simulated network, seed after seed. Same seed, same run, byte for byte.

npm run simulate -- [options]
  --runs N           (default 1000)
  --seed N           the first seed (default 1); each run has the next
  --verifiers N      verifiers of a run, 4 to ${MOST_VERIFIERS}, or any: drawn from the seed, small ones more often (default any)
  --scenario NAME    ${scenarioNames.join(', ')};
                     or any: half of the runs mixed, the others alone (default any)
  --handover N       another quorum every N heights: some of the verifiers, with other stakes and tickets; or never, or any (default any)
  --jobs N           processes (default 1)
  --json             the summary as JSON
  --replay SEED      one run, and its trace on standard output
  --trace FILE       with --replay: the trace into that file instead
  --help

Checks: one seal and one commit a height among the honest, nobody honest could be accused, no node has evidence of an honest
one, every leader shows what it collected, each node finds by itself whoever contradicts himself on public record, nothing signed
before it is on disk or without a weight in the height's quorum, bounded memory, no void ticket, no false alarm,
everybody at the same blocks, and ${PROGRESS_BLOCKS} blocks after the last fault within ${PROGRESS_CHANCES} slots in which an honest verifier comes first (${SKEWED_PROGRESS_CHANCES} where clocks
are far apart). In "calm", where clocks are not far apart, also: no slot is lost, and whoever has a weight is paid.
In ${beyondTheory.map((name) => `"${name}"`).join(', ')} the bad hold a third of the stake or more, and two seals at a height may happen. Then what each honest
node found by itself must name a third of that stake, once all have compared their records, and nobody honest.
Exit code 1 if a check failed, 2 for wrong options.`

interface Options {
  readonly seeds: number
  readonly seedStart: number
  readonly verifiers: OrAny<number>
  readonly scenario: OrAny<ScenarioName>
  readonly handoverHeights: OrAny<number | null>
  readonly jobs: number
  readonly json: boolean
  readonly replay: number | null
  readonly trace: string | null
}

const options = readOptions()
if (options !== null) {
  if (options.replay === null) await campaign(options)
  else replay(options, options.replay)
}

function readOptions(): Options | null {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '1000' },
        seed: { type: 'string', default: '1' },
        verifiers: { type: 'string', default: 'any' },
        scenario: { type: 'string', default: 'any' },
        handover: { type: 'string', default: 'any' },
        jobs: { type: 'string', default: '1' },
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
    const scenario = values.scenario === 'any' ? 'any' : scenarioNames.find((name) => name === values.scenario)
    if (scenario === undefined) throw new Error(`--scenario ${values.scenario}: there is ${scenarioNames.join(', ')}, any`)
    const { handover, verifiers } = values
    return {
      seeds: wholeNumber('--runs', values.runs, 1),
      seedStart: wholeNumber('--seed', values.seed, 0),
      verifiers: verifiers === 'any' ? 'any' : wholeNumber('--verifiers', verifiers, 4, MOST_VERIFIERS),
      scenario,
      handoverHeights: handover === 'any' ? 'any' : handover === 'never' ? null : wholeNumber('--handover', handover, 1),
      jobs: wholeNumber('--jobs', values.jobs, 1, MOST_JOBS),
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

function replay(options: Options, seed: number): void {
  const output = options.trace === null ? process.stdout : createWriteStream(options.trace)
  const sink = (line: string): void => {
    output.write(`${line}\n`)
  }
  const { verifiers, scenario, handoverHeights } = planOf(seed, options)
  const { failure } = runSeed(seed, verifiers, { scenario, handoverHeights, sink })
  if (options.trace !== null) output.end()
  if (failure === null) return
  console.error(`seed ${seed} failed ${failure.check} at ${failure.atMs} ms: ${failure.detail}`)
  process.exitCode = 1
}

async function campaign(options: Options): Promise<void> {
  const { jobs, json, seeds } = options
  const startMs = performance.now()
  const summary = jobs > 1 && seeds >= jobs ? await inProcesses(options) : inThis(options)
  const wallMs = Math.round(performance.now() - startMs)
  console.log(json ? JSON.stringify({ ...summary, wallMs }, null, 2) : show(summary, wallMs))
  if (summary.failures.length > 0) process.exitCode = 1
}

function inThis({ seeds, ...options }: Options): Summary {
  const startMs = performance.now()
  let runs = 0
  let failed = 0
  let shownMs = startMs
  const onRun = ({ failure }: RunResult): void => {
    runs++
    if (failure !== null) failed++
    if (performance.now() - shownMs < PROGRESS_MS) return
    shownMs = performance.now()
    const seconds = (shownMs - startMs) / 1000
    console.error(`${runs} of ${seeds} runs from seed ${options.seedStart} on, ${(runs / seconds).toFixed(1)} a second, ${failed} failed`)
  }
  return runCampaign({ ...options, seeds, onRun })
}

/** Each has its share of the seeds. */
async function inProcesses({ jobs, seeds, seedStart }: Options): Promise<Summary> {
  const own = process.argv.slice(2)
  const shares = Array.from({ length: jobs }, (_, job) => Math.floor((seeds * (job + 1)) / jobs) - Math.floor((seeds * job) / jobs))
  const answers = shares.map((runs, job) => {
    const from = seedStart + Math.floor((seeds * job) / jobs)
    // The last of an option is the one that counts.
    const args = [
      ...process.execArgv,
      fileURLToPath(import.meta.url),
      ...own,
      '--jobs',
      '1',
      '--json',
      '--runs',
      `${runs}`,
      '--seed',
      `${from}`,
    ]
    return answerOf(args)
  })
  return together(await Promise.all(answers))
}

function answerOf(args: readonly string[]): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const parts: string[] = []
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (part: string) => parts.push(part))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 || code === 1) resolve(JSON.parse(parts.join('')) as Summary)
      else reject(new Error(`a process ended with ${code}`))
    })
  })
}

function show({ seedStart, runs, total, byScenario, failures }: Summary, wallMs: number): string {
  const row = (name: string, totals: Totals): string => {
    const { forks, splits, recovered, named, failed, slots, blocks, messages } = totals
    const recovery = [0.5, 0.99, 1].map((share) => recoveryAt(share, totals)).join('/')
    const cells = [totals.runs, failed, slots, blocks, messages, forks, splits, recovered, named, recovery]
    return [name.padEnd(18), ...cells.map((cell) => `${cell}`.padStart(10))].join('')
  }
  const heads = ['runs', 'failed', 'slots', 'blocks', 'messages', 'forks', 'splits', 'recovered', 'named', 'recovery']
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')
  const found = Object.entries(total.heard).map(([kind, heard]) => `${kind} ${total.found[kind] ?? 0} of ${heard}`)
  const failed = failures.flatMap((run) => [`FAILED seed ${run.seed}: ${run.check} at ${run.atMs} ms: ${run.detail}`, `  ${replayOf(run)}`])
  const duplicates = byScenario.duplicate
  return [
    ['scenario'.padEnd(18), ...heads.map((head) => head.padStart(10))].join(''),
    ...scenarioNames.flatMap((name) => (byScenario[name] === undefined ? [] : row(name, byScenario[name]))),
    row('all', total),
    `forks: runs with two sealed blocks at a height; splits: where two honest nodes have two; recovered: where all the honest went on together after that (not where the quorum changes); named: adversaries, each at each height;`,
    `recovery: slots with an honest verifier first until ${PROGRESS_BLOCKS} blocks after the last fault, of half, 99 in 100 and all of the runs`,
    `offences of which both statements were heard, and each honest node has evidence in the end: ${found.join(', ')}`,
    `adversaries: ${counts(total.adversaries)}`,
    ...(duplicates === undefined
      ? []
      : [`second processes: ${duplicates.noticedDuplicates} of ${duplicates.runs} noticed, ${duplicates.namedDuplicates} named`]),
    `${total.crashes} crashes, ${total.handovers} handovers, ${total.inputs} inputs, ${total.signatures} signatures of machines`,
    `${runs} runs from seed ${seedStart} on, ${failures.length} failed, ${(wallMs / 1000).toFixed(0)} s, ${((runs * 1000) / wallMs).toFixed(1)} runs a second`,
    ...failed,
  ].join('\n')
}
