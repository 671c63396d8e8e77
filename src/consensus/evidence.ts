import type { Certificate, Statement } from '../wire/types.ts'

/** What two statements of one key show. Two certificates that conflict show the same of everybody in both bitmaps. */
export type OffenceKind = 'double-candidate' | 'double-vote' | 'double-lock' | 'double-seal' | 'amnesia'

/**
 * An offence is one (chain, offender, height, kind), however many objects show it: it has the kind of the statements,
 * not of what carried them, so that nobody is punished twice for it.
 */
export interface Conviction {
  readonly kind: OffenceKind
  readonly height: number
  /** Indices into the quorum of that height, ascending. */
  readonly offenders: readonly number[]
}

/** Which offence two signed statements of one key show, in either order. Null if an honest verifier may make both. */
export function offenceOf(first: Statement, second: Statement): OffenceKind | null {
  if (first.height !== second.height || first.block === second.block) return null
  switch (first.kind) {
    case 'seal':
      return second.kind === 'seal' ? 'double-seal' : null
    case 'candidate':
      return second.kind === 'candidate' && second.slot === first.slot ? 'double-candidate' : null
    case 'vote':
      if (second.kind === 'lock') return forgets(second.slot, first.slot, first.validSlot)
      return second.kind === 'vote' && second.slot === first.slot ? 'double-vote' : null
    case 'lock':
      if (second.kind === 'vote') return forgets(first.slot, second.slot, second.validSlot)
      return second.kind === 'lock' && second.slot === first.slot ? 'double-lock' : null
  }
}

/**
 * What two certificates show of everybody who signed both. Neither needs a quorum behind it: one verifier's word is a
 * certificate with one signer, a tally is one with as many as answered.
 */
export function convict(first: Certificate, second: Certificate): Conviction | null {
  const kind = offenceOf(first.statement, second.statement)
  if (kind === null) return null
  const others = new Set(second.aggregate.signers)
  const offenders = first.aggregate.signers.filter((signer) => others.has(signer))
  return offenders.length === 0 ? null : { kind, height: first.statement.height, offenders }
}

/** A lock yields only to a vote certificate of a later slot; "none" counts as below every slot. */
const forgets = (lockSlot: number, voteSlot: number, validSlot: number | null): OffenceKind | null =>
  lockSlot < voteSlot && (validSlot === null || validSlot <= lockSlot) ? 'amnesia' : null
