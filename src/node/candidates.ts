import type { Hex } from '../base/hex.ts'
import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import { outranks } from '../consensus/choice.ts'
import { isSelected } from '../consensus/sortition.ts'
import type { ProposedBlock, State } from '../consensus/types.ts'
import type { BlsItem, Signatures } from '../crypto/signatures.ts'
import type { PreparedTransaction } from '../ledger/transaction.ts'
import { decode, WireError } from '../wire/codec.ts'
import { blockHash, ticketOf } from '../wire/ids.ts'
import type { Quorum } from '../wire/quorum.ts'
import { statementMessage, ticketMessage } from '../wire/signing.ts'
import {
  type Candidate,
  type CandidateStatement,
  type Certificate,
  candidate,
  type Hash,
  type Header,
  type VoteStatement,
} from '../wire/types.ts'
import type { Bodies } from './bodies.ts'
import { MAX_EARLY_SLOTS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { HeadWaiters } from './head-waiters.ts'
import type { Heard } from './heard.ts'
import { executeBlock, type KnownBlocks } from './known-blocks.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import { recoveryBy } from './recovery-blocks.ts'
import type { Slots } from './slots.ts'

export interface CandidateIntakeOptions {
  readonly chain: Chain
  readonly known: KnownBlocks
  readonly bodies: Bodies
  readonly slots: Slots
  readonly waiters: HeadWaiters
  readonly signatures: Signatures
  readonly quorumSignatures: QuorumSignatures
  readonly heard: Heard
  /** The machine's state, to leave unchecked what it could never choose. */
  readonly state: () => State
  readonly onCandidate: (proposed: ProposedBlock) => void
  /** A peer builds on a height that this node does not have. */
  readonly onBehind: (height: number) => void
}

/** The first candidate of a maker in a slot that came here. */
interface Envelope {
  readonly slot: number
  readonly block: Hash
  readonly quorum: Quorum
  readonly statement: CandidateStatement
  readonly signature: Hex
  /** What its signatures are over: first its ticket's, then its own. */
  readonly items: readonly [BlsItem, BlsItem]
  /** It was passed over for a better one, unchecked. */
  isOutranked: boolean
  /** Its signature was checked, and noted. */
  isNoted: boolean
  /** Another one of this maker in this slot is good, too: there is evidence, and nothing more to learn. */
  isDouble: boolean
}

/** Validates messages of the topic `candidates`; the checks are those of `protocols/candidates.md`, the cheap ones first. */
export class CandidateIntake {
  readonly #options: CandidateIntakeOptions
  /** By `height:slot:maker`, of this slot and the next: of each maker at most one. */
  readonly #envelopes = new Map<string, Envelope>()

  constructor(options: CandidateIntakeOptions) {
    this.#options = options
  }

  /**
   * Whether this maker's candidate was passed over, so that its request for votes can be refused at once. Only now are
   * its signatures checked: anybody could have sent it in the maker's name, to make votes for the real one be refused.
   */
  isOutranked({ height, slot, block }: Pick<CandidateStatement, 'height' | 'slot' | 'block'>, maker: number): boolean {
    const first = this.#envelopes.get(envelopeKey(height, slot, maker))
    return first !== undefined && first.block === block && first.isOutranked && this.#options.signatures.blsVerifyMany(first.items)
  }
  forget(beforeSlot: number): void {
    for (const [key, { slot }] of this.#envelopes) if (slot < beforeSlot) this.#envelopes.delete(key)
  }

  async validate(data: Uint8Array, from: string): Promise<Verdict<unknown>> {
    let wire: Candidate
    try {
      wire = decode(candidate, data)
    } catch (error) {
      // [REJECT] malformed: no canonical bytes within the bounds.
      if (error instanceof WireError) return reject('malformed', error.message)
      throw error
    }
    const { chain, slots, waiters } = this.#options
    const { header } = wire
    const now = slots.now()
    // [IGNORE] old-slot, future-slot: the slot is neither this one nor the next.
    if (now === null || wire.slot > now + MAX_EARLY_SLOTS) return ignore('future-slot', `slot ${wire.slot}, it is slot ${now}`)
    if (wire.slot < now) return ignore('old-slot', `slot ${wire.slot}, it is slot ${now}`)
    // [IGNORE] old-height: it is final already.
    if (header.height <= chain.head.height) return ignore('old-height', `height ${header.height}, the head is ${chain.head.height}`)
    // [IGNORE] unknown-parent: its parent did not arrive by the end of the slot.
    if (header.height > chain.head.height + 1) this.#options.onBehind(header.height)
    if (!(await waiters.wait(header.height - 1, chain.head.height, slots.remainingMs(), from)) || header.height !== chain.head.height + 1)
      return ignore('unknown-parent', `height ${header.height}, the head is ${chain.head.height}`)
    if (header.parent !== chain.head.hash) return ignore('unknown-parent', `parent ${header.parent.slice(0, 8)}`)
    return this.#validateOnHead(wire, from)
  }

  async #validateOnHead(wire: Candidate, from: string): Promise<Verdict<unknown>> {
    const { chain, known, bodies, state: machine } = this.#options
    const { header, slot, maker, justification } = wire
    const hash = blockHash(chain.chainId, header)
    // [REJECT] slot-not-above-parent, justification-missing, wrong-justification: see checkEnvelope.
    const fitting = checkEnvelope(wire, hash, chain.head.slot)
    if (fitting.kind !== 'accept') return fitting
    // [REJECT] unknown-maker: no member of the quorum.
    const proposer = chain.quorum.members[maker]
    if (proposer === undefined) return reject('unknown-maker', `maker ${maker} of ${chain.quorum.members.length}`)
    const ticket = ticketOf(wire.proof)
    const proposed: ProposedBlock = {
      block: { hash, height: header.height, slot: header.slot, parent: header.parent },
      slot,
      maker,
      ticket,
      justification: justification as Certificate<VoteStatement> | null,
    }
    // [IGNORE] other-recovery: after a fork, a block for which others sign than those with whom this node goes on.
    const isFitting = this.#isSignedByQuorum(wire)
    if (!isFitting) return ignore('other-recovery', `height ${header.height} after a fork`)
    const state = machine()
    // [IGNORE] own-key: another process signs with this node's key; the machine must hear of it, whatever it has itself.
    const own = state.record.candidate
    if (maker === state.members.self && !(own?.slot === slot && own.block === hash)) {
      const signed = this.#checkSignatures(wire, this.#envelopeOf(wire, hash, proposer.blsKey), ticket)
      if (signed.kind !== 'accept') return signed
      this.#options.onCandidate(proposed)
      return ignore('own-key', `a candidate in slot ${slot} that this node did not make`)
    }
    // [REJECT] bad-signature, [IGNORE] known: another candidate of this maker in this slot came first.
    const envelope = this.#envelopeOf(wire, hash, proposer.blsKey)
    const second = this.#checkSecond(envelope, maker)
    if (second.kind !== 'accept') return second
    // [IGNORE] known: a candidate of this maker in this slot is here.
    const others = state.candidates.filter((other) => other.slot === slot)
    if (others.some((other) => other.maker === maker)) return ignore('known', `maker ${maker} has a candidate in slot ${slot}`)
    // [IGNORE] lower-ticket: nobody who has that other one needs it, so nothing of it is checked or relayed.
    if (others.some((other) => outranks(state, other, proposed))) {
      envelope.isOutranked = true
      this.#keep(envelope, maker)
      return ignore('lower-ticket', `maker ${maker} in slot ${slot}`)
    }
    const signed = this.#checkSignatures(wire, envelope, ticket)
    if (signed.kind !== 'accept') return signed
    const executedBefore = known.get(hash)
    if (executedBefore !== undefined) known.add(executedBefore)
    else {
      // [IGNORE] missing-transactions; [REJECT] bad-transaction, wrong-transactions-root.
      const body = await bodies.fill(hash, header, wire.shortIds, from)
      if (body.kind !== 'accept') return body
      const executed = this.#execute(wire, body.value)
      if (executed.kind !== 'accept') return executed
    }
    this.#options.onCandidate(proposed)
    return accept(undefined)
  }

  /** `recovery.md` X9: while this node recovers, a recovery block that leaves out the same; at other times none. */
  #isSignedByQuorum({ evidence }: Candidate): boolean {
    const { chain, signatures } = this.#options
    const recovery = recoveryBy(chain, evidence, signatures)
    if (recovery.kind !== 'accept') return !chain.isDisputed(chain.head.height + 1)
    return chain.recoveringWithout === null ? recovery.value === null : recovery.value?.quorum.hash === chain.quorum.hash
  }

  #execute({ header, evidence }: Candidate, transactions: readonly PreparedTransaction[]): Verdict<unknown> {
    const { chain, known, signatures } = this.#options
    // [IGNORE] old-height: the head moved while the body was fetched.
    if (header.parent !== chain.head.hash) return ignore('old-height', `height ${header.height}`)
    const block = { header, evidence, transactions: transactions.map(({ transaction }) => transaction) }
    // [REJECT] every code of executeBlock.
    const executed = executeBlock(chain, block, transactions, signatures)
    if (executed.kind === 'accept') known.add(executed.value)
    return executed
  }

  #checkSignatures(wire: Candidate, envelope: Envelope, ticket: Hash): Verdict<unknown> {
    const { chain, signatures, quorumSignatures } = this.#options
    const { chainId, epochSeed, quorum, genesis } = chain
    const { header, justification } = wire
    const builder = quorum.members[header.maker]
    const proposer = quorum.members[wire.maker]
    // [REJECT] unknown-maker: no member of the quorum.
    if (builder === undefined || proposer === undefined) return reject('unknown-maker', `maker ${wire.maker} of ${quorum.members.length}`)
    // [REJECT] ticket-above-threshold: of the envelope, or of the header.
    const selected = (of: Hash, stake: number): boolean => isSelected(genesis.parameters, of, stake, quorum.totalStakeDroplets)
    if (!selected(ticket, proposer.stakeDroplets)) return reject('ticket-above-threshold', `maker ${wire.maker} in slot ${wire.slot}`)
    if (!selected(ticketOf(header.proof), builder.stakeDroplets))
      return reject('ticket-above-threshold', `maker ${header.maker} in slot ${header.slot}`)
    const items: BlsItem[] = [...envelope.items]
    if (header.slot !== wire.slot)
      items.push({ publicKey: builder.blsKey, message: ticketMessage(chainId, epochSeed, header.slot), signature: header.proof })
    // [REJECT] bad-signature: of the tickets or the envelope.
    if (!signatures.blsVerifyMany(items)) return reject('bad-signature', `maker ${wire.maker} in slot ${wire.slot}`)
    this.#note(envelope, wire.maker)
    this.#keep(envelope, wire.maker)
    // [REJECT] bad-parent-seal: the header's certificate for its parent.
    const seal = checkParentSeal(chain, header, quorumSignatures)
    if (seal.kind !== 'accept') return seal
    // [REJECT] bad-justification: the vote certificate.
    return justification === null ? accept(undefined) : quorumSignatures.checkCertificate(quorum, justification)
  }

  /** What the proposer signed: its ticket and its statement. */
  #envelopeOf(wire: Candidate, hash: Hash, publicKey: Hex): Envelope {
    const { chain } = this.#options
    const { chainId, epochSeed, quorum } = chain
    const { slot, signature } = wire
    const statement = statementOf(wire, hash)
    const items: [BlsItem, BlsItem] = [
      { publicKey, message: ticketMessage(chainId, epochSeed, slot), signature: wire.proof },
      { publicKey, message: statementMessage(chain.signingIdAt(statement.height), statement), signature },
    ]
    return { ...{ slot, block: hash, quorum, statement, signature, items }, isOutranked: false, isNoted: false, isDouble: false }
  }

  /** Whether the maker signed it, whatever its ticket. */
  #isSigned({ items: [, own] }: Envelope): boolean {
    return this.#options.signatures.blsVerifyMany([own])
  }
  #note(envelope: Envelope, maker: number): void {
    if (envelope.isNoted) return
    envelope.isNoted = true
    this.#options.heard.note(envelope.quorum, envelope.statement, { signers: [maker], signature: envelope.signature })
  }

  /** Keeps it as the first of its maker and slot; an unchecked one of the same block may have been forged. */
  #keep(envelope: Envelope, maker: number): void {
    const key = envelopeKey(envelope.statement.height, envelope.slot, maker)
    const first = this.#envelopes.get(key)
    if (first === undefined || (first.block === envelope.block && !first.isNoted)) this.#envelopes.set(key, envelope)
  }

  /**
   * Of a second block of a maker in one slot the signatures are checked, once: both together are evidence, and that is what travels
   * on, not the candidate. What came first was perhaps never checked: if it is a forgery, the other takes its place.
   */
  #checkSecond(envelope: Envelope, maker: number): Verdict {
    const first = this.#envelopes.get(envelopeKey(envelope.statement.height, envelope.slot, maker))
    if (first === undefined || first.block === envelope.block) return accept(undefined)
    const known = ignore('known', `maker ${maker} has a candidate in slot ${envelope.slot}`)
    if (first.isDouble) return known
    if (!this.#isSigned(envelope)) return reject('bad-signature', `maker ${maker} in slot ${envelope.slot}`)
    if (!first.isNoted && !this.#isSigned(first)) {
      this.#envelopes.delete(envelopeKey(envelope.statement.height, envelope.slot, maker))
      return accept(undefined)
    }
    first.isDouble = true
    this.#note(first, maker)
    this.#note(envelope, maker)
    return known
  }
}

