import type { Input } from '../../src/consensus/types.ts'
import type { Certificate, SignRequest, Statement } from '../../src/wire/types.ts'
import { askedFor, marker } from './register.ts'
import type { Answer, Message, ReplyTo, World } from './world.ts'

interface Owner {
  /** Counts its starts; an answer to a former life is lost. */
  readonly life: number
  readonly workingHeight: number
  feed(input: Input): void
  /** False for a certificate that does not hold. */
  keepCertificate(certificate: Certificate): boolean
  learn(signer: number, statement: Statement): void
}

/** The streams over which leaders ask and verifiers answer, as one node has them open. */
export class SignService {
  private readonly world: World
  private readonly index: number
  private readonly owner: Owner
  private readonly open = new Map<number, { readonly replyTo: ReplyTo; readonly request: SignRequest }>()
  private nextId = 0

  constructor(world: World, index: number, owner: Owner) {
    this.world = world
    this.index = index
    this.owner = owner
  }

  /** Requests that the machine still has to answer. */
  get openRequests(): number {
    return this.open.size
  }

  closeAll(): void {
    this.open.clear()
  }

  ask(request: SignRequest): void {
    const { world, index } = this
    const replyTo = { from: index, life: this.owner.life }
    this.takeRequest(replyTo, request)
    for (let member = 0; member < world.scenario.verifiers; member++)
      if (member !== index) world.send(index, member, { kind: 'request', replyTo, request })
  }

  takeRequest(replyTo: ReplyTo, request: SignRequest): void {
    const id = this.nextId++
    this.open.set(id, { replyTo, request })
    const isRight = askedFor(request) !== null && (request.kind === 'vote' || this.owner.keepCertificate(request.certificate))
    if (isRight) this.owner.feed({ kind: 'request', id, from: replyTo.from, request })
    else this.answer(id, { kind: 'refusal', reason: 'bad-certificate', height: this.owner.workingHeight, certificate: null })
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
    if (answer.kind === 'signature') {
      if (!world.register.hasSigned(from, statement)) return
      owner.learn(from, statement)
      return owner.feed({ kind: 'signature', from, statement, signature: marker(from, statement) })
    }
    const { certificate } = answer
    const known = certificate !== null && owner.keepCertificate(certificate) ? certificate : null
    owner.feed({ kind: 'refusal', from, reason: answer.reason, height: answer.height, certificate: known })
  }
}
