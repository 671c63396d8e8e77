/** Every bound of the network adapter in one place, each with its reason. */
import type { Protocol } from '../../ports/network.ts'
import type { Rate } from './rates.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** One gossip message. The same for sending and receiving at every node: a longer one would drop the sender from gossipsub. */
export const MAX_GOSSIP_MESSAGE_BYTES = 2 * MIB
/** One gossipsub RPC, which may carry several messages. It is what gossipsub itself can send. */
export const MAX_GOSSIP_RPC_BYTES = 4 * MIB
/**
 * How long a message counts as seen. It is spread within a second or two, and told of for five heartbeats; by itself gossipsub remembers it for
 * two minutes, in which nobody could publish the same bytes again, as who waits for his transaction does. What comes later is judged anew, and ignored.
 */
export const SEEN_MS = 30_000
/** Gossip messages being validated at once; further ones are ignored rather than queued without end. */
export const MAX_VALIDATIONS = 4096
/** Messages from this length on are relayed after a short wait, and peers told that we have them: below, a copy costs less than the telling. */
export const RELAY_PATIENCE_BYTES = 2 * KIB
/** More than half a round trip on a local network, little beside a slot. */
export const RELAY_PATIENCE_MS = 10

interface ProtocolLimits {
  /** Payload of one frame. Longer ones reset the stream. */
  readonly maxFrameBytes: number
  /** Requests of one peer being answered at once; times `maxFrameBytes` it bounds what a slow reader makes us hold. */
  readonly maxInFlight: number
}
export const PROTOCOL_LIMITS: Readonly<Record<Protocol, ProtocolLimits>> = {
  sign: { maxFrameBytes: 256 * KIB, maxInFlight: 32 },
  sync: { maxFrameBytes: 8 * MIB, maxInFlight: 8 },
  // One request each few seconds, and an answer of at most 64 peers.
  neighbours: { maxFrameBytes: 16 * KIB, maxInFlight: 1 },
}
/** Requests given up whose answer may still come, per stream; beyond it the peer answers nothing and the stream is dropped. */
export const MAX_ABANDONED_REQUESTS = 64
/** Inbound streams of one protocol on one connection: one in use and a few that replace a broken one. */
export const MAX_INBOUND_STREAMS = 4
/** Error codes are short names, not messages. */
export const MAX_ERROR_CODE_BYTES = 64
/** The reason that comes with a goodbye. */
export const MAX_GOODBYE_BYTES = 256

/** One dial: a TCP and a noise handshake on a loaded machine, with room. */
export const DIAL_DEADLINE_MS = 15_000
/** Finding a peer, waiting for a free slot and dialling it; who asks sets nearer deadlines. */
export const CONNECT_DEADLINE_MS = 30_000
/** A request whose caller set no nearer deadline. */
export const REQUEST_DEADLINE_MS = 60_000
/** A handler that takes longer is aborted. */
export const HANDLER_DEADLINE_MS = 30_000
/** A peer that takes nothing of an answer for this long has its stream reset. */
export const WRITE_STALL_MS = 30_000
/** Telling a peer why it is cut off is a courtesy: it may not hold up the cut. */
export const GOODBYE_DEADLINE_MS = 2_000

/** Points for one offence on a stream. Four within a half-life cut a peer off. */
export const OFFENCE_POINTS = 60
/** Points halve in this time, so that a fault of the past is forgotten. */
export const OFFENCE_HALF_LIFE_MS = 120_000
/** Peers whose offences are remembered. */
export const MAX_STANDINGS = 4096
/** Score at which a peer is cut off: well under the graylist (-80), where it is merely not heard. */
export const CUT_OFF_SCORE = -200
/** How long a peer that was cut off is refused. */
export const BAN_MS = 5 * 60_000
/** Rejects of a protected peer count at most once in this time, which keeps its score above -20: it stays in the mesh and heard. */
export const PROTECTED_REJECT_MS = 15_000

