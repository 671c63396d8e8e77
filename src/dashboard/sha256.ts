import { sha256 } from '@noble/hashes/sha2.js'

/**
 * Stands in for @chainsafe/as-sha256 when the page is bundled: that one is WebAssembly, which the page's content security policy would
 * have to allow, and the page hashes a few hundred bytes.
 */
export const digest = (bytes: Uint8Array): Uint8Array => sha256(bytes)

const PAIR_BYTES = 64

export function hashInto(input: Uint8Array, output: Uint8Array): void {
  for (let place = 0; place < input.length; place += PAIR_BYTES) output.set(sha256(input.subarray(place, place + PAIR_BYTES)), place / 2)
}
