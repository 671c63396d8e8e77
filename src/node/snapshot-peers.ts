import { QuorateError } from '../base/errors.ts'
import { STATE_TREE_DEPTH } from '../ledger/account-tree.ts'
import { blockHash } from '../wire/ids.ts'
import type { SnapshotOffer, Status } from '../wire/sync.ts'
import type { Hash, Header } from '../wire/types.ts'
import { MAX_EMPTY_OFFERS, SYNC_DEADLINE_MS } from './bounds.ts'
import type { SyncClient } from './sync-client.ts'
import { within } from './within.ts'

/** A block that the operator has from somebody whom he trusts. */
export interface Checkpoint {
  readonly height: number
  readonly hash: Hash
}

/** What a peer has shown so far. */
type Standing =
  /** The block of the checkpoint, and which snapshots it has. */
  | { readonly kind: 'has'; readonly offers: readonly SnapshotOffer[] }
  /** Another block at that height. The checkpoint may be wrong, so that is no fault of the peer. */
  | { readonly kind: 'other'; readonly block: Hash }
  /** It answered wrongly: it is asked for nothing more. */
  | { readonly kind: 'out' }

export interface SnapshotPeersOptions {
  readonly chainId: Hash
  readonly checkpoint: Checkpoint
  readonly client: SyncClient
  /** Connected peers that have told their status. */
  readonly statuses: () => Iterable<readonly [peerId: string, status: Status]>
  readonly onNews: () => void
  /** A mistake of this program's own. */
  readonly onError: (error: unknown) => void
  readonly signal: AbortSignal
}

/** Which peers have the checkpoint's block, and which snapshots they offer. */
export class SnapshotPeers {
  readonly #options: SnapshotPeersOptions
  readonly #standings = new Map<string, Standing>()
  readonly #asking = new Set<string>()
  /** How often a peer did not give what it had offered. */
  readonly #emptyOffers = new Map<string, number>()
  #header: Header | null = null

  constructor(options: SnapshotPeersOptions) {
    this.#options = options
  }

