import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageView } from '../../api/observe-types.ts'
import type { Store } from '../../ports/store.ts'
import type { Chain } from '../chain.ts'
import { rangeOf } from '../keyspace.ts'

/** What each letter of the keys counts as; the others are small. */
const kinds = {
  blocks: ['b'],
  receipts: ['r'],
  indexes: ['h', 't', 'i', 'n'],
  state: ['a', 'q'],
  snapshots: ['s', 'c'],
  evidence: ['e', 'x'],
} as const

/** Rejects with QuorateError `store-failed`, or with what the file system says. */
export async function storageView(
  chain: Pick<Chain, 'head' | 'firstHeight'>,
  store: Pick<Store, 'sizeOf'>,
  directory: string,
  keepBlocks: number | null,
): Promise<StorageView> {
  const sizeOf = async (letters: readonly string[]): Promise<number> => {
    let bytes = 0
    for (const letter of letters) bytes += await store.sizeOf(...rangeOf(letter))
    return bytes
  }
  const sizes = {
    blocks: await sizeOf(kinds.blocks),
    receipts: await sizeOf(kinds.receipts),
    indexes: await sizeOf(kinds.indexes),
    state: await sizeOf(kinds.state),
    snapshots: await sizeOf(kinds.snapshots),
    evidence: await sizeOf(kinds.evidence),
  }
  const total = await bytesUnder(directory)
  const known = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0)
  const { bavail, bsize } = await statfs(directory)
  return {
    ...{ mode: keepBlocks === null ? 'archive' : 'pruned', keepBlocks, firstHeight: chain.firstHeight, height: chain.head.height },
    // The newest writes lie in a log that the estimates leave out.
    bytes: { ...sizes, other: Math.max(0, total - known), total },
    freeBytes: bavail * bsize,
  }
}

/** Of all files; one that goes away meanwhile counts for nothing. */
async function bytesUnder(directory: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    bytes += found?.size ?? 0
  }
  return bytes
}
