import { DROPLETS_PER_COIN } from '../../src/base/amounts.ts'
import { invariant } from '../../src/base/errors.ts'
import { expectedShares } from './expected.ts'
import { type Income, payOut, type Scheme } from './income.ts'
import { coefficientOfVariation, gini, relativeIncomes, type Spread, spreadOf } from './measures.ts'
import { type History, type LeaderRule, type Rules, simulate } from './simulate.ts'
import { nameOf, Seeded, STAKES_COINS, type World } from './world.ts'

export interface Options {
  readonly seed: number
  readonly blocks: number
}

export const DEFAULTS: Options = { seed: 1, blocks: 10_000 }

/** Income is looked at in windows of this many blocks, for how much it varies. */
export const WINDOW_BLOCKS = 100

/** The splits are measured with this many seeds, for as many blocks in all as the rest: one seed alone says little of them. */
const SPLIT_SEEDS = 10

/** Whose stake is split: the largest, and one in the middle. */
const SPLIT_PLACES = [0, 11]

/** What is compared; the chain's own rules first. The last one is not one of its rules. */
export const RULES = {
  stake: { sortition: 'stake', leaderRule: 'ticket' },
  uniform: { sortition: 'uniform', leaderRule: 'ticket' },
  nodeId: { sortition: 'stake', leaderRule: 'nodeId' },
  raw: { sortition: 'stake', leaderRule: 'rawTicket' },
} as const satisfies Record<string, Rules>

export type RulesName = keyof typeof RULES
export const RULES_NAMES: readonly RulesName[] = ['stake', 'uniform', 'nodeId', 'raw']
const SPLIT_RULES: readonly RulesName[] = ['stake', 'uniform', 'raw']

export interface MemberResult {
  readonly incomeDroplets: number
  /** Share of income over share of stake. */
  readonly relativeIncome: number
  /** Of its income over windows of 100 blocks. */
  readonly variation: number | null
  readonly firstBlock: number | null
  readonly longestWaitBlocks: number
}

export interface SchemeResult {
  readonly gini: number
  /** As `Report.verifiers`. */
  readonly members: readonly MemberResult[]
}

export interface Run {
  readonly name: RulesName
  readonly sortition: Rules['sortition']
  readonly leaderRule: LeaderRule
  readonly slots: number
  /** Share of candidates over share of stake, as `Report.verifiers`. */
  readonly relativeCandidates: readonly number[]
  /** What the income should be with the maker taking all, as share over share of stake, as `Report.verifiers`. */
  readonly expectedIncomes: readonly number[]
  readonly schemes: Readonly<Record<Scheme, SchemeResult>>
}

/** What ten parts get together for each that the undivided stake gets. */
export interface Split {
  readonly name: RulesName
  readonly verifier: string
  readonly stakeCoins: number
  readonly candidates: Spread
  readonly winner: Spread
  /** What `winner` should be. */
  readonly expectedWinner: number
  readonly pooled: Spread
}

export interface Report extends Options {
  /** By falling stake. */
  readonly verifiers: readonly {
    readonly name: string
    readonly stakeCoins: number
    readonly stakeShare: number
    /** 1 is the lowest id. */
    readonly idPlace: number
  }[]
  readonly runs: Readonly<Record<RulesName, Run>>
  readonly splits: readonly Split[]
  /** What the splits were measured with. */
  readonly splitSeeds: number
  readonly splitBlocks: number
}

/** A report of the same options is always the same. */
export function createReport({ seed, blocks }: Options): Report {
  const world = new Seeded(seed).world()
  const byStake = [...world.verifiers.entries()].sort(([, left], [, right]) => right.stakeDroplets - left.stakeDroplets)
  const order = byStake.map(([member]) => member)
  const run = (name: RulesName): Run => measure(world, order, name, blocks)
  const splitBlocks = Math.ceil(blocks / SPLIT_SEEDS)
  return {
    seed,
    blocks,
    verifiers: byStake.map(([member, { name, stakeDroplets }]) => ({
      name,
      stakeCoins: stakeDroplets / DROPLETS_PER_COIN,
      stakeShare: stakeDroplets / world.totalStakeDroplets,
      idPlace: member + 1,
    })),
    runs: { stake: run('stake'), uniform: run('uniform'), nodeId: run('nodeId'), raw: run('raw') },
    splits: measureSplits(seed, splitBlocks),
    splitSeeds: SPLIT_SEEDS,
    splitBlocks,
  }
}

