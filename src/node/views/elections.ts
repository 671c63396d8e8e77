import type { HandoverView, OpenElectionView, ProposalView, RatificationView, SettledElectionView } from '../../api/ledger-types.ts'
import type { NodeEvent } from '../../api/types.ts'
import { mulDiv, PPM } from '../../base/ratio.ts'
import { bondedTo } from '../../ledger/account.ts'
import { Draft } from '../../ledger/draft.ts'
import { standings, tallyOf } from '../../ledger/elections.ts'
import type { Election } from '../../ledger/globals.ts'
import type { LedgerEvent, Receipt } from '../../ledger/receipt.ts'
import { blockTimeMs, type LedgerState } from '../../ledger/state.ts'
import type { Quorum } from '../../wire/quorum.ts'
import type { Hash } from '../../wire/types.ts'
import type { Trust } from './verifiers.ts'

/** Verifiers of one answer. */
const MAX_STANDINGS = 1000

/** First slot whose block opens the next regular election; null while one is open. */
export const nextElectionSlot = ({ globals }: LedgerState): number | null => (globals.election === null ? globals.nextElectionSlot : null)

/** @param nowSlot of the clock; null before the first */
export function handoverView(state: LedgerState, nowSlot: number | null): HandoverView {
  const { election, nextElectionSlot: opensSlot } = state.globals
  const slot = election === null ? opensSlot + state.parameters.electionSlots : election.closesSlot
  return { slot, timeMs: blockTimeMs(state, slot), slotsLeft: slotsLeft(slot, nowSlot) }
}

const slotsLeft = (slot: number, nowSlot: number | null): number => Math.max(0, slot - (nowSlot ?? 0))

/** @param slot of the newest block */
export function openElectionView(state: LedgerState, slot: number, nowSlot: number | null, trust: Trust): OpenElectionView | null {
  const { globals, parameters } = state
  const { election } = globals
  if (election === null) return null
  const { by, ranked } = standings(new Draft(state, slot), election)
  const { number, cause, openedHeight, closesSlot, votedDroplets } = election
  return {
    ...{ number, cause, openedHeight, closesSlot },
    closesTimeMs: blockTimeMs(state, closesSlot),
    slotsLeft: slotsLeft(closesSlot, nowSlot),
    votedDroplets,
    turnoutPpm: mulDiv(votedDroplets, PPM, globals.supplyDroplets),
    minTurnoutPpm: parameters.minTurnoutPpm,
    by,
    seats: parameters.quorumSize,
    eligible: ranked.length,
    standings: ranked.slice(0, MAX_STANDINGS).map(([address, { verifier }, score], place) => ({
      ...{ verifier: address, score },
      votesDroplets: tallyOf(verifier, number),
      bondedDroplets: bondedTo(verifier),
      trust: trust.get(address) ?? 0,
      elected: place < parameters.quorumSize,
    })),
    proposals: proposalsOf(election),
  }
}

const proposalsOf = ({ proposals }: Election): readonly ProposalView[] =>
  proposals.map(({ source, weightDroplets }) => ({ source, droplets: weightDroplets }))

export function ratificationView({ globals }: LedgerState, running: Hash | null): RatificationView {
  const { ratified, election, supplyDroplets } = globals
  return {
    ratified,
    election: election === null ? null : { number: election.number, closesSlot: election.closesSlot, proposals: proposalsOf(election) },
    supplyDroplets,
    running,
  }
}

/**
 * What a final block did that others may wait for: elections, another quorum, a ratified source.
 * @param before the quorum that signed it, `after` the one that signs the next
 */
export function ledgerEvents(
  state: LedgerState,
  height: number,
  { events }: Receipt,
  before: Quorum | undefined,
  after: Quorum | undefined,
): readonly NodeEvent[] {
  const found: NodeEvent[] = []
  for (const event of events) {
    switch (event.kind) {
      case 'election-opened': {
        const { number, cause, closesSlot } = event
        const closesTimeMs = blockTimeMs(state, closesSlot)
        found.push({ kind: 'election', state: 'opened', ...{ height, number, cause, closesSlot, closesTimeMs } })
        break
      }
      case 'election-settled':
        found.push({ kind: 'election', state: 'settled', ...settledView(height, event) })
        break
      case 'ratified':
        found.push({ kind: 'ratified', height, source: event.source, droplets: event.weightDroplets })
        break
      case 'released':
      case 'jailed':
        break
    }
  }
  if (after !== undefined && after.hash !== before?.hash) {
    const { hash, members, totalStakeDroplets } = after
    found.push({ kind: 'quorum', height: height + 1, hash, members: members.length, totalDroplets: totalStakeDroplets })
  }
  return found
}

export function settledView(height: number, event: Extract<LedgerEvent, { kind: 'election-settled' }>): SettledElectionView {
  const { number, by, votedDroplets, quorum, elected } = event
  return { height, number, by, votedDroplets, quorum, elected }
}
