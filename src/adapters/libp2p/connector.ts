import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { pipe } from 'it-pipe'
import { QuorateError } from '../../base/errors.ts'
import type { DialAttempt } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { oneLine, parsePeerId, withPeerId } from './address.ts'
import type { ConnectionBook } from './connections.ts'
import { closerPeers, firstOf } from './dht.ts'
import { DialFailures } from './dial-failures.ts'
import {
  ASK_DEADLINE_MS,
  CONNECT_CONCURRENCY,
  CONNECT_DEADLINE_MS,
  DIAL_DEADLINE_MS,
  LOOK_UP_AGAIN_MS,
  MAX_CONNECT_COURTESY_MS,
  MAX_DIAL_ATTEMPTS,
  MAX_LOOK_UP_ROUNDS,
  MAX_PEERS_ASKED,
  MIN_CONNECT_COURTESY_MS,
  ROUNDS_BEFORE_SEARCH,
} from './limits.ts'
import type { Node } from './node.ts'
import { deadline, onAbort, Slots, withSignal } from './signals.ts'

export interface ConnectorOptions {
  readonly isBanned: (peerId: string) => boolean
  readonly telemetry: Telemetry
}

/** How much a new dial moves the average duration. */
const DIAL_WEIGHT = 0.3

/** Connects to one peer that somebody asks for, and keeps the record of all dials. */
export class Connector {
  readonly #node: Node
  readonly #connections: ConnectionBook
  readonly #options: ConnectorOptions
  readonly failures = new DialFailures()
  readonly #attempts: DialAttempt[] = []
  readonly #connecting = new Map<string, Promise<void>>()
  readonly #slots = new Slots(CONNECT_CONCURRENCY)
  #stopping = new AbortController()
  #dialMs = 0

  constructor(node: Node, connections: ConnectionBook, options: ConnectorOptions) {
    this.#node = node
    this.#connections = connections
    this.#options = options
    node.addEventListener('connection:open', ({ detail }) => this.failures.forget(detail.remotePeer.toString()))
  }

  start(): void {
    this.#stopping = new AbortController()
  }

