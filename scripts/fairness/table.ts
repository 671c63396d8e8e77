import { MAKER_SHARE_PPM, type Scheme } from './income.ts'
import type { Spread } from './measures.ts'
import { type MemberResult, type Report, RULES_NAMES, type RulesName, WINDOW_BLOCKS } from './report.ts'
import { EXPECTED_CANDIDATES, ONLINE_PPM, PARTS, UNIFORM_PPM } from './world.ts'

const RULES_LABELS: Readonly<Record<RulesName, readonly [sortition: string, leads: string]>> = {
  stake: ['stake', 'ticket for its stake'],
  uniform: ['uniform', 'ticket for its stake'],
  nodeId: ['stake', 'node id'],
  raw: ['stake', 'ticket as it is *'],
}

const SCHEME_LABELS: Readonly<Record<Scheme, string>> = { winner: 'winner takes all', pooled: 'pooled' }
/** Rules of which the table gives the computed incomes too. */
const COMPUTED: readonly RulesName[] = ['stake', 'uniform']
const SCHEMES: readonly Scheme[] = ['winner', 'pooled']

/** All tables as plain text, each line without trailing spaces. */
export function drawTables(report: Report): string {
  return [assumptions(report), overview(report), incomes(report), steadiness(report), splits(report)].join('\n')
}

function assumptions({ seed, blocks, verifiers }: Report): string {
  const stakes = verifiers.map(({ stakeCoins }) => stakeCoins)
  const total = stakes.reduce((sum, stake) => sum + stake, 0)
  return `${blocks} blocks, seed ${seed}. ${verifiers.length} verifiers with ${Math.min(...stakes)} to ${Math.max(...stakes)} coins of stake, ${total} in all, each online in ${percent(ONLINE_PPM)} of the slots.
Sortition by stake lets ${EXPECTED_CANDIDATES} propose in a slot on average, uniform sortition ${percent(UNIFORM_PPM)} of the verifiers.
Winner takes all: the maker has the reward of the block. Pooled: the maker has ${percent(MAKER_SHARE_PPM.pooled)}, all signers the rest by stake.
Leads: whose ticket for its stake is lowest, or whose node id is.
* is not a rule of the chain: what would be if tickets were compared as they are, whatever the stake.
`
}

function overview(report: Report): string {
  const { verifiers, runs } = report
  const byPlace = [...verifiers.entries()].sort(([, left], [, right]) => left.idPlace - right.idPlace).map(([index]) => index)
  const rows = RULES_NAMES.flatMap((name) =>
    SCHEMES.map((scheme) => {
      const { gini, members } = runs[name].schemes[scheme]
      const relative = (index: number | undefined): string => decimals(members[index ?? -1]?.relativeIncome)
      const ends = [0, verifiers.length - 1, byPlace[0], byPlace.at(-1)].map(relative)
      return [...RULES_LABELS[name], SCHEME_LABELS[scheme], String(runs[name].slots), gini.toFixed(3), ...ends]
    }),
  )
  return section(
    `Who earns what. Income is the share of all income over the share of all stake: 1.00 is fair.
Gini is over staked coins: 0 if each of them earns the same.`,
    ['sortition', 'leads', 'reward', 'slots', 'Gini', 'largest', 'smallest', 'lowest id', 'highest id'],
    rows,
    3,
  )
}

function incomes({ verifiers, runs }: Report): string {
  const rows = verifiers.map(({ name, stakeCoins, stakeShare, idPlace }, index) => {
    const relative = (run: RulesName, scheme: Scheme): string => decimals(runs[run].schemes[scheme].members[index]?.relativeIncome)
    return [
      ...[name, String(stakeCoins), `${(stakeShare * 100).toFixed(2)}%`, String(idPlace)],
      decimals(runs.stake.relativeCandidates[index]),
      ...COMPUTED.flatMap((run) => [relative(run, 'winner'), decimals(runs[run].expectedIncomes[index])]),
      ...[relative('nodeId', 'winner'), relative('raw', 'winner')],
      ...[relative('stake', 'pooled'), relative('uniform', 'pooled')],
    ]
  })
  return section(
    `Income by verifier, as above, winner takes all if nothing is said. id is the place of its id, 1 the lowest.
Candidates are those under sortition by stake, also as share over share of stake. Computed is what the column before it comes to in
the long run: the rest is chance.`,
    [
      ...['', 'stake', 'share', 'id', 'candidates', 'stake', 'computed', 'uniform', 'computed', 'node id', 'as it is *'],
      ...['stake pooled', 'uniform pooled'],
    ],
    rows,
    1,
  )
}

function steadiness({ verifiers, runs }: Report): string {
  const rows = verifiers.map(({ name, stakeCoins }, index) => {
    const both = (value: (member: MemberResult | undefined) => string): string[] =>
      SCHEMES.map((scheme) => value(runs.stake.schemes[scheme].members[index]))
    return [
      ...[name, String(stakeCoins)],
      ...both((member) => decimals(member?.variation ?? undefined)),
      ...both((member) => String(member?.firstBlock ?? 'never')),
      ...both((member) => String(member?.longestWaitBlocks)),
    ]
  })
  return section(
    `How steady it is, with sortition by stake and the lowest ticket for its stake; winner takes all (w) and pooled (p).
Standard deviation over mean of the income of ${WINDOW_BLOCKS} blocks; the first block with income; the most blocks in a row without.`,
    ['', 'stake', 'deviation w', 'p', 'first w', 'p', 'longest wait w', 'p'],
    rows,
    1,
  )
}

function splits({ splits: all, splitSeeds, splitBlocks, seed }: Report): string {
  const rows = all.map(({ name, stakeCoins, candidates, winner, expectedWinner, pooled }) => [
    ...RULES_LABELS[name],
    String(stakeCoins),
    ...[candidates, winner].flatMap((spread) => [central(spread), span(spread)]),
    ...[decimals(expectedWinner), central(pooled), span(pooled)],
  ])
  return section(
    `A stake split in ${PARTS}: what the parts have together over what the whole has, in candidates and in income.
${splitSeeds} seeds from ${seed} on, ${splitBlocks} blocks each: of all together with the standard error, and the span of single seeds.`,
    ['sortition', 'leads', 'stake', 'candidates', 'span', 'winner', 'span', 'computed', 'pooled', 'span'],
    rows,
    2,
  )
}

const percent = (ppm: number): string => `${ppm / 10_000}%`
const decimals = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(2))
const central = ({ ratio, standardError }: Spread): string => `${ratio.toFixed(2)} ± ${standardError.toFixed(2)}`
const span = ({ least, most }: Spread): string => `${least.toFixed(2)}-${most.toFixed(2)}`

/** So many columns are aligned to the left, the others are numbers. */
function section(about: string, head: readonly string[], rows: readonly (readonly string[])[], textColumns: number): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => (column < textColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  return `${about}\n\n${lines.join('\n')}\n`
}
