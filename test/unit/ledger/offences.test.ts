import assert from 'node:assert/strict'
import { delegationValue } from '../../../src/ledger/bonds.ts'
import { MAX_OFFENCES } from '../../../src/ledger/bounds.ts'
import type { BlockCode } from '../../../src/ledger/codes.ts'
import { MAX_BLOCK_EVIDENCE } from '../../../src/wire/bounds.ts'
import type { OffenceKind, ProvenEvidence } from '../../../src/wire/evidence.ts'
import { close, open } from './election-fixtures.ts'
import { act, addressOfName, type BlockOptions, blsKeyOf, COIN, eventsOf, proofOf, TestChain, type World } from './fixtures.ts'

const KINDS: readonly OffenceKind[] = ['double-candidate', 'double-vote', 'double-lock', 'double-seal', 'amnesia']
const NAMES = ['v1', 'v2', 'v3', 'v4']
/** Rewards would only blur what an offence costs. */
const QUIET: World = { parameters: { blockRewardDroplets: 0, makerSharePpm: 1_000_000 } }

/** Elections of which no block is left out, as many as asked for. */
function handovers(chain: TestChain, count = 1): void {
  for (let done = 0; done < count; done++) {
    open(chain)
    close(chain)
  }
}
const slashedOf = (chain: TestChain, options: BlockOptions) => eventsOf(chain.block(options), 'slashed')
const unbondingOf = (chain: TestChain, name: string): [string, number, number][] =>
  (chain.account(name).bonds?.unbonding ?? []).map(({ verifier, droplets, epoch }) => [verifier, droplets, epoch])

