import { formatCoins } from '../base/amounts.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { encode, WireError } from '../wire/codec.ts'
import type { Parameters } from '../wire/genesis.ts'
import { addressOf } from '../wire/ids.ts'
import { transactionMessage } from '../wire/signing.ts'
import { type Address, accountSignature, type Hash, type Transaction, transaction } from '../wire/types.ts'
import type { TransactionCode } from './codes.ts'

/** A transaction's encoding ends in its signature; what comes before is its body. */
const SIGNATURE_BYTES = accountSignature.maxBytes

/** A transaction with what follows from its bytes alone, so that it is derived once. */
export interface PreparedTransaction {
  readonly transaction: Transaction
  readonly id: Hash
  readonly sender: Address
  readonly sizeBytes: number
}

/** @throws WireError for a transaction that has no encoding; what was decoded always has one. */
export const prepare = (of: Transaction): PreparedTransaction => prepareBytes(of, encode(transaction, of))

const prepareBytes = (of: Transaction, bytes: Uint8Array): PreparedTransaction => ({
  transaction: of,
  id: sha256Hex(bytes),
  sender: addressOf(of.body.sender),
  sizeBytes: bytes.length,
})

/**
 * What can be said of a transaction without any state: encoding, fee, purpose and signature, the cheap checks first.
 * @param known gives a transaction that was checked before, which is then the answer
 */
export function checkTransaction(
  chainId: Hash,
  parameters: Pick<Parameters, 'minFeeDroplets'>,
  of: Transaction,
  signatures: Pick<Signatures, 'accountVerify'>,
  known?: (id: Hash) => PreparedTransaction | undefined,
): Verdict<PreparedTransaction> {
  const refuse = (code: TransactionCode, detail: string) => reject(code, detail)
  let bytes: Uint8Array
  try {
    bytes = encode(transaction, of)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return refuse('malformed', error.message)
  }
  const prepared = prepareBytes(of, bytes)
  const before = known?.(prepared.id)
  if (before !== undefined) return accept(before)
  const { body, signature } = of
  const { action, feeDroplets } = body
  if (feeDroplets < parameters.minFeeDroplets) {
    return refuse('fee-too-low', `needs a fee of ${formatCoins(parameters.minFeeDroplets)} coins, has ${formatCoins(feeDroplets)}`)
  }
  if (action.amountDroplets === 0 && action.microHours === 0 && action.to !== prepared.sender) {
    return refuse('empty-transfer', 'moves 0 coins and 0 coin-hours; only a transfer to oneself may move nothing')
  }
  if (!signatures.accountVerify(body.sender, transactionMessage(chainId, bytes.subarray(0, bytes.length - SIGNATURE_BYTES)), signature)) {
    return refuse('bad-signature', `the signature is not that of ${body.sender} over this transaction on chain ${chainId}`)
  }
  return accept(prepared)
}
