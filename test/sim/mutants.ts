import { emptyRecord, type GuardRecord } from '../../src/consensus/guard.ts'
import type { Effect, Input, State, Step } from '../../src/consensus/types.ts'
import type { ScenarioName } from './scenario.ts'
import { type CheckName, type Machine, realMachine } from './world.ts'

/** A machine with one mistake, and the checks of which one must find it. */
export interface Mutant {
  readonly description: string
  readonly scenario: ScenarioName
  readonly checks: readonly CheckName[]
  readonly machine: Machine
}

const { initialState, step } = realMachine

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

export const mutants: readonly Mutant[] = [
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
      input.kind === 'signature' && state.members.stakeDroplets.length > 0
        ? {
            ...state,
            members: {
              ...state.members,
              stakeDroplets: state.members.stakeDroplets.map((stake, member) => (member === 0 ? stake * 4 : stake)),
            },
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
    description: 'a machine that leaves the commit out',
    scenario: 'calm',
    checks: ['progress', 'broken-contract'],
    machine: without('commit'),
  },
]
