import { fromUtf8, utf8 } from '../base/bytes.ts'
import { QuorateError } from '../base/errors.ts'
import { type Hex, toHex, writeHex } from '../base/hex.ts'

/**
 * The one encoding of quorate: for the wire, the hash, the signature and the disk. Fixed-width little-endian
 * integers, explicit lengths, no padding, nothing optional without a tag byte: each value has exactly one
 * encoding, and the decoder refuses every other. `protocols/encoding.md` states the rules.
 */
export interface Codec<T> {
  /** Fewest bytes a value takes; lets a list refuse a count that the rest of the input cannot hold. */
  readonly minBytes: number
  /** Most bytes a value takes: the bound a receiver checks before it decodes. */
  readonly maxBytes: number
  write(writer: Writer, value: T): void
  read(reader: Reader): T
}

/** Bytes that are no canonical encoding (codes `truncated`, `trailing`, `bound`, `not-canonical`), or a value that has none (`bound`). */
export class WireError extends QuorateError {}

function checkInteger(value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new WireError('bound', `${value} is no integer from 0 to ${max}`)
}

/** Longest single allocation step of the writer; it doubles from here. */
const INITIAL_WRITER_BYTES = 512

/** Bytes of an encoding, in the making. @throws WireError (`bound`) for a number that is no unsigned integer of that many bits. */
export class Writer {
  #bytes = new Uint8Array(INITIAL_WRITER_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** Makes room for `count` more bytes and returns where they begin. The buffer may be another one after it: call it before naming the buffer. */
  #grow(count: number): number {
    const start = this.#length
    const needed = start + count
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, start))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#length = needed
    return start
  }

  u8(value: number): void {
    checkInteger(value, 0xff)
    const start = this.#grow(1)
    this.#bytes[start] = value
  }
  u16(value: number): void {
    checkInteger(value, 0xffff)
    const start = this.#grow(2)
    this.#view.setUint16(start, value, true)
  }
  u32(value: number): void {
    checkInteger(value, 0xffff_ffff)
    const start = this.#grow(4)
    this.#view.setUint32(start, value, true)
  }
  u64(value: number): void {
    checkInteger(value, Number.MAX_SAFE_INTEGER)
    const start = this.#grow(8)
    const low = value >>> 0
    this.#view.setUint32(start, low, true)
    this.#view.setUint32(start + 4, (value - low) / 0x1_0000_0000, true)
  }
  hex(text: Hex): void {
    const start = this.#grow(text.length >> 1)
    writeHex(text, this.#bytes, start)
  }
  raw(bytes: Uint8Array): void {
    const start = this.#grow(bytes.length)
    this.#bytes.set(bytes, start)
  }
  clear(): void {
    this.#length = 0
  }
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  #take(count: number): number {
    if (count > this.remaining)
      throw new WireError('truncated', `needs ${count} more bytes at offset ${this.#offset}, has ${this.remaining}`)
    const start = this.#offset
    this.#offset += count
    return start
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }
  u64(): number {
    const start = this.#take(8)
    const value = this.#view.getUint32(start, true) + this.#view.getUint32(start + 4, true) * 0x1_0000_0000
    if (value > Number.MAX_SAFE_INTEGER) throw new WireError('bound', 'integer is above 2^53 - 1')
    return value
  }
  raw(count: number): Uint8Array {
    const start = this.#take(count)
    return this.#bytes.subarray(start, start + count)
  }
  hex(count: number): Hex {
    return toHex(this.raw(count))
  }
}

/** The buffer that encodings are made in, used again and again; absent while one is being made. */
let spare: Writer | undefined
/** A buffer that grew larger than this is let go. */
const MAX_SPARE_BYTES = 64 * 1024

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = spare ?? new Writer()
  spare = undefined
  writer.clear()
  codec.write(writer, value)
  const bytes = writer.finish()
  if (bytes.length <= MAX_SPARE_BYTES) spare = writer
  return bytes
}

