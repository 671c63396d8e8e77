import { formatCoinHours, formatCoins } from '../base/amounts.ts'
import { invariant, unreachable } from '../base/errors.ts'
import { twoThirds } from '../base/stake.ts'
import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import { MAX_BLOCK_EVIDENCE } from '../wire/bounds.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import type { Action, Address, Hash } from '../wire/types.ts'
import { type Account, addMicroHours, type Ballot } from './account.ts'
import {
  checkDelegate,
  checkRegister,
  checkStake,
  checkUndelegate,
  checkUnstake,
  costDroplets,
  delegate,
  register,
  releaseDue,
  stake,
  undelegate,
  undelegated,
  unstake,
} from './bonds.ts'
import { MAX_RECOVERIES } from './bounds.ts'
import type { BlockCode, StateCode } from './codes.ts'
import { Draft, type Refusal, refuse } from './draft.ts'
import { checkSlip, forceElection, mixTicket, slip, turnElections } from './elections.ts'
import { checkProof, punish } from './offences.ts'
import { checkRatify, ratify } from './ratification.ts'
import { payParent } from './rewards.ts'
import { blockTimeMs, type LedgerState, stateRootOf, type Transition } from './state.ts'
import type { PreparedTransaction } from './transaction.ts'
import { checkEndorse, endorse } from './trust.ts'

/** Where a block stands. */
export interface BlockContext {
  readonly slot: number
  /** Index of the verifier that built it in the quorum that signs it. */
  readonly maker: number
  /** Of the proof in its header. */
  readonly ticket: Hash
  /** Offences to punish: proven by their signatures, in the order of the block. */
  readonly evidence: readonly ProvenEvidence[]
  /** Who sealed the parent, as its header says: ascending indices into the parent's quorum; null at height 1. */
  readonly parentSigners: readonly number[] | null
  /** The signing id that a recovery block begins (`recovery.md` X8): the state's quorum is the reduced one then. Other blocks have none. */
  readonly recovery?: Hash
}

export interface AssembledBlock {
  readonly transition: Transition
  readonly included: readonly PreparedTransaction[]
  /** What of the evidence is in the block. */
  readonly evidence: readonly ProvenEvidence[]
  /** Those looked at and not taken; most may be in a later block. */
  readonly refused: readonly { readonly transaction: PreparedTransaction; readonly refusal: Refusal }[]
}

/** floor(2T/3) of the quorum's stake T: what one block may move, so that more stake signs it than it moves. */
export const valueLimitDroplets = ({ quorum }: Pick<LedgerState, 'quorum'>): number => twoThirds(quorum.totalStakeDroplets)

/**
 * Executes a block's transactions in order on a state, which it does not change. Signatures, fees and the other rules of
 * `checkTransaction` were checked before. One bad transaction makes the block bad: `reject` with that transaction's code, its
 * place in the block and the numbers. Never throws for what a peer can send.
 */
export function apply(state: LedgerState, context: BlockContext, transactions: readonly PreparedTransaction[]): Verdict<Transition> {
  const { maxBlockTransactions } = state.parameters
  const refusal = checkContext(state, context)
  if (refusal !== null) return reject(refusal.code, refusal.detail)
  if (transactions.length > maxBlockTransactions) {
    return reject(
      'too-many-transactions' satisfies BlockCode,
      `has ${transactions.length} transactions, at most ${maxBlockTransactions} allowed`,
    )
  }
  const { evidence } = context
  if (evidence.length > MAX_BLOCK_EVIDENCE)
    return reject(
      'too-much-evidence' satisfies BlockCode,
      `has ${evidence.length} pieces of evidence, at most ${MAX_BLOCK_EVIDENCE} allowed`,
    )
  if (context.recovery !== undefined && transactions.length > 0)
    return reject('recovery-transactions' satisfies BlockCode, `a recovery block has ${transactions.length} transactions`)
  const execution = new Execution(state, context)
  const [unfit] = execution.unfitEvidence
  if (unfit !== undefined) return reject(unfit.refusal.code, `evidence ${unfit.proof.id}: ${unfit.refusal.detail}`)
  for (const [index, transaction] of transactions.entries()) {
    const refused = execution.add(transaction)
    if (refused !== null) return reject(refused.code, `transaction ${index} (${transaction.id}): ${refused.detail}`)
  }
  return accept(execution.finish())
}