describe('ledger: evidence that a block may not hold', () => {
  const vote = (names: readonly string[], height: number, changes = {}): ProvenEvidence => proofOf(names, { height, ...changes })
  const cases: {
    description: string
    world?: World
    before?: (chain: TestChain) => void
    options: BlockOptions
    code: BlockCode
    detail: RegExp
  }[] = [
    {
      description: 'more than fits',
      options: {
        evidence: KINDS.flatMap((kind) => ['v1', 'v2'].map((name) => vote([name], 1, { kind }))).slice(0, MAX_BLOCK_EVIDENCE + 1),
      },
      code: 'too-much-evidence',
      detail: /^has 9 pieces of evidence, at most 8 allowed$/,
    },
    {
      description: 'of a key that nobody has registered',
      options: { evidence: [vote(['a'], 1)] },
      code: 'unknown-signer',
      detail: new RegExp(`^evidence ${vote(['a'], 1).id}: no verifier has the BLS key ${blsKeyOf('a')}$`),
    },
    {
      description: 'of a registered key in a sum with one that is not, though that one be no offender',
      options: { evidence: [vote(['v1'], 1, { alsoFirst: ['a'] })] },
      code: 'unknown-signer',
      detail: new RegExp(blsKeyOf('a')),
    },
    {
      description: 'of a key that is registered in the same block',
      options: { evidence: [vote(['a'], 1)], transactions: [{ from: 'a', action: act.register('a') }] },
      code: 'unknown-signer',
      detail: new RegExp(blsKeyOf('a')),
    },
    {
      description: 'of a height above the block',
      before: (chain) => void chain.block(),
      options: { evidence: [vote(['v1'], 3)] },
      code: 'future-evidence',
      detail: /: is of height 3, this block has 2$/,
    },
    {
      description: 'of an epoch that ended too long ago',
      before: (chain) => handovers(chain),
      // The handover was height 2, in slot 100.
      options: { slot: 301, evidence: [vote(['v1'], 2)] },
      code: 'evidence-expired',
      detail: /: the epoch of height 2 ended in slot 100: it counts until slot 300, this is 301$/,
    },
    {
      description: 'of an epoch so long ago that its end is forgotten',
      before: (chain) => handovers(chain, 9),
      options: { evidence: [vote(['v1'], 1)] },
      code: 'evidence-expired',
      // That of slot 600 is the newest from whose end on more than 300 slots have passed.
      detail: /: the epoch of height 1 ended in slot 600: it counts until slot 800, this is 901$/,
    },
    {
      description: 'again',
      before: (chain) => void chain.block({ evidence: [vote(['v1'], 1)] }),
      options: { evidence: [vote(['v1'], 1)] },
      code: 'already-punished',
      detail: /: double-vote at height 1: all 1 offenders have been punished for it$/,
    },
    {
      description: 'twice in one block',
      options: { evidence: [vote(['v1'], 1), vote(['v1'], 1)] },
      code: 'already-punished',
      detail: /: double-vote at height 1: all 1 offenders/,
    },
    {
      description: 'of an offence that a certificate with others has proven',
      before: (chain) => void chain.block({ evidence: [vote(['v1', 'v2', 'v3'], 1)] }),
      options: { evidence: [vote(['v3', 'v1'], 1, { signature: '0e' })] },
      code: 'already-punished',
      detail: /: double-vote at height 1: all 2 offenders/,
    },
    {
      description: 'of offences that were proven one by one',
      before: (chain) => {
        chain.block({ evidence: [vote(['v1'], 1)] })
        chain.block({ evidence: [vote(['v2'], 1)] })
      },
      options: { evidence: [vote(['v1', 'v2'], 1, { alsoFirst: ['v4'] })] },
      code: 'already-punished',
      detail: /all 2 offenders/,
    },
    {
      description: 'of more offences than the state remembers',
      before: (chain) => offendOften(chain, 'v1'),
      options: { evidence: [vote(['v1'], 5)] },
      code: 'too-many-offences',
      detail: /: the offenders have been punished for 16 offences each that still count, and for no more$/,
    },
    {
      description: 'of two, one punished for it and one for as many offences as the state remembers',
      before: (chain) => {
        offendOften(chain, 'v1')
        chain.block({ evidence: [vote(['v2'], 5)] })
      },
      options: { evidence: [vote(['v1', 'v2'], 5)] },
      code: 'too-many-offences',
      detail: /16 offences/,
    },
    {
      description: 'of an unknown key and of a height above the block: the key comes first',
      options: { evidence: [vote(['a'], 9)] },
      code: 'unknown-signer',
      detail: /BLS key/,
    },
    {
      description: 'good evidence before bad: the whole block is bad',
      options: { evidence: [vote(['v1'], 1), vote(['v2'], 2)] },
      code: 'future-evidence',
      detail: new RegExp(`^evidence ${vote(['v2'], 2).id}: is of height 2, this block has 1$`),
    },
  ]
  for (const { description, world, before, options, code, detail } of cases) {
    it(description, () => {
      const chain = new TestChain(world)
      before?.(chain)
      const refused = chain.refusedBlock(options)
      assert.equal(refused.code, code)
      assert.match(refused.detail, detail)
    })
  }

  it('comes before what is wrong with transactions', () => {
    const chain = new TestChain()
    const options: BlockOptions = { evidence: [proofOf(['v1'], { height: 2 })], transactions: [{ from: 'a', action: act.unstake() }] }
    assert.equal(chain.refusedBlock(options).code, 'future-evidence')
  })

  it('is left out by whoever builds a block, and the rest is in it, in order', () => {
    const chain = new TestChain()
    chain.block({ evidence: [proofOf(['v4'], { height: 1 })] })
    const good = [proofOf(['v1'], { height: 1 }), proofOf(['v2', 'v4'], { height: 1 }), proofOf(['v3'], { height: 2, kind: 'amnesia' })]
    const [first, second, third] = good
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const bad = [proofOf(['v4'], { height: 1 }), proofOf(['v2'], { height: 9 }), proofOf(['a'], { height: 1 }), first]
    const { evidence, transition } = chain.assembled({ evidence: [...bad.slice(0, 2), first, ...bad, second, third, third] })
    assert.deepEqual(evidence, good)
    assert.deepEqual(transition.stateRoot, chain.block({ evidence: good }).stateRoot)
  })

  it('is taken as far as it fits by whoever builds a block', () => {
    const chain = new TestChain()
    const all = KINDS.flatMap((kind) => ['v1', 'v2'].map((name) => proofOf([name], { height: 1, kind })))
    assert.deepEqual(chain.assembled({ evidence: all }).evidence, all.slice(0, MAX_BLOCK_EVIDENCE))
  })

  it('a height that the block itself has is not above it', () => {
    const chain = new TestChain()
    assert.equal(slashedOf(chain, { evidence: [proofOf(['v1'], { height: 1 })] })[0]?.height, 1)
  })

  it('an epoch counts up to its last slot, and one that goes on counts however long it is', () => {
    const chain = new TestChain()
    chain.block({ slot: 79 })
    chain.block({ slot: 5000, evidence: [proofOf(['v1'], { height: 1 })] })
    const other = new TestChain()
    handovers(other)
    assert.equal(other.state.globals.height, 2)
    other.block({ slot: 300, evidence: [proofOf(['v1'], { height: 2 })] })
    // The next height is of the next epoch.
    other.block({ slot: 301, evidence: [proofOf(['v1'], { height: 3 })] })
  })
})

