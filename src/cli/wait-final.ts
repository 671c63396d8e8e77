import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeEvent, TransactionView } from '../api/types.ts'
import type { Hash } from '../wire/types.ts'
import { isUnreachable, type NodeClient, orAfter } from './client.ts'
import { CliError, exitCodes } from './exit.ts'

export type Outcome =
  | { readonly state: 'final'; readonly height: number; readonly block: Hash }
  | { readonly state: 'dropped'; readonly code: string }
  /** Time was up, or somebody interrupted. */
  | { readonly state: 'pending' }

/** Between attempts to reach a node that went away. */
const RETRY_MS = 500

type Line = NodeEvent | { readonly kind: 'heartbeat' }

/**
 * Submits a transaction and listens until it is final or dropped. A node that goes away in between is asked again,
 * since what it had accepted outlives its restart. Rejects with what `submit` rejects with.
 */
export async function waitUntilFinal(
  node: NodeClient,
  id: Hash,
  submit: () => Promise<void>,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Outcome> {
  const until = orAfter(signal, timeoutMs)
  let submitted = false
  while (!until.aborted) {
    try {
      for await (const line of node.lines<Line>('/v1/events?kinds=block,dropped', until)) {
        const told = outcomeOf(line, id)
        if (told !== undefined) return told
        if (line.kind !== 'heartbeat') continue
        // The first line says that we are listening, and no event can be missed any more.
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

function outcomeOf(line: Line, id: Hash): Outcome | undefined {
  if (line.kind === 'block' && line.transactionIds.includes(id)) return { state: 'final', height: line.height, block: line.hash }
  if (line.kind === 'dropped' && line.id === id) return { state: 'dropped', code: line.code }
  return undefined
}

async function ask(node: NodeClient, id: Hash): Promise<Outcome | undefined> {
  try {
    const found = await node.get<TransactionView>(`/v1/transactions/${id}`)
    switch (found.state) {
      case 'pending':
        return undefined
      case 'final':
        return { state: 'final', height: found.height, block: found.block }
      case 'dropped':
        return { state: 'dropped', code: found.code }
    }
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCodes.notFound) return undefined
    throw error
  }
}
