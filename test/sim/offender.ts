import type { BlockRef } from '../../src/consensus/types.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import type { Certificate, Hash, LockStatement, Statement, VoteStatement } from '../../src/wire/types.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** The part of the adversary that an offence needs. */
interface Offender {
  readonly world: World
  readonly random: Random
  readonly members: readonly number[]
  readonly targets: readonly number[]
  wouldSign(member: number, statement: Statement): boolean
  heard(height: number): readonly (VoteStatement | LockStatement)[]
}

/** Signs both statements of a pair, and shows some the one and some the other; who forges does it together with all the others. */
export function contradict(coalition: Offender, member: number, kind: OffenceKind, slot: number, head: BlockRef): void {
  const { world, random, targets } = coalition
  const pair = pairOf(coalition, member, kind, slot, head)
  if (pair === null) return
  const together = world.scenario.behaviours[member] === 'forge' ? coalition.members : [member]
  const half = random.someOf(targets)
  const halves = [half, random.below(2) === 0 ? random.someOf(targets) : targets.filter((target) => !half.includes(target))]
  for (const [place, statement] of pair.entries()) {
    const signers = together.flatMap((each) => {
      const signer = world.quorums.indexOf(each, statement.height)
      if (signer === null || !coalition.wouldSign(each, statement)) return []
      world.signBadly(each, statement)
      return [signer]
    })
    if (signers.length === 0) continue
    const shown = world.register.partOf(
      statement,
      signers.sort((left, right) => left - right),
    )
    for (const to of halves[place] ?? [])
      world.after(random.below(world.scenario.slotMs), () => world.send(member, to, { kind: 'tally', certificates: [shown] }))
  }
}

function pairOf(
  coalition: Offender,
  member: number,
  kind: OffenceKind,
  slot: number,
  head: BlockRef,
): readonly [Statement, Statement] | null {
  const { world, random } = coalition
  // Below the head the guilty may still be found, and gains nothing.
  const height = head.height + (head.height > 0 && random.below(4) === 0 ? 0 : 1)
  const known = [...new Set(coalition.heard(height).map(({ block }) => block))]
  const fresh = (): Hash => world.build(member, slot, head).hash
  const first = known.length > 0 && random.below(2) === 0 ? random.pick(known) : fresh()
  const second = fresh()
  const lockSlot = Math.max(0, slot - random.between(1, 3))
  switch (kind) {
    // The coalition leads both of its candidates itself.
    case 'double-candidate':
      return null
    case 'double-vote':
      return [
        { kind: 'vote', height, slot, block: first, validSlot: null },
        { kind: 'vote', height, slot, block: second, validSlot: random.pick([null, lockSlot]) },
      ]
    case 'double-lock':
      return [
        { kind: 'lock', height, slot, block: first },
        { kind: 'lock', height, slot, block: second },
      ]
    case 'double-seal':
      return [
        { kind: 'seal', height, block: first },
        { kind: 'seal', height, block: second },
      ]
    case 'amnesia':
      return [
        { kind: 'lock', height, slot: lockSlot, block: first },
        { kind: 'vote', height, slot, block: second, validSlot: random.pick([null, lockSlot]) },
      ]
  }
}

/** Certificates that do not hold: with the names of some who did not sign, or another's sum. */
export function forge(coalition: Offender, member: number, slot: number, head: BlockRef): void {
  const { world, random, targets } = coalition
  const height = head.height + 1
  const statements = coalition.heard(height)
  const block = world.build(member, slot, head)
  const made: VoteStatement = { kind: 'vote', height, slot, block: block.hash, validSlot: null }
  const statement = statements.length > 0 && random.below(2) === 0 ? random.pick(statements) : made
  const everybody = world.quorums.at(height).nodes.map((_, signer) => signer)
  const signers = world.register.signersOf(statement)
  const named = random.below(2) === 0 ? everybody : everybody.filter((signer) => signers.includes(signer) || random.below(2) === 0)
  const forged = <S extends Statement>(of: S): Certificate<S> => {
    const right = world.register.partOf(of, named)
    return random.below(2) === 0 ? right : { ...right, aggregate: { ...right.aggregate, signature: '00000001' } }
  }
  const lock: LockStatement = { kind: 'lock', height, slot: statement.slot, block: statement.block }
  const body = world.blocks.get(statement.block) ?? block
  for (const to of random.someOf(targets)) {
    switch (random.below(5)) {
      case 0:
        world.send(member, to, { kind: 'certificate', certificate: forged(statement) })
        break
      case 1:
        world.send(member, to, {
          kind: 'tally',
          certificates: [forged(statement), forged({ kind: 'seal', height, block: statement.block })],
        })
        break
      case 2:
        world.send(member, to, {
          kind: 'sealed',
          from: member,
          sealed: { block: body, seal: forged({ kind: 'seal', height, block: body.hash }).aggregate },
        })
        break
      case 3:
        world.send(member, to, {
          kind: 'request',
          replyTo: { from: member, life: 0 },
          request: { kind: 'seal', certificate: forged(lock) },
        })
        break
      default:
        world.send(member, to, {
          kind: 'request',
          replyTo: { from: member, life: 0 },
          request: { kind: 'lock', certificate: forged({ ...made, block: statement.block }) },
        })
    }
  }
}
