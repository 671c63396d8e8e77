import { QuorateError } from '../base/errors.ts'
import type { Write } from '../ports/store.ts'
import { struct, u32, u64, WireError } from '../wire/codec.ts'
import { evidenceId } from '../wire/evidence.ts'
import type { SignedBlock } from '../wire/types.ts'
import { keys } from './keyspace.ts'

/** What is in the store cannot be what was written. */
export const corrupt = (what: string, cause?: unknown): QuorateError =>
  new QuorateError(
    'store-corrupt',
    `the store is damaged: ${what}. Restore a backup of store/, or move store/ away and start again to sync from peers; keep the file guard in either case`,
    { cause },
  )

/** Reads something of the store. @throws QuorateError `store-corrupt` if its bytes have no such value */
export function decodeStored<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof WireError) throw corrupt(`${what} cannot be read (${error.message})`, error)
    throw error
  }
}

/** Where a transaction is: in the block of a height, at an index. */
export const place = struct<{ height: number; index: number }>({ height: u64, index: u32 })

/** Which evidence a final block holds; the height is in the key. */
export const putPunished = ({ header, evidence }: SignedBlock): Write[] =>
  evidence.map((one) => ({ kind: 'put', key: keys.punished(header.height, evidenceId(one)), value: new Uint8Array() }))