  stop(): void {
    this.#stopping.abort(new Error('the network stops'))
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  attempts(): readonly DialAttempt[] {
    return [...this.#attempts]
  }

  record(target: string, outcome: string): void {
    this.#attempts.push({ target, atMs: Date.now(), outcome })
    if (this.#attempts.length > MAX_DIAL_ATTEMPTS) this.#attempts.shift()
    this.#options.telemetry.log('debug', 'network.dial', { target, outcome })
  }

  /** Resolves when connected. Rejects with QuorateError `unreachable`, `unknown-peer`, `bad-address`, `timeout`, `aborted`. */
  async connect(peerId: string, signal: AbortSignal): Promise<void> {
    if (this.#connections.has(peerId)) return
    const running = this.#connecting.get(peerId) ?? this.#startConnecting(parsePeerId(peerId))
    await withSignal(running, signal, `connecting to ${peerId}`)
  }

  /** Dials addresses of one peer in turn. True when connected, by this dial or meanwhile by the peer's own. */
  async dial(peerId: string, addresses: readonly Multiaddr[], signal: AbortSignal, reasons: string[] = []): Promise<boolean> {
    if (this.#connections.has(peerId)) return true
    const target = addresses.map(String).join(' ')
    const limit = deadline(signal, DIAL_DEADLINE_MS)
    const startMs = Date.now()
    try {
      await this.#node.dial([...addresses], { signal: limit.signal })
      this.#dialMs += DIAL_WEIGHT * (Date.now() - startMs - this.#dialMs)
      this.record(target, 'connected')
      return true
    } catch (error) {
      if (signal.aborted) return false
      const reason = limit.signal.aborted ? `no answer in ${DIAL_DEADLINE_MS} ms` : oneLine(error)
      reasons.push(reason)
      this.record(target, reason)
      if (limit.signal.aborted) this.failures.note(peerId, target, 'timeout', reason, Date.now())
      else this.failures.noteError(peerId, target, error, Date.now())
      return this.#connections.has(peerId)
    } finally {
      limit.clear()
    }
  }

  /** Addresses from the peer store, each with its peer id. */
  async knownAddresses(peerId: PeerId): Promise<Multiaddr[]> {
    try {
      const peer = await this.#node.peerStore.get(peerId)
      return peer.addresses.map((entry) => withPeerId(entry.multiaddr, peerId.toString()))
    } catch {
      return []
    }
  }

  /** Of two nodes that find each other at once, one should dial; both compute the same one. */
  isMyTurn(peerId: string): boolean {
    const mine = this.#node.peerId.toString()
    const odd = (mine.charCodeAt(mine.length - 1) + peerId.charCodeAt(peerId.length - 1)) % 2 === 1
    return odd ? mine < peerId : mine > peerId
  }

  /** How long to leave the dial to the other side: the slower connecting is (a loaded machine), the dearer a second one. */
  courtesyMs(minimumMs: number): number {
    return Math.max(minimumMs, 4 * this.#dialMs)
  }

  #startConnecting(peerId: PeerId): Promise<void> {
    const name = peerId.toString()
    const limit = deadline(this.#stopping.signal, CONNECT_DEADLINE_MS)
    const running = this.#find(peerId, name, limit.signal).finally(() => {
      limit.clear()
      this.#connecting.delete(name)
    })
    // Whoever asked may have given up; the failure stays in the record.
    running.catch(() => undefined)
    this.#connecting.set(name, running)
    return running
  }

  async #find(peerId: PeerId, name: string, signal: AbortSignal): Promise<void> {
    if (this.#options.isBanned(name)) {
      const detail = 'was cut off for what it did; it is refused for some minutes'
      this.failures.note(name, '', 'banned', detail, Date.now())
      throw new QuorateError('unreachable', `${name} ${detail}`)
    }
    const reasons: string[] = []
    const known = await this.knownAddresses(peerId)
    if (known.length > 0 && (await this.#dialOrAwait(name, known, signal, reasons))) return
    const found = await this.#lookUp(peerId, name, signal, known.length === 0)
    const untried = found.filter((address) => !known.some((other) => other.equals(address)))
    if (untried.length > 0 && (await this.#dialOrAwait(name, untried, signal, reasons))) return
    if (this.#connections.has(name)) return
    if (known.length === 0 && found.length === 0) {
      this.record(name, 'unknown: no address here and none in the DHT')
      this.failures.note(name, '', 'unknown-peer', 'no address here and none in the DHT', Date.now())
      throw new QuorateError('unknown-peer', `${name} is unknown: no address is known here and the DHT has none`)
    }
    throw new QuorateError('unreachable', `${name} cannot be reached: ${[...new Set(reasons)].join('; ') || 'given up'}`)
  }

  /** Leaves the dial to the other side for a moment if it is its turn, then dials. True when connected. */
  async #dialOrAwait(name: string, addresses: readonly Multiaddr[], signal: AbortSignal, reasons: string[]): Promise<boolean> {
    if (!this.isMyTurn(name))
      await this.#whenConnected(name, Math.min(MAX_CONNECT_COURTESY_MS, this.courtesyMs(MIN_CONNECT_COURTESY_MS)), signal)
    return this.#slots.run(() => this.dial(name, addresses, signal, reasons))
  }

  /** Asks connected peers, then the whole DHT. `patient` asks again for some seconds: a starting swarm learns by the second. */
  async #lookUp(peerId: PeerId, name: string, signal: AbortSignal, patient: boolean): Promise<Multiaddr[]> {
    for (let round = 0; round < MAX_LOOK_UP_ROUNDS && !signal.aborted && !this.#connections.has(name); round++) {
      const search = round === ROUNDS_BEFORE_SEARCH || !patient
      const found = await this.#slots.run(async () => {
        if (signal.aborted || this.#connections.has(name)) return []
        const told = await this.#askAround(peerId, signal)
        return told.length === 0 && search ? this.#search(peerId, signal) : told
      })
      if (found.length > 0) return found.map((address) => withPeerId(address, name))
      if (!patient) return []
      await this.#whenConnected(name, LOOK_UP_AGAIN_MS, signal)
    }
    return []
  }

  async #askAround(peerId: PeerId, signal: AbortSignal): Promise<readonly Multiaddr[]> {
    for (const asked of shuffled(this.#node.getPeers()).slice(0, MAX_PEERS_ASKED)) {
      const limit = deadline(signal, ASK_DEADLINE_MS)
      const closer = await closerPeers(this.#node.services.dht, asked, peerId.toMultihash().bytes, limit.signal)
      limit.clear()
      const match = closer.find((peer) => peer.id.equals(peerId) && peer.multiaddrs.length > 0)
      if (match !== undefined) return match.multiaddrs
    }
    return []
  }

  async #search(peerId: PeerId, signal: AbortSignal): Promise<readonly Multiaddr[]> {
    try {
      const events = this.#node.services.dht.findPeer(peerId, { signal, useCache: false })
      return await pipe(events, (source) =>
        firstOf(source, (event) => (event.name === 'FINAL_PEER' ? event.peer.multiaddrs : undefined), []),
      )
    } catch (error) {
      this.#options.telemetry.log('debug', 'network.search-failed', { peerId: peerId.toString(), error: oneLine(error) })
    }
    return []
  }

  /** Returns when the peer is connected, after `waitMs`, or when the signal fires. */
  async #whenConnected(peerId: string, waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#connections.has(peerId)) return
    const limit = deadline(signal, waitMs)
    await new Promise<void>((resolve) => {
      const onConnect = (event: CustomEvent<PeerId>): void => {
        if (event.detail.toString() === peerId) end()
      }
      const end = (): void => {
        this.#node.removeEventListener('peer:connect', onConnect)
        resolve()
      }
      this.#node.addEventListener('peer:connect', onConnect)
      onAbort(limit.signal, end)
    })
    limit.clear()
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }))
  return keyed.sort((left, right) => left.key - right.key).map(({ item }) => item)
}
