import type { ProposedBlock, State } from './types.ts'

/** What two candidates of a slot are compared by. */
export type Rank = Pick<ProposedBlock, 'maker' | 'ticket' | 'justification'>

const validSlotOf = (candidate: Rank): number => candidate.justification?.statement.slot ?? -1

/** C1: the highest justification slot first; then the lowest ticket, or the lowest node id where genesis says so. */
export function isBetter(state: State, left: Rank, right: Rank): boolean {
  const justified = validSlotOf(left) - validSlotOf(right)
  if (justified !== 0) return justified > 0
  const key = (candidate: Rank): string =>
    state.config.leaderRule === 'ticket' ? candidate.ticket : (state.members.ids[candidate.maker] ?? '')
  if (key(left) !== key(right)) return key(left) < key(right)
  return left.maker < right.maker
}

/** The candidate of this slot that this node would vote for now. */
export function bestCandidate(state: State): ProposedBlock | null {
  let best: ProposedBlock | null = null
  for (const candidate of state.candidates) {
    if (candidate.slot === state.slot && (best === null || isBetter(state, candidate, best))) best = candidate
  }
  return best
}
