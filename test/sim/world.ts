import { utf8 } from '../../src/base/bytes.ts'
import { invariant } from '../../src/base/errors.ts'
import { checkEvidence } from '../../src/consensus/evidence.ts'
import type { KnownSignatures } from '../../src/consensus/guard.ts'
import { initialState, step } from '../../src/consensus/machine.ts'
import { isSelected } from '../../src/consensus/sortition.ts'
import type { BlockRef, MachineConfig, ProposedBlock } from '../../src/consensus/types.ts'
import { sha256Hex } from '../../src/crypto/sha256.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import type {
  AggregateSignature,
  CandidateStatement,
  Certificate,
  Evidence,
  Hash,
  RefusalReason,
  SignRequest,
  Statement,
} from '../../src/wire/types.ts'
import { Knowledge } from './knowledge.ts'
import { contradiction, sumOf } from './pairs.ts'
import { type ExchangeMessage, nodeOfKey, offenceName, type Proven, type Watcher } from './public-record.ts'
import { EventQueue } from './queue.ts'
import { Quorums } from './quorums.ts'
import { Random } from './random.ts'
import { type Accusation, aggregate, Register } from './register.ts'
import { CALM_DELAY_MS, EVERYWHERE, isBeyondTheory, runsMachine, type Scenario } from './scenario.ts'
import { short, showStatement } from './show.ts'

/** The machine under test; a test may hand in one that is broken. */
export interface Machine {
  readonly initialState: typeof initialState
  readonly step: typeof step
  /** What holds statements against each other. */
  readonly witness?: () => Watcher
  /** Whether nodes keep the seals of their final blocks to themselves. */
  readonly hidesSeals?: boolean
}

export const realMachine: Machine = { initialState, step }

export interface SimBlock extends BlockRef {
  /** Node that built it. */
  readonly builder: number
  /** Whether it executes. */
  readonly valid: boolean
}

export interface Sealed {
  readonly block: SimBlock
  readonly seal: AggregateSignature
}

/** Where an answer goes: to whom, and to which life of it. */
export interface ReplyTo {
  readonly from: number
  readonly life: number
}

export type Answer =
  | { readonly kind: 'signature' }
  | { readonly kind: 'refusal'; readonly reason: RefusalReason; readonly height: number; readonly certificate: Certificate | null }

export type Message =
  | {
      readonly kind: 'candidate'
      readonly from: number
      readonly statement: CandidateStatement
      readonly candidate: ProposedBlock
      /** Whether who gets it passes it on. */
      readonly isRelayed: boolean
    }
  | { readonly kind: 'request'; readonly replyTo: ReplyTo; readonly request: SignRequest }
  | { readonly kind: 'answer'; readonly from: number; readonly life: number; readonly request: SignRequest; readonly answer: Answer }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** What a leader collected; or the seal of a final block. */
  | { readonly kind: 'tally'; readonly certificates: readonly Certificate[] }
  | ExchangeMessage
  | { readonly kind: 'sealed'; readonly from: number; readonly sealed: Sealed }

/** Whoever has a place in the network, good or bad. */
export interface Participant {
  readonly isUp: boolean
  /** Whether it would hand out that block. */
  hasBody(block: Hash): boolean
  /** What it tells of a verifier's signatures. */
  newestOf(verifier: number): KnownSignatures | undefined
  /** Sealed blocks that it gives to who asks, from height one up. */
  readonly chain: readonly Sealed[]
  receive(to: number, message: Message): void
}

export interface Failure {
  readonly check: CheckName
  readonly detail: string
  readonly atMs: number
}

export type CheckName =
  | 'one-commit'
  | 'one-seal'
  | 'accusable'
  | 'signed-before-persisted'
  | 'bounded-state'
  | 'false-alarm'
  | 'broken-contract'
  | 'bad-candidate'
  | 'outsider'
  | 'unpaid'
  | 'lost-slot'
  | 'progress'
  | 'agreement'
  | 'evidence'
  | 'named-honest'
  | 'unnamed'
  | 'hidden-tally'
  | 'signed-after-fork'
  | 'recovery'

