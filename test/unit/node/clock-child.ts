import { writeSync } from 'node:fs'
import { createSystemClock } from '../../../src/adapters/clock.ts'
import { createTelemetry } from '../../../src/adapters/telemetry.ts'
import { startNode } from '../../../src/node/node.ts'

/**
 * Run by the tests as a process of its own: a verifier whose clock is ahead of the machine's. It prints the slots of its blocks, and its
 * alarms; some slots after it has said that its clock is behind its record, the clock is set right.
 */
const [directory = '', ahead = '0', rightMs = '0'] = process.argv.slice(2)
const WAIT_MS = 2_000
let aheadMs = Number(ahead)
const say = (word: string, value: unknown): void => void writeSync(1, `${word} ${value}\n`)

const clock = createSystemClock()
const node = await startNode({
  directory,
  role: 'verifier',
  listen: ['/ip4/127.0.0.1/tcp/0'],
  announce: [],
  bootstrap: [],
  scope: 'local',
  checkpoint: null,
  telemetry: createTelemetry({ level: 'silent', format: 'json' }),
  clock: {
    nowMs: () => clock.nowMs() + aheadMs,
    at: (atMs, call) => clock.at(atMs - aheadMs, call),
  },
})
const onAlarm = (code: string): void => {
  say('alarm', code)
  if (code !== 'clock-behind-record' || aheadMs === Number(rightMs)) return
  setTimeout(() => {
    aheadMs = Number(rightMs)
    say('clock', 'right')
  }, WAIT_MS)
}
node.view.onEvent((event) => {
  if (event.kind === 'block') say('block', event.slot)
  if (event.kind === 'alarm') onAlarm(event.code)
})
// What it has said while it started.
for (const { code } of node.view.status().alarms) onAlarm(code)
