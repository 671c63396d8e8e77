import { invariant } from '../base/errors.ts'
import type { Address, Ratify } from '../wire/types.ts'
import { type Account, type Ballot, bondedTo } from './account.ts'
import { MAX_PROPOSALS, MAX_SUPPORTED_SOURCES } from './bounds.ts'
import { type Draft, type Refusal, refuse } from './draft.ts'
import { noElection, nothingMoved, slipWeight } from './elections.ts'

/**
 * The weight of a slip, and for a verifier what is bonded to it: of what was when the election opened, that which still is. Coins that
 * were held then and bonded since do not count for who has them now, so no coin counts twice.
 */
export const ratifyWeight = (ballot: Ballot, { verifier }: Account): number =>
  slipWeight(ballot) + (verifier === null ? 0 : Math.min(ballot.bondedDroplets, bondedTo(verifier)))

export function checkRatify(draft: Draft, sender: Account, { source }: Ratify): Refusal | null {
  const { election } = draft.globals
  const { ballot } = sender
  if (election === null || ballot === null) return noElection(draft)
  const supports = ballot.sources.some((supported) => supported.source === source)
  if (!supports && ballot.sources.length >= MAX_SUPPORTED_SOURCES)
    return refuse(
      'too-many-sources',
      `supports ${ballot.sources.length} sources in this election, at most ${MAX_SUPPORTED_SOURCES} allowed`,
    )
  const isOpen = election.proposals.some((proposal) => proposal.source === source)
  if (!isOpen && election.proposals.length >= MAX_PROPOSALS)
    return refuse(
      'too-many-proposals',
      `${election.proposals.length} sources are proposed in this election, at most ${MAX_PROPOSALS} allowed`,
    )
  return ratifyWeight(ballot, sender) === 0 ? nothingMoved(ballot) : null
}

/** Opens or supports the ratification of a source; it passes in the block in which more than half of all coins support it. */
export function ratify(draft: Draft, address: Address, { source }: Ratify): void {
  const account = draft.account(address)
  const { election, supplyDroplets } = draft.globals
  const { ballot } = account
  invariant(election !== null && ballot !== null, 'a ratification is supported while an election is open')
  const given = ratifyWeight(ballot, account)
  const before = ballot.sources.find((supported) => supported.source === source)?.weightDroplets ?? 0
  const proposal = election.proposals.find((one) => one.source === source)
  const weightDroplets = (proposal?.weightDroplets ?? 0) - before + given
  const passes = (proposal?.passedHeight ?? null) === null && weightDroplets > supplyDroplets - weightDroplets
  const after = { source, weightDroplets, passedHeight: passes ? draft.height : (proposal?.passedHeight ?? null) }
  const proposals =
    proposal === undefined ? [...election.proposals, after] : election.proposals.map((one) => (one === proposal ? after : one))
  const sources = [...ballot.sources.filter((supported) => supported.source !== source), { source, weightDroplets: given }]
  draft.put(address, { ...account, ballot: { ...ballot, sources } })
  draft.change({ election: { ...election, proposals } })
  if (!passes) return
  draft.change({ ratified: { source, height: draft.height } })
  draft.events.push({ kind: 'ratified', source, weightDroplets })
}
