import type { Hex } from '../base/hex.ts'

/** A verifier's BLS key, wherever it lives (a file here, a remote signer one day). It signs what it is given: the guard comes before. */
export interface Signer {
  /** 48 bytes. */
  readonly publicKey: Hex
  /** 96 bytes. */
  sign(message: Uint8Array): Promise<Hex>
}
