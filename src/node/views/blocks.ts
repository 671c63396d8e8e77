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

/** Blocks and transactions as the API shows them. */
export class BlockViews {
  readonly #options: BlockViewsOptions

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
    const block = height === undefined ? undefined : chain.block(height)
    return block === undefined ? undefined : this.#viewOf(block)
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
      const block = chain.block(place.height)
      const transaction = block?.transactions[place.index]
      if (block === undefined || transaction === undefined) return undefined
      return { state: 'final', transaction, height: place.height, block: blockHash(chain.chainId, block.header), index: place.index }
    }
    const waiting = pool.get(id)
    if (waiting !== undefined)
      return { state: 'pending', transaction: waiting.transaction, expirySlot: waiting.transaction.body.expirySlot }
    const code = transactions.droppedFor(id)
    return code === undefined ? undefined : { state: 'dropped', code }
  }

  #viewOf(block: SignedBlock): BlockView {
    const { chain, journal } = this.#options
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
      finalAtMs: this.finalAtMs(header.height),
      receipt: chain.receipt(header.height) ?? null,
      timeline: journal.timeline(header.height),
    }
  }
}
