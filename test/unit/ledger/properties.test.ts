import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concatBytes } from '../../../src/base/bytes.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { sha256 } from '../../../src/crypto/sha256.ts'
import { type Account, account, emptyAccount } from '../../../src/ledger/account.ts'
import { AccountTree, STATE_TREE_DEPTH } from '../../../src/ledger/account-tree.ts'
import { type AssembledBlock, apply, assemble, type BlockContext, Execution, valueLimitDroplets } from '../../../src/ledger/apply.ts'
import { Indexes } from '../../../src/ledger/indexes.ts'
import { advance, type LedgerState, restoreState, stateRoot, type Transition } from '../../../src/ledger/state.ts'
import { supplyOf } from '../../../src/ledger/supply.ts'
import type { PreparedTransaction } from '../../../src/ledger/transaction.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import type { Address } from '../../../src/wire/types.ts'
import {
  act,
  addressOfName,
  CHAIN_ID,
  COIN,
  contextOf,
  FUNDS,
  genesisOf,
  proofOf,
  stateOf,
  type TxOptions,
  tx,
  VERIFIERS,
  type World,
} from './fixtures.ts'

const SEED = 20_261_121

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

/** Addresses that crowd into few buckets, and some that do not. */
const crowded = fc.oneof(
  fc.tuple(fc.constantFrom('0000', '0001', 'ffff', '8000'), fc.nat(9)).map(([prefix, rest]) => `${prefix}${'0'.repeat(35)}${rest}`),
  fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex),
)
const anAccount: fc.Arbitrary<Account> = fc
  .tuple(fc.maxSafeNat(), fc.nat(9))
  .map(([droplets, nonce]) => ({ ...emptyAccount(0), droplets, nonce }))

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
      { numRuns: 25, seed: SEED },
    )
  })
})

// Any blocks

const WORLD: World = {
  verifiers: { ...VERIFIERS, v1: { stake: 40 * COIN, commission: 150_000 }, v5: 3 * COIN },
  funds: { ...FUNDS, d: { droplets: 5, microHours: COIN }, e: { droplets: 3 * COIN, microHours: 500 } },
  anchors: ['a', 'v2'],
  parameters: {
    ...{ epochSlots: 20, electionSlots: 8, forcedElectionSlots: 5, unbondingSlots: 25, evidenceSlots: 20, quorumSize: 3 },
    ...{ blockRewardDroplets: 12_345, minTurnoutPpm: 10_000, coinHourSeconds: 600 },
  },
}
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'v1', 'v2', 'v3', 'v4', 'new')
const verifier = fc.constantFrom('v1', 'v2', 'v3', 'v4', 'v5')
const amount = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 15 * COIN }) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
)
const part = fc.oneof(amount, fc.constant(null))
const aTransfer = fc.tuple(name, fc.oneof(fc.constant(0), amount), fc.nat(500)).map((of) => act.transfer(...of))
const aSlip = fc.uniqueArray(verifier, { minLength: 1, maxLength: 4 }).map((of) => act.slip(...of))
const aRatification = fc.constantFrom('x', 'y').map(act.ratify)
const anAction: fc.Arbitrary<TxOptions['action']> = fc.oneof(
  aTransfer,
  fc.constantFrom('a', 'b', 'new').map((of) => act.register(of)),
  amount.map(act.stake),
  part.map(act.unstake),
  fc.tuple(verifier, amount).map((of) => act.delegate(...of)),
  fc.tuple(verifier, part).map((of) => act.undelegate(...of)),
  fc.tuple(fc.constantFrom(act.vouch, act.withdraw), verifier).map(([endorse, of]) => endorse(of)),
  aSlip,
  aRatification,
)
/** What somebody does in a row: anything, or what makes sense together. */
const actions = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(anAction) },
  fc.tuple(aTransfer, fc.oneof(aSlip, aRatification)),
  fc.tuple(verifier, amount, part).map(([of, one, other]) => [act.delegate(of, one), act.undelegate(of, other)]),
)
/** The nonce is added to the account's next. */
const transactionsInARow = fc
  .record({
    from: name,
    actions,
    nonce: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
    fee: fc.oneof({ weight: 9, arbitrary: fc.nat(1000) }, { weight: 1, arbitrary: amount }),
  })
  .map(({ actions, ...of }) => actions.map((action) => ({ ...of, action })))
