import type { Hex } from '../base/hex.ts'
import type { Genesis } from '../wire/genesis.ts'
import type { Address, Hash, RefusalReason, SignedBlock, Transaction } from '../wire/types.ts'

/** What a node hands to its HTTP API and events: plain data, JSON as it stands. Amounts in droplets and micro coin-hours. */
export interface NodeView {
  readonly genesis: Genesis
  readonly chainId: Hash
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
  readonly head: Hash
  readonly headSlot: number
  /** When this node made the head final; null if before this start. */
  readonly headFinalAtMs: number | null
  readonly sync: { readonly state: 'waiting-for-peers' | 'syncing' | 'following'; readonly targetHeight: number }
  /** Null on a node without a verifier key in the quorum. */
  readonly verifier: {
    readonly address: Address
    readonly index: number
    readonly silence: string | null
    /** Candidates made, slots led, blocks made and signatures given since start. */
    readonly proposed: number
    readonly led: number
    readonly made: number
    readonly sealed: number
  } | null
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
}

/** A block without its transactions: `transactions` is their number. */
export interface BlockSummary extends Omit<BlockView, 'block' | 'transactionIds'> {
  readonly header: SignedBlock['header']
  readonly seal: SignedBlock['seal']
  readonly transactions: number
}

export type TransactionView =
  | { readonly state: 'pending'; readonly transaction: Transaction; readonly expirySlot: number }
  | { readonly state: 'final'; readonly transaction: Transaction; readonly height: number; readonly block: Hash; readonly index: number }
  /** It left the pool without being final; `code` says why (`expired`, `replaced`, ...). Remembered for a while. */
  | { readonly state: 'dropped'; readonly code: string }

export interface AccountView {
  readonly address: Address
  readonly droplets: number
  /** Reckoned at the head's block time. */
  readonly microHours: number
  readonly nonce: number
  /** Nonce after what waits in the pool: the one to use next. */
  readonly nextNonce: number
}

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
  | { readonly kind: 'refused'; readonly slot: number; readonly by: number; readonly reason: RefusalReason }
  | { readonly kind: 'alarm'; readonly code: string; readonly detail: string }
