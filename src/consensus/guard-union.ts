import type { Certificate } from '../wire/types.ts'
import { MAX_LEFT_IDS } from './bounds.ts'
import { emptyRecord, type GuardRecord, lastSlot } from './guard.ts'

/**
 * A record that forbids all that either of two records of one key forbids; what it allows beyond them is to sign again what one of them
 * has signed. Null where they hold different seals of one height: that key has contradicted itself, and must sign nothing more.
 */
export function unionOf(left: GuardRecord, right: GuardRecord): GuardRecord | null {
  if (left.signingId !== right.signingId) {
    const [earlier, later] = hasLeft(right, left) ? [left, right] : [right, left]
    // Neither knows of the other's id: what was signed under it binds by its slots, and stays on the list.
    const height = highest(earlier)
    return unionOf({ ...emptyRecord, floorSlot: lastSlot(earlier), signingId: later.signingId, left: leftBy(earlier, height) }, later)
  }
  const isSplit = left.seal !== null && left.seal.height === right.seal?.height && left.seal.block !== right.seal.block
  if (isSplit) return null
  const [lock, other] = isBefore(right.lock?.statement ?? null, left.lock?.statement ?? null) ? [left, right] : [right, left]
  return {
    // Slots of these only grow, whatever their heights.
    candidate: ofLaterSlot(left.candidate, right.candidate),
    vote: ofLaterSlot(left.vote, right.vote),
    lock: lock.lock,
    otherLockSlot: otherLockSlot(lock, other),
    seal: (left.seal?.height ?? -1) >= (right.seal?.height ?? -1) ? left.seal : right.seal,
    floorSlot: most(left.floorSlot, right.floorSlot, hiddenSlot(lock, other)),
    // Earlier ones, on whatever block, are counted as if they bound too (G6).
    knownLock: isBefore(left.knownLock, right.knownLock) ? right.knownLock : left.knownLock,
    signingId: left.signingId,
    left: unionOfLeft(left, right),
  }
}

interface Place {
  readonly height: number
  readonly slot: number
}

function ofLaterSlot<T extends Place>(left: T | null, right: T | null): T | null {
  return (right?.slot ?? -1) > (left?.slot ?? -1) ? right : left
}

/** The slot of a lock that the union does not hold, though it is later than the one of a higher height that it holds; null if there is none. */
function hiddenSlot(chosen: GuardRecord, other: GuardRecord): number | null {
  const [held, hidden] = [statementOf(chosen.lock), statementOf(other.lock)]
  return hidden !== null && hidden.slot > (held?.slot ?? -1) ? hidden.slot : null
}

/** Whether the first comes before the second; none comes before all. */
function isBefore(first: Partial<Place> | null, second: Partial<Place> | null): boolean {
  if (first === null || second === null) return first === null && second !== null
  const [height, otherHeight] = [first.height ?? 0, second.height ?? 0]
  return height !== otherHeight ? height < otherHeight : (first.slot ?? 0) < (second.slot ?? 0)
}

const most = (...slots: readonly (number | null)[]): number | null => {
  const known = slots.filter((slot) => slot !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** Of the height of the union's lock: whatever either knows of a lock on another block. */
function otherLockSlot(chosen: GuardRecord, other: GuardRecord): number | null {
  const [lock, earlier] = [statementOf(chosen.lock), statementOf(other.lock)]
  if (lock === null || earlier === null || earlier.height !== lock.height) return chosen.otherLockSlot
  return most(chosen.otherLockSlot, other.otherLockSlot, earlier.block === lock.block ? null : earlier.slot)
}

function statementOf(held: Certificate | null): (Place & { readonly block: string }) | null {
  return held !== null && held.statement.kind === 'vote' ? held.statement : null
}

const highest = (record: GuardRecord): number =>
  Math.max(...[record.candidate, record.vote, record.lock?.statement, record.seal, record.knownLock].map((signed) => signed?.height ?? 0))

const hasLeft = (record: GuardRecord, other: GuardRecord): boolean => record.left.some(({ signingId }) => signingId === other.signingId)

const leftBy = (record: GuardRecord, height: number): GuardRecord['left'] => [
  ...record.left.filter(({ signingId }) => signingId !== record.signingId),
  { signingId: record.signingId, height },
]

function unionOfLeft(left: GuardRecord, right: GuardRecord): GuardRecord['left'] {
  const heights = new Map(left.left.map(({ signingId, height }) => [signingId, height]))
  for (const { signingId, height } of right.left) heights.set(signingId, Math.max(height, heights.get(signingId) ?? 0))
  heights.delete(left.signingId)
  return [...heights].map(([signingId, height]) => ({ signingId, height })).slice(-MAX_LEFT_IDS)
}
