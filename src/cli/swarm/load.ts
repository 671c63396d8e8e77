import { QuorateError } from '../../base/errors.ts'
import type { Wallet } from '../../node/wallet.ts'
import type { Parameters } from '../../wire/genesis.ts'
import type { Hash } from '../../wire/types.ts'
import type { NodeClient } from './node-client.ts'
import { Histogram, seededRandom } from './statistics.ts'

interface LoadAccount {
  readonly wallet: Wallet
  nonce: number
}

interface Pending {
  readonly id: Hash
  readonly hex: string
  readonly account: LoadAccount
  readonly expirySlot: number
  /** When the submission that a node accepted was sent, or else the last one; ms since the Unix epoch. */
  sentAtMs: number
  lastTryAtMs: number
  accepted: boolean
  underWay: boolean
  /** The code of the newest answer, if that was a refusal. */
  refusal: string | null
  /** Nodes said that it is final before the swarm was seen to agree on it. */
  finalSomewhere: boolean
}

/** A node to send transfers to. */
export interface LoadTarget {
  readonly client: Pick<NodeClient, 'submit' | 'transaction'> | null
}

export interface LoadOptions {
  readonly perSecond: number
  readonly seed: number
  readonly genesis: {
    readonly timeMs: number
    readonly parameters: Pick<Parameters, 'slotMs' | 'maxExpirySlots' | 'minFeeDroplets'>
  }
  readonly chainId: Hash
  /** Funded by genesis; each has one transfer under way at a time. */
  readonly wallets: readonly Wallet[]
  /** The nodes that may be asked now. */
  readonly targets: () => readonly LoadTarget[]
}

export interface LoadCounts {
  /** Transfers that were sent to a node at least once. */
  readonly submitted: number
  readonly committed: number
  /** By the code of the refusal. */
  readonly rejected: Readonly<Record<string, number>>
  readonly waiting: number
  /** Sent again to another node, because the first did not answer or nothing came of it. */
  readonly resubmitted: number
  /** Transfers that the rate asked for while all accounts were waiting. */
  readonly heldBack: number
  /** Final, but the moment was missed: not in the finality figures. */
  readonly untimed: number
}

/** Fine enough to add little to the finality that is measured, coarse enough to send batches. */
const TICK_MS = 25
/** Transfers of one call. */
const MAX_BATCH = 250
/** A load that fell behind does not catch up on more than this at once. */
const MAX_BEHIND_MS = 1_000
/** A transfer of which nothing was heard for so long is looked after. */
const PATIENCE_MS = 10_000
const PATIENCE_SLOTS = 5
/** Transfers that are asked about at a time: a chain that stands still must not be asked to death. */
const MAX_ASKED = 50
const SWEEP_MS = 1_000
/** Until a transfer that nobody took expires. */
const EXPIRY_MS = 300_000
const MAX_AMOUNT_DROPLETS = 1_000
const untried = { sentAtMs: 0, lastTryAtMs: 0, accepted: false, underWay: false, refusal: null, finalSomewhere: false }
/** Refusals that no later try changes, unless the transfer is final already. */
const lasting: ReadonlySet<string> = new Set(['expired', 'nonce-too-low'])

