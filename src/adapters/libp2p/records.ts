import { NotFoundError } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

type Datastore = NonNullable<Libp2pOptions['datastore']>
type Key = Parameters<Datastore['has']>[0]
type Batch = ReturnType<Datastore['batch']>
type Query = Parameters<Datastore['query']>[0]
type KeyQuery = Parameters<Datastore['queryKeys']>[0]
interface Pair {
  readonly key: Key
  readonly value: Uint8Array
}
type Source<T> = Iterable<T> | AsyncIterable<T>

/**
 * What libp2p keeps of peers and of the DHT, in memory. Strangers can put records into both, as many as they like, so
 * beyond the bound the record that was not used for longest goes. They can also say of a peer that it has one address more, over and
 * over: a record that would grow beyond its bound stays as it is, until the peer itself says what its addresses are.
 */
export class RecordStore implements Datastore {
  readonly #maxRecords: number
  readonly #maxRecordBytes: number
  readonly #records = new Map<string, Pair>()

  constructor(maxRecords: number, maxRecordBytes: number) {
    this.#maxRecords = maxRecords
    this.#maxRecordBytes = maxRecordBytes
  }

  has(key: Key): boolean {
    return this.#records.has(key.toString())
  }

  get(key: Key): Uint8Array {
    const record = this.#records.get(key.toString())
    if (record === undefined) throw new NotFoundError(`no record ${key.toString()}`)
    this.put(record.key, record.value)
    return record.value
  }

  put(key: Key, value: Uint8Array): Key {
    if (value.length > this.#maxRecordBytes) return key
    this.#records.delete(key.toString())
    this.#records.set(key.toString(), { key, value })
    const [oldest] = this.#records.keys()
    if (this.#records.size > this.#maxRecords && oldest !== undefined) this.#records.delete(oldest)
    return key
  }

  delete(key: Key): void {
    this.#records.delete(key.toString())
  }

  async *putMany(source: Source<Pair>): AsyncGenerator<Key> {
    for await (const { key, value } of source) yield this.put(key, value)
  }

  async *getMany(source: Source<Key>): AsyncGenerator<Pair> {
    for await (const key of source) yield { key, value: this.get(key) }
  }

  async *deleteMany(source: Source<Key>): AsyncGenerator<Key> {
    for await (const key of source) {
      this.delete(key)
      yield key
    }
  }

  batch(): Batch {
    const steps: (() => void)[] = []
    return {
      put: (key, value) => void steps.push(() => this.put(key, value)),
      delete: (key) => void steps.push(() => this.delete(key)),
      commit: () => {
        for (const step of steps.splice(0)) step()
      },
    }
  }

  *query(query: Query): Generator<Pair> {
    yield* select([...this.#records.values()], (record) => record.key, query)
  }

  *queryKeys(query: KeyQuery): Generator<Key> {
    const keys = [...this.#records.values()].map((record) => record.key)
    yield* select(keys, (key) => key, query)
  }
}

interface Selection<T> {
  readonly prefix?: string
  readonly filters?: ((item: T) => boolean)[]
  readonly orders?: ((left: T, right: T) => number)[]
  readonly limit?: number
  readonly offset?: number
}

function select<T>(items: T[], keyOf: (item: T) => Key, { prefix = '', filters = [], orders = [], limit, offset = 0 }: Selection<T>): T[] {
  const chosen = items.filter((item) => keyOf(item).toString().startsWith(prefix) && filters.every((filter) => filter(item)))
  for (const order of orders) chosen.sort(order)
  return chosen.slice(offset, limit === undefined ? undefined : offset + limit)
}
