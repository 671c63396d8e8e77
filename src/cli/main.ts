// Node 20 has no Promise.withResolvers and libp2p calls it: this comes before any other module.
import 'core-js/actual/promise/with-resolvers.js'
import { ended, exitCodes } from './exit.ts'
import { createProgram } from './program.ts'

/** Whoever reads our output may stop reading (`| head`): that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok)
  throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = ended(error)
}