/**
 * Builds a block: takes of the candidates, in their order, what is valid, and passes over the rest. Stops when the block is full:
 * at the first that has no room in it. `apply` of the included ones gives the same transition.
 */
export function assemble(state: LedgerState, context: BlockContext, candidates: Iterable<PreparedTransaction>): AssembledBlock {
  const refusal = checkContext(state, context)
  invariant(refusal === null, `the own block stands where one can: ${refusal?.detail}`)
  const execution = new Execution(state, context)
  const included: PreparedTransaction[] = []
  const refused: { transaction: PreparedTransaction; refusal: Refusal }[] = []
  for (const transaction of candidates) {
    const refusal = execution.add(transaction)
    if (refusal === null) included.push(transaction)
    else refused.push({ transaction, refusal })
    if (included.length >= state.parameters.maxBlockTransactions || refusal?.code === 'block-too-large') break
  }
  return { transition: execution.finish(), included, evidence: execution.evidence, refused }
}

/**
 * What the state says of a transaction at a node's door, for a block at `slot` or later: `ignore` with the rule that it breaks.
 * A nonce ahead of the account's passes: what comes before may be on its way, and may be what this one needs.
 */
export function checkAdmission(state: LedgerState, slot: number, transaction: PreparedTransaction): Verdict {
  const draft = new Draft(state, slot)
  const account = draft.account(transaction.sender)
  const refusal =
    checkAgainst(draft, account, transaction) ?? checkAction(draft, transaction.sender, account, transaction.transaction.body.action)
  const isNext = transaction.transaction.body.nonce === account.nonce
  return refusal === null || (!isNext && isForLater(refusal)) ? accept(undefined) : ignore(refusal.code, refusal.detail)
}

/** What the transactions before it may still change; those that an account has in the pool must be paid for all the same. */
const isForLater = ({ code }: Refusal): boolean => !lasting.has(code)
const lasting: ReadonlySet<string> = new Set<StateCode>([
  'expired',
  'expiry-too-far',
  'nonce-too-low',
  'value-above-stake',
  'insufficient-coins',
  'insufficient-hours',
])

/** What must be right of a block before its transactions are looked at. */
function checkContext(state: LedgerState, { slot, maker, parentSigners, recovery }: BlockContext): Refusal | null {
  const { quorum, headQuorum, globals } = state
  if (!Number.isSafeInteger(slot) || slot < 0 || !Number.isSafeInteger(blockTimeMs(state, slot)))
    return refuse('slot-out-of-range', `slot ${slot} has no time: ${state.genesisTimeMs} ms + ${slot} × ${state.parameters.slotMs} ms`)
  if (quorum.members[maker] === undefined) return refuse('unknown-maker', `maker ${maker} of a quorum of ${quorum.members.length}`)
  if ((parentSigners === null) !== (globals.height === 0))
    return refuse('bad-signers', parentSigners === null ? 'the seal of the parent is missing' : 'genesis has no seal')
  if (parentSigners?.some((signer) => headQuorum.members[signer] === undefined))
    return refuse('bad-signers', `a signer beyond the parent's quorum of ${headQuorum.members.length}`)
  // A bitmap names each once and in order; whoever comes otherwise must not be paid twice.
  if (parentSigners?.some((signer, place) => signer <= (parentSigners[place - 1] ?? -1)))
    return refuse('bad-signers', `signers ${parentSigners.join(', ')} are not in ascending order`)
  if (recovery !== undefined && globals.recoveries.length >= MAX_RECOVERIES)
    return refuse('too-many-recoveries', `the chain has recovered ${MAX_RECOVERIES} times`)
  return null
}

/** X8, X10: the state remembers it, and others are elected, also if the offenders weighed nothing before. */
function recover(draft: Draft, signingId: Hash): void {
  draft.change({ recoveries: [...draft.globals.recoveries, { height: draft.height, signingId }] })
  forceElection(draft)
}

const burnOf = (state: LedgerState, transaction: PreparedTransaction): number => state.parameters.microHoursPerByte * transaction.sizeBytes

/** What a transaction moves in the unit of the stake: to another account, into a bond or out of one. */
function movedBy(draft: Draft, sender: Account, action: Action): number {
  switch (action.kind) {
    case 'transfer':
    case 'stake':
    case 'delegate':
      return action.amountDroplets
    case 'unstake':
      return action.amountDroplets ?? sender.verifier?.stakeDroplets ?? 0
    case 'undelegate':
      return undelegated(draft, sender, action)
    default:
      return 0
  }
}

