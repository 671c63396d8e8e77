import { formatCoins } from '../base/amounts.ts'
import { invariant } from '../base/errors.ts'
import { mulDiv, mulDivUp } from '../base/ratio.ts'
import type { Action, Address, Delegate, Register, Stake, Undelegate, Unstake } from '../wire/types.ts'
import type { Account, Bonds, Delegation, Unbonding, Verifier } from './account.ts'
import { MAX_DELEGATIONS, MAX_UNBONDINGS } from './bounds.ts'
import { type Draft, type Refusal, refuse } from './draft.ts'
import { releasedEpoch, releaseSlot } from './handovers.ts'
import { MAX_RELEASES } from './receipt.ts'

const noBonds: Bonds = { delegations: [], unbonding: [] }
export const bondsOrNull = (bonds: Bonds): Bonds | null => (bonds.delegations.length + bonds.unbonding.length === 0 ? null : bonds)

/** What a delegation can be taken back for now. */
export const delegationValue = (verifier: Verifier, shares: number): number =>
  shares === 0 ? 0 : mulDiv(shares, verifier.delegatedDroplets, verifier.delegationShares)

const sharesOf = ({ bonds }: Account, verifier: Address): number =>
  bonds?.delegations.find((delegation) => delegation.verifier === verifier)?.shares ?? 0

const unknownVerifier = (address: Address): Refusal => refuse('unknown-verifier', `${address} is no registered verifier`)

// Register

export function checkRegister(draft: Draft, sender: Account, { blsKey, peerId }: Register): Refusal | null {
  const { indexes } = draft.state
  if (sender.verifier !== null)
    return refuse('already-registered', `the account is a verifier since height ${sender.verifier.registeredHeight}`)
  if (indexes.blsKeys.has(blsKey) || draft.takenBlsKeys.has(blsKey))
    return refuse('key-in-use', `another verifier has the BLS key ${blsKey}`)
  if (indexes.peerIds.has(peerId) || draft.takenPeerIds.has(peerId))
    return refuse('peer-id-in-use', `another verifier has the peer id ${peerId}`)
  return null
}

export function register(draft: Draft, address: Address, { peerId, blsKey, commissionPpm }: Register): void {
  const account = draft.account(address)
  draft.burnedDroplets += draft.state.parameters.verifierFeeDroplets
  draft.takenBlsKeys.add(blsKey)
  draft.takenPeerIds.add(peerId)
  draft.put(address, {
    ...account,
    verifier: {
      ...{ peerId, blsKey, commissionPpm, registeredHeight: draft.height, stakeDroplets: 0, delegatedDroplets: 0, delegationShares: 0 },
      jailedUntilSlot: null,
      tally: { election: 0, droplets: 0 },
      offences: [],
    },
  })
}

// Own stake

export const checkStake = (sender: Account): Refusal | null =>
  sender.verifier === null ? refuse('not-verifier', 'only a verifier stakes: register first, or delegate to a verifier') : null

export function stake(draft: Draft, address: Address, { amountDroplets }: Stake): void {
  const account = draft.verifier(address)
  invariant(account !== null, 'only a verifier stakes')
  const { verifier } = account
  draft.put(address, { ...account, verifier: { ...verifier, stakeDroplets: verifier.stakeDroplets + amountDroplets } })
}

export function checkUnstake(draft: Draft, sender: Account, { amountDroplets }: Unstake): Refusal | null {
  if (sender.verifier === null) return refuse('not-verifier', 'the account is no verifier and has no stake')
  return checkTakeBack(draft, sender, sender.verifier.stakeDroplets, amountDroplets)
}

export function unstake(draft: Draft, address: Address, { amountDroplets }: Unstake): void {
  const account = draft.verifier(address)
  invariant(account !== null, 'only a verifier has stake')
  const { verifier } = account
  const droplets = amountDroplets ?? verifier.stakeDroplets
  draft.put(address, {
    ...account,
    verifier: { ...verifier, stakeDroplets: verifier.stakeDroplets - droplets },
    bonds: withUnbonding(draft, account.bonds ?? noBonds, address, droplets),
  })
}

// Delegation

