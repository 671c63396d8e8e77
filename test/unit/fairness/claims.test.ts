import assert from 'node:assert/strict'
import { expectedShares } from '../../../scripts/fairness/expected.ts'
import { MAKER_SHARE_PPM, payOut, REWARD_DROPLETS, type Scheme } from '../../../scripts/fairness/income.ts'
import { relativeIncomes } from '../../../scripts/fairness/measures.ts'
import { createReport, type Report, RULES, RULES_NAMES, type RulesName, type Split } from '../../../scripts/fairness/report.ts'
import { simulate } from '../../../scripts/fairness/simulate.ts'
import { EXPECTED_CANDIDATES, LIMITS, ONLINE_PPM, Seeded, STAKES_COINS, type World } from '../../../scripts/fairness/world.ts'
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
  for (const name of RULES_NAMES)
    it(`agree for sortition ${RULES[name].sortition} and leader rule ${RULES[name].leaderRule}`, () => {
      const world = new Seeded(11).world()
      const blocks = 4_000
      const made = world.ids.map(() => 0)
      for (const { maker } of simulate(world, RULES[name], blocks).blocks) made[maker] = (made[maker] ?? 0) + 1
      for (const [member, share] of expectedShares(world.stakeDroplets, RULES[name]).entries())
        assertCount(made[member] ?? 0, blocks, share)
    })
})

