import { concatBytes, utf8 } from '../base/bytes.ts'
import { fromHex, type Hex, toHex } from '../base/hex.ts'
import { sha256, sha256Hex } from '../crypto/sha256.ts'
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

/** First 20 bytes of the sha256 of an ed25519 public key. */
export const addressOf = (publicKey: Hex): Address => sha256Hex(fromHex(publicKey)).slice(0, 40)

/** A lottery ticket: the sha256 of the proof, compared as a big-endian number (so as hex text). */
export const ticketOf = (proof: Hex): Hash => sha256Hex(fromHex(proof))

const EMPTY_ROOT: Hash = '00'.repeat(32)
const LEAF = new Uint8Array([0])
const NODE = new Uint8Array([1])

/**
 * Root of a binary Merkle tree: leaves `sha256(0 ‖ item)`, nodes `sha256(1 ‖ left ‖ right)`, an odd node
 * goes up unchanged, no leaves give 32 zero bytes. The tag bytes keep a node from passing for a leaf.
 */
export function merkleRoot(items: readonly Hash[]): Hash {
  if (items.length === 0) return EMPTY_ROOT
  let level: Uint8Array[] = items.map((item) => sha256(concatBytes([LEAF, fromHex(item)])))
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index] as Uint8Array
      const right = level[index + 1]
      above.push(right === undefined ? left : sha256(concatBytes([NODE, left, right])))
    }
    level = above
  }
  return toHex(level[0] as Uint8Array)
}
