import assert from 'node:assert/strict'
import { concatBytes } from '../../../src/base/bytes.ts'
import { fromHex } from '../../../src/base/hex.ts'
import { sha256Hex } from '../../../src/crypto/sha256.ts'
import { apply, valueLimitDroplets } from '../../../src/ledger/apply.ts'
import { isElectionDue } from '../../../src/ledger/elections.ts'
import type { Transition } from '../../../src/ledger/state.ts'
import type { Parameters } from '../../../src/wire/genesis.ts'
import { ballotOf, close, electionOf, namesOf, open, resultOf, vote } from './election-fixtures.ts'
import { act, addressOfName, COIN, eventsOf, FUNDS, TestChain, type TxOptions, type World } from './fixtures.ts'

const NAMES = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']
const STAKES: Readonly<Record<string, number>> = { v1: 400, v2: 300, v3: 200, v4: 100 }
/** Two seats, and 1,700 coins that no reward adds to: slips of 68 are the least turnout. */
const SMALL: World = {
  parameters: { quorumSize: 2, blockRewardDroplets: 0, minTurnoutPpm: 40_000 },
  verifiers: { v1: 400 * COIN, v2: 300 * COIN, v3: 200 * COIN, v4: 100 * COIN },
}
const membersOf = ({ state }: TestChain): string[] =>
  namesOf(
    state.quorum.members.map(({ id }) => id),
    NAMES,
  ).sort()

describe('ledger elections: slips that are refused', () => {
  const cases: {
    description: string
    world?: World
    before?: (chain: TestChain) => void
    slip: TxOptions
    code: string
    detail: RegExp
  }[] = [
    {
      description: 'before the first election',
      slip: { from: 'a', action: act.slip('v1') },
      code: 'no-election',
      detail: /^no election is open; the next opens in slot 80$/,
    },
    {
      description: 'when the election is over',
      before: (chain) => {
        open(chain, { transactions: vote('a', 50, ['v1']) })
        close(chain)
      },
      slip: { from: 'a', action: act.slip('v1') },
      code: 'no-election',
      detail: /^no election is open; the next opens in slot 180$/,
    },
    {
      description: 'in the block that settles it',
      before: (chain) => {
        open(chain, { transactions: [{ from: 'a', action: act.transfer('b', COIN) }] })
        chain.slot = 99
      },
      slip: { from: 'a', action: act.slip('v1') },
      code: 'no-election',
      detail: /^no election is open; the next opens in slot 180$/,
    },
    {
      description: 'with more choices than the chain allows',
      before: (chain) => void open(chain, { transactions: [{ from: 'a', action: act.transfer('b', COIN) }] }),
      slip: { from: 'a', action: act.slip('v1', 'v2', 'v3', 'v4') },
      code: 'too-many-choices',
      detail: /^names 4 verifiers, at most 3 allowed$/,
    },
    {
      description: 'for somebody who is no verifier',
      before: (chain) => void open(chain, { transactions: [{ from: 'a', action: act.transfer('b', COIN) }] }),
      slip: { from: 'a', action: act.slip('v1', 'c') },
      code: 'unknown-verifier',
      detail: new RegExp(`^${addressOfName('c')} is no registered verifier$`),
    },
    {
      description: 'by who has moved nothing',
      before: (chain) => void open(chain),
      slip: { from: 'a', action: act.slip('v1') },
      code: 'nothing-moved',
      detail: /^held 100 coins when the election opened and has moved 0 since: only coins that were moved to another account vote$/,
    },
    {
      description: 'by who has moved coins to itself only',
      before: (chain) => void open(chain, { transactions: [{ from: 'a', action: act.transfer('a', COIN) }] }),
      slip: { from: 'a', action: act.slip('v1') },
      code: 'nothing-moved',
      detail: /^held 100 coins .* has moved 0 since/,
    },
    {
      description: 'by who has moved coins before the election only',
      before: (chain) => {
        chain.send('a', act.transfer('b', COIN))
        open(chain)
      },
      slip: { from: 'a', action: act.slip('v1') },
      code: 'nothing-moved',
      detail: /^held 98.99999 coins .* has moved 0 since/,
    },
    {
      description: 'by who has bonded coins only',
      before: (chain) => void open(chain, { transactions: [{ from: 'a', action: act.delegate('v1', COIN) }] }),
      slip: { from: 'a', action: act.slip('v1') },
      code: 'nothing-moved',
      detail: /^held 100 coins .* has moved 0 since/,
    },
    {
      description: 'by who got the coins that it moves in the election',
      before: (chain) => {
        open(chain, { transactions: [{ from: 'a', action: act.transfer('new', 5 * COIN, 10_000) }] })
        chain.send('new', act.transfer('b', COIN))
      },
      slip: { from: 'new', action: act.slip('v1') },
      code: 'nothing-moved',
      detail: /^held 0 coins when the election opened and has moved 1 since/,
    },
    {
      description: 'by who has moved coins in the election before only',
      before: (chain) => {
        open(chain, { transactions: vote('a', 50, ['v1']) })
        close(chain)
        open(chain)
      },
      slip: { from: 'a', action: act.slip('v1') },
      code: 'nothing-moved',
      detail: /^held 49.99998 coins .* has moved 0 since/,
    },
  ]
  for (const { description, world, before, slip, code, detail } of cases) {
    it(description, () => {
      const chain = new TestChain(world)
      before?.(chain)
      const refusal = chain.refusal(slip)
      assert.equal(refusal.code, code)
      assert.match(refusal.detail, detail)
    })
  }

  it('looks at the number of choices before it looks at them, and at them before the coins', () => {
    const chain = new TestChain()
    open(chain)
    assert.equal(chain.refusal({ from: 'a', action: act.slip('b', 'c', 'd', 'e') }).code, 'too-many-choices')
    assert.equal(chain.refusal({ from: 'a', action: act.slip('b', 'v1') }).code, 'unknown-verifier')
  })
})

