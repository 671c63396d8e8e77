import { formatCoins } from '../base/amounts.ts'
import { concatBytes } from '../base/bytes.ts'
import { invariant } from '../base/errors.ts'
import { fromHex } from '../base/hex.ts'
import { mulDiv, PPM } from '../base/ratio.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { createQuorum } from '../wire/quorum.ts'
import type { Address, Hash, Slip } from '../wire/types.ts'
import { type Account, type Ballot, bondedTo, type Verifier, type VerifierAccount } from './account.ts'
import { type Draft, type Refusal, refuse } from './draft.ts'
import type { Election } from './globals.ts'
import { withHandover } from './handovers.ts'
import type { LedgerEvent } from './receipt.ts'
import { type LedgerState, memberOf } from './state.ts'
import { trustScores } from './trust.ts'

type Settled = Extract<LedgerEvent, { kind: 'election-settled' }>

/** Whether the next block has an election to open or to settle in that slot, so that it is made even if it is empty. */
export function isElectionDue({ globals }: Pick<LedgerState, 'globals'>, slot: number): boolean {
  const { election, nextElectionSlot } = globals
  return slot >= (election === null ? nextElectionSlot : election.closesSlot)
}

/** It settles the election that is over, or opens the one that is due. One that the block's evidence has just opened goes on. */
export function turnElections(draft: Draft): void {
  if (!isElectionDue(draft, draft.slot)) return
  if (draft.globals.election === null) openElection(draft, 'epoch')
  else settle(draft, draft.globals.election)
}

/** What a block ends with: the ticket of a block that leaves an election open goes into the seed of the next epoch. */
export function mixTicket(draft: Draft, ticket: Hash): void {
  const { election } = draft.globals
  if (election === null) return
  const seed = sha256Hex(concatBytes([fromHex(election.seed), fromHex(ticket)]))
  draft.change({ election: { ...election, seed } })
}

/**
 * A member of the quorum is proven to have done what no honest verifier does: it cannot be elected before `untilSlot`, it weighs
 * nothing from the next height on, the others go on as caretakers, and an election opens, unless one is open. Without others it goes
 * on itself: a quorum without weight could never sign again.
 * @internal
 */
export function invalidateQuorum(draft: Draft, offender: Address, untilSlot: number): void {
  const account = draft.verifier(offender)
  invariant(account !== null, 'an offender is a verifier')
  const jailedUntilSlot = Math.max(untilSlot, account.verifier.jailedUntilSlot ?? 0)
  draft.put(offender, { ...account, verifier: { ...account.verifier, jailedUntilSlot } })
  draft.events.push({ kind: 'jailed', verifier: offender, untilSlot: jailedUntilSlot })
  if (!draft.quorum.members.some(({ id, stakeDroplets }) => id === offender && stakeDroplets > 0)) return
  const members = draft.quorum.members.map((member) => (member.id === offender ? { ...member, stakeDroplets: 0 } : member))
  // Somebody must sign until others are elected: who is the last with any weight keeps it.
  if (members.some(({ stakeDroplets }) => stakeDroplets > 0)) draft.quorum = createQuorum(members)
  forceElection(draft)
}

/** Opens an election out of its turn, unless one is open. */
export function forceElection(draft: Draft): void {
  if (draft.globals.election === null) openElection(draft, 'forced')
}

function openElection(draft: Draft, cause: Election['cause']): void {
  const { parameters } = draft.state
  const number = draft.globals.elections + 1
  const closesSlot = cause === 'forced' ? draft.slot + parameters.forcedElectionSlots : closingSlot(draft)
  const { epochSeed: seed } = draft.globals
  const election: Election = { number, cause, openedHeight: draft.height, closesSlot, votedDroplets: 0, seed, proposals: [] }
  draft.change({ elections: number, election })
  draft.events.push({ kind: 'election-opened', number, cause, closesSlot })
}

/** The end of the epoch whose election was due; if blocks had stopped until after it, holders get a whole election from now. */
function closingSlot({ slot, globals, state }: Draft): number {
  const { electionSlots } = state.parameters
  const epochEnd = globals.nextElectionSlot + electionSlots
  return slot < epochEnd ? epochEnd : slot + electionSlots
}

function settle(draft: Draft, election: Election): void {
  const { epochSlots, electionSlots } = draft.state.parameters
  // The first election that is due after this block: one that the open election kept from opening is left out.
  const epochEnd = Math.floor((draft.slot + electionSlots) / epochSlots + 1) * epochSlots
  const result = tally(draft, election)
  const { globals } = draft
  draft.change({ election: null, nextElectionSlot: epochEnd - electionSlots })
  if (result.by !== 'kept') {
    draft.quorum = createQuorum(result.elected.map(([id, { verifier }]) => memberOf(id, verifier)))
    const end = { epoch: globals.epoch, height: draft.height, slot: draft.slot }
    const handovers = withHandover(globals.handovers, end, draft.state.parameters)
    draft.change({ epoch: globals.epoch + 1, epochSeed: election.seed, handovers })
  }
  draft.events.push({
    ...{
      kind: 'election-settled',
      number: election.number,
      by: result.by,
      votedDroplets: election.votedDroplets,
      quorum: draft.quorum.hash,
    },
    elected: result.elected.map(([verifier, account, score]) => ({ verifier, score, stakeDroplets: bondedTo(account.verifier) })),
  })
}