const aBlock = fc.record({
  slots: fc.nat(9),
  maker: fc.nat(),
  /** A bit for each member of the parent's quorum. */
  signers: fc.nat(7),
  /** Who is found out, and how many heights later. */
  offences: fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.record({ names: fc.uniqueArray(verifier, { minLength: 1 }), ago: fc.nat(3) }), { maxLength: 3 }) },
  ) as fc.Arbitrary<readonly { readonly names: readonly string[]; readonly ago: number }[]>,
  transactions: fc.array(transactionsInARow, { maxLength: 10, size: 'max' }).map((rows) => rows.flat()),
  isRestored: fc.boolean(),
})
type BlockPlan = typeof aBlock extends fc.Arbitrary<infer T> ? T : never

/** Executes a planned block; candidates get the nonces that are next when their turn comes. */
function execute(state: LedgerState, context: BlockContext, { transactions }: BlockPlan) {
  const execution = new Execution(state, context)
  const candidates = transactions.map((of) => {
    const nonce = execution.draft.account(addressOfName(of.from)).nonce + of.nonce
    const candidate = tx({ ...of, nonce, expirySlot: context.slot + 1 })
    return { candidate, refusal: execution.add(candidate) }
  })
  return {
    candidates,
    evidence: execution.evidence,
    included: candidates.flatMap(({ candidate, refusal }) => (refusal === null ? [candidate] : [])),
    transition: execution.finish(),
  }
}

/** What an account earns up to a slot, by the rule as it is written: droplet milliseconds, whole ones of them. */
function earnedBy(of: Account | undefined, state: LedgerState, slot: number): number {
  if (of === undefined) return 0
  const elapsedMs = BigInt(state.genesisTimeMs + slot * state.parameters.slotMs - of.hoursAtMs)
  const perMicroHour = BigInt(state.parameters.coinHourSeconds) * 1000n
  return Number((BigInt(of.droplets) * elapsedMs + BigInt(of.remainderDropletMs)) / perMicroHour)
}
const hoursOf = ({ accounts, globals }: LedgerState): number =>
  [...accounts.entries()].reduce((sum, [, { microHours }]) => sum + microHours, globals.burnedMicroHours)

/** Indexes as text that does not depend on an order, with what is released up to some slots. */
function indexText(indexes: Indexes): string {
  const sorted = <T>(of: Iterable<T>): T[] => [...of].sort()
  const byKey = (of: ReadonlyMap<Address, ReadonlySet<Address>>) => sorted(of).map(([key, addresses]) => [key, sorted(addresses)])
  const { verifiers, blsKeys, peerIds, delegators, unbonding } = indexes
  const releases = Array.from({ length: 20 }, (_, epoch) => indexes.takenBackBy(epoch))
  return JSON.stringify([sorted(verifiers), sorted(blsKeys), sorted(peerIds), byKey(delegators), byKey(unbonding), releases])
}

function checkIndexes({ accounts, indexes }: LedgerState): void {
  const anew = new Indexes()
  for (const [address, of] of accounts.entries()) anew.follow(address, undefined, of)
  assert.equal(indexText(indexes), indexText(anew))
}

/** What is so of every state whatever its blocks were. */
function checkState(state: LedgerState): void {
  const supply = supplyOf(state)
  assert.ok(supply.holds, JSON.stringify(supply))
  const { supplyDroplets, mintedDroplets, burnedDroplets } = state.globals
  assert.equal(supplyDroplets, genesisSupply + mintedDroplets - burnedDroplets)
  const shares = new Map<Address, number>()
  for (const [, of] of state.accounts.entries()) {
    assert.deepEqual(decode(account, encode(account, of)), of)
    const { delegations, unbonding } = of.bonds ?? { delegations: [], unbonding: [] }
    // A part that holds nothing is none: an account has one form.
    assert.ok(of.bonds === null || delegations.length + unbonding.length > 0)
    assert.ok(of.endorses === null || of.endorses.length > 0)
    assert.deepEqual(
      delegations,
      delegations.toSorted((left, right) => (left.verifier < right.verifier ? -1 : 1)),
    )
    for (const { verifier, shares: held } of delegations) shares.set(verifier, (shares.get(verifier) ?? 0) + held)
    assert.ok([...delegations.map((one) => one.shares), ...unbonding.map((one) => one.droplets)].every((one) => one > 0))
  }
  for (const [address, { verifier }] of state.accounts.entries()) {
    assert.equal(verifier?.delegationShares ?? 0, shares.get(address) ?? 0)
    assert.equal(verifier?.delegatedDroplets === 0, verifier?.delegationShares === 0)
  }
  assert.equal(state.globals.quorum, state.quorum.hash)
  assert.equal(state.globals.headQuorum, state.headQuorum.hash)
  checkIndexes(state)
}
/** What must come about in so many blocks that they prove something. */
const KINDS = ['transfer', 'register', 'stake', 'unstake', 'delegate', 'undelegate', 'slip', 'endorse', 'ratify']
const EVENTS = ['released', 'election-opened', 'election-settled', 'jailed', 'slashed']
const genesisSupply = stateOf(WORLD).globals.supplyDroplets

