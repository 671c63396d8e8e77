import { ApiClientError } from './errors.ts'

/** Whether it may be over when the node is asked again: nobody answered, it is busy, or it is starting. */
export function isPassing(error: unknown): boolean {
  const { status } = error instanceof ApiClientError ? error : ((error as { cause?: ApiClientError | undefined }).cause ?? { status: null })
  return status === null || status === undefined || status === 429 || status >= 500
}

/** Resolves after a time, or with the signal. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    function end(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    signal?.addEventListener('abort', end, { once: true })
  })
}
