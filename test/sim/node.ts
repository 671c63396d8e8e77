import { unreachable } from '../../src/base/errors.ts'
import { outranks } from '../../src/consensus/choice.ts'
import { emptyRecord, type GuardRecord } from '../../src/consensus/guard.ts'
import { enoughStake, stakeOf, totalOf } from '../../src/consensus/quorum.ts'
import type { BlockRef, Effect, Input, Members, ProposedBlock, State } from '../../src/consensus/types.ts'
import type { CandidateStatement, Certificate, Hash, SignRequest, Statement, VoteStatement } from '../../src/wire/types.ts'
import { Knowledge } from './knowledge.ts'
import { askedFor, keyOf, marker } from './register.ts'
import { checkAlarm, checkBounds, isCovered } from './checks.ts'
import { short, showEffect, showInput, showStatement } from './show.ts'
import type { Answer, Message, Participant, ReplyTo, Sealed, World } from './world.ts'

/** What survives a crash. */
interface Disk {
  record: GuardRecord
  bodies: Map<Hash, BlockRef>
  chain: Sealed[]
}

/** Longest pause of a runner that draws a ticket or builds a block. */
const WORK_MS = 20
const RESTART_POLL_MS = 50
const MOST_DOWN_MS = 4000
const FETCH_TRIES = 3
/** One in so many slots, each pair of peers compares certificates anew: the "each minute" of `network.md`. */
const EXCHANGE_PPM = 40_000

/** An honest node: the machine, and a runner that does its effects in order until it crashes. */
export class HonestNode implements Participant {
  readonly index: number
  readonly members: Members
  state: State | null = null
  life = 0
  /** Its record was put back to an older one: what it signed after that one is only known to peers. */
  wasRestored = false
  readonly disk: Disk = { record: emptyRecord, bodies: new Map(), chain: [] }
  readonly knowledge = new Knowledge()
  private readonly world: World
  private offsetMs: number
  private clockReading = 0
  private lastSlot: number | null = null
  private inbox: Input[] = []
  private isBusy = false
  private isSyncing = false
  private bodies = new Map<Hash, BlockRef>()
  private certificates = new Map<string, Certificate>()
  private requests = new Map<number, { readonly replyTo: ReplyTo; readonly request: SignRequest }>()
  private nextRequestId = 0
  private readonly history: { readonly record: GuardRecord; readonly chainLength: number; readonly atMs: number }[] = []

  constructor(world: World, index: number) {
    const { scenario } = world
    this.world = world
    this.index = index
    this.offsetMs = scenario.skewMs[index] ?? 0
    this.members = { self: index < scenario.verifiers ? index : null, stakeDroplets: scenario.stakes, ids: world.ids }
  }

  get isUp(): boolean {
    return this.state !== null
  }

  get head(): BlockRef {
    return this.disk.chain.at(-1)?.block ?? this.world.genesis
  }

  // Life

  start(): void {
    if (this.isUp) return
    const { world, disk } = this
    this.life++
    this.lastSlot = null
    this.isSyncing = false
    this.inbox = []
    this.bodies = new Map(disk.bodies)
    this.certificates = new Map()
    this.requests = new Map()
    world.trace(() => `n${this.index} starts, head ${this.head.height}`)
    this.state = world.machine.initialState({
      config: world.config,
      members: this.members,
      head: this.head,
      record: disk.record,
      doubtful: false,
    })
    for (const block of disk.bodies.values()) if (block.height === this.head.height + 1) this.feed({ kind: 'block-known', block })
    this.runClock()
    if (this.members.self !== null) this.inLife(world.delayMs(), () => this.askForOwnSignatures())
    for (const peer of world.connectedTo(this.index)) this.meet(peer)
  }

  crash(downMs: number): void {
    if (!this.isUp) return
    this.world.counts.crashes++
    this.world.trace(() => `n${this.index} crashes for ${downMs} ms`)
    this.state = null
    this.knowledge.forget()
    this.world.after(downMs, () => this.start())
  }

