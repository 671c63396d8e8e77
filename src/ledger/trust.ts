import type { Address, Endorse } from '../wire/types.ts'
import type { Account } from './account.ts'
import { MAX_ENDORSEMENTS } from './bounds.ts'
import { type Draft, type Refusal, refuse } from './draft.ts'

/** What each anchor has to give. */
const ANCHOR_TRUST = 1_000_000_000
/** Half of what somebody is trusted goes on to those that it vouches for: what goes round in a circle dies out. */
const DAMPING = 2

export function checkEndorse(draft: Draft, address: Address, { endorses }: Account, { verifier, stance }: Endorse): Refusal | null {
  const endorsed = endorses ?? []
  if (stance === 'withdraw')
    return endorsed.includes(verifier) ? null : refuse('not-endorsed', `the account does not vouch for ${verifier}`)
  if (verifier === address) return refuse('own-verifier', 'nobody vouches for itself')
  if (draft.verifier(verifier) === null) return refuse('unknown-verifier', `${verifier} is no registered verifier`)
  if (endorsed.includes(verifier)) return refuse('already-endorsed', `the account vouches for ${verifier} already`)
  if (endorsed.length >= MAX_ENDORSEMENTS)
    return refuse('too-many-endorsements', `vouches for ${endorsed.length} verifiers, at most ${MAX_ENDORSEMENTS} allowed`)
  return null
}

export function endorse(draft: Draft, address: Address, { verifier, stance }: Endorse): void {
  const account = draft.account(address)
  const others = (account.endorses ?? []).filter((endorsed) => endorsed !== verifier)
  const endorses = stance === 'vouch' ? [...others, verifier].sort() : others
  draft.put(address, { ...account, endorses: endorses.length === 0 ? null : endorses })
}

/**
 * How far each account is trusted: an anchor by itself, the others by those who vouch for them. Each of `rounds` rounds hands half
 * of an account's trust, in equal parts and rounded down, to the verifiers that it vouches for. So whoever no chain of
 * endorsements from an anchor reaches has nothing, however many vouch for it. Of all whom one endorsement lets in, none has more than
 * 4/3 of what it carries, and all together have less than twice that, however they vouch for each other.
 */
export function trustScores(
  endorsesOf: (address: Address) => readonly Address[] | null,
  anchors: readonly Address[],
  rounds: number,
): ReadonlyMap<Address, number> {
  let trust = new Map(anchors.map((anchor) => [anchor, ANCHOR_TRUST]))
  for (let round = 0; round < rounds; round++) {
    const next = new Map(anchors.map((anchor) => [anchor, ANCHOR_TRUST]))
    for (const [address, has] of trust) {
      const endorsed = endorsesOf(address) ?? []
      const part = Math.floor(has / (DAMPING * endorsed.length))
      for (const verifier of endorsed) if (part > 0) next.set(verifier, (next.get(verifier) ?? 0) + part)
    }
    trust = next
  }
  return trust
}
