import assert from 'node:assert/strict'
import { readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'
import { readBackup, writeBackup } from '../../../src/node/backup.ts'
import { Chain } from '../../../src/node/chain.ts'
import { directoryPaths } from '../../../src/node/directory.ts'
import { Pruner } from '../../../src/node/pruner.ts'
import { restoreBackup } from '../../../src/node/restore.ts'
import { SnapshotStore } from '../../../src/node/snapshot-store.ts'
import { storageView } from '../../../src/node/views/storage.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { extend, type OpenChain, openChain } from './fixtures.ts'

const BLOCKS = 40

describe('a backup of a node', () => {
  let of: TestChain
  let other: TestChain
  let own: OpenChain

  before(async () => {
    of = await TestChain.make(2)
    other = await TestChain.make(1)
    own = await openChain(of)
    await extend(of, own.chain, BLOCKS)
  })
  after(() => own.store.close())

  const backup = () => writeBackup(own.store, { name: 'test', genesis: of.genesis, height: own.chain.head.height, createdMs: 1 })
  async function backupFile(change: (bytes: Buffer) => Buffer = (bytes) => bytes): Promise<string> {
    const pieces: Uint8Array[] = []
    for await (const piece of backup()) pieces.push(piece)
    const path = join(tempDirectory('backup'), 'backup')
    writeFileSync(path, change(Buffer.concat(pieces)))
    return path
  }

  it('makes a directory that goes on from the same block, genesis included', async () => {
    const directory = join(tempDirectory('restore'), 'node')
    const { height, hash, hasKeys } = await restoreBackup(directory, await backupFile())
    assert.deepEqual({ height, hash, hasKeys }, { height: BLOCKS, hash: own.chain.head.hash, hasKeys: false })
    assert.equal(statSync(directory).mode & 0o777, 0o700)
    const store = await openLevelStore(directoryPaths(directory).store)
    const chain = await Chain.open(of.genesis, store)
    await extend(of, chain, 1)
    assert.equal(chain.head.height, BLOCKS + 1)
    await store.close()
  })

  it('is of one moment, whatever is written meanwhile', async () => {
    const pieces: Uint8Array[] = []
    const before = await openChain(of)
    await extend(of, before.chain, 3)
    for await (const piece of writeBackup(before.store, { name: 'test', genesis: of.genesis, height: 3, createdMs: 1 })) {
      pieces.push(piece)
      await extend(of, before.chain, 1)
    }
    await before.store.close()
    const directory = join(tempDirectory('restore'), 'node')
    assert.equal((await restoreBackup(directory, ofPieces(pieces))).height, 3)
  })

  const cut = (bytes: Buffer, from: number, count = bytes.length): Buffer =>
    Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + count)])
  const flip = (bytes: Buffer, at: number): Buffer => {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    return changed
  }
  const bad: readonly { readonly description: string; readonly change: (bytes: Buffer) => Buffer; readonly code: string }[] = [
    { description: 'nothing', change: () => Buffer.alloc(0), code: 'not-a-backup' },
    { description: 'another file', change: () => Buffer.from('{"a":1}\nmore'), code: 'not-a-backup' },
    { description: 'no line at all', change: () => Buffer.alloc(100_000, 'x'), code: 'not-a-backup' },
    { description: 'one cut short by a byte', change: (bytes) => cut(bytes, bytes.length - 1), code: 'backup-damaged' },
    { description: 'one cut in half', change: (bytes) => cut(bytes, bytes.length / 2), code: 'backup-damaged' },
    { description: 'one that goes on', change: (bytes) => Buffer.concat([bytes, Buffer.from('x')]), code: 'backup-damaged' },
    {
      description: 'one with a flipped bit in the middle',
      change: (bytes) => flip(bytes, Math.floor(bytes.length / 2)),
      code: 'backup-damaged',
    },
    { description: 'one with a flipped bit in its sum', change: (bytes) => flip(bytes, bytes.length - 1), code: 'backup-damaged' },
    {
      description: 'one of a later version',
      change: (bytes) => Buffer.from(bytes.toString('latin1').replace('"version":1', '"version":9'), 'latin1'),
      code: 'backup-version',
    },
    {
      description: 'one whose chain id is not that of its genesis',
      change: (bytes) => Buffer.from(bytes.toString('latin1').replace(of.chainId, other.chainId), 'latin1'),
      code: 'backup-damaged',
    },
  ]
  for (const { description, change, code } of bad)
    it(`is refused, and leaves nothing behind: ${description}`, async () => {
      const directory = join(tempDirectory('restore'), 'node')
      await assert.rejects(restoreBackup(directory, await backupFile(change)), { code })
      assert.deepEqual(
        readdirSync(directory).filter((name) => name !== 'lock'),
        [],
      )
    })

  it('is refused where a store is, and that is untouched', async () => {
    const directory = join(tempDirectory('restore'), 'node')
    const path = await backupFile()
    await restoreBackup(directory, path)
    const mark = await readFile(join(directory, 'store', 'commits'))
    await assert.rejects(restoreBackup(directory, path), { code: 'store-exists' })
    assert.deepEqual(await readFile(join(directory, 'store', 'commits')), mark)
  })

  it('is refused in the directory of another network', async () => {
    const directory = join(tempDirectory('restore'), 'node')
    const foreign = await openChain(other)
    await restoreBackup(directory, writeBackup(foreign.store, { name: 'other', genesis: other.genesis, height: 0, createdMs: 1 }))
    await foreign.store.close()
    const aside = join(tempDirectory('aside'), 'store')
    renameSync(join(directory, 'store'), aside)
    await assert.rejects(restoreBackup(directory, await backupFile()), { code: 'other-network' })
  })

  it('that cannot be read says so', async () => {
    await assert.rejects(restoreBackup(join(tempDirectory('restore'), 'node'), '/nowhere/at/all'), { code: 'backup-failed' })
  })

  it('tells a reader what it is before anything is written', async () => {
    const seen: number[] = []
    const refuse = new Error('not this one')
    await assert.rejects(
      readBackup(backup(), (head) => {
        seen.push(head.height)
        return Promise.reject(refuse)
      }),
      refuse,
    )
    assert.deepEqual(seen, [BLOCKS])
  })
})

