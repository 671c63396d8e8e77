import './polyfill.ts'
import type { Connection, Stream } from '@libp2p/interface'
import { utf8 } from '../../base/bytes.ts'
import { QuorateError } from '../../base/errors.ts'
import type {
  DialAttempt,
  GossipValidator,
  Network,
  NetworkReport,
  PeerInfo,
  Protocol,
  RequestHandler,
  Topic,
} from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { oneLine } from './address.ts'
import { ConnectionBook } from './connections.ts'
import { Connector } from './connector.ts'
import { Defence } from './defence.ts'
import { Dialer } from './dialer.ts'
import { Gatekeeper } from './gatekeeper.ts'
import { Gossip } from './gossip.ts'
import { networkKeyFromBytes } from './keys.ts'
import {
  BAN_MS,
  CONNECT_DEADLINE_MS,
  CUT_OFF_SCORE,
  GOODBYE_DEADLINE_MS,
  MAX_GOODBYE_BYTES,
  MAX_INBOUND_STREAMS,
  OFFENCE_POINTS,
} from './limits.ts'
import { createNode, type Node } from './node.ts'
import type { Libp2pNetworkOptions } from './options.ts'
import { networkReport, targetPeersOf } from './report.ts'
import { Requester, type RequestOptions, Responder } from './requests.ts'
import { deadline, withSignal } from './signals.ts'
import { Standings } from './standing.ts'
import { TrafficMeter } from './traffic.ts'

const MAX_BACKOFF_MS = { local: 5_000, public: 60_000 }

/**
 * A network that is not started. Subscribe and handle before `start`, so that peers learn of it with the first handshake.
 * @throws QuorateError `bad-network-key`, `bad-address`.
 */
export async function createLibp2pNetwork(options: Libp2pNetworkOptions): Promise<Network> {
  const standings = new Standings()
  const traffic = new TrafficMeter()
  const defence = new Defence(options)
  const node = await createNode(options, await networkKeyFromBytes(options.privateKey), {
    isBanned: (peerId) => standings.isBanned(peerId, Date.now()),
    standingScore: (peerId) => -standings.points(peerId, Date.now()),
    traffic,
    defence,
  })
  return new Libp2pNetwork(node, options, { standings, traffic, defence })
}

interface NetworkParts {
  readonly standings: Standings
  readonly traffic: TrafficMeter
  readonly defence: Defence
}

class Libp2pNetwork implements Network {
  readonly peerId: string
  readonly #node: Node
  readonly #options: Libp2pNetworkOptions
  readonly #telemetry: Telemetry
  readonly #standings: Standings
  readonly #traffic: TrafficMeter
  readonly #defence: Defence
  readonly #gatekeeper: Gatekeeper
  readonly #connections: ConnectionBook
  readonly #connector: Connector
  readonly #dialer: Dialer
  /** Null at a bootstrap node, which hears none. */
  readonly #gossip: Gossip | null
  readonly #requesters = new Map<Protocol, Requester>()
  readonly #responders = new Map<Protocol, Responder>()
  #protected: ReadonlySet<string> = new Set()
  #started = false

