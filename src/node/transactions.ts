import type { SubmitResult } from '../api/types.ts'
import { fromHex } from '../base/hex.ts'
import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { checkAdmission } from '../ledger/apply.ts'
import { checkTransaction, type PreparedTransaction } from '../ledger/transaction.ts'
import type { Pool } from '../mempool/pool.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { decode, encode, WireError } from '../wire/codec.ts'
import { transactionId } from '../wire/ids.ts'
import { type Hash, type Transaction, transaction, transactionBatch } from '../wire/types.ts'
import { nextTurn } from './bodies.ts'
import {
  BATCH_BYTES,
  BATCH_DELAY_MS,
  BATCH_TRANSACTIONS,
  CHECKED_PER_TURN,
  MAX_BATCHES_IN_CHECK,
  MAX_DROPPED_REMEMBERED,
} from './bounds.ts'
import type { Chain, FinalBlock } from './chain.ts'
import type { Slots } from './slots.ts'

/** An account that the ledger does not know. */
const emptyAccount = { nonce: 0, droplets: 0 }

function decodeTransaction(text: string): Verdict<Transaction> {
  try {
    return accept(decode(transaction, fromHex(text)))
  } catch (error) {
    if (error instanceof WireError) return reject('malformed', `no transaction: ${error.message}`)
    if (error instanceof RangeError) return reject('malformed', error.message)
    throw error
  }
}

/** Everything that happens to a transaction before it is in a block. */
export class Transactions {
  readonly #chain: Chain
  readonly #pool: Pool
  readonly #network: Network
  readonly #slots: Slots
  readonly #signatures: Signatures
  readonly #telemetry: Telemetry
  readonly #dropped = new Map<Hash, string>()
  readonly #onPending: (ids: readonly Hash[]) => void
  readonly #onDropped: (id: Hash, code: string) => void
  /** Came into the pool, and nobody was told yet. */
  #news: Hash[] = []
  #inCheck = 0
  #outbox: PreparedTransaction[] = []
  #flushTimer: NodeJS.Timeout | undefined

  constructor(options: {
    readonly chain: Chain
    readonly pool: Pool
    readonly network: Network
    readonly slots: Slots
    readonly signatures: Signatures
    readonly telemetry: Telemetry
    /** Those that came into the pool together. */
    readonly onPending: (ids: readonly Hash[]) => void
    readonly onDropped: (id: Hash, code: string) => void
  }) {
    this.#chain = options.chain
    this.#pool = options.pool
    this.#network = options.network
    this.#slots = options.slots
    this.#signatures = options.signatures
    this.#telemetry = options.telemetry
    this.#onPending = options.onPending
    this.#onDropped = options.onDropped
  }

