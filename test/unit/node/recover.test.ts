import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDirectory } from '../../../src/node/directory.ts'
import { putForkRecord } from '../../../src/node/fork-record.ts'
import { rangeOf } from '../../../src/node/keyspace.ts'
import { openRecovery } from '../../../src/node/recover.ts'
import { FORK, type ForkedDirectory, forkedDirectory, OTHER } from './fork-directory.ts'

/** The own chain has burned less than that, and more than nothing. */
const MORE = 1_000_000_000

/** Slot 20. */
const NOW_MS = 1_700_000_020_000

async function recover(directory: string) {
  const recovery = await openRecovery(directory, () => NOW_MS)
  try {
    return { ...recovery, ...(await recovery.carryOut()) }
  } finally {
    await recovery.close()
  }
}
const stores = ({ directory }: ForkedDirectory): string[] => readdirSync(directory).filter((name) => name.startsWith('store'))
const keysOf = (forked: ForkedDirectory, letter: string): Promise<number> =>
  forked.inStore(async (_, store) => {
    let count = 0
    for await (const _entry of store.range(...rangeOf(letter))) count++
    return count
  })

describe('recovery of a stopped directory', () => {
  it('finds nothing to do where there was no fork', async () => {
    const forked = await forkedDirectory(0, { isForked: false })
    const { step, fork, keptStore } = await recover(forked.directory)
    assert.deepEqual([step, fork, keptStore, stores(forked)], ['none', null, null, ['store']])
  })

  it('notes that the own branch goes on, and leaves all else as it is', async () => {
    const forked = await forkedDirectory(0)
    const { step, fork, keptStore } = await recover(forked.directory)
    assert.deepEqual([step, keptStore, stores(forked)], ['stay', null, ['store']])
    assert.deepEqual(
      fork?.offenders.map(({ address, sharePpm }) => [address, sharePpm]).sort(),
      forked.offenders.map((address) => [address, 250_000]).sort(),
    )
    assert.deepEqual(
      fork?.branches.map(({ first, isOwn, goesOn, blocks }) => [first, isOwn, goesOn, blocks]),
      [
        [forked.own, true, true, 2],
        [OTHER, false, false, 3],
      ],
    )
    assert.deepEqual((await forked.record()).follow, {
      ...{ first: forked.own, head: forked.head },
      pins: [{ height: FORK, hash: forked.own }, forked.head],
    })
    assert.equal((await recover(forked.directory)).step, 'chosen')
    assert.equal(await forked.inStore((chain) => chain.head.height), forked.head.height)
  })

  it('puts the store aside if another branch goes on, and begins one that knows what it must', async () => {
    const forked = await forkedDirectory(MORE)
    const guard = readFileSync(join(forked.directory, 'guard'))
    const { step, keptStore } = await recover(forked.directory)
    const name = `store.abandoned-${FORK}-${forked.head.hash.slice(0, 8)}`
    assert.deepEqual([step, keptStore, stores(forked)], ['switch', join(forked.directory, name), ['store', name]])
    const record = await forked.record()
    assert.deepEqual([record.follow?.first, record.resolvedAt], [OTHER, null])
    assert.deepEqual(
      record.branches.map(({ first, head }) => [first, head.height]).sort(),
      [
        [forked.own, forked.head.height],
        [OTHER, FORK + 2],
      ].sort(),
    )
    assert.equal(await forked.inStore((chain) => chain.head.height), 0)
    // The evidence; the transactions of both blocks, and the one that waited.
    assert.deepEqual([await keysOf(forked, 'f'), await keysOf(forked, 'o')], [1, 3])
    assert.deepEqual(readFileSync(join(forked.directory, 'guard')), guard)
    // Again: nothing is left to do, and nothing is moved.
    assert.equal((await recover(forked.directory)).step, 'chosen')
    assert.deepEqual(stores(forked), ['store', name])
  })

  it('keeps every store that was put aside', async () => {
    const forked = await forkedDirectory(MORE)
    const name = `store.abandoned-${FORK}-${forked.head.hash.slice(0, 8)}`
    mkdirSync(join(forked.directory, name))
    assert.equal((await recover(forked.directory)).keptStore, join(forked.directory, `${name}-2`))
  })

  describe('after a kill', () => {
    /** The state after all of it; each test takes back what was not done yet. */
    async function switched(): Promise<{
      readonly forked: ForkedDirectory
      readonly path: (name: string) => string
      readonly kept: string
    }> {
      const forked = await forkedDirectory(MORE)
      const { keptStore } = await recover(forked.directory)
      return { forked, path: (name) => join(forked.directory, name), kept: keptStore ?? assert.fail('a store put aside') }
    }
    const isDone = async (forked: ForkedDirectory): Promise<void> => {
      assert.equal((await recover(forked.directory)).step, 'chosen')
      assert.equal(await forked.inStore((chain) => chain.head.height), 0)
      assert.equal(await keysOf(forked, 'f'), 1)
      assert.deepEqual(
        stores(forked).map((name) => name.replace(/-.*/, '')),
        ['store', 'store.abandoned'],
      )
    }

    it('once the choice was noted: it is made again', async () => {
      const forked = await forkedDirectory(MORE)
      const record = await forked.record()
      const head = { height: FORK + 2, hash: 'ef'.repeat(32) }
      const follow = { first: OTHER, head, pins: [{ height: FORK, hash: OTHER }, head] }
      await forked.inStore((_, store) => store.write([putForkRecord({ ...record, follow })], { durable: true }))
      mkdirSync(join(forked.directory, 'store.draft'))
      writeFileSync(join(forked.directory, 'store.draft', 'commits'), 'half')
      assert.equal((await recover(forked.directory)).step, 'switch')
      await isDone(forked)
    })

    it('once the new store is whole: it is made again', async () => {
      const { forked, path, kept } = await switched()
      renameSync(path('store'), path('store.next'))
      renameSync(kept, path('store'))
      assert.equal((await recover(forked.directory)).step, 'switch')
      await isDone(forked)
    })

    it('between the two renames: whoever opens the directory does the second', async () => {
      const { forked, path } = await switched()
      renameSync(path('store'), path('store.next'))
      const opened = await openDirectory(forked.directory, 'full')
      assert.deepEqual([existsSync(path('store')), existsSync(path('store.next'))], [true, false])
      await opened.release()
      await isDone(forked)
    })
  })

  it('changes its choice when another branch has become the one that goes on', async () => {
    const forked = await forkedDirectory(0)
    await recover(forked.directory)
    const record = await forked.record()
    const branches = record.branches.map((branch) =>
      branch.first === OTHER ? { ...branch, head: { ...branch.head, height: FORK + 9 }, burnedMicroHours: MORE } : branch,
    )
    await forked.inStore((_, store) => store.write([putForkRecord({ ...record, branches })], { durable: true }))
    const { step } = await recover(forked.directory)
    assert.deepEqual([step, (await forked.record()).follow?.first], ['switch', OTHER])
  })

  it('is for a node that does not run', async () => {
    const forked = await forkedDirectory(0)
    const running = await openDirectory(forked.directory, 'full')
    await assert.rejects(openRecovery(forked.directory), { code: 'directory-in-use' })
    await running.release()
  })
})
