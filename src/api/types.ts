import type { Hex } from '../base/hex.ts'
import type { Genesis } from '../wire/genesis.ts'
import type { Address, Hash, RefusalReason, SignedBlock, Transaction } from '../wire/types.ts'
import type { EvidenceEvent, EvidenceList, EvidenceResult, EvidenceView } from './evidence-types.ts'
import type { ForkSummary, ForkView } from './fork-types.ts'
import type {
  AccountProofView,
  AccountView,
  ElectionObstacle,
  ElectionsView,
  HandoverView,
  QuorumView,
  RatificationView,
  ReceiptView,
  SettledElectionView,
  SupplyView,
  VerifiersView,
} from './ledger-types.ts'

/** What a node hands to its HTTP API and events: plain data, JSON as it stands. Amounts in droplets and micro coin-hours. */
export interface NodeView {
  readonly genesis: Genesis
  readonly chainId: Hash
  /** From which height statements are signed with which id, if not with the chain id. */
  readonly recoveries: readonly { readonly height: number; readonly signingId: Hash }[]
  status(): NodeStatus
  peers(): readonly PeerView[]
  /** Takes signed transactions as encoded bytes in hex; each gets an answer of its own, in order. Accepted ones are on disk when this resolves. */
  submit(transactions: readonly Hex[]): Promise<readonly SubmitResult[]>
  /** By height, or by hash in hex. */
  block(at: number | Hash): BlockView | undefined
  /** At most `count` final blocks from `fromHeight` upwards. */
  blocks(fromHeight: number, count: number): readonly BlockView[]
  transaction(id: Hash): TransactionView | undefined
  /** An account that was never touched has zeros. */
  account(address: Address): AccountView
  /** Null while there is no block to hold it against. */
  accountProof(address: Address): AccountProofView | null
  /** At most `count` of the registered verifiers, from a place in the order of what is bonded to them. */
  verifiers(from: number, count: number): VerifiersView
  quorum(): QuorumView
  /** Looks through receipts for elections that were settled: the first time that takes a while. */
  elections(): Promise<ElectionsView>
  ratification(): RatificationView
  supply(): SupplyView
  /** At most `count` of the proven offences that this node holds, from a place in their order, the newest first. */
  evidence(from: number, count: number): EvidenceList
  evidenceOf(id: Hash): EvidenceView | undefined
  /** Takes evidence as its bytes in hex. Accepted, it is on disk when this resolves, and everybody is told. */
  submitEvidence(bytes: Hex): Promise<EvidenceResult>
  /** The newest fork that this node knows; null if it knows of none. */
  fork(): ForkView | null
  /** Events from now on. Returns the undo. */
  onEvent(listener: (event: NodeEvent) => void): () => void
}

export interface NodeStatus {
  readonly agent: string
  /** Chain label: name and first 8 hex digits of the chain id. */
  readonly chain: string
  readonly chainId: Hash
  readonly role: 'bootstrap' | 'full' | 'verifier'
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly startedAtMs: number
  readonly slotMs: number
  /** The slot of the wall clock; null before genesis time. */
  readonly slot: number | null
  readonly height: number
  /** Of the first block that is here: 1, or that of the snapshot that the node began with. */
  readonly firstHeight: number
  readonly head: Hash
  readonly headSlot: number
  /** When this node made the head final; null if before this start. */
  readonly headFinalAtMs: number | null
  /** `none`: a bootstrap node keeps no chain. */
  readonly sync: {
    readonly state: 'none' | 'waiting-for-peers' | 'syncing' | 'following'
    readonly targetHeight: number
    /** While a snapshot is looked for or fetched, to begin with: of which height, how much is here, and how many peers offer it. */
    readonly snapshot: {
      /** Null until one is chosen. */
      readonly height: number | null
      readonly parts: number
      readonly partsHere: number
      readonly peers: number
    } | null
  }
  /** Null on a node without a verifier key. */
  readonly verifier: VerifierStatus | null
  /** The newest fork that this node knows of, until a recovery block has ended it here; null if there is none. */
  readonly fork: ForkSummary | null
  /** Number of handovers of the quorum so far. */
  readonly epoch: number
  readonly election: { readonly number: number; readonly cause: 'epoch' | 'forced'; readonly closesSlot: number } | null
  /** First slot whose block opens the next regular election; null while one is open. */
  readonly nextElectionSlot: number | null
  /** When the quorum changes next if nothing forces an election before. */
  readonly handover: HandoverView
  readonly peers: number
  readonly quorum: {
    readonly verifiers: number
    readonly stakeDroplets: number
    /** Stake of the verifiers that this node is connected to, its own included. */
    readonly connectedStakeDroplets: number
    readonly enoughDroplets: number
  }
  /** ms from process start until connected to enough peers for the mesh and, as a verifier, to two thirds of the stake; null before. */
  readonly discoveryMs: number | null
  readonly pool: { readonly transactions: number; readonly bytes: number }
  /** Who leads the slot, as far as this node knows: index in the quorum of the maker of the lowest candidate. */
  readonly leader: { readonly slot: number; readonly index: number; readonly address: Address } | null
  /** What a person should know, newest last, at most 16. */
  readonly alarms: readonly { readonly atMs: number; readonly code: string; readonly detail: string }[]
  readonly process: { readonly rssBytes: number; readonly cpuMs: number }
  readonly traffic: { readonly bytesIn: number; readonly bytesOut: number }
  /** Refusals met as leader by reason, verdicts given by topic and code, and so on. */
  readonly counters: Readonly<Record<string, number>>
}

