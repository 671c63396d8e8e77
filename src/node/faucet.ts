import { isIPv6 } from 'node:net'
import type { AccountView } from '../api/ledger-types.ts'
import type { NodeStatus, SubmitResult } from '../api/types.ts'
import { formatCoinHours, formatCoins } from '../base/amounts.ts'
import { QuorateError } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import type { Genesis } from '../wire/genesis.ts'
import type { Address, Hash } from '../wire/types.ts'
import { FaucetLog, type Grant } from './faucet-log.ts'
import type { Wallet } from './wallet.ts'

/** So many payments in a time. */
export interface Allowance {
  readonly count: number
  readonly windowMs: number
}

export interface FaucetRules {
  readonly amountDroplets: number
  readonly microHours: number
  readonly perAddress: Allowance
  /** By `sourceOf`. */
  readonly perSource: Allowance
  /** Of all payments of 24 hours. */
  readonly dailyDroplets: number
}

/** What it asks of the node beside it. */
export interface FaucetNode {
  status(): Promise<Pick<NodeStatus, 'chainId' | 'chain' | 'slot' | 'sync'>>
  account(address: Address): Promise<Pick<AccountView, 'droplets' | 'microHours' | 'nextNonce'>>
  submit(transaction: Hex): Promise<SubmitResult>
}

export type FaucetAnswer =
  | { readonly kind: 'paid'; readonly transaction: Hash }
  /** `limited`: come back after `retryAfterMs`. `unable`: it is the faucet that cannot pay. */
  | { readonly kind: 'limited' | 'unable'; readonly code: string; readonly detail: string; readonly retryAfterMs: number }

export interface FaucetHealth {
  readonly chain: string
  readonly address: Address
  readonly droplets: number
  readonly microHours: number
  /** Payments that it has coins for. */
  readonly paymentsLeft: number
  readonly isLow: boolean
  readonly paidToday: { readonly payments: number; readonly droplets: number }
}

const DAY_MS = 86_400_000
/** Who waits longer would have given up. */
const MAX_WAITING = 32
/** Slots that a payment may wait for its block. */
const EXPIRY_SLOTS = 120
/** When the operator hears that coins run out. */
const LOW_PAYMENTS = 10
/** What burning takes of coin-hours besides those that are sent along: some times what one transfer burns. */
const SPARE_MICRO_HOURS = 1_000_000
const ASK_AGAIN_MS = 30_000

export interface FaucetOptions {
  /** File of what was paid. */
  readonly path: string
  readonly rules: FaucetRules
  readonly node: FaucetNode
  readonly wallet: Wallet
  readonly genesis: Genesis
  readonly nowMs: () => number
}

/** Pays out of one account, one payment after the other, within its rules. */
export class Faucet {
  readonly #options: FaucetOptions
  readonly #log: FaucetLog
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  private constructor(options: FaucetOptions, log: FaucetLog) {
    this.#options = options
    this.#log = log
  }

  /** Rejects with QuorateError as `FaucetLog.open`. */
  static async open(options: FaucetOptions): Promise<Faucet> {
    return new Faucet(options, await FaucetLog.open(options.path, options.nowMs() - keptMs(options.rules)))
  }

  get rules(): FaucetRules {
    return this.#options.rules
  }

