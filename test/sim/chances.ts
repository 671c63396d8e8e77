import { outranks, type Rank } from '../../src/consensus/choice.ts'
import type { World } from './world.ts'

/** No run waits longer for its chances. */
const MOST_SLOTS = 1000

/**
 * Counts the slots since the last fault in which, of all who are selected and not silent, the first by the leader rule is
 * honest. Who is selected depends on the quorum, so a slot is judged when it begins, by the height that is worked on then.
 */
export class Chances {
  private readonly world: World
  private readonly highestHead: () => number
  private slot: number
  private readonly lastSlot: number
  private begun = 0
  private isPresentOne = false

  constructor(world: World, highestHead: () => number) {
    const { faultsEndMs, slotMs } = world.scenario
    this.world = world
    this.highestHead = highestHead
    this.slot = Math.ceil(faultsEndMs / slotMs)
    this.lastSlot = this.slot + MOST_SLOTS
  }

  /** Those that have begun by now. */
  count(): number {
    for (; this.slot * this.world.scenario.slotMs <= this.world.nowMs; this.slot++) {
      this.isPresentOne = this.isChance()
      if (this.isPresentOne) this.begun++
    }
    return this.begun
  }

  /** Whether the slots of so many chances are over. */
  areOver(chances: number): boolean {
    return this.count() - (this.isPresentOne ? 1 : 0) >= chances || this.slot > this.lastSlot
  }

  private isChance(): boolean {
    const { world, slot } = this
    const { silent, behaviours } = world.scenario
    const height = this.highestHead() + 1
    const { nodes } = world.quorums.at(height)
    const contest = { config: world.config, members: world.quorums.membersFor(0, height) }
    let first: { readonly node: number; readonly rank: Rank } | null = null
    for (const [maker, node] of nodes.entries()) {
      if (silent[node] === true || !world.isSelected(node, slot, height)) continue
      const rank = { maker, ticket: world.ticketOf(node, slot, height), justification: null }
      if (first === null || outranks(contest, rank, first.rank)) first = { node, rank }
    }
    return first !== null && behaviours[first.node] === null && !world.isDuplicate(first.node)
  }
}
