import assert from 'node:assert/strict'
import fc from 'fast-check'
import { wireCodecs } from '../../../scripts/vectors/registry.ts'
import { type Codec, decode, encode, WireError } from '../../../src/wire/codec.ts'
import { wireArbitraries } from './arbitraries.ts'

const CODES = new Set(['truncated', 'trailing', 'bound', 'not-canonical'])

/** Bytes are either refused with a known code, or the one encoding of what they decode to. */
function assertCanonical(codec: Codec<unknown>, bytes: Uint8Array): void {
  let value: unknown
  try {
    value = decode(codec, bytes)
  } catch (error) {
    if (error instanceof WireError && CODES.has(error.code)) return
    throw error
  }
  assert.deepEqual(Buffer.from(encode(codec, value)), Buffer.from(bytes))
}

interface Edit {
  readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'cut' | 'repeat'
  readonly at: number
  readonly byte: number
}
const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'cut', 'repeat'),
  at: fc.nat(),
  byte: fc.oneof(fc.constantFrom(0, 1, 2, 0xff), fc.nat(255)),
})
function apply(bytes: Uint8Array, { kind, at, byte }: Edit): Uint8Array {
  const index = bytes.length === 0 ? 0 : at % bytes.length
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)]
  switch (kind) {
    case 'set':
      return Uint8Array.from([...before, byte, ...after.subarray(1)])
    case 'flip':
      return Uint8Array.from([...before, (after[0] ?? 0) ^ (1 << (byte & 7)), ...after.subarray(1)])
    case 'insert':
      return Uint8Array.from([...before, byte, ...after])
    case 'remove':
      return Uint8Array.from([...before, ...after.subarray(1)])
    case 'cut':
      return Uint8Array.from(before)
    case 'repeat':
      return Uint8Array.from([...before, ...after.subarray(0, 8), ...after])
  }
}

describe('wire types', () => {
  it('have arbitraries, each of them', () => {
    assert.deepEqual(Object.keys(wireArbitraries).sort(), Object.keys(wireCodecs).sort())
  })

  for (const [name, codec] of Object.entries(wireCodecs)) {
    const values = wireArbitraries[name] as fc.Arbitrary<unknown>

    it(`${name}: decode(encode(x)) is x, within the codec's bounds`, () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(codec, value)
          assert.ok(bytes.length >= codec.minBytes && bytes.length <= codec.maxBytes)
          assert.deepEqual(decode(codec, bytes), value)
        }),
      )
    })

    it(`${name}: mutated bytes are refused or canonical`, () => {
      fc.assert(
        fc.property(values, fc.array(edit, { minLength: 1, maxLength: 4 }), (value, edits) => {
          assertCanonical(codec, edits.reduce(apply, encode(codec, value)))
        }),
        { numRuns: 300 },
      )
    })

    it(`${name}: random bytes are refused or canonical`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: Math.min(codec.maxBytes + 2, 600) }), (bytes) => assertCanonical(codec, bytes)),
        { numRuns: 300 },
      )
    })
  }
})
