import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** Far enough apart to leave the processor to what is waited for. */
const POLL_INTERVAL_MS = 20

export interface WaitOptions {
  /** How long at most, in milliseconds. A limit for what hangs, not a measure: be generous. */
  readonly deadlineMs: number
  /** What is waited for, as in "waited 5000 ms for <description>". */
  readonly description: string
}

/**
 * Asks until `condition` gives something truthy, and resolves with that.
 * @throws Error at the deadline, with the description and what the condition gave or threw last; a throw is asked again
 */
export async function waitFor<T>(condition: () => T | Promise<T>, { deadlineMs, description }: WaitOptions): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs
  for (;;) {
    let last: string
    let cause: unknown
    try {
      const value = await within(condition(), end)
      if (value === stillPending) last = 'a promise still pending'
      else if (value) return value
      else last = inspect(value)
    } catch (error) {
      last = `a throw: ${error instanceof Error ? error.message : inspect(error)}`
      cause = error
    }
    if (performance.now() >= end) throw new Error(`waited ${deadlineMs} ms for ${description}; last seen: ${last}`, { cause })
    await sleep(POLL_INTERVAL_MS)
  }
}

const stillPending = Symbol('still pending')

/** The value, or `stillPending` once the end has come: a condition that never settles must not outlive the deadline. */
async function within<T>(value: T | Promise<T>, end: number): Promise<T | typeof stillPending> {
  if (!(value instanceof Promise)) return value
  const giveUp = new AbortController()
  const timer = sleep(Math.max(0, end - performance.now()), stillPending, { signal: giveUp.signal })
  timer.catch(() => undefined)
  try {
    return await Promise.race([value, timer])
  } finally {
    giveUp.abort()
  }
}