async function* ofPieces(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

describe('a pruned node', () => {
  let of: TestChain
  let own: OpenChain

  before(async () => {
    of = await TestChain.make(1)
  })
  beforeEach(async () => {
    own = await openChain(of)
    await extend(of, own.chain, 100)
  })
  afterEach(() => own.store.close())

  async function prune(keepBlocks: number, offers: readonly { readonly height: number }[] = []): Promise<void> {
    const snapshots = { offers: () => offers.map(({ height }) => ({ height, block: '', depth: 0 })) }
    const pruner = new Pruner({ ...own, snapshots, keepBlocks, onFatal: (error) => assert.fail(String(error)) })
    const expected = Math.min(own.chain.head.height - keepBlocks + 1, offers[0]?.height ?? Number.MAX_SAFE_INTEGER)
    pruner.settle()
    await waitFor(() => own.chain.firstHeight >= expected, { deadlineMs: 30_000, description: 'pruning' })
    await pruner.stop()
  }

  it('keeps the newest blocks, and the ledger, also after a restart', async () => {
    const { hash } = own.chain.head
    const old = own.chain.block(5)
    await prune(30)
    assert.equal(own.chain.firstHeight, 71)
    assert.deepEqual([own.chain.block(70), own.chain.receipt(70), own.chain.block(71)?.header.height], [undefined, undefined, 71])
    assert.notEqual(old, undefined)
    await own.store.close()
    own = await openChain(of, own.directory)
    assert.deepEqual([own.chain.firstHeight, own.chain.head.hash], [71, hash])
    await extend(of, own.chain, 1)
  })

  it('keeps what peers need above a snapshot', async () => {
    await prune(10, [{ height: 40 }])
    assert.equal(own.chain.firstHeight, 40)
    assert.notEqual(own.chain.block(40), undefined)
  })

  it('goes on after a stop', async () => {
    const snapshots = await SnapshotStore.open(own.store, own.chain.head.height)
    const pruner = new Pruner({ ...own, snapshots, keepBlocks: 10, onFatal: (error) => assert.fail(String(error)) })
    pruner.settle()
    await pruner.stop()
    assert.ok(own.chain.firstHeight < 91, `${own.chain.firstHeight}`)
    await prune(10)
    assert.equal(own.chain.firstHeight, 91)
  })

  it('shows what the disk holds', async () => {
    const all = await storageView(own.chain, own.store, own.directory, null)
    assert.deepEqual([all.mode, all.firstHeight, all.height], ['archive', 1, 100])
    assert.ok(all.bytes.total > 0 && all.freeBytes > 0)
    await prune(10)
    const pruned = await storageView(own.chain, own.store, own.directory, 10)
    assert.deepEqual([pruned.mode, pruned.keepBlocks, pruned.firstHeight], ['pruned', 10, 91])
  })
})
