import type { BlockRef, ProposedBlock } from '../../src/consensus/types.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import type { Certificate, Hash, LockStatement, SealStatement, SignRequest, Statement, VoteStatement } from '../../src/wire/types.ts'
import { MachineNode } from './node.ts'
import { contradict, forge } from './offender.ts'
import { contradiction } from './pairs.ts'
import { Random } from './random.ts'
import { askedFor, keyOf } from './register.ts'
import { type Behaviour, offences, runsMachine } from './scenario.ts'
import { short } from './show.ts'
import { flood } from './spam.ts'
import type { Answer, Message, Participant, SimBlock, World } from './world.ts'

/** How far an adversary leads its own candidate, and to whom it shows each step. */
interface Plan {
  readonly leader: number
  readonly block: SimBlock
  readonly candidate: ProposedBlock
  readonly proposeTo: readonly number[]
  readonly askVotesOf: readonly number[]
  readonly askLocksOf: readonly number[]
  readonly askSealsOf: readonly number[]
  readonly publishTo: readonly number[]
}

/** Statements of a height that the coalition keeps in mind: bounded, as a run at a stuck height is long. */
const MOST_KEPT = 200

/**
 * All adversaries of a run. They see every signature that was ever made, sign what they like with their own keys and
 * agree without a message; only others' signatures they cannot make.
 */
export class Coalition {
  readonly world: World
  readonly members: readonly number[]
  readonly random: Random
  /** In this run the hidden certificate is never shown, and leads whenever it can. */
  readonly hoards: boolean
  private height = 0
  private readonly votes = new Map<string, VoteStatement>()
  private readonly locks = new Map<string, LockStatement>()
  private plans: Plan[] = []

  constructor(world: World) {
    this.world = world
    this.random = new Random(world.scenario.seed, 2000 + world.scenario.verifiers)
    this.members = world.scenario.behaviours.flatMap((behaviour, member) => (behaviour === null || runsMachine(behaviour) ? [] : [member]))
    this.hoards = this.random.below(3) === 0
  }

  get targets(): number[] {
    return this.world.participants.flatMap((peer, index) => (peer instanceof MachineNode && peer.isHonest ? [index] : []))
  }

  start(): void {
    if (this.members.length === 0) return
    const { slotMs } = this.world.scenario
    const tick = (slot: number): void => {
      this.takeSlot(slot)
      this.world.after(slotMs, () => tick(slot + 1))
    }
    const first = Math.floor(this.world.nowMs / slotMs) + 1
    this.world.after(first * slotMs - this.world.nowMs, () => tick(first))
  }

  /** A certificate of whoever signed, the coalition included, if that is enough stake. */
  certificate<S extends VoteStatement | LockStatement | SealStatement>(statement: S): Certificate<S> | null {
    const { quorums, register } = this.world
    const willing = this.members.filter((member) => this.wouldSign(member, statement))
    const helpers = willing.flatMap((member) => quorums.indexOf(member, statement.height) ?? [])
    if (!register.couldHaveEnough(statement, helpers)) return null
    for (const member of willing) this.world.signBadly(member, statement)
    return this.world.register.certificate(statement)
  }

  /** Whoever is bad in one way keeps to it: what it would be guilty of otherwise it does not sign. */
  wouldSign(member: number, statement: Statement): boolean {
    const only = this.onlyOffence(member)
    if (only === null) return true
    const { quorums, register } = this.world
    const signer = quorums.indexOf(member, statement.height)
    if (signer === null || register.hasSigned(signer, statement)) return true
    return register.saidBy(signer, statement.height).every((said) => (contradiction(said, statement) ?? only) === only)
  }

  private onlyOffence(member: number): OffenceKind | null {
    const behaviour = this.world.scenario.behaviours[member]
    return offences.find((kind) => kind === behaviour) ?? null
  }

  /** Statements of a height that somebody asked for or led. */
  heard(height: number): readonly (VoteStatement | LockStatement)[] {
    return height === this.height ? [...this.votes.values(), ...this.locks.values()] : []
  }

