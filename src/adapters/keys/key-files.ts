import { randomBytes } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { QuorateError } from '../../base/errors.ts'
import { type Hex, isHex, toHex } from '../../base/hex.ts'
import { nativeSignatures } from '../../crypto/native.ts'
import { createFile, errorCode, errorText, readAt } from '../store/files.ts'

/** `network`: who the node is to its peers. `account`: whose money it sends. `verifier`: what signs blocks. */
export type KeyKind = 'network' | 'account' | 'verifier'

export interface Key {
  readonly kind: KeyKind
  /** 32 bytes (ed25519); 48 bytes for `verifier` (BLS). */
  readonly publicKey: Hex
  /** 32 bytes: an ed25519 seed, or a BLS secret key for `verifier`. */
  readonly secretKey: Hex
}

export interface LoadedKey extends Key {
  /** What a person should put right, though the key can be used; in whole sentences. */
  readonly warnings: readonly string[]
}

const VERSION = 1
/** Several times what a key file has: whatever is longer is no key file. */
const MAX_FILE_BYTES = 4096
const SECRET_KEY_BYTES = 32

export const keyPath = (directory: string, kind: KeyKind): string => join(directory, `${kind}.key`)

/**
 * Makes a key, of new randomness or of `secretKey`, and writes it to `<kind>.key` for its owner only; on disk when it
 * resolves. Rejects with QuorateError `key-exists` (the key that is there stays), `wrong-key` or `key-failed`.
 */
export async function createKey(directory: string, kind: KeyKind, secretKey: Hex = newSecretKey(kind)): Promise<Key> {
  const path = keyPath(directory, kind)
  if (!isHex(secretKey, SECRET_KEY_BYTES))
    throw new QuorateError('wrong-key', `a ${kind} key is made of ${SECRET_KEY_BYTES} bytes in lower-case hex`)
  const key: Key = { kind, publicKey: publicKeyOf(path, kind, secretKey), secretKey }
  const text = `${JSON.stringify({ kind, version: VERSION, publicKey: key.publicKey, secretKey }, undefined, 2)}\n`
  try {
    await createFile(path, Buffer.from(text), 0o600)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw new QuorateError('key-exists', `there is a key at ${path} already; it was left as it is`)
    throw new QuorateError('key-failed', `the key ${path} could not be written: ${errorText(error)}`, { cause: error })
  }
  return key
}

/**
 * Reads `<kind>.key` and checks that its halves belong together.
 * Rejects with QuorateError `key-missing`, `key-corrupt`, `wrong-key` or `key-failed`.
 */
export const loadKey = (directory: string, kind: KeyKind): Promise<LoadedKey> => loadKeyFile(keyPath(directory, kind), kind)

/** As `loadKey`, for a file of any name. */
export async function loadKeyFile(path: string, kind: KeyKind): Promise<LoadedKey> {
  const { text, mode } = await readKeyFile(path)
  const key = parseKey(path, text)
  if (key.kind !== kind)
    throw new QuorateError(
      'wrong-key',
      `${path} holds a key of kind ${JSON.stringify(key.kind)}, not ${kind}: put each file back to its own name`,
    )
  if (publicKeyOf(path, kind, key.secretKey) !== key.publicKey) {
    throw new QuorateError('wrong-key', `the public and the secret key in ${path} do not belong together: restore the file from a backup`)
  }
  const others = mode & 0o077
  const warnings =
    others === 0
      ? []
      : [`Others on this machine may be able to read or change ${path} (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it.`]
  return { kind, publicKey: key.publicKey, secretKey: key.secretKey, warnings }
}

function newSecretKey(kind: KeyKind): Hex {
  const entropy = randomBytes(SECRET_KEY_BYTES)
  return kind === 'verifier' ? nativeSignatures.blsSecretKey(entropy) : toHex(entropy)
}

/** @throws QuorateError `wrong-key` for 32 bytes that are no BLS secret key (zero, or the group's order and above). */
function publicKeyOf(path: string, kind: KeyKind, secretKey: Hex): Hex {
  if (kind !== 'verifier') return nativeSignatures.accountPublicKey(secretKey)
  try {
    return nativeSignatures.blsPublicKey(secretKey)
  } catch (error) {
    throw new QuorateError('wrong-key', `the secret key for ${path} is no BLS secret key`, { cause: error })
  }
}

async function readKeyFile(path: string): Promise<{ readonly text: string; readonly mode: number }> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { mode } = await handle.stat()
    return { text: Buffer.from(await readAt(handle, 0, MAX_FILE_BYTES + 1)).toString('utf8'), mode }
  } catch (error) {
    if (errorCode(error) === 'ENOENT')
      throw new QuorateError('key-missing', `there is no key at ${path}; \`quorate init\` makes the keys of a node`)
    throw new QuorateError('key-failed', `the key ${path} could not be read: ${errorText(error)}`, { cause: error })
  } finally {
    await handle?.close()
  }
}

/** Never quotes the text: it may hold the secret. */
function parseKey(path: string, text: string): { readonly kind: unknown; readonly publicKey: Hex; readonly secretKey: Hex } {
  const corrupt = (why: string) =>
    new QuorateError('key-corrupt', `the key file ${path} ${why}: restore it from a backup. It was not changed`)
  if (text.length > MAX_FILE_BYTES) throw corrupt('is far too long for a key')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw corrupt(text === '' ? 'is empty' : 'is cut short or no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw corrupt('is no JSON object')
  const { kind, version, publicKey, secretKey } = value as Record<string, unknown>
  if (version !== VERSION) throw corrupt(`has not the version ${VERSION} that this program reads`)
  if (!isHex(secretKey, SECRET_KEY_BYTES)) throw corrupt(`has no secretKey of ${SECRET_KEY_BYTES} bytes in lower-case hex`)
  if (!isHex(publicKey, 32) && !isHex(publicKey, 48)) throw corrupt('has no publicKey in lower-case hex')
  return { kind, publicKey, secretKey }
}
