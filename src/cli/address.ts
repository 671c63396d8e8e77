import { join } from 'node:path'
import { QuorateError } from '../base/errors.ts'
import { isHex } from '../base/hex.ts'
import { parseAddress, walletAddress } from '../node/wallet.ts'
import type { Address } from '../wire/types.ts'
import { usageError } from './exit.ts'

/** An address as a person gave it, in bech32m or hex; the directory's own if none was given. */
export async function readAddress(given: string | undefined, directory: string): Promise<Address> {
  if (given === undefined) return await walletAddress(join(directory, 'account.key'))
  if (isHex(given, 20)) return given
  try {
    return parseAddress(given)
  } catch (error) {
    if (error instanceof QuorateError) throw usageError(error.message)
    throw error
  }
}

/** The address of a directory's account, to point it out in a list; null if there is no key, or none that can be read. */
export async function ownAddress(directory: string): Promise<Address | null> {
  try {
    return await readAddress(undefined, directory)
  } catch (error) {
    if (error instanceof QuorateError) return null
    throw error
  }
}

/** Of a multiaddr: loopback, link-local and private ranges. */
export const isPrivateText = (address: string): boolean =>
  /^\/ip4\/(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.|^\/ip6\/(::1|fe80|f[cd])|\/dns[46]?\/localhost\//.test(address)
