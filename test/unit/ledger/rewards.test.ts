import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PPM } from '../../../src/base/ratio.ts'
import type { Verifier } from '../../../src/ledger/account.ts'
import type { Reward } from '../../../src/ledger/receipt.ts'
import { delegatorsPart, shareReward, splitReward } from '../../../src/ledger/rewards.ts'
import { act, addressOfName, COIN, eventsOf, TestChain, VERIFIERS } from './fixtures.ts'

const most = Number.MAX_SAFE_INTEGER

describe('ledger: sharing a reward', () => {
  const cases: { description: string; total: number; ppm: number; signers: number[]; stakes: number[]; maker: number; each: number[] }[] = [
    {
      description: 'a fifth to the maker, the rest by stake',
      total: 1000,
      ppm: 200_000,
      signers: [0, 1],
      stakes: [3, 1],
      maker: 200,
      each: [600, 200],
    },
    {
      description: 'those who did not sign get nothing',
      total: 1000,
      ppm: 200_000,
      signers: [1],
      stakes: [3, 1],
      maker: 200,
      each: [0, 800],
    },
    {
      description: 'what rounding leaves goes to the maker',
      total: 100,
      ppm: 0,
      signers: [0, 1, 2],
      stakes: [1, 1, 1],
      maker: 1,
      each: [33, 33, 33],
    },
    {
      description: "the maker's share is rounded down first",
      total: 9,
      ppm: 150_000,
      signers: [0, 1],
      stakes: [1, 3],
      maker: 1,
      each: [2, 6],
    },
    { description: 'nothing of nothing', total: 0, ppm: 200_000, signers: [0], stakes: [1], maker: 0, each: [0] },
    { description: 'one droplet', total: 1, ppm: 200_000, signers: [0, 1], stakes: [1, 1], maker: 1, each: [0, 0] },
    { description: 'all to the signers', total: 10, ppm: 0, signers: [0], stakes: [7], maker: 0, each: [10] },
    { description: 'all to the maker', total: 10, ppm: PPM, signers: [0], stakes: [7], maker: 10, each: [0] },
    { description: 'nobody signed', total: 10, ppm: 0, signers: [], stakes: [7], maker: 10, each: [0] },
    { description: 'only weightless members signed', total: 10, ppm: 0, signers: [0], stakes: [0, 7], maker: 10, each: [0, 0] },
    {
      description: 'the most there can be',
      total: most,
      ppm: 500_000,
      signers: [0, 1],
      stakes: [most - 1, 1],
      maker: 2 ** 52,
      each: [2 ** 52 - 1, 0],
    },
  ]
  for (const { description, total, ppm, signers, stakes, maker, each } of cases) {
    it(description, () => assert.deepEqual(shareReward(total, ppm, signers, stakes), { makerDroplets: maker, signerDroplets: each }))
  }

  it('gives away all of it, each by its stake to less than a droplet, the maker no less than its share', () => {
    const stake = fc.oneof(fc.nat(5), fc.nat(1e12))
    const quorum = fc.array(fc.tuple(stake, fc.boolean()), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(50), fc.maxSafeNat()),
        fc.integer({ min: 0, max: PPM }),
        quorum,
        fc.nat(),
        (total, ppm, members, some) => {
          const stakes = members.map(([of]) => of)
          const signers = members.flatMap(([, signs], index) => (signs ? [index] : []))
          const maker = some % members.length
          const { makerDroplets, signerDroplets } = shareReward(total, ppm, signers, stakes)
          assert.equal(
            signerDroplets.reduce((sum, part) => sum + BigInt(part), BigInt(makerDroplets)),
            BigInt(total),
          )
          const forMaker = (BigInt(total) * BigInt(ppm)) / BigInt(PPM)
          assert.ok(BigInt(makerDroplets) >= forMaker)
          const signed = signers.reduce((sum, index) => sum + BigInt(stakes[index] ?? 0), 0n)
          for (const [index, part] of signerDroplets.entries()) {
            const exact = (BigInt(total) - forMaker) * BigInt(stakes[index] ?? 0)
            assert.equal(BigInt(part), signed === 0n || !signers.includes(index) ? 0n : exact / signed)
          }
          const split = splitReward(total, ppm, maker, signers, stakes)
          assert.deepEqual(
            split,
            signerDroplets.map((part, index) => part + (index === maker ? makerDroplets : 0)),
          )
        },
      ),
      { numRuns: 200, seed: 20_261_121 },
    )
  })

  const parts: { description: string; own: number; delegated: number; commissionPpm: number; droplets: number; part: [number, number] }[] =
    [
      { description: 'nothing is delegated', own: 5, delegated: 0, commissionPpm: 0, droplets: 100, part: [0, 0] },
      { description: 'by their part of what is bonded', own: 30, delegated: 10, commissionPpm: 0, droplets: 100, part: [25, 0] },
      { description: 'less commission', own: 30, delegated: 10, commissionPpm: 200_000, droplets: 100, part: [20, 5] },
      {
        description: 'rounded to the advantage of who delegates',
        own: 30,
        delegated: 10,
        commissionPpm: 199_999,
        droplets: 100,
        part: [21, 4],
      },
      { description: 'all is delegated', own: 0, delegated: 10, commissionPpm: 0, droplets: 100, part: [100, 0] },
      { description: 'the verifier keeps all', own: 0, delegated: 10, commissionPpm: PPM, droplets: 100, part: [0, 100] },
      { description: 'too little to share', own: 30, delegated: 10, commissionPpm: 0, droplets: 3, part: [0, 0] },
      {
        description: 'of the most there can be',
        own: 1,
        delegated: most - 1,
        commissionPpm: 500_000,
        droplets: most,
        part: [2 ** 52 - 1, 2 ** 52 - 1],
      },
    ]
  for (const { description, own, delegated, commissionPpm, droplets, part } of parts) {
    it(`with delegators: ${description}`, () => {
      const verifier: Verifier = {
        ...{ peerId: 'P', blsKey: '0a'.repeat(48), commissionPpm, registeredHeight: 0, stakeDroplets: own, delegatedDroplets: delegated },
        ...{ delegationShares: delegated, jailedUntilSlot: null, tally: { election: 0, droplets: 0 }, offences: [] },
      }
      const [delegatorsDroplets, commissionDroplets] = part
      assert.deepEqual(delegatorsPart(verifier, droplets), { delegatorsDroplets, commissionDroplets })
    })
  }
})