/** What the holder of this node's verifier key is, and what it has done. */
export interface VerifierStatus {
  readonly blsKey: Hex
  /** Whether an account has registered the key, and whether it is in the quorum of the next height. */
  readonly state: 'not-registered' | 'registered' | 'elected'
  /** The account that registered it; null if none has. */
  readonly address: Address | null
  /** Its place in the quorum; null if it is not elected. */
  readonly index: number | null
  /** Its weight there. */
  readonly weightDroplets: number
  /** Own and delegated stake now. */
  readonly bondedDroplets: number
  /** What an election asks for. */
  readonly minStakeDroplets: number
  /** Why it would not be elected if an election ended now. */
  readonly obstacle: ElectionObstacle | null
  /** Why it signs nothing although it is elected; null if it signs. */
  readonly silence: string | null
  /** Candidates made, slots led, blocks made and signatures given since start. */
  readonly proposed: number
  readonly led: number
  readonly made: number
  readonly sealed: number
}

export interface PeerView {
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly direction: 'inbound' | 'outbound'
  readonly score: number
  /** Index and address in the quorum, if it is a verifier's peer id. */
  readonly verifier: { readonly index: number; readonly address: Address } | null
  /** From its status handshake; null before. */
  readonly height: number | null
  readonly agent: string | null
  readonly clockOffsetMs: number | null
}

export type SubmitResult =
  | { readonly id: Hash; readonly accepted: true }
  /** `id` is null if the bytes were no transaction. `code` is stable. */
  | { readonly id: Hash | null; readonly accepted: false; readonly code: string; readonly detail: string }

export interface BlockView {
  readonly hash: Hash
  readonly block: SignedBlock
  readonly timeMs: number
  readonly makerAddress: Address
  readonly signerAddresses: readonly Address[]
  readonly transactionIds: readonly Hash[]
  /** Size of the whole signed block. */
  readonly bytes: number
  /** When this node made it final; null if before this start or by sync of old blocks. */
  readonly finalAtMs: number | null
  /** What it did besides its transactions; null if this node has it from a snapshot. */
  readonly receipt: ReceiptView | null
}

/** A block without its transactions and receipt: `transactions` is their number. */
export interface BlockSummary extends Omit<BlockView, 'block' | 'transactionIds' | 'receipt'> {
  readonly header: SignedBlock['header']
  readonly seal: SignedBlock['seal']
  readonly transactions: number
}

export type TransactionView =
  | { readonly state: 'pending'; readonly transaction: Transaction; readonly expirySlot: number }
  | { readonly state: 'final'; readonly transaction: Transaction; readonly height: number; readonly block: Hash; readonly index: number }
  /** It left the pool without being final; `code` says why (`expired`, `replaced`, ...). Remembered for a while. */
  | { readonly state: 'dropped'; readonly code: string }

export type NodeEvent =
  | {
      readonly kind: 'block'
      readonly height: number
      readonly hash: Hash
      readonly slot: number
      readonly finalAtMs: number
      readonly makerIndex: number
      readonly signers: number
      readonly transactionIds: readonly Hash[]
    }
  | { readonly kind: 'dropped'; readonly id: Hash; readonly code: string }
  | {
      readonly kind: 'election'
      readonly state: 'opened'
      readonly height: number
      readonly number: number
      readonly cause: 'epoch' | 'forced'
      readonly closesSlot: number
      readonly closesTimeMs: number
    }
  | ({ readonly kind: 'election'; readonly state: 'settled' } & SettledElectionView)
  /** Another quorum signs from this height on. */
  | {
      readonly kind: 'quorum'
      readonly height: number
      readonly hash: Hash
      readonly members: number
      readonly totalDroplets: number
    }
  | { readonly kind: 'ratified'; readonly height: number; readonly source: Hash; readonly droplets: number }
  | EvidenceEvent
  | { readonly kind: 'refused'; readonly slot: number; readonly by: number; readonly reason: RefusalReason }
  | { readonly kind: 'alarm'; readonly code: string; readonly detail: string }
