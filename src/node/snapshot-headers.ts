import { QuorateError } from '../base/errors.ts'
import { MAX_SYNC_HEADERS } from '../wire/bounds.ts'
import { blockHash } from '../wire/ids.ts'
import type { Hash, Header } from '../wire/types.ts'
import { SYNC_DEADLINE_MS } from './bounds.ts'
import type { SnapshotPeers } from './snapshot-peers.ts'
import type { SyncClient } from './sync-client.ts'
import { within } from './within.ts'

export interface TrustedHeadersOptions {
  readonly chainId: Hash
  readonly client: SyncClient
  readonly peers: Pick<SnapshotPeers, 'header' | 'having' | 'blame' | 'exclude'>
  readonly signal: AbortSignal
}

/** Headers at and below the checkpoint, each of them the parent of the one above: what is trusted of the chain. */
export class TrustedHeaders {
  readonly #options: TrustedHeadersOptions
  /** Some on the way, from which one goes on downwards. */
  readonly #known = new Map<number, Header>()

  constructor(options: TrustedHeadersOptions) {
    this.#options = options
  }

  /** The header of a height at or below the checkpoint; null if no peer gives what leads there. */
  async at(height: number): Promise<Header | null> {
    const { header } = this.#options.peers
    if (header !== null) this.#known.set(header.height, header)
    let above = this.#lowestFrom(height)
    while (above !== null && above.height > height) {
      above = await this.#below(above, Math.max(height, above.height - MAX_SYNC_HEADERS))
      if (above !== null) this.#known.set(above.height, above)
    }
    return above
  }

  #lowestFrom(height: number): Header | null {
    const heights = [...this.#known.keys()].filter((known) => known >= height)
    return this.#known.get(Math.min(...heights)) ?? null
  }

  /** The header of a height, by way of all between it and one that is trusted, from one peer. */
  async #below(above: Header, height: number): Promise<Header | null> {
    const { peers } = this.#options
    for (const peerId of peers.having()) {
      const headers = await this.#range(peerId, height, above.height - height)
      const [lowest] = headers ?? []
      if (headers === null || lowest === undefined) continue
      if (this.#leadTo(above, headers)) return lowest
      peers.blame(peerId, `headers ${height} to ${above.height - 1} do not lead to the checkpoint, whose block it has`)
    }
    return null
  }

  /** Null if the peer does not give all of them. */
  async #range(peerId: string, fromHeight: number, count: number): Promise<readonly Header[] | null> {
    const { client, peers, signal } = this.#options
    const headers: Header[] = []
    try {
      while (headers.length < count) {
        const request = { kind: 'headers', fromHeight: fromHeight + headers.length, count: count - headers.length } as const
        const answer = await within(SYNC_DEADLINE_MS, signal, (deadline) => client.ask(peerId, request, deadline))
        if (answer === null || answer.headers.length === 0) return null
        headers.push(...answer.headers)
      }
      return headers
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      if (error.code === 'bad-answer') peers.exclude(peerId)
      return null
    }
  }

  /** protocols/snapshots.md A10: each is the parent of the one above it, from the top down. */
  #leadTo(trusted: Header, headers: readonly Header[]): boolean {
    if (headers.length !== trusted.height - (headers[0]?.height ?? 0)) return false
    let above = trusted
    for (const header of headers.toReversed()) {
      if (blockHash(this.#options.chainId, header) !== above.parent) return false
      above = header
    }
    return true
  }
}