/** The rules that all kinds share, against the sender at block time. A sum that is no safe integer rounds to one above what any account holds. */
function checkAgainst(draft: Draft, sender: Account, prepared: PreparedTransaction): Refusal | null {
  const { state, slot } = draft
  const { nonce, expirySlot, feeDroplets, action } = prepared.transaction.body
  const lastExpirySlot = slot + state.parameters.maxExpirySlots
  if (slot > expirySlot) return refuse('expired', `expires after slot ${expirySlot}, the block's is ${slot}`)
  if (expirySlot > lastExpirySlot) return refuse('expiry-too-far', `expires after slot ${expirySlot}, at most ${lastExpirySlot} allowed`)
  if (nonce < sender.nonce) return refuse('nonce-too-low', `has nonce ${nonce}, the account's next is ${sender.nonce}`)
  const limit = valueLimitDroplets(state)
  const value = movedBy(draft, sender, action)
  if (value > limit) {
    return refuse(
      'value-above-stake',
      `moves ${formatCoins(value)} coins; the stake of the quorum can secure at most ${formatCoins(limit)} coins now`,
    )
  }
  const neededDroplets = costDroplets(action, state.parameters) + feeDroplets
  if (neededDroplets > sender.droplets) {
    return refuse('insufficient-coins', `needs ${formatCoins(neededDroplets)} coins, has ${formatCoins(sender.droplets)}`)
  }
  const neededMicroHours = burnOf(state, prepared) + (action.kind === 'transfer' ? action.microHours : 0)
  if (neededMicroHours > sender.microHours) {
    return refuse('insufficient-hours', `needs ${formatCoinHours(neededMicroHours)} coin-hours, has ${formatCoinHours(sender.microHours)}`)
  }
  if (nonce > sender.nonce) return refuse('nonce-too-high', `has nonce ${nonce}, the account's next is ${sender.nonce}`)
  return null
}

/** The rules of one kind. */
function checkAction(draft: Draft, address: Address, sender: Account, action: Action): Refusal | null {
  switch (action.kind) {
    case 'transfer':
      return null
    case 'register':
      return checkRegister(draft, sender, action)
    case 'stake':
      return checkStake(sender)
    case 'unstake':
      return checkUnstake(draft, sender, action)
    case 'delegate':
      return checkDelegate(draft, address, sender, action)
    case 'undelegate':
      return checkUndelegate(draft, sender, action)
    case 'slip':
      return checkSlip(draft, sender, action)
    case 'endorse':
      return checkEndorse(draft, address, sender, action)
    case 'ratify':
      return checkRatify(draft, sender, action)
    default:
      return unreachable(action)
  }
}

/** What an action does once it is paid for and found right. */
function carryOut(draft: Draft, address: Address, action: Action): void {
  switch (action.kind) {
    case 'transfer':
      return draft.credit(action.to, action.amountDroplets, action.microHours)
    case 'register':
      return register(draft, address, action)
    case 'stake':
      return stake(draft, address, action)
    case 'unstake':
      return unstake(draft, address, action)
    case 'delegate':
      return delegate(draft, address, action)
    case 'undelegate':
      return undelegate(draft, address, action)
    case 'slip':
      return slip(draft, address, action)
    case 'endorse':
      return endorse(draft, address, action)
    case 'ratify':
      return ratify(draft, address, action)
    default:
      return unreachable(action)
  }
}

/**
 * A block under execution.
 * @internal
 */
export class Execution {
  readonly draft: Draft
  /** What was punished of the evidence, and what was not fit to be. */
  readonly evidence: ProvenEvidence[] = []
  readonly unfitEvidence: { readonly proof: ProvenEvidence; readonly refusal: Refusal }[] = []
  readonly #context: BlockContext
  readonly #valueLimit: number
  readonly #paid: ReturnType<typeof payParent>
  #sizeBytes = 0
  #movedDroplets = 0

  /**
   * Does what a block begins with: evidence first, so that nobody guilty is elected by it or gets his bonds back in it; elections, the
   * parent's rewards, what comes back from bonds.
   */
  constructor(state: LedgerState, context: BlockContext) {
    this.draft = new Draft(state, context.slot)
    this.#context = context
    this.#valueLimit = valueLimitDroplets(state)
    this.#punish(context)
    if (context.recovery !== undefined) recover(this.draft, context.recovery)
    turnElections(this.draft)
    this.#paid = context.parentSigners === null ? { mintedDroplets: 0, rewards: [] } : payParent(this.draft, context.parentSigners)
    releaseDue(this.draft)
  }

