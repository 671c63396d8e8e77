import type { Hex } from '../base/hex.ts'
import type { OffenceKind } from '../wire/evidence.ts'
import type { Evidence, SignedStatement, Statement } from '../wire/types.ts'
import { MAX_WITNESSED_STATEMENTS, WITNESSED_HEIGHTS } from './bounds.ts'
import { evidenceOf, offenceOf } from './evidence.ts'

/**
 * Holds what was signed lately against each other, whoever showed it, and finds the pairs that no single leader saw. Bounded: it keeps
 * the newest heights, and of each height the statements that matter most.
 */
export class Witness {
  readonly #byHeight = new Map<number, SignedStatement[]>()
  /** Offences that were found, so that each is found once: `kind:height:key`. */
  readonly #found = new Map<string, number>()

  /** Takes note of a statement whose signature was checked, and gives what it proves together with those before it. */
  note(signed: SignedStatement): readonly Evidence[] {
    const { height } = signed.statement
    const known = this.#byHeight.get(height) ?? []
    if (known.some((other) => isSame(other.statement, signed.statement) && isWithin(signed.keys, other.keys))) return []
    const evidence = known.flatMap((other) => this.#conflict(other, signed))
    // A certificate with more signers says all that those within it said.
    const kept = known.filter((other) => !(isSame(other.statement, signed.statement) && isWithin(other.keys, signed.keys)))
    kept.push(signed)
    if (kept.length > MAX_WITNESSED_STATEMENTS) kept.splice(leastOf(kept), 1)
    this.#byHeight.set(height, kept)
    return evidence
  }

  /** Whether each of these keys is known to have made that statement. */
  knows({ statement, keys }: Pick<SignedStatement, 'statement' | 'keys'>): boolean {
    const same = (this.#byHeight.get(statement.height) ?? []).filter((other) => isSame(other.statement, statement))
    return keys.every((key) => same.some((other) => other.keys.includes(key)))
  }

  /** Lets go of what is too old to matter, now that a block of that height is final. */
  settle(headHeight: number): void {
    const oldest = headHeight - WITNESSED_HEIGHTS
    for (const height of this.#byHeight.keys()) if (height <= oldest) this.#byHeight.delete(height)
    for (const [offence, height] of this.#found) if (height <= oldest) this.#found.delete(offence)
  }

  #conflict(first: SignedStatement, second: SignedStatement): readonly Evidence[] {
    const kind = offenceOf(first.statement, second.statement)
    if (kind === null) return []
    const both = new Set(second.keys)
    const { height } = first.statement
    const offenders = first.keys.filter((key) => both.has(key) && !this.#found.has(offenceKey(kind, height, key)))
    if (offenders.length === 0) return []
    for (const key of offenders) this.#found.set(offenceKey(kind, height, key), height)
    return [evidenceOf(first, second)]
  }
}

const offenceKey = (kind: OffenceKind, height: number, key: Hex): string => `${kind}:${height}:${key}`

/** Two statements of one kind and height say the same. */
const isSame = (left: Statement, right: Statement): boolean =>
  left.kind === right.kind &&
  left.block === right.block &&
  slotOf(left) === slotOf(right) &&
  ('validSlot' in left ? left.validSlot : null) === ('validSlot' in right ? right.validSlot : null)

const isWithin = (keys: readonly Hex[], others: readonly Hex[]): boolean => keys.every((key) => others.includes(key))

const slotOf = (of: Statement): number => (of.kind === 'seal' ? Number.MAX_SAFE_INTEGER : of.slot)
const weightOf = { candidate: 0, vote: 1, lock: 2, seal: 3 } as const

/** Index of what is missed least: the oldest of the weakest kind. Seals and locks bind, votes and candidates pass. */
function leastOf(all: readonly SignedStatement[]): number {
  let least = 0
  for (const [index, { statement }] of all.entries()) {
    const other = all[least]?.statement ?? statement
    const difference = weightOf[statement.kind] - weightOf[other.kind]
    if (difference < 0 || (difference === 0 && slotOf(statement) < slotOf(other))) least = index
  }
  return least
}
