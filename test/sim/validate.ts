import type { BlockRef, ProposedBlock } from '../../src/consensus/types.ts'
import type { CandidateStatement } from '../../src/wire/types.ts'
import type { World } from './world.ts'

/** Whether envelope, ticket and signature of a candidate are its maker's. */
export function isMakersOwn(
  world: World,
  statement: CandidateStatement,
  { block, slot, maker, ticket, justification }: ProposedBlock,
): boolean {
  const { height } = block
  const node = world.quorums.at(height).nodes[maker]
  if (node === undefined || !world.register.hasSigned(maker, statement)) return false
  if (ticket !== world.ticketOf(node, slot, height) || !world.isSelected(node, slot, height)) return false
  const isSame = statement.slot === slot && statement.block === block.hash && statement.height === height
  return isSame && statement.validSlot === (justification?.statement.slot ?? null)
}

/** Whether the block of a candidate extends this head, executes, and is there by right: new from its builder, or justified. */
export function isGoodOn(world: World, head: BlockRef, { block, slot, maker, justification }: ProposedBlock): boolean {
  const body = world.blocks.get(block.hash)
  if (block.height !== head.height + 1 || block.parent !== head.hash || body?.valid !== true || slot <= head.slot) return false
  if (justification === null) return block.slot === slot && body.builder === world.quorums.at(block.height).nodes[maker]
  const { statement } = justification
  const isFit = statement.kind === 'vote' && statement.height === block.height && statement.block === block.hash
  return isFit && statement.slot >= block.slot && statement.slot < slot && world.register.isValid(justification)
}
