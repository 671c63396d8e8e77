import { CommanderError } from 'commander'
import type { Ended } from './quorate.ts'

/**
 * Mocha loads this file with `require`, and what the commands import when they run comes by `import`: two copies of each module,
 * whose errors are not of one class. What is imported here is of the copy that the commands use.
 */
const program = import('../../../src/cli/program.ts')
const exit = import('../../../src/cli/exit.ts')

let before: Promise<unknown> = Promise.resolve()

/**
 * Runs a command in this process, after those that run already: what it prints, and the exit code that the process would end
 * with. For commands that ask a node or refuse; one that goes on until a signal, or ends the process itself, needs a process of
 * its own (quorate.ts).
 */
export function quorateHere(...args: readonly string[]): Promise<Ended> {
  const ended = before.then(() => run(args))
  before = ended
  return ended
}

async function run(args: readonly string[]): Promise<Ended> {
  const printed = { stdout: '', stderr: '' }
  const kept = { stdout: process.stdout.write, stderr: process.stderr.write, colour: process.env['NO_COLOR'] }
  // Whoever runs the tests on a terminal is not asked for passwords.
  const { isTTY } = process.stdin
  process.stdin.isTTY = false
  process.env['NO_COLOR'] = '1'
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (text: string | Uint8Array): boolean => {
      printed[stream] += text.toString()
      return true
    }
  }
  try {
    return { code: await exitCodeOf(args), ...printed }
  } finally {
    process.stdin.isTTY = isTTY
    process.stdout.write = kept.stdout
    process.stderr.write = kept.stderr
    if (kept.colour === undefined) delete process.env['NO_COLOR']
    else process.env['NO_COLOR'] = kept.colour
  }
}

async function exitCodeOf(args: readonly string[]): Promise<number> {
  const { exitCodes, report } = await exit
  try {
    await (await program).createProgram().parseAsync(args, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    return report(error)
  }
}
