import { bondedTo, type Verifier } from '../ledger/account.ts'
import { tallyOf } from '../ledger/elections.ts'
import type { Network } from '../ports/network.ts'
import { MAX_VERIFIER_RETRY_MS, SYNC_DEADLINE_MS, VERIFIER_RETRY_MS } from './bounds.ts'
import type { Chain } from './chain.ts'
import { within } from './within.ts'

/**
 * Keeps a verifier connected to the rest of the quorum, and to those that the next election may bring in, so that a handover finds
 * its members connected. They are found by the peer ids that the ledger holds.
 */
export class VerifierLinks {
  readonly #chain: Chain
  readonly #network: Network
  readonly #stop = new AbortController()
  readonly #retries = new Map<string, { waitMs: number; notBeforeMs: number; dialing: boolean }>()
  #timer: NodeJS.Timeout | undefined

  constructor(chain: Chain, network: Network) {
    this.#chain = chain
    this.#network = network
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), VERIFIER_RETRY_MS)
  }
  stop(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  #look(): void {
    const connected = new Set(this.#network.peers().map(({ peerId }) => peerId))
    const now = performance.now()
    const wanted = this.#wanted()
    const hasFailed = (peerId: string): boolean => (this.#retries.get(peerId)?.waitMs ?? 0) > VERIFIER_RETRY_MS
    // Where one is back that could not be reached, a part of the network may be: nobody waits for the rest of his pause.
    const isOneBack = [...wanted].some((peerId) => connected.has(peerId) && hasFailed(peerId))
    for (const peerId of wanted) {
      if (peerId === this.#network.peerId) continue
      if (connected.has(peerId)) {
        this.#retries.delete(peerId)
        continue
      }
      const retry = this.#retries.get(peerId) ?? { waitMs: VERIFIER_RETRY_MS, notBeforeMs: now + VERIFIER_RETRY_MS, dialing: false }
      this.#retries.set(peerId, retry)
      if (retry.dialing || (now < retry.notBeforeMs && !(isOneBack && hasFailed(peerId)))) continue
      retry.dialing = true
      within(SYNC_DEADLINE_MS, this.#stop.signal, (signal) => this.#network.connect(peerId, signal))
        // The network keeps the reasons of failed dials; `status` shows them.
        .catch(() => {})
        .finally(() => {
          retry.dialing = false
          retry.notBeforeMs = performance.now() + retry.waitMs
          retry.waitMs = Math.min(retry.waitMs * 2, MAX_VERIFIER_RETRY_MS)
        })
    }
  }

  /**
   * Peer ids of the quorum, then of those beyond it with most votes in the election that is open, and of those with most stake:
   * as many as the quorum could take in.
   */
  #wanted(): ReadonlySet<string> {
    const { quorum, ledger } = this.#chain
    const { quorumSize, minStakeDroplets } = ledger.parameters
    const { election } = ledger.globals
    const votesFor = (verifier: Verifier): number => (election === null ? 0 : tallyOf(verifier, election.number))
    const wanted = new Set(quorum.members.map(({ peerId }) => peerId))
    const others: Verifier[] = []
    for (const address of ledger.indexes.verifiers) {
      const verifier = ledger.accounts.get(address)?.verifier ?? null
      if (verifier !== null && bondedTo(verifier) >= minStakeDroplets && !wanted.has(verifier.peerId)) others.push(verifier)
    }
    others.sort((left, right) => votesFor(right) - votesFor(left) || bondedTo(right) - bondedTo(left))
    for (const { peerId } of others.slice(0, quorumSize)) wanted.add(peerId)
    return wanted
  }
}
