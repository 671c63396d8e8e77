import { concatBytes, utf8 } from '../base/bytes.ts'
import { fromHex } from '../base/hex.ts'
import { encode, u64 } from './codec.ts'
import { type Hash, type Statement, statement, type TransactionBody, transactionBody } from './types.ts'

/**
 * What a signature or a hash is over: `<domain> ‖ 0x00 ‖ chainId ‖ bytes`. The domain keeps the bytes of one
 * purpose from ever being those of another; the chain id (hash of genesis) keeps networks apart.
 */
export type Domain = 'quorate/transaction' | 'quorate/statement' | 'quorate/ticket' | 'quorate/header'

const prefixes = new Map<string, Uint8Array>()

function domainPrefix(domain: Domain, chainId: Hash): Uint8Array {
  const key = domain + chainId
  const known = prefixes.get(key)
  if (known !== undefined) return known
  const prefix = concatBytes([utf8(domain), new Uint8Array(1), fromHex(chainId)])
  // One node works on one chain; a test on a few. The bound only keeps a mistake from growing.
  if (prefixes.size > 64) prefixes.clear()
  prefixes.set(key, prefix)
  return prefix
}

export const inDomain = (domain: Domain, chainId: Hash, bytes: Uint8Array): Uint8Array =>
  concatBytes([domainPrefix(domain, chainId), bytes])

/** What the sender's ed25519 key signs; the body as it is, or its encoding. */
export const transactionMessage = (chainId: Hash, body: TransactionBody | Uint8Array): Uint8Array =>
  inDomain('quorate/transaction', chainId, body instanceof Uint8Array ? body : encode(transactionBody, body))

/** What a verifier's BLS key signs as candidate, vote, lock or seal; the statement's first byte tells which. */
export const statementMessage = (chainId: Hash, signed: Statement): Uint8Array =>
  inDomain('quorate/statement', chainId, encode(statement, signed))

/** What a verifier's BLS key signs to draw its ticket of a slot. The ticket is the sha256 of that signature. */
export const ticketMessage = (chainId: Hash, epochSeed: Hash, slot: number): Uint8Array =>
  inDomain('quorate/ticket', chainId, concatBytes([fromHex(epochSeed), encode(u64, slot)]))

/** What a BLS key signs to prove that its owner holds it. Not bound to a chain id: genesis, which makes the id, holds it. */
export const possessionMessage = (blsKey: string, account: string): Uint8Array =>
  concatBytes([utf8('quorate/possession'), new Uint8Array(1), fromHex(blsKey), fromHex(account)])
