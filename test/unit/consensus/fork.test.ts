import assert from 'node:assert/strict'
import { type Branch, branchThatGoesOn, isForkProof, recoveredSigningId, withoutOffenders } from '../../../src/consensus/fork.ts'
import { emptyRecord, type GuardRecord, guardRecord, permit, recordUnder } from '../../../src/consensus/guard.ts'
import { initialState, step } from '../../../src/consensus/machine.ts'
import type { BlockRef, Effect, Input, Members, State } from '../../../src/consensus/types.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { createQuorum } from '../../../src/wire/quorum.ts'
import type { SignRequest, Statement } from '../../../src/wire/types.ts'

const hash = (digit: string): string => digit.repeat(64)
const KEYS = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'].map((key) => key.repeat(48))
const quorumOf = (...stakes: readonly number[]) =>
  createQuorum(
    stakes.map((stakeDroplets, index) => ({ id: `0${index}`.repeat(20), peerId: 'p', blsKey: KEYS[index] ?? '', stakeDroplets })),
  )

describe('a fork proof', () => {
  const seal = (block: string): Statement => ({ kind: 'seal', height: 5, block: hash(block) })
  const signed = (indices: readonly number[], statement: Statement) => ({
    statement,
    keys: indices.map((index) => KEYS[index] ?? ''),
    signature: '',
  })
  const cases: readonly {
    readonly description: string
    readonly first: readonly number[]
    readonly second: readonly number[]
    readonly stakes?: readonly number[]
    readonly proves: boolean
  }[] = [
    { description: 'five of seven each', first: [0, 1, 2, 3, 4], second: [2, 3, 4, 5, 6], proves: true },
    { description: 'four of seven on one side', first: [0, 1, 2, 3], second: [2, 3, 4, 5, 6], proves: false },
    { description: 'four of seven on the other', first: [0, 1, 2, 3, 4], second: [3, 4, 5, 6], proves: false },
    { description: 'two by number with enough stake', first: [0, 1], second: [0, 2], stakes: [10, 1, 1], proves: true },
    { description: 'two thirds exactly are not enough', first: [0, 1], second: [1, 2], stakes: [1, 1, 1], proves: false },
    { description: 'keys of nobody in the quorum', first: [4, 5, 6], second: [4, 5, 6], stakes: [1, 1, 1], proves: false },
  ]
  for (const { description, first, second, stakes = [1, 1, 1, 1, 1, 1, 1], proves } of cases)
    it(`${proves ? 'is' : 'is not'}: ${description}`, () => {
      const evidence = { first: signed(first, seal('a')), second: signed(second, seal('b')) }
      assert.equal(isForkProof({ kind: 'double-seal', evidence }, quorumOf(...stakes)), proves)
      assert.equal(isForkProof({ kind: 'double-lock', evidence }, quorumOf(...stakes)), false)
    })

  it('leaves those who did not sign both, and nobody when all did', () => {
    const quorum = quorumOf(3, 4, 5)
    const reduced = withoutOffenders(quorum, new Set([KEYS[0] ?? '', KEYS[2] ?? '', 'somebody else']))
    assert.deepEqual(
      reduced?.members.map(({ stakeDroplets }) => stakeDroplets),
      [0, 4, 0],
    )
    assert.deepEqual([reduced?.totalStakeDroplets, reduced?.hash === quorum.hash], [4, false])
    assert.equal(withoutOffenders(quorum, new Set(KEYS)), null)
  })

  it('begins a signing id of its own on each parent, and on each id before it', () => {
    const ids = [
      recoveredSigningId(hash('1'), hash('2')),
      recoveredSigningId(hash('1'), hash('3')),
      recoveredSigningId(hash('4'), hash('2')),
      recoveredSigningId(hash('2'), hash('1')),
    ]
    assert.equal(new Set([...ids, hash('1')]).size, 5)
  })
})

describe('the branch that goes on', () => {
  const branch = (first: string, burnedMicroHours: number, height = 9): Branch => ({
    first: hash(first),
    head: { height, hash: hash('f') },
    burnedMicroHours,
  })
  it('is that with the higher burn, not the longer one', () => {
    const [short, long] = [branch('b', 11, 6), branch('a', 10, 90)]
    assert.equal(branchThatGoesOn([short, long]), short)
    assert.equal(branchThatGoesOn([long, short]), short)
  })
  it('is that with the lower first hash where as much was burned', () => {
    const [low, high] = [branch('a', 10), branch('b', 10)]
    assert.equal(branchThatGoesOn([high, low]), low)
    assert.equal(branchThatGoesOn([low, high]), low)
  })
})

