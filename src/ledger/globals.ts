import { type Codec, enumeration, list, option, struct, u16, u64 } from '../wire/codec.ts'
import { type Hash, hash } from '../wire/types.ts'
import { MAX_HANDOVERS, MAX_PROPOSALS, MAX_RECOVERIES } from './bounds.ts'

/** An election that is open. */
export interface Election {
  /** Counts all elections of the chain from 1. */
  readonly number: number
  readonly cause: 'epoch' | 'forced'
  /** Height of the block that opened it; verifiers that were registered before can be elected. */
  readonly openedHeight: number
  /** First slot whose block settles it. */
  readonly closesSlot: number
  /** Weight of all slips that count. */
  readonly votedDroplets: number
  /** What the tickets of its blocks so far make of the seed: sha256(seed ‖ ticket) for each, from the present epoch's seed. */
  readonly seed: Hash
  /** Sources proposed for ratification, in the order in which they were. */
  readonly proposals: readonly Proposal[]
}

export interface Proposal {
  readonly source: Hash
  /** Of all who support it. */
  readonly weightDroplets: number
  /** Height of the block in which it passed; null before. It passes once in an election, so the last to pass stays the last. */
  readonly passedHeight: number | null
}

/** The block that settled an election: the last that the old quorum signs. */
export interface Handover {
  /** The epoch that it ends. */
  readonly epoch: number
  readonly height: number
  readonly slot: number
}

/** `recovery.md` X8: a block that went on after a fork without those who made it. */
export interface Recovery {
  readonly height: number
  /** From that height on statements are signed with it. */
  readonly signingId: Hash
}

/** All of the state that belongs to no account. */
export interface Globals {
  /** Of the block after which the state is this. */
  readonly height: number
  /** Number of handovers so far. */
  readonly epoch: number
  /** In the ticket messages of the next height. */
  readonly epochSeed: Hash
  /** Hash of the quorum that signs the next height. */
  readonly quorum: Hash
  /** Hash of the quorum that signs this height. */
  readonly headQuorum: Hash
  /** The maker's index there. 0 at height 0. */
  readonly headMaker: number
  /** Coin fees of this block, which its maker and signers get with the next. */
  readonly feesDroplets: number
  /** All coins: held, bonded, on their way back, or fees of this block. */
  readonly supplyDroplets: number
  readonly mintedDroplets: number
  readonly burnedDroplets: number
  /** Coin-hours burned by all blocks so far, in millionths; stays at 2^53 - 1 once there. */
  readonly burnedMicroHours: number
  /** Ends of epochs, the oldest first: those for which evidence or bonds still matter, and one more. */
  readonly handovers: readonly Handover[]
  /** First slot whose block opens the next regular election. */
  readonly nextElectionSlot: number
  /** Number of the newest election; 0 before the first. */
  readonly elections: number
  readonly election: Election | null
  /** The source that the coin holders ratified last, and the height of the block in which it passed. */
  readonly ratified: { readonly source: Hash; readonly height: number } | null
  /** The oldest first. */
  readonly recoveries: readonly Recovery[]
}

const proposal = struct<Proposal>({ source: hash, weightDroplets: u64, passedHeight: option(u64) })

export const globals: Codec<Globals> = struct<Globals>({
  height: u64,
  epoch: u64,
  epochSeed: hash,
  quorum: hash,
  headQuorum: hash,
  headMaker: u16,
  feesDroplets: u64,
  supplyDroplets: u64,
  mintedDroplets: u64,
  burnedDroplets: u64,
  burnedMicroHours: u64,
  handovers: list(struct<Handover>({ epoch: u64, height: u64, slot: u64 }), MAX_HANDOVERS),
  nextElectionSlot: u64,
  elections: u64,
  election: option(
    struct<Election>({
      number: u64,
      cause: enumeration({ epoch: 1, forced: 2 }),
      openedHeight: u64,
      closesSlot: u64,
      votedDroplets: u64,
      seed: hash,
      proposals: list(proposal, MAX_PROPOSALS),
    }),
  ),
  ratified: option(struct<NonNullable<Globals['ratified']>>({ source: hash, height: u64 })),
  recoveries: list(struct<Recovery>({ height: u64, signingId: hash }), MAX_RECOVERIES),
})
