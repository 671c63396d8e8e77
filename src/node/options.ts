import type { Unlock } from '../adapters/keys/key-files.ts'
import type { createLibp2pNetwork } from '../adapters/libp2p/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { Telemetry } from '../ports/telemetry.ts'

/**
 * A node's directory: `genesis.json`, `network.key`, `account.key`, `verifier.key` and `guard` (verifiers only),
 * `store/`, `peers.json` (addresses that worked) and, while it runs, `api.json` (`{"url", "pid"}`).
 */
export interface NodeOptions {
  readonly directory: string
  readonly role: 'bootstrap' | 'full' | 'verifier'
  /** Multiaddrs to listen on, such as `/ip4/0.0.0.0/tcp/4001`; port 0 lets the system choose. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of the ones listened on. */
  readonly announce: readonly string[]
  /** Multiaddrs with `/p2p/`. */
  readonly bootstrap: readonly string[]
  /** `local`: loopback and private addresses are fine. `public`: strangers' private addresses are refused. */
  readonly scope: 'local' | 'public'
  /** A block that the operator trusts: sync refuses a chain without it, and an empty chain begins with a snapshot below it. */
  readonly checkpoint: { readonly height: number; readonly hash: string } | null
  /** Every block from the first is fetched, whatever the checkpoint; false unless given. */
  readonly fullHistory?: boolean
  /** Gives the password of an encrypted verifier key. */
  readonly unlock?: Unlock
  /** How many of the newest blocks the node keeps, at least 1024; all of them unless given. */
  readonly keepBlocks?: number
  /** False: peers are not told whom this node is connected to. */
  readonly neighbours?: boolean
  readonly telemetry: Telemetry
  /** What connects it to its peers; libp2p as it is unless given. */
  readonly createNetwork?: typeof createLibp2pNetwork
  /** The machine's wall clock unless given. */
  readonly clock?: Clock
}
