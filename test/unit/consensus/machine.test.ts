import assert from 'node:assert/strict'
import { REMEMBERED_SLOTS, STALE_SILENCE_SLOTS } from '../../../src/consensus/bounds.ts'
import { emptyRecord, type GuardRecord } from '../../../src/consensus/guard.ts'
import { initialState, step } from '../../../src/consensus/machine.ts'
import type { BlockRef, Effect, Input, ProposedBlock, State } from '../../../src/consensus/types.ts'
import type { Certificate, LockStatement, SignRequest, VoteStatement } from '../../../src/wire/types.ts'

const head: BlockRef = { hash: 'head', height: 4, slot: 2, parent: 'older' }
const blockNamed = (hash: string, slot: number): BlockRef => ({ hash, height: 5, slot, parent: head.hash })
const certify = <S extends VoteStatement | LockStatement>(statement: S): Certificate<S> => ({
  statement,
  aggregate: { signers: [0, 1, 2], signature: '' },
})
const voted = (block: string, slot: number, validSlot: number | null = null): Certificate<VoteStatement> =>
  certify({ kind: 'vote', height: 5, slot, block, validSlot })
const locked = (block: string, slot: number): Certificate<LockStatement> => certify({ kind: 'lock', height: 5, slot, block })
const lottery = { quorum: 'quorum', epochSeed: 'seed' }
const nothingKnown: Input = { kind: 'own-signatures-known', known: { slot: null, lock: null, seal: null } }
const started = (slot: number): Input => ({ kind: 'slot-started', slot })
const choice = (slot: number): Input => ({ kind: 'choice-due', slot })
const ask = (id: number, from: number, request: SignRequest): Input => ({ kind: 'request', id, from, request })
const askVote = (id: number, from: number, block: string, slot: number, validSlot: number | null = null): Input =>
  ask(id, from, { kind: 'vote', statement: { kind: 'vote', height: 5, slot, block, validSlot } })

function candidate(maker: number, block: BlockRef, slot: number, justification: ProposedBlock['justification'] = null): Input {
  return { kind: 'candidate', candidate: { block, slot, maker, ticket: `${maker}`, justification } }
}

/** Verifier 3 of four that have the same stake; `leaderRule` puts its ticket last. */
function boot(record: GuardRecord = emptyRecord, self: number | null = 3): State {
  const members = { ...lottery, self, stakeDroplets: [1, 1, 1, 1], ids: ['d', 'c', 'b', 'a'] }
  const config = { leaderRule: 'ticket', aggregate: (all: readonly string[]) => all.join('+') } as const
  return initialState({ config, members, head, headMembers: members, record, doubtful: false })
}

/** Takes inputs one after the other; the effects of the last. */
function run(state: State, ...inputs: readonly Input[]): { state: State; effects: readonly Effect[] } {
  let after: { state: State; effects: readonly Effect[] } = { state, effects: [] }
  for (const input of inputs) after = step(after.state, input)
  return after
}

const kinds = (effects: readonly Effect[]): string[] => effects.map(({ kind }) => kind)
const reasons = (effects: readonly Effect[]): string[] => effects.flatMap((effect) => (effect.kind === 'refuse' ? [effect.reason] : []))

