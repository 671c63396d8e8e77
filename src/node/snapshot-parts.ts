import { QuorateError } from '../base/errors.ts'
import { fromHex } from '../base/hex.ts'
import { checkChunk, type SnapshotManifest } from '../ledger/snapshot.ts'
import type { SnapshotOffer } from '../wire/sync.ts'
import { CHUNK_DEADLINE_MS, MAX_CHUNK_FAILURES, MAX_CHUNK_REQUESTS, PEER_CHUNK_REQUESTS } from './bounds.ts'
import { inTurns } from './in-turns.ts'
import type { SnapshotPeers } from './snapshot-peers.ts'
import type { SyncClient } from './sync-client.ts'
import type { Wakeup } from './wakeup.ts'
import { within } from './within.ts'

export interface PartsOptions {
  readonly manifest: SnapshotManifest
  readonly offer: SnapshotOffer
  /** Parts that are here. */
  readonly here: ReadonlySet<number>
  readonly client: SyncClient
  readonly peers: SnapshotPeers
  /** Woken when something is known of peers that was not before. */
  readonly wakeup: Wakeup
  /** Keeps a part that is right: it is in `here` when this resolves. */
  readonly keep: (index: number, bytes: Uint8Array) => Promise<void>
  readonly signal: AbortSignal
}

interface Request {
  readonly index: number
  readonly peerId: string
}

/**
 * Fetches the parts that are missing from all who offer them, a few at a time from each. What one does not give, or gives
 * wrongly, is asked of another; a wrong part is a breach of its sender, who is asked no more.
 */
export class PartsFetch {
  /** Who gave a part that is right. */
  readonly givers = new Set<string>()
  readonly #options: PartsOptions
  /** Ends what is under way once nothing more is wanted. */
  readonly #done = new AbortController()
  /** Missing parts that nobody is asked for, the next at the end. */
  readonly #queue: number[]
  readonly #requests = new Set<Request>()
  /** How often each peer did not answer in time. */
  readonly #failures = new Map<string, number>()
  #error: unknown

  constructor(options: PartsOptions) {
    this.#options = options
    const { manifest, here } = options
    this.#queue = [...manifest.roots.keys()].filter((index) => !here.has(index)).reverse()
  }

  /** True when all parts are here; false when nobody is left to ask. Rejects if a part cannot be kept. */
  async run(): Promise<boolean> {
    const { signal, wakeup } = this.#options
    const tasks = new Set<Promise<void>>()
    try {
      while (!signal.aborted && this.#error === undefined && !this.#isWhole) {
        for (let next = this.#next(); next !== null; next = this.#next()) {
          this.#requests.add(next)
          const task: Promise<void> = this.#fetch(next).finally(() => tasks.delete(task))
          tasks.add(task)
        }
        if (this.#requests.size === 0) return false
        await wakeup.wait(CHUNK_DEADLINE_MS)
      }
    } finally {
      this.#done.abort()
      await Promise.all(tasks)
    }
    if (this.#error !== undefined) throw this.#error
    return this.#isWhole
  }

  get #isWhole(): boolean {
    const { manifest, here } = this.#options
    return here.size === manifest.roots.length
  }

  /** Of those who failed least, who has least to do, and a part that nobody is asked for; else one that another is slow to give. */
  #next(): Request | null {
    if (this.#requests.size >= MAX_CHUNK_REQUESTS) return null
    const { peers, offer, here } = this.#options
    const requests = [...this.#requests]
    const load = (peerId: string): number => requests.filter((one) => one.peerId === peerId).length
    const failures = (peerId: string): number => this.#failures.get(peerId) ?? 0
    const free = peers
      .offering(offer)
      .filter((peerId) => load(peerId) < PEER_CHUNK_REQUESTS && failures(peerId) < MAX_CHUNK_FAILURES)
      .sort((left, right) => failures(left) - failures(right) || load(left) - load(right))
    const [first] = free
    const index = first === undefined ? undefined : this.#queue.pop()
    if (first !== undefined && index !== undefined) return { index, peerId: first }
    for (const peerId of free) {
      if (load(peerId) > 0) continue
      const late = requests.find(({ index: of }) => !here.has(of) && requests.filter((one) => one.index === of).length === 1)
      if (late !== undefined) return { index: late.index, peerId }
    }
    return null
  }

  async #fetch(request: Request): Promise<void> {
    const { index, peerId } = request
    const { manifest, offer, here, peers, wakeup, keep } = this.#options
    try {
      const bytes = await this.#ask(request)
      if (bytes === null || here.has(index)) return
      // protocols/snapshots.md A9: it is kept only if it is right.
      const checked = await inTurns(checkChunk(manifest, index, bytes))
      if (checked.kind !== 'accept') {
        peers.blame(peerId, `part ${index} of the snapshot of height ${offer.height}: ${checked.code}: ${checked.detail}`)
        return
      }
      this.#failures.delete(peerId)
      this.givers.add(peerId)
      peers.gave(peerId)
      await keep(index, bytes)
    } catch (error) {
      this.#error ??= error
    } finally {
      this.#requests.delete(request)
      const isAsked = [...this.#requests].some((one) => one.index === index)
      if (!here.has(index) && !isAsked) this.#queue.push(index)
      wakeup.wake()
    }
  }

  /** Null if the peer does not give it. */
  async #ask({ index, peerId }: Request): Promise<Uint8Array | null> {
    const { client, offer, peers } = this.#options
    const request = { kind: 'snapshot-chunk', height: offer.height, index } as const
    try {
      const answer = await within(CHUNK_DEADLINE_MS, this.#done.signal, (deadline) => client.ask(peerId, request, deadline))
      if (answer !== null) return fromHex(answer.chunk)
      peers.withdraw(peerId, offer)
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      if (error.code === 'bad-answer') peers.exclude(peerId)
      else this.#fail(peerId)
    }
    return null
  }

  #fail(peerId: string): void {
    const failures = (this.#failures.get(peerId) ?? 0) + 1
    this.#failures.set(peerId, failures)
    // What is broken off because all parts are here is no failure.
    if (failures === MAX_CHUNK_FAILURES && !this.#done.signal.aborted) this.#options.peers.withdraw(peerId, this.#options.offer)
  }
}