describe('ledger elections: when they open and close', () => {
  const cases: {
    description: string
    opens: number
    closesSlot: number
    settles: number
    nextElectionSlot: number
  }[] = [
    { description: 'as planned', opens: 80, closesSlot: 100, settles: 100, nextElectionSlot: 180 },
    { description: 'in the first block after the planned slots', opens: 83, closesSlot: 100, settles: 104, nextElectionSlot: 180 },
    { description: 'in the last slot of an epoch', opens: 99, closesSlot: 100, settles: 100, nextElectionSlot: 180 },
    { description: 'no block until the next epoch: a whole election', opens: 100, closesSlot: 120, settles: 120, nextElectionSlot: 180 },
    { description: 'no block for several epochs', opens: 557, closesSlot: 577, settles: 577, nextElectionSlot: 580 },
    { description: 'so late that it covers the next', opens: 270, closesSlot: 290, settles: 290, nextElectionSlot: 380 },
    { description: 'settled just before the next is due', opens: 80, closesSlot: 100, settles: 179, nextElectionSlot: 180 },
    { description: 'settled in the slot in which the next would open', opens: 80, closesSlot: 100, settles: 180, nextElectionSlot: 280 },
    { description: 'settled in the next election', opens: 80, closesSlot: 100, settles: 199, nextElectionSlot: 280 },
    { description: 'settled an epoch late', opens: 80, closesSlot: 100, settles: 200, nextElectionSlot: 280 },
    { description: 'settled several epochs late', opens: 80, closesSlot: 100, settles: 777, nextElectionSlot: 780 },
  ]
  for (const { description, opens, closesSlot, settles, nextElectionSlot } of cases) {
    it(description, () => {
      const chain = new TestChain(SMALL)
      assert.deepEqual(chain.block({ slot: 79 }).receipt.events, [])
      assert.equal(isElectionDue(chain.state, 79), false)
      assert.equal(isElectionDue(chain.state, opens), true)
      const opened = chain.block({ slot: opens })
      assert.deepEqual(opened.receipt.events, [{ kind: 'election-opened', number: 1, cause: 'epoch', closesSlot }])
      assert.equal(electionOf(chain).openedHeight, 2)
      if (closesSlot - 1 > opens) assert.deepEqual(chain.block({ slot: closesSlot - 1 }).receipt.events, [])
      assert.equal(isElectionDue(chain.state, closesSlot - 1), false)
      assert.equal(isElectionDue(chain.state, settles), true)
      const { number, by } = resultOf(chain.block({ slot: settles }), NAMES)
      assert.deepEqual([number, by], [1, 'stake'])
      const { globals } = chain.state
      assert.deepEqual([globals.epoch, globals.elections, globals.election, globals.nextElectionSlot], [1, 1, null, nextElectionSlot])
      assert.deepEqual(
        eventsOf(open(chain), 'election-opened').map(({ number }) => number),
        [2],
      )
    })
  }

  it('one block opens or settles one, never both: the next is due at once if it is late', () => {
    const chain = new TestChain({ parameters: { epochSlots: 2, electionSlots: 1, forcedElectionSlots: 1 } })
    const kinds = [...Array(10).keys()].map((slot) =>
      chain
        .block({ slot: slot + 1 })
        .receipt.events.map(({ kind }) => kind)
        .join(),
    )
    assert.deepEqual(
      kinds,
      [...Array(5)].flatMap(() => ['election-opened', 'election-settled']),
    )
    assert.equal(chain.state.globals.epoch, 5)
  })
})

