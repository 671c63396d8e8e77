import assert from 'node:assert/strict'
import fc from 'fast-check'
import { trustScores } from '../../../src/ledger/trust.ts'
import { close, open, resultOf, vote } from './election-fixtures.ts'
import { act, addressOfName, COIN, TestChain, type TxOptions, type World } from './fixtures.ts'

type Endorsements = Readonly<Record<string, readonly string[]>>
const scoresOf = (endorsements: Endorsements, anchors: readonly string[], rounds: number): Record<string, number> =>
  Object.fromEntries(trustScores((name) => endorsements[name] ?? null, anchors, rounds))

/** Each vouches for the next, the last for the first. */
const ring = (count: number): Endorsements =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, [`s${(index + 1) % count}`]]))
/** Each vouches for as many others as it can. */
const crowd = (count: number): Endorsements => {
  const names = Array.from({ length: count }, (_, index) => `s${index}`)
  return Object.fromEntries(names.map((name) => [name, names.filter((other) => other !== name).slice(0, 32)]))
}
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('ledger: the web of trust', () => {
  const cases: { description: string; endorsements: Endorsements; anchors: string[]; rounds: number; scores: Record<string, number> }[] = [
    { description: 'an anchor has its own', endorsements: {}, anchors: ['a'], rounds: 4, scores: { a: 1_000_000_000 } },
    { description: 'without anchors there is none', endorsements: { a: ['v'], v: ['a'] }, anchors: [], rounds: 4, scores: {} },
    {
      description: 'half of it goes on',
      endorsements: { a: ['v'] },
      anchors: ['a'],
      rounds: 4,
      scores: { a: 1_000_000_000, v: 500_000_000 },
    },
    {
      description: 'in equal parts, rounded down',
      endorsements: { a: ['v', 'w', 'x'] },
      anchors: ['a'],
      rounds: 1,
      scores: { a: 1_000_000_000, v: 166_666_666, w: 166_666_666, x: 166_666_666 },
    },
    {
      description: 'one step in each round',
      endorsements: { a: ['v'], v: ['w'], w: ['x'] },
      anchors: ['a'],
      rounds: 2,
      scores: { a: 1_000_000_000, v: 500_000_000, w: 250_000_000 },
    },
    {
      description: 'one step more in one more round',
      endorsements: { a: ['v'], v: ['w'], w: ['x'] },
      anchors: ['a'],
      rounds: 3,
      scores: { a: 1_000_000_000, v: 500_000_000, w: 250_000_000, x: 125_000_000 },
    },
    {
      description: 'what comes from several adds up',
      endorsements: { a: ['v'], b: ['v', 'w'], w: ['v'] },
      anchors: ['a', 'b'],
      rounds: 2,
      scores: { a: 1_000_000_000, b: 1_000_000_000, v: 875_000_000, w: 250_000_000 },
    },
    {
      description: 'an anchor can be vouched for as others are',
      endorsements: { a: ['v'], v: ['a'] },
      anchors: ['a'],
      rounds: 3,
      scores: { a: 1_250_000_000, v: 625_000_000 },
    },
    {
      description: 'who vouches for an anchor gets nothing for it',
      endorsements: { s: ['a'], a: ['v'] },
      anchors: ['a'],
      rounds: 4,
      scores: { a: 1_000_000_000, v: 500_000_000 },
    },
    {
      description: 'two that vouch for each other give back a part of what one has',
      endorsements: { a: ['s0'], ...ring(2) },
      anchors: ['a'],
      rounds: 4,
      scores: { a: 1_000_000_000, s0: 625_000_000, s1: 312_500_000 },
    },
    {
      description: 'a ring is reached as far as there are rounds',
      endorsements: { a: ['s0'], ...ring(8) },
      anchors: ['a'],
      rounds: 4,
      scores: { a: 1_000_000_000, s0: 500_000_000, s1: 250_000_000, s2: 125_000_000, s3: 62_500_000 },
    },
  ]
  for (const { description, endorsements, anchors, rounds, scores } of cases)
    it(description, () => assert.deepEqual(scoresOf(endorsements, anchors, rounds), scores))

  it('ends where less than one would go on', () => {
    const chain = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`v${index}`, [`v${index + 1}`]]))
    const scores = scoresOf(chain, ['v0'], 32)
    assert.equal(scores['v29'], 1)
    assert.equal(scores['v30'], undefined)
  })

  for (const count of [2, 3, 10, 100, 1000]) {
    it(`a ring of ${count} that no endorsement leads to has nothing, a crowd neither`, () => {
      for (const sybils of [ring(count), crowd(count)])
        assert.deepEqual(scoresOf({ a: ['v'], ...sybils }, ['a'], 32), { a: 1_000_000_000, v: 500_000_000 })
    })
  }

  // Half of the anchor's trust is one endorsement: 500,000,000 for whom it leads to.
  const lets: { count: number; inRing: number; inCrowd: number; best: number }[] = [
    { count: 2, inRing: 999_999_999, inCrowd: 999_999_999, best: 666_666_666 },
    { count: 3, inRing: 999_999_998, inCrowd: 999_999_994, best: 599_999_998 },
    { count: 10, inRing: 999_999_995, inCrowd: 999_999_860, best: 526_315_775 },
    { count: 30, inRing: 999_999_987, inCrowd: 999_998_483, best: 508_474_525 },
    { count: 100, inRing: 999_999_987, inCrowd: 999_998_304, best: 507_692_256 },
  ]
  for (const { count, inRing, inCrowd, best } of lets) {
    it(`one endorsement lets in ${count}: together less than twice what it carries`, () => {
      const [ringScores, crowdScores] = [ring(count), crowd(count)].map((sybils) => {
        const { a: _, ...scores } = scoresOf({ a: ['s0'], ...sybils }, ['a'], 32)
        return Object.values(scores)
      })
      assert.deepEqual([sum(ringScores ?? []), sum(crowdScores ?? []), Math.max(...(crowdScores ?? []))], [inRing, inCrowd, best])
    })
  }

  it('property: whatever sybils vouch for, one endorsement gives them less than twice what it carries, and each at most 4/3', () => {
    const sybils = fc.integer({ min: 1, max: 12 }).chain((count) => {
      const names = Array.from({ length: count }, (_, index) => `s${index}`)
      const others = names.map((name) => fc.subarray([...names, 'a', 'v'].filter((other) => other !== name)))
      return fc.tuple(...others).map((lists) => Object.fromEntries(names.map((name, index) => [name, lists[index] ?? []])))
    })
    fc.assert(
      fc.property(sybils, fc.integer({ min: 1, max: 32 }), (endorsements, rounds) => {
        const scores = scoresOf({ a: ['v', 'w'], v: ['s0'], ...endorsements }, ['a'], rounds)
        // What sybils give back to those outside is theirs no more; without it, v has a quarter of the anchor's trust.
        const carried = Math.floor((scores['v'] ?? 0) / 2)
        const ofSybils = Object.entries(scores).flatMap(([name, score]) => (name.startsWith('s') ? [score] : []))
        assert.ok(sum(ofSybils) <= 2 * carried, `${sum(ofSybils)} of ${carried}`)
        for (const score of ofSybils) assert.ok(3 * score <= 4 * carried, `${score} of ${carried}`)
        for (const score of Object.values(scores)) assert.ok(Number.isSafeInteger(score) && score > 0)
      }),
      { seed: 31, numRuns: 300 },
    )
  })

  it('does not depend on the order of anchors', () => {
    const endorsements = { a: ['v', 'w'], b: ['w'], c: ['x', 'a'], w: ['x'] }
    assert.deepEqual(scoresOf(endorsements, ['a', 'b', 'c'], 5), scoresOf(endorsements, ['c', 'b', 'a'], 5))
  })
})

