import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyFromRaw,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { QuorateError } from '../../base/errors.ts'

const SEED_BYTES = 32
const RAW_BYTES = 64

/**
 * A new Ed25519 network key as libp2p's private key protobuf (68 bytes).
 * @internal nodes make theirs of the seed in `network.key`
 */
export async function generateNetworkKey(): Promise<Uint8Array> {
  return privateKeyToProtobuf(await generateKeyPair('Ed25519'))
}

/**
 * Reads a network key: 32 bytes of seed, 64 bytes (seed and public key), or libp2p's protobuf.
 * @throws QuorateError `bad-network-key`.
 */
export async function networkKeyFromBytes(bytes: Uint8Array): Promise<PrivateKey> {
  let key: PrivateKey
  try {
    if (bytes.length === SEED_BYTES) key = await generateKeyPairFromSeed('Ed25519', bytes)
    else if (bytes.length === RAW_BYTES) key = privateKeyFromRaw(bytes)
    else key = privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw new QuorateError('bad-network-key', `the network key cannot be read (${bytes.length} bytes); expected an Ed25519 key`, { cause })
  }
  if (key.type !== 'Ed25519') throw new QuorateError('bad-network-key', `the network key is ${key.type}; expected Ed25519`)
  return key
}

/** The peer id (base58, `12D3KooW…`) of a network key in any form `networkKeyFromBytes` reads. */
export async function peerIdOf(key: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await networkKeyFromBytes(key)).toString()
}
