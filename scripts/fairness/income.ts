import { splitReward } from '../../src/ledger/rewards.ts'
import type { History } from './simulate.ts'
import type { World } from './world.ts'

/** What a block brings, one coin: only its shares matter here. */
export const REWARD_DROPLETS = 1_000_000

export type Scheme = 'pooled' | 'winner'

/** The maker's share in parts per million: a fifth, or everything. */
export const MAKER_SHARE_PPM: Readonly<Record<Scheme, number>> = { pooled: 200_000, winner: 1_000_000 }

/** Of one member over a run. */
export interface Income {
  readonly droplets: number
  /** Of each whole window, for how much it varies. */
  readonly windowDroplets: readonly number[]
  /** The first block that brought it something, counted from 1; null if none did. */
  readonly firstBlock: number | null
  /** The most blocks one after the other that brought it nothing. */
  readonly longestWaitBlocks: number
}

/** Pays all blocks of a history; incomes by index of the member. */
export function payOut(world: World, { blocks }: History, scheme: Scheme, windowBlocks: number): readonly Income[] {
  const books = world.ids.map(() => ({ windows: [0], firstBlock: null as number | null, lastBlock: 0, longestWaitBlocks: 0 }))
  for (const [index, { maker, signers }] of blocks.entries()) {
    const height = index + 1
    const shares = splitReward(REWARD_DROPLETS, MAKER_SHARE_PPM[scheme], maker, signers, world.stakeDroplets)
    for (const [member, book] of books.entries()) {
      const share = shares[member] ?? 0
      if (index > 0 && index % windowBlocks === 0) book.windows.push(0)
      if (share === 0) continue
      book.windows.push((book.windows.pop() ?? 0) + share)
      book.firstBlock ??= height
      book.longestWaitBlocks = Math.max(book.longestWaitBlocks, height - book.lastBlock - 1)
      book.lastBlock = height
    }
  }
  return books.map(({ windows, firstBlock, lastBlock, longestWaitBlocks }) => ({
    droplets: windows.reduce((sum, droplets) => sum + droplets, 0),
    windowDroplets: windows.slice(0, Math.floor(blocks.length / windowBlocks)),
    firstBlock,
    longestWaitBlocks: Math.max(longestWaitBlocks, blocks.length - lastBlock),
  }))
}