/** As many offences as the state remembers, at heights 1 to 4. */
function offendOften(chain: TestChain, name: string): void {
  const all = [1, 2, 3, 4].flatMap((height) => KINDS.map((kind) => proofOf([name], { height, kind }))).slice(0, MAX_OFFENCES)
  for (let height = 1; height <= 4; height++) chain.block()
  for (let from = 0; from < all.length; from += MAX_BLOCK_EVIDENCE) chain.block({ evidence: all.slice(from, from + MAX_BLOCK_EVIDENCE) })
  assert.equal(chain.verifier(name).offences.length, MAX_OFFENCES)
}

describe('ledger: what an offence costs', () => {
  it('a share of own stake, of what is delegated and of what is on its way back; the maker gets its share, the rest is burned', () => {
    const chain = new TestChain(QUIET)
    chain.block({
      transactions: [
        { from: 'a', action: act.delegate('v1', 10 * COIN) },
        { from: 'b', action: act.delegate('v1', 4 * COIN) },
        { from: 'c', action: act.delegate('v2', 6 * COIN) },
      ],
    })
    chain.block({
      transactions: [
        { from: 'v1', action: act.unstake(7 * COIN) },
        { from: 'b', action: act.undelegate('v1', 2 * COIN) },
        { from: 'c', action: act.undelegate('v2', 1 * COIN) },
      ],
    })
    const before = { ...chain.state.globals, v3: chain.account('v3').droplets }
    const [slashed, ...others] = slashedOf(chain, { maker: 'v3', evidence: [proofOf(['v1'], { height: 2, kind: 'double-seal' })] })
    assert.deepEqual(others, [])
    assert.deepEqual(slashed, {
      ...{ kind: 'slashed', verifier: addressOfName('v1'), offence: 'double-seal', height: 2 },
      // 5% of 33, of 12, and of 7 and 2 coins; 5% of the 2.7 coins in all.
      ...{ stakeDroplets: 1_650_000, delegatedDroplets: 600_000, unbondingDroplets: 350_000 + 100_000 },
      ...{ reporter: addressOfName('v3'), rewardDroplets: 135_000 },
    })
    const { stakeDroplets, delegatedDroplets, delegationShares, offences } = chain.verifier('v1')
    assert.deepEqual([stakeDroplets, delegatedDroplets, delegationShares], [31_350_000, 11_400_000, 12 * COIN])
    assert.deepEqual(offences, [{ kind: 'double-seal', height: 2 }])
    assert.equal(delegationValue(chain.verifier('v1'), 10 * COIN), 9_500_000)
    assert.deepEqual(unbondingOf(chain, 'v1'), [[addressOfName('v1'), 6_650_000, 0]])
    assert.deepEqual(unbondingOf(chain, 'b'), [[addressOfName('v1'), 1_900_000, 0]])
    assert.deepEqual(unbondingOf(chain, 'c'), [[addressOfName('v2'), COIN, 0]])
    const { supplyDroplets, burnedDroplets, mintedDroplets } = chain.state.globals
    assert.deepEqual([before.supplyDroplets - supplyDroplets, burnedDroplets - before.burnedDroplets], [2_565_000, 2_565_000])
    assert.equal(mintedDroplets, before.mintedDroplets)
    assert.equal(chain.account('v3').droplets, before.v3 + 135_000)
  })

  it('parts are rounded up, the reward down: no droplet is too small to lose', () => {
    const chain = new TestChain({ parameters: { ...QUIET.parameters, slashPpm: 1, reporterPpm: 999_999 } })
    chain.send('a', act.delegate('v1', 3))
    chain.send('a', act.undelegate('v1', 1))
    const [slashed] = slashedOf(chain, { maker: 'v2', evidence: [proofOf(['v1'], { height: 1 })] })
    assert.deepEqual(
      [slashed?.stakeDroplets, slashed?.delegatedDroplets, slashed?.unbondingDroplets, slashed?.rewardDroplets],
      [40, 1, 1, 41],
    )
    // Nothing is left of the droplet that was on its way back, and a sum of nothing is none.
    assert.deepEqual(chain.account('a').bonds?.unbonding, [])
  })

  it('all, where all is the price: delegations of nothing end, and whoever comes next begins anew', () => {
    const chain = new TestChain({ parameters: { ...QUIET.parameters, slashPpm: 1_000_000, reporterPpm: 0 } })
    chain.block({
      transactions: [
        { from: 'a', action: act.delegate('v1', 10 * COIN) },
        { from: 'b', action: act.delegate('v1', 4 * COIN) },
        { from: 'b', action: act.delegate('v2', 5 * COIN) },
        { from: 'v4', action: act.delegate('v1', COIN) },
      ],
    })
    chain.send('v4', act.undelegate('v1', COIN / 2))
    const [slashed] = slashedOf(chain, { maker: 'v2', evidence: [proofOf(['v1'], { height: 1 })] })
    assert.deepEqual(
      [slashed?.stakeDroplets, slashed?.delegatedDroplets, slashed?.unbondingDroplets, slashed?.rewardDroplets],
      [40 * COIN, 14_500_000, 500_000, 0],
    )
    const { stakeDroplets, delegatedDroplets, delegationShares } = chain.verifier('v1')
    assert.deepEqual([stakeDroplets, delegatedDroplets, delegationShares], [0, 0, 0])
    assert.deepEqual([chain.account('a').bonds, chain.account('v4').bonds], [null, null])
    assert.deepEqual(chain.account('b').bonds, { delegations: [{ verifier: addressOfName('v2'), shares: 5 * COIN }], unbonding: [] })
    assert.deepEqual([...chain.state.indexes.delegators.keys()], [addressOfName('v2')])
    assert.equal(chain.refusal({ from: 'a', action: act.undelegate('v1') }).code, 'nothing-bonded')
    chain.send('c', act.delegate('v1', 5))
    assert.deepEqual([chain.verifier('v1').delegatedDroplets, chain.verifier('v1').delegationShares], [5, 5])
  })

  it('the last droplet that is delegated, too: shares of nothing would keep everybody away', () => {
    const chain = new TestChain(QUIET)
    chain.send('a', act.delegate('v1', 1))
    chain.block({ maker: 'v2', evidence: [proofOf(['v1'], { height: 1 })] })
    assert.deepEqual(
      [chain.verifier('v1').delegatedDroplets, chain.verifier('v1').delegationShares, chain.account('a').bonds],
      [0, 0, null],
    )
  })

  it('of a verifier with nothing bonded nothing; it is jailed all the same', () => {
    const chain = new TestChain(QUIET)
    chain.send('a', act.register('a'))
    const { receipt } = chain.block({ slot: 7, evidence: [proofOf(['a'], { height: 1 })] })
    assert.deepEqual(receipt.events, [
      {
        ...{ kind: 'slashed', verifier: addressOfName('a'), offence: 'double-vote', height: 1 },
        ...{ stakeDroplets: 0, delegatedDroplets: 0, unbondingDroplets: 0 },
        ...{ reporter: receipt.events[0]?.kind === 'slashed' ? receipt.events[0].reporter : '', rewardDroplets: 0 },
      },
      { kind: 'jailed', verifier: addressOfName('a'), untilSlot: 1007 },
    ])
    assert.equal(chain.state.globals.election, null)
  })

  it('each offence its own share, of what the one before has left', () => {
    const chain = new TestChain(QUIET)
    chain.block({ maker: 'v2', evidence: KINDS.map((kind) => proofOf(['v1'], { height: 1, kind })) })
    assert.equal(chain.verifier('v1').stakeDroplets, 30_951_237)
    assert.deepEqual(
      chain.verifier('v1').offences,
      KINDS.map((kind) => ({ kind, height: 1 })),
    )
    chain.block({ evidence: [proofOf(['v1'], { height: 2 })] })
    assert.equal(chain.verifier('v1').stakeDroplets, 29_403_675)
  })

  it('of several only those pay who have not, and each once', () => {
    const chain = new TestChain(QUIET)
    chain.block({ maker: 'v4', evidence: [proofOf(['v1'], { height: 1 })] })
    const proof = proofOf(['v1', 'v2', 'v3'], { height: 1, alsoFirst: ['v4'] })
    const slashed = slashedOf(chain, { maker: 'v4', evidence: [proof] })
    assert.deepEqual(
      new Set(slashed.map(({ verifier, stakeDroplets }) => `${verifier} ${stakeDroplets}`)),
      new Set([`${addressOfName('v2')} ${1.5 * COIN}`, `${addressOfName('v3')} ${COIN}`]),
    )
    assert.deepEqual(
      NAMES.map((name) => chain.verifier(name).stakeDroplets / COIN),
      [38, 28.5, 19, 10],
    )
    assert.deepEqual([chain.verifier('v4').offences, chain.verifier('v4').jailedUntilSlot], [[], null])
  })
})

