import type { RewardView } from '../api/ledger-types.ts'
import type { QuorateClient } from '../client/client.ts'
import type { Address } from '../wire/types.ts'

/** What the newest blocks paid a verifier. Amounts in droplets. */
export interface Earned {
  readonly fromHeight: number
  readonly toHeight: number
  /** Blocks that paid it something. */
  readonly blocks: number
  readonly makerDroplets: number
  readonly signerDroplets: number
  /** Of both together, what went to its delegators; the rest is its own. */
  readonly delegatorsDroplets: number
  /** Of the rest, what it kept of its delegators' part. */
  readonly commissionDroplets: number
}

/** The API's own limit of one answer. */
const MAX_COUNT = 100

/** Adds up the receipts of the newest `count` blocks; null if the node has not all of them, which begins with a snapshot. */
export async function earnedBy(node: QuorateClient, verifier: Address, count: number): Promise<Earned | null> {
  const { height } = await node.status()
  const fromHeight = Math.max(1, height - count + 1)
  const rewards: RewardView[] = []
  for (let next = fromHeight; next <= height; ) {
    const blocks = await node.blocks({ from: next, limit: Math.min(MAX_COUNT, height - next + 1) })
    for (const { receipt } of blocks) {
      if (receipt === null) return null
      rewards.push(...receipt.rewards.filter((reward) => reward.verifier === verifier))
    }
    if (blocks.length === 0) return null
    next += blocks.length
  }
  const sum = (of: (reward: RewardView) => number): number => rewards.reduce((total, reward) => total + of(reward), 0)
  return {
    fromHeight,
    toHeight: height,
    blocks: rewards.length,
    makerDroplets: sum(({ makerDroplets }) => makerDroplets),
    signerDroplets: sum(({ signerDroplets }) => signerDroplets),
    delegatorsDroplets: sum(({ delegatorsDroplets }) => delegatorsDroplets),
    commissionDroplets: sum(({ commissionDroplets }) => commissionDroplets),
  }
}