describe('ledger elections: what an account held when the election opened', () => {
  it('is what it held before the opening block, whenever it is first touched', () => {
    const chain = new TestChain()
    chain.send('a', act.transfer('b', 7 * COIN))
    open(chain)
    assert.equal(chain.account('b').ballot, null)
    chain.send('c', act.transfer('b', 3 * COIN))
    const ballot = { election: 1, heldDroplets: 107 * COIN, bondedDroplets: 0, movedDroplets: 0, slip: null, sources: [] }
    assert.deepEqual(ballotOf(chain, 'b'), ballot)
    chain.send('b', act.transfer('c', 66 * COIN))
    chain.send('b', act.transfer('c', 43 * COIN))
    assert.deepEqual(ballotOf(chain, 'b'), { ...ballot, movedDroplets: 109 * COIN })
    chain.send('b', act.slip('v1'))
    assert.equal(chain.verifier('v1').tally.droplets, 107 * COIN)
  })

  it('has nothing of what the opening block brings: rewards, fees, and what comes back from bonds', () => {
    const chain = new TestChain({ parameters: { unbondingSlots: 60, evidenceSlots: 50 } })
    chain.send('a', act.delegate('v2', 40 * COIN))
    open(chain)
    chain.send('a', act.undelegate('v2', 40 * COIN))
    close(chain, { transactions: [{ from: 'b', action: act.transfer('c', COIN), fee: 9 * COIN }] })
    const [before, earner] = [chain.account('a'), chain.account('v1')]
    const opened = open(chain)
    assert.deepEqual(
      opened.receipt.events.map(({ kind }) => kind),
      ['election-opened', 'released'],
    )
    assert.equal(chain.account('a').droplets, before.droplets + 40 * COIN)
    assert.equal(ballotOf(chain, 'a').heldDroplets, before.droplets)
    assert.ok(chain.account('v1').droplets > earner.droplets + COIN)
    assert.equal(ballotOf(chain, 'v1').heldDroplets, earner.droplets)
    assert.equal(ballotOf(chain, 'v1').bondedDroplets, 40 * COIN)
  })

  it('is taken anew for each election, and nothing is kept of one that is over', () => {
    const chain = new TestChain(SMALL)
    open(chain, { transactions: vote('a', 30, ['v3']) })
    close(chain, { transactions: [{ from: 'a', action: act.transfer('b', COIN) }] })
    assert.equal(chain.account('a').ballot, null)
    // Touched by nobody since: what it holds is of the election that is over, and counts for nothing.
    assert.equal(chain.account('nobody').ballot?.election, 1)
    assert.equal(chain.verifier('v3').tally.droplets, 30 * COIN)
    open(chain, { transactions: vote('a', 20, ['v4']) })
    assert.deepEqual(ballotOf(chain, 'a').heldDroplets, 69 * COIN - 30)
    assert.equal(ballotOf(chain, 'nobody').heldDroplets, 30 * COIN)
    assert.deepEqual(chain.verifier('v4').tally, { election: 2, droplets: 20 * COIN })
    chain.block({ transactions: vote('b', 60, ['v3']) })
    assert.deepEqual(chain.verifier('v3').tally, { election: 2, droplets: 60 * COIN })
    assert.deepEqual(resultOf(close(chain), NAMES).names, ['v3', 'v4'])
  })
})

