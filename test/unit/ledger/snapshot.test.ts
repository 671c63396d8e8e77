import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concatBytes } from '../../../src/base/bytes.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { type Account, account, emptyAccount } from '../../../src/ledger/account.ts'
import { AccountTree, bucketOf } from '../../../src/ledger/account-tree.ts'
import {
  CHUNK_BYTES,
  checkChunk,
  checkManifest,
  type SnapshotManifest,
  settlesElection,
  snapshotDepth,
  snapshotManifest,
} from '../../../src/ledger/snapshot.ts'
import { restoreState, stateRoot } from '../../../src/ledger/state.ts'
import { atOnce, type Buckets, bucketSizes, encodeSubtree } from '../../../src/ledger/subtree.ts'
import { MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES } from '../../../src/wire/bounds.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { createQuorum, type QuorumMember } from '../../../src/wire/quorum.ts'
import type { Address } from '../../../src/wire/types.ts'
import { close, open } from './election-fixtures.ts'
import { CHAIN_ID, genesisOf, TestChain } from './fixtures.ts'
import { accounts } from './subtree-fixtures.ts'

const BUCKETS = 1 << 16
const treeOf = (all: ReadonlyMap<Address, Account>): AccountTree => {
  const tree = new AccountTree()
  tree.commit(tree.update(all))
  return tree
}
const encodedSubtree = (...of: Parameters<typeof encodeSubtree>) => atOnce(encodeSubtree(...of))
const checkedChunk = (...of: Parameters<typeof checkChunk>) => atOnce(checkChunk(...of))
const partsOf = (from: Buckets, depth: number): Uint8Array[] =>
  Array.from({ length: 1 << depth }, (_, index) => encodedSubtree(from, depth, index).bytes)