/** A receipt's rewards as [as maker, as signer, to delegators, of that commission] by name. */
const rewardsOf = ({ receipt }: { receipt: { rewards: readonly Reward[] } }, names: readonly string[]): Record<string, number[]> =>
  Object.fromEntries(
    receipt.rewards.map(({ verifier, makerDroplets, signerDroplets, delegatorsDroplets, commissionDroplets }) => [
      names.find((name) => addressOfName(name) === verifier) ?? verifier,
      [makerDroplets, signerDroplets, delegatorsDroplets, commissionDroplets],
    ]),
  )
const V = Object.keys(VERIFIERS)

describe('ledger: rewards of a block', () => {
  it('come with the next, to its maker and to those whose signatures it names, with its fees', () => {
    const chain = new TestChain()
    const first = chain.block({ maker: 'v3', transactions: [{ from: 'a', action: act.transfer('b', 1), fee: 35 }] })
    assert.deepEqual([first.receipt.mintedDroplets, first.receipt.sharedFeesDroplets, first.receipt.rewards], [0, 0, []])
    assert.equal(chain.state.globals.feesDroplets, 35)
    const before = V.map((name) => chain.account(name).droplets)
    const second = chain.block({
      maker: 'v1',
      signers: ['v1', 'v2', 'v4'],
      transactions: [{ from: 'a', action: act.transfer('b', 1), fee: 50 }],
    })
    const { mintedDroplets, sharedFeesDroplets, feesDroplets } = second.receipt
    assert.deepEqual([mintedDroplets, sharedFeesDroplets, feesDroplets], [1000, 35, 50])
    // 1,035: 207 for the maker v3, who did not sign, 828 by 40, 30 and 10 of 80.
    assert.deepEqual(rewardsOf(second, V), { v1: [0, 414, 0, 0], v2: [0, 310, 0, 0], v4: [0, 103, 0, 0], v3: [208, 0, 0, 0] })
    assert.deepEqual(
      V.map((name, index) => chain.account(name).droplets - (before[index] ?? 0)),
      [414, 310, 208, 103],
    )
    assert.deepEqual(
      second.receipt.rewards.map(({ verifier }) => verifier),
      V.map(addressOfName).sort(),
    )
    // The next pays v1, who made the second.
    assert.deepEqual(rewardsOf(chain.block({ signers: ['v1'] }), V), { v1: [210, 840, 0, 0] })
    const { globals } = chain.state
    assert.deepEqual([globals.mintedDroplets, globals.supplyDroplets], [2000, 800 * COIN + 2000])
  })

  it('go to the maker alone where nobody with weight has signed', () => {
    const chain = new TestChain()
    chain.block({ maker: 'v2' })
    assert.deepEqual(rewardsOf(chain.block({ signers: [] }), V), { v2: [1000, 0, 0, 0] })
  })

  it('are shared with delegators, less commission, and add to what is delegated', () => {
    const chain = new TestChain({ verifiers: { v1: { stake: 30 * COIN, commission: 200_000 }, v2: 30 * COIN } })
    chain.block({
      transactions: [
        { from: 'a', action: act.delegate('v1', 2 * COIN) },
        { from: 'b', action: act.delegate('v1', 8 * COIN) },
      ],
    })
    const before = chain.account('v1').droplets
    // 1,020: 204 for the maker v2, 408 for each as signer. Of v1's a quarter is its delegators', who pay it a fifth.
    const transition = chain.block({ signers: ['v1', 'v2'] })
    assert.deepEqual(rewardsOf(transition, V), { v1: [0, 408, 82, 20], v2: [204, 408, 0, 0] })
    const { stakeDroplets, delegatedDroplets, delegationShares } = chain.verifier('v1')
    assert.deepEqual([stakeDroplets, delegatedDroplets, delegationShares], [30 * COIN, 10 * COIN + 82, 10 * COIN])
    assert.equal(chain.account('v1').droplets, before + 408 - 82)
    // By share: a fifth and four fifths of 82, rounded down.
    chain.block({
      signers: [],
      transactions: [
        { from: 'a', action: act.undelegate('v1') },
        { from: 'b', action: act.undelegate('v1') },
      ],
    })
    assert.deepEqual(
      ['a', 'b'].map((name) => chain.account(name).bonds?.unbonding[0]?.droplets),
      [2 * COIN + 16, 8 * COIN + 66],
    )
  })

  it('of a maker are shared with its delegators too', () => {
    const chain = new TestChain({ verifiers: { v1: 30 * COIN, v2: 30 * COIN } })
    chain.block({ maker: 'v1', transactions: [{ from: 'a', action: act.delegate('v1', 10 * COIN) }] })
    assert.deepEqual(rewardsOf(chain.block({ signers: ['v2'] }), V), { v1: [202, 0, 50, 0], v2: [0, 808, 0, 0] })
  })

  it('go to the delegators of a verifier that has nothing of its own left, and to it again when they are gone', () => {
    const chain = new TestChain({ verifiers: { v1: 9 * COIN, v2: 9 * COIN } })
    chain.block({ transactions: [{ from: 'a', action: act.delegate('v1', COIN) }] })
    chain.block({ maker: 'v2', transactions: [{ from: 'v1', action: act.unstake() }] })
    assert.deepEqual(rewardsOf(chain.block({ maker: 'v2', signers: ['v1'] }), V), { v1: [0, 808, 808, 0], v2: [202, 0, 0, 0] })
    chain.block({ maker: 'v2', signers: [], transactions: [{ from: 'a', action: act.undelegate('v1') }] })
    assert.deepEqual(rewardsOf(chain.block({ signers: ['v1'] }), V), { v1: [0, 808, 0, 0], v2: [202, 0, 0, 0] })
  })

  it('may be fees alone, and nothing at all', () => {
    const chain = new TestChain({ parameters: { blockRewardDroplets: 0 } })
    chain.send('a', act.transfer('b', 1), { fee: 100 })
    const { receipt } = chain.block({ signers: ['v1'] })
    assert.deepEqual([receipt.mintedDroplets, receipt.sharedFeesDroplets], [0, 100])
    assert.equal(
      receipt.rewards.reduce((sum, { makerDroplets, signerDroplets }) => sum + makerDroplets + signerDroplets, 0),
      100,
    )
    const empty = chain.block()
    assert.deepEqual([empty.receipt.rewards, empty.changes.size], [[], 0])
  })

  it('are minted up to the most coins that there can be', () => {
    const staked = 100 * COIN
    const chain = new TestChain({ funds: { a: { droplets: most - staked - 1500, microHours: COIN } } })
    const minted = [1, 2, 3, 4].map(() => chain.block().receipt.mintedDroplets)
    assert.deepEqual(minted, [0, 1000, 500, 0])
    assert.deepEqual([chain.state.globals.supplyDroplets, chain.state.globals.mintedDroplets], [most, 1500])
    // Fees go on.
    chain.send('a', act.transfer('b', 1), { fee: 10 })
    assert.equal(chain.block({ signers: ['v1'] }).receipt.rewards.length, 2)
  })

  it('are not minted anew for coins that were burned: no sum of coins outgrows what a number holds', () => {
    const chain = new TestChain({
      funds: { a: { droplets: most - 100 * COIN - 1500, microHours: COIN } },
      parameters: { blockRewardDroplets: most, verifierFeeDroplets: 4e15 },
    })
    chain.send('a', act.register('a'))
    assert.deepEqual([chain.block().receipt.mintedDroplets, chain.block().receipt.mintedDroplets], [1500, 0])
    const { supplyDroplets, burnedDroplets, mintedDroplets } = chain.state.globals
    assert.deepEqual([supplyDroplets, burnedDroplets, mintedDroplets], [most - 4e15, 4e15, 1500])
  })
})