describe('leading, as computed', () => {
  const { stake, uniform, nodeId, raw } = RULES
  const near = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-4, `${actual}, not ${expected}`)
  const relative = (stakes: readonly number[], ...rest: Tail<typeof expectedShares>): readonly number[] =>
    relativeIncomes(expectedShares(stakes, ...rest), stakes)
  const ends = (of: readonly number[]): readonly string[] => [of[0], of.at(-1)].map((one) => (one ?? Number.NaN).toFixed(2))

  it('is what can be computed by hand, for two verifiers', () => {
    // Always selected, each online with p. Both are: u / 3 < v / 1 has the chance 1 - 1/6 of two even tickets.
    const p = ONLINE_PPM / 1_000_000
    const atLeastOne = 1 - (1 - p) ** 2
    const all = { expectedCandidates: 100, uniformPpm: 1_000_000 }
    const [alone, both] = [p * (1 - p), p * p]
    for (const rules of [stake, uniform]) near(expectedShares([3, 1], rules, all)[0] ?? 0, (alone + (both * 5) / 6) / atLeastOne)
    near(expectedShares([3, 1], raw, all)[0] ?? 0, 0.5)
    near(expectedShares([3, 1], nodeId, all)[0] ?? 0, p / atLeastOne)
    // Half of the tickets select: the first is not always a candidate.
    near(expectedShares([1, 1], nodeId, { expectedCandidates: 1, uniformPpm: 0 })[0] ?? 0, p / 2 / (1 - (1 - p / 2) ** 2))
  })

  it('is as stake where stakes are equal, whatever is compared', () => {
    for (const rules of [stake, uniform, raw]) for (const one of relative([2, 2, 2, 2, 2], rules)) near(one, 1)
  })

  it('is what the page says of the verifiers here', () => {
    assert.deepEqual(ends(relative(STAKES_COINS, stake)), ['1.08', '0.91'])
    assert.deepEqual(ends(relative(STAKES_COINS, uniform)), ['0.90', '1.37'])
    assert.deepEqual(ends(relative(STAKES_COINS, stake, { ...LIMITS, expectedCandidates: 1 })), ['1.03', '0.96'])
    assert.deepEqual(ends(relative(STAKES_COINS, uniform, { ...LIMITS, uniformPpm: 100_000 })), ['0.53', '11.23'])
    for (const one of relative(STAKES_COINS, stake)) assert.ok(one > 0.9 && one < 1.1, String(one))
  })

  for (const { of, expected } of [
    { of: 10, expected: '1.10' },
    { of: 5, expected: '1.22' },
    { of: 3, expected: '1.28' },
  ])
    it(`is what the page says of one verifier with 1/${of} of all stake against 400 equal ones`, () => {
      const stakes = [400, ...Array.from({ length: 400 }, () => of - 1)]
      assert.equal(ends(relative(stakes, stake))[0], expected)
    })

  it('gains nothing by any split in any number of parts, if sortition is by stake', () => {
    for (const [place, whole] of STAKES_COINS.entries())
      for (const parts of [2, 3, 10]) {
        const others = STAKES_COINS.filter((_, index) => index !== place)
        const [before = 0] = expectedShares([whole, ...others], stake)
        const split = expectedShares([...Array.from({ length: parts }, () => whole / parts), ...others], stake)
        const after = split.slice(0, parts).reduce((sum, share) => sum + share, 0)
        assert.ok(after < before && after > 0.85 * before, `${whole} in ${parts}: ${after / before}`)
      }
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

    it(`with it and the ticket for its stake, ten parts of ${stake} coins gain nothing`, () => {
      const { winner, expectedWinner, pooled } = split('stake', stake)
      assert.ok(Math.abs(winner.ratio - expectedWinner) < DEVIATIONS * winner.standardError, JSON.stringify(winner))
      assert.ok(expectedWinner < 1 && expectedWinner > 0.85, String(expectedWinner))
      assert.ok(winner.standardError < 0.2, JSON.stringify(winner))
      assert.ok(Math.abs(pooled.ratio - 1) < 0.05, JSON.stringify(pooled))
    })

    it(`uniform sortition gives ten times the candidates to ten parts of ${stake} coins, and hardly more income`, () => {
      const { candidates, winner, expectedWinner, pooled } = split('uniform', stake)
      assert.ok(Math.abs(candidates.ratio - 10) < DEVIATIONS * candidates.standardError, JSON.stringify(candidates))
      assert.ok(Math.abs(winner.ratio - expectedWinner) < DEVIATIONS * winner.standardError, JSON.stringify(winner))
      assert.ok(expectedWinner > 1.05 && expectedWinner < 1.15, String(expectedWinner))
      assert.ok(pooled.ratio < 1.1, JSON.stringify(pooled))
    })

    it(`the lowest ticket as it is would lead more often for ten parts of ${stake} coins, even though sortition is by stake`, () => {
      const { winner, pooled } = split('raw', stake)
      assert.ok(winner.ratio - DEVIATIONS * winner.standardError > 1, JSON.stringify(winner))
      assert.ok(pooled.ratio - DEVIATIONS * pooled.standardError > 1, JSON.stringify(pooled))
      assert.ok(pooled.ratio < winner.ratio)
    })
  }

  it('income follows stake under the lowest ticket for its stake, and would not under the lowest as it is', () => {
    const { stake, uniform, raw } = report.runs
    const relative = ({ schemes }: typeof stake): readonly number[] => schemes.winner.members.map((one) => one.relativeIncome)
    for (const run of [stake, uniform]) {
      const deviation = (index: number): number => {
        const [expected = 0, { stakeShare = 0 } = {}] = [run.expectedIncomes[index], report.verifiers[index]]
        return Math.sqrt(expected / (stakeShare * report.blocks))
      }
      for (const [index, one] of relative(run).entries())
        assert.ok(Math.abs(one - (run.expectedIncomes[index] ?? 0)) < DEVIATIONS * deviation(index), `${index}: ${one}`)
      assert.ok(run.schemes.winner.gini < raw.schemes.winner.gini / 3)
    }
    for (const { relativeIncome } of stake.schemes.pooled.members) assert.ok(Math.abs(relativeIncome - 1) < 0.15, String(relativeIncome))
    assert.ok((relative(raw).at(-1) ?? 0) > 2)
    assert.ok((relative(raw)[0] ?? 0) < 0.6)
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

type Tail<F> = F extends (first: never, ...rest: infer R) => unknown ? R : never

function assertCount(found: number, trials: number, chance: number): void {
  const deviation = Math.sqrt(trials * chance * (1 - chance))
  assert.ok(Math.abs(found - trials * chance) < DEVIATIONS * deviation, `${found} of ${trials}, expected ${trials * chance} ± ${deviation}`)
}

function* pairs(members: number, slots: number): Generator<readonly [member: number, slot: number]> {
  for (let slot = 0; slot < slots; slot++) for (let member = 0; member < members; member++) yield [member, slot]
}
