import { unreachable } from '../../src/base/errors.ts'
import { outranks } from '../../src/consensus/choice.ts'
import type { GuardRecord, KnownSignatures } from '../../src/consensus/guard.ts'
import type { BlockRef, Effect, Input, Members, ProposedBlock, State } from '../../src/consensus/types.ts'
import type { Certificate, Hash, Statement } from '../../src/wire/types.ts'
import { checkAlarm, checkBounds, checkShown, checkTally, isCovered } from './checks.ts'
import { NodeClock } from './clock.ts'
import { Disk } from './disk.ts'
import { Knowledge, nothingKnown } from './knowledge.ts'
import { BUILD_MS, Maker, TICKET_MS } from './maker.ts'
import { PublicRecord } from './public-record.ts'
import { keyOf } from './register.ts'
import { short, showEffect, showInput, showStatement } from './show.ts'
import { SignService } from './sign-service.ts'
import { SyncClient } from './sync.ts'
import { isGoodOn, isMakersOwn } from './validate.ts'
import type { Message, Participant, Sealed, World } from './world.ts'

/** Longest that it takes to get a candidate's transactions. */
const BODY_MS = 20
export const MOST_WORK_MS = TICKET_MS + BUILD_MS + BODY_MS
const RESTART_POLL_MS = 50
export const MOST_DOWN_MS = 4000
/** One in so many slots, each pair of peers compares certificates and records anew: the "each minute" of `network.md`. */
const EXCHANGE_PPM = 40_000

/** The machine, and a runner that does its effects in order until it crashes: all the honest, and some that are not. */
export class MachineNode implements Participant {
  /** Its place in the network. */
  readonly index: number
  /** Whose key it signs with: its own, but for a copy. */
  readonly identity: number
  readonly isHonest: boolean
  state: State | null = null
  life = 0
  /** Its record was put back to an older one: what it signed after that one is only known to peers. */
  wasRestored = false
  readonly disk = new Disk()
  readonly publicRecord: PublicRecord
  private readonly knowledge = new Knowledge()
  private readonly world: World
  /** It asks nobody what its key has signed, and goes on whoever else signs with it. */
  private readonly ignoresOthers: boolean
  private readonly clock: NodeClock
  private lastSlot: number | null = null
  private inbox: Input[] = []
  private isBusy = false
  /** It was told of a fork: from then on it signs nothing (recovery.md X2). */
  private isForked = false
  private isToldOfFork = false
  private readonly sync: SyncClient
  private bodies = new Map<Hash, BlockRef>()
  private certificates = new Map<string, Certificate>()
  /** Who answered what it asked, since the last tally. */
  private readonly answers = new Map<string, Set<number>>()
  private readonly signService: SignService
  private readonly maker: Maker

  constructor(world: World, index: number) {
    const { scenario } = world
    this.world = world
    this.index = index
    this.identity = world.identityOf(index)
    this.isHonest = !world.isFaulty(this.identity)
    this.ignoresOthers = world.isStubborn(this.identity)
    this.publicRecord = new PublicRecord(world, index)
    this.sync = new SyncClient(world, index, this)
    this.signService = new SignService(world, index, this)
    this.maker = new Maker(world, index, this)
    this.clock = new NodeClock(world, scenario.skewMs[index] ?? 0, {
      onSlot: (slot) => this.enterSlot(slot),
      onChoice: (slot) => slot === this.lastSlot && this.feed({ kind: 'choice-due', slot }),
    })
  }

  get isUp(): boolean {
    return this.state !== null
  }

  get head(): BlockRef {
    return this.disk.chain.at(-1)?.block ?? this.world.genesis
  }

  get chain(): readonly Sealed[] {
    return this.disk.chain
  }

  get workingHeight(): number {
    return this.head.height + 1
  }

  // Life

