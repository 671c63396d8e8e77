import { utf8 } from '../../../src/base/bytes.ts'
import { sha256Hex } from '../../../src/crypto/sha256.ts'
import type { PoolEntry } from '../../../src/mempool/types.ts'
import type { Action } from '../../../src/wire/types.ts'

export interface EntryOptions {
  readonly sender: string
  readonly nonce: number
  readonly fee?: number
  readonly amount?: number
  /** In the place of a transfer of that amount. */
  readonly action?: Action
  readonly expirySlot?: number
  readonly sizeBytes?: number
  readonly local?: boolean
  /** Makes two otherwise equal entries differ in their id. */
  readonly salt?: number
}

/** An entry as the pool sees it; signatures and keys are not its business. */
export function entry({
  sender,
  nonce,
  fee = 100,
  amount = 0,
  action = { kind: 'transfer', to: '11'.repeat(20), amountDroplets: amount, microHours: 0 },
  expirySlot = 1000,
  sizeBytes = 100,
  local = false,
  salt = 0,
}: EntryOptions): PoolEntry {
  return {
    transaction: {
      body: {
        sender: '00'.repeat(32),
        nonce,
        feeDroplets: fee,
        expirySlot,
        action,
      },
      signature: '00'.repeat(64),
    },
    id: sha256Hex(utf8(`${sender} ${nonce} ${fee} ${amount} ${expirySlot} ${sizeBytes} ${salt}`)),
    sender,
    sizeBytes,
    local,
  }
}
