import { concatBytes, utf8 } from '../base/bytes.ts'
import { fromHex, type Hex, toHex, writeHex } from '../base/hex.ts'
import { sha256, sha256Hex, sha256Pairs } from '../crypto/sha256.ts'
import { encode } from './codec.ts'
import { type Genesis, genesis } from './genesis.ts'
import { inDomain } from './signing.ts'
import { type Address, type Hash, type Header, header, type Transaction, transaction } from './types.ts'

const GENESIS_DOMAIN = concatBytes([utf8('quorate/genesis'), new Uint8Array(1)])

/** The chain id: what every signature and topic of a chain carries. */
export const chainIdOf = (document: Genesis): Hash => sha256Hex(concatBytes([GENESIS_DOMAIN, encode(genesis, document)]))

/** `<chain>` of protocol ids: the name and the first 8 hex digits of the chain id. */
export const chainLabel = (name: string, chainId: Hash): string => `${name}-${chainId.slice(0, 8)}`

export const blockHash = (chainId: Hash, of: Header): Hash => sha256Hex(inDomain('quorate/header', chainId, encode(header, of)))

/** sha256 of the signed transaction's bytes. */
export const transactionId = (of: Transaction): Hash => sha256Hex(encode(transaction, of))

/** First 8 bytes of a transaction's id. */
export const shortIdOf = (id: Hash): Hex => id.slice(0, 16)

const ADDRESS_BYTES = 20
/** First 20 bytes of the sha256 of an ed25519 public key. Made of those bytes: a slice of text would keep all of it, and is slow to compare. */
export const addressOf = (publicKey: Hex): Address => toHex(sha256(fromHex(publicKey)).subarray(0, ADDRESS_BYTES))

/** A lottery ticket: the sha256 of the proof, compared as a big-endian number (so as hex text). */
export const ticketOf = (proof: Hex): Hash => sha256Hex(fromHex(proof))

const EMPTY_ROOT: Hash = '00'.repeat(32)
const HASH_BYTES = 32

/**
 * Root of a binary Merkle tree over transaction ids: a node is `sha256(left ‖ right)`, nodes pair up from the left, an
 * odd one goes up unchanged, no ids give 32 zero bytes. A node cannot pass for an id: its preimage has 64 bytes, and no
 * transaction is so short.
 */
export function merkleRoot(ids: readonly Hash[]): Hash {
  if (ids.length === 0) return EMPTY_ROOT
  let level = new Uint8Array(ids.length * HASH_BYTES)
  for (const [index, id] of ids.entries()) writeHex(id, level, index * HASH_BYTES)
  while (level.length > HASH_BYTES) {
    const paired = level.length - (level.length % (2 * HASH_BYTES))
    const above = new Uint8Array(paired / 2 + (level.length - paired))
    sha256Pairs(level.subarray(0, paired), above.subarray(0, paired / 2))
    above.set(level.subarray(paired), paired / 2)
    level = above
  }
  return toHex(level)
}
