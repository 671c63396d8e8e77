import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import * as hashes from '../../../src/crypto/sha256.ts'

/** The module as it is where there is no Node: it looks for it once, when it is loaded. */
async function withoutNode(): Promise<typeof hashes> {
  const { getBuiltinModule } = process
  Object.assign(process, { getBuiltinModule: undefined })
  try {
    return await import(`${new URL('../../../src/crypto/sha256.ts', import.meta.url).href}?without-node`)
  } finally {
    Object.assign(process, { getBuiltinModule })
  }
}

const expected = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

describe('sha256', () => {
  const ways: [description: string, load: () => Promise<typeof hashes>][] = [
    ['of Node', async () => hashes],
    ['of WebAssembly', withoutNode],
  ]
  for (const [description, load] of ways)
    describe(description, () => {
      it('of bytes of any length, wherever they lie in their buffer', async () => {
        const { sha256, sha256Hex } = await load()
        for (const length of [0, 1, 31, 32, 55, 56, 63, 64, 65, 152, 511, 512, 513, 5000]) {
          const bytes = randomBytes(length + 3).subarray(3)
          assert.deepEqual(sha256(bytes), new Uint8Array(expected(bytes)), `${length} bytes`)
          assert.equal(sha256Hex(bytes), expected(bytes).toString('hex'), `${length} bytes`)
        }
      })

      it('into the middle of other bytes, and nowhere else', async () => {
        const { sha256Into } = await load()
        const bytes = randomBytes(61)
        const target = new Uint8Array(40).fill(7)
        sha256Into(bytes, target, 5)
        assert.deepEqual([...target], [...new Uint8Array(5).fill(7), ...expected(bytes), 7, 7, 7])
      })

      it('of pairs, however many, wherever they lie in their buffers', async () => {
        const { sha256Pairs } = await load()
        for (let count = 0; count < 10; count++) {
          const input = randomBytes(count * 64 + 4).subarray(4)
          const output = new Uint8Array(count * 32 + 8).subarray(8)
          sha256Pairs(input, output)
          for (let pair = 0; pair < count; pair++)
            assert.deepEqual(
              output.subarray(pair * 32, pair * 32 + 32),
              new Uint8Array(expected(input.subarray(pair * 64, pair * 64 + 64))),
              `pair ${pair} of ${count}`,
            )
        }
      })

      it('refuses half a pair, and an output that does not fit', async () => {
        const { sha256Pairs } = await load()
        assert.throws(() => sha256Pairs(new Uint8Array(96), new Uint8Array(48)))
        assert.throws(() => sha256Pairs(new Uint8Array(128), new Uint8Array(32)))
        assert.throws(() => sha256Pairs(new Uint8Array(128), new Uint8Array(96)))
      })
    })

  it('is not one thing under two names', async () => {
    const without = await withoutNode()
    assert.notEqual(without.sha256, hashes.sha256)
  })
})
