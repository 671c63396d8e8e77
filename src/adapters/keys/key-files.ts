import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { QuorateError } from '../../base/errors.ts'
import { type Hex, isHex, toHex } from '../../base/hex.ts'
import { nativeSignatures } from '../../crypto/native.ts'
import { createFile, errorCode, errorText, readAt, syncDirectory } from '../store/files.ts'
import { decryptSecret, encryptSecret, type Keystore, keystoreDocument, readKeystore } from './keystore.ts'

/** `network`: who the node is to its peers. `account`: whose money it sends. `verifier`: what signs blocks. */
export type KeyKind = 'network' | 'account' | 'verifier'

export interface Key {
  readonly kind: KeyKind
  /** 32 bytes (ed25519); 48 bytes for `verifier` (BLS). */
  readonly publicKey: Hex
  /** 32 bytes: an ed25519 seed, or a BLS secret key for `verifier`. */
  readonly secretKey: Hex
}

/** What a key file says to everybody, without a password. */
export interface KeyFile {
  /** Of the file. */
  readonly file: string
  readonly kind: KeyKind
  readonly publicKey: Hex
  readonly encrypted: boolean
  /** How it comes from a mnemonic; empty if it does not, or nobody knows. */
  readonly path: string
  /** Proof of possession of a verifier key, as long as the account is the one that it was made for. */
  readonly possession: Hex | null
  /** Permissions, as in 0o600. */
  readonly mode: number
  /** What a person should put right, though the key can be used; in whole sentences. */
  readonly warnings: readonly string[]
}

export interface LoadedKey extends Key {
  readonly file: KeyFile
  readonly warnings: readonly string[]
}

/** Gives the password of a key file, again after a wrong one (attempt 1, 2, ...); null to give up. */
export type Unlock = (file: string, attempt: number) => Promise<string | null>

export interface KeyOptions {
  /** 32 bytes; new randomness unless given. */
  readonly secretKey?: Hex
  /** Null, the default, leaves the file unencrypted. */
  readonly password?: string | null
  readonly path?: string
  readonly possession?: Hex | null
  /** Of scrypt; less for tests. */
  readonly cost?: number
}

const VERSION = 1
/** Several times what a key file has: whatever is longer is no key file. */
const MAX_FILE_BYTES = 4096
const SECRET_KEY_BYTES = 32
const MODE = 0o600

export const keyPath = (directory: string, kind: KeyKind): string => join(directory, `${kind}.key`)

/**
 * Makes a key and writes it to `<kind>.key` for its owner only; on disk when it resolves.
 * Rejects with QuorateError `key-exists` (the key that is there stays), `wrong-key` or `key-failed`.
 */
export const createKey = (directory: string, kind: KeyKind, options: KeyOptions = {}): Promise<Key> =>
  writeKeyFile(keyPath(directory, kind), kind, options)

/** As `createKey`, to a file of any name that did not exist. */
export async function writeKeyFile(file: string, kind: KeyKind, options: KeyOptions): Promise<Key> {
  const { key, text } = await formatKey(file, kind, options)
  try {
    await createFile(file, Buffer.from(text), MODE)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw new QuorateError('key-exists', `there is a key at ${file} already; it was left as it is`)
    throw new QuorateError('key-failed', `the key ${file} could not be written: ${errorText(error)}`, { cause: error })
  }
  return key
}

/** Writes a key file anew, with another password or none: the old file or the new one is there, whatever happens. Rejects with QuorateError `key-failed`. */
export async function replaceKeyFile({ file, kind, path, possession }: KeyFile, secretKey: Hex, password: string | null): Promise<void> {
  const { text } = await formatKey(file, kind, { secretKey, password, path, possession })
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  try {
    await createFile(draft, Buffer.from(text), MODE)
    await rename(draft, file)
    await syncDirectory(dirname(file))
  } catch (error) {
    await rm(draft, { force: true })
    throw new QuorateError('key-failed', `the key ${file} could not be written, and is as it was: ${errorText(error)}`, { cause: error })
  }
}

/**
 * Reads `<kind>.key` and checks that its halves belong together.
 * Rejects with QuorateError `key-missing`, `key-corrupt`, `wrong-key`, `key-failed`, `key-locked` (encrypted, and no password is to be
 * had) or `wrong-password`.
 */
