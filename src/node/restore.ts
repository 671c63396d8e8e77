import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { openLevelStore } from '../adapters/store/level-store.ts'
import { takeLock } from '../adapters/store/lock.ts'
import { QuorateError } from '../base/errors.ts'
import type { Store } from '../ports/store.ts'
import { chainIdOf } from '../wire/ids.ts'
import { type BackupHead, readBackup, writeBackup } from './backup.ts'
import { Chain } from './chain.ts'
import { directoryPaths, exists, openDirectory } from './directory.ts'
import { readGenesisFile, writeGenesisFile } from './genesis-file.ts'
import { draftOf, placeStore, settleExchange } from './store-exchange.ts'

export interface Restored {
  readonly head: BackupHead
  /** Of the chain that was restored. */
  readonly height: number
  readonly hash: string
  readonly hasKeys: boolean
}

/**
 * Makes the store of a directory that has none from a backup, and genesis.json if that is missing too. All of it is read and the ledger
 * held against the head's state root before anything takes its place; a kill leaves nothing. Keys and the signing guard are untouched.
 * Rejects with QuorateError `store-exists`, `directory-in-use`, `other-network`, `backup-failed`, or as `readBackup` and the store do.
 * @param source a path, or bytes as they come
 */
export async function restoreBackup(directory: string, source: string | AsyncIterable<Uint8Array>): Promise<Restored> {
  const paths = directoryPaths(directory)
  await mkdir(paths.directory, { recursive: true, mode: 0o700 })
  const lock = await takeLock(paths.lock)
  if (lock === undefined)
    throw new QuorateError('directory-in-use', `a node runs on ${paths.directory}: stop it first, or restore to another --dir`)
  let store: Store | undefined
  try {
    await settleExchange(paths)
    if (await exists(paths.store))
      throw new QuorateError(
        'store-exists',
        `${paths.store} is there already and was left as it is: move it away first, and keep the file guard where it is`,
      )
    const bytes = typeof source === 'string' ? readFileAsItComes(source) : source
    const head = await readBackup(bytes, async (found) => {
      const own = (await exists(paths.genesis)) ? await readGenesisFile(paths.genesis) : null
      if (own !== null && chainIdOf(own) !== found.chainId)
        throw new QuorateError(
          'other-network',
          `the backup is of ${found.name} (${found.chainId.slice(0, 8)}), ${paths.genesis} of ${own.name} (${chainIdOf(own).slice(0, 8)}): use another --dir`,
        )
      store = await openLevelStore(draftOf(paths))
      return store
    })
    if (store === undefined) throw new QuorateError('backup-damaged', 'the backup has no store')
    const chain = await Chain.open(head.genesis, store)
    await store.close()
    store = undefined
    if (!(await exists(paths.genesis))) await writeGenesisFile(paths.genesis, head.genesis)
    await placeStore(paths)
    return { head, height: chain.head.height, hash: chain.head.hash, hasKeys: await exists(`${paths.directory}/network.key`) }
  } catch (error) {
    await store?.close()
    await settleExchange(paths)
    throw error
  } finally {
    await lock.release()
  }
}

/** A backup of a directory on which no node runs. Rejects as `openDirectory` does (`directory-in-use` if one does) and the store. */
export async function* backupOfStopped(directory: string, nowMs: number): AsyncGenerator<Uint8Array> {
  const opened = await openDirectory(directory, 'full')
  let store: Store | undefined
  try {
    store = await openLevelStore(opened.paths.store)
    const { genesis, head } = await Chain.open(opened.genesis, store)
    yield* writeBackup(store, { name: genesis.name, genesis, height: head.height, createdMs: nowMs })
  } finally {
    await store?.close()
    await opened.release()
  }
}

async function* readFileAsItComes(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) yield piece as Buffer
  } catch (error) {
    throw new QuorateError('backup-failed', `${path} could not be read: ${(error as Error).message}`, { cause: error })
  }
}

/** Reads a backup to its end without restoring it. Rejects as `restoreBackup` does for one that is damaged. */
export const checkBackup = (path: string): Promise<BackupHead> =>
  readBackup(readFileAsItComes(path), () => Promise.resolve({ write: () => Promise.resolve() }))
