import { invariant } from '../base/errors.ts'
import type { Genesis, Parameters } from '../wire/genesis.ts'
import type { Address, Hash } from '../wire/types.ts'
import { type Account, accrue, emptyAccount } from './account.ts'
import { AccountTree, type TreeUpdate } from './account-tree.ts'

/**
 * The ledger after some block: owned by one node, which alone calls `advance`. Everything else in this room reads it and
 * changes nothing.
 */
export interface LedgerState {
  readonly chainId: Hash
  readonly parameters: Parameters
  /** Start of slot 0, in ms since the Unix epoch. */
  readonly genesisTimeMs: number
  readonly accounts: AccountTree
  /** Coin-hours burned by all blocks so far, in millionths; stays at 2^53 - 1 once there. */
  burnedMicroHours: number
}

/** What a block does to the state that it was executed on. */
export interface Transition {
  /** Every account that is other after the block, and as it is then: what a store has to write. */
  readonly changes: ReadonlyMap<Address, Account>
  /** For the header: root over all accounts after the block. */
  readonly stateRoot: Hash
  /** For the header: coin-hours burned by all blocks up to and including this one. */
  readonly burnedMicroHours: number
  /** What the maker's account got. */
  readonly feesDroplets: number
  /** The block's value: what its transactions moved, fees not included. */
  readonly movedDroplets: number
  readonly update: TreeUpdate
}

/** The state before the first block. The document must have passed `checkGenesis`; stake is not in the accounts. */
export function genesisState(genesis: Genesis, chainId: Hash): LedgerState {
  const entries = genesis.accounts.map(({ address, droplets, microHours }): [Address, Account] => [
    address,
    { ...emptyAccount(genesis.timeMs), droplets, microHours },
  ])
  return restoreState(genesis, chainId, entries, 0)
}

/** The state from stored accounts and the burn in the header of the newest block. The caller compares `stateRoot` with that header. */
export function restoreState(
  genesis: Genesis,
  chainId: Hash,
  entries: Iterable<readonly [Address, Account]>,
  burnedMicroHours: number,
): LedgerState {
  const accounts = new AccountTree()
  accounts.commit(accounts.update(new Map(entries)))
  return { chainId, parameters: genesis.parameters, genesisTimeMs: genesis.timeMs, accounts, burnedMicroHours }
}

/** Root over all accounts, as the header of the newest block has it. */
export const stateRoot = (state: LedgerState): Hash => state.accounts.root

/** Makes the transition the state, in place. Of several made from one state, one can be taken; the others are void then. */
export function advance(state: LedgerState, transition: Transition): void {
  invariant(transition.burnedMicroHours >= state.burnedMicroHours, 'the burn of all blocks never shrinks')
  state.accounts.commit(transition.update)
  state.burnedMicroHours = transition.burnedMicroHours
}

/** Start of a slot, in ms since the Unix epoch: the only time that the ledger knows. */
export const blockTimeMs = (state: Pick<LedgerState, 'genesisTimeMs' | 'parameters'>, slot: number): number =>
  state.genesisTimeMs + slot * state.parameters.slotMs

/** An account with what it has earned up to a slot; for an address that the ledger does not know, an empty one. */
export function accountAt(state: LedgerState, address: Address, slot: number): Account {
  const timeMs = blockTimeMs(state, slot)
  const known = state.accounts.get(address)
  return known === undefined ? emptyAccount(timeMs) : accrue(known, timeMs, state.parameters.coinHourSeconds)
}
