import { invariant, unreachable } from '../base/errors.ts'
import type { AggregateSignature, Certificate, Hash, VoteStatement } from '../wire/types.ts'
import { REMEMBERED_SLOTS, STALE_SILENCE_SLOTS } from './bounds.ts'
import { bestCandidate } from './choice.ts'
import { type GuardRecord, isSignedByAnother, type KnownSignatures, lastSlot, lockAt, permit, raiseRecord, recordUnder } from './guard.ts'
import { collectSignature, publishFullerSeal, publishTally, startLeading } from './leader.ts'
import { answer, refuse, slotOf, takeRequest } from './requests.ts'
import { alarm, change, endWithDuplicate, isClockBehind, learnCertificate, mayVerify, persist, type Turn } from './turn.ts'
import type { BlockRef, Input, Lottery, MachineConfig, Members, ProposedBlock, State, Step } from './types.ts'

/** The machine after a start or a restart. A verifier signs nothing until `own-signatures-known`. */
export function initialState(options: {
  readonly config: MachineConfig
  /** Of the height above the head. */
  readonly members: Members
  readonly head: BlockRef
  /** Of the head's height; for genesis, which nobody seals, the first quorum. */
  readonly headMembers: Members
  readonly record: GuardRecord
  /** A newer record may have been lost. */
  readonly doubtful: boolean
}): State {
  const { config, members, head, headMembers, record, doubtful } = options
  return {
    config,
    members,
    height: head.height + 1,
    head,
    headMembers,
    slot: null,
    choiceDue: false,
    record,
    silence: { kind: 'starting', doubtful },
    proposesFrom: 0,
    isForked: false,
    ticket: null,
    candidates: [],
    blocks: [],
    // recovery.md X11: a lock under another signing id binds nobody, and its block is of another branch.
    valid: record.signingId === (members.signingId ?? null) ? lockAt(record, head.height + 1) : null,
    decided: null,
    leading: null,
    held: [],
  }
}

/** One input, the next state, and what must be done, in order. Pure: no clock, no randomness, no waiting. */
export function step(state: State, input: Input): Step {
  const turn: Turn = { state, effects: [] }
  take(turn, input)
  return { state: turn.state, effects: turn.effects }
}

function take(turn: Turn, input: Input): void {
  switch (input.kind) {
    case 'slot-started':
      return startSlot(turn, input.slot)
    case 'choice-due':
      if (input.slot !== turn.state.slot) return
      change(turn, { choiceDue: true })
      return reconsider(turn)
    case 'ticket-drawn':
      if (input.slot !== turn.state.slot || !input.selected || !isSameLottery(input, turn.state.members)) return
      change(turn, { ticket: input.ticket })
      return seekCandidate(turn)
    case 'block-built':
      return takeBuiltBlock(turn, input.slot, input.block)
    case 'candidate':
      return takeCandidate(turn, input.candidate)
    case 'block-known':
      return takeKnownBlock(turn, input.block)
    case 'request':
      return takeRequest(turn, { id: input.id, from: input.from, request: input.request })
    case 'signature':
      return collectSignature(turn, input.from, input.statement, input.signature)
    case 'refusal':
      if (input.certificate !== null) learnCertificate(turn, input.certificate)
      if (input.height > turn.state.height) turn.effects.push({ kind: 'behind', height: input.height })
      return
    case 'certificate':
      return learnCertificate(turn, input.certificate)
    case 'sealed-block':
      return takeSealedBlock(turn, input.block, input.seal)
    case 'head-moved':
      return moveHead(turn, input)
    case 'own-signatures-known':
      return takeOwnSignatures(turn, input.known)
    case 'forked':
      return stopForFork(turn)
    case 'recovering':
      return recover(turn, input.members)
    default:
      return unreachable(input)
  }
}

// Slots

function startSlot(turn: Turn, slot: number): void {
  const before = turn.state
  if (before.slot !== null && slot <= before.slot) return
  publishFullerSeal(turn)
  publishTally(turn)
  const early = before.held.filter((held) => slotOf(held.request) === slot)
  for (const held of before.held) if (!early.includes(held)) refuse(turn, held.id, 'wrong-slot')
  const { silence } = before
  change(turn, {
    slot,
    choiceDue: false,
    ticket: null,
    leading: null,
    held: early,
    silence: silence?.kind === 'stale' && slot >= silence.untilSlot ? null : silence,
    candidates: before.candidates.filter((candidate) => candidate.slot >= slot),
  })
  forgetOldBlocks(turn)
  // L4: whoever leaves a slot without a signed block shows the certificates that it holds, so that no lock stays hidden.
  const { valid, decided, members, record, isForked } = turn.state
  if (before.slot !== null && members.self !== null && !isForked) {
    if (valid !== null) turn.effects.push({ kind: 'gossip-certificate', certificate: valid })
    if (decided !== null) turn.effects.push({ kind: 'gossip-certificate', certificate: decided })
  }
  if (isClockBehind(record, slot) && members.self !== null)
    alarm(
      turn,
      'clock-behind-record',
      `the clock says slot ${slot}, the signing record slot ${lastSlot(record)}: nothing is signed until the clock has passed it`,
    )
  drawTicket(turn)
  reconsider(turn)
}