  /** Comes back with an old copy of its directory. */
  crashAndRestore(downMs: number, random: { below(end: number): number }): void {
    this.crash(downMs)
    const older = this.history[random.below(this.history.length + 1)]
    this.disk.record = older?.record ?? emptyRecord
    this.disk.chain.length = Math.min(this.disk.chain.length, older?.chainLength ?? 0)
    this.disk.bodies = new Map()
    this.wasRestored = true
    this.world.trace(() => `n${this.index} has its record of ${older?.atMs ?? 0} ms put back`)
  }

  setClock(offsetMs: number): void {
    this.offsetMs = offsetMs
    this.world.trace(() => `n${this.index} clock is off by ${offsetMs} ms`)
    if (this.isUp) this.runClock()
  }

  /** Both tell each other their heads and certificates. */
  meet(peer: number): void {
    const other = this.world.participants[peer]
    if (!(other instanceof HonestNode)) return
    this.showCertificates(peer)
    other.showCertificates(this.index)
    this.syncFrom(peer)
    other.syncFrom(this.index)
  }

  private showCertificates(peer: number): void {
    for (const certificate of this.certificates.values()) this.world.send(this.index, peer, { kind: 'certificate', certificate })
  }

  private inLife(delayMs: number, run: () => void): void {
    const { life } = this
    this.world.after(delayMs, () => {
      if (this.isUp && this.life === life) run()
    })
  }

  private runClock(): void {
    const reading = ++this.clockReading
    const { slotMs, choiceMs } = this.world.scenario
    const tick = (): void => {
      if (reading !== this.clockReading) return
      const localMs = this.world.nowMs + this.offsetMs
      const slot = Math.floor(localMs / slotMs)
      if (slot >= 0) this.enterSlot(slot)
      const untilNextMs = (slot + 1) * slotMs - localMs
      const untilChoiceMs = slot * slotMs + choiceMs - localMs
      if (untilChoiceMs > 0)
        this.inLife(untilChoiceMs, () => reading === this.clockReading && slot === this.lastSlot && this.feed({ kind: 'choice-due', slot }))
      else if (slot === this.lastSlot) this.feed({ kind: 'choice-due', slot })
      this.inLife(untilNextMs, tick)
    }
    tick()
  }

  private enterSlot(slot: number): void {
    if (this.lastSlot !== null && slot <= this.lastSlot) return
    this.lastSlot = slot
    for (const peer of this.world.connectedTo(this.index)) {
      if (this.world.random.chance(EXCHANGE_PPM)) this.meet(peer)
      else this.syncFrom(peer)
    }
    this.history.push({ record: this.disk.record, chainLength: this.disk.chain.length, atMs: this.world.nowMs })
    this.feed({ kind: 'slot-started', slot })
  }

  /** After a start: once enough stake can be reached, what those peers know of this node's signatures. */
  private askForOwnSignatures(): void {
    const { world } = this
    const { stakeDroplets } = this.members
    const peers = world.connectedTo(this.index)
    const verifiers = [this.index, ...peers].filter((peer) => peer < stakeDroplets.length)
    // After a restore, whoever may hold a signature must be heard; silence of the others is the price of a lost record.
    const isComplete = !this.wasRestored || peers.length === world.participants.filter((peer) => peer !== null).length - 1
    if (stakeOf(stakeDroplets, verifiers) < enoughStake(totalOf(stakeDroplets)) || !isComplete)
      return this.inLife(RESTART_POLL_MS, () => this.askForOwnSignatures())
    const told = new Knowledge()
    for (const peer of peers) {
      const other = world.participants[peer]
      if (other instanceof HonestNode) told.take(this.index, other.knowledge.newestOf(this.index))
    }
    this.inLife(world.delayMs(), () => this.feed({ kind: 'own-signatures-known', known: told.newestOf(this.index) }))
  }

  // The runner

  feed(input: Input): void {
    this.inbox.push(input)
    if (this.isBusy) return
    this.isBusy = true
    for (let next = this.inbox.shift(); next !== undefined && this.isUp; next = this.inbox.shift()) this.process(next)
    this.isBusy = false
  }

