import { concatBytes } from '../base/bytes.ts'
import type { Hex } from '../base/hex.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import {
  MAX_AGENT_BYTES,
  MAX_CHUNK_BYTES,
  MAX_INVENTORY,
  MAX_MANIFEST_BYTES,
  MAX_NEWEST_SIGNED,
  MAX_SNAPSHOTS,
  MAX_SYNC_BLOCKS,
  MAX_SYNC_HEADERS,
  MAX_SYNC_RECORDS,
  MAX_SYNC_TRANSACTIONS,
} from './bounds.ts'
import { blob, type Codec, encode, list, struct, text, u8, u16, u32, u64, union } from './codec.ts'
import {
  type Address,
  address,
  type Block,
  block,
  type Certificate,
  certificate,
  type Hash,
  type Header,
  hash,
  header,
  type PublicRecord,
  publicRecord,
  type SignedBlock,
  signedBlock,
  type Transaction,
  transaction,
} from './types.ts'

/** First message of a sync stream, both ways. */
export interface Status {
  /** Version of these protocols. */
  readonly version: number
  /** Hash of genesis. */
  readonly chainId: Hash
  readonly height: number
  /** Of the first block that it can give: 1, unless it began with a snapshot. */
  readonly firstHeight: number
  /** Hash of the newest final block; of genesis at height 0. */
  readonly head: Hash
  /** The sender's wall clock, to tell a newcomer that a clock is off. */
  readonly timeMs: number
  readonly agent: string
}
const status: Codec<Status> = struct<Status>({
  version: u16,
  chainId: hash,
  height: u64,
  firstHeight: u64,
  head: hash,
  timeMs: u64,
  agent: text(MAX_AGENT_BYTES),
})

/** A snapshot that a node can give: of the state after a block, in 2^depth parts. */
export interface SnapshotOffer {
  readonly height: number
  readonly block: Hash
  readonly depth: number
}
export const snapshotOffer: Codec<SnapshotOffer> = struct<SnapshotOffer>({ height: u64, block: hash, depth: u8 })

/** Stream `sync`: requests and their answers, of the same kind or `unavailable`. */
export type SyncRequest =
  | { readonly kind: 'status'; readonly status: Status }
  | { readonly kind: 'blocks'; readonly fromHeight: number; readonly count: number }
  | { readonly kind: 'transactions'; readonly block: Hash; readonly indices: readonly number[] }
  | { readonly kind: 'block'; readonly block: Hash }
  | { readonly kind: 'newest-signed'; readonly verifier: Address }
  /** Which snapshots it has. */
  | { readonly kind: 'snapshots' }
  | { readonly kind: 'snapshot-manifest'; readonly height: number }
  | { readonly kind: 'snapshot-chunk'; readonly height: number; readonly index: number }
  | { readonly kind: 'headers'; readonly fromHeight: number; readonly count: number }
  /** Which public records it has. */
  | { readonly kind: 'inventory' }
  | { readonly kind: 'records'; readonly ids: readonly Hash[] }
export const syncRequest: Codec<SyncRequest> = union<SyncRequest>({
  status: [1, struct({ status })],
  blocks: [2, struct({ fromHeight: u64, count: u16 })],
  /** Transactions of a block or candidate that the asked peer knows, by their place in it. */
  transactions: [3, struct({ block: hash, indices: list(u16, MAX_SYNC_TRANSACTIONS) })],
  /** A whole block, sealed or not. */
  block: [4, struct({ block: hash })],
  'newest-signed': [5, struct({ verifier: address })],
  // 6 is that of an answer without a request.
  snapshots: [7, struct({})],
  'snapshot-manifest': [8, struct({ height: u64 })],
  'snapshot-chunk': [9, struct({ height: u64, index: u32 })],
  headers: [10, struct({ fromHeight: u64, count: u16 })],
  inventory: [11, struct({})],
  /** Public records by their ids. */
  records: [12, struct({ ids: list(hash, MAX_SYNC_RECORDS) })],
})

