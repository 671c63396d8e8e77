import type { Address, Hash, Transaction } from '../wire/types.ts'

/** A transaction that was checked without state, with what follows from its bytes. */
export interface PoolEntry {
  readonly transaction: Transaction
  readonly id: Hash
  readonly sender: Address
  readonly sizeBytes: number
  /** Handed in at this node: kept and broadcast again until it is final or expired, evicted last. */
  readonly local: boolean
}

/** What the pool needs to know of an account: its next nonce and its coins. */
export interface AccountView {
  readonly nonce: number
  readonly droplets: number
}

export interface PoolLimits {
  readonly maxCount: number
  /** Of the transactions' encodings. */
  readonly maxBytes: number
  readonly maxPerAccount: number
  /** Nonces from `account nonce` up to below `account nonce + maxNonceAhead` are taken: so far may a gap reach. */
  readonly maxNonceAhead: number
}

/** Fifty blocks of a thousand; the bytes allow for twice the size of a transfer. One account can fill one such block. */
export const DEFAULT_POOL_LIMITS: PoolLimits = { maxCount: 50_000, maxBytes: 16 * 1024 * 1024, maxPerAccount: 1000, maxNonceAhead: 1000 }

/** A replacement pays at least this part more (a tenth, at least one droplet): each costs the whole network a broadcast. */
export const REPLACEMENT_DIVISOR = 10

/** Why the pool does not take a transaction, or lets it go. The codes are stable. */
export const poolCodes = {
  known: 'the pool has it',
  expired: 'the slot is after its expiry',
  'nonce-too-low': 'the account has made a transaction with this nonce before',
  'nonce-too-far': 'its nonce is too far ahead of the account',
  'fee-too-low-to-replace': 'another with its nonce is there, and it does not pay a tenth more',
  'insufficient-funds': 'all that the pool holds of the account would cost more than the account has',
  'account-full': 'the pool holds as many of the account as it takes, all with lower nonces',
  'pool-full': 'the pool is full of transactions that go before it',
} as const
export type PoolCode = keyof typeof poolCodes

/** What else happened when the pool took a transaction. */
export interface Added {
  /** The one with the same nonce that it took the place of. */
  readonly replaced: PoolEntry | null
  /** Those that had to leave to make room. */
  readonly evicted: readonly PoolEntry[]
}

export interface Dropped {
  readonly entry: PoolEntry
  readonly code: PoolCode
}

export interface PoolStats {
  readonly count: number
  readonly bytes: number
  readonly accounts: number
  readonly local: number
}