const envelopeKey = (height: number, slot: number, maker: number): string => `${height}:${slot}:${maker}`

/** What a candidate's proposer signs. */
const statementOf = (wire: Candidate, hash: Hash): CandidateStatement => ({
  kind: 'candidate',
  height: wire.header.height,
  slot: wire.slot,
  block: hash,
  validSlot: wire.justification?.statement.kind === 'vote' ? wire.justification.statement.slot : null,
})

/** Whether envelope, header and justification fit each other. */
function checkEnvelope(wire: Candidate, hash: Hash, headSlot: number): Verdict {
  const { header, slot, justification } = wire
  if (header.slot <= headSlot) return reject('slot-not-above-parent', `slot ${header.slot}, the parent's is ${headSlot}`)
  if (justification === null) {
    // A block without a vote certificate is its builder's, in its own slot.
    if (header.slot !== slot || header.maker !== wire.maker || header.proof !== wire.proof)
      return reject('justification-missing', `a block of slot ${header.slot} in slot ${slot} without a vote certificate`)
    return accept(undefined)
  }
  const { statement } = justification
  if (statement.kind !== 'vote' || statement.block !== hash || statement.height !== header.height)
    return reject('wrong-justification', `a ${statement.kind} certificate of another block or height`)
  if (statement.slot >= slot || statement.slot < header.slot)
    return reject('wrong-justification', `a vote certificate of slot ${statement.slot} in slot ${slot}`)
  return accept(undefined)
}

/** Whether a header on the head names a seal certificate of the head. */
function checkParentSeal(chain: Chain, header: Header, quorumSignatures: QuorumSignatures): Verdict {
  const { parentSeal } = header
  if (chain.head.height === 0) return parentSeal === null ? accept(undefined) : reject('bad-parent-seal', 'genesis has no seal')
  if (parentSeal === null) return reject('bad-parent-seal', 'the seal of the parent is missing')
  if (parentSeal.signature === chain.headSeal?.signature && parentSeal.signers.join() === chain.headSeal.signers.join())
    return accept(undefined)
  const statement = { kind: 'seal', height: chain.head.height, block: chain.head.hash } as const
  const verdict = quorumSignatures.checkCertificate(chain.headQuorum, { statement, aggregate: parentSeal })
  return verdict.kind === 'accept' ? verdict : reject('bad-parent-seal', verdict.detail)
}
