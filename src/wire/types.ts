import type { Hex } from '../base/hex.ts'
import {
  MAX_BATCH_TRANSACTIONS,
  MAX_BLOCK_EVIDENCE,
  MAX_BLOCK_TRANSACTIONS,
  MAX_PEER_ID_BYTES,
  MAX_QUORUM,
  MAX_SLIP_CHOICES,
  MAX_TALLY,
} from './bounds.ts'
import { bitmap, type Codec, enumeration, fixed, list, option, struct, text, u16, u32, u64, union } from './codec.ts'

/** sha256: 32 bytes. */
export type Hash = Hex
/** First 20 bytes of the sha256 of an ed25519 public key; people see it as bech32m. */
export type Address = Hex

export const hash: Codec<Hash> = fixed(32)
export const address: Codec<Address> = fixed(20)
const accountKey: Codec<Hex> = fixed(32)
export const accountSignature: Codec<Hex> = fixed(64)
export const blsKey: Codec<Hex> = fixed(48)
export const blsSignature: Codec<Hex> = fixed(96)
/** First 8 bytes of a transaction's id: names it in a compact block. */
const shortId: Codec<Hex> = fixed(8)

/** Moves coins and, if asked, coin-hours. Amounts in droplets (10^6 to the coin) and micro coin-hours. */
export interface Transfer {
  readonly kind: 'transfer'
  readonly to: Address
  readonly amountDroplets: number
  readonly microHours: number
}
/** Makes the sender's account a verifier. The fee for it (`verifierFeeDroplets` of genesis) is burned. */
export interface Register {
  readonly kind: 'register'
  /** libp2p peer id, base58. */
  readonly peerId: string
  readonly blsKey: Hex
  /** BLS signature over the possession message of key and sender. */
  readonly possession: Hex
  /** What the verifier keeps of its delegators' rewards, in parts per million. */
  readonly commissionPpm: number
}
/** Bonds coins of a verifier to itself. */
export interface Stake {
  readonly kind: 'stake'
  readonly amountDroplets: number
}
/** Takes back what a verifier bonded to itself; null for all of it. It comes back after `unbondingSlots`. */
export interface Unstake {
  readonly kind: 'unstake'
  readonly amountDroplets: number | null
}
/** Bonds coins to another account's stake. */
export interface Delegate {
  readonly kind: 'delegate'
  readonly verifier: Address
  readonly amountDroplets: number
}
/** Takes back what the sender delegated, with what it has earned: the shares that the amount needs, or all for null. */
export interface Undelegate {
  readonly kind: 'undelegate'
  readonly verifier: Address
  readonly amountDroplets: number | null
}
/** A vote slip: each choice gets the weight of the coins that the sender has moved away since the election opened. */
export interface Slip {
  readonly kind: 'slip'
  /** Verifiers, ascending; the first `slipChoices` of genesis at most. */
  readonly choices: readonly Address[]
}
/** Vouches for a verifier in the web of trust, or takes that back. */
export interface Endorse {
  readonly kind: 'endorse'
  readonly verifier: Address
  readonly stance: 'vouch' | 'withdraw'
}
/** Opens or supports the ratification of a source hash, with the weight of a slip. */
export interface Ratify {
  readonly kind: 'ratify'
  readonly source: Hash
}
/** What a transaction does; each kind has its tag, and later kinds take the next ones. */
export type Action = Transfer | Register | Stake | Unstake | Delegate | Undelegate | Slip | Endorse | Ratify

export interface TransactionBody {
  /** ed25519 public key; its hash is the sender's address. */
  readonly sender: Hex
  /** Number of transactions that the sender's account has made before this one. */
  readonly nonce: number
  readonly feeDroplets: number
  /** Last slot whose block may hold it. */
  readonly expirySlot: number
  readonly action: Action
}
export interface Transaction {
  readonly body: TransactionBody
  readonly signature: Hex
}

export const action: Codec<Action> = union<Action>({
  transfer: [1, struct({ to: address, amountDroplets: u64, microHours: u64 })],
  register: [2, struct({ peerId: text(MAX_PEER_ID_BYTES), blsKey, possession: blsSignature, commissionPpm: u32 })],
  stake: [3, struct({ amountDroplets: u64 })],
  unstake: [4, struct({ amountDroplets: option(u64) })],
  delegate: [5, struct({ verifier: address, amountDroplets: u64 })],
  undelegate: [6, struct({ verifier: address, amountDroplets: option(u64) })],
  slip: [7, struct({ choices: list(address, MAX_SLIP_CHOICES) })],
  endorse: [8, struct({ verifier: address, stance: enumeration({ vouch: 1, withdraw: 2 }) })],
  ratify: [9, struct({ source: hash })],
})
export const transactionBody: Codec<TransactionBody> = struct({ sender: accountKey, nonce: u64, feeDroplets: u64, expirySlot: u64, action })
export const transaction: Codec<Transaction> = struct({ body: transactionBody, signature: accountSignature })
/** Gossip `transactions`. */
export const transactionBatch = list(transaction, MAX_BATCH_TRANSACTIONS)

