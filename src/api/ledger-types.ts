import type { Hex } from '../base/hex.ts'
import type { OffenceKind } from '../wire/evidence.ts'
import type { Address, AggregateSignature, Hash } from '../wire/types.ts'

/** What the API shows of the ledger after the newest block. Amounts in droplets, shares in parts per million, times in ms since 1970. */

export interface AccountView {
  readonly address: Address
  /** A client until it has registered a verifier key. */
  readonly kind: 'client' | 'verifier'
  /** Free to move; what is bonded or on its way back is below. */
  readonly droplets: number
  /** Reckoned at the head's block time. */
  readonly microHours: number
  readonly nonce: number
  /** Nonce after what waits in the pool: the one to use next. */
  readonly nextNonce: number
  readonly verifier: VerifierView | null
  readonly delegations: readonly DelegationView[]
  /** In the order in which they were taken back. */
  readonly unbonding: readonly UnbondingView[]
  /** Verifiers that it vouches for, ascending. */
  readonly endorses: readonly Address[]
  /** What it has to say in the open election; null if none is open. */
  readonly ballot: BallotView | null
}

/** What shows, to whoever trusts a quorum and not this node, what an account holds: protocols/snapshots.md A1, A14. */
export interface AccountProofView {
  readonly chainId: Hash
  readonly address: Address
  /** Of the newest final block, after which the account is this. */
  readonly height: number
  readonly block: Hash
  /** As the state has it: the coin-hours as of `hoursAtMs`. Null if the ledger does not know the address. */
  readonly account: {
    readonly droplets: number
    readonly microHours: number
    readonly remainderDropletMs: number
    readonly hoursAtMs: number
    readonly nonce: number
  } | null
  readonly proof: { readonly bucket: Hex; readonly siblings: readonly Hash[]; readonly globalsHash: Hash }
  /** The block's header in its bytes. */
  readonly header: Hex
  readonly seal: AggregateSignature
  /** The quorum that sealed it, as the bytes whose sha256 is its hash. */
  readonly quorum: Hex
}

/** Why a verifier would not be elected if an election ended now. */
export type ElectionObstacle = 'jailed' | 'stake-below-minimum' | 'registered-in-election' | 'not-trusted'

export interface VerifierView {
  readonly peerId: string
  readonly blsKey: Hex
  readonly commissionPpm: number
  readonly registeredHeight: number
  /** Its own. */
  readonly stakeDroplets: number
  /** Others'. */
  readonly delegatedDroplets: number
  /** Accounts that delegate to it. */
  readonly delegators: number
  /** In the quorum of the next height. */
  readonly inQuorum: boolean
  /** There; what was bonded to it when it was elected. */
  readonly weightDroplets: number
  readonly jailedUntilSlot: number | null
  /** What it was punished for, the oldest first, as long as evidence of it counts. */
  readonly offences: readonly { readonly kind: OffenceKind; readonly height: number }[]
  /** What the web of trust gives it; an anchor begins with a thousand million. */
  readonly trust: number
  /** Weight of the slips that name it in the open election. */
  readonly votesDroplets: number
  readonly obstacle: ElectionObstacle | null
}

export interface DelegationView {
  readonly verifier: Address
  /** What it can be taken back for now. */
  readonly droplets: number
  readonly shares: number
}

export interface UnbondingView {
  /** Whose stake it was: it can be slashed until it is back. */
  readonly verifier: Address
  readonly droplets: number
  /** First slot whose block gives it back; null while the epoch in which it was taken back goes on: `unbondingSlots` after its end. */
  readonly releaseSlot: number | null
  readonly releaseTimeMs: number | null
}

export interface BallotView {
  /** Number of the election. */
  readonly election: number
  /** When it opened. */
  readonly heldDroplets: number
  /** To other accounts, since. */
  readonly movedDroplets: number
  /** What a slip weighs if it is signed now: the lesser of both. */
  readonly weightDroplets: number
  /** What supporting a ratification weighs now: for a verifier also what is bonded to it. */
  readonly ratifyWeightDroplets: number
  /** The slip that counts, with the weight that it had when it was signed. */
  readonly slip: { readonly weightDroplets: number; readonly choices: readonly Address[] } | null
  /** Ratifications that it supports. */
  readonly sources: readonly ProposalView[]
}

export interface ProposalView {
  readonly source: Hash
  readonly droplets: number
}

export interface ListedVerifier extends VerifierView {
  readonly address: Address
  /** Its own and others'. */
  readonly bondedDroplets: number
}

/** Some of the registered verifiers, those with the most bonded first. */
export interface VerifiersView {
  readonly height: number
  /** How many there are. */
  readonly registered: number
  readonly verifiers: readonly ListedVerifier[]
}

export interface QuorumView {
  /** The next height, which it signs. */
  readonly height: number
  readonly epoch: number
  /** In the tickets of that height. */
  readonly epochSeed: Hash
  readonly hash: Hash
  /** By index. */
  readonly members: readonly {
    readonly address: Address
    readonly peerId: string
    readonly blsKey: Hex
    /** 0 once an offence of it is on the chain. */
    readonly weightDroplets: number
  }[]
  readonly totalDroplets: number
  /** What makes a certificate. */
  readonly enoughDroplets: number
  /** What one block can move at most. */
  readonly valueLimitDroplets: number
}