export const MAX_DIAL_ATTEMPTS = 64
/** Addresses waiting to be dialled; more are found again when wanted. */
export const MAX_CANDIDATES = 256
/** Peers whose addresses are handed to the owner to remember. */
export const MAX_REMEMBERED = 32
/** Dials of the own loop under way at once: connections cost processor time at both ends. */
export const DIAL_CONCURRENCY = 3
/** A peer found in the DHT that fails this often is forgotten until it is found again. */
export const MAX_CANDIDATE_FAILURES = 4
export const FIRST_BACKOFF_MS = 500
/** A connection that lasted as long was a good one, and its loss starts the backoff anew. */
export const STABLE_MS = 10_000
/** How long the side that should not dial first at least leaves it to the other, which has to find it as well. */
export const MIN_COURTESY_MS = 1_500
/** The same, at least and at most, when somebody asks for that very peer. */
export const MIN_CONNECT_COURTESY_MS = 400
export const MAX_CONNECT_COURTESY_MS = 3_000
/** While peers are missing, one dial more than half of the target is allowed per this time. */
export const OUTBOUND_STEP_MS = 5_000
/** Connected peers asked for one peer's addresses before the whole DHT is searched. */
export const MAX_PEERS_ASKED = 4
/** One peer's answer about others. */
export const ASK_DEADLINE_MS = 3_000
/** Wait before a peer that nobody knew yet is asked for again, within the deadline of connecting. */
export const LOOK_UP_AGAIN_MS = 1_000
/** Dials and look-ups for `connect` under way at once, so that asking for a whole quorum is no storm. */
export const CONNECT_CONCURRENCY = 4
/** Rounds of asking before the whole DHT is searched: in a swarm that just started, a second later somebody knows. */
export const ROUNDS_BEFORE_SEARCH = 2
/** Rounds after which a peer counts as unknown. */
export const MAX_LOOK_UP_ROUNDS = 5
/** First wait between two looks into the DHT; doubles until enough peers are found. */
export const FIRST_DISCOVERY_MS = 250
export const MAX_DISCOVERY_MS = 30_000
/** One look into the DHT. */
export const DISCOVERY_DEADLINE_MS = 5_000

/** Records of peers and of the DHT in memory, about a kilobyte each. */
export const MAX_RECORDS = 10_000
/** One of them, with room for all addresses of a host that has many. */
export const MAX_RECORD_BYTES = 8 * KIB

// Strangers -----------------------------------------------------------------------------------------------------------

/** Bounds on what strangers can take of this node. A host is an IPv4 address or an IPv6 /64, a prefix is a /24 or a /48. */
export interface ConnectionLimits {
  /** Open connections in all; beyond it the least useful is closed. */
  readonly maxConnections: number
  /** Of these, opened by one host, and by one prefix. */
  readonly perHost: number
  readonly perPrefix: number
  /** How fast one host, and one prefix, may open new ones, refused ones counted. */
  readonly hostRate: Rate
  readonly prefixRate: Rate
  /** Requests to the DHT of one peer. */
  readonly dhtRate: Rate
  /** Entries of one prefix in the routing table. */
  readonly tablePerPrefix: number
}

const UNLIMITED: Rate = { burst: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY }

/** On one host or a private network everybody has the same few addresses: only what does not go by addresses is bounded. */
const LOCAL_LIMITS: ConnectionLimits = {
  maxConnections: 300,
  perHost: Number.POSITIVE_INFINITY,
  perPrefix: Number.POSITIVE_INFINITY,
  hostRate: UNLIMITED,
  prefixRate: UNLIMITED,
  dhtRate: UNLIMITED,
  tablePerPrefix: Number.POSITIVE_INFINITY,
}

/**
 * A household or an office behind one address has a few nodes, a hosting company some dozens in a /24. A node that comes back after a crash
 * dials twice a second at first. One look into the DHT each quarter of a second is the most that a node of ours does by itself.
 */
const PUBLIC_LIMITS: ConnectionLimits = {
  maxConnections: 300,
  perHost: 8,
  perPrefix: 32,
  hostRate: { burst: 16, perSecond: 0.5 },
  prefixRate: { burst: 64, perSecond: 2 },
  dhtRate: { burst: 60, perSecond: 6 },
  tablePerPrefix: 8,
}

/** A bootstrap node holds nothing but connections, about 200 kB each where memory is short. */
const BOOTSTRAP_CONNECTIONS = 1000

export function connectionLimits(scope: 'local' | 'public', role: 'bootstrap' | 'full' | 'verifier'): ConnectionLimits {
  const limits = scope === 'local' ? LOCAL_LIMITS : PUBLIC_LIMITS
  return role === 'bootstrap' ? { ...limits, maxConnections: BOOTSTRAP_CONNECTIONS } : limits
}

/** Hosts, prefixes and peers whose rate is counted. */
export const MAX_RATE_KEYS = 4096
/** Peers whose addresses are remembered as seen: some more than can be connected. */
export const MAX_SEEN_PEERS = 4096
/** Addresses of one peer remembered, and told to others. */
export const MAX_SEEN_ADDRESSES = 8
/** A key in the DHT is a peer id or a hash; what is longer is none. */
export const MAX_DHT_KEY_BYTES = 64
/** Streams of the DHT that one connection may have open to this node: a look into it takes one for a moment. */
export const MAX_DHT_STREAMS = 8
/** Connections opened beyond the bound in the moment before the least useful is closed. */
export const CONNECTION_SLACK = 32
/** Names that peers say are theirs, dialled one at a time to see whether that is so. */
export const MAX_DIAL_BACKS = 64
/** Prefixes that are shown, and peers with their last failed dial. */
export const MAX_SHOWN_PREFIXES = 8
export const MAX_DIAL_FAILURES = 64
