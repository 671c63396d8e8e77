import type { Hex } from '../base/hex.ts'
import type { OffenceKind } from '../wire/evidence.ts'
import type { Evidence, Hash, SignedStatement, Statement } from '../wire/types.ts'
import { MAX_WITNESSED_STATEMENTS, WITNESSED_HEIGHTS } from './bounds.ts'
import { evidenceOf, offenceOf } from './evidence.ts'

/**
 * Holds what was signed lately against each other, whoever showed it, and finds the pairs that no single leader saw. Bounded: it keeps
 * the newest heights, and of each height the statements that matter most.
 */
export class Witness {
  readonly #byHeight = new Map<number, Height>()
  #headHeight = 0

  /**
   * Takes note of a statement whose signature was checked, by keys of the height's quorum and of a slot that has begun; gives what it
   * proves together with those before it. Each offence is given once; and once a height, whatever was given of it before, what proves
   * a fork.
   * @param isEnough whether its keys have stake enough for a certificate
   */
  note(signed: SignedStatement, isEnough = false): readonly Evidence[] {
    const { height } = signed.statement
    if (Math.abs(height - this.#headHeight) >= WITNESSED_HEIGHTS || signed.keys.length === 0) return []
    const found = this.#byHeight.get(height) ?? new Height()
    this.#byHeight.set(height, found)
    return found.note(signed, isEnough && signed.statement.kind === 'seal')
  }

  /** Whether each of these keys is known to have made that statement. */
  knows({ statement, keys }: Pick<SignedStatement, 'statement' | 'keys'>): boolean {
    return this.#byHeight.get(statement.height)?.knows(statement, keys) ?? keys.length === 0
  }

  /** Lets go of what is too old to matter, now that a block of that height is final. */
  settle(headHeight: number): void {
    this.#headHeight = headHeight
    for (const height of this.#byHeight.keys()) if (height <= headHeight - WITNESSED_HEIGHTS) this.#byHeight.delete(height)
  }
}

/** A set of keys: a bit for each, in the order in which a height has heard of them. */
type Mask = bigint

interface Kept {
  readonly signed: SignedStatement
  readonly signers: Mask
  /** It seals a block: two of these prove a fork (`recovery.md` X1), and parts of them do not. */
  readonly isSeal: boolean
}

/** What was signed at one height. */
class Height {
  readonly #bits = new Map<Hex, Mask>()
  #kept: Kept[] = []
  /** Whose offences were given. */
  readonly #found = new Map<OffenceKind, Mask>()
  #isForked = false

  note(signed: SignedStatement, isSeal: boolean): readonly Evidence[] {
    const { statement } = signed
    const signers = this.#maskOf(signed.keys)
    if (this.#kept.some((other) => isWithin(signers, other.signers) && isSame(other.signed.statement, statement))) return []
    const evidence: Evidence[] = []
    for (const other of this.#kept) {
      const kind = offenceOf(other.signed.statement, statement)
      if (kind === null) continue
      const found = this.#found.get(kind) ?? 0n
      const offenders = other.signers & signers & ~found
      const isFork = isSeal && other.isSeal && !this.#isForked
      if (offenders === 0n && !isFork) continue
      if (isFork) this.#isForked = true
      this.#found.set(kind, found | offenders)
      evidence.push(evidenceOf(other.signed, signed))
    }
    const isFirstSeal = isSeal && !this.#kept.some((other) => other.isSeal && other.signed.statement.block === statement.block)
    if (isFirstSeal || this.#isNews(statement, signers)) this.#keep({ signed, signers, isSeal })
    return evidence
  }

  knows(statement: Statement, keys: readonly Hex[]): boolean {
    let unknown = 0n
    for (const key of keys) {
      const bit = this.#bits.get(key)
      if (bit === undefined) return false
      unknown |= bit
    }
    for (const { signed, signers } of this.#kept) {
      if (unknown === 0n) return true
      if (isSame(signed.statement, statement)) unknown &= ~signers
    }
    return unknown === 0n
  }

  /**
   * Of one signer, phase and slot two blocks say all: it is guilty then. Of one block the vote that claims the least is guilty wherever
   * any other is. So nobody can fill the memory with harmless variants of what it says, until what it said before is forgotten.
   */
  #isNews(statement: Statement, signers: Mask): boolean {
    const ofOthers = new Map<Hash, Mask>()
    let known = 0n
    for (const { signed, signers: others } of this.#kept) {
      const other = signed.statement
      if (other.kind !== statement.kind || slotOf(other) !== slotOf(statement)) continue
      if (other.block !== statement.block) ofOthers.set(other.block, (ofOthers.get(other.block) ?? 0n) | others)
      else if (claimOf(other) <= claimOf(statement)) known |= others
    }
    let once = 0n
    for (const others of ofOthers.values()) {
      known |= once & others
      once |= others
    }
    return !isWithin(signers, known)
  }

  /** Instead of those that say no more; and if there is no room, of what is missed least. */
  #keep(news: Kept): void {
    const { statement } = news.signed
    const saysNoMore = ({ signed: { statement: other }, signers }: Kept): boolean =>
      other.kind === statement.kind &&
      other.block === statement.block &&
      slotOf(other) === slotOf(statement) &&
      claimOf(other) >= claimOf(statement) &&
      isWithin(signers, news.signers)
    this.#kept = this.#kept.filter((other) => !saysNoMore(other))
    this.#kept.push(news)
    if (this.#kept.length > MAX_WITNESSED_STATEMENTS) this.#kept.splice(leastOf(this.#kept), 1)
  }

  #maskOf(keys: readonly Hex[]): Mask {
    let mask = 0n
    for (const key of keys) {
      let bit = this.#bits.get(key)
      if (bit === undefined) {
        bit = 1n << BigInt(this.#bits.size)
        this.#bits.set(key, bit)
      }
      mask |= bit
    }
    return mask
  }
}

const isWithin = (some: Mask, all: Mask): boolean => (some & all) === some

/** Two statements of one height say the same. */
const isSame = (left: Statement, right: Statement): boolean =>
  left.kind === right.kind && left.block === right.block && slotOf(left) === slotOf(right) && claimOf(left) === claimOf(right)

const slotOf = (of: Statement): number => (of.kind === 'seal' ? Number.MAX_SAFE_INTEGER : of.slot)
/** Slot of the vote certificate that a vote or candidate claims; a lock of that slot or a later one does not yield to it. */
const claimOf = (of: Statement): number => ('validSlot' in of && of.validSlot !== null ? of.validSlot : -1)
const weightOf = { candidate: 0, vote: 1, lock: 2, seal: 3 } as const

/** Index of what is missed least: the oldest of the weakest kind. Seals and locks bind, votes and candidates pass. */
function leastOf(all: readonly Kept[]): number {
  let least = 0
  for (const [index, { signed }] of all.entries()) {
    const { statement } = signed
    const other = all[least]?.signed.statement ?? statement
    const difference = weightOf[statement.kind] - weightOf[other.kind]
    if (difference < 0 || (difference === 0 && slotOf(statement) < slotOf(other))) least = index
  }
  return least
}
