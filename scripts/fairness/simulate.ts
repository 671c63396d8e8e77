import { outranks, type Rank } from '../../src/consensus/choice.ts'
import { enoughStake, stakeOf } from '../../src/consensus/quorum.ts'
import type { MachineConfig } from '../../src/consensus/types.ts'
import type { Sortition, World } from './world.ts'

/** `rawTicket` is no rule of the chain: the lowest ticket as it is, whatever the stake. It is here for why it is none. */
export type LeaderRule = MachineConfig['leaderRule'] | 'rawTicket'

export interface Rules {
  readonly sortition: Sortition
  readonly leaderRule: LeaderRule
}

/** Members by index. */
export interface Block {
  readonly maker: number
  readonly signers: readonly number[]
}

export interface History {
  /** Those without a block too. */
  readonly slots: number
  readonly blocks: readonly Block[]
  /** How often each member had a candidate, by index. */
  readonly candidacies: readonly number[]
}

/** Slot after slot until there are so many blocks. */
export function simulate(world: World, rules: Rules, blockCount: number): History {
  const isBetter = comparison(world, rules.leaderRule)
  const enough = enoughStake(world.totalStakeDroplets)
  const candidacies = world.ids.map(() => 0)
  const blocks: Block[] = []
  let slot = 0
  for (; blocks.length < blockCount; slot++) {
    let best: Rank | null = null
    const signers: number[] = []
    for (const maker of world.ids.keys()) {
      const { ticket, isOnline, isSelected } = world.draw(maker, slot)
      if (!isOnline) continue
      signers.push(maker)
      if (!isSelected[rules.sortition]) continue
      candidacies[maker] = (candidacies[maker] ?? 0) + 1
      const candidate = { maker, ticket, justification: null }
      if (best === null || isBetter(candidate, best)) best = candidate
    }
    if (best !== null && stakeOf(world.stakeDroplets, signers) >= enough) blocks.push({ maker: best.maker, signers })
  }
  return { slots: slot, blocks, candidacies }
}

function comparison(world: World, leaderRule: LeaderRule): (left: Rank, right: Rank) => boolean {
  if (leaderRule === 'rawTicket') return (left, right) => left.ticket < right.ticket
  const state = { config: { leaderRule }, members: world }
  return (left, right) => outranks(state, left, right)
}