type Ranked = readonly [Address, VerifierAccount, score: number]

/** Who would be elected if the election ended before this block, best first, and by what. */
function tally(draft: Draft, election: Election): { readonly by: Settled['by']; readonly elected: readonly Ranked[] } {
  const { by, ranked } = standings(draft, election)
  const elected = ranked.slice(0, draft.state.parameters.quorumSize)
  return elected.length === 0 ? { by: 'kept', elected } : { by, elected }
}

/** Everybody who could be elected if the election ended before this block, best first, and by what: the first `quorumSize` would be. */
export function standings(
  draft: Draft,
  election: Election,
): { readonly by: Exclude<Settled['by'], 'kept'>; readonly ranked: readonly Ranked[] } {
  const { parameters, anchors, globals } = draft.state
  const { score, minTurnoutPpm, trustRounds } = parameters
  const isTurnoutEnough = election.votedDroplets > 0 && election.votedDroplets >= mulDiv(globals.supplyDroplets, minTurnoutPpm, PPM)
  const by = score === 'trust' ? 'trust' : isTurnoutEnough ? 'slips' : 'stake'
  const trust = score === 'coins' ? null : trustScores((address) => draft.account(address).endorses, anchors, trustRounds)
  const scoreOf = (address: Address, verifier: Verifier): number => {
    if (by === 'trust') return trust?.get(address) ?? 0
    return by === 'slips' ? tallyOf(verifier, election.number) : bondedTo(verifier)
  }
  const eligible = draft
    .verifiers()
    .filter(([address, { verifier }]) => isEligible(draft, verifier, election) && (trust === null || trust.has(address)))
    .map(([address, account]): Ranked => [address, account, scoreOf(address, account.verifier)])
  // By score, then by lower id: the list was ascending, and the sort keeps the order of equals.
  return { by, ranked: eligible.sort(([, , left], [, , right]) => right - left) }
}

/** Registered before the election opened, with the least stake, and not jailed. */
function isEligible({ state, slot }: Draft, verifier: Verifier, { openedHeight }: Election): boolean {
  return (
    verifier.registeredHeight < openedHeight &&
    bondedTo(verifier) >= state.parameters.minStakeDroplets &&
    (verifier.jailedUntilSlot === null || verifier.jailedUntilSlot <= slot)
  )
}

/** What slips give a verifier in an election. */
export const tallyOf = ({ tally: { election, droplets } }: Verifier, number: number): number => (election === number ? droplets : 0)

// Slips

/** One coin votes once however often it moves: who gets it held nothing of it when the election opened. */
export const slipWeight = ({ heldDroplets, movedDroplets }: Ballot): number => Math.min(heldDroplets, movedDroplets)

export function checkSlip(draft: Draft, { ballot }: Account, { choices }: Slip): Refusal | null {
  const { slipChoices } = draft.state.parameters
  if (ballot === null) return noElection(draft)
  if (choices.length > slipChoices) return refuse('too-many-choices', `names ${choices.length} verifiers, at most ${slipChoices} allowed`)
  const unknown = choices.find((choice) => draft.verifier(choice) === null)
  if (unknown !== undefined) return refuse('unknown-verifier', `${unknown} is no registered verifier`)
  return slipWeight(ballot) === 0 ? nothingMoved(ballot) : null
}

export const noElection = ({ globals }: Draft): Refusal =>
  refuse('no-election', `no election is open; the next opens in slot ${globals.nextElectionSlot}`)

export const nothingMoved = ({ heldDroplets, movedDroplets }: Ballot): Refusal =>
  refuse(
    'nothing-moved',
    `held ${formatCoins(heldDroplets)} coins when the election opened and has moved ${formatCoins(movedDroplets)} since: only coins that were moved to another account vote`,
  )

/** Puts the sender's slip in the place of the one that it gave before. */
export function slip(draft: Draft, address: Address, { choices }: Slip): void {
  const account = draft.account(address)
  const { election } = draft.globals
  const { ballot } = account
  invariant(election !== null && ballot !== null, 'a slip is for an open election')
  const weightDroplets = slipWeight(ballot)
  const before = ballot.slip
  for (const choice of before?.choices ?? []) addToTally(draft, choice, election.number, -(before?.weightDroplets ?? 0))
  for (const choice of choices) addToTally(draft, choice, election.number, weightDroplets)
  draft.change({ election: { ...election, votedDroplets: election.votedDroplets - (before?.weightDroplets ?? 0) + weightDroplets } })
  // The sender may be one of its own choices.
  const after = draft.account(address)
  draft.put(address, { ...after, ballot: { ...ballot, slip: { weightDroplets, choices } } })
}

function addToTally(draft: Draft, choice: Address, number: number, droplets: number): void {
  const account = draft.verifier(choice)
  invariant(account !== null, 'a slip names verifiers')
  const { verifier } = account
  draft.put(choice, { ...account, verifier: { ...verifier, tally: { election: number, droplets: tallyOf(verifier, number) + droplets } } })
}
