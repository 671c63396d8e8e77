import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AccountView } from '../../../src/api/ledger-types.ts'
import type { Receipt } from '../../../src/ledger/receipt.ts'
import { blockTimeMs } from '../../../src/ledger/state.ts'
import { ledgerEvents } from '../../../src/node/views/elections.ts'
import { LedgerViews } from '../../../src/node/views/ledger.ts'
import type { Quorum } from '../../../src/wire/quorum.ts'
import {
  act,
  addressOfName,
  type BlockOptions,
  blsKeyOf,
  COIN,
  FUNDS,
  parameters,
  sourceOf,
  TestChain,
  VERIFIERS,
  type World,
} from '../ledger/fixtures.ts'

const at = addressOfName
/** Elections are open from this slot to 99. */
const OPENS = parameters.epochSlots - parameters.electionSlots

/** A ledger's chain as a node keeps it, and what its API would show. */
class Shown {
  readonly chain: TestChain
  readonly receipts = new Map<number, Receipt>()
  readonly views: LedgerViews
  receiptsRead = 0

  constructor(world: World = {}) {
    this.chain = new TestChain(world)
    const shown = this
    this.views = new LedgerViews({
      get ledger() {
        return shown.chain.state
      },
      get head() {
        const { height } = shown.chain.state.globals
        return { height, slot: height === 0 ? -1 : shown.chain.slot, hash: '', parent: '' }
      },
      receipt: (height) => {
        shown.receiptsRead++
        return shown.receipts.get(height)
      },
    })
  }

  block(options: BlockOptions = {}): { readonly receipt: Receipt; readonly before: Quorum } {
    const before = this.chain.state.quorum
    const { receipt } = this.chain.block(options)
    this.receipts.set(this.chain.state.globals.height, receipt)
    return { receipt, before }
  }

  account(name: string): AccountView {
    return this.views.account(at(name), undefined)
  }
}

