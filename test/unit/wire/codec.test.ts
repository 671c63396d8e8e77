import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  bitmap,
  type Codec,
  decode,
  encode,
  enumeration,
  fixed,
  list,
  option,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  WireError,
} from '../../../src/wire/codec.ts'

type Shape = { readonly kind: 'dot' } | { readonly kind: 'line'; readonly length: number }
const shape = union<Shape>({ dot: [1, struct({})], line: [4, struct({ length: u8 })] })
const colour = enumeration({ red: 1, blue: 7 })

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return 'ok'
  } catch (error) {
    if (error instanceof WireError) return error.code
    throw error
  }
}

describe('codec', () => {
  const unwritable: readonly { description: string; codec: Codec<unknown>; value: unknown; code: string }[] = [
    { description: 'u8 above its most', codec: u8, value: 256, code: 'bound' },
    { description: 'u16 above its most', codec: u16, value: 65_536, code: 'bound' },
    { description: 'u32 above its most', codec: u32, value: 2 ** 32, code: 'bound' },
    { description: 'u64 above the safe integers', codec: u64, value: 2 ** 53, code: 'bound' },
    { description: 'a negative integer', codec: u64, value: -1, code: 'bound' },
    { description: 'a fraction', codec: u32, value: 1.5, code: 'bound' },
    { description: 'not a number', codec: u16, value: Number.NaN, code: 'bound' },
    { description: 'infinity', codec: u64, value: Number.POSITIVE_INFINITY, code: 'bound' },
    { description: 'bytes too few', codec: fixed(3), value: 'aabb', code: 'bound' },
    { description: 'bytes too many', codec: fixed(3), value: 'aabbccdd', code: 'bound' },
    { description: 'hex in upper case', codec: fixed(2), value: 'AABB', code: 'not-canonical' },
    { description: 'no hex', codec: fixed(2), value: 'xyzw', code: 'not-canonical' },
    { description: 'text too long in bytes, not in characters', codec: text(3), value: 'éé', code: 'bound' },
    { description: 'text with half a surrogate pair', codec: text(8), value: '\ud834', code: 'not-canonical' },
    { description: 'a list too long', codec: list(u8, 2), value: [1, 2, 3], code: 'bound' },
    { description: 'a bad item', codec: list(u8, 2), value: [256], code: 'bound' },
    { description: 'a kind that is not there', codec: shape, value: { kind: 'circle' }, code: 'bound' },
    { description: 'a kind named like a method of objects', codec: shape, value: { kind: 'toString' }, code: 'bound' },
    { description: 'a name that is not there', codec: colour, value: 'green', code: 'bound' },
    { description: 'a name that every object has', codec: colour, value: 'constructor', code: 'bound' },
    { description: 'members out of order', codec: bitmap(20), value: [3, 1], code: 'not-canonical' },
    { description: 'a member twice', codec: bitmap(20), value: [3, 3], code: 'not-canonical' },
    { description: 'a negative member', codec: bitmap(20), value: [-1, 3], code: 'not-canonical' },
    { description: 'a far negative member alone', codec: bitmap(20), value: [-100], code: 'not-canonical' },
    { description: 'a member between integers', codec: bitmap(20), value: [2.5], code: 'not-canonical' },
    { description: 'a member above the bound', codec: bitmap(20), value: [20], code: 'bound' },
  ]
  for (const { description, codec, value, code } of unwritable)
    it(`does not write ${description}`, () => {
      assert.equal(
        codeOf(() => encode(codec, value)),
        code,
      )
    })

  it('never writes -0 as anything but 0', () => {
    assert.deepEqual([...encode(u64, -0)], [0, 0, 0, 0, 0, 0, 0, 0])
  })

  it('refuses more bytes than a type can have before it decodes', () => {
    const trap: Codec<null> = { minBytes: 0, maxBytes: 3, write: () => undefined, read: () => assert.fail('it decoded') }
    assert.equal(
      codeOf(() => decode(trap, new Uint8Array(4))),
      'bound',
    )
  })

  it('looks at the count of a list before it reads an item', () => {
    const trap: Codec<null> = { minBytes: 2, maxBytes: 2, write: () => undefined, read: () => assert.fail('it read an item') }
    const cases = [
      { count: 4, behind: 8, code: 'bound' },
      { count: 3, behind: 5, code: 'truncated' },
    ]
    for (const { count, behind, code } of cases)
      assert.equal(
        codeOf(() => decode(list(trap, 3), Uint8Array.from([count, 0, 0, 0, ...new Uint8Array(behind)]))),
        code,
      )
  })

  it('has a tag for each kind, and refuses every other tag', () => {
    for (let tag = 0; tag < 256; tag++) {
      const bytes = Uint8Array.from(tag === 4 ? [tag, 9] : [tag])
      assert.equal(
        codeOf(() => decode(shape, bytes)),
        tag === 1 || tag === 4 ? 'ok' : 'bound',
      )
      assert.equal(
        codeOf(() => decode(colour, Uint8Array.from([tag]))),
        tag === 1 || tag === 7 ? 'ok' : 'bound',
      )
      if (tag > 1)
        assert.equal(
          codeOf(() => decode(option(u8), Uint8Array.from([tag, 0]))),
          'not-canonical',
        )
    }
  })

  it('writes through every size at which its buffer grows', () => {
    // Each width of integer meets the end of the buffer (512 bytes, then doubled) at every offset.
    const items = [u8, u16, u32, u64, fixed(3)] as const
    for (const [index, item] of items.entries())
      for (let before = 500; before < 520; before++) {
        const codec = struct<{ head: string; tail: unknown }>({ head: fixed(before), tail: item as Codec<unknown> })
        const value = { head: 'ab'.repeat(before), tail: index === 4 ? '010203' : 0x77 }
        assert.deepEqual(decode(codec, encode(codec, value)), value)
      }
  })

  it('reads from the middle of a larger buffer', () => {
    const larger = Uint8Array.from([9, 9, 0x34, 0x12, 9])
    assert.equal(decode(u16, larger.subarray(2, 4)), 0x1234)
  })

  it('gives each set of members one bitmap', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(149)), fc.uniqueArray(fc.nat(149)), (one, other) => {
        const [left, right] = [one, other].map((members) =>
          Buffer.from(
            encode(
              bitmap(150),
              [...members].sort((a, b) => a - b),
            ),
          ),
        )
        const sameSet = one.length === other.length && one.every((member) => other.includes(member))
        assert.equal(left?.equals(right ?? Buffer.alloc(0)), sameSet)
      }),
    )
  })

  it('reads 2^53 - 1 and refuses every integer above it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const bytes = Buffer.alloc(8)
        bytes.writeBigUInt64LE(value)
        const said = codeOf(() => assert.equal(decode(u64, bytes), Number(value)))
        assert.equal(said, value < 2n ** 53n ? 'ok' : 'bound')
      }),
    )
  })
})
