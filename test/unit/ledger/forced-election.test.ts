import assert from 'node:assert/strict'
import { Execution, valueLimitDroplets } from '../../../src/ledger/apply.ts'
import { invalidateQuorum } from '../../../src/ledger/elections.ts'
import { advance } from '../../../src/ledger/state.ts'
import type { Quorum } from '../../../src/wire/quorum.ts'
import { ballotOf, close, electionOf, namesOf, open, resultOf, vote } from './election-fixtures.ts'
import { act, addressOfName, COIN, TestChain, tx, VERIFIERS, type World } from './fixtures.ts'

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
    assert.deepEqual(receipt.events, [
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
    assert.deepEqual(receipt.events, [{ kind: 'jailed', verifier: addressOfName('v3'), untilSlot: 600 }])
    assert.deepEqual([electionOf(chain).number, electionOf(chain).closesSlot], [1, 40])
    assert.equal(chain.state.quorum.totalStakeDroplets, 40 * COIN)
    assert.deepEqual(resultOf(close(chain), NAMES).names, ['v2', 'v4'])
  })

  it('an offender without weight is only jailed for longer', () => {
    const chain = new TestChain()
    chain.block({ slot: 30, offenders: { v1: 500 } })
    const caretakers = chain.state.quorum
    assert.deepEqual(kindsOf(chain, { offenders: { v1: 700 } }), ['jailed'])
    assert.equal(chain.state.quorum.hash, caretakers.hash)
    assert.equal(chain.verifier('v1').jailedUntilSlot, 700)
    close(chain)
    assert.deepEqual(kindsOf(chain, { offenders: { v1: 800 } }), ['jailed'])
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
    assert.deepEqual(kindsOf(chain, { slot: 85, offenders: { v1: 1000 } }), ['jailed'])
    assert.deepEqual([electionOf(chain).cause, electionOf(chain).closesSlot], ['epoch', 100])
    assert.equal(chain.state.quorum.totalStakeDroplets, 60 * COIN)
    assert.deepEqual(resultOf(close(chain), NAMES).names, ['v2', 'v3', 'v4'])
  })

  it('are not opened by the block that opens a regular one', () => {
    const chain = new TestChain()
    assert.deepEqual(kindsOf(chain, { slot: 80, offenders: { v1: 1000 } }), ['election-opened', 'jailed'])
    assert.equal(electionOf(chain).cause, 'epoch')
  })

  it('are opened by the block that settles one if the offender was elected, and not if it was not', () => {
    const world: World = { parameters: { quorumSize: 2, minTurnoutPpm: 0 }, verifiers: { ...VERIFIERS, v4: 20 * COIN } }
    const chain = new TestChain(world)
    open(chain, { transactions: vote('a', 40, ['v3', 'v4']) })
    assert.deepEqual(kindsOf(chain, { slot: 100, offenders: { v1: 1000, v3: 1000 } }), [
      'election-settled',
      'jailed',
      'jailed',
      'election-opened',
    ])
    assert.deepEqual(weights(chain.state.quorum).sort(), [
      ['v3', 0],
      ['v4', 20],
    ])
    assert.deepEqual([electionOf(chain).number, electionOf(chain).cause, electionOf(chain).closesSlot], [2, 'forced', 110])
    assert.equal(chain.state.globals.epoch, 1)
    assert.deepEqual(resultOf(close(chain), NAMES).names, ['v2', 'v4'])
  })

  it('an account held what it had when the offence came, in the middle of a block', () => {
    const chain = new TestChain()
    const [transfer, again] = [0, 1].map((nonce) => tx({ from: 'a', action: act.transfer('b', 10 * COIN), nonce }))
    const slip = tx({ from: 'a', action: act.slip('v2'), nonce: 2 })
    assert.ok(transfer !== undefined && again !== undefined)
    const execution = new Execution(chain.state, chain.context({ slot: 30 }))
    assert.equal(execution.add(transfer), null)
    invalidateQuorum(execution.draft, addressOfName('v1'), 500)
    const early = tx({ from: 'a', action: act.slip('v2'), nonce: 1 })
    assert.equal(execution.add(early)?.code, 'nothing-moved')
    assert.equal(execution.add(again), null)
    assert.equal(execution.add(slip), null)
    advance(chain.state, execution.finish())
    const heldDroplets = 90 * COIN - 10
    assert.deepEqual([ballotOf(chain, 'a').heldDroplets, ballotOf(chain, 'a').movedDroplets], [heldDroplets, 10 * COIN])
    assert.equal(ballotOf(chain, 'b').heldDroplets, 110 * COIN)
    assert.equal(electionOf(chain).votedDroplets, 10 * COIN)
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
