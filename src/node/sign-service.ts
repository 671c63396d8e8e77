import { invariant, QuorateError } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import type { Effect, Input } from '../consensus/types.ts'
import type { BlsItem, Signatures } from '../crypto/signatures.ts'
import type { Network } from '../ports/network.ts'
import type { Signer } from '../ports/signer.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { decode, encode, WireError } from '../wire/codec.ts'
import type { Quorum, QuorumMember } from '../wire/quorum.ts'
import { statementMessage } from '../wire/signing.ts'
import {
  type LockStatement,
  type SealStatement,
  type SignRequest,
  type SignResponse,
  signRequest,
  signResponse,
  type VoteStatement,
} from '../wire/types.ts'
import type { CandidateIntake } from './candidates.ts'
import type { Chain } from './chain.ts'
import type { HeadWaiters } from './head-waiters.ts'
import type { Heard } from './heard.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import type { Seat } from './seat.ts'
import type { Slots } from './slots.ts'
import { within } from './within.ts'

type Signed = VoteStatement | LockStatement | SealStatement
type Refusal = Extract<SignResponse, { kind: 'refusal' }>
interface Received {
  readonly from: number
  readonly statement: Signed
  readonly signature: Hex
}

/** What a request asks to have signed. Null if it is for nothing that a verifier signs on request. */
function askedStatement(request: SignRequest): Signed | null {
  if (request.kind === 'vote') return request.statement.kind === 'vote' ? request.statement : null
  const { statement } = request.certificate
  if (request.kind === 'lock' && statement.kind === 'vote')
    return { kind: 'lock', height: statement.height, slot: statement.slot, block: statement.block }
  if (request.kind === 'seal' && statement.kind === 'lock') return { kind: 'seal', height: statement.height, block: statement.block }
  return null
}

export interface SignServiceOptions {
  readonly chain: Chain
  readonly network: Network
  readonly slots: Slots
  readonly signer: Signer | null
  readonly seat: Seat
  readonly waiters: HeadWaiters
  readonly signatures: Signatures
  readonly quorumSignatures: QuorumSignatures
  readonly heard: Heard
  readonly intake: CandidateIntake
  readonly telemetry: Telemetry
  readonly feed: (input: Input) => void
  /** A leader works on a height that this node does not have. */
  readonly onBehind: (height: number) => void
  readonly onRefused: (by: number, refusal: Refusal) => void
}

/** The stream `sign`, both ends: answers leaders as the machine says, and asks the quorum when this node leads. */
export class SignService {
  readonly #options: SignServiceOptions
  readonly #unanswered = new Map<number, (response: SignResponse) => void>()
  /** Requests of this node to itself, by id: its index in the quorum of their height. */
  readonly #own = new Map<number, number>()
  #lastId = 0
  #received: Received[] = []
  readonly #stop = new AbortController()

