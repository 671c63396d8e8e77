const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

/** Share of all income over share of all stake: 1 is what the stake deserves. */
export function relativeIncomes(incomes: readonly number[], stakes: readonly number[]): readonly number[] {
  const [income, stake] = [sumOf(incomes), sumOf(stakes)]
  return incomes.map((own, index) => own / income / ((stakes[index] ?? 0) / stake))
}

/**
 * Gini coefficient of income over staked coins: 0 if each staked coin earns the same, near 1 if few coins earn everything. Twice the area
 * between the diagonal and the Lorenz curve, whose steps are the verifiers, as wide as their stake.
 */
export function gini(incomes: readonly number[], stakes: readonly number[]): number {
  const [income, stake] = [sumOf(incomes), sumOf(stakes)]
  const steps = incomes
    .map((own, index) => ({ income: own / income, stake: (stakes[index] ?? 0) / stake }))
    .sort((left, right) => left.income / left.stake - right.income / right.stake)
  let twiceBelow = 0
  let height = 0
  for (const step of steps) {
    twiceBelow += step.stake * (2 * height + step.income)
    height += step.income
  }
  return 1 - twiceBelow
}

/** Standard deviation over mean; null without any income. */
export function coefficientOfVariation(values: readonly number[]): number | null {
  const mean = sumOf(values) / values.length
  if (!(mean > 0)) return null
  return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / values.length) / mean
}

export interface Spread {
  /** Of the sums, so that a seed with bad luck before does not weigh more. */
  readonly ratio: number
  /** Of `ratio`, from how far the seeds lie apart; twice this to both sides holds it in 19 of 20 cases. */
  readonly standardError: number
  /** Of single seeds with something before. */
  readonly least: number
  readonly most: number
}

/** After over before, of at least two pairs, one of them at least with something before. */
export function spreadOf(pairs: readonly { readonly before: number; readonly after: number }[]): Spread {
  const before = sumOf(pairs.map((pair) => pair.before))
  const ratio = sumOf(pairs.map((pair) => pair.after)) / before
  const singles = pairs.filter((pair) => pair.before > 0).map((pair) => pair.after / pair.before)
  const squares = sumOf(pairs.map((pair) => (pair.after - ratio * pair.before) ** 2))
  const standardError = Math.sqrt((squares * pairs.length) / (pairs.length - 1)) / before
  return { ratio, standardError, least: Math.min(...singles), most: Math.max(...singles) }
}
