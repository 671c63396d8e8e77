import { emptyRecord, type GuardRecord } from '../../src/consensus/guard.ts'
import type { Effect, Input, Members, State, Step } from '../../src/consensus/types.ts'
import { Witness } from '../../src/consensus/witness.ts'
import type { Certificate, Evidence, SignedStatement } from '../../src/wire/types.ts'
import { nothingKnown } from './knowledge.ts'
import type { Watcher } from './public-record.ts'
import type { ScenarioName } from './scenario.ts'
import { type CheckName, type Machine, realMachine } from './world.ts'

/** A machine with one mistake, and the checks of which one must find it. */
export interface Mutant {
  readonly description: string
  readonly scenario: ScenarioName
  /** Where the mistake shows only when the quorum changes. */
  readonly handoverHeights?: number
  readonly checks: readonly CheckName[]
  readonly machine: Machine
}

const { initialState, step } = realMachine
type HeadMoved = Extract<Input, { kind: 'head-moved' }>

/** The machine with another state before each step. */
const seeing = (change: (state: State, input: Input) => State): Machine => ({
  initialState,
  step: (state, input) => step(change(state, input), input),
})

/** The machine with other effects. */
const doing = (change: (effects: readonly Effect[], after: Step) => readonly Effect[]): Machine => ({
  initialState,
  step: (state, input) => {
    const after = step(state, input)
    return { ...after, effects: change(after.effects, after) }
  },
})

const without = (kind: Effect['kind']): Machine => doing((effects) => effects.filter((effect) => effect.kind !== kind))

/** Asked for a vote, it looks at its record as if there were no lock on it. */
const withoutLocks: Machine = {
  initialState,
  step: (state, input) => {
    if (input.kind !== 'request' || input.request.kind !== 'vote') return step(state, input)
    const { lock, otherLockSlot } = state.record
    const restored = (record: GuardRecord): GuardRecord => ({ ...record, lock, otherLockSlot })
    const after = step({ ...state, record: { ...state.record, lock: null, otherLockSlot: null } }, input)
    const effects = after.effects.map((effect) => (effect.kind === 'persist' ? { ...effect, record: restored(effect.record) } : effect))
    return { state: { ...after.state, record: restored(after.state.record) }, effects }
  },
}

/** The first member's stake counts four times. */
const fourfold = (members: Members): Members => ({
  ...members,
  stakeDroplets: members.stakeDroplets.map((stake, member) => (member === 0 ? stake * 4 : stake)),
})

/** The machine that is told something else of a head that moved. */
const hearing = (change: (moved: HeadMoved, before: State) => HeadMoved): Machine => ({
  initialState,
  step: (state, input) => step(state, input.kind === 'head-moved' ? change(input, state) : input),
})

/** It knows the new quorum, and goes on with the ticket that it had. */
const withOldTicket: Machine = {
  initialState,
  step: (state, input) => {
    if (input.kind !== 'head-moved') return step(state, input)
    const { quorum, epochSeed } = input.members
    return step({ ...state, members: { ...state.members, quorum, epochSeed } }, { ...input, headMembers: { ...input.headMembers, quorum } })
  },
}

const withoutLast = ({ statement, aggregate }: Certificate): Certificate => ({
  statement,
  aggregate: { ...aggregate, signers: aggregate.signers.slice(0, -1) },
})
const isLate = ({ slot, head }: State): boolean => (slot ?? 0) > head.slot + 1

/** The machine whose record lacks something when it decides; what it writes down is what it decided by. */
const forgetting = (change: (record: GuardRecord) => GuardRecord): Machine =>
  seeing((state) => ({ ...state, record: change(state.record) }))

/** The machine with another witness at each node. */
const watching = (witness: () => Watcher): Machine => ({ ...realMachine, witness })

/** A witness that notes some of what it is told, and says some of what it finds. */
function partly(isNoted: (signed: SignedStatement, headHeight: number) => boolean, isSaid: (evidence: Evidence) => boolean): Machine {
  return watching(() => {
    const witness = new Witness()
    let head = 0
    return {
      note: (signed, isEnough) => (isNoted(signed, head) ? witness.note(signed, isEnough).filter(isSaid) : []),
      settle: (headHeight) => {
        head = headHeight
        witness.settle(headHeight)
      },
    }
  })
}

/** Notes after which it begins anew. */
const FEW_STATEMENTS = 16

const shortOfMemory: Machine = watching(() => {
  let witness = new Witness()
  let notes = 0
  return {
    note: (signed, isEnough) => {
      if (++notes % FEW_STATEMENTS === 0) witness = new Witness()
      return witness.note(signed, isEnough)
    },
    settle: (headHeight) => witness.settle(headHeight),
  }
})

