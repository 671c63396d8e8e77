import { setTimeout as sleep } from 'node:timers/promises'
import type { QuorateClient } from '../client/client.ts'
import type { StreamedEvent } from '../client/events.ts'
import type { Hash } from '../wire/types.ts'
import { isNotFound, isUnreachable, orAfter } from './client.ts'

export type Outcome =
  | { readonly state: 'final'; readonly height: number; readonly block: Hash }
  | { readonly state: 'dropped'; readonly code: string }
  /** Time was up, or somebody interrupted. */
  | { readonly state: 'pending' }

/** Between attempts to reach a node that went away. */
const RETRY_MS = 500

/**
 * Submits a transaction and listens until it is final or dropped. A node that goes away in between is asked again,
 * since what it had accepted outlives its restart. Rejects with what `submit` rejects with.
 */
export async function waitUntilFinal(
  node: QuorateClient,
  id: Hash,
  submit: () => Promise<void>,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Outcome> {
  const until = orAfter(signal, timeoutMs)
  let submitted = false
  while (!until.aborted) {
    try {
      for await (const event of node.events({ kinds: ['block', 'dropped'], signal: until, reconnect: false })) {
        const told = outcomeOf(event, id)
        if (told !== undefined) return told
        if (event.kind !== 'heartbeat') continue
        // The first event says that we are listening, and no event can be missed any more.
        if (!submitted) await submit()
        submitted = true
        const known = await ask(node, id)
        if (known !== undefined) return known
      }
    } catch (error) {
      if (!submitted || !isUnreachable(error)) throw error
    }
    if (!until.aborted) await sleep(RETRY_MS, undefined, { signal: until }).catch(() => undefined)
  }
  return { state: 'pending' }
}

function outcomeOf(event: StreamedEvent, id: Hash): Outcome | undefined {
  if (event.kind === 'block' && event.transactionIds.includes(id)) return { state: 'final', height: event.height, block: event.hash }
  if (event.kind === 'dropped' && event.id === id) return { state: 'dropped', code: event.code }
  return undefined
}

async function ask(node: QuorateClient, id: Hash): Promise<Outcome | undefined> {
  try {
    const found = await node.transaction(id)
    switch (found.state) {
      case 'pending':
        return undefined
      case 'final':
        return { state: 'final', height: found.height, block: found.block }
      case 'dropped':
        return { state: 'dropped', code: found.code }
    }
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
