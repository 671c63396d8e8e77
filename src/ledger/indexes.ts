import type { Hex } from '../base/hex.ts'
import type { Address } from '../wire/types.ts'
import type { Account, Unbonding } from './account.ts'

/** What follows from the accounts and would take a look at all of them: follows their changes, and is under no root. */
export class Indexes {
  /** All registered verifiers. */
  readonly verifiers = new Set<Address>()
  /** The verifier of each registered key. */
  readonly blsKeys = new Map<Hex, Address>()
  /** Peer ids that are taken. */
  readonly peerIds = new Set<string>()
  /** Accounts that delegate to a verifier. */
  readonly delegators = new Map<Address, Set<Address>>()
  /** Accounts with something on its way back, by the epoch in which it was taken back. */
  readonly #releases = new Map<number, Set<Address>>()
  /** Accounts with something on its way back that is a verifier's. */
  readonly unbonding = new Map<Address, Set<Address>>()

  /** Takes over what became of an account. */
  follow(address: Address, before: Account | undefined, after: Account): void {
    if (after.verifier !== null && before?.verifier !== after.verifier) {
      this.verifiers.add(address)
      this.blsKeys.set(after.verifier.blsKey, address)
      this.peerIds.add(after.verifier.peerId)
    }
    if ((before?.bonds ?? null) === after.bonds) return
    for (const { verifier } of before?.bonds?.delegations ?? []) take(this.delegators, verifier, address)
    for (const { verifier } of after.bonds?.delegations ?? []) put(this.delegators, verifier, address)
    for (const one of before?.bonds?.unbonding ?? []) this.#forget(address, one)
    for (const one of after.bonds?.unbonding ?? []) this.#note(address, one)
  }

  /** Accounts with something that was taken back in that epoch or before, by ascending address. */
  takenBackBy(epoch: number): readonly Address[] {
    const found = new Set<Address>()
    for (const [of, addresses] of this.#releases) if (of <= epoch) for (const address of addresses) found.add(address)
    return [...found].sort()
  }

  #note(address: Address, { verifier, epoch }: Unbonding): void {
    put(this.#releases, epoch, address)
    put(this.unbonding, verifier, address)
  }
  #forget(address: Address, { verifier, epoch }: Unbonding): void {
    take(this.#releases, epoch, address)
    take(this.unbonding, verifier, address)
  }
}

function put<K>(index: Map<K, Set<Address>>, key: K, address: Address): void {
  const there = index.get(key)
  if (there === undefined) index.set(key, new Set([address]))
  else there.add(address)
}

function take<K>(index: Map<K, Set<Address>>, key: K, address: Address): void {
  const there = index.get(key)
  if (there === undefined) return
  there.delete(address)
  if (there.size === 0) index.delete(key)
}
