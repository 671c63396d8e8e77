import { QuorateError } from '../base/errors.ts'
import { accept, ignore, type Verdict } from '../base/verdict.ts'
import type { Signatures } from '../crypto/signatures.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { blockHash } from '../wire/ids.ts'
import type { Status } from '../wire/sync.ts'
import type { Evidence, Header } from '../wire/types.ts'
import { FORK_LOOK_MS, MAX_FORK_LOOK_MS, MAX_FORK_LOOKS, SYNC_DEADLINE_MS } from './bounds.ts'
import { type ForkChain, type ForkRecord, hashAt, type SeenBranch } from './fork-record.ts'
import { lowestDifference, type Range, sealsOfBoth } from './fork-search.ts'
import { ForkWalk, type PeerChain } from './fork-walk.ts'
import type { SyncClient } from './sync-client.ts'
import { within } from './within.ts'

export interface ForkLooksOptions {
  readonly chain: ForkChain
  readonly client: SyncClient
  readonly network: Pick<Network, 'onPeer'>
  readonly signatures: Pick<Signatures, 'blsVerifyAggregate'>
  readonly telemetry: Telemetry
  readonly nowMs: () => number
  /** The newest fork that is known. */
  readonly record: () => ForkRecord | null
  /** A branch of the fork at a height, as a peer shows it. */
  readonly onBranch: (height: number, seen: SeenBranch) => void
  /** Two seal certificates of one height. */
  readonly onEvidence: (evidence: Evidence) => void
}

interface Turn {
  readonly notBeforeMs: number
  readonly failures: number
}

/** Peers whose turns are remembered. */
const MAX_TURNS = 1024

/**
 * Looks into peers whose chain is another: finds the lowest height at which it differs, the proof of the fork, and how far the branch
 * goes. One look at a peer at a time, few in all, and the longer apart the less they find.
 */
export class ForkLooks {
  readonly #options: ForkLooksOptions
  readonly #looking = new Map<string, AbortController>()
  readonly #turns = new Map<string, Turn>()
  /** Connected peers whose block above the own head does not extend it. */
  readonly #others = new Set<string>()
  #walk: ForkWalk | null = null
  #undo: () => void = () => {}
  #isStopped = false

  constructor(options: ForkLooksOptions) {
    this.#options = options
  }

