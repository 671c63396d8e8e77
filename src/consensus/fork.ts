import { concatBytes, utf8 } from '../base/bytes.ts'
import { invariant } from '../base/errors.ts'
import { fromHex, type Hex } from '../base/hex.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import { createQuorum, type Quorum } from '../wire/quorum.ts'
import type { Hash } from '../wire/types.ts'
import { enoughStake } from './quorum.ts'

/**
 * `recovery.md` X1: whether evidence shows that two blocks were sealed at its height. It names a third of the stake or more then.
 * @param quorum that of the height of the evidence
 */
export function isForkProof({ kind, evidence }: Pick<ProvenEvidence, 'kind' | 'evidence'>, quorum: Quorum): boolean {
  if (kind !== 'double-seal') return false
  const stakes = new Map(quorum.members.map(({ blsKey, stakeDroplets }) => [blsKey, stakeDroplets]))
  const isEnough = (keys: readonly Hex[]): boolean =>
    keys.reduce((sum, key) => sum + (stakes.get(key) ?? 0), 0) >= enoughStake(quorum.totalStakeDroplets)
  return isEnough(evidence.first.keys) && isEnough(evidence.second.keys)
}

/** X7: the quorum in which nobody with one of these keys weighs anything. Null if nobody would. */
export function withoutOffenders(quorum: Quorum, offenders: ReadonlySet<Hex>): Quorum | null {
  const members = quorum.members.map((member) => (offenders.has(member.blsKey) ? { ...member, stakeDroplets: 0 } : member))
  return members.some(({ stakeDroplets }) => stakeDroplets > 0) ? createQuorum(members) : null
}

/** X8: what statements are signed with from a recovery block on, in the place of what they were signed with before. */
export const recoveredSigningId = (signingId: Hash, parent: Hash): Hash =>
  sha256Hex(concatBytes([utf8('quorate/recovery'), new Uint8Array(1), fromHex(signingId), fromHex(parent)]))

/** A chain of sealed blocks from the last block that several have in common. */
export interface Branch {
  /** Hash of its first block that the others do not have. */
  readonly first: Hash
  /** Its highest block whose seal certificate was seen. */
  readonly head: { readonly height: number; readonly hash: Hash }
  /** Coin-hours burned on this chain up to its head, in millionths. */
  readonly burnedMicroHours: number
}

/** X4: the branch on which the chain goes on. */
export function branchThatGoesOn<T extends Branch>(branches: readonly T[]): T {
  const [best] = branches.toSorted((left, right) => right.burnedMicroHours - left.burnedMicroHours || (left.first < right.first ? -1 : 1))
  invariant(best !== undefined, 'a fork has branches')
  return best
}
