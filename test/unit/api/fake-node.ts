import type { Diagnosis } from '../../../src/api/diagnosis-types.ts'
import type { EvidenceList, EvidenceResult, EvidenceView } from '../../../src/api/evidence-types.ts'
import type { ForkView } from '../../../src/api/fork-types.ts'
import type {
  AccountProofView,
  AccountView,
  ElectionsView,
  ListedVerifier,
  QuorumView,
  RatificationView,
  ReceiptView,
  SupplyView,
  VerifiersView,
} from '../../../src/api/ledger-types.ts'
import type { AccountHistory, HistoryView, LogLevels, SlotView, StorageView, SwarmGraph } from '../../../src/api/observe-types.ts'
import type {
  BlockView,
  NodeEvent,
  NodeStatus,
  NodeView,
  PeerView,
  SubmitResult,
  TransactionView,
  VerifierStatus,
} from '../../../src/api/types.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import type { Hex } from '../../../src/base/hex.ts'
import type { Genesis } from '../../../src/wire/genesis.ts'
import { chainIdOf } from '../../../src/wire/ids.ts'
import type { SignedBlock, Transaction } from '../../../src/wire/types.ts'

const hex = (digit: string, bytes: number): Hex => digit.repeat(bytes * 2)

export const genesis: Genesis = {
  version: 1,
  name: 'fake',
  timeMs: 1_700_000_000_000,
  parameters: {
    slotMs: 1000,
    choiceMs: 200,
    sortition: 'stake',
    expectedCandidates: 5,
    uniformPpm: 300_000,
    leaderRule: 'ticket',
    idleSlots: 10,
    coinHourSeconds: 3600,
    microHoursPerByte: 1000,
    minFeeDroplets: 1000,
    maxBlockTransactions: 5000,
    maxBlockBytes: 1_048_576,
    maxExpirySlots: 600,
    epochSlots: 3600,
    electionSlots: 600,
    forcedElectionSlots: 300,
    quorumSize: 64,
    minStakeDroplets: 100_000_000,
    verifierFeeDroplets: 10_000_000,
    unbondingSlots: 302_400,
    evidenceSlots: 129_600,
    slashPpm: 50_000,
    reporterPpm: 50_000,
    jailSlots: 1000,
    slipChoices: 2,
    score: 'coins',
    minTurnoutPpm: 50_000,
    trustRounds: 6,
    blockRewardDroplets: 10_000,
    makerSharePpm: 200_000,
  },
  verifiers: [],
  accounts: [],
  anchors: [],
}

export const transaction: Transaction = {
  body: {
    sender: hex('1', 32),
    nonce: 0,
    feeDroplets: 1000,
    expirySlot: 100,
    action: { kind: 'transfer', to: hex('2', 20), amountDroplets: 5, microHours: 0 },
  },
  signature: hex('3', 64),
}

export const listedVerifier = (address: Hex, changes: Partial<ListedVerifier> = {}): ListedVerifier => ({
  address,
  bondedDroplets: 150_000_000,
  peerId: '12D3KooWListed',
  blsKey: hex('e', 48),
  commissionPpm: 50_000,
  registeredHeight: 12,
  stakeDroplets: 100_000_000,
  delegatedDroplets: 50_000_000,
  delegators: 3,
  inQuorum: true,
  weightDroplets: 120_000_000,
  jailedUntilSlot: null,
  offences: [],
  trust: 0,
  votesDroplets: 7_000_000,
  obstacle: null,
  ...changes,
})

/** What a node says of an account that it knows no more of. */
export const clientAccount = (address: Hex, changes: Partial<AccountView> = {}): AccountView => ({
  ...{ address, kind: 'client', droplets: 0, microHours: 0, nonce: 0, nextNonce: 0 },
  ...{ verifier: null, delegations: [], unbonding: [], endorses: [], ballot: null },
  ...changes,
})

/** Evidence that a block has punished; what is signed is not. */
export const heldEvidence = (id: Hex, changes: Partial<EvidenceView> = {}): EvidenceView => {
  const signers = [{ address: hex('a', 20), blsKey: hex('e', 48) }]
  const vote = { kind: 'vote', height: 7, slot: 14, validSlot: null } as const
  return {
    ...{ id, kind: 'double-vote', height: 7, offenders: [{ address: hex('a', 20), peerId: '12D3KooWListed' }] },
    seenAtMs: genesis.timeMs + 15_000,
    punished: {
      ...{ height: 9, slashedDroplets: 5_000_000, rewardDroplets: 250_000, reporter: hex('b', 20) },
      slashed: [{ verifier: hex('a', 20), stakeDroplets: 4_000_000, delegatedDroplets: 1_000_000, unbondingDroplets: 0 }],
    },
    statements: ['1', '2'].map((digit) => ({ statement: { ...vote, block: hex(digit, 32) }, signers, signature: hex(digit, 96) })),
    bytes: hex('7', 300),
    ...changes,
  }
}

