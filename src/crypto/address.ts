import { bech32m } from '@scure/base'
import { QuorateError } from '../base/errors.ts'
import { fromHex, type Hex, toHex } from '../base/hex.ts'

/** What every address begins with, before the separator `1`. */
const ADDRESS_PREFIX = 'quo'
const ADDRESS_BYTES = 20

/** 20 bytes of hex as people see an address: bech32m, whose checksum catches any four wrong characters. */
export const formatAddress = (address: Hex): string => bech32m.encode(ADDRESS_PREFIX, bech32m.toWords(fromHex(address)))

/**
 * The address that `formatAddress` wrote, as 20 bytes of hex. All upper case is read too (codes for scanning are written so).
 * @throws QuorateError `bad-address`, saying what is wrong: prefix, checksum, length or characters
 */
export function parseAddress(text: string): Hex {
  const fail = (why: string, cause?: unknown): QuorateError => new QuorateError('bad-address', `"${text}" is no address: ${why}`, { cause })
  if (!text.toLowerCase().startsWith(`${ADDRESS_PREFIX}1`)) throw fail(`an address begins with ${ADDRESS_PREFIX}1`)
  let decoded: ReturnType<typeof bech32m.decode>
  try {
    decoded = bech32m.decode(text as `${string}1${string}`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : ''
    if (/checksum/i.test(reason)) throw fail('its checksum does not match, so a character is wrong, missing or too many', error)
    throw fail('it has a character or a mix of cases that no address has', error)
  }
  const bytes = bech32m.fromWordsUnsafe(decoded.words)
  if (decoded.prefix !== ADDRESS_PREFIX) throw fail(`an address begins with ${ADDRESS_PREFIX}1`)
  if (!bytes || bytes.length !== ADDRESS_BYTES) throw fail(`it does not hold exactly ${ADDRESS_BYTES} bytes`)
  return toHex(bytes)
}
