import { setMaxListeners } from 'node:events'
import { QuorateError } from '../../base/errors.ts'

/** The error for a wait that its signal ended: `timeout` when a deadline passed, else `aborted`. */
export function signalError(signal: AbortSignal, what: string): QuorateError {
  const cause: unknown = signal.reason
  if (cause instanceof Error && cause.name === 'TimeoutError') return new QuorateError('timeout', `${what}: the deadline passed`, { cause })
  return new QuorateError('aborted', `${what}: given up`, { cause })
}

/** The promise, or `signalError` as soon as the signal fires. The promise itself goes on unheard. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signalError(signal, what))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Waits, or returns early when the signal fires. */
export function delay(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, waitMs)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done, { once: true })
  })
}

/** A controller many waits may listen to: Node would take eleven listeners for a leak. */
export function sharedController(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

export interface Deadline {
  readonly signal: AbortSignal
  /** Lets go of the timer and the parent. Always call it. */
  clear(): void
}

/** A signal that fires with its parent or after `waitMs`. AbortSignal.any and .timeout would keep timers and listeners that pile up. */
export function deadline(parent: AbortSignal, waitMs: number): Deadline {
  const controller = sharedController()
  const onAbort = (): void => controller.abort(parent.reason)
  const timer = setTimeout(() => controller.abort(new DOMException('deadline', 'TimeoutError')), waitMs)
  timer.unref()
  if (parent.aborted) onAbort()
  else parent.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer)
      parent.removeEventListener('abort', onAbort)
    },
  }
}

/** Runs at most so many tasks at once, the others in the order they came. */
export class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
