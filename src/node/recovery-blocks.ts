import type { Hex } from '../base/hex.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { checkEvidence } from '../consensus/evidence.ts'
import { isForkProof, recoveredSigningId, withoutOffenders } from '../consensus/fork.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { MAX_QUORUM } from '../wire/bounds.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import type { Quorum } from '../wire/quorum.ts'
import type { Evidence, Hash } from '../wire/types.ts'

/** What of a chain matters here. */
interface ForkedChain {
  readonly chainId: Hash
  readonly head: { readonly height: number; readonly hash: Hash }
  readonly sealing: Signing
  readonly lastRecoveryHeight: number
  quorumAt(height: number): Quorum | undefined
  signingIdAt(height: number): Hash
}

/** Who signs a height, and with what. */
export interface Signing {
  readonly quorum: Quorum
  /** In the place of the chain id (`recovery.md` X8). */
  readonly signingId: Hash
}

/**
 * `recovery.md` X6, X7: by whom the block above the head is signed if this evidence is in it and makes it a recovery block; null if
 * it does not. Who is left out of a quorum must be guilty, so here signatures are always checked. `reject` with `bad-evidence` or
 * `recovery-nobody`.
 */
export function recoveryBy(
  chain: ForkedChain,
  evidence: readonly Evidence[],
  signatures: Pick<Signatures, 'blsVerifyAggregate'>,
): Verdict<Signing | null> {
  if (!evidence.some((one) => mayProveFork(chain, one))) return accept(null)
  const offenders = new Set<Hex>()
  for (const one of evidence) {
    const checked = checkEvidence(chain.signingIdAt(one.first.statement.height), one, signatures)
    if (checked.kind !== 'accept') return reject('bad-evidence', `${checked.code}: ${checked.detail}`)
    for (const key of checked.value.offenders) offenders.add(key)
  }
  const signing = recoverySigning(chain, offenders)
  return signing === null ? reject('recovery-nobody', `the evidence names the whole quorum, ${offenders.size} offenders`) : accept(signing)
}

/** Who signs the height above the head without these; null if nobody would be left. */
export function recoverySigning(chain: ForkedChain, offenders: ReadonlySet<Hex>): Signing | null {
  const { sealing, head } = chain
  const quorum = withoutOffenders(sealing.quorum, offenders)
  return quorum === null ? null : { quorum, signingId: recoveredSigningId(sealing.signingId, head.hash) }
}

/** What a recovery block that leaves out these offenders, and nobody else, has to hold: what names the most first. */
export function evidenceAgainst(
  chain: ForkedChain,
  all: readonly ProvenEvidence[],
  offenders: ReadonlySet<Hex>,
): readonly ProvenEvidence[] {
  const usable = all.filter((proof) => proof.kind === 'double-seal' && proof.offenders.every((key) => offenders.has(key)))
  const rank = (proof: ProvenEvidence): number => (mayProveFork(chain, proof.evidence) ? MAX_QUORUM : 0) + proof.offenders.length
  const named = new Set<Hex>()
  const chosen: ProvenEvidence[] = []
  for (const proof of usable.toSorted((left, right) => rank(right) - rank(left))) {
    if (proof.offenders.every((key) => named.has(key))) continue
    for (const key of proof.offenders) named.add(key)
    chosen.push(proof)
  }
  return chosen
}

/** X1, but for the signatures: in a block it makes that a recovery block. */
export function mayProveFork(chain: ForkedChain, evidence: Evidence): boolean {
  const { height } = evidence.first.statement
  const quorum = height > chain.head.height || height < chain.lastRecoveryHeight ? undefined : chain.quorumAt(height)
  if (quorum === undefined) return false
  const read = checkEvidence(chain.chainId, evidence, null)
  return read.kind === 'accept' && isForkProof(read.value, quorum)
}
