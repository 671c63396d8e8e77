import assert from 'node:assert/strict'
import { emptyRecord, type KnownSignatures } from '../../../src/consensus/guard.ts'
import { initialState, step } from '../../../src/consensus/machine.ts'
import type { BlockRef, Input, State } from '../../../src/consensus/types.ts'
import type { Certificate } from '../../../src/wire/types.ts'

const head: BlockRef = { hash: 'aa'.repeat(32), height: 4, slot: 2, parent: 'bb'.repeat(32) }
const block: BlockRef = { hash: 'cc'.repeat(32), height: 5, slot: 7, parent: head.hash }
const aggregate = (signers: readonly number[]) => ({ signers, signature: '00'.repeat(96) })
const certificate = (kind: 'vote' | 'lock', slot: number, signers: readonly number[]): Certificate =>
  kind === 'vote'
    ? { statement: { kind, height: 5, slot, block: block.hash, validSlot: null }, aggregate: aggregate(signers) }
    : { statement: { kind, height: 5, slot, block: block.hash }, aggregate: aggregate(signers) }

/** A verifier that signs, in slot 7. */
function signing(): State {
  const members = { quorum: 'quorum', epochSeed: 'seed', self: 0, stakeDroplets: [1, 1, 1, 1], ids: ['01', '02', '03', '04'] }
  const config = { leaderRule: 'ticket', aggregate: () => '00'.repeat(96) } as const
  let state = initialState({ config, members, head, headMembers: members, record: emptyRecord, doubtful: false })
  state = step(state, { kind: 'slot-started', slot: 7 }).state
  return step(state, { kind: 'own-signatures-known', known: { slot: null, lock: null, seal: null } }).state
}

const candidate = (maker: number): Input => ({
  kind: 'candidate',
  candidate: { block, slot: 7, maker, ticket: '11'.repeat(32), justification: null },
})

