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
/** Connections at a time; each costs a socket and some kilobytes. */
export const MAX_CONNECTIONS = 1024
/** Event streams at a time. */
export const MAX_EVENT_STREAMS = 64
/** What one event stream may leave unread. The event of a full block names ten thousand transactions in 0.7 MB. */
export const MAX_EVENT_BACKLOG_BYTES = 4 * 1024 * 1024
/** Tells both ends of a quiet event stream that the other is there. */
export const HEARTBEAT_MS = 10_000
/** A request must be here whole by then: nobody holds a connection with half a request. */
export const REQUEST_TIMEOUT_MS = 30_000
/** Pieces of evidence of one answer. */
export const MAX_EVIDENCE = 500
export const DEFAULT_EVIDENCE = 100
