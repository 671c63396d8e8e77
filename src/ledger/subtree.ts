import { invariant } from '../base/errors.ts'
import { toHex } from '../base/hex.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { sha256Into, sha256Pairs } from '../crypto/sha256.ts'
import { Reader, WireError, Writer } from '../wire/codec.ts'
import { type Address, address, type Hash } from '../wire/types.ts'
import { type Account, account } from './account.ts'
import { BUCKETS, bucketOf, STATE_TREE_DEPTH } from './account-tree.ts'

/** What accounts are read from: the tree as it is, or as it was. */
export interface Buckets {
  bucket(index: number): Iterable<readonly [Address, Account]>
}

/** Bytes of a subtree, and its root that follows from them. */
export interface EncodedSubtree {
  readonly bytes: Uint8Array
  readonly root: Hash
}

/** Accounts of a subtree, by ascending address, and the root that their bytes give. */
export interface Subtree {
  readonly accounts: readonly (readonly [Address, Account])[]
  readonly root: Hash
}

/**
 * Work that can be left and gone on with: it yields where whoever runs it may do something else first, and returns its result.
 * A few milliseconds lie between.
 */
export type Steps<T> = Generator<undefined, T, undefined>

const HASH_BYTES = 32
const ACCOUNTS_PER_STEP = 512

/** Does the work in one go. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** The accounts of a subtree: `address ‖ account`, ascending. The subtree is the one at `index` from the left, `depth` steps below the root. */
export function* encodeSubtree(from: Buckets, depth: number, index: number): Steps<EncodedSubtree> {
  const writer = new Writer()
  const ends: number[] = []
  let count = 0
  for (let bucket = firstBucket(depth, index); ends.length < bucketsAt(depth); bucket++) {
    for (const entry of from.bucket(bucket)) {
      if (++count % ACCOUNTS_PER_STEP === 0) yield
      writeEntry(writer, entry)
    }
    ends.push(writer.length)
  }
  const bytes = writer.finish()
  const leaves = new Uint8Array(ends.length * HASH_BYTES)
  for (const [place, end] of ends.entries()) {
    if (place % ACCOUNTS_PER_STEP === ACCOUNTS_PER_STEP - 1) yield
    putLeaf(leaves, place, bytes.subarray(ends[place - 1] ?? 0, end))
  }
  return { bytes, root: foldHashes(leaves) }
}

/** Bytes of the accounts of each bucket. */
export function* bucketSizes(from: Buckets): Steps<readonly number[]> {
  const writer = new Writer()
  const sizes: number[] = []
  let count = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    writer.clear()
    for (const entry of from.bucket(bucket)) {
      if (++count % ACCOUNTS_PER_STEP === 0) yield
      writeEntry(writer, entry)
    }
    sizes.push(writer.length)
  }
  return sizes
}

/**
 * Reads what `encodeSubtree` makes, whoever made it: `reject` with `malformed`, `wrong-order` or `wrong-bucket`. The caller
 * compares the root; bytes that pass are the only ones for it.
 */
export function* readSubtree(bytes: Uint8Array, depth: number, index: number): Steps<Verdict<Subtree>> {
  const first = firstBucket(depth, index)
  const leaves = new Uint8Array(bucketsAt(depth) * HASH_BYTES)
  const accounts: (readonly [Address, Account])[] = []
  const reader = new Reader(bytes)
  let bucket = first
  let start = 0
  let last: Address = ''
  const close = (end: number): void => {
    putLeaf(leaves, bucket - first, bytes.subarray(start, end))
    start = end
  }
  try {
    while (reader.remaining > 0) {
      const offset = bytes.length - reader.remaining
      const of = address.read(reader)
      if (of <= last) return reject('wrong-order', `account ${of} after ${last}`)
      if (bucketOf(of) !== bucket) {
        close(offset)
        bucket = bucketOf(of)
        if (bucket >> (STATE_TREE_DEPTH - depth) !== index)
          return reject('wrong-bucket', `account ${of} is not in subtree ${index} of 2^${depth}`)
      }
      last = of
      if (accounts.push([of, account.read(reader)]) % ACCOUNTS_PER_STEP === 0) yield
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return reject('malformed', `after account ${last}: ${error.message}`)
  }
  close(bytes.length)
  return accept({ accounts, root: foldHashes(leaves) })
}

/** The root of a complete binary tree over hashes that lie one after the other, a power of two of them. */
export function foldHashes(hashes: Uint8Array): Hash {
  let level = hashes
  while (level.length > HASH_BYTES) {
    const above = new Uint8Array(level.length / 2)
    sha256Pairs(level, above)
    level = above
  }
  invariant(level.length === HASH_BYTES, 'a tree has a power of two of leaves')
  return toHex(level)
}

const bucketsAt = (depth: number): number => 1 << (STATE_TREE_DEPTH - depth)
const firstBucket = (depth: number, index: number): number => index << (STATE_TREE_DEPTH - depth)

function writeEntry(writer: Writer, [of, value]: readonly [Address, Account]): void {
  address.write(writer, of)
  account.write(writer, value)
}

/** An empty bucket stays 32 zero bytes. */
function putLeaf(leaves: Uint8Array, place: number, bytes: Uint8Array): void {
  if (bytes.length > 0) sha256Into(bytes, leaves, place * HASH_BYTES)
}
