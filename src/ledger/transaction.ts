import { formatCoins } from '../base/amounts.ts'
import { unreachable } from '../base/errors.ts'
import { PPM } from '../base/ratio.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { encode, WireError } from '../wire/codec.ts'
import type { Parameters } from '../wire/genesis.ts'
import { addressOf } from '../wire/ids.ts'
import { possessionMessage, transactionMessage } from '../wire/signing.ts'
import { type Action, type Address, accountSignature, type Hash, type Transaction, transaction } from '../wire/types.ts'
import type { TransactionCode } from './codes.ts'

/** A libp2p peer id as text. */
export const PEER_ID = /^[1-9A-HJ-NP-Za-km-z]+$/

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
  signatures: Pick<Signatures, 'accountVerify' | 'blsVerify'>,
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
  const { feeDroplets } = body
  if (feeDroplets < parameters.minFeeDroplets) {
    return refuse('fee-too-low', `needs a fee of ${formatCoins(parameters.minFeeDroplets)} coins, has ${formatCoins(feeDroplets)}`)
  }
  const fault = checkAction(body.action, prepared.sender)
  if (fault !== null) return refuse(fault.code, fault.detail)
  if (!signatures.accountVerify(body.sender, transactionMessage(chainId, bytes.subarray(0, bytes.length - SIGNATURE_BYTES)), signature)) {
    return refuse('bad-signature', `the signature is not that of ${body.sender} over this transaction on chain ${chainId}`)
  }
  const { action } = body
  if (action.kind === 'register') {
    const { blsKey, possession } = action
    if (!signatures.blsVerify(blsKey, possessionMessage(blsKey, prepared.sender), possession))
      return refuse('bad-possession', `the possession proof is not that of BLS key ${blsKey} for account ${prepared.sender}`)
  }
  return accept(prepared)
}

/** What can be said of what a transaction does, without state and signatures. */
function checkAction(action: Action, sender: Address): { readonly code: TransactionCode; readonly detail: string } | null {
  switch (action.kind) {
    case 'transfer':
      if (action.amountDroplets > 0 || action.microHours > 0 || action.to === sender) return null
      return { code: 'empty-transfer', detail: 'moves 0 coins and 0 coin-hours; only a transfer to oneself may move nothing' }
    case 'register':
      if (!PEER_ID.test(action.peerId)) return { code: 'bad-peer-id', detail: `"${action.peerId}" is no peer id in base58` }
      if (action.commissionPpm <= PPM) return null
      return { code: 'bad-commission', detail: `keeps ${action.commissionPpm} parts per million, at most ${PPM} allowed` }
    case 'stake':
    case 'unstake':
    case 'delegate':
    case 'undelegate':
      return action.amountDroplets === 0
        ? { code: 'empty-amount', detail: `a transaction to ${action.kind} names more than 0 coins` }
        : null
    case 'slip':
      if (action.choices.length > 0 && action.choices.every((choice, index) => index === 0 || (action.choices[index - 1] ?? '') < choice))
        return null
      return {
        code: 'bad-choices',
        detail: `names ${action.choices.length} verifiers, which must be one at least, ascending, and none twice`,
      }
    case 'endorse':
    case 'ratify':
      return null
    default:
      return unreachable(action)
  }
}