  start(): void {
    if (this.isUp) return
    const { world, disk } = this
    this.life++
    this.lastSlot = null
    this.sync.reset()
    this.inbox = []
    this.bodies = new Map(disk.bodies)
    this.certificates = new Map()
    this.answers.clear()
    this.signService.closeAll()
    this.maker.forget()
    world.trace(() => `n${this.index} starts, head ${this.head.height}`)
    this.publicRecord.settle(this.head.height)
    for (const sealed of disk.chain) this.noteSeal(sealed)
    this.state = world.machine.initialState({
      config: world.config,
      members: this.membersAt(this.workingHeight),
      head: this.head,
      headMembers: this.membersAt(this.head.height),
      record: disk.record,
      doubtful: false,
    })
    for (const block of disk.bodies.values()) if (block.height === this.head.height + 1) this.feed({ kind: 'block-known', block })
    if (this.ignoresOthers) this.feed({ kind: 'own-signatures-known', known: nothingKnown })
    this.clock.start()
    if (!this.ignoresOthers && this.identity < world.scenario.verifiers) this.inLife(world.delayMs(), () => this.askForOwnSignatures())
    for (const peer of world.connectedTo(this.index)) this.meet(peer)
  }

  crash(downMs: number): void {
    if (!this.isUp) return
    this.world.counts.crashes++
    this.world.trace(() => `n${this.index} crashes for ${downMs} ms`)
    this.state = null
    this.clock.stop()
    this.knowledge.forget()
    this.publicRecord.forget()
    this.isForked = false
    this.isToldOfFork = false
    this.world.after(downMs, () => this.start())
  }

  /** Comes back with an old copy of its directory. */
  crashAndRestore(downMs: number, random: { below(end: number): number }): void {
    this.crash(downMs)
    const backupMs = this.disk.restore(random)
    this.wasRestored = true
    this.world.trace(() => `n${this.index} has its record of ${backupMs} ms put back`)
  }

  setClock(offsetMs: number): void {
    this.clock.set(offsetMs)
    this.world.trace(() => `n${this.index} clock is off by ${offsetMs} ms`)
    if (this.isUp) this.clock.start()
  }

  /** Both tell each other their heads and certificates, and what one has on public record and the other has not. */
  meet(peer: number): void {
    const other = this.world.participants[peer]
    if (!(other instanceof MachineNode)) return
    this.showCertificates(peer)
    other.showCertificates(this.index)
    this.publicRecord.offerTo(peer)
    other.publicRecord.offerTo(this.index)
    this.sync.from(peer)
    other.sync.from(this.index)
  }

  private showCertificates(peer: number): void {
    for (const certificate of this.certificates.values()) this.world.send(this.index, peer, { kind: 'certificate', certificate })
  }

  inLife(delayMs: number, run: () => void): void {
    const { life } = this
    this.world.after(delayMs, () => {
      if (this.isUp && this.life === life) run()
    })
  }

  private enterSlot(slot: number): void {
    if (this.lastSlot !== null && slot <= this.lastSlot) return
    this.lastSlot = slot
    for (const peer of this.world.connectedTo(this.index)) {
      if (this.world.random.chance(EXCHANGE_PPM)) this.meet(peer)
      else this.sync.from(peer)
    }
    this.disk.backUp(this.world.nowMs)
    this.signService.endSlot(slot)
    this.feed({ kind: 'slot-started', slot })
    this.answers.clear()
  }

  private askForOwnSignatures(): void {
    const told = this.world.toldByPeers(this.index, this.workingHeight, this.wasRestored)
    if (told === null) this.inLife(RESTART_POLL_MS, () => this.askForOwnSignatures())
    else this.inLife(this.world.delayMs(), () => this.feed({ kind: 'own-signatures-known', known: told }))
  }

  // The runner

  feed(input: Input): void {
    this.inbox.push(input)
    if (this.isBusy) return
    this.isBusy = true
    while (this.isUp) {
      if (this.isHonest && this.publicRecord.provesFork && !this.isToldOfFork) {
        this.isToldOfFork = true
        this.inbox.push({ kind: 'forked' })
      }
      const next = this.inbox.shift()
      if (next === undefined) break
      if (next.kind === 'forked') this.isForked = true
      this.process(next)
    }
    this.isBusy = false
  }