function measure(world: World, order: readonly number[], name: RulesName, blocks: number): Run {
  const rules = RULES[name]
  const history = simulate(world, rules, blocks)
  const ordered = (values: readonly number[]): readonly number[] => order.map((member) => values[member] ?? 0)
  const scheme = (one: Scheme): SchemeResult => {
    const incomes = payOut(world, history, one, WINDOW_BLOCKS)
    const droplets = incomes.map((income) => income.droplets)
    const relative = relativeIncomes(droplets, world.stakeDroplets)
    return {
      gini: gini(droplets, world.stakeDroplets),
      members: order.map((member) => memberResult(incomes[member], relative[member])),
    }
  }
  return {
    ...{ name, ...rules, slots: history.slots },
    relativeCandidates: ordered(relativeIncomes(history.candidacies, world.stakeDroplets)),
    expectedIncomes: ordered(relativeIncomes(expectedShares(world.stakeDroplets, rules), world.stakeDroplets)),
    schemes: { winner: scheme('winner'), pooled: scheme('pooled') },
  }
}

function memberResult(income: Income | undefined, relativeIncome: number | undefined): MemberResult {
  invariant(income !== undefined && relativeIncome !== undefined, 'every member of the order is one of the world')
  const { droplets, windowDroplets, firstBlock, longestWaitBlocks } = income
  return { incomeDroplets: droplets, relativeIncome, variation: coefficientOfVariation(windowDroplets), firstBlock, longestWaitBlocks }
}

interface SplitPair {
  readonly name: RulesName
  readonly place: number
  readonly before: Totals
  readonly after: Totals
}

function measureSplits(firstSeed: number, blocks: number): readonly Split[] {
  const pairs = Array.from({ length: SPLIT_SEEDS }, (_, index) => splitPairs(new Seeded(firstSeed + index), blocks)).flat()
  return SPLIT_PLACES.flatMap((place) =>
    SPLIT_RULES.map((name) => {
      const own = pairs.filter((pair) => pair.name === name && pair.place === place)
      const spread = (key: keyof Totals): Spread => spreadOf(own.map(({ before, after }) => ({ before: before[key], after: after[key] })))
      const stakeCoins = STAKES_COINS[place] ?? 0
      return {
        name,
        verifier: nameOf(place),
        stakeCoins,
        candidates: spread('candidates'),
        winner: spread('winner'),
        expectedWinner: expectedGain(nameOf(place), name),
        pooled: spread('pooled'),
      }
    }),
  )
}

/** Without the split and with it: all others draw the same tickets in both. */
function splitPairs(seeded: Seeded, blocks: number): readonly SplitPair[] {
  return SPLIT_RULES.flatMap((name) => {
    const whole = totalsByOwner(seeded.world(), name, blocks)
    return SPLIT_PLACES.map((place) => {
      const owner = nameOf(place)
      return { name, place, before: whole(owner), after: totalsByOwner(seeded.world(owner), name, blocks)(owner) }
    })
  })
}

/** Of ticket rules, for which no id matters: the same in all worlds. */
function expectedGain(owner: string, name: RulesName): number {
  const seeded = new Seeded(0)
  const shareIn = ({ verifiers, stakeDroplets }: World): number =>
    expectedShares(stakeDroplets, RULES[name]).reduce((sum, share, member) => sum + (verifiers[member]?.owner === owner ? share : 0), 0)
  return shareIn(seeded.world(owner)) / shareIn(seeded.world())
}

type Totals = Readonly<Record<'candidates' | Scheme, number>>

function totalsByOwner(world: World, name: RulesName, blocks: number): (owner: string) => Totals {
  const history: History = simulate(world, RULES[name], blocks)
  const [winner, pooled] = [payOut(world, history, 'winner', WINDOW_BLOCKS), payOut(world, history, 'pooled', WINDOW_BLOCKS)]
  return (owner) => {
    const sum = (ofMember: (member: number) => number | undefined): number =>
      world.verifiers.reduce((total, verifier, member) => total + (verifier.owner === owner ? (ofMember(member) ?? 0) : 0), 0)
    return {
      candidates: sum((member) => history.candidacies[member]),
      winner: sum((member) => winner[member]?.droplets),
      pooled: sum((member) => pooled[member]?.droplets),
    }
  }
}