  remember(statement: VoteStatement | LockStatement): void {
    if (statement.height < this.height) return
    if (statement.height > this.height) {
      this.height = statement.height
      this.votes.clear()
      this.locks.clear()
    }
    if (statement.kind === 'vote' && this.votes.size < MOST_KEPT) this.votes.set(keyOf(statement), statement)
    if (statement.kind === 'lock' && this.locks.size < MOST_KEPT) this.locks.set(keyOf(statement), statement)
  }

  /** Vote certificates of this height that can be made, the newest first. */
  voteCertificates(): Certificate<VoteStatement>[] {
    const made = [...this.votes.values()].flatMap((statement) => this.certificate(statement) ?? [])
    return made.sort((left, right) => right.statement.slot - left.statement.slot)
  }

  lockCertificates(): Certificate<LockStatement>[] {
    return [...this.locks.values()].flatMap((statement) => this.certificate(statement) ?? [])
  }

  private highestHead(among: readonly number[] = this.targets): BlockRef {
    let highest = this.world.genesis
    for (const target of among) {
      const peer = this.world.participants[target]
      if (peer instanceof MachineNode && peer.head.height > highest.height) highest = peer.head
    }
    return highest
  }

  private takeSlot(slot: number): void {
    const { world, random } = this
    this.plans = this.plans.filter((plan) => plan.candidate.slot >= slot - 1)
    const head = this.highestHead()
    for (const member of this.members) {
      const behaviour = world.scenario.behaviours[member]
      if (behaviour === null || behaviour === undefined) continue
      // Before, at or after the moment at which honest verifiers choose; whoever hoards wants to be chosen.
      const latestMs = this.hoards && behaviour === 'hide-lock' ? 20 : random.pick([20, 2 * world.scenario.choiceMs])
      world.after(random.below(latestMs), () => this.act(member, behaviour, slot, head))
    }
  }

  private act(member: number, behaviour: Behaviour, slot: number, head: BlockRef): void {
    const { world } = this
    if (behaviour === 'hide-lock') this.leak()
    if (behaviour === 'equivocate' || behaviour === 'spam') this.tell(member)
    if (behaviour === 'spam') flood(this, member, slot, head)
    if (behaviour === 'forge') forge(this, member, slot, head)
    if (behaviour === 'forge' || this.onlyOffence(member) !== null || this.random.below(8) === 0)
      contradict(this, member, this.onlyOffence(member) ?? this.random.pick(offences), slot, head)
    if (slot <= head.slot || !world.isSelected(member, slot, head.height + 1)) return
    // What it hides it proposes again itself, or it tempts the locked with another block.
    const repeats = behaviour === 'hide-lock' && (this.hoards || this.random.below(2) === 0)
    const justification = repeats ? (this.voteCertificates().find((known) => this.isFit(known, head, slot)) ?? null) : null
    const again = justification === null ? undefined : world.blocks.get(justification.statement.block)
    const isValid = behaviour !== 'spam' || this.random.below(2) === 0
    const build = (): SimBlock => world.build(member, slot, head, isValid)
    if (behaviour === 'equivocate' || behaviour === 'double-candidate') for (const plan of this.split(member, slot)) this.lead(plan)
    else this.lead(this.draft(member, behaviour, slot, again ?? build(), justification))
  }

  private isFit({ statement }: Certificate<VoteStatement>, head: BlockRef, slot: number): boolean {
    return statement.height === head.height + 1 && statement.slot < slot && this.world.blocks.get(statement.block)?.parent === head.hash
  }

