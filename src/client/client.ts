import type { Diagnosis } from '../api/diagnosis-types.ts'
import type { EvidenceList, EvidenceResult, EvidenceView } from '../api/evidence-types.ts'
import type { ForkView } from '../api/fork-types.ts'
import type {
  AccountProofView,
  AccountView,
  ElectionsView,
  QuorumView,
  RatificationView,
  SupplyView,
  VerifiersView,
} from '../api/ledger-types.ts'
import type { AccountHistory, HistoryView, LogLevels, SlotView, StorageView, SwarmGraph } from '../api/observe-types.ts'
import type { SearchView } from '../api/search-types.ts'
import type { BlockSummary, BlockView, GenesisView, NodeStatus, PeerView, SubmitResult, TransactionView } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import { type EventOptions, EventStream } from './events.ts'
import { type CallOptions, type ClientOptions, Transport } from './transport.ts'
import { type Outcome, type WaitOptions, waitUntilFinal } from './wait-final.ts'

/** Which of a list: from a place on, and how many. Blocks have their height for a place, and ascend; without one it is the newest. */
export interface Range extends CallOptions {
  readonly from?: number
  readonly limit?: number
}

/**
 * A node's HTTP API, a method for each route. Hashes, keys and bytes are lower-case hex, addresses `quo1…` or 40 hex digits, amounts
 * droplets and micro coin-hours, times ms since 1970. All of it rejects with ApiClientError, and with the reason of the signal where that
 * has ended the call. docs/http-api.md says what the answers mean.
 */
export class QuorateClient {
  readonly #transport: Transport

  /** @param url of the API, for example `http://127.0.0.1:4080`; empty in a page that the node itself serves */
  constructor(url: string, options: ClientOptions = {}) {
    this.#transport = new Transport(url, options)
  }

  get url(): string {
    return this.#transport.url
  }