  private process(input: Input): void {
    const { world, index } = this
    if (this.state === null || world.failure !== null) return
    world.counts.inputs++
    world.trace(() => `n${this.index} <- ${showInput(input)}`)
    const before = this.state
    const { state: after, effects } = world.machine.step(before, input)
    const state = this.ignoresOthers && after.silence?.kind === 'duplicate' ? { ...after, silence: null } : after
    this.state = state
    if (this.isHonest) checkShown(world, index, before, state, effects)
    checkBounds(world, index, state)
    this.maker.check(state)
    for (const effect of effects) {
      world.trace(() => `n${this.index}    ${showEffect(effect)}`)
      this.perform(effect)
      if (world.hasFaults && world.random.chance(world.scenario.crashPpm)) {
        this.crash(world.random.between(100, MOST_DOWN_MS))
        return
      }
    }
    if (input.kind === 'head-moved') this.signService.release()
    const waiting = this.inbox.filter((other) => other.kind === 'request').length + state.held.length + this.signService.early
    if (this.signService.openRequests !== waiting)
      world.fail('broken-contract', `n${index} has ${this.signService.openRequests} requests to answer and holds ${waiting}`)
  }

  private perform(effect: Effect): void {
    const { world, index } = this
    switch (effect.kind) {
      case 'persist':
        return this.persist(effect.record, effect.block)
      case 'draw-ticket':
        return this.maker.drawTicket(effect)
      case 'build':
        return this.maker.build(effect)
      case 'propose':
        return this.maker.propose(effect)
      case 'ask':
        return this.signService.ask(effect.request)
      case 'sign':
        this.sign(effect.statement)
        return this.signService.answer(effect.id, { kind: 'signature' })
      case 'refuse': {
        const { kind: _, id, ...refusal } = effect
        return this.signService.answer(id, { kind: 'refusal', ...refusal })
      }
      case 'gossip-certificate':
        this.keepCertificate(effect.certificate)
        return world.broadcast(index, { kind: 'certificate', certificate: effect.certificate })
      case 'gossip-tally':
        if (this.isHonest) checkTally(world, index, effect.certificates, this.answers)
        this.keepTally(effect.certificates)
        return world.broadcast(index, { kind: 'tally', certificates: effect.certificates })
      case 'fetch-block':
        return this.sync.fetch(effect.block, effect.from)
      case 'commit':
        return this.commit(effect)
      case 'publish-block': {
        const sealed = this.disk.chain[effect.height - 1]
        if (sealed?.block.hash !== effect.block) return world.fail('broken-contract', `n${index} publishes a block it has not written`)
        world.notePublished(effect.height, effect.seal)
        return world.broadcast(index, { kind: 'sealed', from: index, sealed: { block: sealed.block, seal: effect.seal } })
      }
      case 'behind':
        return this.catchUp()
      case 'alarm':
        return checkAlarm(world, this.identity, effect.code, effect.detail, this.wasRestored)
      default:
        return unreachable(effect)
    }
  }

  catchUp(): void {
    for (const peer of this.world.connectedTo(this.index)) this.sync.from(peer)
  }

  private persist(record: GuardRecord, block: Hash | null): void {
    this.disk.record = record
    if (block === null) return
    const body = this.bodies.get(block)
    if (body === undefined) this.world.fail('broken-contract', `n${this.index} signs for block ${short(block)} without having it`)
    else this.disk.bodies.set(block, body)
  }

  keepBody(block: BlockRef): void {
    this.bodies.set(block.hash, block)
  }

  bodyOf(block: Hash): BlockRef | undefined {
    return this.bodies.get(block)
  }

