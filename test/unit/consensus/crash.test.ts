import assert from 'node:assert/strict'
import { emptyRecord } from '../../../src/consensus/guard.ts'
import type { Effect, Input, State } from '../../../src/consensus/types.ts'
import { scripts } from './crash-scripts.ts'
import { type Found, search } from './crash-search.ts'
import { type DiskModel, type Machine, realDisk, realMachine } from './crash-world.ts'

const { initialState, step } = realMachine

const reordering = (change: (effects: readonly Effect[]) => readonly Effect[]): Machine => ({
  initialState,
  step: (state, input) => {
    const after = step(state, input)
    return { ...after, effects: change(after.effects) }
  },
})
const hearing = (change: (input: Input, state: State) => readonly [State, Input]): Machine => ({
  initialState,
  step: (state, input) => step(...change(input, state)),
})
const isPersist = ({ kind }: Effect): boolean => kind === 'persist'

/** One mistake each, which the search must find. */
const mistakes: readonly { readonly description: string; readonly machine?: Machine; readonly disk?: Partial<DiskModel> }[] = [
  {
    description: 'a signature that leaves before its record is on disk',
    machine: reordering((effects) => [...effects.filter((effect) => !isPersist(effect)), ...effects.filter(isPersist)]),
  },
  { description: 'a record that is not written', machine: reordering((effects) => effects.filter((effect) => !isPersist(effect))) },
  {
    description: 'a start that does not read the record',
    machine: { initialState: (options) => initialState({ ...options, record: emptyRecord }), step },
  },
  { description: 'a write that is reported before it is on disk', disk: { isDurable: false } },
  { description: 'a record that goes over the one before', disk: { takesTurns: false } },
  { description: 'a record that cannot be read and is taken for a new one', disk: { takesTurns: false, unreadable: 'new' } },
  {
    description: 'a start that does not ask what its key has signed',
    machine: hearing((input, state) =>
      input.kind === 'own-signatures-known' ? [state, { ...input, known: { slot: null, lock: null, seal: null } }] : [state, input],
    ),
  },
  {
    description: 'a start that asks for the newest slot, and not for what was signed in it',
    machine: hearing((input, state) => {
      if (input.kind !== 'own-signatures-known') return [state, input]
      const { candidateSlot: _, voteSlot: _vote, ...known } = input.known
      return [state, { ...input, known }]
    }),
  },
  {
    description: 'a vote that does not look at the lock',
    machine: hearing((input, state) =>
      input.kind === 'request' && input.request.kind === 'vote'
        ? [{ ...state, record: { ...state.record, lock: null } }, input]
        : [state, input],
    ),
  },
]

describe('a verifier that crashes', function () {
  this.timeout(600_000)
  this.slow(60_000)

  let found: Found
  before(() => {
    found = search(scripts, { machine: realMachine, disk: realDisk, depth: 2 })
  })

  it('never contradicts itself, wherever it is ended, whatever is on disk then, and whatever it is offered after it', () => {
    assert.deepEqual(found.conflicts, [])
  })

  it('was ended at each boundary of effects, within each write at each byte, and tempted again and again', () => {
    const { crashPoints, cuts, starts, temptations } = found
    // As many as there are: others mean that the scripts no longer do what they say. How many bytes a record has is of no matter.
    assert.deepEqual({ crashPoints, starts }, { crashPoints: 355, starts: 15_964 })
    assert.ok(cuts > 20_000, `${cuts} cut writes`)
    assert.ok(temptations > 500_000, `${temptations} temptations`)
  })

  for (const { description, machine = realMachine, disk = {} } of mistakes)
    it(`would not get away with ${description}`, () => {
      const { conflicts } = search(scripts, { machine, disk: { ...realDisk, ...disk }, depth: 2 })
      assert.notDeepEqual(conflicts, [])
    })
})
