import { createHash } from 'node:crypto'
import { QuorateError } from '../base/errors.ts'
import type { Store, Write } from '../ports/store.ts'
import type { Genesis } from '../wire/genesis.ts'
import { chainIdOf } from '../wire/ids.ts'
import type { Hash } from '../wire/types.ts'
import { genesisDocument, MAX_GENESIS_FILE_BYTES, readGenesisDocument } from './genesis-file.ts'

/*
 * A backup is one file: a line of JSON that says what it is, then the entries of the store in the order of their keys, each as
 * `u32 length of the key, u32 length of the value, key, value` (little-endian), then a length of ffffffff, the number of entries (u64) and
 * the sha256 of all before it. It holds the genesis and the store as they were at one moment: no key, and no signing guard.
 */
const FORMAT = 'quorate-backup'
const VERSION = 1
const END = 0xffff_ffff
const TRAILER_BYTES = 4 + 8 + 32
/** Entries are handed on in pieces of about this size. */
const PIECE_BYTES = 256 * 1024
/** The first line holds a genesis, and little else. */
const MAX_HEAD_BYTES = MAX_GENESIS_FILE_BYTES + 4096
/** No key or value of a store is larger: a part of a snapshot has 4 MiB. */
const MAX_ENTRY_BYTES = 64 * 1024 * 1024
/** Bytes of entries that go into one write while a store is made. */
const WRITE_BYTES = 4 * 1024 * 1024

export interface BackupHead {
  readonly name: string
  readonly chainId: Hash
  /** Of the newest block when it began; the store in it may be one or two blocks further. */
  readonly height: number
  readonly createdMs: number
  readonly genesis: Genesis
}

/** Every entry of the store as it is now, whatever is written meanwhile. Rejects as the store does. */
export async function* writeBackup(store: Pick<Store, 'range'>, head: Omit<BackupHead, 'chainId'>): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  const { name, height, createdMs, genesis } = head
  const document = {
    format: FORMAT,
    version: VERSION,
    name,
    chainId: chainIdOf(genesis),
    height,
    createdMs,
    genesis: genesisDocument(genesis),
  }
  let pieces: Uint8Array[] = [Buffer.from(`${JSON.stringify(document)}\n`)]
  let bytes = 0
  let count = 0n
  const take = (): Uint8Array => {
    const piece = Buffer.concat(pieces)
    digest.update(piece)
    pieces = []
    bytes = 0
    return piece
  }
  for await (const [key, value] of store.range(new Uint8Array(), Uint8Array.of(0xff))) {
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32LE(key.length, 0)
    lengths.writeUInt32LE(value.length, 4)
    pieces.push(lengths, key, value)
    bytes += 8 + key.length + value.length
    count++
    if (bytes >= PIECE_BYTES) yield take()
  }
  const end = Buffer.alloc(12)
  end.writeUInt32LE(END, 0)
  end.writeBigUInt64LE(count, 4)
  pieces.push(end)
  yield take()
  yield digest.digest()
}

const damaged = (why: string): QuorateError =>
  new QuorateError('backup-damaged', `the backup ${why}: it was cut short or changed. Nothing was restored from it; take another one`)

/** Bytes as they come, to be asked for by number. */
class Input {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #digest = createHash('sha256')
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next `count` bytes, which are part of what the sum at the end is over unless said otherwise. */
  async take(count: number, isSummed = true): Promise<Buffer> {
    while (this.#rest.length < count) if (!(await this.#more())) throw damaged('ends too early')
    return this.#cut(count, isSummed)
  }
  async line(maxBytes: number): Promise<string> {
    for (let from = 0; ; ) {
      const end = this.#rest.indexOf(10, from)
      if (end >= 0) return this.#cut(end + 1, true).toString('utf8')
      from = this.#rest.length
      if (from > maxBytes || !(await this.#more()))
        throw new QuorateError('not-a-backup', 'that is no backup of a quorate node, or one that was cut short')
    }
  }
  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !(await this.#more())
  }
  sum(): Buffer {
    return this.#digest.digest()
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#source.next()
    if (done === true) return false
    this.#rest = Buffer.concat([this.#rest, value])
    return true
  }
  #cut(count: number, isSummed: boolean): Buffer {
    const cut = this.#rest.subarray(0, count)
    this.#rest = this.#rest.subarray(count)
    if (isSummed) this.#digest.update(cut)
    return cut
  }
}

/**
 * Puts the entries of a backup into an empty store; only when all of it was read and its sum was right does it resolve, so a store that this
 * rejected on is to be thrown away.
 * @param onHead hears what the backup is before anything is written; what it rejects with, this rejects with
 * Rejects with QuorateError `not-a-backup`, `backup-version`, `backup-damaged`, or as the store does.
 */
export async function readBackup(
  source: AsyncIterable<Uint8Array>,
  onHead: (head: BackupHead) => Promise<Pick<Store, 'write'>>,
): Promise<BackupHead> {
  const input = new Input(source)
  const head = parseHead(await input.line(MAX_HEAD_BYTES))
  const store = await onHead(head)
  let writes: Write[] = []
  let bytes = 0
  let count = 0n
  const flush = async (durable: boolean): Promise<void> => {
    await store.write(writes, { durable })
    writes = []
    bytes = 0
  }
  for (;;) {
    const keyBytes = (await input.take(4)).readUInt32LE(0)
    if (keyBytes === END) break
    const valueBytes = (await input.take(4)).readUInt32LE(0)
    if (keyBytes === 0 || keyBytes > MAX_ENTRY_BYTES || valueBytes > MAX_ENTRY_BYTES) throw damaged('has an entry of an impossible size')
    const key = Uint8Array.from(await input.take(keyBytes))
    const value = Uint8Array.from(await input.take(valueBytes))
    if (key[0] === 0xff) throw damaged('has an entry that no node writes')
    writes.push({ kind: 'put', key, value })
    count++
    bytes += keyBytes + valueBytes
    if (bytes >= WRITE_BYTES) await flush(false)
  }
  if ((await input.take(8)).readBigUInt64LE(0) !== count) throw damaged('has another number of entries than it says')
  const sum = input.sum()
  if (!sum.equals(await input.take(TRAILER_BYTES - 12, false))) throw damaged('does not match its checksum')
  if (!(await input.isAtEnd())) throw damaged('goes on after its end')
  await flush(true)
  return head
}

function parseHead(line: string): BackupHead {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = null
  }
  const { format, version, name, chainId, height, createdMs, genesis } = (value ?? {}) as Record<string, unknown>
  if (format !== FORMAT) throw new QuorateError('not-a-backup', 'that is no backup of a quorate node')
  if (version !== VERSION)
    throw new QuorateError('backup-version', `the backup has version ${String(version)}, this program reads version ${VERSION}`)
  if (typeof name !== 'string' || typeof height !== 'number' || typeof createdMs !== 'number') throw damaged('does not say what it is of')
  const parsed = readGenesisDocument(genesis)
  if (chainIdOf(parsed) !== chainId) throw damaged('has another genesis than its chain id says')
  return { name, chainId, height, createdMs, genesis: parsed }
}
