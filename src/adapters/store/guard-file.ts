import { type FileHandle, open, realpath } from 'node:fs/promises'
import { concatBytes } from '../../base/bytes.ts'
import { invariant, QuorateError } from '../../base/errors.ts'
import type { GuardFile } from '../../ports/store.ts'
import { createFile, errorCode, errorText, readAt, writeAt } from './files.ts'
import { decodeSlot, encodeSlot, MAX_GUARD_RECORD_BYTES, newestSlot, positionOf, SLOT_BYTES, type Slot } from './guard-slots.ts'
import { type Lock, takeLock } from './lock.ts'

/**
 * Creates a guard file at a path where there is none: `record` (empty: nothing signed yet) reads back as `intact`.
 * On disk when it resolves. Rejects with QuorateError `guard-exists`, `guard-full` or `guard-failed`.
 */
export async function createGuardFile(path: string, record: Uint8Array = new Uint8Array()): Promise<void> {
  checkRecord(record)
  // Both slots are written, so that from now on a slot that cannot be read means a loss, and writes need no new disk space.
  const slots = [encodeSlot({ sequence: 2, record }), encodeSlot({ sequence: 3, record })]
  const bytes = concatBytes(slots.flatMap((slot) => [slot, new Uint8Array(SLOT_BYTES - slot.length)]))
  try {
    await createFile(path, bytes, 0o600)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw new QuorateError(
        'guard-exists',
        `there is a signing guard at ${path} already; it was left as it is. It must never be replaced by a new one`,
      )
    }
    throw failure(path, 'could not be created', error)
  }
}

/**
 * Opens the guard file and locks it until `close`. A missing file is no error: `read` says `missing`, `write` rejects
 * with `guard-missing`. Rejects with QuorateError `guard-locked`, `guard-full` or `guard-failed`; `read` with `guard-corrupt`.
 */
export async function openGuardFile(path: string): Promise<GuardFile> {
  let lock: Lock | undefined
  let handle: FileHandle | undefined
  try {
    // The lock is named after the file itself, not after the way to it: a symbolic link leads to the same lock.
    const target = await realpath(path)
    lock = await takeLock(`${target}.lock`)
    if (lock === undefined) {
      throw new QuorateError(
        'guard-locked',
        `another node that uses the signing guard ${path} is running: stop it first. Two nodes must never sign with one key`,
      )
    }
    handle = await open(target, 'r+')
    return new SlottedGuardFile(path, handle, lock)
  } catch (error) {
    await handle?.close()
    await lock?.release()
    if (error instanceof QuorateError) throw error
    if (errorCode(error) === 'ENOENT') return missingGuardFile(path)
    throw failure(path, 'could not be opened', error)
  }
}

/** What is on record, without a lock: while a node writes, the record before may be given. Rejects as `read` does, or with `guard-missing`. */
export async function peekGuardFile(path: string): Promise<{ readonly state: 'intact' | 'doubtful'; readonly record: Uint8Array }> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { newest, state } = await readNewest(path, handle)
    return { state, record: newest.record }
  } catch (error) {
    if (error instanceof QuorateError) throw error
    if (errorCode(error) === 'ENOENT') throw new QuorateError('guard-missing', `there is no signing guard at ${path}`)
    throw failure(path, 'could not be opened', error)
  } finally {
    await handle?.close()
  }
}

class SlottedGuardFile implements GuardFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #lock: Lock
  /** Of the last record that was read or written; undefined until it is known. */
  #sequence: number | undefined
  /** After a failed write nobody knows what is on disk: only opening the file again tells. */
  #broken: QuorateError | undefined
  #closed = false
  /** The last operation; each starts after it, in the order of the calls. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(path: string, handle: FileHandle, lock: Lock) {
    this.#path = path
    this.#handle = handle
    this.#lock = lock
  }

  read(): ReturnType<GuardFile['read']> {
    return this.#next(() => this.#read())
  }

  write(record: Uint8Array): Promise<void> {
    checkRecord(record)
    const copy = record.slice()
    return this.#next(async () => {
      if (this.#sequence === undefined) await this.#read()
      invariant(this.#sequence !== undefined, 'a guard was read without its sequence')
      const sequence = this.#sequence + 1
      try {
        await writeAt(this.#handle, positionOf(sequence), encodeSlot({ sequence, record: copy }))
      } catch (error) {
        this.#broken = failure(this.#path, 'could not be written: nothing may be signed until the node is started again', error)
        throw this.#broken
      }
      this.#sequence = sequence
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#tail.catch(() => undefined)
    await this.#handle.close()
    await this.#lock.release()
  }

  #next<T>(operation: () => Promise<T>): Promise<T> {
    invariant(!this.#closed, 'the signing guard is used after it was closed')
    const result = this.#tail.then(() => {
      if (this.#broken !== undefined) throw this.#broken
      return operation()
    })
    this.#tail = result.catch(() => undefined)
    return result
  }

  async #read(): Promise<{ readonly state: 'intact' | 'doubtful'; readonly record: Uint8Array }> {
    const found = await readNewest(this.#path, this.#handle)
    this.#sequence = found.newest.sequence
    return { state: found.state, record: found.newest.record }
  }
}

async function readNewest(path: string, handle: FileHandle): Promise<{ readonly newest: Slot; readonly state: 'intact' | 'doubtful' }> {
  const found = newestSlot(await Promise.all([readSlot(path, handle, 0), readSlot(path, handle, 1)]))
  if (found !== undefined) return found
  throw new QuorateError(
    'guard-corrupt',
    `the signing guard ${path} holds no intact record, so what its key has signed is not known. Never sign with this key until that is known: ` +
      'restore the newest copy of the file only if nothing was signed after it was made, otherwise this key must not sign again: make a verifier with a new key in another directory',
  )
}

async function readSlot(path: string, handle: FileHandle, place: 0 | 1): Promise<Slot | undefined> {
  try {
    return decodeSlot(await readAt(handle, place * SLOT_BYTES, SLOT_BYTES), place)
  } catch (error) {
    throw failure(path, 'could not be read', error)
  }
}

function missingGuardFile(path: string): GuardFile {
  return {
    read: () => Promise.resolve({ state: 'missing' }),
    write: () =>
      Promise.reject(new QuorateError('guard-missing', `there is no signing guard at ${path}; it is made once, by \`quorate init\``)),
    close: () => Promise.resolve(),
  }
}

function checkRecord(record: Uint8Array): void {
  invariant(record.length <= MAX_GUARD_RECORD_BYTES, `a guard record has ${record.length} bytes, more than ${MAX_GUARD_RECORD_BYTES}`)
}

function failure(path: string, what: string, error: unknown): QuorateError {
  const full = errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT' || errorText(error).includes('No space left on device')
  const next = full ? 'make room on the disk and start again' : 'check the disk and the permissions, then start again'
  return new QuorateError(full ? 'guard-full' : 'guard-failed', `the signing guard ${path} ${what}: ${errorText(error)}; ${next}`, {
    cause: error,
  })
}
