import type { QuorumView } from '../api/ledger-types.ts'
import type { NodeStatus } from '../api/types.ts'
import type { StreamedEvent } from '../client/events.ts'
import { ApiFailure, type BlockSummary, type GenesisView, node, readEvents, type Slot } from './api.ts'

/** What is kept of the node as it works, for all views. */
export interface Live {
  readonly connection: { readonly state: 'connecting' | 'live' | 'lost'; readonly sinceMs: number; readonly error: string | null }
  readonly status: NodeStatus | null
  readonly genesis: GenesisView | null
  readonly quorum: QuorumView | null
  /** How many members quorums have, by their hash: those that were asked for since the page was opened. */
  readonly sizes: ReadonlyMap<string, number>
  /** The newest, newest first. */
  readonly blocks: readonly BlockSummary[]
  /** Slots as they ended, newest first; null where the node does not tell. */
  readonly slots: readonly Slot[] | null
  /** Transactions that came into the pool since the page was opened, newest first. */
  readonly pending: readonly string[]
  /** What the clock of the node is ahead of that of this machine. */
  readonly clockOffsetMs: number
  /** How often the node answered again after it had not: what failed in between is asked again. */
  readonly returns: number
  /** Grows with each event that changes lists of evidence, elections or peers. */
  readonly version: number
}

const KEPT_BLOCKS = 60
const KEPT_SLOTS = 60
const KEPT_PENDING = 50
const KEPT_SIZES = 60
/** A busy chain must not keep the browser busy: at most so often is the node asked again. */
const REFRESH_MS = 250
/** Status is asked for at least so often: it holds what no event tells, such as peers and traffic. */
const POLL_MS = 4000
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000] as const

const empty: Live = {
  connection: { state: 'connecting', sinceMs: Date.now(), error: null },
  ...{
    status: null,
    genesis: null,
    quorum: null,
    sizes: new Map(),
    blocks: [],
    slots: [],
    pending: [],
    clockOffsetMs: 0,
    returns: 0,
    version: 0,
  },
}

class Feed {
  #live: Live = empty
  readonly #listeners = new Set<() => void>()
  #stop: AbortController | undefined
  #refreshTimer: ReturnType<typeof setTimeout> | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #isBusy = false
  /** Something happened since the node was asked last. */
  #isDue = false

