import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Account, emptyAccount, type Unbonding } from '../../../src/ledger/account.ts'
import { delegationValue } from '../../../src/ledger/bonds.ts'
import { restoreState } from '../../../src/ledger/state.ts'
import { act, addressOfName, COIN, eventsOf, FUNDS, genesisOf, stateOf, TestChain, type TxOptions, type World } from './fixtures.ts'

/** One verifier to whom all rewards go, so that a block adds to what a share is worth. */
const worldOf = (blockRewardDroplets: number): World => ({
  verifiers: { v1: 2000 * COIN },
  funds: { ...FUNDS, a: { droplets: 1000 * COIN, microHours: COIN } },
  parameters: { blockRewardDroplets, coinHourSeconds: 1 },
})
const sharesOf = (chain: TestChain, name: string): number =>
  chain.account(name).bonds?.delegations.find(({ verifier }) => verifier === addressOfName('v1'))?.shares ?? 0
const worthInDroplets = (chain: TestChain, name: string): number => delegationValue(chain.verifier('v1'), sharesOf(chain, name))
const unbondingOf = (chain: TestChain, name: string): number[] =>
  (chain.account(name).bonds?.unbonding ?? []).map(({ droplets }) => droplets)
/** What a pool is: droplets and the shares of them. */
const poolOf = (chain: TestChain): [number, number] => [chain.verifier('v1').delegatedDroplets, chain.verifier('v1').delegationShares]