  constructor(node: Node, options: Libp2pNetworkOptions, { standings, traffic, defence }: NetworkParts) {
    this.peerId = node.peerId.toString()
    this.#node = node
    this.#options = options
    this.#telemetry = options.telemetry
    this.#standings = standings
    this.#traffic = traffic
    this.#defence = defence
    const { gossip } = node.services
    const isProtected = (peerId: string): boolean => this.#protected.has(peerId)
    this.#gossip = gossip === undefined ? null : new Gossip(gossip, options.chainName, options.telemetry, isProtected)
    this.#connections = new ConnectionBook(node)
    const isBanned = (peerId: string): boolean => standings.isBanned(peerId, Date.now())
    this.#connector = new Connector(node, this.#connections, { isBanned, telemetry: options.telemetry })
    this.#dialer = new Dialer(node, this.#connections, this.#connector, {
      bootstrap: options.bootstrap,
      rememberedPeers: options.rememberedPeers ?? [],
      onRememberPeers: (addresses) => options.onRememberPeers?.(addresses),
      targetPeers: targetPeersOf(options),
      maxBackoffMs: MAX_BACKOFF_MS[options.scope],
      isBanned,
      telemetry: options.telemetry,
    })
    this.#gatekeeper = new Gatekeeper(node, this.#connections, defence, {
      chainName: options.chainName,
      scope: options.scope,
      isBootstrap: options.role === 'bootstrap',
      isNeeded: (peerId) => isProtected(peerId) || (this.#gossip?.meshOf(peerId).length ?? 0) > 0,
      onOtherChain: (peerId, address, chain) =>
        this.#connector.failures.note(peerId, address, 'other-chain', `it is of ${chain}`, Date.now()),
    })
    gossip?.addEventListener('gossipsub:heartbeat', () => this.#cutOffTheWorst())
  }

  addresses(): string[] {
    return this.#started ? this.#node.getMultiaddrs().map(String) : []
  }

  async start(): Promise<void> {
    if (this.#started) return
    await this.#node.handle(this.#protocolId('goodbye'), (stream, connection) => this.#onGoodbye(stream, connection))
    for (const [protocol, responder] of this.#responders) await this.#register(protocol, responder)
    try {
      await this.#node.start()
    } catch (cause) {
      throw startError(cause, this.#options.listen)
    }
    this.#started = true
    this.#gossip?.start()
    this.#connector.start()
    this.#gatekeeper.start()
    this.#dialer.start()
    this.#telemetry.log('info', 'network.started', { peerId: this.peerId, addresses: this.addresses() })
  }

  async stop(): Promise<void> {
    this.#started = false
    this.#dialer.stop()
    this.#gatekeeper.stop()
    this.#connector.stop()
    this.#gossip?.stop()
    for (const requester of this.#requesters.values()) requester.stop()
    await this.#node.stop()
  }

  peers(): PeerInfo[] {
    return [...this.#connections.peers()].map(([peerId, connections]) => ({
      peerId,
      addresses: connections.map((connection) => connection.remoteAddr.toString()),
      direction: connections[0]?.direction ?? 'inbound',
      score: this.#gossip?.score(peerId) ?? 0,
      mesh: this.#gossip?.meshOf(peerId) ?? [],
      connectedSinceMs: Math.min(...connections.map((connection) => connection.timeline.open)),
    }))
  }

  dialAttempts(): readonly DialAttempt[] {
    return this.#connector.attempts()
  }

  onPeer(listener: (peerId: string, state: 'connected' | 'disconnected') => void): () => void {
    const onConnect = (event: CustomEvent<unknown>): void => listener(String(event.detail), 'connected')
    const onDisconnect = (event: CustomEvent<unknown>): void => listener(String(event.detail), 'disconnected')
    this.#node.addEventListener('peer:connect', onConnect)
    this.#node.addEventListener('peer:disconnect', onDisconnect)
    return () => {
      this.#node.removeEventListener('peer:connect', onConnect)
      this.#node.removeEventListener('peer:disconnect', onDisconnect)
    }
  }

  async connect(peerId: string, signal: AbortSignal): Promise<void> {
    if (peerId === this.peerId) throw new QuorateError('unreachable', 'this is the own peer id')
    if (!this.#started) throw new QuorateError('not-started', 'the network is not running')
    await this.#connector.connect(peerId, signal)
  }

  subscribe(topic: Topic, validator: GossipValidator): void {
    this.#hearing().subscribe(topic, validator)
  }

  publish(topic: Topic, data: Uint8Array): Promise<number> {
    return this.#hearing().publish(topic, data)
  }

  handle(protocol: Protocol, handler: RequestHandler): void {
    if (this.#responders.has(protocol)) throw new Error(`broken invariant: second handler of ${protocol}`)
    const responder = new Responder(this.#requestOptions(protocol), handler)
    this.#responders.set(protocol, responder)
    if (!this.#started) return
    this.#register(protocol, responder).catch((error) =>
      this.#telemetry.log('error', 'network.handle-failed', { protocol, error: oneLine(error) }),
    )
  }

  request(protocol: Protocol, peerId: string, data: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    let requester = this.#requesters.get(protocol)
    if (requester === undefined) {
      requester = new Requester(this.#requestOptions(protocol))
      this.#requesters.set(protocol, requester)
    }
    return requester.request(peerId, data, signal)
  }

  penalize(peerId: string, code: string): void {
    const points = this.#standings.add(peerId, OFFENCE_POINTS, Date.now())
    this.#telemetry.count(`network.offence.${code}`)
    this.#telemetry.log('warn', 'network.offence', { peerId, code, points: Math.round(points) })
    if (-points <= CUT_OFF_SCORE) this.#cutOff(peerId, code)
  }

  protect(peerIds: readonly string[]): void {
    this.#protected = new Set(peerIds)
    this.#gossip?.forgetUnprotected()
  }

  report(): NetworkReport {
    return networkReport(this.#node, this.#options, {
      connections: this.#connections,
      defence: this.#defence,
      dialer: this.#dialer,
      failures: this.#connector.failures,
      otherChains: this.#gatekeeper.otherChains,
      topics: this.#gossip?.topics() ?? [],
      isStarted: this.#started,
    })
  }

  traffic(): { readonly bytesIn: number; readonly bytesOut: number } {
    return this.#traffic.totals()
  }

  #hearing(): Gossip {
    if (this.#gossip === null) throw new Error('broken invariant: gossip at a bootstrap node')
    return this.#gossip
  }

  // Streams -------------------------------------------------------------------------------------------------------

  #protocolId(name: string): string {
    return `/quorate/${this.#options.chainName}/${name}/1`
  }

  #requestOptions(protocol: Protocol): RequestOptions {
    return {
      protocol,
      telemetry: this.#telemetry,
      open: (peerId) => this.#openStream(protocol, peerId),
      fault: (peerId, code) => this.penalize(peerId, code),
    }
  }

  #register(protocol: Protocol, responder: Responder): Promise<void> {
    return this.#node.handle(this.#protocolId(protocol), (stream, connection) => responder.serve(stream, connection), {
      maxInboundStreams: MAX_INBOUND_STREAMS,
      maxOutboundStreams: MAX_INBOUND_STREAMS,
    })
  }

  async #openStream(protocol: Protocol, peerId: string): Promise<Stream> {
    const limit = deadline(new AbortController().signal, CONNECT_DEADLINE_MS)
    try {
      await this.connect(peerId, limit.signal)
      const connection = this.#connections.of(peerId)[0]
      if (connection === undefined) throw new QuorateError('unreachable', `${peerId} went away`)
      return await connection.newStream(this.#protocolId(protocol), { signal: limit.signal })
    } catch (cause) {
      if (cause instanceof QuorateError) throw cause
      if (cause instanceof Error && cause.name === 'UnsupportedProtocolError') {
        throw new QuorateError('unsupported', `${peerId} does not speak ${protocol}`, { cause })
      }
      throw new QuorateError('unreachable', `no ${protocol} stream to ${peerId}: ${oneLine(cause)}`, { cause })
    } finally {
      limit.clear()
    }
  }

  // Cutting off ---------------------------------------------------------------------------------------------------

  #cutOffTheWorst(): void {
    for (const [peerId] of this.#connections.peers()) {
      if (!this.#protected.has(peerId) && (this.#gossip?.score(peerId) ?? 0) <= CUT_OFF_SCORE) this.#cutOff(peerId, 'gossip-score')
    }
  }

  #cutOff(peerId: string, code: string): void {
    this.#standings.ban(peerId, Date.now() + BAN_MS)
    this.#telemetry.count('network.cut-off')
    this.#telemetry.log('warn', 'network.cut-off', { peerId, code, forMs: BAN_MS })
    for (const connection of this.#connections.of(peerId)) void this.#sayGoodbye(connection, code)
  }

  async #sayGoodbye(connection: Connection, code: string): Promise<void> {
    const signal = AbortSignal.timeout(GOODBYE_DEADLINE_MS)
    try {
      const stream = await connection.newStream(this.#protocolId('goodbye'), { signal })
      // The other side resets the stream when it has heard; closing before that could swallow the words.
      const heard = new Promise((resolve) => stream.addEventListener('close', resolve, { once: true }))
      stream.send(utf8(code).subarray(0, MAX_GOODBYE_BYTES))
      await withSignal(heard, signal, 'goodbye')
    } catch (error) {
      this.#telemetry.log('debug', 'network.goodbye-unheard', { peerId: connection.remotePeer.toString(), error: oneLine(error) })
    }
    connection.abort(new Error(`cut off: ${code}`))
  }

  #onGoodbye(stream: Stream, connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    stream.addEventListener(
      'message',
      (event) => {
        const reason = Buffer.from(event.data.subarray().subarray(0, MAX_GOODBYE_BYTES))
          .toString('latin1')
          .replace(/[^\x20-\x7e]/g, '?')
        this.#dialer.leaveAlone(peerId, BAN_MS)
        this.#connector.record(peerId, `cut off by the peer: ${reason}`)
        this.#connector.failures.note(peerId, connection.remoteAddr.toString(), 'banned', `it cut this node off: ${reason}`, Date.now())
        this.#telemetry.log('warn', 'network.cut-off-by-peer', { peerId, reason })
        stream.abort(new Error('goodbye was heard'))
      },
      { once: true },
    )
  }
}

function startError(cause: unknown, listen: readonly string[]): unknown {
  const text = cause instanceof Error ? cause.message : String(cause)
  const taken = /EADDRINUSE[^\n]*?(\d+)\s*$/m.exec(text)
  if (taken !== null) {
    return new QuorateError(
      'port-in-use',
      `port ${taken[1]} is taken by another program: choose another with \`--listen\` (0 takes a free one) in place of ${listen.join(', ')}`,
      { cause },
    )
  }
  if (/EADDRNOTAVAIL|EACCES|UnsupportedListenAddress/.test(text)) {
    return new QuorateError(
      'cannot-listen',
      `cannot listen on ${listen.join(', ')}: ${/E[A-Z]{4,}/.exec(text)?.[0] ?? 'not a TCP address'}`,
      { cause },
    )
  }
  return cause
}
