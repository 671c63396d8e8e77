import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c, unmask } from './crc32c.ts'
import { errorCode } from './files.ts'

/** Something in the store's files is not as it was written. `message` starts with what. */
export class CorruptFileError extends Error {}

interface Live {
  /** Table files that must be there: number to length in bytes. */
  readonly tables: ReadonlyMap<number, number>
  /** Logs from this number on hold what is in no table yet; so does `previousLog` (0: none). */
  readonly firstLog: number
  readonly previousLog: number
}

/** Of LevelDB's format (doc/log_format.md, doc/table_format.md of its source). */
const LOG_BLOCK_BYTES = 32_768
const LOG_HEADER_BYTES = 7
const TABLE_FOOTER_BYTES = 48
const TABLE_MAGIC = 0xdb4775248b80fb57n
const BLOCK_TRAILER_BYTES = 5

/**
 * Reads every file of a LevelDB directory that counts and checks all checksums and lengths, without changing anything.
 * A log that ends within a record is as a crash leaves it and passes. Rejects with CorruptFileError.
 */
export async function checkLevelFiles(directory: string): Promise<void> {
  const manifest = (await readPart(directory, 'CURRENT')).toString('latin1').trimEnd()
  if (!/^MANIFEST-\d+$/.test(manifest)) throw new CorruptFileError('CURRENT names no manifest')
  const live = readManifest(manifest, await readPart(directory, manifest))
  for (const [number, length] of live.tables) {
    const name = `${String(number).padStart(6, '0')}.ldb`
    checkTable(name, await readPart(directory, name), length)
  }
  for (const name of await readdir(directory)) {
    const number = /^(\d+)\.log$/.exec(name)?.[1]
    if (number !== undefined && (Number(number) >= live.firstLog || Number(number) === live.previousLog)) {
      readLog(name, await readPart(directory, name))
    }
  }
}

async function readPart(directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new CorruptFileError(`${name} is missing`)
    throw error
  }
}

/** The records of a log, whole ones only. */
function readLog(name: string, bytes: Buffer): Buffer[] {
  const records: Buffer[] = []
  let parts: Buffer[] = []
  let offset = 0
  while (offset + LOG_HEADER_BYTES <= bytes.length) {
    const blockEnd = offset - (offset % LOG_BLOCK_BYTES) + LOG_BLOCK_BYTES
    if (blockEnd - offset < LOG_HEADER_BYTES) {
      offset = blockEnd
      continue
    }
    const length = bytes.readUInt16LE(offset + 4)
    const type = bytes[offset + 6] ?? 0
    const end = offset + LOG_HEADER_BYTES + length
    if (type === 0 && length === 0 && bytes.subarray(offset).every((byte) => byte === 0)) break
    if (end > bytes.length && end <= blockEnd && !holdsRecord(bytes, offset + 1)) break
    const content = bytes.subarray(offset + 6, end)
    if (end > blockEnd || end > bytes.length || unmask(bytes.readUInt32LE(offset)) !== crc32c(content)) {
      throw new CorruptFileError(`${name} has a damaged record at byte ${offset} of ${bytes.length}`)
    }
    const starts = type === 1 || type === 2
    if (type > 4 || starts !== (parts.length === 0)) throw new CorruptFileError(`${name} has a record out of place at byte ${offset}`)
    parts.push(content.subarray(1))
    if (type === 1 || type === 4) {
      records.push(Buffer.concat(parts))
      parts = []
    }
    offset = end
  }
  return records
}

/**
 * Whether there is an intact record anywhere from `start` on. Behind a torn end there is none: if there is, the length
 * before it was damaged. Only the last block is ever searched.
 */
function holdsRecord(bytes: Buffer, start: number): boolean {
  for (let offset = start; offset + LOG_HEADER_BYTES < bytes.length; offset++) {
    const end = offset + LOG_HEADER_BYTES + bytes.readUInt16LE(offset + 4)
    const type = bytes[offset + 6] ?? 0
    if (type < 1 || type > 4 || end > bytes.length) continue
    if (unmask(bytes.readUInt32LE(offset)) === crc32c(bytes.subarray(offset + 6, end))) return true
  }
  return false
}

