import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { QuorateError } from '../base/errors.ts'
import { fromHex, isHex, toHex } from '../base/hex.ts'
import type { Signatures } from './signatures.ts'

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
 * Over noble: runs in a browser, some twenty times slower. Its ed25519 check is cofactored where sodium's is not; the
 * two differ only on keys of mixed order, which nobody gets from a seed, so it serves light peers and not verifiers.
 */
export const portableSignatures: Omit<Signatures, 'blsSecretKey'> = {
  accountPublicKey: (seed) => toHex(ed25519.getPublicKey(fromHex(seed))),
  accountSign: (seed, message) => toHex(ed25519.sign(message, fromHex(seed))),
  accountVerify: (publicKey, message, signature) =>
    isHex(publicKey, 32) &&
    isHex(signature, 64) &&
    falseOnThrow(() => ed25519.verify(fromHex(signature), message, fromHex(publicKey), { zip215: false })),

  blsPublicKey: (secretKey) => toHex(scheme.getPublicKey(fromHex(secretKey)).toBytes(true)),
  blsSign: (secretKey, message) => toHex(scheme.Signature.toBytes(scheme.sign(scheme.hash(message, DOMAIN), fromHex(secretKey)))),
  blsVerify: (publicKey, message, signature) =>
    falseOnThrow(() => scheme.verify(fromHex(signature), scheme.hash(message, DOMAIN), fromHex(publicKey))),
  blsVerifyMany: (items) => items.every((item) => portableSignatures.blsVerify(item.publicKey, item.message, item.signature)),
  blsAggregate: (signatures) => {
    try {
      return toHex(scheme.Signature.toBytes(scheme.aggregateSignatures(signatures.map(fromHex))))
    } catch (error) {
      throw new QuorateError('bad-signature', `cannot aggregate ${signatures.length} signatures`, { cause: error })
    }
  },
  blsVerifyAggregate: (publicKeys, message, signature) =>
    publicKeys.length > 0 &&
    falseOnThrow(() => scheme.verify(fromHex(signature), scheme.hash(message, DOMAIN), scheme.aggregatePublicKeys(publicKeys.map(fromHex)))),
}
