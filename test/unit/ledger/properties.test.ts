import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concatBytes } from '../../../src/base/bytes.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { sha256 } from '../../../src/crypto/sha256.ts'
import { type Account, account } from '../../../src/ledger/account.ts'
import { AccountTree, STATE_TREE_DEPTH } from '../../../src/ledger/account-tree.ts'
import { apply, assemble } from '../../../src/ledger/apply.ts'
import { accountAt, advance, type LedgerState, restoreState, stateRoot } from '../../../src/ledger/state.ts'
import { type PreparedTransaction, prepare } from '../../../src/ledger/transaction.ts'
import { decode, encode, WireError } from '../../../src/wire/codec.ts'
import { transaction } from '../../../src/wire/types.ts'
import { addressOfName, CHAIN_ID, COIN, contextOf, genesisOf, stateOf, type TransferOptions, transfer } from './fixtures.ts'

/** The root by its definition, recursively, from nothing but the accounts. */
function naiveRoot(accounts: ReadonlyMap<string, Account>): string {
  const sorted = [...accounts].sort(([left], [right]) => (left < right ? -1 : 1))
  const empty: Uint8Array[] = [new Uint8Array(32)]
  for (let height = 1; height <= STATE_TREE_DEPTH; height++) {
    const below = empty[height - 1] as Uint8Array
    empty.push(sha256(concatBytes([below, below])))
  }
  const bitOf = (of: string, depth: number): number => ((fromHex(of)[depth >> 3] as number) >> (7 - (depth & 7))) & 1
  const node = (among: [string, Account][], depth: number): Uint8Array => {
    if (among.length === 0) return empty[STATE_TREE_DEPTH - depth] as Uint8Array
    if (depth === STATE_TREE_DEPTH) return sha256(concatBytes(among.flatMap(([of, value]) => [fromHex(of), encode(account, value)])))
    const children = [0, 1].map((bit) =>
      node(
        among.filter(([of]) => bitOf(of, depth) === bit),
        depth + 1,
      ),
    )
    return sha256(concatBytes(children))
  }
  return toHex(node(sorted, 0))
}

const amount = fc.oneof(fc.nat(3), fc.nat(COIN), fc.maxSafeNat())
/** Addresses that crowd into few buckets, and some that do not. */
const crowded = fc.oneof(
  fc.tuple(fc.constantFrom('0000', '0001', 'ffff', '8000'), fc.nat(9)).map(([prefix, rest]) => `${prefix}${'0'.repeat(35)}${rest}`),
  fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex),
)
const anAccount: fc.Arbitrary<Account> = fc.record({
  droplets: amount,
  microHours: amount,
  remainderDropletMs: amount,
  hoursAtMs: amount,
  nonce: amount,
})

const NAMES = ['a', 'b', 'c', 'maker', 'new']
const aTransfer: fc.Arbitrary<TransferOptions> = fc.record({
  from: fc.constantFrom(...NAMES),
  to: fc.constantFrom(...NAMES, 'other'),
  // Added to the account's next nonce.
  nonce: fc.constantFrom(0, 0, 0, 0, 0, 1),
  amount: fc.oneof({ weight: 5, arbitrary: fc.nat(2 * COIN) }, { weight: 1, arbitrary: amount }),
  hours: fc.oneof({ weight: 5, arbitrary: fc.nat(500) }, { weight: 1, arbitrary: amount }),
  fee: fc.oneof({ weight: 5, arbitrary: fc.nat(1000) }, { weight: 1, arbitrary: amount }),
  expirySlot: fc.integer({ min: 0, max: 130 }),
})
const FUNDS = {
  a: { droplets: 9 * COIN, microHours: 2000 },
  b: { droplets: 3 * COIN, microHours: 100 },
  c: { droplets: 5, microHours: COIN },
}
const roomy = { maxBlockTransactions: 50, maxBlockBytes: 100_000, coinHourSeconds: 600 }
const sumOf = (state: LedgerState, field: 'droplets' | 'microHours'): number =>
  [...state.accounts.entries()].reduce((sum, [, value]) => sum + value[field], 0)