/** Sends signed transfers at a steady rate to one node after another and follows each until it is final or refused. */
export class Load {
  readonly finalityMs = new Histogram()
  readonly #options: LoadOptions
  readonly #random: () => number
  readonly #idle: LoadAccount[]
  readonly #pending = new Map<Hash, Pending>()
  readonly #rejected = new Map<string, number>()
  #ticker: NodeJS.Timeout | null = null
  #sweeper: NodeJS.Timeout | null = null
  #dueAtMs = 0
  #nextTarget = 0
  #submitted = 0
  #committed = 0
  #resubmitted = 0
  #heldBack = 0
  #untimed = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#idle = options.wallets.map((wallet) => ({ wallet, nonce: 0 }))
  }

  get counts(): LoadCounts {
    return {
      submitted: this.#submitted,
      committed: this.#committed,
      rejected: Object.fromEntries([...this.#rejected].sort(([left], [right]) => (left < right ? -1 : 1))),
      waiting: this.#pending.size,
      resubmitted: this.#resubmitted,
      heldBack: this.#heldBack,
      untimed: this.#untimed,
    }
  }

  start(): void {
    if (this.#options.perSecond === 0) return
    this.#dueAtMs = performance.now()
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
  }
  /** Sends no new transfers; those that are waiting are followed still. */
  pause(): void {
    if (this.#ticker !== null) clearInterval(this.#ticker)
    this.#ticker = null
  }
  resume(): void {
    if (this.#ticker !== null || this.#options.perSecond === 0) return
    this.#dueAtMs = performance.now()
    this.#ticker = setInterval(() => this.#tick(), TICK_MS)
  }
  end(): void {
    this.pause()
    if (this.#sweeper !== null) clearInterval(this.#sweeper)
    this.#sweeper = null
  }

  /** Takes from a block that is final everywhere what was sent from here. Gives how many there were. */
  final(transactionIds: readonly Hash[], lastFinalAtMs: number): number {
    let own = 0
    for (const id of transactionIds) {
      const pending = this.#pending.get(id)
      if (pending === undefined) continue
      own++
      this.finalityMs.record(lastFinalAtMs - pending.sentAtMs)
      this.#commit(pending)
    }
    return own
  }

  /** Asks the nodes about each transfer that is still waiting, whatever its age. */
  async settle(): Promise<void> {
    for (const pending of [...this.#pending.values()]) await this.#ask(pending)
  }

  #tick(): void {
    const stepMs = 1000 / this.#options.perSecond
    const nowMs = performance.now()
    if (nowMs - this.#dueAtMs > MAX_BEHIND_MS) {
      const skipped = Math.floor((nowMs - MAX_BEHIND_MS - this.#dueAtMs) / stepMs)
      this.#heldBack += skipped
      this.#dueAtMs += skipped * stepMs
    }
    if (this.#options.targets().length === 0) return
    const batch: Pending[] = []
    while (this.#dueAtMs <= nowMs && batch.length < MAX_BATCH) {
      const account = this.#idle.shift()
      if (account === undefined) break
      batch.push(this.#make(account))
      this.#dueAtMs += stepMs
    }
    if (batch.length > 0) void this.#submit(batch)
  }

  #make(account: LoadAccount): Pending {
    const { genesis, chainId, wallets } = this.#options
    const { slotMs, maxExpirySlots, minFeeDroplets } = genesis.parameters
    const to = wallets[Math.floor(this.#random() * wallets.length)]?.address ?? account.wallet.address
    const amountDroplets = 1 + Math.floor(this.#random() * MAX_AMOUNT_DROPLETS)
    const expirySlot = this.#slot() + Math.min(maxExpirySlots, Math.ceil(EXPIRY_MS / slotMs))
    const action = { kind: 'transfer', to, amountDroplets, microHours: 0 } as const
    const { id, hex } = account.wallet.sign(chainId, { nonce: account.nonce, feeDroplets: minFeeDroplets, expirySlot, action })
    const pending: Pending = { id, hex, account, expirySlot, ...untried }
    this.#pending.set(id, pending)
    this.#submitted++
    return pending
  }

  /** To one node after another until one answers; what nobody took is tried again by the sweep. */
  async #submit(batch: readonly Pending[]): Promise<void> {
    for (const pending of batch) pending.underWay = true
    for (let attempt = 0; attempt < this.#options.targets().length; attempt++) {
      const targets = this.#options.targets()
      const client = targets[this.#nextTarget++ % Math.max(1, targets.length)]?.client
      if (client === undefined || client === null) continue
      if (attempt > 0) this.#resubmitted += batch.length
      const sentAtMs = Date.now()
      for (const pending of batch) {
        pending.lastTryAtMs = sentAtMs
        if (!pending.accepted) pending.sentAtMs = sentAtMs
      }
      try {
        const results = await client.submit(batch.map(({ hex }) => hex))
        for (const [index, pending] of batch.entries()) {
          const result = results[index]
          pending.refusal = result === undefined || result.accepted ? null : result.code
          if (pending.refusal === null) pending.accepted = true
          // Who was asked before and did not answer may have taken it.
          else if (attempt === 0 && !pending.accepted) this.#reject(pending, pending.refusal)
          else if (lasting.has(pending.refusal)) void this.#ask(pending)
        }
        break
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error
      }
    }
    for (const pending of batch) pending.underWay = false
  }

  /** Looks after what has waited for long: asks about what a node took, sends again what none did. */
  #sweep(): void {
    const nowMs = Date.now()
    const before = nowMs - Math.max(PATIENCE_MS, PATIENCE_SLOTS * this.#options.genesis.parameters.slotMs)
    const unanswered: Pending[] = []
    let asked = 0
    for (const pending of this.#pending.values()) {
      if (pending.underWay || pending.lastTryAtMs > before) continue
      if (!pending.accepted) unanswered.push(pending)
      else if (asked++ < MAX_ASKED) void this.#lookAfter(pending, nowMs)
      if (unanswered.length >= MAX_BATCH) break
    }
    if (unanswered.length > 0) void this.#sendAgain(unanswered)
  }

  async #lookAfter(pending: Pending, nowMs: number): Promise<void> {
    pending.lastTryAtMs = nowMs
    // The node that took it may have died before it told the others.
    if ((await this.#ask(pending)) === 'unknown' && !pending.underWay) await this.#sendAgain([pending])
  }

  async #sendAgain(batch: readonly Pending[]): Promise<void> {
    // From the second submission on a refusal may mean that the first one was heard.
    for (const pending of batch) pending.accepted ||= pending.lastTryAtMs > 0
    this.#resubmitted += batch.length
    await this.#submit(batch)
  }

  /** Looks up what became of a transfer, and settles it if nothing more will. */
  async #ask(pending: Pending): Promise<'known' | 'unknown'> {
    const targets = this.#options.targets()
    let answers = 0
    for (let index = 0; index < targets.length; index++) {
      const client = targets[(index + this.#nextTarget) % targets.length]?.client ?? null
      if (client === null) continue
      try {
        const view = await client.transaction(pending.id)
        if (view?.state === 'pending') return 'known'
        if (view?.state === 'final') {
          // Blocks are told in order, so the second time round nobody will tell any more.
          if (pending.finalSomewhere && this.#pending.has(pending.id)) {
            this.#untimed++
            this.#commit(pending)
          }
          pending.finalSomewhere = true
          return 'known'
        }
        answers++
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error
      }
    }
    if (answers === 0) return 'known'
    if (this.#slot() > pending.expirySlot) this.#reject(pending, 'expired')
    else if (pending.refusal !== null) this.#reject(pending, pending.refusal)
    return this.#pending.has(pending.id) ? 'unknown' : 'known'
  }

  #commit(pending: Pending): void {
    this.#committed++
    pending.account.nonce++
    this.#forget(pending)
  }
  #reject(pending: Pending, code: string): void {
    if (!this.#pending.has(pending.id)) return
    this.#rejected.set(code, (this.#rejected.get(code) ?? 0) + 1)
    this.#forget(pending)
  }
  #forget(pending: Pending): void {
    this.#pending.delete(pending.id)
    this.#idle.push(pending.account)
  }

  #slot(): number {
    const { timeMs, parameters } = this.#options.genesis
    return Math.max(0, Math.floor((Date.now() - timeMs) / parameters.slotMs))
  }
}
