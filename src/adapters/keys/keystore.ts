import { createCipheriv, createDecipheriv, createHash, pbkdf2, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { concatBytes } from '../../base/bytes.ts'
import { QuorateError } from '../../base/errors.ts'
import { fromHex, type Hex, isHex, toHex } from '../../base/hex.ts'

/** How a password becomes a key. */
type Kdf =
  | { readonly function: 'scrypt'; readonly dklen: number; readonly n: number; readonly r: number; readonly p: number; readonly salt: Hex }
  | { readonly function: 'pbkdf2'; readonly dklen: number; readonly c: number; readonly salt: Hex }

/** A secret under a password, by EIP-2335 (version 4). */
export interface Keystore {
  readonly kdf: Kdf
  /** sha256 over the second half of the derived key and the encrypted secret. */
  readonly checksum: Hex
  readonly iv: Hex
  readonly encrypted: Hex
  readonly publicKey: Hex
  /** How the secret was derived, by EIP-2334; empty if it was not, or nobody knows. */
  readonly path: string
}

const VERSION = 4
const DERIVED_BYTES = 32
/** 128 MiB of memory and some tenths of a second: what OWASP asks for at least. */
const SCRYPT_COST = 2 ** 17
const SCRYPT_BLOCK = 8
/** What a file may ask of this machine: 1 GiB, and some seconds. */
const MAX_SCRYPT_BYTES = 2 ** 30
const MAX_PARALLEL = 16
const MAX_ROUNDS = 10_000_000

const scryptAsync = promisify<string, Uint8Array, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)
const pbkdf2Async = promisify(pbkdf2)

/** Encrypts 32 bytes. @param cost of scrypt, a power of two: less for tests */
export async function encryptSecret(
  secretKey: Hex,
  password: string,
  { publicKey, path, cost = SCRYPT_COST }: { readonly publicKey: Hex; readonly path: string; readonly cost?: number },
): Promise<Keystore> {
  const salt = toHex(randomBytes(32))
  const kdf: Kdf = { function: 'scrypt', dklen: DERIVED_BYTES, n: cost, r: SCRYPT_BLOCK, p: 1, salt }
  const derived = await derive(kdf, password)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  const encrypted = concatBytes([cipher.update(fromHex(secretKey)), cipher.final()])
  return { kdf, checksum: checksumOf(derived, encrypted), iv: toHex(iv), encrypted: toHex(encrypted), publicKey, path }
}

/** The 32 bytes; null if the password is another. */
export async function decryptSecret({ kdf, checksum, iv, encrypted }: Keystore, password: string): Promise<Hex | null> {
  const derived = await derive(kdf, password)
  const bytes = fromHex(encrypted)
  if (!timingSafeEqual(fromHex(checksumOf(derived, bytes)), fromHex(checksum))) return null
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), fromHex(iv))
  return toHex(concatBytes([decipher.update(bytes), decipher.final()]))
}

/** As EIP-2335 has it, a value for JSON. */
export function keystoreDocument({ kdf, checksum, iv, encrypted, publicKey, path }: Keystore, description: string): object {
  const { function: name, ...parameters } = kdf
  const params = 'c' in parameters ? { ...parameters, prf: 'hmac-sha256' } : parameters
  return {
    crypto: {
      kdf: { function: name, params, message: '' },
      checksum: { function: 'sha256', params: {}, message: checksum },
      cipher: { function: 'aes-128-ctr', params: { iv }, message: encrypted },
    },
    description,
    pubkey: publicKey,
    path,
    uuid: randomUUID(),
    version: VERSION,
  }
}

/** The reverse of `keystoreDocument`, of any program's file. @throws QuorateError `bad-keystore` */
export function readKeystore(value: object): Keystore {
  const bad = (why: string): QuorateError => new QuorateError('bad-keystore', `is no keystore of EIP-2335 that this program reads: ${why}`)
  const { crypto, pubkey, path, version } = value as Record<string, unknown>
  if (version !== VERSION) throw bad(`its version is not ${VERSION}`)
  const modules = fieldsOf(crypto)
  const [kdf, checksum, cipher] = [fieldsOf(modules['kdf']), fieldsOf(modules['checksum']), fieldsOf(modules['cipher'])]
  const { iv } = fieldsOf(cipher['params'])
  if (checksum['function'] !== 'sha256' || !isHex(checksum['message'], 32)) throw bad('its checksum is no sha256')
  if (cipher['function'] !== 'aes-128-ctr' || !isHex(iv, 16)) throw bad('its cipher is not aes-128-ctr')
  if (!isHex(cipher['message'], 32)) throw bad('its secret has not 32 bytes')
  const publicKey = typeof pubkey === 'string' ? pubkey.replace(/^0x/, '') : ''
  if (!isHex(publicKey, 32) && !isHex(publicKey, 48) && publicKey !== '') throw bad('its pubkey has neither 48 nor 32 bytes')
  return {
    kdf: readKdf(kdf['function'], fieldsOf(kdf['params']), bad),
    ...{ checksum: checksum['message'], iv, encrypted: cipher['message'], publicKey },
    path: typeof path === 'string' ? path : '',
  }
}

function readKdf(name: unknown, { dklen, n, r, p, c, prf, salt }: Record<string, unknown>, bad: (why: string) => QuorateError): Kdf {
  const within = (number: unknown, least: number, most: number): number => {
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least && number <= most) return number
    throw bad(`a parameter of its ${name === 'scrypt' ? 'scrypt' : 'pbkdf2'} is not from ${least} to ${most}`)
  }
  if (typeof salt !== 'string' || salt.length > 512 || !isHex(salt, salt.length / 2)) throw bad('its salt is no hex')
  const length = within(dklen, DERIVED_BYTES, 64)
  if (name === 'scrypt') {
    const [cost, block] = [within(n, 2, 2 ** 24), within(r, 1, 64)]
    if (!Number.isInteger(Math.log2(cost))) throw bad('the cost of its scrypt is no power of two')
    if (128 * cost * block > MAX_SCRYPT_BYTES) throw bad(`its scrypt asks for more than ${MAX_SCRYPT_BYTES} bytes of memory`)
    return { function: 'scrypt', dklen: length, n: cost, r: block, p: within(p, 1, MAX_PARALLEL), salt }
  }
  if (name === 'pbkdf2' && prf === 'hmac-sha256') return { function: 'pbkdf2', dklen: length, c: within(c, 1, MAX_ROUNDS), salt }
  throw bad('its key derivation is neither scrypt nor pbkdf2 with hmac-sha256')
}

async function derive(kdf: Kdf, password: string): Promise<Uint8Array> {
  const bytes = normalised(password)
  const salt = fromHex(kdf.salt)
  if (kdf.function === 'pbkdf2') return await pbkdf2Async(bytes, salt, kdf.c, kdf.dklen, 'sha256')
  const { n, r, p } = kdf
  // What OpenSSL takes on top of the formula is little.
  return await scryptAsync(bytes, salt, kdf.dklen, { N: n, r, p, maxmem: 128 * n * r + 2 ** 22 * p })
}

/** EIP-2335: NFKD, without control characters. */
const normalised = (password: string): string => password.normalize('NFKD').replace(/\p{Cc}/gu, '')

const checksumOf = (derived: Uint8Array, encrypted: Uint8Array): Hex =>
  createHash('sha256').update(derived.subarray(16, 32)).update(encrypted).digest('hex')

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
