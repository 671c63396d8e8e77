import { enoughStake } from '../consensus/quorum.ts'
import type { Network } from '../ports/network.ts'
import { CLOCK_TOLERANCE_SLOTS, DISCOVERY_CHECK_MS, MESH_PEERS, NO_PEERS_ALARM_MS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { NodeOptions } from './options.ts'
import type { Sync } from './sync.ts'
import type { View } from './view.ts'

export interface WatchOptions {
  readonly role: NodeOptions['role']
  readonly chain: Chain
  readonly network: Network
  readonly sync: Sync
  readonly view: View
  readonly self: number | null
  readonly hasBootstrap: boolean
}

/** Tells the operator what he should know of the node's surroundings: peers found, none found, a clock that is off. */
export class Watch {
  readonly #options: WatchOptions
  #discovery: NodeJS.Timeout | undefined
  #lonely: NodeJS.Timeout | undefined

  constructor(options: WatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#discovery = setInterval(() => this.#lookForPeers(), DISCOVERY_CHECK_MS)
    this.#lonely = setTimeout(() => this.#complainOfNoPeers(), NO_PEERS_ALARM_MS)
  }
  stop(): void {
    clearInterval(this.#discovery)
    clearTimeout(this.#lonely)
  }

  /** Compares this clock with those of the peers: one of them may be wrong, most of them are not. */
  checkClock(): void {
    const { network, sync, chain, view } = this.#options
    const offsets: number[] = []
    for (const { peerId } of network.peers()) {
      const offsetMs = sync.statusOf(peerId)?.clockOffsetMs ?? null
      if (offsetMs !== null) offsets.push(offsetMs)
    }
    const median = offsets.toSorted((left, right) => left - right)[offsets.length >> 1] ?? 0
    if (Math.abs(median) <= chain.genesis.parameters.slotMs * CLOCK_TOLERANCE_SLOTS) return
    const way = median < 0 ? 'ahead of' : 'behind'
    const detail = `this clock is ${Math.round(Math.abs(median))} ms ${way} those of ${offsets.length} peers; set it by NTP, or its candidates come too late`
    view.alarm('clock-off', detail)
  }

  #lookForPeers(): void {
    const { role, chain, network, view, self } = this.#options
    const { members, totalStakeDroplets } = chain.quorum
    const peers = network.peers()
    if (role === 'bootstrap') {
      if (peers.length === 0) return
    } else {
      const others = members.length - (self === null ? 0 : 1)
      const meshed = peers.filter(({ mesh }) => mesh.length > 0).length
      if (meshed < Math.min(MESH_PEERS, others)) return
      if (self !== null && view.connectedStake() < enoughStake(totalStakeDroplets)) return
    }
    view.noteDiscovery()
    clearInterval(this.#discovery)
  }

  #complainOfNoPeers(): void {
    const { network, view, hasBootstrap } = this.#options
    if (network.peers().length > 0 || !hasBootstrap) return
    const tried = network
      .dialAttempts()
      .slice(-4)
      .map(({ target, outcome }) => `${target}: ${outcome}`)
    view.alarm('no-peers', `no peers after ${NO_PEERS_ALARM_MS / 1000} s; tried ${tried.join('; ') || 'nothing yet'}`)
  }
}
