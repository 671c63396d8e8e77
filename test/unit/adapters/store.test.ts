import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { crc32 } from 'node:zlib'
import { ClassicLevel } from 'classic-level'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'
import { concatBytes, utf8 } from '../../../src/base/bytes.ts'
import type { Store, Write } from '../../../src/ports/store.ts'
import { canMount, flip, hasCode, mountTiny, runChild } from './store-tools.ts'

const key = (number: number): Uint8Array => Uint8Array.of(1, number >> 16, (number >> 8) & 0xff, number & 0xff)
const put = (number: number, value: Uint8Array): Write => ({ kind: 'put', key: key(number), value })
const durable = { durable: true }
const everything: readonly [Uint8Array, Uint8Array] = [Uint8Array.of(0), Uint8Array.of(0xff)]

async function keysOf(
  store: Store,
  options?: { limit?: number; reverse?: boolean },
  from = everything[0],
  to = everything[1],
): Promise<number[]> {
  const numbers: number[] = []
  for await (const [found] of store.range(from, to, options))
    numbers.push(((found[1] ?? 0) << 16) | ((found[2] ?? 0) << 8) | (found[3] ?? 0))
  return numbers
}

describe('the store', () => {
  let base: string
  let directory: string
  let opened: Store[] = []

  const openStore = async (at = directory): Promise<Store> => {
    const store = await openLevelStore(at)
    opened.push(store)
    return store
  }

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'quorate-store-'))
    directory = join(base, 'store')
  })
  afterEach(async () => {
    for (const store of opened) await store.close()
    opened = []
    await rm(base, { recursive: true })
  })

  it('gives back what was written, also after it was opened again', async () => {
    const store = await openStore()
    await store.write([put(1, utf8('one')), put(2, new Uint8Array())], durable)
    assert.deepEqual(store.get(key(1)), utf8('one'))
    await store.write([{ kind: 'del', key: key(1) }, put(3, utf8('three'))], { durable: false })
    await store.close()
    const again = await openStore()
    assert.equal(again.get(key(1)), undefined)
    assert.deepEqual(again.get(key(2)), new Uint8Array())
    assert.deepEqual(again.get(key(3)), utf8('three'))
  })

  const empties = [
    { description: 'of its own', value: new Uint8Array() },
    { description: 'over a buffer of none', value: new Uint8Array(new ArrayBuffer(0)) },
    { description: 'cut from a large one', value: new Uint8Array(1024).slice(0, 0) },
    { description: 'within a large one', value: new Uint8Array(1024).subarray(7, 7) },
  ]
  for (const { description, value } of empties)
    it(`gives back a value of no bytes: ${description}`, async () => {
      const store = await openStore()
      await store.write([put(1, value)], durable)
      assert.deepEqual(store.get(key(1)), new Uint8Array())
    })

  const ranges = [
    { description: 'all', from: 0, to: 9, options: {}, expected: [1, 2, 3, 5] },
    { description: 'the end is not part of it', from: 2, to: 5, options: {}, expected: [2, 3] },
    { description: 'limited', from: 0, to: 9, options: { limit: 2 }, expected: [1, 2] },
    { description: 'a limit of none', from: 0, to: 9, options: { limit: 0 }, expected: [] },
    { description: 'reverse', from: 0, to: 9, options: { reverse: true }, expected: [5, 3, 2, 1] },
    { description: 'the newest two', from: 0, to: 9, options: { reverse: true, limit: 2 }, expected: [5, 3] },
    { description: 'empty', from: 6, to: 9, options: {}, expected: [] },
  ]
  for (const { description, from, to, options, expected } of ranges) {
    it(`lists a range: ${description}`, async () => {
      const store = await openStore()
      await store.write(
        [5, 3, 1, 2].map((number) => put(number, utf8('x'))),
        { durable: false },
      )
      assert.deepEqual(await keysOf(store, options, key(from), key(to)), expected)
    })
  }

  it('keeps its own keys out of the largest range', async () => {
    const store = await openStore()
    await store.write([put(1, utf8('x'))], durable)
    assert.deepEqual(await keysOf(store), [1])
    assert.throws(() => store.write([{ kind: 'put', key: Uint8Array.of(0xff, 1), value: utf8('x') }], durable), /broken invariant/)
  })

  it('applies writes in the order of the calls, without waiting between them', async () => {
    const store = await openStore()
    const writes = Array.from({ length: 300 }, (_, index) =>
      store.write([put(1, Uint8Array.of(index & 0xff, index >> 8))], { durable: index % 3 === 0 }),
    )
    await Promise.all(writes)
    assert.deepEqual(store.get(key(1)), Uint8Array.of(299 & 0xff, 299 >> 8))
  })

  it('finishes the writes that wait when it is closed', async () => {
    const store = await openStore()
    const writes = [store.write([put(1, utf8('a'))], durable), store.write([put(2, utf8('b'))], durable)]
    await store.close()
    await Promise.all(writes)
    assert.deepEqual(await keysOf(await openStore()), [1, 2])
  })

  it('is locked against a second one in this process', async () => {
    await openStore()
    await assert.rejects(openLevelStore(directory), hasCode('store-locked'))
  })

  it('is locked against another process, also after a second attempt in the one that holds it', async () => {
    await openStore()
    await assert.rejects(openLevelStore(directory), hasCode('store-locked'))
    assert.deepEqual(await runChild(['store', directory], 2), ['store-locked'])
  }).timeout(60_000)

  it('keeps every durable write through SIGKILL at any moment', async () => {
    let count = 0
    for (let round = 0; round < 12; round++) {
      const printed = await runChild(['store', directory, String(count)], 1 + ((round * 37) % 120))
      const store = await openStore()
      const found = await keysOf(store)
      assert.ok(found.length > Number(printed.at(-1)), `round ${round}: ${found.length} entries after ${printed.at(-1)} was reported`)
      assert.deepEqual(
        found,
        found.map((_, index) => index),
      )
      for (const number of found) assert.deepEqual(store.get(key(number)), new Uint8Array((number * 7919) % 9000).fill(number))
      count = found.length
      await store.close()
    }
  }).timeout(120_000)

  // Registered only where a small file system can be mounted (root on Linux): there is no other way to fill a disk here.
  if (canMount()) {
    it('says store-full when the disk is full, and has everything that was finished once there is room', async () => {
      const tiny = mountTiny(4096)
      assert.ok(tiny)
      try {
        const at = join(tiny.directory, 'store')
        const ballast = join(tiny.directory, 'ballast')
        await writeFile(ballast, new Uint8Array(2 << 20))
        const store = await openStore(at)
        let finished = 0
        const fill = async () => {
          for (; finished < 1000; finished++) await store.write([put(finished, new Uint8Array(10_000).fill(finished))], durable)
        }
        await assert.rejects(fill(), hasCode('store-full'))
        assert.ok(finished > 10)
        await rm(ballast)
        await assert.rejects(store.write([put(2000, utf8('x'))], durable), hasCode('store-full'))
        assert.deepEqual(store.get(key(0)), new Uint8Array(10_000))
        await store.close()
        const again = await openStore(at)
        for (let number = 0; number < finished; number++) assert.deepEqual(again.get(key(number)), new Uint8Array(10_000).fill(number))
        await again.close()
      } finally {
        tiny.unmount()
      }
    })
  }

  describe('when it was damaged', () => {
    let sound: string
    let names: string[]
    const expected = Array.from({ length: 120 }, (_, index) => index)
    const pathOf = (kind: string): string => join(directory, kind.startsWith('level/') ? `level/${nameOf(kind.slice(6))}` : kind)
    const nameOf = (kind: string): string =>
      names.find((name) => (kind === 'CURRENT' ? name === kind : name.includes(kind))) ?? assert.fail(`no ${kind}`)

    before(async () => {
      sound = await mkdtemp(join(tmpdir(), 'quorate-sound-'))
      // Opening again turns the log into a table: the first half is in a table, the second in a log.
      for (const half of [expected.slice(0, 60), expected.slice(60)]) {
        const store = await openLevelStore(join(sound, 'store'))
        for (const number of half) await store.write([put(number, new Uint8Array(number * 11).fill(number))], durable)
        await store.close()
      }
      names = await readdir(join(sound, 'store', 'level'))
    })
    after(() => rm(sound, { recursive: true }))
    beforeEach(() => cp(join(sound, 'store'), directory, { recursive: true }))

    const snapshot = async (): Promise<Map<string, string>> => {
      const files = new Map<string, string>()
      for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        if (entry.isFile() && !path.includes(join(directory, 'lock'))) files.set(path, (await readFile(path)).toString('hex'))
      }
      return files
    }

    const removed = async (path: string) => rm(path, { recursive: true })
    const emptied = async (path: string) => truncate(path, 0)
    const cut = async (path: string) => truncate(path, (await readFile(path)).length >> 1)
    const flipped = async (path: string) => flip(path, (await readFile(path)).length >> 1)
    const cases = [
      { file: 'level/CURRENT', damages: { removed, emptied, cut, flipped } },
      { file: 'level/MANIFEST', damages: { removed, emptied, cut, flipped } },
      { file: 'level/.ldb', damages: { removed, emptied, cut, flipped } },
      { file: 'level/.log', damages: { flipped } },
      { file: 'commits', damages: { removed, emptied, cut, flipped } },
      { file: 'level', damages: { removed } },
    ]
    for (const { file, damages } of cases) {
      for (const [what, damage] of Object.entries(damages)) {
        it(`says so and changes nothing: ${file} ${what}`, async () => {
          await damage(pathOf(file))
          const before = await snapshot()
          await assert.rejects(openLevelStore(directory), (error: Error) => {
            assert.ok(hasCode('store-corrupt')(error), String(error))
            assert.ok(error.message.includes(directory))
            assert.match(error.message, /backup.*sync.*signing guard/)
            return true
          })
          assert.deepEqual(await snapshot(), before)
        })
      }
    }

    for (const [what, damage] of Object.entries({ removed, emptied, cut })) {
      it(`says so, each time: finished writes are gone because the log was ${what}`, async () => {
        await damage(pathOf('level/.log'))
        await assert.rejects(openLevelStore(directory), hasCode('store-corrupt'))
        await assert.rejects(openLevelStore(directory), /durable write \d+, but \d+ were finished/)
      })
    }

    it('notices any flipped byte, or loses nothing by it', async () => {
      const outcomes = { noticed: 0, harmless: 0 }
      for (const file of ['level/CURRENT', 'level/MANIFEST', 'level/.ldb', 'level/.log', 'commits']) {
        const length = (await readFile(join(sound, 'store', relative(directory, pathOf(file))))).length
        const step = Math.max(1, Math.floor(length / 40))
        for (let position = 0; position < length; position += step) {
          await rm(directory, { recursive: true })
          await cp(join(sound, 'store'), directory, { recursive: true })
          await flip(pathOf(file), position)
          try {
            const store = await openLevelStore(directory)
            opened.push(store)
            assert.deepEqual(await keysOf(store), expected, `${file} flipped at ${position}`)
            for (const number of expected) assert.deepEqual(store.get(key(number)), new Uint8Array(number * 11).fill(number))
            await store.close()
            outcomes.harmless += 1
          } catch (error) {
            assert.ok(hasCode('store-corrupt')(error), `${file} flipped at ${position}: ${error}`)
            outcomes.noticed += 1
          }
        }
      }

      assert.ok(outcomes.noticed > 120, JSON.stringify(outcomes))
    }).timeout(60_000)

    it('drops a write that was not durable and is torn, and keeps the rest', async () => {
      const store = await openStore()
      await store.write([put(500, utf8('durable'))], durable)
      await store.write([put(501, utf8('not durable'))], { durable: false })
      await store.close()
      const log = join(directory, 'level', (await readdir(join(directory, 'level'))).find((name) => name.endsWith('.log')) ?? '')
      await truncate(log, (await readFile(log)).length - 3)
      const again = await openStore()
      assert.deepEqual(again.get(key(500)), utf8('durable'))
      assert.equal(again.get(key(501)), undefined)
    })

    it('does not hand out a value that is not what was stored under its key', async () => {
      const level = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'level'), {
        keyEncoding: 'view',
        valueEncoding: 'view',
        compression: false,
      })
      const stored = await level.get(key(100))
      assert.ok(stored)
      await level.put(key(101), stored)
      await level.close()
      const store = await openStore()
      assert.throws(() => store.get(key(101)), hasCode('store-corrupt'))
      await assert.rejects(keysOf(store), hasCode('store-corrupt'))
      assert.ok(store.get(key(100)))
    })
  })

  it('is not made in a directory that holds something else', async () => {
    await mkdir(directory)
    await writeFile(join(directory, 'notes.txt'), 'mine')
    await assert.rejects(openLevelStore(directory), hasCode('store-corrupt'))
    assert.equal(await readFile(join(directory, 'notes.txt'), 'utf8'), 'mine')
  })

  it('is made anew where its creation was interrupted', async () => {
    await mkdir(join(directory, 'level'), { recursive: true })
    await writeFile(join(directory, 'level', 'MANIFEST-000001'), '')
    const mark = concatBytes([utf8('QRTSTOR1'), new Uint8Array(8)])
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32BE(crc32(mark))
    await writeFile(join(directory, 'commits'), concatBytes([mark, checksum]))
    assert.deepEqual(await keysOf(await openStore()), [])
  })
})