describe('ledger: who reports an offence', () => {
  it('gets nothing if it is one of the offenders, also if it was punished before', () => {
    for (const before of [[], [proofOf(['v2'], { height: 1 })]]) {
      const chain = new TestChain(QUIET)
      chain.block({ maker: 'v4', evidence: before })
      const slashed = slashedOf(chain, { maker: 'v2', evidence: [proofOf(['v1', 'v2'], { height: 1 })] })
      assert.deepEqual(
        slashed.map(({ rewardDroplets, reporter }) => [rewardDroplets, reporter]),
        slashed.map(() => [0, addressOfName('v2')]),
      )
      assert.equal(slashed.length, before.length === 0 ? 2 : 1)
    }
  })

  it('gets its share for others, whatever it is guilty of itself in the same block', () => {
    const chain = new TestChain(QUIET)
    const slashed = slashedOf(chain, { maker: 'v2', evidence: [proofOf(['v2'], { height: 1 }), proofOf(['v1'], { height: 1 })] })
    assert.deepEqual(
      slashed.map(({ verifier, rewardDroplets }) => [verifier, rewardDroplets]),
      [
        [addressOfName('v2'), 0],
        [addressOfName('v1'), COIN / 10],
      ],
    )
  })

  it('is the maker of the block, not of the one before', () => {
    const chain = new TestChain(QUIET)
    chain.block({ maker: 'v3' })
    const before = chain.account('v4').droplets
    chain.block({ maker: 'v4', evidence: [proofOf(['v1'], { height: 1 })] })
    assert.equal(chain.account('v4').droplets, before + COIN / 10)
  })
})