/** The three signatures on the way to a block, and a maker's on its candidate. Slots never go back; a seal has none. */
export type Statement = CandidateStatement | VoteStatement | LockStatement | SealStatement
export interface CandidateStatement {
  readonly kind: 'candidate'
  readonly height: number
  readonly slot: number
  readonly block: Hash
  /** Slot of the vote certificate that justifies proposing this block again; null for none (0 is a slot). */
  readonly validSlot: number | null
}
export interface VoteStatement {
  readonly kind: 'vote'
  readonly height: number
  readonly slot: number
  readonly block: Hash
  readonly validSlot: number | null
}
export interface LockStatement {
  readonly kind: 'lock'
  readonly height: number
  readonly slot: number
  readonly block: Hash
}
export interface SealStatement {
  readonly kind: 'seal'
  readonly height: number
  readonly block: Hash
}

const voteFields = struct<Omit<VoteStatement, 'kind'>>({ height: u64, slot: u64, block: hash, validSlot: option(u64) })
export const statement: Codec<Statement> = union<Statement>({
  candidate: [1, voteFields],
  vote: [2, voteFields],
  lock: [3, struct({ height: u64, slot: u64, block: hash })],
  seal: [4, struct({ height: u64, block: hash })],
})

/** One BLS signature of several verifiers over the same bytes. `signers` are ascending indices into the quorum. */
export interface AggregateSignature {
  readonly signers: readonly number[]
  readonly signature: Hex
}
export const aggregateSignature: Codec<AggregateSignature> = struct({ signers: bitmap(MAX_QUORUM), signature: blsSignature })

/** A statement with the stake of its signers behind it: a certificate proper if that stake is enough, one verifier's word if it is alone. */
export interface Certificate<S extends Statement = Statement> {
  readonly statement: S
  readonly aggregate: AggregateSignature
}
export const certificate: Codec<Certificate> = struct({ statement, aggregate: aggregateSignature })

/** A statement with all that is needed to check who signed it, whatever quorum they were in: their registered keys. */
export interface SignedStatement {
  readonly statement: Statement
  /** BLS keys of the signers, ascending. */
  readonly keys: readonly Hex[]
  /** One BLS signature of all of them. */
  readonly signature: Hex
}
export const signedStatement: Codec<SignedStatement> = struct<SignedStatement>({
  statement,
  keys: list(blsKey, MAX_QUORUM),
  signature: blsSignature,
})

/** Two statements that no honest verifier makes both; guilty is who signed both. The one with the lesser bytes comes first. */
export interface Evidence {
  readonly first: SignedStatement
  readonly second: SignedStatement
}
export const evidence: Codec<Evidence> = struct<Evidence>({ first: signedStatement, second: signedStatement })
const blockEvidence = list(evidence, MAX_BLOCK_EVIDENCE)

export interface Header {
  readonly height: number
  readonly slot: number
  /** Hash of the parent's header; of genesis at height 1. */
  readonly parent: Hash
  /** Seal certificate of the parent, so that its signers can be paid; null at height 1. */
  readonly parentSeal: AggregateSignature | null
  /** Index in the quorum of who built the block. */
  readonly maker: number
  /** The maker's BLS signature over the ticket bytes of `slot`. */
  readonly proof: Hex
  readonly transactionsRoot: Hash
  readonly evidenceRoot: Hash
  /** Root over all accounts after this block. */
  readonly stateRoot: Hash
  /** Hash of the quorum that signs the next height. */
  readonly nextQuorum: Hash
  /** Coin-hours burned by all blocks up to and including this one. */
  readonly burnedMicroHours: number
}
export const header: Codec<Header> = struct<Header>({
  height: u64,
  slot: u64,
  parent: hash,
  parentSeal: option(aggregateSignature),
  maker: u16,
  proof: blsSignature,
  transactionsRoot: hash,
  evidenceRoot: hash,
  stateRoot: hash,
  nextQuorum: hash,
  burnedMicroHours: u64,
})

