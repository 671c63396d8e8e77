import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { peekGuardFile } from '../adapters/store/guard-file.ts'
import { openLevelStore } from '../adapters/store/level-store.ts'
import { takeLock } from '../adapters/store/lock.ts'
import { QuorateError } from '../base/errors.ts'
import { chainIdOf } from '../wire/ids.ts'
import type { Hash } from '../wire/types.ts'
import { storedChainId } from './chain-store.ts'
import { type DirectoryPaths, directoryPaths, exists, loadDirectory, ownRole } from './directory.ts'
import { readGenesisFile } from './genesis-file.ts'
import { freeSpace } from './health.ts'
import { readBootstrapList, readCheckpointFile } from './network-file.ts'
import { checkHandedOver, decodeGuard } from './verifier-files.ts'

/** All of it is read to see that it is sound: more would take too long for somebody who waits. */
const MAX_READ_STORE_BYTES = 1_000_000_000

/** What there is to see of a node's directory without the node. */
export interface DirectoryFacts {
  readonly directory: string
  readonly exists: boolean
  /** Permissions, as in 0o700. */
  readonly mode: number
  readonly isWritable: boolean
  readonly keys: readonly { readonly file: string; readonly mode: number }[]
  readonly hasNetworkKey: boolean
  readonly hasVerifierKey: boolean
  readonly hasGuard: boolean
  /** Null without a file; a text that says what is wrong with it. */
  readonly genesis: { readonly chainId: Hash } | { readonly wrong: string } | null
  /** A bootstrap node's chain.json takes the place of genesis. */
  readonly hasChainFile: boolean
  /** bootstrap.json is there: peers to find the network by. */
  readonly hasBootstrapFile: boolean
  /** Null where there is none, it is empty, too large to be read, or in use. */
  readonly storeChainId: Hash | null
  readonly storeWrong: string | null
  /** When something in the directory was written last. */
  readonly newestFileMs: number | null
  readonly nowMs: number
  readonly isInUse: boolean
  /** api.json is there, which a node removes when it stops. */
  readonly hasApiFile: boolean
  /** For what else a start would be refused, as its errors say it; empty where a node runs. */
  readonly refusals: readonly { readonly code: string; readonly message: string }[]
  readonly freeBytes: number | null
  readonly totalBytes: number | null
}

/** Looks at a directory, and changes nothing in it but the lock, which it holds for a moment. */
export async function examineDirectory(directory: string): Promise<DirectoryFacts> {
  const paths = directoryPaths(directory)
  const found = await stat(paths.directory).catch(() => null)
  const isThere = found?.isDirectory() === true
  const [keys, newestFileMs] = isThere ? await Promise.all([keysIn(paths.directory), newestIn(paths.directory)]) : [[], null]
  const lock = isThere && keys.length > 0 ? await takeLock(paths.lock).catch(() => undefined) : undefined
  const genesis = await genesisOf(paths.genesis)
  const hasNetworkKey = keys.some(({ file }) => file === 'network.key')
  try {
    return {
      directory: paths.directory,
      exists: isThere,
      mode: (found?.mode ?? 0) & 0o777,
      isWritable: await access(paths.directory, constants.W_OK).then(
        () => true,
        () => false,
      ),
      keys,
      hasNetworkKey,
      hasVerifierKey: keys.some(({ file }) => file === 'verifier.key'),
      hasGuard: await exists(paths.guard),
      genesis,
      hasChainFile: await exists(join(paths.directory, 'chain.json')),
      hasBootstrapFile: await exists(paths.bootstrap),
      ...(lock === undefined ? { storeChainId: null, storeWrong: null } : await storeOf(paths.store)),
      newestFileMs,
      nowMs: Date.now(),
      isInUse: isThere && keys.length > 0 && lock === undefined,
      hasApiFile: await exists(paths.api),
      refusals: lock === undefined || !hasNetworkKey ? [] : await refusalsOf(paths, genesis),
      ...(await freeSpace(isThere ? paths.directory : '.')),
    }
  } finally {
    await lock?.release()
  }
}

/** What is wrong of all that a start reads, but for genesis and store, which are told by themselves. */
async function refusalsOf(paths: DirectoryPaths, genesis: DirectoryFacts['genesis']): Promise<DirectoryFacts['refusals']> {
  const role = await ownRole(paths.directory)
  const isVerifier = role === 'verifier'
  const checks: readonly (() => Promise<unknown>)[] = [
    async () => (await exists(paths.bootstrap)) && (await readBootstrapList(paths.bootstrap)),
    () => readCheckpointFile(paths.directory),
    async () => genesis !== null && 'chainId' in genesis && (await loadDirectory(paths, role, 'public')),
    async () => isVerifier && (await checkHandedOver(paths)),
    async () => isVerifier && (await exists(paths.guard)) && decodeGuard((await peekGuardFile(paths.guard)).record, paths.guard),
  ]
  const found: { readonly code: string; readonly message: string }[] = []
  for (const check of checks)
    try {
      await check()
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      found.push({ code: error.code, message: error.message })
    }
  return found
}

/** Whether a TCP port is free to listen on. */
export const isPortFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })

async function keysIn(directory: string): Promise<DirectoryFacts['keys']> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.key'))
  return await Promise.all(names.sort().map(async (file) => ({ file, mode: (await stat(join(directory, file))).mode & 0o777 })))
}

async function newestIn(directory: string): Promise<number | null> {
  const names = await readdir(directory).catch(() => [])
  const times = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return times.length === 0 ? null : Math.max(...times)
}

async function genesisOf(path: string): Promise<DirectoryFacts['genesis']> {
  try {
    return { chainId: chainIdOf(await readGenesisFile(path)) }
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error
    return error.code === 'genesis-missing' ? null : { wrong: error.message }
  }
}

async function storeOf(path: string): Promise<Pick<DirectoryFacts, 'storeChainId' | 'storeWrong'>> {
  const none = { storeChainId: null, storeWrong: null }
  if (!(await exists(join(path, 'CURRENT')))) return none
  const names = await readdir(path)
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  if (sizes.reduce((sum, size) => sum + size, 0) > MAX_READ_STORE_BYTES) return none
  try {
    const store = await openLevelStore(path)
    try {
      return { storeChainId: storedChainId(store), storeWrong: null }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (error instanceof QuorateError) return { storeChainId: null, storeWrong: error.message }
    throw error
  }
}
