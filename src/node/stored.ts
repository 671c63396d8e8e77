import { QuorateError } from '../base/errors.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { PreparedTransaction } from '../ledger/transaction.ts'
import type { Write } from '../ports/store.ts'
import { encode, struct, u32, u64, WireError } from '../wire/codec.ts'
import { evidenceId } from '../wire/evidence.ts'
import { type Action, type Address, action, address, type Hash, hash, type SignedBlock } from '../wire/types.ts'
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

/** Whose account a transaction concerns: its sender's, and whoever it names as taking coins or a bond, or giving one back. */
export function concerned({ sender, transaction }: PreparedTransaction): ReadonlySet<Address> {
  const { action } = transaction.body
  if (action.kind === 'transfer') return new Set([sender, action.to])
  if (action.kind === 'delegate' || action.kind === 'undelegate') return new Set([sender, action.verifier])
  return new Set([sender])
}
/** With what a list of an account's transactions shows, so that no block is read for it. */
export const concern = struct<{ id: Hash; slot: number; sender: Address; action: Action }>({ id: hash, slot: u64, sender: address, action })
export const putConcerns = (of: PreparedTransaction, { height, slot }: BlockRef, index: number): Write[] =>
  [...concerned(of)].map((address) => ({
    kind: 'put',
    key: keys.concerns(address, height, index),
    value: encode(concern, { id: of.id, slot, sender: of.sender, action: of.transaction.body.action }),
  }))

/** Which evidence a final block holds; the height is in the key. */
export const putPunished = ({ header, evidence }: SignedBlock): Write[] =>
  evidence.map((one) => ({ kind: 'put', key: keys.punished(header.height, evidenceId(one)), value: new Uint8Array() }))