  get live(): Live {
    return this.#live
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Begins, or begins anew at once. */
  start(): void {
    this.pause()
    this.#isBusy = false
    this.#isDue = false
    const stop = new AbortController()
    this.#stop = stop
    void this.#follow(stop.signal)
  }

  /** Asks nothing and hears nothing until it is started again. */
  pause(): void {
    this.#stop?.abort()
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#refreshTimer)
  }

  #set(changes: Partial<Live>): void {
    this.#live = { ...this.#live, ...changes }
    for (const listener of this.#listeners) listener()
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      await this.#begin(signal)
      await readEvents((event) => this.#hear(event, signal), signal)
    } catch (error) {
      if (!signal.aborted) this.#lost(error)
    }
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const status = await node.status({ signal })
    const before = this.#live.status
    // Another chain at the same address: nothing that is here belongs to it.
    const { connection, returns, version } = this.#live
    if (before !== null && before.chainId !== status.chainId) this.#set({ ...empty, connection, returns, version: version + 1 })
    const keepsChain = status.role !== 'bootstrap'
    const [genesis, quorum, slots] = await Promise.all([
      this.#live.genesis ?? orUnknown(node.genesis({ signal })),
      keepsChain ? orUnknown(node.quorum({ signal })) : null,
      keepsChain ? orUnknown(node.slots({ limit: KEPT_SLOTS, signal })) : null,
    ])
    this.#set({ status, genesis, slots })
    this.#takeQuorum(quorum)
    // A node that is back may have gone to another branch: none of what was known is kept.
    await this.#takeBlocks(status, [], signal)
    this.#failures = 0
    this.#set({
      connection: { state: 'live', sinceMs: Date.now(), error: null },
      returns: this.#live.returns + (connection.state === 'lost' ? 1 : 0),
      version: this.#live.version + 1,
    })
    this.#plan(POLL_MS, signal)
  }

  #hear(event: StreamedEvent, signal: AbortSignal): void {
    switch (event.kind) {
      case 'heartbeat':
        this.#set({ clockOffsetMs: event.atMs - Date.now() })
        break
      case 'slot': {
        const { kind: _, ...slot } = event
        const others = (this.#live.slots ?? []).filter((known) => known.slot !== slot.slot)
        this.#set({ slots: [slot, ...others].slice(0, KEPT_SLOTS) })
        break
      }
      case 'pending':
        this.#set({ pending: [...event.ids.toReversed(), ...this.#live.pending].slice(0, KEPT_PENDING) })
        return
      case 'block': {
        const final = new Set(event.transactionIds)
        this.#set({ pending: this.#live.pending.filter((id) => !final.has(id)) })
        break
      }
      case 'dropped':
        this.#set({ pending: this.#live.pending.filter((id) => id !== event.id) })
        return
      case 'quorum':
      case 'election':
      case 'evidence':
      case 'ratified':
      case 'alarm':
      case 'gap':
        this.#set({ version: this.#live.version + 1 })
        break
      case 'refused':
        return
    }
    this.#soon(signal)
  }

  /** Asks the node again in a moment, once for all that happens until then. */
  #soon(signal: AbortSignal): void {
    if (this.#isDue) return
    this.#isDue = true
    if (!this.#isBusy) this.#plan(REFRESH_MS, signal)
  }

  #plan(afterMs: number, signal: AbortSignal): void {
    clearTimeout(this.#refreshTimer)
    this.#refreshTimer = setTimeout(() => void this.#refresh(signal), afterMs)
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    this.#isBusy = true
    this.#isDue = false
    try {
      const status = await node.status({ signal })
      const isOtherEpoch = status.epoch !== this.#live.status?.epoch || this.#live.quorum === null
      this.#set({ status })
      await this.#takeBlocks(status, this.#live.blocks, signal)
      // A punishment changes it within an epoch.
      const next = this.#live.blocks[0]?.header.nextQuorum
      const isOtherQuorum = isOtherEpoch || (next !== undefined && next !== this.#live.quorum?.hash)
      if (isOtherQuorum && status.role !== 'bootstrap') this.#takeQuorum(await orUnknown(node.quorum({ signal })))
      if (!signal.aborted) this.#plan(this.#isDue ? REFRESH_MS : POLL_MS, signal)
    } catch (error) {
      if (!signal.aborted) this.#lost(error)
    } finally {
      if (!signal.aborted) this.#isBusy = false
    }
  }

  #takeQuorum(quorum: QuorumView | null): void {
    const { sizes } = this.#live
    const isNew = quorum !== null && !sizes.has(quorum.hash)
    this.#set({ quorum, sizes: isNew ? new Map([...[...sizes].slice(-KEPT_SIZES), [quorum.hash, quorum.members.length]]) : sizes })
  }

  async #takeBlocks(status: NodeStatus, known: readonly BlockSummary[], signal: AbortSignal): Promise<void> {
    if (status.role === 'bootstrap') return
    const newest = known[0]?.header.height ?? 0
    const from = Math.max(newest + 1, status.firstHeight, status.height - KEPT_BLOCKS + 1, 1)
    if (from > status.height) return
    const found = await node.blockSummaries({ from, limit: KEPT_BLOCKS, signal })
    // What lies between is not here: rows that follow each other would not be blocks that do.
    const before = from === newest + 1 ? known : []
    this.#set({ blocks: [...found.toReversed(), ...before].slice(0, KEPT_BLOCKS) })
  }

  #lost(error: unknown): void {
    // Whichever of the stream and the questions noticed it, the other one ends too.
    this.pause()
    const before = this.#live.connection
    const message = error instanceof ApiFailure ? error.message : 'The connection to the node ended.'
    const sinceMs = before.state === 'lost' ? before.sinceMs : Date.now()
    this.#set({ connection: { state: 'lost', sinceMs, error: message } })
    const waitMs = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]
    this.#failures++
    this.#retryTimer = setTimeout(() => this.start(), waitMs)
  }
}

/** Null where this node does not have what was asked. */
async function orUnknown<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ApiFailure && error.code !== 'unreachable') return null
    throw error
  }
}

export const feed = new Feed()
