import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ClassicLevel } from 'classic-level'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { invariant, QuorateError } from '../../base/errors.ts'
import type { Store, Write } from '../../ports/store.ts'
import { createFile, errorCode, errorText, readAt, syncDirectory } from './files.ts'
import { CorruptFileError, checkLevelFiles } from './level-check.ts'
import { type Lock, takeLock } from './lock.ts'

/*
 * A store is a directory: `level/` (LevelDB's own files), `lock/` and `commits`, the number of durable writes that were finished.
 *
 * LevelDB has checksums, but as classic-level opens it, it does not look at them when it reads, skips a damaged part
 * of its log without a word, and starts anew from a directory that has lost its CURRENT. So before it opens, all files
 * are checked (`level-check.ts`); each value carries a checksum over itself and its key; and each durable write stores its
 * number, which must not be below `commits` at the next start: that is how a file cut short at a good place shows.
 */
const MARK_MAGIC = utf8('QRTSTOR1')
const MARK_BYTES = MARK_MAGIC.length + 8 + 4
const CHECKSUM_BYTES = 4
/** Keys of the store itself start with this byte; others may not. */
const OWN_PREFIX = 0xff
const COMMITS_KEY = Uint8Array.of(OWN_PREFIX, 1)

type Level = ClassicLevel<Uint8Array, Uint8Array>

interface Pending {
  readonly writes: readonly Write[]
  readonly durable: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Opens the store in a directory, or creates it where there is nothing, and locks it until `close`.
 * Reads all of its files once to check them. Keys must not start with the byte ff.
 *
 * Writes take effect in the order of the calls; those that wait for the disk at the same time share one fsync. A read
 * sees a write once that has resolved. After a failed write the store takes no more: what is on disk shows at the next open.
 *
 * Rejects with QuorateError `store-corrupt` (nothing is repaired or removed), `store-locked`, `store-full`, `store-failed`.
 */
export async function openLevelStore(directory: string): Promise<Store> {
  let lock: Lock | undefined
  let mark: FileHandle | undefined
  let level: Level | undefined
  try {
    await mkdir(directory, { recursive: true })
    lock = await takeLock(join(directory, 'lock'))
    if (lock === undefined) throw lockedError(directory)
    mark = await openMark(directory)
    const finished = await readMark(mark)
    const levelDirectory = join(directory, 'level')
    if (finished === 0) {
      // The creation did not come to its end, so nothing was ever stored.
      await rm(levelDirectory, { recursive: true, force: true })
      await mkdir(levelDirectory)
      await syncDirectory(directory)
    } else {
      await checkLevelFiles(levelDirectory)
    }
    // Without compression (hashes and signatures gain nothing by it) the blocks can be checked without decompressing them.
    level = new ClassicLevel<Uint8Array, Uint8Array>(levelDirectory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression: false,
      createIfMissing: finished === 0,
    })
    await level.open()
    // LevelDB renames a new CURRENT into place without waiting for the directory.
    await syncDirectory(levelDirectory)
    const commits = readCommits(level)
    if (commits < finished) {
      throw new CorruptFileError(
        `it ends at durable write ${commits}, but ${finished} were finished: files of it were cut short, are missing or are older`,
      )
    }
    const store = new LevelStore(directory, level, lock, mark, commits)
    if (finished === 0) await store.write([], { durable: true })
    return store
  } catch (error) {
    await level?.close().catch(() => undefined)
    await mark?.close()
    await lock?.release()
    throw toQuorateError(directory, error)
  }
}

class LevelStore implements Store {
  readonly #directory: string
  readonly #level: Level
  readonly #lock: Lock
  readonly #mark: FileHandle
  #commits: number
  #waiting: Pending[] = []
  #writing: Promise<void> | undefined
  #broken: QuorateError | undefined
  #closed = false

  constructor(directory: string, level: Level, lock: Lock, mark: FileHandle, commits: number) {
    this.#directory = directory
    this.#level = level
    this.#lock = lock
    this.#mark = mark
    this.#commits = commits
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      const stored = this.#level.getSync(key)
      return stored === undefined ? undefined : openValue(key, stored)
    } catch (error) {
      throw toQuorateError(this.#directory, error)
    }
  }

