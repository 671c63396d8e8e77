import type { TransactionView } from '../api/types.ts'
import type { EventOptions, StreamedEvent } from './events.ts'
import { isPassing, pause } from './passing.ts'

export type Outcome =
  | { readonly state: 'final'; readonly height: number; readonly block: string }
  | { readonly state: 'dropped'; readonly code: string }
  /** Time was up, or the signal ended it. */
  | { readonly state: 'pending' }

export interface WaitOptions {
  readonly signal?: AbortSignal
  /** For ever unless given. */
  readonly timeoutMs?: number
}

/** What this needs of the client. */
interface Asked {
  events(options: EventOptions): AsyncIterable<StreamedEvent>
  transaction(id: string): Promise<TransactionView>
}

/** Between attempts to reach a node that went away. */
const RETRY_MS = 500
/** What a timer can wait at most, 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Submits a transaction and listens until it is final or dropped. A node that goes away in between is asked again,
 * since what it had accepted outlives its restart. Rejects with what `submit` rejects with.
 */
export async function waitUntilFinal(
  client: Asked,
  id: string,
  submit: () => Promise<void>,
  { signal, timeoutMs }: WaitOptions,
): Promise<Outcome> {
  const end = new AbortController()
  const abort = (): void => end.abort()
  const timer = timeoutMs === undefined ? undefined : setTimeout(abort, Math.min(timeoutMs, MAX_TIMER_MS))
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  try {
    return await listen(client, id, submit, end.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

async function listen(client: Asked, id: string, submit: () => Promise<void>, until: AbortSignal): Promise<Outcome> {
  let submitted = false
  while (!until.aborted) {
    try {
      for await (const event of client.events({ kinds: ['block', 'dropped'], signal: until, reconnect: false })) {
        const told = outcomeOf(event, id)
        if (told !== undefined) return told
        if (event.kind !== 'heartbeat') continue
        // The first event says that we are listening, and no event can be missed any more.
        if (!submitted) await submit()
        submitted = true
        const known = await ask(client, id)
        if (known !== undefined) return known
      }
    } catch (error) {
      if (!submitted || !isPassing(error)) throw error
    }
    if (!until.aborted) await pause(RETRY_MS, until)
  }
  return { state: 'pending' }
}

function outcomeOf(event: StreamedEvent, id: string): Outcome | undefined {
  if (event.kind === 'block' && event.transactionIds.includes(id)) return { state: 'final', height: event.height, block: event.hash }
  if (event.kind === 'dropped' && event.id === id) return { state: 'dropped', code: event.code }
  return undefined
}

async function ask(client: Asked, id: string): Promise<Outcome | undefined> {
  try {
    const found = await client.transaction(id)
    switch (found.state) {
      case 'pending':
        return undefined
      case 'final':
        return { state: 'final', height: found.height, block: found.block }
      case 'dropped':
        return { state: 'dropped', code: found.code }
    }
  } catch (error) {
    if (codeOf(error) === 'transaction-not-found') return undefined
    throw error
  }
}

/** Of an error of the client, also where `explain` made another one of it. */
const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
