import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Steps } from '../ledger/subtree.ts'

/** Does the work with a turn of the event loop between its steps. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    await nextTurn()
  }
}