  sign(statement: Statement): void {
    const { world, index, disk } = this
    if (!isCovered(disk.record, statement))
      world.fail('signed-before-persisted', `n${index} signs ${showStatement(statement)} before it is on disk`)
    if (this.isForked) world.fail('signed-after-fork', `n${index} signs ${showStatement(statement)} and knows that two blocks were sealed`)
    world.signHonestly(this.identity, statement)
  }

  newestOf(verifier: number): KnownSignatures {
    return this.knowledge.newestOf(verifier)
  }

  hasBody(block: Hash): boolean {
    return this.bodies.has(block)
  }

  private commit({ block, height, seal }: Extract<Effect, { kind: 'commit' }>): void {
    const { world, index, head } = this
    const body = world.blocks.get(block)
    if (body === undefined || !this.bodies.has(block))
      return world.fail('broken-contract', `n${index} commits ${short(block)} without having it`)
    if (height !== head.height + 1 || body.parent !== head.hash)
      return world.fail('broken-contract', `n${index} commits ${short(block)} on the wrong parent`)
    this.append({ block: body, seal })
    this.inbox.unshift(this.headMoved())
  }

  append(sealed: Sealed): void {
    const { world, disk } = this
    const { height } = sealed.block
    if (this.isHonest) world.noteCommit(this.index, sealed)
    this.publicRecord.settle(height)
    this.noteSeal(sealed)
    disk.append(sealed)
    this.bodies.set(sealed.block.hash, sealed.block)
    for (const body of this.bodies.values()) if (body.height < height) this.bodies.delete(body.hash)
    for (const [key, certificate] of this.certificates) if (certificate.statement.height <= height) this.certificates.delete(key)
  }

  tellHead(): void {
    this.feed(this.headMoved())
  }

  private headMoved(): Input {
    const { head } = this
    return { kind: 'head-moved', head, headMembers: this.membersAt(head.height), members: this.membersAt(head.height + 1) }
  }

  private membersAt(height: number): Members {
    const { quorums, recovery } = this.world
    const members = quorums.membersFor(this.identity, height)
    return recovery !== null && height >= recovery.fromHeight ? { ...members, signingId: recovery.signingId } : members
  }

  /** The block that settles an election says who signs the next; nobody knows before. */
  knowsQuorumOf(height: number): boolean {
    return height <= this.workingHeight || !this.world.quorums.change
  }

  // Validators

  receive(_to: number, message: Message): void {
    switch (message.kind) {
      case 'candidate':
        return this.takeCandidate(message)
      case 'request':
        return this.signService.takeRequest(message.replyTo, message.request)
      case 'answer':
        return this.signService.takeAnswer(message)
      case 'certificate':
        if (!this.keepCertificate(message.certificate)) return
        return this.feed({ kind: 'certificate', certificate: message.certificate })
      case 'tally':
        return this.takeTally(message.certificates)
      case 'evidence':
      case 'inventory':
      case 'wanted':
        return this.publicRecord.take(message)
      case 'sealed': {
        const { block, seal } = message.sealed
        if (!this.knowsQuorumOf(block.height)) return this.sync.from(message.from)
        if (!this.world.register.isValid(sealOf(message.sealed))) return
        this.learnAll(seal.signers, sealOf(message.sealed).statement)
        if (block.height > this.head.height + 1) this.sync.from(message.from)
        return this.takeSealed(message.sealed)
      }
      default:
        return unreachable(message)
    }
  }

  learn(signer: number, statement: Statement): void {
    this.learnAll([signer], statement)
  }

  /** What it asked for as the leader of that slot was signed, and is here. */
  noteAnswer(signer: number, statement: Statement, slot: number | null): void {
    if (slot !== this.state?.leading?.slot) return
    const signers = this.answers.get(keyOf(statement)) ?? new Set()
    signers.add(signer)
    this.answers.set(keyOf(statement), signers)
  }

