import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readFileSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import type { Hash } from '../wire/types.ts'

/** The rules are in protocols/source.md. scripts/build.mjs bundles this module by itself to run it: keep its imports few. */

export interface SourceFile {
  /** From the root of the tree, with `/` between names. */
  readonly path: string
  readonly sha256: Hash
  readonly bytes: number
}

export interface SourceTree {
  /** sha256 of the listing's bytes. */
  readonly hash: Hash
  /** By path. */
  readonly files: readonly SourceFile[]
}

/** Whatever is below it counts. */
const FOLDER = 'src'
/** Besides: what is installed, how it is bundled, and what the bundler reads. */
const FILES = ['package-lock.json', 'package.json', 'scripts/build.mjs', 'tsconfig.json'] as const

/** Files and folders; this tree has a few hundred. */
const MAX_ENTRIES = 10_000
/** Of all files together; this tree has one megabyte. */
const MAX_BYTES = 64 * 1024 * 1024
/** A package.json of three kilobytes is read whole, to know whose it is. */
const MAX_PACKAGE_BYTES = 1024 * 1024
const READ_BYTES = 64 * 1024

/**
 * Hashes the source below `root`. For commands and the build, not for a node at work: it blocks, some ten times faster than waiting for
 * each of a thousand small steps.
 * @throws QuorateError `source-missing` (no such folder), `not-source` (no quorate tree), `source-incomplete`, `source-name`,
 * `source-kind` (a link, a device), `source-too-large`, `source-unreadable`, `source-changed`
 */
export function hashSource(root: string): SourceTree {
  const absolute = resolve(root)
  assertQuorate(absolute)
  const paths = [...FILES, ...filesBelow(absolute)].sort()
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  const files: SourceFile[] = []
  let bytes = 0
  for (const path of paths) {
    const file = hashFile(absolute, path, buffer, MAX_BYTES - bytes)
    bytes += file.bytes
    files.push(file)
  }
  return { hash: createHash('sha256').update(formatListing(files)).digest('hex'), files }
}

/** What is hashed, and what sha256sum prints: a line for each file with its hash, two spaces and its path. */
export const formatListing = (files: readonly SourceFile[]): string => files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('')

/** What this program was built from, as scripts/build.mjs stamped it; null when it runs from the source. */
export function runningSource(): Hash | null {
  const stamp = process.env['QUORATE_SOURCE']
  return isHex(stamp, 32) ? stamp : null
}

/** The source tree around this program, which may have changed since; null if the program came without it. */
export function programRoot(): string | null {
  // Above dist/ in the bundle, above src/node/ in the source.
  for (const up of ['..', '../..']) {
    const root = fileURLToPath(new URL(up, import.meta.url))
    if (isQuorate(root) && below(root, FOLDER) !== undefined) return resolve(root)
  }
  return null
}

function assertQuorate(root: string): void {
  let found: Stats
  try {
    found = statSync(root)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error))) throw unreadable(root, error)
    throw new QuorateError('source-missing', `there is nothing at ${root}: name the folder with the source`, { cause: error })
  }
  if (!found.isDirectory()) throw new QuorateError('source-missing', `${root} is no folder: name the one with the source's package.json`)
  if (isQuorate(root)) return
  throw new QuorateError('not-source', `${root} is no source of quorate: it has no package.json with the name quorate`)
}

function isQuorate(root: string): boolean {
  const path = join(root, 'package.json')
  try {
    if (statSync(path).size > MAX_PACKAGE_BYTES) return false
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof content === 'object' && content !== null && 'name' in content && content.name === 'quorate'
  } catch (error) {
    if (error instanceof SyntaxError || ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error))) return false
    throw unreadable(path, error)
  }
}

/** Paths of the files below the folder, in no order. */
function filesBelow(root: string): string[] {
  for (const path of [FOLDER, ...FILES]) assertPresent(root, path)
  const files: string[] = []
  const folders: string[] = [FOLDER]
  let entries = 0
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(root, folder, MAX_ENTRIES - entries)) {
      entries++
      // Z2: file managers and editors leave such files behind, and nothing imports one.
      if (entry.name.startsWith('.')) continue
      const path = `${folder}/${entry.name}`
      assertName(path)
      if (entry.isDirectory()) folders.push(path)
      else if (entry.isFile()) files.push(path)
      else throw notPlain(path, entry.isSymbolicLink())
    }
  }
  return files
}

