import './polyfill.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { autoNAT } from '@libp2p/autonat'
import { type Identify, identify, identifyPush } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, MultiaddrConnection, PeerId, PrivateKey } from '@libp2p/interface'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { ipPortToMultiaddr } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { endpointOf, isPrivateAddress, parsePeerAddress } from './address.ts'
import type { Defence } from './defence.ts'
import { type Dht, dhtService } from './dht.ts'
import { type GossipService, gossipService } from './gossip.ts'
import { CONNECTION_SLACK, MAX_RECORD_BYTES, MAX_RECORDS } from './limits.ts'
import type { Libp2pNetworkOptions } from './options.ts'
import { announceListening } from './own-addresses.ts'
import { RecordStore } from './records.ts'
import { socketOf, type TrafficMeter } from './traffic.ts'

export interface Services extends Record<string, unknown> {
  readonly identify: Identify
  readonly ping: Ping
  readonly dht: Dht
  readonly gossip?: GossipService
  readonly autoNat?: unknown
}
export type Node = Libp2p<Services>

export interface NodeHooks {
  readonly isBanned: (peerId: string) => boolean
  readonly standingScore: (peerId: string) => number
  readonly traffic: TrafficMeter
  readonly defence: Defence
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
      // Whom to take and who must go is for the defence to say, which counts and says why; libp2p's own bounds lie beyond.
      maxConnections: hooks.defence.limits.maxConnections + CONNECTION_SLACK,
      inboundConnectionThreshold: 10_000,
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
      dht: dhtService(options, hooks.defence),
      // A bootstrap node hears no gossip.
      ...(options.role === 'bootstrap'
        ? {}
        : { gossip: gossipService({ chainName: options.chainName, sharedHost: local, standingScore: hooks.standingScore }) }),
      // Peers dial back to say whether this node can be reached, where strangers would have to.
      ...(local ? {} : { autoNat: autoNAT({ protocolPrefix: `quorate/${options.chainName}` }) }),
    },
  })
}

function connectionGater(options: Libp2pNetworkOptions, hooks: NodeHooks): ConnectionGater {
  const banned = (peerId: PeerId): boolean => hooks.isBanned(peerId.toString())
  // An operator may name private bootstrap nodes; what a stranger says of private addresses would make us knock inside our own network.
  const trusted = new Set(options.bootstrap.map((text) => endpointOf(parsePeerAddress(text).address)))
  const refused = (address: Multiaddr): boolean =>
    options.scope === 'public' && isPrivateAddress(address) && !trusted.has(endpointOf(address))
  const { defence } = hooks
  const track = (peerId: PeerId, connection: MultiaddrConnection): boolean => {
    hooks.traffic.track(connection)
    if (!banned(peerId)) return false
    defence.refuse('banned')
    return true
  }
  return {
    denyInboundConnection: (connection) => {
      const refusal = defence.admission.admit(connection)
      if (refusal !== null) defence.refuse(refusal)
      return refusal !== null
    },
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
