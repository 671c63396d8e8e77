import assert from 'node:assert/strict'
import type { StateCode } from '../../../src/ledger/codes.ts'
import type { Parameters } from '../../../src/wire/genesis.ts'
import { act, addressOfName, blsKeyOf, COIN, FUNDS, peerIdOf, TestChain, type TxOptions, VERIFIERS, type World } from './fixtures.ts'

const most = Number.MAX_SAFE_INTEGER
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
const unknown = (name: string): string => `${addressOfName(name)} is no registered verifier`

/** What a slash leaves of the coins that are delegated to a verifier: the rest is burned, the shares stay. */
function slash({ state }: TestChain, name: string, leftDroplets: number): void {
  const address = addressOfName(name)
  const account = state.accounts.get(address)
  assert.ok(account?.verifier)
  const burned = account.verifier.delegatedDroplets - leftDroplets
  const verifier = { ...account.verifier, delegatedDroplets: leftDroplets }
  state.accounts.commit(state.accounts.update(new Map([[address, { ...account, verifier }]])))
  const { supplyDroplets, burnedDroplets } = state.globals
  state.globals = { ...state.globals, supplyDroplets: supplyDroplets - burned, burnedDroplets: burnedDroplets + burned }
}

/** Blocks that come before, each of these transactions. */
const blocks =
  (...of: readonly (readonly TxOptions[])[]) =>
  (chain: TestChain): void => {
    for (const transactions of of) chain.block({ transactions })
  }

const many: World = { verifiers: Object.fromEntries(names('m', 33).map((name) => [name, 10 * COIN])) }
const delegateToMany = (count: number): TxOptions[] => names('m', count).map((to) => ({ from: 'a', action: act.delegate(to, COIN) }))

interface Case {
  readonly description: string
  readonly world?: World
  readonly before?: (chain: TestChain) => void
  readonly from: string
  readonly action: TxOptions['action']
  readonly code: StateCode
  readonly detail: string
}