  /** @param source of the request, an IP address. Rejects with QuorateError of the node or the log. */
  async pay(address: Address, source: string): Promise<FaucetAnswer> {
    if (this.#waiting >= MAX_WAITING)
      return {
        kind: 'unable',
        code: 'busy',
        detail: `${MAX_WAITING} others wait for their coins: ask again in a while`,
        retryAfterMs: ASK_AGAIN_MS,
      }
    this.#waiting++
    const answer = this.#last.then(() => this.#payNow(address, sourceOf(source)))
    this.#last = answer.catch(() => undefined)
    try {
      return await answer
    } finally {
      this.#waiting--
    }
  }

  async health(): Promise<FaucetHealth> {
    const { node, wallet, rules } = this.#options
    const [{ chain }, { droplets, microHours }] = await Promise.all([node.status(), node.account(wallet.address)])
    const needs = this.#needs()
    const paymentsLeft = Math.max(0, Math.min(Math.floor(droplets / needs.droplets), Math.floor(microHours / needs.microHours)))
    const payments = this.#since(DAY_MS)
    return {
      ...{ chain, address: wallet.address, droplets, microHours, paymentsLeft, isLow: paymentsLeft < LOW_PAYMENTS },
      paidToday: { payments: payments.length, droplets: payments.length * rules.amountDroplets },
    }
  }

  /** Once what is under way is paid. */
  async close(): Promise<void> {
    await this.#last
    await this.#log.close()
  }

  async #payNow(address: Address, source: string): Promise<FaucetAnswer> {
    const { node, wallet, rules, nowMs } = this.#options
    const limit = this.#limitFor(address, source)
    if (limit !== null) return limit
    if (address === wallet.address)
      return {
        kind: 'limited',
        code: 'own-address',
        detail: 'that is the address of the faucet itself: give your own',
        retryAfterMs: DAY_MS,
      }
    const [status, account] = await Promise.all([node.status(), node.account(wallet.address)])
    const needs = this.#needs()
    if (status.sync.state !== 'following' || status.slot === null)
      return unable('not-ready', 'the node of the faucet is not up to date with the network yet')
    if (account.droplets < needs.droplets)
      return unable(
        'empty',
        `the faucet has ${formatCoins(account.droplets)} coins left, and a payment takes ${formatCoins(needs.droplets)}: tell its operator`,
      )
    if (account.microHours < needs.microHours)
      return unable(
        'no-hours',
        `the faucet has ${formatCoinHours(account.microHours)} coin-hours, and a payment takes ${formatCoinHours(needs.microHours)}: its coins earn more with time`,
      )
    const grant: Grant = { atMs: nowMs(), address, source, droplets: rules.amountDroplets }
    await this.#log.add(grant, grant.atMs - keptMs(rules))
    try {
      const result = await node.submit(this.#sign(address, status.chainId, status.slot, account.nextNonce))
      if (result.accepted) return { kind: 'paid', transaction: result.id }
      await this.#log.takeBack(grant)
      return unable(result.code, `the node refused the payment: ${result.detail || result.code}`)
    } catch (error) {
      // Nobody knows whether the node has it, so it counts as paid.
      if (error instanceof QuorateError)
        return unable('node-failed', `the node of the faucet does not answer (${error.code}); the payment may have been made`)
      throw error
    }
  }

  #sign(to: Address, chainId: Hash, slot: number, nonce: number): Hex {
    const { wallet, rules, genesis } = this.#options
    const { minFeeDroplets, maxExpirySlots } = genesis.parameters
    const { amountDroplets, microHours } = rules
    return wallet.sign(chainId, {
      nonce,
      feeDroplets: minFeeDroplets,
      expirySlot: slot + Math.min(EXPIRY_SLOTS, maxExpirySlots),
      action: { kind: 'transfer', to, amountDroplets, microHours },
    }).hex
  }

  #limitFor(address: Address, source: string): FaucetAnswer | null {
    const { rules } = this.#options
    const { perAddress, perSource, dailyDroplets, amountDroplets } = rules
    const ofAddress = this.#waitFor(perAddress, (grant) => grant.address === address)
    if (ofAddress > 0) return limited('address-limit', `this address was given ${times(perAddress)}`, ofAddress)
    const ofSource = this.#waitFor(perSource, (grant) => grant.source === source)
    if (ofSource > 0) return limited('source-limit', `${source} was given ${times(perSource)}`, ofSource)
    const today = this.#waitFor({ count: Math.floor(dailyDroplets / amountDroplets), windowMs: DAY_MS }, () => true)
    return today > 0 ? limited('daily-limit', `all of the ${formatCoins(dailyDroplets)} coins for a day are given`, today) : null
  }

  /** Time until one more is allowed; 0 if it is now. */
  #waitFor({ count, windowMs }: Allowance, matches: (grant: Grant) => boolean): number {
    const found = this.#since(windowMs).filter(matches)
    if (found.length < count) return 0
    const frees = found.at(-count)?.atMs ?? this.#options.nowMs()
    return Math.max(1, frees + windowMs - this.#options.nowMs())
  }

  #since(windowMs: number): readonly Grant[] {
    const from = this.#options.nowMs() - windowMs
    return this.#log.grants.filter(({ atMs }) => atMs > from)
  }

  #needs(): { readonly droplets: number; readonly microHours: number } {
    const { rules, genesis } = this.#options
    return { droplets: rules.amountDroplets + genesis.parameters.minFeeDroplets, microHours: rules.microHours + SPARE_MICRO_HOURS }
  }
}

/**
 * An IPv4 address, or the first 64 bits of an IPv6 address, which are one customer's: whoever has one of its addresses has all.
 * @internal
 */
export function sourceOf(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase()
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(bare)) return bare
  const [head = '', tail] = bare.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  // A dotted end stands for two groups.
  const length = before.length + after.length + (bare.includes('.') ? 1 : 0)
  const groups = tail === undefined ? before : [...before, ...Array<string>(Math.max(0, 8 - length)).fill('0'), ...after]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

const keptMs = ({ perAddress, perSource }: FaucetRules): number => Math.max(perAddress.windowMs, perSource.windowMs, DAY_MS)

const unable = (code: string, detail: string): FaucetAnswer => ({ kind: 'unable', code, detail, retryAfterMs: ASK_AGAIN_MS })

const limited = (code: string, detail: string, retryAfterMs: number): FaucetAnswer => ({ kind: 'limited', code, detail, retryAfterMs })

const times = ({ count, windowMs }: Allowance): string =>
  `coins ${count === 1 ? 'once' : `${count} times`} in the last ${Math.round(windowMs / 3_600_000)} hours, which is all`