  /** Asks all peers that can have the checkpoint's block, those that have it for their snapshots alone. */
  look(): void {
    for (const [peerId, { height }] of this.#options.statuses()) this.#consider(peerId, height)
  }
  /** A peer has told its status: it is asked unless it was before. */
  heard(peerId: string, { height }: Status): void {
    if (!this.#standings.has(peerId)) this.#consider(peerId, height)
  }

  /** Of the checkpoint, once a peer has shown it. */
  get header(): Header | null {
    return this.#header
  }
  /** Connected peers that are not out. */
  get count(): number {
    return this.#connected().filter(([, standing]) => standing?.kind !== 'out').length
  }
  /** Connected peers that have the checkpoint's block. */
  having(): readonly string[] {
    return this.#connected().flatMap(([peerId, standing]) => (standing?.kind === 'has' ? [peerId] : []))
  }
  /** What connected peers have in the place of the checkpoint's block. */
  others(): readonly Hash[] {
    return this.#connected().flatMap(([, standing]) => (standing?.kind === 'other' ? [standing.block] : []))
  }
  /** What is on offer at or below the checkpoint: what most peers offer first, then the highest. One peer alone must not hold up the rest. */
  offers(): readonly SnapshotOffer[] {
    const found = new Map<string, { readonly offer: SnapshotOffer; peers: number }>()
    for (const [, offer] of this.#allOffers()) {
      if (offer.height > this.#options.checkpoint.height) continue
      const known = found.get(offerKey(offer))
      if (known === undefined) found.set(offerKey(offer), { offer, peers: 1 })
      else known.peers++
    }
    const ranked = [...found.values()].sort((left, right) => right.peers - left.peers || right.offer.height - left.offer.height)
    return ranked.map(({ offer }) => offer)
  }
  /** The lowest height of what is on offer above the checkpoint. */
  get lowestAbove(): number | null {
    const heights = [...this.#allOffers()].map(([, { height }]) => height).filter((height) => height > this.#options.checkpoint.height)
    return heights.length === 0 ? null : Math.min(...heights)
  }
  offering(wanted: SnapshotOffer): readonly string[] {
    return [...this.#allOffers()].flatMap(([peerId, offer]) => (isSame(offer, wanted) ? [peerId] : []))
  }

  /** A peer does not give it: until it offers it again, and not too often. */
  withdraw(peerId: string, gone: SnapshotOffer): void {
    this.#emptyOffers.set(peerId, (this.#emptyOffers.get(peerId) ?? 0) + 1)
    const standing = this.#standings.get(peerId)
    if (standing?.kind === 'has')
      this.#standings.set(peerId, { kind: 'has', offers: standing.offers.filter((offer) => !isSame(offer, gone)) })
  }
  /** A peer gave what it offers. */
  gave(peerId: string): void {
    this.#emptyOffers.delete(peerId)
  }
  /** A peer answered wrongly: it loses score, and is asked for nothing more. */
  blame(peerId: string, detail: string): void {
    this.#options.client.blame(peerId, detail)
    this.exclude(peerId)
  }
  exclude(peerId: string): void {
    this.#standings.set(peerId, { kind: 'out' })
    this.#options.onNews()
  }
  /** The block of a height is this one: who offers a snapshot of another, though it has the checkpoint's block, lies. */
  blameOffersOfOthers(height: number, block: Hash): void {
    for (const [peerId, offer] of [...this.#allOffers()])
      if (offer.height === height && offer.block !== block && this.#standings.get(peerId)?.kind !== 'out')
        this.blame(peerId, `offers a snapshot of block ${offer.block} at height ${height}, where the chain has ${block}`)
  }

  #connected(): readonly (readonly [peerId: string, standing: Standing | undefined])[] {
    return [...this.#options.statuses()].map(([peerId]) => [peerId, this.#standings.get(peerId)])
  }
  *#allOffers(): Generator<readonly [peerId: string, offer: SnapshotOffer]> {
    for (const [peerId, standing] of this.#connected()) {
      if (standing?.kind !== 'has' || (this.#emptyOffers.get(peerId) ?? 0) >= MAX_EMPTY_OFFERS) continue
      for (const offer of standing.offers) yield [peerId, offer]
    }
  }

  #consider(peerId: string, height: number): void {
    const { checkpoint, onError } = this.#options
    if (height >= checkpoint.height) this.#ask(peerId).catch(onError)
  }

  async #ask(peerId: string): Promise<void> {
    const { client, signal, onNews } = this.#options
    const known = this.#standings.get(peerId)
    if (signal.aborted || this.#asking.has(peerId) || (known !== undefined && known.kind !== 'has')) return
    this.#asking.add(peerId)
    try {
      const offers = await within(SYNC_DEADLINE_MS, signal, async (deadline) => {
        if (known === undefined && !(await this.#hasCheckpoint(peerId, deadline))) return null
        const answer = await client.ask(peerId, { kind: 'snapshots' }, deadline)
        return (answer?.snapshots ?? []).filter(({ depth }) => depth <= STATE_TREE_DEPTH)
      })
      if (offers === null) return
      if (this.#standings.get(peerId)?.kind !== 'out') this.#standings.set(peerId, { kind: 'has', offers })
      onNews()
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      if (error.code === 'bad-answer') this.exclude(peerId)
    } finally {
      this.#asking.delete(peerId)
    }
  }

  async #hasCheckpoint(peerId: string, deadline: AbortSignal): Promise<boolean> {
    const { chainId, checkpoint, client, onNews } = this.#options
    const answer = await client.ask(peerId, { kind: 'headers', fromHeight: checkpoint.height, count: 1 }, deadline)
    const [header, ...more] = answer?.headers ?? []
    if (header === undefined) return false
    if (header.height !== checkpoint.height || more.length > 0) {
      this.blame(peerId, `sent other headers than the one of height ${checkpoint.height}`)
      return false
    }
    const block = blockHash(chainId, header)
    if (block === checkpoint.hash) {
      this.#header = header
      return true
    }
    this.#standings.set(peerId, { kind: 'other', block })
    onNews()
    return false
  }
}

/** What tells one snapshot from another. */
export const offerKey = ({ height, block, depth }: SnapshotOffer): string => `${height} ${block} ${depth}`
const isSame = (left: SnapshotOffer, right: SnapshotOffer): boolean => offerKey(left) === offerKey(right)
