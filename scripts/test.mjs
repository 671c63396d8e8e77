/**
 * All suites. What runs in one process (units, vectors, the simulator) goes beside what mostly waits for swarms, hosts and a browser, with
 * less of the processor: on two cores that saves a third of the time. Its output comes after the rest and names only what failed, so that the
 * end of a log says what is wrong in both. Arguments go to mocha.
 */
import { spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
const single = ['test/{unit,conformance,sim}/**/*.test.ts']
const swarms = ['test/{browser,swarm,netns}/**/*.test.ts']
/** Below what runs beside it, not far below: no test shall starve. */
const LOW_PRIORITY = 5

/** @param show whether its output is shown as it comes */
function run(files, show, ...options) {
  const env = { ...process.env, NODE_OPTIONS: '--import tsx' }
  const stdio = ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe']
  const child = spawn(process.execPath, [mocha, ...options, ...process.argv.slice(2), ...files], { cwd: root, env, stdio })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(chunk))
  const ended = new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (code) => resolve(code ?? 1))
  })
  return { child, ended, output: () => Buffer.concat(output) }
}

const beside = run(single, false, '--reporter-option', 'short')
if (beside.child.pid !== undefined) setPriority(beside.child.pid, LOW_PRIORITY)
const main = run(swarms, true)
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const { child } of [main, beside]) child.kill(signal)
  })
const mainCode = await main.ended
if (beside.child.exitCode === null) console.log('\nunits, vectors and simulator are still running…')
const besideCode = await beside.ended
process.stdout.write(beside.output())
process.exitCode = mainCode || besideCode
