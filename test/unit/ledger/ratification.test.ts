import assert from 'node:assert/strict'
import type { Globals } from '../../../src/ledger/globals.ts'
import { ballotOf, close, electionOf, open } from './election-fixtures.ts'
import { act, COIN, eventsOf, sourceOf, TestChain, type TxOptions, type World } from './fixtures.ts'

/** 20 coins in all, no rewards: 10 coins are half of them. Rewards would make half another number in each block. */
const TWENTY: World = {
  parameters: { blockRewardDroplets: 0, minFeeDroplets: 0, minStakeDroplets: 1, verifierFeeDroplets: COIN },
  verifiers: { v1: 6 * COIN },
  funds: {
    a: { droplets: 5 * COIN, microHours: COIN },
    b: { droplets: 4 * COIN, microHours: COIN },
    c: { droplets: 5 * COIN, microHours: COIN },
    new: { droplets: 0, microHours: COIN },
    v1: { droplets: 0, microHours: COIN },
  },
}
const move = (from: string, droplets: number, to = 'new'): TxOptions => ({ from, action: act.transfer(to, droplets), fee: 0 })
const ratify = (from: string, source = 's'): TxOptions => ({ from, action: act.ratify(source), fee: 0 })
const weightOf = (chain: TestChain, source = 's'): number | undefined =>
  electionOf(chain).proposals.find((proposal) => proposal.source === sourceOf(source))?.weightDroplets
const opened = (world: World = TWENTY): TestChain => {
  const chain = new TestChain(world)
  open(chain)
  return chain
}
/** Blocks of one transaction: a block moves four coins at most. */
const blocks = (chain: TestChain, transactions: readonly TxOptions[]): void => {
  for (const transaction of transactions) chain.block({ transactions: [transaction] })
}

describe('ledger: ratifications that are refused', () => {
  const many = (count: number, from = 'a'): TxOptions[] => Array.from({ length: count }, (_, index) => ratify(from, `${from} ${index}`))
  const holders = Array.from({ length: 16 }, (_, index) => `h${index}`)
  const CROWD: World = {
    ...TWENTY,
    funds: { ...TWENTY.funds, ...Object.fromEntries(holders.map((holder) => [holder, { droplets: 2, microHours: COIN }])) },
  }
  /** As many sources as an election can have. */
  const proposeAll = (chain: TestChain): void => {
    for (const holder of holders) chain.block({ transactions: [move(holder, 1), ...many(4, holder)] })
  }
  const cases: { description: string; before: (chain: TestChain) => void; from: string; source?: string; code: string; detail: RegExp }[] =
    [
      {
        description: 'without an election',
        before: () => undefined,
        from: 'v1',
        code: 'no-election',
        detail: /^no election is open; the next opens in slot 80$/,
      },
      {
        description: 'by who has moved nothing and has nothing bonded',
        before: open,
        from: 'a',
        code: 'nothing-moved',
        detail: /^held 5 coins when the election opened and has moved 0 since/,
      },
      {
        description: 'by who has bonded its coins since',
        before: (chain) => {
          open(chain)
          chain.block({
            transactions: [
              { from: 'a', action: act.register('v5') },
              { from: 'a', action: act.stake(3 * COIN) },
            ],
          })
        },
        from: 'a',
        code: 'nothing-moved',
        detail: /^held 5 coins when the election opened and has moved 0 since/,
      },
      {
        description: 'by a verifier that has taken back all that was bonded to it',
        before: (chain) => {
          open(chain)
          blocks(
            chain,
            [4, 2].map((coins) => ({ from: 'v1', action: act.unstake(coins * COIN), fee: 0 })),
          )
        },
        from: 'v1',
        code: 'nothing-moved',
        detail: /^held 0 coins/,
      },
      {
        description: 'of a fifth source',
        before: (chain) => {
          open(chain)
          chain.block({ transactions: [move('a', 1), ...many(4)] })
        },
        from: 'a',
        source: 'fifth',
        code: 'too-many-sources',
        detail: /^supports 4 sources in this election, at most 4 allowed$/,
      },
      {
        description: 'of a source beyond those that one election can have',
        before: (chain) => {
          open(chain)
          proposeAll(chain)
        },
        from: 'v1',
        code: 'too-many-proposals',
        detail: /^64 sources are proposed in this election, at most 64 allowed$/,
      },
    ]
  for (const { description, before, from, source, code, detail } of cases) {
    it(description, () => {
      const chain = new TestChain(CROWD)
      before(chain)
      const refusal = chain.refusal(ratify(from, source))
      assert.equal(refusal.code, code)
      assert.match(refusal.detail, detail)
    })
  }

  it('neither bound keeps support from a source that has it', () => {
    const chain = opened()
    chain.block({ transactions: [move('a', 1), ...many(4)] })
    chain.block({ transactions: [move('a', 1), ratify('a', 'a 0')] })
    assert.equal(weightOf(chain, 'a 0'), 2)
    const crowd = opened(CROWD)
    proposeAll(crowd)
    crowd.block({ transactions: [ratify('v1', 'h7 3')] })
    assert.equal(weightOf(crowd, 'h7 3'), 6 * COIN + 1)
  })
})

