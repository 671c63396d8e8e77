import type { Hex } from '../base/hex.ts'
import type {
  AggregateSignature,
  CandidateStatement,
  Certificate,
  Hash,
  LockStatement,
  RefusalReason,
  SealStatement,
  SignRequest,
  VoteStatement,
} from '../wire/types.ts'
import type { GuardRecord, KnownSignatures } from './guard.ts'

/** What the machine must know of a block; bodies stay with the runner. */
export interface BlockRef {
  readonly hash: Hash
  readonly height: number
  /** Slot of its header: that of whoever built it, not of whoever proposes it again. */
  readonly slot: number
  readonly parent: Hash
}

/** A candidate that a validator found right: envelope, ticket, signature, justification, and the block executes. */
export interface ProposedBlock {
  readonly block: BlockRef
  /** Slot of the envelope. */
  readonly slot: number
  /** Index in the quorum of who proposes it. */
  readonly maker: number
  readonly ticket: Hash
  readonly justification: Certificate<VoteStatement> | null
}

/** Verified signatures are the validators' work: the machine believes every input. */
export type Input =
  /** The clock entered a slot. Slots may be skipped, never repeated. */
  | { readonly kind: 'slot-started'; readonly slot: number }
  /** The clock reached W of a slot. */
  | { readonly kind: 'choice-due'; readonly slot: number }
  /** Answer to `draw-ticket`, with what that named; `selected` says whether it is under the threshold. */
  | ({ readonly kind: 'ticket-drawn'; readonly slot: number; readonly ticket: Hash; readonly selected: boolean } & Lottery)
  /** Answer to `build`; null in a quiet slot. */
  | { readonly kind: 'block-built'; readonly slot: number; readonly block: BlockRef | null }
  | { readonly kind: 'candidate'; readonly candidate: ProposedBlock }
  /** A block of this height that is valid has become known (fetched, or kept from before a restart). */
  | { readonly kind: 'block-known'; readonly block: BlockRef }
  /**
   * A member of the quorum of the statement's height asks for a signature, `from` being its index there; `id` comes back
   * in the answer. The machine asks itself this way, too. R4: a runner that cannot know yet which quorum that is keeps
   * the request until the head is there.
   */
  | { readonly kind: 'request'; readonly id: number; readonly from: number; readonly request: SignRequest }
  /** A member of the quorum of the statement's height signed what this node asked for. */
  | {
      readonly kind: 'signature'
      readonly from: number
      readonly statement: VoteStatement | LockStatement | SealStatement
      readonly signature: Hex
    }
  /** A member refused what this node asked for. */
  | {
      readonly kind: 'refusal'
      readonly from: number
      readonly reason: RefusalReason
      readonly height: number
      readonly certificate: Certificate | null
    }
  /** A vote or lock certificate with enough stake. */
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** A block of this height with a seal certificate. */
  | { readonly kind: 'sealed-block'; readonly block: BlockRef; readonly seal: AggregateSignature }
  /** The chain's head moved: by `commit`, or because sync brought blocks. Gives the quorum of its height and of the next. */
  | { readonly kind: 'head-moved'; readonly head: BlockRef; readonly headMembers: Members; readonly members: Members }
  /** What peers know this verifier to have signed; once enough of them have answered after a start. */
  | { readonly kind: 'own-signatures-known'; readonly known: KnownSignatures }
  /** There is a fork proof: nothing is signed any more (`recovery.md` X2). */
  | { readonly kind: 'forked' }
  /** The height goes on with another quorum: that of a recovery block (X9). Ends what `forked` began. */
  | { readonly kind: 'recovering'; readonly members: Members }

/** What the runner must do, in this order, each before the next. */
export type Effect =
  /** Write the block that a lock or seal is for, then the guard's record; each is on disk (fsync) before what comes after it. */
  | { readonly kind: 'persist'; readonly record: GuardRecord; readonly block: Hash | null }
  /** Draw the slot's ticket under that seed; whether it selects this node goes by the stakes of that quorum. */
  | ({ readonly kind: 'draw-ticket'; readonly slot: number } & Lottery)
  | { readonly kind: 'build'; readonly slot: number; readonly height: number }
  /** Sign the candidate statement and gossip the block in an envelope of this slot. */
  | { readonly kind: 'propose'; readonly statement: CandidateStatement; readonly justification: Certificate<VoteStatement> | null }
  /** Send a request to every member of the quorum of its height, this node included. */
  | { readonly kind: 'ask'; readonly request: SignRequest }
  /** Sign the statement and answer the request. */
  | { readonly kind: 'sign'; readonly id: number; readonly statement: VoteStatement | LockStatement | SealStatement }
  | {
      readonly kind: 'refuse'
      readonly id: number
      readonly reason: RefusalReason
      readonly height: number
      readonly certificate: Certificate | null
    }
  | { readonly kind: 'gossip-certificate'; readonly certificate: Certificate }
  /** Show what this node collected as a leader: of votes, locks and seals what there is. */
  | { readonly kind: 'gossip-tally'; readonly certificates: readonly Certificate[] }
  /** Get a block of this height by its hash; from that member of this height's quorum first, if one is named. */
  | { readonly kind: 'fetch-block'; readonly block: Hash; readonly from: number | null }
  /** Write the final block; `head-moved` follows. */
  | { readonly kind: 'commit'; readonly block: Hash; readonly height: number; readonly seal: AggregateSignature }
  /** Gossip the final block; again, with more signers, when the slot ends. */
  | { readonly kind: 'publish-block'; readonly block: Hash; readonly height: number; readonly seal: AggregateSignature }
  /** A peer works on a higher height: sync. */
  | { readonly kind: 'behind'; readonly height: number }
  | { readonly kind: 'alarm'; readonly code: AlarmCode; readonly detail: string }