describe('ledger: shares of what is delegated', () => {
  it('the first are a droplet each; rewards make each worth more, and later ones cost more', () => {
    const chain = new TestChain(worldOf(100 * COIN))
    chain.send('a', act.delegate('v1', 50 * COIN))
    assert.deepEqual([sharesOf(chain, 'a'), ...poolOf(chain)], [50 * COIN, 50 * COIN, 50 * COIN])
    // The reward of that block: 100,000,010 droplets by 50 of 2,050 coins.
    chain.block()
    assert.deepEqual(poolOf(chain), [52_439_024, 50 * COIN])
    const before = chain.account('b').droplets
    chain.send('b', act.delegate('v1', 50 * COIN))
    // First came 100,000,000 droplets by 52,439,024 of 2,052,439,024. Then 54,993,985 of them are 50,000,000 shares.
    assert.deepEqual([sharesOf(chain, 'b'), sharesOf(chain, 'a')], [45_459_517, 50 * COIN])
    assert.deepEqual(poolOf(chain), [54_993_985 + 50 * COIN, 95_459_517])
    assert.equal(chain.account('b').droplets, before - 50 * COIN - 10)
    assert.deepEqual([worthInDroplets(chain, 'a'), worthInDroplets(chain, 'b')], [54_993_985, 49_999_999])
  })

  it('of which none is left take nothing with them: the last one out empties the pool', () => {
    const chain = new TestChain(worldOf(777))
    for (const from of ['a', 'b', 'c']) chain.send(from, act.delegate('v1', 7 * COIN + 1))
    for (const from of ['b', 'a']) chain.send(from, act.undelegate('v1'))
    const [droplets, shares] = poolOf(chain)
    assert.ok(droplets > shares && shares > 0)
    chain.block({ transactions: [{ from: 'c', action: act.undelegate('v1') }] })
    assert.deepEqual(poolOf(chain), [0, 0])
    // And the next one begins anew.
    chain.send('a', act.delegate('v1', 5))
    assert.deepEqual(poolOf(chain), [5, 5])
  })

  it('are paid for whole, and what is too much for them stays with the sender', () => {
    const chain = new TestChain({ verifiers: { v1: COIN }, parameters: { blockRewardDroplets: COIN } })
    chain.send('a', act.delegate('v1', 3))
    chain.send('b', act.delegate('v1', 600_000))
    // Three droplets of reward, for the three of 1,000,003 that were delegated: a share is worth two.
    const [droplets, shares] = poolOf(chain)
    assert.deepEqual([droplets, shares, sharesOf(chain, 'b')], [600_006, 300_003, 300_000])
    const before = chain.account('c').droplets
    // By then there are 375,006 more, a share is worth 975,012 / 300,003, and 5 droplets pay for one, which costs 4.
    chain.send('c', act.delegate('v1', 5))
    assert.deepEqual([chain.account('c').droplets, sharesOf(chain, 'c')], [before - 10 - 4, 1])
    assert.deepEqual(poolOf(chain), [975_012 + 4, 300_004])
  })

  it('are taken back whole: who asks for less than one is worth gets what it is worth', () => {
    // The only share, of one droplet, to which a verifier's rewards go that has no stake of its own left.
    const chain = new TestChain({ ...worldOf(10 * COIN), verifiers: { v1: 60 * COIN, v2: 60 * COIN } })
    chain.send('a', act.delegate('v1', 1))
    chain.send('v1', act.unstake())
    chain.block({ maker: 'v2' })
    const [droplets, shares] = poolOf(chain)
    assert.ok(droplets > COIN && shares === 1, `${droplets} droplets in ${shares} share`)
    const { movedDroplets } = chain.block({ signers: ['v2'], transactions: [{ from: 'a', action: act.undelegate('v1', 1) }] })
    assert.deepEqual([movedDroplets, unbondingOf(chain, 'a'), ...poolOf(chain)], [droplets, [droplets], 0, 0])
  })

  it('that are left keep their worth when somebody takes a part back', () => {
    const chain = new TestChain(worldOf(0))
    chain.block({
      transactions: [
        { from: 'a', action: act.delegate('v1', 10) },
        { from: 'b', action: act.delegate('v1', 5) },
      ],
    })
    chain.send('a', act.undelegate('v1', 3))
    assert.deepEqual([unbondingOf(chain, 'a'), sharesOf(chain, 'a'), ...poolOf(chain)], [[3], 7, 12, 12])
    // In the block of the delegation it moved what it named, taking back what came back.
    const again = chain.send('a', act.undelegate('v1', 7))
    assert.deepEqual([unbondingOf(chain, 'a'), again.movedDroplets, ...poolOf(chain)], [[3, 7], 7, 5, 5])
    assert.deepEqual(chain.account('a').bonds?.delegations, [])
  })

  it('are never worth less for what another does, and who acts loses less than a droplet', () => {
    const steps = fc.array(
      fc.record({
        from: fc.constantFrom('a', 'b', 'c'),
        kind: fc.constantFrom('delegate', 'delegate', 'undelegate', 'all'),
        amount: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: COIN })),
      }),
      { maxLength: 30, size: 'max' },
    )
    const names = ['a', 'b', 'c']
    let done = 0
    fc.assert(
      fc.property(fc.constantFrom(0, 3, COIN), steps, (blockRewardDroplets, taken) => {
        const chain = new TestChain({ verifiers: { v1: 2 * COIN }, parameters: { blockRewardDroplets } })
        for (const { from, kind, amount } of taken) {
          const action = kind === 'delegate' ? act.delegate('v1', amount) : act.undelegate('v1', kind === 'all' ? null : amount)
          // The rewards that the block begins with come first.
          chain.block()
          const transactions = [{ from, action }]
          if (chain.assembled({ signers: [], transactions }).included.length === 0) continue
          const before = names.map((name) => wealthOf(chain, name))
          const price = worthOf(chain, 1)
          chain.block({ signers: [], transactions })
          done++
          const [droplets, shares] = poolOf(chain)
          assert.equal(shares === 0, droplets === 0, `${droplets} droplets in ${shares} shares`)
          assert.equal(shares, sharesOf(chain, 'a') + sharesOf(chain, 'b') + sharesOf(chain, 'c'))
          if (price[0] > 0 && shares > 0) assert.ok(compare(worthOf(chain, 1), price) >= 0, 'a share is worth no less')
          for (const [index, name] of names.entries()) {
            const [was, rest] = before[index] as Fraction
            const least: Fraction = name === from ? [was - 11n * rest, rest] : [was, rest]
            const difference = compare(wealthOf(chain, name), least)
            assert.ok(name === from ? difference > 0 : difference >= 0, `${name} has lost more than a droplet to ${kind}`)
          }
        }
      }),
      { numRuns: 60, seed: 20_261_121 },
    )
    assert.ok(done > 300, `only ${done} transactions were valid`)
  })
})

