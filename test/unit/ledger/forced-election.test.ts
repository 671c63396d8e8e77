import assert from 'node:assert/strict'
import { valueLimitDroplets } from '../../../src/ledger/apply.ts'
import type { Quorum } from '../../../src/wire/quorum.ts'
import { ballotOf, close, electionOf, namesOf, open, resultOf, vote } from './election-fixtures.ts'
import { act, addressOfName, blsKeyOf, COIN, eventsOf, proofOf, TestChain, VERIFIERS, type World } from './fixtures.ts'

const NAMES = ['v1', 'v2', 'v3', 'v4']
/** Coins of stake by name, of all members in their order. */
const weights = ({ members }: Quorum): [string, number][] =>
  members.map(({ id, stakeDroplets }) => [namesOf([id], NAMES)[0] ?? id, stakeDroplets / COIN])
const kindsOf = (chain: TestChain, options: Parameters<TestChain['block']>[0]): string[] =>
  chain.block(options).receipt.events.map(({ kind }) => kind)

describe('ledger: a quorum that is invalidated', () => {
  it('goes on without the weight of the offender from the next height, and an election opens at once', () => {
    const chain = new TestChain()
    const old = chain.state.quorum
    const { receipt, globals } = chain.block({ slot: 30, offenders: { v1: 500 } })
    assert.deepEqual(receipt.events.slice(1), [
      { kind: 'jailed', verifier: addressOfName('v1'), untilSlot: 500 },
      { kind: 'election-opened', number: 1, cause: 'forced', closesSlot: 40 },
    ])
    assert.equal(chain.verifier('v1').jailedUntilSlot, 500)
    assert.deepEqual([globals.epoch, globals.nextElectionSlot, globals.election?.openedHeight], [0, 80, 1])
    // The block itself is the old quorum's; places in it stay what they were.
    assert.equal(chain.state.headQuorum, old)
    assert.deepEqual(
      weights(chain.state.quorum),
      weights(old).map(([name, coins]) => [name, name === 'v1' ? 0 : coins]),
    )
    assert.notEqual(chain.state.quorum.hash, old.hash)
    assert.equal(globals.quorum, chain.state.quorum.hash)
    assert.equal(chain.state.quorum.totalStakeDroplets, 60 * COIN)
  })

  it('can secure less at once', () => {
    const chain = new TestChain()
    assert.equal(valueLimitDroplets(chain.state), 66_666_666)
    chain.block({ offenders: { v1: 500 }, transactions: [{ from: 'a', action: act.transfer('b', 66 * COIN) }] })
    assert.equal(valueLimitDroplets(chain.state), 40 * COIN)
    assert.deepEqual(chain.refusal({ from: 'b', action: act.transfer('a', 40 * COIN + 1) }), {
      code: 'value-above-stake',
      detail: 'moves 40.000001 coins; the stake of the quorum can secure at most 40 coins now',
    })
    chain.send('b', act.transfer('a', 40 * COIN))
  })

  it('pays the offender for what it signed before, and nothing for its signature after', () => {
    const chain = new TestChain()
    chain.block()
    chain.block({ offenders: { v1: 500 } })
    const paid = (): string[] =>
      namesOf(
        chain.block({ maker: 'v2', signers: NAMES }).receipt.rewards.map(({ verifier }) => verifier),
        NAMES,
      ).sort()
    assert.deepEqual(paid(), ['v1', 'v2', 'v3', 'v4'])
    assert.deepEqual(paid(), ['v2', 'v3', 'v4'])
  })

  it('a second offender while that election is open loses its weight too, and the election stays as it is', () => {
    const chain = new TestChain()
    chain.block({ slot: 30, offenders: { v1: 500 } })
    const { receipt } = chain.block({ slot: 35, offenders: { v3: 600 } })
    assert.deepEqual(receipt.events.slice(1), [{ kind: 'jailed', verifier: addressOfName('v3'), untilSlot: 600 }])
    assert.deepEqual([electionOf(chain).number, electionOf(chain).closesSlot], [1, 40])
    assert.equal(chain.state.quorum.totalStakeDroplets, 40 * COIN)
    assert.deepEqual(resultOf(close(chain), NAMES).names, ['v2', 'v4'])
  })

  it('an offender without weight is only jailed for longer', () => {
    const chain = new TestChain()
    chain.block({ slot: 30, offenders: { v1: 500 } })
    const caretakers = chain.state.quorum
    assert.deepEqual(kindsOf(chain, { offenders: { v1: 700 } }), ['slashed', 'jailed'])
    assert.equal(chain.state.quorum.hash, caretakers.hash)
    assert.equal(chain.verifier('v1').jailedUntilSlot, 700)
    close(chain)
    assert.deepEqual(kindsOf(chain, { offenders: { v1: 800 } }), ['slashed', 'jailed'])
    assert.equal(chain.state.globals.election, null)
  })

  it('the last with any weight keeps it: somebody must sign', () => {
    const chain = new TestChain({ verifiers: { v1: 40 * COIN } })
    chain.block({ slot: 30, offenders: { v1: 500 } })
    assert.deepEqual(weights(chain.state.quorum), [['v1', 40]])
    assert.equal(electionOf(chain).cause, 'forced')
    assert.deepEqual(resultOf(close(chain), NAMES).by, 'kept')

    const four = new TestChain()
    four.block({ slot: 30, offenders: { v1: 500, v2: 500, v3: 500, v4: 500 } })
    assert.deepEqual(
      weights(four.state.quorum).filter(([, coins]) => coins > 0),
      [['v4', 10]],
    )
    // Nothing but its weight is spared.
    assert.deepEqual([four.verifier('v4').jailedUntilSlot, four.verifier('v4').stakeDroplets], [500, 9.5 * COIN])
  })

  it('of several in one piece of evidence the last by key keeps its weight', () => {
    const chain = new TestChain()
    const byKey = NAMES.toSorted((left, right) => (blsKeyOf(left) < blsKeyOf(right) ? -1 : 1))
    chain.block({ slot: 30, evidence: [proofOf(NAMES, { height: 1 })] })
    assert.deepEqual(
      weights(chain.state.quorum).filter(([, coins]) => coins > 0),
      [[byKey.at(-1), VERIFIERS[byKey.at(-1) as keyof typeof VERIFIERS] / COIN]],
    )
  })
})

