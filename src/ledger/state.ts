import { concatBytes } from '../base/bytes.ts'
import { invariant } from '../base/errors.ts'
import { fromHex } from '../base/hex.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { encode } from '../wire/codec.ts'
import type { Genesis, Parameters } from '../wire/genesis.ts'
import { createQuorum, type Quorum, type QuorumMember } from '../wire/quorum.ts'
import type { Address, Hash } from '../wire/types.ts'
import { type Account, accrue, bondedTo, emptyAccount, isVerifier } from './account.ts'
import { AccountTree, type TreeUpdate } from './account-tree.ts'
import { type Globals, globals as globalsCodec } from './globals.ts'
import { Indexes } from './indexes.ts'
import type { Receipt } from './receipt.ts'

/**
 * The ledger after some block: owned by one node, which alone calls `advance`. Everything else in this room reads it and
 * changes nothing.
 */
export interface LedgerState {
  readonly chainId: Hash
  readonly parameters: Parameters
  /** Start of slot 0, in ms since the Unix epoch. */
  readonly genesisTimeMs: number
  /** Accounts from which trust begins, ascending. */
  readonly anchors: readonly Address[]
  readonly accounts: AccountTree
  /** What follows from the accounts and would take long to look for. */
  readonly indexes: Indexes
  globals: Globals
  /** Signs the next height. */
  quorum: Quorum
  /** Signs this height. */
  headQuorum: Quorum
}

/** What a block does to the state that it was executed on. */
export interface Transition {
  /** Every account that is other after the block, and as it is then: what a store has to write. */
  readonly changes: ReadonlyMap<Address, Account>
  readonly globals: Globals
  /** Signs the next height. */
  readonly quorum: Quorum
  /** For the header: over all accounts and the globals after the block. */
  readonly stateRoot: Hash
  /** The block's value: what its transactions moved, fees not included. */
  readonly movedDroplets: number
  readonly receipt: Receipt
  readonly update: TreeUpdate
}

/** Accounts and globals of a state, as a store or a snapshot holds them. */
export interface StateParts {
  readonly accounts: Iterable<readonly [Address, Account]>
  readonly globals: Globals
  /** Of the hashes that the globals name. */
  readonly quorum: Quorum
  readonly headQuorum: Quorum
}

/** The state before the first block. The document must have passed `checkGenesis`. */
export function genesisState(genesis: Genesis, chainId: Hash): LedgerState {
  const accounts = new Map<Address, Account>()
  const empty = emptyAccount(genesis.timeMs)
  let supplyDroplets = 0
  for (const { address, droplets, microHours } of genesis.accounts) {
    accounts.set(address, { ...empty, droplets, microHours })
    supplyDroplets += droplets
  }
  for (const { account, peerId, blsKey, stakeDroplets, commissionPpm } of genesis.verifiers) {
    const verifier = {
      ...{ peerId, blsKey, stakeDroplets, commissionPpm, registeredHeight: 0, delegatedDroplets: 0, delegationShares: 0 },
      jailedUntilSlot: null,
      tally: { election: 0, droplets: 0 },
      offences: [],
    }
    accounts.set(account, { ...(accounts.get(account) ?? empty), verifier })
    supplyDroplets += stakeDroplets
  }
  const { quorumSize, epochSlots, electionSlots } = genesis.parameters
  const members = [...accounts].flatMap(([id, account]) => (isVerifier(account) ? [memberOf(id, account.verifier)] : []))
  const quorum = createQuorum(members.sort(byStake).slice(0, quorumSize))
  const globals: Globals = {
    ...{ height: 0, epoch: 0, epochSeed: chainId, quorum: quorum.hash, headQuorum: quorum.hash, headMaker: 0, feesDroplets: 0 },
    ...{ supplyDroplets, mintedDroplets: 0, burnedDroplets: 0, burnedMicroHours: 0 },
    ...{ handovers: [], nextElectionSlot: epochSlots - electionSlots, elections: 0, election: null, ratified: null, recoveries: [] },
  }
  return restoreState(genesis, chainId, { accounts, globals, quorum, headQuorum: quorum })
}

/** The state from its parts. The caller compares `stateRoot` with the header of their block, and the quorums with the globals. */
export function restoreState(genesis: Genesis, chainId: Hash, parts: StateParts): LedgerState {
  const { globals, quorum, headQuorum } = parts
  const accounts = new AccountTree()
  const indexes = new Indexes()
  const entries = new Map(parts.accounts)
  for (const [address, account] of entries) indexes.follow(address, undefined, account)
  accounts.commit(accounts.update(entries))
  const { parameters, timeMs: genesisTimeMs, anchors } = genesis
  return { chainId, parameters, genesisTimeMs, anchors, accounts, indexes, globals, quorum, headQuorum }
}

/** Over all accounts and the globals, as the header of the newest block has it. */
export const stateRoot = (state: LedgerState): Hash => stateRootOf(state.accounts.root, state.globals)

/** sha256(root over the accounts ‖ sha256(globals)). */
export const stateRootOf = (accountsRoot: Hash, globals: Globals): Hash =>
  sha256Hex(concatBytes([fromHex(accountsRoot), fromHex(sha256Hex(encode(globalsCodec, globals)))]))

/** Makes the transition the state, in place. Of several made from one state, one can be taken; the others are void then. */
export function advance(state: LedgerState, transition: Transition): void {
  invariant(transition.globals.height === state.globals.height + 1, 'a transition leads to the next height')
  for (const [address, account] of transition.changes) state.indexes.follow(address, state.accounts.get(address), account)
  state.accounts.commit(transition.update)
  state.headQuorum = state.quorum
  state.quorum = transition.quorum
  state.globals = transition.globals
}

/** A verifier as a member of a quorum, with all that is bonded to it now. */
export const memberOf = (id: Address, verifier: NonNullable<Account['verifier']>): QuorumMember => ({
  id,
  peerId: verifier.peerId,
  blsKey: verifier.blsKey,
  stakeDroplets: bondedTo(verifier),
})

const byStake = (left: QuorumMember, right: QuorumMember): number =>
  right.stakeDroplets - left.stakeDroplets || (left.id < right.id ? -1 : 1)

/** Start of a slot, in ms since the Unix epoch: the only time that the ledger knows. */
export const blockTimeMs = (state: Pick<LedgerState, 'genesisTimeMs' | 'parameters'>, slot: number): number =>
  state.genesisTimeMs + slot * state.parameters.slotMs

/** An account with what it has earned up to a slot; for an address that the ledger does not know, an empty one. */
export function accountAt(state: LedgerState, address: Address, slot: number): Account {
  const timeMs = blockTimeMs(state, slot)
  const known = state.accounts.get(address)
  return known === undefined ? emptyAccount(timeMs) : accrue(known, timeMs, state.parameters.coinHourSeconds)
}