  #punish({ evidence, maker, recovery }: BlockContext): void {
    const reporter = this.draft.state.quorum.members[maker]
    invariant(reporter !== undefined, 'the maker is a member of the quorum')
    for (const proof of evidence) {
      const refusal =
        this.evidence.length < MAX_BLOCK_EVIDENCE
          ? checkProof(this.draft, proof, recovery !== undefined)
          : refuse('too-much-evidence', 'the block is full of it')
      if (refusal !== null) this.unfitEvidence.push({ proof, refusal })
      else {
        punish(this.draft, proof, reporter.id)
        this.evidence.push(proof)
      }
    }
  }

  /** Executes one more transaction, or says why not and leaves no trace of it. */
  add(prepared: PreparedTransaction): Refusal | null {
    const { draft } = this
    const { maxBlockBytes } = draft.state.parameters
    const { feeDroplets, action } = prepared.transaction.body
    const sizeBytes = this.#sizeBytes + prepared.sizeBytes
    if (sizeBytes > maxBlockBytes)
      return refuse('block-too-large', `needs ${sizeBytes} bytes in the block, at most ${maxBlockBytes} allowed`)
    const sender = draft.account(prepared.sender)
    const refusal = checkAgainst(draft, sender, prepared)
    if (refusal !== null) return refusal
    const movedDroplets = this.#movedDroplets + movedBy(draft, sender, action)
    if (movedDroplets > this.#valueLimit) return this.#refuseValue(movedDroplets)
    const refused = checkAction(draft, prepared.sender, sender, action)
    if (refused !== null) return refused

    const burn = burnOf(draft.state, prepared)
    this.#sizeBytes = sizeBytes
    this.#movedDroplets = movedDroplets
    draft.feesDroplets += feeDroplets
    draft.burnedMicroHours = addMicroHours(draft.burnedMicroHours, burn)
    draft.put(prepared.sender, {
      droplets: sender.droplets - costDroplets(action, draft.state.parameters) - feeDroplets,
      microHours: sender.microHours - burn - (action.kind === 'transfer' ? action.microHours : 0),
      remainderDropletMs: sender.remainderDropletMs,
      hoursAtMs: sender.hoursAtMs,
      nonce: sender.nonce + 1,
      ballot: action.kind === 'transfer' && action.to !== prepared.sender ? withMoved(sender.ballot, action.amountDroplets) : sender.ballot,
      bonds: sender.bonds,
      verifier: sender.verifier,
      endorses: sender.endorses,
    })
    carryOut(draft, prepared.sender, action)
    return null
  }

  /** Does what a block ends with, and hashes what changed. */
  finish(): Transition {
    const { draft } = this
    const { state, burnedMicroHours, feesDroplets, burnedDroplets } = draft
    mixTicket(draft, this.#context.ticket)
    draft.change({
      height: draft.height,
      quorum: draft.quorum.hash,
      headQuorum: state.quorum.hash,
      headMaker: this.#context.maker,
      feesDroplets,
      burnedDroplets: draft.globals.burnedDroplets + burnedDroplets,
      supplyDroplets: draft.globals.supplyDroplets - burnedDroplets,
      burnedMicroHours: addMicroHours(draft.globals.burnedMicroHours, burnedMicroHours),
    })
    const update = state.accounts.update(draft.changes)
    return {
      changes: draft.changes,
      globals: draft.globals,
      quorum: draft.quorum,
      stateRoot: stateRootOf(update.root, draft.globals),
      movedDroplets: this.#movedDroplets,
      receipt: {
        ...{ ...this.#paid, sharedFeesDroplets: state.globals.feesDroplets, feesDroplets, burnedDroplets, burnedMicroHours },
        events: draft.events,
      },
      update,
    }
  }

  #refuseValue(movedDroplets: number): Refusal {
    const limit = formatCoins(this.#valueLimit)
    return refuse(
      'block-value-above-stake',
      `the block would move ${formatCoins(movedDroplets)} coins; the stake of the quorum can secure at most ${limit} coins a block now`,
    )
  }
}

const withMoved = (ballot: Ballot | null, droplets: number): Ballot | null =>
  ballot === null ? null : { ...ballot, movedDroplets: Math.min(ballot.movedDroplets + droplets, Number.MAX_SAFE_INTEGER) }
