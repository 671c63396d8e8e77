import assert from 'node:assert/strict'
import { apply, assemble, type BlockContext, checkAdmission } from '../../../src/ledger/apply.ts'
import { blockCodes, type StateCode } from '../../../src/ledger/codes.ts'
import { accountAt, advance, stateRoot } from '../../../src/ledger/state.ts'
import type { Parameters } from '../../../src/wire/genesis.ts'
import {
  act,
  addressOfName,
  COIN,
  contextOf,
  type Funds,
  stateOf,
  TestChain,
  TRANSFER_BYTES,
  type TxOptions,
  tx,
  type World,
} from './fixtures.ts'

/** Of evidence: `offences.test.ts` has a case of each. */
const evidenceBlockCodes = [
  ...['too-much-evidence', 'unknown-signer', 'future-evidence'],
  ...['evidence-expired', 'already-punished', 'too-many-offences'],
]
const RICH: Funds = { droplets: 20 * COIN, microHours: COIN }
const most = Number.MAX_SAFE_INTEGER
/** One verifier, whose 9 coins secure 6 of them a block, and blocks that hold four transfers and no fifth. */
const worldOf = (funds: Record<string, Funds> = { a: RICH }, changes: Partial<Parameters> = {}, stake = 9 * COIN): World => ({
  verifiers: { maker: stake },
  funds,
  parameters: { maxBlockTransactions: 5, maxBlockBytes: 4 * TRANSFER_BYTES, blockRewardDroplets: 0, ...changes },
})

interface Sent extends Partial<TxOptions> {
  readonly from: string
  readonly to: string
  readonly amount?: number
  readonly hours?: number
}
const transfer = ({ to, amount = 0, hours = 0, ...options }: Sent): TxOptions => ({ ...options, action: act.transfer(to, amount, hours) })
const prepared = ({ nonce = 0, expirySlot = 100, ...sent }: Sent) => tx({ ...transfer(sent), nonce, expirySlot })

