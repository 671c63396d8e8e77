import assert from 'node:assert/strict'
import { MAKER_SHARE_PPM, payOut, REWARD_DROPLETS, type Scheme } from '../../../scripts/fairness/income.ts'
import { createReport, type Report, RULES, RULES_NAMES, type RulesName, type Split } from '../../../scripts/fairness/report.ts'
import { type Rules, simulate } from '../../../scripts/fairness/simulate.ts'
import { EXPECTED_CANDIDATES, ONLINE_PPM, Seeded, UNIFORM_PPM, type World } from '../../../scripts/fairness/world.ts'
import { enoughStake, stakeOf } from '../../../src/consensus/quorum.ts'

/** How far a count may lie from what is expected, in standard deviations: beyond it less than once in 10,000 checks. */
const DEVIATIONS = 4
const SCHEMES: readonly Scheme[] = ['winner', 'pooled']

describe('a simulated quorum', () => {
  it('draws tickets evenly, and has as many online as it says', () => {
    const world = new Seeded(3).world()
    const count = 500 * world.ids.length
    const tenths = Array.from({ length: 10 }, () => 0)
    let online = 0
    for (const [member, slot] of pairs(world.ids.length, 500)) {
      const { ticket, isOnline } = world.draw(member, slot)
      const tenth = Math.floor((Number.parseInt(ticket.slice(0, 8), 16) / 2 ** 32) * 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
      if (isOnline) online++
    }
    for (const found of tenths) assertCount(found, count, 0.1)
    assertCount(online, count, ONLINE_PPM / 1_000_000)
  })

  it('is in the order of its ids, and the ids differ from seed to seed', () => {
    const [first, second] = [new Seeded(1).world(), new Seeded(2).world()]
    assert.deepEqual(first.ids, [...first.ids].sort())
    assert.notDeepEqual(first.ids, second.ids)
  })

  it('keeps stake and draws of all others when one is split', () => {
    const seeded = new Seeded(5)
    const [whole, split] = [seeded.world(), seeded.world('v03')]
    const drawsOf = (world: World): Map<string, string> =>
      new Map(world.verifiers.map(({ name }, member) => [name, JSON.stringify([0, 1, 2].map((slot) => world.draw(member, slot)))]))
    const [before, after] = [drawsOf(whole), drawsOf(split)]
    assert.equal(before.size, 20)
    assert.equal(after.size, 29)
    for (const [name, draws] of before) if (name !== 'v03') assert.equal(after.get(name), draws)
    assert.equal(new Set(after.values()).size, 29)
    const sum = split.stakeDroplets.reduce((total, stake) => total + stake, 0)
    assert.equal(sum, whole.totalStakeDroplets)
    assert.equal(split.totalStakeDroplets, whole.totalStakeDroplets)
  })

  it('makes no block in a slot without a candidate, or with too little stake online', () => {
    // One of two equals alone has half the stake, which is not enough: a block needs both.
    const world = new Seeded(1, [1, 1]).world()
    const { slots, blocks, candidacies } = simulate(world, RULES.uniform, 300)
    const both = Array.from({ length: slots }, (_, slot) => [world.draw(0, slot), world.draw(1, slot)]).filter(
      (draws) => draws.every(({ isOnline }) => isOnline) && draws.some(({ isSelected }) => isSelected.uniform),
    )
    assert.equal(both.length, blocks.length)
    assert.ok(slots > blocks.length)
    assert.ok(candidacies.every((count) => count < slots))
    for (const { signers } of blocks) assert.deepEqual(signers, [0, 1])
  })

  it('has its blocks made and signed by who is there, with enough stake', () => {
    const world = new Seeded(1).world()
    for (const name of RULES_NAMES) {
      const { blocks } = simulate(world, RULES[name], 300)
      assert.equal(blocks.length, 300)
      for (const { maker, signers } of blocks) {
        assert.ok(signers.includes(maker))
        assert.ok(stakeOf(world.stakeDroplets, signers) >= enoughStake(world.totalStakeDroplets))
      }
    }
  })
})

describe('leading, in the simulation and as computed', () => {
  const cases: readonly { readonly description: string; readonly rules: Rules; readonly threshold: (stakeShare: number) => number }[] = [
    { description: 'sortition by stake', rules: RULES.stake, threshold: (share) => Math.min(1, EXPECTED_CANDIDATES * share) },
    { description: 'uniform sortition', rules: RULES.uniform, threshold: () => UNIFORM_PPM / 1_000_000 },
  ]
  for (const { description, rules, threshold } of cases)
    it(`agree for ${description} and the lowest ticket`, () => {
      const world = new Seeded(11).world()
      const blocks = 4_000
      const made = world.ids.map(() => 0)
      for (const { maker } of simulate(world, rules, blocks).blocks) made[maker] = (made[maker] ?? 0) + 1
      const expected = leaderShares(world.stakeDroplets.map((stake) => threshold(stake / world.totalStakeDroplets)))
      for (const [member, share] of expected.entries()) assertCount(made[member] ?? 0, blocks, share)
    })
})

describe('fairness', () => {
  let report: Report
  before(() => {
    report = createReport({ seed: 1, blocks: 3_000 })
  })
  const split = (name: RulesName, stakeCoins: number): Split => {
    const found = report.splits.find((one) => one.name === name && one.stakeCoins === stakeCoins)
    assert.ok(found !== undefined, `${name} ${stakeCoins}`)
    return found
  }
  const STAKES_SPLIT = [100, 14]

  it('is the same for the same options, and another for another seed', () => {
    const options = { seed: 1, blocks: 1_000 }
    assert.deepEqual(createReport(options), createReport(options))
    assert.notDeepEqual(createReport(options).runs, createReport({ ...options, seed: 2 }).runs)
  })

  it('sortition by stake gives candidates as stake', () => {
    const { slots, relativeCandidates } = report.runs.stake
    for (const [index, relative] of relativeCandidates.entries()) {
      const expected = slots * EXPECTED_CANDIDATES * (report.verifiers[index]?.stakeShare ?? 0) * (ONLINE_PPM / 1_000_000)
      assert.ok(Math.abs(relative - 1) * Math.sqrt(expected) < DEVIATIONS, `${index}: ${relative} of ${expected}`)
    }
  })

  for (const stake of STAKES_SPLIT) {
    it(`sortition by stake gives no more candidates to ten parts of ${stake} coins`, () => {
      const { ratio, standardError } = split('stake', stake).candidates
      assert.ok(Math.abs(ratio - 1) < DEVIATIONS * standardError, `${ratio} ± ${standardError}`)
      assert.ok(standardError < 0.1, String(standardError))
    })

    it(`uniform sortition gives ten times the candidates to ten parts of ${stake} coins, and more income either way`, () => {
      const { candidates, winner, pooled } = split('uniform', stake)
      assert.ok(Math.abs(candidates.ratio - 10) < DEVIATIONS * candidates.standardError, JSON.stringify(candidates))
      assert.ok(winner.least > 2 && winner.ratio - DEVIATIONS * winner.standardError > 3, JSON.stringify(winner))
      assert.ok(pooled.least > 1.2, JSON.stringify(pooled))
    })

    it(`the lowest ticket leads more often for ten parts of ${stake} coins, even though sortition is by stake`, () => {
      const { winner, pooled } = split('stake', stake)
      assert.ok(winner.ratio - DEVIATIONS * winner.standardError > 1, JSON.stringify(winner))
      assert.ok(pooled.ratio - DEVIATIONS * pooled.standardError > 1, JSON.stringify(pooled))
      assert.ok(pooled.ratio < winner.ratio)
    })

    it(`the lowest ticket per coin gains nothing for ten parts of ${stake} coins`, () => {
      const { winner, pooled } = split('perStake', stake)
      assert.ok(winner.ratio - DEVIATIONS * winner.standardError < 1, JSON.stringify(winner))
      assert.ok(winner.ratio < 1.2 && pooled.ratio < 1.05, JSON.stringify({ winner, pooled }))
    })
  }

  it('under the lowest ticket the smallest stake earns several times its share, under the lowest per coin nobody does', () => {
    const relative = (name: RulesName): readonly number[] => report.runs[name].schemes.winner.members.map((one) => one.relativeIncome)
    assert.ok((relative('stake').at(-1) ?? 0) > 2)
    assert.ok((relative('stake')[0] ?? 0) < 0.6)
    assert.ok(report.runs.perStake.schemes.winner.gini < report.runs.stake.schemes.winner.gini / 3)
    assert.ok(report.runs.stake.schemes.winner.gini < report.runs.uniform.schemes.winner.gini)
  })

  it('the lowest node id starves the highest ids', () => {
    const byPlace = [...report.verifiers.entries()].sort(([, left], [, right]) => left.idPlace - right.idPlace)
    const relative = (name: RulesName, scheme: Scheme): number[] =>
      byPlace.map(([index]) => report.runs[name].schemes[scheme].members[index]?.relativeIncome ?? Number.NaN)
    const winner = relative('nodeId', 'winner')
    assert.ok((winner[0] ?? 0) > 4, String(winner[0]))
    for (const starved of winner.slice(-4)) assert.ok(starved < 0.05, String(winner))
    for (const fed of relative('stake', 'winner').slice(-4)) assert.ok(fed > 0.3)
    // Whoever signs is paid, but for the maker's share.
    for (const pooled of relative('nodeId', 'pooled').slice(-4)) assert.ok(Math.abs(pooled - 0.8) < 0.03, String(pooled))
  })

  it('pooled income is steadier for everybody, and comes sooner', () => {
    for (const name of RULES_NAMES) {
      const { winner, pooled } = report.runs[name].schemes
      assert.ok(pooled.gini < winner.gini)
      for (const [index, alone] of winner.members.entries()) {
        const shared = pooled.members[index]
        assert.ok(shared !== undefined && shared.variation !== null && shared.firstBlock !== null)
        assert.ok(alone.variation === null || shared.variation < alone.variation, `${name} ${index}`)
        assert.ok(shared.longestWaitBlocks < 10 && shared.longestWaitBlocks < alone.longestWaitBlocks)
        assert.ok(alone.firstBlock === null || shared.firstBlock <= alone.firstBlock)
      }
    }
  })

  it('every droplet of every block is paid, and to nobody who was not there', () => {
    const world = new Seeded(9).world()
    for (const name of RULES_NAMES) {
      const history = simulate(world, RULES[name], 250)
      for (const scheme of SCHEMES) {
        const incomes = payOut(world, history, scheme, 100)
        const total = incomes.reduce((sum, { droplets }) => sum + droplets, 0)
        assert.equal(total, 250 * REWARD_DROPLETS)
        for (const [member, { droplets, windowDroplets }] of incomes.entries()) {
          const isThere = ({ maker, signers }: (typeof history.blocks)[number]): boolean =>
            MAKER_SHARE_PPM[scheme] === 1_000_000 ? maker === member : signers.includes(member)
          const { length } = history.blocks.filter(isThere)
          assert.equal(droplets > 0, length > 0)
          assert.equal(windowDroplets.length, 2)
        }
      }
    }
  })

  it('first income and waits are counted in blocks', () => {
    const world = new Seeded(1, [3, 1]).world()
    const block = (maker: number) => ({ maker, signers: [0, 1] })
    const blocks = [block(0), block(0), block(1), block(0), block(1), block(0), block(0), block(0)]
    const [first, second] = payOut(world, { slots: 8, blocks, candidacies: [6, 2] }, 'winner', 2)
    assert.deepEqual(first, {
      droplets: 6 * REWARD_DROPLETS,
      windowDroplets: [2, 1, 1, 2].map((count) => count * REWARD_DROPLETS),
      firstBlock: 1,
      longestWaitBlocks: 1,
    })
    assert.deepEqual(second, {
      droplets: 2 * REWARD_DROPLETS,
      windowDroplets: [0, 1, 1, 0].map((count) => count * REWARD_DROPLETS),
      firstBlock: 3,
      longestWaitBlocks: 3,
    })
    const [, never] = payOut(world, { slots: 2, blocks: [block(0), block(0)], candidacies: [2, 0] }, 'winner', 2)
    assert.deepEqual(never, { droplets: 0, windowDroplets: [0], firstBlock: null, longestWaitBlocks: 2 })
  })
})

/**
 * Chance of each to have the lowest ticket of all candidates, given that there is one: the integral, over its own ticket t below its
 * threshold, of the chance that no other one is a candidate with less than t.
 */
function leaderShares(thresholds: readonly number[]): readonly number[] {
  const STEPS = 20_000
  const online = ONLINE_PPM / 1_000_000
  const shares = thresholds.map(() => 0)
  for (let index = 0; index < STEPS; index++) {
    const ticket = (index + 0.5) / STEPS
    const nobodyBelow = thresholds.reduce((chance, threshold) => chance * (1 - online * Math.min(ticket, threshold)), 1)
    for (const [member, threshold] of thresholds.entries())
      if (ticket < threshold) shares[member] = (shares[member] ?? 0) + nobodyBelow / (1 - online * ticket)
  }
  const total = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => share / total)
}

function assertCount(found: number, trials: number, chance: number): void {
  const deviation = Math.sqrt(trials * chance * (1 - chance))
  assert.ok(Math.abs(found - trials * chance) < DEVIATIONS * deviation, `${found} of ${trials}, expected ${trials * chance} ± ${deviation}`)
}

function* pairs(members: number, slots: number): Generator<readonly [member: number, slot: number]> {
  for (let slot = 0; slot < slots; slot++) for (let member = 0; member < members; member++) yield [member, slot]
}
