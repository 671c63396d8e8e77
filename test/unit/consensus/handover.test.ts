import assert from 'node:assert/strict'
import { emptyRecord } from '../../../src/consensus/guard.ts'
import { initialState, step } from '../../../src/consensus/machine.ts'
import type { BlockRef, Effect, Input, Members, State } from '../../../src/consensus/types.ts'
import type { Certificate, SealStatement, SignRequest } from '../../../src/wire/types.ts'

const head: BlockRef = { hash: 'head', height: 4, slot: 2, parent: 'older' }
/** Settles an election: height 5 is signed by the old quorum, height 6 by the new one. */
const settling: BlockRef = { hash: 'M', height: 5, slot: 6, parent: head.hash }
const oldQuorum: Members = { quorum: 'old', epochSeed: 'seed 0', self: 3, stakeDroplets: [1, 1, 1, 1], ids: ['d', 'c', 'b', 'a'] }
const newQuorum: Members = { quorum: 'new', epochSeed: 'seed 1', self: 0, stakeDroplets: [5, 2, 2], ids: ['e', 'f', 'g'] }
const seat = (members: Members, self: number | null): Members => ({ ...members, self })

const nothingKnown: Input = { kind: 'own-signatures-known', known: { slot: null, lock: null, seal: null } }
const started = (slot: number): Input => ({ kind: 'slot-started', slot })
const choice = (slot: number): Input => ({ kind: 'choice-due', slot })
const movedTo = (members: Members, headMembers: Members = oldQuorum): Input => ({
  kind: 'head-moved',
  head: settling,
  headMembers,
  members,
})
const drawn = (slot: number, { quorum, epochSeed }: Members): Input => ({
  kind: 'ticket-drawn',
  slot,
  quorum,
  epochSeed,
  ticket: '3',
  selected: true,
})
const ask = (request: SignRequest, from = 1): Input => ({ kind: 'request', id: 1, from, request })
const certificateOf = (kind: 'vote' | 'lock', height: number, slot: number, block: string, signers = [0, 1, 2]): Certificate => ({
  statement: kind === 'vote' ? { kind, height, slot, block, validSlot: null } : { kind, height, slot, block },
  aggregate: { signers, signature: '' },
})
const askSeal = (height: number, block: string): Input => ask({ kind: 'seal', certificate: certificateOf('lock', height, 3, block) })

function boot(members: Members = oldQuorum): State {
  const config = { leaderRule: 'ticket', aggregate: (all: readonly string[]) => all.join('+') } as const
  return initialState({ config, members, head, headMembers: members, record: emptyRecord, doubtful: false })
}

function run(state: State, ...inputs: readonly Input[]): { state: State; effects: readonly Effect[] } {
  let after: { state: State; effects: readonly Effect[] } = { state, effects: [] }
  for (const input of inputs) after = step(after.state, input)
  return after
}

const kinds = (effects: readonly Effect[]): string[] => effects.map(({ kind }) => kind)
const reasons = (effects: readonly Effect[]): string[] => effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.reason] : []))

describe('handover: tickets', () => {
  const quiet: Input = { kind: 'block-built', slot: 7, block: null }
  const cases: readonly {
    readonly description: string
    readonly before?: Members
    readonly inputs: readonly Input[]
    readonly members: Members
    readonly effects: readonly string[]
  }[] = [
    {
      description: 'another quorum: a new ticket, the old one is void',
      inputs: [started(7), nothingKnown, drawn(7, oldQuorum), quiet],
      members: newQuorum,
      effects: ['draw-ticket'],
    },
    {
      description: 'the same quorum: the ticket still leads to a block',
      inputs: [started(7), nothingKnown, drawn(7, oldQuorum), quiet],
      members: oldQuorum,
      effects: ['build'],
    },
    {
      description: 'the same members elected again: the seed is another',
      inputs: [started(7), nothingKnown, drawn(7, oldQuorum), quiet],
      members: { ...oldQuorum, epochSeed: 'seed 1' },
      effects: ['draw-ticket'],
    },
    {
      description: 'a member lost its weight in the middle of an epoch: others are selected by the same tickets',
      inputs: [started(7), nothingKnown, drawn(7, oldQuorum), quiet],
      members: { ...oldQuorum, quorum: 'without 0', stakeDroplets: [0, 1, 1, 1] },
      effects: ['draw-ticket'],
    },
    {
      description: 'a node that becomes a member',
      before: seat(oldQuorum, null),
      inputs: [started(7), nothingKnown],
      members: newQuorum,
      effects: ['draw-ticket'],
    },
    {
      description: 'a node that is a member no more',
      inputs: [started(7), nothingKnown],
      members: seat(newQuorum, null),
      effects: [],
    },
    {
      description: 'a member without stake',
      inputs: [started(7), nothingKnown],
      members: { ...newQuorum, stakeDroplets: [0, 2, 2] },
      effects: [],
    },
    { description: 'after the choice it is too late', inputs: [started(7), nothingKnown, choice(7)], members: newQuorum, effects: [] },
    { description: 'before the first slot there is none', inputs: [nothingKnown], members: newQuorum, effects: [] },
    { description: 'nor while silent', inputs: [started(7)], members: newQuorum, effects: [] },
  ]
  for (const { description, before = oldQuorum, inputs, members, effects } of cases)
    it(description, () => {
      const { state } = run(boot(before), ...inputs)
      assert.deepEqual(kinds(run(state, movedTo(members, before)).effects), effects)
    })

  it('says for which quorum and seed to draw', () => {
    const { effects } = run(boot(), started(7), nothingKnown, movedTo(newQuorum))
    assert.deepEqual(effects, [{ kind: 'draw-ticket', slot: 7, quorum: 'new', epochSeed: 'seed 1' }])
  })

  it('takes no answer that was drawn for the quorum before, or under the seed before', () => {
    const { state } = run(boot(), started(7), nothingKnown, movedTo(newQuorum))
    assert.deepEqual(run(state, drawn(7, oldQuorum)).effects, [])
    assert.deepEqual(run(state, drawn(7, { ...newQuorum, epochSeed: 'seed 0' })).effects, [])
    assert.deepEqual(run(state, drawn(7, newQuorum)).effects, [{ kind: 'build', slot: 7, height: 6 }])
  })

  it('draws none while the clock is behind the record', () => {
    const record = { ...emptyRecord, floorSlot: 9 }
    const { state } = run({ ...boot(), record }, started(7), nothingKnown)
    assert.deepEqual(kinds(run(state, movedTo(newQuorum)).effects), [])
  })
})

