import { randomBytes, randomInt } from 'node:crypto'
import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Telemetry } from '../../ports/telemetry.ts'
import { parsePeerAddress, withPeerId } from './address.ts'
import type { ConnectionBook } from './connections.ts'
import type { Connector } from './connector.ts'
import { closerPeers } from './dht.ts'
import {
  DIAL_CONCURRENCY,
  DISCOVERY_DEADLINE_MS,
  FIRST_BACKOFF_MS,
  FIRST_DISCOVERY_MS,
  MAX_CANDIDATE_FAILURES,
  MAX_CANDIDATES,
  MAX_DISCOVERY_MS,
  MAX_REMEMBERED,
  MIN_COURTESY_MS,
  OUTBOUND_STEP_MS,
  STABLE_MS,
} from './limits.ts'
import type { Node } from './node.ts'
import { deadline } from './signals.ts'

export interface DialerOptions {
  readonly bootstrap: readonly string[]
  readonly rememberedPeers: readonly string[]
  readonly onRememberPeers: (addresses: readonly string[]) => void
  readonly targetPeers: number
  /** Longest wait between two dials of an address that does not answer. */
  readonly maxBackoffMs: number
  readonly isBanned: (peerId: string) => boolean
  readonly telemetry: Telemetry
}

interface Candidate {
  readonly peerId: string
  addresses: readonly Multiaddr[]
  /** `bootstrap` and `remembered` are tried for ever, `found` until it fails too often. */
  readonly kind: 'bootstrap' | 'remembered' | 'found'
  failures: number
  nextAtMs: number
  connectedAtMs: number
  leaveAloneUntilMs: number
  dialling: boolean
}

/** Nothing dials by itself in libp2p 3: this keeps the node connected, and finds peers in the DHT until there are enough. */
export class Dialer {
  readonly #node: Node
  readonly #connections: ConnectionBook
  readonly #connector: Connector
  readonly #options: DialerOptions
  readonly #candidates = new Map<string, Candidate>()
  readonly #remembered = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #missingSinceMs = 0
  #nextDiscoveryAtMs = 0
  #discoveryWaitMs = FIRST_DISCOVERY_MS
  #discovering = false