describe('views of the ledger: accounts', () => {
  it('an account that nobody has paid is a client with nothing', () => {
    assert.deepEqual(new Shown().account('nobody'), {
      ...{ address: at('nobody'), kind: 'client', droplets: 0, microHours: 0, nonce: 0, nextNonce: 0 },
      ...{ verifier: null, delegations: [], unbonding: [], endorses: [], ballot: null },
    })
  })

  it('the next nonce is what the pool says, and coin-hours are those of the head', () => {
    const shown = new Shown()
    shown.block({ slot: 36 })
    const account = shown.views.account(at('a'), 4)
    assert.deepEqual([account.nonce, account.nextNonce], [0, 4])
    // A hundred coins earn one coin-hour in 36 seconds.
    assert.equal(account.microHours, FUNDS.a.microHours + COIN)
  })

  it('a client becomes a verifier by registering, and shows what its stake is', () => {
    const shown = new Shown()
    shown.block({ transactions: [{ from: 'a', action: act.register('a', { commissionPpm: 70_000 }) }] })
    shown.block({
      transactions: [
        { from: 'a', action: act.stake(2 * COIN) },
        { from: 'b', action: act.delegate('a', 3 * COIN) },
      ],
    })
    const { kind, verifier, droplets } = shown.account('a')
    assert.equal(kind, 'verifier')
    assert.deepEqual(
      { ...verifier, peerId: '' },
      {
        ...{ peerId: '', blsKey: blsKeyOf('a'), commissionPpm: 70_000, registeredHeight: 1 },
        ...{ stakeDroplets: 2 * COIN, delegatedDroplets: 3 * COIN, delegators: 1 },
        ...{ inQuorum: false, weightDroplets: 0, jailedUntilSlot: null, offences: [], trust: 0, votesDroplets: 0, obstacle: null },
      },
    )
    assert.equal(droplets, FUNDS.a.droplets - parameters.verifierFeeDroplets - 2 * COIN - 20)
    assert.equal(shown.account('b').kind, 'client')
    assert.deepEqual(shown.account('b').delegations, [{ verifier: at('a'), droplets: 3 * COIN, shares: 3 * COIN }])
  })

  it('a delegation shows what it is worth with its rewards, and what was taken back shows when it is free', () => {
    const shown = new Shown()
    shown.block({ transactions: [{ from: 'b', action: act.delegate('v1', 30 * COIN) }] })
    shown.block()
    const [delegation] = shown.account('b').delegations
    assert.ok((delegation?.droplets ?? 0) > 30 * COIN, 'the verifier was paid, and its delegator with it')
    shown.block({ slot: 10, transactions: [{ from: 'b', action: act.undelegate('v1', 10 * COIN) }] })
    const unbonding = () => shown.account('b').unbonding.map(({ droplets: _, ...rest }) => rest)
    assert.deepEqual(unbonding(), [{ verifier: at('v1'), releaseSlot: null, releaseTimeMs: null }])
    // The time begins with the handover.
    shown.block({ slot: OPENS })
    shown.block({ slot: 100 })
    const releaseSlot = 100 + parameters.unbondingSlots
    assert.deepEqual(unbonding(), [{ verifier: at('v1'), releaseSlot, releaseTimeMs: blockTimeMs(shown.chain.state, releaseSlot) }])
  })

  it('an account that nobody has touched since the election opened shows its ballot all the same', () => {
    const shown = new Shown()
    assert.equal(shown.account('c').ballot, null)
    shown.block({ slot: OPENS })
    assert.deepEqual(shown.account('c').ballot, {
      ...{
        election: 1,
        heldDroplets: FUNDS.c.droplets,
        movedDroplets: 0,
        weightDroplets: 0,
        ratifyWeightDroplets: 0,
        slip: null,
        sources: [],
      },
    })
    // Nothing of a verifier was moved; what is bonded to it counts for ratifications only.
    const { weightDroplets, ratifyWeightDroplets } = shown.account('v1').ballot ?? {}
    assert.deepEqual([weightDroplets, ratifyWeightDroplets], [0, VERIFIERS.v1])
  })

  it('a ballot shows what has moved, the slip and the ratifications that count', () => {
    const shown = new Shown()
    shown.block({ slot: OPENS })
    shown.block({
      transactions: [
        { from: 'a', action: act.transfer('b', 5 * COIN) },
        { from: 'a', action: act.slip('v2', 'v1') },
        { from: 'a', action: act.transfer('b', 2 * COIN) },
        { from: 'a', action: act.ratify('one') },
      ],
    })
    assert.deepEqual(shown.account('a').ballot, {
      ...{ election: 1, heldDroplets: FUNDS.a.droplets, movedDroplets: 7 * COIN, weightDroplets: 7 * COIN, ratifyWeightDroplets: 7 * COIN },
      slip: { weightDroplets: 5 * COIN, choices: [at('v1'), at('v2')].sort() },
      sources: [{ source: sourceOf('one'), droplets: 7 * COIN }],
    })
    assert.equal(shown.account('v2').verifier?.votesDroplets, 5 * COIN)
    assert.equal(shown.account('b').ballot?.weightDroplets, 0)
  })

  it('endorsements and the trust that they carry', () => {
    const shown = new Shown({ anchors: ['a'] })
    shown.block({ transactions: [{ from: 'a', action: act.vouch('v1') }] })
    assert.deepEqual(shown.account('a').endorses, [at('v1')])
    assert.equal(shown.account('v1').verifier?.trust, 500_000_000)
    assert.equal(shown.account('v2').verifier?.trust, 0)
  })
})

