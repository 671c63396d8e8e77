import { digest } from '@chainsafe/as-sha256'
import { type Hex, toHex } from '../base/hex.ts'

/** sha256, 32 bytes. WebAssembly: the fastest for the short inputs that a chain hashes, and it runs in a browser. */
export const sha256 = (bytes: Uint8Array): Uint8Array => digest(bytes)

export const sha256Hex = (bytes: Uint8Array): Hex => toHex(digest(bytes))
