import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Account, bondedTo } from '../../../src/ledger/account.ts'
import { apply, Execution } from '../../../src/ledger/apply.ts'
import { advance, type LedgerState, restoreState, stateRoot } from '../../../src/ledger/state.ts'
import { supplyOf } from '../../../src/ledger/supply.ts'
import type { Action, Address } from '../../../src/wire/types.ts'
import { electionOf, open, resultOf, vote } from './election-fixtures.ts'
import { act, addressOfName, CHAIN_ID, COIN, genesisOf, TestChain, type TxOptions, tx, type World } from './fixtures.ts'

const HOLDERS = ['a', 'b', 'c', 'd']
const VERIFIERS = ['v1', 'v2', 'v3', 'v4']
const NAMES = [...HOLDERS, ...VERIFIERS, 'new']
const HELD = { a: 30 * COIN, b: 20 * COIN, c: COIN, d: 1, v1: 5 * COIN, v2: 0, v3: 40, v4: COIN }
const SLOTS = {
  epochSlots: 1000,
  electionSlots: 900,
  forcedElectionSlots: 900,
  unbondingSlots: 20,
  evidenceSlots: 10,
  slashPpm: 50_000,
  reporterPpm: 50_000,
  jailSlots: 1000,
  maxExpirySlots: 1000,
}
const world = (parameters: World['parameters'] = {}): World => ({
  parameters: { ...SLOTS, minFeeDroplets: 0, verifierFeeDroplets: 1, microHoursPerByte: 0, coinHourSeconds: 1, ...parameters },
  verifiers: { v1: 40 * COIN, v2: { stake: 30 * COIN, commission: 100_000 }, v3: 20 * COIN, v4: 10 * COIN },
  funds: Object.fromEntries(Object.entries(HELD).map(([name, droplets]) => [name, { droplets, microHours: COIN }])),
})

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const name = pick(...NAMES)
const verifier = pick(...VERIFIERS)
const amount = fc.oneof(pick(1, 39, 40, COIN - 1, COIN, 30 * COIN), fc.integer({ min: 1, max: 40 * COIN }))
const slip = fc.subarray(VERIFIERS, { minLength: 1, maxLength: 3 }).map((choices) => act.slip(...choices))
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, amount).map(([to, droplets]) => act.transfer(to, droplets)) },
  { weight: 4, arbitrary: slip },
  { weight: 3, arbitrary: pick('x', 'y').map(act.ratify) },
  amount.map(act.stake),
  fc.option(amount).map(act.unstake),
  fc.tuple(verifier, amount).map(([to, droplets]) => act.delegate(to, droplets)),
  fc.tuple(verifier, fc.option(amount)).map(([from, droplets]) => act.undelegate(from, droplets)),
  fc.constant(act.register('new')),
)
/** What one account does: something, or what makes a vote. */
const turn = fc.tuple(
  name,
  fc.oneof(
    { weight: 3, arbitrary: action.map((one) => [one]) },
    { weight: 2, arbitrary: fc.tuple(pick(...NAMES), amount, slip).map(([to, droplets, one]) => [act.transfer(to, droplets), one]) },
  ),
  pick(0, 0, 7),
)
const moves = (maxLength: number): fc.Arbitrary<TxOptions[]> =>
  fc.array(turn, { maxLength }).map((turns) => turns.flatMap(([from, actions, fee]) => actions.map((one) => ({ from, action: one, fee }))))

/** Executes those of the moves that are right, each with the nonce that is next. */
function execute(execution: Execution, options: readonly TxOptions[]): void {
  const { draft } = execution
  for (const option of options)
    execution.add(tx({ ...option, nonce: draft.account(addressOfName(option.from)).nonce, expirySlot: draft.slot }))
}

/** A block of those of the moves that are right, in the next slot. */
function play(chain: TestChain, options: readonly TxOptions[]): void {
  const execution = new Execution(chain.state, chain.context({}))
  execute(execution, options)
  advance(chain.state, execution.finish())
  chain.slot++
}

interface Held {
  readonly droplets: number
  readonly bonded: number
}
const heldOf = ({ droplets, verifier }: Account): Held => ({ droplets, bonded: verifier === null ? 0 : bondedTo(verifier) })
const heldIn = (accountOf: (name: string) => Account): ReadonlyMap<Address, Held> =>
  new Map(NAMES.map((name) => [addressOfName(name), heldOf(accountOf(name))]))

