import fc from 'fast-check'
import type { Hex } from '../../../src/base/hex.ts'

/** Plain objects, as the decoder makes them: fast-check's own may lack a prototype. */
export const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(model, { noNullPrototype: true })
export const safe = fc.oneof(fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
export const u16 = fc.nat(0xffff)
export const u32 = fc.nat(0xffff_ffff)
export const hexOf = (byteLength: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: byteLength, maxLength: byteLength }).map((bytes) => Buffer.from(bytes).toString('hex'))
export const orNull = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(item, { nil: null })
export const textOf = (maxBytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', maxLength: maxBytes }).filter((text) => Buffer.byteLength(text) <= maxBytes)
