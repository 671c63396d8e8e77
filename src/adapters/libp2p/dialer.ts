import { randomBytes } from 'node:crypto'
import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { QuorateError } from '../../base/errors.ts'
import type { DialAttempt } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { oneLine, parsePeerAddress, parsePeerId, withPeerId } from './address.ts'
import {
  CONNECT_COURTESY_MS,
  CONNECT_DEADLINE_MS,
  COURTESY_WAIT_MS,
  DIAL_CONCURRENCY,
  DISCOVERY_DEADLINE_MS,
  FIRST_BACKOFF_MS,
  FIRST_DISCOVERY_MS,
  MAX_CANDIDATE_FAILURES,
  MAX_CANDIDATES,
  MAX_DIAL_ATTEMPTS,
  MAX_DISCOVERY_MS,
  MAX_REMEMBERED,
} from './limits.ts'
import type { Node } from './node.ts'
import { deadline, delay, withSignal } from './signals.ts'

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
  dialling: boolean
}

/** Nothing dials by itself in libp2p 3: this keeps the node connected, and finds peers in the DHT until there are enough. */
export class Dialer {
  readonly #node: Node
  readonly #options: DialerOptions
  readonly #candidates = new Map<string, Candidate>()
  readonly #attempts: DialAttempt[] = []
  readonly #connecting = new Map<string, Promise<void>>()
  readonly #remembered = new Map<string, string>()
  #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #nextDiscoveryAtMs = 0
  #discoveryWaitMs = FIRST_DISCOVERY_MS
  #discovering = false

