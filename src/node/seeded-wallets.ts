import { utf8 } from '../base/bytes.ts'
import { nativeSignatures } from '../crypto/native.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { createWallet, type Wallet } from './wallet.ts'

/** Wallets for tests and demonstrations: whoever knows the seed, a number, has their keys. The same seed gives the same wallets. */
export const seededWallets = (seed: number, count: number): readonly Wallet[] =>
  Array.from({ length: count }, (_, index) => createWallet(sha256Hex(utf8(`quorate/seeded-wallet ${seed} ${index}`)), nativeSignatures))
