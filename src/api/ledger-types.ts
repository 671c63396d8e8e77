import { Type } from 'typebox'
import { address, count, flag, hash, hex, list, named, number, object, oneOf, orNull, text, type View } from './schema.ts'
import { AggregateSignature, OffenceKind } from './wire-types.ts'

/** What the API shows of the ledger after the newest block. Amounts in droplets, shares in parts per million, times in ms since 1970. */

export const ElectionObstacle = oneOf(
  ['jailed', 'stake-below-minimum', 'registered-in-election', 'not-trusted'],
  'Why a verifier would not be elected if an election ended now.',
)
export type ElectionObstacle = View<typeof ElectionObstacle>

export const VerifierView = named('VerifierView', {
  peerId: text(),
  blsKey: hex(),
  commissionPpm: count(),
  registeredHeight: count(),
  stakeDroplets: count('Its own.'),
  delegatedDroplets: count("Others'."),
  delegators: count('Accounts that delegate to it.'),
  inQuorum: flag('In the quorum of the next height.'),
  weightDroplets: count('There; what was bonded to it when it was elected.'),
  jailedUntilSlot: orNull(count()),
  offences: list(
    object({ kind: OffenceKind, height: count() }),
    'What it was punished for, the oldest first, as long as evidence of it counts.',
  ),
  trust: count('What the web of trust gives it; an anchor begins with a thousand million.'),
  votesDroplets: count('Weight of the slips that name it in the open election.'),
  obstacle: orNull(ElectionObstacle),
})
export type VerifierView = View<typeof VerifierView>

const DelegationView = named('DelegationView', {
  verifier: address(),
  droplets: count('What it can be taken back for now.'),
  shares: count(),
})

const UnbondingView = named('UnbondingView', {
  verifier: address('Whose stake it was: it can be slashed until it is back.'),
  droplets: count(),
  releaseSlot: orNull(
    count(),
    'First slot whose block gives it back; null while the epoch in which it was taken back goes on: `unbondingSlots` after its end.',
  ),
  releaseTimeMs: orNull(number()),
})

export const ProposalView = named('ProposalView', {
  source: hash(),
  droplets: count(),
})
export type ProposalView = View<typeof ProposalView>

export const BallotView = named('BallotView', {
  election: count('Number of the election.'),
  heldDroplets: count('When it opened.'),
  movedDroplets: count('To other accounts, since.'),
  weightDroplets: count('What a slip weighs if it is signed now: the lesser of both.'),
  ratifyWeightDroplets: count('What supporting a ratification weighs now: for a verifier also what is bonded to it.'),
  slip: orNull(
    object({ weightDroplets: count(), choices: list(address()) }),
    'The slip that counts, with the weight that it had when it was signed.',
  ),
  sources: list(ProposalView, 'Ratifications that it supports.'),
})
export type BallotView = View<typeof BallotView>

export const AccountView = named('AccountView', {
  address: address(),
  kind: oneOf(['client', 'verifier'], 'A client until it has registered a verifier key.'),
  droplets: count('Free to move; what is bonded or on its way back is below.'),
  microHours: count("Reckoned at the head's block time."),
  nonce: count(),
  nextNonce: count('Nonce after what waits in the pool: the one to use next.'),
  verifier: orNull(VerifierView),
  delegations: list(DelegationView),
  unbonding: list(UnbondingView, 'In the order in which they were taken back.'),
  endorses: list(address(), 'Verifiers that it vouches for, ascending.'),
  ballot: orNull(BallotView, 'What it has to say in the open election; null if none is open.'),
})
export type AccountView = View<typeof AccountView>

export const AccountProofView = named(
  'AccountProofView',
  {
    chainId: hash(),
    address: address(),
    height: count('Of the newest final block, after which the account is this.'),
    block: hash(),
    account: orNull(
      object({ droplets: count(), microHours: count(), remainderDropletMs: number(), hoursAtMs: number(), nonce: count() }),
      'As the state has it: the coin-hours as of `hoursAtMs`. Null if the ledger does not know the address.',
    ),
    proof: object({ bucket: hex(), siblings: list(hash()), globalsHash: hash() }),
    header: hex("The block's header in its bytes."),
    seal: AggregateSignature,
    quorum: hex('The quorum that sealed it, as the bytes whose sha256 is its hash.'),
  },
  'What shows, to whoever trusts a quorum and not this node, what an account holds: protocols/snapshots.md A1, A14.',
)
export type AccountProofView = View<typeof AccountProofView>

export const ListedVerifier = named('ListedVerifier', {
  ...VerifierView.properties,
  address: address(),
  bondedDroplets: count("Its own and others'."),
})
export type ListedVerifier = View<typeof ListedVerifier>

export const VerifiersView = named(
  'VerifiersView',
  {
    height: count(),
    registered: count('How many there are.'),
    verifiers: list(ListedVerifier),
  },
  'Some of the registered verifiers, those with the most bonded first.',
)
export type VerifiersView = View<typeof VerifiersView>

export const QuorumView = named('QuorumView', {
  height: count('The next height, which it signs.'),
  epoch: count(),
  epochSeed: hash('In the tickets of that height.'),
  hash: hash(),
  members: list(
    object({ address: address(), peerId: text(), blsKey: hex(), weightDroplets: count('0 once an offence of it is on the chain.') }),
    'By index.',
  ),
  totalDroplets: count(),
  enoughDroplets: count('What makes a certificate.'),
  valueLimitDroplets: count('What one block can move at most.'),
})
export type QuorumView = View<typeof QuorumView>

