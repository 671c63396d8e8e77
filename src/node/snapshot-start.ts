import type { NodeStatus } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import { fromHex, type Hex } from '../base/hex.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import { checkManifest, type SnapshotManifest, snapshotManifest } from '../ledger/snapshot.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { decode, WireError } from '../wire/codec.ts'
import { evidenceId } from '../wire/evidence.ts'
import { blockHash, merkleRoot, transactionId } from '../wire/ids.ts'
import { createQuorum } from '../wire/quorum.ts'
import type { SnapshotOffer, Status, SyncRequest } from '../wire/sync.ts'
import type { Hash, Header, SignedBlock } from '../wire/types.ts'
import { SNAPSHOT_GATHER_MS, SNAPSHOT_LOOK_MS, SNAPSHOT_PATIENCE_MS, SNAPSHOT_PEERS, SYNC_DEADLINE_MS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import { TrustedHeaders } from './snapshot-headers.ts'
import { PartsFetch } from './snapshot-parts.ts'
import { type Checkpoint, offerKey, SnapshotPeers } from './snapshot-peers.ts'
import type { Download, SnapshotStore } from './snapshot-store.ts'
import type { SyncClient } from './sync-client.ts'
import { Wakeup } from './wakeup.ts'
import { within } from './within.ts'

export interface SnapshotStartOptions {
  readonly chain: Chain
  readonly snapshots: SnapshotStore
  readonly client: SyncClient
  readonly quorumSignatures: QuorumSignatures
  readonly telemetry: Telemetry
  readonly checkpoint: Checkpoint
  /** Connected peers that have told their status. */
  readonly statuses: () => Iterable<readonly [peerId: string, status: Status]>
  /** Runs a job alone on the chain, between inputs of the machine; afterwards the machine hears of the new head. */
  readonly alone: (job: () => Promise<void>) => Promise<void>
  /** It begins with a snapshot, or with genesis: from here on it follows as any other node. */
  readonly onEnd: () => void
  readonly onAlarm: (code: string, detail: string) => void
  readonly onFatal: (error: unknown) => void
  /** For tests: see `bounds.ts`. */
  readonly gatherMs?: number
  readonly patienceMs?: number
}

type Progress = NonNullable<NodeStatus['sync']['snapshot']>

interface Tried {
  /** Who offered it then. */
  readonly of: ReadonlySet<string>
  readonly untilMs: number
}

const LOOKING: Progress = { height: null, parts: 0, partsHere: 0, peers: 0 }

/**
 * Begins an empty chain with a snapshot: one of a block at or below the checkpoint, fetched from as many peers as offer it, and
 * trusted for the checkpoint's hash alone (protocols/snapshots.md A10). With peers that have none it gives up, and says so.
 */
export class SnapshotStart {
  readonly #options: SnapshotStartOptions
  readonly #stop = new AbortController()
  readonly #wakeup = new Wakeup()
  readonly #peers: SnapshotPeers
  readonly #headers: TrustedHeaders
  /** What could not be had since the last part came: of whom, and until when others come first unless somebody else offers it. */
  readonly #tried = new Map<string, Tried>()
  /** How many parts of each snapshot have been here: what is fetched anew, after another was tried, is no progress. */
  readonly #mostParts = new Map<string, number>()
  #fetching: SnapshotOffer | null = null
  #running: Promise<void> | null = null

  constructor(options: SnapshotStartOptions) {
    this.#options = options
    const { chain, checkpoint, client, statuses, onFatal } = options
    const shared = { chainId: chain.chainId, client, signal: this.#stop.signal }
    this.#peers = new SnapshotPeers({ ...shared, checkpoint, statuses, onNews: () => this.#wakeup.wake(), onError: onFatal })
    this.#headers = new TrustedHeaders({ ...shared, peers: this.#peers })
  }

  start(): void {
    this.#running = this.#run()
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#options.onFatal(error)
      })
      .finally(() => {
        this.#running = null
      })
  }
  /** Parts that are here are gone on with at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wakeup.wake()
    await this.#running
  }

  heard(peerId: string, status: Status): void {
    if (this.#running !== null) this.#peers.heard(peerId, status)
  }
  /** Null when it has ended. */
  get progress(): Progress | null {
    if (this.#running === null) return null
    if (this.#fetching === null) return LOOKING
    const { height, depth } = this.#fetching
    const partsHere = this.#options.snapshots.download?.parts.size ?? 0
    return { height, parts: 1 << depth, partsHere, peers: this.#peers.offering(this.#fetching).length }
  }

  async #run(): Promise<void> {
    const { chain, gatherMs = SNAPSHOT_GATHER_MS, patienceMs = SNAPSHOT_PATIENCE_MS } = this.#options
    const looking = setInterval(() => this.#peers.look(), SNAPSHOT_LOOK_MS)
    this.#peers.look()
    /** Since when something is on offer, and since when there are peers and nothing comes of them. */
    let offeredMs: number | null = null
    let idleMs: number | null = null
    try {
      // A chain that is only beginning may have its first block meanwhile.
      while (!this.#stop.signal.aborted && chain.head.height === 0) {
        idleMs = this.#peers.count === 0 ? null : (idleMs ?? performance.now())
        const isIdle = idleMs !== null && performance.now() - idleMs >= patienceMs
        const offer = this.#choose(isIdle)
        if (offer === null && isIdle) return await this.#giveUp()
        if (offer !== null) offeredMs ??= performance.now()
        const isTime = offeredMs !== null && performance.now() - offeredMs >= gatherMs
        if (offer === null || !(isTime || this.#peers.offering(offer).length >= SNAPSHOT_PEERS)) {
          await this.#wakeup.wait(Math.min(gatherMs, patienceMs))
          continue
        }
        const of = new Set(this.#peers.offering(offer))
        const outcome = await this.#beginWith(offer)
        if (outcome === 'begun') return this.#options.onEnd()
        if (outcome === 'nearer') {
          idleMs = null
          this.#tried.clear()
        }
        this.#tried.set(offerKey(offer), { of, untilMs: performance.now() + gatherMs })
      }
      if (!this.#stop.signal.aborted) await this.#endWithout()
    } finally {
      clearInterval(looking)
    }
  }

  /**
   * What was begun, also before a restart, if it is still on offer; else what most peers offer. What could not be had comes again
   * after a while, and no more when it is time to give up: then there is only what nobody was asked for yet.
   */
  #choose(isLast: boolean): SnapshotOffer | null {
    const now = performance.now()
    const isDue = (offer: SnapshotOffer): boolean => {
      const tried = this.#tried.get(offerKey(offer))
      if (tried === undefined || this.#peers.offering(offer).some((peerId) => !tried.of.has(peerId))) return true
      return !isLast && tried.untilMs <= now
    }
    const offers = this.#peers.offers().filter(isDue)
    const begun = this.#options.snapshots.download?.manifest
    return offers.find((offer) => begun !== undefined && isOf(begun, offer)) ?? offers[0] ?? null
  }

  /** `nearer`: not all of it could be had, and there is more of it here than there ever was. */
  async #beginWith(offer: SnapshotOffer): Promise<'begun' | 'nearer' | 'lost'> {
    const { chain, snapshots, telemetry, client } = this.#options
    const header = await this.#headers.at(offer.height)
    if (header === null) return 'lost'
    const hash = blockHash(chain.chainId, header)
    this.#peers.blameOffersOfOthers(offer.height, hash)
    const download = offer.block === hash ? await this.#download(offer, header) : null
    if (download === null) return 'lost'
    const { manifest, parts: here } = download
    const before = here.size
    const figures = { height: offer.height, parts: manifest.roots.length }
    telemetry.log('info', 'snapshot.fetching', { ...figures, partsHere: before, peers: this.#peers.offering(offer).length })
    const startedAt = performance.now()
    this.#fetching = offer
    try {
      const keep = (index: number, bytes: Uint8Array): Promise<void> => snapshots.putDownloaded(index, bytes)
      const shared = { client, peers: this.#peers, wakeup: this.#wakeup, signal: this.#stop.signal }
      const fetch = new PartsFetch({ ...shared, manifest, offer, here, keep })
      const isWhole = await fetch.run()
      const block = isWhole ? await this.#block(offer, manifest) : null
      if (block === null) return this.#isNearer(offer, before, here.size) ? 'nearer' : 'lost'
      const fetchedAt = performance.now()
      await this.#adopt(block, manifest)
      telemetry.log('info', 'snapshot.adopted', {
        ...figures,
        partsFetched: here.size - before,
        peers: fetch.givers.size,
        fetchMs: Math.round(fetchedAt - startedAt),
        adoptMs: Math.round(performance.now() - fetchedAt),
      })
      return 'begun'
    } finally {
      this.#fetching = null
    }
  }

  #isNearer(offer: SnapshotOffer, before: number, here: number): boolean {
    const key = offerKey(offer)
    const most = Math.max(before, this.#mostParts.get(key) ?? 0)
    this.#mostParts.set(key, Math.max(most, here))
    return here > most
  }

  /** What is here of a snapshot; its manifest, if it is not here, from one of those who offer it. Null if none gives it. */
  async #download(offer: SnapshotOffer, trusted: Header): Promise<Download | null> {
    const { snapshots } = this.#options
    const begun = snapshots.download
    if (begun !== null && isOf(begun.manifest, offer)) return begun
    for (const peerId of this.#peers.offering(offer)) {
      const answer = await this.#ask(peerId, { kind: 'snapshot-manifest', height: offer.height })
      if (answer === null) {
        this.#peers.withdraw(peerId, offer)
        continue
      }
      const checked = readManifest(answer.manifest, offer, trusted)
      if (checked.kind === 'accept') {
        await snapshots.beginDownload(checked.value)
        return snapshots.download
      }
      this.#peers.blame(peerId, `manifest of the snapshot of height ${offer.height}: ${checked.code}: ${checked.detail}`)
    }
    return null
  }

  /** The block of the snapshot, with its seal. Null if nobody gives it. */
  async #block(offer: SnapshotOffer, manifest: SnapshotManifest): Promise<SignedBlock | null> {
    for (const peerId of this.#peers.having()) {
      const answer = await this.#ask(peerId, { kind: 'blocks', fromHeight: offer.height, count: 1 })
      const [block] = answer?.blocks ?? []
      if (block === undefined) continue
      const checked = this.#checkBlock(block, offer.block, manifest)
      if (checked.kind === 'accept') return block
      this.#peers.blame(peerId, `block ${offer.height}: ${checked.code}: ${checked.detail}`)
    }
    return null
  }

  /** protocols/snapshots.md A13: its header is the trusted one, its transactions are those of its header, and its quorum has sealed it. */
  #checkBlock(block: SignedBlock, hash: Hash, { headQuorum }: SnapshotManifest): Verdict {
    const { chain, quorumSignatures } = this.#options
    const { header, evidence, transactions, seal } = block
    if (blockHash(chain.chainId, header) !== hash) return reject('wrong-block', 'another header')
    if (merkleRoot(transactions.map(transactionId)) !== header.transactionsRoot)
      return reject('wrong-transactions-root', 'the transactions are not those of the header')
    if (merkleRoot(evidence.map(evidenceId)) !== header.evidenceRoot)
      return reject('wrong-evidence-root', 'the evidence is not that of the header')
    const statement = { kind: 'seal', height: header.height, block: hash } as const
    return quorumSignatures.checkCertificate(createQuorum(headQuorum), { statement, aggregate: seal })
  }

  async #adopt(block: SignedBlock, manifest: SnapshotManifest): Promise<void> {
    const { chain, snapshots, alone } = this.#options
    await alone(async () => {
      if (chain.head.height > 0) return
      await chain.adopt(block, manifest)
      snapshots.adopted()
    })
  }

  async #ask<R extends SyncRequest>(peerId: string, request: R): ReturnType<typeof SyncClient.prototype.ask<R>> {
    try {
      return await within(SYNC_DEADLINE_MS, this.#stop.signal, (deadline) => this.#options.client.ask(peerId, request, deadline))
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      if (error.code === 'bad-answer') this.#peers.exclude(peerId)
      return null
    }
  }

  async #giveUp(): Promise<void> {
    const { checkpoint, onAlarm, onFatal } = this.#options
    const having = this.#peers.having().length
    const others = this.#peers.others()
    if (having === 0 && others.length > 0) {
      const found = [...new Set(others)].map((hash) => hash.slice(0, 16)).join(', ')
      const message =
        `none of the ${others.length} peers that have a block at height ${checkpoint.height} has ${checkpoint.hash} there (they have ${found}…): ` +
        'check the checkpoint with whoever told it, or connect to other peers'
      return onFatal(new QuorateError('wrong-checkpoint', message))
    }
    onAlarm('no-fast-start', `${this.#whyNot(having)}; all blocks are fetched instead`)
    await this.#endWithout()
  }

  #whyNot(having: number): string {
    const { height } = this.#options.checkpoint
    if (having === 0) return `no peer has a block at height ${height}, the checkpoint's, yet`
    if (this.#peers.offers().length > 0) return `none of ${having} peers gave all of a snapshot that it offers`
    const { lowestAbove } = this.#peers
    if (lowestAbove === null) return `none of ${having} peers has a snapshot: there was no election yet, or they have joined just now`
    return `the snapshots of ${having} peers are of height ${lowestAbove} and above, the checkpoint is of height ${height}: begin anew with a newer checkpoint`
  }

  /** The chain begins with genesis. */
  async #endWithout(): Promise<void> {
    await this.#options.snapshots.dropDownload()
    this.#options.onEnd()
  }
}

const isOf = ({ height, block, depth }: SnapshotManifest, offer: SnapshotOffer): boolean =>
  height === offer.height && block === offer.block && depth === offer.depth

/** protocols/snapshots.md A8: it is that of the trusted header, and what the offer says. */
function readManifest(bytes: Hex, offer: SnapshotOffer, trusted: Header): Verdict<SnapshotManifest> {
  let manifest: SnapshotManifest
  try {
    manifest = decode(snapshotManifest, fromHex(bytes))
  } catch (error) {
    if (error instanceof WireError) return reject('malformed', error.message)
    throw error
  }
  const checked = checkManifest(manifest, trusted, offer.block)
  if (checked.kind !== 'accept') return checked
  if (manifest.depth !== offer.depth) return reject('wrong-count', `has depth ${manifest.depth}, on offer was ${offer.depth}`)
  return accept(manifest)
}
