import type { Hex } from '../base/hex.ts'
import { assemble } from '../ledger/apply.ts'
import type { Pool } from '../mempool/pool.ts'
import { merkleRoot } from '../wire/ids.ts'
import type { Header } from '../wire/types.ts'
import { type Chain, refOf } from './chain.ts'
import type { KnownBlock } from './known-blocks.ts'

/**
 * Builds a block on the head from the pool. Null in a quiet slot: nothing to do, and the idle interval has not passed.
 * @param proof this maker's ticket proof of the slot
 * @param limit most transactions to look at
 */
export function buildBlock(chain: Chain, pool: Pool, maker: number, slot: number, proof: Hex, limit: number): KnownBlock | null {
  const { head, quorum, genesis } = chain
  const member = quorum.members[maker]
  if (member === undefined) return null
  const context = { slot, maker: member.id, valueLimitDroplets: chain.valueLimitDroplets }
  const { transition, included } = assemble(chain.ledger, context, first(pool.ready(slot), limit))
  if (included.length === 0 && slot - head.slot < genesis.parameters.idleSlots) return null
  const header: Header = {
    height: head.height + 1,
    slot,
    parent: head.hash,
    parentSeal: chain.headSeal,
    maker,
    proof,
    transactionsRoot: merkleRoot(included.map(({ id }) => id)),
    stateRoot: transition.stateRoot,
    nextQuorum: quorum.hash,
    burnedMicroHours: transition.burnedMicroHours,
  }
  const block = { header, transactions: included.map(({ transaction }) => transaction) }
  return { ref: refOf(chain.chainId, block), block, transactions: included, transition }
}

function* first<T>(items: Iterable<T>, count: number): Generator<T, void> {
  if (count <= 0) return
  let taken = 0
  for (const item of items) {
    yield item
    if (++taken >= count) return
  }
}