/** A fork that halts a node; its own chain does not go on. */
export const forkView = (changes: Partial<ForkView> = {}): ForkView => {
  const seen = { goesOn: false, recoveredAt: null }
  return {
    ...{ height: 12, isHalted: true, seenAtMs: genesis.timeMs + 30_000, resolvedAt: null, follows: null },
    branches: [
      { ...seen, isOwn: true, first: hex('1', 32), head: { height: 13, hash: hex('2', 32) }, blocks: 2, burnedMicroHours: 1_500_000 },
      {
        ...{ ...seen, isOwn: false, first: hex('3', 32), head: { height: 15, hash: hex('4', 32) }, blocks: 4, burnedMicroHours: 2_500_000 },
        goesOn: true,
      },
    ],
    offenders: [{ address: hex('a', 20), blsKey: hex('e', 48), peerId: '12D3KooWListed', stakeDroplets: 120_000_000, sharePpm: 400_000 }],
    ...{ offendersDroplets: 120_000_000, quorumDroplets: 300_000_000, proofs: [hex('5', 32)], command: 'quorate recover --dir /v1' },
    ...changes,
  }
}

const receipt: ReceiptView = {
  ...{ mintedDroplets: 10_000, sharedFeesDroplets: 1000, feesDroplets: 1000, burnedDroplets: 0, burnedMicroHours: 157_000 },
  rewards: [
    {
      verifier: hex('a', 20),
      makerDroplets: 2200,
      signerDroplets: 8800,
      delegatorsDroplets: 3000,
      commissionDroplets: 150,
    },
  ],
  events: [{ kind: 'election-opened', number: 2, cause: 'epoch', closesSlot: 3600 }],
}

const blockAt = (height: number, bytes = 500): BlockView => {
  const seal = { signers: [0, 1, 2], signature: hex('4', 96) }
  const block: SignedBlock = {
    header: {
      height,
      slot: height * 2,
      parent: hex('5', 32),
      parentSeal: height === 1 ? null : seal,
      maker: 1,
      proof: hex('6', 96),
      transactionsRoot: hex('7', 32),
      evidenceRoot: '00'.repeat(32),
      stateRoot: hex('8', 32),
      nextQuorum: hex('9', 32),
      burnedMicroHours: 0,
    },
    evidence: [],
    transactions: [transaction],
    seal,
  }
  return {
    hash: hashAt(height),
    block,
    timeMs: genesis.timeMs + height * 2000,
    makerAddress: hex('a', 20),
    signerAddresses: [hex('a', 20), hex('b', 20), hex('c', 20)],
    transactionIds: [hex('d', 32)],
    bytes,
    finalAtMs: genesis.timeMs + height * 2000 + 400,
    timeline: null,
    receipt,
  }
}

export const hashAt = (height: number): Hex => height.toString(16).padStart(64, '0')

const slotView = (slot: number): SlotView => {
  const candidate = { maker: 1, address: hex('b', 20), block: hashAt(3), atMs: 120 }
  const times = { slotStartMs: genesis.timeMs + slot * 1000, candidateMs: 120, votedMs: 300, lockedMs: 350, finalMs: 400 }
  return {
    ...{ slot, startMs: genesis.timeMs + slot * 1000, height: 3, quorum: hex('9', 32), candidates: [candidate] },
    ...{ leader: { index: 1, address: hex('b', 20) }, outcome: 'block', block: hashAt(3) },
    timeline: { ...times, voters: [0, 1, 2], lockers: [0, 1, 2], candidates: 1 },
  }
}

/** A node with `height` blocks that accepts what it is told to. */
export class FakeNode implements NodeView {
  readonly genesis = genesis
  readonly chainId = chainIdOf(genesis)
  recoveries: NodeView['recoveries'] = []
  height = 250
  firstHeight = 1
  snapshot: NodeStatus['sync']['snapshot'] = null
  blockBytes = 500
  /** What each submitted transaction is answered; by default all are accepted, with 64 digits of the hex as id. */
  answer: (hexText: Hex) => SubmitResult = (text) => ({ id: text.slice(0, 64), accepted: true })
  submitError: Error | undefined
  readonly submitted: Hex[][] = []
  readonly transactions = new Map<Hex, TransactionView>()
  readonly accounts = new Map<Hex, AccountView>()
  verifierStatus: VerifierStatus | null = null
  forkSummary: NodeStatus['fork'] = null
  forkView: ForkView | null = null
  election: NodeStatus['election'] = null
  registered: readonly ListedVerifier[] = [
    listedVerifier(hex('a', 20)),
    listedVerifier(hex('b', 20), { inQuorum: false, weightDroplets: 0 }),
  ]
  openElection: ElectionsView['open'] = null
  levels: LogLevels = { default: 'info', subsystems: {} }
  readonly held = new Map<Hex, EvidenceView>()
  readonly submittedEvidence: Hex[] = []
  evidenceAnswer: EvidenceResult = { id: hex('e', 32), accepted: true }
  readonly listeners = new Set<(event: NodeEvent) => void>()

