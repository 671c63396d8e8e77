import { digest, hashInto } from '@chainsafe/as-sha256'
import { type Hex, toHex } from '../base/hex.ts'

type NativeHash = (algorithm: 'sha256', bytes: Uint8Array, encoding: 'hex' | 'binary') => string
type WithNode = { readonly process?: { getBuiltinModule?(name: 'node:crypto'): { readonly hash?: NativeHash } } }
/**
 * Node's own where there is one: a quarter of the time of WebAssembly where the processor has instructions for sha256. It is asked
 * for text, which Node makes faster than a buffer. A browser has WebAssembly.
 */
const nativeHash = (globalThis as unknown as WithNode).process?.getBuiltinModule?.('node:crypto').hash

const HASH_BYTES = 32
const PAIR_BYTES = 2 * HASH_BYTES

/** sha256, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const hash = new Uint8Array(HASH_BYTES)
  sha256Into(bytes, hash, 0)
  return hash
}

/** Puts the sha256 of `bytes` into `target`, from `offset` on. */
export function sha256Into(bytes: Uint8Array, target: Uint8Array, offset: number): void {
  if (nativeHash === undefined) return target.set(digest(bytes), offset)
  // Text of which each character is a byte.
  const hash = nativeHash('sha256', bytes, 'binary')
  for (let index = 0; index < HASH_BYTES; index++) target[offset + index] = hash.charCodeAt(index)
}

export const sha256Hex = (bytes: Uint8Array): Hex => (nativeHash === undefined ? toHex(digest(bytes)) : nativeHash('sha256', bytes, 'hex'))

/**
 * sha256 of each 64 bytes of `input` (two nodes of a tree) into each 32 bytes of `output`.
 * @throws Error if `input` is no multiple of 64 bytes or `output` not half as long
 */
export function sha256Pairs(input: Uint8Array, output: Uint8Array): void {
  if (nativeHash === undefined) return hashInto(input, output)
  if (input.length % PAIR_BYTES !== 0) throw new Error(`${input.length} bytes are no pairs of hashes`)
  if (input.length !== 2 * output.length) throw new Error(`${output.length} bytes are not half of ${input.length}`)
  for (let place = 0; place < output.length; place += HASH_BYTES) {
    sha256Into(new Uint8Array(input.buffer, input.byteOffset + 2 * place, PAIR_BYTES), output, place)
  }
}