  private draft(
    leader: number,
    behaviour: Behaviour,
    slot: number,
    block: SimBlock,
    justification: Certificate<VoteStatement> | null,
  ): Plan {
    const { random, targets } = this
    const candidate = this.candidate(leader, slot, block, justification)
    const everybody = {
      leader,
      block,
      candidate,
      proposeTo: targets,
      askVotesOf: targets,
      askLocksOf: targets,
      askSealsOf: targets,
      publishTo: targets,
    }
    const few = (): number[] => random.shuffled(targets).slice(0, random.below(3))
    switch (behaviour) {
      case 'withhold': {
        const stopsAt = random.below(5)
        return {
          ...everybody,
          proposeTo: random.below(3) === 0 ? random.someOf(targets) : targets,
          askVotesOf: stopsAt > 0 ? targets : [],
          askLocksOf: stopsAt > 1 ? targets : [],
          askSealsOf: stopsAt > 2 ? targets : [],
          publishTo: stopsAt > 3 ? targets : [],
        }
      }
      case 'hide-lock':
        if (this.hoards) return { ...everybody, askLocksOf: [], askSealsOf: [], publishTo: [] }
        return random.below(2) === 0
          ? { ...everybody, askLocksOf: few(), askSealsOf: [], publishTo: [] }
          : { ...everybody, askSealsOf: few(), publishTo: [] }
      default:
        return everybody
    }
  }

  private candidate(leader: number, slot: number, block: SimBlock, justification: ProposedBlock['justification']): ProposedBlock {
    const maker = this.world.quorums.indexOf(leader, block.height) ?? 0
    return { block, slot, maker, ticket: this.world.ticketOf(leader, slot, block.height), justification }
  }

  /** Two blocks, led side by side: each to its own half at every step, or to everybody at some. */
  private split(leader: number, slot: number): Plan[] {
    const { random, targets, world } = this
    const [apart] = world.scenario.name === 'fork' ? world.scenario.partitions : []
    const half = apart === undefined ? random.someOf(targets) : targets.filter((target) => apart.groups[target] === 0)
    const mixes = apart === undefined && random.below(2) === 0
    return [half, targets.filter((target) => !half.includes(target))].map((own) => {
      // Where the honest have two chains, each half gets a block for its own.
      const block = world.build(leader, slot, this.highestHead(apart === undefined ? targets : own))
      const candidate = this.candidate(leader, slot, block, null)
      const whom = (): readonly number[] => (mixes && random.below(2) === 0 ? targets : own)
      return { leader, block, candidate, proposeTo: whom(), askVotesOf: whom(), askLocksOf: whom(), askSealsOf: whom(), publishTo: whom() }
    })
  }

  private lead(plan: Plan): void {
    const { world } = this
    const { candidate, leader, proposeTo, askVotesOf } = plan
    const { block, slot, justification } = candidate
    const validSlot = justification?.statement.slot ?? null
    const fields = { height: block.height, slot, block: block.hash, validSlot }
    const statement = { kind: 'candidate', ...fields } as const
    world.signBadly(leader, statement)
    world.trace(() => `adversary ${leader} leads s${slot} h${block.height} ${short(block.hash)} to ${proposeTo.join(',')}`)
    for (const to of proposeTo)
      world.send(leader, to, { kind: 'candidate', from: leader, statement, candidate, isRelayed: world.scenario.relaysCandidates })
    const vote: VoteStatement = { kind: 'vote', ...fields }
    this.plans.push(plan)
    this.remember(vote)
    const delayMs = this.random.below(world.scenario.choiceMs * 2)
    world.after(delayMs, () => {
      this.ask(leader, askVotesOf, { kind: 'vote', statement: vote })
      this.pursue()
    })
  }

  private ask(leader: number, whom: readonly number[], request: SignRequest): void {
    for (const to of whom) this.world.send(leader, to, { kind: 'request', replyTo: { from: leader, life: 0 }, request })
  }

