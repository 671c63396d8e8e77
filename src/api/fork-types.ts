import type { Hex } from '../base/hex.ts'
import type { Address, Hash } from '../wire/types.ts'

/** What the API shows of a fork: two blocks that were sealed at one height. Times in ms since 1970. */

/** In the status of a node that is halted by a fork. */
export interface ForkSummary {
  /** The lowest at which the branches differ. */
  readonly height: number
  readonly branches: number
  /** What the operator is to do; null if the node goes on with what was chosen. */
  readonly command: string | null
}

export interface ForkView {
  /** The lowest at which the branches differ. */
  readonly height: number
  /** No recovery block has ended it here: a verifier signs nothing. */
  readonly isHalted: boolean
  readonly seenAtMs: number
  /** Height of the recovery block with which the chain of this node went on; null before. */
  readonly resolvedAt: number | null
  /** First block of the branch that the operator has chosen; null before. */
  readonly follows: Hash | null
  /** That of this node first, if its chain reaches the height of the fork. */
  readonly branches: readonly BranchView[]
  /** Who is proven to have sealed two blocks at that height, by ascending key. */
  readonly offenders: readonly OffenderView[]
  readonly offendersDroplets: number
  /** Of the quorum of that height. */
  readonly quorumDroplets: number
  /** Ids of the evidence that proves it. */
  readonly proofs: readonly Hash[]
  /** What the operator is to do; null if there is nothing to do. */
  readonly command: string | null
}

export interface BranchView {
  readonly isOwn: boolean
  /** The chain goes on on this one, as far as this node knows. */
  readonly goesOn: boolean
  /** Its first block that the others do not have. */
  readonly first: Hash
  /** Its highest block whose seal this node has seen. */
  readonly head: { readonly height: number; readonly hash: Hash }
  /** From the first to the head. */
  readonly blocks: number
  /** Coin-hours burned on this chain up to its head; null if no more than a seal of the branch was seen. */
  readonly burnedMicroHours: number | null
  /** Height of the recovery block that is on it; null if none was seen. */
  readonly recoveredAt: number | null
}

export interface OffenderView {
  readonly address: Address
  readonly blsKey: Hex
  readonly peerId: string
  /** Its weight in the quorum of that height, and the part of the whole, in parts per million. */
  readonly stakeDroplets: number
  readonly sharePpm: number
}