describe('ledger: endorsements', () => {
  const many = Object.fromEntries(Array.from({ length: 34 }, (_, index) => [`m${index}`, COIN]))
  const world: World = { verifiers: { v1: 40 * COIN, v2: 30 * COIN, ...many }, parameters: { maxBlockTransactions: 40 } }
  const refusals: { description: string; before?: TxOptions[]; transaction: TxOptions; code: string; detail: RegExp }[] = [
    {
      description: 'of who is no verifier',
      transaction: { from: 'a', action: act.vouch('b') },
      code: 'unknown-verifier',
      detail: new RegExp(`^${addressOfName('b')} is no registered verifier$`),
    },
    {
      description: 'of oneself',
      transaction: { from: 'v1', action: act.vouch('v1') },
      code: 'own-verifier',
      detail: /^nobody vouches for itself$/,
    },
    {
      description: 'a second time',
      before: [{ from: 'a', action: act.vouch('v1') }],
      transaction: { from: 'a', action: act.vouch('v1') },
      code: 'already-endorsed',
      detail: new RegExp(`^the account vouches for ${addressOfName('v1')} already$`),
    },
    {
      description: 'of more than an account can',
      before: Object.keys(many)
        .slice(0, 32)
        .map((name) => ({ from: 'a', action: act.vouch(name) })),
      transaction: { from: 'a', action: act.vouch('v1') },
      code: 'too-many-endorsements',
      detail: /^vouches for 32 verifiers, at most 32 allowed$/,
    },
    {
      description: 'that are taken back and were not given',
      transaction: { from: 'a', action: act.withdraw('v1') },
      code: 'not-endorsed',
      detail: new RegExp(`^the account does not vouch for ${addressOfName('v1')}$`),
    },
    {
      description: 'that are taken back twice',
      before: [
        { from: 'a', action: act.vouch('v1') },
        { from: 'a', action: act.withdraw('v1') },
      ],
      transaction: { from: 'a', action: act.withdraw('v1') },
      code: 'not-endorsed',
      detail: /^the account does not vouch for/,
    },
  ]
  for (const { description, before = [], transaction, code, detail } of refusals) {
    it(`are refused: ${description}`, () => {
      const chain = new TestChain(world)
      chain.block({ transactions: before })
      const refusal = chain.refusal(transaction)
      assert.equal(refusal.code, code)
      assert.match(refusal.detail, detail)
    })
  }

  it('are kept in ascending order, and nothing is kept of none', () => {
    const chain = new TestChain(world)
    chain.block({ transactions: ['m3', 'v1', 'm1'].map((name) => ({ from: 'a', action: act.vouch(name) })) })
    assert.deepEqual(chain.account('a').endorses, ['m3', 'v1', 'm1'].map(addressOfName).sort())
    chain.block({ transactions: ['v1', 'm1'].map((name) => ({ from: 'a', action: act.withdraw(name) })) })
    assert.deepEqual(chain.account('a').endorses, [addressOfName('m3')])
    chain.send('a', act.withdraw('m3'))
    assert.equal(chain.account('a').endorses, null)
  })

  it('an account that vouches for as many as it can vouches for another once it takes one back', () => {
    const chain = new TestChain(world)
    chain.block({ transactions: Array.from({ length: 32 }, (_, index) => ({ from: 'a', action: act.vouch(`m${index}`) })) })
    chain.block({
      transactions: [
        { from: 'a', action: act.withdraw('m7') },
        { from: 'a', action: act.vouch('v1') },
      ],
    })
    assert.equal(chain.account('a').endorses?.length, 32)
  })
})

