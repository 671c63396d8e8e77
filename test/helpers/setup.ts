// Node 20 has no Promise.withResolvers and libp2p calls it: this comes before any test's imports.
import 'core-js/actual/promise/with-resolvers.js'

/** Long enough for sockets that are closing on a busy machine; nothing waits for it when everything was stopped. */
const LINGER_LIMIT_MS = Number(process.env.LINGER_LIMIT_MS ?? 15_000)

/** A test that leaves a socket, timer or process behind keeps mocha alive. Say what it is and fail, rather than hang. */
export function mochaGlobalTeardown(): void {
  setTimeout(() => {
    console.error(`tests left something running: ${process.getActiveResourcesInfo().join(', ')}`)
    // mocha sets the exit code by its own count when the process ends; this listener comes after it.
    process.on('exit', () => {
      process.exitCode = 1
    })
    process.exit(1)
  }, LINGER_LIMIT_MS).unref()
}