describe('ledger: what comes back from bonds', () => {
  const released = (chain: TestChain, slot: number) => eventsOf(chain.block({ slot }), 'released')
  /** Elections of which no block is left out: epoch 1 begins with the block of slot 100. */
  const handover = (chain: TestChain): void => {
    for (const slot of [80, 100]) chain.block({ slot })
    assert.equal(chain.state.globals.epoch, 1)
  }

  it('is there with the first block so many slots after the end of its epoch, not before', () => {
    const chain = new TestChain()
    chain.block({ slot: 5, transactions: [{ from: 'v1', action: act.unstake(7 * COIN) }] })
    assert.deepEqual(chain.account('v1').bonds?.unbonding, [{ verifier: addressOfName('v1'), droplets: 7 * COIN, epoch: 0 }])
    handover(chain)
    assert.deepEqual(chain.state.globals.handovers, [{ epoch: 0, height: 3, slot: 100 }])
    assert.deepEqual(released(chain, 399), [])
    const before = chain.account('v1').droplets
    const transition = chain.block({ slot: 400, signers: [] })
    assert.deepEqual(eventsOf(transition, 'released'), [
      { kind: 'released', account: addressOfName('v1'), verifier: addressOfName('v1'), droplets: 7 * COIN },
    ])
    assert.deepEqual([chain.account('v1').droplets, chain.account('v1').bonds], [before + 7 * COIN, null])
    assert.deepEqual(released(chain, 401), [])
  })

  it('can be spent in that block', () => {
    const chain = new TestChain({ funds: { v4: { droplets: 20, microHours: COIN } } })
    chain.send('v4', act.unstake())
    handover(chain)
    const pays: TxOptions = { from: 'v4', action: act.transfer('a', 10 * COIN) }
    assert.equal(chain.refusal(pays, { slot: 399, signers: [] }).code, 'insufficient-coins')
    chain.block({ slot: 400, signers: [], transactions: [pays] })
    assert.equal(chain.account('a').droplets, 10 * COIN)
  })

  it('waits for the quorum to end that was elected with it, however late that is', () => {
    const chain = new TestChain()
    chain.block({ slot: 5, transactions: [{ from: 'v1', action: act.unstake(COIN) }] })
    // The election that was due in slot 80 opens only now.
    assert.deepEqual(released(chain, 305), [])
    assert.deepEqual(released(chain, 324), [])
    assert.deepEqual([released(chain, 325), chain.state.globals.epoch], [[], 1])
    assert.deepEqual(released(chain, 624), [])
    assert.equal(released(chain, 625).length, 1)
  })

  it('comes back by the end of its own epoch, whatever ends after that', () => {
    const chain = new TestChain()
    chain.block({ slot: 5, transactions: [{ from: 'v1', action: act.unstake(COIN) }] })
    handover(chain)
    chain.block({ slot: 150, transactions: [{ from: 'v1', action: act.unstake(2 * COIN) }] })
    for (const slot of [180, 200, 280, 300, 380]) chain.block({ slot })
    assert.deepEqual(
      chain.state.globals.handovers.map(({ epoch, slot }) => [epoch, slot]),
      [
        [0, 100],
        [1, 200],
        [2, 300],
      ],
    )
    // The block of another handover gives back what is due in its slot.
    assert.deepEqual(
      [400, 499, 500].map((slot) => released(chain, slot).map(({ droplets }) => droplets)),
      [[COIN], [], [2 * COIN]],
    )
  })

  it('waits for the next quorum if it was taken back in the block of a handover', () => {
    const chain = new TestChain()
    chain.block({ slot: 80 })
    chain.block({ slot: 100, transactions: [{ from: 'v1', action: act.unstake(COIN) }] })
    assert.equal(chain.account('v1').bonds?.unbonding[0]?.epoch, 1)
    assert.deepEqual(released(chain, 400), [])
    assert.deepEqual([released(chain, 420), chain.state.globals.epoch], [[], 2])
    assert.deepEqual(released(chain, 719), [])
    assert.equal(released(chain, 720).length, 1)
  })

  it('waits on where an election keeps the quorum that it was elected with', () => {
    const chain = new TestChain({ verifiers: { v1: 9 * COIN } })
    chain.block({ slot: 5, transactions: [{ from: 'v1', action: act.unstake(6 * COIN) }] })
    chain.block({ slot: 6, transactions: [{ from: 'v1', action: act.unstake() }] })
    chain.block({ slot: 80 })
    assert.equal(eventsOf(chain.block({ slot: 100 }), 'election-settled')[0]?.by, 'kept')
    assert.deepEqual(released(chain, 1000), [])
    // Somebody else is elected, with stake that was there when the election opened.
    chain.block({ slot: 1001, transactions: [{ from: 'a', action: act.register('a') }] })
    chain.block({ slot: 1002, transactions: [{ from: 'a', action: act.stake(2 * COIN) }] })
    chain.block({ slot: 1020 })
    chain.block({ slot: 1080 })
    assert.deepEqual([released(chain, 1100), chain.state.globals.epoch], [[], 1])
    assert.deepEqual(
      released(chain, 1400).map(({ droplets }) => droplets),
      [6 * COIN, 3 * COIN],
    )
  })

  it('comes sum by sum, those of a block by account and then in the order in which they were taken back', () => {
    const chain = new TestChain()
    const names = ['a', 'b', 'c'].sort((left, right) => (addressOfName(left) < addressOfName(right) ? -1 : 1))
    chain.block({ slot: 1, transactions: names.map((from) => ({ from, action: act.delegate('v1', 9) })) })
    chain.block({
      slot: 2,
      transactions: names.toReversed().flatMap((from) => [5, 3].map((amount) => ({ from, action: act.undelegate('v1', amount) }))),
    })
    chain.block({ slot: 3, transactions: [{ from: 'a', action: act.undelegate('v1', 1) }] })
    handover(chain)
    assert.deepEqual(
      released(chain, 400).map(({ account, droplets }) => [account, droplets]),
      names.flatMap((name) => (name === 'a' ? [5, 3, 1] : [5, 3]).map((droplets) => [addressOfName(name), droplets])),
    )
    assert.deepEqual(chain.account('a').bonds, null)
  })

  it('comes in the next block where a block gives back as much as it may', () => {
    const { chainId, accounts, globals, quorum, headQuorum } = stateOf()
    const sum: Unbonding = { verifier: addressOfName('v1'), droplets: 1, epoch: 0 }
    const empty = emptyAccount(genesisOf().timeMs)
    const waiting = Array.from({ length: 313 }, (_, index): [string, Account] => [
      addressOfName(`w${index}`),
      // 312 accounts with 32 sums each, and one with 17: one more than 10,000 in all.
      { ...empty, bonds: { delegations: [], unbonding: new Array(index === 312 ? 17 : 32).fill(sum) } },
    ])
    const state = restoreState(genesisOf(), chainId, {
      accounts: [...accounts.entries(), ...waiting],
      globals: {
        ...{ ...globals, epoch: 1, supplyDroplets: globals.supplyDroplets + 10_001 },
        handovers: [{ epoch: 0, height: 0, slot: 0 }],
      },
      ...{ quorum, headQuorum },
    })
    const chain = new TestChain({}, state)
    assert.deepEqual(
      [299, 300, 301, 302].map((slot) => released(chain, slot).length),
      [0, 10_000, 1, 0],
    )
  })
})