describe('ledger: forced elections', () => {
  it('end after their slots with a quorum without the offender, whatever slips say', () => {
    const chain = new TestChain()
    chain.block({ slot: 30, offenders: { v1: 500 }, transactions: vote('a', 60, ['v1', 'v4']) })
    chain.block({ slot: 39, transactions: vote('b', 40, ['v1', 'v2']) })
    const result = resultOf(chain.block({ slot: 40 }), NAMES)
    assert.deepEqual([result.by, result.votedDroplets], ['slips', 100 * COIN])
    assert.deepEqual(result.elected, [
      ['v4', 60 * COIN, 10 * COIN],
      ['v2', 40 * COIN, 30 * COIN],
      ['v3', 0, 20 * COIN],
    ])
    assert.deepEqual(chain.quorumNames(NAMES), ['v2', 'v3', 'v4'])
    assert.deepEqual([chain.state.globals.epoch, chain.state.globals.nextElectionSlot], [1, 80])
  })

  it('an offender can be elected again from its slot on', () => {
    const chain = new TestChain()
    chain.block({ slot: 30, offenders: { v1: 200 } })
    close(chain)
    for (const [slot, isElected] of [
      [100, false],
      [200, true],
    ] as const) {
      open(chain)
      resultOf(chain.block({ slot }), NAMES)
      assert.equal(chain.quorumNames(['v1']).length === 1, isElected, `slot ${slot}`)
    }
  })

  const cases: { description: string; slot: number; settles: number; nextElectionSlot: number }[] = [
    { description: 'over before the regular one opens', slot: 50, settles: 60, nextElectionSlot: 80 },
    { description: 'over in the slot before', slot: 69, settles: 79, nextElectionSlot: 80 },
    { description: 'over in the slot in which it would open: left out', slot: 70, settles: 80, nextElectionSlot: 180 },
    { description: 'over while it would be open: left out', slot: 79, settles: 89, nextElectionSlot: 180 },
    { description: 'settled late, after an outage: left out', slot: 50, settles: 93, nextElectionSlot: 180 },
    { description: 'settled after the end of the epoch', slot: 50, settles: 130, nextElectionSlot: 180 },
    { description: 'settled some epochs late', slot: 50, settles: 585, nextElectionSlot: 680 },
  ]
  for (const { description, slot, settles, nextElectionSlot } of cases) {
    it(description, () => {
      const chain = new TestChain()
      chain.block({ slot, offenders: { v1: 1000 } })
      resultOf(chain.block({ slot: settles }), NAMES)
      const { globals } = chain.state
      assert.deepEqual([globals.nextElectionSlot, globals.election, globals.epoch], [nextElectionSlot, null, 1])
      assert.deepEqual(open(chain).receipt.events, [
        { kind: 'election-opened', number: 2, cause: 'epoch', closesSlot: nextElectionSlot + 20 },
      ])
    })
  }

  it('are not opened while a regular one is open, which then ends as planned without the offender', () => {
    const chain = new TestChain()
    open(chain)
    assert.deepEqual(kindsOf(chain, { slot: 85, offenders: { v1: 1000 } }), ['slashed', 'jailed'])
    assert.deepEqual([electionOf(chain).cause, electionOf(chain).closesSlot], ['epoch', 100])
    assert.equal(chain.state.quorum.totalStakeDroplets, 60 * COIN)
    assert.deepEqual(resultOf(close(chain), NAMES).names, ['v2', 'v3', 'v4'])
  })

  it('take the place of a regular one that is due in the same block, and are open for their slots', () => {
    for (const slot of [80, 85, 250]) {
      const chain = new TestChain()
      assert.deepEqual(kindsOf(chain, { slot, offenders: { v1: 1000 } }), ['slashed', 'jailed', 'election-opened'])
      const { cause, closesSlot, number } = electionOf(chain)
      assert.deepEqual([cause, closesSlot, number], ['forced', slot + 10, 1], `slot ${slot}`)
      assert.equal(chain.state.quorum.totalStakeDroplets, 60 * COIN)
      chain.block({ slot: slot + 8, transactions: vote('a', 40, ['v4']) })
      chain.block({ slot: slot + 9, transactions: vote('b', 40, ['v4']) })
      assert.deepEqual(resultOf(close(chain), NAMES).names, ['v4', 'v2', 'v3'])
    }
  })

  it('are not opened by the block that settles one: who is found out in it is not elected', () => {
    const world: World = { parameters: { quorumSize: 2, minTurnoutPpm: 0 }, verifiers: { ...VERIFIERS, v4: 20 * COIN } }
    const chain = new TestChain(world)
    open(chain, { transactions: vote('a', 40, ['v3', 'v4']) })
    const kinds = kindsOf(chain, { slot: 100, offenders: { v1: 1000, v3: 1000 } })
    assert.deepEqual(kinds, ['slashed', 'jailed', 'slashed', 'jailed', 'election-settled'])
    assert.deepEqual(weights(chain.state.quorum).sort(), [
      ['v2', 30],
      ['v4', 20],
    ])
    assert.deepEqual([chain.state.globals.election, chain.state.globals.epoch], [null, 1])
    // One that was elected by then is found out a block later.
    assert.deepEqual(kindsOf(chain, { offenders: { v4: 1000 } }), ['slashed', 'jailed', 'election-opened'])
    assert.deepEqual(resultOf(close(chain), NAMES).names, ['v2'])
  })

  it('that nobody can win keep the quorum without the weight of the offender', () => {
    const chain = new TestChain({ parameters: { minStakeDroplets: 40 * COIN } })
    chain.block({ slot: 30, offenders: { v1: 500 } })
    assert.equal(resultOf(close(chain), NAMES).by, 'kept')
    assert.deepEqual([chain.state.quorum.totalStakeDroplets, chain.state.globals.epoch, chain.state.globals.handovers], [60 * COIN, 0, []])
  })

  it('an account held what it had when the evidence came, the reward for that included', () => {
    const chain = new TestChain()
    const before = chain.account('v2').droplets
    const transactions = [...vote('v2', 10, ['v3']), ...vote('a', 10, ['v3'])]
    const [slashed] = eventsOf(chain.block({ slot: 30, maker: 'v2', offenders: { v1: 500 }, transactions }), 'slashed')
    assert.equal(slashed?.rewardDroplets, COIN / 10)
    assert.equal(ballotOf(chain, 'v2').heldDroplets, before + COIN / 10)
    assert.equal(ballotOf(chain, 'a').heldDroplets, 100 * COIN)
    assert.equal(electionOf(chain).votedDroplets, 20 * COIN)
  })

  it('a second offender of the same block had, by its ballot, what it had when the first one opened the election', () => {
    const chain = new TestChain()
    chain.block({ slot: 30, offenders: { v1: 500, v2: 500 } })
    assert.deepEqual([chain.verifier('v1').stakeDroplets, chain.verifier('v2').stakeDroplets], [38 * COIN, 28.5 * COIN])
    assert.equal(chain.account('v1').ballot, null)
    chain.block({ transactions: [{ from: 'v1', action: act.transfer('a', 1) }] })
    assert.deepEqual([ballotOf(chain, 'v1').bondedDroplets, ballotOf(chain, 'v2').bondedDroplets], [38 * COIN, 30 * COIN])
  })

  it('take the tickets of their blocks into the next seed, as regular ones do', () => {
    const [one, other] = ['1', '2'].map((digit) => {
      const chain = new TestChain()
      chain.block({ slot: 30, offenders: { v1: 500 }, ticket: digit.repeat(64) })
      const { epochSeed } = chain.state.globals
      close(chain)
      assert.notEqual(chain.state.globals.epochSeed, epochSeed)
      return chain.state.globals.epochSeed
    })
    assert.notEqual(one, other)
  })
})