describe('ledger: what was taken back before an offence is proven', () => {
  /** v1 takes back 4 coins in epoch 0, 3 in epoch 1 and 2 in epoch 2; heights 1 to 3 are of epoch 0, 4 to 6 of epoch 1. */
  function inThreeEpochs(): TestChain {
    const chain = new TestChain({ parameters: { ...QUIET.parameters, jailSlots: 1, unbondingSlots: 1000, evidenceSlots: 900 } })
    for (const coins of [4, 3, 2]) {
      chain.send('v1', act.unstake(coins * COIN))
      if (coins > 2) handovers(chain)
    }
    assert.deepEqual(
      chain.state.globals.handovers.map(({ epoch, height }) => [epoch, height]),
      [
        [0, 3],
        [1, 6],
      ],
    )
    return chain
  }
  for (const { height, left } of [
    { height: 1, left: [3.8, 2.85, 1.9] },
    { height: 3, left: [3.8, 2.85, 1.9] },
    { height: 4, left: [4, 2.85, 1.9] },
    { height: 6, left: [4, 2.85, 1.9] },
    { height: 7, left: [4, 3, 1.9] },
    { height: 8, left: [4, 3, 1.9] },
  ])
    it(`at height ${height}: ${left.join(', ')} coins are left of the sums of three epochs`, () => {
      const chain = inThreeEpochs()
      chain.block({ evidence: [proofOf(['v1'], { height })] })
      assert.deepEqual(
        unbondingOf(chain, 'v1').map(([, droplets]) => droplets / COIN),
        left,
      )
    })

  it('in the block of the handover belongs to the epoch that begins, and was bonded in the one that ends', () => {
    const chain = new TestChain(QUIET)
    open(chain)
    close(chain, { transactions: [{ from: 'v1', action: act.unstake(4 * COIN) }] })
    assert.deepEqual(unbondingOf(chain, 'v1'), [[addressOfName('v1'), 4 * COIN, 1]])
    chain.block({ evidence: [proofOf(['v1'], { height: 2 })] })
    assert.equal(unbondingOf(chain, 'v1')[0]?.[1], 3.8 * COIN)
    // Its weight in the quorum of the next height was with that coin.
    chain.block({ evidence: [proofOf(['v1'], { height: 3 })] })
    assert.equal(unbondingOf(chain, 'v1')[0]?.[1], 3.61 * COIN)
  })

  it('is slashed in the block in which it would come back', () => {
    // Evidence of epoch 1 meets what was taken back in it; the block gives back what epoch 0 left.
    const chain = new TestChain(QUIET)
    chain.send('v1', act.unstake(4 * COIN))
    handovers(chain)
    chain.send('v1', act.unstake(2 * COIN))
    const before = chain.account('v1').droplets
    chain.block({ slot: 400, maker: 'v2', signers: [], evidence: [proofOf(['v1'], { height: 4 })] })
    assert.equal(chain.account('v1').droplets, before + 4 * COIN)
    assert.deepEqual(unbondingOf(chain, 'v1'), [[addressOfName('v1'), 1.9 * COIN, 1]])
  })
})

