import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { endpointOf, isPrivateAddress } from './address.ts'
import { MAX_SEEN_ADDRESSES, MAX_SEEN_PEERS } from './limits.ts'
import { ipOf } from './prefixes.ts'

interface Seen {
  /** IP addresses from which it connected. */
  readonly hosts: Set<string>
  /** Addresses at which it was reached. */
  readonly reached: Set<string>
  isTelling: boolean
}

/**
 * Which addresses peers were seen to have. Anybody can say of himself, or of another, that he has any address: told on, that sends strangers
 * to knock at doors where nobody of this network lives, and fills their tables.
 */
export class SeenAddresses {
  readonly #peers = new Map<string, Seen>()

  note({ remotePeer, remoteAddr, direction }: Pick<Connection, 'remotePeer' | 'remoteAddr' | 'direction'>): void {
    const seen = this.#take(remotePeer.toString())
    const ip = ipOf(remoteAddr)
    if (ip !== null) addTo(seen.hosts, ip)
    if (direction === 'outbound') addTo(seen.reached, endpointOf(remoteAddr))
    if (direction === 'outbound' || !isPrivateAddress(remoteAddr)) seen.isTelling = true
  }

  /**
   * Whether what was seen of a peer says anything of its addresses. Where a proxy stands before this node, all connections come from a private one:
   * then nothing is known, and what peers say of themselves has to do.
   */
  canTell(peerId: string): boolean {
    return this.#peers.get(peerId)?.isTelling === true
  }

  /** The peer was connected with from this IP address, or reached at this very address. */
  isSeen(peerId: string, address: Multiaddr): boolean {
    const seen = this.#peers.get(peerId)
    if (seen === undefined) return false
    const ip = ipOf(address)
    return (ip !== null && seen.hosts.has(ip)) || seen.reached.has(endpointOf(address))
  }

  hostsOf(peerId: string): ReadonlySet<string> {
    return this.#peers.get(peerId)?.hosts ?? new Set()
  }

  #take(peerId: string): Seen {
    const seen = this.#peers.get(peerId) ?? { hosts: new Set(), reached: new Set(), isTelling: false }
    this.#peers.delete(peerId)
    this.#peers.set(peerId, seen)
    const [oldest] = this.#peers.keys()
    if (this.#peers.size > MAX_SEEN_PEERS && oldest !== undefined) this.#peers.delete(oldest)
    return seen
  }
}

/** The newest few. */
function addTo(set: Set<string>, item: string): void {
  set.delete(item)
  set.add(item)
  const [oldest] = set
  if (set.size > MAX_SEEN_ADDRESSES && oldest !== undefined) set.delete(oldest)
}