  private process(input: Input): void {
    const { world, index } = this
    if (this.state === null || world.failure !== null) return
    world.counts.inputs++
    world.trace(() => `n${this.index} <- ${showInput(input)}`)
    const { state, effects } = world.machine.step(this.state, input)
    this.state = state
    checkBounds(world, index, state)
    for (const effect of effects) {
      world.trace(() => `n${this.index}    ${showEffect(effect)}`)
      this.perform(effect)
      if (world.hasFaults && world.random.chance(world.scenario.crashPpm)) {
        this.crash(world.random.between(100, MOST_DOWN_MS))
        return
      }
    }
    const waiting = this.inbox.filter((other) => other.kind === 'request').length + state.held.length
    if (this.requests.size !== waiting)
      world.fail('broken-contract', `n${index} has ${this.requests.size} requests to answer and holds ${waiting}`)
  }

  private perform(effect: Effect): void {
    const { world, index } = this
    switch (effect.kind) {
      case 'persist':
        return this.persist(effect.record, effect.block)
      case 'draw-ticket':
        return this.inLife(world.random.between(0, WORK_MS / 2), () =>
          this.feed({
            kind: 'ticket-drawn',
            slot: effect.slot,
            ticket: world.ticketOf(index, effect.slot),
            selected: world.isSelected(index, effect.slot),
          }),
        )
      case 'build':
        return this.inLife(world.random.between(0, WORK_MS), () => this.build(effect.slot, effect.height))
      case 'propose':
        return this.propose(effect.statement, effect.justification)
      case 'ask':
        this.takeRequest({ kind: 'request', replyTo: { from: index, life: this.life }, request: effect.request })
        for (let member = 0; member < world.scenario.verifiers; member++)
          if (member !== index)
            world.send(index, member, { kind: 'request', replyTo: { from: index, life: this.life }, request: effect.request })
        return
      case 'sign':
        this.sign(effect.statement)
        return this.answer(effect.id, { kind: 'signature' })
      case 'refuse': {
        const { kind: _, id, ...refusal } = effect
        return this.answer(id, { kind: 'refusal', ...refusal })
      }
      case 'gossip-certificate':
        this.keepCertificate(effect.certificate)
        return world.broadcast(index, { kind: 'certificate', certificate: effect.certificate })
      case 'fetch-block':
        return this.fetch(effect.block, effect.from, FETCH_TRIES)
      case 'commit':
        return this.commit(effect)
      case 'publish-block': {
        const sealed = this.disk.chain[effect.height - 1]
        if (sealed?.block.hash !== effect.block) return world.fail('broken-contract', `n${index} publishes a block it has not written`)
        return world.broadcast(index, { kind: 'sealed', from: index, sealed: { block: sealed.block, seal: effect.seal } })
      }
      case 'behind':
        for (const peer of world.connectedTo(index)) this.syncFrom(peer)
        return
      case 'alarm':
        return checkAlarm(world, index, effect.code, effect.detail, this.wasRestored)
      default:
        return unreachable(effect)
    }
  }

  private persist(record: GuardRecord, block: Hash | null): void {
    this.disk.record = record
    if (block === null) return
    const body = this.bodies.get(block)
    if (body === undefined) this.world.fail('broken-contract', `n${this.index} signs for block ${short(block)} without having it`)
    else this.disk.bodies.set(block, body)
  }

  private build(slot: number, height: number): void {
    const { world, head, index } = this
    const block = head.height + 1 === height && !world.isQuiet(slot) ? world.build(index, slot, head) : null
    if (block !== null) this.bodies.set(block.hash, block)
    this.feed({ kind: 'block-built', slot, block })
  }

