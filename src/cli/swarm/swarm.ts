import { rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeStatus } from '../../api/types.ts'
import { seededWallets } from '../../node/seeded-wallets.ts'
import { openWallet, type Wallet } from '../../node/wallet.ts'
import { addressOf } from '../../wire/ids.ts'
import type { Address } from '../../wire/types.ts'
import { adversaryNames, adversaryProgram } from './adversaries.ts'
import { type ChainComparison, compareChains } from './chains.ts'
import { chainReport, closingOf } from './closing.ts'
import { EvidenceBook } from './evidence.ts'
import { FinalityTracker, type SeenBlock } from './finality.ts'
import type { SlotRange } from './history.ts'
import { addPlace, type Layout, layOut, makeRoot, type NodePlace } from './layout.ts'
import { Load } from './load.ts'
import { Member, type Usage } from './member.ts'
import type { ElectionEvent, NodeClient, SettledEvent, StreamLine } from './node-client.ts'
import { type Exit, logExcerpt } from './node-process.ts'
import { Alarms, electionNote, type SeenAlarm } from './notes.ts'
import type { SwarmOptions } from './options.ts'
import { type Crash, machine, percentiles, rejectedInAll, type SwarmReport } from './report.ts'
import { Sender } from './sender.ts'
import { Histogram, percentileOf, Rate } from './statistics.ts'
import { Voters } from './voters.ts'

export interface SwarmSetup extends SwarmOptions {
  /** What Node is started with to get the program, such as `['dist/quorate.js']`. */
  readonly program: readonly string[]
  /** Hears what happens, in single lines. */
  readonly note: (text: string) => void
  /** Accounts that nobody uses, to make the state larger; none unless given. */
  readonly ballast?: number
}

/** From the laying out of the directories to slot 0: the first node is up by then. */
const GENESIS_LEAD_MS = 1_000
const POLL_MS = 1_000
/** While the swarm is finding itself and people are waiting. */
const START_POLL_MS = 200
/** A node this near to the newest height has caught up. */
const CAUGHT_UP_BLOCKS = 2
/** Transfers under way at a time: what the rate gives in this time, so that slow finality does not thin out the load. */
const ACCOUNT_SECONDS = 8
const MIN_ACCOUNTS = 50
const MAX_ACCOUNTS = 20_000
const RECENT_BLOCKS = 120
const RATE_WINDOW_MS = 10_000

/** Separate processes on this machine that form a network, the load on them, and what they do. */
export class Swarm {
  readonly options: SwarmSetup
  readonly layout: Layout
  readonly members: Member[] = []
  readonly tracker: FinalityTracker
  readonly load: Load
  readonly voters: Voters
  readonly evidence: EvidenceBook
  readonly recentBlocks: SeenBlock[] = []
  readonly crashed: Crash[] = []
  /** Elections that nodes told of since they were followed, by number. */
  readonly settled = new Map<number, SettledEvent>()
  readonly committedRate = new Rate(RATE_WINDOW_MS)
  readonly startedAtMs = performance.now()
  readonly #rssMb = new Histogram()
  readonly #temporary: boolean
  readonly #alarms: Alarms
  readonly #names: Map<Address, string>
  #polling = true
  #bootstrap: readonly string[] = []
  #loadStartedAtMs: number | null = null
  #loadEndedAtMs: number | null = null
  #lastFinalAtMs: number | null = null
  #usageBefore: Usage = { cpuMs: 0, bytesOut: 0 }

