import type { NodeEvent } from '../../api/types.ts'
import type { Hash } from '../../wire/types.ts'

export type BlockEvent = Extract<NodeEvent, { kind: 'block' }>

/** A block as the swarm's launcher heard of it, from whichever node told first. */
export interface SeenBlock {
  readonly height: number
  readonly hash: Hash
  readonly slot: number
  readonly makerIndex: number
  readonly signers: number
  readonly transactionIds: readonly Hash[]
}

interface OpenBlock extends SeenBlock {
  readonly missingAt: Set<string>
  lastFinalAtMs: number
}

/** Heights whose hash is remembered to be compared with what other nodes report later. */
const MAX_REMEMBERED_HEIGHTS = 20_000

/**
 * Follows which blocks are final at which nodes. A block is final everywhere when each node that was being watched when it was
 * first seen has reported it or has gone down.
 */
export class FinalityTracker {
  readonly #onSeen: (block: SeenBlock) => void
  readonly #onFinalEverywhere: (block: SeenBlock, lastFinalAtMs: number) => void
  readonly #watched = new Set<string>()
  readonly #open = new Map<number, OpenBlock>()
  readonly #hashes = new Map<number, Hash>()
  readonly #conflicts = new Set<number>()
  #height = 0

  constructor(onSeen: (block: SeenBlock) => void, onFinalEverywhere: (block: SeenBlock, lastFinalAtMs: number) => void) {
    this.#onSeen = onSeen
    this.#onFinalEverywhere = onFinalEverywhere
  }

  /** The newest height that any node reported. */
  get height(): number {
    return this.#height
  }
  /** Of all blocks that any node reported, by height. */
  get hashes(): ReadonlyMap<number, Hash> {
    return this.#hashes
  }
  /** Heights at which two nodes reported different blocks. */
  get conflicts(): ReadonlySet<number> {
    return this.#conflicts
  }
  watches(node: string): boolean {
    return this.#watched.has(node)
  }

  /** From here on blocks are final everywhere only when this node has them. */
  watch(node: string): void {
    this.#watched.add(node)
  }
  /** A node that is down keeps nothing waiting. */
  unwatch(node: string): void {
    this.#watched.delete(node)
    for (const block of this.#open.values()) this.#has(block, node)
  }

  block(node: string, { height, hash, slot, makerIndex, signers, transactionIds, finalAtMs }: BlockEvent): void {
    this.#height = Math.max(this.#height, height)
    if (height <= this.#height - MAX_REMEMBERED_HEIGHTS) return
    const known = this.#hashes.get(height)
    if (known !== undefined && known !== hash) this.#conflicts.add(height)
    if (known === undefined) {
      this.#hashes.set(height, hash)
      this.#hashes.delete(height - MAX_REMEMBERED_HEIGHTS)
      const seen = { height, hash, slot, makerIndex, signers, transactionIds }
      this.#open.set(height, { ...seen, missingAt: new Set(this.#watched), lastFinalAtMs: finalAtMs })
      this.#onSeen(seen)
    }
    const open = this.#open.get(height)
    if (open === undefined) return
    if (open.missingAt.has(node)) open.lastFinalAtMs = Math.max(open.lastFinalAtMs, finalAtMs)
    this.#has(open, node)
  }

  /** A node says that it has all blocks up to a height, some of which it may not have reported one by one. */
  reached(node: string, height: number, atMs: number): void {
    for (const block of this.#open.values()) {
      if (block.height > height || !block.missingAt.has(node)) continue
      block.lastFinalAtMs = Math.max(block.lastFinalAtMs, atMs)
      this.#has(block, node)
    }
  }

  #has(block: OpenBlock, node: string): void {
    block.missingAt.delete(node)
    if (block.missingAt.size > 0) return
    this.#open.delete(block.height)
    this.#onFinalEverywhere(block, block.lastFinalAtMs)
  }
}
