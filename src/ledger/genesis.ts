import { formatCoins } from '../base/amounts.ts'
import { QuorateError } from '../base/errors.ts'
import { PPM } from '../base/ratio.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, MAX_QUORUM, MAX_SLIP_CHOICES } from '../wire/bounds.ts'
import { encode, type WireError } from '../wire/codec.ts'
import { type Genesis, type GenesisVerifier, genesis as genesisCodec, type Parameters } from '../wire/genesis.ts'
import { possessionMessage } from '../wire/signing.ts'
import { transaction } from '../wire/types.ts'
import { MAX_HANDOVERS } from './bounds.ts'
import type { GenesisCode } from './codes.ts'
import { PEER_ID } from './transaction.ts'

/** Half of the trust goes on in each: what is left of an anchor's after so many is nothing. */
const MAX_TRUST_ROUNDS = 32
/** The version of the protocols that this software speaks. */
const VERSION = 1
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/

class Fault extends QuorateError {
  constructor(code: GenesisCode, message: string) {
    super(code, message)
  }
}

/**
 * Everything that a genesis document must be before a node starts on it; possession proofs only with `signatures`.
 * `reject` with one of `genesisCodes` and a sentence for the person who wrote the document.
 */
export function checkGenesis(genesis: Genesis, signatures?: Pick<Signatures, 'blsVerify' | 'blsVerifyMany'>): Verdict {
  try {
    checkShape(genesis)
    checkParameters(genesis.parameters)
    checkVerifiers(genesis.verifiers, genesis.parameters)
    checkAscending(
      'genesis-accounts',
      'account',
      genesis.accounts.map(({ address }) => address),
    )
    checkAscending('genesis-anchors', 'anchor', genesis.anchors)
    if (genesis.parameters.score !== 'coins' && genesis.anchors.length === 0) {
      throw new Fault('genesis-anchors', `the score "${genesis.parameters.score}" needs an anchor from which trust begins`)
    }
    checkSupply(genesis)
    if (signatures !== undefined) checkPossession(genesis.verifiers, signatures)
  } catch (error) {
    if (error instanceof Fault) return reject(error.code, error.message)
    throw error
  }
  return accept(undefined)
}

function checkShape(genesis: Genesis): void {
  if (genesis.version !== VERSION) {
    throw new Fault('genesis-version', `the document has version ${genesis.version}, this software knows version ${VERSION} only`)
  }
  if (!NAME.test(genesis.name)) {
    throw new Fault('genesis-name', `the name "${genesis.name}" must be lower-case letters and digits, with single hyphens between them`)
  }
  try {
    encode(genesisCodec, genesis)
  } catch (error) {
    throw new Fault('genesis-malformed', `a field is out of its bounds: ${(error as WireError).message}`)
  }
}

function checkParameters(parameters: Parameters): void {
  const range = (name: keyof Parameters & string, least: number, most: number, why: string): void => {
    const value = Number(parameters[name])
    if (value < least || value > most) {
      throw new Fault('genesis-parameters', `${name} is ${value} and must be from ${least} to ${most}: ${why}`)
    }
  }
  const most = Number.MAX_SAFE_INTEGER
  range('slotMs', 1, most, 'a slot takes time')
  range('choiceMs', 1, parameters.slotMs - 1, 'a verifier chooses its candidate within the slot')
  range('expectedCandidates', 1, most, 'without candidates there are no blocks')
  range('uniformPpm', 1, PPM, 'a chance in parts per million, above none')
  range('coinHourSeconds', 1, most, 'coins earn their hours over time')
  range('maxBlockTransactions', 1, MAX_BLOCK_TRANSACTIONS, 'the wire carries no larger blocks')
  range(
    'maxBlockBytes',
    transaction.maxBytes,
    MAX_BLOCK_BYTES,
    'a block holds at least one transaction, and gossip carries no larger blocks',
  )
  range('maxExpirySlots', 1, most, 'a transaction needs time to reach a block')
  range('epochSlots', 2, most, 'an epoch has an election, and a time without one')
  range('electionSlots', 1, parameters.epochSlots - 1, 'an election is the end of an epoch')
  range('forcedElectionSlots', 1, most, 'an election takes time')
  range('quorumSize', 1, MAX_QUORUM, 'the wire carries no larger quorum, and nobody signs for an empty one')
  range('minStakeDroplets', 1, most, 'a quorum without stake could never sign a block')
  range('unbondingSlots', parameters.evidenceSlots + 1, most, 'whoever can still be accused must still be bonded')
  // Of those that are remembered, one is the newest and one is known to be over.
  const longest = (MAX_HANDOVERS - 2) * Math.min(parameters.electionSlots, parameters.forcedElectionSlots)
  range('unbondingSlots', 1, longest, `the state remembers ${MAX_HANDOVERS} handovers, and the shortest election lies between two of them`)
  range('slashPpm', 1, PPM, 'a share of what is bonded, in parts per million; an offence costs something')
  range('reporterPpm', 0, PPM, 'a share of what is slashed, in parts per million')
  range('jailSlots', 1, most, 'an offender is not elected again at once')
  range('slipChoices', 1, MAX_SLIP_CHOICES, 'a slip names somebody, and the wire carries no longer one')
  range('minTurnoutPpm', 0, PPM, 'a share of all coins, in parts per million')
  range('trustRounds', 1, MAX_TRUST_ROUNDS, 'trust goes a step at least, and every node goes all steps in one block')
  range('makerSharePpm', 0, PPM, 'a share of the reward, in parts per million')
}