  emit(event: NodeEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  status(): NodeStatus {
    return {
      agent: 'quorate/test',
      chain: `fake-${this.chainId.slice(0, 8)}`,
      chainId: this.chainId,
      role: 'full',
      peerId: '12D3KooWFake',
      addresses: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWFake'],
      startedAtMs: genesis.timeMs,
      slotMs: 1000,
      slot: 7,
      height: this.height,
      firstHeight: this.firstHeight,
      head: hashAt(this.height),
      headSlot: this.height * 2,
      headFinalAtMs: null,
      sync: { state: 'following', targetHeight: this.height, snapshot: this.snapshot },
      verifier: this.verifierStatus,
      fork: this.forkSummary,
      epoch: 1,
      election: this.election,
      nextElectionSlot: this.election === null ? 3000 : null,
      handover: { slot: 3600, timeMs: genesis.timeMs + 3_600_000, slotsLeft: 3593 },
      peers: 2,
      quorum: { verifiers: 4, stakeDroplets: 400, connectedStakeDroplets: 300, enoughDroplets: 267 },
      discoveryMs: 1200,
      pool: { transactions: 1, bytes: 157 },
      leader: null,
      alarms: [{ atMs: genesis.timeMs, code: 'clock', detail: 'the clock \u001b[31mis off' }],
      process: { rssBytes: 100_000_000, cpuMs: 900 },
      bootstrap: null,
      traffic: { bytesIn: 10, bytesOut: 20 },
      counters: {},
    }
  }

  peers(): readonly PeerView[] {
    return [
      {
        peerId: '12D3KooWOther',
        addresses: ['/ip4/127.0.0.1/tcp/4002/p2p/12D3KooWOther'],
        direction: 'inbound' as const,
        score: 1.25,
        verifier: { index: 2, address: hex('a', 20) },
        height: 249,
        agent: 'quorate/\u001b]0;evil',
        clockOffsetMs: -3,
      },
    ]
  }

  submit(transactions: readonly Hex[]): Promise<readonly SubmitResult[]> {
    if (this.submitError !== undefined) return Promise.reject(this.submitError)
    this.submitted.push([...transactions])
    return Promise.resolve(transactions.map((one) => this.answer(one)))
  }

  block(at: number | Hex): BlockView | undefined {
    const height = typeof at === 'number' ? at : Number.parseInt(at, 16)
    return height >= this.firstHeight && height <= this.height ? blockAt(height, this.blockBytes) : undefined
  }

  blocks(fromHeight: number, count: number): readonly BlockView[] {
    const found: BlockView[] = []
    if (fromHeight < this.firstHeight) return found
    for (let height = fromHeight; height < fromHeight + count && height <= this.height; height++)
      found.push(blockAt(height, this.blockBytes))
    return found
  }

  transaction(id: Hex): TransactionView | undefined {
    return this.transactions.get(id)
  }

  account(address: Hex): AccountView {
    return this.accounts.get(address) ?? clientAccount(address)
  }

  accountProof(address: Hex): AccountProofView | null {
    if (this.height === 0) return null
    return {
      ...{ chainId: this.chainId, address, height: this.height, block: hashAt(this.height), account: null },
      proof: { bucket: '', siblings: Array.from({ length: 16 }, () => hex('0', 32)), globalsHash: hex('b', 32) },
      ...{ header: hex('c', 300), seal: { signers: [0], signature: hex('4', 96) }, quorum: hex('d', 90) },
    }
  }

  verifiers(from: number, count: number): VerifiersView {
    return { height: this.height, registered: this.registered.length, verifiers: this.registered.slice(from, from + count) }
  }

  quorum(): QuorumView {
    const members = [{ address: hex('a', 20), peerId: '12D3KooWListed', blsKey: hex('e', 48), weightDroplets: 120_000_000 }]
    const sums = { totalDroplets: 120_000_000, enoughDroplets: 80_000_001, valueLimitDroplets: 80_000_000 }
    return { height: this.height + 1, epoch: 1, epochSeed: hex('f', 32), hash: hex('9', 32), members, ...sums }
  }

  elections(): Promise<ElectionsView> {
    const { epoch, nextElectionSlot, handover } = this.status()
    const elected = [{ verifier: hex('a', 20), score: 7_000_000, stakeDroplets: 120_000_000 }]
    return Promise.resolve({
      ...{ height: this.height, epoch, nextElectionSlot, handover },
      nextElectionTimeMs: nextElectionSlot === null ? null : genesis.timeMs + nextElectionSlot * 1000,
      open: this.openElection,
      settled: [{ height: 120, number: 1, by: 'slips', votedDroplets: 7_000_000, quorum: hex('9', 32), elected }],
    })
  }

  ratification(): RatificationView {
    return { ratified: { source: hex('c', 32), height: 99 }, election: null, supplyDroplets: 1_000_000_000, running: hex('c', 32) }
  }

  supply(): SupplyView {
    return {
      height: this.height,
      heldDroplets: 700_000_000,
      stakedDroplets: 200_000_000,
      delegatedDroplets: 90_000_000,
      unbondingDroplets: 9_000_000,
      feesDroplets: 1_000_000,
      mintedDroplets: 5_000_000,
      burnedDroplets: 10_000_000,
      supplyDroplets: 1_000_000_000,
      holds: true,
    }
  }

  fork(): ForkView | null {
    return this.forkView
  }

  evidence(from: number, count: number): EvidenceList {
    const all = [...this.held.values()]
    const summaries = all.map(({ statements: _, bytes: __, ...summary }) => summary)
    return { height: this.height, total: all.length, evidence: summaries.slice(from, from + count) }
  }

  evidenceOf(id: Hex): EvidenceView | undefined {
    return this.held.get(id)
  }

  submitEvidence(bytes: Hex): Promise<EvidenceResult> {
    this.submittedEvidence.push(bytes)
    return Promise.resolve(this.evidenceAnswer)
  }

  slots(count: number): readonly SlotView[] {
    return Array.from({ length: Math.min(count, 3) }, (_, index) => slotView(7 - index))
  }

  history(from: number, to: number, points: number): Promise<HistoryView> {
    const height = Math.max(from, to - points + 1)
    const point = { height, timeMs: genesis.timeMs, transactions: 3, bytes: 900, finalMs: 420, sealedPpm: 900_000, emptySlots: 1 }
    return Promise.resolve({ from, to, points: [point] })
  }

  accountHistory(address: Hex, before: string | null, count: number): Promise<AccountHistory> {
    if (before !== null && !/^\d+\.\d+$/.test(before)) return Promise.reject(new QuorateError('bad-cursor', `"${before}" is no cursor`))
    const transactions = Array.from({ length: count }, (_, index) => ({
      id: hashAt(index),
      height: 9,
      index,
      timeMs: genesis.timeMs,
      sender: address,
      action: { kind: 'ratify', source: hashAt(index) } as const,
    }))
    return Promise.resolve({ address, transactions, next: '9.0' })
  }

  storage(): Promise<StorageView> {
    const bytes = { blocks: 9, receipts: 8, indexes: 7, state: 6, snapshots: 5, evidence: 4, other: 3, total: 42 }
    return Promise.resolve({ mode: 'archive', keepBlocks: null, firstHeight: this.firstHeight, height: this.height, bytes, freeBytes: 99 })
  }

  async *backup(): AsyncIterable<Uint8Array> {
    yield Buffer.from('a back')
    yield Buffer.from('up')
  }

  metrics(): Promise<string> {
    return Promise.resolve('# TYPE quorate_height gauge\nquorate_height 250\n')
  }

  swarm(): SwarmGraph {
    const node = { isConnected: true, agent: null, height: 250, verifier: null, isLeader: false }
    const nodes = ['12D3KooWFake', '12D3KooWOther'].map((peerId, index) => ({ ...node, peerId, isSelf: index === 0 }))
    return { nodes, links: [{ from: '12D3KooWFake', to: '12D3KooWOther', mesh: ['blocks'] }] }
  }

  diagnosis(): Promise<Diagnosis> {
    const { agent, role, chain, chainId, startedAtMs } = this.status()
    return Promise.resolve({
      ...{ atMs: startedAtMs, startedAtMs, agent, role, chain, chainId, scope: 'local', source: { running: null, ratified: null } },
      clock: { slotMs: 1000, offsets: [] },
      addresses: { listening: [], announced: [] },
      reachability: { confirmed: 0, failed: 0, inboundPublic: 0 },
      peers: { inbound: 1, outbound: 1, target: 8, max: 50, candidates: 0, otherChains: 0, bootstrap: [], agents: [] },
      ...{ dials: [], topics: [], quorum: null, sync: null, slot: 7, bootstrap: null, rssBytes: 1, refused: {} },
      eventLoop: { meanMs: 0.1, p99Ms: 2, maxMs: 5, sinceMs: startedAtMs },
      disk: { path: '/var/lib/quorate', freeBytes: 1, totalBytes: 2, storeBytes: 3, grownBytes: -4, sinceMs: startedAtMs },
    })
  }

  logLevels(): LogLevels {
    return this.levels
  }

  setLogLevels(levels: LogLevels): void {
    this.levels = levels
  }

  onEvent(listener: (event: NodeEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}
