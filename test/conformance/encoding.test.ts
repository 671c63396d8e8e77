import assert from 'node:assert/strict'
import { decodeCode } from '../../scripts/vectors/encoding.ts'
import { primitiveCodecs, wireCodecs } from '../../scripts/vectors/registry.ts'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { type Codec, decode, encode } from '../../src/wire/codec.ts'
import { readVectors } from './read-vectors.ts'

interface TypeVectors {
  readonly type: string
  readonly minBytes: number
  readonly maxBytes: number
  readonly valid: readonly { readonly description: string; readonly value: unknown; readonly bytes: Hex }[]
  readonly cuts: readonly number[]
  readonly invalid: readonly { readonly description: string; readonly bytes: Hex; readonly code: string }[]
}

for (const { file, codecs } of [
  { file: 'encoding', codecs: primitiveCodecs },
  { file: 'types', codecs: wireCodecs },
]) {
  describe(`vectors/${file}.json`, () => {
    const vectors = readVectors<TypeVectors[]>(file)

    it('has every type', () => {
      assert.deepEqual(vectors.map(({ type }) => type).sort(), Object.keys(codecs).sort())
    })

    for (const { type, minBytes, maxBytes, valid, cuts, invalid } of vectors) {
      const codec = codecs[type] as Codec<unknown>

      it(`${type}: values and bytes`, () => {
        assert.deepEqual([codec.minBytes, codec.maxBytes], [minBytes, maxBytes])
        for (const { description, value, bytes } of valid) {
          assert.equal(toHex(encode(codec, value)), bytes, description)
          assert.deepEqual(decode(codec, fromHex(bytes)), value, description)
        }
      })

      it(`${type}: every prefix is truncated, cuts at fields among them`, () => {
        for (const { description, bytes } of valid) {
          const whole = fromHex(bytes)
          for (let length = 0; length < whole.length; length++)
            assert.equal(decodeCode(codec, whole.subarray(0, length)), 'truncated', `${description}, first ${length} bytes`)
        }
        assert.ok(cuts.length > 0 && cuts.every((cut) => cut * 2 < (valid[0]?.bytes.length ?? 0)))
      })

      it(`${type}: bad bytes`, () => {
        for (const { description, bytes, code } of invalid) assert.equal(decodeCode(codec, fromHex(bytes)), code, description)
      })
    }
  })
}
