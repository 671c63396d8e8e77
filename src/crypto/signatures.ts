import type { Hex } from '../base/hex.ts'

/**
 * Signature schemes as plain functions over bytes and hex. Two implementations, `native.ts` (sodium-native, blst)
 * and `portable.ts` (noble, for a browser), are held to the same vectors (`protocols/vectors/crypto.json`).
 *
 * ed25519: RFC 8032 without the cofactor, strict: non-canonical points and S, and a key or R of small order, are refused. BLS: minimal-pubkey-size on BLS12-381
 * (48-byte keys, 96-byte signatures), ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_. A BLS key counts
 * only with its proof of possession, which is what makes aggregation over one message safe.
 * Verifying never throws: malformed keys and signatures are false.
 */
export interface Signatures {
  /** 32-byte seed to 32-byte public key. */
  accountPublicKey(seed: Hex): Hex
  /** 64-byte signature. */
  accountSign(seed: Hex, message: Uint8Array): Hex
  accountVerify(publicKey: Hex, message: Uint8Array, signature: Hex): boolean

  /** 32 bytes or more of randomness to a 32-byte secret key (RFC draft KeyGen). */
  blsSecretKey(entropy: Uint8Array): Hex
  blsPublicKey(secretKey: Hex): Hex
  blsSign(secretKey: Hex, message: Uint8Array): Hex
  blsVerify(publicKey: Hex, message: Uint8Array, signature: Hex): boolean
  /** True if every signature is its key's over its message; one pairing fewer for each than checking alone. */
  blsVerifyMany(items: readonly BlsItem[]): boolean
  /**
   * Sum of signatures over one message.
   * @throws QuorateError `bad-signature` for one that is no point of the group, for none, and for a sum at infinity
   */
  blsAggregate(signatures: readonly Hex[]): Hex
  /** One signature of all keys over one message. False for no keys. */
  blsVerifyAggregate(publicKeys: readonly Hex[], message: Uint8Array, signature: Hex): boolean
}

export interface BlsItem {
  readonly publicKey: Hex
  readonly message: Uint8Array
  readonly signature: Hex
}

/** The sum of signatures that cancel out: valid for no key, so no aggregate. */
export const BLS_INFINITY_SIGNATURE: Hex = `c0${'00'.repeat(95)}`
