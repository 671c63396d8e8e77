import type { Hex } from '../base/hex.ts'
import { assemble } from '../ledger/apply.ts'
import { isElectionDue } from '../ledger/elections.ts'
import type { Pool } from '../mempool/pool.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import { merkleRoot, ticketOf } from '../wire/ids.ts'
import type { Header } from '../wire/types.ts'
import type { Chain } from './chain.ts'
import { refOf } from './chain-store.ts'
import type { KnownBlock } from './known-blocks.ts'
import { evidenceAgainst, mayProveFork } from './recovery-blocks.ts'

/**
 * Builds a block on the head from the pool and from the evidence that is not in a block yet. Null in a quiet slot: nothing to do, no election to open or settle, and the idle interval has not passed.
 * @param proof this maker's ticket proof of the slot
 * @param limit most transactions to look at
 */
export function buildBlock(
  chain: Chain,
  pool: Pool,
  evidence: readonly ProvenEvidence[],
  maker: number,
  slot: number,
  proof: Hex,
  limit: number,
): KnownBlock | null {
  const { head, headSeal, ledger, genesis, recoveringWithout } = chain
  const context = { slot, maker, ticket: ticketOf(proof), parentSigners: headSeal?.signers ?? null }
  const recovery = recoveringWithout === null ? null : { quorum: chain.quorum, signingId: chain.signingIdAt(head.height + 1) }
  const assembled =
    recovery === null || recoveringWithout === null
      ? assemble(
          ledger,
          { ...context, evidence: evidence.filter((one) => !mayProveFork(chain, one.evidence)) },
          first(pool.ready(slot), limit),
        )
      : assemble(
          { ...ledger, quorum: recovery.quorum },
          { ...context, evidence: evidenceAgainst(chain, evidence, recoveringWithout), recovery: recovery.signingId },
          [],
        )
  const { transition, included, evidence: punished } = assembled
  // Nobody would sign it: what the pool holds against them is not fit, or no more there.
  if (new Set(punished.flatMap(({ offenders }) => offenders)).size < (recoveringWithout?.size ?? 0)) return null
  const isQuiet = included.length === 0 && punished.length === 0 && !isElectionDue(ledger, slot)
  if (isQuiet && slot - head.slot < genesis.parameters.idleSlots) return null
  const header: Header = {
    height: head.height + 1,
    slot,
    parent: head.hash,
    parentSeal: headSeal,
    maker,
    proof,
    transactionsRoot: merkleRoot(included.map(({ id }) => id)),
    evidenceRoot: merkleRoot(punished.map(({ id }) => id)),
    stateRoot: transition.stateRoot,
    nextQuorum: transition.quorum.hash,
    burnedMicroHours: transition.globals.burnedMicroHours,
  }
  const block = { header, evidence: punished.map(({ evidence: of }) => of), transactions: included.map(({ transaction }) => transaction) }
  return { ref: refOf(chain.chainId, block), block, transactions: included, transition, recovery }
}

function* first<T>(items: Iterable<T>, count: number): Generator<T, void> {
  if (count <= 0) return
  let taken = 0
  for (const item of items) {
    yield item
    if (++taken >= count) return
  }
}