describe('ledger elections: slips', () => {
  const cases: {
    description: string
    transactions: TxOptions[][]
    voted: number
    tally: Record<string, number>
  }[] = [
    { description: 'give each choice the whole weight', transactions: [vote('a', 50, ['v1', 'v3'])], voted: 50, tally: { v1: 50, v3: 50 } },
    {
      description: 'weigh what was moved until then, not what is moved later',
      transactions: [[...vote('a', 20, ['v1']), { from: 'a', action: act.transfer('b', 30 * COIN) }]],
      voted: 20,
      tally: { v1: 20 },
    },
    {
      description: 'weigh what was held at most, however often it comes back',
      transactions: [
        [{ from: 'a', action: act.transfer('b', 60 * COIN) }],
        [{ from: 'b', action: act.transfer('a', 60 * COIN) }],
        vote('a', 60, ['v1']),
      ],
      voted: 100,
      tally: { v1: 100 },
    },
    {
      description: 'add up',
      transactions: [vote('a', 50, ['v1', 'v2'], 'b'), vote('b', 60, ['v2'], 'c')],
      voted: 110,
      tally: { v1: 50, v2: 110 },
    },
    {
      description: 'the last of a sender counts, with its weight then',
      transactions: [vote('a', 20, ['v1', 'v2']), vote('a', 30, ['v2', 'v3'])],
      voted: 50,
      tally: { v1: 0, v2: 50, v3: 50 },
    },
    {
      description: 'the last of a sender in a block counts',
      transactions: [[...vote('a', 20, ['v1']), { from: 'a', action: act.slip('v2') }, { from: 'a', action: act.slip('v3') }]],
      voted: 20,
      tally: { v1: 0, v2: 0, v3: 20 },
    },
    {
      description: 'a verifier may name itself, and change its mind',
      transactions: [vote('v1', 20, ['v1', 'v2']), vote('v1', 20, ['v1'])],
      voted: 40,
      tally: { v1: 40, v2: 0 },
    },
    {
      description: 'coins that others sent on count where they were held when it opened',
      transactions: [vote('a', 50, ['v1'], 'new'), [{ from: 'new', action: act.transfer('b', 50 * COIN - 10) }], vote('b', 60, ['v2'])],
      voted: 110,
      tally: { v1: 50, v2: 60 },
    },
  ]
  for (const { description, transactions, voted, tally } of cases) {
    it(description, () => {
      const chain = new TestChain({ funds: { ...FUNDS, new: { droplets: 0, microHours: COIN } } })
      open(chain)
      for (const block of transactions) chain.block({ transactions: block })
      assert.equal(electionOf(chain).votedDroplets, voted * COIN)
      for (const [name, coins] of Object.entries(tally))
        assert.deepEqual(chain.verifier(name).tally, { election: 1, droplets: coins * COIN }, name)
    })
  }

  it('can be given in the block that opens the election', () => {
    const chain = new TestChain()
    open(chain, { transactions: vote('a', 20, ['v1']) })
    assert.deepEqual(ballotOf(chain, 'a').slip, { weightDroplets: 20 * COIN, choices: [addressOfName('v1')] })
  })
})

