import { exitCodes, report } from './exit.ts'

/** Resolves with the reason at the first signal (or end of standard input); the second signal ends the process. */
export function untilTold(parentWatch: boolean): Promise<string> {
  const crash = (error: unknown): void => process.exit(report(error))
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  return new Promise((resolve) => {
    let told = false
    const tell = (why: string): void => {
      if (told) process.exit(exitCodes.interrupted)
      told = true
      resolve(why)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, tell)
    if (!parentWatch) return
    process.stdin.on('error', () => undefined)
    process.stdin.once('close', () => {
      if (!told) tell('standard input ended')
    })
    process.stdin.resume()
  })
}
