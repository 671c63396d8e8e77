import './polyfill.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { type Identify, identify, identifyPush } from '@libp2p/identify'
import {
  type ConnectionGater,
  isPeerId,
  type Libp2p,
  type MultiaddrConnection,
  type PeerId,
  type PeerInfo,
  type PrivateKey,
} from '@libp2p/interface'
import {
  type DisjointPath,
  type KadDHT,
  kadDHT,
  MessageType,
  passthroughMapper,
  type QueryEvent,
  removePrivateAddressesMapper,
} from '@libp2p/kad-dht'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { ipPortToMultiaddr } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { pipe } from 'it-pipe'
import { createLibp2p } from 'libp2p'
import { endpointOf, isPrivateAddress, parsePeerAddress } from './address.ts'
import { type GossipService, gossipService } from './gossip.ts'
import { MAX_RECORD_BYTES, MAX_RECORDS } from './limits.ts'
import type { Libp2pNetworkOptions } from './options.ts'
import { announceListening } from './own-addresses.ts'
import { RecordStore } from './records.ts'
import { socketOf, type TrafficMeter } from './traffic.ts'

export interface Services extends Record<string, unknown> {
  readonly identify: Identify
  readonly ping: Ping
  readonly dht: KadDHT & DhtInternals
  readonly gossip: GossipService
}
export type Node = Libp2p<Services>

export interface NodeHooks {
  readonly isBanned: (peerId: string) => boolean
  readonly standingScore: (peerId: string) => number
  readonly traffic: TrafficMeter
}

/** The libp2p node of this chain, not started. Limits follow the scope: a swarm on one host looks like an attack elsewhere. */
export function createNode(options: Libp2pNetworkOptions, privateKey: PrivateKey, hooks: NodeHooks): Promise<Node> {
  const local = options.scope === 'local'
  return createLibp2p<Services>({
    start: false,
    privateKey,
    datastore: new RecordStore(MAX_RECORDS, MAX_RECORD_BYTES),
    // By itself libp2p forgets an address an hour after it first heard of it, though the peer be connected all the while: then nobody could be
    // told of it, nor dial it again. What is kept is bounded by the records, and what is out of date costs a dial that fails.
    peerStore: { maxAddressAge: Number.POSITIVE_INFINITY, maxPeerAge: Number.POSITIVE_INFINITY },
    nodeInfo: { name: 'quorate', version: '1', userAgent: 'quorate/1' },
    addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: connectionGater(options, hooks),
    connectionManager: {
      maxConnections: options.role === 'bootstrap' ? 1000 : 300,
      inboundConnectionThreshold: local ? 10_000 : 10,
      maxIncomingPendingConnections: local ? 1000 : 32,
      // Handshakes cost processor time: on a shared host more at once only makes each of them later.
      maxParallelDials: local ? 6 : 32,
      maxPeerAddrsToDial: 8,
      dialTimeout: local ? 15_000 : 10_000,
    },
    // A starting swarm on two cores keeps a node from answering for seconds; that is no dead connection. Between hosts a connection that the
    // network has cut is dead for longer than the cut, since TCP doubles its waits: it is given up in 20 s at most, and dialled anew.
    connectionMonitor: { pingInterval: local ? 30_000 : 10_000, pingTimeout: { minTimeout: local ? 20_000 : 10_000 } },
    services: {
      identify: identify(),
      // Where addresses and the DHT role change while a node runs, peers hear of it; on one host it would only cost.
      ...(local ? {} : { identifyPush: identifyPush() }),
      ping: ping(),
      addresses: announceListening,
      dht: (components) =>
        kadDHT({
          protocol: `/quorate/${options.chainName}/kad/1.0.0`,
          peerInfoMapper: local ? passthroughMapper : removePrivateAddressesMapper,
          // On a public network a node serves the DHT once it has a public address; `undefined` leaves that to kad-dht.
          ...(local || options.role === 'bootstrap' ? { clientMode: false } : {}),
          allowQueryWithZeroPeers: true,
          networkDialTimeout: { minTimeout: local ? 10_000 : 5_000 },
          ...(local ? { kBucketSize: 8, alpha: 3, disjointPaths: 2, initialQuerySelfInterval: 30_000, querySelfInterval: 120_000 } : {}),
        })({
          peerId: components.peerId,
          privateKey: components.privateKey,
          registrar: components.registrar,
          addressManager: components.addressManager,
          peerStore: components.peerStore,
          connectionManager: components.connectionManager,
          datastore: components.datastore,
          events: components.events,
          logger: components.logger,
          ping: local ? connectedPing(components.connectionManager) : components.ping,
        }) as KadDHT & DhtInternals,
      gossip: gossipService({ chainName: options.chainName, sharedHost: local, standingScore: hooks.standingScore }),
    },
  })
}

