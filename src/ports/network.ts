import type { Verdict } from '../base/verdict.ts'

/** The gossip topics; the adapter prefixes them with `/quorate/<chain>/` and suffixes `/1`. */
export type Topic = 'transactions' | 'candidates' | 'blocks' | 'evidence'
/** The stream protocols; named on the wire like the topics. */
export type Protocol = 'sign' | 'sync' | 'neighbours'

export interface PeerInfo {
  readonly peerId: string
  /** The multiaddrs of its open connections. */
  readonly addresses: readonly string[]
  readonly direction: 'inbound' | 'outbound'
  /** gossipsub score; below the graylist threshold nothing of it is heard. */
  readonly score: number
  /** Topics for which it is in our mesh. */
  readonly mesh: readonly Topic[]
  readonly connectedSinceMs: number
}

/** One address that was tried and what came of it: what a newcomer with no peers needs to see. */
export interface DialAttempt {
  readonly target: string
  readonly atMs: number
  /** `connected`, or the error in one line. */
  readonly outcome: string
}

/** Why a peer could not be connected to. */
export type DialCause =
  /** Nothing listens there; nothing answers; there is no way there; the name means nothing. */
  | 'refused'
  | 'timeout'
  | 'no-route'
  | 'unknown-name'
  /** Somebody with another peer id answers; or he is of another chain. */
  | 'wrong-peer'
  | 'other-chain'
  /** One of the two has cut the other off; it closes the connection at once, as who is full does; a private address, in scope public. */
  | 'banned'
  | 'limit'
  | 'private-address'
  /** Nobody knows an address of it. */
  | 'unknown-peer'
  | 'other'

/** The last failure to connect to a peer. */
export interface DialFailure {
  readonly peerId: string
  /** What was dialled; empty if no address was known. */
  readonly address: string
  readonly cause: DialCause
  readonly detail: string
  readonly atMs: number
  /** How many failures since it was connected last. */
  readonly failures: number
}

/** What the network adapter knows of itself, for people who look for a fault. */
export interface NetworkReport {
  readonly scope: 'local' | 'public'
  readonly listening: readonly string[]
  /** What others are told. */
  readonly announced: readonly string[]
  /** Peers that dialled back at its addresses, and found it or did not; and connections that came from public addresses. */
  readonly reachability: { readonly confirmed: number; readonly failed: number; readonly inboundPublic: number }
  readonly inbound: number
  readonly outbound: number
  readonly maxConnections: number
  /** How many peers the node dials for by itself, and how many it knows besides those that are connected. */
  readonly targetPeers: number
  readonly candidates: number
  /** Peers of other chains that were met. */
  readonly otherChains: number
  readonly bootstrap: readonly { readonly peerId: string; readonly address: string; readonly isConnected: boolean }[]
  readonly failures: readonly DialFailure[]
  /** Peers that subscribe, those in our mesh, and the bounds between which the mesh is kept. */
  readonly topics: readonly {
    readonly topic: Topic
    readonly peers: number
    readonly mesh: number
    readonly low: number
    readonly high: number
  }[]
  readonly dht: { readonly isServer: boolean; readonly table: number; readonly served: number }
  /** Inbound connections by prefix, the most crowded first, at most 8; and how many prefixes there are. */
  readonly prefixes: readonly { readonly prefix: string; readonly connections: number }[]
  readonly prefixCount: number
  /** What strangers were refused, by reason, since the start. */
  readonly refused: Readonly<Record<string, number>>
}

/** Asked for each gossip message before it is relayed: the data as it came, and who passed it on. */
export type GossipValidator = (data: Uint8Array, fromPeer: string) => Verdict<unknown> | Promise<Verdict<unknown>>
/** Answers one request. A throw answers with an error frame; the stream stays open. */
export type RequestHandler = (data: Uint8Array, fromPeer: string, signal: AbortSignal) => Promise<Uint8Array>

/** The peer-to-peer network as bytes. It knows nothing of blocks; who uses it knows nothing of libp2p. */
export interface Network {
  readonly peerId: string
  /** Listening multiaddrs, each with `/p2p/<peerId>`. Empty before `start`. */
  addresses(): string[]
  start(): Promise<void>
  stop(): Promise<void>

  peers(): PeerInfo[]
  /** The last dials, newest last, at most 64. */
  dialAttempts(): readonly DialAttempt[]
  /** Called for each peer that connects (first connection) and disconnects (last). Returns the undo. */
  onPeer(listener: (peerId: string, state: 'connected' | 'disconnected') => void): () => void
  /**
   * Connects to a peer, finding its addresses through Kademlia if they are unknown.
   * Rejects with QuorateError: `unreachable`, `unknown-peer` (nobody knows an address), `timeout`, `aborted`, `not-started`.
   */
  connect(peerId: string, signal: AbortSignal): Promise<void>

  /** One validator a topic; subscribing twice is a bug. Best before `start`. `accept` relays; `reject` lowers the sender's score. */
  subscribe(topic: Topic, validator: GossipValidator): void
  /** Resolves with the number of peers it was sent to; after 0 it may be published again. Rejects with `message-too-large`, `not-started`. */
  publish(topic: Topic, data: Uint8Array): Promise<number>

  /** One handler a protocol. Peers learn of it with the first handshake when it is there before `start`. */
  handle(protocol: Protocol, handler: RequestHandler): void
  /**
   * One request and its answer on a stream that is kept open per peer; many may be under way at once.
   * Rejects with QuorateError: as `connect`, or `busy` (too many under way), `unsupported`, `remote-error`, `message-too-large`.
   */
  request(protocol: Protocol, peerId: string, data: Uint8Array, signal: AbortSignal): Promise<Uint8Array>

  /** Lowers a peer's score for something it did on a stream; far enough down, it is cut off and told why. */
  penalize(peerId: string, code: string): void
  /** Peers that are never cut off for gossip alone: the quorum. */
  protect(peerIds: readonly string[]): void
  report(): NetworkReport
  /** Bytes over all connections since start. */
  traffic(): { readonly bytesIn: number; readonly bytesOut: number }
}