function drawTicket(turn: Turn): void {
  const { slot, members, record, proposesFrom } = turn.state
  if (slot === null || slot < proposesFrom || !mayVerify(turn.state) || isClockBehind(record, slot)) return
  const { quorum, epochSeed } = members
  turn.effects.push({ kind: 'draw-ticket', slot, quorum, epochSeed })
}

const isSameLottery = (left: Lottery, right: Lottery): boolean => left.quorum === right.quorum && left.epochSeed === right.epochSeed

/** At a height that is stuck, blocks must not pile up: recent ones stay, and those that a certificate or a signature names. */
function forgetOldBlocks(turn: Turn): void {
  const { state } = turn
  const named = new Set<Hash | undefined>([
    state.valid?.statement.block,
    state.decided?.statement.block,
    lockAt(state.record, state.height)?.statement.block,
    state.record.seal?.block,
    ...state.candidates.map((candidate) => candidate.block.hash),
  ])
  const oldest = (state.slot ?? 0) - REMEMBERED_SLOTS
  change(turn, { blocks: state.blocks.filter((block) => block.slot >= oldest || named.has(block.hash)) })
}

// Candidates

/** C2: a maker who knows a vote certificate of this height proposes that very block again; else it builds one. */
function seekCandidate(turn: Turn): void {
  const { state } = turn
  if (!mayVerify(state) || state.ticket === null || state.slot === null || state.slot <= state.head.slot) return
  if (state.valid === null) {
    turn.effects.push({ kind: 'build', slot: state.slot, height: state.height })
    return
  }
  // A certificate of this very slot: its leader is at work, and a justification is of an earlier slot (K5).
  if (state.valid.statement.slot >= state.slot) return
  const wanted = state.valid.statement.block
  const block = state.blocks.find((known) => known.hash === wanted)
  if (block === undefined) turn.effects.push({ kind: 'fetch-block', block: wanted, from: null })
  else propose(turn, block, state.valid)
}

function takeBuiltBlock(turn: Turn, slot: number, block: BlockRef | null): void {
  const { state } = turn
  if (block === null || slot !== state.slot || state.ticket === null || !extendsHead(state, block)) return
  if (state.valid !== null) return seekCandidate(turn)
  rememberBlock(turn, block)
  propose(turn, block, null)
}

function propose(turn: Turn, block: BlockRef, justification: Certificate<VoteStatement> | null): void {
  const { slot, height, ticket, members, record } = turn.state
  if (slot === null || ticket === null || members.self === null) return
  const statement = { kind: 'candidate', height, slot, block: block.hash, validSlot: justification?.statement.slot ?? null } as const
  const permission = permit(record, statement)
  change(turn, { ticket: null })
  if (!permission.granted) return
  persist(turn, permission.record, null)
  turn.effects.push({ kind: 'propose', statement, justification })
  addCandidate(turn, { block, slot, maker: members.self, ticket, justification })
}

function takeCandidate(turn: Turn, candidate: ProposedBlock): void {
  const { slot, members, record, silence } = turn.state
  if (slot === null || candidate.slot > slot + 1 || !extendsHead(turn.state, candidate.block)) return
  // C4: too late to be chosen, but its block may be asked for again.
  if (candidate.slot < slot) return rememberBlock(turn, candidate.block)
  if (candidate.maker === members.self) {
    const mine = record.candidate?.slot === candidate.slot && record.candidate.block === candidate.block.hash
    if (!mine && silence === null && !isClockBehind(record, slot))
      return endWithDuplicate(turn, `a candidate of this key in slot ${candidate.slot} that this node did not make`)
    if (!mine) return learnOwnSlot(turn, candidate.slot)
  }
  addCandidate(turn, candidate)
}

/** C3: the first candidate of a maker in a slot is the one that counts here. */
function addCandidate(turn: Turn, candidate: ProposedBlock): void {
  if (candidate.justification !== null) learnCertificate(turn, candidate.justification)
  const { candidates } = turn.state
  if (candidates.some((known) => known.maker === candidate.maker && known.slot === candidate.slot)) return
  change(turn, { candidates: [...candidates, candidate] })
  rememberBlock(turn, candidate.block)
  reconsider(turn)
}

function takeKnownBlock(turn: Turn, block: BlockRef): void {
  if (!extendsHead(turn.state, block)) return
  rememberBlock(turn, block)
  const { valid, choiceDue } = turn.state
  if (valid?.statement.block === block.hash && !choiceDue) seekCandidate(turn)
  reconsider(turn)
}

function rememberBlock(turn: Turn, block: BlockRef): void {
  if (!turn.state.blocks.some((known) => known.hash === block.hash)) change(turn, { blocks: [...turn.state.blocks, block] })
}

