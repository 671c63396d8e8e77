import { parseArgs } from 'node:util'
import { search } from '../test/sim/search.ts'

const help = `Searches every course that the consensus machine can take in a little world: 4 verifiers of equal stake, one of them
Byzantine, which also is the network. It shows anybody any candidate, request, certificate or sealed block that the
signatures allow, signs everything, makes two blocks a slot, and proposes again whatever has a vote certificate.
In every state: no two blocks of a height with a seal of the honest, committed, or with a lock certificate; nobody
honest could be accused; nothing is signed before it is on disk; no alarm.

npm run explore -- [options]
  --slots N        (default 3)
  --heights N      (default 2)
  --messages N     messages that a verifier takes at most in a phase of a round (default 1); a slot has two rounds of the
                   phases vote, lock, seal and commit, and before them certificates and candidates for who proposes
  --restarts N     restarts of honest verifiers, in all (default 0)
  --most-states N  gives up at a stage with more (default 6000000)
  --json
  --help
Exit code 1 if something is violated, 3 if it gave up, 2 for wrong options.`

try {
  const { values } = parseArgs({
    options: {
      slots: { type: 'string', default: '3' },
      heights: { type: 'string', default: '2' },
      messages: { type: 'string', default: '1' },
      restarts: { type: 'string', default: '0' },
      'most-states': { type: 'string', default: '6000000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(help)
  else {
    const bound = {
      slots: wholeNumber('--slots', values.slots, 1, 9),
      heights: wholeNumber('--heights', values.heights, 1, 9),
      messages: wholeNumber('--messages', values.messages, 1, 9),
      restarts: wholeNumber('--restarts', values.restarts, 0, 9),
      mostStates: wholeNumber('--most-states', values['most-states'], 1, 16_000_000),
    }
    explore(bound, values.json)
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

function explore(bound: Parameters<typeof search>[0], json: boolean): void {
  const startMs = performance.now()
  const onStage = (stage: string, states: number): void => {
    if (!json) console.error(`${stage}: ${states} states, ${((performance.now() - startMs) / 1000).toFixed(0)} s`)
  }
  const result = search({ ...bound, onStage })
  const wallMs = Math.round(performance.now() - startMs)
  if (json) console.log(JSON.stringify({ bound, ...result, wallMs }, null, 2))
  else {
    const { states, transitions, localStates, finalStates, isComplete, violation } = result
    const { slots, heights, messages, restarts } = bound
    console.log(`4 verifiers, one Byzantine; ${heights} heights, ${slots} slots, ${messages} message a phase, ${restarts} restarts`)
    console.log(
      `${states} states visited by ${transitions} transitions, from ${localStates} states of one verifier; ${(wallMs / 1000).toFixed(0)} s`,
    )
    console.log(`states by the highest final block: ${finalStates.map((count, height) => `height ${height}: ${count}`).join(', ')}`)
    if (violation !== null) console.log(`VIOLATED: ${violation.check}\n  ${violation.steps.join('\n  ')}`)
    else console.log(isComplete ? 'complete within this bound: nothing is violated' : 'gave up: more states than --most-states')
  }
  if (result.violation !== null) process.exitCode = 1
  else if (!result.isComplete) process.exitCode = 3
}