  constructor(node: Node, options: DialerOptions) {
    this.#node = node
    this.#options = options
    // Remembered peers first, so that a bootstrap node in both lists ends as a bootstrap node.
    for (const text of options.rememberedPeers.slice(0, MAX_REMEMBERED)) this.#addText(text, 'remembered')
    for (const text of options.bootstrap) this.#addText(text, 'bootstrap')
    node.addEventListener('connection:open', (event) => this.#onOpen(event.detail))
    node.addEventListener('peer:disconnect', (event) => void this.#onDisconnect(event.detail))
    node.addEventListener('peer:identify', () => this.#discoverSoon())
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#schedule()
  }

  stop(): void {
    this.#stopping.abort(new Error('the network stops'))
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  attempts(): readonly DialAttempt[] {
    return [...this.#attempts]
  }

  record(target: string, outcome: string): void {
    this.#attempts.push({ target, atMs: Date.now(), outcome })
    if (this.#attempts.length > MAX_DIAL_ATTEMPTS) this.#attempts.shift()
    this.#options.telemetry.log('debug', 'network.dial', { target, outcome })
  }

  /** Resolves when connected. Rejects with QuorateError `unreachable`, `unknown-peer`, `timeout`, `aborted`. */
  async connect(peerId: string, signal: AbortSignal): Promise<void> {
    if (this.#isConnected(peerId)) return
    const running = this.#connecting.get(peerId) ?? this.#startConnecting(peerId)
    await withSignal(running, signal, `connecting to ${peerId}`)
  }

  #startConnecting(peerId: string): Promise<void> {
    const limit = deadline(this.#stopping.signal, CONNECT_DEADLINE_MS)
    const running = this.#find(parsePeerId(peerId), limit.signal).finally(() => {
      limit.clear()
      this.#connecting.delete(peerId)
    })
    // Whoever waits may have given up; the failure is in the attempts.
    running.catch(() => undefined)
    this.#connecting.set(peerId, running)
    return running
  }

  async #find(peerId: PeerId, signal: AbortSignal): Promise<void> {
    const name = peerId.toString()
    if (this.#options.isBanned(name))
      throw new QuorateError('unreachable', `${name} was cut off for what it did; it is refused for some minutes`)
    if (!this.#isMyTurn(name)) await this.#whenConnected(name, CONNECT_COURTESY_MS, signal)
    const reasons: string[] = []
    const known = await this.#knownAddresses(peerId)
    if (known.length > 0 && (await this.#dial(name, known, signal, reasons))) return
    const found = await this.#lookUp(peerId, signal)
    const untried = found.filter((address) => !known.some((other) => other.equals(address)))
    if (untried.length > 0 && (await this.#dial(name, untried, signal, reasons))) return
    if (this.#isConnected(name)) return
    if (known.length === 0 && found.length === 0) {
      this.record(name, 'unknown: no address here and none in the DHT')
      throw new QuorateError('unknown-peer', `${name} is unknown: no address is known here and the DHT has none`)
    }
    throw new QuorateError('unreachable', `${name} cannot be reached: ${[...new Set(reasons)].join('; ')}`)
  }

  async #lookUp(peerId: PeerId, signal: AbortSignal): Promise<Multiaddr[]> {
    try {
      for await (const event of this.#node.services.dht.findPeer(peerId, { signal, useCache: false })) {
        if (event.name === 'FINAL_PEER') return event.peer.multiaddrs.map((address) => withPeerId(address, peerId.toString()))
      }
    } catch (error) {
      this.#options.telemetry.log('debug', 'network.lookup-failed', { peerId: peerId.toString(), error: oneLine(error) })
    }
    return []
  }

  /** True when connected, by this dial or meanwhile by the peer's own. */
  async #dial(peerId: string, addresses: readonly Multiaddr[], signal: AbortSignal, reasons: string[] = []): Promise<boolean> {
    if (this.#isConnected(peerId)) return true
    const target = addresses.map(String).join(' ')
    const limit = deadline(signal, CONNECT_DEADLINE_MS)
    try {
      await this.#node.dial([...addresses], { signal: limit.signal })
      this.record(target, 'connected')
      return true
    } catch (error) {
      const reason = limit.signal.aborted && !signal.aborted ? `no answer in ${CONNECT_DEADLINE_MS} ms` : oneLine(error)
      reasons.push(reason)
      this.record(target, reason)
      return this.#isConnected(peerId)
    } finally {
      limit.clear()
    }
  }

  // The loop ------------------------------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#stopping.signal.aborted) return
    clearTimeout(this.#timer)
    const nowMs = Date.now()
    let atMs = this.#nextDiscoveryAtMs
    for (const candidate of this.#wanted()) atMs = Math.min(atMs, candidate.nextAtMs)
    if (this.#diallingCount() >= DIAL_CONCURRENCY) atMs = this.#nextDiscoveryAtMs
    this.#timer = setTimeout(() => this.#tick(), Math.max(10, atMs - nowMs))
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

  /** Candidates that should be dialled, bootstrap nodes always, others while peers are missing. */
  #wanted(): Candidate[] {
    const missing = this.#options.targetPeers - this.#peerCount()
    const idle = [...this.#candidates.values()].filter(
      (one) => !one.dialling && !this.#isConnected(one.peerId) && !this.#options.isBanned(one.peerId),
    )
    const bootstrap = idle.filter((one) => one.kind === 'bootstrap')
    if (missing <= 0) return bootstrap
    const others = idle.filter((one) => one.kind !== 'bootstrap').sort((left, right) => left.nextAtMs - right.nextAtMs)
    return [...bootstrap, ...others.slice(0, Math.max(0, missing - this.#diallingCount()))]
  }

  async #try(candidate: Candidate): Promise<void> {
    candidate.dialling = true
    const done = await this.#dial(candidate.peerId, candidate.addresses, this.#stopping.signal)
    candidate.dialling = false
    if (done) {
      candidate.failures = 0
      candidate.nextAtMs = Date.now() + FIRST_BACKOFF_MS
    } else {
      candidate.failures++
      const backoffMs = Math.min(this.#options.maxBackoffMs, FIRST_BACKOFF_MS * 2 ** Math.min(candidate.failures - 1, 16))
      candidate.nextAtMs = Date.now() + backoffMs * (0.8 + Math.random() * 0.4)
      if (candidate.kind === 'found' && candidate.failures >= MAX_CANDIDATE_FAILURES) this.#candidates.delete(candidate.peerId)
    }
    this.#schedule()
  }

  /** Asks peers that are connected for others, near a random point, so that each node gets to know different ones. */
  async #discover(): Promise<void> {
    this.#nextDiscoveryAtMs = Date.now() + this.#discoveryWaitMs * (0.8 + Math.random() * 0.4)
    this.#discoveryWaitMs = Math.min(MAX_DISCOVERY_MS, this.#discoveryWaitMs * 1.5)
    if (this.#discovering || this.#peerCount() >= this.#options.targetPeers || this.#node.getConnections().length === 0) return
    this.#discovering = true
    const limit = deadline(this.#stopping.signal, DISCOVERY_DEADLINE_MS)
    try {
      for await (const event of this.#node.services.dht.getClosestPeers(randomBytes(32), { signal: limit.signal })) {
        if (event.name !== 'PEER_RESPONSE') continue
        for (const peer of event.closer) this.#addFound(peer.id.toString(), peer.multiaddrs)
        // One answer is enough: going on would connect to everyone on the way.
        if (event.closer.length > 0) break
      }
    } catch (error) {
      this.#options.telemetry.log('debug', 'network.discovery-failed', { error: oneLine(error) })
    } finally {
      limit.clear()
      this.#discovering = false
    }
    this.#schedule()
  }

  #discoverSoon(): void {
    if (this.#peerCount() >= this.#options.targetPeers) return
    this.#discoveryWaitMs = FIRST_DISCOVERY_MS
    this.#nextDiscoveryAtMs = Math.min(this.#nextDiscoveryAtMs, Date.now() + FIRST_DISCOVERY_MS / 4)
    this.#schedule()
  }

  // Candidates ----------------------------------------------------------------------------------------------------

  #addText(text: string, kind: 'bootstrap' | 'remembered'): void {
    const { peerId, address } = parsePeerAddress(text)
    if (peerId === this.#node.peerId.toString()) return
    const known = this.#candidates.get(peerId)
    const addresses = known?.kind === kind ? [...known.addresses, address] : [address]
    this.#candidates.set(peerId, { peerId, addresses, kind, failures: 0, nextAtMs: 0, dialling: false })
  }

  #addFound(peerId: string, multiaddrs: readonly Multiaddr[]): void {
    if (peerId === this.#node.peerId.toString() || multiaddrs.length === 0) return
    const addresses = multiaddrs.map((address) => withPeerId(address, peerId))
    const known = this.#candidates.get(peerId)
    if (known !== undefined) {
      if (known.kind !== 'bootstrap') known.addresses = addresses
      return
    }
    if (this.#candidates.size >= MAX_CANDIDATES) return
    const waitMs = this.#isMyTurn(peerId) ? 0 : COURTESY_WAIT_MS * (0.75 + Math.random() * 0.5)
    this.#candidates.set(peerId, { peerId, addresses, kind: 'found', failures: 0, nextAtMs: Date.now() + waitMs, dialling: false })
  }

  #onOpen(connection: Connection): void {
    if (connection.direction !== 'outbound') return
    const peerId = connection.remotePeer.toString()
    const address = withPeerId(connection.remoteAddr, peerId).toString()
    if (this.#remembered.get(peerId) === address) return
    this.#remembered.delete(peerId)
    this.#remembered.set(peerId, address)
    if (this.#remembered.size > MAX_REMEMBERED) for (const oldest of this.#remembered.keys()) return void this.#remembered.delete(oldest)
    this.#options.onRememberPeers([...this.#remembered.values()].reverse())
  }

  async #onDisconnect(peerId: PeerId): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const candidate = this.#candidates.get(peerId.toString())
    if (candidate !== undefined) candidate.nextAtMs = Math.max(candidate.nextAtMs, Date.now() + FIRST_BACKOFF_MS)
    else this.#addFound(peerId.toString(), await this.#knownAddresses(peerId))
    this.#discoveryWaitMs = FIRST_DISCOVERY_MS
    this.#nextDiscoveryAtMs = Math.min(this.#nextDiscoveryAtMs, Date.now() + FIRST_DISCOVERY_MS)
    this.#schedule()
  }

  async #knownAddresses(peerId: PeerId): Promise<Multiaddr[]> {
    const candidate = this.#candidates.get(peerId.toString())
    const stored = await this.#node.peerStore.get(peerId).then(
      (peer) => peer.addresses.map((entry) => withPeerId(entry.multiaddr, peerId.toString())),
      () => [],
    )
    const listed = candidate?.addresses ?? []
    return [...listed, ...stored.filter((address) => !listed.some((other) => other.equals(address)))]
  }

  // Who dials whom ------------------------------------------------------------------------------------------------

  /** Of two nodes that find each other at once, one should dial; both compute the same one. */
  #isMyTurn(peerId: string): boolean {
    const mine = this.#node.peerId.toString()
    const odd = (mine.charCodeAt(mine.length - 1) + peerId.charCodeAt(peerId.length - 1)) % 2 === 1
    return odd ? mine < peerId : mine > peerId
  }

  async #whenConnected(peerId: string, waitMs: number, signal: AbortSignal): Promise<void> {
    const limit = deadline(signal, waitMs)
    const controller = new AbortController()
    const onConnect = (event: CustomEvent<PeerId>): void => {
      if (event.detail.toString() === peerId) controller.abort()
    }
    limit.signal.addEventListener('abort', () => controller.abort(), { once: true })
    this.#node.addEventListener('peer:connect', onConnect)
    await delay(waitMs, controller.signal)
    this.#node.removeEventListener('peer:connect', onConnect)
    limit.clear()
  }

  #isConnected(peerId: string): boolean {
    return this.#node.getConnections().some((connection) => connection.status === 'open' && connection.remotePeer.toString() === peerId)
  }

  #diallingCount(): number {
    let count = 0
    for (const candidate of this.#candidates.values()) if (candidate.dialling) count++
    return count
  }

  /** Connected peers that are not bootstrap nodes. */
  #peerCount(): number {
    return this.#node.getPeers().filter((peerId) => this.#candidates.get(peerId.toString())?.kind !== 'bootstrap').length
  }
}