describe('views of the ledger: verifiers and the quorum', () => {
  it('lists all registered ones by what is bonded to them, in pages', () => {
    const shown = new Shown()
    shown.block({ transactions: [{ from: 'a', action: act.register('a') }] })
    shown.block({ transactions: [{ from: 'b', action: act.delegate('v4', 25 * COIN) }] })
    const all = shown.views.verifiers(0, 100)
    assert.deepEqual([all.height, all.registered], [2, 5])
    assert.deepEqual(
      all.verifiers.map(({ address, bondedDroplets }) => [address, bondedDroplets]),
      [
        [at('v1'), 40 * COIN],
        [at('v4'), 35 * COIN],
        [at('v2'), 30 * COIN],
        [at('v3'), 20 * COIN],
        [at('a'), 0],
      ],
    )
    assert.deepEqual(shown.views.verifiers(1, 2).verifiers, all.verifiers.slice(1, 3))
    assert.deepEqual(shown.views.verifiers(5, 2).verifiers, [])
    // Its weight is what it was elected with.
    assert.deepEqual([all.verifiers[1]?.weightDroplets, all.verifiers[1]?.inQuorum], [10 * COIN, true])
  })

  it('the quorum is that of the next height, with what it needs and may move', () => {
    const shown = new Shown()
    const { height, members, totalDroplets, enoughDroplets, valueLimitDroplets, hash, epoch } = shown.views.quorum()
    assert.deepEqual([height, epoch, totalDroplets, enoughDroplets, valueLimitDroplets], [1, 0, 100 * COIN, 66_666_667, 66_666_666])
    assert.deepEqual(
      members.map(({ address }) => address),
      Object.keys(VERIFIERS).map(at).sort(),
    )
    assert.equal(hash, shown.chain.state.quorum.hash)
  })

  it('says what the holder of a key is: not registered, registered, elected', () => {
    const shown = new Shown()
    const key = blsKeyOf('a')
    const status = (name: string) => {
      const index = shown.chain.state.quorum.members.findIndex(({ id }) => id === at(name))
      return shown.views.verifier(blsKeyOf(name), index < 0 ? null : index)
    }
    assert.deepEqual(status('a'), {
      ...{ blsKey: key, state: 'not-registered', address: null, index: null, weightDroplets: 0, bondedDroplets: 0 },
      ...{ minStakeDroplets: COIN, obstacle: null },
    })
    shown.block({ transactions: [{ from: 'a', action: act.register('a') }] })
    const registered = status('a')
    assert.deepEqual([registered.state, registered.address, registered.obstacle], ['registered', at('a'), 'stake-below-minimum'])
    shown.block({ transactions: [{ from: 'a', action: act.stake(50 * COIN) }] })
    assert.deepEqual([status('a').state, status('a').obstacle], ['registered', null])
    shown.block({ slot: OPENS })
    shown.block({ slot: parameters.epochSlots })
    const elected = status('a')
    assert.deepEqual([elected.state, elected.weightDroplets, elected.index !== null], ['elected', 50 * COIN, true])
  })

  const obstacles: readonly { description: string; world?: World; blocks: readonly BlockOptions[]; of: string; obstacle: string | null }[] =
    [
      { description: 'none', blocks: [{}], of: 'v1', obstacle: null },
      {
        description: 'too little stake',
        blocks: [{ transactions: [{ from: 'v4', action: act.unstake(10 * COIN - 1) }] }],
        of: 'v4',
        obstacle: 'stake-below-minimum',
      },
      { description: 'jail', blocks: [{ offenders: { v1: 50 } }], of: 'v1', obstacle: 'jailed' },
      { description: 'a jail that it has left', blocks: [{ offenders: { v1: 5 } }, { slot: 5 }], of: 'v1', obstacle: null },
      {
        description: 'an election that was open already',
        blocks: [
          { slot: OPENS },
          { transactions: [{ from: 'a', action: act.register('a') }] },
          { transactions: [{ from: 'a', action: act.stake(2 * COIN) }] },
        ],
        of: 'a',
        obstacle: 'registered-in-election',
      },
      {
        description: 'nobody whom it is trusted by',
        world: { parameters: { score: 'trust' }, anchors: ['a'] },
        blocks: [{}],
        of: 'v1',
        obstacle: 'not-trusted',
      },
      {
        description: 'none once an anchor vouches for it',
        world: { parameters: { score: 'hybrid' }, anchors: ['a'] },
        blocks: [{ transactions: [{ from: 'a', action: act.vouch('v1') }] }],
        of: 'v1',
        obstacle: null,
      },
    ]
  for (const { description, world, blocks, of, obstacle } of obstacles) {
    it(`what keeps a verifier from being elected: ${description}`, () => {
      const shown = new Shown(world)
      for (const block of blocks) shown.block(block)
      assert.equal(shown.account(of).verifier?.obstacle, obstacle)
    })
  }
})