const refusals: Record<string, readonly Case[]> = {
  register: [
    {
      description: 'of a verifier of genesis',
      from: 'v1',
      action: act.register('new'),
      code: 'already-registered',
      detail: 'the account is a verifier since height 0',
    },
    {
      description: 'of a verifier of the second block',
      before: blocks([], [{ from: 'a', action: act.register('a') }]),
      from: 'a',
      action: act.register('new'),
      code: 'already-registered',
      detail: 'the account is a verifier since height 2',
    },
    {
      description: 'with the key of a verifier',
      from: 'a',
      action: act.register('a', { blsKey: blsKeyOf('v1') }),
      code: 'key-in-use',
      detail: `another verifier has the BLS key ${blsKeyOf('v1')}`,
    },
    {
      description: 'with the key of one that registered since',
      before: blocks([{ from: 'b', action: act.register('b') }]),
      from: 'a',
      action: act.register('a', { blsKey: blsKeyOf('b') }),
      code: 'key-in-use',
      detail: `another verifier has the BLS key ${blsKeyOf('b')}`,
    },
    {
      description: 'with the peer id of a verifier',
      from: 'a',
      action: act.register('a', { peerId: peerIdOf('v1') }),
      code: 'peer-id-in-use',
      detail: 'another verifier has the peer id Peerv1',
    },
    {
      description: 'with all coins but a droplet of fee',
      world: { funds: { a: { droplets: COIN / 2 + 9, microHours: COIN } } },
      from: 'a',
      action: act.register('a'),
      code: 'insufficient-coins',
      detail: 'needs 0.50001 coins, has 0.500009',
    },
  ],
  stake: [
    {
      description: 'of no verifier',
      from: 'a',
      action: act.stake(1),
      code: 'not-verifier',
      detail: 'only a verifier stakes: register first, or delegate to a verifier',
    },
    {
      description: 'of all coins, and nothing left for the fee',
      world: { funds: { v1: { droplets: 5 * COIN, microHours: COIN } } },
      from: 'v1',
      action: act.stake(5 * COIN),
      code: 'insufficient-coins',
      detail: 'needs 5.00001 coins, has 5',
    },
  ],
  unstake: [
    {
      description: 'of no verifier',
      from: 'a',
      action: act.unstake(),
      code: 'not-verifier',
      detail: 'the account is no verifier and has no stake',
    },
    {
      description: 'of a droplet more than the stake',
      from: 'v4',
      action: act.unstake(10 * COIN + 1),
      code: 'insufficient-stake',
      detail: 'takes back 10.000001 coins, 10 are bonded there',
    },
    {
      description: 'of all that is delegated to it, which is not its own',
      before: blocks([{ from: 'a', action: act.delegate('v4', 5 * COIN) }]),
      from: 'v4',
      action: act.unstake(15 * COIN),
      code: 'insufficient-stake',
      detail: 'takes back 15 coins, 10 are bonded there',
    },
    {
      description: 'of all where nothing is left',
      before: blocks([{ from: 'v4', action: act.unstake() }]),
      from: 'v4',
      action: act.unstake(),
      code: 'nothing-bonded',
      detail: 'there is nothing bonded there to take back',
    },
    {
      description: 'of a 33rd sum',
      before: blocks(
        names('', 31).map(() => ({ from: 'v4', action: act.unstake(1) })),
        [{ from: 'v4', action: act.unstake(1) }],
      ),
      from: 'v4',
      action: act.unstake(1),
      code: 'too-many-unbonding',
      detail: "has 32 sums on their way back, at most 32 allowed; the first comes 300 slots after this epoch's end",
    },
    {
      description: 'of a 33rd sum, where the epoch of the first has ended',
      before: (chain) => {
        chain.block({ slot: 5, transactions: [{ from: 'v4', action: act.unstake(1) }] })
        for (const slot of [80, 100]) chain.block({ slot })
        chain.block({ transactions: names('', 31).map(() => ({ from: 'v4', action: act.unstake(1) })) })
      },
      from: 'v4',
      action: act.unstake(1),
      code: 'too-many-unbonding',
      detail: 'has 32 sums on their way back, at most 32 allowed; the first comes in slot 400',
    },
    {
      description: 'of all where only a fee is left',
      world: { funds: { v4: { droplets: 9, microHours: COIN } } },
      from: 'v4',
      action: act.unstake(),
      code: 'insufficient-coins',
      detail: 'needs 0.00001 coins, has 0.000009',
    },
  ],
  delegate: [
    {
      description: 'to nobody',
      from: 'a',
      action: act.delegate('nobody', 1),
      code: 'unknown-verifier',
      detail: unknown('nobody'),
    },
    {
      description: 'to an account that is no verifier',
      from: 'a',
      action: act.delegate('b', 1),
      code: 'unknown-verifier',
      detail: unknown('b'),
    },
    {
      description: 'to itself',
      from: 'v1',
      action: act.delegate('v1', 1),
      code: 'own-verifier',
      detail: 'a verifier does not delegate to itself: stake instead',
    },
    {
      description: 'to a 33rd verifier',
      world: many,
      before: blocks(delegateToMany(32)),
      from: 'a',
      action: act.delegate('m33', 1),
      code: 'too-many-delegations',
      detail: 'delegates to 32 verifiers, at most 32 allowed',
    },
    {
      description: 'of less than a share, where shares have earned',
      before: blocks([{ from: 'a', action: act.delegate('v1', 10 * COIN) }], []),
      from: 'b',
      action: act.delegate('v1', 1),
      code: 'amount-too-small',
      detail: 'delegates 0.000001 coins, the least part is 0.000002 coins now',
    },
    {
      description: 'for more shares than there are numbers for',
      before: (chain) => {
        chain.send('a', act.delegate('v1', 60 * COIN))
        slash(chain, 'v1', 1)
      },
      // Without a reward the one droplet that is left pays for all 60,000,000 shares.
      world: {
        parameters: { blockRewardDroplets: 0 },
        funds: { ...FUNDS, b: { droplets: 1000 * COIN, microHours: COIN } },
        verifiers: { v1: 1e9 },
      },
      from: 'b',
      action: act.delegate('v1', 300 * COIN),
      code: 'too-many-shares',
      detail: `the verifier would have 60000000 + 18000000000000000 shares, at most ${most} allowed`,
    },
    {
      description: 'of all coins, and nothing left for the fee',
      world: { funds: { a: { droplets: 5 * COIN, microHours: COIN } } },
      from: 'a',
      action: act.delegate('v1', 5 * COIN),
      code: 'insufficient-coins',
      detail: 'needs 5.00001 coins, has 5',
    },
  ],
  undelegate: [
    {
      description: 'from nobody',
      from: 'a',
      action: act.undelegate('nobody'),
      code: 'unknown-verifier',
      detail: unknown('nobody'),
    },
    {
      description: 'of all where nothing is',
      from: 'a',
      action: act.undelegate('v1'),
      code: 'nothing-bonded',
      detail: 'there is nothing bonded there to take back',
    },
    {
      description: 'of something where nothing is',
      from: 'a',
      action: act.undelegate('v1', 1),
      code: 'insufficient-stake',
      detail: 'takes back 0.000001 coins, 0 are bonded there',
    },
    {
      description: 'of what is delegated to another',
      before: blocks([{ from: 'a', action: act.delegate('v1', COIN) }]),
      from: 'a',
      action: act.undelegate('v2', COIN),
      code: 'insufficient-stake',
      detail: 'takes back 1 coins, 0 are bonded there',
    },
    {
      description: "of another's part",
      before: blocks([
        { from: 'a', action: act.delegate('v1', COIN) },
        { from: 'b', action: act.delegate('v1', 3 * COIN) },
      ]),
      from: 'a',
      action: act.undelegate('v1', 2 * COIN),
      code: 'insufficient-stake',
      // 1,020 droplets of reward and fees, 816 for signers, 326 of them for v1, 29 for 4 of its 44 coins: 7 for one of these.
      detail: 'takes back 2 coins, 1.000007 are bonded there',
    },
    {
      description: 'of a 33rd sum, own stake among them',
      before: blocks(
        [{ from: 'v4', action: act.delegate('v1', COIN) }],
        names('', 16).flatMap(() => [
          { from: 'v4', action: act.undelegate('v1', 2) },
          { from: 'v4', action: act.unstake(1) },
        ]),
      ),
      from: 'v4',
      action: act.undelegate('v1', 1),
      code: 'too-many-unbonding',
      detail: "has 32 sums on their way back, at most 32 allowed; the first comes 300 slots after this epoch's end",
    },
  ],
}

