import type { LedgerState } from './state.ts'

/** Where all coins are. */
export interface Supply {
  readonly heldDroplets: number
  /** Verifiers' own stake. */
  readonly stakedDroplets: number
  readonly delegatedDroplets: number
  readonly unbondingDroplets: number
  /** Fees of the newest block, not shared yet. */
  readonly feesDroplets: number
  readonly mintedDroplets: number
  readonly burnedDroplets: number
  /** Genesis and what was minted, less what was burned. */
  readonly supplyDroplets: number
  /** The coins that there are are those that there should be, to the droplet. */
  readonly holds: boolean
}

/** Counts all coins: looks at every account. */
export function supplyOf({ accounts, globals }: LedgerState): Supply {
  let heldDroplets = 0
  let stakedDroplets = 0
  let delegatedDroplets = 0
  let unbondingDroplets = 0
  for (const [, { droplets, verifier, bonds }] of accounts.entries()) {
    heldDroplets += droplets
    stakedDroplets += verifier?.stakeDroplets ?? 0
    delegatedDroplets += verifier?.delegatedDroplets ?? 0
    for (const unbonding of bonds?.unbonding ?? []) unbondingDroplets += unbonding.droplets
  }
  const { feesDroplets, mintedDroplets, burnedDroplets, supplyDroplets } = globals
  const holds = heldDroplets + stakedDroplets + delegatedDroplets + unbondingDroplets + feesDroplets === supplyDroplets
  return {
    heldDroplets,
    stakedDroplets,
    delegatedDroplets,
    unbondingDroplets,
    feesDroplets,
    mintedDroplets,
    burnedDroplets,
    supplyDroplets,
    holds,
  }
}