const OLD: Members = { quorum: 'old', epochSeed: 'seed', self: 0, stakeDroplets: [1, 1, 1, 1], ids: ['a', 'b', 'c', 'd'] }
const REDUCED: Members = { ...OLD, quorum: 'reduced', stakeDroplets: [1, 1, 0, 0], signingId: hash('5') }
const head: BlockRef = { hash: hash('e'), height: 4, slot: 2, parent: hash('d') }
const record: GuardRecord = {
  ...emptyRecord,
  vote: { height: 5, slot: 7, block: hash('a'), validSlot: null },
  seal: { height: 5, block: hash('a') },
}
const nothingKnown: Input = { kind: 'own-signatures-known', known: { slot: null, lock: null, seal: null } }
const started = (slot: number): Input => ({ kind: 'slot-started', slot })
const askSeal = (height: number, block: string): Input => {
  const statement = { kind: 'lock', height, slot: 8, block } as const
  const request: SignRequest = { kind: 'seal', certificate: { statement, aggregate: { signers: [1, 2], signature: '' } } }
  return { kind: 'request', id: 1, from: 1, request }
}

function boot(members = OLD, known: Partial<Parameters<typeof initialState>[0]> = {}): State {
  const config = { leaderRule: 'ticket', aggregate: (all: readonly string[]) => all.join('+') } as const
  return initialState({ config, members, head, headMembers: OLD, record, doubtful: false, ...known })
}
function run(state: State, ...inputs: readonly Input[]): { readonly state: State; readonly effects: readonly Effect[] } {
  let after: { state: State; effects: readonly Effect[] } = { state, effects: [] }
  for (const input of inputs) after = step(after.state, input)
  return after
}
const kinds = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => (effect.kind === 'refuse' ? `refuse ${effect.reason}` : effect.kind))

describe('the machine after a fork', () => {
  const block = { hash: hash('b'), height: 5, slot: 9, parent: head.hash }

  it('draws no ticket, shows no certificate and signs nothing, also when its other silences end', () => {
    const { state } = run(boot(), { kind: 'forked' }, started(8), nothingKnown, { kind: 'block-known', block })
    assert.deepEqual(kinds(run(state, started(9)).effects), [])
    assert.deepEqual(kinds(run(state, askSeal(5, block.hash)).effects), ['refuse silent'])
    assert.deepEqual(kinds(run(state, askSeal(4, head.hash)).effects), ['refuse silent'])
  })

  it('shows what it has collected as a leader, and leads no further', () => {
    const draw = { kind: 'ticket-drawn', slot: 9, quorum: 'old', epochSeed: 'seed', ticket: '1', selected: true } as const
    const vote = { kind: 'vote', height: 5, slot: 9, block: block.hash, validSlot: null } as const
    const built = { kind: 'block-built', slot: 9, block } as const
    const signed = (from: number): Input => ({ kind: 'signature', from, statement: vote, signature: `s${from}` })
    const leading = run(
      boot(OLD, { record: emptyRecord }),
      started(9),
      nothingKnown,
      draw,
      built,
      { kind: 'choice-due', slot: 9 },
      signed(1),
    ).state
    assert.equal(leading.leading?.slot, 9)
    const { state, effects } = run(leading, { kind: 'forked' })
    assert.deepEqual(effects, [{ kind: 'gossip-tally', certificates: [{ statement: vote, aggregate: { signers: [1], signature: 's1' } }] }])
    assert.deepEqual([state.leading, kinds(run(state, signed(2)).effects)], [null, []])
  })

  it('takes no answers to what it had asked before', () => {
    const proposed = { block, slot: 9, maker: 0, ticket: '1', justification: null }
    const before = run(boot(), started(9), nothingKnown, { kind: 'candidate', candidate: { ...proposed, maker: 1 } }).state
    assert.equal(run(before, { kind: 'forked' }).state.leading, null)
    const vote = { kind: 'vote', height: 5, slot: 9, block: block.hash, validSlot: null } as const
    const after = run(before, { kind: 'forked' }, { kind: 'signature', from: 1, statement: vote, signature: 's' })
    assert.deepEqual(kinds(after.effects), [])
  })

  it('goes on with the reduced quorum when it recovers, with a record of its own', () => {
    const forked = run(boot(), started(8), nothingKnown, { kind: 'forked' }, { kind: 'block-known', block }).state
    const { state, effects } = run(forked, { kind: 'recovering', members: REDUCED })
    assert.deepEqual(kinds(effects), ['persist', 'draw-ticket'])
    assert.deepEqual(state.record, recordUnder(record, REDUCED.signingId ?? null))
    assert.deepEqual([state.members, state.isForked, state.valid], [REDUCED, false, null])
    // Height 5 was sealed on the other branch: under this id it was not.
    const sealed = run(state, started(9), { kind: 'block-known', block }, askSeal(5, block.hash))
    assert.deepEqual(kinds(sealed.effects), ['persist', 'sign'])
    assert.deepEqual(sealed.state.record.seal, { height: 5, block: block.hash })
    // Of the head, which was signed under the id before, the record knows nothing any more.
    assert.deepEqual(kinds(run(sealed.state, askSeal(4, head.hash)).effects), ['refuse silent'])
  })

  it('still waits for what peers know of its key when it recovers right after a start', () => {
    const { state, effects } = run(boot(), { kind: 'forked' }, started(8), { kind: 'recovering', members: REDUCED })
    assert.deepEqual(kinds(effects), ['persist'])
    assert.deepEqual(kinds(run(state, nothingKnown, started(9)).effects), ['draw-ticket'])
  })

  it('still proposes what it is locked on, after a restart in the middle of it', () => {
    const lock = {
      statement: { kind: 'vote', height: 5, slot: 7, block: block.hash, validSlot: null },
      aggregate: { signers: [0, 1], signature: '' },
    } as const
    const locked: GuardRecord = { ...emptyRecord, lock, signingId: REDUCED.signingId ?? null }
    const { state } = run(
      boot(OLD, { record: locked }),
      { kind: 'block-known', block },
      { kind: 'forked' },
      { kind: 'recovering', members: REDUCED },
    )
    assert.deepEqual(state.valid, lock)
    const draw = { kind: 'ticket-drawn', slot: 9, quorum: REDUCED.quorum, epochSeed: 'seed', ticket: '1', selected: true } as const
    const { effects } = run(state, nothingKnown, started(9), draw)
    assert.deepEqual(kinds(effects), ['persist', 'propose'])
  })

  it('forgets at a start what it was locked on under another id', () => {
    const lock = {
      statement: { kind: 'vote', height: 5, slot: 7, block: hash('a'), validSlot: null },
      aggregate: { signers: [0], signature: '' },
    } as const
    assert.deepEqual(boot(OLD, { record: { ...emptyRecord, lock } }).valid, lock)
    assert.equal(boot(REDUCED, { record: { ...emptyRecord, lock } }).valid, null)
  })

  it('begins the record anew after a start, before it signs', () => {
    const { state, effects } = run(boot(REDUCED), started(8), nothingKnown)
    assert.deepEqual(kinds(effects), ['persist'])
    assert.equal(state.record.signingId, REDUCED.signingId)
    const stale = run(boot(REDUCED), started(8), { kind: 'own-signatures-known', known: { slot: 20, lock: null, seal: null } })
    assert.equal(stale.state.record.signingId, REDUCED.signingId)
    assert.equal(stale.state.record.floorSlot, 20)
  })

  it('goes on when others have recovered, and it only sees their block', () => {
    const after: Members = { ...REDUCED, quorum: 'after' }
    const recovery: BlockRef = { hash: hash('c'), height: 5, slot: 11, parent: head.hash }
    const forked = run(boot(), started(11), nothingKnown, { kind: 'forked' }).state
    const { state, effects } = run(forked, { kind: 'head-moved', head: recovery, headMembers: REDUCED, members: after })
    assert.equal(state.isForked, false)
    assert.deepEqual(kinds(effects), ['persist', 'draw-ticket'])
    assert.equal(state.record.signingId, after.signingId)
  })

  it('stays as it is when its branch grows by other blocks', () => {
    const next: BlockRef = { hash: hash('c'), height: 5, slot: 11, parent: head.hash }
    const forked = run(boot(), started(11), nothingKnown, { kind: 'forked' }).state
    const { state, effects } = run(forked, { kind: 'head-moved', head: next, headMembers: OLD, members: OLD })
    assert.deepEqual([state.isForked, state.height, effects], [true, 6, []])
  })

  it('keeps no record of a node that signs nothing', () => {
    const members = { ...REDUCED, self: null }
    assert.deepEqual(run(boot({ ...OLD, self: null }), started(8), { kind: 'forked' }, { kind: 'recovering', members }).effects, [])
  })
})