describe('ledger: how offences are remembered', () => {
  it('the jail of a second offence is never shorter than that of the first', () => {
    const chain = new TestChain()
    chain.block({ slot: 5, offenders: { v1: 500 } })
    const { receipt } = chain.block({ slot: 6, offenders: { v1: 100 } })
    assert.deepEqual(receipt.events.slice(1), [{ kind: 'jailed', verifier: addressOfName('v1'), untilSlot: 500 }])
    assert.equal(chain.verifier('v1').jailedUntilSlot, 500)
  })

  it('evidence of an earlier epoch takes the weight that the offender has now', () => {
    const chain = new TestChain()
    handovers(chain)
    const { quorum } = chain.block({ evidence: [proofOf(['v1'], { height: 1 })] })
    assert.equal(quorum.totalStakeDroplets, chain.state.headQuorum.totalStakeDroplets - 40 * COIN)
    assert.equal(chain.state.globals.election?.cause, 'forced')
  })

  it('once evidence of it counts no more an offence is forgotten, and makes room for another', () => {
    const chain = new TestChain({ parameters: { forcedElectionSlots: 50, jailSlots: 1 } })
    offendOften(chain, 'v1')
    assert.equal(chain.refusedBlock({ evidence: [proofOf(['v1'], { height: 5 })] }).code, 'too-many-offences')
    close(chain)
    const [end] = chain.state.globals.handovers
    assert.ok(end !== undefined && end.height >= 5)
    const { slot, height } = end
    // In the last slot in which the old ones count there is still no room.
    const fresh = proofOf(['v1'], { height: height + 1 })
    assert.equal(chain.refusedBlock({ slot: slot + 200, evidence: [fresh] }).code, 'too-many-offences')
    chain.block({ slot: slot + 201, evidence: [fresh] })
    assert.deepEqual(chain.verifier('v1').offences, [{ kind: 'double-vote', height: height + 1 }])
  })

  it('with another offender who has room it is punished, and who has none is left out', () => {
    const chain = new TestChain()
    offendOften(chain, 'v1')
    const slashed = slashedOf(chain, { evidence: [proofOf(['v1', 'v2'], { height: 5 })] })
    assert.deepEqual(
      slashed.map(({ verifier }) => verifier),
      [addressOfName('v2')],
    )
  })

  it('whoever is slashed earns coin-hours up to then, and none for what it lost', () => {
    const chain = new TestChain(QUIET)
    chain.block({ slot: 100, maker: 'v2', evidence: [proofOf(['v1'], { height: 1 })] })
    const { hoursAtMs, microHours } = chain.account('v1')
    assert.deepEqual([hoursAtMs, microHours], [1_700_000_100_000, COIN + Math.floor((100 * COIN * 100) / 3600)])
  })
})
