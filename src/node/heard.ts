import { WITNESSED_HEIGHTS } from '../consensus/bounds.ts'
import { enoughStake } from '../consensus/quorum.ts'
import { Witness } from '../consensus/witness.ts'
import type { Quorum } from '../wire/quorum.ts'
import type { Address, AggregateSignature, Certificate, Evidence, SignedStatement, Statement } from '../wire/types.ts'

/**
 * What this node has seen verifiers sign, with their signatures: all of it goes through `note`, once the signature was checked. The
 * newest statements of each verifier are for that verifier, which asks its peers for them after a restart, to learn whether an old
 * copy of its directory was restored. And all statements of the newest heights are held against each other: what nobody honest
 * signs both is evidence.
 */
export class Heard {
  readonly #byVerifier = new Map<Address, Map<Statement['kind'], Certificate>>()
  readonly #witness = new Witness()
  readonly #onEvidence: (evidence: Evidence) => void
  readonly #onNote: Heard['note']
  #headHeight = 0

  /** @param onNote hears of every statement, whatever its height */
  constructor(onEvidence: (evidence: Evidence) => void = () => {}, onNote: Heard['note'] = () => {}) {
    this.#onEvidence = onEvidence
    this.#onNote = onNote
  }

  /** Takes note of a statement whose signature was checked. */
  note(quorum: Quorum, statement: Statement, aggregate: AggregateSignature): void {
    this.#onNote(quorum, statement, aggregate)
    for (const signer of aggregate.signers) {
      const id = quorum.members[signer]?.id
      if (id === undefined) continue
      const newest = this.#byVerifier.get(id) ?? new Map<Statement['kind'], Certificate>()
      const known = newest.get(statement.kind)
      if (known === undefined || isNewer(statement, known.statement)) newest.set(statement.kind, { statement, aggregate })
      this.#byVerifier.set(id, newest)
    }
    const keys = keysOf(quorum, aggregate.signers)
    if (keys === null || !this.isWitnessed(statement.height)) return
    const signed: SignedStatement = { statement, keys, signature: aggregate.signature }
    const stake = aggregate.signers.reduce((sum, signer) => sum + (quorum.members[signer]?.stakeDroplets ?? 0), 0)
    const isEnough = stake >= enoughStake(quorum.totalStakeDroplets)
    for (const evidence of this.#witness.note(signed, isEnough)) this.#onEvidence(evidence)
  }

  /** Whether all of them are known to have made that statement; of what is too old nothing is known. */
  knows(quorum: Quorum, statement: Statement, signers: readonly number[]): boolean {
    const keys = keysOf(quorum, signers)
    return keys !== null && this.#witness.knows({ statement, keys })
  }

  /** Whether statements of that height are held against each other. */
  isWitnessed(height: number): boolean {
    return height > this.#headHeight - WITNESSED_HEIGHTS
  }

  /** The head moved to this height. */
  settle(headHeight: number): void {
    this.#headHeight = headHeight
    this.#witness.settle(headHeight)
  }

  of(verifier: Address): readonly Certificate[] {
    return [...(this.#byVerifier.get(verifier)?.values() ?? [])]
  }
}

/** Keys of the signers, ascending; null if one of them is no member. */
function keysOf({ members }: Quorum, signers: readonly number[]): readonly string[] | null {
  const keys: string[] = []
  for (const signer of signers) {
    const key = members[signer]?.blsKey
    if (key === undefined) return null
    keys.push(key)
  }
  return keys.sort()
}

const slotOf = (statement: Statement): number => (statement.kind === 'seal' ? statement.height : statement.slot)
const isNewer = (left: Statement, right: Statement): boolean => slotOf(left) > slotOf(right)