describe('handover: a node that waits to become a member', () => {
  it('is done with its start when its peers have told, and takes part from the block that makes it a member', () => {
    const { state } = run(boot(seat(oldQuorum, null)), started(7), nothingKnown)
    assert.equal(state.silence, null)
    assert.deepEqual(kinds(run(state, started(8)).effects), [], 'no member yet')
    const member = run(state, choice(7), movedTo(newQuorum, seat(oldQuorum, null)), started(8))
    assert.deepEqual(kinds(member.effects), ['draw-ticket'])
  })
})

describe('handover: seals of the head', () => {
  const moved = (members: Members, headMembers: Members): State =>
    run(boot(headMembers), started(7), nothingKnown, movedTo(members, headMembers)).state

  it('are given by whoever is in the quorum of its height, also if not in the next', () => {
    assert.deepEqual(run(moved(seat(newQuorum, null), oldQuorum), askSeal(5, 'M')).effects.at(-1), {
      kind: 'sign',
      id: 1,
      statement: { kind: 'seal', height: 5, block: 'M' },
    })
  })

  it('are refused by whoever is only in the next', () => {
    assert.deepEqual(reasons(run(moved(newQuorum, seat(oldQuorum, null)), askSeal(5, 'M')).effects), ['not-verifier'])
  })

  it('are refused by whoever had no weight in it', () => {
    const weightless = { ...oldQuorum, stakeDroplets: [1, 1, 1, 0] }
    assert.deepEqual(reasons(run(moved(newQuorum, weightless), askSeal(5, 'M')).effects), ['not-verifier'])
  })

  it('of the next height are not given by whoever left', () => {
    assert.deepEqual(reasons(run(moved(seat(newQuorum, null), oldQuorum), askSeal(6, 'N')).effects), ['not-verifier'])
  })

  it('are given after sync brought several blocks, and after a restart', () => {
    const far: BlockRef = { hash: 'far', height: 9, slot: 6, parent: 'near' }
    const synced = run(boot(seat(oldQuorum, null)), started(7), nothingKnown, {
      kind: 'head-moved',
      head: far,
      headMembers: newQuorum,
      members: oldQuorum,
    }).state
    assert.deepEqual(kinds(run(synced, askSeal(9, 'far')).effects), ['persist', 'sign'])
    const { config, record } = synced
    const again = initialState({ config, record, head: far, headMembers: newQuorum, members: seat(oldQuorum, null), doubtful: false })
    assert.deepEqual(kinds(run(again, started(7), nothingKnown, askSeal(9, 'far')).effects), ['persist', 'sign'])
  })

  it('that were asked for before the block was here are given when it is the head', () => {
    const { state } = run(boot(), started(7), nothingKnown, askSeal(5, 'M'))
    assert.deepEqual(kinds(run(state, movedTo(seat(newQuorum, null))).effects), ['persist', 'sign'])
  })
})