/** The parts of a state as a store gives them back: in another order, and read from bytes. */
const restored = ({ parameters, accounts, globals, quorum, headQuorum }: LedgerState): LedgerState =>
  restoreState(genesisOf({ ...WORLD, parameters }), CHAIN_ID, {
    accounts: [...accounts.entries()].reverse().map(([address, of]): [Address, Account] => [address, decode(account, encode(account, of))]),
    ...{ globals, quorum, headQuorum },
  })

describe('ledger: any blocks of any transactions', () => {
  it('make no coin and lose none, reckon every coin-hour, keep order and indexes, and go on from a restored state', () => {
    const seen = new Map<string, number>()
    const count = (what: string): unknown => seen.set(what, (seen.get(what) ?? 0) + 1)
    fc.assert(
      fc.property(
        fc.constantFrom('coins' as const, 'trust' as const, 'hybrid' as const),
        fc.array(aBlock, { minLength: 5, maxLength: 16, size: 'max' }),
        (score, plans) => {
          const state = stateOf({ ...WORLD, parameters: { ...WORLD.parameters, score } })
          let slot = 0
          for (const plan of plans) {
            slot += plan.slots
            const signers = state.headQuorum.members.flatMap((_, index) => ((plan.signers >> index) & 1 ? [index] : []))
            const context = contextOf(state, {
              ...{ slot, maker: plan.maker % state.quorum.members.length },
              parentSigners: state.globals.height === 0 ? null : signers,
              evidence: plan.offences.map(({ names, ago }) => proofOf(names, { height: Math.max(state.globals.height + 1 - ago, 1) })),
            })
            const before = new Map(state.accounts.entries())
            const limit = valueLimitDroplets(state)
            const { candidates, evidence, included, transition } = execute(state, context, plan)
            assert.ok(transition.movedDroplets <= limit)
            assert.deepEqual([...state.accounts.entries()], [...before])
            agree(
              state,
              context,
              candidates.map(({ candidate }) => candidate),
              { evidence, included },
              transition,
            )
            if (plan.isRestored) {
              const again = restored(state)
              assert.equal(stateRoot(again), stateRoot(state))
              const { transition: other } = execute(again, context, plan)
              assert.deepEqual(
                [other.stateRoot, other.receipt, other.quorum],
                [transition.stateRoot, transition.receipt, transition.quorum],
              )
            }

            const hours = hoursOf(state)
            const earned = [...transition.changes.keys()].reduce((sum, of) => sum + earnedBy(before.get(of), state, slot), 0)
            advance(state, transition)
            assert.equal(stateRoot(state), transition.stateRoot)
            assert.equal(hoursOf(state), hours + earned)
            for (const [address, of] of transition.changes) {
              const sent = included.filter(({ sender }) => sender === address).map(({ transaction }) => transaction.body.nonce)
              const first = before.get(address)?.nonce ?? 0
              assert.deepEqual(
                sent,
                sent.map((_, index) => first + index),
              )
              assert.equal(of.nonce, first + sent.length)
            }
            checkState(state)
            for (const { transaction } of included) count(transaction.body.action.kind)
            for (const { kind } of transition.receipt.events) count(kind)
            for (const { refusal } of candidates) if (refusal !== null) count(refusal.code)
          }
        },
      ),
      { numRuns: 60, seed: SEED },
    )
    const expected = [...KINDS, ...EVENTS]
    assert.deepEqual(
      expected.filter((what) => (seen.get(what) ?? 0) < 10),
      [],
    )
  })
})

/** What `assemble` takes of the candidates is what was taken one by one, and `apply` makes the same of it. */
function agree(
  state: LedgerState,
  context: BlockContext,
  candidates: readonly PreparedTransaction[],
  taken: Pick<AssembledBlock, 'evidence' | 'included'>,
  transition: Transition,
): void {
  const assembled = assemble(state, context, candidates)
  const applied = apply(state, { ...context, evidence: taken.evidence }, taken.included)
  assert.ok(applied.kind === 'accept', JSON.stringify(applied))
  assert.deepEqual([assembled.evidence, assembled.included], [taken.evidence, taken.included])
  for (const { stateRoot, receipt, changes, movedDroplets } of [assembled.transition, applied.value]) {
    assert.deepEqual(
      [stateRoot, receipt, changes, movedDroplets],
      [transition.stateRoot, transition.receipt, transition.changes, transition.movedDroplets],
    )
  }
}
