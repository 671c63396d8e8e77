import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiFailure } from './api.ts'
import { feed, type Live } from './feed.ts'

/** What is known of the node now. */
export function useLive(): Live {
  const [live, setLive] = useState(feed.live)
  useEffect(() => {
    setLive(feed.live)
    return feed.subscribe(() => setLive(feed.live))
  }, [])
  return live
}

export type Query<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly data: T }
  /** This node does not tell: the route is not there. */
  | { readonly state: 'unknown' }
  | { readonly state: 'failed'; readonly code: string; readonly message: string; readonly data: T | undefined }

/**
 * Asks the node, and again when `version` changes; what is here stays until the new answer has come. Another `key` is another question.
 */
export function useQuery<T>(key: string, version: number, ask: (signal: AbortSignal) => Promise<T>): Query<T> {
  const [known, setKnown] = useState<{ readonly key: string; readonly query: Query<T> }>({ key, query: { state: 'loading' } })
  const latest = useRef(ask)
  latest.current = ask
  useEffect(() => {
    const stop = new AbortController()
    const settle = (query: Query<T> | ((before: T | undefined) => Query<T>)) =>
      setKnown((before) => {
        const data = before.key === key ? dataOf(before.query) : undefined
        return { key, query: typeof query === 'function' ? query(data) : query }
      })
    void version
    latest.current(stop.signal).then(
      (data) => {
        if (!stop.signal.aborted) settle({ state: 'ready', data })
      },
      (error: unknown) => {
        if (stop.signal.aborted) return
        const failure = error instanceof ApiFailure ? error : new ApiFailure('unexpected', String(error))
        if (failure.code === 'unknown-route') settle({ state: 'unknown' })
        else settle((data) => ({ state: 'failed', code: failure.code, message: failure.message, data }))
      },
    )
    return () => stop.abort()
  }, [key, version])
  return known.key === key ? known.query : { state: 'loading' }
}

export function dataOf<T>(query: Query<T>): T | undefined {
  return query.state === 'ready' || query.state === 'failed' ? query.data : undefined
}

/** The time of the node, again each `everyMs`. */
export function useNow(everyMs: number): number {
  const [, render] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => render((count) => count + 1), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return Date.now() + feed.live.clockOffsetMs
}

const calm = matchMedia('(prefers-reduced-motion: reduce)')

export const wantsCalm = (): boolean => calm.matches