describe('ledger elections: who is elected', () => {
  const ascending = ['v1', 'v2', 'v3', 'v4'].sort((left, right) => (addressOfName(left) < addressOfName(right) ? -1 : 1))
  const byStake: [string, score: number, stake: number][] = [
    ['v1', 400, 400],
    ['v2', 300, 300],
  ]
  const cases: {
    description: string
    parameters?: Partial<Parameters>
    before?: (chain: TestChain) => void
    transactions?: TxOptions[]
    by: 'slips' | 'stake'
    voted?: number
    elected: [string, score: number, stake: number][]
  }[] = [
    {
      description: 'those whom slips of most weight name, best first, with their stake as it is then',
      before: (chain) => void chain.send('b', act.delegate('v4', 5 * COIN)),
      transactions: [...vote('a', 40, ['v4', 'v3']), ...vote('b', 30, ['v3'])],
      by: 'slips',
      voted: 70,
      elected: [
        ['v3', 70, 200],
        ['v4', 40, 105],
      ],
    },
    {
      description: 'a seat that no slip fills goes to the lowest id',
      transactions: vote('a', 70, [ascending[3] ?? '']),
      by: 'slips',
      voted: 70,
      elected: [ascending[3] ?? '', ascending[0] ?? ''].map((name, index) => [name, index === 0 ? 70 : 0, STAKES[name] ?? 0]),
    },
    { description: 'without slips, those with the most stake', by: 'stake', elected: byStake },
    {
      description: 'without slips where none are needed, those with the most stake',
      parameters: { minTurnoutPpm: 0 },
      by: 'stake',
      elected: byStake,
    },
    {
      description: 'one droplet of slips is enough where none are needed',
      parameters: { minTurnoutPpm: 0 },
      transactions: vote('a', 0.000001, ['v3', 'v4']),
      by: 'slips',
      voted: 0.000001,
      elected: ascending.filter((name) => name === 'v3' || name === 'v4').map((name) => [name, 0.000001, STAKES[name] ?? 0]),
    },
    {
      description: 'exactly the least turnout is enough',
      transactions: vote('a', 68, ['v3', 'v4']),
      by: 'slips',
      voted: 68,
      elected: ascending.filter((name) => name === 'v3' || name === 'v4').map((name) => [name, 68, STAKES[name] ?? 0]),
    },
    {
      description: 'a droplet less is not: stake',
      transactions: vote('a', 67.999999, ['v3', 'v4']),
      by: 'stake',
      voted: 67.999999,
      elected: byStake,
    },
    {
      description: 'delegated coins are stake',
      transactions: ['a', 'b', 'c'].map((from) => ({ from, action: act.delegate('v3', 40 * COIN) })),
      by: 'stake',
      elected: [
        ['v1', 400, 400],
        ['v3', 320, 320],
      ],
    },
    {
      description: 'nobody with less than the least stake, whatever slips say',
      parameters: { quorumSize: 1 },
      transactions: [...vote('a', 70, ['v4']), ...vote('b', 1, ['v3']), { from: 'v4', action: act.unstake(99 * COIN + 1) }],
      by: 'slips',
      voted: 71,
      elected: [['v3', 1, 200]],
    },
    {
      description: 'the least stake is enough, own and delegated together',
      parameters: { quorumSize: 1 },
      transactions: [
        ...vote('a', 70, ['v4']),
        { from: 'v4', action: act.unstake(99.5 * COIN) },
        { from: 'b', action: act.delegate('v4', COIN / 2) },
      ],
      by: 'slips',
      voted: 70,
      elected: [['v4', 70, 1]],
    },
    {
      description: 'a verifier that was registered in the block before the opening',
      before: (chain) => void chain.block({ slot: 79, transactions: [{ from: 'a', action: act.register('v5') }] }),
      transactions: [{ from: 'a', action: act.stake(50 * COIN) }, ...vote('b', 70, ['a'])],
      parameters: { quorumSize: 1 },
      by: 'slips',
      voted: 70,
      elected: [['a', 70, 50]],
    },
    {
      description: 'not one registered in the block that opens the election',
      parameters: { quorumSize: 1 },
      transactions: [
        { from: 'a', action: act.register('v5') },
        { from: 'a', action: act.stake(50 * COIN) },
        ...vote('b', 70, ['a']),
        ...vote('c', 1, ['v3']),
      ],
      by: 'slips',
      voted: 71,
      elected: [['v3', 1, 200]],
    },
  ]
  for (const { description, parameters = {}, before, transactions = [], by, voted = 0, elected } of cases) {
    it(description, () => {
      const chain = new TestChain({ ...SMALL, parameters: { ...SMALL.parameters, ...parameters } })
      before?.(chain)
      open(chain, { transactions })
      const result = resultOf(close(chain), [...NAMES, 'a'])
      assert.deepEqual([result.by, result.votedDroplets], [by, voted * COIN])
      const expected = elected.map(([name, score, stake]) => [name, score * COIN, stake * COIN] as const)
      assert.deepEqual(result.elected, expected)
      assert.equal(result.quorum, chain.state.quorum.hash)
      assert.deepEqual(
        chain.state.quorum.members.map(({ id, stakeDroplets }) => [id, stakeDroplets]),
        expected.map(([name, , stake]) => [addressOfName(name), stake]).sort(),
      )
    })
  }

  it('of equals the lower id, by stake and by slips', () => {
    const world: World = { ...SMALL, verifiers: { v1: 100 * COIN, v2: 100 * COIN, v3: 100 * COIN, v4: 100 * COIN } }
    const chain = new TestChain(world)
    open(chain)
    assert.deepEqual(resultOf(close(chain), NAMES).names, ascending.slice(0, 2))
    open(chain, { transactions: vote('a', 80, ascending.slice(1)) })
    assert.deepEqual(resultOf(close(chain), NAMES).names, ascending.slice(1, 3))
  })

  for (const { untilSlot, names } of [
    { untilSlot: 101, names: ['v1', 'v2'] },
    { untilSlot: 100, names: ['v3', 'v1'] },
  ]) {
    it(`one that is jailed until slot ${untilSlot} ${names.includes('v3') ? 'can' : 'cannot'} be elected in slot 100`, () => {
      const chain = new TestChain(SMALL)
      // It has no seat, so what it is jailed for invalidates no quorum.
      const { receipt, quorum } = chain.block({ offenders: { v3: untilSlot } })
      assert.deepEqual(receipt.events.slice(1), [{ kind: 'jailed', verifier: addressOfName('v3'), untilSlot }])
      assert.equal(quorum, chain.state.headQuorum)
      open(chain, { transactions: [...vote('a', 90, ['v3']), ...vote('b', 80, ['v1']), ...vote('c', 70, ['v2'])] })
      assert.deepEqual(resultOf(close(chain), NAMES).names, names)
    })
  }

  it('if nobody can be elected the quorum is kept, with its epoch and seed, until the next election', () => {
    const chain = new TestChain({ ...SMALL, parameters: { ...SMALL.parameters, minStakeDroplets: 101 * COIN } })
    chain.block({ transactions: [{ from: 'v1', action: act.unstake(300 * COIN) }] })
    chain.block({ transactions: ['v2', 'v3'].map((from) => ({ from, action: act.unstake(200 * COIN) })) })
    const { quorum, globals } = chain.state
    open(chain, { transactions: vote('a', 90, ['v1']) })
    const result = resultOf(close(chain), NAMES)
    assert.deepEqual([result.by, result.votedDroplets, result.names, result.quorum], ['kept', 90 * COIN, [], quorum.hash])
    assert.equal(chain.state.quorum, quorum)
    const after = chain.state.globals
    assert.deepEqual([after.epoch, after.epochSeed, after.nextElectionSlot, after.election], [0, globals.epochSeed, 180, null])
    assert.equal(open(chain).globals.elections, 2)
  })
})

