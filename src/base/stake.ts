/** floor(2T/3) in exact integers: what a block may move at most, and one less than what makes a certificate. */
export function twoThirds(totalStake: number): number {
  const third = (totalStake - (totalStake % 3)) / 3
  return totalStake - third - (totalStake % 3 === 0 ? 0 : 1)
}
