import { invariant } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import { mulDiv, mulDivUp, PPM } from '../base/ratio.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import type { Address } from '../wire/types.ts'
import type { Verifier } from './account.ts'
import { bondsOrNull } from './bonds.ts'
import { MAX_OFFENCES } from './bounds.ts'
import { type Draft, type Refusal, refuse } from './draft.ts'
import { invalidateQuorum } from './elections.ts'
import { epochEnd, lastEvidenceSlot } from './handovers.ts'
import type { LedgerEvent } from './receipt.ts'

type Offence = Pick<ProvenEvidence, 'kind' | 'height'>
type Slashed = Extract<LedgerEvent, { kind: 'slashed' }>

/**
 * The rules that evidence keeps to be in a block: registered keys, neither of the future nor too old, and somebody to punish.
 * @param isRecovery the block says with it who does not sign it: then whoever was punished before is named again
 */
export function checkProof(draft: Draft, proof: ProvenEvidence, isRecovery: boolean): Refusal | null {
  const { state, slot, globals } = draft
  const { evidence, height } = proof
  const stranger = [...evidence.first.keys, ...evidence.second.keys].find((key) => !state.indexes.blsKeys.has(key))
  if (stranger !== undefined) return refuse('unknown-signer', `no verifier has the BLS key ${stranger}`)
  if (height > draft.height) return refuse('future-evidence', `is of height ${height}, this block has ${draft.height}`)
  const end = epochEnd(globals, height)
  if (end !== null && slot > lastEvidenceSlot(end, state.parameters)) {
    const last = lastEvidenceSlot(end, state.parameters)
    return refuse(
      'evidence-expired',
      `the epoch of height ${height} ended in slot ${end.slot}: it counts until slot ${last}, this is ${slot}`,
    )
  }
  if (isRecovery) return null
  const offenders = proof.offenders.map((key) => verifierOf(draft, key)[1])
  if (offenders.every((offender) => isPunished(offender, proof)))
    return refuse('already-punished', `${proof.kind} at height ${height}: all ${offenders.length} offenders have been punished for it`)
  if (offenders.every((offender) => isPunished(offender, proof) || !hasRoom(draft, offender)))
    return refuse(
      'too-many-offences',
      `the offenders have been punished for ${MAX_OFFENCES} offences each that still count, and for no more`,
    )
  return null
}

/** Slashes and jails everybody who is proven guilty and was not punished for it. The reporter gets its share, unless it is guilty itself. */
export function punish(draft: Draft, proof: ProvenEvidence, reporter: Address): void {
  const guilty = proof.offenders.map((key) => verifierOf(draft, key))
  const isReporterGuilty = guilty.some(([address]) => address === reporter)
  for (const [address, verifier] of guilty) {
    if (isPunished(verifier, proof) || !hasRoom(draft, verifier)) continue
    const slashed = slash(draft, address, proof)
    const droplets = slashed.stakeDroplets + slashed.delegatedDroplets + slashed.unbondingDroplets
    const rewardDroplets = isReporterGuilty ? 0 : mulDiv(droplets, draft.state.parameters.reporterPpm, PPM)
    if (rewardDroplets > 0) draft.credit(reporter, rewardDroplets)
    draft.burnedDroplets += droplets - rewardDroplets
    draft.events.push({ ...slashed, reporter, rewardDroplets })
    invalidateQuorum(draft, address, draft.slot + draft.state.parameters.jailSlots)
  }
}

/** Takes the same share of everything that was bonded to the verifier at the offence: also of what is on its way back since. */
function slash(draft: Draft, address: Address, { kind, height }: Offence): Omit<Slashed, 'reporter' | 'rewardDroplets'> {
  const { state, globals } = draft
  const account = draft.verifier(address)
  invariant(account !== null, "a registered key is a verifier's")
  const { verifier } = account
  const part = (droplets: number): number => mulDivUp(droplets, state.parameters.slashPpm, PPM)
  const stakeDroplets = part(verifier.stakeDroplets)
  const delegatedDroplets = part(verifier.delegatedDroplets)
  const isWorthless = verifier.delegatedDroplets === delegatedDroplets
  draft.put(address, {
    ...account,
    verifier: {
      ...verifier,
      stakeDroplets: verifier.stakeDroplets - stakeDroplets,
      delegatedDroplets: verifier.delegatedDroplets - delegatedDroplets,
      delegationShares: isWorthless ? 0 : verifier.delegationShares,
      offences: [...verifier.offences.filter((offence) => stillCounts(draft, offence)), { kind, height }],
    },
  })
  // Shares of nothing would keep everybody from delegating to it again.
  if (isWorthless) for (const delegator of delegatorsOf(draft, address)) endDelegation(draft, delegator, address)
  const epoch = epochEnd(globals, height)?.epoch ?? globals.epoch
  let unbondingDroplets = 0
  for (const holder of [...(state.indexes.unbonding.get(address) ?? [])].sort())
    unbondingDroplets += slashUnbonding(draft, holder, address, epoch, part)
  return { kind: 'slashed', verifier: address, offence: kind, height, stakeDroplets, delegatedDroplets, unbondingDroplets }
}

const delegatorsOf = ({ state }: Draft, verifier: Address): readonly Address[] => [...(state.indexes.delegators.get(verifier) ?? [])].sort()

function endDelegation(draft: Draft, delegator: Address, verifier: Address): void {
  const account = draft.account(delegator)
  const { bonds } = account
  if (bonds === null) return
  draft.put(delegator, {
    ...account,
    bonds: bondsOrNull({ ...bonds, delegations: bonds.delegations.filter((one) => one.verifier !== verifier) }),
  })
}

/** What was taken back before the quorum of the offence was elected had no part in it. */
function slashUnbonding(draft: Draft, holder: Address, verifier: Address, epoch: number, part: (droplets: number) => number): number {
  const account = draft.account(holder)
  const { bonds } = account
  if (bonds === null) return 0
  let droplets = 0
  const unbonding = bonds.unbonding.flatMap((one) => {
    if (one.verifier !== verifier || one.epoch < epoch) return [one]
    const taken = part(one.droplets)
    droplets += taken
    return taken === one.droplets ? [] : [{ ...one, droplets: one.droplets - taken }]
  })
  if (droplets > 0) draft.put(holder, { ...account, bonds: bondsOrNull({ ...bonds, unbonding }) })
  return droplets
}

function verifierOf(draft: Draft, key: Hex): readonly [Address, Verifier] {
  const address = draft.state.indexes.blsKeys.get(key)
  const verifier = address === undefined ? undefined : draft.verifier(address)?.verifier
  invariant(address !== undefined && verifier !== undefined, 'the keys of a proof are registered')
  return [address, verifier]
}

const isPunished = ({ offences }: Verifier, { kind, height }: Offence): boolean =>
  offences.some((offence) => offence.kind === kind && offence.height === height)

/** Whether evidence of an offence may still come; after that nobody need remember it. */
function stillCounts({ state, slot, globals }: Draft, { height }: Offence): boolean {
  const end = epochEnd(globals, height)
  return end === null || slot <= lastEvidenceSlot(end, state.parameters)
}

const hasRoom = (draft: Draft, { offences }: Verifier): boolean =>
  offences.filter((offence) => stillCounts(draft, offence)).length < MAX_OFFENCES
