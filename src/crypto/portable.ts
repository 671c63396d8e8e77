import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { QuorateError } from '../base/errors.ts'
import { fromHex, type Hex, isHex, toHex } from '../base/hex.ts'
import { BLS_INFINITY_SIGNATURE, type Signatures } from './signatures.ts'

const scheme = bls12_381.longSignatures
const DOMAIN = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

function falseOnThrow(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

/**
 * RFC 8032 without the cofactor, as sodium does it: R = S·B - k·A as points. noble's own check multiplies that by
 * eight, and so takes signatures (R of small or mixed order) that sodium refuses: two nodes must not differ there.
 * @throws for bytes that are no canonical point
 */
function verifyWithoutCofactor(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519
  const claimed = signature.subarray(0, 32)
  const scalar = bytesToNumberLE(signature.subarray(32))
  const key = Point.fromBytes(publicKey)
  if (scalar >= Point.Fn.ORDER || key.isSmallOrder()) return false
  const challenge = Point.Fn.create(bytesToNumberLE(sha512(concatBytes([claimed, publicKey, message]))))
  const expected = Point.BASE.multiplyUnsafe(scalar).subtract(key.multiplyUnsafe(challenge))
  return !expected.isSmallOrder() && equalBytes(expected.toBytes(), claimed)
}

const decodeKey = (publicKey: Hex): InstanceType<typeof bls12_381.G1.Point> => {
  if (!isHex(publicKey, 48)) throw new RangeError('a BLS key has 48 bytes')
  const key = bls12_381.G1.Point.fromHex(publicKey)
  if (key.is0()) throw new RangeError("the point at infinity is nobody's key")
  return key
}
const decodeSignature = (signature: Hex): Uint8Array => {
  if (!isHex(signature, 96)) throw new RangeError('a BLS signature has 96 bytes')
  return fromHex(signature)
}

/** Over noble: runs in a browser, some twenty times slower. */
export const portableSignatures: Omit<Signatures, 'blsSecretKey'> = {
  accountPublicKey: (seed) => toHex(ed25519.getPublicKey(fromHex(seed))),
  accountSign: (seed, message) => toHex(ed25519.sign(message, fromHex(seed))),
  accountVerify: (publicKey, message, signature) =>
    isHex(publicKey, 32) &&
    isHex(signature, 64) &&
    falseOnThrow(() => verifyWithoutCofactor(fromHex(publicKey), message, fromHex(signature))),

  blsPublicKey: (secretKey) => toHex(scheme.getPublicKey(fromHex(secretKey)).toBytes(true)),
  blsSign: (secretKey, message) => toHex(scheme.Signature.toBytes(scheme.sign(scheme.hash(message, DOMAIN), fromHex(secretKey)))),
  blsVerify: (publicKey, message, signature) =>
    falseOnThrow(() => scheme.verify(decodeSignature(signature), scheme.hash(message, DOMAIN), decodeKey(publicKey))),
  blsVerifyMany: (items) => items.every((item) => portableSignatures.blsVerify(item.publicKey, item.message, item.signature)),
  blsAggregate: (signatures) => {
    try {
      const sum = toHex(scheme.Signature.toBytes(scheme.aggregateSignatures(signatures.map(decodeSignature))))
      if (sum === BLS_INFINITY_SIGNATURE) throw new RangeError('the sum is the point at infinity')
      return sum
    } catch (error) {
      throw new QuorateError('bad-signature', `cannot aggregate ${signatures.length} signatures`, { cause: error })
    }
  },
  blsVerifyAggregate: (publicKeys, message, signature) =>
    publicKeys.length > 0 &&
    falseOnThrow(() =>
      scheme.verify(decodeSignature(signature), scheme.hash(message, DOMAIN), scheme.aggregatePublicKeys(publicKeys.map(decodeKey))),
    ),
}