function checkVerifiers(verifiers: readonly GenesisVerifier[], { minStakeDroplets }: Parameters): void {
  if (verifiers.length === 0) throw new Fault('genesis-verifiers', 'there are no verifiers: nobody could sign the first block')
  checkAscending(
    'genesis-verifiers',
    'verifier',
    verifiers.map(({ account }) => account),
  )
  checkUnique(
    'peer id',
    verifiers.map(({ peerId }) => peerId),
  )
  checkUnique(
    'BLS key',
    verifiers.map(({ blsKey }) => blsKey),
  )
  for (const { account, peerId, stakeDroplets, commissionPpm } of verifiers) {
    if (!PEER_ID.test(peerId)) throw new Fault('genesis-verifiers', `the peer id "${peerId}" of verifier ${account} is not base58`)
    if (stakeDroplets === 0) throw new Fault('genesis-verifiers', `verifier ${account} has no stake`)
    if (stakeDroplets < minStakeDroplets) {
      throw new Fault(
        'genesis-verifiers',
        `verifier ${account} has ${formatCoins(stakeDroplets)} coins of stake, minStakeDroplets asks for ${formatCoins(minStakeDroplets)}`,
      )
    }
    if (commissionPpm > PPM)
      throw new Fault('genesis-verifiers', `verifier ${account} keeps ${commissionPpm} of ${PPM} parts of its delegators' rewards`)
  }
}

function checkAscending(code: GenesisCode, what: string, addresses: readonly string[]): void {
  for (const [index, address] of addresses.entries()) {
    const before = addresses[index - 1]
    if (before === address) throw new Fault(code, `${what} ${address} is in the list twice`)
    if (before !== undefined && before > address)
      throw new Fault(code, `${what} ${address} comes after ${before}: sort the list by address`)
  }
}

function checkUnique(what: string, values: readonly string[]): void {
  const seen = new Set<string>()
  for (const value of values) {
    if (seen.has(value)) throw new Fault('genesis-verifiers', `two verifiers have the ${what} ${value}`)
    seen.add(value)
  }
}

function checkSupply({ accounts, verifiers }: Genesis): void {
  let supply = 0
  for (const droplets of [...accounts.map((account) => account.droplets), ...verifiers.map((verifier) => verifier.stakeDroplets)]) {
    supply += droplets
    if (supply > Number.MAX_SAFE_INTEGER) {
      throw new Fault('genesis-supply', `all coins and stakes together are above ${formatCoins(Number.MAX_SAFE_INTEGER)} coins`)
    }
  }
}

function checkPossession(verifiers: readonly GenesisVerifier[], signatures: Pick<Signatures, 'blsVerify' | 'blsVerifyMany'>): void {
  const items = verifiers.map(({ account, blsKey, possession }) => ({
    publicKey: blsKey,
    message: possessionMessage(blsKey, account),
    signature: possession,
  }))
  if (signatures.blsVerifyMany(items)) return
  // Together they fail, so at least one does alone: say which.
  const index = items.findIndex((item) => !signatures.blsVerify(item.publicKey, item.message, item.signature))
  throw new Fault(
    'genesis-possession',
    `the possession proof of verifier ${verifiers[index]?.account} is not its key's signature over key and account`,
  )
}