describe('ledger: coin-hours and bonds', () => {
  it('bonded coins earn none, and neither do those on their way back; once there they do', () => {
    // All fees go to a maker to whom nobody delegates.
    const chain = new TestChain({ parameters: { blockRewardDroplets: 0, makerSharePpm: 1_000_000 } })
    const burn = (transition: { receipt: { burnedMicroHours: number } }): number => transition.receipt.burnedMicroHours
    let burned = burn(chain.block({ slot: 10, transactions: [{ from: 'a', action: act.delegate('v1', 40 * COIN) }] }))
    burned += burn(chain.block({ slot: 20, transactions: [{ from: 'a', action: act.undelegate('v1', 40 * COIN) }] }))
    for (const slot of [80, 100, 399]) chain.block({ slot })
    const spans: [slots: number, droplets: number][] = [
      [10, 100 * COIN],
      [10, 60 * COIN - 10],
      [380, 60 * COIN - 20],
    ]
    const earned = (of: typeof spans): number => {
      const dropletMs = of.reduce((sum, [slots, droplets]) => sum + BigInt(slots * 1000) * BigInt(droplets), 0n)
      return COIN + Number(dropletMs / 3_600_000n) - burned
    }
    assert.equal(chain.account('a', 400).microHours, earned(spans))
    chain.block({ slot: 400 })
    assert.equal(chain.account('a').microHours, earned(spans))
    assert.equal(chain.account('a', 500).microHours, earned([...spans, [100, 100 * COIN - 20]]))
  })

  it('own stake earns none', () => {
    const chain = new TestChain({ funds: { v1: { droplets: 100, microHours: COIN } }, parameters: { coinHourSeconds: 1 } })
    assert.equal(chain.account('v1', 50).microHours, COIN + 50 * 100)
  })
})

/** Droplets, exactly: over what they are divided by. */
type Fraction = readonly [bigint, bigint]
const compare = (left: Fraction, right: Fraction): number => Number(left[0] * right[1] - right[0] * left[1])
const worthOf = (chain: TestChain, shares: number): Fraction => {
  const [droplets, all] = poolOf(chain)
  return all === 0 ? [0n, 1n] : [BigInt(shares) * BigInt(droplets), BigInt(all)]
}
/** What an account has, in its own hands, on its way back and bonded. */
const wealthOf = (chain: TestChain, name: string): Fraction => {
  const [worth, over] = worthOf(chain, sharesOf(chain, name))
  const plain = chain.account(name).droplets + unbondingOf(chain, name).reduce((sum, droplets) => sum + droplets, 0)
  return [BigInt(plain) * over + worth, over]
}
