import { setMaxListeners } from 'node:events'
import { QuorateError } from '../../base/errors.ts'

/** The error for a wait that its signal ended: `timeout` when a deadline passed, else `aborted`. */
export function signalError(signal: AbortSignal, what: string): QuorateError {
  const cause: unknown = signal.reason
  if (cause instanceof Error && cause.name === 'TimeoutError') return new QuorateError('timeout', `${what}: the deadline passed`, { cause })
  return new QuorateError('aborted', `${what}: given up`, { cause })
}

/** Calls once when the signal fires, at once if it has. Returns the undo. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) {
    call()
    return () => undefined
  }
  // Many waits share one signal, and Node would take eleven listeners for a leak.
  setMaxListeners(0, signal)
  signal.addEventListener('abort', call, { once: true })
  return () => signal.removeEventListener('abort', call)
}

/** The promise, or `signalError` as soon as the signal fires. The promise itself goes on unheard. */
export function withSignal<T>(promise: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const undo = onAbort(signal, () => reject(signalError(signal, what)))
    promise.then(resolve, reject).finally(undo)
  })
}

export interface Deadline {
  readonly signal: AbortSignal
  /** Lets go of the timer and the parent. Always call it. */
  clear(): void
}

/**
 * A signal that fires with its parent or after `waitMs`. Not AbortSignal.any with AbortSignal.timeout: they keep listeners that pile up, and
 * Node 20 holds such a timeout by a weak reference: once it is collected as garbage it never fires.
 */
export function deadline(parent: AbortSignal, waitMs: number): Deadline {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const timer = setTimeout(() => controller.abort(new DOMException('deadline', 'TimeoutError')), waitMs)
  timer.unref()
  const undo = onAbort(parent, () => controller.abort(parent.reason))
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer)
      undo()
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
