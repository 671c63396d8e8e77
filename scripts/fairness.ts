import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { embedTables } from './fairness/document.ts'
import { drawPicture } from './fairness/picture.ts'
import { createReport, DEFAULTS, type Options, type Report } from './fairness/report.ts'
import { drawTables } from './fairness/table.ts'

const help = `Who earns what for his stake: simulates ${DEFAULTS.blocks} blocks with this chain's own sortition, choice of the leader and split
of rewards, and compares sortition by stake with uniform sortition, the lowest ticket for its stake with the lowest node id and with
the lowest ticket as it is, pooled rewards with the maker taking all, and a stake split in ten with the whole. docs/fairness.md says what it means.

npm run fairness -- [options]
  --seed N      (default ${DEFAULTS.seed})
  --blocks N    1000 to 50000 (default ${DEFAULTS.blocks})
  --out FILE    writes the picture there, an SVG
  --json        all numbers as JSON instead of the tables
  --help
With the default seed and blocks, and without --out, it also renews docs/images/fairness.svg and the tables in docs/fairness.md.
Exit code 2 for wrong options.`

const PICTURE = fileURLToPath(new URL('../docs/images/fairness.svg', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../docs/fairness.md', import.meta.url))

try {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(DEFAULTS.seed) },
      blocks: { type: 'string', default: String(DEFAULTS.blocks) },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(help)
  else {
    const options = {
      seed: wholeNumber('--seed', values.seed, 0, 1_000_000_000),
      blocks: wholeNumber('--blocks', values.blocks, 1_000, 50_000),
    }
    run(options, values.out ?? null, values.json)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 2
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most)) throw new Error(`${name} ${text}: a whole number from ${least} to ${most}`)
  return value
}

function run(options: Options, out: string | null, json: boolean): void {
  const report = createReport(options)
  if (json) console.log(JSON.stringify(report, null, 2))
  else process.stdout.write(drawTables(report))
  if (out !== null) writeFileSync(out, drawPicture(report))
  else if (options.seed === DEFAULTS.seed && options.blocks === DEFAULTS.blocks) renewDocuments(report)
}

function renewDocuments(report: Report): void {
  writeFileSync(PICTURE, drawPicture(report))
  writeFileSync(DOCUMENT, embedTables(readFileSync(DOCUMENT, 'utf8'), drawTables(report)))
}
