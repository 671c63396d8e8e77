import type { NetworkReport } from '../../ports/network.ts'
import { isPrivateAddress } from './address.ts'
import type { ConnectionBook } from './connections.ts'
import type { Defence } from './defence.ts'
import type { DialFailures } from './dial-failures.ts'
import type { Dialer } from './dialer.ts'
import { MAX_SHOWN_PREFIXES } from './limits.ts'
import type { Node } from './node.ts'
import type { Libp2pNetworkOptions } from './options.ts'

const DEFAULT_TARGET_PEERS = { local: 8, public: 16 }

/** Connections for which a node dials by itself. */
export const targetPeersOf = ({ role, scope, targetPeers }: Libp2pNetworkOptions): number =>
  role === 'bootstrap' ? 0 : (targetPeers ?? DEFAULT_TARGET_PEERS[scope])

interface ReportParts {
  readonly connections: ConnectionBook
  readonly defence: Defence
  readonly dialer: Dialer
  readonly failures: DialFailures
  readonly otherChains: number
  readonly topics: NetworkReport['topics']
  readonly isStarted: boolean
}

/** There at run time, but not in the public type of libp2p. */
interface NodeInternals {
  readonly components: { readonly transportManager: { getAddrs(): readonly unknown[] } }
}
/** What AutoNAT has found by address; there at run time, but not in its public type. */
interface DialResults {
  readonly dialResults: ReadonlyMap<string, { readonly success: number; readonly failure: number }>
}

export function networkReport(node: Node, options: Libp2pNetworkOptions, parts: ReportParts): NetworkReport {
  const { connections, defence, dialer, failures, otherChains, topics, isStarted } = parts
  const open = [...connections.peers()].flatMap(([, some]) => some)
  const inbound = open.filter(({ direction }) => direction === 'inbound')
  return {
    scope: options.scope,
    listening: isStarted ? (node as Node & NodeInternals).components.transportManager.getAddrs().map(String) : [],
    announced: isStarted ? node.getMultiaddrs().map(String) : [],
    reachability: { ...dialledBack(node), inboundPublic: inbound.filter(({ remoteAddr }) => !isPrivateAddress(remoteAddr)).length },
    inbound: inbound.length,
    outbound: open.length - inbound.length,
    maxConnections: defence.limits.maxConnections,
    targetPeers: targetPeersOf(options),
    candidates: dialer.candidateCount,
    otherChains,
    bootstrap: dialer.bootstrap(),
    failures: failures.list(),
    topics,
    dht: {
      isServer: node.services.dht.getMode() === 'server',
      table: node.services.dht.routingTable.size,
      served: defence.served,
    },
    prefixes: defence.admission.prefixes(MAX_SHOWN_PREFIXES),
    prefixCount: defence.admission.prefixCount,
    refused: defence.refused(),
  }
}

function dialledBack(node: Node): { readonly confirmed: number; readonly failed: number } {
  const { autoNat } = node.services
  const results = hasResults(autoNat) ? [...autoNat.dialResults.values()] : []
  return {
    confirmed: Math.max(0, ...results.map(({ success }) => success)),
    failed: Math.max(0, ...results.map(({ failure }) => failure)),
  }
}

const hasResults = (service: unknown): service is DialResults =>
  typeof service === 'object' && service !== null && 'dialResults' in service && service.dialResults instanceof Map