/** @throws WireError if the bytes are not the one encoding of a value. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  if (bytes.length > codec.maxBytes) throw new WireError('bound', `${bytes.length} bytes, at most ${codec.maxBytes} allowed`)
  const reader = new Reader(bytes)
  const value = codec.read(reader)
  if (reader.remaining > 0) throw new WireError('trailing', `${reader.remaining} bytes after the value`)
  return value
}

export const u8: Codec<number> = { minBytes: 1, maxBytes: 1, write: (writer, value) => writer.u8(value), read: (reader) => reader.u8() }
export const u16: Codec<number> = { minBytes: 2, maxBytes: 2, write: (writer, value) => writer.u16(value), read: (reader) => reader.u16() }
export const u32: Codec<number> = { minBytes: 4, maxBytes: 4, write: (writer, value) => writer.u32(value), read: (reader) => reader.u32() }
/** Eight bytes on the wire, at most 2^53 - 1 in value: every count in quorate is a safe integer. */
export const u64: Codec<number> = { minBytes: 8, maxBytes: 8, write: (writer, value) => writer.u64(value), read: (reader) => reader.u64() }

/** Exactly `byteLength` bytes, lower-case hex in the program. */
export function fixed(byteLength: number): Codec<Hex> {
  return {
    minBytes: byteLength,
    maxBytes: byteLength,
    write: (writer, value) => {
      if (value.length !== byteLength * 2) throw new WireError('bound', `${value.length / 2} bytes, exactly ${byteLength} needed`)
      try {
        writer.hex(value)
      } catch (error) {
        throw new WireError('not-canonical', `${byteLength} bytes that are no lower-case hex`, { cause: error })
      }
    },
    read: (reader) => reader.hex(byteLength),
  }
}

/** UTF-8 text of at most `maxBytes` bytes, after its length as u16. */
export function text(maxBytes: number): Codec<string> {
  return {
    minBytes: 2,
    maxBytes: 2 + maxBytes,
    write: (writer, value) => {
      const bytes = utf8(value)
      if (bytes.length > maxBytes) throw new WireError('bound', `text of ${bytes.length} bytes, at most ${maxBytes} allowed`)
      if (fromUtf8(bytes) !== value) throw new WireError('not-canonical', 'text has half a surrogate pair')
      writer.u16(bytes.length)
      writer.raw(bytes)
    },
    read: (reader) => {
      const length = reader.u16()
      if (length > maxBytes) throw new WireError('bound', `text of ${length} bytes, at most ${maxBytes} allowed`)
      try {
        return fromUtf8(reader.raw(length))
      } catch (error) {
        if (error instanceof WireError) throw error
        throw new WireError('not-canonical', 'text is not UTF-8', { cause: error })
      }
    },
  }
}

/** Up to `maxBytes` bytes after their number as u32; lower-case hex in the program. */
export function blob(maxBytes: number): Codec<Hex> {
  const check = (length: number): void => {
    if (length > maxBytes) throw new WireError('bound', `${length} bytes, at most ${maxBytes} allowed`)
  }
  return {
    minBytes: 4,
    maxBytes: 4 + maxBytes,
    write: (writer, value) => {
      const length = value.length >> 1
      check(length)
      writer.u32(length)
      try {
        writer.hex(value)
      } catch (error) {
        throw new WireError('not-canonical', `${length} bytes that are no lower-case hex`, { cause: error })
      }
    },
    read: (reader) => {
      const length = reader.u32()
      check(length)
      return reader.hex(length)
    },
  }
}

/** Values one after the other, after their count as u32. */
export function list<T>(item: Codec<T>, maxCount: number): Codec<readonly T[]> {
  const checkCount = (count: number): void => {
    if (count > maxCount) throw new WireError('bound', `${count} items, at most ${maxCount} allowed`)
  }
  return {
    minBytes: 4,
    maxBytes: 4 + maxCount * item.maxBytes,
    write: (writer, values) => {
      checkCount(values.length)
      writer.u32(values.length)
      for (const value of values) item.write(writer, value)
    },
    read: (reader) => {
      const count = reader.u32()
      checkCount(count)
      if (count * item.minBytes > reader.remaining)
        throw new WireError('truncated', `${count} items do not fit in ${reader.remaining} bytes`)
      const values: T[] = []
      for (let index = 0; index < count; index++) values.push(item.read(reader))
      return values
    },
  }
}

/** One byte: 0 for none, 1 before the value. */
export function option<T>(codec: Codec<T>): Codec<T | null> {
  return {
    minBytes: 1,
    maxBytes: 1 + codec.maxBytes,
    write: (writer, value) => {
      writer.u8(value === null ? 0 : 1)
      if (value !== null) codec.write(writer, value)
    },
    read: (reader) => {
      const tag = reader.u8()
      if (tag > 1) throw new WireError('not-canonical', `option tag ${tag}`)
      return tag === 0 ? null : codec.read(reader)
    },
  }
}