describe('handover: the leader of the block that settles the election', () => {
  const seal: SealStatement = { kind: 'seal', height: 5, block: 'M' }
  const signature = (from: number, statement: Extract<Input, { kind: 'signature' }>['statement']): Input => ({
    kind: 'signature',
    from,
    statement,
    signature: `${from}`,
  })
  /** It has asked for seals of its block, and has none. */
  function askingForSeals(members: Members, signers = [0, 1, 2]): State {
    const vote = { kind: 'vote', height: 5, slot: 7, block: 'M', validSlot: null } as const
    const lock = { kind: 'lock', height: 5, slot: 7, block: 'M' } as const
    const { state } = run(
      boot(members),
      started(7),
      nothingKnown,
      drawn(7, members),
      { kind: 'block-built', slot: 7, block: settling },
      choice(7),
      ...signers.map((from) => signature(from, vote)),
      ...signers.map((from) => signature(from, lock)),
    )
    return state
  }
  const signersOf = (effect: Effect | undefined): readonly number[] | null =>
    effect?.kind === 'publish-block' || effect?.kind === 'commit' ? effect.seal.signers : null

  it('collects on by the stakes and members of that height, also if it is in the next quorum no more', () => {
    for (const self of [null, 0, 2]) {
      const sealed = run(askingForSeals(oldQuorum), ...[0, 1, 2].map((from) => signature(from, seal)))
      assert.deepEqual(kinds(sealed.effects), ['commit', 'publish-block'])
      const { state } = run(sealed.state, movedTo(seat(newQuorum, self)))
      assert.deepEqual(signersOf(run(state, signature(3, seal)).effects[0]), [0, 1, 2, 3])
    }
  })

  it('publishes the fuller certificate when the slot ends', () => {
    const members = { ...oldQuorum, stakeDroplets: [3, 3, 3, 1, 1], ids: ['d', 'c', 'b', 'a', 'e'] }
    const sealed = run(askingForSeals(members), ...[0, 1, 2].map((from) => signature(from, seal)))
    const { state, effects } = run(sealed.state, movedTo(seat(newQuorum, null), members), signature(4, seal))
    assert.deepEqual(kinds(effects), [])
    assert.deepEqual(signersOf(run(state, started(8)).effects[0]), [0, 1, 2, 4])
  })

  it('neither counts nor waits for members without stake', () => {
    const members = { ...oldQuorum, stakeDroplets: [0, 1, 1, 1, 1], ids: ['d', 'c', 'b', 'a', 'e'] }
    const three = run(askingForSeals(members, [1, 2, 4]), ...[0, 1, 2, 4].map((from) => signature(from, seal)))
    assert.deepEqual(signersOf(three.effects[0]), [1, 2, 4])
    assert.deepEqual(signersOf(run(three.state, signature(3, seal)).effects[0]), [1, 2, 3, 4])
  })
})

describe('handover: certificates of the slot', () => {
  const isHeard = (state: State, certificate: Certificate): boolean =>
    run(state, { kind: 'certificate', certificate }).state.silence?.kind === 'duplicate'
  const state = run(boot(), started(7), nothingKnown, movedTo(newQuorum)).state

  const cases: readonly { readonly description: string; readonly certificate: Certificate; readonly heard: boolean }[] = [
    {
      description: 'of the head, with what is this node’s index only in the next quorum',
      certificate: certificateOf('lock', 5, 7, 'M', [0, 1, 2]),
      heard: false,
    },
    { description: 'of the head, with this node’s index there', certificate: certificateOf('lock', 5, 7, 'M', [1, 2, 3]), heard: true },
    { description: 'of the next height, with this node’s index there', certificate: certificateOf('vote', 6, 7, 'N', [0, 1]), heard: true },
    {
      description: 'of the next height, with what was this node’s index',
      certificate: certificateOf('vote', 6, 7, 'N', [1, 3]),
      heard: false,
    },
    { description: 'of a height whose quorum is not known', certificate: certificateOf('vote', 7, 7, 'O', [0, 1, 2, 3]), heard: false },
  ]
  for (const { description, certificate, heard } of cases)
    it(`${heard ? 'show' : 'do not show'} a second process: ${description}`, () => {
      assert.equal(isHeard(state, certificate), heard)
    })
})

describe('handover: requests', () => {
  it('that were held for the next height are refused if its quorum is without this node', () => {
    const early = ask({ kind: 'vote', statement: { kind: 'vote', height: 6, slot: 7, block: 'N', validSlot: null } })
    const { state, effects } = run(boot(), started(7), nothingKnown, early)
    assert.deepEqual(kinds(effects), ['behind'])
    assert.deepEqual(reasons(run(state, movedTo(seat(newQuorum, null))).effects), ['not-verifier'])
  })

  it('of the height that became final are refused', () => {
    const { state } = run(boot(), started(7), nothingKnown, ask({ kind: 'lock', certificate: certificateOf('vote', 5, 7, 'other') }))
    assert.deepEqual(reasons(run(state, movedTo(newQuorum)).effects), ['old-height'])
  })

  it('to a member without stake are refused', () => {
    const { state } = run(boot({ ...oldQuorum, stakeDroplets: [1, 1, 1, 0] }), started(7), nothingKnown)
    assert.deepEqual(reasons(run(state, ask({ kind: 'lock', certificate: certificateOf('vote', 5, 7, 'M') })).effects), ['not-verifier'])
  })
})

describe('handover: the runner', () => {
  it('must not name another quorum for the head than it named for the next height before', () => {
    const { state } = run(boot(), started(7))
    assert.throws(() => step(state, movedTo(newQuorum, newQuorum)), /quorum of a height is known before it/)
  })
})