export const HandoverView = named('HandoverView', {
  slot: count(),
  timeMs: number(),
  slotsLeft: count('By the clock of this node; 0 when it is due.'),
})
export type HandoverView = View<typeof HandoverView>

export const RankedBy = oneOf(['slips', 'stake', 'trust'], 'What ranks the verifiers.')
export type RankedBy = View<typeof RankedBy>

export const OpenElectionView = named('OpenElectionView', {
  number: count(),
  cause: oneOf(['epoch', 'forced']),
  openedHeight: count(),
  closesSlot: count('First slot whose block settles it.'),
  closesTimeMs: number(),
  slotsLeft: count('By the clock of this node.'),
  votedDroplets: count('Weight of all slips that count, and as a share of all coins.'),
  turnoutPpm: count(),
  minTurnoutPpm: count('Below it the stake ranks.'),
  by: oneOf(RankedBy.enum, 'As it stands now.'),
  seats: count('Places in the quorum.'),
  eligible: count('Verifiers that can be elected.'),
  standings: list(
    object({
      verifier: address(),
      score: number(),
      votesDroplets: count(),
      bondedDroplets: count(),
      trust: count(),
      elected: flag('If the election ended now.'),
    }),
    'These, best first, at most a thousand.',
  ),
  proposals: list(ProposalView),
})
export type OpenElectionView = View<typeof OpenElectionView>

export const SettledElectionView = named('SettledElectionView', {
  height: count('Of the block that settled it.'),
  number: count(),
  by: Type.Union([RankedBy, Type.Literal('kept')], { description: '`kept` if none could be elected and the quorum went on.' }),
  votedDroplets: count(),
  quorum: hash(),
  elected: list(object({ verifier: address(), score: number(), stakeDroplets: count() })),
})
export type SettledElectionView = View<typeof SettledElectionView>

export const ElectionsView = named('ElectionsView', {
  height: count(),
  epoch: count(),
  nextElectionSlot: orNull(
    count(),
    'First slot whose block opens the next regular election; null while one is open, since what follows is known when it ends.',
  ),
  nextElectionTimeMs: orNull(number()),
  handover: object(HandoverView.properties, 'When the quorum changes next if nothing forces an election before.'),
  open: orNull(OpenElectionView),
  settled: list(SettledElectionView, 'The newest ten that this node has receipts of, newest first.'),
})
export type ElectionsView = View<typeof ElectionsView>

export const RatificationView = named('RatificationView', {
  ratified: orNull(object({ source: hash(), height: count() })),
  election: orNull(object({ number: count(), closesSlot: count(), proposals: list(ProposalView) })),
  supplyDroplets: count('All coins: more than half of them must support a source.'),
  running: orNull(hash(), 'What this node was built from; null if it runs from its source.'),
})
export type RatificationView = View<typeof RatificationView>

export const SupplyView = named(
  'SupplyView',
  {
    height: count(),
    heldDroplets: count(),
    stakedDroplets: count("Verifiers' own stake."),
    delegatedDroplets: count(),
    unbondingDroplets: count(),
    feesDroplets: count('Fees of the newest block, not shared yet.'),
    mintedDroplets: count(),
    burnedDroplets: count(),
    supplyDroplets: count('Genesis and what was minted, less what was burned.'),
    holds: flag('The coins that there are are those that there should be.'),
  },
  'Where all coins are.',
)
export type SupplyView = View<typeof SupplyView>

export const RewardView = named(
  'RewardView',
  {
    verifier: address(),
    makerDroplets: count(),
    signerDroplets: count(),
    delegatorsDroplets: count('Of both together, what went to its delegators.'),
    commissionDroplets: count("What the verifier kept of its delegators' part."),
  },
  'What a verifier got for the parent block.',
)
export type RewardView = View<typeof RewardView>

const { height: _, ...settledFields } = SettledElectionView.properties

export const ReceiptEvent = Type.Union(
  [
    object({ kind: Type.Literal('released'), account: address(), verifier: address(), droplets: count() }),
    object({ kind: Type.Literal('election-opened'), number: count(), cause: oneOf(['epoch', 'forced']), closesSlot: count() }),
    object({ kind: Type.Literal('election-settled'), ...settledFields }),
    object({ kind: Type.Literal('jailed'), verifier: address(), untilSlot: count() }),
    object({ kind: Type.Literal('ratified'), source: hash(), weightDroplets: count() }),
    object({
      kind: Type.Literal('slashed'),
      verifier: address(),
      offence: OffenceKind,
      height: count('Height of the two statements.'),
      stakeDroplets: count(),
      delegatedDroplets: count(),
      unbondingDroplets: count(),
      reporter: address('The maker of the block, and what it got of that; the rest is burned.'),
      rewardDroplets: count(),
    }),
  ],
  { title: 'ReceiptEvent' },
)
export type ReceiptEvent = View<typeof ReceiptEvent>

export const ReceiptView = named(
  'ReceiptView',
  {
    mintedDroplets: count('Minted for the parent.'),
    sharedFeesDroplets: count('Fees of the parent, which were shared with it.'),
    feesDroplets: count("Fees of this block's own transactions: shared in the next."),
    burnedDroplets: count(),
    burnedMicroHours: count(),
    rewards: list(RewardView),
    events: list(ReceiptEvent),
  },
  'What a block did besides moving what its transactions say.',
)
export type ReceiptView = View<typeof ReceiptView>
