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
import type { Receipt } from '../ledger/receipt.ts'
import { blockTimeMs } from '../ledger/state.ts'
import type { Pool } from '../mempool/pool.ts'
import type { Network } from '../ports/network.ts'
import type { Store } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { encode } from '../wire/codec.ts'
import type { Genesis } from '../wire/genesis.ts'
import { blockHash, chainLabel, transactionId } from '../wire/ids.ts'
import { type Address, type Hash, type SignedBlock, signedBlock } from '../wire/types.ts'
import { AGENT } from './agent.ts'
import { writeBackup } from './backup.ts'
import { ALARM_QUIET_MS, MAX_ALARMS, RECENT_BLOCKS } from './bounds.ts'
import type { Chain } from './chain.ts'
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
import { ledgerEvents } from './views/elections.ts'
import { evidenceEvent, evidenceSummary, evidenceText, evidenceView, submitEvidence } from './views/evidence.ts'
import { forkSummary, forkView } from './views/fork.ts'
import { LedgerViews } from './views/ledger.ts'
import { accountProofView } from './views/proof.ts'
import { storageView } from './views/storage.ts'

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
  readonly #finalAt = new Map<number, number>()
  readonly #alarms: { atMs: number; code: string; detail: string }[] = []
  readonly #work = { proposed: 0, led: 0, made: 0, sealed: 0 }
  #sealedHeight = 0
  #discoveryMs: number | null = null

  constructor(options: ViewOptions) {
    this.#options = options
    this.#ledger = new LedgerViews(options.chain)
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
    const usage = process.cpuUsage()
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
      headFinalAtMs: this.#finalAt.get(head.height) ?? null,
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
      alarms: [...this.#alarms],
      process: { rssBytes: process.memoryUsage.rss(), cpuMs: Math.round((usage.user + usage.system) / 1000) },
      bootstrap: null,
      traffic: network.traffic(),
      counters: telemetry.counters(),
    }
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
    const { chain } = this.#options
    const height = typeof at === 'number' ? at : chain.heightOf(at)
    const block = height === undefined ? undefined : chain.block(height)
    return block === undefined ? undefined : this.#viewOf(block)
  }

  blocks(fromHeight: number, count: number): readonly BlockView[] {
    const views: BlockView[] = []
    for (let height = Math.max(1, fromHeight); views.length < count; height++) {
      const view = this.block(height)
      if (view === undefined) break
      views.push(view)
    }
    return views
  }

  transaction(id: Hash): TransactionView | undefined {
    const { chain, pool, transactions } = this.#options
    const place = chain.placeOf(id)
    if (place !== undefined) {
      const block = chain.block(place.height)
      const transaction = block?.transactions[place.index]
      if (block === undefined || transaction === undefined) return undefined
      return { state: 'final', transaction, height: place.height, block: blockHash(chain.chainId, block.header), index: place.index }
    }
    const waiting = pool.get(id)
    if (waiting !== undefined)
      return { state: 'pending', transaction: waiting.transaction, expirySlot: waiting.transaction.body.expirySlot }
    const code = transactions.droppedFor(id)
    return code === undefined ? undefined : { state: 'dropped', code }
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
  noteFinal(height: number, block: SignedBlock, hash: Hash, transactionIds: readonly Hash[], receipt: Receipt): void {
    const { chain, seat } = this.#options
    const finalAtMs = Date.now()
    this.#finalAt.set(height, finalAtMs)
    this.#finalAt.delete(height - RECENT_BLOCKS)
    const { header, seal } = block
    const quorum = chain.quorumAt(height)
    if (quorum !== undefined && header.maker === seat.in(quorum)) this.#work.made++
    this.emit({
      kind: 'block',
      height,
      hash,
      slot: header.slot,
      finalAtMs,
      makerIndex: header.maker,
      signers: seal.signers.length,
      transactionIds,
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
    this.#keepAlarm('evidence', evidenceText(event))
    this.emit(event)
  }
  alarm(code: string, detail: string): void {
    // The same alarm each slot is one alarm: its newest wording stays, and it is told again after a while without it.
    if (this.#keepAlarm(code, detail) < ALARM_QUIET_MS) return
    this.#options.telemetry.log('warn', code, { detail })
    this.emit({ kind: 'alarm', code, detail })
  }
  /** There is nothing to do about it any more. */
  endAlarm(code: string): void {
    const at = this.#alarms.findIndex((alarm) => alarm.code === code)
    if (at >= 0) this.#alarms.splice(at, 1)
  }
  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #syncState(): NodeStatus['sync']['state'] {
    const { role, chain, sync } = this.#options
    if (role === 'bootstrap') return 'none'
    if (!sync.hasPeers && this.connectedStake() < enoughStake(chain.quorum.totalStakeDroplets)) return 'waiting-for-peers'
    return sync.targetHeight > chain.head.height + 1 ? 'syncing' : 'following'
  }

  /** Ms since the last one of its kind. */
  #keepAlarm(code: string, detail: string): number {
    const atMs = Date.now()
    const before = this.#alarms.findIndex((alarm) => alarm.code === code)
    const last = before < 0 ? undefined : this.#alarms.splice(before, 1)[0]
    this.#alarms.push({ atMs, code, detail })
    if (this.#alarms.length > MAX_ALARMS) this.#alarms.shift()
    return last === undefined ? Number.POSITIVE_INFINITY : atMs - last.atMs
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

  #viewOf(block: SignedBlock): BlockView {
    const { chain } = this.#options
    const { header, seal } = block
    const quorum = chain.quorumAt(header.height)
    const addressAt = (index: number): Address => quorum?.members[index]?.id ?? ''
    return {
      hash: blockHash(chain.chainId, header),
      block,
      timeMs: blockTimeMs(chain.ledger, header.slot),
      makerAddress: addressAt(header.maker),
      signerAddresses: seal.signers.map(addressAt),
      transactionIds: block.transactions.map(transactionId),
      bytes: encode(signedBlock, block).length,
      finalAtMs: this.#finalAt.get(header.height) ?? null,
      receipt: chain.receipt(header.height) ?? null,
      timeline: this.#options.journal.timeline(header.height),
    }
  }
}