export function checkDelegate(draft: Draft, address: Address, sender: Account, { verifier: to, amountDroplets }: Delegate): Refusal | null {
  if (to === address) return refuse('own-verifier', 'a verifier does not delegate to itself: stake instead')
  const verifier = draft.verifier(to)?.verifier
  if (verifier === undefined) return unknownVerifier(to)
  const delegations = sender.bonds?.delegations ?? []
  if (delegations.length >= MAX_DELEGATIONS && sharesOf(sender, to) === 0)
    return refuse('too-many-delegations', `delegates to ${delegations.length} verifiers, at most ${MAX_DELEGATIONS} allowed`)
  const shares = sharesFor(verifier, amountDroplets)
  if (shares === 0) {
    const least = mulDivUp(1, verifier.delegatedDroplets, verifier.delegationShares)
    return refuse('amount-too-small', `delegates ${formatCoins(amountDroplets)} coins, the least part is ${formatCoins(least)} coins now`)
  }
  // Shares only outgrow droplets where most of the delegated coins were slashed.
  if (verifier.delegationShares + shares > Number.MAX_SAFE_INTEGER)
    return refuse(
      'too-many-shares',
      `the verifier would have ${verifier.delegationShares} + ${shares} shares, at most ${Number.MAX_SAFE_INTEGER} allowed`,
    )
  return null
}

/** The shares that an amount pays for, rounded down; the first are a droplet each. */
function sharesFor({ delegatedDroplets, delegationShares }: Verifier, amountDroplets: number): number {
  if (delegationShares === 0) return amountDroplets
  return Number((BigInt(amountDroplets) * BigInt(delegationShares)) / BigInt(delegatedDroplets))
}

export function delegate(draft: Draft, address: Address, { verifier: to, amountDroplets }: Delegate): void {
  const account = draft.verifier(to)
  invariant(account !== null, 'coins are delegated to a verifier')
  const { verifier } = account
  const shares = sharesFor(verifier, amountDroplets)
  // The sender pays what the shares are worth, rounded up, and keeps the rest: less than a share is lost to nobody.
  const cost = verifier.delegationShares === 0 ? amountDroplets : mulDivUp(shares, verifier.delegatedDroplets, verifier.delegationShares)
  draft.put(to, {
    ...account,
    verifier: {
      ...verifier,
      delegatedDroplets: verifier.delegatedDroplets + cost,
      delegationShares: verifier.delegationShares + shares,
    },
  })
  const sender = draft.account(address)
  const bonds = sender.bonds ?? noBonds
  draft.put(address, {
    ...sender,
    droplets: sender.droplets + amountDroplets - cost,
    bonds: { ...bonds, delegations: withShares(bonds.delegations, to, sharesOf(sender, to) + shares) },
  })
}

export function checkUndelegate(draft: Draft, sender: Account, { verifier: from, amountDroplets }: Undelegate): Refusal | null {
  const verifier = draft.verifier(from)?.verifier
  if (verifier === undefined) return unknownVerifier(from)
  return checkTakeBack(draft, sender, delegationValue(verifier, sharesOf(sender, from)), amountDroplets)
}

/**
 * What an `undelegate` takes back: whole shares, as many as the amount needs, and all that they are worth. Were it the amount alone, the
 * rest would fall to the other shares, and who holds them all could make a share as dear as he likes: nobody could join with less.
 */
function takenBack(
  verifier: Verifier,
  heldShares: number,
  amountDroplets: number | null,
): { readonly shares: number; readonly droplets: number } {
  const worth = delegationValue(verifier, heldShares)
  if (amountDroplets === null || amountDroplets === worth) return { shares: heldShares, droplets: worth }
  if (amountDroplets > worth) return { shares: heldShares, droplets: amountDroplets }
  const shares = mulDivUp(amountDroplets, verifier.delegationShares, verifier.delegatedDroplets)
  return { shares, droplets: delegationValue(verifier, shares) }
}

/** What an `undelegate` takes back, in droplets; the amount that it names if that is more than there is. */
export function undelegated(draft: Draft, sender: Account, { verifier: from, amountDroplets }: Undelegate): number {
  const verifier = draft.verifier(from)?.verifier
  return verifier === undefined ? (amountDroplets ?? 0) : takenBack(verifier, sharesOf(sender, from), amountDroplets).droplets
}