export const loadKey = (directory: string, kind: KeyKind, unlock?: Unlock): Promise<LoadedKey> =>
  loadKeyFile(keyPath(directory, kind), kind, unlock)

/** As `loadKey`, for a file of any name. */
export async function loadKeyFile(file: string, kind: KeyKind, unlock?: Unlock): Promise<LoadedKey> {
  const read = await readKind(file, kind)
  const { publicKey, warnings } = read.shown
  const secretKey = read.secret.kind === 'plain' ? read.secret.secretKey : await decrypt(file, read.secret.keystore, unlock)
  if (publicKeyOf(file, kind, secretKey) !== publicKey) {
    throw new QuorateError('wrong-key', `the public and the secret key in ${file} do not belong together: restore the file from a backup`)
  }
  return { kind, publicKey, secretKey, file: read.shown, warnings }
}

/** What a key file shows without its password. Rejects as `loadKey`, but for what concerns passwords. */
export const readKeyFile = async (file: string, kind: KeyKind): Promise<KeyFile> => (await readKind(file, kind)).shown

/**
 * Decrypts the secret of a keystore that any program wrote. Rejects with QuorateError `bad-keystore`, `key-locked`, `wrong-password`,
 * `wrong-key`, `key-missing` or `key-failed`.
 */
export async function readForeignKeystore(
  file: string,
  kind: KeyKind,
  unlock: Unlock,
): Promise<{ readonly secretKey: Hex; readonly path: string }> {
  const { text } = await readText(file)
  const value = parseObject(file, text)
  const keystore = keystoreOf(file, value)
  if (value['kind'] !== undefined && value['kind'] !== kind) throw otherKind(file, value['kind'], kind)
  const secretKey = await decrypt(file, keystore, unlock)
  if (keystore.publicKey !== '' && publicKeyOf(file, kind, secretKey) !== keystore.publicKey)
    throw new QuorateError('wrong-key', `${file} holds no ${kind} key: its secret does not give the public key that stands in it`)
  return { secretKey, path: keystore.path }
}

type Secret = { readonly kind: 'plain'; readonly secretKey: Hex } | { readonly kind: 'encrypted'; readonly keystore: Keystore }

async function formatKey(
  file: string,
  kind: KeyKind,
  { secretKey = newSecretKey(kind), password = null, path = '', possession = null, cost }: KeyOptions,
): Promise<{ readonly key: Key; readonly text: string }> {
  if (!isHex(secretKey, SECRET_KEY_BYTES))
    throw new QuorateError('wrong-key', `a ${kind} key is made of ${SECRET_KEY_BYTES} bytes in lower-case hex`)
  const publicKey = publicKeyOf(file, kind, secretKey)
  const shared = possession === null ? {} : { possession }
  const document =
    password === null
      ? { kind, version: VERSION, publicKey, secretKey, ...(path === '' ? {} : { path }), ...shared }
      : {
          kind,
          ...keystoreDocument(
            await encryptSecret(secretKey, password, { publicKey, path, ...(cost === undefined ? {} : { cost }) }),
            `quorate ${kind} key`,
          ),
          ...shared,
        }
  return { key: { kind, publicKey, secretKey }, text: `${JSON.stringify(document, undefined, 2)}\n` }
}

async function decrypt(file: string, keystore: Keystore, unlock: Unlock | undefined): Promise<Hex> {
  for (let attempt = 0; ; attempt++) {
    const password = (await unlock?.(file, attempt)) ?? null
    if (password === null && attempt === 0)
      throw new QuorateError(
        'key-locked',
        `${file} is encrypted: give its password with --password-file, QUORATE_PASSWORD_FILE or QUORATE_PASSWORD, or on a terminal`,
      )
    if (password === null) throw new QuorateError('wrong-password', `that is not the password of ${file}; nothing was changed`)
    const secretKey = await decryptSecret(keystore, password)
    if (secretKey !== null) return secretKey
  }
}

