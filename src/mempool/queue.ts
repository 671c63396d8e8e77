import type { Address } from '../wire/types.ts'
import type { AccountView, PoolEntry } from './types.ts'

/** An entry in its place. */
export interface Stored {
  /** Another object once it is local. */
  entry: PoolEntry
  readonly queue: Queue
  readonly nonce: number
  readonly feePerByte: number
  /** Droplets that it takes from the account. */
  readonly costDroplets: number
  /** Counts up with each entry that the pool was offered: of equals, the earlier goes first. */
  readonly order: number
}

/** What one account has in the pool. */
export interface Queue {
  readonly sender: Address
  account: AccountView
  costDroplets: number
  /** By ascending nonce, with gaps. */
  readonly entries: Stored[]
}

/** Place of a nonce among the entries: the first that is not below it. */
export function placeOf(queue: Queue, nonce: number): number {
  let low = 0
  let high = queue.entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((queue.entries[middle] as Stored).nonce < nonce) low = middle + 1
    else high = middle
  }
  return low
}

/** True if a nonce before this one is missing, so that it has to wait. */
const isGapped = (stored: Stored, place: number): boolean => stored.nonce !== stored.queue.account.nonce + place

/** Which of two goes into a block first: the higher fee for its bytes, then the earlier. */
export const goesBefore = (left: Stored, right: Stored): boolean =>
  left.feePerByte !== right.feePerByte ? left.feePerByte > right.feePerByte : left.order < right.order

export const headOf = (queue: Queue): Stored => queue.entries[0] as Stored
export const tailOf = (queue: Queue): Stored => queue.entries.at(-1) as Stored

/** True if the account's next transaction is there. */
export const isReady = (queue: Queue): boolean => queue.entries[0]?.nonce === queue.account.nonce

/** Which of two has to leave first: strangers before local ones, those that wait for a gap before others, then the one that goes last. */
export function leavesBefore(left: Stored, leftPlace: number, right: Stored, rightPlace: number): boolean {
  if (left.entry.local !== right.entry.local) return right.entry.local
  const leftGapped = isGapped(left, leftPlace)
  if (leftGapped !== isGapped(right, rightPlace)) return leftGapped
  return goesBefore(right, left)
}
