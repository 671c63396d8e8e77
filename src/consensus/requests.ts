import { unreachable } from '../base/errors.ts'
import type { Certificate, Hash, LockStatement, RefusalReason, SignRequest, VoteStatement } from '../wire/types.ts'
import { bestCandidate } from './choice.ts'
import { lockAt, permit } from './guard.ts'
import { alarm, change, learnCertificate, maySign, mayVerify, membersAt, persist, type Turn, weighs } from './turn.ts'
import type { HeldRequest, Members, State } from './types.ts'

export const slotOf = (request: SignRequest): number | null => {
  if (request.kind === 'vote') return request.statement.kind === 'seal' ? null : request.statement.slot
  return request.kind === 'lock' && request.certificate.statement.kind === 'vote' ? request.certificate.statement.slot : null
}

export function takeRequest(turn: Turn, asked: HeldRequest): void {
  const { statement } = asked.request.kind === 'vote' ? asked.request : asked.request.certificate
  const members = membersAt(turn.state, statement.height)
  if (!weighs(members, members.self)) return refuse(turn, asked.id, 'not-verifier')
  if (asked.request.kind !== 'vote') learnCertificate(turn, asked.request.certificate)
  if (answer(turn, asked)) return
  // R1: at most one held request of a kind and asker.
  const isOlder = (held: HeldRequest): boolean => held.from === asked.from && held.request.kind === asked.request.kind
  for (const held of turn.state.held) if (isOlder(held)) refuse(turn, held.id, 'wrong-slot')
  change(turn, { held: [...turn.state.held.filter((held) => !isOlder(held)), asked] })
  if (statement.height > turn.state.height) turn.effects.push({ kind: 'behind', height: statement.height })
  // A vote needs the candidate, which gossip brings; only a certificate is a reason to fetch, or any asker could fill the memory.
  else if (asked.request.kind !== 'vote' && !knowsBlock(turn.state, statement.block))
    turn.effects.push({ kind: 'fetch-block', block: statement.block, from: asked.from })
}

/** Signs or refuses; false if it is too early to say (R2). */
export function answer(turn: Turn, asked: HeldRequest): boolean {
  const { request } = asked
  switch (request.kind) {
    case 'vote':
      return request.statement.kind === 'vote' ? answerVote(turn, asked, request.statement) : refused(turn, asked.id, 'not-leader')
    case 'lock':
      return request.certificate.statement.kind === 'vote'
        ? answerLock(turn, asked, request.certificate as Certificate<VoteStatement>)
        : refused(turn, asked.id, 'bad-certificate')
    case 'seal':
      return request.certificate.statement.kind === 'lock'
        ? answerSeal(turn, asked, request.certificate as Certificate<LockStatement>)
        : refused(turn, asked.id, 'bad-certificate')
    default:
      return unreachable(request)
  }
}

/** What every phase begins with. Null: go on. */
function tooEarlyOrLate(turn: Turn, asked: HeldRequest, height: number, slot: number | null): boolean | null {
  const { state } = turn
  if (height < state.height) return refused(turn, asked.id, 'old-height')
  if (state.slot === null) return refused(turn, asked.id, 'wrong-slot')
  if (slot !== null && (slot < state.slot || slot > state.slot + 1)) return refused(turn, asked.id, 'wrong-slot')
  // What was held for the next height may have met a quorum without this node.
  if (!mayVerify(state)) return refused(turn, asked.id, state.silence === null && !state.isForked ? 'not-verifier' : 'silent')
  if (height > state.height || (slot !== null && slot > state.slot)) return false
  return null
}

function answerVote(turn: Turn, asked: HeldRequest, statement: VoteStatement): boolean {
  const early = tooEarlyOrLate(turn, asked, statement.height, statement.slot)
  if (early !== null) return early
  const { state } = turn
  if (!state.choiceDue) return false
  const candidate = state.candidates.find((known) => known.maker === asked.from && known.slot === statement.slot)
  if (candidate === undefined) return false
  const validSlot = candidate.justification?.statement.slot ?? null
  if (candidate.block.hash !== statement.block || validSlot !== statement.validSlot) return refused(turn, asked.id, 'unknown-block')
  const permission = permit(state.record, statement)
  if (!permission.granted) return refused(turn, asked.id, permission.reason)
  // V1: only the best candidate gets this slot's vote.
  if (bestCandidate(state) !== candidate) return refused(turn, asked.id, 'lower-ticket')
  persist(turn, permission.record, null)
  turn.effects.push({ kind: 'sign', id: asked.id, statement })
  return true
}

function answerLock(turn: Turn, asked: HeldRequest, voted: Certificate<VoteStatement>): boolean {
  const { height, slot, block } = voted.statement
  const early = tooEarlyOrLate(turn, asked, height, slot)
  if (early !== null) return early
  if (!knowsBlock(turn.state, block)) return false
  const statement: LockStatement = { kind: 'lock', height, slot, block }
  const permission = permit(turn.state.record, statement, voted)
  if (!permission.granted) return refused(turn, asked.id, permission.reason)
  persist(turn, permission.record, block)
  turn.effects.push({ kind: 'sign', id: asked.id, statement })
  return true
}

function answerSeal(turn: Turn, asked: HeldRequest, locked: Certificate<LockStatement>): boolean {
  const { height, slot, block } = locked.statement
  const { state } = turn
  // S3, S4: the head may still be sealed by its own quorum, so that all who sign it are paid.
  const isHead = height === state.head.height && block === state.head.hash
  if (!isHead) {
    const early = tooEarlyOrLate(turn, asked, height, null)
    if (early !== null) return early
    if (!knowsBlock(state, block)) return false
    const held = lockAt(state.record, height)
    if (held !== null && held.statement.block !== block && held.statement.slot > slot) {
      alarm(
        turn,
        'conflicting-lock',
        `height ${height}: a lock certificate of slot ${slot} against a vote certificate of slot ${held.statement.slot}`,
      )
      return refused(turn, asked.id, 'locked')
    }
  } else if (!maySign(state, state.headMembers) || !isOfRecord(state, state.headMembers)) return refused(turn, asked.id, 'silent')
  const statement = { kind: 'seal', height, block } as const
  const permission = permit(state.record, statement)
  if (!permission.granted) return refused(turn, asked.id, permission.reason)
  persist(turn, permission.record, block)
  turn.effects.push({ kind: 'sign', id: asked.id, statement })
  return true
}

/** `recovery.md` X11: of what was signed under another id the record knows nothing any more. */
const isOfRecord = ({ record }: State, { signingId }: Members): boolean => record.signingId === (signingId ?? null)

const knowsBlock = (state: State, block: Hash): boolean => state.blocks.some((known) => known.hash === block)

export function refuse(turn: Turn, id: number, reason: RefusalReason): void {
  const { height, record } = turn.state
  turn.effects.push({ kind: 'refuse', id, reason, height, certificate: reason === 'locked' ? lockAt(record, height) : null })
}

function refused(turn: Turn, id: number, reason: RefusalReason): true {
  refuse(turn, id, reason)
  return true
}
