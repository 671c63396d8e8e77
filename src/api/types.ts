import { Type } from 'typebox'
import type { Hex } from '../base/hex.ts'
import type { Genesis } from '../wire/genesis.ts'
import type { Address, Hash } from '../wire/types.ts'
import { BootstrapStatus, type Diagnosis } from './diagnosis-types.ts'
import type { NodeEvent } from './event-types.ts'
import type { EvidenceList, EvidenceResult, EvidenceView } from './evidence-types.ts'
import { ForkSummary, type ForkView } from './fork-types.ts'
import {
  type AccountProofView,
  type AccountView,
  ElectionObstacle,
  type ElectionsView,
  HandoverView,
  type QuorumView,
  type RatificationView,
  ReceiptView,
  type SupplyView,
  type VerifiersView,
} from './ledger-types.ts'
import {
  type AccountHistory,
  BlockTimeline,
  type HistoryView,
  type LogLevels,
  type SlotView,
  type StorageView,
  type SwarmGraph,
} from './observe-types.ts'
import { address, count, hash, hex, list, named, number, object, oneOf, orNull, text, type View } from './schema.ts'
import { AggregateSignature, Genesis as GenesisDocument, Header, SignedBlock, Transaction } from './wire-types.ts'

/** What the API shows of the node itself, its blocks and transactions; and what it asks of the node. Amounts in droplets and micro coin-hours. */

export const VerifierStatus = named(
  'VerifierStatus',
  {
    blsKey: hex(),
    state: oneOf(
      ['not-registered', 'registered', 'elected'],
      'Whether an account has registered the key, and whether it is in the quorum of the next height.',
    ),
    address: orNull(address(), 'The account that registered it; null if none has.'),
    index: orNull(count(), 'Its place in the quorum; null if it is not elected.'),
    weightDroplets: count('Its weight there.'),
    bondedDroplets: count('Own and delegated stake now.'),
    minStakeDroplets: count('What an election asks for.'),
    obstacle: orNull(ElectionObstacle, 'Why it would not be elected if an election ended now.'),
    silence: orNull(text(), 'Why it signs nothing although it is elected; null if it signs.'),
    proposed: count('Candidates made, slots led, blocks made and signatures given since start.'),
    led: count(),
    made: count(),
    sealed: count(),
  },
  "What the holder of this node's verifier key is, and what it has done.",
)
export type VerifierStatus = View<typeof VerifierStatus>

export const NodeStatus = named('NodeStatus', {
  agent: text(),
  chain: text('Chain label: name and first 8 hex digits of the chain id.'),
  chainId: hash(),
  role: oneOf(['bootstrap', 'full', 'verifier']),
  peerId: text(),
  addresses: list(text()),
  startedAtMs: number(),
  slotMs: number(),
  slot: orNull(count(), 'The slot of the wall clock; null before genesis time.'),
  height: count(),
  firstHeight: count('Of the first block that is here: 1, or that of the snapshot that the node began with.'),
  head: hash(),
  headSlot: count(),
  headFinalAtMs: orNull(number(), 'When this node made the head final; null if before this start.'),
  sync: object(
    {
      state: oneOf(['none', 'waiting-for-peers', 'syncing', 'following']),
      targetHeight: count(),
      snapshot: orNull(
        object({ height: orNull(count(), 'Null until one is chosen.'), parts: count(), partsHere: count(), peers: count() }),
        'While a snapshot is looked for or fetched, to begin with: of which height, how much is here, and how many peers offer it.',
      ),
    },
    '`none`: a bootstrap node keeps no chain.',
  ),
  verifier: orNull(VerifierStatus, 'Null on a node without a verifier key.'),
  fork: orNull(ForkSummary, 'The newest fork that this node knows of, until a recovery block has ended it here; null if there is none.'),
  epoch: count('Number of handovers of the quorum so far.'),
  election: orNull(object({ number: count(), cause: oneOf(['epoch', 'forced']), closesSlot: count() })),
  nextElectionSlot: orNull(count(), 'First slot whose block opens the next regular election; null while one is open.'),
  handover: object(HandoverView.properties, 'When the quorum changes next if nothing forces an election before.'),
  peers: count(),
  quorum: object({
    verifiers: count(),
    stakeDroplets: count(),
    connectedStakeDroplets: count('Stake of the verifiers that this node is connected to, its own included.'),
    enoughDroplets: count(),
  }),
  discoveryMs: orNull(
    number(),
    'ms from process start until connected to enough peers for the mesh and, as a verifier, to two thirds of the stake; null before.',
  ),
  pool: object({ transactions: count(), bytes: count() }),
  leader: orNull(
    object({ slot: count(), index: count(), address: address() }),
    'Who leads the slot, as far as this node knows: index in the quorum of the maker of the lowest candidate.',
  ),
  alarms: list(object({ atMs: number(), code: text(), detail: text() }), 'What a person should know, newest last, at most 16.'),
  process: object({ rssBytes: count(), cpuMs: number() }),
  bootstrap: orNull(BootstrapStatus, 'Null unless the node only bootstraps.'),
  traffic: object({ bytesIn: count(), bytesOut: count() }),
  counters: Type.Record(Type.String(), Type.Number(), {
    description: 'Refusals met as leader by reason, verdicts given by topic and code, and so on.',
  }),
})
export type NodeStatus = View<typeof NodeStatus>

