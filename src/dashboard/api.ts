import type { EvidenceList, EvidenceView } from '../api/evidence-types.ts'
import type { ForkView } from '../api/fork-types.ts'
import type { AccountView, ElectionsView, QuorumView, RatificationView, SupplyView, VerifiersView } from '../api/ledger-types.ts'
import type { AccountHistory, HistoryView, StorageView, SwarmGraph } from '../api/observe-types.ts'
import type { BlockSummary, BlockView, NodeEvent, NodeStatus, PeerView, TransactionView } from '../api/types.ts'
import type { Genesis } from '../wire/genesis.ts'

export type { BlockSummary, BlockView }
export type Timeline = NonNullable<BlockSummary['timeline']>
export type Slot = Omit<Extract<NodeEvent, { kind: 'slot' }>, 'kind'>

export interface GenesisAnswer {
  readonly chain: string
  readonly chainId: string
  readonly recoveries: readonly { readonly height: number; readonly signingId: string }[]
  readonly genesis: Genesis
}

export type FeedEvent = NodeEvent | { readonly kind: 'heartbeat'; readonly atMs: number; readonly height: number }

/** What the node answered instead of what was asked; `code` is `unreachable` when it did not answer at all. */
export class ApiFailure extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const TIMEOUT_MS = 15_000

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT_MS)
  let response: Response
  let body: unknown
  try {
    response = await fetch(path, { signal: signal === undefined ? limit : AbortSignal.any([signal, limit]), cache: 'no-store' })
    body = await response.json()
  } catch (error) {
    signal?.throwIfAborted()
    throw new ApiFailure('unreachable', 'The node does not answer.', { cause: error })
  }
  if (response.ok) return body as T
  const { code, message } = (body as { error?: { code?: string; message?: string } }).error ?? {}
  throw new ApiFailure(code ?? `http-${response.status}`, message ?? `The node answered with status ${response.status}.`)
}

export const api = {
  status: (signal?: AbortSignal) => get<NodeStatus>('/v1/status', signal),
  genesis: (signal?: AbortSignal) => get<GenesisAnswer>('/v1/genesis', signal),
  peers: (signal?: AbortSignal) => get<{ peers: readonly PeerView[] }>('/v1/peers', signal).then(({ peers }) => peers),
  /** Ascending, without transactions. */
  blocks: (from: number, count: number, signal?: AbortSignal) =>
    get<{ blocks: readonly BlockSummary[] }>(`/v1/blocks?from=${from}&count=${count}&summary=true`, signal).then(({ blocks }) => blocks),
  block: (at: string, signal?: AbortSignal) => get<BlockView>(`/v1/blocks/${encodeURIComponent(at)}`, signal),
  transaction: (id: string, signal?: AbortSignal) =>
    get<{ id: string } & TransactionView>(`/v1/transactions/${encodeURIComponent(id)}`, signal),
  account: (address: string, signal?: AbortSignal) => get<AccountView>(`/v1/accounts/${encodeURIComponent(address)}`, signal),
  accountHistory: (address: string, before: string | null, signal?: AbortSignal) =>
    get<AccountHistory>(
      `/v1/accounts/${encodeURIComponent(address)}/transactions?limit=50${before === null ? '' : `&before=${encodeURIComponent(before)}`}`,
      signal,
    ),
  quorum: (signal?: AbortSignal) => get<QuorumView>('/v1/quorum', signal),
  verifiers: (from: number, signal?: AbortSignal) => get<VerifiersView>(`/v1/verifiers?from=${from}&limit=100`, signal),
  elections: (signal?: AbortSignal) => get<ElectionsView>('/v1/elections', signal),
  ratification: (signal?: AbortSignal) => get<RatificationView>('/v1/ratification', signal),
  supply: (signal?: AbortSignal) => get<SupplyView>('/v1/supply', signal),
  evidence: (from: number, signal?: AbortSignal) => get<EvidenceList>(`/v1/evidence?from=${from}&limit=100`, signal),
  evidenceOf: (id: string, signal?: AbortSignal) => get<EvidenceView>(`/v1/evidence/${encodeURIComponent(id)}`, signal),
  fork: (signal?: AbortSignal) => get<{ fork: ForkView | null }>('/v1/fork', signal).then(({ fork }) => fork),
  slots: (count: number, signal?: AbortSignal) =>
    get<{ slots: readonly Slot[] }>(`/v1/slots?limit=${count}`, signal).then(({ slots }) => slots),
  history: (from: number, to: number, points: number, signal?: AbortSignal) =>
    get<HistoryView>(`/v1/history?from=${from}&to=${to}&points=${points}`, signal),
  swarm: (signal?: AbortSignal) => get<SwarmGraph>('/v1/swarm', signal),
  storage: (signal?: AbortSignal) => get<StorageView>('/v1/storage', signal),
}

/**
 * Hands on each event until the stream ends, which it does by throwing, or the signal fires. Reads server-sent events and JSON lines
 * alike: of both, what counts are lines with an object.
 */
export async function readEvents(listener: (event: FeedEvent) => void, signal: AbortSignal): Promise<void> {
  const response = await fetch('/v1/events', { signal, cache: 'no-store', headers: { accept: 'text/event-stream' } })
  if (!response.ok || response.body === null) throw new ApiFailure(`http-${response.status}`, 'The node gives no events.')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) throw new ApiFailure('unreachable', 'The node ended the stream of events.')
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const text = line.startsWith('data:') ? line.slice(5).trim() : line.trim()
      if (text.startsWith('{')) listener(JSON.parse(text) as FeedEvent)
    }
  }
}
