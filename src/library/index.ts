/** What programs import as `quorate`: docs/library.md. */

export type { Diagnosis } from '../api/diagnosis-types.ts'
export type { EvidenceEvent, EvidenceList, EvidenceResult, EvidenceSummary, EvidenceView } from '../api/evidence-types.ts'
export type { ForkView } from '../api/fork-types.ts'
export type {
  AccountProofView,
  AccountView,
  ElectionsView,
  QuorumView,
  RatificationView,
  SupplyView,
  VerifiersView,
  VerifierView,
} from '../api/ledger-types.ts'
export type {
  AccountHistory,
  BlockTimeline,
  HistoryView,
  LogLevels,
  SlotView,
  StorageView,
  SwarmGraph,
} from '../api/observe-types.ts'
export type { SearchResult, SearchView } from '../api/search-types.ts'
export type {
  BlockSummary,
  BlockView,
  GenesisView,
  NodeEvent,
  NodeStatus,
  NodeView,
  PeerView,
  SubmitResult,
  TransactionView,
} from '../api/types.ts'
export { QuorateError } from '../base/errors.ts'
export type { Range } from '../client/client.ts'
export { ApiClientError } from '../client/errors.ts'
export type { EventKind, EventOptions, EventStream, Gap, Heartbeat, StreamedEvent } from '../client/events.ts'
export type { CallOptions, ClientOptions, Fetch, FetchAnswer, FetchInit } from '../client/transport.ts'
export type { Outcome, WaitOptions } from '../client/wait-final.ts'
export {
  formatAddress,
  mnemonicWallet,
  newMnemonic,
  openWallet,
  parseAddress,
  type SignedTransaction,
  secretWallet,
  type Wallet,
} from '../node/wallet.ts'
export type { Genesis, Parameters } from '../wire/genesis.ts'
export type { Action, SignedBlock, Transaction } from '../wire/types.ts'
export { QuorateClient } from './client.ts'
export { type CreatedNetwork, type CreateNetworkOptions, createNetwork } from './create-network.ts'
export { type CreateNodeOptions, createNode, type EmbeddedNode, type EmbeddedNodeWithApi, type LogEntry } from './create-node.ts'
