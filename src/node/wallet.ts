import type { Unlock } from '../adapters/keys/key-files.ts'
import type { Hex } from '../base/hex.ts'
import { toHex } from '../base/hex.ts'
import { formatAddress, parseAddress } from '../crypto/address.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { encode } from '../wire/codec.ts'
import { addressOf, transactionId } from '../wire/ids.ts'
import { transactionMessage } from '../wire/signing.ts'
import { type Address, type Hash, type Transaction, type TransactionBody, transaction } from '../wire/types.ts'

/** What who sends transactions needs, without what a node needs. */
export { addressOf, formatAddress, parseAddress }

/** An account whose secret key is at hand. */
export interface Wallet {
  readonly address: Address
  sign(chainId: Hash, body: Omit<TransactionBody, 'sender'>): SignedTransaction
}

export interface SignedTransaction {
  readonly id: Hash
  readonly transaction: Transaction
  /** The encoded transaction, as the API takes it. */
  readonly hex: Hex
}

/** Loads an account's key file. Rejects with QuorateError as `loadKeyFile`. */
export async function openWallet(keyFile: string, unlock?: Unlock): Promise<Wallet & { readonly warnings: readonly string[] }> {
  // Here, not above: the native library is for those who sign.
  const [{ loadKeyFile }, { nativeSignatures }] = await Promise.all([
    import('../adapters/keys/key-files.ts'),
    import('../crypto/native.ts'),
  ])
  const { secretKey, warnings } = await loadKeyFile(keyFile, 'account', unlock)
  return { ...createWallet(secretKey, nativeSignatures), warnings }
}

/** The wallet of an ed25519 seed, 32 bytes of hex. */
export async function secretWallet(secretKey: Hex): Promise<Wallet> {
  return createWallet(secretKey, (await import('../crypto/native.ts')).nativeSignatures)
}
/** The wallet of the words that `quorate init` shows. Rejects with QuorateError `bad-mnemonic`. */
export async function mnemonicWallet(words: string): Promise<Wallet> {
  const { keysOfMnemonic, readMnemonic } = await import('../adapters/keys/mnemonic.ts')
  const { account } = await keysOfMnemonic(readMnemonic(words), 0)
  return await secretWallet(account.secretKey)
}
/** 24 new words of BIP-39: whoever has them has the account. */
export async function newMnemonic(): Promise<string> {
  return (await import('../adapters/keys/mnemonic.ts')).newMnemonic()
}

/** The address of an account's key file, which shows it without a password. Rejects with QuorateError as `readKeyFile`. */
export async function walletAddress(keyFile: string): Promise<Address> {
  const { readKeyFile } = await import('../adapters/keys/key-files.ts')
  return addressOf((await readKeyFile(keyFile, 'account')).publicKey)
}

/** A wallet of an ed25519 seed, 32 bytes. */
export function createWallet(secretKey: Hex, signatures: Pick<Signatures, 'accountPublicKey' | 'accountSign'>): Wallet {
  const publicKey = signatures.accountPublicKey(secretKey)
  return {
    address: addressOf(publicKey),
    sign(chainId, unsigned) {
      const body: TransactionBody = { ...unsigned, sender: publicKey }
      const signature = signatures.accountSign(secretKey, transactionMessage(chainId, body))
      const signed: Transaction = { body, signature }
      return { id: transactionId(signed), transaction: signed, hex: toHex(encode(transaction, signed)) }
    },
  }
}