/** The encoding of a `blocks` answer from those of its blocks: a node stores them in the form in which it sends them. */
export function blocksAnswer(blocks: readonly Uint8Array[]): Uint8Array {
  const head = encode(syncResponse, { kind: 'blocks', blocks: [] })
  new DataView(head.buffer).setUint32(head.length - 4, blocks.length, true)
  return concatBytes([head, ...blocks])
}

/** sha256 of its bytes: names a public record in the exchange. */
export const recordId = (of: PublicRecord): Hash => sha256Hex(encode(publicRecord, of))

/** The encoding of a `records` answer from those of its records, in which a node keeps them. */
export function recordsAnswer(records: readonly Uint8Array[]): Uint8Array {
  const head = encode(syncResponse, { kind: 'records', records: [] })
  new DataView(head.buffer).setUint32(head.length - 4, records.length, true)
  return concatBytes([head, ...records])
}

/** The encoding of a `snapshot-manifest` or `snapshot-chunk` answer from the bytes that it holds, as they are stored. */
export function snapshotAnswer(kind: 'snapshot-manifest' | 'snapshot-chunk', bytes: Uint8Array): Uint8Array {
  const head = encode(syncResponse, kind === 'snapshot-chunk' ? { kind, chunk: '' } : { kind, manifest: '' })
  new DataView(head.buffer).setUint32(head.length - 4, bytes.length, true)
  return concatBytes([head, bytes])
}

export type SyncResponse =
  | { readonly kind: 'status'; readonly status: Status }
  | { readonly kind: 'blocks'; readonly blocks: readonly SignedBlock[] }
  | { readonly kind: 'transactions'; readonly transactions: readonly Transaction[] }
  | { readonly kind: 'block'; readonly block: Block }
  /** The newest statements that a node has seen that verifier sign, each with its signature: a restored backup must not contradict them. */
  | { readonly kind: 'newest-signed'; readonly records: readonly Certificate[] }
  | { readonly kind: 'unavailable'; readonly code: number }
  | { readonly kind: 'snapshots'; readonly snapshots: readonly SnapshotOffer[] }
  /** A `snapshotManifest`, and accounts of a part: bytes that the ledger reads. */
  | { readonly kind: 'snapshot-manifest'; readonly manifest: Hex }
  | { readonly kind: 'snapshot-chunk'; readonly chunk: Hex }
  | { readonly kind: 'headers'; readonly headers: readonly Header[] }
  /** Ids of all public records that it can give. */
  | { readonly kind: 'inventory'; readonly ids: readonly Hash[] }
  | { readonly kind: 'records'; readonly records: readonly PublicRecord[] }
export const syncResponse: Codec<SyncResponse> = union<SyncResponse>({
  status: [1, struct({ status })],
  blocks: [2, struct({ blocks: list(signedBlock, MAX_SYNC_BLOCKS) })],
  transactions: [3, struct({ transactions: list(transaction, MAX_SYNC_TRANSACTIONS) })],
  block: [4, struct({ block })],
  'newest-signed': [5, struct({ records: list(certificate, MAX_NEWEST_SIGNED) })],
  unavailable: [6, struct({ code: u8 })],
  snapshots: [7, struct({ snapshots: list(snapshotOffer, MAX_SNAPSHOTS) })],
  'snapshot-manifest': [8, struct({ manifest: blob(MAX_MANIFEST_BYTES) })],
  'snapshot-chunk': [9, struct({ chunk: blob(MAX_CHUNK_BYTES) })],
  headers: [10, struct({ headers: list(header, MAX_SYNC_HEADERS) })],
  inventory: [11, struct({ ids: list(hash, MAX_INVENTORY) })],
  records: [12, struct({ records: list(publicRecord, MAX_SYNC_RECORDS) })],
})
