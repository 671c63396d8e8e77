/**
 * Launches a swarm and lets something happen to it: `npm run scenario -- kill-random --duration 600`.
 * Scripts with other plans import `Lab` from `scenarios/lab.ts`.
 */
import 'core-js/actual/promise/with-resolvers.js'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { elections, killAtHandovers } from './scenarios/elections.ts'
import { lateJoin } from './scenarios/join.ts'
import { killFewer, killRandom, killThird } from './scenarios/kill.ts'
import { killOften } from './scenarios/kill-often.ts'
import { Lab, type Scenario, type ScenarioOptions } from './scenarios/lab.ts'
import { register } from './scenarios/register.ts'
import { staleCopy, staleGuard } from './scenarios/stale-copy.ts'
import { twoCopies } from './scenarios/two-copies.ts'

interface Plan {
  readonly play: Scenario
  readonly description: string
  readonly options: Partial<ScenarioOptions>
}

const DEFAULTS: ScenarioOptions = { verifiers: 7, fullNodes: 0, slotMs: 1000, load: 50, durationS: 60, blocks: 2000, seed: 1, keep: null }

const plans: Readonly<Record<string, Plan>> = {
  'kill-random': { play: killRandom, description: 'SIGKILL a random verifier every 10 s and start it again', options: {} },
  'kill-often': {
    play: killOften,
    description:
      'SIGKILL of verifiers around their signatures, one, two or all at once, and during their start; their records are compared',
    options: { verifiers: 5, fullNodes: 1, slotMs: 500, load: 5, kills: 100 },
  },
  'kill-two': { play: killFewer, description: 'two of seven killed for good: blocks go on', options: {} },
  'kill-three': { play: killThird, description: 'three of seven killed: blocks stop; started again: they go on', options: {} },
  'late-join': {
    play: lateJoin,
    description: 'a node with an empty directory catches up 2,000 blocks and follows',
    options: { verifiers: 4, slotMs: 200, load: 20 },
  },
  elections: {
    play: elections,
    description: 'ten elections in which slips change the quorum, under load',
    options: { verifiers: 9, seats: 5, epochSlots: 12, elections: 10, load: 20 },
  },
  register: {
    play: register,
    description: 'a node joins, registers, is elected, signs, is killed, signs again, takes its stake back',
    options: { verifiers: 5, seats: 4, epochSlots: 12, elections: 1, load: 20 },
  },
  'kill-at-handovers': {
    play: killAtHandovers,
    description: 'SIGKILL of members of the quorum around each of ten handovers: one, more than a third, all; started again',
    options: { seats: 5, epochSlots: 12, elections: 10, load: 20 },
  },
  'stale-copy': { play: staleCopy, description: 'an old copy of a verifier is restored', options: { verifiers: 4 } },
  'stale-guard': { play: staleGuard, description: 'the old guard of a verifier is restored', options: { verifiers: 4 } },
  'two-copies': {
    play: twoCopies,
    description: 'a copy of a verifier runs beside it, started later and at the same moment: nobody is punished',
    options: { verifiers: 4, fullNodes: 1, load: 5, kills: 3 },
  },
}

const USAGE = `usage: npm run scenario -- NAME [options]

${Object.entries(plans)
  .map(([name, { description }]) => `  ${name.padEnd(17)}  ${description}`)
  .join('\n')}

  --duration S   how long, where a scenario has no end of its own (60)
  --verifiers N  --full N  --slot MS  --load TX/S  --blocks N  --seed N
  --seats N  --epoch SLOTS
  --kills N      how many kills, where that is the end
  --elections N  how many elections, where holders vote
  --keep DIR     keep directories and logs
  --report FILE  write the outcome as JSON
  --json         print the outcome as JSON, and progress on standard error

Ends with 1 if a check fails.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ duration: { type: 'string' }, verifiers: { type: 'string' }, full: { type: 'string' }, slot: { type: 'string' } },
    ...{ load: { type: 'string' }, blocks: { type: 'string' }, seed: { type: 'string' }, keep: { type: 'string' } },
    ...{ seats: { type: 'string' }, epoch: { type: 'string' }, elections: { type: 'string' }, kills: { type: 'string' } },
    ...{ report: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  },
})
const [name = ''] = positionals
const plan = plans[name]
if (plan === undefined || values.help === true) {
  console.error(USAGE)
  process.exit(values.help === true ? 0 : 2)
}
const base = { ...DEFAULTS, ...plan.options }
const options: ScenarioOptions = {
  verifiers: number('--verifiers', values.verifiers, base.verifiers),
  fullNodes: number('--full', values.full, base.fullNodes),
  slotMs: number('--slot', values.slot, base.slotMs),
  load: number('--load', values.load, base.load),
  durationS: number('--duration', values.duration, base.durationS),
  blocks: number('--blocks', values.blocks, base.blocks),
  seed: number('--seed', values.seed, base.seed),
  keep: values.keep ?? null,
  ...optional('seats', '--seats', values.seats, base.seats),
  ...optional('epochSlots', '--epoch', values.epoch, base.epochSlots),
  ...optional('kills', '--kills', values.kills, base.kills),
  ...optional('elections', '--elections', values.elections, base.elections),
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(6))

const say = (text: string): void => (values.json === true ? console.error(text) : console.log(text))
say(`${name}: ${plan.description}`)
const outcome = await Lab.run(name, plan.play, options, say)
if (values.report !== undefined) await writeFile(values.report, `${JSON.stringify(outcome, undefined, 2)}\n`)
if (values.json === true) console.log(JSON.stringify(outcome, undefined, 2))
else console.log(JSON.stringify({ figures: outcome.figures, report: outcome.report }, undefined, 2))
const failed = outcome.checks.filter(({ holds }) => !holds)
say(`${outcome.checks.length - failed.length} of ${outcome.checks.length} checks hold`)
process.exit(failed.length === 0 ? 0 : 1)

function optional(name: keyof ScenarioOptions, option: string, text: string | undefined, fallback: number | undefined) {
  return text === undefined && fallback === undefined ? {} : { [name]: number(option, text, fallback ?? 0) }
}

function number(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  if (/^\d+$/.test(text)) return Number(text)
  console.error(`${option} is a whole number, not "${text}"`)
  process.exit(2)
}
