import { formatCoinHours, formatCoins } from '../base/amounts.ts'
import { invariant } from '../base/errors.ts'
import { twoThirds } from '../base/stake.ts'
import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import type { Address } from '../wire/types.ts'
import { type Account, accrue, addMicroHours, emptyAccount } from './account.ts'
import type { BlockCode, StateCode } from './codes.ts'
import { accountAt, blockTimeMs, type LedgerState, type Transition } from './state.ts'
import type { PreparedTransaction } from './transaction.ts'

/** Where a block stands. */
export interface BlockContext {
  readonly slot: number
  /** Account of the verifier that built the block: gets the coin fees. */
  readonly maker: Address
  /** Most that one block may move: `valueLimitDroplets` of the quorum's stake. */
  readonly valueLimitDroplets: number
}

/** Why a transaction is not in a block. */
export interface Refusal {
  readonly code: StateCode | BlockCode
  readonly detail: string
}

export interface AssembledBlock {
  readonly transition: Transition
  readonly included: readonly PreparedTransaction[]
  /** Those looked at and not taken; most may be in a later block. */
  readonly refused: readonly { readonly transaction: PreparedTransaction; readonly refusal: Refusal }[]
}

/** floor(2T/3) of the quorum's stake T: what one block may move, so that more stake signs it than it moves. */
export const valueLimitDroplets = (stakeDroplets: number): number => twoThirds(stakeDroplets)

/**
 * Executes a block's transactions in order on a state, which it does not change. Signatures, fees and the other rules of
 * `checkTransaction` were checked before. One bad transaction makes the block bad: `reject` with that transaction's code, its
 * place in the block and the numbers. Never throws for what a peer can send.
 */
export function apply(state: LedgerState, context: BlockContext, transactions: readonly PreparedTransaction[]): Verdict<Transition> {
  const { maxBlockTransactions } = state.parameters
  const unreachable = checkSlot(state, context.slot)
  if (unreachable !== null) return reject(unreachable.code, unreachable.detail)
  if (transactions.length > maxBlockTransactions) {
    return reject(
      'too-many-transactions' satisfies BlockCode,
      `has ${transactions.length} transactions, at most ${maxBlockTransactions} allowed`,
    )
  }
  const execution = new Execution(state, context)
  for (const [index, transaction] of transactions.entries()) {
    const refusal = execution.add(transaction)
    if (refusal !== null) return reject(refusal.code, `transaction ${index} (${transaction.id}): ${refusal.detail}`)
  }
  return accept(execution.finish())
}

/**
 * Builds a block: takes of the candidates, in their order, what is valid and fits, and passes over the rest. Stops when no
 * transaction fits any more. `apply` of the included ones gives the same transition.
 */
export function assemble(state: LedgerState, context: BlockContext, candidates: Iterable<PreparedTransaction>): AssembledBlock {
  invariant(checkSlot(state, context.slot) === null, `slot ${context.slot} of the own clock has a time`)
  const execution = new Execution(state, context)
  const included: PreparedTransaction[] = []
  const refused: { transaction: PreparedTransaction; refusal: Refusal }[] = []
  for (const transaction of candidates) {
    const refusal = execution.add(transaction)
    if (refusal === null) included.push(transaction)
    else refused.push({ transaction, refusal })
    if (included.length >= state.parameters.maxBlockTransactions || refusal?.code === 'block-too-large') break
  }
  return { transition: execution.finish(), included, refused }
}

/**
 * What the state says of a transaction at a node's door, for a block at `slot` or later: `ignore` with the rule that it breaks.
 * A nonce ahead of the account's passes: what comes before may be on its way.
 */
export function checkAdmission(state: LedgerState, context: Omit<BlockContext, 'maker'>, transaction: PreparedTransaction): Verdict {
  const account = accountAt(state, transaction.sender, context.slot)
  const refusal = checkAgainst(account, state, context, transaction)
  return refusal === null || refusal.code === 'nonce-too-high' ? accept(undefined) : ignore(refusal.code, refusal.detail)
}

function checkSlot(state: LedgerState, slot: number): Refusal | null {
  if (Number.isSafeInteger(slot) && slot >= 0 && Number.isSafeInteger(blockTimeMs(state, slot))) return null
  return {
    code: 'slot-out-of-range',
    detail: `slot ${slot} has no time: ${state.genesisTimeMs} ms + ${slot} × ${state.parameters.slotMs} ms`,
  }
}

const burnOf = (state: LedgerState, transaction: PreparedTransaction): number => state.parameters.microHoursPerByte * transaction.sizeBytes