type Fields<T> = { readonly [K in keyof T]: Codec<T[K]> }

/** Fields in the order in which they are written here. */
export function struct<T extends object>(fields: Fields<T>): Codec<T> {
  const entries = Object.entries(fields) as [keyof T, Codec<T[keyof T]>][]
  return {
    minBytes: entries.reduce((sum, [, codec]) => sum + codec.minBytes, 0),
    maxBytes: entries.reduce((sum, [, codec]) => sum + codec.maxBytes, 0),
    write: (writer, value) => {
      for (const [name, codec] of entries) codec.write(writer, value[name])
    },
    read: (reader) => {
      const value: Partial<T> = {}
      for (const [name, codec] of entries) value[name] = codec.read(reader)
      return value as T
    },
  }
}

type Variants<T extends { readonly kind: string }> = {
  readonly [K in T['kind']]: readonly [tag: number, codec: Codec<Omit<Extract<T, { kind: K }>, 'kind'>>]
}

/** A tag byte, then the fields of that kind. */
export function union<T extends { readonly kind: string }>(variants: Variants<T>): Codec<T> {
  const byKind = new Map(Object.entries(variants) as [string, readonly [number, Codec<object>]][])
  const byTag = new Map([...byKind].map(([kind, [tag, codec]]) => [tag, { kind, codec }]))
  const codecs = [...byKind.values()].map(([, codec]) => codec)
  return {
    minBytes: 1 + Math.min(...codecs.map((codec) => codec.minBytes)),
    maxBytes: 1 + Math.max(...codecs.map((codec) => codec.maxBytes)),
    write: (writer, value) => {
      const variant = byKind.get(value.kind)
      if (variant === undefined) throw new WireError('bound', `unknown kind ${value.kind}`)
      writer.u8(variant[0])
      variant[1].write(writer, value)
    },
    read: (reader) => {
      const tag = reader.u8()
      const variant = byTag.get(tag)
      if (variant === undefined) throw new WireError('bound', `unknown kind tag ${tag}`)
      return { kind: variant.kind, ...variant.codec.read(reader) } as unknown as T
    },
  }
}

/** One of a fixed set of names, as the byte given to it. */
export function enumeration<N extends string>(names: Readonly<Record<N, number>>): Codec<N> {
  const byTag = new Map(Object.entries(names).map(([name, tag]) => [tag as number, name as N]))
  return {
    minBytes: 1,
    maxBytes: 1,
    write: (writer, name) => {
      const tag = Object.hasOwn(names, name) ? names[name] : undefined
      if (tag === undefined) throw new WireError('bound', `unknown name ${name}`)
      writer.u8(tag)
    },
    read: (reader) => {
      const tag = reader.u8()
      const name = byTag.get(tag)
      if (name === undefined) throw new WireError('bound', `unknown tag ${tag}`)
      return name
    },
  }
}

/**
 * Ascending indices below `maxMembers` as a bitmap: its length in bytes as u16, then the bits, lowest first,
 * with no zero byte at the end, so that each set has one form.
 */
export function bitmap(maxMembers: number): Codec<readonly number[]> {
  const maxLength = Math.ceil(maxMembers / 8)
  return {
    minBytes: 2,
    maxBytes: 2 + maxLength,
    write: (writer, members) => {
      const last = members.at(-1) ?? -1
      if (last >= maxMembers) throw new WireError('bound', `member ${last}, at most ${maxMembers - 1} allowed`)
      const bits = new Uint8Array(last < 0 ? 0 : (last >> 3) + 1)
      let previous = -1
      for (const member of members) {
        if (!Number.isInteger(member) || member <= previous) throw new WireError('not-canonical', 'members are not ascending')
        bits[member >> 3] = (bits[member >> 3] ?? 0) | (1 << (member & 7))
        previous = member
      }
      writer.u16(bits.length)
      writer.raw(bits)
    },
    read: (reader) => {
      const length = reader.u16()
      if (length > maxLength) throw new WireError('bound', `bitmap of ${length} bytes, at most ${maxLength} allowed`)
      const bits = reader.raw(length)
      if (length > 0 && bits[length - 1] === 0) throw new WireError('not-canonical', 'bitmap ends in a zero byte')
      const members: number[] = []
      for (let index = 0; index < length * 8; index++) if (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) members.push(index)
      if ((members.at(-1) ?? -1) >= maxMembers) throw new WireError('bound', 'bitmap names a member above the bound')
      return members
    },
  }
}
