/** Bytes as lower-case hex text: how hashes, keys and signatures travel inside the program. */
export type Hex = string

type NativeBuffer = { from(bytes: ArrayBufferLike, offset: number, length: number): { hexSlice(): string } }
/** Node's Buffer where there is one (five times faster); a browser has the table below. */
const nativeBuffer = (globalThis as unknown as { Buffer?: NativeBuffer }).Buffer

const byteToHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): Hex {
  if (nativeBuffer !== undefined) return nativeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).hexSlice()
  let text = ''
  for (const byte of bytes) text += byteToHex[byte]
  return text
}

/** What a digit stands for, by its character code; -1 for characters that are none. */
const nibbles = Int8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)))

/**
 * Reads lower-case hex into `target` at `offset`.
 * @throws RangeError for an odd length, an upper-case or a foreign character.
 */
export function writeHex(text: Hex, target: Uint8Array, offset: number): void {
  if (text.length % 2 !== 0) throw new RangeError(`hex text has an odd length (${text.length})`)
  for (let index = 0, place = offset; index < text.length; index += 2) {
    // One digit that is none makes both of them negative.
    const byte = ((nibbles[text.charCodeAt(index)] ?? -1) << 4) | (nibbles[text.charCodeAt(index + 1)] ?? -1)
    if (byte < 0) throw new RangeError(`not lower-case hex at character ${index}`)
    target[place++] = byte
  }
}

/** The number that the first `digits` of a hex text stand for, seven at most; a negative one if they are no lower-case hex. */
export function leadingDigits(text: Hex, digits: number): number {
  let value = 0
  for (let index = 0; index < digits; index++) value = (value << 4) | (nibbles[text.charCodeAt(index)] ?? -1)
  return value
}

/** @throws RangeError as `writeHex`. */
export function fromHex(text: Hex): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  writeHex(text, bytes, 0)
  return bytes
}

/** True for lower-case hex of exactly `byteLength` bytes. */
export function isHex(text: unknown, byteLength: number): text is Hex {
  return typeof text === 'string' && text.length === byteLength * 2 && /^[0-9a-f]*$/.test(text)
}
