/** Valid blocks of one height kept in memory: two slots of a quorum's candidates; the oldest go first. */
export const MAX_KNOWN_BLOCKS = 64
/** Gossip that waits for its parent block or its transactions; what comes beyond is dropped. */
export const MAX_WAITING_MESSAGES = 64
/** Of these, passed on by one peer: what waits is not checked yet, and nobody may take the room of all. */
export const MAX_WAITING_OF_PEER = 16
/** Batches of transactions being checked at once, each up to 157 kB; what comes beyond is ignored. */
export const MAX_BATCHES_IN_CHECK = 128
/** Certificates and proofs whose check is remembered. */
export const MAX_CHECKED_SIGNATURES = 1024
/** Slots that a candidate may be ahead of this node's clock. */
export const MAX_EARLY_SLOTS = 1
/** Transactions checked between two turns of the event loop, so that signatures of blocks do not wait for them. */
export const CHECKED_PER_TURN = 32
/** Transactions of one message to gossip, and how long the first of them waits for more. */
export const BATCH_TRANSACTIONS = 250
export const BATCH_DELAY_MS = 10
/** Bytes of transactions in one gossip message, well below the network's limit for one. */
export const BATCH_BYTES = 256 * 1024
/** How often what this node's API accepted is gossiped again while it is not final. */
export const REBROADCAST_MS = 15_000
/** Ids of transactions that left the pool without being final, kept to tell their senders why. */
export const MAX_DROPPED_REMEMBERED = 10_000
/** Blocks of one sync request; its answer also ends at MAX_SYNC_BYTES. */
export const SYNC_BLOCKS = 128
/** Requests for blocks under way at once, to different peers where there are. */
export const SYNC_REQUESTS = 4
export const SYNC_DEADLINE_MS = 10_000
/** How often a peer is asked for its height when gossip is quiet. */
export const STATUS_INTERVAL_MS = 5_000
/** One block behind is normal while gossip brings it; after this, it is fetched. */
export const ONE_BEHIND_MS = 500
/** At most this often all peers are asked for their heights because a message spoke of a block that none is known to have. */
export const LOOK_AROUND_MS = 250
/** Blocks imported by sync between two turns of the runner, so that it stays responsive. */
export const IMPORT_BLOCKS = 16
export const FETCH_DEADLINE_MS = 2_000
/** Peers asked for a missing block in one round; the next round, a slot later, begins with others. */
export const MAX_FETCH_PEERS = 8
/** Rounds without the block before the operator is told: the first may come before any peer is connected. */
export const MISSING_BLOCK_ROUNDS = 3
/** Between attempts to reach a verifier of the quorum: first and longest. */
export const VERIFIER_RETRY_MS = 500
export const MAX_VERIFIER_RETRY_MS = 10_000
/** Without an alarm for so long, the same one is told again. */
export const ALARM_QUIET_MS = 60_000
/** Alarms kept for the status, one of a kind. */
export const MAX_ALARMS = 16
/** Part of a slot by which a clock may differ from its peers' before the operator is told. */
export const CLOCK_TOLERANCE_SLOTS = 0.25
/** Peers in the mesh of a topic that gossip needs to work well: its `Dlo` (adapters/libp2p/gossip.ts), above which it looks for no more. */
export const MESH_PEERS = 3
export const DISCOVERY_CHECK_MS = 100
export const NO_PEERS_ALARM_MS = 10_000
/** Addresses that the alarm `no-peers` names, each with what came of it. */
export const SHOWN_DIALS = 4
/** How often a verifier looks whether enough stake is in reach. */
export const QUORUM_CHECK_MS = 5_000
/** Fewest transactions to which lost slots shrink the blocks that this maker offers. */
export const MIN_BLOCK_SIZE = 64
/** Whole snapshots that a node keeps: whoever has begun to fetch the older one can go on while the next is taken. */
export const KEPT_SNAPSHOTS = 2
/** Bytes of blocks that are read for one answer of headers, which lie in them. */
export const MAX_HEADER_SOURCE_BYTES = 16 * 1024 * 1024
/** A snapshot is fetched once so many peers offer it, or this time after the first: who comes later is asked for what is left. */
export const SNAPSHOT_PEERS = 3
export const SNAPSHOT_GATHER_MS = 3_000
/** How often peers are asked which snapshots they have while this node looks for one or fetches it. */
export const SNAPSHOT_LOOK_MS = 2_000
/** With peers, and nothing of use from any of them for so long, a node gives up beginning with a snapshot. */
export const SNAPSHOT_PATIENCE_MS = 10_000
/** Parts of a snapshot asked for at once: of one peer, so that it need not wait for the next request, and of all, each up to 4 MiB. */
export const PEER_CHUNK_REQUESTS = 2
export const MAX_CHUNK_REQUESTS = 8
/** For a part of 4 MiB at 140 kB/s. */
export const CHUNK_DEADLINE_MS = 30_000
/** A peer that fails to answer so often in a row is asked for no more parts of that snapshot. */
export const MAX_CHUNK_FAILURES = 2
/** Evidence kept that no block has punished yet. Who has more bonded goes before who has less: nobody fills it with keys that are cheap. */
export const MAX_UNPUNISHED = 1024
/** Evidence kept, the newest, after blocks have punished it; blocks keep all of it. */
export const MAX_PUNISHED = 1024
/** Evidence given to a maker at once: some may turn out not to fit the block. */
export const MAX_OFFERED_EVIDENCE = 32
/** Tallies and certificates kept for peers, and their bytes; those of the oldest heights go first. */
export const MAX_KEPT_RECORDS = 2048
export const MAX_KEPT_RECORD_BYTES = 4 * 1024 * 1024
/**
 * Statements of one signer in the tallies of others: so many at once, and so many more with each slot. An honest verifier signs three
 * in a slot. More are not looked at, so that a member cannot keep others busy with statements of its own, which are cheap to make.
 */