  private learnAll(signers: readonly number[], statement: Statement): void {
    if (!this.publicRecord.note(signers, statement)) return
    for (const signer of signers) {
      const node = this.world.nodeOf(signer, statement)
      // What was said before a recovery binds nobody any more (recovery.md X11).
      if (node === this.identity || statement.height < (this.world.recovery?.fromHeight ?? 0)) continue
      this.knowledge.note(node, statement)
      if (this.isHonest) this.world.noteHeard(signer, statement)
    }
  }

  /** The seal of a final block: who followed another block at that height sees it when both compare their heads (recovery.md X3). */
  private noteSeal(sealed: Sealed): void {
    const certificate = sealOf(sealed)
    if (this.world.machine.hidesSeals !== true) this.publicRecord.keep([certificate])
    this.learnAll(certificate.aggregate.signers, certificate.statement)
  }

  takeSealed({ block, seal }: Sealed): void {
    if (block.height === this.head.height + 1) this.bodies.set(block.hash, block)
    this.feed({ kind: 'sealed-block', block, seal })
  }

  private takeCandidate({ from, statement, candidate, isRelayed }: Extract<Message, { kind: 'candidate' }>): void {
    const { world, head, lastSlot } = this
    if (!this.knowsQuorumOf(candidate.block.height)) return this.sync.from(from)
    if (!isMakersOwn(world, statement, candidate)) return
    if (isRelayed && this.publicRecord.isFirst(statement, candidate.maker))
      world.broadcast(this.index, { kind: 'candidate', from, statement, candidate, isRelayed: false })
    if (this.publicRecord.isNews(statement, candidate.maker)) this.learn(candidate.maker, statement)
    if (candidate.block.height > head.height + 1) return this.sync.from(from)
    if (lastSlot === null || candidate.slot < lastSlot || !isGoodOn(world, head, candidate)) return
    // Its transactions are here, or must be fetched first.
    if (world.random.below(2) === 0) this.takeGoodCandidate(candidate)
    else this.inLife(world.random.below(BODY_MS), () => isGoodOn(world, this.head, candidate) && this.takeGoodCandidate(candidate))
  }

  private takeGoodCandidate(candidate: ProposedBlock): void {
    const { state } = this
    const { block, slot, justification } = candidate
    if (justification !== null) this.keepCertificate(justification)
    const isNeedless = (other: ProposedBlock): boolean => state !== null && other.slot === slot && outranks(state, other, candidate)
    if (this.world.scenario.filtersCandidates && state?.candidates.some(isNeedless)) return
    this.bodies.set(block.hash, block)
    this.feed({ kind: 'candidate', candidate })
  }

  private takeTally(certificates: readonly Certificate[]): void {
    const { register } = this.world
    const height = certificates[0]?.statement.height
    if (height === undefined || !this.knowsQuorumOf(height) || !certificates.every((certificate) => register.isGood(certificate))) return
    if (!this.keepTally(certificates)) return
    // A leader that got enough and told nobody else may be the only one who knows.
    for (const certificate of certificates)
      if (height === this.workingHeight && this.keepCertificate(certificate)) this.feed({ kind: 'certificate', certificate })
  }

  private keepTally(certificates: readonly Certificate[]): boolean {
    if (!this.publicRecord.keep(certificates)) return false
    for (const { statement, aggregate } of certificates) this.learnAll(aggregate.signers, statement)
    return true
  }

  /** False for one that does not hold. */
  keepCertificate(certificate: Certificate): boolean {
    const { statement, aggregate } = certificate
    if (!this.knowsQuorumOf(statement.height)) return false
    if (statement.kind === 'candidate' || statement.kind === 'seal' || !this.world.register.isValid(certificate)) return false
    this.learnAll(aggregate.signers, statement)
    if (statement.height > this.head.height) this.certificates.set(keyOf(statement), certificate)
    return true
  }
}

const sealOf = ({ block, seal }: Sealed): Certificate => ({
  statement: { kind: 'seal', height: block.height, block: block.hash },
  aggregate: seal,
})
