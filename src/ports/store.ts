/** An ordered key-value store. Keys and values are bytes; `get` is synchronous because the ledger is. */
export type Write =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'del'; readonly key: Uint8Array }

export interface Store {
  get(key: Uint8Array): Uint8Array | undefined
  /** Entries with `from <= key < to`, in key order, or the reverse. */
  range(
    from: Uint8Array,
    to: Uint8Array,
    options?: { readonly limit?: number; readonly reverse?: boolean },
  ): AsyncIterable<readonly [Uint8Array, Uint8Array]>
  /** All or nothing. With `durable` it resolves after fsync. Rejects with QuorateError `store-full` or `store-failed`. */
  write(writes: readonly Write[], options: { readonly durable: boolean }): Promise<void>
  /** Bytes on disk of entries with `from <= key < to`, by the database's own estimate. */
  sizeOf(from: Uint8Array, to: Uint8Array): Promise<number>
  /** Gives room back that removed entries between the two took. */
  compact(from: Uint8Array, to: Uint8Array): Promise<void>
  close(): Promise<void>
}

/**
 * The signing guard's own small file: a record that is on disk (fsync) when `write` resolves.
 * `read` gives the newest intact record, `doubtful` if a newer one may have been lost
 * (a torn slot), `missing` if there is none. Rejects with QuorateError `guard-corrupt` when nothing intact is left.
 */
export interface GuardFile {
  read(): Promise<{ readonly state: 'intact' | 'doubtful'; readonly record: Uint8Array } | { readonly state: 'missing' }>
  write(record: Uint8Array): Promise<void>
  close(): Promise<void>
}