  private propose(statement: CandidateStatement, justification: Certificate<VoteStatement> | null): void {
    const { world, index } = this
    const block = this.bodies.get(statement.block)
    if (block === undefined) return world.fail('broken-contract', `n${index} proposes block ${short(statement.block)} without having it`)
    this.sign(statement)
    const { slot } = statement
    const candidate = { block, slot, maker: index, ticket: world.ticketOf(index, slot), justification }
    world.broadcast(index, { kind: 'candidate', statement, candidate })
    // A node that restarts may hear from others what it said before.
    if (world.hasFaults && world.random.chance(world.scenario.duplicatePpm))
      world.after(2 * world.delayMs(), () => this.isUp && this.receive(index, { kind: 'candidate', statement, candidate }))
  }

  private sign(statement: Statement): void {
    const { world, index, disk } = this
    if (!isCovered(disk.record, statement))
      world.fail('signed-before-persisted', `n${index} signs ${showStatement(statement)} before it is on disk`)
    world.signHonestly(index, statement)
  }

  private answer(id: number, answer: Answer): void {
    const { world, index } = this
    const asked = this.requests.get(id)
    this.requests.delete(id)
    if (asked === undefined)
      return world.fail('broken-contract', `n${index} answers request ${id}, which nobody made or which was answered`)
    const { replyTo, request } = asked
    const message: Message = { kind: 'answer', from: index, life: replyTo.life, request, answer }
    if (replyTo.from === index) this.takeAnswer(message)
    else world.send(index, replyTo.from, message)
  }

  private fetch(block: Hash, from: number | null, triesLeft: number): void {
    const { world, index } = this
    const holders = world.connectedTo(index).filter((peer) => world.participants[peer]?.hasBody(block))
    const holder = from !== null && holders.includes(from) ? from : holders[0]
    const body = world.blocks.get(block)
    this.inLife(2 * world.delayMs(), () => {
      if (holder === undefined || body === undefined) {
        if (triesLeft > 1) this.fetch(block, null, triesLeft - 1)
      } else if (body.valid && body.height === this.head.height + 1 && body.parent === this.head.hash) {
        this.bodies.set(block, body)
        this.feed({ kind: 'block-known', block: body })
      }
    })
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
    this.inbox.unshift({ kind: 'head-moved', head: body, members: this.members })
  }

  private append(sealed: Sealed): void {
    const { world, disk } = this
    const { height } = sealed.block
    world.noteCommit(this.index, sealed)
    disk.chain.push(sealed)
    this.bodies.set(sealed.block.hash, sealed.block)
    for (const bodies of [disk.bodies, this.bodies]) for (const body of bodies.values()) if (body.height < height) bodies.delete(body.hash)
    for (const [key, certificate] of this.certificates) if (certificate.statement.height <= height) this.certificates.delete(key)
  }

  /** Fetches the sealed blocks that a peer has more of. */
  syncFrom(peer: number): void {
    const { world, index } = this
    const other = world.participants[peer]
    if (!(other instanceof HonestNode) || other.head.height <= this.head.height || !this.isUp || this.isSyncing) return
    this.isSyncing = true
    this.inLife(2 * world.delayMs(), () => {
      this.isSyncing = false
      const missing = world.isConnected(index, peer) ? other.disk.chain.slice(this.head.height) : []
      // Blocks one by one through the machine, or a range past it.
      const throughMachine = world.random.below(2) === 0
      let hasMoved = false
      for (const sealed of missing) {
        const { block, seal } = sealed
        if (block.parent !== this.head.hash || !this.isUp) break
        this.learnAll(seal.signers, { kind: 'seal', height: block.height, block: block.hash })
        if (throughMachine) this.takeSealed(sealed)
        else {
          this.append(sealed)
          hasMoved = true
        }
      }
      if (hasMoved) this.feed({ kind: 'head-moved', head: this.head, members: this.members })
    })
  }

  // Validators