describe('views of the ledger: elections', () => {
  it('before an election: when it opens, and when the quorum changes', async () => {
    const shown = new Shown()
    const { nextElectionSlot, nextElectionTimeMs, handover, open, settled } = await shown.views.elections(30)
    assert.deepEqual([nextElectionSlot, nextElectionTimeMs], [OPENS, blockTimeMs(shown.chain.state, OPENS)])
    assert.deepEqual(handover, { slot: 100, timeMs: blockTimeMs(shown.chain.state, 100), slotsLeft: 70 })
    assert.deepEqual([open, settled], [null, []])
  })

  it('while one is open: who would be elected by what, and the turnout', async () => {
    const shown = new Shown({ parameters: { quorumSize: 2 } })
    shown.block({ slot: OPENS })
    const byStake = (await shown.views.elections(OPENS)).open
    assert.deepEqual([byStake?.by, byStake?.seats, byStake?.eligible, byStake?.slotsLeft], ['stake', 2, 4, 20])
    assert.deepEqual(
      byStake?.standings.map(({ verifier, score, elected }) => [verifier, score, elected]),
      [
        [at('v1'), 40 * COIN, true],
        [at('v2'), 30 * COIN, true],
        [at('v3'), 20 * COIN, false],
        [at('v4'), 10 * COIN, false],
      ],
    )
    // A tenth of 800 coins must vote.
    shown.block({ transactions: [{ from: 'a', action: act.transfer('b', 45 * COIN) }] })
    shown.block({ transactions: [{ from: 'b', action: act.transfer('a', 45 * COIN) }] })
    shown.block({ transactions: ['a', 'b'].map((from) => ({ from, action: act.slip('v3', 'v4') })) })
    const { open, nextElectionSlot } = await shown.views.elections(95)
    assert.deepEqual([open?.by, open?.votedDroplets, open?.slotsLeft, nextElectionSlot], ['slips', 90 * COIN, 5, null])
    assert.ok(Math.abs((open?.turnoutPpm ?? 0) - 112_500) <= 10, `${open?.turnoutPpm}`)
    assert.deepEqual(
      new Set(open?.standings.filter(({ elected }) => elected).map(({ verifier }) => verifier)),
      new Set([at('v3'), at('v4')]),
    )
  })

  it('who stands are exactly those whom nothing keeps from it', () => {
    const acts = fc.constantFrom(
      ...(['v1', 'v2', 'v3', 'v4'] as const).flatMap((name) => [
        { from: name, action: act.unstake(null) },
        { from: name, action: act.stake(5 * COIN) },
        { from: 'a', action: act.vouch(name) },
      ]),
      { from: 'b', action: act.register('b') },
      { from: 'b', action: act.stake(3 * COIN) },
    )
    const worlds = fc.constantFrom<World>(
      {},
      { parameters: { score: 'trust' }, anchors: ['a'] },
      { parameters: { score: 'hybrid' }, anchors: ['a'] },
    )
    const property = fc.asyncProperty(worlds, fc.array(acts, { maxLength: 12 }), fc.nat(12), async (world, all, openAfter) => {
      const shown = new Shown(world)
      for (const [index, one] of all.entries()) {
        const slot = index < openAfter ? index : OPENS + index
        // Some are refused, such as a stake of who has not registered.
        try {
          shown.block({ slot, transactions: [one] })
        } catch {
          shown.block({ slot })
        }
      }
      shown.block({ slot: OPENS + 13 })
      const { open } = await shown.views.elections(null)
      const free = shown.views.verifiers(0, 100).verifiers.filter(({ obstacle }) => obstacle === null)
      assert.deepEqual(new Set(open?.standings.map(({ verifier }) => verifier)), new Set(free.map(({ address }) => address)))
    })
    return fc.assert(property, { seed: 7, numRuns: 60 })
  })

  it('finds those that are over in the receipts, the newest first, and reads each receipt once', async () => {
    const shown = new Shown()
    for (let epoch = 1; epoch <= 12; epoch++) {
      shown.block({ slot: epoch * 100 - 20 })
      shown.block({ slot: epoch * 100 })
    }
    const [one, same] = await Promise.all([shown.views.elections(1200), shown.views.elections(1200)])
    assert.deepEqual(
      one.settled.map(({ number, height }) => [number, height]),
      Array.from({ length: 10 }, (_, index) => [12 - index, 2 * (12 - index)]),
    )
    assert.deepEqual(same.settled, one.settled)
    assert.equal(shown.receiptsRead, 19)
    shown.block({ slot: 1280 })
    shown.block({ slot: 1300 })
    const { settled } = await shown.views.elections(1300)
    assert.deepEqual([settled[0]?.number, settled[9]?.number, shown.receiptsRead], [13, 4, 21])
  })

  it('a receipt that is not written yet is read the next time', async () => {
    const shown = new Shown()
    shown.block({ slot: OPENS })
    const { receipt } = shown.block({ slot: 100 })
    shown.receipts.delete(2)
    assert.deepEqual((await shown.views.elections(100)).settled, [])
    shown.receipts.set(2, receipt)
    assert.equal((await shown.views.elections(100)).settled[0]?.height, 2)
  })

  it('does not look below a snapshot', async () => {
    const shown = new Shown()
    for (const slot of [OPENS, 100, 180, 200]) shown.block({ slot })
    shown.receipts.delete(2)
    assert.deepEqual(
      (await shown.views.elections(200)).settled.map(({ number }) => number),
      [2],
    )
    assert.equal(shown.receiptsRead, 3)
  })

  const told: readonly {
    description: string
    world?: World
    before?: readonly BlockOptions[]
    block: BlockOptions
    kinds: readonly string[]
  }[] = [
    { description: 'nothing of a plain block', block: {}, kinds: [] },
    { description: 'an election that opens', block: { slot: OPENS }, kinds: ['election opened'] },
    {
      description: 'one that ends, and who signs then',
      world: { parameters: { quorumSize: 2 } },
      before: [{ slot: OPENS, transactions: [{ from: 'a', action: act.delegate('v4', 45 * COIN) }] }],
      block: { slot: 100 },
      kinds: ['election settled', 'quorum'],
    },
    {
      description: 'one that elects the same with the same weights',
      before: [{ slot: OPENS }],
      block: { slot: 100 },
      kinds: ['election settled'],
    },
    { description: 'an offence', block: { offenders: { v1: 50 } }, kinds: ['election opened', 'quorum'] },
    {
      description: 'a source that is ratified',
      world: { funds: { v1: FUNDS.v1 }, verifiers: { v1: 900 * COIN, v2: COIN } },
      before: [{ slot: OPENS }],
      block: { transactions: [{ from: 'v1', action: act.ratify('one') }] },
      kinds: ['ratified'],
    },
  ]
  for (const { description, world, before = [], block, kinds } of told) {
    it(`tells of ${description}`, () => {
      const shown = new Shown(world)
      for (const one of before) shown.block(one)
      const done = shown.block(block)
      const { state } = shown.chain
      const events = ledgerEvents(state, state.globals.height, done.receipt, done.before, state.quorum)
      assert.deepEqual(
        events.map((event) => (event.kind === 'election' ? `election ${event.state}` : event.kind)),
        kinds,
      )
      const quorum = events.find((event) => event.kind === 'quorum')
      if (quorum !== undefined) assert.deepEqual([quorum.height, quorum.hash], [state.globals.height + 1, state.quorum.hash])
    })
  }
})

