import { formatCoins } from '../base/amounts.ts'
import { enoughStake } from '../consensus/quorum.ts'
import type { Network } from '../ports/network.ts'
import { CLOCK_TOLERANCE_SLOTS, DISCOVERY_CHECK_MS, MESH_PEERS, NO_PEERS_ALARM_MS, QUORUM_CHECK_MS, SHOWN_DIALS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { Seat } from './seat.ts'
import { sourceStanding } from './source-standing.ts'
import type { Sync } from './sync.ts'
import type { View } from './view.ts'

export interface WatchOptions {
  readonly chain: Chain
  readonly network: Pick<Network, 'peers' | 'dialAttempts'>
  readonly sync: Pick<Sync, 'hasPeers' | 'statusOf'>
  readonly view: Pick<View, 'alarm' | 'endAlarm' | 'connectedStake' | 'isFollowing' | 'noteDiscovery' | 'ratification'>
  readonly seat: Seat
  readonly hasBootstrap: boolean
  /** Why this verifier does not sign yet, as OwnSignatures has it. */
  readonly obstacle: () => string | null
}

/** Tells the operator what he should know of the node and its surroundings: peers found, none found, a clock that is off, another source. */
export class Watch {
  readonly #options: WatchOptions
  #discovery: NodeJS.Timeout | undefined
  #lonely: NodeJS.Timeout | undefined
  #quorum: NodeJS.Timeout | undefined
  /** It has reached a quorum before. */
  #wasFound = false
  /** It has had time to start. */
  #isStarted = false

  constructor(options: WatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#quorum = setInterval(() => this.#lookAtQuorum(), QUORUM_CHECK_MS)
    this.#discovery = setInterval(() => this.#lookForPeers(), DISCOVERY_CHECK_MS)
    this.#lonely = setTimeout(() => {
      this.#isStarted = true
      this.#complainOfNoPeers()
    }, NO_PEERS_ALARM_MS)
    this.checkSource()
  }
  stop(): void {
    clearInterval(this.#discovery)
    clearTimeout(this.#lonely)
    clearInterval(this.#quorum)
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
    if (Math.abs(median) <= chain.genesis.parameters.slotMs * CLOCK_TOLERANCE_SLOTS) return view.endAlarm('clock-off')
    const way = median < 0 ? 'ahead of' : 'behind'
    const detail = `this clock is ${Math.round(Math.abs(median))} ms ${way} those of ${offsets.length} peers; set it by NTP, or its candidates come too late`
    view.alarm('clock-off', detail)
  }

  /** Compares the source that this node was built from with the ratified one: at the start, and when one is ratified. */
  checkSource(): void {
    const { view } = this.#options
    const { state, text } = sourceStanding(view.ratification())
    if (state === 'not-ratified' || state === 'unknown') view.alarm('not-ratified', text)
  }

  #lookForPeers(): void {
    const { chain, network, view, seat } = this.#options
    const { members, totalStakeDroplets } = chain.quorum
    const self = seat.in(chain.quorum)
    const peers = network.peers()
    const others = members.length - (self === null ? 0 : 1)
    const meshed = peers.filter(({ mesh }) => mesh.length > 0).length
    if (meshed < Math.min(MESH_PEERS, others)) return
    if (self !== null && view.connectedStake() < enoughStake(totalStakeDroplets)) return
    view.noteDiscovery()
    this.#wasFound = true
    clearInterval(this.#discovery)
  }

  /** A verifier is connected to all others that run: it can tell why blocks have stopped. */
  #lookAtQuorum(): void {
    const { chain, network, sync, view, seat, obstacle } = this.#options
    if (network.peers().length > 0) view.endAlarm('no-peers')
    if (sync.hasPeers) view.endAlarm('no-chain-peers')
    if (view.isFollowing) for (const code of ['no-early-blocks', 'no-fast-start']) view.endAlarm(code)
    const waitsFor = this.#isStarted ? obstacle() : null
    if (waitsFor !== null) view.alarm('not-signing-yet', waitsFor)
    else view.endAlarm('not-signing-yet')
    const enough = enoughStake(chain.quorum.totalStakeDroplets)
    const reached = view.connectedStake()
    if (seat.in(chain.quorum) === null || !this.#wasFound || reached >= enough) return view.endAlarm('no-quorum')
    const [has, needs] = [reached, enough].map((droplets) => formatCoins(droplets))
    view.alarm(
      'no-quorum',
      `verifiers with ${has} coins of stake are in reach, ${needs} are needed: no block is signed until more of them are back`,
    )
  }

  #complainOfNoPeers(): void {
    const { network, view, sync, hasBootstrap } = this.#options
    const peers = network.peers().length
    if (peers > 0 && !sync.hasPeers)
      view.alarm(
        'no-chain-peers',
        `connected to ${peers} peers, none of which has this chain: compare genesis.json with theirs, and use --scope local on a private network`,
      )
    if (peers > 0 || !hasBootstrap) return
    const outcomes = new Map<string, string>()
    for (const { target, outcome } of network.dialAttempts()) {
      // The newest outcome of an address, and those that were tried last.
      outcomes.delete(target)
      outcomes.set(target, outcome)
    }
    const tried = [...outcomes].slice(-SHOWN_DIALS).map(([target, outcome]) => `${target}: ${outcome}`)
    view.alarm(
      'no-peers',
      `no peers after ${NO_PEERS_ALARM_MS / 1000} s; tried ${tried.join('; ') || 'nothing yet'}. Check that a bootstrap node runs at the address that this node was given, and the firewall between; ` +
        'on one machine or a private network start with --scope local. It goes on trying',
    )
  }
}