  receive(_to: number, message: Message): void {
    switch (message.kind) {
      case 'candidate':
        return this.takeCandidate(message.statement, message.candidate)
      case 'request':
        return this.takeRequest(message)
      case 'answer':
        return this.takeAnswer(message)
      case 'certificate':
        if (!this.keepCertificate(message.certificate)) return
        return this.feed({ kind: 'certificate', certificate: message.certificate })
      case 'sealed': {
        const { block, seal } = message.sealed
        if (!this.world.register.isValid({ statement: { kind: 'seal', height: block.height, block: block.hash }, aggregate: seal })) return
        this.learnAll(seal.signers, { kind: 'seal', height: block.height, block: block.hash })
        if (block.height > this.head.height + 1) this.syncFrom(message.from)
        return this.takeSealed(message.sealed)
      }
      default:
        return unreachable(message)
    }
  }

  private learn(signer: number, statement: Statement): void {
    if (signer === this.index) return
    this.knowledge.note(signer, statement)
    this.world.noteHeard(signer, statement)
  }

  private learnAll(signers: readonly number[], statement: Statement): void {
    for (const signer of signers) this.learn(signer, statement)
  }

  private takeSealed({ block, seal }: Sealed): void {
    if (block.height === this.head.height + 1) this.bodies.set(block.hash, block)
    this.feed({ kind: 'sealed-block', block, seal })
  }

  private takeCandidate(statement: CandidateStatement, candidate: ProposedBlock): void {
    const { world, head } = this
    const { block, slot, maker, ticket, justification } = candidate
    if (!world.register.hasSigned(maker, statement) || ticket !== world.ticketOf(maker, slot) || !world.isSelected(maker, slot)) return
    if (statement.slot !== slot || statement.block !== block.hash || statement.height !== block.height) return
    if (statement.validSlot !== (justification?.statement.slot ?? null)) return
    this.learn(maker, statement)
    const body = world.blocks.get(block.hash)
    if (block.height > head.height + 1) return this.syncFrom(maker)
    if (block.height !== head.height + 1 || block.parent !== head.hash || body?.valid !== true || slot <= head.slot) return
    if (justification === null) {
      if (block.slot !== slot || body.maker !== maker) return
    } else {
      const { kind, height, block: justified, slot: validSlot } = justification.statement
      const isFit = kind === 'vote' && height === block.height && justified === block.hash && validSlot < slot
      if (!isFit || !this.keepCertificate(justification)) return
    }
    const isNeedless = (other: ProposedBlock): boolean =>
      this.state !== null && other.slot === slot && outranks(this.state, other, candidate)
    if (world.scenario.filtersCandidates && this.state?.candidates.some(isNeedless)) return
    this.bodies.set(block.hash, block)
    this.feed({ kind: 'candidate', candidate })
  }

  private takeRequest({ replyTo, request }: Extract<Message, { kind: 'request' }>): void {
    const id = this.nextRequestId++
    this.requests.set(id, { replyTo, request })
    const isRight = askedFor(request) !== null && (request.kind === 'vote' || this.keepCertificate(request.certificate))
    if (isRight) this.feed({ kind: 'request', id, from: replyTo.from, request })
    else this.answer(id, { kind: 'refusal', reason: 'bad-certificate', height: this.head.height + 1, certificate: null })
  }

  private takeAnswer({ from, life, request, answer }: Extract<Message, { kind: 'answer' }>): void {
    const { world } = this
    const statement = askedFor(request)
    if (life !== this.life || statement === null) return
    if (answer.kind === 'signature') {
      if (!world.register.hasSigned(from, statement)) return
      this.learn(from, statement)
      return this.feed({ kind: 'signature', from, statement, signature: marker(from, statement) })
    }
    const { certificate } = answer
    const known = certificate !== null && this.keepCertificate(certificate) ? certificate : null
    this.feed({ kind: 'refusal', from, reason: answer.reason, height: answer.height, certificate: known })
  }

  /** False for one that does not hold. */
  private keepCertificate(certificate: Certificate): boolean {
    const { statement, aggregate } = certificate
    if (statement.kind === 'candidate' || statement.kind === 'seal' || !this.world.register.isValid(certificate)) return false
    this.learnAll(aggregate.signers, statement)
    if (statement.height > this.head.height) this.certificates.set(keyOf(statement), certificate)
    return true
  }
}