describe('a second process with the same key', () => {
  const cases: readonly { readonly description: string; readonly input: Input; readonly isHeard: boolean }[] = [
    { description: 'a candidate of this key that this node did not make', input: candidate(0), isHeard: true },
    { description: 'a candidate of somebody else', input: candidate(1), isHeard: false },
    {
      description: 'a vote certificate of this slot with this key that did not vote',
      input: { kind: 'certificate', certificate: certificate('vote', 7, [0, 1, 2]) },
      isHeard: true,
    },
    {
      description: 'a lock certificate of this slot with this key that did not lock',
      input: { kind: 'certificate', certificate: certificate('lock', 7, [0, 1, 3]) },
      isHeard: true,
    },
    {
      description: 'a certificate of this slot without this key',
      input: { kind: 'certificate', certificate: certificate('vote', 7, [1, 2, 3]) },
      isHeard: false,
    },
    {
      description: 'a certificate of an earlier slot, which an earlier life of this node may have signed',
      input: { kind: 'certificate', certificate: certificate('vote', 6, [0, 1, 2]) },
      isHeard: false,
    },
  ]
  for (const { description, input, isHeard } of cases)
    it(`${isHeard ? 'is heard in' : 'is not taken from'} ${description}`, () => {
      const { state, effects } = step(signing(), input)
      assert.equal(state.silence?.kind ?? null, isHeard ? 'duplicate' : null)
      assert.equal(
        effects.some((effect) => effect.kind === 'alarm' && effect.code === 'duplicate-instance'),
        isHeard,
      )
    })

  it('silences for good: no ticket is drawn in later slots', () => {
    const { state } = step(signing(), candidate(0))
    const { effects } = step(state, { kind: 'slot-started', slot: 50 })
    assert.deepEqual(
      effects.filter(({ kind }) => kind === 'draw-ticket'),
      [],
    )
  })

  it('is not heard in a certificate that this node signed itself', () => {
    let { state } = step(signing(), candidate(1))
    state = step(state, { kind: 'choice-due', slot: 7 }).state
    const asked = step(state, {
      kind: 'request',
      id: 1,
      from: 1,
      request: { kind: 'vote', statement: certificate('vote', 7, [1]).statement },
    })
    assert.ok(asked.effects.some(({ kind }) => kind === 'sign'))
    const { state: after } = step(asked.state, { kind: 'certificate', certificate: certificate('vote', 7, [0, 1, 2]) })
    assert.equal(after.silence, null)
  })

  const told: readonly { readonly description: string; readonly known: Partial<KnownSignatures>; readonly silence: string | null }[] = [
    { description: 'a vote in a slot after this process began', known: { slot: 9, voteSlot: 9 }, silence: 'duplicate' },
    {
      description: 'a lock in a slot after this process began',
      known: { slot: 8, lock: { ...block, slot: 8, block: block.hash } },
      silence: 'duplicate',
    },
    {
      description: 'a vote in the slot in which this process began, which an earlier life may have given',
      known: { slot: 7, voteSlot: 7 },
      silence: 'stale',
    },
    { description: 'nothing', known: {}, silence: null },
    { description: 'the candidate that it made itself', known: { slot: 8, candidateSlot: 8 }, silence: null },
    {
      description: 'a vote in the slot of the candidate that it made itself',
      known: { slot: 8, candidateSlot: 8, voteSlot: 8 },
      silence: 'duplicate',
    },
  ]
  for (const { description, known, silence } of told)
    it(`is ${silence === 'duplicate' ? 'heard' : 'not heard'} when peers tell of ${description}`, () => {
      const candidate = { height: 5, slot: 8, block: block.hash, validSlot: null }
      const own = known.candidateSlot === 8 ? { ...signing(), record: { ...emptyRecord, candidate } } : signing()
      const input: Input = { kind: 'own-signatures-known', known: { slot: null, lock: null, seal: null, sinceSlot: 7, ...known } }
      const { state } = step(own, input)
      assert.equal(state.silence?.kind ?? null, silence)
      // What peers tell again changes nothing.
      assert.equal(step(state, input).state.silence?.kind ?? null, silence)
    })

  it('is heard also by one that is silent yet, and has learnt of that slot from a candidate', () => {
    const members = signing().members
    const config = { leaderRule: 'ticket', aggregate: () => '00'.repeat(96) } as const
    let { state } = step(initialState({ config, members, head, headMembers: members, record: emptyRecord, doubtful: false }), {
      kind: 'slot-started',
      slot: 7,
    })
    state = step(state, { kind: 'slot-started', slot: 8 }).state
    state = step(state, { kind: 'candidate', candidate: { block, slot: 8, maker: 0, ticket: '11'.repeat(32), justification: null } }).state
    assert.deepEqual([state.silence?.kind, state.record.floorSlot], ['starting', 8])
    const known = { slot: 8, candidateSlot: 8, lock: null, seal: null, sinceSlot: 7 }
    assert.equal(step(state, { kind: 'own-signatures-known', known }).state.silence?.kind, 'duplicate')
  })

  it('has time to be heard: after a start it votes, and draws no ticket before the slot that it is told', () => {
    const { members } = signing()
    const config = { leaderRule: 'ticket', aggregate: () => '00'.repeat(96) } as const
    let { state } = step(initialState({ config, members, head, headMembers: members, record: emptyRecord, doubtful: false }), {
      kind: 'slot-started',
      slot: 7,
    })
    const known = { slot: null, lock: null, seal: null, sinceSlot: 7, proposesFrom: 10 }
    state = step(state, { kind: 'own-signatures-known', known }).state
    const draws: boolean[] = []
    for (const slot of [8, 9, 10, 11]) {
      const after = step(state, { kind: 'slot-started', slot })
      state = after.state
      draws.push(after.effects.some(({ kind }) => kind === 'draw-ticket'))
    }
    assert.deepEqual(draws, [false, false, true, true])
    assert.equal(state.silence, null)
  })
})
