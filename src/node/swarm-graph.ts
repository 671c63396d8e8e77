import type { SwarmGraph } from '../api/observe-types.ts'
import type { PeerView } from '../api/types.ts'
import type { PeerInfo } from '../ports/network.ts'
import { MAX_SWARM_LINKS, MAX_SWARM_NODES } from './bounds.ts'

export interface SwarmParts {
  readonly self: { readonly peerId: string; readonly agent: string; readonly height: number | null }
  readonly peers: readonly PeerView[]
  readonly connections: readonly Pick<PeerInfo, 'peerId' | 'mesh'>[]
  /** Members of the quorum by place: the peer id and address of each. */
  readonly members: readonly { readonly peerId: string; readonly id: string }[]
  readonly leaderIndex: number | null
  /** What connected peers said of whom they are connected to. */
  readonly told: ReadonlyMap<string, readonly { readonly peerId: string; readonly mesh: readonly string[] }[]>
}

/** Who is connected to whom: the own connections, and those that peers told of. Each link once, with the topics that either end has in its mesh. */
export function swarmGraph({ self, peers, connections, members, leaderIndex, told }: SwarmParts): SwarmGraph {
  const places = new Map(members.map(({ peerId, id }, index) => [peerId, { index, address: id }]))
  const views = new Map(peers.map((peer) => [peer.peerId, peer]))
  const nodes = new Map<string, SwarmGraph['nodes'][number]>()
  const links = new Map<string, { from: string; to: string; mesh: Set<string> }>()

  /** False if there are too many. */
  const enter = (peerId: string): boolean => {
    if (nodes.has(peerId)) return true
    if (nodes.size >= MAX_SWARM_NODES) return false
    const isSelf = peerId === self.peerId
    const view = views.get(peerId)
    const verifier = places.get(peerId) ?? null
    nodes.set(peerId, {
      ...{ peerId, isSelf, isConnected: view !== undefined, verifier },
      agent: isSelf ? self.agent : (view?.agent ?? null),
      height: isSelf ? self.height : (view?.height ?? null),
      isLeader: verifier !== null && verifier.index === leaderIndex,
    })
    return true
  }
  const link = (one: string, other: string, mesh: readonly string[]): void => {
    if (one === other || !enter(one) || !enter(other)) return
    const [from, to] = one < other ? [one, other] : [other, one]
    const key = `${from} ${to}`
    const known = links.get(key)
    if (known === undefined && links.size >= MAX_SWARM_LINKS) return
    const merged = known ?? { from, to, mesh: new Set<string>() }
    for (const topic of mesh) merged.mesh.add(topic)
    links.set(key, merged)
  }

  enter(self.peerId)
  // The own ones first: they are known, the others are said.
  for (const { peerId, mesh } of connections) link(self.peerId, peerId, mesh)
  for (const [peerId, neighbours] of told) for (const neighbour of neighbours) link(peerId, neighbour.peerId, neighbour.mesh)
  return { nodes: [...nodes.values()], links: [...links.values()].map(({ from, to, mesh }) => ({ from, to, mesh: [...mesh].sort() })) }
}
