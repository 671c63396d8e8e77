import { invariant } from '../base/errors.ts'
import { mulDiv, PPM } from '../base/ratio.ts'
import type { Address } from '../wire/types.ts'
import type { Verifier } from './account.ts'
import { bondedTo } from './account.ts'
import type { Draft } from './draft.ts'
import type { Reward } from './receipt.ts'

/** What a block's maker and its signers share, in droplets by index of the quorum. */
export interface Shares {
  /** The maker's share, and what rounding leaves. */
  readonly makerDroplets: number
  /** By stake; 0 for who did not sign. */
  readonly signerDroplets: readonly number[]
}

/** The maker gets its share, the rest goes to the signers by stake, each rounded down; what rounding leaves is the maker's. */
export function shareReward(
  totalDroplets: number,
  makerSharePpm: number,
  signers: readonly number[],
  stakeDroplets: readonly number[],
): Shares {
  const stakeSigned = signers.reduce((sum, signer) => sum + (stakeDroplets[signer] ?? 0), 0)
  const forSigners = totalDroplets - mulDiv(totalDroplets, makerSharePpm, PPM)
  const signerDroplets = stakeDroplets.map(() => 0)
  let makerDroplets = totalDroplets
  for (const signer of signers) {
    const part = stakeSigned === 0 ? 0 : mulDiv(forSigners, stakeDroplets[signer] ?? 0, stakeSigned)
    signerDroplets[signer] = part
    makerDroplets -= part
  }
  return { makerDroplets, signerDroplets }
}

/** As `shareReward`: what each member gets in all, by index. */
export function splitReward(
  totalDroplets: number,
  makerSharePpm: number,
  maker: number,
  signers: readonly number[],
  stakeDroplets: readonly number[],
): readonly number[] {
  const { makerDroplets, signerDroplets } = shareReward(totalDroplets, makerSharePpm, signers, stakeDroplets)
  return signerDroplets.map((droplets, index) => droplets + (index === maker ? makerDroplets : 0))
}

/** What of a verifier's reward goes to those who delegate to it, by their part of what is bonded, and what of that part it keeps. */
export function delegatorsPart(
  verifier: Verifier,
  droplets: number,
): { readonly delegatorsDroplets: number; readonly commissionDroplets: number } {
  if (verifier.delegatedDroplets === 0) return { delegatorsDroplets: 0, commissionDroplets: 0 }
  const part = mulDiv(droplets, verifier.delegatedDroplets, bondedTo(verifier))
  const commissionDroplets = mulDiv(part, verifier.commissionPpm, PPM)
  return { delegatorsDroplets: part - commissionDroplets, commissionDroplets }
}

/**
 * Mints the parent's reward and pays it, with the parent's fees, to its maker and to the signers that the header names.
 * Delegators get theirs by what their shares are worth; the verifier's own part goes to its account.
 */
export function payParent(
  draft: Draft,
  signers: readonly number[],
): { readonly mintedDroplets: number; readonly rewards: readonly Reward[] } {
  const { parameters, headQuorum, globals } = draft.state
  // All coins that there ever were stay a safe integer together: so does each sum of them that the state or a receipt holds.
  const mostDroplets = Number.MAX_SAFE_INTEGER - globals.supplyDroplets - globals.burnedDroplets
  const mintedDroplets = Math.min(parameters.blockRewardDroplets, mostDroplets)
  const totalDroplets = globals.feesDroplets + mintedDroplets
  draft.change({ mintedDroplets: globals.mintedDroplets + mintedDroplets, supplyDroplets: globals.supplyDroplets + mintedDroplets })
  const stakes = headQuorum.members.map(({ stakeDroplets }) => stakeDroplets)
  const shares = shareReward(totalDroplets, parameters.makerSharePpm, signers, stakes)
  const rewards: Reward[] = []
  for (const [index, { id }] of headQuorum.members.entries()) {
    const makerDroplets = index === globals.headMaker ? shares.makerDroplets : 0
    const signerDroplets = shares.signerDroplets[index] ?? 0
    if (makerDroplets + signerDroplets > 0) rewards.push(payVerifier(draft, id, makerDroplets, signerDroplets))
  }
  return { mintedDroplets, rewards }
}

function payVerifier(draft: Draft, address: Address, makerDroplets: number, signerDroplets: number): Reward {
  const account = draft.verifier(address)
  invariant(account !== null, 'a member of a quorum is a verifier')
  const { verifier } = account
  const droplets = makerDroplets + signerDroplets
  const { delegatorsDroplets, commissionDroplets } = delegatorsPart(verifier, droplets)
  draft.put(address, {
    ...account,
    droplets: account.droplets + droplets - delegatorsDroplets,
    verifier: { ...verifier, delegatedDroplets: verifier.delegatedDroplets + delegatorsDroplets },
  })
  return { verifier: address, makerDroplets, signerDroplets, delegatorsDroplets, commissionDroplets }
}
