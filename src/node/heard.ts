import type { Quorum } from '../wire/quorum.ts'
import type { Address, AggregateSignature, Certificate, Statement } from '../wire/types.ts'
import { RECENT_BLOCKS } from './bounds.ts'
import { type Chain, refOf } from './chain.ts'

/**
 * The newest statements of each verifier that this node has seen with their signatures. A verifier that restarts asks
 * its peers for them, to learn whether an old copy of its directory was restored.
 */
export class Heard {
  readonly #byVerifier = new Map<Address, Map<Statement['kind'], Certificate>>()

  /** Takes note of a statement whose signature was checked. */
  note(quorum: Quorum, statement: Statement, aggregate: AggregateSignature): void {
    for (const signer of aggregate.signers) {
      const id = quorum.members[signer]?.id
      if (id === undefined) continue
      const newest = this.#byVerifier.get(id) ?? new Map<Statement['kind'], Certificate>()
      const known = newest.get(statement.kind)
      if (known === undefined || isNewer(statement, known.statement)) newest.set(statement.kind, { statement, aggregate })
      this.#byVerifier.set(id, newest)
    }
  }

  /** Takes note of the seals of the newest final blocks, which outlast a restart. */
  noteChain(chain: Chain): void {
    const { head } = chain
    for (let height = Math.max(1, head.height - RECENT_BLOCKS + 1); height <= head.height; height++) {
      const block = chain.block(height)
      const quorum = chain.quorumAt(height)
      if (block === undefined || quorum === undefined) continue
      this.note(quorum, { kind: 'seal', height, block: refOf(chain.chainId, block).hash }, block.seal)
    }
  }

  of(verifier: Address): readonly Certificate[] {
    return [...(this.#byVerifier.get(verifier)?.values() ?? [])]
  }
}

const slotOf = (statement: Statement): number => (statement.kind === 'seal' ? statement.height : statement.slot)
const isNewer = (left: Statement, right: Statement): boolean => slotOf(left) > slotOf(right)
