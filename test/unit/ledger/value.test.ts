import assert from 'node:assert/strict'
import fc from 'fast-check'
import { valueLimitDroplets } from '../../../src/ledger/apply.ts'
import { createQuorum } from '../../../src/wire/quorum.ts'
import { act, addressOfName, COIN, FUNDS, TestChain, type TxOptions, type World } from './fixtures.ts'

const most = Number.MAX_SAFE_INTEGER
/** 100 coins of stake in three places: a block moves 66.666666 coins. */
const LIMIT = 66_666_666
const RICH = { droplets: 1000 * COIN, microHours: COIN }
const WORLD: World = {
  verifiers: { v1: 90 * COIN, v2: 10 * COIN },
  funds: { a: RICH, b: RICH, v1: RICH, v2: RICH },
  parameters: { blockRewardDroplets: 0 },
}
/** 70 coins of a and b each that are delegated to v1, and no reward or fee that adds to them. */
function delegated(): TestChain {
  const chain = new TestChain({ ...WORLD, parameters: { blockRewardDroplets: 0, makerSharePpm: 1_000_000 } })
  for (const from of ['a', 'b'])
    for (const amount of [60, 10]) chain.block({ maker: 'v2', transactions: [{ from, action: act.delegate('v1', amount * COIN) }] })
  return chain
}