describe('ledger: a frozen view of the accounts', () => {
  it('stays as it was, whatever is committed later', () => {
    fc.assert(
      fc.property(accounts(15), fc.array(accounts(10), { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, 3), (all, later, depth) => {
        const tree = treeOf(all)
        const before = partsOf(tree, depth)
        const roots = before.map((_, index) => encodedSubtree(tree, depth, index).root)
        const frozen = tree.freeze()
        for (const changes of later) tree.commit(tree.update(changes))
        assert.deepEqual(partsOf(frozen, depth), before)
        assert.deepEqual(frozen.subtreeRoots(depth), roots)
        assert.equal(frozen.size, all.size)
        assert.deepEqual(tree.freeze().subtreeRoots(0), [tree.root])
        frozen.release()
        tree.commit(tree.update(all))
      }),
      { numRuns: 25, seed: 4 },
    )
  })
})

describe('ledger: where a state is cut', () => {
  const sizes = (...of: readonly (readonly [bucket: number, bytes: number])[]): number[] => {
    const all = new Array<number>(BUCKETS).fill(0)
    for (const [bucket, bytes] of of) all[bucket] = bytes
    return all
  }
  const even = (total: number): number[] => new Array<number>(BUCKETS).fill(total / BUCKETS)
  const cases: readonly { readonly description: string; readonly sizes: number[]; readonly depth: number | null }[] = [
    { description: 'nothing at all', sizes: even(0), depth: 0 },
    { description: 'just what one part should have', sizes: even(CHUNK_BYTES), depth: 0 },
    { description: 'a bucket more than that', sizes: sizes([0, CHUNK_BYTES], [BUCKETS - 1, 1]), depth: 1 },
    { description: 'ten times as much', sizes: even(10 * CHUNK_BYTES), depth: 4 },
    { description: 'all in one bucket, as much as a part can have', sizes: sizes([7, MAX_CHUNK_BYTES]), depth: 2 },
    { description: 'a bucket that is too large', sizes: sizes([7, MAX_CHUNK_BYTES + 1]), depth: null },
    { description: 'two neighbours that fit into no part together', sizes: sizes([6, MAX_CHUNK_BYTES], [7, 1]), depth: 16 },
    { description: 'two that part at the first step', sizes: sizes([0, MAX_CHUNK_BYTES], [BUCKETS / 2, MAX_CHUNK_BYTES]), depth: 3 },
    { description: 'more than 2^15 parts of the right size', sizes: even(BUCKETS * CHUNK_BYTES), depth: 16 },
    { description: 'more than fits at all', sizes: even(2 * BUCKETS * CHUNK_BYTES), depth: 16 },
  ]
  for (const { description, sizes: of, depth } of cases) it(`${description}: ${depth}`, () => assert.equal(snapshotDepth(of), depth))

  it('counts the bytes that a part will have', () => {
    fc.assert(
      fc.property(accounts(12), (all) => {
        const tree = treeOf(all)
        const found = atOnce(bucketSizes(tree))
        assert.equal(found.length, BUCKETS)
        assert.equal(
          found.reduce((sum, bytes) => sum + bytes, 0),
          encodedSubtree(tree, 0, 0).bytes.length,
        )
        for (const of of all.keys()) assert.equal(found[bucketOf(of)], encodedSubtree(tree, 16, bucketOf(of)).bytes.length)
      }),
      { numRuns: 20, seed: 5 },
    )
  })
})

describe('ledger: which blocks leave a snapshot', () => {
  it('those that settle an election, whoever is elected', () => {
    const chain = new TestChain()
    const step = (act: () => unknown): boolean => {
      const before = chain.state.globals
      act()
      return settlesElection(before, chain.state.globals)
    }
    assert.equal(
      step(() => chain.block()),
      false,
    )
    assert.equal(
      step(() => open(chain)),
      false,
    )
    assert.equal(
      step(() => chain.block()),
      false,
    )
    assert.equal(
      step(() => close(chain)),
      true,
    )
    assert.equal(
      step(() => chain.block()),
      false,
    )
    // Evidence opens an election, and its block leaves nothing; the block that settles it does.
    assert.equal(
      step(() => chain.block({ offenders: { v1: 1_000 } })),
      false,
    )
    assert.equal(
      step(() => close(chain)),
      true,
    )
    // One is settled and, by evidence in the same block, another opened.
    open(chain)
    assert.equal(
      step(() => close(chain, { offenders: { v2: 1_000 } })),
      true,
    )
  })
})

describe('ledger: snapshots', () => {
  const chain = new TestChain()
  open(chain)
  close(chain)
  chain.block()
  const { state } = chain
  const trusted = { height: state.globals.height, stateRoot: stateRoot(state) }
  const block = '0d'.repeat(32)
  const depth = 2
  const manifest: SnapshotManifest = {
    ...{ height: trusted.height, block, depth, roots: state.accounts.freeze().subtreeRoots(depth), globals: state.globals },
    ...{ quorum: state.quorum.members, headQuorum: state.headQuorum.members },
  }
  const parts = partsOf(state.accounts, depth)

  it('give the state back', () => {
    const sent = decode(snapshotManifest, encode(snapshotManifest, manifest))
    assert.deepEqual(checkManifest(sent, trusted, block), { kind: 'accept', value: undefined })
    const entries = parts.flatMap((bytes, index) => {
      const checked = checkedChunk(sent, index, bytes)
      assert.ok(checked.kind === 'accept', JSON.stringify(checked))
      return checked.value
    })
    const again = restoreState(genesisOf(), CHAIN_ID, {
      ...{ accounts: entries, globals: sent.globals },
      ...{ quorum: createQuorum(sent.quorum), headQuorum: createQuorum(sent.headQuorum) },
    })
    assert.equal(stateRoot(again), trusted.stateRoot)
    assert.equal(again.quorum.hash, state.quorum.hash)
    assert.deepEqual(again.indexes, state.indexes)
  })

  it('have a manifest within its bound, whatever is in it', () => assert.ok(snapshotManifest.maxBytes <= MAX_MANIFEST_BYTES))

  const [first, ...rest] = manifest.quorum as readonly [QuorumMember, ...QuorumMember[]]
  const lies: readonly { readonly description: string; readonly change: Partial<SnapshotManifest>; readonly code: string }[] = [
    { description: 'another height', change: { height: trusted.height + 1 }, code: 'wrong-block' },
    { description: 'another block', change: { block: 'ab'.repeat(32) }, code: 'wrong-block' },
    { description: 'a root too few', change: { roots: manifest.roots.slice(1) }, code: 'wrong-count' },
    { description: 'another depth', change: { depth: depth + 1 }, code: 'wrong-count' },
    { description: 'a depth beyond the tree', change: { depth: 17 }, code: 'wrong-count' },
    { description: 'a depth at which a shift comes round', change: { depth: 32, roots: manifest.roots.slice(0, 1) }, code: 'wrong-count' },
    { description: 'no roots', change: { roots: [] }, code: 'wrong-count' },
    { description: 'another root', change: { roots: manifest.roots.with(1, 'ab'.repeat(32)) }, code: 'wrong-root' },
    { description: 'roots in another order', change: { roots: manifest.roots.toReversed() }, code: 'wrong-root' },
    { description: 'other globals', change: { globals: { ...state.globals, supplyDroplets: 1 } }, code: 'wrong-root' },
    {
      description: 'the globals of its own quorum',
      change: { globals: { ...state.globals, quorum: '0e'.repeat(32) } },
      code: 'wrong-root',
    },
    { description: 'a member with more stake', change: { quorum: [{ ...first, stakeDroplets: 1e15 }, ...rest] }, code: 'wrong-quorum' },
    { description: 'a member too few', change: { quorum: rest }, code: 'wrong-quorum' },
    { description: 'members in another order', change: { quorum: manifest.quorum.toReversed() }, code: 'wrong-quorum' },
    { description: 'no quorum', change: { headQuorum: [] }, code: 'wrong-quorum' },
    { description: 'another quorum of the head', change: { headQuorum: [first] }, code: 'wrong-quorum' },
  ]
  for (const { description, change, code } of lies)
    it(`with ${description} are refused: ${code}`, () => {
      const verdict = checkManifest({ ...manifest, ...change }, trusted, block)
      assert.equal(verdict.kind === 'reject' ? verdict.code : verdict.kind, code)
    })

  const index = parts.findIndex((bytes) => bytes.length > 200)
  const part = parts[index] ?? assert.fail('some part has accounts')
  const other = (index + 1) % parts.length
  const entries = [...Array(1 << 14).keys()].flatMap((bucket) => [...state.accounts.bucket((index << 14) + bucket)])
  const encoded = (of: readonly (readonly [Address, Account])[]): Uint8Array =>
    concatBytes(of.flatMap(([address, value]) => [fromHex(address), encode(account, value)]))
  const outside = `${((other << 14) | 5).toString(16).padStart(4, '0')}${'0'.repeat(36)}`
  const badParts: readonly { readonly description: string; readonly bytes: Uint8Array; readonly code: string }[] = [
    { description: 'nothing in it', bytes: new Uint8Array(), code: 'wrong-root' },
    { description: 'an account missing', bytes: encoded(entries.slice(1)), code: 'wrong-root' },
    { description: 'its last account missing', bytes: encoded(entries.slice(0, -1)), code: 'wrong-root' },
    {
      description: 'a richer account',
      bytes: encoded(entries.map(([of, value], at) => [of, at === 0 ? { ...value, droplets: 1e15 } : value])),
      code: 'wrong-root',
    },
    { description: 'accounts in another order', bytes: encoded(entries.toReversed()), code: 'wrong-order' },
    { description: 'an account twice', bytes: encoded([...entries.slice(0, 1), ...entries]), code: 'wrong-order' },
    { description: 'an account of another part', bytes: encoded([[outside, emptyAccount(1)]]), code: 'wrong-bucket' },
    {
      description: 'the accounts of another part',
      bytes: parts.find((one, at) => at !== index && one.length > 0) ?? part,
      code: 'wrong-bucket',
    },
    { description: 'its end cut off', bytes: part.subarray(0, -1), code: 'malformed' },
    { description: 'a byte too many', bytes: concatBytes([part, Uint8Array.of(0)]), code: 'malformed' },
    { description: 'more bytes than a part can have', bytes: new Uint8Array(MAX_CHUNK_BYTES + 1), code: 'too-large' },
  ]
  for (const { description, bytes, code } of badParts)
    it(`refuse a part with ${description}: ${code}`, () => {
      const verdict = checkedChunk(manifest, index, bytes)
      assert.equal(verdict.kind === 'reject' ? verdict.code : verdict.kind, code)
    })

  it('refuse a part in the place of another', () => {
    for (const place of parts.keys())
      assert.equal(checkedChunk(manifest, place, part).kind === 'accept', place === index, `${toHex(part).slice(0, 8)} at ${place}`)
  })

  it('refuse a part with any byte changed', () => {
    fc.assert(
      fc.property(fc.nat(part.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = part.slice()
        bytes[at] = (bytes[at] ?? 0) ^ change
        assert.equal(checkedChunk(manifest, index, bytes).kind, 'reject')
      }),
      { numRuns: 200, seed: 6 },
    )
  })
})