const extendsHead = (state: State, block: BlockRef): boolean => block.height === state.height && block.parent === state.head.hash

/** What may have become possible: to lead, or to answer requests that were held. */
function reconsider(turn: Turn): void {
  const { state } = turn
  if (state.choiceDue && mayVerify(state) && state.leading?.slot !== state.slot) {
    const best = bestCandidate(state)
    if (best !== null && best.maker === state.members.self) startLeading(turn, best)
  }
  for (const held of turn.state.held) {
    if (answer(turn, held)) change(turn, { held: turn.state.held.filter((other) => other !== held) })
  }
}

// Certificates and blocks

function takeSealedBlock(turn: Turn, block: BlockRef, seal: AggregateSignature): void {
  if (extendsHead(turn.state, block)) turn.effects.push({ kind: 'commit', block: block.hash, height: block.height, seal })
  else if (block.height > turn.state.height) turn.effects.push({ kind: 'behind', height: block.height })
}

function moveHead(turn: Turn, { head, headMembers, members }: Extract<Input, { kind: 'head-moved' }>): void {
  const { state } = turn
  if (head.height < state.height) return
  invariant(head.height > state.head.height, 'the head only moves up')
  const isRecovered = headMembers.signingId !== state.headMembers.signingId
  invariant(
    head.height > state.height || headMembers.quorum === state.members.quorum || isRecovered,
    'the quorum of a height is known before it, but for that of a recovery',
  )
  if (isRecovered) change(turn, { isForked: false })
  signUnder(turn, members)
  const valid = lockAt(turn.state.record, head.height + 1)
  // W6: a ticket does not outlive the quorum or the epoch that it was drawn for.
  const isTicketGood = isSameLottery(members, state.members)
  const ticket = isTicketGood ? state.ticket : null
  change(turn, { head, headMembers, members, height: head.height + 1, valid, decided: null, ticket, candidates: [], blocks: [] })
  // A leader of the height that just ended goes on collecting seals; one of an older height, or of a block that lost, does not.
  if (state.leading !== null && state.leading.seals?.statement.block !== head.hash) {
    publishTally(turn)
    change(turn, { leading: null })
  }
  if (!state.choiceDue) {
    if (isTicketGood) seekCandidate(turn)
    else drawTicket(turn)
  }
  reconsider(turn)
}

// Forks

/** What it has collected as a leader is still for everybody (L5). */
function stopForFork(turn: Turn): void {
  publishFullerSeal(turn)
  publishTally(turn)
  change(turn, { isForked: true, ticket: null, leading: null })
}

/** What was collected for this height was for another quorum; what this verifier is locked on under the same id still binds it. */
function recover(turn: Turn, members: Members): void {
  const { state } = turn
  for (const held of state.held) refuse(turn, held.id, 'wrong-slot')
  publishTally(turn)
  signUnder(turn, members)
  const valid = lockAt(turn.state.record, state.height)
  change(turn, { members, isForked: false, candidates: [], valid, decided: null, ticket: null, leading: null, held: [] })
  if (!turn.state.choiceDue) drawTicket(turn)
}

/** X11. */
function signUnder(turn: Turn, { self, signingId }: Members): void {
  const { record } = turn.state
  if (self !== null && record.signingId !== (signingId ?? null)) persist(turn, recordUnder(record, signingId ?? null), null)
}

// The signing record

function takeOwnSignatures(turn: Turn, known: KnownSignatures): void {
  const { silence, record } = turn.state
  const raised = raiseRecord(record, known)
  if (raised !== null) persist(turn, raised, null)
  signUnder(turn, turn.state.members)
  if (silence?.kind === 'duplicate') return
  if (isSignedByAnother(record, known))
    return endWithDuplicate(
      turn,
      `a signature of this key in slot ${known.slot}, and this process, which began in slot ${known.sinceSlot}, did not sign it`,
    )
  if (raised !== null) {
    alarm(turn, 'stale-record', 'peers hold newer signatures of this key than its signing record: an old copy was restored')
    return staySilent(turn, known.slot)
  }
  if (silence?.kind !== 'starting') return
  if (!silence.doubtful) return change(turn, { silence: null, proposesFrom: known.proposesFrom ?? 0 })
  alarm(turn, 'doubtful-record', 'the newest entry of the signing record is damaged')
  staySilent(turn, known.slot)
}

/** While silent after a start, what its own key says is an earlier life of this node: go on above it. */
function learnOwnSlot(turn: Turn, slot: number): void {
  const raised = raiseRecord(turn.state.record, { slot, lock: null, seal: null })
  if (raised !== null) persist(turn, raised, null)
}

/** G6: two whole slots of silence, counted from the later of now and what peers know. */
function staySilent(turn: Turn, knownSlot: number | null): void {
  if (turn.state.silence?.kind === 'duplicate') return
  const from = Math.max(turn.state.slot ?? -1, knownSlot ?? -1)
  change(turn, { silence: { kind: 'stale', untilSlot: from + STALE_SILENCE_SLOTS + 1 }, ticket: null, leading: null })
}