/** Opens an election and says what all held then: a regular one or, where v4 is found out, a forced one, before the transactions of the block. */
function openAnd(chain: TestChain, isForced: boolean, inBlock: readonly TxOptions[]): ReadonlyMap<Address, Held> {
  const slot = isForced ? chain.slot + 1 : 100
  const execution = new Execution(chain.state, chain.context({ slot, offenders: isForced ? { v4: slot + 1 } : {} }))
  const held = new Map(heldIn((name) => chain.account(name, slot)))
  // Before the election opens the offender is slashed, and who reports it gets something of that.
  for (const event of execution.draft.events) {
    if (event.kind !== 'slashed') continue
    const { verifier, reporter, stakeDroplets, delegatedDroplets, rewardDroplets } = event
    change(held, verifier, 0, -stakeDroplets - delegatedDroplets)
    change(held, reporter, rewardDroplets, 0)
  }
  execute(execution, inBlock)
  advance(chain.state, execution.finish())
  chain.slot = slot
  return held
}

function change(held: Map<Address, Held>, address: Address, droplets: number, bonded: number): void {
  const had = held.get(address)
  assert.ok(had !== undefined)
  held.set(address, { droplets: had.droplets + droplets, bonded: had.bonded + bonded })
}

/** What all ballots say together is what the tallies say, and no account says more than it held. */
function checkBallots({ accounts, globals }: LedgerState, held: ReadonlyMap<Address, Held>, allDroplets: number): number {
  const { election } = globals
  assert.ok(election !== null)
  let voted = 0
  const tallies = new Map<Address, number>()
  const supports = new Map<string, number>()
  for (const [address, { ballot }] of accounts.entries()) {
    if (ballot?.election !== election.number) continue
    const had = held.get(address) ?? { droplets: 0, bonded: 0 }
    assert.equal(ballot.heldDroplets, had.droplets, `what ${address} held`)
    if (ballot.slip !== null) {
      const { weightDroplets, choices } = ballot.slip
      assert.ok(weightDroplets > 0 && weightDroplets <= had.droplets, `${weightDroplets} of ${had.droplets}`)
      voted += weightDroplets
      for (const choice of choices) tallies.set(choice, (tallies.get(choice) ?? 0) + weightDroplets)
    }
    for (const { source, weightDroplets } of ballot.sources) {
      assert.ok(weightDroplets > 0 && weightDroplets <= had.droplets + had.bonded, `${weightDroplets} of ${had.droplets} + ${had.bonded}`)
      supports.set(source, (supports.get(source) ?? 0) + weightDroplets)
    }
  }
  assert.equal(election.votedDroplets, voted)
  assert.ok(voted <= allDroplets)
  for (const [address, { verifier }] of accounts.entries())
    if (verifier !== null)
      assert.equal(
        verifier.tally.election === election.number ? verifier.tally.droplets : 0,
        tallies.get(address) ?? 0,
        `tally of ${address}`,
      )
  for (const { source, weightDroplets } of election.proposals) {
    assert.equal(weightDroplets, supports.get(source))
    assert.ok(weightDroplets <= allDroplets)
  }
  return voted
}

describe('ledger elections: one coin votes once', () => {
  it('property: however coins move, slips and ratifications weigh what their accounts held when it opened at most', () => {
    const counts = { slips: 0, ratifications: 0, most: 0 }
    const cases = fc.tuple(moves(12), moves(8), fc.array(moves(10), { maxLength: 8 }), fc.boolean())
    fc.assert(
      fc.property(cases, ([before, first, later, isForced]) => {
        const chain = new TestChain(world())
        play(chain, before)
        const all = chain.state.globals.supplyDroplets
        const held = openAnd(chain, isForced, first)
        for (const block of [[], ...later]) {
          const { proposals } = electionOf(chain)
          const voted = checkBallots(chain.state, held, all)
          assert.ok(supplyOf(chain.state).holds)
          counts.slips += voted > 0 ? 1 : 0
          counts.ratifications += proposals.length > 0 ? 1 : 0
          counts.most = Math.max(counts.most, voted / all)
          play(chain, block)
        }
      }),
      { seed: 41, numRuns: 400 },
    )
    // The cases are worth something: slips and ratifications weigh something in many.
    assert.ok(counts.slips > 400 && counts.ratifications > 400, JSON.stringify(counts))
  })
})

