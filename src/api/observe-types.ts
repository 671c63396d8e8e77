import { Type } from 'typebox'
import { SUBSYSTEMS } from '../ports/telemetry.ts'
import { address, count, flag, hash, integer, list, named, object, oneOf, orNull, text, type View } from './schema.ts'
import { Action } from './wire-types.ts'

/** What the API shows of the work of the network as this node saw it. Times in ms since 1970, or in ms after the start of a slot. */

/** How a block was made. What this node did not see is null: blocks that sync brought, or signatures of which no tally reached it. */
export const BlockTimeline = named('BlockTimeline', {
  slotStartMs: integer(),
  candidateMs: orNull(integer(), 'After the start of the slot: the candidate was made or heard here.'),
  votedMs: orNull(integer(), 'Votes of enough stake were known here.'),
  lockedMs: orNull(integer(), 'Locks of enough stake were known here.'),
  finalMs: orNull(integer(), 'It was final here.'),
  voters: orNull(list(count()), 'Places in the quorum of the height, ascending.'),
  lockers: orNull(list(count())),
  candidates: count('Candidates of the slot that this node knew.'),
})
export type BlockTimeline = View<typeof BlockTimeline>

/** One slot, as it ended. */
export const SlotView = named('SlotView', {
  slot: count(),
  startMs: integer(),
  height: count('The height that was worked on, and its quorum.'),
  quorum: hash(),
  candidates: list(object({ maker: count(), address: address(), block: hash(), atMs: integer() }), 'In the order of their arrival.'),
  leader: orNull(object({ index: count(), address: address() })),
  outcome: oneOf(
    ['block', 'idle', 'lost', 'unknown'],
    '`idle`: nobody offered a block; `lost`: somebody did, and none became final; `unknown`: this node did not follow the chain then.',
  ),
  block: orNull(hash(), 'Of the block that became final in it.'),
  timeline: orNull(BlockTimeline),
})
export type SlotView = View<typeof SlotView>

/** Final blocks as a series for charts: each point stands for one or several heights, of which it gives the mean, or the sum of transactions. */
export const HistoryView = named('HistoryView', {
  from: count(),
  to: count(),
  points: list(
    object({
      height: count(),
      timeMs: integer(),
      transactions: count(),
      bytes: count(),
      finalMs: orNull(
        integer(),
        'From the start of the slot until final here; null if no block of the point was made while this node watched.',
      ),
      sealedPpm: count('Stake that sealed, of the stake of the quorum, in parts per million.'),
      emptySlots: count('Slots without a block before these blocks.'),
    }),
  ),
})
export type HistoryView = View<typeof HistoryView>

/** Transactions that moved coins of an account or were sent by it, the newest first. */
export const AccountHistory = named('AccountHistory', {
  address: address(),
  transactions: list(
    object({ id: hash(), height: count(), index: count(), timeMs: integer(), sender: address('Who made it.'), action: Action }),
  ),
  next: orNull(text(), 'Ask for what is before this, as `before`; null at the end.'),
})
export type AccountHistory = View<typeof AccountHistory>

/** Peers and who is connected to whom, as far as this node knows. */
export const SwarmGraph = named('SwarmGraph', {
  nodes: list(
    object({
      peerId: text(),
      isSelf: flag(),
      isConnected: flag('This node is connected to it.'),
      agent: orNull(text()),
      height: orNull(count()),
      verifier: orNull(object({ index: count(), address: address() })),
      isLeader: flag(),
    }),
  ),
  links: list(
    object({
      from: text(),
      to: text(),
      mesh: list(text(), 'Topics in whose mesh the two are.'),
    }),
  ),
})
export type SwarmGraph = View<typeof SwarmGraph>

/** Where the disk goes. Bytes are those of the database's own estimate. */
export const StorageView = named('StorageView', {
  mode: oneOf(['archive', 'pruned']),
  keepBlocks: orNull(count(), 'How many of the newest blocks a pruned node keeps.'),
  firstHeight: count(),
  height: count(),
  bytes: object({
    blocks: count(),
    receipts: count(),
    indexes: count(),
    state: count(),
    snapshots: count(),
    evidence: count(),
    other: count(),
    total: count(),
  }),
  freeBytes: count(),
})
export type StorageView = View<typeof StorageView>

const LogLevel = oneOf(['debug', 'info', 'warn', 'error'])
export const LogLevels = named('LogLevels', {
  /** For all that is not named below. */
  default: LogLevel,
  /** By subsystem: the part of an event's name before the first dot, `node` for a name without one. */
  subsystems: Type.Partial(Type.Record(oneOf(SUBSYSTEMS), LogLevel), { additionalProperties: false }),
})
export type LogLevels = View<typeof LogLevels>
