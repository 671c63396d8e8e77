import { setMaxListeners } from 'node:events'

/**
 * Runs a task with a signal that fires with another, or after a time. Not AbortSignal.any with AbortSignal.timeout: Node 20 holds
 * that timeout by a weak reference, and once it is collected as garbage it never fires.
 */
export async function within<T>(waitMs: number, parent: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException('the deadline passed', 'TimeoutError')), waitMs)
  const onAbort = (): void => {
    clearTimeout(timer)
    controller.abort(parent.reason)
  }
  if (parent.aborted) onAbort()
  // Many tasks share one parent, and Node would take eleven listeners for a leak.
  else setMaxListeners(0, parent)
  parent.addEventListener('abort', onAbort, { once: true })
  try {
    return await task(controller.signal)
  } finally {
    clearTimeout(timer)
    parent.removeEventListener('abort', onAbort)
  }
}