  status(options?: CallOptions): Promise<NodeStatus> {
    return this.#transport.json('/v1/status', options)
  }
  async peers(options?: CallOptions): Promise<readonly PeerView[]> {
    return (await this.#transport.json<{ readonly peers: readonly PeerView[] }>('/v1/peers', options)).peers
  }
  /** Who is connected to whom, as far as the node knows. */
  swarm(options?: CallOptions): Promise<SwarmGraph> {
    return this.#transport.json('/v1/swarm', options)
  }
  /** What `quorate doctor` judges. */
  diagnosis(options?: CallOptions): Promise<Diagnosis> {
    return this.#transport.json('/v1/diagnosis', options)
  }
  search(q: string, options?: CallOptions): Promise<SearchView> {
    return this.#transport.json(`/v1/search${query({ q })}`, options)
  }
  /** What somebody needs to join the network, as JSON for a file. */
  networkFile(options?: CallOptions): Promise<Readonly<Record<string, unknown>>> {
    return this.#transport.json('/v1/network-file', options)
  }
  genesis(options?: CallOptions): Promise<GenesisView> {
    return this.#transport.json('/v1/genesis', options)
  }
  /** The OpenAPI document of the API. */
  openapi(options?: CallOptions): Promise<Readonly<Record<string, unknown>>> {
    return this.#transport.json('/v1/openapi.json', options)
  }

  /** At most 1000 signed transactions as their bytes; each gets an answer of its own, in order. */
  async submit(transactions: readonly string[], options?: CallOptions): Promise<readonly SubmitResult[]> {
    const call = { ...options, method: 'POST', body: { transactions } } as const
    return (await this.#transport.json<{ readonly results: readonly SubmitResult[] }>('/v1/transactions', call)).results
  }
  /** Rejects with code `transaction-not-found` if the node does not know it. */
  transaction(id: string, options?: CallOptions): Promise<TransactionView & { readonly id: string }> {
    return this.#transport.json(`/v1/transactions/${part(id)}`, options)
  }
  /**
   * Hands a signed transaction in and waits until it is final or dropped, also over a restart of the node. Rejects with the code of the
   * refusal if the node does not take it.
   */
  async settle({ id, hex }: { readonly id: string; readonly hex: string }, options: WaitOptions = {}): Promise<Outcome> {
    const submit = async (): Promise<void> => {
      const [result] = await this.submit([hex])
      if (result?.accepted !== true) throw this.#transport.failure(result?.code ?? 'no-answer', result?.detail ?? 'the node gave no answer')
    }
    return await waitUntilFinal(this, id, submit, options)
  }
  /** Rejects with code `block-not-found`. */
  block(heightOrHash: number | string, options?: CallOptions): Promise<BlockView> {
    return this.#transport.json(`/v1/blocks/${part(String(heightOrHash))}`, options)
  }
  /** Fewer than asked for at the head, or when they are large: go on from the last one. */
  async blocks({ from, limit, ...options }: Range = {}): Promise<readonly BlockView[]> {
    return (await this.#transport.json<{ readonly blocks: readonly BlockView[] }>(`/v1/blocks${query({ from, limit })}`, options)).blocks
  }
  /** Without transactions and receipts. */
  async blockSummaries({ from, limit, ...options }: Range = {}): Promise<readonly BlockSummary[]> {
    const path = `/v1/blocks${query({ from, limit, summary: true })}`
    return (await this.#transport.json<{ readonly blocks: readonly BlockSummary[] }>(path, options)).blocks
  }
  /** The newest slots that ended, newest first. */
  async slots({ limit, ...options }: CallOptions & { readonly limit?: number } = {}): Promise<readonly SlotView[]> {
    return (await this.#transport.json<{ readonly slots: readonly SlotView[] }>(`/v1/slots${query({ limit })}`, options)).slots
  }
  history({
    from,
    to,
    points,
    ...options
  }: CallOptions & { readonly from?: number; readonly to?: number; readonly points?: number } = {}): Promise<HistoryView> {
    return this.#transport.json(`/v1/history${query({ from, to, points })}`, options)
  }

  account(address: string, options?: CallOptions): Promise<AccountView> {
    return this.#transport.json(`/v1/accounts/${part(address)}`, options)
  }
  accountProof(address: string, options?: CallOptions): Promise<AccountProofView> {
    return this.#transport.json(`/v1/accounts/${part(address)}/proof`, options)
  }
  /** The newest first; `before` is the `next` of the answer before. */
  accountTransactions(
    address: string,
    { before, limit, ...options }: CallOptions & { readonly before?: string; readonly limit?: number } = {},
  ): Promise<AccountHistory> {
    return this.#transport.json(`/v1/accounts/${part(address)}/transactions${query({ before, limit })}`, options)
  }
  verifiers({ from, limit, ...options }: Range = {}): Promise<VerifiersView> {
    return this.#transport.json(`/v1/verifiers${query({ from, limit })}`, options)
  }
  quorum(options?: CallOptions): Promise<QuorumView> {
    return this.#transport.json('/v1/quorum', options)
  }
  elections(options?: CallOptions): Promise<ElectionsView> {
    return this.#transport.json('/v1/elections', options)
  }
  ratification(options?: CallOptions): Promise<RatificationView> {
    return this.#transport.json('/v1/ratification', options)
  }
  supply(options?: CallOptions): Promise<SupplyView> {
    return this.#transport.json('/v1/supply', options)
  }

  /** Evidence as its bytes. */
  submitEvidence(evidence: string, options?: CallOptions): Promise<EvidenceResult> {
    return this.#transport.json('/v1/evidence', { ...options, method: 'POST', body: { evidence } })
  }
  evidence({ from, limit, ...options }: Range = {}): Promise<EvidenceList> {
    return this.#transport.json(`/v1/evidence${query({ from, limit })}`, options)
  }
  /** Rejects with code `evidence-not-found`. */
  evidenceOf(id: string, options?: CallOptions): Promise<EvidenceView> {
    return this.#transport.json(`/v1/evidence/${part(id)}`, options)
  }
  /** The newest fork that the node knows; null if it knows of none. */
  async fork(options?: CallOptions): Promise<ForkView | null> {
    return (await this.#transport.json<{ readonly fork: ForkView | null }>('/v1/fork', options)).fork
  }

  /** Where the disk goes. */
  storage(options?: CallOptions): Promise<StorageView> {
    return this.#transport.json('/v1/storage', options)
  }
  /** In the text format of Prometheus. */
  metrics(options?: CallOptions): Promise<string> {
    return this.#transport.text('/metrics', options)
  }
  logLevels(options?: CallOptions): Promise<LogLevels> {
    return this.#transport.json('/v1/log-levels', options)
  }
  /** Needs the token. Gives what holds from now on. */
  setLogLevels(levels: LogLevels, options?: CallOptions): Promise<LogLevels> {
    return this.#transport.json('/v1/log-levels', { ...options, method: 'PUT', body: levels })
  }
  /** Needs the token. Genesis and store as they are at one moment, part by part: what `quorate restore` reads. */
  async *backup({ signal }: CallOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const controller = new AbortController()
    const end = (): void => controller.abort(signal?.reason)
    signal?.addEventListener('abort', end, { once: true })
    if (signal?.aborted) end()
    try {
      const reader = (await this.#transport.stream('/v1/backup', { signal: controller.signal })).getReader()
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        yield value
      }
    } catch (error) {
      throw error instanceof QuorateError ? error : this.#transport.failure('unreachable', `the node at ${this.url} went away`, error)
    } finally {
      signal?.removeEventListener('abort', end)
      controller.abort()
    }
  }

  /** What happens from now on, or since an event: `for await (const event of client.events({ kinds: ['block'] }))`. */
  events(options: EventOptions = {}): EventStream {
    return new EventStream(this.#transport, options)
  }
}

/** A segment of a path: nothing in it leads to another route. */
const part = (text: string): string => encodeURIComponent(text)

function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  return given.length === 0 ? '' : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`
}
