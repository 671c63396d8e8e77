import type { Diagnosis } from '../api/diagnosis-types.ts'
import type { NodeStatus, PeerView } from '../api/types.ts'
import type { Network, NetworkReport } from '../ports/network.ts'
import type { Quorum } from '../wire/quorum.ts'
import type { Health } from './health.ts'

/** What a node that holds the chain knows besides its status. */
export interface DiagnosisParts {
  readonly status: NodeStatus
  readonly peers: readonly PeerView[]
  readonly network: Pick<Network, 'report'>
  readonly health: Health
  readonly quorum: Quorum
  /** Its own place in the quorum; null if it has none. */
  readonly self: number | null
  readonly source: Diagnosis['source']
}

/** All that `quorate doctor` judges, of a node that holds the chain. */
export async function diagnosisOf({ status, peers, network, health, quorum, self, source }: DiagnosisParts): Promise<Diagnosis> {
  const report = network.report()
  const connected = new Set(peers.map(({ peerId }) => peerId))
  const { sync, quorum: stake } = status
  return {
    ...(await commonParts(status, peers, report, health)),
    source,
    quorum: {
      stakeDroplets: stake.stakeDroplets,
      connectedStakeDroplets: stake.connectedStakeDroplets,
      enoughDroplets: stake.enoughDroplets,
      members: quorum.members.map(({ id, peerId, stakeDroplets }, index) => ({
        ...{ index, address: id, peerId, stakeDroplets },
        state: index === self ? 'self' : connected.has(peerId) ? 'connected' : 'not-connected',
      })),
    },
    sync: {
      state: sync.state,
      height: status.height,
      targetHeight: sync.targetHeight,
      headAgeMs: Date.now() - Math.max(status.headFinalAtMs ?? 0, status.startedAtMs),
      silence: status.verifier?.state === 'elected' ? status.verifier.silence : null,
    },
    bootstrap: null,
  }
}

/** What any node can say. */
export async function commonParts(
  status: Pick<NodeStatus, 'startedAtMs' | 'agent' | 'role' | 'chain' | 'chainId' | 'slotMs' | 'slot'>,
  peers: readonly PeerView[],
  report: NetworkReport,
  health: Health,
): Promise<Omit<Diagnosis, 'source' | 'quorum' | 'sync' | 'bootstrap'>> {
  const { startedAtMs, agent, role, chain, chainId, slotMs, slot } = status
  const { scope, listening, announced, reachability, inbound, outbound, targetPeers, maxConnections, candidates, otherChains } = report
  const offsets = peers.flatMap(({ peerId, clockOffsetMs }) => (clockOffsetMs === null ? [] : [{ peerId, offsetMs: clockOffsetMs }]))
  const agents = new Map<string, number>()
  for (const peer of peers) if (peer.agent !== null) agents.set(peer.agent, (agents.get(peer.agent) ?? 0) + 1)
  return {
    ...{ atMs: Date.now(), startedAtMs, agent, role, chain, chainId, scope, slot },
    clock: { slotMs, offsets },
    addresses: { listening, announced },
    reachability,
    peers: {
      ...{ inbound, outbound, target: targetPeers, max: maxConnections, candidates, otherChains },
      bootstrap: report.bootstrap,
      agents: [...agents].map(([name, count]) => ({ agent: name, peers: count })),
    },
    dials: report.failures,
    topics: report.topics,
    eventLoop: health.eventLoop(),
    disk: await health.disk(),
    rssBytes: process.memoryUsage.rss(),
    refused: report.refused,
  }
}
