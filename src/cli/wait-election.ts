import { setTimeout as sleep } from 'node:timers/promises'
import type { ElectionsView } from '../api/ledger-types.ts'
import type { QuorateClient } from '../client/client.ts'
import { isUnreachable } from './client.ts'

/**
 * `open`: an election is open, and for as many slots as are asked for. `next`: one is open that was not when the question was first asked. `settled`: the one that was
 * open then, or else the next, is over.
 */
export const awaited = ['open', 'next', 'settled'] as const
export type Awaited = (typeof awaited)[number]

/** Between attempts to reach a node that went away. */
const RETRY_MS = 500

/**
 * Listens until what is awaited has come, and gives how elections stand then; null when time was up, or somebody interrupted. A node
 * that goes away in between is asked again. Rejects with CliError if it cannot be reached at first.
 * @param tell hears how elections stand whenever the node says something and the wait goes on
 */
export async function waitForElection(
  node: QuorateClient,
  what: Awaited,
  { leftSlots, until }: { readonly leftSlots: number; readonly until: AbortSignal },
  tell: (now: ElectionsView) => void,
): Promise<ElectionsView | null> {
  let hasCome: ((now: ElectionsView) => boolean) | undefined
  while (!until.aborted) {
    try {
      for await (const _ of node.events({ kinds: ['election'], signal: until, reconnect: false })) {
        // The first event says that we are listening: no election can come and go between the question and the events.
        const now = await node.elections()
        hasCome ??= conditionOf(what, now, leftSlots)
        if (hasCome(now)) return now
        tell(now)
      }
    } catch (error) {
      if (hasCome === undefined || !isUnreachable(error)) throw error
    }
    if (!until.aborted) await sleep(RETRY_MS, undefined, { signal: until }).catch(() => undefined)
  }
  return null
}

function conditionOf(what: Awaited, first: ElectionsView, leftSlots: number): (now: ElectionsView) => boolean {
  const openAtFirst = first.open?.number ?? 0
  const lastSettled = first.settled[0]?.number ?? 0
  switch (what) {
    case 'open':
      return ({ open }) => open !== null && open.slotsLeft >= leftSlots
    case 'next':
      return ({ open }) => open !== null && open.number > openAtFirst
    case 'settled':
      return ({ settled }) => (settled[0]?.number ?? 0) >= Math.max(openAtFirst, lastSettled + 1)
  }
}
