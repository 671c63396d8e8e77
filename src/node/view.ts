import type { Diagnosis } from '../api/diagnosis-types.ts'
import type { EvidenceList, EvidenceResult, EvidenceView } from '../api/evidence-types.ts'
import type { ForkView } from '../api/fork-types.ts'
import type {
  AccountProofView,
  AccountView,
  ElectionsView,
  QuorumView,
  RatificationView,
  SupplyView,
  VerifiersView,
} from '../api/ledger-types.ts'
import type { AccountHistory, HistoryView, LogLevels, SlotView, StorageView, SwarmGraph } from '../api/observe-types.ts'
import type { BlockView, NodeEvent, NodeStatus, NodeView, PeerView, SubmitResult, TransactionView, VerifierStatus } from '../api/types.ts'
import type { Hex } from '../base/hex.ts'
import { lastSlot } from '../consensus/guard.ts'
import { enoughStake } from '../consensus/quorum.ts'
import type { Pool } from '../mempool/pool.ts'
import type { Network } from '../ports/network.ts'
import type { Store } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Genesis } from '../wire/genesis.ts'
import { chainLabel } from '../wire/ids.ts'
import type { Address, Hash } from '../wire/types.ts'
import { AGENT } from './agent.ts'
import { Alarms } from './alarms.ts'
import { writeBackup } from './backup.ts'
import { ALARM_QUIET_MS } from './bounds.ts'
import type { Chain, FinalBlock } from './chain.ts'
import { diagnosisOf } from './diagnosis.ts'
import type { DirectoryPaths } from './directory.ts'
import type { EvidencePool, HeldEvidence } from './evidence-pool.ts'
import type { Fork } from './fork-watch.ts'
import { Health } from './health.ts'
import type { Journal } from './journal.ts'
import { Metrics } from './metrics.ts'
import type { Neighbours } from './neighbours.ts'
import type { NodeOptions } from './options.ts'
import type { PublicRecords } from './public-records.ts'
import type { Runner } from './runner.ts'
import type { Seat } from './seat.ts'
import type { Slots } from './slots.ts'
import { runningSource } from './source-hash.ts'
import { swarmGraph } from './swarm-graph.ts'
import type { Sync } from './sync.ts'
import type { Transactions } from './transactions.ts'
import { accountHistory } from './views/account-history.ts'
import { BlockViews } from './views/blocks.ts'
import { ledgerEvents } from './views/elections.ts'
import { evidenceEvent, evidenceSummary, evidenceText, evidenceView, submitEvidence } from './views/evidence.ts'
import { forkSummary, forkView } from './views/fork.ts'
import { LedgerViews } from './views/ledger.ts'
import { accountProofView } from './views/proof.ts'
import { storageView } from './views/storage.ts'

/** How old the memory and the processor time in a status may be. */
const USAGE_MS = 200

export interface ViewOptions {
  readonly role: NodeOptions['role']
  readonly chain: Chain
  readonly store: Store
  readonly journal: Journal
  readonly pool: Pool
  readonly network: Network
  readonly slots: Slots
  readonly sync: Sync
  /** Null unless a snapshot is looked for or fetched. */
  readonly snapshotProgress: () => NodeStatus['sync']['snapshot']
  readonly runner: Runner
  readonly transactions: Transactions
  readonly telemetry: Telemetry
  readonly seat: Seat
  readonly evidence: EvidencePool
  readonly records: Pick<PublicRecords, 'report'>
  readonly neighbours: Pick<Neighbours, 'told'>
  /** The newest that is known. */
  readonly fork: () => Fork | null
  /** The node's own; `directory` for commands that its operator is told of. */
  readonly paths: Pick<DirectoryPaths, 'directory' | 'store'>
  /** Null for a node that keeps every block. */
  readonly keepBlocks: number | null
}

