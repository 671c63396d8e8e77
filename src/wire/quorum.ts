import type { Hex } from '../base/hex.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { MAX_PEER_ID_BYTES, MAX_QUORUM } from './bounds.ts'
import { type Codec, encode, list, struct, text, u64 } from './codec.ts'
import { type Address, address, blsKey, type Hash } from './types.ts'

/** A verifier of an epoch's quorum. Its place in the quorum's list is its index in every bitmap. */
export interface QuorumMember {
  readonly id: Address
  readonly peerId: string
  readonly blsKey: Hex
  /** Its weight: own and delegated stake when it was elected; 0 once an offence of it is on the chain. */
  readonly stakeDroplets: number
}

/** The verifiers elected for an epoch, by ascending id. */
export interface Quorum {
  readonly members: readonly QuorumMember[]
  readonly totalStakeDroplets: number
  /** What headers name as `nextQuorum`. */
  readonly hash: Hash
}

/** The members of a quorum as they are hashed, stored and sent: by ascending id. */
export const quorumMembers: Codec<readonly QuorumMember[]> = list(
  struct<QuorumMember>({ id: address, peerId: text(MAX_PEER_ID_BYTES), blsKey, stakeDroplets: u64 }),
  MAX_QUORUM,
)

export function createQuorum(members: readonly QuorumMember[]): Quorum {
  const sorted = [...members].sort((left, right) => (left.id < right.id ? -1 : 1))
  return {
    members: sorted,
    totalStakeDroplets: sorted.reduce((sum, member) => sum + member.stakeDroplets, 0),
    hash: sha256Hex(encode(quorumMembers, sorted)),
  }
}