  constructor(options: SignServiceOptions) {
    this.#options = options
    options.network.handle('sign', (data, from, signal) => this.#serve(data, from, signal))
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Carries out `sign`: the guard's record is on disk already. */
  async sign(effect: Extract<Effect, { kind: 'sign' }>): Promise<void> {
    const { chain, signer, seat, heard } = this.#options
    const quorum = chain.quorumAt(effect.statement.height)
    const self = quorum === undefined ? null : seat.in(quorum)
    invariant(signer !== null && quorum !== undefined && self !== null, 'only a member of the quorum signs')
    const signature = await signer.sign(statementMessage(chain.signingIdAt(effect.statement.height), effect.statement))
    heard.note(quorum, effect.statement, { signers: [self], signature })
    if (this.#own.delete(effect.id)) this.#options.feed({ kind: 'signature', from: self, statement: effect.statement, signature })
    else this.#answer(effect.id, { kind: 'signature', signature })
  }

  /** Carries out `refuse`. */
  refuse(effect: Extract<Effect, { kind: 'refuse' }>): void {
    const { id, reason, height, certificate } = effect
    const refusal = { kind: 'refusal', reason, height, certificate } as const
    const self = this.#own.get(id)
    if (self === undefined) return this.#answer(id, refusal)
    this.#own.delete(id)
    this.#options.onRefused(self, refusal)
  }

  /** Carries out `ask`: everybody at once, each answer as it comes. */
  ask(request: SignRequest): void {
    const { chain, seat, feed } = this.#options
    const statement = askedStatement(request)
    const quorum = statement === null ? undefined : chain.quorumAt(statement.height)
    invariant(statement !== null && quorum !== undefined, 'a leader asks for what can be signed')
    const bytes = encode(signRequest, request)
    const self = seat.in(quorum)
    for (const [index, member] of quorum.members.entries()) {
      if (index === self) {
        const id = ++this.#lastId
        this.#own.set(id, index)
        feed({ kind: 'request', id, from: index, request })
      } else void this.#askPeer(index, member.peerId, statement, bytes)
    }
  }

  async #askPeer(index: number, peerId: string, statement: Signed, bytes: Uint8Array): Promise<void> {
    const { network, slots, telemetry } = this.#options
    try {
      // Until the slot ends an answer is of use.
      const request = (signal: AbortSignal): Promise<Uint8Array> => network.request('sign', peerId, bytes, signal)
      const response = decode(signResponse, await within(Math.max(1, slots.remainingMs()), this.#stop.signal, request))
      if (response.kind === 'refusal') this.#takeRefusal(index, peerId, response)
      else this.#takeSignature({ from: index, statement, signature: response.signature }, peerId)
    } catch (error) {
      if (error instanceof WireError) network.penalize(peerId, 'bad-answer')
      else if (!(error instanceof QuorateError)) throw error
      telemetry.count(`sign.unanswered.${error.code}`)
    }
  }

  #takeRefusal(index: number, peerId: string, refusal: Refusal): void {
    const { chain, quorumSignatures, network, feed, onRefused } = this.#options
    onRefused(index, refusal)
    let { certificate } = refusal
    if (certificate !== null && (certificate.statement.height !== chain.head.height + 1 || certificate.statement.kind !== 'vote'))
      certificate = null
    const checked = certificate === null ? null : quorumSignatures.checkCertificate(chain.quorum, certificate)
    if (checked?.kind === 'reject') network.penalize(peerId, 'bad-certificate')
    if (checked?.kind !== 'accept') certificate = null
    feed({ kind: 'refusal', from: index, reason: refusal.reason, height: refusal.height, certificate })
  }

  /** Signatures that arrive in one turn of the event loop are checked together, which takes a fraction of the time. */
  #takeSignature(received: Received, peerId: string): void {
    this.#received.push(received)
    if (this.#received.length > 1) return
    setImmediate(() => {
      const batch = this.#received
      this.#received = []
      const items = batch.map((one) => this.#itemOf(one))
      const allGood = this.#options.signatures.blsVerifyMany(items)
      for (const [place, one] of batch.entries()) {
        const item = items[place]
        if (allGood || (item !== undefined && this.#options.signatures.blsVerifyMany([item]))) this.#feedSignature(one)
        else this.#options.network.penalize(this.#memberOf(one)?.peerId ?? peerId, 'bad-signature')
      }
    })
  }

  #itemOf(received: Received): BlsItem {
    const { statement, signature } = received
    return {
      publicKey: this.#memberOf(received)?.blsKey ?? '',
      message: statementMessage(this.#options.chain.signingIdAt(statement.height), statement),
      signature,
    }
  }

  #memberOf({ from, statement }: Received): QuorumMember | undefined {
    return this.#options.chain.quorumAt(statement.height)?.members[from]
  }

  #feedSignature({ from, statement, signature }: Received): void {
    const { chain, heard, feed } = this.#options
    const quorum = chain.quorumAt(statement.height)
    if (quorum !== undefined) heard.note(quorum, statement, { signers: [from], signature })
    feed({ kind: 'signature', from, statement, signature })
  }

  async #serve(data: Uint8Array, peerId: string, signal: AbortSignal): Promise<Uint8Array> {
    return encode(signResponse, await this.#respond(data, peerId, signal))
  }

  async #respond(data: Uint8Array, peerId: string, signal: AbortSignal): Promise<SignResponse> {
    const { chain, network, quorumSignatures, intake, feed, seat } = this.#options
    const refusal = (reason: Refusal['reason']): Refusal => ({ kind: 'refusal', reason, height: chain.head.height + 1, certificate: null })
    let request: SignRequest
    try {
      request = decode(signRequest, data)
    } catch (error) {
      if (error instanceof WireError) network.penalize(peerId, 'malformed')
      throw error
    }
    const asked = askedStatement(request)
    if (asked === null) {
      network.penalize(peerId, 'wrong-request')
      return refusal('bad-certificate')
    }
    // The head's own certificate still counts: its seals are collected until the slot ends.
    if (asked.height < chain.head.height) return refusal('old-height')
    const quorum = await this.#quorumOf(asked, peerId)
    if (quorum === undefined) return refusal('unknown-parent')
    // Whoever is no member of the height's quorum leads nothing there.
    const from = quorum.members.findIndex((member) => member.peerId === peerId)
    if (from < 0) return refusal('not-leader')
    if (seat.in(quorum) === null) return refusal('not-verifier')
    if (request.kind !== 'vote') {
      const { certificate } = request
      const checked = quorumSignatures.checkCertificate(quorum, certificate)
      if (checked.kind === 'reject') network.penalize(peerId, 'bad-certificate')
      if (checked.kind !== 'accept') return refusal('bad-certificate')
    } else if (request.statement.kind === 'vote' && intake.isOutranked(request.statement, from)) return refusal('lower-ticket')
    const id = ++this.#lastId
    return new Promise<SignResponse>((resolve, reject) => {
      const end = (response: SignResponse): void => {
        signal.removeEventListener('abort', onAbort)
        this.#unanswered.delete(id)
        resolve(response)
      }
      const onAbort = (): void => {
        this.#unanswered.delete(id)
        reject(new QuorateError('aborted', 'the asker went away'))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#unanswered.set(id, end)
      feed({ kind: 'request', id, from, request })
    })
  }

  /** The quorum of a statement's height. A leader may have the parent a moment earlier than this node: then it is waited for. */
  async #quorumOf({ height }: Signed, peerId: string): Promise<Quorum | undefined> {
    const { chain, waiters, slots, onBehind } = this.#options
    if (height > chain.head.height + 1) {
      onBehind(height - 1)
      await waiters.wait(height - 1, chain.head.height, slots.remainingMs(), peerId)
    }
    return chain.quorumAt(height)
  }

  #answer(id: number, response: SignResponse): void {
    this.#unanswered.get(id)?.(response)
  }
}
