import type { Hex } from '../../base/hex.ts'
import { nativeSignatures } from '../../crypto/native.ts'
import type { Signer } from '../../ports/signer.ts'

/** A signer whose BLS secret key (32 bytes) is in this process. @throws if it is no secret key. */
export function createSigner(secretKey: Hex): Signer {
  return {
    publicKey: nativeSignatures.blsPublicKey(secretKey),
    sign: (message) => Promise.resolve(nativeSignatures.blsSign(secretKey, message)),
  }
}
