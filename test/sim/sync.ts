import type { BlockRef, Input } from '../../src/consensus/types.ts'
import type { Hash } from '../../src/wire/types.ts'
import type { Sealed, World } from './world.ts'

const FETCH_TRIES = 3

interface Owner {
  readonly isUp: boolean
  readonly head: BlockRef
  keepBody(block: BlockRef): void
  feed(input: Input): void
  inLife(delayMs: number, run: () => void): void
  /** Lets the machine commit it. */
  takeSealed(sealed: Sealed): void
  /** Writes it; the machine hears of the head afterwards. */
  append(sealed: Sealed): void
  tellHead(): void
}

/** Fetches the sealed blocks that a peer has more of, from one peer at a time; and single blocks by their hash. */
export class SyncClient {
  private readonly world: World
  private readonly index: number
  private readonly owner: Owner
  private isBusy = false

  constructor(world: World, index: number, owner: Owner) {
    this.world = world
    this.index = index
    this.owner = owner
  }

  reset(): void {
    this.isBusy = false
  }

  from(peer: number): void {
    const { world, owner } = this
    if (!owner.isUp || this.isBusy || world.sealedBlocksOf(peer, owner.head.height).length === 0) return
    this.isBusy = true
    owner.inLife(2 * world.delayMs(), () => {
      this.isBusy = false
      if (world.isConnected(this.index, peer)) this.take(world.sealedBlocksOf(peer, owner.head.height))
    })
  }

  /** @param from a member of the quorum of this height that is asked first */
  fetch(block: Hash, from: number | null, triesLeft = FETCH_TRIES): void {
    const { world, index, owner } = this
    const holders = world.connectedTo(index).filter((peer) => world.participants[peer]?.hasBody(block))
    const first = from === null ? undefined : world.quorums.at(owner.head.height + 1).nodes[from]
    const holder = first !== undefined && holders.includes(first) ? first : holders[0]
    const body = world.blocks.get(block)
    owner.inLife(2 * world.delayMs(), () => {
      if (holder === undefined || body === undefined) {
        if (triesLeft > 1) this.fetch(block, null, triesLeft - 1)
      } else if (body.valid && body.height === owner.head.height + 1 && body.parent === owner.head.hash) {
        owner.keepBody(body)
        owner.feed({ kind: 'block-known', block: body })
      }
    })
  }

  private take(blocks: readonly Sealed[]): void {
    const { world, owner } = this
    // Block by block through the machine, or a range past it.
    const throughMachine = world.random.below(2) === 0
    let hasMoved = false
    for (const sealed of blocks) {
      if (sealed.block.parent !== owner.head.hash || !owner.isUp) break
      if (throughMachine) owner.takeSealed(sealed)
      else {
        owner.append(sealed)
        hasMoved = true
      }
    }
    if (hasMoved) owner.tellHead()
  }
}
