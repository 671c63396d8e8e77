import type { BlockRef } from '../../src/consensus/types.ts'
import type { Certificate, SignRequest } from '../../src/wire/types.ts'
import { MachineNode } from './node.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** The part of the adversary that a flood needs. */
interface Flooder {
  readonly world: World
  readonly random: Random
  readonly targets: readonly number[]
  voteCertificates(): readonly Certificate[]
  lockCertificates(): readonly Certificate[]
}

/** Messages to each node in a slot: more than the machine may remember. */
const FLOOD = 30
/** Now and then one node gets that many requests in a slot, each for another block. */
const BURST = 200
/** A number far beyond what a run reaches. */
const FAR = 1_000_000

/** Floods everybody with what is well-formed and signed, but stale, early, or of no use. */
export function flood(coalition: Flooder, member: number, slot: number, head: BlockRef): void {
  const { world, random, targets } = coalition
  if (random.below(10) === 0) {
    const to = random.pick(targets)
    for (let message = 0; message < BURST; message++)
      world.after(random.below(world.scenario.slotMs), () => askForFresh(coalition, member, to, slot, slot, head))
  }
  for (const to of targets) {
    const count = random.below(FLOOD)
    for (let message = 0; message < count; message++)
      world.after(random.below(world.scenario.slotMs), () => sendOne(coalition, member, to, slot, head))
  }
}

function sendOne(coalition: Flooder, member: number, to: number, slot: number, head: BlockRef): void {
  const { world, random } = coalition
  const someSlot = random.pick([Math.max(slot - 2, 0), slot, slot, slot + 1, slot + 2, slot + FAR])
  const ask = (request: SignRequest): void => world.send(member, to, { kind: 'request', replyTo: { from: member, life: 0 }, request })
  switch (random.below(6)) {
    case 0:
      return askForFresh(coalition, member, to, slot, someSlot, head)
    case 1: {
      const block = world.build(member, someSlot, head)
      const statement = { kind: 'candidate', height: block.height, slot: someSlot, block: block.hash, validSlot: null } as const
      world.signBadly(member, statement)
      const maker = world.quorums.indexOf(member, block.height) ?? 0
      const ticket = world.ticketOf(member, someSlot, block.height)
      const candidate = { block, slot: someSlot, maker, ticket, justification: null }
      return world.send(member, to, { kind: 'candidate', from: member, statement, candidate, isRelayed: false })
    }
    case 2: {
      const certificate = random.pick([...coalition.voteCertificates(), ...coalition.lockCertificates(), null])
      if (certificate === null) return
      ask({
        kind: certificate.statement.kind === 'vote' ? 'lock' : 'seal',
        certificate: random.below(4) === 0 ? spoilt(certificate) : certificate,
      })
      return world.send(member, to, { kind: 'certificate', certificate })
    }
    case 3: {
      const certificate = random.pick([...coalition.voteCertificates(), ...coalition.lockCertificates(), null])
      const tallies: readonly (readonly Certificate[])[] =
        certificate === null ? [[]] : [[spoilt(certificate)], [certificate, spoilt(certificate)], []]
      return world.send(member, to, { kind: 'tally', certificates: random.pick(tallies) })
    }
    case 4: {
      const known = world.participants.find((peer) => peer instanceof MachineNode && peer.disk.chain.length > 0)
      if (!(known instanceof MachineNode)) return
      return world.send(member, to, { kind: 'sealed', from: member, sealed: random.pick(known.disk.chain) })
    }
    default: {
      const certificate = coalition.voteCertificates()[0]
      if (certificate !== undefined) ask({ kind: 'lock', certificate })
    }
  }
}

function askForFresh({ world, random }: Flooder, member: number, to: number, slot: number, voteSlot: number, head: BlockRef): void {
  const block = world.build(member, voteSlot, head, random.below(4) > 0)
  const height = random.pick([head.height, block.height, block.height, block.height + 1, FAR])
  const statement = { kind: 'vote', height, slot: voteSlot, block: block.hash, validSlot: random.pick([null, 0, slot - 1]) } as const
  world.send(member, to, { kind: 'request', replyTo: { from: member, life: 0 }, request: { kind: 'vote', statement } })
}

const spoilt = (certificate: Certificate): Certificate => ({
  ...certificate,
  aggregate: { ...certificate.aggregate, signers: certificate.aggregate.signers.slice(1) },
})
