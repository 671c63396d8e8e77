import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGuardFile, openGuardFile } from '../../../src/adapters/store/guard-file.ts'
import { MAX_GUARD_RECORD_BYTES } from '../../../src/adapters/store/guard-slots.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import type { GuardFile } from '../../../src/ports/store.ts'
import { canMount, flip, hasCode, mountTiny, runChild } from './store-tools.ts'

describe('the guard file', () => {
  let base: string
  let path: string
  let opened: GuardFile[] = []

  const openGuard = async (at = path): Promise<GuardFile> => {
    const guard = await openGuardFile(at)
    opened.push(guard)
    return guard
  }
  /** Opens, does, closes. */
  const using = async <T>(action: (guard: GuardFile) => Promise<T>): Promise<T> => {
    const guard = await openGuard()
    try {
      return await action(guard)
    } finally {
      await guard.close()
    }
  }
  const readBack = () => using((guard) => guard.read())

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'quorate-guard-'))
    path = join(base, 'guard')
  })
  afterEach(async () => {
    for (const guard of opened) await guard.close()
    opened = []
    await rm(base, { recursive: true })
  })

  it('says missing where there is none, creates nothing by itself and refuses to write', async () => {
    const guard = await openGuard()
    assert.deepEqual(await guard.read(), { state: 'missing' })
    await assert.rejects(guard.write(utf8('x')), hasCode('guard-missing'))
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  it('is created with a record, for its owner only, and never over another', async () => {
    await createGuardFile(path, utf8('first'))
    assert.deepEqual(await readBack(), { state: 'intact', record: utf8('first') })
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    await assert.rejects(createGuardFile(path), hasCode('guard-exists'))
    assert.deepEqual(await readBack(), { state: 'intact', record: utf8('first') })
  })

  it('has an empty record when nothing else was said', async () => {
    await createGuardFile(path)
    assert.deepEqual(await readBack(), { state: 'intact', record: new Uint8Array() })
  })

  it('gives back the newest record, of any size up to the largest', async () => {
    await createGuardFile(path)
    for (const size of [0, 1, 4096, MAX_GUARD_RECORD_BYTES, 5]) {
      const record = new Uint8Array(size).fill(size)
      // Reopened before each write, and written without reading first.
      await using((guard) => guard.write(record))
      assert.deepEqual(await readBack(), { state: 'intact', record })
    }
    await using(async (guard) => assert.throws(() => guard.write(new Uint8Array(MAX_GUARD_RECORD_BYTES + 1)), /broken invariant/))
    await assert.rejects(createGuardFile(`${path}2`, new Uint8Array(MAX_GUARD_RECORD_BYTES + 1)), /broken invariant/)
    await assert.rejects(stat(`${path}2`), { code: 'ENOENT' })
  })

  it('writes in the order of the calls, and finishes them before it closes', async () => {
    await createGuardFile(path)
    const guard = await openGuard()
    const writes = Array.from({ length: 20 }, (_, index) => guard.write(Uint8Array.of(index)))
    await guard.close()
    await Promise.all(writes)
    assert.deepEqual(await readBack(), { state: 'intact', record: Uint8Array.of(19) })
  })

  describe('when it was damaged', () => {
    const slotBytes = MAX_GUARD_RECORD_BYTES + 4096
    const newer = new Uint8Array(300).fill(2)
    const older = new Uint8Array(200).fill(1)
    const end = (record: Uint8Array) => 8 + 8 + 4 + record.length + 32
    let newerAt: number

    // Sequences 2 and 3 are from the creation, so that 4 is in the first slot and 5 in the second.
    beforeEach(async () => {
      await createGuardFile(path)
      await using((guard) => guard.write(older))
      await using((guard) => guard.write(newer))
      newerAt = slotBytes
    })

    const regions = [
      { description: 'magic', positions: [0, 7] },
      { description: 'sequence', positions: [8, 15] },
      { description: 'length', positions: [16, 17, 18, 19] },
      { description: 'record', positions: [20, 150, 219] },
    ]
    for (const { description, positions } of regions) {
      for (const position of positions) {
        it(`is doubtful, with the older record: byte ${position} (${description}) of the newer slot flipped`, async () => {
          await flip(path, newerAt + position)
          assert.deepEqual(await readBack(), { state: 'doubtful', record: older })
        })
        it(`is doubtful, with the newer record: byte ${position} (${description}) of the older slot flipped`, async () => {
          await flip(path, position)
          assert.deepEqual(await readBack(), { state: 'doubtful', record: newer })
        })
        it(`rejects with guard-corrupt: byte ${position} (${description}) of both slots flipped`, async () => {
          await flip(path, position)
          await flip(path, newerAt + position)
          await assert.rejects(readBack(), (error: Error) => {
            assert.ok(hasCode('guard-corrupt')(error), String(error))
            assert.ok(error.message.includes(path))
            assert.match(error.message, /Never sign with this key/)
            return true
          })
          await assert.rejects(
            using((guard) => guard.write(utf8('x'))),
            hasCode('guard-corrupt'),
          )
        })
      }
    }

    it('notices every flipped byte in use, and none that is not', async () => {
      const sound = await readFile(path)
      for (let position = 0; position < end(newer) + 20; position += 3) {
        await writeFile(path, sound)
        await flip(path, newerAt + position)
        const expected = position < end(newer) ? { state: 'doubtful', record: older } : { state: 'intact', record: newer }
        assert.deepEqual(await readBack(), expected, `byte ${position}`)
      }
    }).timeout(30_000)

    const lengths = [
      { description: 'unused room at the end', length: slotBytes + end(newer), expected: { state: 'intact', record: newer } },
      {
        description: 'the last byte of the newer slot',
        length: slotBytes + end(newer) - 1,
        expected: { state: 'doubtful', record: older },
      },
      { description: 'most of the newer slot', length: slotBytes + 5, expected: { state: 'doubtful', record: older } },
      { description: 'the newer slot', length: slotBytes, expected: { state: 'doubtful', record: older } },
      { description: 'the end of the older slot too', length: end(older) - 1, expected: 'guard-corrupt' },
      { description: 'everything', length: 0, expected: 'guard-corrupt' },
    ]
    for (const { description, length, expected } of lengths) {
      it(`cut short, without ${description}: ${typeof expected === 'string' ? expected : expected.state}`, async () => {
        await truncate(path, length)
        if (typeof expected === 'string') await assert.rejects(readBack(), hasCode(expected))
        else assert.deepEqual(await readBack(), expected)
      })
    }

    it('is doubtful when a slot comes from an older copy of the file', async () => {
      const copy = await readFile(path)
      for (let count = 0; count < 4; count++) await using((guard) => guard.write(utf8(`later ${count}`)))
      const bytes = await readFile(path)
      copy.copy(bytes, slotBytes, slotBytes)
      await writeFile(path, bytes)
      assert.deepEqual(await readBack(), { state: 'doubtful', record: utf8('later 2') })
    })

    it('is doubtful when one slot was copied over the other', async () => {
      const bytes = await readFile(path)
      bytes.copy(bytes, 0, slotBytes, 2 * slotBytes)
      await writeFile(path, bytes)
      assert.deepEqual(await readBack(), { state: 'doubtful', record: newer })
    })

    it('rejects with guard-corrupt when the slots changed places: the next write would go over the newest', async () => {
      const bytes = await readFile(path)
      await writeFile(path, Buffer.concat([bytes.subarray(slotBytes), bytes.subarray(0, slotBytes)]))
      await assert.rejects(readBack(), hasCode('guard-corrupt'))
    })

    it('is intact again after the next write', async () => {
      await flip(path, newerAt + 20)
      await using((guard) => guard.write(utf8('next')))
      assert.deepEqual(await readBack(), { state: 'intact', record: utf8('next') })
      await flip(path, 20)
      assert.deepEqual(await readBack(), { state: 'doubtful', record: utf8('next') })
    })
  })

  describe('locked', () => {
    beforeEach(() => createGuardFile(path))

    it('against a second opening in this process, until it is closed', async () => {
      const guard = await openGuard()
      await assert.rejects(openGuardFile(path), hasCode('guard-locked'))
      await guard.close()
      assert.equal((await readBack()).state, 'intact')
    })

    it('against another process, by any path, also after a second attempt in this one', async () => {
      const other = join(base, 'other')
      await symlink(path, other)
      const guard = await openGuard()
      await assert.rejects(openGuardFile(other), hasCode('guard-locked'))
      assert.deepEqual(await runChild(['guard', other], 2), ['guard-locked'])
      await guard.write(utf8('mine'))
    }).timeout(60_000)

    it('even when everything but the lock itself is lost or broken', async () => {
      await using((guard) => guard.write(utf8('x')))
      await cp(path, join(`${path}.lock`, 'CURRENT'), { force: true })
      const guard = await openGuard()
      assert.deepEqual(await guard.read(), { state: 'intact', record: utf8('x') })
      await rm(join(`${path}.lock`, 'CURRENT'))
      assert.deepEqual(await runChild(['guard', path], 2), ['guard-locked'])
    }).timeout(60_000)
  })

  it('has, after SIGKILL at any moment, no less than was reported as written, and needs no help to open', async () => {
    await createGuardFile(path, utf8('-1:'))
    let next = 0
    for (let round = 0; round < 12; round++) {
      const printed = await runChild(['guard', path, String(next)], 1 + ((round * 53) % 150))
      const found = await readBack()
      assert.ok(found.state !== 'missing')
      const [number = '', filling] = Buffer.from(found.record).toString().split(':')
      assert.ok(Number(number) >= Number(printed.at(-1)), `round ${round}: ${number} after ${printed.at(-1)} was reported`)
      assert.equal(filling, 'x'.repeat((Number(number) * 7919) % 60_000))
      next = Number(number) + 1
    }
    assert.ok(next > 12)
  }).timeout(120_000)

  // Registered only where a small file system can be mounted (root on Linux): there is no other way to fill a disk here.
  if (canMount()) {
    it('says guard-full when there is no room to create it, leaves nothing behind, and writes on a full disk once it exists', async () => {
      const tiny = mountTiny(512)
      assert.ok(tiny)
      try {
        const at = join(tiny.directory, 'guard')
        const ballast = join(tiny.directory, 'ballast')
        await writeFile(ballast, new Uint8Array(448 << 10))
        await assert.rejects(createGuardFile(at), hasCode('guard-full'))
        await assert.rejects(stat(at), { code: 'ENOENT' })
        await assert.rejects(createGuardFile(at), hasCode('guard-full'))
        await rm(ballast)
        await createGuardFile(at)
        const guard = await openGuard(at)
        await assert.rejects(writeFile(ballast, new Uint8Array(512 << 10)), { code: 'ENOSPC' })
        const record = new Uint8Array(MAX_GUARD_RECORD_BYTES).fill(7)
        await guard.write(record)
        await guard.write(record)
        assert.deepEqual(await guard.read(), { state: 'intact', record })
        await guard.close()
        await assert.rejects(openGuardFile(at), hasCode('guard-full'))
      } finally {
        tiny.unmount()
      }
    })
  }
})