for (const [kind, cases] of Object.entries(refusals)) {
  describe(`ledger: ${kind} is refused`, () => {
    for (const { description, world, before, from, action, code, detail } of cases) {
      it(description, () => {
        const chain = new TestChain(world)
        before?.(chain)
        assert.equal(action.kind, kind)
        assert.deepEqual(chain.refusal({ from, action }), { code, detail })
      })
    }
  })
}

describe('ledger: what the bonds of an account become', () => {
  const cases: {
    description: string
    changes?: Partial<Parameters>
    before?: (chain: TestChain) => void
    transactions: TxOptions[]
    /** Of the accounts' coins, with fees of 10 droplets left out. */
    coins: Record<string, number>
    staked?: Record<string, number>
    delegated?: Record<string, number>
    burned?: number
    moved: number
  }[] = [
    {
      description: 'register burns the fee and bonds nothing',
      transactions: [{ from: 'a', action: act.register('a') }],
      coins: { a: 100 * COIN - COIN / 2 },
      staked: { a: 0 },
      burned: COIN / 2,
      moved: 0,
    },
    {
      description: 'register may cost nothing',
      changes: { verifierFeeDroplets: 0 },
      transactions: [{ from: 'a', action: act.register('a') }],
      coins: { a: 100 * COIN },
      staked: { a: 0 },
      moved: 0,
    },
    {
      description: 'a block registers a verifier, its stake, and a delegation to it',
      transactions: [
        { from: 'a', action: act.register('a') },
        { from: 'a', action: act.stake(4 * COIN) },
        { from: 'b', action: act.delegate('a', 5 * COIN) },
      ],
      coins: { a: 96 * COIN - COIN / 2, b: 95 * COIN },
      staked: { a: 4 * COIN },
      delegated: { a: 5 * COIN },
      burned: COIN / 2,
      moved: 9 * COIN,
    },
    {
      description: 'stake adds to the stake',
      transactions: [{ from: 'v1', action: act.stake(7 * COIN) }],
      coins: { v1: 93 * COIN },
      staked: { v1: 47 * COIN },
      moved: 7 * COIN,
    },
    {
      description: 'unstake takes from it, and the coins are not there yet',
      transactions: [{ from: 'v1', action: act.unstake(7 * COIN) }],
      coins: { v1: 100 * COIN },
      staked: { v1: 33 * COIN },
      moved: 7 * COIN,
    },
    {
      description: 'unstake of all leaves nothing',
      transactions: [{ from: 'v4', action: act.unstake() }],
      coins: { v4: 100 * COIN },
      staked: { v4: 0 },
      moved: 10 * COIN,
    },
    {
      description: 'unstake of exactly all too',
      transactions: [{ from: 'v4', action: act.unstake(10 * COIN) }],
      coins: { v4: 100 * COIN },
      staked: { v4: 0 },
      moved: 10 * COIN,
    },
    {
      description: 'delegate adds to what is delegated, also of a verifier to another',
      transactions: [
        { from: 'a', action: act.delegate('v1', 2 * COIN) },
        { from: 'a', action: act.delegate('v1', 3 * COIN) },
        { from: 'v2', action: act.delegate('v1', 4 * COIN) },
        { from: 'v1', action: act.delegate('v2', 5 * COIN) },
      ],
      coins: { a: 95 * COIN, v2: 96 * COIN, v1: 95 * COIN },
      staked: { v1: 40 * COIN, v2: 30 * COIN },
      delegated: { v1: 9 * COIN, v2: 5 * COIN },
      moved: 14 * COIN,
    },
    {
      description: 'undelegate takes from it, in the block of the delegation too',
      transactions: [
        { from: 'a', action: act.delegate('v1', 5 * COIN) },
        { from: 'a', action: act.undelegate('v1', 2 * COIN) },
      ],
      coins: { a: 95 * COIN },
      delegated: { v1: 3 * COIN },
      moved: 7 * COIN,
    },
    {
      description: 'undelegate of all leaves nothing',
      transactions: [
        { from: 'a', action: act.delegate('v1', 5 * COIN) },
        { from: 'a', action: act.undelegate('v1') },
      ],
      coins: { a: 95 * COIN },
      delegated: { v1: 0 },
      moved: 10 * COIN,
    },
  ]
  for (const { description, changes = {}, before, transactions, coins, staked = {}, delegated = {}, burned = 0, moved } of cases) {
    it(description, () => {
      const chain = new TestChain({ parameters: { blockRewardDroplets: 0, coinHourSeconds: most, ...changes } })
      before?.(chain)
      const { quorum } = chain.state
      const { receipt, movedDroplets } = chain.block({ transactions })
      assert.deepEqual(
        [receipt.burnedDroplets, receipt.feesDroplets, chain.state.globals.burnedDroplets, movedDroplets],
        [burned, 10 * transactions.length, burned, moved],
      )
      for (const [name, droplets] of Object.entries(coins)) {
        const fees = 10 * transactions.filter(({ from }) => from === name).length
        assert.equal(chain.account(name).droplets, droplets - fees, name)
      }
      for (const [name, droplets] of Object.entries(staked)) assert.equal(chain.verifier(name).stakeDroplets, droplets, name)
      for (const [name, droplets] of Object.entries(delegated)) assert.equal(chain.verifier(name).delegatedDroplets, droplets, name)
      // Who signs, and with what weight, changes with an election only.
      assert.equal(chain.state.quorum, quorum)
    })
  }

  it('a registration holds what it says', () => {
    const chain = new TestChain()
    chain.block()
    chain.send('a', act.register('new', { commissionPpm: 70_000 }))
    assert.deepEqual(chain.verifier('a'), {
      ...{ peerId: peerIdOf('new'), blsKey: blsKeyOf('new'), commissionPpm: 70_000, registeredHeight: 2 },
      ...{ stakeDroplets: 0, delegatedDroplets: 0, delegationShares: 0, jailedUntilSlot: null },
      tally: { election: 0, droplets: 0 },
      offences: [],
    })
  })

  it('a 33rd sum or delegation is refused, one more of the same verifier is not', () => {
    const chain = new TestChain(many)
    chain.block({ transactions: delegateToMany(32) })
    chain.send('a', act.delegate('m7', COIN))
    assert.equal(chain.account('a').bonds?.delegations.length, 32)
    chain.send('a', act.undelegate('m7'))
    chain.send('a', act.delegate('m33', COIN))
    assert.equal(chain.account('a').bonds?.delegations.length, 32)
  })
})

