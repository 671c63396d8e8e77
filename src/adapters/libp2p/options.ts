import type { Telemetry } from '../../ports/telemetry.ts'
import type { ConnectionLimits } from './limits.ts'
import type { Classify } from './prefixes.ts'

export type NetworkRole = 'bootstrap' | 'full' | 'verifier'

export interface Libp2pNetworkOptions {
  /** The `<chain>` of every protocol id: the chain's name and the first 8 hex digits of its genesis hash. */
  readonly chainName: string
  /** An Ed25519 key in any form `networkKeyFromBytes` reads. */
  readonly privateKey: Uint8Array
  /** Multiaddrs to listen on, `/ip4/0.0.0.0/tcp/4001`; port 0 takes a free one. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of the listening ones, for a node behind a forwarded port. */
  readonly announce?: readonly string[]
  /** Multiaddrs of bootstrap nodes, each with `/p2p/<peer id>`. Tried for ever. */
  readonly bootstrap: readonly string[]
  readonly role: NetworkRole
  /** `local`: one host or one private network, every address is allowed. `public`: strangers' private addresses are refused. */
  readonly scope: 'local' | 'public'
  /** Multiaddrs with `/p2p/` that worked before. */
  readonly rememberedPeers?: readonly string[]
  /** Called with at most 32 multiaddrs of peers that were reached, newest first, whenever the list has changed. */
  readonly onRememberPeers?: (addresses: readonly string[]) => void
  /** Connections, bootstrap nodes not counted, up to which the node dials by itself. */
  readonly targetPeers?: number
  readonly telemetry: Telemetry
  /** Other bounds than those of the scope and the role. */
  readonly limits?: Partial<ConnectionLimits>
  /** Whose address it is; by its digits unless given. */
  readonly classify?: Classify
}
