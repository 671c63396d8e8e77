import { QuorateError } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { checkTransaction, type PreparedTransaction } from '../ledger/transaction.ts'
import { merkleRoot, shortIdOf } from '../wire/ids.ts'
import type { Hash, Header, Transaction } from '../wire/types.ts'
import { CHECKED_PER_TURN, FETCH_DEADLINE_MS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { SyncClient } from './sync-client.ts'

/** The part of the pool that a compact body is filled from. */
export interface TransactionSource {
  byShortId(short: Hex): readonly PreparedTransaction[]
  get(id: Hash): PreparedTransaction | undefined
}

/** Lets other work of the event loop go first. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Fills compact bodies: from the pool, and what is missing there from the peer that sent them. */
export class Bodies {
  readonly #chain: Chain
  readonly #pool: TransactionSource
  readonly #client: SyncClient
  readonly #signatures: Signatures

  constructor(chain: Chain, pool: TransactionSource, client: SyncClient, signatures: Signatures) {
    this.#chain = chain
    this.#pool = pool
    this.#client = client
    this.#signatures = signatures
  }

  /** The transactions of a header, each with a checked signature. `ignore` if they cannot be had, `reject` if they cannot be right. */
  async fill(of: Hash, header: Header, shortIds: readonly Hex[], from: string): Promise<Verdict<readonly PreparedTransaction[]>> {
    if (shortIds.length > this.#chain.genesis.parameters.maxBlockTransactions)
      return reject(
        'too-many-transactions',
        `${shortIds.length} transactions, at most ${this.#chain.genesis.parameters.maxBlockTransactions} allowed`,
      )
    const filled: (PreparedTransaction | undefined)[] = shortIds.map((short) => {
      const matches = this.#pool.byShortId(short)
      return matches.length === 1 ? matches[0] : undefined
    })
    const missing = [...filled.keys()].filter((index) => filled[index] === undefined)
    try {
      if (missing.length > 0) {
        const signal = AbortSignal.timeout(FETCH_DEADLINE_MS)
        const answer = await this.#client.ask(from, { kind: 'transactions', block: of, indices: missing }, signal)
        // sync.md Y4: all of them, or unavailable.
        if (answer !== null && answer.transactions.length !== missing.length)
          throw this.#client.blame(from, `${answer.transactions.length} transactions instead of ${missing.length}`)
        if (answer === null) return ignore('missing-transactions', `${missing.length} of ${shortIds.length}`)
        const checked = await this.check(answer.transactions)
        if (checked.kind !== 'accept') return checked
        for (const [place, index] of missing.entries()) filled[index] = checked.value[place]
      }
      const transactions = filled as PreparedTransaction[]
      if (
        transactions.every(({ id }, index) => shortIdOf(id) === shortIds[index]) &&
        merkleRoot(transactions.map(({ id }) => id)) === header.transactionsRoot
      )
        return accept(transactions)
      // Two transactions can share a short id, by chance or on purpose: then only the whole body tells.
      const answer = await this.#client.ask(from, { kind: 'block', block: of }, AbortSignal.timeout(FETCH_DEADLINE_MS))
      if (answer === null) return ignore('missing-transactions', 'the whole body')
      const whole = await this.check(answer.block.transactions)
      if (whole.kind !== 'accept') return whole
      if (merkleRoot(whole.value.map(({ id }) => id)) !== header.transactionsRoot)
        return reject('wrong-transactions-root', 'the body is not that of the header')
      return whole
    } catch (error) {
      if (error instanceof QuorateError) return ignore('missing-transactions', error.message)
      throw error
    }
  }

  /** Checks what the pool does not have already, a few at a turn. */
  async check(transactions: readonly Transaction[]): Promise<Verdict<readonly PreparedTransaction[]>> {
    const checked: PreparedTransaction[] = []
    const { chainId, genesis } = this.#chain
    for (const [index, transaction] of transactions.entries()) {
      if (index % CHECKED_PER_TURN === CHECKED_PER_TURN - 1) await nextTurn()
      const verdict = checkTransaction(chainId, genesis.parameters, transaction, this.#signatures, (id) => this.#pool.get(id))
      if (verdict.kind !== 'accept') return reject('bad-transaction', `${verdict.code}: ${verdict.detail}`)
      checked.push(verdict.value)
    }
    return accept(checked)
  }
}
