import { standsAgainst } from './guard.ts'
import { ticket64 } from './sortition.ts'
import type { MachineConfig, Members, ProposedBlock, State } from './types.ts'

/** What two candidates of a slot are compared by. */
export type Rank = Pick<ProposedBlock, 'maker' | 'ticket' | 'justification'>

/** What the comparison needs of a state. */
interface Contest {
  readonly config: Pick<MachineConfig, 'leaderRule'>
  readonly members: Pick<Members, 'ids' | 'stakeDroplets'>
}

/**
 * C1: the lowest ticket for its stake, or the lowest node id where genesis says so. A justification makes a vote possible, it does
 * not win: else whoever hides the newest vote certificate would lead every slot in which it is selected.
 */
function isBetter(state: Contest, left: Rank, right: Rank): boolean {
  const order = state.config.leaderRule === 'ticket' ? byTicket(state, left, right) : byId(state, left, right)
  return order === 0 ? left.maker < right.maker : order < 0
}

/**
 * `left / leftStake < right / rightStake`, without a division. Compared as they are, tickets would favour small stakes: whoever is
 * selected with little stake has a low one, and ten parts of a stake would lead far more often than the whole (docs/fairness.md).
 */
function byTicket({ members: { stakeDroplets } }: Contest, left: Rank, right: Rank): number {
  const [leftStake, rightStake] = [left, right].map(({ maker }) => BigInt(stakeDroplets[maker] ?? 0)) as [bigint, bigint]
  const difference = ticket64(left.ticket) * rightStake - ticket64(right.ticket) * leftStake
  if (difference !== 0n) return difference < 0n ? -1 : 1
  return compareText(left.ticket, right.ticket)
}

const byId = ({ members: { ids } }: Contest, left: Rank, right: Rank): number => compareText(ids[left.maker] ?? '', ids[right.maker] ?? '')

const compareText = (left: string, right: string): number => (left === right ? 0 : left < right ? -1 : 1)

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