describe('ledger: the state root', () => {
  it('is that of its definition, in whatever order and steps the accounts come', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.tuple(crowded, anAccount), { maxLength: 12 }), { maxLength: 6 }), (steps) => {
        const tree = new AccountTree()
        const all = new Map<string, Account>()
        for (const step of steps) {
          const before = tree.root
          const update = tree.update(new Map(step))
          assert.equal(tree.root, before)
          tree.commit(update)
          for (const [of, value] of step) all.set(of, value)
          assert.equal(tree.root, update.root)
          assert.equal(tree.root, naiveRoot(all))
        }
        const backwards = new AccountTree()
        backwards.commit(backwards.update(new Map([...all].reverse())))
        assert.equal(backwards.root, tree.root)
        assert.equal(backwards.size, all.size)
      }),
      { numRuns: 25 },
    )
  })
})

describe('ledger: any blocks', () => {
  it('make no coin and lose none, reckon every coin-hour, and assemble to what applies', () => {
    let included = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(9), fc.array(aTransfer, { maxLength: 12, size: 'max' })), { maxLength: 8, size: 'max' }),
        (blocks) => {
          const state = stateOf(FUNDS, roomy)
          const supply = sumOf(state, 'droplets')
          let slot = 0
          for (const [slots, options] of blocks) {
            slot += slots
            const context = contextOf({ slot })
            const candidates = options.map((one) =>
              transfer({ ...one, nonce: (one.nonce ?? 0) + accountAt(state, addressOfName(one.from), slot).nonce }),
            )
            const assembled = assemble(state, context, candidates)
            assert.equal(assembled.included.length + assembled.refused.length, candidates.length)
            const verdict = apply(state, context, assembled.included)
            assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
            assert.equal(verdict.value.stateRoot, assembled.transition.stateRoot)
            assert.deepEqual(verdict.value.changes, assembled.transition.changes)
            assert.ok(verdict.value.movedDroplets <= context.valueLimitDroplets)

            const accounts = new Map(state.accounts.entries())
            const hoursBefore = sumOf(state, 'microHours') + state.burnedMicroHours
            const earned = [...verdict.value.changes.keys()].reduce((sum, of) => sum + earnedBy(accounts.get(of), state, slot), 0)
            advance(state, verdict.value)
            assert.equal(sumOf(state, 'droplets'), supply)
            assert.equal(sumOf(state, 'microHours') + state.burnedMicroHours, hoursBefore + earned)
            included += assembled.included.length
          }
          const again = restoreState(genesisOf(FUNDS, roomy), CHAIN_ID, [...state.accounts.entries()].reverse(), state.burnedMicroHours)
          assert.equal(stateRoot(again), stateRoot(state))
        },
      ),
      { numRuns: 60 },
    )
    assert.ok(included > 100, `only ${included} transfers were valid`)
  })

  it('never make apply throw, whatever their bytes', () => {
    const state = stateOf(FUNDS, roomy)
    const mutated = fc
      .tuple(aTransfer, fc.array(fc.tuple(fc.nat(156), fc.nat(255)), { maxLength: 4 }))
      .map(([options, mutations]): PreparedTransaction | null => {
        const bytes = encode(transaction, transfer(options).transaction)
        for (const [place, value] of mutations) bytes[place] = value
        try {
          return prepare(decode(transaction, bytes))
        } catch (error) {
          assert.ok(error instanceof WireError)
          return null
        }
      })
    const anySlot = fc.oneof(fc.nat(100), fc.maxSafeNat(), fc.double(), fc.constant(-1))
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 8 }), anySlot, amount, (transactions, slot, valueLimitDroplets) => {
        const decoded = transactions.filter((one) => one !== null)
        const verdict = apply(state, contextOf({ slot, valueLimitDroplets }), decoded)
        assert.ok(verdict.kind === 'accept' || (verdict.kind === 'reject' && verdict.detail !== ''))
      }),
      { numRuns: 100 },
    )
  })
})

/** What an account earns up to a slot, by the rule as it is written: droplet milliseconds, whole ones of them. */
function earnedBy(of: Account | undefined, state: LedgerState, slot: number): number {
  if (of === undefined) return 0
  const elapsedMs = BigInt(state.genesisTimeMs + slot * state.parameters.slotMs - of.hoursAtMs)
  const perMicroHour = BigInt(state.parameters.coinHourSeconds) * 1000n
  return Number((BigInt(of.droplets) * elapsedMs + BigInt(of.remainderDropletMs)) / perMicroHour)
}