describe('ledger: what supports a ratification', () => {
  const cases: { description: string; transactions: TxOptions[]; weight: number; by: Record<string, number> }[] = [
    { description: 'coins that were moved', transactions: [move('a', 3), ratify('a')], weight: 3, by: { a: 3 } },
    { description: 'what is bonded to a verifier', transactions: [ratify('v1')], weight: 6 * COIN, by: { v1: 6 * COIN } },
    {
      description: 'all that was bonded when the election opened and still is, delegated or own',
      transactions: [
        { from: 'a', action: act.delegate('v1', COIN), fee: 0 },
        { from: 'v1', action: act.unstake(3 * COIN), fee: 0 },
        ratify('v1'),
      ],
      weight: 4 * COIN,
      by: { v1: 4 * COIN },
    },
    {
      description: 'nothing that was bonded since',
      transactions: [{ from: 'a', action: act.delegate('v1', COIN), fee: 0 }, ratify('v1')],
      weight: 6 * COIN,
      by: { v1: 6 * COIN },
    },
    {
      description: 'the weight at the last support, in place of the one before',
      transactions: [move('a', 3), ratify('a'), move('a', 4), ratify('a'), ratify('a')],
      weight: 7,
      by: { a: 7 },
    },
    {
      description: 'less, if coins were taken back since the support before',
      transactions: [ratify('v1'), { from: 'v1', action: act.unstake(2 * COIN), fee: 0 }, ratify('v1')],
      weight: 4 * COIN,
      by: { v1: 4 * COIN },
    },
    {
      description: 'the sum of all who do, each as much as it held at most',
      transactions: [move('a', 3), ratify('a'), move('b', 4 * COIN, 'c'), ratify('b'), ratify('v1')],
      weight: 10 * COIN + 3,
      by: { a: 3, b: 4 * COIN, v1: 6 * COIN },
    },
  ]
  for (const { description, transactions, weight, by } of cases) {
    it(description, () => {
      const chain = opened()
      blocks(chain, transactions)
      assert.equal(weightOf(chain), weight)
      for (const [name, droplets] of Object.entries(by))
        assert.deepEqual(ballotOf(chain, name).sources, [{ source: sourceOf('s'), weightDroplets: droplets }])
    })
  }

  it('is counted for each source by itself, in the order in which they were proposed', () => {
    const chain = opened()
    blocks(chain, [ratify('v1', 'two'), move('a', 3), ratify('a', 'one'), ratify('a', 'two')])
    assert.deepEqual(electionOf(chain).proposals, [
      { source: sourceOf('two'), weightDroplets: 6 * COIN + 3, passedHeight: null },
      { source: sourceOf('one'), weightDroplets: 3, passedHeight: null },
    ])
  })
})

describe('ledger: a ratification passes', () => {
  /** Supported by exactly half of all coins. */
  const half = (source = 's'): TestChain => {
    const chain = opened()
    blocks(chain, [ratify('v1', source), move('a', 4 * COIN), ratify('a', source)])
    return chain
  }
  const ratified = ({ state }: TestChain): Globals['ratified'] => state.globals.ratified

  it('not at exactly half of all coins, and with a droplet more', () => {
    const chain = half()
    assert.equal(weightOf(chain), 10 * COIN)
    assert.equal(chain.state.globals.supplyDroplets, 20 * COIN)
    assert.equal(ratified(chain), null)
    const passing = chain.block({ transactions: [move('b', 1), ratify('b')] })
    const { height } = passing.globals
    assert.deepEqual(passing.receipt.events, [{ kind: 'ratified', source: sourceOf('s'), weightDroplets: 10 * COIN + 1 }])
    assert.deepEqual(ratified(chain), { source: sourceOf('s'), height })
    assert.equal(electionOf(chain).proposals[0]?.passedHeight, height)
  })

  it('not while new coins keep the support at half of them', () => {
    const chain = new TestChain({ ...TWENTY, parameters: { ...TWENTY.parameters, blockRewardDroplets: 2 } })
    open(chain)
    blocks(chain, [ratify('v1'), move('a', 4 * COIN), ratify('a')])
    // Two droplets more in each block, so half of all is one more.
    for (const droplets of [1, 1, 1]) {
      const { receipt } = chain.block({ transactions: [move('b', droplets), ratify('b')] })
      assert.deepEqual(receipt.events, [])
    }
    assert.equal(eventsOf(chain.block({ transactions: [move('b', 10), ratify('b')] }), 'ratified').length, 1)
  })

  it('with the next support after coins were burned', () => {
    const chain = half()
    chain.block({ transactions: [{ from: 'c', action: act.register('v5') }] })
    assert.equal(ratified(chain), null)
    assert.equal(eventsOf(chain.block({ transactions: [ratify('a')] }), 'ratified').length, 1)
  })

  it('once in an election: support of an older source does not bring it back', () => {
    const chain = half('one')
    chain.block({ transactions: [move('b', 1), ratify('b', 'one')] })
    blocks(chain, [ratify('v1', 'two'), ratify('a', 'two'), ratify('b', 'two')])
    const passed = ratified(chain)
    assert.equal(passed?.source, sourceOf('two'))
    const { receipt } = chain.block({ transactions: [move('c', 1), ratify('c', 'one'), ratify('c', 'two')] })
    assert.deepEqual(receipt.events, [])
    assert.deepEqual(ratified(chain), passed)
  })

  it('again in a later election', () => {
    const chain = half()
    chain.block({ transactions: [move('b', 1), ratify('b')] })
    close(chain)
    const first = ratified(chain)
    assert.equal(chain.state.globals.election, null)
    open(chain)
    assert.deepEqual(electionOf(chain).proposals, [])
    blocks(chain, [ratify('v1'), move('new', 4 * COIN, 'a'), ratify('new')])
    assert.deepEqual(ratified(chain), first)
    const { height } = chain.block({ transactions: [move('b', 1), ratify('b')] }).globals
    assert.deepEqual(ratified(chain), { source: sourceOf('s'), height })
  })

  it('not with what supported it in an election that is over', () => {
    const chain = half()
    close(chain)
    assert.equal(ratified(chain), null)
    open(chain)
    blocks(chain, [move('b', 4 * COIN), ratify('b')])
    assert.equal(weightOf(chain), 4 * COIN)
    assert.equal(ratified(chain), null)
  })
})