const showsAmnesia = ({ first, second }: Evidence): boolean => first.statement.kind !== second.statement.kind

export const mutants: readonly Mutant[] = [
  {
    description: 'a guard that forgets its candidate',
    scenario: 'crash',
    checks: ['accusable', 'false-alarm'],
    machine: forgetting((record) => ({ ...record, candidate: null })),
  },
  {
    description: 'a guard that forgets its seal',
    scenario: 'third',
    checks: ['accusable', 'false-alarm'],
    machine: forgetting((record) => ({ ...record, seal: null })),
  },
  {
    description: 'a start at which nobody is asked what this key has signed',
    scenario: 'stale-restore',
    checks: ['accusable', 'false-alarm', 'named-honest'],
    machine: {
      initialState,
      step: (state, input) => step(state, input.kind === 'own-signatures-known' ? { ...input, known: nothingKnown } : input),
    },
  },
  {
    description: 'a leader that hears nobody any more when it has enough',
    scenario: 'calm',
    checks: ['hidden-tally'],
    machine: {
      initialState,
      step: (state, input) => {
        const { leading } = state
        const isLate = input.kind === 'signature' && input.statement.kind === 'vote' && leading !== null && leading.locks !== null
        return isLate ? { state, effects: [] } : step(state, input)
      },
    },
  },
  {
    description: 'a witness that forgets what amnesia is',
    scenario: 'amnesia',
    checks: ['unnamed'],
    machine: partly(
      () => true,
      (evidence) => !showsAmnesia(evidence),
    ),
  },
  {
    description: 'a witness that looks at votes alone',
    scenario: 'double-seal',
    checks: ['unnamed'],
    machine: partly(
      ({ statement }) => statement.kind === 'vote',
      () => true,
    ),
  },
  {
    description: 'a witness that lets go of a height when it is final',
    scenario: 'fork',
    checks: ['unnamed'],
    machine: partly(
      ({ statement }, headHeight) => statement.height > headHeight,
      () => true,
    ),
  },
  {
    description: 'a witness with little memory',
    scenario: 'double-lock',
    checks: ['unnamed'],
    machine: shortOfMemory,
  },
  {
    description: 'a witness that takes the one of two offenders',
    scenario: 'fork',
    checks: ['unnamed'],
    machine: partly(
      () => true,
      ({ first, second }) => first.keys.length + second.keys.length < 4,
    ),
  },
  {
    description: 'nodes that keep the seals of their final blocks to themselves',
    scenario: 'fork',
    checks: ['unnamed'],
    machine: { ...realMachine, hidesSeals: true },
  },
  {
    description: 'a guard that forgets its locks',
    scenario: 'hide-lock',
    checks: ['accusable', 'one-seal', 'one-commit'],
    machine: withoutLocks,
  },
  {
    description: 'a guard that forgets its vote',
    scenario: 'equivocate',
    // It takes its own forgotten vote, in a certificate, for that of another process.
    checks: ['accusable', 'false-alarm'],
    machine: seeing((state) => ({ ...state, candidates: state.candidates.slice(-1), record: { ...state.record, vote: null } })),
  },
  {
    description: 'a restart that ignores the record',
    scenario: 'crash',
    checks: ['false-alarm', 'accusable'],
    machine: { initialState: (options) => initialState({ ...options, record: emptyRecord }), step },
  },
  {
    description: 'a machine that does not persist',
    scenario: 'calm',
    checks: ['signed-before-persisted'],
    machine: without('persist'),
  },
  {
    description: 'a signature that leaves before its record is on disk',
    scenario: 'calm',
    checks: ['signed-before-persisted'],
    machine: doing((effects) => [...effects.filter(({ kind }) => kind !== 'persist'), ...effects.filter(({ kind }) => kind === 'persist')]),
  },
  {
    description: 'a leader that takes half of the stake for enough',
    scenario: 'equivocate',
    checks: ['broken-contract', 'progress'],
    machine: seeing((state, input) =>
      input.kind === 'signature'
        ? {
            ...state,
            leading: state.leading && { ...state.leading, members: fourfold(state.leading.members) },
          }
        : state,
    ),
  },
  {
    description: 'a choice that the highest justification wins',
    scenario: 'hide-lock',
    checks: ['progress'],
    machine: seeing((state) => {
      const validSlots = state.candidates.map(({ justification }) => justification?.statement.slot ?? -1)
      const highest = Math.max(...validSlots)
      return { ...state, candidates: state.candidates.filter((_, place) => validSlots[place] === highest) }
    }),
  },
  {
    description: 'a machine that is silent on what it refuses',
    scenario: 'calm',
    checks: ['broken-contract'],
    machine: without('refuse'),
  },
  {
    description: 'a machine that keeps candidates of old slots',
    scenario: 'spam',
    checks: ['bounded-state'],
    machine: {
      initialState,
      step: (state, input) => {
        const after = step(state, input)
        if (input.kind !== 'slot-started') return after
        const candidates = [...state.candidates, ...after.state.candidates.filter((known) => !state.candidates.includes(known))]
        return { ...after, state: { ...after.state, candidates } }
      },
    },
  },
  {
    description: 'a leader that does not show what it collected',
    scenario: 'calm',
    checks: ['hidden-tally'],
    machine: without('gossip-tally'),
  },
  {
    description: 'a leader that leaves somebody out of what it shows',
    scenario: 'calm',
    checks: ['hidden-tally'],
    machine: doing((effects) =>
      effects.map((effect) =>
        effect.kind === 'gossip-tally' ? { ...effect, certificates: effect.certificates.map(withoutLast) } : effect,
      ),
    ),
  },
  {
    description: 'a machine that leaves the commit out',
    scenario: 'calm',
    checks: ['progress', 'broken-contract'],
    machine: without('commit'),
  },
  {
    description: 'a ticket of the old quorum that is kept',
    scenario: 'equivocate',
    handoverHeights: 1,
    checks: ['bad-candidate'],
    machine: withOldTicket,
  },
  {
    description: 'a ticket that is taken though it was drawn for the quorum before',
    scenario: 'equivocate',
    handoverHeights: 1,
    checks: ['bad-candidate'],
    machine: {
      initialState,
      step: (state, input) => {
        const { quorum, epochSeed } = state.members
        return step(state, input.kind === 'ticket-drawn' ? { ...input, quorum, epochSeed } : input)
      },
    },
  },
  {
    description: 'a machine that goes on with the old quorum',
    scenario: 'calm',
    handoverHeights: 3,
    checks: ['outsider', 'broken-contract', 'bad-candidate', 'progress'],
    machine: hearing((moved, { members }) => ({ ...moved, members, headMembers: members })),
  },
  {
    description: 'seals of the head judged by the new stakes',
    scenario: 'calm',
    handoverHeights: 2,
    checks: ['unpaid', 'hidden-tally'],
    machine: seeing((state) => (state.leading === null ? state : { ...state, leading: { ...state.leading, members: state.members } })),
  },
  {
    description: 'a head that only members of the next quorum still seal',
    scenario: 'hide-lock',
    handoverHeights: 1,
    checks: ['unpaid', 'outsider', 'false-alarm'],
    machine: seeing((state) => ({ ...state, headMembers: state.members })),
  },
  {
    description: 'a new member that looks for its key in the certificates of the quorum before',
    scenario: 'hide-lock',
    handoverHeights: 1,
    checks: ['false-alarm'],
    machine: seeing((state, input) =>
      input.kind === 'request' ? state : { ...state, headMembers: { ...state.headMembers, self: state.members.self } },
    ),
  },
  {
    description: 'a member without stake that signs',
    scenario: 'calm',
    handoverHeights: 1,
    checks: ['outsider'],
    machine: seeing((state) => {
      const { self, stakeDroplets } = state.members
      const stakes = stakeDroplets.map((stake, member) => (member === self && stake === 0 ? 1 : stake))
      return { ...state, members: { ...state.members, stakeDroplets: stakes } }
    }),
  },
  {
    description: 'a new quorum that needs a slot to begin',
    scenario: 'calm',
    handoverHeights: 2,
    checks: ['lost-slot'],
    machine: doing((effects, { state }) =>
      effects.filter(({ kind }) => kind !== 'draw-ticket' || state.headMembers.quorum === state.members.quorum || isLate(state)),
    ),
  },
  {
    description: 'a verifier that signs on after a fork proof',
    scenario: 'fork',
    checks: ['signed-after-fork'],
    machine: { initialState, step: (state, input) => (input.kind === 'forked' ? { state, effects: [] } : step(state, input)) },
  },
  {
    description: 'a leader that shows nothing when it stops for a fork',
    scenario: 'fork',
    checks: ['hidden-tally'],
    machine: {
      initialState,
      step: (state, input) => step(input.kind === 'forked' ? { ...state, leading: null } : state, input),
    },
  },
  {
    description: 'a verifier that keeps the record of the branch that was left',
    scenario: 'fork',
    checks: ['progress'],
    machine: {
      initialState: (options) => initialState({ ...options, record: { ...options.record, signingId: options.members.signingId ?? null } }),
      step,
    },
  },
]