describe('ledger: rewards over a change of the quorum', () => {
  it('go to those who sealed the parent, with the weights that they had for it', () => {
    const chain = new TestChain()
    // v1 is found out in this block, which the whole quorum still seals.
    const found = chain.block({ maker: 'v2', offenders: { v1: 1000 } })
    assert.equal(eventsOf(found, 'jailed').length, 1)
    // 1,000: 200 for v2 and 800 by 40, 30, 20 and 10. The caretakers weigh for this block only.
    const next = chain.block({ maker: 'v3' })
    assert.deepEqual(rewardsOf(next, V), { v1: [0, 320, 0, 0], v2: [200, 240, 0, 0], v3: [0, 160, 0, 0], v4: [0, 80, 0, 0] })
    // Sealed by the caretakers: what v1 signs is worth nothing.
    assert.deepEqual(rewardsOf(chain.block(), V), { v2: [0, 400, 0, 0], v3: [201, 266, 0, 0], v4: [0, 133, 0, 0] })
  })

  it('go by the places of the quorum that sealed the parent, also to who has left it', () => {
    const chain = new TestChain({ parameters: { quorumSize: 2 } })
    chain.send('a', act.delegate('v3', 40 * COIN))
    chain.block({ slot: 80 })
    assert.deepEqual(chain.quorumNames(V), ['v1', 'v2'])
    chain.block({ slot: 100, maker: 'v2' })
    assert.deepEqual(chain.quorumNames(V), ['v1', 'v3'])
    // The block of the handover was made by v2 and sealed by v1 and v2, who weigh 40 and 30.
    const first = chain.block({ slot: 101, maker: 'v3', signers: ['v1', 'v2'] })
    assert.deepEqual(rewardsOf(first, V), { v1: [0, 457, 0, 0], v2: [201, 342, 0, 0] })
    // Then by v3, whose weight are its 20 coins and the 40 that are delegated to it.
    const { delegatedDroplets } = chain.verifier('v3')
    const second = chain.block({ slot: 102, signers: ['v1', 'v3'] })
    assert.deepEqual(rewardsOf(second, V), { v1: [0, 320, 0, 0], v3: [200, 480, 453, 0] })
    assert.equal(chain.verifier('v3').delegatedDroplets, delegatedDroplets + 453)
    assert.throws(() => chain.context({ signers: ['v2'] }), /v2 is in the quorum/)
  })
})
