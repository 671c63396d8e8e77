import { fromHex, type Hex } from '../base/hex.ts'
import { reject, type Verdict } from '../base/verdict.ts'
import { checkEvidence } from '../consensus/evidence.ts'
import { nativeSignatures } from '../crypto/native.ts'
import type { Globals } from '../ledger/globals.ts'
import { signingIdAt } from '../ledger/recoveries.ts'
import { decode, WireError } from '../wire/codec.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import { evidence, type Hash } from '../wire/types.ts'

/**
 * What evidence proves by its bytes alone; whether its keys are registered, it does not say. `reject` with `malformed` or what is wrong.
 * @param recoveries of the chain, as far as they are known
 */
export function proveEvidence(chainId: Hash, recoveries: Globals['recoveries'], bytes: Hex): Verdict<ProvenEvidence> {
  try {
    const given = decode(evidence, fromHex(bytes))
    return checkEvidence(signingIdAt({ recoveries }, chainId, given.first.statement.height), given, nativeSignatures)
  } catch (error) {
    if (error instanceof WireError || error instanceof RangeError) return reject('malformed', `no evidence: ${error.message}`)
    throw error
  }
}
