import type { Clock } from '../ports/clock.ts'

/**
 * The longest that a timer sleeps before it looks at the wall clock again. Timers follow another clock: when the wall
 * clock is set forward (or the machine slept), a call is late by no more than this.
 */
const MAX_SLEEP_MS = 1000

/** The machine's wall clock. Set back while a call waits, it makes the call wait for the same wall time all the same. */
export function createSystemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    at(atMs, call) {
      let timer: NodeJS.Timeout | undefined
      const arm = (): void => {
        timer = setTimeout(wake, Math.min(Math.max(0, atMs - Date.now()), MAX_SLEEP_MS))
      }
      // A timer may also fire a little before the wall clock gets there.
      const wake = (): void => {
        if (Date.now() >= atMs) call()
        else arm()
      }
      arm()
      return () => clearTimeout(timer)
    },
  }
}