  /** Takes back what the API had accepted before a restart, and broadcasts it again. */
  async restore(): Promise<void> {
    const gone: Hash[] = []
    for (const prepared of await this.#chain.pending()) {
      if (this.#chain.placeOf(prepared.id) !== undefined) gone.push(prepared.id)
      else {
        const verdict = this.#offer(prepared, true)
        if (verdict.kind !== 'accept') {
          gone.push(prepared.id)
          this.#remember(prepared.id, verdict.code)
        }
      }
    }
    if (gone.length > 0) await this.#chain.dropPending(gone)
    this.#tell()
    this.rebroadcast()
  }

  /** Validates a message of the topic `transactions`. */
  async validate(data: Uint8Array): Promise<Verdict<unknown>> {
    // [IGNORE] overloaded: what waits for its turn is in memory.
    if (this.#inCheck >= MAX_BATCHES_IN_CHECK) return ignore('overloaded', `${this.#inCheck} batches are being checked`)
    this.#inCheck++
    try {
      return await this.#validate(data)
    } finally {
      this.#inCheck--
      this.#tell()
    }
  }

  async #validate(data: Uint8Array): Promise<Verdict<unknown>> {
    let batch: readonly Transaction[]
    try {
      batch = decode(transactionBatch, data)
    } catch (error) {
      // [REJECT] malformed: no canonical bytes within the bounds.
      if (error instanceof WireError) return reject('malformed', error.message)
      throw error
    }
    // [REJECT] empty-batch: it says nothing.
    if (batch.length === 0) return reject('empty-batch')
    let isNews = false
    let ignored = ignore('known', 'nothing new')
    for (const [index, value] of batch.entries()) {
      if (index % CHECKED_PER_TURN === CHECKED_PER_TURN - 1) await nextTurn()
      const verdict = this.#take(value, false)
      // [REJECT] what is wrong in itself, whatever the state: bad-signature, fee-too-low, empty-transfer.
      if (verdict.kind === 'reject') return verdict
      // [IGNORE] what the pool has or the present state does not allow.
      if (verdict.kind === 'accept') isNews = true
      else ignored = ignore(verdict.code, verdict.detail)
    }
    return isNews ? accept(undefined) : ignored
  }

  /** Takes transactions from this node's API; what is accepted is on disk when it resolves. */
  async submit(encoded: readonly string[]): Promise<readonly SubmitResult[]> {
    const results: SubmitResult[] = []
    const accepted: PreparedTransaction[] = []
    for (const [index, text] of encoded.entries()) {
      if (index % CHECKED_PER_TURN === CHECKED_PER_TURN - 1) await nextTurn()
      const value = decodeTransaction(text)
      if (value.kind !== 'accept') {
        results.push({ id: null, accepted: false, code: value.code, detail: value.detail })
        continue
      }
      const id = transactionId(value.value)
      // A client may ask again after a lost answer, also when it has become final since.
      if (this.#chain.placeOf(id) !== undefined) {
        results.push({ id, accepted: true })
        continue
      }
      const verdict = this.#take(value.value, true)
      // What the pool has already is as good as accepted: a client may ask again after a lost answer.
      const taken = verdict.kind === 'accept' ? verdict.value : this.#knownAs(value.value)
      if (taken !== null) {
        accepted.push(taken)
        results.push({ id: taken.id, accepted: true })
      } else if (verdict.kind !== 'accept') results.push({ id, accepted: false, code: verdict.code, detail: verdict.detail })
    }
    this.#tell()
    if (accepted.length > 0) {
      await this.#chain.keepPending(accepted)
      this.#broadcast(accepted)
    }
    for (const result of results) this.#telemetry.count(result.accepted ? 'submit.accepted' : `submit.${result.code}`)
    return results
  }

  /** Why a transaction left the pool without being final, if it did and that is remembered. */
  droppedFor(id: Hash): string | undefined {
    return this.#dropped.get(id)
  }

  /** After a commit: what is in the block leaves the pool, and what it made impossible. */
  settle(final: Pick<FinalBlock, 'transactions' | 'transition'>): void {
    const ids = final.transactions.map(({ id }) => id)
    const left = this.#pool.removeCommitted(ids, final.transition.changes)
    this.#drop(left.map(({ entry, code }) => ({ id: entry.id, local: entry.local, code })))
  }

  /** The state is another altogether: what waits is held against its accounts. */
  followState(): void {
    const left = this.#pool.removeCommitted([], this.#chain.ledger.accounts.entries())
    this.#drop(left.map(({ entry, code }) => ({ id: entry.id, local: entry.local, code })))
  }

  /** Lets go what no block from this slot on can hold. */
  expire(slot: number): void {
    this.#drop(this.#pool.expire(slot).map(({ id, local }) => ({ id, local, code: 'expired' })))
  }

  /** Gossips again what this node's API accepted and is not final. */
  rebroadcast(): void {
    this.#broadcast([...this.#pool.local()])
  }

  stop(): void {
    clearTimeout(this.#flushTimer)
  }

  #tell(): void {
    const news = this.#news
    this.#news = []
    if (news.length > 0) this.#onPending(news)
  }

  #take(value: Transaction, local: boolean): Verdict<PreparedTransaction> {
    const { chainId, genesis } = this.#chain
    // Its signature is not checked again if the pool holds it.
    let known: PreparedTransaction | undefined
    const checked = checkTransaction(chainId, genesis.parameters, value, this.#signatures, (id) => {
      known = this.#pool.get(id)
      return known
    })
    if (checked.kind !== 'accept') return checked
    if (known === undefined) return this.#offer(checked.value, local)
    if (local) this.#pool.add({ ...checked.value, local }, emptyAccount, 0)
    return ignore('known', `transaction ${checked.value.id} is known`)
  }

  /** The prepared form of a transaction that the pool holds. */
  #knownAs(value: Transaction): PreparedTransaction | null {
    return this.#pool.get(transactionId(value)) ?? null
  }

  #offer(prepared: PreparedTransaction, local: boolean): Verdict<PreparedTransaction> {
    const { ledger, head } = this.#chain
    const slot = Math.max(this.#slots.now() ?? 0, head.slot + 1)
    const admitted = checkAdmission(ledger, slot, prepared)
    if (admitted.kind !== 'accept') return admitted
    const account = ledger.accounts.get(prepared.sender) ?? emptyAccount
    const added = this.#pool.add({ ...prepared, local }, account, slot)
    if (added.kind !== 'accept') return added
    this.#news.push(prepared.id)
    const { replaced, evicted } = added.value
    this.#drop([
      ...(replaced === null ? [] : [{ id: replaced.id, local: replaced.local, code: 'replaced' }]),
      ...evicted.map(({ id, local: wasLocal }) => ({ id, local: wasLocal, code: 'pool-full' })),
    ])
    return accept(prepared)
  }

  #drop(left: readonly { readonly id: Hash; readonly local: boolean; readonly code: string }[]): void {
    for (const { id, code } of left) {
      this.#remember(id, code)
      this.#onDropped(id, code)
    }
    const kept = left.filter(({ local }) => local).map(({ id }) => id)
    if (kept.length > 0)
      this.#chain.dropPending(kept).catch((error: unknown) => this.#telemetry.log('error', 'store.failed', { error: String(error) }))
  }

  #remember(id: Hash, code: string): void {
    if (this.#dropped.size >= MAX_DROPPED_REMEMBERED) {
      const [oldest] = this.#dropped.keys()
      if (oldest !== undefined) this.#dropped.delete(oldest)
    }
    this.#dropped.set(id, code)
  }

  #broadcast(transactions: readonly PreparedTransaction[]): void {
    this.#outbox.push(...transactions)
    if (this.#outbox.length >= BATCH_TRANSACTIONS) this.#flush()
    else if (this.#outbox.length > 0) this.#flushTimer ??= setTimeout(() => this.#flush(), BATCH_DELAY_MS)
  }

  #flush(): void {
    clearTimeout(this.#flushTimer)
    this.#flushTimer = undefined
    const outbox = this.#outbox
    this.#outbox = []
    let batch: Transaction[] = []
    let bytes = 0
    const send = (): void => {
      if (batch.length === 0) return
      const count = batch.length
      this.#network.publish('transactions', encode(transactionBatch, batch)).catch((error: unknown) => {
        this.#telemetry.log('warn', 'gossip.publish-failed', { topic: 'transactions', count, error: String(error) })
      })
      batch = []
      bytes = 0
    }
    for (const { transaction: value, sizeBytes } of outbox) {
      if (batch.length >= BATCH_TRANSACTIONS || bytes + sizeBytes > BATCH_BYTES) send()
      batch.push(value)
      bytes += sizeBytes
    }
    send()
  }
}