/** Replays a manifest's edits as far as they say which files count. */
function readManifest(name: string, bytes: Buffer): Live {
  const tables = new Map<number, number>()
  let firstLog = -1
  let previousLog = 0
  for (const record of readLog(name, bytes)) {
    const reader = new FieldReader(name, record)
    while (!reader.atEnd()) {
      const tag = reader.varint()
      if (tag === 1) reader.bytes()
      else if (tag === 2) firstLog = reader.varint()
      else if (tag === 3 || tag === 4) reader.varint()
      else if (tag === 9) previousLog = reader.varint()
      else if (tag === 5) {
        reader.varint()
        reader.bytes()
      } else if (tag === 6) {
        reader.varint()
        tables.delete(reader.varint())
      } else if (tag === 7) {
        reader.varint()
        tables.set(reader.varint(), reader.varint())
        reader.bytes()
        reader.bytes()
      } else throw new CorruptFileError(`${name} has an unknown field ${tag}`)
    }
  }
  if (firstLog < 0) throw new CorruptFileError(`${name} was cut short: it names no log`)
  return { tables, firstLog, previousLog }
}

function checkTable(name: string, bytes: Buffer, length: number): void {
  if (bytes.length !== length) throw new CorruptFileError(`${name} has ${bytes.length} bytes instead of ${length}`)
  if (length < TABLE_FOOTER_BYTES || bytes.readBigUInt64LE(length - 8) !== TABLE_MAGIC)
    throw new CorruptFileError(`${name} has no table footer`)
  const footer = new FieldReader(name, bytes.subarray(length - TABLE_FOOTER_BYTES))
  for (const index of [readBlock(name, bytes, footer), readBlock(name, bytes, footer)]) {
    for (const value of blockValues(name, index)) readBlock(name, bytes, new FieldReader(name, value))
  }
}

/** The block that a handle (offset, length) points to, once its checksum is right. */
function readBlock(name: string, bytes: Buffer, handle: FieldReader): Buffer {
  const start = handle.varint()
  const end = start + handle.varint()
  if (end + BLOCK_TRAILER_BYTES > bytes.length - TABLE_FOOTER_BYTES) throw new CorruptFileError(`${name} has a block beyond its end`)
  if (unmask(bytes.readUInt32LE(end + 1)) !== crc32c(bytes.subarray(start, end + 1))) {
    throw new CorruptFileError(`${name} has a damaged block at byte ${start}`)
  }
  if (bytes[end] !== 0) throw new CorruptFileError(`${name} has a compressed block, which this program does not write`)
  return bytes.subarray(start, end)
}

/** The values of an index block: handles of other blocks. */
function blockValues(name: string, block: Buffer): Buffer[] {
  const values: Buffer[] = []
  const restarts = block.length < 4 ? 0 : block.readUInt32LE(block.length - 4)
  const reader = new FieldReader(name, block.subarray(0, Math.max(0, block.length - 4 - restarts * 4)))
  while (!reader.atEnd()) {
    reader.varint()
    const keyLength = reader.varint()
    const valueLength = reader.varint()
    reader.take(keyLength)
    values.push(reader.take(valueLength))
  }
  return values
}

class FieldReader {
  readonly #name: string
  readonly #bytes: Buffer
  #offset = 0

  constructor(name: string, bytes: Buffer) {
    this.#name = name
    this.#bytes = bytes
  }

  atEnd(): boolean {
    return this.#offset >= this.#bytes.length
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 7; shift++) {
      const byte = this.take(1)[0] ?? 0
      value += (byte & 0x7f) * 2 ** (7 * shift)
      if (byte < 0x80) return value
    }
    // File numbers, lengths and sequence numbers stay below 2^49.
    throw new CorruptFileError(`${this.#name} has a number out of range`)
  }

  bytes(): Buffer {
    return this.take(this.varint())
  }

  take(length: number): Buffer {
    const end = this.#offset + length
    if (end > this.#bytes.length) throw new CorruptFileError(`${this.#name} has a field beyond its end`)
    const field = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return field
  }
}
