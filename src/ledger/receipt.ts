import { MAX_BLOCK_EVIDENCE, MAX_QUORUM } from '../wire/bounds.ts'
import { type Codec, enumeration, list, struct, u64, union } from '../wire/codec.ts'
import { type OffenceKind, offenceKind } from '../wire/evidence.ts'
import { type Address, address, type Hash, hash } from '../wire/types.ts'

/** What a verifier got for the parent block. */
export interface Reward {
  readonly verifier: Address
  /** As its maker, rounding included. */
  readonly makerDroplets: number
  /** As one of its signers, by stake. */
  readonly signerDroplets: number
  /** Of both together, what went to its delegators by share; the rest is in the verifier's own account. */
  readonly delegatorsDroplets: number
  /** What the verifier kept of its delegators' part. */
  readonly commissionDroplets: number
}

/** What came about in a block besides its transactions. */
export type LedgerEvent =
  | { readonly kind: 'released'; readonly account: Address; readonly verifier: Address; readonly droplets: number }
  | { readonly kind: 'election-opened'; readonly number: number; readonly cause: 'epoch' | 'forced'; readonly closesSlot: number }
  | {
      readonly kind: 'election-settled'
      readonly number: number
      /** What ranked the verifiers; `kept` if none could be elected and the quorum goes on. */
      readonly by: 'slips' | 'stake' | 'trust' | 'kept'
      readonly votedDroplets: number
      /** The quorum that signs from the next height on. */
      readonly quorum: Hash
      readonly elected: readonly { readonly verifier: Address; readonly score: number; readonly stakeDroplets: number }[]
    }
  | { readonly kind: 'jailed'; readonly verifier: Address; readonly untilSlot: number }
  | { readonly kind: 'ratified'; readonly source: Hash; readonly weightDroplets: number }
  | {
      readonly kind: 'slashed'
      readonly verifier: Address
      readonly offence: OffenceKind
      /** Height of the two statements. */
      readonly height: number
      /** Taken of its own stake, of what was delegated to it, and of what was on its way back from it. */
      readonly stakeDroplets: number
      readonly delegatedDroplets: number
      readonly unbondingDroplets: number
      /** The maker of the block, and what it got of that; the rest is burned. */
      readonly reporter: Address
      readonly rewardDroplets: number
    }

/** What a block did besides moving what its transactions say. Follows from the chain; no signature is over it. */
export interface Receipt {
  /** Minted for the parent. */
  readonly mintedDroplets: number
  /** Fees of the parent, which were shared with it. */
  readonly sharedFeesDroplets: number
  /** Fees of this block's own transactions: shared in the next. */
  readonly feesDroplets: number
  readonly burnedDroplets: number
  readonly burnedMicroHours: number
  /** By ascending verifier. */
  readonly rewards: readonly Reward[]
  readonly events: readonly LedgerEvent[]
}

/** A block gives back no more sums than this; the rest waits for the next. */
export const MAX_RELEASES = 10_000
/** Releases, elections, and two for each offender. */
const MAX_EVENTS = MAX_RELEASES + 2 * MAX_QUORUM + 2 * MAX_BLOCK_EVIDENCE * MAX_QUORUM + 64

export const receipt: Codec<Receipt> = struct<Receipt>({
  mintedDroplets: u64,
  sharedFeesDroplets: u64,
  feesDroplets: u64,
  burnedDroplets: u64,
  burnedMicroHours: u64,
  rewards: list(
    struct<Reward>({
      verifier: address,
      makerDroplets: u64,
      signerDroplets: u64,
      delegatorsDroplets: u64,
      commissionDroplets: u64,
    }),
    MAX_QUORUM,
  ),
  events: list(
    union<LedgerEvent>({
      released: [1, struct({ account: address, verifier: address, droplets: u64 })],
      'election-opened': [2, struct({ number: u64, cause: enumeration({ epoch: 1, forced: 2 }), closesSlot: u64 })],
      'election-settled': [
        3,
        struct({
          number: u64,
          by: enumeration({ slips: 1, stake: 2, trust: 3, kept: 4 }),
          votedDroplets: u64,
          quorum: hash,
          elected: list(struct({ verifier: address, score: u64, stakeDroplets: u64 }), MAX_QUORUM),
        }),
      ],
      jailed: [4, struct({ verifier: address, untilSlot: u64 })],
      ratified: [5, struct({ source: hash, weightDroplets: u64 })],
      slashed: [
        6,
        struct({
          verifier: address,
          offence: offenceKind,
          height: u64,
          stakeDroplets: u64,
          delegatedDroplets: u64,
          unbondingDroplets: u64,
          reporter: address,
          rewardDroplets: u64,
        }),
      ],
    }),
    MAX_EVENTS,
  ),
})
