import { deadline } from '../adapters/libp2p/signals.ts'

/** Runs a task with a signal that fires with another, or after a time. */
export async function within<T>(waitMs: number, parent: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, clear } = deadline(parent, waitMs)
  try {
    return await task(signal)
  } finally {
    clear()
  }
}
