import { invariant } from '../base/errors.ts'
import { type SnapshotManifest, snapshotManifest } from '../ledger/snapshot.ts'
import type { Store, Write } from '../ports/store.ts'
import { decode, encode } from '../wire/codec.ts'
import { type SnapshotOffer, snapshotOffer } from '../wire/sync.ts'
import { KEPT_SNAPSHOTS } from './bounds.ts'
import { heightIn, indexIn, keys, rangeOf } from './keyspace.ts'
import { decodeStored } from './stored.ts'

/** A snapshot that is being fetched from peers. */
export interface Download {
  readonly manifest: SnapshotManifest
  /** Parts that are here. */
  readonly parts: ReadonlySet<number>
}

/**
 * The snapshots in the store: those that are whole, which peers may have, and at most one that is being written. The
 * manifest is written last, so what a crash breaks off is no snapshot; a mark that is written first says what to remove then.
 * One that is fetched from peers, for a chain that has no block yet, outlasts a restart with the parts that are here.
 */
export class SnapshotStore {
  readonly #store: Store
  /** Ascending. */
  #whole: SnapshotOffer[] = []
  #draft: SnapshotOffer | null = null
  #download: { readonly manifest: SnapshotManifest; readonly parts: Set<number> } | null = null

  private constructor(store: Store) {
    this.#store = store
  }

  /** Removes what was broken off, what was being fetched if there are blocks now, and snapshots above the head, whose blocks a crash lost. */
  static async open(store: Store, headHeight: number): Promise<SnapshotStore> {
    const snapshots = new SnapshotStore(store)
    const mark = store.get(keys.snapshotDraft)
    if (mark !== undefined) {
      snapshots.#draft = decodeStored('the mark of a snapshot', () => decode(snapshotOffer, mark))
      await snapshots.abandon()
    }
    await snapshots.#readDownload()
    if (headHeight > 0) await snapshots.dropDownload()
    for await (const [key, bytes] of store.range(...rangeOf('s'))) {
      const { height, block, depth } = decodeStored('a manifest', () => decode(snapshotManifest, bytes))
      invariant(height === heightIn(key), 'a manifest lies at its height')
      snapshots.#whole.push({ height, block, depth })
    }
    const lost = snapshots.#whole.filter(({ height }) => height > headHeight)
    if (lost.length > 0) await snapshots.#remove(lost)
    return snapshots
  }

  /** Whole ones, by ascending height. */
  offers(): readonly SnapshotOffer[] {
    return this.#whole
  }
  /** In its encoding; undefined unless the snapshot is whole. */
  manifestBytes(height: number): Uint8Array | undefined {
    return this.#has(height) ? this.#store.get(keys.snapshot(height)) : undefined
  }
  chunk(height: number, index: number): Uint8Array | undefined {
    return this.#has(height) ? this.#store.get(keys.snapshotChunk(height, index)) : undefined
  }

  /** Begins to write one; what was begun before is dropped. On disk when it resolves. */
  async begin(offer: SnapshotOffer): Promise<void> {
    await this.abandon()
    invariant(!this.#has(offer.height), 'a snapshot is taken once')
    this.#draft = offer
    await this.#store.write([{ kind: 'put', key: keys.snapshotDraft, value: encode(snapshotOffer, offer) }], { durable: true })
  }
  /** A part of the one that was begun, in any order. */
  async putChunk(index: number, bytes: Uint8Array): Promise<void> {
    invariant(this.#draft !== null, 'a part belongs to a snapshot that was begun')
    await this.#store.write([{ kind: 'put', key: keys.snapshotChunk(this.#draft.height, index), value: bytes }], { durable: false })
  }
  /** All parts are there: from here on, on disk, it is a snapshot. The oldest make room. */
  async finish(manifest: SnapshotManifest): Promise<void> {
    const draft = this.#draft
    invariant(draft !== null && draft.height === manifest.height, 'the snapshot that was begun is finished')
    const whole = [...this.#whole, draft].sort((left, right) => left.height - right.height)
    const old = whole.slice(0, -KEPT_SNAPSHOTS)
    // What is no more on offer is not given while it is removed.
    this.#whole = this.#whole.filter((offer) => !old.includes(offer))
    await this.#store.write(
      [
        { kind: 'put', key: keys.snapshot(draft.height), value: encode(snapshotManifest, manifest) },
        { kind: 'del', key: keys.snapshotDraft },
        ...old.flatMap(removal),
      ],
      { durable: true },
    )
    this.#whole = whole.slice(-KEPT_SNAPSHOTS)
    this.#draft = null
  }
  /** Drops what was begun. */
  async abandon(): Promise<void> {
    if (this.#draft === null) return
    const writes = [...chunkRemoval(this.#draft), { kind: 'del', key: keys.snapshotDraft } as const]
    this.#draft = null
    await this.#store.write(writes, { durable: true })
  }

  /** What is being fetched. */
  get download(): Download | null {
    return this.#download
  }
  /** Begins to fetch one, whose manifest was checked; what was begun before is dropped. On disk when it resolves. */
  async beginDownload(manifest: SnapshotManifest): Promise<void> {
    await this.dropDownload()
    this.#download = { manifest, parts: new Set() }
    await this.#store.write([{ kind: 'put', key: keys.download, value: encode(snapshotManifest, manifest) }], { durable: true })
  }
  /** A part of it, which was checked. */
  async putDownloaded(index: number, bytes: Uint8Array): Promise<void> {
    const download = this.#download
    invariant(download !== null, 'a part belongs to a snapshot that is being fetched')
    await this.#store.write([{ kind: 'put', key: keys.snapshotChunk(download.manifest.height, index), value: bytes }], { durable: false })
    download.parts.add(index)
  }
  async dropDownload(): Promise<void> {
    if (this.#download === null) return
    const writes = [...chunkRemoval(this.#download.manifest), { kind: 'del', key: keys.download } as const]
    this.#download = null
    await this.#store.write(writes, { durable: true })
  }
  /** The chain has begun with what was fetched: now it is one of this node's own. */
  adopted(): void {
    invariant(this.#download !== null && this.#whole.length === 0, 'what was fetched is the first snapshot that is here')
    const { height, block, depth } = this.#download.manifest
    this.#whole = [{ height, block, depth }]
    this.#download = null
  }

  async #readDownload(): Promise<void> {
    const bytes = this.#store.get(keys.download)
    if (bytes === undefined) return
    const manifest = decodeStored('the manifest of what is being fetched', () => decode(snapshotManifest, bytes))
    const parts = new Set<number>()
    const { height, depth } = manifest
    for await (const [key] of this.#store.range(keys.snapshotChunk(height, 0), keys.snapshotChunk(height, 1 << depth)))
      parts.add(indexIn(key))
    this.#download = { manifest, parts }
  }

  #has(height: number): boolean {
    return this.#whole.some((offer) => offer.height === height)
  }
  async #remove(offers: readonly SnapshotOffer[]): Promise<void> {
    this.#whole = this.#whole.filter((offer) => !offers.includes(offer))
    await this.#store.write(offers.flatMap(removal), { durable: true })
  }
}

const removal = (offer: SnapshotOffer): Write[] => [{ kind: 'del', key: keys.snapshot(offer.height) }, ...chunkRemoval(offer)]
const chunkRemoval = ({ height, depth }: Pick<SnapshotOffer, 'height' | 'depth'>): Write[] =>
  Array.from({ length: 1 << depth }, (_, index) => ({ kind: 'del', key: keys.snapshotChunk(height, index) }))
