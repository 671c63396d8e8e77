/**
 * Times executing blocks and what else the ledger does, on one core: `node --import tsx scripts/bench-ledger.ts --help`.
 * The processor's time is that of all threads of the process, the garbage collector's too, and suffers less from other programs than the
 * clock's; what still differs between two runs is what other programs leave of the caches. So versions are compared in one run, in turns.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machine } from '../src/cli/swarm/report.ts'
import { percentileOf } from '../src/cli/swarm/statistics.ts'
import { measureLedger, type Samples } from './bench/ledger.ts'

const USAGE = `usage: node --import tsx scripts/bench-ledger.ts [options]

  --accounts N   in the state (100000)
  --transfers N  in a block (1000)
  --runs N       each in a process of its own (5)
  --seed N       of the first run (1)
  --before DIR   another version of the program, measured in turns with this one
  --write        into docs/bench: ledger.json, and the table in README.md`

const PAGE = 'docs/bench/README.md'
const JSON_FILE = 'docs/bench/ledger.json'
/** The table on the page lies between these. */
const [BEGIN, END] = ['<!-- made by scripts/bench-ledger.ts -->', '<!-- end -->']

const { values } = parseArgs({
  options: {
    ...{ accounts: { type: 'string', default: '100000' }, transfers: { type: 'string', default: '1000' } },
    ...{ runs: { type: 'string', default: '5' }, seed: { type: 'string', default: '1' }, before: { type: 'string' } },
    ...{ write: { type: 'boolean' }, help: { type: 'boolean' }, one: { type: 'string' } },
  },
})
const size = { accounts: Number(values.accounts), transfers: Number(values.transfers) }
const [runs, seed] = [Number(values.runs), Number(values.seed)]
const loads = { before: loadavg() }

if (values.help === true) {
  console.log(USAGE)
} else if (values.one !== undefined) {
  // One run of one version, for the process that started this one.
  console.log(JSON.stringify(await measureLedger(values.one, seed, size)))
} else {
  measureAll()
}

interface Figures {
  readonly samples: number
  readonly processorMs: { readonly median: number; readonly least: number }
  readonly clockMs: { readonly median: number; readonly least: number }
}
type Version = Readonly<Record<string, Figures>>

function measureAll(): void {
  const here = fileURLToPath(new URL('..', import.meta.url))
  const roots = { ...(values.before === undefined ? {} : { before: resolve(values.before) }), now: resolve(here) }
  const versions = measured(roots)
  const document = {
    ...{ at: new Date().toISOString(), machine: machine(), loadAverage: { ...loads, after: loadavg() } },
    ...{ ...size, runs, seed, versions },
  }
  const about = describe(document.machine)
  console.log(`${about}\n\n${tableOf(versions)}`)
  if (values.write !== true) return
  writeFileSync(JSON_FILE, `${JSON.stringify(document, undefined, 2)}\n`)
  const text = readFileSync(PAGE, 'utf8')
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for the table: ${BEGIN} … ${END}`)
  const { now = {} } = versions
  writeFileSync(PAGE, `${text.slice(0, begin + BEGIN.length)}\n${about}\n\n${tableOf({ now })}\n${text.slice(end)}`)
}

function measured(roots: Readonly<Record<string, string>>): Readonly<Record<string, Version>> {
  const all = new Map<string, Samples[]>()
  for (let run = 0; run < runs; run++) {
    const stateRoots = new Set<string>()
    for (const [name, root] of Object.entries(roots)) {
      console.error(`run ${run + 1} of ${runs}: ${name}, load ${loadavg()[0]?.toFixed(1)}`)
      const script = fileURLToPath(import.meta.url)
      const sizes = ['--accounts', String(size.accounts), '--transfers', String(size.transfers)]
      const args = ['--import', 'tsx', script, '--one', root, '--seed', String(seed + run), ...sizes]
      const { samples, stateRoot } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 }))
      stateRoots.add(stateRoot)
      all.set(name, [...(all.get(name) ?? []), samples])
    }
    if (stateRoots.size !== 1) throw new Error(`the versions end with different state roots: ${[...stateRoots].join(', ')}`)
  }
  return Object.fromEntries([...all].map(([name, samples]) => [name, figuresOf(samples)]))
}

function figuresOf(samples: readonly Samples[]): Version {
  const names = Object.keys(samples[0] ?? {})
  const round = (value: number | null): number => Math.round((value ?? 0) * 100) / 100
  return Object.fromEntries(
    names.map((name) => {
      const found = samples.flatMap((one) => one[name] ?? [])
      const of = (values: readonly number[]) => ({ median: round(percentileOf(values, 0.5)), least: round(percentileOf(values, 0)) })
      const processorMs = of(found.map((one) => one.processorMs))
      return [name, { samples: found.length, processorMs, clockMs: of(found.map((one) => one.clockMs)) }]
    }),
  )
}

function describe({ cpu, cores, memoryMb, node }: ReturnType<typeof machine>): string {
  const [before, after] = [loads.before[0] ?? 0, loadavg()[0] ?? 0].map((load) => load.toFixed(1))
  return `${size.accounts} accounts, blocks of ${size.transfers} transfers; ${runs} runs, seeds ${seed} to ${seed + runs - 1}, each in a process of its own.
${cpu}, ${cores} cores, ${memoryMb} MB, Node ${node}, ${new Date().toISOString().slice(0, 10)}; load average ${before} before and ${after} after.
Milliseconds, median (least): of the processor, and by the clock.`
}

function tableOf(versions: Readonly<Record<string, Version>>): string {
  const columns = Object.keys(versions)
  const names = Object.keys(versions.now ?? {}).filter((name) => !name.startsWith('warming up'))
  const show = ({ median, least }: Figures['clockMs']): string => `${digits(median)} (${digits(least)})`
  const rows = names.map((name) => [
    name,
    ...columns.flatMap((column) => {
      const figures = versions[column]?.[name]
      return figures === undefined ? ['', ''] : [show(figures.processorMs), show(figures.clockMs)]
    }),
  ])
  const head = ['what', ...columns.flatMap((column) => [`${column}, processor`, `${column}, clock`])]
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function digits(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0)
}