export interface Counts {
  messages: number
  crashes: number
  inputs: number
  blocksBuilt: number
  signed: number
}

/** Clock, network and memory of one run, and the checks on what everybody does. */
export class World {
  readonly scenario: Scenario
  readonly machine: Machine
  readonly register: Register
  private readonly heard: Register
  readonly random: Random
  readonly config: MachineConfig
  readonly genesis: BlockRef
  readonly quorums: Quorums
  readonly blocks = new Map<Hash, SimBlock>()
  readonly committed = new Map<number, Hash>()
  /** Most signers that a published certificate of a height names. */
  readonly mostSigners = new Map<number, number>()
  readonly counts: Counts = { messages: 0, crashes: 0, inputs: 0, blocksBuilt: 0, signed: 0 }
  participants: readonly (Participant | null)[] = []
  nowMs = 0
  failure: Failure | null = null
  /** Two blocks with enough seals each at one height; possible only with a third of the stake faulty. */
  fork: { readonly height: number; readonly blocks: readonly [Hash, Hash] } | null = null
  /** A height at which two honest nodes have two blocks. */
  split: number | null = null
  /** `node height` of the offenders of whom some honest node has evidence. */
  readonly named = new Set<string>()
  /** Offences of which honest nodes heard both statements, whoever of them heard which. */
  readonly heardOffences = new Map<string, OffenceKind>()
  private readonly queue = new EventQueue()
  private readonly judged = new WeakMap<Evidence, Proven>()
  private readonly seen = new WeakSet<Evidence>()
  private readonly tickets = new Map<string, Hash>()
  private readonly sealedBlocks = new Map<number, Hash>()
  private readonly honestSeals = new Map<number, Hash>()
  readonly sink: ((line: string) => void) | null
  /** From which height on statements are signed with which id, in a world that goes on after a fork. */
  readonly recovery: { readonly fromHeight: number; readonly signingId: Hash } | null

  constructor(scenario: Scenario, machine: Machine, sink: ((line: string) => void) | null, recovery: World['recovery'] = null) {
    this.recovery = recovery
    this.scenario = scenario
    this.machine = machine
    this.sink = sink
    this.quorums = new Quorums(scenario)
    this.register = new Register((height) => this.quorums.at(height))
    this.heard = new Register((height) => this.quorums.at(height))
    this.random = new Random(scenario.seed, 1000 + scenario.verifiers)
    this.config = { leaderRule: scenario.leaderRule, aggregate }
    this.genesis = { hash: sha256Hex(utf8(`genesis ${scenario.seed}`)), height: 0, slot: 0, parent: '00'.repeat(32) }
  }

  get hasFaults(): boolean {
    return this.nowMs < this.scenario.faultsEndMs
  }

  get isBeyondTheory(): boolean {
    return isBeyondTheory(this.scenario.name)
  }

  after(delayMs: number, run: () => void): void {
    this.queue.plan(this.nowMs + delayMs, run)
  }

  /** Lets time pass until `isDone`, a failure, a fork, or the moment `untilMs`. */
  run(untilMs: number, isDone: () => boolean): void {
    this.runOn(untilMs, () => this.fork !== null || isDone())
  }

  /** The same beyond a fork. */
  runOn(untilMs: number, isDone: () => boolean = () => false): void {
    while (this.failure === null && !isDone()) {
      const event = this.queue.next()
      if (event === null) return
      if (event.atMs > untilMs) {
        this.queue.plan(event.atMs, event.run)
        this.nowMs = untilMs
        return
      }
      this.nowMs = event.atMs
      event.run()
    }
  }

  trace(line: () => string): void {
    if (this.sink !== null) this.sink(`${String(this.nowMs).padStart(6)} ${line()}`)
  }

  fail(check: CheckName, detail: string): void {
    if (this.failure !== null) return
    this.failure = { check, detail, atMs: this.nowMs }
    this.trace(() => `FAILED ${check}: ${detail}`)
  }

