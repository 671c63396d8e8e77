import type { Connection, IdentifyResult } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { endpointOf, isPrivateAddress, withPeerId } from './address.ts'
import { leastUseful, type Occupant } from './admission.ts'
import type { ConnectionBook } from './connections.ts'
import type { Defence } from './defence.ts'
import { DIAL_DEADLINE_MS, MAX_DIAL_BACKS, MAX_SEEN_PEERS } from './limits.ts'
import type { Node } from './node.ts'
import { ipOf } from './prefixes.ts'
import { deadline } from './signals.ts'

export interface GatekeeperOptions {
  readonly chainName: string
  readonly scope: 'local' | 'public'
  /** Peers of another chain are of no use to it at all. */
  readonly isBootstrap: boolean
  readonly isNeeded: (peerId: string) => boolean
  readonly onOtherChain: (peerId: string, address: string, chain: string) => void
}

interface DialBack {
  readonly peerId: string
  readonly address: Multiaddr
}

/** Looks at who has come in: makes room when there are too many, tells peers of other chains apart, and sees whether a name that a peer gives is his. */
export class Gatekeeper {
  readonly #node: Node
  readonly #connections: ConnectionBook
  readonly #defence: Defence
  readonly #options: GatekeeperOptions
  readonly #otherChains = new Set<string>()
  readonly #dialBacks: DialBack[] = []
  #isDiallingBack = false
  #stopping = new AbortController()

  constructor(node: Node, connections: ConnectionBook, defence: Defence, options: GatekeeperOptions) {
    this.#node = node
    this.#connections = connections
    this.#defence = defence
    this.#options = options
    node.addEventListener('connection:open', ({ detail }) => this.#onOpen(detail))
    node.addEventListener('peer:identify', ({ detail }) => this.#onIdentify(detail))
  }

  start(): void {
    this.#stopping = new AbortController()
  }
  stop(): void {
    this.#dialBacks.length = 0
    this.#stopping.abort(new Error('the network stops'))
  }

  /** Peers of other chains that were met since the start, the newest few thousand. */
  get otherChains(): number {
    return this.#otherChains.size
  }

  #onOpen(connection: Connection): void {
    this.#defence.seen.note(connection)
    const occupants = this.#occupants()
    if (occupants.length <= this.#defence.limits.maxConnections) return
    const found = leastUseful(occupants)
    if (found === null) return
    this.#defence.refuse('least-useful')
    this.#cut(found.peerId, 'there are too many connections')
  }

  #occupants(): Occupant[] {
    const { admission } = this.#defence
    return [...this.#connections.peers()].flatMap(([peerId, connections]) =>
      connections.map(({ remoteAddr, timeline, direction }) => ({
        peerId,
        prefix: admission.prefixOf(remoteAddr),
        sinceMs: timeline.open,
        isNeeded: direction === 'outbound' || this.#options.isNeeded(peerId),
      })),
    )
  }

  #onIdentify({ peerId, protocols, listenAddrs, connection }: IdentifyResult): void {
    const name = peerId.toString()
    const other = otherChainOf(protocols, this.#options.chainName)
    if (other !== null) {
      this.#otherChains.add(name)
      const [oldest] = this.#otherChains
      if (this.#otherChains.size > MAX_SEEN_PEERS && oldest !== undefined) this.#otherChains.delete(oldest)
      this.#options.onOtherChain(name, connection.remoteAddr.toString(), other)
      if (!this.#options.isBootstrap) return
      this.#defence.refuse('other-chain')
      this.#cut(name, 'it is of another chain')
      return
    }
    if (this.#options.scope === 'local' || connection.direction === 'outbound') return
    // An IP address proves itself by where the connection comes from. A name does when it leads to him.
    const named = listenAddrs.filter((address) => ipOf(address) === null && !isPrivateAddress(address))
    for (const address of named.slice(0, 1)) this.#wantDialBack({ peerId: name, address })
  }

  #cut(peerId: string, why: string): void {
    for (const connection of this.#connections.of(peerId)) connection.abort(new Error(why))
  }

  #wantDialBack(wanted: DialBack): void {
    if (this.#defence.seen.isSeen(wanted.peerId, wanted.address) || this.#dialBacks.length >= MAX_DIAL_BACKS) return
    if (this.#dialBacks.some(({ peerId }) => peerId === wanted.peerId)) return
    this.#dialBacks.push(wanted)
    void this.#dialBack()
  }

  /** One at a time, so that nobody uses this node to knock at many doors. */
  async #dialBack(): Promise<void> {
    if (this.#isDiallingBack) return
    this.#isDiallingBack = true
    for (let next = this.#dialBacks.shift(); next !== undefined; next = this.#dialBacks.shift()) {
      const limit = deadline(this.#stopping.signal, DIAL_DEADLINE_MS)
      const target = withPeerId(next.address, next.peerId)
      try {
        const connection = await this.#node.dial(target, { force: true, signal: limit.signal })
        if (endpointOf(connection.remoteAddr) === endpointOf(target)) await connection.close({ signal: limit.signal })
      } catch {
        // Another peer answers there, or nobody: then the name is not told to others.
      }
      limit.clear()
    }
    this.#isDiallingBack = false
  }
}

/** The chain of a peer that speaks protocols of quorate and none of this chain; null if it is of this chain, or has said nothing. */
function otherChainOf(protocols: readonly string[], chainName: string): string | null {
  const chains = protocols.flatMap((protocol) => /^\/quorate\/([^/]{1,80})\//.exec(protocol)?.[1] ?? [])
  return chains.length === 0 || chains.includes(chainName) ? null : (chains[0] ?? null)
}
