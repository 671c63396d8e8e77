import type { Rules } from './simulate.ts'
import { LIMITS, ONLINE_PPM } from './world.ts'

const STEPS = 50_000
const ONLINE = ONLINE_PPM / 1_000_000

/**
 * Which share of the blocks each makes in the long run, computed instead of simulated; stakes by ascending id. That a slot with too
 * little stake online has no block is left out.
 */
export function expectedShares(
  stakes: readonly number[],
  { sortition, leaderRule }: Rules,
  { expectedCandidates, uniformPpm } = LIMITS,
): readonly number[] {
  const total = sumOf(stakes)
  const stakeShares = stakes.map((stake) => stake / total)
  const thresholds = stakeShares.map((share) => (sortition === 'stake' ? Math.min(1, expectedCandidates * share) : uniformPpm / 1_000_000))
  if (leaderRule === 'nodeId') return normalised(firstInOrder(thresholds))
  return normalised(lowest(thresholds, leaderRule === 'ticket' ? stakeShares : stakeShares.map(() => 1)))
}

/** Chance of each to be a candidate with nobody before it. */
function firstInOrder(thresholds: readonly number[]): readonly number[] {
  let nobodyBefore = 1
  return thresholds.map((threshold) => {
    const chance = nobodyBefore * ONLINE * threshold
    nobodyBefore *= 1 - ONLINE * threshold
    return chance
  })
}

/**
 * Chance of each to have the lowest ticket for its weight, by what is compared: the integral of the chance to be a candidate with
 * just that, and all others with more or none.
 */
function lowest(thresholds: readonly number[], weights: readonly number[]): readonly number[] {
  const ends = thresholds.map((threshold, member) => threshold / (weights[member] ?? 0))
  const step = Math.max(...ends) / STEPS
  const chances = thresholds.map(() => 0)
  for (let index = 0; index < STEPS; index++) {
    const at = (index + 0.5) * step
    const below = thresholds.map((threshold, member) => ONLINE * Math.min(threshold, (weights[member] ?? 0) * at))
    const nobodyBelow = below.reduce((chance, one) => chance * (1 - one), 1)
    for (const [member, own] of below.entries())
      if (at < (ends[member] ?? 0))
        chances[member] = (chances[member] ?? 0) + (ONLINE * (weights[member] ?? 0) * step * nobodyBelow) / (1 - own)
  }
  return chances
}

function normalised(chances: readonly number[]): readonly number[] {
  const total = sumOf(chances)
  return chances.map((chance) => chance / total)
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