describe('ledger: blocks that it refuses', () => {
  const cases: {
    description: string
    world?: World
    /** Empty blocks before it. */
    after?: number
    context?: Partial<BlockContext>
    transfers?: Sent[]
    code: string
    detail: RegExp
  }[] = [
    {
      description: 'a slot whose time no number can hold',
      context: { slot: most },
      code: 'slot-out-of-range',
      detail: /slot 9007199254740991 has no time/,
    },
    { description: 'a slot that is no slot', context: { slot: -1 }, code: 'slot-out-of-range', detail: /slot -1/ },
    { description: 'a slot between two', context: { slot: 0.5 }, code: 'slot-out-of-range', detail: /slot 0.5/ },
    { description: 'a maker beyond the quorum', context: { maker: 1 }, code: 'unknown-maker', detail: /^maker 1 of a quorum of 1$/ },
    { description: 'a seal of genesis', context: { parentSigners: [0] }, code: 'bad-signers', detail: /^genesis has no seal$/ },
    {
      description: 'a parent without a seal',
      after: 1,
      context: { parentSigners: null },
      code: 'bad-signers',
      detail: /^the seal of the parent is missing$/,
    },
    {
      description: "a signer beyond the parent's quorum",
      after: 1,
      context: { parentSigners: [0, 1] },
      code: 'bad-signers',
      detail: /beyond the parent's quorum of 1$/,
    },
    {
      description: 'more transactions than allowed',
      transfers: Array.from({ length: 6 }, (_, nonce) => ({ from: 'a', to: 'a', nonce })),
      code: 'too-many-transactions',
      detail: /has 6 transactions, at most 5 allowed/,
    },
    {
      description: 'more bytes than allowed',
      transfers: Array.from({ length: 5 }, (_, nonce) => ({ from: 'a', to: 'a', nonce })),
      code: 'block-too-large',
      detail: /transaction 4 .*: needs 785 bytes in the block, at most 628 allowed/,
    },
    {
      description: 'a transaction after its expiry',
      context: { slot: 8 },
      transfers: [{ from: 'a', to: 'b', amount: 1, expirySlot: 7 }],
      code: 'expired',
      detail: /expires after slot 7, the block's is 8/,
    },
    {
      description: 'an expiry too far ahead',
      context: { slot: 8 },
      transfers: [{ from: 'a', to: 'b', amount: 1, expirySlot: 109 }],
      code: 'expiry-too-far',
      detail: /expires after slot 109, at most 108 allowed/,
    },
    {
      description: 'the same transaction twice',
      transfers: [
        { from: 'a', to: 'b', amount: 1 },
        { from: 'a', to: 'b', amount: 1 },
      ],
      code: 'nonce-too-low',
      detail: /transaction 1 .*: has nonce 0, the account's next is 1/,
    },
    {
      description: 'a nonce that leaves one out',
      transfers: [{ from: 'a', to: 'b', amount: 1, nonce: 1 }],
      code: 'nonce-too-high',
      detail: /has nonce 1, the account's next is 0/,
    },
    {
      description: 'more coins than there are',
      world: worldOf({ a: { droplets: 3_100_000, microHours: COIN } }, {}, 150 * COIN),
      transfers: [{ from: 'a', to: 'b', amount: 12 * COIN, fee: COIN / 2 }],
      code: 'insufficient-coins',
      detail: /transaction 0 .*: needs 12.5 coins, has 3.1$/,
    },
    {
      description: 'all coins, and nothing left for the fee',
      world: worldOf({ a: RICH }, {}, 150 * COIN),
      transfers: [{ from: 'a', to: 'b', amount: 20 * COIN, fee: 1 }],
      code: 'insufficient-coins',
      detail: /needs 20.000001 coins, has 20$/,
    },
    {
      description: 'an amount and a fee whose sum no number can hold',
      world: worldOf({ a: RICH }, {}, most - 20 * COIN),
      transfers: [{ from: 'a', to: 'b', amount: 6e15, fee: most }],
      code: 'insufficient-coins',
      detail: /has 20$/,
    },
    {
      description: 'coins of an account that the ledger does not know',
      transfers: [{ from: 'nobody', to: 'b', amount: 1 }],
      code: 'insufficient-coins',
      detail: /needs 0.000011 coins, has 0$/,
    },
    {
      description: 'coins that come in only later in the block',
      transfers: [
        { from: 'b', to: 'a', amount: 100 },
        { from: 'a', to: 'b', amount: 200 },
      ],
      code: 'insufficient-coins',
      detail: /transaction 0 /,
    },
    {
      description: 'fees of the block itself, which its maker gets in the next',
      transfers: [
        { from: 'a', to: 'b', amount: 1, fee: 5000 },
        { from: 'maker', to: 'b', amount: 1 },
      ],
      code: 'insufficient-coins',
      detail: /transaction 1 .*has 0$/,
    },
    {
      description: 'a micro coin-hour less than the burn',
      world: worldOf({ a: { droplets: 100, microHours: TRANSFER_BYTES - 1 } }),
      transfers: [{ from: 'a', to: 'b', amount: 1 }],
      code: 'insufficient-hours',
      detail: /needs 0.000157 coin-hours, has 0.000156$/,
    },
    {
      description: 'more hours to move than are left after the burn',
      transfers: [{ from: 'a', to: 'b', hours: COIN }],
      code: 'insufficient-hours',
      detail: /needs 1.000157 coin-hours, has 1$/,
    },
    {
      description: 'a burn that no number can hold',
      world: worldOf({ a: { droplets: 100, microHours: most } }, { microHoursPerByte: most }),
      transfers: [{ from: 'a', to: 'b', amount: 1 }],
      code: 'insufficient-hours',
      detail: /has 9007199254.740991$/,
    },
  ]
  for (const { description, world = worldOf(), after = 0, context, transfers = [], code, detail } of cases) {
    it(description, () => {
      const state = stateOf(world)
      for (let height = 0; height < after; height++) {
        const empty = apply(state, contextOf(state), [])
        assert.ok(empty.kind === 'accept')
        advance(state, empty.value)
      }
      const rootBefore = stateRoot(state)
      const verdict = apply(state, contextOf(state, context), transfers.map(prepared))
      assert.ok(verdict.kind === 'reject', verdict.kind)
      assert.equal(verdict.code, code)
      assert.match(verdict.detail, detail)
      assert.equal(stateRoot(state), rootBefore)
    })
  }

  it('in each way that has a code, that of too much value and those of evidence and of recovery aside', () => {
    const codes = new Set(cases.map(({ code }) => code))
    assert.deepEqual(
      Object.keys(blockCodes).filter((code) => !codes.has(code) && !evidenceBlockCodes.includes(code)),
      ['recovery-transactions', 'too-many-recoveries', 'block-value-above-stake'],
    )
  })
})

