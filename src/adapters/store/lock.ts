import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { errorCode } from './files.ts'

export interface Lock {
  release(): Promise<void>
}

/**
 * Closing any descriptor of a file drops the process's kernel lock on it, and LevelDB opens the file before it looks
 * whether this process holds it: so a second attempt must not reach LevelDB.
 */
const held = new Set<string>()

/**
 * Takes an exclusive lock named by a directory, or gives undefined if it is held, by another process or in this one.
 *
 * Node has no `flock`. LevelDB has: a kernel lock on the file LOCK, which ends with the process however that ends, so
 * nothing stale is left to judge by process ids (those lie between containers). The database beside it stays empty.
 * Rejects with what LevelDB or the system said.
 */
export async function takeLock(directory: string): Promise<Lock | undefined> {
  const name = resolve(directory)
  if (held.has(name)) return undefined
  held.add(name)
  try {
    const database = await openLockDatabase(name)
    if (database === undefined) {
      held.delete(name)
      return undefined
    }
    return {
      async release() {
        await database.close()
        held.delete(name)
      },
    }
  } catch (error) {
    held.delete(name)
    throw error
  }
}

async function openLockDatabase(directory: string): Promise<ClassicLevel | undefined> {
  await mkdir(directory, { recursive: true })
  try {
    return await tryOpen(directory)
  } catch {
    // A power cut can break even an empty database. Nothing is in it, and LOCK, which carries the lock, stays.
    for (const name of await readdir(directory)) if (name !== 'LOCK') await rm(join(directory, name), { recursive: true, force: true })
    return tryOpen(directory)
  }
}

async function tryOpen(directory: string): Promise<ClassicLevel | undefined> {
  const database = new ClassicLevel(directory, { cacheSize: 0, writeBufferSize: 65536 })
  try {
    await database.open()
    return database
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (errorCode(cause) === 'LEVEL_LOCKED') return undefined
    throw cause ?? error
  }
}
