import { digest, hashInto } from '@chainsafe/as-sha256'
import { type Hex, toHex } from '../base/hex.ts'

/** sha256, 32 bytes. WebAssembly: the fastest for the short inputs that a chain hashes, and it runs in a browser. */
export const sha256 = (bytes: Uint8Array): Uint8Array => digest(bytes)

export const sha256Hex = (bytes: Uint8Array): Hex => toHex(digest(bytes))

/**
 * sha256 of each 64 bytes of `input` (two nodes of a tree) into each 32 bytes of `output`, four at a time where the
 * machine can: half the time of hashing them one by one.
 * @throws Error if `input` is no multiple of 64 bytes or `output` not half as long
 */
export const sha256Pairs = (input: Uint8Array, output: Uint8Array): void => hashInto(input, output)
