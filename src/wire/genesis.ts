import type { Hex } from '../base/hex.ts'
import { MAX_ANCHORS, MAX_CHAIN_NAME_BYTES, MAX_GENESIS_ACCOUNTS, MAX_PEER_ID_BYTES, MAX_QUORUM } from './bounds.ts'
import { type Codec, enumeration, list, struct, text, u16, u32, u64 } from './codec.ts'
import { type Address, address, blsKey, blsSignature } from './types.ts'

/** What every node of a chain must agree on from the first slot. Its hash is the chain id. */
export interface Genesis {
  /** Version of the protocols; this document is 1. */
  readonly version: number
  /** Lower-case letters, digits and hyphens. */
  readonly name: string
  /** Start of slot 0, in ms since the Unix epoch. */
  readonly timeMs: number
  readonly parameters: Parameters
  /** Registered from the beginning, by ascending address; the first `quorumSize` by stake are the first quorum. */
  readonly verifiers: readonly GenesisVerifier[]
  /** Funded accounts, by ascending address. */
  readonly accounts: readonly GenesisAccount[]
  /** Accounts from which trust begins, ascending. */
  readonly anchors: readonly Address[]
}

export interface Parameters {
  readonly slotMs: number
  /** When in the slot a verifier chooses among candidates (W). */
  readonly choiceMs: number
  readonly sortition: 'stake' | 'uniform'
  /** Expected candidates a slot (c) under `stake`. */
  readonly expectedCandidates: number
  /** Chance of each verifier a slot under `uniform`, in parts per million. */
  readonly uniformPpm: number
  readonly leaderRule: 'ticket' | 'nodeId'
  /** Slots without a block after which an empty one may be made. */
  readonly idleSlots: number
  /** Seconds in which a coin earns a coin-hour. */
  readonly coinHourSeconds: number
  /** Coin-hours that a transaction burns for each of its bytes, in micro coin-hours. */
  readonly microHoursPerByte: number
  readonly minFeeDroplets: number
  readonly maxBlockTransactions: number
  /** Bytes of a block's transactions. */
  readonly maxBlockBytes: number
  /** How many slots ahead a transaction's expiry may lie. */
  readonly maxExpirySlots: number
  /** Slots from one regular handover of the quorum to the next. */
  readonly epochSlots: number
  /** The last slots of an epoch, in which its election is open. */
  readonly electionSlots: number
  readonly forcedElectionSlots: number
  /** Most members of a quorum. */
  readonly quorumSize: number
  /** Own and delegated stake that a verifier needs to be elected. */
  readonly minStakeDroplets: number
  /** What it costs to register as a verifier; burned. */
  readonly verifierFeeDroplets: number
  /** Slots from the end of the epoch in which bonded coins were taken back until they can be moved. */
  readonly unbondingSlots: number
  /** Slots after the end of an epoch in which evidence of it counts; those who can be slashed must still be bonded then. */
  readonly evidenceSlots: number
  /** What an offence costs of a verifier's own stake and of what is delegated to it, in parts per million. */
  readonly slashPpm: number
  /** What of a slash the maker of the block with the evidence gets, in parts per million; the rest is burned. */
  readonly reporterPpm: number
  /** Slots in which an offender cannot be elected. */
  readonly jailSlots: number
  /** Verifiers that one vote slip may name. */
  readonly slipChoices: number
  /** What ranks the verifiers in an election. */
  readonly score: 'coins' | 'trust' | 'hybrid'
  /** Share of all coins that slips must weigh together, in parts per million; below it the stake decides. */
  readonly minTurnoutPpm: number
  /** Steps from an anchor that trust goes. */
  readonly trustRounds: number
  /** Minted for each block. */
  readonly blockRewardDroplets: number
  /** The maker's share of a block's reward and fees, in parts per million; its signers share the rest by stake. */
  readonly makerSharePpm: number
}

export interface GenesisVerifier {
  /** The account whose stake it is; its bytes are the verifier's id. */
  readonly account: Address
  /** libp2p peer id, base58. */
  readonly peerId: string
  readonly blsKey: Hex
  /** BLS signature over the possession message: nobody registers a key that he does not hold. */
  readonly possession: Hex
  readonly stakeDroplets: number
  /** What the verifier keeps of its delegators' rewards, in parts per million. */
  readonly commissionPpm: number
}
export interface GenesisAccount {
  readonly address: Address
  readonly droplets: number
  readonly microHours: number
}

export const genesisVerifier: Codec<GenesisVerifier> = struct<GenesisVerifier>({
  account: address,
  peerId: text(MAX_PEER_ID_BYTES),
  blsKey,
  possession: blsSignature,
  stakeDroplets: u64,
  commissionPpm: u32,
})

export const genesis: Codec<Genesis> = struct<Genesis>({
  version: u16,
  name: text(MAX_CHAIN_NAME_BYTES),
  timeMs: u64,
  parameters: struct<Parameters>({
    slotMs: u32,
    choiceMs: u32,
    sortition: enumeration({ stake: 1, uniform: 2 }),
    expectedCandidates: u16,
    uniformPpm: u32,
    leaderRule: enumeration({ ticket: 1, nodeId: 2 }),
    idleSlots: u32,
    coinHourSeconds: u32,
    microHoursPerByte: u64,
    minFeeDroplets: u64,
    maxBlockTransactions: u32,
    maxBlockBytes: u32,
    maxExpirySlots: u32,
    epochSlots: u32,
    electionSlots: u32,
    forcedElectionSlots: u32,
    quorumSize: u16,
    minStakeDroplets: u64,
    verifierFeeDroplets: u64,
    unbondingSlots: u32,
    evidenceSlots: u32,
    slashPpm: u32,
    reporterPpm: u32,
    jailSlots: u32,
    slipChoices: u16,
    score: enumeration({ coins: 1, trust: 2, hybrid: 3 }),
    minTurnoutPpm: u32,
    trustRounds: u16,
    blockRewardDroplets: u64,
    makerSharePpm: u32,
  }),
  verifiers: list(genesisVerifier, MAX_QUORUM),
  accounts: list(struct<GenesisAccount>({ address, droplets: u64, microHours: u64 }), MAX_GENESIS_ACCOUNTS),
  anchors: list(address, MAX_ANCHORS),
})
