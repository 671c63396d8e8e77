import { setTimeout as sleep } from 'node:timers/promises'
import { QuorateError } from '../../base/errors.ts'
import type { SignedTransaction, Wallet } from '../../node/wallet.ts'
import type { Parameters } from '../../wire/genesis.ts'
import type { Action, Hash } from '../../wire/types.ts'
import type { NodeClient } from './node-client.ts'

type Client = Pick<NodeClient, 'account' | 'submit' | 'transaction'>

export interface SenderOptions {
  readonly wallet: Wallet
  readonly genesis: {
    readonly timeMs: number
    readonly parameters: Pick<Parameters, 'slotMs' | 'minFeeDroplets'>
  }
  readonly chainId: Hash
  /** The nodes that may be asked now. */
  readonly targets: () => readonly { readonly client: Client | null }[]
}

interface Followed extends SignedTransaction {
  /** Of the block that it is final in. */
  height: number | null
  /** A node took it, so refusals by others need not be the last word. */
  accepted: boolean
}

/** Looks at each transaction in a slot. */
const LOOKS_A_SLOT = 4
/** Refusals, by one node after another, of what no node has taken: one alone may be behind. */
const MAX_REFUSALS = 3
/** After the last slot whose block may hold it, until no block of that slot can come any more. */
const SETTLE_SLOTS = 3

/** An account whose transactions are made one after the other, each followed until it is final, whichever nodes come and go. */
export class Sender {
  readonly #options: SenderOptions
  #last: Promise<unknown> = Promise.resolve()
  #nonce = 0
  #nextTarget = 0

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /**
   * Resolves with the heights at which these actions, in this order, became final.
   * @param expirySlot last slot whose block may hold them
   * Rejects with QuorateError: the code of a refusal, or `not-final`.
   */
  send(actions: readonly Action[], expirySlot: number): Promise<readonly number[]> {
    const sent = this.#last.catch(() => undefined).then(() => this.#send(actions, expirySlot))
    this.#last = sent
    return sent
  }

  async #send(actions: readonly Action[], expirySlot: number): Promise<readonly number[]> {
    const { wallet, chainId, genesis } = this.#options
    const { minFeeDroplets, slotMs } = genesis.parameters
    await this.#learnNonce(expirySlot)
    const followed = actions.map((action, index): Followed => {
      const nonce = this.#nonce + index
      return { ...wallet.sign(chainId, { nonce, feeDroplets: minFeeDroplets, expirySlot, action }), height: null, accepted: false }
    })
    let refusals = 0
    for (;;) {
      const refusal = await this.#look(followed)
      const heights = followed.flatMap(({ height }) => height ?? [])
      if (heights.length === followed.length) {
        this.#nonce += actions.length
        return heights
      }
      if (refusal !== null && ++refusals >= MAX_REFUSALS) throw refusal
      if (this.#slot() > expirySlot + SETTLE_SLOTS)
        throw (
          refusal ??
          new QuorateError('not-final', `${heights.length} of ${followed.length} transactions became final up to slot ${expirySlot}`)
        )
      await sleep(slotMs / LOOKS_A_SLOT)
    }
  }

  /** What nodes say is next; never less than what was seen to be final. */
  async #learnNonce(expirySlot: number): Promise<void> {
    const { wallet, genesis } = this.#options
    for (;;) {
      const account = await this.#ask((client) => client.account(wallet.address))
      if (account !== null) {
        this.#nonce = Math.max(this.#nonce, account.nextNonce)
        return
      }
      if (this.#slot() > expirySlot) throw new QuorateError('unreachable', 'no node answered before the transactions would have expired')
      await sleep(genesis.parameters.slotMs / LOOKS_A_SLOT)
    }
  }

  /** Asks one node what became of them and hands it those that it does not know. Gives the refusal of one that no node has taken. */
  async #look(followed: readonly Followed[]): Promise<QuorateError | null> {
    const refusal = await this.#ask(async (client) => {
      const unknown: Followed[] = []
      for (const one of followed) {
        if (one.height !== null) continue
        const view = await client.transaction(one.id)
        if (view?.state === 'final') one.height = view.height
        else if (view?.state !== 'pending') unknown.push(one)
      }
      if (unknown.length === 0) return null
      const results = await client.submit(unknown.map(({ hex }) => hex))
      let refused: QuorateError | null = null
      for (const [index, one] of unknown.entries()) {
        const result = results[index]
        if (result?.accepted === true) one.accepted = true
        else if (result !== undefined && !one.accepted) refused ??= new QuorateError(result.code, result.detail)
      }
      return refused
    })
    return refusal
  }

  /** What the next node answers; null if it does not. */
  async #ask<T>(question: (client: Client) => Promise<T>): Promise<T | null> {
    const targets = this.#options.targets()
    const client = targets[this.#nextTarget++ % Math.max(1, targets.length)]?.client ?? null
    if (client === null) return null
    try {
      return await question(client)
    } catch (error) {
      if (error instanceof QuorateError) return null
      throw error
    }
  }

  #slot(): number {
    const { timeMs, parameters } = this.#options.genesis
    return Math.floor((Date.now() - timeMs) / parameters.slotMs)
  }
}