describe('machine: a verifier', () => {
  it('draws no ticket until its peers have told what they know of its signatures, and signs nothing', () => {
    const { state, effects } = run(boot(), started(7))
    assert.deepEqual(kinds(effects), [])
    assert.deepEqual(reasons(run(state, choice(7), candidate(0, blockNamed('A', 7), 7), askVote(1, 0, 'A', 7)).effects), ['silent'])
    assert.deepEqual(kinds(run(state, nothingKnown, started(8)).effects), ['draw-ticket'])
  })

  it('writes before it signs, in every phase', () => {
    const A = blockNamed('A', 7)
    let { state, effects } = run(boot(), started(7), nothingKnown, candidate(0, A, 7), choice(7), askVote(1, 0, 'A', 7))
    assert.deepEqual(kinds(effects), ['persist', 'sign'])
    for (const request of [
      { kind: 'lock', certificate: voted('A', 7) },
      { kind: 'seal', certificate: locked('A', 7) },
    ] as const) {
      const after = run(state, ask(2, 0, request))
      assert.deepEqual(kinds(after.effects), ['persist', 'sign'], request.kind)
      assert.equal(after.effects[0]?.kind === 'persist' && after.effects[0].block, 'A', 'the block must be on disk with the record')
      state = after.state
    }
    effects = run(state, ask(3, 0, { kind: 'seal', certificate: locked('A', 7) })).effects
    assert.deepEqual(kinds(effects), ['sign'], 'what is on the record is signed again without a write')
  })

  it('holds a request that comes before the choice, and answers it then', () => {
    const early = run(boot(), started(7), nothingKnown, candidate(0, blockNamed('A', 7), 7), askVote(1, 0, 'A', 7))
    assert.deepEqual(kinds(early.effects), [])
    assert.deepEqual(kinds(run(early.state, choice(7)).effects), ['persist', 'sign'])
    assert.deepEqual(reasons(run(early.state, started(8)).effects), ['wrong-slot'], 'never silent: the slot ended')
  })

  it('refuses all but the best candidate, and a second vote in a slot', () => {
    const shown = run(
      boot(),
      started(7),
      nothingKnown,
      candidate(1, blockNamed('B', 7), 7),
      candidate(0, blockNamed('A', 7), 7),
      choice(7),
    ).state
    const worse = run(shown, askVote(1, 1, 'B', 7))
    assert.deepEqual(reasons(worse.effects), ['lower-ticket'])
    const late = run(
      boot(),
      started(7),
      nothingKnown,
      candidate(1, blockNamed('B', 7), 7),
      choice(7),
      askVote(1, 1, 'B', 7),
      candidate(0, blockNamed('A', 7), 7),
    )
    assert.deepEqual(reasons(run(late.state, askVote(2, 0, 'A', 7)).effects), ['already-voted'])
  })

  it('fetches what a certificate names, and nothing for a vote request', () => {
    const { state } = run(boot(), started(7), nothingKnown, choice(7))
    const lock = run(state, ask(1, 0, { kind: 'lock', certificate: voted('A', 7) }))
    assert.deepEqual(kinds(lock.effects), ['fetch-block'])
    assert.deepEqual(kinds(run(lock.state, { kind: 'block-known', block: blockNamed('A', 7) }).effects), ['persist', 'sign'])
    assert.deepEqual(kinds(run(state, askVote(1, 0, 'A', 7)).effects), [])
  })

  it('at another height refuses what is old, and says that it is behind', () => {
    const { state } = run(boot(), started(7), nothingKnown, choice(7))
    const at = (height: number): Input =>
      ask(1, 0, { kind: 'vote', statement: { kind: 'vote', height, slot: 7, block: 'A', validSlot: null } })
    assert.deepEqual(reasons(run(state, at(4)).effects), ['old-height'])
    assert.deepEqual(kinds(run(state, at(9)).effects), ['behind'])
  })

  it('seals the head for a leader that collects on, and nothing else of that height', () => {
    const { state } = run(boot(), started(7), nothingKnown)
    const seal = (block: string): Input => ask(1, 0, { kind: 'seal', certificate: certify({ kind: 'lock', height: 4, slot: 3, block }) })
    assert.deepEqual(kinds(run(state, seal('head')).effects), ['persist', 'sign'])
    assert.deepEqual(reasons(run(state, seal('other')).effects), ['old-height'])
  })

  it('that only follows signs nothing, and commits what is sealed', () => {
    const { state } = run(boot(emptyRecord, null), started(7))
    assert.deepEqual(reasons(run(state, ask(1, 0, { kind: 'lock', certificate: voted('A', 7) })).effects), ['not-verifier'])
    const sealed = run(state, { kind: 'sealed-block', block: blockNamed('A', 7), seal: { signers: [0, 1, 2], signature: '' } })
    assert.deepEqual(kinds(sealed.effects), ['commit'])
  })
})