export interface ElectionsView {
  readonly height: number
  readonly epoch: number
  /** First slot whose block opens the next regular election; null while one is open, since what follows is known when it ends. */
  readonly nextElectionSlot: number | null
  readonly nextElectionTimeMs: number | null
  /** When the quorum changes next if nothing forces an election before. */
  readonly handover: HandoverView
  readonly open: OpenElectionView | null
  /** The newest ten that this node has receipts of, newest first. */
  readonly settled: readonly SettledElectionView[]
}

export interface HandoverView {
  readonly slot: number
  readonly timeMs: number
  /** By the clock of this node; 0 when it is due. */
  readonly slotsLeft: number
}

/** What ranks the verifiers. */
export type RankedBy = 'slips' | 'stake' | 'trust'

export interface OpenElectionView {
  readonly number: number
  readonly cause: 'epoch' | 'forced'
  readonly openedHeight: number
  /** First slot whose block settles it. */
  readonly closesSlot: number
  readonly closesTimeMs: number
  /** By the clock of this node. */
  readonly slotsLeft: number
  /** Weight of all slips that count, and as a share of all coins. */
  readonly votedDroplets: number
  readonly turnoutPpm: number
  /** Below it the stake ranks. */
  readonly minTurnoutPpm: number
  /** As it stands now. */
  readonly by: RankedBy
  /** Places in the quorum. */
  readonly seats: number
  /** Verifiers that can be elected. */
  readonly eligible: number
  /** These, best first, at most a thousand. */
  readonly standings: readonly {
    readonly verifier: Address
    readonly score: number
    readonly votesDroplets: number
    readonly bondedDroplets: number
    readonly trust: number
    /** If the election ended now. */
    readonly elected: boolean
  }[]
  readonly proposals: readonly ProposalView[]
}

export interface SettledElectionView {
  /** Of the block that settled it. */
  readonly height: number
  readonly number: number
  /** `kept` if none could be elected and the quorum went on. */
  readonly by: RankedBy | 'kept'
  readonly votedDroplets: number
  readonly quorum: Hash
  readonly elected: readonly { readonly verifier: Address; readonly score: number; readonly stakeDroplets: number }[]
}

export interface RatificationView {
  readonly ratified: { readonly source: Hash; readonly height: number } | null
  readonly election: { readonly number: number; readonly closesSlot: number; readonly proposals: readonly ProposalView[] } | null
  /** All coins: more than half of them must support a source. */
  readonly supplyDroplets: number
  /** What this node was built from; null if it runs from its source. */
  readonly running: Hash | null
}

/** Where all coins are. */
export interface SupplyView {
  readonly height: number
  readonly heldDroplets: number
  /** Verifiers' own stake. */
  readonly stakedDroplets: number
  readonly delegatedDroplets: number
  readonly unbondingDroplets: number
  /** Fees of the newest block, not shared yet. */
  readonly feesDroplets: number
  readonly mintedDroplets: number
  readonly burnedDroplets: number
  /** Genesis and what was minted, less what was burned. */
  readonly supplyDroplets: number
  /** The coins that there are are those that there should be. */
  readonly holds: boolean
}

/** What a block did besides moving what its transactions say. */
export interface ReceiptView {
  /** Minted for the parent. */
  readonly mintedDroplets: number
  /** Fees of the parent, which were shared with it. */
  readonly sharedFeesDroplets: number
  /** Fees of this block's own transactions: shared in the next. */
  readonly feesDroplets: number
  readonly burnedDroplets: number
  readonly burnedMicroHours: number
  readonly rewards: readonly RewardView[]
  readonly events: readonly ReceiptEvent[]
}

/** What a verifier got for the parent block. */
export interface RewardView {
  readonly verifier: Address
  readonly makerDroplets: number
  readonly signerDroplets: number
  /** Of both together, what went to its delegators. */
  readonly delegatorsDroplets: number
  /** What the verifier kept of its delegators' part. */
  readonly commissionDroplets: number
}

export type ReceiptEvent =
  | { readonly kind: 'released'; readonly account: Address; readonly verifier: Address; readonly droplets: number }
  | { readonly kind: 'election-opened'; readonly number: number; readonly cause: 'epoch' | 'forced'; readonly closesSlot: number }
  | ({ readonly kind: 'election-settled' } & Omit<SettledElectionView, 'height'>)
  | { readonly kind: 'jailed'; readonly verifier: Address; readonly untilSlot: number }
  | { readonly kind: 'ratified'; readonly source: Hash; readonly weightDroplets: number }
  | {
      readonly kind: 'slashed'
      readonly verifier: Address
      readonly offence: OffenceKind
      /** Height of the two statements. */
      readonly height: number
      readonly stakeDroplets: number
      readonly delegatedDroplets: number
      readonly unbondingDroplets: number
      /** The maker of the block, and what it got of that; the rest is burned. */
      readonly reporter: Address
      readonly rewardDroplets: number
    }