describe('ledger: what a block of transfers does', () => {
  const cases: {
    description: string
    funds?: Record<string, Funds>
    changes?: Partial<Parameters>
    slot?: number
    transfers: Sent[]
    after: Record<string, Partial<Funds & { nonce: number }>>
    fees: number
    moved: number
  }[] = [
    { description: 'nothing, if it is empty', transfers: [], after: { a: RICH, maker: { droplets: 0 } }, fees: 0, moved: 0 },
    {
      description: 'moves coins, keeps the fee for the next block and burns hours',
      transfers: [{ from: 'a', to: 'b', amount: 5 * COIN, fee: 30 }],
      after: {
        a: { droplets: 15 * COIN - 30, microHours: COIN - TRANSFER_BYTES, nonce: 1 },
        b: { droplets: 5 * COIN, microHours: 0, nonce: 0 },
        maker: { droplets: 0 },
      },
      fees: 30,
      moved: 5 * COIN,
    },
    {
      description: 'moves hours alone, also to a new account',
      transfers: [{ from: 'a', to: 'b', hours: 1000 }],
      after: { a: { microHours: COIN - TRANSFER_BYTES - 1000 }, b: { droplets: 0, microHours: 1000 } },
      fees: 10,
      moved: 0,
    },
    {
      description: 'a transfer to oneself costs fee, burn and nonce, and its amount counts as moved',
      transfers: [{ from: 'a', to: 'a', amount: 3, hours: 5 }],
      after: { a: { droplets: 20 * COIN - 10, microHours: COIN - TRANSFER_BYTES, nonce: 1 } },
      fees: 10,
      moved: 3,
    },
    {
      description: 'spends in one block what came in before it there',
      funds: { a: RICH, b: { droplets: 0, microHours: TRANSFER_BYTES } },
      transfers: [
        { from: 'a', to: 'b', amount: 100 },
        { from: 'b', to: 'c', amount: 90 },
      ],
      after: { b: { droplets: 0, microHours: 0, nonce: 1 }, c: { droplets: 90 } },
      fees: 20,
      moved: 190,
    },
    {
      description: 'takes the last droplet, the last micro coin-hour and the last slot, and moves all that can be secured',
      funds: { a: { droplets: 6 * COIN + 10, microHours: TRANSFER_BYTES } },
      slot: 79,
      changes: { coinHourSeconds: 100_000_000 },
      transfers: [{ from: 'a', to: 'b', amount: 6 * COIN, expirySlot: 79 }],
      // 6,000,010 droplets over 79 s of 100,000,000 earn 4 micro coin-hours.
      after: { a: { droplets: 0, microHours: 4 }, b: { droplets: 6 * COIN } },
      fees: 10,
      moved: 6 * COIN,
    },
    {
      description: 'burns hours earned up to its slot',
      funds: { a: { droplets: 157 * 60, microHours: 0 } },
      slot: 60,
      transfers: [{ from: 'a', to: 'b', amount: 1 }],
      after: { a: { droplets: 157 * 60 - 11, microHours: 0 } },
      fees: 10,
      moved: 1,
    },
    {
      description: 'hours above what an account can hold are lost',
      funds: { a: RICH, b: { droplets: 0, microHours: most - 5 } },
      transfers: [{ from: 'a', to: 'b', hours: 6 }],
      after: { a: { microHours: COIN - TRANSFER_BYTES - 6 }, b: { microHours: most } },
      fees: 10,
      moved: 0,
    },
    {
      description: 'the maker sends and receives as others do',
      funds: { maker: RICH, a: RICH },
      transfers: [
        { from: 'maker', to: 'a', amount: 7 },
        { from: 'a', to: 'maker', amount: 9 },
      ],
      after: { maker: { droplets: 20 * COIN - 7 - 10 + 9, nonce: 1 }, a: { droplets: 20 * COIN + 7 - 9 - 10 } },
      fees: 20,
      moved: 16,
    },
  ]
  for (const { description, funds, changes, slot = 0, transfers, after, fees, moved } of cases) {
    it(description, () => {
      const chain = new TestChain(worldOf(funds, changes))
      const { receipt, movedDroplets, changes: changed } = chain.block({ slot, transactions: transfers.map(transfer) })
      assert.equal(movedDroplets, moved)
      const burnedMicroHours = transfers.length * TRANSFER_BYTES
      const none = { mintedDroplets: 0, sharedFeesDroplets: 0, burnedDroplets: 0, rewards: [], events: [] }
      assert.deepEqual(receipt, { ...none, feesDroplets: fees, burnedMicroHours })
      assert.deepEqual([chain.state.globals.feesDroplets, chain.state.globals.burnedMicroHours], [fees, burnedMicroHours])
      const touched = transfers.flatMap(({ from, to }) => [addressOfName(from), addressOfName(to)])
      assert.deepEqual([...changed.keys()].sort(), [...new Set(touched)].sort())
      for (const [name, expected] of Object.entries(after)) {
        const account = chain.account(name)
        assert.deepEqual({ ...account, ...expected }, account, name)
      }
    })
  }

  it('adds the burn to that of the blocks before, up to the bound', () => {
    const chain = new TestChain(worldOf())
    chain.state.globals = { ...chain.state.globals, burnedMicroHours: most - 1 }
    chain.send('a', act.transfer('b', 1))
    assert.equal(chain.state.globals.burnedMicroHours, most)
  })

  it('takes one transition of several from the same state', () => {
    const state = stateOf(worldOf())
    const [one, other] = [1, 2].map((amount) => apply(state, contextOf(state), [prepared({ from: 'a', to: 'b', amount })]))
    assert.ok(one?.kind === 'accept' && other?.kind === 'accept')
    advance(state, other.value)
    assert.throws(() => advance(state, one.value), /a transition leads to the next height/)
    assert.equal(accountAt(state, addressOfName('b'), 0).droplets, 2)
  })
})

