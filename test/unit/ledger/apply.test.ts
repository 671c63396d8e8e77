import assert from 'node:assert/strict'
import { apply, assemble, type BlockContext, checkAdmission, valueLimitDroplets } from '../../../src/ledger/apply.ts'
import { accountAt, advance, stateRoot } from '../../../src/ledger/state.ts'
import type { Parameters } from '../../../src/wire/genesis.ts'
import { addressOfName, COIN, contextOf, type Funds, stateOf, TRANSFER_BYTES, type TransferOptions, transfer } from './fixtures.ts'

const RICH: Funds = { droplets: 20 * COIN, microHours: COIN }
const most = Number.MAX_SAFE_INTEGER

describe('ledger: blocks that it refuses', () => {
  const cases: {
    description: string
    funds?: Record<string, Funds>
    changes?: Partial<Parameters>
    context?: Partial<BlockContext>
    transfers: TransferOptions[]
    code: string
    detail: RegExp
  }[] = [
    {
      description: 'a slot whose time no number can hold',
      context: { slot: most },
      transfers: [],
      code: 'slot-out-of-range',
      detail: /slot 9007199254740991 has no time/,
    },
    { description: 'a slot that is no slot', context: { slot: -1 }, transfers: [], code: 'slot-out-of-range', detail: /slot -1/ },
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
      funds: { a: { droplets: 3_100_000, microHours: COIN } },
      context: { valueLimitDroplets: 100 * COIN },
      transfers: [{ from: 'a', to: 'b', amount: 12 * COIN, fee: COIN / 2 }],
      code: 'insufficient-coins',
      detail: /transaction 0 .*: needs 12.5 coins, has 3.1$/,
    },
    {
      description: 'all coins, and nothing left for the fee',
      transfers: [{ from: 'a', to: 'b', amount: 20 * COIN, fee: 1 }],
      context: { valueLimitDroplets: 100 * COIN },
      code: 'insufficient-coins',
      detail: /needs 20.000001 coins, has 20$/,
    },
    {
      description: 'an amount and a fee whose sum no number can hold',
      context: { valueLimitDroplets: most },
      transfers: [{ from: 'a', to: 'b', amount: most, fee: most }],
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
      description: 'fees of the block itself, which its maker gets at the end',
      transfers: [
        { from: 'a', to: 'b', amount: 1, fee: 5000 },
        { from: 'maker', to: 'b', amount: 1 },
      ],
      code: 'insufficient-coins',
      detail: /transaction 1 .*has 0$/,
    },
    {
      description: 'a micro coin-hour less than the burn',
      funds: { a: { droplets: 100, microHours: TRANSFER_BYTES - 1 } },
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
      changes: { microHoursPerByte: most },
      funds: { a: { droplets: 100, microHours: most } },
      transfers: [{ from: 'a', to: 'b', amount: 1 }],
      code: 'insufficient-hours',
      detail: /has 9007199254.740991$/,
    },
    {
      description: 'one that moves more than any block can secure',
      transfers: [{ from: 'a', to: 'b', amount: 6 * COIN + 1 }],
      code: 'value-above-stake',
      detail: /moves 6.000001 coins; the stake of the quorum can secure at most 6 coins now$/,
    },
    {
      description: 'several that together move more than the block can secure',
      transfers: [
        { from: 'a', to: 'b', amount: 4 * COIN },
        { from: 'a', to: 'b', nonce: 1, amount: 2 * COIN + 1 },
      ],
      code: 'block-value-above-stake',
      detail: /transaction 1 .*the block would move 6.000001 coins; .* at most 6 coins a block now$/,
    },
  ]
  for (const { description, funds = { a: RICH }, changes, context, transfers, code, detail } of cases) {
    it(description, () => {
      const state = stateOf(funds, changes)
      const rootBefore = stateRoot(state)
      const verdict = apply(state, contextOf(context), transfers.map(transfer))
      assert.equal(verdict.kind, 'reject')
      assert.equal(verdict.kind === 'reject' && verdict.code, code)
      assert.match(verdict.kind === 'reject' ? verdict.detail : '', detail)
      assert.equal(stateRoot(state), rootBefore)
    })
  }
})

