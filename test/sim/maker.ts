import type { BlockRef, Effect, Input, State } from '../../src/consensus/types.ts'
import type { Hash, Statement } from '../../src/wire/types.ts'
import { short } from './show.ts'
import type { Message, World } from './world.ts'

/** Longest that a runner takes to draw a ticket, and to build a block. */
export const TICKET_MS = 10
export const BUILD_MS = 20

interface Owner {
  readonly isUp: boolean
  readonly head: BlockRef
  feed(input: Input): void
  inLife(delayMs: number, run: () => void): void
  keepBody(block: BlockRef): void
  bodyOf(block: Hash): BlockRef | undefined
  sign(statement: Statement): void
  receive(to: number, message: Message): void
}

/** What a node does to propose: it draws tickets, builds blocks and hands them out. */
export class Maker {
  private readonly world: World
  private readonly index: number
  private readonly identity: number
  private readonly owner: Owner
  /** Tickets that select this node, by what they hold for. */
  private readonly tickets = new Map<string, Hash>()

  constructor(world: World, index: number, owner: Owner) {
    this.world = world
    this.index = index
    this.identity = world.identityOf(index)
    this.owner = owner
  }

  forget(): void {
    this.tickets.clear()
  }

  drawTicket({ slot, quorum, epochSeed }: Extract<Effect, { kind: 'draw-ticket' }>): void {
    const { world, identity, owner } = this
    const height = owner.head.height + 1
    owner.inLife(world.random.between(0, TICKET_MS), () => {
      const ticket = world.ticketOf(identity, slot, height)
      const selected = world.isSelected(identity, slot, height)
      if (selected) this.tickets.set(keyOf(slot, quorum, epochSeed), ticket)
      owner.feed({ kind: 'ticket-drawn', slot, quorum, epochSeed, ticket, selected })
    })
  }

  /** A ticket that the machine keeps is one of this slot that selects this node in the quorum of its height. */
  check({ ticket, slot, height }: State): void {
    if (ticket === null || slot === null) return
    const { quorum, epochSeed } = this.world.quorums.membersFor(this.identity, height)
    if (ticket !== this.tickets.get(keyOf(slot, quorum, epochSeed)))
      this.world.fail('bad-candidate', `n${this.index} keeps a ticket in slot ${slot} that is void at height ${height}`)
  }

  build({ slot, height }: Extract<Effect, { kind: 'build' }>): void {
    const { world, owner } = this
    owner.inLife(world.random.between(0, BUILD_MS), () => {
      const block = owner.head.height + 1 === height && !world.isQuiet(slot) ? world.build(this.identity, slot, owner.head) : null
      if (block !== null) owner.keepBody(block)
      owner.feed({ kind: 'block-built', slot, block })
    })
  }

  propose({ statement, justification }: Extract<Effect, { kind: 'propose' }>): void {
    const { world, index, identity, owner } = this
    const { slot, height } = statement
    const block = owner.bodyOf(statement.block)
    const { quorum, epochSeed, self } = world.quorums.membersFor(identity, height)
    const ticket = this.tickets.get(keyOf(slot, quorum, epochSeed))
    if (block === undefined) return world.fail('broken-contract', `n${index} proposes block ${short(statement.block)} without having it`)
    if (ticket === undefined || self === null)
      return world.fail('bad-candidate', `n${index} proposes ${short(block.hash)} at height ${height} without a ticket of its quorum`)
    owner.sign(statement)
    const candidate = { block, slot, maker: self, ticket, justification }
    const message: Message = { kind: 'candidate', from: index, statement, candidate, isRelayed: false }
    world.broadcast(index, message)
    // A node that restarts may hear from others what it said before.
    if (world.hasFaults && world.random.chance(world.scenario.duplicatePpm))
      world.after(2 * world.delayMs(), () => owner.isUp && owner.receive(index, message))
  }
}

const keyOf = (slot: number, quorum: Hash, epochSeed: Hash): string => `${slot} ${quorum} ${epochSeed}`
