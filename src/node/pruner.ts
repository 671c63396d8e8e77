import { QuorateError } from '../base/errors.ts'
import { prepare } from '../ledger/transaction.ts'
import type { Store, Write } from '../ports/store.ts'
import { encode, u64 } from '../wire/codec.ts'
import { blockHash } from '../wire/ids.ts'
import { nextTurn } from './bodies.ts'
import { COMPACT_AFTER_BLOCKS, MIN_KEPT_BLOCKS, PRUNED_AT_ONCE } from './bounds.ts'
import type { Chain } from './chain.ts'
import { keys } from './keyspace.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import { concerned } from './stored.ts'

export interface PrunerOptions {
  readonly chain: Pick<Chain, 'chainId' | 'head' | 'firstHeight' | 'block' | 'forgetBelow'>
  readonly store: Pick<Store, 'write' | 'compact'>
  readonly snapshots: Pick<SnapshotStore, 'offers'>
  /** How many of the newest blocks stay. */
  readonly keepBlocks: number
  readonly onFatal: (error: unknown) => void
}

/**
 * The pruner of a node that keeps so many blocks; null for one that keeps all.
 * @throws QuorateError `bad-option`
 */
export function prunerOf(options: Omit<PrunerOptions, 'keepBlocks'>, keepBlocks: number | undefined): Pruner | null {
  if (keepBlocks === undefined) return null
  if (!Number.isSafeInteger(keepBlocks) || keepBlocks < MIN_KEPT_BLOCKS)
    throw new QuorateError('bad-option', `a node keeps at least ${MIN_KEPT_BLOCKS} blocks, not ${keepBlocks}`)
  return new Pruner({ ...options, keepBlocks })
}

/**
 * Removes old blocks and what was noted of them, from the lowest up, in the background: the ledger stays whole, and the node is then as one
 * that began with a later block. A block above a snapshot that peers may fetch stays, since they need it to go on. Broken off, it goes on
 * where it was: the first height moves in the same write as what it leaves behind.
 */
export class Pruner {
  readonly #options: PrunerOptions
  #working: Promise<void> | null = null
  #stopped = false
  #sinceCompaction = 0

  constructor(options: PrunerOptions) {
    this.#options = options
  }

  /** The head moved. */
  settle(): void {
    if (this.#stopped || this.#working !== null || this.#options.chain.firstHeight >= this.#lowestKept()) return
    this.#working = this.#prune()
      .catch(this.#options.onFatal)
      .finally(() => {
        this.#working = null
      })
  }

  /** Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#working
  }

  #lowestKept(): number {
    const { chain, snapshots, keepBlocks } = this.#options
    return Math.min(chain.head.height - keepBlocks + 1, snapshots.offers()[0]?.height ?? Number.MAX_SAFE_INTEGER)
  }

  async #prune(): Promise<void> {
    const { chain, store } = this.#options
    while (!this.#stopped && chain.firstHeight < this.#lowestKept()) {
      const first = chain.firstHeight
      const end = Math.min(first + PRUNED_AT_ONCE, this.#lowestKept())
      const writes: Write[] = [{ kind: 'put', key: keys.first, value: encode(u64, end) }]
      for (let height = first; height < end; height++) {
        for (const key of this.#keysOf(height)) writes.push({ kind: 'del', key })
        await nextTurn()
      }
      // Whoever asks from here on is told that they are gone, before they are.
      chain.forgetBelow(end)
      await store.write(writes, { durable: false })
      this.#sinceCompaction += end - first
    }
    if (this.#sinceCompaction < COMPACT_AFTER_BLOCKS) return
    this.#sinceCompaction = 0
    // Without it the room comes back only as LevelDB happens to merge these files.
    await store.compact(keys.block(0), keys.block(chain.firstHeight))
  }

  #keysOf(height: number): Uint8Array[] {
    const { chain } = this.#options
    const found = [keys.block(height), keys.receipt(height), keys.note(height)]
    const block = chain.block(height)
    if (block === undefined) return found
    found.push(keys.blockHeight(blockHash(chain.chainId, block.header)))
    for (const [index, transaction] of block.transactions.entries()) {
      const prepared = prepare(transaction)
      found.push(keys.transaction(prepared.id))
      for (const address of concerned(prepared)) found.push(keys.concerns(address, height, index))
    }
    return found
  }
}