describe('ledger: assembling a block', () => {
  it('takes what is valid and fits in the order given, and says what became of the rest', () => {
    const state = stateOf(worldOf({ a: RICH, b: { droplets: 500, microHours: COIN }, c: RICH }))
    const candidates = [
      prepared({ from: 'a', to: 'b', amount: 5 * COIN - 200 }),
      prepared({ from: 'b', to: 'a', amount: 20 * COIN }),
      prepared({ from: 'c', to: 'a', amount: 2 * COIN }),
      prepared({ from: 'c', to: 'a', nonce: 1, amount: 1 }),
      prepared({ from: 'a', to: 'a', expirySlot: 1, nonce: 1 }),
      prepared({ from: 'a', to: 'c', nonce: 1, amount: COIN }),
      prepared({ from: 'c', to: 'a', amount: 201 }),
      prepared({ from: 'b', to: 'a', amount: 100 }),
      prepared({ from: 'b', to: 'a', nonce: 1, amount: 100 }),
      prepared({ from: 'b', to: 'a', nonce: 2, amount: 0, hours: 1 }),
      prepared({ from: 'c', to: 'a', amount: 0, hours: 1 }),
    ]
    const context = contextOf(state, { slot: 2 })
    const { transition, included, refused } = assemble(state, context, candidates)
    assert.deepEqual(
      included.map((one) => candidates.indexOf(one)),
      [0, 5, 7, 8],
    )
    // After the block was full nothing more was looked at: candidate 9 is the first that did not fit, 10 was not tried.
    assert.deepEqual(
      refused.map(({ transaction, refusal }) => [candidates.indexOf(transaction), refusal.code]),
      [
        [1, 'value-above-stake'],
        [2, 'block-value-above-stake'],
        [3, 'nonce-too-high'],
        [4, 'expired'],
        [6, 'block-value-above-stake'],
        [9, 'block-too-large'],
      ],
    )
    const again = apply(state, context, included)
    assert.ok(again.kind === 'accept')
    assert.equal(again.value.stateRoot, transition.stateRoot)
    assert.deepEqual(again.value.receipt, transition.receipt)
  })

  it('stops at the most transactions of a block', () => {
    const state = stateOf(worldOf({ a: RICH }, { maxBlockBytes: 100_000 }))
    let looked = 0
    function* endless() {
      for (;;) yield prepared({ from: 'a', to: 'a', nonce: looked++ })
    }
    assert.equal(assemble(state, contextOf(state), endless()).included.length, 5)
    assert.equal(looked, 5)
  })

  it('leaves no trace of what it refuses', () => {
    const chain = new TestChain({ ...worldOf({ a: RICH, b: RICH }), verifiers: { maker: 9 * COIN, other: COIN } })
    const transactions: TxOptions[] = [
      { from: 'b', action: act.transfer('c', 19 * COIN) },
      { from: 'b', action: act.register('maker') },
      { from: 'b', action: act.delegate('c', COIN) },
      { from: 'b', action: act.undelegate('maker') },
      { from: 'maker', action: act.unstake(COIN) },
    ]
    for (const transaction of transactions) {
      const { transition, refused, included } = chain.assembled({ slot: 50, transactions: [transaction] })
      assert.deepEqual([included.length, refused.length, transition.changes.size], [0, 1, 0])
      assert.deepEqual(transition.receipt, chain.assembled({ slot: 50 }).transition.receipt)
      assert.equal(transition.stateRoot, chain.assembled({ slot: 50 }).transition.stateRoot)
    }
  })
})