  private constructor(options: SwarmSetup, layout: Layout, load: Load, temporary: boolean) {
    this.options = options
    this.layout = layout
    this.load = load
    const { holders, genesis, chainId } = layout
    const { seed, note } = options
    this.voters = new Voters({ holders, genesis, chainId, seed, note, targets: () => this.#targets })
    this.#names = new Map(layout.names)
    this.#temporary = temporary
    this.#alarms = new Alarms(note)
    this.evidence = new EvidenceBook({
      adversaries: adversaryNames(options.adversaries ?? [], options.verifiers),
      ...{ slotMs: options.slotMs, note, nowMs: () => Date.now() },
      nameOf: (address) => this.nameOf(address),
      honest: () => this.up.map(({ name }) => name),
    })
    this.tracker = new FinalityTracker(
      (block) => this.#onSeen(block),
      (block, atMs) => this.#onFinalEverywhere(block, atMs),
    )
    for (const place of layout.places) this.#join(place)
  }

  /** Makes directories, keys, genesis and funded accounts; nothing runs yet. Rejects with QuorateError. */
  static async create(options: SwarmSetup): Promise<Swarm> {
    const { nodes, verifiers, slotMs, seats, epochSlots, load: perSecond, seed, keep } = options
    const root = await makeRoot(keep)
    const count = perSecond === 0 ? 1 : Math.min(MAX_ACCOUNTS, Math.max(MIN_ACCOUNTS, perSecond * ACCOUNT_SECONDS))
    const wallets = seededWallets(seed, count)
    const ballast = Array.from({ length: options.ballast ?? 0 }, (_, index) => addressOf(index.toString(16).padStart(64, '0')))
    const accounts = [...wallets.map(({ address }) => address), ...ballast]
    const size = { root, verifiers, fullNodes: nodes - 1 - verifiers, slotMs, seats, epochSlots, accounts, leadMs: GENESIS_LEAD_MS }
    const layout = await layOut(size).catch((error: unknown) => {
      if (keep === null) rmSync(root, { recursive: true, force: true })
      throw error
    })
    const { genesis, chainId } = layout
    const load = new Load({ perSecond, seed, genesis, chainId, wallets, targets: () => swarm.#targets })
    const swarm: Swarm = new Swarm(options, layout, load, keep === null)
    return swarm
  }

  /** Nodes that hold the chain. */
  get chainMembers(): readonly Member[] {
    return this.members.filter(({ place }) => place.role !== 'bootstrap')
  }
  get verifiers(): readonly Member[] {
    return this.members.filter(({ place }) => place.role === 'verifier')
  }
  /** Honest nodes that hold the chain and answer. */
  get up(): readonly Member[] {
    return this.chainMembers.filter(({ state, behaviour }) => state === 'up' && behaviour === null)
  }
  /** Those of them that have caught up. */
  get #targets(): readonly Member[] {
    return this.up.filter(({ name }) => this.tracker.watches(name))
  }
  get alarms(): readonly SeenAlarm[] {
    return this.#alarms.seen
  }
  /** Of a verifier by the address of its account. */
  nameOf(address: Address): string {
    return this.#names.get(address) ?? address
  }
  get loadStartedAtMs(): number | null {
    return this.#loadStartedAtMs
  }
  get slot(): number {
    return Math.floor((Date.now() - this.layout.genesis.timeMs) / this.options.slotMs)
  }

  /** Starts the bootstrap node, then all others at once. Rejects with QuorateError `node-failed`. */
  async start(): Promise<void> {
    void this.#poll()
    for (const member of this.members) if (member.place.role === 'bootstrap') await this.startMember(member)
    await Promise.all(this.chainMembers.map((member) => this.startMember(member)))
  }

  /** Starts a node, or starts it again. Rejects with QuorateError `node-failed`. */
  async startMember(member: Member): Promise<void> {
    const { directory, role } = member.place
    const { program } = this.options
    const bootstrap = role === 'bootstrap' ? [] : this.#bootstrap.flatMap((address) => ['--bootstrap', address])
    const addresses = ['--listen', '/ip4/127.0.0.1/tcp/0', '--api', '127.0.0.1:0', '--scope', 'local']
    const flags = ['--dir', directory, '--role', role, ...addresses, ...bootstrap, '--parent-watch']
    await (member.behaviour === null
      ? member.start(program, ['start', ...flags])
      : member.start([...program.slice(0, -1), adversaryProgram()], [member.behaviour, ...flags]))
    if (role !== 'bootstrap') return
    this.#bootstrap = member.status?.addresses ?? []
    await writeFile(join(this.layout.root, 'bootstrap.json'), `${JSON.stringify({ peers: this.#bootstrap }, undefined, 2)}\n`)
  }

  /** One more full node with an empty directory; started by `startMember`. */
  async addFullNode(name: string): Promise<Member> {
    return this.#join(await addPlace(this.layout, name, 'full'))
  }
  /** One more node with a verifier key that nobody has registered; started by `startMember`. */
  async addVerifier(name: string): Promise<{ readonly member: Member; readonly wallet: Wallet }> {
    const place = await addPlace(this.layout, name, 'verifier')
    const wallet = await openWallet(join(place.directory, 'account.key'))
    this.#names.set(wallet.address, name)
    return { member: this.#join(place), wallet }
  }
  /** Makes transactions of an account. */
  sender(wallet: Wallet): Sender {
    const { genesis, chainId } = this.layout
    return new Sender({ wallet, genesis, chainId, targets: () => this.#targets })
  }

  /** Resolves when every node has found what it needs; false at the deadline. */
  connected(deadlineMs: number, signal?: AbortSignal): Promise<boolean> {
    const isConnected = ({ state, status, behaviour }: Member): boolean =>
      behaviour !== null || (state === 'up' && status !== null && status.discoveryMs !== null)
    return this.until(() => this.chainMembers.every(isConnected), deadlineMs, signal)
  }

  /** Resolves when the condition holds; false at the deadline or when told to give up. */
  async until(condition: () => boolean | Promise<boolean>, deadlineMs: number, signal?: AbortSignal): Promise<boolean> {
    const end = performance.now() + deadlineMs
    while (!(await condition())) {
      if (performance.now() >= end || signal?.aborted === true) return false
      await sleep(START_POLL_MS / 4)
    }
    return true
  }

  async startLoad(): Promise<void> {
    await this.refresh()
    this.#usageBefore = this.#usage()
    this.#loadStartedAtMs = Date.now()
    this.load.start()
  }

  /** Ends the load and the voting, and waits until everything submitted is final at every node or refused; at most until the deadline. */
  async drain(deadlineMs: number, signal?: AbortSignal): Promise<void> {
    this.load.pause()
    this.voters.end()
    this.#loadEndedAtMs ??= Date.now()
    const isEven = (): boolean =>
      this.load.counts.waiting === 0 && this.voters.isIdle && this.up.every(({ height }) => height >= this.tracker.height - 1)
    if (!(await this.until(isEven, deadlineMs, signal)) && signal?.aborted !== true) {
      // Twice: the first time round it may still be told by the nodes themselves.
      await this.load.settle()
      await this.load.settle()
    }
  }

  /** Compares the chains of all nodes that are up. */
  compare(): Promise<ChainComparison> {
    return compareChains(this.#clients)
  }

  /** Looks at all chains once more, ends all nodes, and says what happened. */
  async finish(): Promise<SwarmReport> {
    await this.refresh()
    const usage = this.#usage()
    const heights = this.up.map(({ height }) => height)
    const comparedNodes = this.up.length
    // Who joined later may have begun with a later block.
    const oldest = this.up.find(({ place }) => this.layout.places.includes(place))?.client ?? undefined
    const closing = await closingOf(this.#clients, oldest, this.layout.genesis, this.tracker.hashes)
    const { comparison } = closing
    const evidence = this.evidence.report()
    await this.stop()
    const { nodes, verifiers, slotMs, seats, epochSlots, seed, load } = this.options
    const counts = this.load.counts
    const { committed } = counts
    const from = this.#loadStartedAtMs ?? Date.now()
    const spanMs = (this.#lastFinalAtMs ?? from) - from
    const discovery = this.members.flatMap(({ discoveryMs, place }) =>
      discoveryMs === null || place.role === 'bootstrap' ? [] : discoveryMs,
    )
    const perCommitted = (amount: number): number | null => (committed === 0 ? null : round(amount / committed))
    return {
      ...{ nodes, verifiers, slotMs },
      durationS: round(((this.#loadEndedAtMs ?? Date.now()) - from) / 1000),
      ...{ seats, epochSlots, load, seed, submitted: counts.submitted, committed },
      rejected: rejectedInAll(counts),
      rejectedBy: counts.rejected,
      lost: counts.waiting,
      resubmitted: counts.resubmitted,
      heldBack: counts.heldBack,
      tps: spanMs <= 0 ? 0 : round((committed * 1000) / spanMs),
      finalityMs: percentiles(this.load.finalityMs),
      heights: { min: heights.length === 0 ? 0 : Math.min(...heights), max: Math.max(0, ...heights) },
      blocks: comparison?.height ?? this.tracker.height,
      ...chainReport(closing, this.voters.votes, this.#names, this.#loadSlots),
      conflicts: new Set([...this.tracker.conflicts, ...(comparison?.conflicts ?? [])]).size,
      comparedNodes: comparison === null ? 0 : comparedNodes,
      discoveryMs: { p50: percentileOf(discovery, 0.5), max: percentileOf(discovery, 1) },
      rssMb: { p50: this.#rssMb.percentile(0.5), max: this.#rssMb.max },
      cpuMsPerTx: perCommitted(usage.cpuMs - this.#usageBefore.cpuMs),
      bytesPerTx: perCommitted(usage.bytesOut - this.#usageBefore.bytesOut),
      cpuMsTotal: Math.round(usage.cpuMs),
      exitCodes: Object.fromEntries(this.members.map(({ name, lastExit }) => [name, lastExit])),
      crashed: this.crashed,
      ...evidence,
      alarms: this.alarms,
      machine: machine(),
    }
  }

  /** Ends all nodes in good order, the bootstrap node last. */
  async stop(): Promise<void> {
    this.#polling = false
    this.load.end()
    await Promise.all(this.chainMembers.map((member) => member.stop()))
    await Promise.all(this.members.map((member) => member.stop()))
    this.cleanUp()
  }

  /** Ends all nodes at once, without a wait: for a process that is about to end. */
  killNow(): void {
    this.#polling = false
    this.load.end()
    for (const member of this.members) void member.kill()
    this.cleanUp()
  }

  /** Removes the directories unless they are to be kept. */
  cleanUp(): void {
    if (this.#temporary) rmSync(this.layout.root, { recursive: true, force: true, maxRetries: 5 })
  }

  async refresh(): Promise<void> {
    this.evidence.look(this.members)
    await Promise.all(this.members.map((member) => member.refresh()))
  }

  #join(place: NodePlace): Member {
    const events = {
      up: () => undefined,
      down: (_: Member, exit: Exit, expected: boolean) => this.#onDown(member, exit, expected),
      line: (_: Member, line: StreamLine) => this.#onLine(member, line),
      status: (_: Member, status: NodeStatus) => {
        this.#rssMb.record(status.process.rssBytes / 2 ** 20)
        if (member.behaviour === null) for (const alarm of status.alarms) this.#alarms.add({ node: member.name, ...alarm })
        this.#onHeight(member)
      },
    }
    const member: Member = new Member(place, events, this.evidence.behaviourOf(place.name))
    this.members.push(member)
    return member
  }

  /** What an adversary says counts for nothing. */
  #onLine(member: Member, line: StreamLine): void {
    if (member.behaviour !== null) return
    if (line.kind === 'block') this.tracker.block(member.name, line)
    if (line.kind === 'election') this.#onElection(line)
    if (line.kind === 'evidence') {
      this.evidence.look(this.members)
      this.evidence.heard(member.name, line)
    }
    this.#onHeight(member)
  }

  #onHeight(member: Member): void {
    if (member.place.role === 'bootstrap' || member.state !== 'up' || member.behaviour !== null) return
    this.tracker.reached(member.name, member.height, Date.now())
    if (member.height >= this.tracker.height - CAUGHT_UP_BLOCKS) this.tracker.watch(member.name)
  }

  #onElection(event: ElectionEvent): void {
    if (event.state === 'settled' && !this.settled.has(event.number)) {
      this.settled.set(event.number, event)
      this.options.note(electionNote(event, (address) => this.nameOf(address)))
      this.evidence.settled(event)
    }
    if (event.state === 'opened' && this.options.elections && this.#loadStartedAtMs !== null)
      this.voters.opened(event.number, event.closesSlot)
  }

  #onDown(member: Member, exit: Exit, expected: boolean): void {
    this.tracker.unwatch(member.name)
    if (expected) return
    this.crashed.push({ node: member.name, exit, log: logExcerpt(member.place.logPath) })
    this.options.note(`${member.name} crashed (${exit})`)
  }

  #onSeen(block: SeenBlock): void {
    this.recentBlocks.push(block)
    if (this.recentBlocks.length > RECENT_BLOCKS) this.recentBlocks.shift()
  }

  #onFinalEverywhere(block: SeenBlock, atMs: number): void {
    const own = this.load.final(block.transactionIds, atMs)
    if (own === 0) return
    this.#lastFinalAtMs = Math.max(this.#lastFinalAtMs ?? 0, atMs)
    this.committedRate.add(performance.now(), own)
  }

  async #poll(): Promise<void> {
    while (this.#polling) {
      await this.refresh()
      const isStarting = this.chainMembers.some((member) => member.discoveryMs === null)
      await sleep(isStarting ? START_POLL_MS : POLL_MS)
    }
  }

  #usage(): Usage {
    const usages = this.members.map(({ usage }) => usage)
    return { cpuMs: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0), bytesOut: usages.reduce((sum, { bytesOut }) => sum + bytesOut, 0) }
  }

  get #clients(): readonly NodeClient[] {
    return this.up.flatMap(({ client }) => client ?? [])
  }

  /** Slots that were under load from their begin to their end. */
  get #loadSlots(): SlotRange {
    if (this.#loadStartedAtMs === null || this.options.load === 0) return { firstSlot: 0, lastSlot: -1 }
    const { timeMs } = this.layout.genesis
    return {
      firstSlot: Math.ceil((this.#loadStartedAtMs - timeMs) / this.options.slotMs),
      lastSlot: Math.floor(((this.#loadEndedAtMs ?? Date.now()) - timeMs) / this.options.slotMs) - 1,
    }
  }
}

const round = (value: number): number => Math.round(value * 100) / 100
