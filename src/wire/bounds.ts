/** Bounds of the wire. Each is checked before what it bounds is decoded, allocated or looped over. */

/** Members of a quorum that a bitmap can name; the design's target is 150, the rest is room. */
export const MAX_QUORUM = 512
/** Transactions of one block: ten thousand short ids are 80 kB of gossip. */
export const MAX_BLOCK_TRANSACTIONS = 10_000
/** Bytes of one block's transactions: well under the 4 MiB that gossipsub can send at all. */
export const MAX_BLOCK_BYTES = 2 * 1024 * 1024
/** Transactions of one gossip message. */
export const MAX_BATCH_TRANSACTIONS = 1_000
/** Blocks of one sync answer; the answer also stops at MAX_SYNC_BYTES. */
export const MAX_SYNC_BLOCKS = 256
/** Bytes of one sync answer, below the frame limit of the stream. */
export const MAX_SYNC_BYTES = 4 * 1024 * 1024
/** Transactions that one sync request may ask for. */
export const MAX_SYNC_TRANSACTIONS = 10_000
/** A peer id in text: base58 of at most 42 bytes takes 58 characters; the rest is room. */
export const MAX_PEER_ID_BYTES = 96
/** A chain's name. */
export const MAX_CHAIN_NAME_BYTES = 32
/** What a node says of its own software. */
export const MAX_AGENT_BYTES = 64
/** Accounts that genesis funds. */
export const MAX_GENESIS_ACCOUNTS = 100_000
/** One of each kind of statement. */
export const MAX_NEWEST_SIGNED = 4
/** Verifiers that one vote slip can name. */
export const MAX_SLIP_CHOICES = 16
/** Accounts from which trust begins. */
export const MAX_ANCHORS = 64
/** Bytes of one part of a snapshot; well below the frame limit of the stream. */
export const MAX_CHUNK_BYTES = 4 * 1024 * 1024
/** Bytes of a snapshot's manifest: 2^16 roots and two full quorums, and what else the state has. */
export const MAX_MANIFEST_BYTES = 3 * 1024 * 1024
/** Snapshots that a node can offer at once. */
export const MAX_SNAPSHOTS = 8
/** Evidence of one block. Each has the keys of two quorums at most: 400 kB in all where quorums are as large as they can be, 100 where they have 150. */
export const MAX_BLOCK_EVIDENCE = 8
/** What a leader collected in a slot: votes, locks, seals. */
export const MAX_TALLY = 3
/** Public records that a node can tell its peers of at once. */
export const MAX_INVENTORY = 4_096
/** Public records of one sync answer; a record has the keys of two quorums at most. */
export const MAX_SYNC_RECORDS = 64
/** Headers of one sync answer. */
export const MAX_SYNC_HEADERS = 1_024
/** Connected peers that a node tells of. */
export const MAX_NEIGHBOURS = 64