describe('ledger: at the door', () => {
  const world: World = { verifiers: { maker: 9 * COIN }, funds: { a: RICH, maker: RICH } }
  const cases: { description: string; options: TxOptions; code: StateCode | null }[] = [
    { description: 'a good one', options: { from: 'a', action: act.transfer('b', 1) }, code: null },
    { description: 'one whose turn comes later', options: { from: 'a', action: act.transfer('b', 1), nonce: 5 }, code: null },
    {
      description: 'a later one that the account could not pay',
      options: { from: 'a', action: act.transfer('b'), fee: 21 * COIN, nonce: 5 },
      code: 'insufficient-coins',
    },
    {
      description: 'a later one for whose bytes the account has no hours',
      options: { from: 'a', action: act.transfer('b', 0, 2 * COIN), nonce: 5 },
      code: 'insufficient-hours',
    },
    { description: 'one that no block can secure', options: { from: 'a', action: act.transfer('b', 7 * COIN) }, code: 'value-above-stake' },
    {
      description: 'a later one that no block can secure',
      options: { from: 'a', action: act.delegate('maker', 7 * COIN), nonce: 5 },
      code: 'value-above-stake',
    },
    { description: 'an expired one', options: { from: 'a', action: act.transfer('b', 1), expirySlot: 2 }, code: 'expired' },
    { description: 'stake of no verifier', options: { from: 'a', action: act.stake(1) }, code: 'not-verifier' },
    { description: 'stake of who may be a verifier by then', options: { from: 'a', action: act.stake(1), nonce: 1 }, code: null },
    {
      description: 'what may be delegated by then is taken back later',
      options: { from: 'a', action: act.undelegate('maker', 1), nonce: 1 },
      code: null,
    },
    {
      description: 'what is not delegated is not taken back next',
      options: { from: 'a', action: act.undelegate('maker', 1) },
      code: 'insufficient-stake',
    },
    {
      description: 'a slip for an election that may be open by then',
      options: { from: 'a', action: act.slip('maker'), nonce: 1 },
      code: null,
    },
    { description: 'a slip for no election', options: { from: 'a', action: act.slip('maker') }, code: 'no-election' },
  ]
  for (const { description, options, code } of cases) {
    it(description, () => {
      const state = stateOf(world)
      const verdict = checkAdmission(state, 3, tx(options))
      assert.equal(verdict.kind === 'accept' ? null : verdict.code, code)
      assert.notEqual(verdict.kind, 'reject')
    })
  }

  it('a nonce that was used', () => {
    const chain = new TestChain(world)
    chain.send('a', act.transfer('b', 1))
    const verdict = checkAdmission(chain.state, 3, tx({ from: 'a', action: act.transfer('b', 2) }))
    assert.deepEqual(verdict, { kind: 'ignore', code: 'nonce-too-low', detail: "has nonce 0, the account's next is 1" })
  })
})