  start(): void {
    this.#undo = this.#options.network.onPeer((peerId, state) => {
      if (state === 'connected') return
      this.#others.delete(peerId)
      this.#looking.get(peerId)?.abort()
    })
  }
  stop(): void {
    this.#isStopped = true
    this.#undo()
    for (const look of this.#looking.values()) look.abort()
  }
  /** No look is under way. */
  get isIdle(): boolean {
    return this.#looking.size === 0
  }

  /** The block that a peer gave for the next height does not extend the head. */
  offBranch(peerId: string, status: Status | undefined): void {
    this.#others.add(peerId)
    if (status !== undefined) this.heard(peerId, status)
  }

  /** A peer told its status. */
  heard(peerId: string, status: Status): void {
    const { nowMs, telemetry } = this.#options
    if (this.#isStopped || this.#looking.has(peerId) || this.#looking.size >= MAX_FORK_LOOKS || !this.#isOther(peerId, status)) return
    const turn = this.#turns.get(peerId)
    if (turn !== undefined && nowMs() < turn.notBeforeMs) return
    const look = new AbortController()
    this.#looking.set(peerId, look)
    this.#look(peerId, status, look.signal)
      .catch((error: unknown): Verdict => {
        if (!(error instanceof QuorateError)) throw error
        return ignore(error.code, error.message)
      })
      .then((verdict) => {
        telemetry.count(`fork.${verdict.kind === 'accept' ? 'accept' : verdict.code}`)
        if (verdict.kind === 'reject') this.#options.client.blame(peerId, `${verdict.code}: ${verdict.detail}`)
        this.#looked(peerId, verdict.kind === 'accept')
      })
      .catch((error: unknown) => telemetry.log('error', 'fork.look-failed', { peerId, error: String(error) }))
      .finally(() => this.#looking.delete(peerId))
  }

  /** The chain of the peer is another than the own, and something of it is not known. */
  #isOther(peerId: string, { height, head }: Status): boolean {
    const { chain, record } = this.#options
    if (record()?.branches.some((branch) => branch.head.hash === head) === true) return false
    if (height > chain.head.height) return this.#others.has(peerId)
    return height >= chain.firstHeight && chain.heightOf(head) !== height
  }

  #looked(peerId: string, found: boolean): void {
    const failures = found ? 0 : Math.min((this.#turns.get(peerId)?.failures ?? 0) + 1, 30)
    const waitMs = Math.min(FORK_LOOK_MS * 2 ** failures, MAX_FORK_LOOK_MS)
    this.#turns.delete(peerId)
    this.#turns.set(peerId, { notBeforeMs: this.#options.nowMs() + waitMs, failures })
    const [oldest] = this.#turns.keys()
    if (this.#turns.size > MAX_TURNS && oldest !== undefined) this.#turns.delete(oldest)
  }

  /** `accept` if it found what was not known. */
  async #look(peerId: string, status: Status, signal: AbortSignal): Promise<Verdict> {
    const { chain, record } = this.#options
    const peer = this.#chainOf(peerId, signal)
    const known = record()
    const range = known === null ? await this.#commonRange(peer, status) : await this.#besides(known, peer, status)
    if (range.kind !== 'accept') return range
    if (range.value === null) return accept(undefined)
    const lowest = await lowestDifference(chain, peer, range.value)
    return lowest.kind === 'accept' ? await this.#prove(peer, lowest.value) : lowest
  }

  /** Where to look for another difference than that of the fork that is known; null if the peer is on another branch of that one. */
  async #besides(known: ForkRecord, peer: PeerChain, status: Status): Promise<Verdict<Range | null>> {
    const { chain } = this.#options
    const { height } = known
    if (status.height < height || chain.firstHeight > height) return await this.#commonRange(peer, status)
    // The chain that this node follows does not reach there yet: nothing can be held against the quorum.
    if (chain.quorumAt(height) === undefined) return ignore('not-here', `there is no block ${height - 1} here`)
    const [header] = await peer.headers(height, 1)
    if (header === undefined) return ignore('not-there', `peer gives no header of height ${height}`)
    if (header.parent !== hashAt(chain, height - 1)) return await this.#commonRange(peer, { ...status, height: height - 1 })
    const isSame = blockHash(chain.chainId, header) === hashAt(chain, height)
    if (known.resolvedAt !== null && !isSame)
      return ignore('left-behind', `branch ${blockHash(chain.chainId, header).slice(0, 8)} did not go on`)
    if (known.resolvedAt === null) await this.#alongBranch(peer)
    return accept(isSame ? { same: height, other: Math.min(status.height, chain.head.height) } : null)
  }

  async #commonRange(peer: PeerChain, status: Status): Promise<Verdict<Range>> {
    const { chain } = this.#options
    const other = Math.min(status.height, chain.head.height)
    const first = Math.max(chain.firstHeight, status.firstHeight)
    if (first === 1) return accept({ same: 0, other })
    if (first > other) return ignore('no-common-height', `blocks from height ${first} on, and up to ${other}`)
    const [header] = await peer.headers(first, 1)
    if (header === undefined || blockHash(chain.chainId, header) !== hashAt(chain, first))
      return ignore('no-common-block', `the chains differ already at height ${first}, the first that both have`)
    return accept({ same: first, other })
  }

  async #prove(peer: PeerChain, lowest: Header): Promise<Verdict> {
    const { chain, signatures, onEvidence, record } = this.#options
    const both = await sealsOfBoth(chain, signatures, peer, lowest)
    if (both.kind !== 'accept') return both
    onEvidence(both.value)
    const known = record()
    if (known?.height !== lowest.height || known.resolvedAt !== null) return ignore('no-fork-proof', `of height ${lowest.height}`)
    await this.#alongBranch(peer)
    return accept(undefined)
  }

  async #alongBranch(peer: PeerChain): Promise<void> {
    const { chain, signatures, record, onBranch } = this.#options
    const height = record()?.height
    if (height === undefined) return
    if (this.#walk?.height !== height) this.#walk = new ForkWalk({ chain, signatures, height })
    const seen = await this.#walk.along(peer)
    if (seen !== null && record()?.height === height) onBranch(height, seen)
  }

  #chainOf(peerId: string, signal: AbortSignal): PeerChain {
    const { client } = this.#options
    return {
      peerId,
      async headers(fromHeight, count) {
        const request = { kind: 'headers', fromHeight, count } as const
        const answer = await within(SYNC_DEADLINE_MS, signal, (deadline) => client.ask(peerId, request, deadline))
        return answer?.headers ?? []
      },
      async block(height) {
        const request = { kind: 'blocks', fromHeight: height, count: 1 } as const
        const answer = await within(SYNC_DEADLINE_MS, signal, (deadline) => client.ask(peerId, request, deadline))
        return answer?.blocks[0] ?? null
      },
    }
  }
}