function entriesOf(root: string, folder: string, most: number): Dirent[] {
  const entries: Dirent[] = []
  try {
    const opened = opendirSync(join(root, folder))
    try {
      for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
        if (entries.push(entry) > most) throw tooLarge(root, `more than ${MAX_ENTRIES} files and folders`)
      }
    } finally {
      opened.closeSync()
    }
  } catch (error) {
    if (error instanceof QuorateError) throw error
    throw codeOf(error) === 'ENOENT' ? changed(folder, error) : unreadable(join(root, folder), error)
  }
  return entries
}

/** That a path of the rule is there, and that no folder on the way to it leads elsewhere. */
function assertPresent(root: string, path: string): void {
  const names = path.split('/')
  for (let count = 1; count <= names.length; count++) {
    const part = names.slice(0, count).join('/')
    const found = below(root, part)
    if (found === undefined) {
      throw new QuorateError('source-incomplete', `${root} is not the whole source: ${part} is missing; clone or unpack it again`)
    }
    const isFolder = count < names.length || path === FOLDER
    if (!(isFolder ? found.isDirectory() : found.isFile())) throw notPlain(part, found.isSymbolicLink())
  }
}

function below(root: string, path: string): Stats | undefined {
  try {
    return lstatSync(join(root, path), { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(join(root, path), error)
  }
}

// Z3: one form on every machine, and none that a shell or sha256sum takes for something else.
function assertName(path: string): void {
  if (/^[!#-&(-[\]-~]+$/.test(path)) return
  throw new QuorateError(
    'source-name',
    `${JSON.stringify(path)}: in the source a name has printable ASCII characters only, and no space, quote or backslash; rename or remove it`,
  )
}

function hashFile(root: string, path: string, buffer: Buffer, mostBytes: number): SourceFile {
  const file = openPlain(root, path)
  try {
    const before = fstatSync(file, { bigint: true })
    if (!before.isFile()) throw notPlain(path, false)
    const hash = createHash('sha256')
    let bytes = 0
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
      bytes += count
      if (bytes > mostBytes) throw tooLarge(root, `more than ${MAX_BYTES} bytes`)
      hash.update(buffer.subarray(0, count))
    }
    const after = fstatSync(file, { bigint: true })
    const same = before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs && before.size === after.size
    if (!same || BigInt(bytes) !== after.size) throw changed(path)
    return { path, sha256: hash.digest('hex'), bytes }
  } catch (error) {
    throw error instanceof QuorateError ? error : unreadable(join(root, path), error)
  } finally {
    closeSync(file)
  }
}

/** Neither follows a link nor waits for the other end of a pipe, should the file have become one since it was listed. */
function openPlain(root: string, path: string): number {
  try {
    return openSync(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    switch (codeOf(error)) {
      case 'ELOOP':
        throw notPlain(path, true)
      case 'ENOENT':
        throw changed(path, error)
      default:
        throw unreadable(join(root, path), error)
    }
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

const notPlain = (path: string, isLink: boolean): QuorateError =>
  new QuorateError(
    'source-kind',
    `${path} is ${isLink ? 'a symbolic link' : 'not what it must be'}: the source has plain files in plain folders only; put the file itself there, or remove it`,
  )
const changed = (path: string, cause?: unknown): QuorateError =>
  new QuorateError('source-changed', `${path} changed while it was read: run it again when nothing writes there`, { cause })
const tooLarge = (root: string, what: string): QuorateError =>
  new QuorateError('source-too-large', `the source in ${root} has ${what}: something is there that does not belong to it`)
const unreadable = (path: string, error: unknown): QuorateError =>
  new QuorateError('source-unreadable', `${path} cannot be read (${codeOf(error) || error}): check its permissions and the disk`, {
    cause: error,
  })