describe('ledger: how much a block may move', () => {
  for (const stake of [1, 2, 3, 4, 5, 9 * COIN, most - 2, most - 1, most]) {
    it(`two thirds of ${stake}, rounded down`, () => {
      const quorum = createQuorum([{ id: addressOfName('v1'), peerId: 'P', blsKey: '0a'.repeat(48), stakeDroplets: stake }])
      assert.equal(BigInt(valueLimitDroplets({ quorum })), (BigInt(stake) * 2n) / 3n)
    })
  }

  const kinds: { description: string; from: string; to: (amount: number) => TxOptions['action'] }[] = [
    { description: 'a transfer', from: 'a', to: (amount) => act.transfer('b', amount) },
    { description: 'a transfer to oneself', from: 'a', to: (amount) => act.transfer('a', amount) },
    { description: 'stake', from: 'v1', to: act.stake },
    { description: 'stake that is taken back', from: 'v1', to: act.unstake },
    { description: 'a delegation', from: 'a', to: (amount) => act.delegate('v1', amount) },
    { description: 'a delegation that is taken back', from: 'a', to: (amount) => act.undelegate('v1', amount) },
  ]
  for (const { description, from, to } of kinds) {
    it(`${description} of exactly the limit, and no droplet more`, () => {
      const chain = delegated()
      assert.equal(valueLimitDroplets(chain.state), LIMIT)
      assert.deepEqual(chain.refusal({ from, action: to(LIMIT + 1) }), {
        code: 'value-above-stake',
        detail: 'moves 66.666667 coins; the stake of the quorum can secure at most 66.666666 coins now',
      })
      assert.equal(chain.send(from, to(LIMIT)).movedDroplets, LIMIT)
    })

    for (const other of kinds) {
      it(`${description} and, of somebody else, ${other.description}: together at most the limit`, () => {
        const chain = delegated()
        const second = other.from === 'a' ? 'b' : 'v2'
        const transactions = [
          { from, action: to(LIMIT - 9 * COIN) },
          { from: second, action: other.to(9 * COIN) },
        ]
        assert.equal(chain.assembled({ transactions }).transition.movedDroplets, LIMIT)
        const above = [...transactions.slice(0, 1), { from: second, action: other.to(9 * COIN + 1) }]
        const { code, detail } = chain.refusedBlock({ transactions: above })
        assert.equal(code, 'block-value-above-stake')
        assert.match(
          detail,
          /^transaction 1 \([0-9a-f]{64}\): the block would move 66.666667 coins; .* at most 66.666666 coins a block now$/,
        )
        assert.equal(chain.block({ transactions }).movedDroplets, LIMIT)
      })
    }
  }

  const whole: { description: string; from: string; action: TxOptions['action']; value: string }[] = [
    { description: 'all of a stake', from: 'v1', action: act.unstake(), value: '90' },
    { description: 'all of a delegation', from: 'a', action: act.undelegate('v1'), value: '70' },
  ]
  for (const { description, from, action, value } of whole) {
    it(`${description} counts in full`, () => {
      const { code, detail } = delegated().refusal({ from, action })
      assert.deepEqual([code, detail.slice(0, detail.indexOf(';'))], ['value-above-stake', `moves ${value} coins`])
    })
  }

  it('is asked of an amount before there is that much', () => {
    for (const action of [
      act.unstake(most),
      act.undelegate('v1', most),
      act.undelegate('nobody', most),
      act.stake(most),
      act.delegate('v1', most),
    ]) {
      const { code, detail } = new TestChain(WORLD).refusal({ from: 'a', action })
      assert.equal(code, 'value-above-stake', action.kind)
      assert.match(detail, /^moves 9007199254.740991 coins;/)
    }
  })

  it('fees, burns and what has no amount are not moved', () => {
    const chain = new TestChain(WORLD)
    const transactions: TxOptions[] = [
      { from: 'a', action: act.register('a'), fee: 900 * COIN },
      { from: 'b', action: act.vouch('v1'), fee: 900 * COIN },
      { from: 'b', action: act.transfer('a', 0, 5), fee: 10 },
    ]
    assert.equal(chain.block({ transactions }).movedDroplets, 0)
  })

  it('a transaction that is refused moves nothing', () => {
    const chain = new TestChain(WORLD)
    const { included, transition } = chain.assembled({
      transactions: [
        { from: 'a', action: act.stake(LIMIT) },
        { from: 'b', action: act.transfer('a', LIMIT) },
      ],
    })
    assert.deepEqual([included.length, transition.movedDroplets], [1, LIMIT])
  })

  it('is by the weight of the quorum that signs: bonds count from the next election on', () => {
    const chain = new TestChain({ ...WORLD, funds: { ...FUNDS, a: RICH } })
    chain.send('a', act.delegate('v1', 50 * COIN))
    assert.equal(valueLimitDroplets(chain.state), LIMIT)
    chain.block({ slot: 80 })
    const pays: TxOptions = { from: 'a', action: act.transfer('b', 100 * COIN) }
    assert.equal(chain.refusal(pays, { slot: 100 }).code, 'value-above-stake')
    chain.block({ slot: 100 })
    // 150 coins, and what the delegation has earned of a fee.
    assert.equal(chain.block({ transactions: [pays] }).movedDroplets, 100 * COIN)
  })

  it('falls with an offender, after the block that finds it out', () => {
    const chain = new TestChain(WORLD)
    const pays: TxOptions = { from: 'a', action: act.transfer('b', LIMIT) }
    assert.equal(chain.block({ offenders: { v1: 1000 }, transactions: [pays] }).movedDroplets, LIMIT)
    assert.equal(valueLimitDroplets(chain.state), 6_666_666)
    assert.match(chain.refusal(pays).detail, /^moves 66.666666 coins; the stake of the quorum can secure at most 6.666666 coins now$/)
  })

  it('is what no block of any transactions exceeds', () => {
    const amount = fc.oneof(fc.integer({ min: 1, max: 40 * COIN }), fc.constantFrom(LIMIT, LIMIT + 1, most))
    const one = fc.tuple(fc.constantFrom(...kinds), amount).map(([{ from, to }, droplets]) => ({ from, action: to(droplets) }))
    let full = 0
    fc.assert(
      fc.property(fc.array(one, { maxLength: 10 }), (transactions) => {
        const chain = delegated()
        const { included, refused, transition } = chain.assembled({ transactions })
        assert.equal(included.length + refused.length, transactions.length)
        assert.ok(transition.movedDroplets <= LIMIT)
        if (refused.some(({ refusal }) => refusal.code === 'block-value-above-stake')) full++
      }),
      { numRuns: 100, seed: 20_261_121 },
    )
    assert.ok(full > 10, `only ${full} blocks were full`)
  })
})
