import type { Verdict } from '../base/verdict.ts'

/** The gossip topics; the adapter prefixes them with `/quorate/<chain>/` and suffixes `/1`. */
export type Topic = 'transactions' | 'candidates' | 'blocks' | 'evidence'
/** The stream protocols; named on the wire like the topics. */
export type Protocol = 'sign' | 'sync'

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
  /** Bytes over all connections since start. */
  traffic(): { readonly bytesIn: number; readonly bytesOut: number }
}
