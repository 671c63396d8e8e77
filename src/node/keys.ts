import { readFile, stat } from 'node:fs/promises'
import {
  type KeyKind,
  keyPath,
  loadKey,
  loadKeyFile,
  readForeignKeystore,
  replaceKeyFile,
  type Unlock,
  writeKeyFile,
} from '../adapters/keys/key-files.ts'
import { type DerivedKey, keysOfMnemonic, newMnemonic, readMnemonic } from '../adapters/keys/mnemonic.ts'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import { directoryPaths, exists } from './directory.ts'
import { importGuard } from './guard-transfer.ts'
import { guardRequired, keyFiles, makeDirectory, makeGuard, makeKey, makeVerifierKey, type SignedBefore } from './setup.ts'

export { keysOfMnemonic, newMnemonic }

/** What may be under a password: the node's own key is not, so that a node starts without one. */
export type SecretKind = Exclude<KeyKind, 'network'>

/** Words and hex are shorter. */
const MAX_TEXT_BYTES = 4096

/** The words in a file. Rejects with QuorateError `bad-mnemonic`, `file-missing` or `file-failed`. */
export const readMnemonicFile = async (path: string): Promise<string> => readMnemonic(await readText(path))

/** From where a key comes that is taken into a directory. */
export type KeySource =
  | { readonly from: 'keystore'; readonly file: string; readonly unlock: Unlock }
  | { readonly from: 'mnemonic'; readonly file: string; readonly verifierIndex: number }
  /** 64 hex digits, or a key file that is not encrypted. */
  | { readonly from: 'secret'; readonly file: string }

/** Rejects with QuorateError of what reads it. */
export async function readKey(source: KeySource, kind: SecretKind): Promise<DerivedKey> {
  switch (source.from) {
    case 'keystore':
      return await readForeignKeystore(source.file, kind, source.unlock)
    case 'mnemonic':
      return (await keysOfMnemonic(await readMnemonicFile(source.file), source.verifierIndex))[kind]
    case 'secret': {
      const text = (await readText(source.file)).trim()
      if (text.startsWith('{')) return { secretKey: (await loadKeyFile(source.file, kind)).secretKey, path: '' }
      if (!isHex(text, 32))
        throw new QuorateError('bad-secret', `${source.file} holds neither 64 lower-case hex digits nor a key file: nothing was imported`)
      return { secretKey: text, path: '' }
    }
  }
}

export interface ImportedKey {
  readonly file: string
  /** False if it was there before. */
  readonly created: boolean
}

/**
 * Takes a key into a directory, and never over another one. What a verifier key has signed must be said: `guard-required` otherwise.
 * Rejects with QuorateError of key files, guard and directory, or `other-key` if there is another key.
 */
export async function importKey(
  directory: string,
  kind: SecretKind,
  key: DerivedKey,
  { password, signed }: { readonly password: string | null; readonly signed: SignedBefore | null },
): Promise<ImportedKey> {
  const { directory: absolute, guard } = directoryPaths(directory)
  const file = keyPath(absolute, kind)
  if (kind === 'account') {
    await makeDirectory(absolute)
    return { file, created: await makeKey(absolute, kind, { ...key, password }) }
  }
  if (signed === null && !(await exists(file))) throw guardRequired()
  if (!(await exists(keyPath(absolute, 'account'))))
    throw new QuorateError(
      'key-missing',
      `${absolute} has no account.key, to which a verifier key belongs: run \`quorate init --dir ${directory}\` first`,
    )
  if (signed === 'never') await makeGuard(guard, file)
  // A key without its guard is refused by all that would sign with it, so a crash between the two is harmless.
  const created = await makeVerifierKey(absolute, { ...key, password })
  if (signed !== null && signed !== 'never') await importGuard(absolute, signed.guardFile, false)
  return { file, created }
}

/**
 * Writes one key to a file that did not exist. Rejects with QuorateError of key files.
 * @param password what the copy is encrypted with; null for one in plain text
 */
export async function exportKey(directory: string, kind: SecretKind, out: string, password: string | null, unlock: Unlock): Promise<void> {
  const { secretKey, file } = await loadKey(directoryPaths(directory).directory, kind, unlock)
  await writeKeyFile(out, kind, { secretKey, password, path: file.path, possession: file.possession })
}

/** Encrypts account and verifier key anew, or leaves them in plain text (null). Gives the files that were written. Rejects with QuorateError of key files. */
export async function changePassword(
  directory: string,
  which: (encrypted: boolean) => boolean,
  password: string | null,
  unlock: Unlock,
): Promise<readonly string[]> {
  const { directory: absolute } = directoryPaths(directory)
  const written: string[] = []
  // All are opened before one is written: a password that opens one of two changes neither.
  const opened = []
  for (const { kind, encrypted } of await keyFiles(absolute)) {
    if (kind !== 'network' && which(encrypted)) opened.push(await loadKey(absolute, kind, unlock))
  }
  for (const { file, secretKey } of opened) {
    await replaceKeyFile(file, secretKey, password)
    written.push(file.file)
  }
  return written
}

/** Whether a directory has a key of a kind. */
export const hasKey = (directory: string, kind: KeyKind): Promise<boolean> => exists(keyPath(directoryPaths(directory).directory, kind))

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > MAX_TEXT_BYTES) throw new QuorateError('file-failed', `${path} has ${size} bytes, more than words or a key take`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof QuorateError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new QuorateError('file-missing', `there is no file ${path}`, { cause: error })
    throw new QuorateError('file-failed', `${path} could not be read: ${message}`, { cause: error })
  }
}