describe('machine: locks', () => {
  const A = blockNamed('A', 7)
  const lockedOnA = (): State =>
    run(boot(), started(7), nothingKnown, candidate(0, A, 7), choice(7), ask(1, 0, { kind: 'lock', certificate: voted('A', 7) })).state

  it('are gossiped by whoever leaves the slot', () => {
    const { effects } = run(lockedOnA(), started(8))
    assert.deepEqual(
      effects.flatMap((effect) => (effect.kind === 'gossip-certificate' ? [effect.certificate] : [])),
      [voted('A', 7)],
    )
  })

  it('let another block pass only with a later certificate, and the refusal shows the own one', () => {
    const B = blockNamed('B', 8)
    const fresh = run(lockedOnA(), started(8), candidate(0, B, 8), choice(8), askVote(2, 0, 'B', 8))
    assert.deepEqual(fresh.effects, [{ kind: 'refuse', id: 2, reason: 'locked', height: 5, certificate: voted('A', 7) }])
    const justified = run(lockedOnA(), started(9), candidate(0, B, 9, voted('B', 8)), choice(9), askVote(2, 0, 'B', 9, 8))
    assert.deepEqual(kinds(justified.effects), ['persist', 'sign'])
  })

  it('choose among the candidates: the lowest ticket that the lock allows, whatever its justification', () => {
    const B = blockNamed('B', 8)
    const shown = run(
      lockedOnA(),
      started(8),
      candidate(0, B, 8),
      candidate(1, A, 8, voted('A', 7)),
      candidate(2, A, 8, voted('A', 7)),
      choice(8),
    ).state
    assert.deepEqual(kinds(run(shown, askVote(2, 1, 'A', 8, 7)).effects), ['persist', 'sign'])
    assert.deepEqual(reasons(run(shown, askVote(2, 2, 'A', 8, 7)).effects), ['lower-ticket'])
    const free = run(boot(), started(8), nothingKnown, candidate(0, B, 8), candidate(1, A, 8, voted('A', 7)), choice(8)).state
    assert.deepEqual(kinds(run(free, askVote(2, 0, 'B', 8)).effects), ['persist', 'sign'], 'a justification does not outrank a ticket')
  })

  it('are proposed again, untouched, by a maker who knows the certificate', () => {
    const { effects } = run(lockedOnA(), started(8), { kind: 'ticket-drawn', ...lottery, slot: 8, ticket: '9', selected: true })
    assert.deepEqual(kinds(effects), ['persist', 'propose'])
    assert.deepEqual(effects[1], {
      kind: 'propose',
      statement: { kind: 'candidate', height: 5, slot: 8, block: 'A', validSlot: 7 },
      justification: voted('A', 7),
    })
  })

  it('outlive a restart', () => {
    const { record } = lockedOnA()
    const { state } = run(
      boot(record),
      { kind: 'block-known', block: A },
      started(8),
      nothingKnown,
      candidate(0, blockNamed('B', 8), 8),
      choice(8),
    )
    assert.deepEqual(reasons(run(state, askVote(2, 0, 'B', 8)).effects), ['locked'])
  })

  it('bind a restored verifier if only its peers remember them', () => {
    const known: Input = { kind: 'own-signatures-known', known: { slot: 7, lock: { height: 5, slot: 7, block: 'A' }, seal: null } }
    const stale = run(boot(), started(8), known)
    assert.deepEqual(kinds(stale.effects), ['persist', 'alarm'])
    const resumed = 8 + STALE_SILENCE_SLOTS + 1
    const silent = run(
      stale.state,
      started(resumed - 1),
      candidate(0, blockNamed('B', resumed - 1), resumed - 1),
      choice(resumed - 1),
      askVote(1, 0, 'B', resumed - 1),
    )
    assert.deepEqual(reasons(silent.effects), ['silent'])
    const awake = run(
      stale.state,
      started(resumed),
      candidate(0, blockNamed('B', resumed), resumed),
      choice(resumed),
      askVote(2, 0, 'B', resumed),
    )
    assert.deepEqual(reasons(awake.effects), ['locked'])
  })
})