describe('the signing record under another signing id', () => {
  const later = recordUnder({ ...record, lock: null }, hash('5'))

  it('knows the last slot, and of what it left the highest height', () => {
    assert.deepEqual(later, { ...emptyRecord, floorSlot: 7, signingId: hash('5'), left: [{ signingId: null, height: 5 }] })
    assert.deepEqual(decode(guardRecord, encode(guardRecord, later)), later)
  })
  it('permits what the other branch was sealed against, and no slot again', () => {
    assert.equal(permit(later, { kind: 'seal', height: 5, block: hash('b') }).granted, true)
    const vote = { kind: 'vote', height: 5, block: hash('b'), validSlot: null } as const
    assert.deepEqual(permit(later, { ...vote, slot: 7 }), { granted: false, reason: 'clock-behind-record' })
    assert.equal(permit(later, { ...vote, slot: 8 }).granted, true)
  })
  it('that comes back to one that it left signs nothing there up to that height', () => {
    const back = recordUnder(later, null)
    assert.deepEqual(back.left, [{ signingId: hash('5'), height: 0 }])
    for (const block of ['a', 'b']) assert.equal(permit(back, { kind: 'seal', height: 5, block: hash(block) }).granted, false)
    assert.deepEqual(permit(back, { kind: 'vote', height: 5, slot: 20, block: hash('a'), validSlot: 19 }), {
      granted: false,
      reason: 'sealed',
    })
    assert.equal(permit(back, { kind: 'seal', height: 6, block: hash('b') }).granted, true)
  })
  it('remembers ids that it left long ago', () => {
    let many = recordUnder(record, hash('0'))
    for (const digit of '123456789abcdef') many = recordUnder({ ...many, seal: { height: 10, block: hash('a') } }, hash(digit))
    assert.equal(many.left.length, 16)
    assert.equal(recordUnder(many, null).seal?.height, 5)
  })
})
