import type { Hash } from '../../wire/types.ts'
import type { NodeClient } from './node-client.ts'

export interface ChainComparison {
  /** Heights that were compared: all up to the highest. */
  readonly height: number
  /** Heights at which two nodes hold different blocks, or another one than was final. */
  readonly conflicts: readonly number[]
  /** Slots of the blocks, ascending, of the node that has most. */
  readonly slots: readonly number[]
  readonly transactions: number
}

/** What a node answers at once. */
const PAGE_BLOCKS = 100

/**
 * Asks nodes for the hashes of all their blocks and compares them height by height, also with what they said was final before.
 * Rejects with QuorateError `unreachable`.
 */
export async function compareChains(
  clients: readonly Pick<NodeClient, 'blocks'>[],
  seen: ReadonlyMap<number, Hash> = new Map(),
): Promise<ChainComparison> {
  const hashes: Hash[] = []
  const slots: number[] = []
  const conflicts: number[] = []
  let transactions = 0
  for (let from = 1; ; from += PAGE_BLOCKS) {
    const pages = await Promise.all(clients.map((client) => client.blocks(from, PAGE_BLOCKS)))
    for (const page of pages) {
      for (const { hash, header, transactions: count } of page) {
        const { height } = header
        const known = hashes[height - 1] ?? seen.get(height) ?? hash
        if (known !== hash && !conflicts.includes(height)) conflicts.push(height)
        if (hashes[height - 1] !== undefined) continue
        hashes[height - 1] = hash
        slots.push(header.slot)
        transactions += count
      }
    }
    if (pages.every((page) => page.length < PAGE_BLOCKS)) return { height: hashes.length, conflicts, slots, transactions }
  }
}
