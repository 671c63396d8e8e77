import { invariant } from '../base/errors.ts'
import { toHex } from '../base/hex.ts'
import { sha256, sha256Pairs } from '../crypto/sha256.ts'
import { Writer } from '../wire/codec.ts'
import { type Address, address, type Hash } from '../wire/types.ts'
import { type Account, account } from './account.ts'

/**
 * Accounts lie in 2^STATE_TREE_DEPTH buckets by the first bits of their address. Measured with 100,000 accounts and
 * blocks of 1,000 transfers: with fewer buckets each one hashes more accounts that did not change, with more the tree grows.
 */
export const STATE_TREE_DEPTH = 16

const HASH_BYTES = 32
const BUCKETS = 1 << STATE_TREE_DEPTH
/** Hex digits of an address that name its bucket. */
const PREFIX_DIGITS = STATE_TREE_DEPTH / 4

/** What a set of changes would make of the tree. Opaque: made by `update`, used by `commit`. */
export interface TreeUpdate {
  readonly changes: ReadonlyMap<Address, Account>
  readonly root: Hash
  /** The tree that it fits: a commit makes another. */
  readonly revision: number
  /** Addresses that are new, by bucket, each list ascending with those that were there. */
  readonly buckets: ReadonlyMap<number, readonly Address[]>
  /** Places of changed nodes, from the leaves up, and their hashes one after the other. */
  readonly places: readonly Uint32Array[]
  readonly hashes: readonly Uint8Array[]
}

/**
 * All accounts and the Merkle tree over them, in memory.
 *
 * A leaf is the sha256 over `address ‖ account` of its bucket's accounts by ascending address, or 32 zero bytes for none.
 * A node is the sha256 of its two children. Every leaf is STATE_TREE_DEPTH steps below the root, so none passes for a node.
 */
export class AccountTree {
  readonly #accounts = new Map<Address, Account>()
  readonly #buckets: (readonly Address[] | undefined)[] = new Array(BUCKETS)
  /** The root at 1, the children of i at 2i and 2i + 1, the leaves from BUCKETS on. */
  readonly #nodes = emptyNodes()
  #revision = 0

  get size(): number {
    return this.#accounts.size
  }
  get root(): Hash {
    return toHex(this.#nodes.subarray(HASH_BYTES, 2 * HASH_BYTES))
  }
  get(of: Address): Account | undefined {
    return this.#accounts.get(of)
  }
  entries(): IterableIterator<[Address, Account]> {
    return this.#accounts.entries()
  }

  /** What the tree would be with these accounts in it. Changes nothing. */
  update(changes: ReadonlyMap<Address, Account>): TreeUpdate {
    const { touched, buckets } = this.#placeChanges(changes)
    let places = Uint32Array.from(touched).sort()
    let hashes = new Uint8Array(places.length * HASH_BYTES)
    for (let index = 0; index < places.length; index++) {
      const bucket = places[index] ?? 0
      hashes.set(this.#leaf(buckets.get(bucket) ?? this.#buckets[bucket] ?? [], changes), index * HASH_BYTES)
      places[index] = bucket + BUCKETS
    }
    const update = { changes, buckets, revision: this.#revision, places: [places], hashes: [hashes] }
    for (let level = 0; level < STATE_TREE_DEPTH && places.length > 0; level++) {
      ;[places, hashes] = this.#levelAbove(places, hashes)
      update.places.push(places)
      update.hashes.push(hashes)
    }
    return { ...update, root: places.length > 0 ? toHex(hashes) : this.root }
  }

  /** Makes an update the tree. It must come from this tree as it is now. */
  commit(update: TreeUpdate): void {
    invariant(update.revision === this.#revision, 'an update of the account tree fits the tree that it was made from')
    this.#revision++
    for (const [of, value] of update.changes) this.#accounts.set(of, value)
    for (const [bucket, addresses] of update.buckets) this.#buckets[bucket] = addresses
    for (const [level, places] of update.places.entries()) {
      const hashes = update.hashes[level] as Uint8Array
      for (const [index, place] of places.entries()) {
        this.#nodes.set(hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES), place * HASH_BYTES)
      }
    }
  }

  /** Buckets that the changes touch, and the addresses of those that get new ones. */
  #placeChanges(changes: ReadonlyMap<Address, Account>): { touched: Set<number>; buckets: Map<number, Address[]> } {
    const touched = new Set<number>()
    const buckets = new Map<number, Address[]>()
    for (const of of changes.keys()) {
      const bucket = Number.parseInt(of.slice(0, PREFIX_DIGITS), 16)
      touched.add(bucket)
      if (this.#accounts.has(of)) continue
      const addresses = buckets.get(bucket)
      if (addresses === undefined) buckets.set(bucket, [...(this.#buckets[bucket] ?? []), of])
      else addresses.push(of)
    }
    for (const addresses of buckets.values()) addresses.sort()
    return { touched, buckets }
  }

  #leaf(addresses: readonly Address[], changes: ReadonlyMap<Address, Account>): Uint8Array {
    const writer = new Writer()
    for (const of of addresses) {
      const value = changes.get(of) ?? this.#accounts.get(of)
      invariant(value !== undefined, `account ${of} is in a bucket and not in the ledger`)
      address.write(writer, of)
      account.write(writer, value)
    }
    return sha256(writer.finish())
  }

  /** Parents of ascending `places` and their hashes; a child that did not change is taken from the tree. */
  #levelAbove(places: Uint32Array, hashes: Uint8Array): [Uint32Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] {
    const parents = new Uint32Array(places.length)
    const pairs = new Uint8Array(places.length * 2 * HASH_BYTES)
    let count = 0
    for (let index = 0; index < places.length; index++) {
      const place = places[index] ?? 0
      const parent = place >>> 1
      const isLeft = (place & 1) === 0
      if (isLeft || parents[count - 1] !== parent) {
        const sibling = place ^ 1
        pairs.set(this.#nodes.subarray(sibling * HASH_BYTES, (sibling + 1) * HASH_BYTES), (count * 2 + (isLeft ? 1 : 0)) * HASH_BYTES)
        parents[count++] = parent
      }
      pairs.set(hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES), ((count - 1) * 2 + (isLeft ? 0 : 1)) * HASH_BYTES)
    }
    const above = new Uint8Array(count * HASH_BYTES)
    sha256Pairs(pairs.subarray(0, count * 2 * HASH_BYTES), above)
    return [parents.slice(0, count), above]
  }
}

/** The tree over no accounts: all leaves zero. */
function emptyNodes(): Uint8Array {
  const nodes = new Uint8Array(2 * BUCKETS * HASH_BYTES)
  for (let first = BUCKETS >>> 1; first >= 1; first >>>= 1) {
    const children = nodes.subarray(2 * first * HASH_BYTES, 4 * first * HASH_BYTES)
    sha256Pairs(children, nodes.subarray(first * HASH_BYTES, 2 * first * HASH_BYTES))
  }
  return nodes
}
