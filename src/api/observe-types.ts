import { type Static, Type } from 'typebox'

/** What the API shows of the work of the network as this node saw it. Times in ms since 1970, or in ms after the start of a slot. */

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const AddressHex = Type.String({ pattern: '^[0-9a-f]{40}$' })
const Count = Type.Integer({ minimum: 0 })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
/** Places in the quorum of the height, ascending. */
const Members = Type.Array(Count)

/** How a block was made. What this node did not see is null: blocks that sync brought, or signatures of which no tally reached it. */
export const BlockTimeline = Type.Object({
  slotStartMs: Type.Integer(),
  /** After the start of the slot: the candidate was made or heard, a vote was signed or a tally of votes seen, a lock, and final here. */
  candidateMs: orNull(Type.Integer()),
  votedMs: orNull(Type.Integer()),
  lockedMs: orNull(Type.Integer()),
  finalMs: orNull(Type.Integer()),
  voters: orNull(Members),
  lockers: orNull(Members),
  /** Candidates of the slot that this node knew. */
  candidates: Count,
})
export type BlockTimeline = Static<typeof BlockTimeline>

/** One slot, as it ended. */
export const SlotView = Type.Object({
  slot: Count,
  startMs: Type.Integer(),
  /** The height that was worked on, and its quorum. */
  height: Count,
  quorum: Hash,
  /** By ascending ticket: the first leads. */
  candidates: Type.Array(Type.Object({ maker: Count, address: AddressHex, block: Hash, atMs: Type.Integer() })),
  leader: orNull(Type.Object({ index: Count, address: AddressHex })),
  outcome: Type.Union([Type.Literal('block'), Type.Literal('idle'), Type.Literal('lost')]),
  /** Of the block that became final in it. */
  block: orNull(Hash),
  timeline: orNull(BlockTimeline),
})
export type SlotView = Static<typeof SlotView>

/** Final blocks as a series for charts: each point stands for one or several heights, of which it gives the mean, or the sum of transactions. */
export const HistoryView = Type.Object({
  from: Count,
  to: Count,
  points: Type.Array(
    Type.Object({
      height: Count,
      timeMs: Type.Integer(),
      transactions: Count,
      bytes: Count,
      /** From the start of the slot until final here; null if no block of the point was made while this node watched. */
      finalMs: orNull(Type.Integer()),
      /** Stake that sealed, of the stake of the quorum, in parts per million. */
      sealedPpm: Count,
      /** Slots without a block before these blocks. */
      emptySlots: Count,
    }),
  ),
})
export type HistoryView = Static<typeof HistoryView>

/** Transactions that moved coins of an account or were sent by it, the newest first. */
export const AccountHistory = Type.Object({
  address: AddressHex,
  transactions: Type.Array(Type.Object({ id: Hash, height: Count, index: Count, timeMs: Type.Integer() })),
  /** Ask for what is before this, as `before`; null at the end. */
  next: orNull(Type.String()),
})
export type AccountHistory = Static<typeof AccountHistory>

/** Peers and who is connected to whom, as far as this node knows. */
export const SwarmGraph = Type.Object({
  nodes: Type.Array(
    Type.Object({
      peerId: Type.String(),
      isSelf: Type.Boolean(),
      /** This node is connected to it. */
      isConnected: Type.Boolean(),
      agent: orNull(Type.String()),
      height: orNull(Count),
      verifier: orNull(Type.Object({ index: Count, address: AddressHex })),
      isLeader: Type.Boolean(),
    }),
  ),
  links: Type.Array(
    Type.Object({
      from: Type.String(),
      to: Type.String(),
      /** Topics in whose mesh the two are. */
      mesh: Type.Array(Type.String()),
    }),
  ),
})
export type SwarmGraph = Static<typeof SwarmGraph>

/** Where the disk goes. Bytes are those of the database's own estimate. */
export const StorageView = Type.Object({
  mode: Type.Union([Type.Literal('archive'), Type.Literal('pruned')]),
  /** How many of the newest blocks a pruned node keeps. */
  keepBlocks: orNull(Count),
  firstHeight: Count,
  height: Count,
  bytes: Type.Object({
    blocks: Count,
    receipts: Count,
    indexes: Count,
    state: Count,
    snapshots: Count,
    evidence: Count,
    other: Count,
    total: Count,
  }),
  freeBytes: Count,
})
export type StorageView = Static<typeof StorageView>

export const LogLevels = Type.Object({
  /** `debug`, `info`, `warn` or `error`, for all that is not named below. */
  default: Type.String(),
  /** By subsystem: the part of an event's name before the first dot. */
  subsystems: Type.Record(Type.String(), Type.String()),
})
export type LogLevels = Static<typeof LogLevels>
