/**
 * All suites. What only computes (the pure rooms, the vectors, the simulator) runs beside what mostly waits for processes, with less of the
 * processor, and its output comes after the rest: on two cores that saves some minutes. Arguments go to mocha.
 */
import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
const pureRooms = 'base,consensus,crypto,fairness,ledger,mempool,wire'
const computing = ['test/{conformance,sim}/**/*.test.ts', `test/unit/{${pureRooms}}/**/*.test.ts`]
const waiting = [`test/unit/!(${pureRooms.replaceAll(',', '|')})/**/*.test.ts`, 'test/{browser,swarm,netns}/**/*.test.ts']
/** Below what runs beside it, not far below: no test shall starve. */
const LOW_PRIORITY = 5

/** @param show whether its output is shown as it comes */
function run(files, show) {
  const env = { ...process.env, NODE_OPTIONS: '--import tsx' }
  const stdio = ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe']
  const child = spawn(process.execPath, [mocha, ...process.argv.slice(2), ...files], { cwd: root, env, stdio })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk))
  const ended = new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (code) => resolve(code ?? 1))
  })
  return { child, ended, output: () => Buffer.concat(output) }
}

const beside = run(computing, false)
if (beside.child.pid !== undefined) setPriority(beside.child.pid, LOW_PRIORITY)
const main = run(waiting, true)
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const { child } of [main, beside]) child.kill(signal)
  })
const mainCode = await main.ended
if (beside.child.exitCode === null) console.log('\nthe suites that only compute are still running…')
const besideCode = await beside.ended
process.stdout.write(beside.output())
process.exitCode = mainCode || besideCode