describe('views of the ledger: ratification and supply', () => {
  it('what is proposed, and what has passed', () => {
    const shown = new Shown({ funds: { v1: FUNDS.v1, a: FUNDS.a }, verifiers: { v1: 300 * COIN, v2: 300 * COIN } })
    assert.deepEqual([shown.views.ratification().ratified, shown.views.ratification().election], [null, null])
    shown.block({ slot: OPENS })
    shown.block({ transactions: [{ from: 'v1', action: act.ratify('one') }] })
    const { election, supplyDroplets, running } = shown.views.ratification()
    assert.deepEqual(election, { number: 1, closesSlot: 100, proposals: [{ source: sourceOf('one'), droplets: 300 * COIN }] })
    assert.deepEqual([supplyDroplets, running], [shown.chain.state.globals.supplyDroplets, null])
  })

  it('counts all coins, anew after each block', () => {
    const shown = new Shown()
    const before = shown.views.supply()
    assert.deepEqual([before.height, before.stakedDroplets, before.supplyDroplets, before.holds], [0, 100 * COIN, 800 * COIN, true])
    assert.equal(shown.views.supply(), before)
    shown.block({ transactions: [{ from: 'a', action: act.delegate('v1', 5 * COIN) }] })
    const after = shown.views.supply()
    assert.deepEqual([after.height, after.delegatedDroplets, after.feesDroplets, after.holds], [1, 5 * COIN, 10, true])
  })
})
