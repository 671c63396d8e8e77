import { toHex } from '../base/hex.ts'
import type { Verdict } from '../base/verdict.ts'
import type { Store, Write } from '../ports/store.ts'
import { decode, encode } from '../wire/codec.ts'
import { evidenceId } from '../wire/evidence.ts'
import { type Evidence, evidence as evidenceCodec, type Hash, type Transaction, transaction } from '../wire/types.ts'
import { keys, rangeOf } from './keyspace.ts'
import { decodeStored } from './stored.ts'

/** What a store that was put aside leaves to the one in its place: `quorate recover` writes it there. */
export const putCarried = (evidence: readonly Evidence[], transactions: readonly Transaction[]): Write[] => [
  ...evidence.map((one): Write => ({ kind: 'put', key: keys.carriedEvidence(evidenceId(one)), value: encode(evidenceCodec, one) })),
  ...transactions.map((one, index): Write => ({ kind: 'put', key: keys.carriedTransaction(index), value: encode(transaction, one) })),
]

export interface CarriedOptions {
  readonly store: Store
  /** Takes evidence as if somebody had shown it. */
  readonly report: (evidence: Evidence) => Verdict<unknown>
  /** Takes transactions as if they came from the API: on disk when it resolves. */
  readonly submit: (transactions: readonly string[]) => Promise<unknown>
}

/** Transactions that are handed in at once. */
const AT_ONCE = 500

/** Evidence waits until the chain reaches its height, where its keys are known; transactions until the chain is where they can be judged. */
export class Carried {
  readonly #options: CarriedOptions
  /** Heights of evidence that waits, by id. */
  readonly #evidence: Map<Hash, number>

  private constructor(options: CarriedOptions, evidence: Map<Hash, number>) {
    this.#options = options
    this.#evidence = evidence
  }

  /** @throws QuorateError `store-corrupt` */
  static async open(options: CarriedOptions): Promise<Carried> {
    const heights = new Map<Hash, number>()
    for await (const [key, bytes] of options.store.range(...rangeOf('f')))
      heights.set(toHex(key.subarray(1)), readEvidence(bytes).first.statement.height)
    return new Carried(options, heights)
  }

  /** Hands over evidence up to the height that is being worked on. */
  async offerEvidence(headHeight: number): Promise<void> {
    const { store, report } = this.#options
    const due = [...this.#evidence].filter(([, height]) => height <= headHeight + 1)
    for (const [id] of due) {
      this.#evidence.delete(id)
      const bytes = store.get(keys.carriedEvidence(id))
      if (bytes !== undefined) report(readEvidence(bytes))
    }
    if (due.length > 0)
      await store.write(
        due.map(([id]) => ({ kind: 'del', key: keys.carriedEvidence(id) })),
        { durable: true },
      )
  }

  /** Hands in all transactions, in their order. */
  async offerTransactions(): Promise<void> {
    const { store, submit } = this.#options
    let batch: { readonly key: Uint8Array; readonly hex: string }[] = []
    const hand = async (): Promise<void> => {
      if (batch.length === 0) return
      await submit(batch.map(({ hex }) => hex))
      await store.write(
        batch.map(({ key }) => ({ kind: 'del', key })),
        { durable: false },
      )
      batch = []
    }
    const entries: (readonly [Uint8Array, Uint8Array])[] = []
    for await (const entry of store.range(...rangeOf('o'))) entries.push(entry)
    for (const [key, bytes] of entries) {
      batch.push({ key, hex: toHex(bytes) })
      if (batch.length >= AT_ONCE) await hand()
    }
    await hand()
  }
}

const readEvidence = (bytes: Uint8Array): Evidence => decodeStored('a piece of evidence that waits', () => decode(evidenceCodec, bytes))
