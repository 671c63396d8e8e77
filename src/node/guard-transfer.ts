import { randomBytes } from 'node:crypto'
import { access, link, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { keyPath } from '../adapters/keys/key-files.ts'
import { createFile, errorCode, errorText, syncDirectory } from '../adapters/store/files.ts'
import { createGuardFile, openGuardFile, peekGuardFile } from '../adapters/store/guard-file.ts'
import { readHandovers, removeHandovers, writeHandovers } from '../adapters/store/handed-over.ts'
import { QuorateError } from '../base/errors.ts'
import { toHex } from '../base/hex.ts'
import { emptyRecord, type GuardRecord, guardRecord } from '../consensus/guard.ts'
import { unionOf } from '../consensus/guard-union.ts'
import { encode } from '../wire/codec.ts'
import type { Hash } from '../wire/types.ts'
import { type DirectoryPaths, directoryPaths, exists, type NodeDirectory, openDirectory } from './directory.ts'
import { formatGuardDocument, type GuardDocument, readGuardDocument } from './guard-document.ts'
import { decodeGuard, handedOverPath } from './verifier-files.ts'

const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

export interface Exported {
  readonly file: string
  readonly document: GuardDocument
  /** It was handed over before, into other files: only one of them may be imported. */
  readonly earlier: number
}

/**
 * Marks a directory as handed over, so that it signs nothing any more, and then writes its record to a file that did not exist. Rejects
 * with QuorateError `file-exists`, `export-failed`, `guard-doubtful`, or those of the directory and the guard.
 */
export async function exportGuard(directory: string, file: string, nowMs: number): Promise<Exported> {
  const path = resolve(file)
  await checkTarget(path)
  return await withDirectory(directory, async ({ paths, chainId, verifierKey }) => {
    const { state, record } = await readWhole(paths)
    if (state === 'doubtful') throw doubtful(paths)
    const mark = handedOverPath(paths)
    const handovers = await readHandovers(mark)
    const exportId = randomBytes(16).toString('hex')
    const document: GuardDocument = { chainId, verifier: verifierKey, exportId, exportedAtMs: nowMs, record }
    try {
      await writeHandovers(mark, [...handovers, { exportId, atMs: nowMs, file: path }])
    } catch (error) {
      throw new QuorateError('export-failed', `${mark} could not be written, so nothing was handed over: ${errorText(error)}`, {
        cause: error,
      })
    }
    await writeExport(path, formatGuardDocument(document))
    return { file: path, document, earlier: handovers.length }
  })
}

export interface Imported {
  readonly record: GuardRecord
  /** There was no guard. */
  readonly isNew: boolean
  /** The file knew more than the guard. */
  readonly changed: boolean
  /** The directory may sign again. */
  readonly lifted: boolean
}

/**
 * Adds what a file of `exportGuard` knows to a directory's guard, which forgets nothing; done again it changes nothing.
 * @param takeBack the file was exported from this very directory, and is imported nowhere else
 * Rejects with QuorateError `wrong-chain`, `wrong-key`, `guard-conflict`, `guard-handed-over`, `guard-newer-here`, `guard-doubtful`, or
 * those of the file, the directory and the guard.
 */
export async function importGuard(directory: string, file: string, takeBack: boolean): Promise<Imported> {
  const document = await readGuardDocument(file)
  await requireKeys(directory)
  return await withDirectory(directory, async ({ paths, chainId, verifierKey }) => {
    checkFits(document, file, chainId, verifierKey, paths)
    const mark = handedOverPath(paths)
    const handovers = await readHandovers(mark)
    const isOwn = handovers.some(({ exportId }) => exportId === document.exportId)
    if (isOwn && !takeBack)
      throw new QuorateError(
        'guard-handed-over',
        `${file} was exported from this very directory. If nobody has imported it anywhere else, take it back with --take-back. ` +
          'If the verifier runs in another directory by now, stop it there, export its guard, and import that file',
      )
    const isNew = !(await exists(paths.guard))
    const here = isNew ? null : await readWhole(paths)
    if (here?.state === 'doubtful') throw doubtful(paths)
    const record = unionOf(here?.record ?? emptyRecord, document.record)
    if (record === null)
      throw new QuorateError(
        'guard-conflict',
        `${paths.guard} and ${file} hold seals of two blocks at height ${document.record.seal?.height}: this key has contradicted itself and must sign nothing more`,
      )
    const changed = here === null || !isSame(record, here.record)
    if (isNew) await makeGuard(paths.guard, record)
    else if (changed) await writeRecord(paths.guard, record)
    const lifted = handovers.length > 0
    if (lifted) {
      const last = Math.max(...handovers.map(({ atMs }) => atMs))
      if (!isOwn && (!isSame(record, document.record) || document.exportedAtMs <= last))
        throw new QuorateError(
          'guard-newer-here',
          `${file} was exported before this directory was handed over, or knows less than its record; what it knows is kept, and the directory stays handed over. Export the guard where the verifier ran last`,
        )
      await removeHandovers(mark)
    }
    return { record, isNew, changed, lifted }
  })
}

/** What a directory's guard holds, whether a node runs on it or not. Rejects as reading the guard does. */
export async function showGuard(directory: string): Promise<{
  readonly path: string
  readonly state: 'intact' | 'doubtful'
  readonly record: GuardRecord
  readonly handovers: Awaited<ReturnType<typeof readHandovers>>
}> {
  const paths = directoryPaths(directory)
  const { state, record } = await peekGuardFile(paths.guard)
  return { path: paths.guard, state, record: decodeGuard(record, paths.guard), handovers: await readHandovers(handedOverPath(paths)) }
}

async function withDirectory<T>(
  directory: string,
  action: (opened: { readonly paths: DirectoryPaths; readonly chainId: Hash; readonly verifierKey: string }) => Promise<T>,
): Promise<T> {
  const opened: NodeDirectory = await openDirectory(directory, 'verifier', 'public')
  try {
    const { paths, chainId, verifierKey } = opened
    if (verifierKey === null) throw new QuorateError('not-verifier', `${paths.directory} has no verifier key`)
    return await action({ paths, chainId, verifierKey: verifierKey.publicKey })
  } finally {
    await opened.release()
  }
}

/** Said before anything is opened, whose own errors tell how to make new keys. */
async function requireKeys(directory: string): Promise<void> {
  const { directory: absolute, genesis } = directoryPaths(directory)
  const files = [keyPath(absolute, 'network'), keyPath(absolute, 'verifier'), genesis]
  const missing: string[] = []
  for (const path of files) if (!(await exists(path))) missing.push(path.slice(absolute.length + 1))
  if (missing.length > 0)
    throw new QuorateError(
      'keys-missing',
      `${absolute} lacks ${missing.join(', ')}: copy network.key, account.key, verifier.key and genesis.json there from the old directory first, never its guard`,
    )
}

function checkFits(document: GuardDocument, file: string, chainId: Hash, verifierKey: string, { directory }: DirectoryPaths): void {
  if (document.chainId !== chainId)
    throw new QuorateError(
      'wrong-chain',
      `${file} is of chain ${document.chainId}, ${directory} is of chain ${chainId}: name the right file or directory`,
    )
  if (document.verifier !== verifierKey)
    throw new QuorateError(
      'wrong-key',
      `${file} is the record of verifier key ${document.verifier}, ${directory} has ${verifierKey}: copy the verifier.key that belongs to it, or name the right directory`,
    )
}

async function readWhole(paths: DirectoryPaths): Promise<{ readonly state: 'intact' | 'doubtful'; readonly record: GuardRecord }> {
  const file = await openGuardFile(paths.guard)
  try {
    const found = await file.read()
    if (found.state === 'missing') throw new QuorateError('guard-missing', `${paths.guard} is missing: there is nothing to hand over`)
    return { state: found.state, record: decodeGuard(found.record, paths.guard) }
  } finally {
    await file.close()
  }
}

async function writeRecord(path: string, record: GuardRecord): Promise<void> {
  const file = await openGuardFile(path)
  try {
    await file.write(encode(guardRecord, record))
  } finally {
    await file.close()
  }
}

/** The guard is there as a whole or not at all, also after a crash. */
async function makeGuard(path: string, record: GuardRecord): Promise<void> {
  const temporary = `${path}.import`
  await rm(temporary, { force: true })
  await createGuardFile(temporary, encode(guardRecord, record))
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

async function checkTarget(path: string): Promise<void> {
  if (await exists(path)) throw new QuorateError('file-exists', `there is a file ${path} already, which is left as it is: name another one`)
  try {
    await access(dirname(path))
  } catch {
    throw new QuorateError('export-failed', `there is no directory ${dirname(path)}: make it, or name another file`)
  }
}

/** All of it or nothing, and never over another file. */
async function writeExport(path: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  const temporary = join(dirname(path), `.quorate-guard-${randomBytes(4).toString('hex')}`)
  try {
    await createFile(temporary, bytes, 0o600)
    try {
      await link(temporary, path)
    } catch (error) {
      // Some file systems have no links: then a crash may leave a part of the file, which its checksum shows.
      if (!NO_LINKS.has(errorCode(error))) throw error
      await createFile(path, bytes, 0o600)
    } finally {
      await unlink(temporary)
    }
    await syncDirectory(dirname(path))
  } catch (error) {
    const why = errorCode(error) === 'EEXIST' ? 'there is such a file by now' : errorText(error)
    throw new QuorateError(
      'export-failed',
      `${path} could not be written: ${why}. The directory is marked as handed over and signs nothing; make room, and export again to this or another file`,
      { cause: error },
    )
  }
}

const doubtful = ({ guard, directory }: DirectoryPaths): QuorateError =>
  new QuorateError(
    'guard-doubtful',
    `the newest entry of ${guard} is damaged, so it may know less than its key has signed: start the verifier once more with \`quorate start --dir ${directory}\` until it signs, which means that its peers have told what they know, and stop it`,
  )

const isSame = (left: GuardRecord, right: GuardRecord): boolean => toHex(encode(guardRecord, left)) === toHex(encode(guardRecord, right))
