import type { Genesis } from '../../wire/genesis.ts'
import { type ChainComparison, compareChains } from './chains.ts'
import { type ChainHistory, readHistory } from './history.ts'
import type { NodeClient } from './node-client.ts'
import { compareSupplies, type SupplyComparison } from './supplies.ts'

/** What nodes say of their chains at the end; null what could not be had. */
export interface Closing {
  readonly comparison: ChainComparison | null
  readonly supply: SupplyComparison | null
  /** Up to the height of the supply. */
  readonly history: ChainHistory | null
}

/** For all nodes to be at one height: blocks come now and then when there is nothing to do. */
const SUPPLY_DEADLINE_MS = 30_000

/** @param oldest a node that has the chain from its first block */
export async function closingOf(
  clients: readonly NodeClient[],
  oldest: NodeClient | undefined,
  { verifiers, parameters }: Genesis,
): Promise<Closing> {
  if (clients.length === 0) return { comparison: null, supply: null, history: null }
  const comparison = await compareChains(clients).catch(() => null)
  const supply = await compareSupplies(clients, SUPPLY_DEADLINE_MS).catch(() => null)
  if (comparison === null || oldest === undefined) return { comparison, supply, history: null }
  const toHeight = supply?.height ?? comparison.height
  // All have the same stake, so the order of their addresses is that of the first quorum.
  const first = verifiers.slice(0, parameters.quorumSize).map(({ account }) => account)
  const history = await readHistory(oldest, toHeight, first).catch(() => null)
  return { comparison, supply, history: history?.height === toHeight ? history : null }
}