describe('ledger: keys and peer ids', () => {
  const second: { description: string; action: TxOptions['action']; code: StateCode; detail: string }[] = [
    {
      description: 'a key',
      action: act.register('b', { blsKey: blsKeyOf('a') }),
      code: 'key-in-use',
      detail: `another verifier has the BLS key ${blsKeyOf('a')}`,
    },
    {
      description: 'a peer id',
      action: act.register('b', { peerId: peerIdOf('a') }),
      code: 'peer-id-in-use',
      detail: 'another verifier has the peer id Peera',
    },
  ]
  for (const { description, action, code, detail } of second) {
    it(`${description} is taken once in a block`, () => {
      const chain = new TestChain()
      const verdict = chain.refusedBlock({
        transactions: [
          { from: 'a', action: act.register('a') },
          { from: 'b', action },
        ],
      })
      assert.equal(verdict.code, code)
      assert.ok(verdict.detail.startsWith('transaction 1 (') && verdict.detail.endsWith(detail), verdict.detail)
    })
  }

  it('are free for others after a registration that was refused', () => {
    const chain = new TestChain({ funds: { ...FUNDS, poor: { droplets: 11, microHours: COIN } } })
    const { included, refused } = chain.assembled({
      transactions: [
        { from: 'poor', action: act.register('new') },
        { from: 'a', action: act.register('new') },
      ],
    })
    assert.deepEqual([included.length, refused.map(({ refusal }) => refusal.code)], [1, ['insufficient-coins']])
  })

  it('a peer id is not taken by a key of the same letters', () => {
    const letters = 'ab'.repeat(48)
    const chain = new TestChain()
    chain.block({
      transactions: [
        { from: 'a', action: act.register('a', { peerId: letters }) },
        { from: 'b', action: act.register('b', { blsKey: letters }) },
      ],
    })
    assert.deepEqual([chain.verifier('a').peerId, chain.verifier('b').blsKey], [letters, letters])
  })

  it('of verifiers that are in no quorum are taken too', () => {
    const chain = new TestChain({ verifiers: VERIFIERS, parameters: { quorumSize: 2 } })
    assert.equal(chain.refusal({ from: 'a', action: act.register('a', { blsKey: blsKeyOf('v4') }) }).code, 'key-in-use')
  })
})