export function undelegate(draft: Draft, address: Address, { verifier: from, amountDroplets }: Undelegate): void {
  const account = draft.verifier(from)
  invariant(account !== null, 'coins were delegated to a verifier')
  const { verifier } = account
  const sender = draft.account(address)
  const held = sharesOf(sender, from)
  const { shares, droplets } = takenBack(verifier, held, amountDroplets)
  draft.put(from, {
    ...account,
    verifier: {
      ...verifier,
      delegatedDroplets: verifier.delegatedDroplets - droplets,
      delegationShares: verifier.delegationShares - shares,
    },
  })
  const after = draft.account(address)
  const bonds = after.bonds ?? noBonds
  const delegations = withShares(bonds.delegations, from, held - shares)
  draft.put(address, { ...after, bonds: withUnbonding(draft, { ...bonds, delegations }, from, droplets) })
}

const withShares = (delegations: readonly Delegation[], verifier: Address, shares: number): readonly Delegation[] =>
  [...delegations.filter((delegation) => delegation.verifier !== verifier), ...(shares === 0 ? [] : [{ verifier, shares }])].sort(
    (left, right) => (left.verifier < right.verifier ? -1 : 1),
  )

// Taking back

function checkTakeBack(draft: Draft, { bonds }: Account, hasDroplets: number, amountDroplets: number | null): Refusal | null {
  const wanted = amountDroplets ?? hasDroplets
  if (wanted === 0) return refuse('nothing-bonded', 'there is nothing bonded there to take back')
  if (wanted > hasDroplets)
    return refuse('insufficient-stake', `takes back ${formatCoins(wanted)} coins, ${formatCoins(hasDroplets)} are bonded there`)
  const unbonding = bonds?.unbonding ?? []
  if (unbonding.length >= MAX_UNBONDINGS) {
    return refuse(
      'too-many-unbonding',
      `has ${unbonding.length} sums on their way back, at most ${MAX_UNBONDINGS} allowed; ${releaseText(draft, unbonding[0] as Unbonding)}`,
    )
  }
  return null
}

/** When a sum comes back, in words; the end of an epoch that goes on is not known yet. */
function releaseText({ globals, state }: Draft, { epoch }: Unbonding): string {
  const end = globals.handovers.find((handover) => handover.epoch === epoch)
  return end === undefined
    ? `the first comes ${state.parameters.unbondingSlots} slots after this epoch's end`
    : `the first comes in slot ${releaseSlot(end, state.parameters)}`
}

function withUnbonding(draft: Draft, bonds: Bonds, verifier: Address, droplets: number): Bonds {
  const { epoch } = draft.globals
  return { ...bonds, unbonding: [...bonds.unbonding, { verifier, droplets, epoch }] }
}

/**
 * Gives back what was taken back long enough ago: whoever signs has something to lose, and so has who signed lately.
 */
export function releaseDue(draft: Draft): void {
  const { state, slot } = draft
  const epoch = releasedEpoch(state.globals, state.parameters, slot)
  if (epoch === null) return
  let left = MAX_RELEASES
  for (const address of state.indexes.takenBackBy(epoch)) {
    if (left === 0) return
    const account = draft.account(address)
    const { delegations, unbonding } = account.bonds ?? noBonds
    const stays: Unbonding[] = []
    let { droplets } = account
    for (const one of unbonding) {
      if (one.epoch > epoch || left === 0) {
        stays.push(one)
        continue
      }
      left--
      droplets += one.droplets
      draft.events.push({ kind: 'released', account: address, verifier: one.verifier, droplets: one.droplets })
    }
    if (stays.length < unbonding.length) draft.put(address, { ...account, droplets, bonds: bondsOrNull({ delegations, unbonding: stays }) })
  }
}

/** What an action takes from the sender's coins besides the fee. */
export function costDroplets(action: Action, { verifierFeeDroplets }: { readonly verifierFeeDroplets: number }): number {
  switch (action.kind) {
    case 'transfer':
    case 'stake':
    case 'delegate':
      return action.amountDroplets
    case 'register':
      return verifierFeeDroplets
    default:
      return 0
  }
}
