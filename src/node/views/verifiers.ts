import type { ElectionObstacle, ListedVerifier, QuorumView, VerifiersView, VerifierView } from '../../api/ledger-types.ts'
import type { VerifierStatus } from '../../api/types.ts'
import type { Hex } from '../../base/hex.ts'
import { enoughStake } from '../../consensus/quorum.ts'
import { bondedTo, isVerifier, type Verifier } from '../../ledger/account.ts'
import { valueLimitDroplets } from '../../ledger/apply.ts'
import { tallyOf } from '../../ledger/elections.ts'
import type { LedgerState } from '../../ledger/state.ts'
import { trustScores } from '../../ledger/trust.ts'
import type { Address } from '../../wire/types.ts'

/** Trust by account; who is not in it has none. */
export type Trust = ReadonlyMap<Address, number>

export const trustOf = ({ accounts, anchors, parameters }: LedgerState): Trust =>
  trustScores((address) => accounts.get(address)?.endorses ?? null, anchors, parameters.trustRounds)

/** @param slot of the newest block */
export function verifierView(state: LedgerState, address: Address, verifier: Verifier, slot: number, trust: Trust): VerifierView {
  const { peerId, blsKey, commissionPpm, registeredHeight, stakeDroplets, delegatedDroplets, jailedUntilSlot } = verifier
  const member = state.quorum.members.find(({ id }) => id === address)
  const { election } = state.globals
  return {
    ...{ peerId, blsKey, commissionPpm, registeredHeight, stakeDroplets, delegatedDroplets },
    delegators: state.indexes.delegators.get(address)?.size ?? 0,
    inQuorum: member !== undefined,
    weightDroplets: member?.stakeDroplets ?? 0,
    jailedUntilSlot,
    offences: verifier.offences,
    trust: trust.get(address) ?? 0,
    votesDroplets: election === null ? 0 : tallyOf(verifier, election.number),
    obstacle: obstacleTo(state, address, verifier, slot, () => trust),
  }
}

/** What the ledger's elections ask of a verifier and it does not have. */
function obstacleTo(state: LedgerState, address: Address, verifier: Verifier, slot: number, trust: () => Trust): ElectionObstacle | null {
  const { parameters, globals } = state
  if (verifier.jailedUntilSlot !== null && verifier.jailedUntilSlot > slot) return 'jailed'
  if (bondedTo(verifier) < parameters.minStakeDroplets) return 'stake-below-minimum'
  if (globals.election !== null && verifier.registeredHeight >= globals.election.openedHeight) return 'registered-in-election'
  return parameters.score !== 'coins' && !trust().has(address) ? 'not-trusted' : null
}

/** The account that registered a key; null if none has. */
export function registrantOf({ accounts, indexes }: LedgerState, blsKey: Hex): Address | null {
  if (!indexes.blsKeys.has(blsKey)) return null
  for (const address of indexes.verifiers) if (accounts.get(address)?.verifier?.blsKey === blsKey) return address
  return null
}

/** What the holder of a key is. @param index its place in the quorum of the next height; null if it has none */
export function verifierStatus(
  state: LedgerState,
  { blsKey, address, index }: { readonly blsKey: Hex; readonly address: Address | null; readonly index: number | null },
  slot: number,
  trust: () => Trust,
): Omit<VerifierStatus, 'silence' | 'proposed' | 'led' | 'made' | 'sealed'> {
  const verifier = address === null ? null : (state.accounts.get(address)?.verifier ?? null)
  return {
    blsKey,
    state: index !== null ? 'elected' : verifier !== null ? 'registered' : 'not-registered',
    ...{ address, index },
    weightDroplets: index === null ? 0 : (state.quorum.members[index]?.stakeDroplets ?? 0),
    bondedDroplets: verifier === null ? 0 : bondedTo(verifier),
    minStakeDroplets: state.parameters.minStakeDroplets,
    obstacle: address === null || verifier === null ? null : obstacleTo(state, address, verifier, slot, trust),
  }
}

/** @param from place in the order of what is bonded, from 0 */
export function verifiersView(state: LedgerState, slot: number, trust: Trust, from: number, count: number): VerifiersView {
  const registered: { readonly address: Address; readonly verifier: Verifier; readonly bondedDroplets: number }[] = []
  for (const address of state.indexes.verifiers) {
    const account = state.accounts.get(address)
    if (account === undefined || !isVerifier(account)) continue
    const { verifier } = account
    registered.push({ address, verifier, bondedDroplets: bondedTo(verifier) })
  }
  registered.sort((left, right) => right.bondedDroplets - left.bondedDroplets || (left.address < right.address ? -1 : 1))
  return {
    height: state.globals.height,
    registered: registered.length,
    verifiers: registered.slice(from, from + count).map(
      ({ address, verifier, bondedDroplets }): ListedVerifier => ({
        address,
        bondedDroplets,
        ...verifierView(state, address, verifier, slot, trust),
      }),
    ),
  }
}

export function quorumView(state: LedgerState): QuorumView {
  const { quorum, globals } = state
  return {
    height: globals.height + 1,
    epoch: globals.epoch,
    epochSeed: globals.epochSeed,
    hash: quorum.hash,
    members: quorum.members.map(({ id, peerId, blsKey, stakeDroplets }) => ({
      ...{ address: id, peerId, blsKey },
      weightDroplets: stakeDroplets,
    })),
    totalDroplets: quorum.totalStakeDroplets,
    enoughDroplets: enoughStake(quorum.totalStakeDroplets),
    valueLimitDroplets: valueLimitDroplets(state),
  }
}
