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
 * Asks the node, and again when `version` has changed or the node is back, once the answer before is here; what is here stays until then.
 * Another `key` is another question.
 */
export function useQuery<T>(key: string, version: number, ask: (signal: AbortSignal) => Promise<T>): Query<T> {
  const [known, setKnown] = useState<{ readonly key: string; readonly query: Query<T> }>({ key, query: { state: 'loading' } })
  const { returns } = useLive()
  const wanted = `${version} ${returns}`
  const latest = useRef({ ask, wanted })
  latest.current = { ask, wanted }
  const current = useRef<{ again(): void } | null>(null)

  useEffect(() => {
    const stop = new AbortController()
    let [asked, isBusy] = ['', false]
    const settle = (next: (before: T | undefined) => Query<T>) =>
      setKnown((before) => ({ key, query: next(before.key === key ? dataOf(before.query) : undefined) }))
    const again = async (): Promise<void> => {
      if (isBusy) return
      isBusy = true
      while (!stop.signal.aborted && asked !== latest.current.wanted) {
        asked = latest.current.wanted
        try {
          const data = await latest.current.ask(stop.signal)
          if (!stop.signal.aborted) settle(() => ({ state: 'ready', data }))
        } catch (error) {
          if (stop.signal.aborted) return
          const { code, message } = error instanceof ApiFailure ? error : new ApiFailure('unexpected', String(error))
          settle((data) => (code === 'unknown-route' ? { state: 'unknown' } : { state: 'failed', code, message, data }))
        }
      }
      isBusy = false
    }
    current.current = { again: () => void again() }
    void again()
    return () => stop.abort()
  }, [key])
  useEffect(() => current.current?.again(), [wanted])
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