export const PeerView = named('PeerView', {
  peerId: text(),
  addresses: list(text()),
  direction: oneOf(['inbound', 'outbound']),
  score: number(),
  verifier: orNull(object({ index: count(), address: address() }), "Index and address in the quorum, if it is a verifier's peer id."),
  height: orNull(count(), 'From its status handshake; null before.'),
  agent: orNull(text()),
  clockOffsetMs: orNull(number()),
})
export type PeerView = View<typeof PeerView>

export const SubmitResult = Type.Union(
  [
    object({ id: hash(), accepted: Type.Literal(true) }),
    object({ id: orNull(hash()), accepted: Type.Literal(false), code: text(), detail: text() }),
  ],
  { title: 'SubmitResult' },
)
export type SubmitResult = View<typeof SubmitResult>

export const BlockView = named('BlockView', {
  hash: hash(),
  block: SignedBlock,
  timeMs: number(),
  makerAddress: address(),
  signerAddresses: list(address()),
  transactionIds: list(hash()),
  bytes: count('Size of the whole signed block.'),
  finalAtMs: orNull(number(), 'When this node made it final; null if before this start or by sync of old blocks.'),
  timeline: orNull(BlockTimeline, 'How it was made; null for a block that this node did not see being made, or no longer remembers.'),
  receipt: orNull(ReceiptView, 'What it did besides its transactions; null if this node has it from a snapshot.'),
})
export type BlockView = View<typeof BlockView>

const { block: _, transactionIds: __, receipt: ___, ...summaryFields } = BlockView.properties

export const BlockSummary = named(
  'BlockSummary',
  {
    ...summaryFields,
    header: Header,
    seal: AggregateSignature,
    transactions: count(),
  },
  'A block without its transactions and receipt: `transactions` is their number.',
)
export type BlockSummary = View<typeof BlockSummary>

export const TransactionView = Type.Union(
  [
    object({ state: Type.Literal('pending'), transaction: Transaction, expirySlot: count() }),
    object({ state: Type.Literal('final'), transaction: Transaction, height: count(), block: hash(), index: count() }),
    object({ state: Type.Literal('dropped'), code: text() }),
  ],
  { title: 'TransactionView' },
)
export type TransactionView = View<typeof TransactionView>

export const GenesisView = named('GenesisView', {
  chain: text('Its name and the first 8 digits of its id.'),
  chainId: hash(),
  recoveries: list(object({ height: count(), signingId: hash() }), 'From which height statements are signed with which id.'),
  genesis: GenesisDocument,
})
export type GenesisView = View<typeof GenesisView>

export type { NodeEvent }

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
  /** Ended slots, the newest first. */
  slots(count: number): readonly SlotView[]
  /** Blocks `from` to `to` in at most `points` points; of very many heights the last ones. */
  history(from: number, to: number, points: number): Promise<HistoryView>
  /** The newest first, from behind what an answer gave as `next`. Rejects with QuorateError `bad-cursor`. */
  accountHistory(address: Address, before: string | null, count: number): Promise<AccountHistory>
  storage(): Promise<StorageView>
  /** Genesis and store as they are at one moment, as `quorate restore` reads them. */
  backup(): AsyncIterable<Uint8Array>
  /** In the text format of Prometheus. */
  metrics(): Promise<string>
  /** Who is connected to whom, as far as this node knows. */
  swarm(): SwarmGraph
  /** What a doctor needs to know of it. */
  diagnosis(): Promise<Diagnosis>
  logLevels(): LogLevels
  setLogLevels(levels: LogLevels): void
  /** Events from now on. Returns the undo. */
  onEvent(listener: (event: NodeEvent) => void): () => void
}
