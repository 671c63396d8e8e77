import type { BootstrapStatus, Diagnosis } from '../api/diagnosis-types.ts'
import type { LogLevels, SwarmGraph } from '../api/observe-types.ts'
import type { NodeEvent, NodeStatus, NodeView, PeerView } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Genesis } from '../wire/genesis.ts'
import { chainLabel } from '../wire/ids.ts'
import type { Hash } from '../wire/types.ts'
import { AGENT } from './agent.ts'
import type { ChainMark } from './chain-mark.ts'
import { commonParts } from './diagnosis.ts'
import type { Health } from './health.ts'
import { swarmGraph } from './swarm-graph.ts'

export interface BootstrapViewOptions {
  readonly mark: ChainMark
  readonly network: Network
  readonly telemetry: Telemetry
  readonly health: Health
}

/** A bootstrap node as its API shows it: itself and its peers. It has no ledger, and says so where one is asked for (`no-ledger`). */
export class BootstrapView implements NodeView {
  readonly chainId: Hash
  readonly recoveries = []
  readonly #options: BootstrapViewOptions
  readonly #startedAtMs = performance.timeOrigin
  readonly #listeners = new Set<(event: NodeEvent) => void>()
  #discoveryMs: number | null = null
  #before: Counts = { served: 0, refused: {} }
  #minute: Counts = { served: 0, refused: {} }

  constructor(options: BootstrapViewOptions) {
    this.#options = options
    this.chainId = options.mark.chainId
    options.network.onPeer(() => {
      this.#discoveryMs ??= Math.round(performance.now())
    })
  }

  get genesis(): Genesis {
    throw noLedger()
  }

  /** Call each minute: what was served and refused since is what the last minute was. */
  endMinute(): void {
    const { served, refused } = this.#counts()
    this.#minute = { served: served - this.#before.served, refused: difference(refused, this.#before.refused) }
    this.#before = { served, refused }
  }

  status(): NodeStatus {
    const { mark, network, telemetry } = this.#options
    const usage = process.cpuUsage()
    return {
      agent: AGENT,
      chain: chainLabel(mark.name, mark.chainId),
      chainId: mark.chainId,
      role: 'bootstrap',
      peerId: network.peerId,
      addresses: network.addresses(),
      startedAtMs: this.#startedAtMs,
      slotMs: mark.slotMs,
      slot: slotOf(mark),
      // Of the ledger it has genesis alone, and of that only the hash.
      ...{ height: 0, firstHeight: 1, head: mark.chainId, headSlot: 0, headFinalAtMs: null },
      sync: { state: 'none', targetHeight: 0, snapshot: null },
      ...{ verifier: null, fork: null, epoch: 0, election: null, nextElectionSlot: null },
      handover: { slot: 0, timeMs: mark.timeMs, slotsLeft: 0 },
      peers: network.peers().length,
      quorum: { verifiers: 0, stakeDroplets: 0, connectedStakeDroplets: 0, enoughDroplets: 0 },
      discoveryMs: this.#discoveryMs,
      pool: { transactions: 0, bytes: 0 },
      leader: null,
      alarms: [],
      process: { rssBytes: process.memoryUsage.rss(), cpuMs: Math.round((usage.user + usage.system) / 1000) },
      bootstrap: this.#bootstrap(),
      traffic: network.traffic(),
      counters: telemetry.counters(),
    }
  }

  peers(): readonly PeerView[] {
    return this.#options.network.peers().map(({ peerId, addresses, direction, score }) => ({
      ...{ peerId, addresses, direction, score, verifier: null, height: null, agent: null, clockOffsetMs: null },
    }))
  }

  swarm(): SwarmGraph {
    const { network } = this.#options
    return swarmGraph({
      self: { peerId: network.peerId, agent: AGENT, height: null },
      ...{ peers: this.peers(), connections: network.peers(), members: [], leaderIndex: null, told: new Map() },
    })
  }

  async diagnosis(): Promise<Diagnosis> {
    const { network, health } = this.#options
    const common = await commonParts(this.status(), this.peers(), network.report(), health)
    return { ...common, source: { running: null, ratified: null }, quorum: null, sync: null, bootstrap: this.#bootstrap() }
  }

  onEvent(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  logLevels(): LogLevels {
    return this.#options.telemetry.levels()
  }
  setLogLevels(levels: LogLevels): void {
    this.#options.telemetry.setLevels(levels)
  }

  // What it has not ------------------------------------------------------------------------------------------------------

  submit = (): Promise<never> => Promise.reject(noLedger())
  block = (): never => refuse()
  blocks = (): never => refuse()
  transaction = (): never => refuse()
  account = (): never => refuse()
  accountProof = (): never => refuse()
  verifiers = (): never => refuse()
  quorum = (): never => refuse()
  elections = (): Promise<never> => Promise.reject(noLedger())
  ratification = (): never => refuse()
  supply = (): never => refuse()
  evidence = (): never => refuse()
  evidenceOf = (): never => refuse()
  submitEvidence = (): Promise<never> => Promise.reject(noLedger())
  fork = (): null => null
  slots = (): never => refuse()
  history = (): Promise<never> => Promise.reject(noLedger())
  accountHistory = (): Promise<never> => Promise.reject(noLedger())
  storage = (): Promise<never> => Promise.reject(noLedger())
  backup = (): never => refuse()
  metrics = (): Promise<never> => Promise.reject(noLedger())

  #counts(): Counts {
    const { dht, refused } = this.#options.network.report()
    return { served: dht.served, refused }
  }

  #bootstrap(): BootstrapStatus {
    const { inbound, outbound, maxConnections, prefixes, prefixCount, dht, refused, otherChains } = this.#options.network.report()
    return {
      ...{ connections: inbound + outbound, maxConnections, prefixes, prefixCount, routingTable: dht.table, served: dht.served },
      servedPerMinute: this.#minute.served,
      refused,
      refusedPerMinute: this.#minute.refused,
      otherChains,
    }
  }
}

interface Counts {
  readonly served: number
  readonly refused: Readonly<Record<string, number>>
}

function difference(now: Counts['refused'], before: Counts['refused']): Counts['refused'] {
  const entries = Object.entries(now).map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const)
  return Object.fromEntries(entries.filter(([, count]) => count > 0))
}

function slotOf({ timeMs, slotMs }: ChainMark): number | null {
  const sinceMs = Date.now() - timeMs
  return sinceMs < 0 ? null : Math.floor(sinceMs / slotMs)
}

const noLedger = (): QuorateError =>
  new QuorateError(
    'no-ledger',
    'this is a bootstrap node: it helps others find each other and holds no chain; ask a full node or a verifier',
  )

function refuse(): never {
  throw noLedger()
}