  async *range(
    from: Uint8Array,
    to: Uint8Array,
    options: { readonly limit?: number; readonly reverse?: boolean } = {},
  ): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    invariant(to[0] !== OWN_PREFIX || to.length === 1, 'a range reaches into the keys of the store itself')
    try {
      for await (const [key, stored] of this.#level.iterator({
        gte: from,
        lt: to,
        limit: options.limit ?? -1,
        reverse: options.reverse ?? false,
      })) {
        yield [plain(key), openValue(key, stored)]
      }
    } catch (error) {
      throw toQuorateError(this.#directory, error)
    }
  }

  write(writes: readonly Write[], options: { readonly durable: boolean }): Promise<void> {
    invariant(!this.#closed, 'the store is written after it was closed')
    for (const write of writes) invariant(write.key[0] !== OWN_PREFIX, 'a key starts with the byte of the store itself')
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, durable: options.durable, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async sizeOf(from: Uint8Array, to: Uint8Array): Promise<number> {
    try {
      return await this.#level.approximateSize(from, to)
    } catch (error) {
      throw toQuorateError(this.#directory, error)
    }
  }
  async compact(from: Uint8Array, to: Uint8Array): Promise<void> {
    try {
      await this.#level.compactRange(from, to)
    } catch (error) {
      throw toQuorateError(this.#directory, error)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#writing
    await this.#level.close()
    await this.#mark.close()
    await this.#lock.release()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        if (this.#broken !== undefined) throw this.#broken
        await this.#writeGroup(group)
        for (const pending of group) pending.resolve()
      } catch (error) {
        this.#broken = toQuorateError(this.#directory, error)
        for (const pending of group) pending.reject(this.#broken)
      }
    }
    this.#writing = undefined
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const durable = group.some((pending) => pending.durable)
    const batch = this.#level.batch()
    for (const pending of group) {
      for (const write of pending.writes) {
        if (write.kind === 'put') batch.put(write.key, sealValue(write.key, write.value))
        else batch.del(write.key)
      }
    }
    const commits = durable ? this.#commits + 1 : this.#commits
    if (durable) batch.put(COMMITS_KEY, sealValue(COMMITS_KEY, encodeCount(commits)))
    await batch.write({ sync: durable })
    if (!durable) return
    this.#commits = commits
    // After the durable write and without fsync: the mark may be behind the store, never ahead of it.
    await this.#mark.write(encodeMark(commits), 0, MARK_BYTES, 0)
  }
}

/** The value, then a checksum over key and value, so that a value under a wrong key shows too. */
function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(value.length + CHECKSUM_BYTES)
  sealed.set(value)
  new DataView(sealed.buffer).setUint32(value.length, checksumOf(key, value))
  return sealed
}

/** Of the key, then the value. Node begins anew for a value of no bytes, unless they lie within a longer buffer. */
const checksumOf = (key: Uint8Array, value: Uint8Array): number => (value.length === 0 ? crc32(key) : crc32(value, crc32(key)))

/** LevelDB gives Buffers, whose `slice` shares memory: nothing above should have to know. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

function openValue(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const length = sealed.length - CHECKSUM_BYTES
  if (length >= 0) {
    const value = plain(sealed.subarray(0, length))
    if (new DataView(sealed.buffer, sealed.byteOffset).getUint32(length) === checksumOf(key, value)) return value
  }
  throw new CorruptFileError(`the value of key ${Buffer.from(key).toString('hex')} does not match its checksum`)
}

function readCommits(level: Level): number {
  const sealed = level.getSync(COMMITS_KEY)
  if (sealed === undefined) return 0
  const value = openValue(COMMITS_KEY, sealed)
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0))
}

function encodeCount(count: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count))
  return bytes
}

function encodeMark(count: number): Uint8Array {
  const mark = new Uint8Array(MARK_BYTES)
  mark.set(MARK_MAGIC)
  mark.set(encodeCount(count), MARK_MAGIC.length)
  new DataView(mark.buffer).setUint32(MARK_BYTES - 4, crc32(mark.subarray(0, MARK_BYTES - 4)))
  return mark
}

/** Creates the mark only in a directory that holds nothing. */
async function openMark(directory: string): Promise<FileHandle> {
  const names = (await readdir(directory)).filter((name) => name !== 'lock')
  const path = join(directory, 'commits')
  if (names.length === 0) {
    await createFile(path, encodeMark(0), 0o600)
    await syncDirectory(dirname(directory))
  } else if (!names.includes('commits')) {
    throw new CorruptFileError(`it has ${names.slice(0, 8).join(', ')} but no file "commits"`)
  }
  return open(path, 'r+')
}

async function readMark(handle: FileHandle): Promise<number> {
  const mark = await readAt(handle, 0, MARK_BYTES + 1)
  if (mark.length === MARK_BYTES) {
    const count = Number(new DataView(mark.buffer).getBigUint64(MARK_MAGIC.length))
    if (Number.isSafeInteger(count) && equalBytes(mark, encodeMark(count))) return count
  }
  throw new CorruptFileError('its file "commits" is damaged')
}

const lockedError = (directory: string): QuorateError =>
  new QuorateError('store-locked', `another node is running on the store ${directory}: stop it first, or give this one its own directory`)

function toQuorateError(directory: string, error: unknown): QuorateError {
  if (error instanceof QuorateError) return error
  const code = errorCode(error) === 'LEVEL_DATABASE_NOT_OPEN' && error instanceof Error ? errorCode(error.cause) : errorCode(error)
  const text = errorText(error)
  if (code === 'LEVEL_LOCKED') return lockedError(directory)
  if (code === 'ENOSPC' || code === 'EDQUOT' || text.includes('No space left on device') || text.includes('Disk quota exceeded')) {
    return new QuorateError('store-full', `no room on the disk for the store ${directory}: ${text}; make room, then start the node again`, {
      cause: error,
    })
  }
  if (error instanceof CorruptFileError || code === 'LEVEL_CORRUPTION') {
    return new QuorateError(
      'store-corrupt',
      `the store ${directory} is damaged: ${text}. Nothing was repaired or removed. Restore a backup of this directory, or move it away and start ` +
        'again to sync from the network. The signing guard is a separate file: keep the one you have, never restore or remove it along with the store',
      { cause: error },
    )
  }
  return new QuorateError(
    'store-failed',
    `the store ${directory} failed: ${text}; check the disk and the permissions, then start the node again`,
    { cause: error },
  )
}
