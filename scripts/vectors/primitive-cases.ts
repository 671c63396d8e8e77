import type { TypeCases } from './encoding.ts'
import { littleEndian } from './format.ts'

const TWO_53 = 1n << 53n

/** The rules of `protocols/encoding.md`, each alone. */
export const primitiveCases: readonly TypeCases[] = [
  {
    type: 'u8',
    valid: [
      { description: 'zero', value: 0 },
      { description: 'most', value: 255 },
    ],
    invalid: [{ description: 'no byte', bytes: '', code: 'truncated' }],
  },
  {
    type: 'u16',
    valid: [
      { description: 'little-endian', value: 0x1234 },
      { description: 'most', value: 0xffff },
    ],
    invalid: [],
  },
  {
    type: 'u32',
    valid: [
      { description: 'little-endian', value: 0x12345678 },
      { description: 'most', value: 0xffff_ffff },
    ],
    invalid: [],
  },
  {
    type: 'u64',
    valid: [
      { description: 'little-endian', value: 0x0102030405060 },
      { description: 'zero', value: 0 },
      { description: '2^32', value: 2 ** 32 },
      { description: 'most: 2^53 - 1', value: Number.MAX_SAFE_INTEGER },
    ],
    invalid: [
      { description: '2^53', bytes: littleEndian(TWO_53, 8), code: 'bound' },
      { description: '2^53 + 1, which a double would round', bytes: littleEndian(TWO_53 + 1n, 8), code: 'bound' },
      { description: 'every bit', bytes: 'ff'.repeat(8), code: 'bound' },
    ],
  },
  {
    type: 'text(8)',
    valid: [
      { description: 'ASCII', value: 'quorate' },
      { description: 'empty', value: '' },
      { description: 'the bound counts bytes, not characters', value: 'éééé' },
      { description: 'a byte order mark is a character', value: '\ufeffa' },
      { description: 'beyond the basic plane', value: '𝄞' },
    ],
    invalid: [
      { description: 'length above the bound', bytes: `0900${'61'.repeat(9)}`, code: 'bound' },
      { description: 'length above the bound, nothing after it', bytes: 'ffff', code: 'bound' },
      { description: 'not UTF-8', bytes: '0100ff', code: 'not-canonical' },
      { description: 'an overlong form', bytes: '0200c080', code: 'not-canonical' },
      { description: 'half a surrogate pair', bytes: '0300eda080', code: 'not-canonical' },
      { description: 'a character cut in the middle', bytes: '0100c3', code: 'not-canonical' },
    ],
  },
  {
    type: 'list(u16, 3)',
    valid: [
      { description: 'two items', value: [1, 0x203] },
      { description: 'empty', value: [] },
      { description: 'as many as allowed', value: [1, 2, 3] },
    ],
    invalid: [
      { description: 'count above the bound', bytes: `04000000${'0100'.repeat(4)}`, code: 'bound' },
      { description: 'a count of 2^32 - 1: refused before anything is allocated', bytes: 'ffffffff', code: 'bound' },
      { description: 'a count that the rest cannot hold', bytes: `03000000${'0100'.repeat(2)}`, code: 'truncated' },
    ],
  },
  {
    type: 'list(text(2), 2)',
    valid: [
      { description: 'items of different lengths', value: ['', 'ab'] },
      { description: 'one item', value: ['c'] },
    ],
    invalid: [{ description: 'an item above its bound', bytes: '01000000' + '0300616263', code: 'bound' }],
  },
  {
    type: 'option(u16)',
    valid: [
      { description: 'zero is a value', value: 0 },
      { description: 'none', value: null },
    ],
    invalid: [
      { description: 'tag 2', bytes: '020100', code: 'not-canonical' },
      { description: 'tag 255', bytes: 'ff', code: 'not-canonical' },
      { description: 'none, with a value after it', bytes: '000100', code: 'trailing' },
    ],
  },
  {
    type: 'enumeration(red 1, blue 7)',
    valid: [
      { description: 'red', value: 'red' },
      { description: 'blue', value: 'blue' },
    ],
    invalid: [
      { description: 'tag 0', bytes: '00', code: 'bound' },
      { description: 'a tag between', bytes: '02', code: 'bound' },
    ],
  },
  {
    type: 'union(dot 1 {}, line 2 {length: u8})',
    valid: [
      { description: 'a kind with a field', value: { kind: 'line', length: 9 } },
      { description: 'a kind without fields', value: { kind: 'dot' } },
    ],
    invalid: [
      { description: 'tag 0', bytes: '00', code: 'bound' },
      { description: 'the next tag', bytes: '0309', code: 'bound' },
      { description: 'a kind without fields, with one', bytes: '0109', code: 'trailing' },
    ],
  },
  {
    type: 'bitmap(20)',
    valid: [
      { description: 'first and last', value: [0, 19] },
      { description: 'nobody', value: [] },
      { description: 'the first: lowest bit of the first byte', value: [0] },
      { description: 'the eighth: highest bit of the first byte', value: [7] },
      { description: 'the ninth: a second byte, the first one zero', value: [8] },
      { description: 'all', value: Array.from({ length: 20 }, (_, index) => index) },
    ],
    invalid: [
      { description: 'a zero byte at the end', bytes: '02000100', code: 'not-canonical' },
      { description: 'nobody, in one byte', bytes: '010000', code: 'not-canonical' },
      { description: 'longer than the bound', bytes: '040000000001', code: 'bound' },
      { description: 'member 20, in the last byte', bytes: '0300000010', code: 'bound' },
      { description: 'a length that the rest cannot hold', bytes: '030001', code: 'truncated' },
    ],
  },
  {
    type: 'blob(4)',
    valid: [
      { description: 'as many bytes as fit', value: '00ff10a0' },
      { description: 'none', value: '' },
    ],
    invalid: [
      { description: 'one more', bytes: '050000000102030405', code: 'bound' },
      { description: 'a length of 2^32 - 1', bytes: 'ffffffff00', code: 'bound' },
      { description: 'a length that the rest cannot hold', bytes: '0300000001', code: 'truncated' },
    ],
  },
]
