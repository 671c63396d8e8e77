import { invariant } from '../base/errors.ts'
import { fromHex } from '../base/hex.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { MAX_CHUNK_BYTES } from '../wire/bounds.ts'
import { type Codec, encode, list, struct, u8, u64 } from '../wire/codec.ts'
import { type QuorumMember, quorumMembers } from '../wire/quorum.ts'
import { type Hash, type Header, hash } from '../wire/types.ts'
import { BUCKETS, STATE_TREE_DEPTH } from './account-tree.ts'
import { type Globals, globals as globalsCodec } from './globals.ts'
import { stateRootOf } from './state.ts'
import { foldHashes, readSubtree, type Steps, type Subtree } from './subtree.ts'

/** All of a state but its accounts, and the roots of the parts in which these come. */
export interface SnapshotManifest {
  /** Of the block after which the state is this. */
  readonly height: number
  readonly block: Hash
  /** A part is a subtree of the accounts, so many steps below the root. */
  readonly depth: number
  /** Of the 2^depth parts, from the left. */
  readonly roots: readonly Hash[]
  readonly globals: Globals
  /** Of the quorum that signs the next height, and of the one that signs this. */
  readonly quorum: readonly QuorumMember[]
  readonly headQuorum: readonly QuorumMember[]
}

export const snapshotManifest: Codec<SnapshotManifest> = struct<SnapshotManifest>({
  height: u64,
  block: hash,
  depth: u8,
  roots: list(hash, 1 << STATE_TREE_DEPTH),
  globals: globalsCodec,
  quorum: quorumMembers,
  headQuorum: quorumMembers,
})

/**
 * Bytes of a part that a snapshot is cut for: its parts are half to all of it where addresses are spread evenly, as hashes are.
 * @internal
 */
export const CHUNK_BYTES = 1024 * 1024

/** Whether a block that made these globals of those settled an election: the state after such a block is kept as a snapshot. */
export const settlesElection = (before: Globals, after: Globals): boolean =>
  before.election !== null && after.election?.number !== before.election.number

/**
 * Depth at which a state is cut, from the bytes of its buckets: the least at which a part has CHUNK_BYTES on average, and
 * none more than MAX_CHUNK_BYTES. Null if one bucket alone has more: such a state has no snapshot.
 */
export function snapshotDepth(bucketSizes: readonly number[]): number | null {
  invariant(bucketSizes.length === BUCKETS, 'a state has all of its buckets')
  const total = bucketSizes.reduce((sum, bytes) => sum + bytes, 0)
  // From the leaves up: each level has the sums of the one below it.
  let level = bucketSizes
  let depth: number | null = null
  for (let at = STATE_TREE_DEPTH; at >= 0; at--) {
    if (level.some((bytes) => bytes > MAX_CHUNK_BYTES)) break
    depth = at
    if (at === 0 || total > CHUNK_BYTES * 2 ** (at - 1)) break
    level = Array.from({ length: level.length / 2 }, (_, index) => (level[2 * index] ?? 0) + (level[2 * index + 1] ?? 0))
  }
  return depth
}

/** Holds a manifest against a trusted header and its hash: `reject` with `wrong-block`, `wrong-count`, `wrong-root` or `wrong-quorum`. */
export function checkManifest(
  { height, block, depth, roots, globals, quorum, headQuorum }: SnapshotManifest,
  trusted: Pick<Header, 'height' | 'stateRoot'>,
  trustedHash: Hash,
): Verdict {
  if (height !== trusted.height || block !== trustedHash)
    return reject(
      'wrong-block',
      `is of block ${block.slice(0, 8)} at height ${height}, not of ${trustedHash.slice(0, 8)} at ${trusted.height}`,
    )
  if (depth > STATE_TREE_DEPTH || roots.length !== 1 << depth) return reject('wrong-count', `${roots.length} roots at depth ${depth}`)
  const stateRoot = stateRootOf(foldHashes(fromHex(roots.join(''))), globals)
  if (stateRoot !== trusted.stateRoot)
    return reject('wrong-root', `gives state root ${stateRoot.slice(0, 8)}, the header says ${trusted.stateRoot.slice(0, 8)}`)
  // Hashed as they came: in another order they are another list.
  for (const [members, expected] of [
    [quorum, globals.quorum],
    [headQuorum, globals.headQuorum],
  ] as const) {
    const found = sha256Hex(encode(quorumMembers, members))
    if (found !== expected) return reject('wrong-quorum', `a quorum has hash ${found.slice(0, 8)}, the state says ${expected.slice(0, 8)}`)
  }
  return accept(undefined)
}

/** Holds a part against a manifest that passed: `reject` with `too-large`, or as `readSubtree`, or `wrong-root`. */
export function* checkChunk(
  { depth, roots }: Pick<SnapshotManifest, 'depth' | 'roots'>,
  index: number,
  bytes: Uint8Array,
): Steps<Verdict<Subtree['accounts']>> {
  const root = roots[index]
  invariant(root !== undefined, 'a part is one of those in the manifest')
  if (bytes.length > MAX_CHUNK_BYTES)
    return reject('too-large', `part ${index} has ${bytes.length} bytes, at most ${MAX_CHUNK_BYTES} allowed`)
  const read = yield* readSubtree(bytes, depth, index)
  if (read.kind !== 'accept') return read
  if (read.value.root !== root)
    return reject('wrong-root', `part ${index} gives root ${read.value.root.slice(0, 8)}, the manifest says ${root.slice(0, 8)}`)
  return accept(read.value.accounts)
}
