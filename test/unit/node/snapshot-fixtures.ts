import assert from 'node:assert/strict'
import { sha256Hex } from '../../../src/crypto/sha256.ts'
import { type Account, emptyAccount } from '../../../src/ledger/account.ts'
import { AccountTree } from '../../../src/ledger/account-tree.ts'
import { checkChunk, checkManifest, snapshotManifest } from '../../../src/ledger/snapshot.ts'
import { atOnce } from '../../../src/ledger/subtree.ts'
import { heightIn, rangeOf } from '../../../src/node/keyspace.ts'
import type { SnapshotStore } from '../../../src/node/snapshot-store.ts'
import type { Store } from '../../../src/ports/store.ts'
import { decode, encode, u64 } from '../../../src/wire/codec.ts'
import type { Address, Hash } from '../../../src/wire/types.ts'

/** Short epochs: with a block in every other slot, elections are settled at heights 10, 20 and so on. */
export const SHORT_EPOCHS = { epochSlots: 20, electionSlots: 6, forcedElectionSlots: 6, unbondingSlots: 60, evidenceSlots: 20 }

/** Accounts by number: enough of them make a state of several parts. */
export const manyAccounts = (count: number, nonce: number): Map<Address, Account> =>
  new Map(Array.from({ length: count }, (_, index) => [sha256Hex(encode(u64, index)).slice(0, 40), { ...emptyAccount(7), nonce }]))

export function treeOf(all: ReadonlyMap<Address, Account>): AccountTree {
  const tree = new AccountTree()
  tree.commit(tree.update(all))
  return tree
}

/** Every snapshot on offer is whole and right in itself, and nothing of any other is there. Gives their heights. */
export async function assertWhole(snapshots: SnapshotStore, store: Store): Promise<readonly number[]> {
  const parts = new Map<number, number>()
  for await (const [key] of store.range(...rangeOf('c'))) {
    const height = heightIn(key.subarray(0, -4))
    parts.set(height, (parts.get(height) ?? 0) + 1)
  }
  const expected = new Map<number, number>()
  for (const { height, block, depth } of snapshots.offers()) {
    const manifest = decode(snapshotManifest, snapshots.manifestBytes(height) ?? assert.fail(`no manifest at ${height}`))
    assert.deepEqual([manifest.height, manifest.block, manifest.depth, manifest.roots.length], [height, block, depth, 1 << depth])
    for (const index of manifest.roots.keys()) {
      const bytes = snapshots.chunk(height, index) ?? assert.fail(`no part ${index} at ${height}`)
      const checked = atOnce(checkChunk(manifest, index, bytes))
      assert.equal(checked.kind, 'accept', JSON.stringify(checked))
    }
    expected.set(height, 1 << depth)
  }
  assert.deepEqual(parts, expected)
  return [...expected.keys()]
}

/** The snapshot of a height is that of a block with this state root. */
export function assertOf(snapshots: SnapshotStore, trusted: { readonly height: number; readonly stateRoot: Hash }, hash: Hash): void {
  const bytes = snapshots.manifestBytes(trusted.height) ?? assert.fail(`no manifest at ${trusted.height}`)
  assert.deepEqual(checkManifest(decode(snapshotManifest, bytes), trusted, hash), { kind: 'accept', value: undefined })
}
