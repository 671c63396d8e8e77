import type { BlockRef } from '../../../src/consensus/types.ts'
import type { Hash } from '../../../src/wire/types.ts'
import { hashOf, Life, type LifeOptions, locked, sealOf, voted } from './crash-world.ts'

/** What happens to a verifier over some heights, restarts among it. */
export interface Script {
  readonly description: string
  readonly play: (play: Play) => void
}

const SIGNATURE = '5a'.repeat(96)
const others = [1, 2, 3, 5, 6]

/** A verifier through all its lives in a script; boundaries are counted over all of them. */
export class Play {
  life: Life
  #passed = 0
  #slot = 0

  constructor(options: LifeOptions) {
    this.life = new Life(options)
  }

  get slot(): number {
    return this.#slot
  }
  get boundaries(): number {
    return this.#passed + this.life.boundaries
  }

  begin(slot: number): void {
    this.#slot = slot
    this.life.begin(slot)
  }
  enter(slot: number): void {
    this.#slot = slot
    this.life.feed({ kind: 'slot-started', slot })
  }
  /** A crash between two inputs, and the start after it. */
  restart(slot: number): void {
    const { options, disk, sent, boundaries } = this.life
    this.#passed += boundaries
    const { crashAt } = options
    this.life = new Life({
      ...options,
      ...{ disk, sent, life: options.life + 1 },
      ...(crashAt === undefined ? {} : { crashAt: crashAt - boundaries }),
    })
    this.begin(slot)
  }

  block(name: string, slot = this.#slot): BlockRef {
    const { height, head } = this.life.state
    return { hash: hashOf(`${name} ${height}`), height, slot, parent: head.hash }
  }
  /** Somebody proposes the block and asks for a vote; with a vote certificate of an earlier slot, if one is named. */
  vote(maker: number, block: BlockRef, justified: number | null = null): void {
    const slot = this.#slot
    const justification = justified === null ? null : voted(block.height, block.hash, justified)
    this.life.feed({ kind: 'candidate', candidate: { block, slot, maker, ticket: '00'.repeat(32), justification } })
    this.life.feed({ kind: 'choice-due', slot })
    this.life.ask(maker, { kind: 'vote', statement: { kind: 'vote', height: block.height, slot, block: block.hash, validSlot: justified } })
  }
  lock(block: BlockRef): void {
    this.life.feed({ kind: 'block-known', block })
    this.life.ask(1, { kind: 'lock', certificate: voted(block.height, block.hash, this.#slot) })
  }
  seal(block: BlockRef, slot = this.#slot): void {
    this.life.ask(1, { kind: 'seal', certificate: locked(block.height, block.hash, slot) })
  }
  final(block: BlockRef): void {
    this.life.feed({ kind: 'sealed-block', block, seal: sealOf })
  }
  /** The others sign what this node leads, one phase after the other. */
  follow(block: Hash): void {
    const { height } = this.life.state
    const slot = this.#slot
    const statements = [
      { kind: 'vote', height, slot, block, validSlot: null },
      { kind: 'lock', height, slot, block },
      { kind: 'seal', height, block },
    ] as const
    for (const statement of statements)
      for (const from of others) this.life.feed({ kind: 'signature', from, statement, signature: SIGNATURE })
  }
}

/** A height from the vote to the block. */
function round(play: Play, name: string): void {
  const block = play.block(name)
  play.vote(1, block)
  play.lock(block)
  play.seal(block)
  play.final(block)
}

export const scripts: readonly Script[] = [
  {
    description: 'vote, lock and seal, and the block',
    play: (play) => {
      play.begin(7)
      round(play, 'A')
    },
  },
  {
    description: 'a lock that yields twice to later certificates, and a seal',
    play: (play) => {
      play.begin(7)
      const [A, B] = [play.block('A'), play.block('B')]
      play.vote(1, A)
      play.lock(A)
      play.enter(9)
      play.vote(2, B, 8)
      play.lock(B)
      play.enter(11)
      play.vote(3, A, 10)
      play.lock(A)
      play.enter(12)
      play.seal(A, 11)
      play.final(A)
    },
  },
  {
    description: 'a candidate of its own, led to the end',
    play: (play) => {
      play.begin(6)
      play.enter(7)
      play.life.feed({ kind: 'choice-due', slot: 7 })
      play.follow(hashOf(`own 5 7 ${play.life.options.life}`))
      play.enter(8)
    },
  },
  {
    description: 'candidates of its own in three slots, the last of a block that a certificate names',
    play: (play) => {
      play.begin(6)
      play.enter(7)
      play.enter(8)
      const A = play.block('A')
      play.lock(A)
      play.enter(9)
      play.life.feed({ kind: 'choice-due', slot: 9 })
      play.follow(A.hash)
    },
  },
  {
    description: 'handovers: another index, no seat, and a seat again; seals of the head in between',
    play: (play) => {
      play.begin(7)
      round(play, 'A')
      play.enter(8)
      const six = play.block('A')
      play.vote(1, six)
      play.lock(six)
      play.final(six)
      play.seal(six, 8)
      play.enter(9)
      const seven = play.block('A')
      play.lock(seven)
      play.final(seven)
      play.enter(10)
      round(play, 'A')
    },
  },
  {
    description: 'restarts after the vote, the lock, the seal and the candidate',
    play: (play) => {
      play.begin(7)
      const A = play.block('A')
      play.vote(1, A)
      play.restart(7)
      play.lock(A)
      play.restart(7)
      play.seal(A)
      play.restart(8)
      play.seal(A, 7)
      play.final(A)
      play.restart(9)
      round(play, 'B')
    },
  },
]
