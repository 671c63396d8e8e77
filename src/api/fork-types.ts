import { address, count, flag, hash, hex, list, named, number, object, orNull, text, type View } from './schema.ts'

/** What the API shows of a fork: two blocks that were sealed at one height. Times in ms since 1970. */

export const ForkSummary = named(
  'ForkSummary',
  {
    height: count('The lowest at which the branches differ.'),
    branches: count(),
    command: orNull(text(), 'What the operator is to do; null if the node goes on with what was chosen.'),
  },
  'In the status of a node that is halted by a fork.',
)
export type ForkSummary = View<typeof ForkSummary>

export const BranchView = named('BranchView', {
  isOwn: flag(),
  goesOn: flag('The chain goes on on this one, as far as this node knows.'),
  first: hash('Its first block that the others do not have.'),
  head: object({ height: count(), hash: hash() }, 'Its highest block whose seal this node has seen.'),
  blocks: count('From the first to the head.'),
  burnedMicroHours: orNull(count(), 'Coin-hours burned on this chain up to its head; null if no more than a seal of the branch was seen.'),
  recoveredAt: orNull(count(), 'Height of the recovery block that is on it; null if none was seen.'),
})
export type BranchView = View<typeof BranchView>

export const OffenderView = named('OffenderView', {
  address: address(),
  blsKey: hex(),
  peerId: text(),
  stakeDroplets: count('Its weight in the quorum of that height, and the part of the whole, in parts per million.'),
  sharePpm: count(),
})
export type OffenderView = View<typeof OffenderView>

export const ForkView = named('ForkView', {
  height: count('The lowest at which the branches differ.'),
  isHalted: flag('No recovery block has ended it here: a verifier signs nothing.'),
  seenAtMs: number(),
  resolvedAt: orNull(count(), 'Height of the recovery block with which the chain of this node went on; null before.'),
  follows: orNull(hash(), 'First block of the branch that the operator has chosen; null before.'),
  branches: list(BranchView, 'That of this node first, if its chain reaches the height of the fork.'),
  offenders: list(OffenderView, 'Who is proven to have sealed two blocks at that height, by ascending key.'),
  offendersDroplets: count(),
  quorumDroplets: count('Of the quorum of that height.'),
  proofs: list(hash(), 'Ids of the evidence that proves it.'),
  command: orNull(text(), 'What the operator is to do; null if there is nothing to do.'),
})
export type ForkView = View<typeof ForkView>
