import type { Certificate, Hash, LockStatement, VoteStatement } from '../wire/types.ts'
import { type GuardRecord, lastSlot } from './guard.ts'
import type { AlarmCode, Effect, Members, State } from './types.ts'

/** A state under change within one step; the state that the step began with stays as it was. */
export interface Turn {
  state: State
  readonly effects: Effect[]
}

export const change = (turn: Turn, fields: Partial<State>): void => {
  turn.state = { ...turn.state, ...fields }
}

export function alarm(turn: Turn, code: AlarmCode, detail: string): void {
  turn.effects.push({ kind: 'alarm', code, detail })
}

/** L3: keeps the vote certificate of this height with the highest slot, and the first lock certificate. */
export function learnCertificate(turn: Turn, known: Certificate): void {
  const { statement } = known
  const { state } = turn
  if (isOfAnotherInstance(state, known))
    endWithDuplicate(turn, `a ${statement.kind} of this key at height ${statement.height} in this very slot that this node did not sign`)
  if (statement.kind === 'vote' && statement.height === state.height) {
    if (state.valid !== null && statement.slot <= state.valid.statement.slot) return
    change(turn, { valid: known as Certificate<VoteStatement> })
  } else if (statement.kind === 'lock' && statement.height === state.height) {
    if (state.decided !== null && state.decided.statement.block !== statement.block)
      alarm(turn, 'conflicting-lock', `height ${statement.height}: lock certificates of two blocks; a third of the stake or more is faulty`)
    if (state.decided === null) change(turn, { decided: known as Certificate<LockStatement> })
  }
}

/** S5: whether that member counts: one without stake signs nothing, and is not counted if it does. */
export const weighs = ({ stakeDroplets }: Members, member: number | null): boolean => member !== null && (stakeDroplets[member] ?? 0) > 0

/** S4: the quorum by which statements of a height are judged. The head's own may still seal it. */
export const membersAt = ({ head, headMembers, members }: State, height: number): Members =>
  height === head.height ? headMembers : members

/** It is in this quorum, and nothing keeps it silent. */
export const maySign = ({ silence, isForked, slot }: State, members: Members): boolean =>
  weighs(members, members.self) && silence === null && !isForked && slot !== null

/** It is in the quorum of the height that is being worked on, and nothing keeps it silent. */
export const mayVerify = (state: State): boolean => maySign(state, state.members)

/** Takes over a record that allows what is about to be signed: it is on disk before that is. */
export function persist(turn: Turn, record: GuardRecord, block: Hash | null): void {
  if (record === turn.state.record) return
  change(turn, { record })
  turn.effects.push({ kind: 'persist', record, block })
}

/**
 * G6: while this node signs, its key has signed in the present slot what is not on its record. Only of the head's height
 * and the next is it known which index is this node's.
 */
function isOfAnotherInstance(state: State, { statement, aggregate }: Certificate): boolean {
  const { silence, slot, record } = state
  if (statement.height !== state.height && statement.height !== state.head.height) return false
  const { self } = membersAt(state, statement.height)
  if (silence !== null || self === null || !aggregate.signers.includes(self)) return false
  // A clock that went back: of what was signed in this slot the record holds no more than that there is something later.
  if (isClockBehind(record, slot)) return false
  if (statement.kind === 'vote') return statement.slot === slot && !(record.vote?.slot === slot && record.vote.block === statement.block)
  const lock = record.lock?.statement
  return (
    statement.kind === 'lock' && statement.slot === slot && !(lock?.kind === 'vote' && lock.slot === slot && lock.block === statement.block)
  )
}

export function isClockBehind(record: GuardRecord, slot: number | null): boolean {
  const signed = lastSlot(record)
  return signed !== null && slot !== null && signed > slot
}

export function endWithDuplicate(turn: Turn, detail: string): void {
  change(turn, { silence: { kind: 'duplicate' }, ticket: null, leading: null })
  alarm(turn, 'duplicate-instance', `${detail}: another process signs with this key; this one stays silent`)
}
