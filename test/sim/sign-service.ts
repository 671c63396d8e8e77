import { slotOf } from '../../src/consensus/requests.ts'
import type { Input } from '../../src/consensus/types.ts'
import type { Certificate, RefusalReason, SignRequest, Statement } from '../../src/wire/types.ts'
import { askedFor, marker } from './register.ts'
import type { Answer, Message, ReplyTo, World } from './world.ts'

interface Owner {
  /** Counts its starts; an answer to a former life is lost. */
  readonly life: number
  readonly workingHeight: number
  feed(input: Input): void
  knowsQuorumOf(height: number): boolean
  /** False for a certificate that does not hold. */
  keepCertificate(certificate: Certificate): boolean
  learn(signer: number, statement: Statement): void
  noteAnswer(signer: number, statement: Statement, slot: number | null): void
  /** A peer works on a higher height. */
  catchUp(): void
}

/** The streams over which leaders ask and verifiers answer, as one node has them open. */
export class SignService {
  private readonly world: World
  private readonly index: number
  private readonly owner: Owner
  private readonly open = new Map<number, { readonly replyTo: ReplyTo; readonly request: SignRequest }>()
  private nextId = 0
  /** Of heights whose quorum is not known here yet. */
  private waiting: readonly { readonly id: number; readonly replyTo: ReplyTo; readonly request: SignRequest }[] = []

  constructor(world: World, index: number, owner: Owner) {
    this.world = world
    this.index = index
    this.owner = owner
  }

  /** Requests that are still to be answered. */
  get openRequests(): number {
    return this.open.size
  }

  /** Those of them that the machine has not been told of. */
  get early(): number {
    return this.waiting.length
  }

  closeAll(): void {
    this.open.clear()
    this.waiting = []
  }

  /** The head has moved, and with it what is known of quorums. */
  release(): void {
    const waiting = this.waiting
    this.waiting = []
    for (const { id, replyTo, request } of waiting) this.consider(id, replyTo, request)
  }

  /** What waited in vain for a head. */
  endSlot(slot: number): void {
    const over = this.waiting.filter(({ request }) => slotOf(request) !== slot)
    this.waiting = this.waiting.filter((one) => !over.includes(one))
    for (const { id } of over) this.refuse(id, 'unknown-parent')
  }

  ask(request: SignRequest): void {
    const { world, index } = this
    const replyTo = { from: index, life: this.owner.life }
    this.takeRequest(replyTo, request)
    const { height } = request.kind === 'vote' ? request.statement : request.certificate.statement
    const identity = world.identityOf(index)
    for (const node of world.quorums.at(height).nodes)
      if (node !== identity) for (const to of world.placesOf(node)) world.send(index, to, { kind: 'request', replyTo, request })
  }

  takeRequest(replyTo: ReplyTo, request: SignRequest): void {
    const id = this.nextId++
    this.open.set(id, { replyTo, request })
    this.consider(id, replyTo, request)
  }

  private consider(id: number, replyTo: ReplyTo, request: SignRequest): void {
    const { world, owner } = this
    const statement = askedFor(request)
    if (statement === null) return this.refuse(id, 'bad-certificate')
    if (!owner.knowsQuorumOf(statement.height)) return this.wait(id, replyTo, request)
    const from = world.quorums.indexOf(world.identityOf(replyTo.from), statement.height)
    if (from === null) return this.refuse(id, 'not-leader')
    if (request.kind !== 'vote' && !owner.keepCertificate(request.certificate)) return this.refuse(id, 'bad-certificate')
    owner.feed({ kind: 'request', id, from, request })
  }

  /** R4: until the head is there; one of a kind and asker. */
  private wait(id: number, replyTo: ReplyTo, request: SignRequest): void {
    const isOlder = (one: { replyTo: ReplyTo; request: SignRequest }): boolean =>
      one.replyTo.from === replyTo.from && one.request.kind === request.kind
    const older = this.waiting.filter(isOlder)
    this.waiting = [...this.waiting.filter((one) => !isOlder(one)), { id, replyTo, request }]
    for (const one of older) this.refuse(one.id, 'wrong-slot')
    this.owner.catchUp()
  }

  private refuse(id: number, reason: RefusalReason): void {
    this.answer(id, { kind: 'refusal', reason, height: this.owner.workingHeight, certificate: null })
  }

  answer(id: number, answer: Answer): void {
    const { world, index } = this
    const asked = this.open.get(id)
    this.open.delete(id)
    if (asked === undefined)
      return world.fail('broken-contract', `n${index} answers request ${id}, which nobody made or which was answered`)
    const { replyTo, request } = asked
    const message: Message = { kind: 'answer', from: index, life: replyTo.life, request, answer }
    if (replyTo.from === index) this.takeAnswer(message)
    else world.send(index, replyTo.from, message)
  }

  takeAnswer({ from, life, request, answer }: Extract<Message, { kind: 'answer' }>): void {
    const { world, owner } = this
    const statement = askedFor(request)
    if (life !== owner.life || statement === null) return
    const member = world.quorums.indexOf(world.identityOf(from), statement.height)
    if (member === null) return
    if (answer.kind === 'signature') {
      if (!world.register.hasSigned(member, statement)) return
      owner.learn(member, statement)
      const asked = request.kind === 'vote' ? request.statement : request.certificate.statement
      owner.noteAnswer(member, statement, 'slot' in asked ? asked.slot : null)
      return owner.feed({ kind: 'signature', from: member, statement, signature: marker(member, statement) })
    }
    const { certificate } = answer
    const known = certificate !== null && owner.keepCertificate(certificate) ? certificate : null
    owner.feed({ kind: 'refusal', from: member, reason: answer.reason, height: answer.height, certificate: known })
  }
}