/** A block that nobody has sealed yet. */
export interface Block {
  readonly header: Header
  readonly evidence: readonly Evidence[]
  readonly transactions: readonly Transaction[]
}
export const block: Codec<Block> = struct({ header, evidence: blockEvidence, transactions: list(transaction, MAX_BLOCK_TRANSACTIONS) })

/** A final block. */
export interface SignedBlock extends Block {
  readonly seal: AggregateSignature
}
export const signedBlock: Codec<SignedBlock> = struct<SignedBlock>({
  header,
  evidence: blockEvidence,
  transactions: list(transaction, MAX_BLOCK_TRANSACTIONS),
  seal: aggregateSignature,
})

/** Gossip `candidates`: a block in the envelope of whoever proposes it. In its first slot, envelope and header agree. */
export interface Candidate {
  readonly slot: number
  /** Index in the quorum of who proposes it; signs the envelope. */
  readonly maker: number
  /** The proposer's BLS signature over the ticket bytes of `slot`. */
  readonly proof: Hex
  /** A vote certificate for this very block, of an earlier slot. */
  readonly justification: Certificate | null
  readonly header: Header
  readonly evidence: readonly Evidence[]
  readonly shortIds: readonly Hex[]
  /** The proposer's signature over the candidate statement. */
  readonly signature: Hex
}
const shortIds = list(shortId, MAX_BLOCK_TRANSACTIONS)
export const candidate: Codec<Candidate> = struct<Candidate>({
  slot: u64,
  maker: u16,
  proof: blsSignature,
  justification: option(certificate),
  header,
  evidence: blockEvidence,
  shortIds,
  signature: blsSignature,
})

/** Gossip `blocks`: a signed block whose transactions the receiver has in its pool or asks for. */
export interface CompactBlock {
  readonly header: Header
  readonly evidence: readonly Evidence[]
  readonly shortIds: readonly Hex[]
  readonly seal: AggregateSignature
}
export const compactBlock: Codec<CompactBlock> = struct<CompactBlock>({
  header,
  evidence: blockEvidence,
  shortIds,
  seal: aggregateSignature,
})

/** Gossip `evidence`: what the public process of signing left behind. */
export type PublicRecord =
  /** A vote or lock certificate of a slot that ended without a block. */
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** What a leader collected in a slot, won or lost: each certificate with as many signers as answered. */
  | { readonly kind: 'tally'; readonly certificates: readonly Certificate[] }
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
export const publicRecord: Codec<PublicRecord> = union<PublicRecord>({
  certificate: [1, struct({ certificate })],
  tally: [2, struct({ certificates: list(certificate, MAX_TALLY) })],
  evidence: [3, struct({ evidence })],
})

/** Stream `sign`: what a leader asks. */
export type SignRequest =
  | { readonly kind: 'vote'; readonly statement: Statement }
  /** With a vote certificate of this slot. */
  | { readonly kind: 'lock'; readonly certificate: Certificate }
  /** With a lock certificate of any slot. */
  | { readonly kind: 'seal'; readonly certificate: Certificate }
export const signRequest: Codec<SignRequest> = union<SignRequest>({
  vote: [1, struct({ statement })],
  lock: [2, struct({ certificate })],
  seal: [3, struct({ certificate })],
})

/** Why a verifier does not sign. The numbers are those of the wire and never change. */
export const refusalCodes = {
  'lower-ticket': 1,
  locked: 2,
  'bad-transaction': 3,
  'ticket-above-threshold': 4,
  'wrong-slot': 5,
  'unknown-parent': 6,
  'old-height': 7,
  'unknown-block': 8,
  'already-voted': 9,
  sealed: 10,
  'not-leader': 11,
  'not-verifier': 12,
  'bad-certificate': 13,
  silent: 14,
  'clock-behind-record': 15,
} as const
export type RefusalReason = keyof typeof refusalCodes

export type SignResponse =
  | { readonly kind: 'signature'; readonly signature: Hex }
  | {
      readonly kind: 'refusal'
      readonly reason: RefusalReason
      /** The height that the verifier is working on. */
      readonly height: number
      /** With `locked`: the vote certificate that the verifier is locked by. */
      readonly certificate: Certificate | null
    }
export const signResponse: Codec<SignResponse> = union<SignResponse>({
  signature: [1, struct({ signature: blsSignature })],
  refusal: [2, struct({ reason: enumeration(refusalCodes), height: u64, certificate: option(certificate) })],
})
