// Node 20 has no Promise.withResolvers and libp2p calls it: this comes before any other module.
import 'core-js/actual/promise/with-resolvers.js'
import { CommanderError } from 'commander'
import { exitCodes, report } from './exit.ts'
import { createProgram } from './program.ts'

/** Whoever reads our output may stop reading (`| head`): that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok)
  throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  // Commander has printed its message already.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  else process.exitCode = report(error)
}