async function readKind(file: string, kind: KeyKind): Promise<{ readonly shown: KeyFile; readonly secret: Secret }> {
  const { text, mode } = await readText(file)
  const value = parseObject(file, text)
  const { publicKey, path, secret } = 'crypto' in value ? readEncrypted(file, value) : readPlain(file, value)
  if (value['kind'] !== kind) throw otherKind(file, value['kind'], kind)
  const others = mode & 0o077
  const warnings =
    others === 0
      ? []
      : [`Others on this machine may be able to read or change ${file} (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it.`]
  const possession = isHex(value['possession'], 96) ? value['possession'] : null
  return {
    shown: { file, kind, publicKey, encrypted: secret.kind === 'encrypted', path, possession, mode: mode & 0o777, warnings },
    secret,
  }
}

const otherKind = (file: string, found: unknown, kind: KeyKind): QuorateError =>
  new QuorateError(
    'wrong-key',
    `${file} holds a key of kind ${JSON.stringify(found)?.slice(0, 40)}, not ${kind}: put each file back to its own name`,
  )

export function newSecretKey(kind: KeyKind): Hex {
  const entropy = randomBytes(SECRET_KEY_BYTES)
  return kind === 'verifier' ? nativeSignatures.blsSecretKey(entropy) : toHex(entropy)
}

/** @param path for the message. @throws QuorateError `wrong-key` for 32 bytes that are no BLS secret key (zero, or the group's order and above). */
export function publicKeyOf(path: string, kind: KeyKind, secretKey: Hex): Hex {
  if (kind !== 'verifier') return nativeSignatures.accountPublicKey(secretKey)
  try {
    return nativeSignatures.blsPublicKey(secretKey)
  } catch (error) {
    throw new QuorateError('wrong-key', `the secret key for ${path} is no BLS secret key`, { cause: error })
  }
}

async function readText(file: string): Promise<{ readonly text: string; readonly mode: number }> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file, 'r')
    const { mode } = await handle.stat()
    return { text: Buffer.from(await readAt(handle, 0, MAX_FILE_BYTES + 1)).toString('utf8'), mode }
  } catch (error) {
    if (errorCode(error) === 'ENOENT')
      throw new QuorateError('key-missing', `there is no key at ${file}; \`quorate init\` makes the keys of a node`)
    throw new QuorateError('key-failed', `the key ${file} could not be read: ${errorText(error)}`, { cause: error })
  } finally {
    await handle?.close()
  }
}

const corrupt = (file: string, why: string): QuorateError =>
  new QuorateError('key-corrupt', `the key file ${file} ${why}: restore it from a backup. It was not changed`)

/** Never quotes the text: it may hold the secret. */
function parseObject(file: string, text: string): Record<string, unknown> {
  if (text.length > MAX_FILE_BYTES) throw corrupt(file, 'is far too long for a key')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw corrupt(file, text === '' ? 'is empty' : 'is cut short or no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw corrupt(file, 'is no JSON object')
  return value as Record<string, unknown>
}

interface Halves {
  readonly publicKey: Hex
  readonly path: string
  readonly secret: Secret
}

function readPlain(file: string, { version, publicKey, secretKey, path }: Record<string, unknown>): Halves {
  if (version !== VERSION) throw corrupt(file, `has not the version ${VERSION} that this program reads`)
  if (!isHex(secretKey, SECRET_KEY_BYTES)) throw corrupt(file, `has no secretKey of ${SECRET_KEY_BYTES} bytes in lower-case hex`)
  if (!isHex(publicKey, 32) && !isHex(publicKey, 48)) throw corrupt(file, 'has no publicKey in lower-case hex')
  return { publicKey, path: typeof path === 'string' ? path : '', secret: { kind: 'plain', secretKey } }
}

function readEncrypted(file: string, value: Record<string, unknown>): Halves {
  const keystore = keystoreOf(file, value)
  const { publicKey, path } = keystore
  if (publicKey === '') throw corrupt(file, 'has no pubkey')
  return { publicKey, path, secret: { kind: 'encrypted', keystore } }
}

function keystoreOf(file: string, value: Record<string, unknown>): Keystore {
  try {
    return readKeystore(value)
  } catch (error) {
    if (error instanceof QuorateError) throw new QuorateError(error.code, `${file} ${error.message}. It was not changed`, { cause: error })
    throw error
  }
}
