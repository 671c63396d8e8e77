import { toHex } from '../base/hex.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { encode } from '../wire/codec.ts'
import { evidenceId, type OffenceKind, type ProvenEvidence } from '../wire/evidence.ts'
import { statementMessage } from '../wire/signing.ts'
import { type Certificate, type Evidence, type Hash, type SignedStatement, type Statement, signedStatement } from '../wire/types.ts'

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

/** Two signed statements in the order that evidence has them. */
export const evidenceOf = (left: SignedStatement, right: SignedStatement): Evidence =>
  isAscending(left, right) ? { first: left, second: right } : { first: right, second: left }

const isAscending = (first: SignedStatement, second: SignedStatement): boolean =>
  toHex(encode(signedStatement, first)) < toHex(encode(signedStatement, second))

/** Why evidence proves nothing, whatever the registry says. */
export const evidenceCodes = {
  'evidence-order': 'the statements, or the keys of one, are not in ascending order',
  'no-offence': 'an honest verifier may make both statements',
  'no-offender': 'nobody signed both statements',
  'bad-signature': 'a signature is not that of its keys over its statement on this chain',
} as const
type EvidenceCode = keyof typeof evidenceCodes

/**
 * What evidence proves, from its bytes alone; `signatures` is null for what a quorum has vouched for. A proof holds only against registered keys: those alone are known to be held by somebody,
 * and a key that was made up could cancel another's in the sum. `reject` with one of `evidenceCodes`.
 */
export function checkEvidence(
  chainId: Hash,
  of: Evidence,
  signatures: Pick<Signatures, 'blsVerifyAggregate'> | null,
): Verdict<ProvenEvidence> {
  const refuse = (code: EvidenceCode, detail: string) => reject(code, detail)
  const { first, second } = of
  if (!isAscending(first, second)) return refuse('evidence-order', 'the statement with the lesser bytes must come first')
  for (const { keys } of [first, second])
    if (keys.some((key, place) => place > 0 && (keys[place - 1] ?? '') >= key))
      return refuse('evidence-order', `the ${keys.length} keys of a statement must be ascending, none twice`)
  const kind = offenceOf(first.statement, second.statement)
  if (kind === null)
    return refuse('no-offence', `a ${first.statement.kind} and a ${second.statement.kind} that an honest verifier may make`)
  const others = new Set(second.keys)
  const offenders = first.keys.filter((key) => others.has(key))
  if (offenders.length === 0) return refuse('no-offender', `none of ${first.keys.length} and ${second.keys.length} signers signed both`)
  for (const { statement, keys, signature } of [first, second])
    if (signatures !== null && !signatures.blsVerifyAggregate(keys, statementMessage(chainId, statement), signature))
      return refuse('bad-signature', `the signature of ${keys.length} over a ${statement.kind} at height ${statement.height} is wrong`)
  return accept({ id: evidenceId(of), evidence: of, kind, height: first.statement.height, offenders })
}