describe('ledger: what a block does', () => {
  const cases: {
    description: string
    funds?: Record<string, Funds>
    changes?: Partial<Parameters>
    context?: Partial<BlockContext>
    transfers: TransferOptions[]
    after: Record<string, Partial<Funds & { nonce: number }>>
    burned: number
    moved: number
  }[] = [
    { description: 'nothing, if it is empty', transfers: [], after: { a: RICH, maker: { droplets: 0 } }, burned: 0, moved: 0 },
    {
      description: 'moves coins, pays the fee to its maker and burns hours',
      transfers: [{ from: 'a', to: 'b', amount: 5 * COIN, fee: 30 }],
      after: {
        a: { droplets: 15 * COIN - 30, microHours: COIN - TRANSFER_BYTES, nonce: 1 },
        b: { droplets: 5 * COIN, microHours: 0, nonce: 0 },
        maker: { droplets: 30 },
      },
      burned: TRANSFER_BYTES,
      moved: 5 * COIN,
    },
    {
      description: 'moves hours alone, also to a new account',
      transfers: [{ from: 'a', to: 'b', hours: 1000 }],
      after: { a: { microHours: COIN - TRANSFER_BYTES - 1000 }, b: { droplets: 0, microHours: 1000 } },
      burned: TRANSFER_BYTES,
      moved: 0,
    },
    {
      description: 'a transfer to oneself costs fee, burn and nonce, and its amount counts as moved',
      transfers: [{ from: 'a', to: 'a', amount: 3, hours: 5 }],
      after: { a: { droplets: 20 * COIN - 10, microHours: COIN - TRANSFER_BYTES, nonce: 1 } },
      burned: TRANSFER_BYTES,
      moved: 3,
    },
    {
      description: 'spends in one block what came in before it there',
      funds: { a: RICH, b: { droplets: 0, microHours: TRANSFER_BYTES } },
      transfers: [
        { from: 'a', to: 'b', amount: 100 },
        { from: 'b', to: 'c', amount: 90 },
      ],
      after: { b: { droplets: 0, microHours: 0, nonce: 1 }, c: { droplets: 90 }, maker: { droplets: 20 } },
      burned: 2 * TRANSFER_BYTES,
      moved: 190,
    },
    {
      description: 'takes the last droplet, the last micro coin-hour and the last slot, and moves all that can be secured',
      funds: { a: { droplets: 6 * COIN + 10, microHours: TRANSFER_BYTES } },
      context: { slot: 100 },
      changes: { coinHourSeconds: 100_000_000 },
      transfers: [{ from: 'a', to: 'b', amount: 6 * COIN, expirySlot: 100 }],
      // 6,000,010 droplets over 100 s of 100,000,000 earn 6 micro coin-hours.
      after: { a: { droplets: 0, microHours: 6 }, b: { droplets: 6 * COIN } },
      burned: TRANSFER_BYTES,
      moved: 6 * COIN,
    },
    {
      description: 'burns hours earned up to its slot',
      funds: { a: { droplets: 157 * 36, microHours: 0 } },
      context: { slot: 100 },
      transfers: [{ from: 'a', to: 'b', amount: 1 }],
      after: { a: { droplets: 157 * 36 - 11, microHours: 0 } },
      burned: TRANSFER_BYTES,
      moved: 1,
    },
    {
      description: 'hours above what an account can hold are lost',
      funds: { a: RICH, b: { droplets: 0, microHours: most - 5 } },
      transfers: [{ from: 'a', to: 'b', hours: 6 }],
      after: { a: { microHours: COIN - TRANSFER_BYTES - 6 }, b: { microHours: most } },
      burned: TRANSFER_BYTES,
      moved: 0,
    },
    {
      description: 'the maker is paid also where it sends or receives',
      funds: { maker: RICH, a: RICH },
      transfers: [
        { from: 'maker', to: 'a', amount: 7 },
        { from: 'a', to: 'maker', amount: 9 },
      ],
      after: { maker: { droplets: 20 * COIN - 7 - 10 + 9 + 20, nonce: 1 }, a: { droplets: 20 * COIN + 7 - 9 - 10 } },
      burned: 2 * TRANSFER_BYTES,
      moved: 16,
    },
  ]
  for (const { description, funds = { a: RICH }, changes, context, transfers, after, burned, moved } of cases) {
    it(description, () => {
      const state = stateOf(funds, changes)
      const block = contextOf(context)
      const verdict = apply(state, block, transfers.map(transfer))
      assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
      assert.equal(verdict.value.burnedMicroHours, burned)
      assert.equal(verdict.value.movedDroplets, moved)
      advance(state, verdict.value)
      assert.equal(stateRoot(state), verdict.value.stateRoot)
      assert.equal(state.burnedMicroHours, burned)
      for (const [name, expected] of Object.entries(after)) {
        const account = accountAt(state, addressOfName(name), block.slot)
        assert.deepEqual({ ...account, ...expected }, account, name)
      }
    })
  }

  it('adds the burn to that of the blocks before, up to the bound', () => {
    const state = stateOf({ a: RICH })
    state.burnedMicroHours = most - 1
    const verdict = apply(state, contextOf(), [transfer({ from: 'a', to: 'b', amount: 1 })])
    assert.equal(verdict.kind === 'accept' && verdict.value.burnedMicroHours, most)
  })

  it('takes one transition of several from the same state', () => {
    const state = stateOf({ a: RICH })
    const [one, other] = [1, 2].map((amount) => apply(state, contextOf(), [transfer({ from: 'a', to: 'b', amount })]))
    assert.ok(one?.kind === 'accept' && other?.kind === 'accept')
    advance(state, other.value)
    assert.throws(() => advance(state, one.value), /fits the tree/)
    assert.equal(accountAt(state, addressOfName('b'), 0).droplets, 2)
  })
})

