import type { OffenceKind } from '../../src/wire/evidence.ts'
import type { Statement } from '../../src/wire/types.ts'

/** Of two statements of one kind, one slot and two blocks. */
const sameSlotOffences = { candidate: 'double-candidate', vote: 'double-vote', lock: 'double-lock' } as const

/**
 * Which pairs nobody honest signs both of, said once more: what the checks go by shares no code with what is checked.
 * Null for a pair that proves nothing.
 */
export function contradiction(one: Statement, other: Statement): OffenceKind | null {
  if (one.height !== other.height || one.block === other.block) return null
  if (one.kind === 'seal') return other.kind === 'seal' ? 'double-seal' : null
  if (other.kind === 'seal') return null
  if (one.kind === other.kind) return one.slot === other.slot ? sameSlotOffences[one.kind] : null
  const lock = one.kind === 'lock' ? one : other.kind === 'lock' ? other : null
  const vote = one.kind === 'vote' ? one : other.kind === 'vote' ? other : null
  if (lock === null || vote === null) return null
  const sawNothingNewer = vote.validSlot === null || vote.validSlot <= lock.slot
  return vote.slot > lock.slot && sawNothingNewer ? 'amnesia' : null
}

/** The first such pair among what one verifier says and what it said before. */
export function contradictionAmong(said: readonly Statement[], next: Statement): readonly [OffenceKind, Statement] | null {
  for (const earlier of said) {
    const kind = contradiction(earlier, next)
    if (kind !== null) return [kind, earlier]
  }
  return null
}

export const sumOf = (stakes: readonly number[]): number => stakes.reduce((sum, stake) => sum + stake, 0)

/** The least whole number above two thirds of a stake. */
export const aboveTwoThirds = (total: number): number => Math.floor((2 * total) / 3) + 1