  constructor(node: Node, connections: ConnectionBook, connector: Connector, options: DialerOptions) {
    this.#node = node
    this.#connections = connections
    this.#connector = connector
    this.#options = options
    // Remembered peers first, so that a bootstrap node in both lists ends as a bootstrap node.
    for (const text of options.rememberedPeers.slice(0, MAX_REMEMBERED)) this.#addText(text, 'remembered')
    for (const text of options.bootstrap) this.#addText(text, 'bootstrap')
    node.addEventListener('connection:open', (event) => this.#onOpen(event.detail))
    node.addEventListener('peer:disconnect', (event) => void this.#onDisconnect(event.detail))
    node.addEventListener('peer:identify', () => this.#onIdentify())
  }

  start(): void {
    this.#missingSinceMs = Date.now()
    this.#schedule()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Peers that it could dial and that are not connected. */
  get candidateCount(): number {
    let count = 0
    for (const peerId of this.#candidates.keys()) if (!this.#connections.has(peerId)) count++
    return count
  }

  /** The bootstrap nodes that the operator named. */
  bootstrap(): readonly { readonly peerId: string; readonly address: string; readonly isConnected: boolean }[] {
    return [...this.#candidates.values()]
      .filter(({ kind }) => kind === 'bootstrap')
      .map(({ peerId, addresses }) => ({ peerId, address: addresses.join(' '), isConnected: this.#connections.has(peerId) }))
  }

  /** Does not dial a peer for a while: it does not want us. */
  leaveAlone(peerId: string, forMs: number): void {
    const candidate = this.#candidates.get(peerId)
    if (candidate !== undefined) candidate.leaveAloneUntilMs = Date.now() + forMs
  }

  // The loop ------------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#connector.stopping.aborted) return
    clearTimeout(this.#timer)
    const wanted = this.#diallingCount() >= DIAL_CONCURRENCY ? [] : this.#wanted()
    const atMs = Math.min(this.#nextDiscoveryAtMs, ...wanted.map((candidate) => candidate.nextAtMs))
    this.#timer = setTimeout(() => this.#tick(), Math.max(10, atMs - Date.now()))
  }

  #tick(): void {
    const nowMs = Date.now()
    for (const candidate of this.#wanted()) {
      if (this.#diallingCount() >= DIAL_CONCURRENCY) break
      if (candidate.nextAtMs <= nowMs) void this.#try(candidate)
    }
    if (nowMs >= this.#nextDiscoveryAtMs) void this.#discover()
    this.#schedule()
  }

  /** Candidates that should be dialled: bootstrap nodes always, others while peers are missing, due ones first. */
  #wanted(): Candidate[] {
    const idle = [...this.#candidates.values()].filter(
      (one) => !(one.dialling || this.#connections.has(one.peerId) || this.#options.isBanned(one.peerId)),
    )
    const bootstrap = idle.filter((one) => one.kind === 'bootstrap')
    const others = idle.filter((one) => one.kind !== 'bootstrap').sort((left, right) => left.nextAtMs - right.nextAtMs)
    return [...bootstrap, ...others.slice(0, this.#dialsWanted())]
  }

  /**
   * Half of the peers are dialled and the other half left to dial us, else a swarm that starts at once ends with far
   * more connections than anyone wants. What is still missing after a while is dialled too.
   */
  #dialsWanted(): number {
    const missing = this.#missing()
    if (missing <= 0) return 0
    const patience = Math.floor((Date.now() - this.#missingSinceMs) / OUTBOUND_STEP_MS)
    const outbound = Math.ceil(this.#options.targetPeers / 2) + patience - this.#peerCount('outbound')
    return Math.max(0, Math.min(missing, outbound) - this.#diallingCount())
  }

  async #try(candidate: Candidate): Promise<void> {
    candidate.dialling = true
    const done = await this.#connector.dial(candidate.peerId, candidate.addresses, this.#connector.stopping)
    candidate.dialling = false
    candidate.connectedAtMs = Date.now()
    if (!done) this.#backOff(candidate)
    this.#schedule()
  }

  #backOff(candidate: Candidate): void {
    candidate.failures++
    const backoffMs = Math.min(this.#options.maxBackoffMs, FIRST_BACKOFF_MS * 2 ** Math.min(candidate.failures - 1, 16))
    candidate.nextAtMs = Math.max(candidate.leaveAloneUntilMs, Date.now() + jittered(backoffMs))
    if (candidate.kind === 'found' && candidate.failures >= MAX_CANDIDATE_FAILURES) this.#candidates.delete(candidate.peerId)
  }

  /** Asks one connected peer for others near a random point, so that each node gets to know different ones. */
  async #discover(): Promise<void> {
    this.#nextDiscoveryAtMs = Date.now() + jittered(this.#discoveryWaitMs)
    const connected = this.#node.getPeers()
    const asked = connected[randomInt(Math.max(1, connected.length))]
    if (this.#discovering || this.#missing() <= 0 || asked === undefined) return
    this.#discovering = true
    const limit = deadline(this.#connector.stopping, DISCOVERY_DEADLINE_MS)
    const found = await closerPeers(this.#node.services.dht, asked, randomBytes(32), limit.signal)
    limit.clear()
    this.#discovering = false
    const news = found.filter((peer) => this.#addFound(peer.id.toString(), peer.multiaddrs)).length
    this.#discoveryWaitMs = news > 0 ? FIRST_DISCOVERY_MS : Math.min(MAX_DISCOVERY_MS, this.#discoveryWaitMs * 2)
    this.#nextDiscoveryAtMs = Date.now() + jittered(this.#discoveryWaitMs)
    this.#schedule()
  }

  /** A peer that can answer is there: ask at once if nobody is left to dial. */
  #onIdentify(): void {
    if (this.#discovering || this.#missing() <= 0 || this.#wanted().length > 0) return
    this.#nextDiscoveryAtMs = Math.min(this.#nextDiscoveryAtMs, Date.now() + FIRST_DISCOVERY_MS / 4)
    this.#schedule()
  }

  // Candidates ----------------------------------------------------------------------------------------------------

  #addText(text: string, kind: 'bootstrap' | 'remembered'): void {
    const { peerId, address } = parsePeerAddress(text)
    if (peerId === this.#node.peerId.toString()) return
    const known = this.#candidates.get(peerId)
    const addresses = known?.kind === kind ? [...known.addresses, address] : [address]
    this.#candidates.set(peerId, newCandidate(peerId, addresses, kind, 0))
  }

  /** True for a peer that was not known. */
  #addFound(peerId: string, multiaddrs: readonly Multiaddr[]): boolean {
    if (peerId === this.#node.peerId.toString() || multiaddrs.length === 0) return false
    const addresses = multiaddrs.map((address) => withPeerId(address, peerId))
    const known = this.#candidates.get(peerId)
    if (known !== undefined) {
      if (known.kind === 'found') known.addresses = addresses
      return false
    }
    if (this.#connections.has(peerId)) return false
    if (this.#candidates.size >= MAX_CANDIDATES) this.#forgetOne()
    const waitMs = this.#connector.isMyTurn(peerId) ? 0 : jittered(this.#connector.courtesyMs(MIN_COURTESY_MS))
    this.#candidates.set(peerId, newCandidate(peerId, addresses, 'found', Date.now() + waitMs))
    return true
  }

  #forgetOne(): void {
    for (const [peerId, candidate] of this.#candidates) {
      if (candidate.kind !== 'found' || candidate.dialling) continue
      this.#candidates.delete(peerId)
      return
    }
  }

  #onOpen(connection: Connection): void {
    if (connection.direction !== 'outbound') return
    const peerId = connection.remotePeer.toString()
    const address = withPeerId(connection.remoteAddr, peerId).toString()
    if (this.#remembered.get(peerId) === address) return
    this.#remembered.delete(peerId)
    this.#remembered.set(peerId, address)
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest)
    this.#options.onRememberPeers([...this.#remembered.values()].reverse())
  }

  async #onDisconnect(peerId: PeerId): Promise<void> {
    if (this.#connector.stopping.aborted) return
    const candidate = this.#candidates.get(peerId.toString())
    if (candidate === undefined) {
      this.#addFound(peerId.toString(), await this.#connector.knownAddresses(peerId))
    } else {
      // A node that refuses us does so after the handshake, so a short connection is a failed one.
      if (Date.now() - candidate.connectedAtMs > STABLE_MS) candidate.failures = 0
      this.#backOff(candidate)
    }
    if (this.#missing() <= 0) return
    this.#missingSinceMs = Date.now()
    this.#discoveryWaitMs = FIRST_DISCOVERY_MS
    this.#nextDiscoveryAtMs = Math.min(this.#nextDiscoveryAtMs, Date.now() + FIRST_DISCOVERY_MS)
    this.#schedule()
  }

  // Counting ------------------------------------------------------------------------------------------------------

  #missing(): number {
    return this.#options.targetPeers - this.#peerCount()
  }

  /** Connected peers that are not bootstrap nodes. */
  #peerCount(direction?: 'outbound'): number {
    let count = 0
    for (const [peerId, connections] of this.#connections.peers()) {
      if (this.#candidates.get(peerId)?.kind === 'bootstrap') continue
      if (direction === undefined || connections.some((one) => one.direction === direction)) count++
    }
    return count
  }

  #diallingCount(): number {
    let count = 0
    for (const candidate of this.#candidates.values()) if (candidate.dialling) count++
    return count
  }
}

function newCandidate(peerId: string, addresses: readonly Multiaddr[], kind: Candidate['kind'], nextAtMs: number): Candidate {
  return { peerId, addresses, kind, failures: 0, nextAtMs, connectedAtMs: 0, leaveAloneUntilMs: 0, dialling: false }
}

/** ±20 %, so that nodes that started together do not stay in step. */
const jittered = (waitMs: number): number => waitMs * (0.8 + Math.random() * 0.4)