describe('ledger: assembling a block', () => {
  it('takes what is valid and fits in the order given, and says what became of the rest', () => {
    const state = stateOf({ a: RICH, b: { droplets: 500, microHours: COIN }, c: RICH })
    const candidates = [
      transfer({ from: 'a', to: 'b', amount: 5 * COIN - 200 }),
      transfer({ from: 'b', to: 'a', amount: 20 * COIN }),
      transfer({ from: 'c', to: 'a', amount: 2 * COIN }),
      transfer({ from: 'c', to: 'a', nonce: 1, amount: 1 }),
      transfer({ from: 'a', to: 'a', expirySlot: 1, nonce: 1 }),
      transfer({ from: 'a', to: 'c', nonce: 1, amount: COIN }),
      transfer({ from: 'c', to: 'a', amount: 201 }),
      transfer({ from: 'b', to: 'a', amount: 100 }),
      transfer({ from: 'b', to: 'a', nonce: 1, amount: 100 }),
      transfer({ from: 'b', to: 'a', nonce: 2, amount: 0, hours: 1 }),
      transfer({ from: 'c', to: 'a', amount: 0, hours: 1 }),
    ]
    const context = contextOf({ slot: 2 })
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
  })

  it('stops at the most transactions of a block', () => {
    const state = stateOf({ a: RICH }, { maxBlockBytes: 100_000 })
    let looked = 0
    function* endless() {
      for (;;) yield transfer({ from: 'a', to: 'a', nonce: looked++ })
    }
    assert.equal(assemble(state, contextOf(), endless()).included.length, 5)
    assert.equal(looked, 5)
  })

  it('leaves no trace of what it refuses', () => {
    const state = stateOf({ a: RICH, b: RICH })
    const { transition } = assemble(state, contextOf({ slot: 50 }), [transfer({ from: 'b', to: 'c', amount: 19 * COIN })])
    assert.equal(transition.changes.size, 0)
    assert.equal(transition.stateRoot, stateRoot(state))
  })
})

describe('ledger: at the door', () => {
  const state = stateOf({ a: RICH })
  const cases: { description: string; options: TransferOptions; code: string | null }[] = [
    { description: 'a good one', options: { from: 'a', to: 'b', amount: 1 }, code: null },
    { description: 'one whose turn comes later', options: { from: 'a', to: 'b', amount: 1, nonce: 5 }, code: null },
    {
      description: 'a later one that the account could not pay',
      options: { from: 'a', to: 'b', fee: 21 * COIN, nonce: 5 },
      code: 'insufficient-coins',
    },
    { description: 'one that no block can secure', options: { from: 'a', to: 'b', amount: 7 * COIN }, code: 'value-above-stake' },
    { description: 'an expired one', options: { from: 'a', to: 'b', amount: 1, expirySlot: 2 }, code: 'expired' },
  ]
  for (const { description, options, code } of cases) {
    it(description, () => {
      const verdict = checkAdmission(state, { slot: 3, valueLimitDroplets: 6 * COIN }, transfer(options))
      assert.equal(verdict.kind === 'accept' ? null : verdict.code, code)
    })
  }
})

describe('ledger: how much a block may move', () => {
  for (const stake of [1, 2, 3, 4, 5, 9 * COIN, most - 2, most - 1, most]) {
    it(`two thirds of ${stake}`, () => assert.equal(BigInt(valueLimitDroplets(stake)), (BigInt(stake) * 2n) / 3n))
  }
})
