import type { AccountView, BallotView } from '../../api/ledger-types.ts'
import type { Account } from '../../ledger/account.ts'
import { delegationValue } from '../../ledger/bonds.ts'
import { Draft } from '../../ledger/draft.ts'
import { slipWeight } from '../../ledger/elections.ts'
import { releaseSlot } from '../../ledger/handovers.ts'
import { ratifyWeight } from '../../ledger/ratification.ts'
import { blockTimeMs, type LedgerState } from '../../ledger/state.ts'
import type { Address } from '../../wire/types.ts'
import { type Trust, verifierView } from './verifiers.ts'

/**
 * An account as the next transaction would find it: with the ballot of the open election, whether it was touched since or not.
 * @param slot of the newest block, up to which coin-hours are reckoned
 * @param nextNonce after what waits in the pool; undefined if nothing waits
 */
export function accountView(state: LedgerState, address: Address, slot: number, nextNonce: number | undefined, trust: Trust): AccountView {
  const account = new Draft(state, slot).account(address)
  const { droplets, microHours, nonce, verifier, bonds, endorses } = account
  return {
    address,
    kind: verifier === null ? 'client' : 'verifier',
    ...{ droplets, microHours, nonce },
    nextNonce: nextNonce ?? nonce,
    verifier: verifier === null ? null : verifierView(state, address, verifier, slot, trust),
    delegations: (bonds?.delegations ?? []).map(({ verifier: to, shares }) => {
      const delegatee = state.accounts.get(to)?.verifier ?? null
      return { verifier: to, droplets: delegatee === null ? 0 : delegationValue(delegatee, shares), shares }
    }),
    unbonding: (bonds?.unbonding ?? []).map(({ verifier: of, droplets: amount, epoch }) => {
      const end = state.globals.handovers.find((handover) => handover.epoch === epoch)
      const slotBack = end === undefined ? null : releaseSlot(end, state.parameters)
      return {
        ...{ verifier: of, droplets: amount, releaseSlot: slotBack },
        releaseTimeMs: slotBack === null ? null : blockTimeMs(state, slotBack),
      }
    }),
    endorses: endorses ?? [],
    ballot: ballotView(account),
  }
}

function ballotView(account: Account): BallotView | null {
  const { ballot } = account
  if (ballot === null) return null
  const { election, heldDroplets, movedDroplets, slip, sources } = ballot
  return {
    ...{ election, heldDroplets, movedDroplets },
    weightDroplets: slipWeight(ballot),
    ratifyWeightDroplets: ratifyWeight(ballot, account),
    slip,
    sources: sources.map(({ source, weightDroplets }) => ({ source, droplets: weightDroplets })),
  }
}