  // Blocks and tickets

  /** A node's ticket in a slot, under the seed of that height. */
  ticketOf(node: number, slot: number, height: number): Hash {
    const { epoch } = this.quorums.at(height)
    const text = `ticket ${this.scenario.seed} ${node} ${slot}${epoch === 0 ? '' : ` ${epoch}`}`
    const known = this.tickets.get(text)
    if (known !== undefined) return known
    const ticket = sha256Hex(utf8(text))
    this.tickets.set(text, ticket)
    return ticket
  }

  isSelected(node: number, slot: number, height: number): boolean {
    const leader = this.scenario.leaders[slot]
    if (leader !== undefined) return leader === node
    const { stakes } = this.quorums.at(height)
    const ticket = this.ticketOf(node, slot, height)
    return isSelected(this.scenario.sortition, ticket, this.quorums.stakeOfNode(node, height), sumOf(stakes))
  }

  build(builder: number, slot: number, parent: BlockRef, valid = true): SimBlock {
    const hash = sha256Hex(utf8(`block ${this.scenario.seed} ${builder} ${slot} ${this.counts.blocksBuilt++}`))
    const block = { hash, height: parent.height + 1, slot, parent: parent.hash, builder, valid }
    this.blocks.set(hash, block)
    return block
  }

  /** Whether there is anything to put into a block of that slot: the same for everybody. */
  isQuiet(slot: number): boolean {
    if (!this.hasFaults) return false
    return (
      Number.parseInt(sha256Hex(utf8(`quiet ${this.scenario.seed} ${slot}`)).slice(0, 8), 16) / 2 ** 32 < this.scenario.quietPpm / 1_000_000
    )
  }

  // Network

  /** Whose key the process at that place signs with. */
  identityOf(index: number): number {
    const { verifiers, observers, copies } = this.scenario
    return copies[index - verifiers - observers]?.of ?? index
  }

  /** Where that key signs. */
  placesOf(identity: number): readonly number[] {
    const { verifiers, observers, copies } = this.scenario
    if (copies.length === 0) return [identity]
    return [identity, ...copies.flatMap(({ of }, place) => (of === identity ? [verifiers + observers + place] : []))]
  }

  isFaulty(identity: number): boolean {
    return (this.scenario.behaviours[identity] ?? null) !== null
  }

  /** Whether its processes heed neither each other nor what peers tell of their key. */
  isStubborn(identity: number): boolean {
    return runsMachine(this.scenario.behaviours[identity])
  }

  isConnected(from: number, to: number): boolean {
    if (this.participants[from]?.isUp !== true || this.participants[to]?.isUp !== true) return false
    return !this.scenario.partitions.some(
      ({ fromMs, toMs, groups }) =>
        this.nowMs >= fromMs &&
        this.nowMs < toMs &&
        groups[from] !== groups[to] &&
        groups[from] !== EVERYWHERE &&
        groups[to] !== EVERYWHERE,
    )
  }

  connectedTo(node: number): number[] {
    return this.participants.flatMap((_, peer) => (peer !== node && this.isConnected(node, peer) ? [peer] : []))
  }

  sealedBlocksOf(peer: number, above: number): readonly Sealed[] {
    return this.participants[peer]?.chain.slice(above) ?? []
  }

  /** What peers have seen a verifier sign that works on a height; null while it reaches too few of that quorum. */
  toldByPeers(place: number, height: number, wasRestored: boolean): KnownSignatures | null {
    const peers = this.connectedTo(place)
    const verifier = this.identityOf(place)
    // After a restore, whoever may hold a signature must be heard; silence of the others is the price of a lost record.
    if (wasRestored && peers.length < this.participants.filter((peer) => peer !== null).length - 1) return null
    const heard = new Set([verifier, ...peers.map((peer) => this.identityOf(peer))])
    const stake = [...heard].reduce((sum, node) => sum + this.quorums.stakeOfNode(node, height), 0)
    if (stake < this.quorums.at(height).enough) return null
    const told = new Knowledge()
    for (const peer of peers) told.take(verifier, this.participants[peer]?.newestOf(verifier))
    return told.newestOf(verifier)
  }