describe('ledger elections: what does not matter', () => {
  /** Another order of the same transactions in which each sender's come in its order. */
  const reordered = (options: readonly TxOptions[], order: readonly number[]): TxOptions[] => {
    const queues = new Map<string, TxOptions[]>()
    for (const option of options) queues.set(option.from, [...(queues.get(option.from) ?? []), option])
    const senders = options.map(({ from }) => from)
    return order.flatMap((place) => queues.get(senders[place] ?? '')?.shift() ?? [])
  }

  it('property: the order of slips in a block, but for the last of each sender', () => {
    const slipOf = fc.tuple(fc.nat(NAMES.length - 2), slip).map(([index, one]) => ({ from: NAMES[index] ?? '', action: one, fee: index }))
    const orders = fc
      .array(slipOf, { minLength: 2, maxLength: 12 })
      .chain((slips) =>
        fc.record({ slips: fc.constant(slips), order: fc.shuffledSubarray([...slips.keys()], { minLength: slips.length }) }),
      )
    let different = 0
    fc.assert(
      fc.property(moves(20), orders, orders, (before, first, second) => {
        const results = [false, true].map((isReordered) => {
          const chain = new TestChain(world({ minTurnoutPpm: 0 }))
          open(chain)
          play(chain, before)
          // Nobody has to have moved by chance: each moves a droplet, or all that it has.
          play(
            chain,
            [...HOLDERS, ...VERIFIERS].map((from) => ({ from, action: act.transfer('new', 1), fee: 0 })),
          )
          const roots = [first, second].map(({ slips, order }) => {
            play(chain, isReordered ? reordered(slips, order) : slips)
            return stateRoot(chain.state)
          })
          const settled = chain.block({ slot: 1000 })
          return { roots, root: settled.stateRoot, events: settled.receipt.events }
        })
        assert.deepEqual(results[0], results[1])
        const [ids, other] = [first.slips, reordered(first.slips, first.order)].map((slips) => JSON.stringify(slips))
        if (ids !== other) different++
      }),
      { seed: 42, numRuns: 150 },
    )
    assert.ok(different > 100, `${different} of the cases had another order`)
  })

  it('property: the order in which verifiers come into the ledger, where they tie', () => {
    const names = ['v1', 'v2', 'v3', 'v4', 'r1', 'r2', 'r3', 'r4']
    const ascending = [...names].sort((left, right) => (addressOfName(left) < addressOfName(right) ? -1 : 1))
    const rich = { droplets: 100 * COIN, microHours: COIN }
    const order = fc.shuffledSubarray(names, { minLength: names.length })
    fc.assert(
      fc.property(order, fc.integer({ min: 1, max: 8 }), fc.subarray(names, { maxLength: 3 }), (shuffled, quorumSize, choices) => {
        const early = shuffled.filter((one) => one.startsWith('v'))
        const late = shuffled.filter((one) => one.startsWith('r'))
        const chain = new TestChain({
          parameters: { ...SLOTS, quorumSize, minTurnoutPpm: 0 },
          verifiers: Object.fromEntries(early.map((one) => [one, 60 * COIN])),
          funds: Object.fromEntries(['a', ...late].map((one) => [one, rich])),
        })
        for (const from of late) chain.block({ transactions: [{ from, action: act.register(from) }] })
        for (const from of late) for (const coins of [30, 30]) chain.send(from, act.stake(coins * COIN))
        open(chain, { transactions: choices.length === 0 ? [] : vote('a', 20, choices) })
        const { names: elected } = resultOf(chain.block({ slot: 1000 }), names)
        const others = ascending.filter((one) => !choices.includes(one))
        assert.deepEqual(elected, [...ascending.filter((one) => choices.includes(one)), ...others].slice(0, quorumSize))
      }),
      { seed: 43, numRuns: 100 },
    )
  })

  it('property: whether the state was restored from its accounts, in whatever order', () => {
    const cases = fc.tuple(moves(15), moves(15), moves(6), fc.gen())
    fc.assert(
      fc.property(cases, ([before, during, after, gen]) => {
        const chain = new TestChain(world({ minTurnoutPpm: 0, quorumSize: 3 }))
        play(chain, before)
        open(chain)
        play(chain, during)
        const { globals, quorum, headQuorum, accounts } = chain.state
        const entries = [...accounts.entries()]
        const shuffled = gen(fc.shuffledSubarray, entries, { minLength: entries.length })
        const restored = restoreState(genesisOf(world({ minTurnoutPpm: 0, quorumSize: 3 })), CHAIN_ID, {
          ...{ accounts: shuffled, globals, quorum, headQuorum },
        })
        assert.equal(stateRoot(restored), stateRoot(chain.state))
        for (const slot of [500, 1000, 1001, 1100]) {
          const context = chain.context({ slot })
          const transactions = chain.prepared(after.slice(0, 1), slot)
          const [one, other] = [chain.state, restored].map((state) => {
            const verdict = apply(state, context, transactions)
            const transition = verdict.kind === 'accept' ? verdict.value : new Execution(state, context).finish()
            advance(state, transition)
            return { verdict: verdict.kind, root: transition.stateRoot, receipt: transition.receipt, quorum: transition.quorum }
          })
          assert.deepEqual(one, other)
        }
      }),
      { seed: 44, numRuns: 100 },
    )
  })
})