describe('ledger elections: the handover', () => {
  it('the old quorum signs the block that settles, the new one the next height; the old one is paid for it there', () => {
    const chain = new TestChain({ ...SMALL, parameters: { ...SMALL.parameters, blockRewardDroplets: 1000 } })
    open(chain, { transactions: vote('a', 70, ['v3', 'v4']) })
    const old = chain.state.quorum
    const handover = close(chain, { maker: 'v2', signers: ['v1', 'v2'] })
    assert.deepEqual(membersOf(chain), ['v3', 'v4'])
    assert.equal(chain.state.headQuorum, old)
    assert.deepEqual([handover.globals.headQuorum, handover.globals.quorum], [old.hash, handover.quorum.hash])
    assert.notEqual(handover.quorum.hash, old.hash)
    assert.equal(handover.globals.epoch, 1)

    const paid = (transition: Transition) =>
      transition.receipt.rewards.map(({ verifier, makerDroplets, signerDroplets }) => [
        ...namesOf([verifier], NAMES),
        makerDroplets,
        signerDroplets,
      ])
    // A fifth to the maker, the rest by stake: 400 and 300 of 700, rounded down; the maker has what rounding leaves.
    const first = paid(chain.block({ maker: 'v4', signers: ['v1', 'v2'] }))
    assert.deepEqual(first.sort(), [
      ['v1', 0, 457],
      ['v2', 201, 342],
    ])
    assert.deepEqual(paid(chain.block({ maker: 'v3', signers: ['v3', 'v4'] })).sort(), [
      ['v3', 0, 533],
      ['v4', 201, 266],
    ])
  })

  it('whoever has no seat in the new quorum makes the block that settles, and none after it', () => {
    const chain = new TestChain({ parameters: { minStakeDroplets: 20 * COIN } })
    open(chain)
    close(chain, { maker: 'v4' })
    assert.deepEqual(membersOf(chain), ['v1', 'v2', 'v3'])
    const verdict = apply(chain.state, { ...chain.context({}), maker: 3 }, [])
    assert.deepEqual(verdict, { kind: 'reject', code: 'unknown-maker', detail: 'maker 3 of a quorum of 3' })
    const signed = apply(chain.state, { ...chain.context({}), parentSigners: [0, 3] }, [])
    assert.equal(signed.kind, 'accept')
    chain.block()
    const late = apply(chain.state, { ...chain.context({}), parentSigners: [0, 3] }, [])
    assert.deepEqual(late, { kind: 'reject', code: 'bad-signers', detail: "a signer beyond the parent's quorum of 3" })
  })

  for (const parentSigners of [
    [1, 1],
    [0, 2, 1],
  ]) {
    it(`signers of the parent are named once each and in order, not ${parentSigners.join(', ')}: nobody is paid twice`, () => {
      const chain = new TestChain()
      chain.block()
      assert.deepEqual(apply(chain.state, { ...chain.context({}), parentSigners }, []), {
        ...{ kind: 'reject', code: 'bad-signers', detail: `signers ${parentSigners.join(', ')} are not in ascending order` },
      })
    })
  }

  it('stake that changes after an election weighs from the next on', () => {
    const chain = new TestChain(SMALL)
    open(chain)
    close(chain)
    chain.send('a', act.delegate('v1', 50 * COIN))
    chain.send('v2', act.unstake(100 * COIN))
    assert.equal(chain.state.quorum.totalStakeDroplets, 700 * COIN)
    open(chain)
    close(chain)
    assert.equal(chain.state.quorum.totalStakeDroplets, 650 * COIN)
    assert.equal(valueLimitDroplets(chain.state), Math.floor((1300 * COIN) / 3))
  })
})