  delayMs(): number {
    const { low, high } = this.hasFaults ? this.scenario.delayMs : CALM_DELAY_MS
    const straggles = this.hasFaults && this.random.chance(this.scenario.stragglerPpm)
    return straggles ? this.random.between(high, 3 * this.scenario.slotMs) : this.random.between(low, high)
  }

  send(from: number, to: number, message: Message): void {
    if (!this.isConnected(from, to)) return
    if (this.hasFaults && this.random.chance(this.scenario.lossPpm)) return
    const copies = this.hasFaults && this.random.chance(this.scenario.duplicatePpm) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.after(this.delayMs(), () => {
        if (!this.isConnected(from, to)) return
        this.counts.messages++
        this.participants[to]?.receive(to, message)
      })
    }
  }

  broadcast(from: number, message: Message): void {
    for (let to = 0; to < this.participants.length; to++) if (to !== from) this.send(from, to, message)
  }

  // Checks on what is said

  /** A machine signs. */
  signHonestly(node: number, statement: Statement): void {
    if (this.isFaulty(node)) return this.signBadly(node, statement)
    this.counts.signed++
    const signer = this.quorums.indexOf(node, statement.height)
    if (signer === null || this.quorums.stakeOfNode(node, statement.height) === 0)
      return this.fail('outsider', `n${node} signs ${showStatement(statement)}, and has no weight in that quorum`)
    const accusations = this.register.sign(signer, statement)
    // What a restored node said and nobody ever heard is known to nobody, itself included: there, what was heard counts.
    if (!this.isRestored(node) && !this.isDuplicate(node)) this.accuse(node, accusations)
    if (statement.kind !== 'seal') return
    const other = this.honestSeals.get(statement.height)
    if (this.isRestored(node) || this.isDuplicate(node)) return this.noteSeals(statement)
    this.honestSeals.set(statement.height, other ?? statement.block)
    if (other !== undefined && other !== statement.block && !this.isBeyondTheory)
      this.fail('one-seal', `the honest seal ${short(other)} and ${short(statement.block)} at height ${statement.height}`)
    this.noteSeals(statement)
  }

  /** An honest node hears it. */
  noteHeard(signer: number, statement: Statement): void {
    const node = this.nodeOf(signer, statement)
    const isRestored = this.isRestored(node)
    if (!isRestored && !this.isFaulty(node)) return
    const accusations = this.heard.sign(signer, statement)
    if (isRestored) this.accuse(node, accusations)
    else for (const { kind } of accusations) this.heardOffences.set(offenceName(node, statement.height, kind), kind)
  }

  /** Who it is that signed a statement as that member. */
  nodeOf(signer: number, { height }: Pick<Statement, 'height'>): number {
    const node = this.quorums.at(height).nodes[signer]
    invariant(node !== undefined, 'only what members signed is heard')
    return node
  }

  judge(evidence: Evidence): Proven | null {
    const known = this.judged.get(evidence)
    if (known !== undefined) return known
    const proven = this.prove(evidence)
    if (proven !== null) this.judged.set(evidence, proven)
    return proven
  }

  private prove({ first, second }: Evidence): Proven | null {
    const kind = contradiction(first.statement, second.statement)
    if (kind === null) return null
    const { height } = first.statement
    const hasSigned = (node: number, statement: Statement): boolean => {
      const signer = this.quorums.indexOf(node, height)
      return signer !== null && this.register.hasSigned(signer, statement)
    }
    for (const { statement, keys } of [first, second]) if (!keys.every((key) => hasSigned(nodeOfKey(key), statement))) return null
    const nodes = first.keys.filter((key) => second.keys.includes(key)).map(nodeOfKey)
    return nodes.length === 0 ? null : { kind, height, nodes }
  }

  /** A node has evidence: nobody honest may be in it. */
  noteEvidence(by: number, evidence: Evidence, { kind, height, nodes }: Proven): void {
    const { first, second } = evidence
    const verdict = this.isSeen(evidence) ? null : checkEvidence(this.genesis.hash, evidence, null)
    if (verdict?.kind === 'reject') return this.fail('evidence', `n${by} has evidence that others refuse: ${verdict.detail}`)
    const isHonest = !this.isFaulty(this.identityOf(by))
    for (const node of nodes) {
      this.trace(() => `n${by} has evidence of ${node}: ${kind} at height ${height}`)
      if (isHonest) this.named.add(`${node} ${height}`)
      if (!this.isFaulty(node) && !this.isDuplicate(node))
        this.fail('named-honest', `n${by} names honest ${node}: ${showStatement(first.statement)} and ${showStatement(second.statement)}`)
    }
  }

  private isSeen(evidence: Evidence): boolean {
    if (this.seen.has(evidence)) return true
    this.seen.add(evidence)
    return false
  }

  isEnough(signers: readonly number[], { height }: Pick<Statement, 'height'>): boolean {
    const { stakes, enough } = this.quorums.at(height)
    return signers.reduce((stake, signer) => stake + (stakes[signer] ?? 0), 0) >= enough
  }

  provesFork({ first, second }: Evidence, { kind, height }: Proven): boolean {
    const { enough } = this.quorums.at(height)
    const isEnough = (keys: readonly string[]): boolean =>
      keys.reduce((stake, key) => stake + this.quorums.stakeOfNode(nodeOfKey(key), height), 0) >= enough
    return kind === 'double-seal' && isEnough(first.keys) && isEnough(second.keys)
  }

  /** Whether somebody honest has started its process twice. */
  isDuplicate(node: number): boolean {
    return this.scenario.copies.some(({ of, isStubborn }) => of === node && !isStubborn)
  }

  private isRestored(node: number): boolean {
    return this.scenario.staleRestores.some((restored) => restored.node === node)
  }

  private accuse(node: number, accusations: readonly Accusation[]): void {
    for (const { kind, statements } of accusations)
      this.fail('accusable', `honest ${node} could be accused of ${kind}: ${statements.map(showStatement).join(' and ')}`)
  }

  /** An adversary signs, if it is a member at that height. */
  signBadly(node: number, statement: Statement): void {
    const signer = this.quorums.indexOf(node, statement.height)
    if (signer === null) return
    this.register.sign(signer, statement)
    if (statement.kind === 'seal') this.noteSeals(statement)
  }

  noteCommit(node: number, { block, seal }: Sealed): void {
    if (!this.register.isValid({ statement: { kind: 'seal', height: block.height, block: block.hash }, aggregate: seal }))
      this.fail('broken-contract', `node ${node} commits ${short(block.hash)} with a seal certificate that does not hold`)
    const other = this.committed.get(block.height)
    this.committed.set(block.height, other ?? block.hash)
    if (other !== undefined && other !== block.hash) this.split ??= block.height
    if (other !== undefined && other !== block.hash && !this.isBeyondTheory)
      this.fail('one-commit', `node ${node} commits ${short(block.hash)} at height ${block.height}, another ${short(other)}`)
  }

  notePublished(height: number, { signers }: AggregateSignature): void {
    this.mostSigners.set(height, Math.max(this.mostSigners.get(height) ?? 0, signers.length))
  }

  private noteSeals(statement: Statement): void {
    if (!this.register.hasEnough(statement)) return
    const other = this.sealedBlocks.get(statement.height)
    this.sealedBlocks.set(statement.height, other ?? statement.block)
    if (other === undefined || other === statement.block || this.fork !== null) return
    this.fork = { height: statement.height, blocks: [other, statement.block] }
    if (!this.isBeyondTheory)
      this.fail('one-seal', `${short(other)} and ${short(statement.block)} are both sealed at height ${statement.height}`)
  }
}
