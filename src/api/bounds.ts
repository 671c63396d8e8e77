import { MAX_BATCH_TRANSACTIONS } from '../wire/bounds.ts'
import { transaction } from '../wire/types.ts'

/** Transactions of one call: one gossip batch. */
export const MAX_CALL_TRANSACTIONS = MAX_BATCH_TRANSACTIONS
/** A full call with each transaction as hex, in quotes, with comma and some indentation. */
export const MAX_BODY_BYTES = MAX_CALL_TRANSACTIONS * (transaction.maxBytes * 2 + 32) + 1024
/** Blocks of one answer. */
export const MAX_BLOCKS = 100
export const DEFAULT_BLOCKS = 20
/** Blocks taken from the node at a time, so that the next bound is looked at in between. */
export const BLOCKS_STEP = 8
/** Bytes of encoded blocks after which an answer ends early: as JSON they are some three times larger. */
export const MAX_BLOCKS_BYTES = 4 * 1024 * 1024
/** What a reward or an event of a receipt counts there. */
export const RECEIPT_ROW_BYTES = 64
/** Verifiers of one answer. */
export const MAX_VERIFIERS = 500
export const DEFAULT_VERIFIERS = 100
/** Pieces of evidence of one answer. */
export const MAX_EVIDENCE = 500
export const DEFAULT_EVIDENCE = 100
/** Ended slots of one answer. */
export const MAX_SLOTS = 500
export const DEFAULT_SLOTS = 50
/** Points of one series: more than a chart has pixels. */
export const MAX_POINTS = 2000
export const DEFAULT_POINTS = 200
/** Transactions of an account in one answer. */
export const MAX_ACCOUNT_TRANSACTIONS = 200
export const DEFAULT_ACCOUNT_TRANSACTIONS = 50
/** What is searched for is a hash, an address or a peer id at most. */
export const MAX_SEARCH_LENGTH = 128
/** Connections at a time, each a socket and some kilobytes: all the event streams, and room for those who ask. */
export const MAX_CONNECTIONS = 4096
/** Of these for one source that is not this machine, so that nobody takes them all: a household of browsers with six each. */
export const MAX_SOURCE_CONNECTIONS = 64
/** Event streams at a time. A thousand pages that watch one node are served; each costs some microseconds an event. */
export const MAX_EVENT_STREAMS = 2048
/** Of these for one source that is not this machine: a household or an office behind one address. */
export const MAX_SOURCE_EVENT_STREAMS = 32
/**
 * Events that are kept for who comes back with the id of the last one that it saw: some minutes of a busy network. Far more than happen
 * at once, as when a full pool expires: readers get them after that.
 */
export const MAX_KEPT_EVENTS = 50_000
/** What the kept events may take. That of a full block names ten thousand transactions in 0.7 MB. */
export const MAX_KEPT_EVENT_BYTES = 16 * 1024 * 1024
/** Transactions that came into a pool wait so long for others that go out with them: each write costs more than what is in it. */
export const PATIENCE_MS = 200
/** Events that are written at once, in one piece that all streams at the same place share. */
export const MAX_PIECE_BYTES = 64 * 1024
/** Streams written to before the node's other work has its turn: about a millisecond of it. */
export const STREAMS_A_TURN = 64
/** Tells both ends of a quiet event stream that the other is there. */
export const HEARTBEAT_MS = 10_000
/** Who has not read anything for so many heartbeats is cut off. */
export const MAX_STALLED_BEATS = 3
/** When a browser whose stream broke comes back. */
export const RECONNECT_MS = 2000
/** A request must be here whole by then: nobody holds a connection with half a request. */
export const REQUEST_TIMEOUT_MS = 30_000
/** The rate of requests is counted over so long, so that a page may ask for much at once when it opens. */
export const RATE_WINDOW_MS = 10_000
/** Requests of one source in that time: 30 a second, far more than a person with a page or a script that looks each slot needs. */
export const MAX_REQUESTS = 300
/** Of this machine's own programs, 10,000 a second: a bound for one that has gone wild, above what a core can answer. */
export const MAX_LOCAL_REQUESTS = 100_000
