import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { SlotView } from '../api/observe-types.ts'
import type { NodeEvent, NodeStatus, NodeView } from '../api/types.ts'
import type { Network, PeerInfo } from '../ports/network.ts'
import type { EvidencePool } from './evidence-pool.ts'

export interface MetricsOptions {
  readonly view: Pick<NodeView, 'status' | 'storage' | 'onEvent'>
  readonly evidence: Pick<EvidencePool, 'list'>
  readonly network: Pick<Network, 'peers'>
}

/** Around the phases of a slot: from what one machine needs to several slots. */
const PHASE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10]
/** The sizes of the store are asked of the file system: at most so often. */
const STORAGE_AGE_MS = 10_000
const TOPICS = ['transactions', 'candidates', 'blocks', 'evidence'] as const

/**
 * The node's numbers as Prometheus reads them. What the node counts anyway is read when somebody asks; only what happens in between, slots
 * and the time of their phases, is counted as it happens. `docs/monitoring.md` says what each is for.
 */
export class Metrics {
  readonly #options: MetricsOptions
  readonly #registry = new Registry()
  readonly #unsubscribe: () => void
  readonly #slots: Counter<'outcome'>
  readonly #phases: Histogram<'phase'>
  #hasDefaults = false
  #storage: { readonly atMs: number; readonly answer: ReturnType<NodeView['storage']> } | null = null

