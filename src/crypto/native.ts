import {
  aggregateSerializedSignatures,
  fastAggregateVerify,
  PublicKey,
  SecretKey,
  Signature,
  verify,
  verifyMultipleAggregateSignatures,
} from '@chainsafe/blst'
import sodium from 'sodium-native'
import { QuorateError } from '../base/errors.ts'
import { fromHex, type Hex, isHex, toHex } from '../base/hex.ts'
import { BLS_INFINITY_SIGNATURE, type Signatures } from './signatures.ts'

/** Decoded keys kept: decoding and checking one costs a third of a verification, and a quorum's keys recur all day. */
const MAX_CACHED_KEYS = 2048
const decodedKeys = new Map<Hex, PublicKey>()

/** @throws if the key is no point of the group, the point at infinity, or not in its compressed form. */
function decodeKey(publicKey: Hex): PublicKey {
  const known = decodedKeys.get(publicKey)
  if (known !== undefined) return known
  if (!isHex(publicKey, 48)) throw new RangeError('a BLS key has 48 bytes')
  const key = PublicKey.fromBytes(fromHex(publicKey), true)
  if (decodedKeys.size >= MAX_CACHED_KEYS) decodedKeys.clear()
  decodedKeys.set(publicKey, key)
  return key
}

/** blst reads the uncompressed form too; here each signature has one form. @throws for any other length */
function signatureBytes(signature: Hex): Uint8Array {
  if (!isHex(signature, 96)) throw new RangeError('a BLS signature has 96 bytes')
  return fromHex(signature)
}

const secretKeys = new Map<Hex, SecretKey>()
function decodeSecretKey(secretKey: Hex): SecretKey {
  const known = secretKeys.get(secretKey)
  if (known !== undefined) return known
  const key = SecretKey.fromBytes(fromHex(secretKey))
  if (secretKeys.size >= 64) secretKeys.clear()
  secretKeys.set(secretKey, key)
  return key
}

function keyPair(seed: Hex): { publicKey: Buffer; secretKey: Buffer } {
  const publicKey = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES)
  const secretKey = Buffer.alloc(sodium.crypto_sign_SECRETKEYBYTES)
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, Buffer.from(seed, 'hex'))
  return { publicKey, secretKey }
}

const expandedKeys = new Map<Hex, Buffer>()
function expandedKey(seed: Hex): Buffer {
  const known = expandedKeys.get(seed)
  if (known !== undefined) return known
  const { secretKey } = keyPair(seed)
  if (expandedKeys.size >= MAX_CACHED_KEYS) expandedKeys.clear()
  expandedKeys.set(seed, secretKey)
  return secretKey
}

/** What throws inside blst on malformed points is, for a verifier, a false signature. */
function falseOnThrow(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

/** Over sodium-native and blst: what a node runs. */
export const nativeSignatures: Signatures = {
  accountPublicKey: (seed) => toHex(keyPair(seed).publicKey),
  accountSign: (seed, message) => {
    const signature = Buffer.alloc(sodium.crypto_sign_BYTES)
    sodium.crypto_sign_detached(signature, message, expandedKey(seed))
    return toHex(signature)
  },
  accountVerify: (publicKey, message, signature) =>
    isHex(publicKey, 32) &&
    isHex(signature, 64) &&
    sodium.crypto_sign_verify_detached(Buffer.from(signature, 'hex'), message, Buffer.from(publicKey, 'hex')),

  blsSecretKey: (entropy) => toHex(SecretKey.fromKeygen(entropy).toBytes()),
  blsPublicKey: (secretKey) => toHex(decodeSecretKey(secretKey).toPublicKey().toBytes()),
  blsSign: (secretKey, message) => toHex(decodeSecretKey(secretKey).sign(message).toBytes()),
  blsVerify: (publicKey, message, signature) =>
    falseOnThrow(() => verify(message, decodeKey(publicKey), Signature.fromBytes(signatureBytes(signature)), false, true)),
  blsVerifyMany: (items) =>
    items.length === 0 ||
    falseOnThrow(() =>
      verifyMultipleAggregateSignatures(
        items.map((item) => ({
          msg: item.message,
          pk: decodeKey(item.publicKey),
          sig: Signature.fromBytes(signatureBytes(item.signature)),
        })),
        false,
        true,
      ),
    ),
  blsAggregate: (signatures) => {
    try {
      const sum = toHex(aggregateSerializedSignatures(signatures.map(signatureBytes), true).toBytes())
      if (sum === BLS_INFINITY_SIGNATURE) throw new RangeError('the sum is the point at infinity')
      return sum
    } catch (error) {
      throw new QuorateError('bad-signature', `cannot aggregate ${signatures.length} signatures`, { cause: error })
    }
  },
  blsVerifyAggregate: (publicKeys, message, signature) =>
    publicKeys.length > 0 &&
    falseOnThrow(() => fastAggregateVerify(message, publicKeys.map(decodeKey), Signature.fromBytes(signatureBytes(signature)), true)),
}
