import type { Genesis } from '../../wire/genesis.ts'
import type { Address, Hash } from '../../wire/types.ts'
import { type Agreement, compareLedgers } from './agreement.ts'
import { type ChainComparison, compareChains } from './chains.ts'
import { type ChainHistory, electionReports, readHistory, type SlotRange, slotsUnderLoad } from './history.ts'
import type { NodeClient } from './node-client.ts'
import type { SwarmReport } from './report.ts'
import type { Vote } from './voters.ts'

/** What nodes say of their chains at the end; null what could not be had. */
export interface Closing {
  readonly comparison: ChainComparison | null
  readonly agreement: Agreement | null
  /** Up to the height of the agreement. */
  readonly history: ChainHistory | null
}

/** For all nodes to be at one height: blocks come now and then when there is nothing to do. */
const AGREEMENT_DEADLINE_MS = 30_000

/**
 * @param oldest a node that has the chain from its first block
 * @param seen hashes by height of blocks that any node said were final
 */
export async function closingOf(
  clients: readonly NodeClient[],
  oldest: NodeClient | undefined,
  genesis: Genesis,
  seen: ReadonlyMap<number, Hash>,
): Promise<Closing> {
  if (clients.length === 0) return { comparison: null, agreement: null, history: null }
  const comparison = await compareChains(clients, seen).catch(() => null)
  const agreement = await compareLedgers(clients, genesis, AGREEMENT_DEADLINE_MS).catch(() => null)
  if (comparison === null || oldest === undefined) return { comparison, agreement, history: null }
  const toHeight = agreement?.height ?? comparison.height
  const history = await readHistory(oldest, toHeight, genesis).catch(() => null)
  return { comparison, agreement, history: history?.height === toHeight ? history : null }
}

type ChainReport = Pick<SwarmReport, 'slots' | 'elections' | 'quorum' | 'rewards' | 'burnedDroplets' | 'supply' | 'wrongSeals'>

/** The part of the report that the chain itself tells. @param names of verifiers by address */
export function chainReport(
  { comparison, agreement, history }: Closing,
  votes: ReadonlyMap<number, Vote>,
  names: ReadonlyMap<Address, string>,
  load: SlotRange,
): ChainReport {
  const nameOf = (address: Address): string => names.get(address) ?? address
  return {
    slots: slotsUnderLoad(comparison?.slots ?? [], load),
    elections: history === null ? [] : electionReports(history, votes, names, load),
    quorum: agreement === null ? null : { ...agreement.quorum, members: agreement.quorum.members.map(({ address }) => nameOf(address)) },
    rewards:
      history === null
        ? null
        : {
            ...history.rewards,
            verifiers: Object.fromEntries([...history.rewardedDroplets].map(([address, droplets]) => [nameOf(address), droplets])),
          },
    burnedDroplets: history?.burnedDroplets ?? null,
    supply: agreement?.supply ?? null,
    wrongSeals: history?.wrongSealHeights.length ?? null,
  }
}
