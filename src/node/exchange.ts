import { QuorateError } from '../base/errors.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { MAX_SYNC_RECORDS } from '../wire/bounds.ts'
import { recordId } from '../wire/sync.ts'
import type { Hash, PublicRecord } from '../wire/types.ts'
import { EXCHANGE_INTERVAL_MS, MAX_JUDGED_RECORDS, SYNC_DEADLINE_MS } from './bounds.ts'
import type { PublicRecords } from './public-records.ts'
import type { SyncClient } from './sync-client.ts'

export interface ExchangeOptions {
  readonly network: Pick<Network, 'peers' | 'onPeer'>
  readonly client: SyncClient
  readonly records: Pick<PublicRecords, 'has' | 'take' | 'report'>
  readonly telemetry: Telemetry
}

/** Verdicts that may be others later: the node is behind, or had enough for now. */
const PASSING: ReadonlySet<string> = new Set([
  'unknown-signer',
  'future-height',
  'future-slot',
  'too-many-offences',
  'pool-full',
  'too-many-statements',
])

/**
 * Gossip reaches who is connected when it is said. So each pair of peers also compares what they hold, when they connect and each
 * minute: what was shown to anybody reaches everybody. This node asks, and each peer asks this node.
 */
export class Exchange {
  readonly #options: ExchangeOptions
  readonly #asking = new Set<string>()
  /** Connected peers that do not speak sync: bootstrap nodes. */
  readonly #withoutSync = new Set<string>()
  /** Records that were looked at and are not kept. */
  readonly #judged = new Set<Hash>()
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #undo: () => void = () => {}

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  start(): void {
    this.#undo = this.#options.network.onPeer((peerId, state) => {
      if (state === 'connected') this.#ask(peerId)
      else this.#withoutSync.delete(peerId)
    })
    this.#askAll()
    this.#timer = setInterval(() => this.#askAll(), EXCHANGE_INTERVAL_MS)
  }
  stop(): void {
    clearInterval(this.#timer)
    this.#undo()
    this.#stop.abort()
  }

  #askAll(): void {
    for (const { peerId } of this.#options.network.peers()) this.#ask(peerId)
  }

  #ask(peerId: string): void {
    if (this.#asking.has(peerId) || this.#withoutSync.has(peerId) || this.#stop.signal.aborted) return
    this.#asking.add(peerId)
    this.#exchange(peerId)
      .catch((error: unknown) => {
        const { telemetry } = this.#options
        if (!(error instanceof QuorateError)) return telemetry.log('error', 'evidence.exchange-failed', { peerId, error: String(error) })
        if (error.code === 'unsupported') this.#withoutSync.add(peerId)
        telemetry.count(`exchange.${error.code}`)
      })
      .finally(() => this.#asking.delete(peerId))
  }

  /** Inventory first, then what is missing, until all of it was given or the peer has no more of it. */
  async #exchange(peerId: string): Promise<void> {
    const { client, records } = this.#options
    const inventory = await client.ask(peerId, { kind: 'inventory' }, this.#deadline())
    const missing = new Set((inventory?.ids ?? []).filter((id) => !records.has(id) && !this.#judged.has(id)))
    while (missing.size > 0) {
      const ids = [...missing].slice(0, MAX_SYNC_RECORDS)
      const answer = await client.ask(peerId, { kind: 'records', ids }, this.#deadline())
      if (answer === null || answer.records.length === 0) return
      const wanted = new Set(ids)
      for (const record of answer.records) {
        const id = recordId(record)
        if (!wanted.delete(id)) throw client.blame(peerId, `record ${id}, for which it was not asked`)
        missing.delete(id)
        this.#take(peerId, id, record)
      }
    }
  }

  #take(peerId: string, id: Hash, record: PublicRecord): void {
    const { client, records, telemetry } = this.#options
    // Evidence goes on by gossip: those to whom this peer is not connected learn of it at once.
    const verdict = record.kind === 'evidence' ? records.report(record.evidence) : records.take(record)
    telemetry.count(`exchange.${verdict.kind === 'accept' ? 'accept' : `${verdict.kind}.${verdict.code}`}`)
    if (verdict.kind === 'accept') return
    if (verdict.kind === 'reject') throw client.blame(peerId, `${verdict.code}: ${verdict.detail}`)
    if (!PASSING.has(verdict.code)) this.#judge(id)
  }

  #judge(id: Hash): void {
    this.#judged.add(id)
    for (const oldest of this.#judged) {
      if (this.#judged.size <= MAX_JUDGED_RECORDS) return
      this.#judged.delete(oldest)
    }
  }

  #deadline(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(SYNC_DEADLINE_MS)])
  }
}
