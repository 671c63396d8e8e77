import { utf8 } from '../../src/base/bytes.ts'
import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { sha256Hex } from '../../src/crypto/sha256.ts'

/** Widest line that a value shares with its key; what is wider goes one item a line. */
const LINE_WIDTH = 140

/** JSON with short objects and lists on one line: readable, and the same bytes for the same value. */
export function pretty(value: unknown, indent = ''): string {
  const flat = oneLine(value)
  if (typeof value !== 'object' || value === null || indent.length + flat.length <= LINE_WIDTH) return flat
  const inner = `${indent}  `
  if (Array.isArray(value)) return `[\n${value.map((item) => inner + pretty(item, inner)).join(',\n')}\n${indent}]`
  const members = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pretty(item, inner)}`)
  return `{\n${members.join(',\n')}\n${indent}}`
}

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

/** Bytes that nobody chose and everybody can make again: sha256 of the label and a counter, as many as needed. */
export function sampleHex(label: string, byteLength: number): Hex {
  let bytes = ''
  for (let counter = 0; bytes.length < byteLength * 2; counter++) bytes += sha256Hex(utf8(`quorate vectors ${label} ${counter}`))
  return bytes.slice(0, byteLength * 2)
}

export const sampleBytes = (label: string, byteLength: number): Uint8Array => fromHex(sampleHex(label, byteLength))

/** An integer of `byteLength` bytes, little-endian, as hex; beyond the safe integers too, for bad cases. */
export function littleEndian(value: number | bigint, byteLength: number): Hex {
  const digits = BigInt(value)
    .toString(16)
    .padStart(byteLength * 2, '0')
  return (digits.match(/../g) ?? []).reverse().join('')
}

/** The same bytes with `replacement` written over what is at `offset`, from the end if that is negative. */
export function overwrite(bytes: Hex, offset: number, replacement: Hex): Hex {
  const result = fromHex(bytes)
  result.set(fromHex(replacement), offset < 0 ? result.length + offset : offset)
  return toHex(result)
}