  /** Goes on with every plan as far as the signatures reach. */
  private pursue(): void {
    const { world } = this
    for (const plan of [...this.plans]) {
      const { block, candidate, leader } = plan
      const { slot, justification } = candidate
      const voted = this.certificate({
        kind: 'vote',
        height: block.height,
        slot,
        block: block.hash,
        validSlot: justification?.statement.slot ?? null,
      })
      if (voted === null) continue
      const lock: LockStatement = { kind: 'lock', height: block.height, slot, block: block.hash }
      const seal: SealStatement = { kind: 'seal', height: block.height, block: block.hash }
      this.remember(lock)
      this.once(plan, 'lock', () => this.ask(leader, plan.askLocksOf, { kind: 'lock', certificate: voted }))
      const locked = this.certificate(lock)
      if (locked === null) continue
      this.once(plan, 'seal', () => this.ask(leader, plan.askSealsOf, { kind: 'seal', certificate: locked }))
      const sealed = this.certificate(seal)
      if (sealed === null) continue
      this.once(plan, 'publish', () => {
        for (const to of plan.publishTo) world.send(leader, to, { kind: 'sealed', from: leader, sealed: { block, seal: sealed.aggregate } })
      })
    }
  }

  private readonly done = new WeakMap<Plan, Set<string>>()

  private once(plan: Plan, phase: string, run: () => void): void {
    const done = this.done.get(plan) ?? new Set()
    this.done.set(plan, done)
    if (done.has(phase)) return
    done.add(phase)
    run()
  }

  /** Shows some what others have signed, true but without a leader's name on it; any part of it. */
  private tell(member: number): void {
    const { random, world } = this
    if (this.hoards) return
    const heard = [...this.votes.values(), ...this.locks.values()]
    if (heard.length === 0) return
    const statement = random.pick(heard)
    const signers = world.register.signersOf(statement)
    const some = random.below(2) === 0 ? signers : random.someOf(signers)
    const certificate = world.register.partOf(statement, some)
    for (const to of random.someOf(this.targets)) world.send(member, to, { kind: 'tally', certificates: [certificate] })
  }

  /** Shows a hidden certificate to some, at a bad moment. */
  private leak(): void {
    const { random, world } = this
    if (this.hoards || random.below(2) === 0) return
    const known = [...this.voteCertificates(), ...this.lockCertificates()]
    if (known.length === 0) return
    const certificate = random.pick(known)
    const leader = random.pick(this.members)
    for (const to of random.someOf(this.targets)) world.send(leader, to, { kind: 'certificate', certificate })
  }

  // As a member whom others ask

  hear(member: number, message: Message): void {
    const { world, random } = this
    switch (message.kind) {
      case 'answer':
        return this.pursue()
      case 'request': {
        const statement = askedFor(message.request)
        if (statement === null) return
        if (statement.kind !== 'seal') this.remember(statement)
        const answer = this.answer(member, world.scenario.behaviours[member] ?? 'withhold', message.request)
        if (answer === null) return
        const { from, life } = message.replyTo
        return world.after(random.below(50), () =>
          world.send(member, from, { kind: 'answer', from: member, life, request: message.request, answer }),
        )
      }
      default:
        return
    }
  }

  private answer(member: number, behaviour: Behaviour, request: SignRequest): Answer | null {
    const { random, world } = this
    const statement = askedFor(request)
    if (statement === null) return null
    const isObliging = behaviour !== 'withhold' && behaviour !== 'spam'
    const choice = isObliging ? 2 : random.below(3)
    if (!this.wouldSign(member, statement)) return { kind: 'refusal', reason: 'locked', height: statement.height, certificate: null }
    if (choice === 0) return null
    if (choice === 1) {
      const reason = random.pick(['locked', 'lower-ticket', 'already-voted', 'silent'] as const)
      const certificate = random.below(2) === 0 ? (this.voteCertificates().at(-1) ?? null) : null
      return { kind: 'refusal', reason, height: statement.height + random.below(3), certificate }
    }
    world.signBadly(member, statement)
    return { kind: 'signature' }
  }
}

/** One adversary's place in the network. */
export class Adversary implements Participant {
  readonly isUp = true
  readonly chain = []
  private readonly coalition: Coalition

  constructor(coalition: Coalition) {
    this.coalition = coalition
  }

  hasBody(block: Hash): boolean {
    return this.coalition.world.blocks.has(block) && this.coalition.random.below(2) === 0
  }

  newestOf(): undefined {}

  receive(to: number, message: Message): void {
    this.coalition.hear(to, message)
  }
}
