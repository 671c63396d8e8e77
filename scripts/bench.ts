/**
 * Measures real swarms on this machine and prints the medians: `npm run bench -- --quick`.
 * Figures of a busy machine are figures of the other programs too: close them first.
 */
import 'core-js/actual/promise/with-resolvers.js'
import { mkdir, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from '../src/cli/swarm/report.ts'
import { percentileOf } from '../src/cli/swarm/statistics.ts'
import { underReaders } from './bench/api.ts'
import { catchUp, type Figures, idle, underLoad } from './bench/measure.ts'

interface Case {
  /** Cases of a group have the same figures. */
  readonly group: string
  readonly name: string
  readonly measure: (seed: number) => Promise<Figures>
}
interface Result {
  readonly group: string
  readonly name: string
  readonly median: Figures
  readonly runs: readonly Figures[]
  readonly failed: readonly string[]
}

const USAGE = `usage: npm run bench -- [api] [options]

  api            only what reading a node costs it; the same as --only 'api '
  --quick        a few short cases, once each
  --only TEXT    cases whose group or name has TEXT in it
  --runs N       of each case, of which the median is printed (3; 1 with --quick)
  --seed N       of the first run
  --out FILE     where the JSON goes (docs/bench/latest.json; api.json for api alone)`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ quick: { type: 'boolean' }, only: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' } },
    ...{ out: { type: 'string' }, help: { type: 'boolean' } },
  },
})
if (values.help === true) {
  console.log(USAGE)
  process.exit(0)
}
const quick = values.quick === true
const runs = Number(values.runs ?? (quick ? 1 : 3))
const seed = Number(values.seed ?? 1)

const FINALITY_LOAD = 100
const finality = (verifiers: number, slotMs: number, durationS: number): Case => ({
  group: `finality at ${FINALITY_LOAD} tx/s`,
  name: `${verifiers} verifiers, slot ${slotMs} ms`,
  measure: (of) => underLoad({ verifiers, slotMs, load: FINALITY_LOAD, durationS }, of),
})
const rate = (load: number, slotMs: number, durationS: number): Case => ({
  group: 'rate with 4 verifiers',
  name: `${load} tx/s, slot ${slotMs} ms`,
  measure: (of) => underLoad({ verifiers: 4, slotMs, load, durationS }, of),
})
const resting = (durationS: number): Case => ({ group: 'idle', name: '4 verifiers, 1 full node', measure: (of) => idle(durationS, of) })
const joining = (blocks: number): Case => ({
  group: 'catch-up',
  name: `${blocks} blocks of 100`,
  measure: (of) => catchUp(blocks, 100, 250, of),
})

const readers = (durationS: number): Case => ({
  group: 'api',
  name: '1000 event streams, 2000 reads/s',
  measure: (of) => underReaders({ streams: 1000, readsPerSecond: 2000, durationS }, of),
})

const quickCases = [finality(4, 500, 10), finality(7, 1000, 10), rate(1000, 1000, 10), resting(10), joining(100), readers(15)]
const allCases = [
  ...[200, 500, 1000].flatMap((slotMs) => [4, 7, 15].map((verifiers) => finality(verifiers, slotMs, 20))),
  ...[500, 1000, 1500, 2000].map((load) => rate(load, 1000, 20)),
  rate(1000, 500, 20),
  resting(30),
  joining(500),
  readers(60),
]
/** A group may be named by itself. */
const [named] = positionals
const only = named === undefined ? '' : `${named} `
const out = values.out ?? `docs/bench/${named ?? 'latest'}.json`
const chosen = (quick ? quickCases : allCases).filter(({ group, name }) => `${group} ${name}`.includes(values.only ?? only))

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(6))

const { cpu, cores, memoryMb, system, node } = machine()
console.log(`${cpu}, ${cores} cores, ${memoryMb} MB, ${system}, node ${node}; load average ${loadavg()[0]?.toFixed(1)} before`)
console.log(`median of ${runs} ${runs === 1 ? 'run' : 'runs'}; all nodes and the load's sender share the machine\n`)

const results: Result[] = []
for (const one of chosen) {
  if (results.at(-1)?.group !== one.group) console.log(one.group)
  const result = await measured(one)
  results.push(result)
  const shown = Object.entries(result.median).map(([name, value]) => `${name} ${value ?? '-'}`)
  console.log(`  ${one.name.padEnd(28)} ${shown.join('  ')}${result.failed.length > 0 ? `  FAILED: ${result.failed.join('; ')}` : ''}`)
}

const document = { at: new Date().toISOString(), machine: machine(), loadAverage: loadavg(), runs, seed, quick, results }
await mkdir(dirname(out), { recursive: true })
await writeFile(out, `${JSON.stringify(document, undefined, 2)}\n`)
console.log(`\nwritten to ${out}`)
process.exit(results.some(({ failed }) => failed.length > 0) ? 1 : 0)

async function measured({ group, name, measure }: Case): Promise<Result> {
  const done: Figures[] = []
  const failed: string[] = []
  for (let run = 0; run < runs; run++) {
    try {
      done.push(await measure(seed + run))
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error))
    }
  }
  return { group, name, median: medianOf(done), runs: done, failed }
}

function medianOf(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] ?? {})
  return Object.fromEntries(
    names.map((name) => [
      name,
      percentileOf(
        all.flatMap((one) => one[name] ?? []),
        0.5,
      ),
    ]),
  )
}
