import type { Hex } from '../base/hex.ts'
import type { Address } from '../wire/types.ts'
import type { Account, Unbonding } from './account.ts'

/** What follows from the accounts and would take a look at all of them: follows their changes, and is under no root. */
export class Indexes {
  /** All registered verifiers. */
  readonly verifiers = new Set<Address>()
  /** Keys and peer ids that are taken. */
  readonly blsKeys = new Set<Hex>()
  readonly peerIds = new Set<string>()
  /** Accounts that delegate to a verifier. */
  readonly delegators = new Map<Address, Set<Address>>()
  /** Accounts with something on its way back, by the epoch in which it was taken back, and by the slot from which it may be released. */
  readonly #releases = new Map<number, Map<number, Set<Address>>>()
  /** Accounts with something on its way back that is a verifier's. */
  readonly unbonding = new Map<Address, Set<Address>>()

  /** Takes over what became of an account. */
  follow(address: Address, before: Account | undefined, after: Account): void {
    if (after.verifier !== null && before?.verifier !== after.verifier) {
      this.verifiers.add(address)
      this.blsKeys.add(after.verifier.blsKey)
      this.peerIds.add(after.verifier.peerId)
    }
    if ((before?.bonds ?? null) === after.bonds) return
    for (const { verifier } of before?.bonds?.delegations ?? []) take(this.delegators, verifier, address)
    for (const { verifier } of after.bonds?.delegations ?? []) put(this.delegators, verifier, address)
    for (const one of before?.bonds?.unbonding ?? []) this.#forget(address, one)
    for (const one of after.bonds?.unbonding ?? []) this.#note(address, one)
  }

  /** Accounts with something that may be released in a slot of an epoch, by ascending address. What the epoch keeps is not looked at. */
  releasable(slot: number, epoch: number): readonly Address[] {
    const found: Address[] = []
    for (const [takenBackIn, bySlot] of this.#releases) {
      if (takenBackIn >= epoch) continue
      for (const [releaseSlot, addresses] of bySlot) if (releaseSlot <= slot) for (const address of addresses) found.push(address)
    }
    return found.sort().filter((address, index) => address !== found[index - 1])
  }

  #note(address: Address, { verifier, releaseSlot, epoch }: Unbonding): void {
    const bySlot = this.#releases.get(epoch) ?? new Map<number, Set<Address>>()
    this.#releases.set(epoch, bySlot)
    put(bySlot, releaseSlot, address)
    put(this.unbonding, verifier, address)
  }
  #forget(address: Address, { verifier, releaseSlot, epoch }: Unbonding): void {
    const bySlot = this.#releases.get(epoch)
    if (bySlot !== undefined) {
      take(bySlot, releaseSlot, address)
      if (bySlot.size === 0) this.#releases.delete(epoch)
    }
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