/** Runs one request on one peer; there at run time, but not in the public type of kad-dht 16. */
interface DhtInternals {
  readonly network: {
    sendRequest(
      to: PeerId,
      message: { readonly type: MessageType; readonly key: Uint8Array },
      options: SendOptions,
    ): AsyncIterable<QueryEvent>
  }
}
interface SendOptions {
  readonly signal: AbortSignal
  readonly path: DisjointPath
}

/**
 * Asks one peer for those it knows near a key. A query of kad-dht would go on to connect to everyone on the way.
 * Empty when the peer does not answer before the signal fires or does not serve the DHT.
 */
export async function closerPeers(node: Node, asked: PeerId, key: Uint8Array, signal: AbortSignal): Promise<PeerInfo[]> {
  const path = { index: -1, queued: 0, running: 0, total: 0 }
  const events = node.services.dht.network.sendRequest(asked, { type: MessageType.FIND_NODE, key }, { signal, path })
  return pipe(events, (source) => firstOf(source, (event) => (event.name === 'PEER_RESPONSE' ? event.closer : undefined), []))
}

/** What `pick` makes of the first event that it takes; the rest of the query is ended. `none` if it takes no event. */
export async function firstOf<E, T>(events: AsyncIterable<E>, pick: (event: E) => T | undefined, none: T): Promise<T> {
  for await (const event of events) {
    const picked = pick(event)
    if (picked !== undefined) return picked
  }
  return none
}

interface Connections {
  getConnections(peerId?: PeerId): readonly unknown[]
}

/**
 * kad-dht pings each peer it hears of, and a ping dials. On a shared host that is a storm of connections, so there only
 * peers that are connected already enter the routing table; whom to dial is for the dialer to say.
 */
function connectedPing(connections: Connections): Ping {
  return {
    ping: (peer) =>
      isPeerId(peer) && connections.getConnections(peer).length > 0 ? Promise.resolve(0) : Promise.reject(new Error('not connected')),
  }
}

function connectionGater(options: Libp2pNetworkOptions, hooks: NodeHooks): ConnectionGater {
  const banned = (peerId: PeerId): boolean => hooks.isBanned(peerId.toString())
  // An operator may name private bootstrap nodes; what a stranger says of private addresses would make us knock inside our own network.
  const trusted = new Set(options.bootstrap.map((text) => endpointOf(parsePeerAddress(text).address)))
  const refused = (address: Multiaddr): boolean =>
    options.scope === 'public' && isPrivateAddress(address) && !trusted.has(endpointOf(address))
  const track = (peerId: PeerId, connection: MultiaddrConnection): boolean => {
    hooks.traffic.track(connection)
    return banned(peerId)
  }
  return {
    denyDialPeer: banned,
    denyDialMultiaddr: refused,
    // A public name may lead to a private address: look at the socket, before anything is said on it.
    denyOutboundConnection: (_peerId, connection) => !trusted.has(endpointOf(connection.remoteAddr)) && leadsInside(connection, refused),
    denyInboundEncryptedConnection: track,
    denyOutboundEncryptedConnection: track,
    filterMultiaddrForPeer: (_peerId, address) => !refused(address),
  }
}

function leadsInside(connection: MultiaddrConnection, refused: (address: Multiaddr) => boolean): boolean {
  const socket = socketOf(connection)
  if (socket?.remoteAddress === undefined || socket.remotePort === undefined) return false
  return refused(ipPortToMultiaddr(socket.remoteAddress, socket.remotePort))
}