describe('ledger: elections by trust', () => {
  const NAMES = ['v1', 'v2', 'v3', 'v4', 's0', 's1', 's2', 's3', 's4', 's5']
  const worldOf = (score: 'coins' | 'trust' | 'hybrid', more: World = {}): World => ({
    anchors: ['a'],
    ...more,
    parameters: { score, quorumSize: 2, minTurnoutPpm: 40_000, blockRewardDroplets: 0, ...more.parameters },
  })
  /** a trusts v3 and v3 trusts v4; slips name v1 and v4. */
  const endorsements = [
    { from: 'a', action: act.vouch('v3') },
    { from: 'v3', action: act.vouch('v4') },
  ]
  const slips = [...vote('a', 20, ['v1', 'v4']), ...vote('b', 15, ['v1'])]
  const cases: {
    description: string
    score: 'coins' | 'trust' | 'hybrid'
    slips?: TxOptions[]
    by: string
    elected: [string, number][]
  }[] = [
    {
      description: 'coins: slips alone',
      score: 'coins',
      slips,
      by: 'slips',
      elected: [
        ['v1', 35 * COIN],
        ['v4', 20 * COIN],
      ],
    },
    {
      description: 'coins without slips: stake alone',
      score: 'coins',
      by: 'stake',
      elected: [
        ['v1', 40 * COIN],
        ['v2', 30 * COIN],
      ],
    },
    {
      description: 'trust: endorsements alone',
      score: 'trust',
      slips,
      by: 'trust',
      elected: [
        ['v3', 500_000_000],
        ['v4', 250_000_000],
      ],
    },
    {
      description: 'hybrid: slips for those whom trust reaches',
      score: 'hybrid',
      slips,
      by: 'slips',
      elected: [
        ['v4', 20 * COIN],
        ['v3', 0],
      ],
    },
    {
      description: 'hybrid without slips: stake of those whom trust reaches',
      score: 'hybrid',
      by: 'stake',
      elected: [
        ['v3', 20 * COIN],
        ['v4', 10 * COIN],
      ],
    },
  ]
  for (const { description, score, slips = [], by, elected } of cases) {
    it(description, () => {
      const chain = new TestChain(worldOf(score))
      chain.block({ transactions: endorsements })
      open(chain, { transactions: slips })
      const result = resultOf(close(chain), NAMES)
      assert.equal(result.by, by)
      assert.deepEqual(
        result.elected.map(([name, points]) => [name, points]),
        elected,
      )
    })
  }

  for (const score of ['trust', 'hybrid'] as const) {
    it(`${score}: what is withdrawn counts no more, nor does what it led to; nobody is left, so the quorum is kept`, () => {
      const chain = new TestChain(worldOf(score))
      chain.block({ transactions: endorsements })
      open(chain)
      assert.deepEqual(resultOf(close(chain), NAMES).names, ['v3', 'v4'])
      open(chain)
      chain.send('v3', act.withdraw('v4'))
      assert.deepEqual(resultOf(close(chain), NAMES).names, ['v3'])
      open(chain, { transactions: [{ from: 'a', action: act.withdraw('v3') }] })
      const { by, names } = resultOf(close(chain), NAMES)
      assert.deepEqual([by, names], ['kept', []])
      assert.deepEqual(chain.quorumNames(NAMES), ['v3'])
    })

    it(`${score}: an endorsement counts from the block after it on`, () => {
      const chain = new TestChain(worldOf(score))
      open(chain, { transactions: endorsements.slice(0, 1) })
      assert.deepEqual(resultOf(close(chain, { transactions: endorsements.slice(1) }), NAMES).names, ['v3'])
      open(chain)
      assert.deepEqual(resultOf(close(chain), NAMES).names, ['v3', 'v4'])
    })

    it(`${score}: an anchor that is a verifier is trusted by itself`, () => {
      const chain = new TestChain({ ...worldOf(score), anchors: ['v2'] })
      open(chain)
      assert.deepEqual(resultOf(close(chain), NAMES).names, ['v2'])
    })

    it(`${score}: a ring of rich sybils that nobody trusts has no seat`, () => {
      const sybils = ['s0', 's1', 's2', 's3', 's4', 's5']
      const verifiers = { ...Object.fromEntries(sybils.map((name) => [name, 200 * COIN])), v1: COIN, v2: COIN }
      const rich = { droplets: 100 * COIN, microHours: COIN }
      const funds = { ...Object.fromEntries([...sybils, 'a'].map((name) => [name, rich])) }
      const chain = new TestChain(worldOf(score, { verifiers, funds, parameters: { quorumSize: 8 } }))
      const vouches = sybils.map((from, index) => ({ from, action: act.vouch(`s${(index + 1) % 6}`) }))
      chain.block({ transactions: [...vouches, ...['v1', 'v2'].map((name) => ({ from: 'a', action: act.vouch(name) }))] })
      open(chain, { transactions: sybils.flatMap((from) => vote(from, 90, ['s0', 's1', 's2'])) })
      assert.deepEqual(resultOf(close(chain), NAMES).names.sort(), ['v1', 'v2'])
    })
  }

  it('trust: sybils whom one verifier lets in come after all whom an anchor trusts, and no further than the rounds go', () => {
    const honest = ['v1', 'v2', 'v3', 'v4']
    const sybils = ['s0', 's1', 's2', 's3', 's4', 's5']
    const verifiers = { ...Object.fromEntries(sybils.map((name) => [name, 100 * COIN])), v1: COIN, v2: COIN, v3: COIN, v4: COIN }
    const funds = Object.fromEntries([...sybils, 'a', 'v4'].map((name) => [name, { droplets: COIN, microHours: COIN }]))
    const chain = new TestChain(worldOf('trust', { verifiers, funds, parameters: { quorumSize: 10, trustRounds: 4 } }))
    const vouches = [
      ...sybils.map((from, index) => ({ from, action: act.vouch(`s${(index + 1) % 6}`) })),
      ...honest.map((name) => ({ from: 'a', action: act.vouch(name) })),
      { from: 'v4', action: act.vouch('s0') },
    ]
    chain.block({ transactions: vouches })
    open(chain)
    const { names, elected } = resultOf(close(chain), NAMES)
    assert.deepEqual(names.slice(0, 4).sort(), honest)
    assert.deepEqual(
      elected.slice(4).map(([name, score]) => [name, score]),
      [
        ['s0', 62_500_000],
        ['s1', 31_250_000],
        ['s2', 15_625_000],
      ],
    )
  })
})
