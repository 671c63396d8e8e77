import type { Network } from '../ports/network.ts'
import { MAX_SYNC_BLOCKS, MAX_SYNC_BYTES, MAX_SYNC_HEADERS } from '../wire/bounds.ts'
import { decode, encode, Reader, WireError } from '../wire/codec.ts'
import {
  blocksAnswer,
  recordsAnswer,
  type Status,
  type SyncRequest,
  type SyncResponse,
  snapshotAnswer,
  syncRequest,
  syncResponse,
} from '../wire/sync.ts'
import { type Block, type Hash, type Header, header } from '../wire/types.ts'
import { MAX_HEADER_SOURCE_BYTES } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { Heard } from './heard.ts'
import type { KnownBlocks } from './known-blocks.ts'
import type { PublicRecords } from './public-records.ts'
import type { SnapshotStore } from './snapshot-store.ts'

const UNAVAILABLE = { kind: 'unavailable', code: 1 } as const
/** Of another chain, or another version of the protocols. */
const OTHER_CHAIN = { kind: 'unavailable', code: 2 } as const

export interface SyncServerOptions {
  readonly chain: Chain
  readonly network: Network
  readonly known: KnownBlocks
  readonly heard: Pick<Heard, 'of'>
  readonly records: Pick<PublicRecords, 'inventory' | 'records'>
  readonly snapshots: Pick<SnapshotStore, 'offers' | 'manifestBytes' | 'chunk'>
  readonly ownStatus: () => Status
  readonly onStatus: (peerId: string, status: Status) => void
}

/** Answers peers on the stream `sync`. */
export class SyncServer {
  readonly #options: SyncServerOptions

  constructor(options: SyncServerOptions) {
    this.#options = options
    options.network.handle('sync', async (data, from) => {
      let request: SyncRequest
      try {
        request = decode(syncRequest, data)
      } catch (error) {
        if (error instanceof WireError) options.network.penalize(from, 'malformed')
        throw error
      }
      return this.#answerBytes(request, from)
    })
  }

  /** What is stored in the form in which it is sent is not decoded for it. */
  #answerBytes(request: SyncRequest, from: string): Uint8Array {
    const { chain, snapshots, records } = this.#options
    switch (request.kind) {
      case 'blocks':
        if (request.fromHeight > 0 && request.fromHeight < chain.firstHeight) return encode(syncResponse, UNAVAILABLE)
        return blocksAnswer(this.#blocks(request.fromHeight, Math.min(request.count, MAX_SYNC_BLOCKS)))
      case 'snapshot-manifest': {
        const bytes = snapshots.manifestBytes(request.height)
        return bytes === undefined ? encode(syncResponse, UNAVAILABLE) : snapshotAnswer(request.kind, bytes)
      }
      case 'snapshot-chunk': {
        const bytes = snapshots.chunk(request.height, request.index)
        return bytes === undefined ? encode(syncResponse, UNAVAILABLE) : snapshotAnswer(request.kind, bytes)
      }
      case 'records':
        return recordsAnswer(records.records(request.ids))
      default:
        return encode(syncResponse, this.#answer(request, from))
    }
  }

  #answer(
    request: Exclude<SyncRequest, { kind: 'blocks' | 'snapshot-manifest' | 'snapshot-chunk' | 'records' }>,
    from: string,
  ): SyncResponse {
    const { chain, heard, ownStatus, onStatus } = this.#options
    switch (request.kind) {
      case 'status': {
        const own = ownStatus()
        if (request.status.chainId !== own.chainId || request.status.version !== own.version) return OTHER_CHAIN
        onStatus(from, request.status)
        return { kind: 'status', status: own }
      }
      case 'transactions': {
        const block = this.#find(request.block)
        if (block === undefined) return UNAVAILABLE
        const transactions = request.indices.map((index) => block.transactions[index])
        return transactions.every((transaction) => transaction !== undefined) ? { kind: 'transactions', transactions } : UNAVAILABLE
      }
      case 'block': {
        const block = this.#find(request.block)
        return block === undefined
          ? UNAVAILABLE
          : { kind: 'block', block: { header: block.header, evidence: block.evidence, transactions: block.transactions } }
      }
      case 'newest-signed': {
        const records = heard.of(request.verifier)
        const { head, headSeal, headQuorum } = chain
        const index = headQuorum.members.findIndex((member) => member.id === request.verifier)
        // The head's certificate may have grown since it was heard of. A seal above it is newer: that block is not final yet.
        const isNewer = records.some(({ statement }) => statement.kind === 'seal' && statement.height > head.height)
        if (isNewer || headSeal?.signers.includes(index) !== true) return { kind: 'newest-signed', records }
        const sealed = { statement: { kind: 'seal', height: head.height, block: head.hash } as const, aggregate: headSeal }
        return { kind: 'newest-signed', records: [...records.filter(({ statement }) => statement.kind !== 'seal'), sealed] }
      }
      case 'snapshots':
        return { kind: 'snapshots', snapshots: this.#options.snapshots.offers() }
      case 'inventory':
        return { kind: 'inventory', ids: this.#options.records.inventory() }
      case 'headers':
        if (request.fromHeight > 0 && request.fromHeight < chain.firstHeight) return UNAVAILABLE
        return { kind: 'headers', headers: this.#headers(request.fromHeight, Math.min(request.count, MAX_SYNC_HEADERS)) }
    }
  }

  /** A sealed block, or one that waits for its seal. */
  #find(of: Hash): Block | undefined {
    const { chain, known } = this.#options
    const waiting = known.get(of)
    if (waiting !== undefined) return waiting.block
    const height = chain.heightOf(of)
    return height === undefined ? undefined : chain.block(height)
  }

  /** From a height up, as many as are there and were asked for. */
  #headers(fromHeight: number, count: number): readonly Header[] {
    const headers: Header[] = []
    let bytes = 0
    for (let height = fromHeight; height < fromHeight + count && bytes < MAX_HEADER_SOURCE_BYTES; height++) {
      const block = this.#options.chain.blockBytes(height)
      if (block === undefined) break
      bytes += block.length
      // The first field of a block; the rest is not looked at.
      headers.push(header.read(new Reader(block)))
    }
    return headers
  }

  /** From a height up, as many as are there, were asked for and fit into an answer; one at least. */
  #blocks(fromHeight: number, count: number): readonly Uint8Array[] {
    const blocks: Uint8Array[] = []
    let bytes = 0
    for (let height = fromHeight; height < fromHeight + count && height <= this.#options.chain.head.height; height++) {
      const block = this.#options.chain.blockBytes(height)
      if (block === undefined) break
      bytes += block.length
      if (bytes > MAX_SYNC_BYTES && blocks.length > 0) break
      blocks.push(block)
    }
    return blocks
  }
}