describe('machine: a leader', () => {
  const signature = (from: number, statement: VoteStatement | LockStatement | { kind: 'seal'; height: number; block: string }): Input => ({
    kind: 'signature',
    from,
    statement,
    signature: `${from}`,
  })
  const proposed = (): State =>
    run(
      boot(),
      started(7),
      nothingKnown,
      { kind: 'ticket-drawn', ...lottery, slot: 7, ticket: '3', selected: true },
      { kind: 'block-built', slot: 7, block: blockNamed('M', 7) },
    ).state

  it('asks at the choice, goes on with enough stake, commits, and publishes the fuller certificate', () => {
    const vote = voted('M', 7).statement
    const lock = locked('M', 7).statement
    const seal = { kind: 'seal', height: 5, block: 'M' } as const
    const asked = run(proposed(), choice(7))
    assert.deepEqual(kinds(asked.effects), ['ask'])
    const locks = run(asked.state, signature(0, vote), signature(0, vote), signature(1, vote), signature(2, vote))
    assert.deepEqual(kinds(locks.effects), ['ask'], 'the same signature twice is one')
    assert.deepEqual(locks.effects[0]?.kind === 'ask' && locks.effects[0].request, {
      kind: 'lock',
      certificate: { statement: vote, aggregate: { signers: [0, 1, 2], signature: '0+1+2' } },
    })
    const seals = run(locks.state, signature(2, lock), signature(1, lock), signature(0, lock))
    assert.deepEqual(kinds(seals.effects), ['ask'])
    const final = run(seals.state, signature(0, seal), signature(1, seal), signature(2, seal))
    assert.deepEqual(kinds(final.effects), ['commit', 'publish-block'])
    const moved = run(final.state, {
      kind: 'head-moved',
      head: blockNamed('M', 7),
      headMembers: final.state.members,
      members: final.state.members,
    })
    const fuller = run(moved.state, signature(3, seal))
    assert.deepEqual(fuller.effects[0]?.kind === 'publish-block' && fuller.effects[0].seal.signers, [0, 1, 2, 3])
  })

  /** What is shown: of each certificate its kind, and who is in it. */
  const shown = (effects: readonly Effect[]): readonly (readonly [string, readonly number[]])[][] =>
    effects.flatMap((effect) =>
      effect.kind === 'gossip-tally'
        ? [effect.certificates.map(({ statement, aggregate }) => [statement.kind, aggregate.signers] as const)]
        : [],
    )
  const vote = voted('M', 7).statement
  const lock = locked('M', 7).statement
  const seal = { kind: 'seal', height: 5, block: 'M' } as const
  const [headMoved, overtaken] = ['M', 'N'].map(
    (hash): Input => ({
      ...{ kind: 'head-moved', head: blockNamed(hash, 7) },
      ...{ headMembers: boot().members, members: boot().members },
    }),
  ) as [Input, Input]
  const tallies: { description: string; inputs: Input[]; ends: Input; expected: (readonly [string, readonly number[]])[][] }[] = [
    { description: 'nothing if nobody answered', inputs: [], ends: started(8), expected: [] },
    {
      description: 'votes that were not enough',
      inputs: [signature(2, vote), signature(0, vote)],
      ends: started(8),
      expected: [[['vote', [0, 2]]]],
    },
    {
      description: 'votes and locks that came when there were enough',
      inputs: [0, 1, 2, 3].map((from) => signature(from, vote)).concat([0, 1, 2, 3].map((from) => signature(from, lock))),
      ends: started(8),
      expected: [
        [
          ['vote', [0, 1, 2, 3]],
          ['lock', [0, 1, 2, 3]],
        ],
      ],
    },
    {
      description: 'all three phases of a slot that brought a block, and what came after it was final',
      inputs: [
        ...[0, 1, 2].map((from) => signature(from, vote)),
        ...[0, 1, 2].map((from) => signature(from, lock)),
        ...[0, 1, 2].map((from) => signature(from, seal)),
        headMoved,
        ...[signature(3, vote), signature(3, lock), signature(3, seal)],
      ],
      ends: started(8),
      expected: [
        [
          ['vote', [0, 1, 2, 3]],
          ['lock', [0, 1, 2, 3]],
          ['seal', [0, 1, 2, 3]],
        ],
      ],
    },
    {
      description: 'votes of a round that another block has ended, at once',
      inputs: [signature(1, vote)],
      ends: overtaken,
      expected: [[['vote', [1]]]],
    },
  ]
  for (const { description, inputs, ends, expected } of tallies)
    it(`shows ${description}`, () => {
      const { state } = run(proposed(), choice(7), ...inputs)
      const { effects, state: after } = run(state, ends)
      assert.deepEqual(shown(effects), expected)
      // Once.
      assert.deepEqual(shown(run(after, started(9)).effects), [])
    })

  it('takes nothing that comes after its slot, or for another statement, into what it shows', () => {
    const { state } = run(
      proposed(),
      choice(7),
      signature(0, vote),
      signature(1, { ...vote, block: 'X' }),
      signature(2, { ...vote, slot: 6 }),
    )
    const { state: over, effects } = run(state, started(8))
    assert.deepEqual(shown(effects), [[['vote', [0]]]])
    assert.deepEqual(shown(run(over, signature(3, vote), started(9)).effects), [])
  })

  it('does not ask while somebody else has the better candidate', () => {
    assert.deepEqual(kinds(run(proposed(), candidate(0, blockNamed('A', 7), 7), choice(7)).effects), [])
  })

  it('builds nothing in a slot that is not above the head, and proposes once a slot', () => {
    const drawn: Input = { kind: 'ticket-drawn', ...lottery, slot: 2, ticket: '3', selected: true }
    assert.deepEqual(kinds(run(boot(), nothingKnown, started(2), drawn).effects), [])
    assert.deepEqual(kinds(run(proposed(), { kind: 'block-built', slot: 7, block: blockNamed('N', 7) }).effects), [])
  })
})