export const MAX_STATEMENTS_OF_SIGNER = 512
export const STATEMENTS_PER_SLOT = 8
/** Signers whose statements are counted: several quorums. */
export const MAX_COUNTED_SIGNERS = 4096
/** How often connected peers compare their public records. */
export const EXCHANGE_INTERVAL_MS = 60_000
/** Ids of records that were of no use, so that nobody is asked for them again: two full inventories. */
export const MAX_JUDGED_RECORDS = 8192
/** A peer that does not give what it offers, so often, offers nothing any more. Once or twice is honest: it keeps the newest alone. */
export const MAX_EMPTY_OFFERS = 4
/** Branches of a fork that are remembered, those with the most burned; honest verifiers seal one at a height. */
export const MAX_BRANCHES = 8
/** Fork proofs of one height that the record of a fork names. */
export const MAX_FORK_PROOFS = 8
/** Peers with another chain that are looked into at once. */
export const MAX_FORK_LOOKS = 2
/** Between two looks at one peer with another chain: after one that found something, and at most after many that did not. */
export const FORK_LOOK_MS = 5_000
export const MAX_FORK_LOOK_MS = 600_000
/** Headers of another branch that one look goes along; the next one goes on from there. */
export const MAX_WALKED_HEADERS = 16_384
/** A peer whose next block does not extend the head is asked for no blocks for so long, or until it connects again. */
export const OTHER_BRANCH_MS = 60_000
/** How often the operator of a node that is halted by a fork is told: longer than an alarm is quiet. */
export const FORK_REMINDER_MS = 120_000
/** Transactions of a branch that was left which are offered again: what a pool holds. */
export const MAX_CARRIED_TRANSACTIONS = 20_000
/** Ended slots that are remembered for whoever looks at the node. */
export const RECENT_SLOTS = 256
/** Newest final blocks of whose making more may still be heard, and blocks of which anything is remembered. */
export const WATCHED_BLOCKS = 64
export const MAX_WATCHED_BLOCKS = 1024
/** Candidates of one slot that are remembered: more than any quorum's threshold lets through. */
export const MAX_SLOT_NOTES = 256
/** Notes on blocks in memory after which they are written before the slot ends: sync brings thousands. */
export const JOURNAL_UNWRITTEN = 512
/** Heights of one answer for charts. */
export const MAX_HISTORY_HEIGHTS = 10_000
/** Transactions of an account of one answer. */
export const MAX_ACCOUNT_HISTORY = 200
/** Old blocks that one write removes, and after how many the store is asked to give the room back. */
export const PRUNED_AT_ONCE = 32
export const COMPACT_AFTER_BLOCKS = 2048
/** Fewest blocks that a pruned node keeps: more than statements are held against each other of, and than a fork is likely to be deep. */
export const MIN_KEPT_BLOCKS = 1024
/** Of the graph of who is connected to whom: what a page can draw. */
export const MAX_SWARM_NODES = 300
export const MAX_SWARM_LINKS = 3_000
/** How often peers are asked whom they are connected to, for how long after somebody looked, and how soon one may ask again. */
export const NEIGHBOURS_INTERVAL_MS = 10_000
export const NEIGHBOURS_LOOK_MS = 60_000
export const NEIGHBOURS_SPARE_MS = 5_000
export const NEIGHBOURS_DEADLINE_MS = 5_000
/** How often a bootstrap node says how it is doing. */
export const HEALTH_INTERVAL_MS = 60_000