  constructor(options: MetricsOptions) {
    this.#options = options
    const registers = [this.#registry]
    this.#slots = new Counter({
      ...named('slots_total', 'Slots that ended, by what came of them here'),
      labelNames: ['outcome'],
      registers,
    })
    this.#phases = new Histogram({
      ...named('phase_seconds', 'From the start of the slot until a phase of its block was over, as this node saw it'),
      ...{ labelNames: ['phase'], buckets: PHASE_SECONDS, registers },
    })
    this.#describe()
    this.#unsubscribe = options.view.onEvent((event) => this.#note(event))
  }

  /** In the text format of Prometheus. */
  async text(): Promise<string> {
    // Of the process: from the first time that somebody asks, since a program may run several nodes.
    if (!this.#hasDefaults) collectDefaultMetrics({ register: this.#registry })
    this.#hasDefaults = true
    return await this.#registry.metrics()
  }
  stop(): void {
    this.#unsubscribe()
    this.#registry.clear()
  }

  #note(event: NodeEvent): void {
    if (event.kind !== 'slot') return
    this.#slots.inc({ outcome: event.outcome })
    if (event.timeline !== null) this.#observe(event.timeline)
  }
  #observe({ candidateMs, votedMs, lockedMs, finalMs }: NonNullable<SlotView['timeline']>): void {
    for (const [phase, ms] of Object.entries({ candidate: candidateMs, vote: votedMs, lock: lockedMs, final: finalMs }))
      if (ms !== null) this.#phases.observe({ phase }, ms / 1000)
  }

  #describe(): void {
    const { view } = this.#options
    const status = (): NodeStatus => view.status()
    this.#gauge('info', 'Version, chain and role of this node', ['version', 'chain', 'role'], () => {
      const { agent, chain, role } = status()
      return [[{ version: agent, chain, role }, 1]]
    })
    this.#number('height', 'Height of the newest final block', () => status().height)
    this.#number('first_height', 'Height of the oldest block that is here', () => status().firstHeight)
    this.#number('slot', 'The slot of the clock', () => status().slot ?? 0)
    this.#number('head_slot', 'The slot of the newest final block', () => status().headSlot)
    this.#number('head_age_seconds', 'Since the newest block became final here', () => {
      const { headFinalAtMs } = status()
      return headFinalAtMs === null ? Number.NaN : (Date.now() - headFinalAtMs) / 1000
    })
    this.#number('epoch', 'Handovers of the quorum so far', () => status().epoch)
    this.#number('election_open', '1 while an election is open', () => (status().election === null ? 0 : 1))
    this.#number('forked', '1 while a fork halts this node', () => (status().fork === null ? 0 : 1))
    this.#gauge('sync_state', '1 for the state in which this node is', ['state'], () => {
      const { state } = status().sync
      return (['none', 'waiting-for-peers', 'syncing', 'following'] as const).map((name) => [{ state: name }, name === state ? 1 : 0])
    })
    this.#number('sync_target_height', 'The highest block that peers have told of', () => status().sync.targetHeight)
    this.#describePeers()
    this.#describeVerifier(status)
    this.#number('pool_transactions', 'Transactions that wait', () => status().pool.transactions)
    this.#number('pool_bytes', 'Their bytes', () => status().pool.bytes)
    this.#gauge('evidence', 'Proven offences that this node holds', ['state'], () => {
      const all = this.#options.evidence.list()
      const punished = all.filter(({ punishedAt }) => punishedAt !== null).length
      return [
        [{ state: 'punished' }, punished],
        [{ state: 'unpunished' }, all.length - punished],
      ]
    })
    this.#gauge('alarms', '1 for each alarm that the status shows', ['code'], () => status().alarms.map(({ code }) => [{ code }, 1]))
    this.#describeCounters(status)
    this.#describeStorage()
  }

  #describePeers(): void {
    const peers = (): readonly PeerInfo[] => this.#options.network.peers()
    this.#gauge('peers', 'Connected peers, by who dialled', ['direction'], () =>
      (['inbound', 'outbound'] as const).map((direction) => [{ direction }, peers().filter((peer) => peer.direction === direction).length]),
    )
    this.#gauge('mesh_peers', 'Peers in the mesh of a topic', ['topic'], () =>
      TOPICS.map((topic) => [{ topic }, peers().filter(({ mesh }) => mesh.includes(topic)).length]),
    )
    this.#gauge('peer_score', 'Scores of the connected peers in gossip', ['stat'], () => {
      const scores = peers()
        .map(({ score }) => score)
        .sort((left, right) => left - right)
      const at = (part: number): number => scores[Math.min(scores.length - 1, Math.floor(part * scores.length))] ?? Number.NaN
      return [
        [{ stat: 'min' }, at(0)],
        [{ stat: 'median' }, at(0.5)],
        [{ stat: 'max' }, at(1)],
      ]
    })
  }

  #describeVerifier(status: () => NodeStatus): void {
    this.#number('quorum_verifiers', 'Members of the quorum', () => status().quorum.verifiers)
    this.#number('quorum_stake_droplets', 'Their stake', () => status().quorum.stakeDroplets)
    this.#number(
      'quorum_connected_droplets',
      'Stake of those that are connected, this node included',
      () => status().quorum.connectedStakeDroplets,
    )
    this.#number('quorum_enough_droplets', 'Stake that makes a block final', () => status().quorum.enoughDroplets)
    this.#number('verifier_elected', '1 if the key of this node is in the quorum', () => (status().verifier?.state === 'elected' ? 1 : 0))
    this.#number('verifier_silent', '1 if it signs nothing although it is elected', () => {
      const { verifier } = status()
      return verifier?.state === 'elected' && verifier.silence !== null ? 1 : 0
    })
    this.#number('verifier_weight_droplets', 'Its weight in the quorum', () => status().verifier?.weightDroplets ?? 0)
    this.#total('candidates_proposed_total', 'Candidates that this node made', () => status().verifier?.proposed ?? 0)
    this.#total('slots_led_total', 'Slots that this node led', () => status().verifier?.led ?? 0)
    this.#total('blocks_made_total', 'Slots that this node won: blocks of its own that became final', () => status().verifier?.made ?? 0)
    this.#total('slots_missed_total', 'Slots that this node led without a block of its own', () => {
      const { led = 0, made = 0 } = status().verifier ?? {}
      return Math.max(0, led - made)
    })
    this.#total('seals_given_total', 'Blocks that this node sealed', () => status().verifier?.sealed ?? 0)
  }

  #describeCounters(status: () => NodeStatus): void {
    const counted = (prefix: string): readonly (readonly [name: string, value: number])[] =>
      Object.entries(status().counters).flatMap(([name, value]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
      )
    this.#totals('refusals_total', 'Refusals that this node met as a leader', ['reason'], () =>
      counted('refused.').map(([reason, value]) => [{ reason }, value]),
    )
    this.#totals('unanswered_total', 'Requests for signatures that got no answer', ['reason'], () =>
      counted('sign.unanswered.').map(([reason, value]) => [{ reason }, value]),
    )
    this.#totals('gossip_messages_total', 'Verdicts on what came by gossip', ['topic', 'verdict', 'code'], () =>
      TOPICS.flatMap((topic) =>
        counted(`${topic}.`).map(([name, value]) => {
          const [verdict = '', code = ''] = name.split('.', 2)
          return [{ topic, verdict, code }, value] as const
        }),
      ),
    )
    this.#totals('submissions_total', 'Transactions handed to the API', ['result'], () =>
      counted('submit.').map(([result, value]) => [{ result }, value]),
    )
    this.#totals('sync_failures_total', 'Requests of sync that failed', ['reason'], () =>
      counted('sync.').map(([reason, value]) => [{ reason }, value]),
    )
    this.#totals('peer_offences_total', 'What peers did wrong on streams', ['code'], () =>
      counted('network.offence.').map(([code, value]) => [{ code }, value]),
    )
    this.#totals('traffic_bytes_total', 'Bytes over all connections', ['direction'], () => {
      const { bytesIn, bytesOut } = status().traffic
      return [
        [{ direction: 'in' }, bytesIn],
        [{ direction: 'out' }, bytesOut],
      ]
    })
  }

  #describeStorage(): void {
    this.#gauge('store_bytes', 'Bytes of the store, by what they hold', ['kind'], async () => {
      const { total: _, ...kinds } = (await this.#sizes()).bytes
      return Object.entries(kinds).map(([kind, bytes]) => [{ kind }, bytes])
    })
    this.#gauge('disk_free_bytes', 'Room on the disk of the store', [], async () => [[{}, (await this.#sizes()).freeBytes]])
  }

  #sizes(): ReturnType<NodeView['storage']> {
    if (this.#storage === null || Date.now() - this.#storage.atMs > STORAGE_AGE_MS)
      this.#storage = { atMs: Date.now(), answer: this.#options.view.storage() }
    return this.#storage.answer
  }

  #number(name: string, help: string, value: () => number): void {
    this.#gauge(name, help, [], () => [[{}, value()]])
  }
  #total(name: string, help: string, value: () => number): void {
    this.#totals(name, help, [], () => [[{}, value()]])
  }

  #gauge(name: string, help: string, labelNames: readonly string[], collect: () => Values | Promise<Values>): void {
    new Gauge({
      ...named(name, help),
      labelNames: [...labelNames],
      registers: [this.#registry],
      async collect() {
        this.reset()
        for (const [labels, value] of await collect()) this.set(labels, value)
      },
    })
  }
  /** Of what the node counts itself. */
  #totals(name: string, help: string, labelNames: readonly string[], collect: () => Values): void {
    new Counter({
      ...named(name, help),
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [labels, value] of collect()) this.inc(labels, value)
      },
    })
  }
}

type Values = readonly (readonly [labels: Record<string, string>, value: number])[]

const named = (name: string, help: string) => ({ name: `quorate_${name}`, help })
