import type { EvidenceEvent } from '../../api/evidence-types.ts'
import type { AccountView, ElectionsView, QuorumView, SupplyView, VerifiersView } from '../../api/ledger-types.ts'
import type { BlockSummary, BlockView, NodeEvent, NodeStatus, SubmitResult, TransactionView } from '../../api/types.ts'
import type { Hex } from '../../base/hex.ts'
import { QuorateClient } from '../../client/client.ts'
import { ApiClientError } from '../../client/errors.ts'
import type { Gap, Heartbeat } from '../../client/events.ts'
import { KeptConnections } from '../../node/kept-fetch.ts'
import type { Address, Hash } from '../../wire/types.ts'

/** More verifiers than a swarm has, in one answer. */
const MAX_VERIFIERS = 500

export type ElectionEvent = Extract<NodeEvent, { kind: 'election' }>
export type SettledEvent = Extract<ElectionEvent, { state: 'settled' }>
export type StreamLine = Extract<NodeEvent, { kind: 'block' }> | ElectionEvent | EvidenceEvent | Heartbeat | Gap

/** What a swarm's launcher asks of one of its nodes. Rejects with ApiClientError. */
export class NodeClient {
  readonly #connections = new KeptConnections()
  readonly #client: QuorateClient

  constructor(url: string) {
    this.#client = new QuorateClient(url, { fetch: this.#connections.fetch })
  }

  get url(): string {
    return this.#client.url
  }

  status(): Promise<NodeStatus> {
    return this.#client.status()
  }
  submit(transactions: readonly Hex[]): Promise<readonly SubmitResult[]> {
    return this.#client.submit(transactions)
  }
  /** Undefined if the node does not know it. */
  async transaction(id: Hash): Promise<TransactionView | undefined> {
    try {
      return await this.#client.transaction(id)
    } catch (error) {
      if (error instanceof ApiClientError && error.code === 'transaction-not-found') return undefined
      throw error
    }
  }
  /** Final blocks without their transactions, ascending; fewer than asked for at the head. */
  blocks(from: number, count: number): Promise<readonly BlockSummary[]> {
    return this.#client.blockSummaries({ from, limit: count })
  }
  /** Final blocks with their transactions and receipts, ascending; fewer than asked for at the head or when they are large. */
  fullBlocks(from: number, count: number): Promise<readonly BlockView[]> {
    return this.#client.blocks({ from, limit: count })
  }
  account(address: Address): Promise<AccountView> {
    return this.#client.account(address)
  }
  quorum(): Promise<QuorumView> {
    return this.#client.quorum()
  }
  /** All that are registered, those with the most stake first. */
  async verifiers(): Promise<VerifiersView['verifiers']> {
    return (await this.#client.verifiers({ limit: MAX_VERIFIERS })).verifiers
  }
  elections(): Promise<ElectionsView> {
    return this.#client.elections()
  }
  supply(): Promise<SupplyView> {
    return this.#client.supply()
  }

  /** Hands each event to `listener`, a heartbeat first; resolves when the stream has ended, whoever ended it. */
  async follow(listener: (line: StreamLine) => void): Promise<void> {
    try {
      for await (const event of this.#client.events({ kinds: ['block', 'election', 'evidence'], reconnect: false }))
        listener(event as StreamLine)
    } catch (error) {
      if (!(error instanceof ApiClientError)) throw error
    }
  }

  close(): void {
    this.#connections.close()
  }
}