/** The node as its API shows it, and the numbers that only the API needs. */
export class View implements NodeView {
  readonly genesis: Genesis
  readonly chainId: Hash
  readonly #options: ViewOptions
  readonly #ledger: LedgerViews
  readonly #metrics: Metrics
  readonly #health: Health
  readonly #startedAtMs = performance.timeOrigin
  readonly #listeners = new Set<(event: NodeEvent) => void>()
  readonly #blocks: BlockViews
  readonly #alarms = new Alarms()
  readonly #work = { proposed: 0, led: 0, made: 0, sealed: 0 }
  #sealedHeight = 0
  #discoveryMs: number | null = null
  #usage: { readonly atMs: number; readonly value: NodeStatus['process'] } | null = null

  constructor(options: ViewOptions) {
    this.#options = options
    this.#ledger = new LedgerViews(options.chain)
    this.#blocks = new BlockViews(options)
    this.genesis = options.chain.genesis
    this.chainId = options.chain.chainId
    this.#metrics = new Metrics({ ...options, view: this })
    this.#health = new Health(options.paths.directory, options.paths.store)
  }

  get recoveries(): NodeView['recoveries'] {
    return this.#options.chain.ledger.globals.recoveries
  }
  status(): NodeStatus {
    const { role, chain, pool, network, slots, sync, snapshotProgress, runner, telemetry } = this.#options
    const { head, quorum } = chain
    const fork = this.#options.fork()
    const peers = network.peers()
    const leader = runner.leader()
    const leaderMember = leader === null ? undefined : quorum.members[leader.index]
    const { count, bytes } = pool.stats()
    return {
      agent: AGENT,
      chain: chainLabel(this.genesis.name, this.chainId),
      chainId: this.chainId,
      role,
      peerId: network.peerId,
      addresses: network.addresses(),
      startedAtMs: this.#startedAtMs,
      slotMs: this.genesis.parameters.slotMs,
      slot: slots.now(),
      height: head.height,
      firstHeight: chain.firstHeight,
      head: head.hash,
      headSlot: head.slot,
      headFinalAtMs: this.#blocks.finalAtMs(head.height),
      sync: { state: this.#syncState(), targetHeight: sync.targetHeight, snapshot: snapshotProgress() },
      verifier: this.#verifier(),
      fork: fork === null ? null : forkSummary(fork, chain, this.#options.paths.directory),
      ...this.#ledger.status(slots.now()),
      peers: peers.length,
      quorum: {
        verifiers: quorum.members.length,
        stakeDroplets: quorum.totalStakeDroplets,
        connectedStakeDroplets: this.connectedStake(),
        enoughDroplets: enoughStake(quorum.totalStakeDroplets),
      },
      discoveryMs: this.#discoveryMs,
      pool: { transactions: count, bytes },
      leader: leader === null || leaderMember === undefined ? null : { ...leader, address: leaderMember.id },
      alarms: this.#alarms.all,
      process: this.#processUsage(),
      bootstrap: null,
      traffic: network.traffic(),
      counters: telemetry.counters(),
    }
  }

  /** The system takes longer to say it than all the rest of a status takes: many who ask at once get one answer. */
  #processUsage(): NodeStatus['process'] {
    const nowMs = performance.now()
    if (this.#usage === null || nowMs - this.#usage.atMs > USAGE_MS) {
      const { user, system } = process.cpuUsage()
      this.#usage = { atMs: nowMs, value: { rssBytes: process.memoryUsage.rss(), cpuMs: Math.round((user + system) / 1000) } }
    }
    return this.#usage.value
  }

  peers(): readonly PeerView[] {
    const { network, chain, sync } = this.#options
    return network.peers().map((peer) => {
      const index = chain.quorum.members.findIndex((member) => member.peerId === peer.peerId)
      const known = sync.statusOf(peer.peerId)
      return {
        peerId: peer.peerId,
        addresses: peer.addresses,
        direction: peer.direction,
        score: peer.score,
        verifier: index < 0 ? null : { index, address: chain.quorum.members[index]?.id ?? '' },
        height: known?.status.height ?? null,
        agent: known?.status.agent ?? null,
        clockOffsetMs: known?.clockOffsetMs ?? null,
      }
    })
  }

  submit(transactions: readonly string[]): Promise<readonly SubmitResult[]> {
    return this.#options.transactions.submit(transactions)
  }

  block(at: number | Hash): BlockView | undefined {
    return this.#blocks.block(at)
  }
  blocks(fromHeight: number, count: number): readonly BlockView[] {
    return this.#blocks.blocks(fromHeight, count)
  }
  transaction(id: Hash): TransactionView | undefined {
    return this.#blocks.transaction(id)
  }
  slots(count: number): readonly SlotView[] {
    return this.#options.journal.slots(count)
  }
  history(from: number, to: number, points: number): Promise<HistoryView> {
    return this.#options.journal.history(from, to, points)
  }
  accountHistory(address: Address, before: string | null, count: number): Promise<AccountHistory> {
    return accountHistory(this.#options.chain, this.#options.store, { address, before, count })
  }
  storage(): Promise<StorageView> {
    const { chain, store, paths, keepBlocks } = this.#options
    return storageView(chain, store, paths.store, keepBlocks)
  }
  backup(): AsyncIterable<Uint8Array> {
    const { chain, store } = this.#options
    return writeBackup(store, { name: this.genesis.name, genesis: this.genesis, height: chain.head.height, createdMs: Date.now() })
  }
  metrics(): Promise<string> {
    return this.#metrics.text()
  }
  logLevels(): LogLevels {
    return this.#options.telemetry.levels()
  }
  setLogLevels(levels: LogLevels): void {
    this.#options.telemetry.setLevels(levels)
  }
  account(address: Address): AccountView {
    return this.#ledger.account(address, this.#options.pool.nextNonce(address))
  }
  accountProof(address: Address): AccountProofView | null {
    return accountProofView(this.#options.chain, address)
  }
  verifiers(from: number, count: number): VerifiersView {
    return this.#ledger.verifiers(from, count)
  }
  quorum(): QuorumView {
    return this.#ledger.quorum()
  }
  elections(): Promise<ElectionsView> {
    return this.#ledger.elections(this.#options.slots.now())
  }
  ratification(): RatificationView {
    return this.#ledger.ratification()
  }
  supply(): SupplyView {
    return this.#ledger.supply()
  }

  evidence(from: number, count: number): EvidenceList {
    const { chain, evidence } = this.#options
    const all = evidence.list()
    const some = all.slice(from, from + count).map((held) => evidenceSummary(chain, held))
    return { height: chain.head.height, total: all.length, evidence: some }
  }
  evidenceOf(id: Hash): EvidenceView | undefined {
    const { chain, evidence } = this.#options
    const held = evidence.get(id)
    const proof = held === undefined ? undefined : evidence.evidence(id)
    return held === undefined || proof === undefined ? undefined : evidenceView(chain, held, proof)
  }
  submitEvidence(bytes: Hex): Promise<EvidenceResult> {
    return submitEvidence(this.#options.evidence, this.#options.records, bytes)
  }
  fork(): ForkView | null {
    const fork = this.#options.fork()
    return fork === null ? null : forkView(fork, this.#options.chain, this.#options.paths.directory)
  }

  swarm(): SwarmGraph {
    const { chain, network, runner, neighbours } = this.#options
    return swarmGraph({
      self: { peerId: network.peerId, agent: AGENT, height: chain.head.height },
      peers: this.peers(),
      connections: network.peers(),
      members: chain.quorum.members,
      leaderIndex: runner.leader()?.index ?? null,
      told: neighbours.told(),
    })
  }
  diagnosis(): Promise<Diagnosis> {
    const { chain, network, seat } = this.#options
    const { ratified } = chain.ledger.globals
    return diagnosisOf({
      ...{ status: this.status(), peers: this.peers(), network, health: this.#health },
      quorum: chain.quorum,
      self: seat.in(chain.quorum),
      source: { running: runningSource(), ratified: ratified?.source ?? null },
    })
  }

  onEvent(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stake of the verifiers that this node is connected to, its own included. */
  connectedStake(): number {
    const { network, chain, seat } = this.#options
    const self = seat.in(chain.quorum)
    const connected = new Set(network.peers().map(({ peerId }) => peerId))
    let stake = 0
    for (const [index, { peerId, stakeDroplets }] of chain.quorum.members.entries())
      if (index === self || connected.has(peerId)) stake += stakeDroplets
    return stake
  }

  noteDiscovery(): void {
    this.#discoveryMs ??= Math.round(performance.now())
  }
  /** @param isImported sync brought it: it was final before, whoever made it */
  noteFinal(
    { ref: { height, hash }, block: { header, seal }, transactions, transition: { receipt } }: FinalBlock,
    isImported: boolean,
  ): void {
    const { chain, seat } = this.#options
    const finalAtMs = Date.now()
    const quorum = chain.quorumAt(height)
    if (!isImported && quorum !== undefined && header.maker === seat.in(quorum)) this.#work.made++
    this.emit({
      kind: 'block',
      height,
      hash,
      slot: header.slot,
      finalAtMs,
      makerIndex: header.maker,
      signers: seal.signers.length,
      transactionIds: transactions.map(({ id }) => id),
    })
    for (const event of ledgerEvents(chain.ledger, height, receipt, quorum, chain.quorumAt(height + 1))) this.emit(event)
  }
  noteProposed(): void {
    this.#work.proposed++
  }
  noteLead(): void {
    this.#work.led++
  }
  noteSealed(height: number): void {
    if (height === this.#sealedHeight) return
    this.#sealedHeight = height
    this.#work.sealed++
  }
  /** Somebody was proven guilty, or was punished for it: that is told at once, and stays among the alarms. */
  noteEvidence(held: HeldEvidence): void {
    const event = evidenceEvent(this.#options.chain, held)
    this.#alarms.keep('evidence', evidenceText(event))
    this.emit(event)
  }
  alarm(code: string, detail: string): void {
    // The same alarm each slot is one alarm: its newest wording stays, and it is told again after a while without it.
    if (this.#alarms.keep(code, detail) < ALARM_QUIET_MS) return
    this.#options.telemetry.log('warn', code, { detail })
    this.emit({ kind: 'alarm', code, detail })
  }
  /** There is nothing to do about it any more. */
  endAlarm(code: string): void {
    if (this.#alarms.end(code) !== undefined) this.#options.telemetry.log('info', 'node.alarm-ended', { code })
  }
  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** It is where its peers are. */
  get isFollowing(): boolean {
    return this.#syncState() === 'following'
  }
  #syncState(): NodeStatus['sync']['state'] {
    const { chain, sync, seat } = this.#options
    const { members, totalStakeDroplets } = chain.quorum
    const ownDroplets = members[seat.in(chain.quorum) ?? -1]?.stakeDroplets ?? 0
    // Where the chain is, others tell; only who can make it alone need not hear them. A connection tells nothing yet.
    if (!sync.hasPeers && ownDroplets < enoughStake(totalStakeDroplets)) return 'waiting-for-peers'
    return sync.targetHeight > chain.head.height + 1 ? 'syncing' : 'following'
  }

  #verifier(): VerifierStatus | null {
    const { chain, seat, slots, runner } = this.#options
    const { blsKey } = seat
    if (blsKey === null) return null
    const { silence, isForked, record } = runner.state
    const isBehindRecord = (lastSlot(record) ?? -1) > (slots.now() ?? -1)
    return {
      ...this.#ledger.verifier(blsKey, seat.in(chain.quorum)),
      silence: isForked ? 'forked' : (silence?.kind ?? (isBehindRecord ? 'clock-behind-record' : null)),
      ...this.#work,
    }
  }
}
