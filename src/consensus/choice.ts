import { standsAgainst } from './guard.ts'
import type { MachineConfig, Members, ProposedBlock, State } from './types.ts'

/** What two candidates of a slot are compared by. */
export type Rank = Pick<ProposedBlock, 'maker' | 'ticket' | 'justification'>

/** What the comparison needs of a state. */
interface Contest {
  readonly config: Pick<MachineConfig, 'leaderRule'>
  readonly members: Pick<Members, 'ids'>
}

/**
 * C1: the lowest ticket, or the lowest node id where genesis says so. A justification makes a vote possible, it does
 * not win: else whoever hides the newest vote certificate would lead every slot in which it is selected.
 */
function isBetter(state: Contest, left: Rank, right: Rank): boolean {
  const key = (candidate: Rank): string =>
    state.config.leaderRule === 'ticket' ? candidate.ticket : (state.members.ids[candidate.maker] ?? '')
  if (key(left) !== key(right)) return key(left) < key(right)
  return left.maker < right.maker
}

/** C5: nobody needs `right` who has `left`: it is worse, and no lock yields to it that does not yield to `left`. */
export function outranks(state: Contest, left: Rank, right: Rank): boolean {
  const validSlotOf = (candidate: Rank): number => candidate.justification?.statement.slot ?? -1
  return isBetter(state, left, right) && validSlotOf(left) >= validSlotOf(right)
}

/** The candidate of this slot that this node would vote for now: the best of those that its seal and its locks allow. */
export function bestCandidate(state: State): ProposedBlock | null {
  let best: ProposedBlock | null = null
  for (const candidate of state.candidates) {
    if (candidate.slot === state.slot && isAllowed(state, candidate) && (best === null || isBetter(state, candidate, best)))
      best = candidate
  }
  return best
}

function isAllowed(state: State, { block, slot, justification }: ProposedBlock): boolean {
  const wanted = { height: block.height, slot, block: block.hash, validSlot: justification?.statement.slot ?? null }
  return standsAgainst(state.record, wanted) === null
}
