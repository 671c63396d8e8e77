import { invariant } from '../base/errors.ts'
import { leadingDigits, toHex } from '../base/hex.ts'
import { sha256Into, sha256Pairs } from '../crypto/sha256.ts'
import { Writer } from '../wire/codec.ts'
import { type Address, address, type Hash } from '../wire/types.ts'
import { type Account, account } from './account.ts'

/**
 * Accounts lie in 2^STATE_TREE_DEPTH buckets by the first bits of their address. Measured with 100,000 accounts and
 * blocks of 1,000 transfers: with fewer buckets each one hashes more accounts that did not change, with more the tree grows.
 * @internal
 */
export const STATE_TREE_DEPTH = 16

const HASH_BYTES = 32
/** Hashes are moved as 32-bit words: for so few bytes a loop is many times faster than views and `set`. */
const HASH_WORDS = HASH_BYTES / 4
export const BUCKETS = 1 << STATE_TREE_DEPTH
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
  readonly hashes: readonly Uint32Array[]
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
  /** Views of the tree as it was: they take over what a commit replaces. */
  readonly #frozen = new Set<FrozenAccounts>()
  #revision = 0

  get size(): number {
    return this.#accounts.size
  }
  get root(): Hash {
    return hashAt(this.#nodes, 1)
  }
  get(of: Address): Account | undefined {
    return this.#accounts.get(of)
  }
  entries(): IterableIterator<[Address, Account]> {
    return this.#accounts.entries()
  }
  /** The accounts of a bucket, by ascending address. */
  *bucket(index: number): Generator<readonly [Address, Account]> {
    for (const of of this.addressesIn(index)) {
      const value = this.#accounts.get(of)
      invariant(value !== undefined, `account ${of} is in a bucket and not in the ledger`)
      yield [of, value]
    }
  }
  /** Addresses of a bucket, ascending. */
  addressesIn(index: number): readonly Address[] {
    return this.#buckets[index] ?? []
  }
  /** What stands beside the way from a bucket to the root: STATE_TREE_DEPTH hashes, the lowest first. */
  siblings(bucket: number): readonly Hash[] {
    const siblings: Hash[] = []
    for (let place = BUCKETS + bucket; place > 1; place >>>= 1) siblings.push(hashAt(this.#nodes, place ^ 1))
    return siblings
  }

  /**
   * A view of the accounts as they are now, which stays so whatever is committed later, until it is released. Taken at once:
   * a commit hands over what it replaces.
   */
  freeze(): FrozenAccounts {
    const frozen = new FrozenAccounts(this, this.#nodes.slice(), () => this.#frozen.delete(frozen))
    this.#frozen.add(frozen)
    return frozen
  }

  /** What the tree would be with these accounts in it. Changes nothing. */
  update(changes: ReadonlyMap<Address, Account>): TreeUpdate {
    const { touched, buckets } = this.#placeChanges(changes)
    let places = Uint32Array.from(touched).sort()
    let hashes = this.#leaves(places, buckets, changes)
    for (let index = 0; index < places.length; index++) places[index] = (places[index] ?? 0) + BUCKETS
    const update = { changes, buckets, revision: this.#revision, places: [places], hashes: [hashes] }
    for (let level = 0; level < STATE_TREE_DEPTH && places.length > 0; level++) {
      ;[places, hashes] = this.#levelAbove(places, hashes)
      update.places.push(places)
      update.hashes.push(hashes)
    }
    return { ...update, root: places.length > 0 ? hashAt(hashes, 0) : this.root }
  }

  /** Makes an update the tree. It must come from this tree as it is now. */
  commit(update: TreeUpdate): void {
    invariant(update.revision === this.#revision, 'an update of the account tree fits the tree that it was made from')
    this.#revision++
    for (const frozen of this.#frozen) for (const of of update.changes.keys()) frozen.keep(of, this.#accounts.get(of))
    for (const [of, value] of update.changes) this.#accounts.set(of, value)
    for (const [bucket, addresses] of update.buckets) this.#buckets[bucket] = addresses
    for (const [level, places] of update.places.entries()) {
      const hashes = update.hashes[level] as Uint32Array
      for (let index = 0; index < places.length; index++) copyHash(hashes, index, this.#nodes, places[index] ?? 0)
    }
  }

  /** Buckets that the changes touch, and the addresses of those that get new ones. */
  #placeChanges(changes: ReadonlyMap<Address, Account>): { touched: Set<number>; buckets: Map<number, Address[]> } {
    const touched = new Set<number>()
    const buckets = new Map<number, Address[]>()
    for (const of of changes.keys()) {
      const bucket = bucketOf(of)
      touched.add(bucket)
      if (this.#accounts.has(of)) continue
      const addresses = buckets.get(bucket)
      if (addresses === undefined) buckets.set(bucket, [...(this.#buckets[bucket] ?? []), of])
      else addresses.push(of)
    }
    for (const addresses of buckets.values()) addresses.sort()
    return { touched, buckets }
  }

  /** Hashes of buckets with the changes in them. */
  #leaves(
    touched: Uint32Array,
    buckets: ReadonlyMap<number, readonly Address[]>,
    changes: ReadonlyMap<Address, Account>,
  ): Uint32Array<ArrayBuffer> {
    const writer = new Writer()
    const ends = new Uint32Array(touched.length)
    for (let index = 0; index < touched.length; index++) {
      const bucket = touched[index] ?? 0
      for (const of of buckets.get(bucket) ?? this.#buckets[bucket] ?? []) {
        const value = changes.get(of) ?? this.#accounts.get(of)
        invariant(value !== undefined, `account ${of} is in a bucket and not in the ledger`)
        address.write(writer, of)
        account.write(writer, value)
      }
      ends[index] = writer.length
    }
    const bytes = writer.finish()
    const hashes = new Uint32Array(touched.length * HASH_WORDS)
    const hashBytes = bytesOf(hashes)
    for (let index = 0; index < touched.length; index++) {
      sha256Into(bytes.subarray(ends[index - 1] ?? 0, ends[index]), hashBytes, index * HASH_BYTES)
    }
    return hashes
  }

  /** Parents of ascending `places` and their hashes; a child that did not change is taken from the tree. */
  #levelAbove(places: Uint32Array, hashes: Uint32Array): [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>] {
    const parents = new Uint32Array(places.length)
    const above = new Uint32Array(places.length * HASH_WORDS)
    const aboveBytes = bytesOf(above)
    const pair = new Uint32Array(2 * HASH_WORDS)
    const pairBytes = bytesOf(pair)
    let count = 0
    for (let index = 0; index < places.length; index++) {
      const place = places[index] ?? 0
      const side = place & 1
      copyHash(hashes, index, pair, side)
      if (places[index + 1] === (place ^ 1)) copyHash(hashes, ++index, pair, 1)
      else copyHash(this.#nodes, place ^ 1, pair, 1 - side)
      sha256Into(pairBytes, aboveBytes, count * HASH_BYTES)
      parents[count++] = place >>> 1
    }
    return [parents.slice(0, count), above]
  }
}

/** The accounts of a tree as they were at one moment. */
export class FrozenAccounts {
  /** Number of accounts. */
  readonly size: number
  readonly #tree: AccountTree
  readonly #nodes: Uint32Array
  readonly #release: () => void
  /** What the tree has replaced since; undefined for an account that was not there. */
  readonly #replaced = new Map<Address, Account | undefined>()

  constructor(tree: AccountTree, nodes: Uint32Array, release: () => void) {
    this.size = tree.size
    this.#tree = tree
    this.#nodes = nodes
    this.#release = release
  }

  /** The accounts of a bucket, by ascending address. */
  *bucket(index: number): Generator<readonly [Address, Account]> {
    for (const of of this.#tree.addressesIn(index)) {
      const value = this.#replaced.has(of) ? this.#replaced.get(of) : this.#tree.get(of)
      if (value !== undefined) yield [of, value]
    }
  }
  /** Roots of the subtrees that are `depth` steps below the root, from the left: 2^depth of them. */
  subtreeRoots(depth: number): readonly Hash[] {
    const first = 1 << depth
    return Array.from({ length: first }, (_, index) => hashAt(this.#nodes, first + index))
  }
  /** The tree replaces an account; what was there first is what counts. */
  keep(of: Address, before: Account | undefined): void {
    if (!this.#replaced.has(of)) this.#replaced.set(of, before)
  }
  /** Nothing is asked of it any more. */
  release(): void {
    this.#release()
  }
}

/** Index of the bucket that an address lies in. */
export const bucketOf = (of: Address): number => leadingDigits(of, PREFIX_DIGITS)

const hashAt = (nodes: Uint32Array, place: number): Hash => toHex(bytesOf(nodes).subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES))

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength)

function copyHash(from: Uint32Array, fromPlace: number, to: Uint32Array, toPlace: number): void {
  const source = fromPlace * HASH_WORDS
  const target = toPlace * HASH_WORDS
  for (let word = 0; word < HASH_WORDS; word++) to[target + word] = from[source + word] ?? 0
}

/** The tree over no accounts: all leaves zero, and on each level above all nodes alike. */
function emptyNodes(): Uint32Array {
  const nodes = new Uint32Array(2 * BUCKETS * HASH_WORDS)
  for (let first = BUCKETS >>> 1; first >= 1; first >>>= 1) {
    const child = 2 * first * HASH_WORDS
    sha256Pairs(
      bytesOf(nodes.subarray(child, child + 2 * HASH_WORDS)),
      bytesOf(nodes.subarray(first * HASH_WORDS, (first + 1) * HASH_WORDS)),
    )
    for (let place = first + 1; place < 2 * first; place++) copyHash(nodes, first, nodes, place)
  }
  return nodes
}
