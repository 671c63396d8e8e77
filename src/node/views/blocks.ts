import type { BlockView, TransactionView } from '../../api/types.ts'
import { blockTimeMs } from '../../ledger/state.ts'
import type { Pool } from '../../mempool/pool.ts'
import { encode } from '../../wire/codec.ts'
import { blockHash, transactionId } from '../../wire/ids.ts'
import { type Address, type Hash, type SignedBlock, signedBlock } from '../../wire/types.ts'
import type { Chain } from '../chain.ts'
import type { Journal } from '../journal.ts'
import type { Transactions } from '../transactions.ts'

export interface BlockViewsOptions {
  readonly chain: Chain
  readonly journal: Pick<Journal, 'timeline'>
  readonly pool: Pick<Pool, 'get'>
  readonly transactions: Pick<Transactions, 'droppedFor'>
}

/** What of a view never changes once the block is final. */
type Lasting = Omit<BlockView, 'finalAtMs' | 'timeline'>

/** Of the encoded blocks and receipts whose views are kept: several full ones, or hundreds as they usually are. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024
const RECEIPT_ROW_BYTES = 64
const sizeOf = ({ bytes, receipt }: Lasting): number =>
  bytes + RECEIPT_ROW_BYTES * (receipt === null ? 0 : receipt.rewards.length + receipt.events.length)

/** Blocks and transactions as the API shows them. */
export class BlockViews {
  readonly #options: BlockViewsOptions
  /** By height, the one that was asked for last at the end: most ask for the newest few, and reading one hashes all its transactions. */
  readonly #kept = new Map<number, Lasting>()
  #keptBytes = 0

  constructor(options: BlockViewsOptions) {
    this.#options = options
  }

  /** When a block became final here; null for one that sync brought. */
  finalAtMs(height: number): number | null {
    const timeline = this.#options.journal.timeline(height)
    return timeline === null || timeline.finalMs === null ? null : timeline.slotStartMs + timeline.finalMs
  }

  block(at: number | Hash): BlockView | undefined {
    const { chain } = this.#options
    const height = typeof at === 'number' ? at : chain.heightOf(at)
    const lasting = height === undefined ? undefined : this.#lasting(height)
    if (lasting === undefined) return undefined
    const { header } = lasting.block
    return { ...lasting, finalAtMs: this.finalAtMs(header.height), timeline: this.#options.journal.timeline(header.height) }
  }
  blocks(fromHeight: number, count: number): readonly BlockView[] {
    const views: BlockView[] = []
    for (let height = Math.max(1, fromHeight); views.length < count; height++) {
      const view = this.block(height)
      if (view === undefined) break
      views.push(view)
    }
    return views
  }

  transaction(id: Hash): TransactionView | undefined {
    const { chain, pool, transactions } = this.#options
    const place = chain.placeOf(id)
    if (place !== undefined) {
      const found = this.#lasting(place.height)
      const transaction = found?.block.transactions[place.index]
      if (found === undefined || transaction === undefined) return undefined
      return { state: 'final', transaction, height: place.height, block: found.hash, index: place.index }
    }
    const waiting = pool.get(id)
    if (waiting !== undefined)
      return { state: 'pending', transaction: waiting.transaction, expirySlot: waiting.transaction.body.expirySlot }
    const code = transactions.droppedFor(id)
    return code === undefined ? undefined : { state: 'dropped', code }
  }

  #lasting(height: number): Lasting | undefined {
    const { chain } = this.#options
    if (height < chain.firstHeight) return undefined
    let found = this.#kept.get(height)
    if (found === undefined) {
      const block = chain.block(height)
      if (block === undefined) return undefined
      found = this.#read(block)
      this.#keptBytes += sizeOf(found)
    }
    this.#kept.delete(height)
    this.#kept.set(height, found)
    for (const [oldest, kept] of this.#kept) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) break
      this.#kept.delete(oldest)
      this.#keptBytes -= sizeOf(kept)
    }
    return found
  }

  #read(block: SignedBlock): Lasting {
    const { chain } = this.#options
    const { header, seal } = block
    const quorum = chain.quorumAt(header.height)
    const addressAt = (index: number): Address => quorum?.members[index]?.id ?? ''
    return {
      hash: blockHash(chain.chainId, header),
      block,
      timeMs: blockTimeMs(chain.ledger, header.slot),
      makerAddress: addressAt(header.maker),
      signerAddresses: seal.signers.map(addressAt),
      transactionIds: block.transactions.map(transactionId),
      bytes: encode(signedBlock, block).length,
      receipt: chain.receipt(header.height) ?? null,
    }
  }
}