export type AlarmCode = 'duplicate-instance' | 'stale-record' | 'doubtful-record' | 'conflicting-lock' | 'clock-behind-record'

/** What a ticket holds for: not beyond the quorum, and not beyond the epoch if the next one elects the same quorum. */
export interface Lottery {
  /** Hash of the quorum. */
  readonly quorum: Hash
  readonly epochSeed: Hash
}

/** The quorum of a height as the machine needs it: by index. */
export interface Members extends Lottery {
  /** Index of this node; null if it is no member. */
  readonly self: number | null
  /** A member whose stake is 0 signs nothing. */
  readonly stakeDroplets: readonly number[]
  /** Ids, for the rule `nodeId`. */
  readonly ids: readonly Hex[]
  /** What they sign with since a recovery (`recovery.md` X8); absent for the chain id. */
  readonly signingId?: Hash
}

export interface MachineConfig {
  readonly leaderRule: 'ticket' | 'nodeId'
  /** Sums BLS signatures over one message. */
  readonly aggregate: (signatures: readonly Hex[]) => Hex
}

/** Signatures that a leader has of one statement, by ascending member. */
export interface Collected {
  readonly statement: VoteStatement | LockStatement | SealStatement
  readonly signatures: readonly (readonly [member: number, signature: Hex])[]
}

/** A round that this node leads. */
export interface Leading {
  readonly slot: number
  readonly height: number
  /** Of that height, also when the head has moved on and the next quorum is another. */
  readonly members: Members
  readonly votes: Collected
  readonly locks: Collected | null
  readonly seals: Collected | null
  /** Signers of the seal certificate that was published last; 0 before. */
  readonly publishedSigners: number
}

/** A request that cannot be answered yet: too early, or its block is not here. */
export interface HeldRequest {
  readonly id: number
  readonly from: number
  readonly request: SignRequest
}

/** Why a verifier signs nothing for now. */
export type Silence =
  /** Its peers have not told yet what they know of its signatures. */
  | { readonly kind: 'starting'; readonly doubtful: boolean }
  /** Its record was behind what it had signed; it resumes in this slot. */
  | { readonly kind: 'stale'; readonly untilSlot: number }
  /** Another process signs with its key. Until a person ends this. */
  | { readonly kind: 'duplicate' }

export interface State {
  readonly config: MachineConfig
  /** Of the height that is being worked on. */
  readonly members: Members
  /** The height that is being worked on: one above the head. */
  readonly height: number
  readonly head: BlockRef
  /** Of the head's height: they may still seal the head (S3). */
  readonly headMembers: Members
  /** Null before the first `slot-started`. */
  readonly slot: number | null
  /** W of the slot has passed. */
  readonly choiceDue: boolean
  readonly record: GuardRecord
  readonly silence: Silence | null
  /** It draws no tickets before this slot: after a start it votes first, so that another process with its key would be heard. */
  readonly proposesFrom: number
  /** Two blocks were sealed at one height: nothing is signed until a person ends this, or others have gone on. */
  readonly isForked: boolean
  /** This slot's ticket, while it may still lead to a candidate. */
  readonly ticket: Hash | null
  /** Of this slot and the next, at most one per maker and slot, in the order of arrival. */
  readonly candidates: readonly ProposedBlock[]
  /** Valid blocks of this height. */
  readonly blocks: readonly BlockRef[]
  /** The vote certificate of this height with the highest slot. */
  readonly valid: Certificate<VoteStatement> | null
  /** A lock certificate of this height: its block is decided. */
  readonly decided: Certificate<LockStatement> | null
  readonly leading: Leading | null
  readonly held: readonly HeldRequest[]
}

export interface Step {
  readonly state: State
  readonly effects: readonly Effect[]
}
