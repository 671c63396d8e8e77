import type { Hex } from '../base/hex.ts'
import type { Quorum } from '../wire/quorum.ts'
import type { Address } from '../wire/types.ts'
import { type Account, accrue, addMicroHours, type Ballot, bondedTo, emptyAccount, isVerifier, type VerifierAccount } from './account.ts'
import type { BlockCode, StateCode } from './codes.ts'
import type { Globals } from './globals.ts'
import type { LedgerEvent } from './receipt.ts'
import { blockTimeMs, type LedgerState } from './state.ts'

/** Why a transaction is not in a block. */
export interface Refusal {
  readonly code: StateCode | BlockCode
  readonly detail: string
}

export const refuse = (code: StateCode | BlockCode, detail: string): Refusal => ({ code, detail })

/** The ledger in the middle of a block: changes over a state that stays as it is. */
export class Draft {
  readonly state: LedgerState
  readonly slot: number
  readonly height: number
  globals: Globals
  /** Signs the next height. */
  quorum: Quorum
  readonly changes = new Map<Address, Account>()
  readonly events: LedgerEvent[] = []
  /** What this block's transactions have taken. */
  readonly takenBlsKeys = new Set<Hex>()
  readonly takenPeerIds = new Set<string>()
  feesDroplets = 0
  burnedDroplets = 0
  burnedMicroHours = 0
  readonly #timeMs: number

  constructor(state: LedgerState, slot: number) {
    this.state = state
    this.slot = slot
    this.height = state.globals.height + 1
    this.globals = state.globals
    this.quorum = state.quorum
    this.#timeMs = blockTimeMs(state, slot)
  }

  /** The account at block time, with a ballot if an election is open. A change of it is made with `put`. */
  account(address: Address): Account {
    const changed = this.changes.get(address)
    if (changed !== undefined) return this.#withBallot(changed)
    const known = this.state.accounts.get(address)
    if (known === undefined) return this.#withBallot(emptyAccount(this.#timeMs))
    return this.#withBallot(accrue(known, this.#timeMs, this.state.parameters.coinHourSeconds))
  }
  put(address: Address, account: Account): void {
    this.changes.set(address, account)
  }
  credit(address: Address, droplets: number, microHours = 0): void {
    const account = this.account(address)
    this.put(address, { ...account, droplets: account.droplets + droplets, microHours: addMicroHours(account.microHours, microHours) })
  }

  /** The account if it is a verifier. */
  verifier(address: Address): VerifierAccount | null {
    const account = this.account(address)
    return isVerifier(account) ? account : null
  }
  /** All verifiers that were registered before this block, by ascending address. */
  verifiers(): readonly [Address, VerifierAccount][] {
    const found: [Address, VerifierAccount][] = []
    for (const address of [...this.state.indexes.verifiers].sort()) {
      const account = this.verifier(address)
      if (account !== null) found.push([address, account])
    }
    return found
  }

  /** What the block changes of the globals. */
  change(fields: Partial<Globals>): void {
    this.globals = { ...this.globals, ...fields }
  }

  /**
   * A ballot is taken when its account is first touched in an election: what the account holds then is what it held when
   * the election opened. Of an election that is over nothing is kept.
   */
  #withBallot(account: Account): Account {
    const open = this.globals.election
    if (open === null) return account.ballot === null ? account : { ...account, ballot: null }
    if (account.ballot?.election === open.number) return account
    return { ...account, ballot: emptyBallot(open.number, account) }
  }
}

const emptyBallot = (election: number, { droplets, verifier }: Account): Ballot => ({
  election,
  heldDroplets: droplets,
  bondedDroplets: verifier === null ? 0 : bondedTo(verifier),
  movedDroplets: 0,
  slip: null,
  sources: [],
})