describe('machine: memory', () => {
  it('keeps one candidate a maker and slot, of this slot and the next, and one request a kind and asker', () => {
    let { state } = run(boot(), started(7), nothingKnown)
    for (let index = 0; index < 50; index++) {
      state = run(
        state,
        candidate(index % 3, blockNamed(`${index}`, 7 + (index % 4)), 7 + (index % 4)),
        askVote(index, index % 3, `x${index}`, 8),
      ).state
    }
    assert.ok(state.candidates.length <= 6, `${state.candidates.length} candidates`)
    assert.ok(state.held.length <= 3, `${state.held.length} requests`)
  })

  it('forgets the blocks of old slots at a stuck height, but not the one it is locked on', () => {
    let { state } = run(
      boot(),
      started(7),
      nothingKnown,
      candidate(0, blockNamed('A', 7), 7),
      choice(7),
      ask(1, 0, { kind: 'lock', certificate: voted('A', 7) }),
    )
    for (let slot = 8; slot < 60; slot++) state = run(state, started(slot), candidate(0, blockNamed(`${slot}`, slot), slot)).state
    assert.ok(state.blocks.length <= REMEMBERED_SLOTS + 2, `${state.blocks.length} blocks`)
    assert.ok(state.blocks.some(({ hash }) => hash === 'A'))
  })

  it('leaves the state that a step began with as it was', () => {
    const { state } = run(boot(), started(7), nothingKnown, candidate(0, blockNamed('A', 7), 7), choice(7))
    const before = structuredClone({ ...state, config: null })
    run(state, askVote(1, 0, 'A', 7), started(8), {
      kind: 'head-moved',
      head: blockNamed('A', 7),
      headMembers: state.members,
      members: state.members,
    })
    assert.deepEqual({ ...state, config: null }, before)
  })
})
