import type { Hex } from '../base/hex.ts'
import { twoThirds } from '../base/stake.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { MAX_PEER_ID_BYTES, MAX_QUORUM } from '../wire/bounds.ts'
import { type Codec, encode, list, struct, text, u64 } from '../wire/codec.ts'
import { type Address, address, blsKey, type Hash } from '../wire/types.ts'

/** A verifier of an epoch's quorum. Its place in the quorum's list is its index in every bitmap. */
export interface QuorumMember {
  readonly id: Address
  readonly peerId: string
  readonly blsKey: Hex
  readonly stakeDroplets: number
}

/** The verifiers elected for an epoch, by ascending id. */
export interface Quorum {
  readonly members: readonly QuorumMember[]
  readonly totalStakeDroplets: number
  /** What headers name as `nextQuorum`. */
  readonly hash: Hash
}

const quorumCodec: Codec<readonly QuorumMember[]> = list(
  struct<QuorumMember>({ id: address, peerId: text(MAX_PEER_ID_BYTES), blsKey, stakeDroplets: u64 }),
  MAX_QUORUM,
)

export function createQuorum(members: readonly QuorumMember[]): Quorum {
  const sorted = [...members].sort((left, right) => (left.id < right.id ? -1 : 1))
  return {
    members: sorted,
    totalStakeDroplets: sorted.reduce((sum, member) => sum + member.stakeDroplets, 0),
    hash: sha256Hex(encode(quorumCodec, sorted)),
  }
}

/** floor(2T/3) + 1: the stake that makes a certificate. */
export const enoughStake = (totalStake: number): number => twoThirds(totalStake) + 1

export function stakeOf(stakeDroplets: readonly number[], signers: Iterable<number>): number {
  let sum = 0
  for (const signer of signers) sum += stakeDroplets[signer] ?? 0
  return sum
}

export const totalOf = (stakeDroplets: readonly number[]): number => stakeDroplets.reduce((sum, stake) => sum + stake, 0)
