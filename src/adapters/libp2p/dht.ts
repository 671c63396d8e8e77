import { isPeerId, type PeerId, type PeerInfo } from '@libp2p/interface'
import { type DisjointPath, type KadDHT, kadDHT, MessageType, passthroughMapper, type QueryEvent } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { pipe } from 'it-pipe'
import { isPrivateAddress } from './address.ts'
import type { Defence } from './defence.ts'
import { MAX_DHT_KEY_BYTES, MAX_DHT_STREAMS, MAX_RATE_KEYS, MAX_SEEN_ADDRESSES } from './limits.ts'
import type { Libp2pNetworkOptions } from './options.ts'
import type { Classify } from './prefixes.ts'
import { Rates } from './rates.ts'
import type { Refusal } from './refusals.ts'
import type { SeenAddresses } from './seen-addresses.ts'
import { TableGuard } from './table-guard.ts'

interface DhtMessage {
  readonly type: MessageType
  readonly key?: Uint8Array
}
/** There at run time, but not in the public type of kad-dht 16. */
interface DhtInternals {
  readonly network: {
    /** Runs one request on one peer. */
    sendRequest(to: PeerId, message: DhtMessage, options: SendOptions): AsyncIterable<QueryEvent>
  }
  readonly rpc: { handleMessage(peerId: PeerId, message: DhtMessage): Promise<unknown> }
  readonly routingTable: {
    readonly size: number
    readonly kb: { verify(contact: Contact, options?: object): Promise<boolean> }
    addEventListener(type: 'peer:add' | 'peer:remove', listener: (event: CustomEvent<PeerId>) => void): void
  }
}
interface SendOptions {
  readonly signal: AbortSignal
  readonly path: DisjointPath
}
interface Contact {
  readonly peerId: PeerId
}
export type Dht = KadDHT & DhtInternals

type DhtComponents = Parameters<ReturnType<typeof kadDHT>>[0]
interface Connections {
  getConnections(peerId?: PeerId): readonly unknown[]
}

/** The DHT of this chain. It finds peers and does nothing else: whatever strangers would have it store is refused. */
export function dhtService(
  network: Libp2pNetworkOptions,
  defence: Defence,
): (components: DhtComponents & { readonly connectionManager: Connections }) => Dht {
  const { scope, role, chainName } = network
  const local = scope === 'local'
  return (components) => {
    const create = kadDHT({
      protocol: `/quorate/${chainName}/kad/1.0.0`,
      peerInfoMapper: local ? passthroughMapper : (peer) => told(peer, defence.seen),
      // On a public network a node serves the DHT once it has a public address; `undefined` leaves that to kad-dht.
      ...(local || role === 'bootstrap' ? { clientMode: false } : {}),
      allowQueryWithZeroPeers: true,
      networkDialTimeout: { minTimeout: local ? 10_000 : 5_000 },
      ...(local
        ? { kBucketSize: 8, alpha: 3, disjointPaths: 2, initialQuerySelfInterval: 30_000, querySelfInterval: 120_000 }
        : { maxInboundStreams: MAX_DHT_STREAMS }),
    })
    const dht = create({
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
    }) as Dht
    guard(dht, defence)
    return dht
  }
}

/**
 * What is told of a peer, and what is taken of one that others told of: public addresses, a few. An address of somebody who was connected to must
 * be one that he was seen to have; whoever was not, is dialled before he enters the table, and from then on he was.
 */
function told(peer: PeerInfo, seen: SeenAddresses): PeerInfo {
  const peerId = peer.id.toString()
  const isKnown = seen.canTell(peerId)
  const multiaddrs = peer.multiaddrs.filter((address) => !isPrivateAddress(address) && (!isKnown || seen.isSeen(peerId, address)))
  return { ...peer, multiaddrs: multiaddrs.slice(0, MAX_SEEN_ADDRESSES) }
}

/** Puts bounds before the two doors of kad-dht: requests of peers, and the routing table. */
function guard(dht: Dht, defence: Defence): void {
  const { limits, classify, seen } = defence
  const rates = new Rates(limits.dhtRate, MAX_RATE_KEYS)
  const { rpc, routingTable } = dht
  const answer = rpc.handleMessage.bind(rpc)
  rpc.handleMessage = (peerId, message) => {
    const refusal = judge(peerId.toString(), message, rates, Date.now())
    if (refusal === null) {
      defence.served++
      return answer(peerId, message)
    }
    defence.refuse(refusal)
    return Promise.reject(new Error(refusal))
  }
  const table = new TableGuard(limits.tablePerPrefix, (peerId) => prefixesOf(seen.hostsOf(peerId), classify))
  const { kb } = routingTable
  const verify = kb.verify.bind(kb)
  kb.verify = async (contact, verifyOptions) => {
    const peerId = contact.peerId.toString()
    // Who was not connected to has no prefix before he is dialled: so the bound is looked at again after it.
    const isAlive = table.hasRoomFor(peerId) && (await verify(contact, verifyOptions))
    const isTaken = isAlive && table.hasRoomFor(peerId)
    if (!table.hasRoomFor(peerId)) defence.refuse('table-prefix-full')
    return isTaken
  }
  routingTable.addEventListener('peer:add', ({ detail }) => table.enter(detail.toString()))
  routingTable.addEventListener('peer:remove', ({ detail }) => table.leave(detail.toString()))
}

function judge(peerId: string, { type, key }: DhtMessage, rates: Rates, nowMs: number): Refusal | null {
  if (!rates.take(peerId, nowMs)) return 'dht-rate'
  // The chain keeps no values and no providers in the DHT, so nobody has a reason to store or to look for any.
  if (type !== MessageType.FIND_NODE && type !== MessageType.PING) return 'dht-store'
  return (key?.length ?? 0) > MAX_DHT_KEY_BYTES ? 'dht-key' : null
}

function prefixesOf(hosts: ReadonlySet<string>, classify: Classify): readonly string[] {
  const prefixes = new Set<string>()
  for (const host of hosts) {
    const prefix = classify(multiaddr(host.includes(':') ? `/ip6/${host}/tcp/1` : `/ip4/${host}/tcp/1`))?.prefix
    if (prefix !== undefined) prefixes.add(prefix)
  }
  return [...prefixes]
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

/**
 * Asks one peer for those it knows near a key. A query of kad-dht would go on to connect to everyone on the way.
 * Empty when the peer does not answer before the signal fires or does not serve the DHT.
 */
export async function closerPeers(dht: Dht, asked: PeerId, key: Uint8Array, signal: AbortSignal): Promise<PeerInfo[]> {
  const path = { index: -1, queued: 0, running: 0, total: 0 }
  const events = dht.network.sendRequest(asked, { type: MessageType.FIND_NODE, key }, { signal, path })
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
