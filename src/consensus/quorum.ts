import { twoThirds } from '../base/stake.ts'

/** floor(2T/3) + 1: the stake that makes a certificate. */
export const enoughStake = (totalStake: number): number => twoThirds(totalStake) + 1

export function stakeOf(stakeDroplets: readonly number[], signers: Iterable<number>): number {
  let sum = 0
  for (const signer of signers) sum += stakeDroplets[signer] ?? 0
  return sum
}

export const totalOf = (stakeDroplets: readonly number[]): number => stakeDroplets.reduce((sum, stake) => sum + stake, 0)