/** The rules of a transfer against its sender's account at block time. A sum that is no safe integer rounds to one above what any account holds. */
function checkAgainst(
  sender: Account,
  state: LedgerState,
  context: Pick<BlockContext, 'slot' | 'valueLimitDroplets'>,
  prepared: PreparedTransaction,
): Refusal | null {
  const refuse = (code: StateCode, detail: string): Refusal => ({ code, detail })
  const { nonce, expirySlot, feeDroplets, action } = prepared.transaction.body
  const { slot, valueLimitDroplets: limit } = context
  const lastExpirySlot = slot + state.parameters.maxExpirySlots
  if (slot > expirySlot) return refuse('expired', `expires after slot ${expirySlot}, the block's is ${slot}`)
  if (expirySlot > lastExpirySlot) return refuse('expiry-too-far', `expires after slot ${expirySlot}, at most ${lastExpirySlot} allowed`)
  if (nonce < sender.nonce) return refuse('nonce-too-low', `has nonce ${nonce}, the account's next is ${sender.nonce}`)
  if (action.amountDroplets > limit) {
    return refuse(
      'value-above-stake',
      `moves ${formatCoins(action.amountDroplets)} coins; the stake of the quorum can secure at most ${formatCoins(limit)} coins now`,
    )
  }
  const neededDroplets = action.amountDroplets + feeDroplets
  if (neededDroplets > sender.droplets) {
    return refuse('insufficient-coins', `needs ${formatCoins(neededDroplets)} coins, has ${formatCoins(sender.droplets)}`)
  }
  const neededMicroHours = burnOf(state, prepared) + action.microHours
  if (neededMicroHours > sender.microHours) {
    return refuse('insufficient-hours', `needs ${formatCoinHours(neededMicroHours)} coin-hours, has ${formatCoinHours(sender.microHours)}`)
  }
  if (nonce > sender.nonce) return refuse('nonce-too-high', `has nonce ${nonce}, the account's next is ${sender.nonce}`)
  return null
}

/** Accounts as they are in the middle of a block, over a state that stays as it is. */
class Execution {
  readonly #state: LedgerState
  readonly #context: BlockContext
  readonly #timeMs: number
  readonly #changes = new Map<Address, Account>()
  #sizeBytes = 0
  #movedDroplets = 0
  #feesDroplets = 0
  #burnedMicroHours: number

  constructor(state: LedgerState, context: BlockContext) {
    this.#state = state
    this.#context = context
    this.#timeMs = blockTimeMs(state, context.slot)
    this.#burnedMicroHours = state.burnedMicroHours
  }

  /** Executes one more transaction, or says why not and leaves no trace of it. */
  add(prepared: PreparedTransaction): Refusal | null {
    const { maxBlockBytes } = this.#state.parameters
    const { body } = prepared.transaction
    const { to, amountDroplets, microHours } = body.action
    const sizeBytes = this.#sizeBytes + prepared.sizeBytes
    if (sizeBytes > maxBlockBytes) {
      return { code: 'block-too-large', detail: `needs ${sizeBytes} bytes in the block, at most ${maxBlockBytes} allowed` }
    }
    const sender = this.#account(prepared.sender)
    const refusal = checkAgainst(sender, this.#state, this.#context, prepared)
    if (refusal !== null) return refusal
    const movedDroplets = this.#movedDroplets + amountDroplets
    if (movedDroplets > this.#context.valueLimitDroplets) return this.#refuseValue(movedDroplets)

    const burn = burnOf(this.#state, prepared)
    this.#sizeBytes = sizeBytes
    this.#movedDroplets = movedDroplets
    this.#feesDroplets += body.feeDroplets
    this.#burnedMicroHours = addMicroHours(this.#burnedMicroHours, burn)
    this.#changes.set(prepared.sender, {
      droplets: sender.droplets - amountDroplets - body.feeDroplets,
      microHours: sender.microHours - burn - microHours,
      remainderDropletMs: sender.remainderDropletMs,
      hoursAtMs: sender.hoursAtMs,
      nonce: sender.nonce + 1,
    })
    this.#credit(to, amountDroplets, microHours)
    return null
  }

  /** Pays the maker and hashes what changed. */
  finish(): Transition {
    if (this.#feesDroplets > 0) this.#credit(this.#context.maker, this.#feesDroplets, 0)
    const update = this.#state.accounts.update(this.#changes)
    return {
      changes: this.#changes,
      stateRoot: update.root,
      burnedMicroHours: this.#burnedMicroHours,
      feesDroplets: this.#feesDroplets,
      movedDroplets: this.#movedDroplets,
      update,
    }
  }

  /** The account at block time. */
  #account(address: Address): Account {
    const changed = this.#changes.get(address)
    if (changed !== undefined) return changed
    const known = this.#state.accounts.get(address)
    return known === undefined ? emptyAccount(this.#timeMs) : accrue(known, this.#timeMs, this.#state.parameters.coinHourSeconds)
  }

  #credit(address: Address, droplets: number, microHours: number): void {
    const account = this.#account(address)
    this.#changes.set(address, {
      droplets: account.droplets + droplets,
      microHours: addMicroHours(account.microHours, microHours),
      remainderDropletMs: account.remainderDropletMs,
      hoursAtMs: account.hoursAtMs,
      nonce: account.nonce,
    })
  }

  #refuseValue(movedDroplets: number): Refusal {
    const { valueLimitDroplets: limit } = this.#context
    const detail = `the block would move ${formatCoins(movedDroplets)} coins; the stake of the quorum can secure at most ${formatCoins(limit)} coins a block now`
    return { code: 'block-value-above-stake', detail }
  }
}
