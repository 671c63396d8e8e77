import { formatCoins } from '../base/amounts.ts'
import { invariant } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import { accept, ignore, type Verdict } from '../base/verdict.ts'
import type { Action, Address, Hash } from '../wire/types.ts'
import { Heap } from './heap.ts'
import { goesBefore, headOf, isReady, leavesBefore, placeOf, type Queue, type Stored, tailOf } from './queue.ts'
import {
  type AccountView,
  type Added,
  type Dropped,
  type PoolCode,
  type PoolEntry,
  type PoolLimits,
  type PoolStats,
  REPLACEMENT_DIVISOR,
} from './types.ts'

/** Hex digits of a short id: 8 bytes. */
const SHORT_ID_DIGITS = 16

/** Transactions that wait for a block. Bounded in all and for each account; the same calls in the same order give the same pool. */
export class Pool {
  readonly #limits: PoolLimits
  readonly #byId = new Map<Hash, Stored>()
  readonly #byShortId = new Map<Hex, Stored[]>()
  readonly #queues = new Map<Address, Queue>()
  readonly #local = new Set<Stored>()
  /** Accounts whose next transaction is there, by that one. */
  readonly #heads = new Heap<Queue>((left, right) => goesBefore(headOf(left), headOf(right)))
  /** All accounts, by their last one: only from its end may an account lose one, lest the rest wait for ever. */
  readonly #tails = new Heap<Queue>((left, right) =>
    leavesBefore(tailOf(left), left.entries.length - 1, tailOf(right), right.entries.length - 1),
  )
  #bytes = 0
  #offered = 0
  /** No entry expires before this slot. */
  #earliestExpirySlot = Number.POSITIVE_INFINITY
  /** Counts changes, to catch a pool that changes under an iteration. */
  #revision = 0

  constructor(limits: PoolLimits) {
    this.#limits = limits
  }

  /**
   * Offers an entry that passed the checks that need no state. `account` counts if the pool holds nothing of the sender;
   * after that `removeCommitted` keeps it. `ignore` with one of `poolCodes` leaves the pool as it was, except that a known
   * entry becomes local if it is offered as local.
   */
  add(entry: PoolEntry, account: AccountView, currentSlot: number): Verdict<Added> {
    const refuse = (code: PoolCode, detail: string) => ignore(code, detail)
    const known = this.#byId.get(entry.id)
    if (known !== undefined) {
      if (entry.local) this.#makeLocal(known)
      return refuse('known', `transaction ${entry.id} is in the pool`)
    }
    const queue = this.#queues.get(entry.sender) ?? { sender: entry.sender, account, costDroplets: 0, entries: [] }
    const stored = this.#storedOf(entry, queue)
    const { nonce } = stored
    const { expirySlot, feeDroplets } = entry.transaction.body
    const endNonce = queue.account.nonce + this.#limits.maxNonceAhead
    if (expirySlot < currentSlot) return refuse('expired', `expires after slot ${expirySlot}, it is slot ${currentSlot}`)
    if (nonce < queue.account.nonce) return refuse('nonce-too-low', `has nonce ${nonce}, the account's next is ${queue.account.nonce}`)
    if (nonce >= endNonce) return refuse('nonce-too-far', `has nonce ${nonce}, at most ${endNonce - 1} allowed`)

    const place = placeOf(queue, nonce)
    const atPlace = queue.entries[place]
    const replaced = atPlace?.nonce === nonce ? atPlace : undefined
    if (replaced !== undefined) {
      const oldFee = replaced.entry.transaction.body.feeDroplets
      const leastFee = oldFee + Math.max(1, Math.ceil(oldFee / REPLACEMENT_DIVISOR))
      if (feeDroplets < leastFee) {
        return refuse('fee-too-low-to-replace', `needs a fee of ${formatCoins(leastFee)} coins, has ${formatCoins(feeDroplets)}`)
      }
    }
    const costDroplets = queue.costDroplets - (replaced?.costDroplets ?? 0) + stored.costDroplets
    if (costDroplets > queue.account.droplets) {
      const detail = `needs ${formatCoins(costDroplets)} coins for all of the account in the pool, has ${formatCoins(queue.account.droplets)}`
      return refuse('insufficient-funds', detail)
    }
    const last = queue.entries.at(-1)
    const isFull = replaced === undefined && queue.entries.length >= this.#limits.maxPerAccount
    if (isFull && !(last !== undefined && last.nonce > nonce && (entry.local || !last.entry.local))) {
      return refuse('account-full', `the pool holds ${queue.entries.length} of the account and takes no more`)
    }

    const first = replaced ?? (isFull ? last : undefined)
    const evicted = this.#makeRoom(stored, place, first)
    if (evicted === null) {
      const { count, bytes } = this.stats()
      return refuse('pool-full', `the pool holds ${count} transactions of ${bytes} bytes, none of which gives way`)
    }
    this.#insert(stored)
    if (replaced !== undefined) return accept({ replaced: replaced.entry, evicted: evicted.slice(1) })
    return accept({ replaced: null, evicted })
  }

  has(id: Hash): boolean {
    return this.#byId.has(id)
  }
  get(id: Hash): PoolEntry | undefined {
    return this.#byId.get(id)?.entry
  }
  /** All entries whose id begins with these 8 bytes: more than one only if somebody took pains to make them. */
  byShortId(shortId: Hex): readonly PoolEntry[] {
    return (this.#byShortId.get(shortId) ?? []).map(({ entry }) => entry)
  }

  /** The nonce after an account's transactions that can follow one another; undefined if the pool holds nothing of it. */
  nextNonce(sender: Address): number | undefined {
    const queue = this.#queues.get(sender)
    if (queue === undefined) return undefined
    let { nonce } = queue.account
    for (const entry of queue.entries) {
      if (entry.nonce !== nonce) break
      nonce++
    }
    return nonce
  }

  /**
   * Entries for a block at `slot`, best fee for its bytes first, each account in nonce order without gaps. Take as many
   * as are needed: k of n cost O(k log k). The pool must not change before the last is taken.
   */
  *ready(slot: number): Generator<PoolEntry, void> {
    type Step = { readonly stored: Stored; readonly entryPlace: number; readonly heapPlace: number | null }
    const revision = this.#revision
    const frontier = new Heap<Step>((left, right) => goesBefore(left.stored, right.stored))
    const putHead = (heapPlace: number): void => {
      const queue = this.#heads.at(heapPlace)
      if (queue !== undefined) frontier.put({ stored: headOf(queue), entryPlace: 0, heapPlace })
    }
    putHead(0)
    for (let step = frontier.peek(); step !== undefined; step = frontier.peek()) {
      frontier.remove(step)
      const { stored, entryPlace, heapPlace } = step
      if (heapPlace !== null) {
        putHead(2 * heapPlace + 1)
        putHead(2 * heapPlace + 2)
      }
      if (stored.entry.transaction.body.expirySlot < slot) continue
      const next = stored.queue.entries[entryPlace + 1]
      if (next?.nonce === stored.nonce + 1) frontier.put({ stored: next, entryPlace: entryPlace + 1, heapPlace: null })
      yield stored.entry
      invariant(this.#revision === revision, 'the pool stays as it is while its ready entries are taken')
    }
  }

  /**
   * After a block: forgets its transactions, takes over the accounts that it changed, and drops what they make impossible:
   * lower nonces, and from the end what the account cannot pay any more (not what is local: its coins may come back).
   */
  removeCommitted(ids: Iterable<Hash>, accounts: Iterable<readonly [Address, AccountView]>): readonly Dropped[] {
    const dropped: Dropped[] = []
    const drop = (stored: Stored, code: PoolCode): void => {
      this.#remove(stored)
      dropped.push({ entry: stored.entry, code })
    }
    for (const id of ids) this.#removeId(id)
    for (const [address, account] of accounts) {
      const queue = this.#queues.get(address)
      if (queue === undefined) continue
      this.#revision++
      queue.account = account
      while (queue.entries.length > 0 && headOf(queue).nonce < account.nonce) drop(headOf(queue), 'nonce-too-low')
      while (queue.costDroplets > account.droplets && !tailOf(queue).entry.local) drop(tailOf(queue), 'insufficient-funds')
      this.#reorder(queue)
    }
    return dropped
  }

  /** Removes and returns what no block at `currentSlot` or later may hold. */
  expire(currentSlot: number): readonly PoolEntry[] {
    if (currentSlot <= this.#earliestExpirySlot) return []
    const expired: Stored[] = []
    this.#earliestExpirySlot = Number.POSITIVE_INFINITY
    for (const stored of this.#byId.values()) {
      const { expirySlot } = stored.entry.transaction.body
      if (expirySlot < currentSlot) expired.push(stored)
      else this.#earliestExpirySlot = Math.min(this.#earliestExpirySlot, expirySlot)
    }
    for (const stored of expired) this.#remove(stored)
    return expired.map(({ entry }) => entry)
  }

  /** Entries handed in at this node, oldest first: to broadcast again, and to keep over a restart. */
  local(): readonly PoolEntry[] {
    return [...this.#local].sort((left, right) => left.order - right.order).map(({ entry }) => entry)
  }

  stats(): PoolStats {
    return { count: this.#byId.size, bytes: this.#bytes, accounts: this.#queues.size, local: this.#local.size }
  }

  #storedOf(entry: PoolEntry, queue: Queue): Stored {
    const { nonce, feeDroplets, action } = entry.transaction.body
    return {
      entry,
      queue,
      nonce,
      feePerByte: feeDroplets / entry.sizeBytes,
      costDroplets: feeDroplets + amountOf(action),
      order: this.#offered++,
    }
  }

  /** Removes `first`, then the least of all until `stored` fits, and returns them; or puts all back and returns null. */
  #makeRoom(stored: Stored, place: number, first: Stored | undefined): PoolEntry[] | null {
    const removed: Stored[] = []
    const take = (victim: Stored): void => {
      this.#remove(victim)
      removed.push(victim)
    }
    if (first !== undefined) take(first)
    while (this.#byId.size >= this.#limits.maxCount || this.#bytes + stored.entry.sizeBytes > this.#limits.maxBytes) {
      const queue = this.#tails.peek()
      const victim = queue === undefined ? undefined : tailOf(queue)
      const wouldLeaveGap = victim?.queue === stored.queue && victim.nonce < stored.nonce
      if (victim === undefined || wouldLeaveGap || !leavesBefore(victim, victim.queue.entries.length - 1, stored, place)) {
        for (const back of removed) this.#insert(back)
        return null
      }
      take(victim)
    }
    return removed.map(({ entry }) => entry)
  }

  #insert(stored: Stored): void {
    const { entry, queue } = stored
    this.#revision++
    this.#byId.set(entry.id, stored)
    const shortId = entry.id.slice(0, SHORT_ID_DIGITS)
    const sameShortId = this.#byShortId.get(shortId)
    if (sameShortId === undefined) this.#byShortId.set(shortId, [stored])
    else sameShortId.push(stored)
    if (entry.local) this.#local.add(stored)
    this.#bytes += entry.sizeBytes
    this.#earliestExpirySlot = Math.min(this.#earliestExpirySlot, entry.transaction.body.expirySlot)
    queue.costDroplets += stored.costDroplets
    queue.entries.splice(placeOf(queue, stored.nonce), 0, stored)
    this.#reorder(queue)
  }

  #remove(stored: Stored): void {
    const { entry, queue } = stored
    this.#revision++
    this.#byId.delete(entry.id)
    const shortId = entry.id.slice(0, SHORT_ID_DIGITS)
    const others = (this.#byShortId.get(shortId) ?? []).filter((other) => other !== stored)
    if (others.length === 0) this.#byShortId.delete(shortId)
    else this.#byShortId.set(shortId, others)
    this.#local.delete(stored)
    this.#bytes -= entry.sizeBytes
    queue.costDroplets -= stored.costDroplets
    queue.entries.splice(placeOf(queue, stored.nonce), 1)
    this.#reorder(queue)
  }

  #removeId(id: Hash): void {
    const stored = this.#byId.get(id)
    if (stored !== undefined) this.#remove(stored)
  }

  /** Gives an account the places that its first and last entry have now. */
  #reorder(queue: Queue): void {
    if (queue.entries.length === 0) {
      this.#queues.delete(queue.sender)
      this.#tails.remove(queue)
    } else {
      this.#queues.set(queue.sender, queue)
      this.#tails.put(queue)
    }
    if (isReady(queue)) this.#heads.put(queue)
    else this.#heads.remove(queue)
  }

  #makeLocal(stored: Stored): void {
    if (stored.entry.local) return
    this.#revision++
    stored.entry = { ...stored.entry, local: true }
    this.#local.add(stored)
    this.#tails.put(stored.queue)
  }
}

/** What an action takes of its sender's coins. The fee that a registration burns is genesis' business, and checked at the door. */
const amountOf = (action: Action): number =>
  action.kind === 'transfer' || action.kind === 'stake' || action.kind === 'delegate' ? action.amountDroplets : 0