describe('ledger elections: the seed of an epoch', () => {
  const mixed = (seed: string, ticket: string): string => sha256Hex(concatBytes([fromHex(seed), fromHex(ticket)]))
  const ticketOf = (digit: string): string => digit.repeat(64)

  it('is made of the tickets of the blocks that leave the election open', () => {
    const chain = new TestChain()
    const { epochSeed } = chain.state.globals
    assert.equal(epochSeed, chain.state.chainId)
    chain.block({ ticket: ticketOf('1') })
    open(chain, { ticket: ticketOf('2') })
    chain.block({ ticket: ticketOf('3') })
    assert.equal(chain.state.globals.epochSeed, epochSeed)
    assert.equal(electionOf(chain).seed, mixed(mixed(epochSeed, ticketOf('2')), ticketOf('3')))
    close(chain, { ticket: ticketOf('4') })
    const second = mixed(mixed(epochSeed, ticketOf('2')), ticketOf('3'))
    assert.equal(chain.state.globals.epochSeed, second)
    chain.block({ ticket: ticketOf('5') })
    assert.equal(chain.state.globals.epochSeed, second)
    open(chain, { ticket: ticketOf('6') })
    close(chain, { ticket: ticketOf('7') })
    assert.equal(chain.state.globals.epochSeed, mixed(second, ticketOf('6')))
  })
})
