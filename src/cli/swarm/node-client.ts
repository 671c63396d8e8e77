import { setMaxListeners } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { EvidenceEvent } from '../../api/evidence-types.ts'
import type { AccountView, ElectionsView, QuorumView, SupplyView, VerifiersView } from '../../api/ledger-types.ts'
import type { BlockSummary, BlockView, NodeEvent, NodeStatus, SubmitResult, TransactionView } from '../../api/types.ts'
import { QuorateError } from '../../base/errors.ts'
import type { Hex } from '../../base/hex.ts'
import type { Address, Hash } from '../../wire/types.ts'

/** A node that does not answer within this is treated as not answering at all. */
const ANSWER_DEADLINE_MS = 15_000
/** Connections to one node at a time, its event stream not counted. */
const MAX_SOCKETS = 4
/** More than the longest answer: a block page without transactions, a full submission. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
/** More verifiers than a swarm has, in one answer. */
const MAX_VERIFIERS = 500
/** The event of a block of ten thousand transactions has 0.7 MB. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024

export type ElectionEvent = Extract<NodeEvent, { kind: 'election' }>
export type SettledEvent = Extract<ElectionEvent, { state: 'settled' }>
export type StreamLine =
  | Extract<NodeEvent, { kind: 'block' }>
  | ElectionEvent
  | EvidenceEvent
  | { readonly kind: 'heartbeat'; readonly atMs: number; readonly height: number }

/**
 * A node's HTTP API as a swarm's launcher uses it: kept connections, no parsing beyond JSON. Rejects with QuorateError
 * `unreachable` (nobody answered; the request may have been heard) or with the node's own code.
 */
export class NodeClient {
  readonly url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  readonly #closed = new AbortController()

  constructor(url: string) {
    this.url = url
    // Each request under way listens to it; they are bounded by who asks.
    setMaxListeners(0, this.#closed.signal)
  }

  status(): Promise<NodeStatus> {
    return this.#ask<NodeStatus>('GET', '/v1/status')
  }
  async submit(transactions: readonly Hex[]): Promise<readonly SubmitResult[]> {
    return (await this.#ask<{ results: readonly SubmitResult[] }>('POST', '/v1/transactions', { transactions })).results
  }
  /** Undefined if the node does not know it. */
  async transaction(id: Hash): Promise<TransactionView | undefined> {
    try {
      return await this.#ask<TransactionView>('GET', `/v1/transactions/${id}`)
    } catch (error) {
      if (error instanceof QuorateError && error.code === 'transaction-not-found') return undefined
      throw error
    }
  }
  /** Final blocks without their transactions, ascending; fewer than asked for at the head. */
  async blocks(fromHeight: number, count: number): Promise<readonly BlockSummary[]> {
    const path = `/v1/blocks?from=${fromHeight}&count=${count}&summary=true`
    return (await this.#ask<{ blocks: readonly BlockSummary[] }>('GET', path)).blocks
  }

  /** Final blocks with their transactions and receipts, ascending; fewer than asked for at the head or when they are large. */
  async fullBlocks(fromHeight: number, count: number): Promise<readonly BlockView[]> {
    return (await this.#ask<{ blocks: readonly BlockView[] }>('GET', `/v1/blocks?from=${fromHeight}&count=${count}`)).blocks
  }
  account(address: Address): Promise<AccountView> {
    return this.#ask<AccountView>('GET', `/v1/accounts/${address}`)
  }
  quorum(): Promise<QuorumView> {
    return this.#ask<QuorumView>('GET', '/v1/quorum')
  }
  /** All that are registered, those with the most stake first. */
  async verifiers(): Promise<VerifiersView['verifiers']> {
    return (await this.#ask<VerifiersView>('GET', `/v1/verifiers?limit=${MAX_VERIFIERS}`)).verifiers
  }
  elections(): Promise<ElectionsView> {
    return this.#ask<ElectionsView>('GET', '/v1/elections')
  }
  supply(): Promise<SupplyView> {
    return this.#ask<SupplyView>('GET', '/v1/supply')
  }

  /** Hands each event to `listener`, a heartbeat first; resolves when the stream has ended, whoever ended it. */
  async follow(listener: (line: StreamLine) => void): Promise<void> {
    const sent = request(`${this.url}/v1/events?kinds=block,election,evidence`, { agent: false, signal: this.#closed.signal })
    try {
      const response = await answerOf(sent)
      response.setEncoding('utf8')
      let rest = ''
      for await (const chunk of response as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        if (rest.length > MAX_EVENT_BYTES) throw new QuorateError('bad-answer', 'an event without an end')
        for (const line of lines) if (line !== '') listener(JSON.parse(line) as StreamLine)
      }
    } catch (error) {
      if (error instanceof SyntaxError) throw error
    }
  }

  close(): void {
    this.#closed.abort()
    this.#agent.destroy()
  }

  async #ask<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    let status: number
    let answer: string
    try {
      const sent = request(`${this.url}${path}`, { method, headers, agent: this.#agent, signal: this.#closed.signal })
      sent.setTimeout(ANSWER_DEADLINE_MS, () => sent.destroy(new Error(`silent for ${ANSWER_DEADLINE_MS} ms`)))
      sent.end(text)
      const response = await answerOf(sent)
      status = response.statusCode ?? 0
      answer = await textOf(response)
    } catch (error) {
      throw new QuorateError('unreachable', `${this.url} does not answer: ${(error as Error).message}`, { cause: error })
    }
    const value: unknown = JSON.parse(answer)
    if (status === 200) return value as T
    const { code = 'bad-answer', message = answer } = (value as { error?: { code?: string; message?: string } }).error ?? {}
    throw new QuorateError(code, `${this.url}${path}: ${message}`)
  }
}

function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve)
    sent.once('error', reject)
    if (!sent.writableEnded) sent.end()
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length
    if (length > MAX_ANSWER_BYTES) throw new QuorateError('bad-answer', 'the answer is far too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
