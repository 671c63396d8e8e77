import { invariant } from '../base/errors.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { FrozenAccounts } from '../ledger/account-tree.ts'
import type { Globals } from '../ledger/globals.ts'
import { snapshotDepth } from '../ledger/snapshot.ts'
import type { LedgerState } from '../ledger/state.ts'
import { bucketSizes, encodeSubtree } from '../ledger/subtree.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { Quorum } from '../wire/quorum.ts'
import { nextTurn } from './bodies.ts'
import { inTurns } from './in-turns.ts'
import type { SnapshotStore } from './snapshot-store.ts'

export interface SnapshotTakerOptions {
  readonly snapshots: SnapshotStore
  readonly telemetry: Telemetry
  /** A write failed, or the snapshot is not that of its state. */
  readonly onFatal: (error: unknown) => void
}

/** A state as it was after a block. */
interface Frozen {
  readonly ref: BlockRef
  readonly accounts: FrozenAccounts
  readonly globals: Globals
  readonly quorum: Quorum
  readonly headQuorum: Quorum
}

/** Writes snapshots beside the node's other work: a part at a time, from a view that later blocks do not change. */
export class SnapshotTaker {
  readonly #options: SnapshotTakerOptions
  /** The next to write; a newer one takes its place. */
  #waiting: Frozen | null = null
  #running: Promise<void> | null = null
  #stopped = false

  constructor(options: SnapshotTakerOptions) {
    this.#options = options
  }

  /** Called while `ledger` is the state after that block; what becomes of it later does not matter. */
  take(ref: BlockRef, ledger: Pick<LedgerState, 'accounts' | 'globals' | 'quorum' | 'headQuorum'>): void {
    if (this.#stopped) return
    const { accounts, globals, quorum, headQuorum } = ledger
    this.#waiting?.accounts.release()
    this.#waiting = { ref, accounts: accounts.freeze(), globals, quorum, headQuorum }
    this.#running ??= this.#run()
  }
  /** Resolves when all that was to be taken is written. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running
  }
  /** Breaks off what is under way; the store removes it at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    this.#waiting?.accounts.release()
    this.#waiting = null
  }

  async #run(): Promise<void> {
    try {
      for (let next = this.#waiting; next !== null && !this.#stopped; next = this.#waiting) {
        this.#waiting = null
        try {
          await this.#write(next)
        } finally {
          next.accounts.release()
        }
      }
    } catch (error) {
      this.#options.onFatal(error)
    } finally {
      // In the same turn as the last look at what waits: what comes a moment later must find nobody running, or nobody would take it.
      this.#running = null
    }
  }

  async #write({ ref, accounts, globals, quorum, headQuorum }: Frozen): Promise<void> {
    const { snapshots, telemetry } = this.#options
    // It is asked for within the commit of the block, which its leader has yet to show to others.
    await nextTurn()
    const startedAt = performance.now()
    const sizes = await inTurns(bucketSizes(accounts))
    const depth = snapshotDepth(sizes)
    if (depth === null) {
      telemetry.log('warn', 'snapshot.none', { height: ref.height, detail: `one bucket alone has ${Math.max(...sizes)} bytes` })
      return
    }
    const roots = accounts.subtreeRoots(depth)
    const { height, hash: block } = ref
    await snapshots.begin({ height, block, depth })
    let bytes = 0
    for (const [index, expected] of roots.entries()) {
      const part = await inTurns(encodeSubtree(accounts, depth, index))
      if (this.#stopped) return
      invariant(part.root === expected, `part ${index} of the snapshot at height ${height} is that of its state`)
      bytes += part.bytes.length
      await snapshots.putChunk(index, part.bytes)
    }
    await snapshots.finish({ height, block, depth, roots, globals, quorum: quorum.members, headQuorum: headQuorum.members })
    const tookMs = Math.round(performance.now() - startedAt)
    telemetry.log('info', 'snapshot.taken', { height, accounts: accounts.size, parts: roots.length, bytes, tookMs })
  }
}
