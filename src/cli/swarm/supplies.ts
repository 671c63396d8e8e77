import { setTimeout as sleep } from 'node:timers/promises'
import type { SupplyView } from '../../api/ledger-types.ts'
import type { NodeClient } from './node-client.ts'

/** Where all coins are, as the nodes say at one height. */
export interface SupplyComparison extends SupplyView {
  /** At every node. */
  readonly holds: boolean
  readonly comparedNodes: number
  /** All nodes say the same, to the droplet. */
  readonly isSame: boolean
}

/** Between attempts to find all nodes at one height. */
const RETRY_MS = 100

/**
 * Asks nodes where all coins are until they answer for the same height. Null if they did not until the deadline.
 * Rejects with QuorateError `unreachable`.
 */
export async function compareSupplies(
  clients: readonly Pick<NodeClient, 'supply'>[],
  deadlineMs: number,
): Promise<SupplyComparison | null> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const supplies = await Promise.all(clients.map((client) => client.supply()))
    const [first] = supplies
    if (first !== undefined && supplies.every(({ height }) => height === first.height)) {
      const [text] = [JSON.stringify(first)]
      return {
        ...first,
        holds: supplies.every(({ holds }) => holds),
        comparedNodes: supplies.length,
        isSame: supplies.every((supply) => JSON.stringify(supply) === text),
      }
    }
    if (performance.now() >= end) return null
    await sleep(RETRY_MS)
  }
}
