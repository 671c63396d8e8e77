import { type Codec, list, option, struct, u64 } from '../wire/codec.ts'
import {
  type CandidateStatement,
  type Certificate,
  certificate,
  type Hash,
  hash,
  type LockStatement,
  type RefusalReason,
  type SealStatement,
  type Statement,
  type VoteStatement,
} from '../wire/types.ts'
import { MAX_LEFT_IDS } from './bounds.ts'

/**
 * What a verifier must remember so that it never contradicts itself, whatever crashes: on disk before a signature
 * leaves. The rules are G1 to G6 of `protocols/consensus.md`.
 */
export interface GuardRecord {
  /** Its last candidate. */
  readonly candidate: Omit<CandidateStatement, 'kind'> | null
  /** Its last vote. */
  readonly vote: Omit<VoteStatement, 'kind'> | null
  /** The vote certificate by which it holds its last lock; the certificate's slot and block are the lock's. */
  readonly lock: Certificate | null
  /** The highest slot of a lock at that height on a block other than the last lock's; null for none. */
  readonly otherLockSlot: number | null
  /** Its last seal. */
  readonly seal: Omit<SealStatement, 'kind'> | null
  /** It signs candidates, votes and locks only in slots above this one: what peers knew after a backup was restored. */
  readonly floorSlot: number | null
  /** A lock that peers showed after a backup was restored; the certificate that it stands on is lost, and it binds all the same. */
  readonly knownLock: Omit<LockStatement, 'kind'> | null
  /** What all of the above was signed with (`recovery.md` X8); null for the chain id. */
  readonly signingId: Hash | null
  /** The ids that it signed with before, each with the highest height at which it did. */
  readonly left: readonly LeftId[]
}

interface LeftId {
  readonly signingId: Hash | null
  readonly height: number
}

/** What peers have seen this verifier sign. */
export interface KnownSignatures {
  /** Highest slot of a candidate, vote or lock. */
  readonly slot: number | null
  /** Highest slot of a candidate, and of a vote, where they are told apart. */
  readonly candidateSlot?: number | null
  readonly voteSlot?: number | null
  /** The slot in which this process began: what its key has signed in a later one, and this process has not, another has. */
  readonly sinceSlot?: number
  /** Before this slot it proposes nothing. */
  readonly proposesFrom?: number
  /** The lock with the highest slot. */
  readonly lock: Omit<LockStatement, 'kind'> | null
  /** The highest seal. */
  readonly seal: Omit<SealStatement, 'kind'> | null
}

export const emptyRecord: GuardRecord = {
  candidate: null,
  vote: null,
  lock: null,
  otherLockSlot: null,
  seal: null,
  floorSlot: null,
  knownLock: null,
  signingId: null,
  left: [],
}

const voteFields = struct<Omit<VoteStatement, 'kind'>>({ height: u64, slot: u64, block: hash, validSlot: option(u64) })

export const guardRecord: Codec<GuardRecord> = struct<GuardRecord>({
  candidate: option(voteFields),
  vote: option(voteFields),
  lock: option(certificate),
  otherLockSlot: option(u64),
  seal: option(struct<Omit<SealStatement, 'kind'>>({ height: u64, block: hash })),
  floorSlot: option(u64),
  knownLock: option(struct<Omit<LockStatement, 'kind'>>({ height: u64, slot: u64, block: hash })),
  signingId: option(hash),
  left: list(struct<LeftId>({ signingId: option(hash), height: u64 }), MAX_LEFT_IDS),
})

export type Permit = { readonly granted: true; readonly record: GuardRecord } | { readonly granted: false; readonly reason: RefusalReason }

const refused = (reason: RefusalReason): Permit => ({ granted: false, reason })
const above = (slot: number, bound: number | null | undefined): boolean => bound === null || bound === undefined || slot > bound

/** No block has this hash. */
const NO_BLOCK = '00'.repeat(32)

/**
 * `recovery.md` X11: the record with which a verifier goes on under another signing id. Slots go on; of what was signed under an id
 * that it comes back to only the height is known, so it counts as one at which some other block was sealed.
 */
export function recordUnder(record: GuardRecord, signingId: Hash | null): GuardRecord {
  const heights = [record.candidate, record.vote, record.lock?.statement, record.seal, record.knownLock].map(
    (signed) => signed?.height ?? 0,
  )
  const others = record.left.filter((one) => one.signingId !== record.signingId)
  const left = [...others, { signingId: record.signingId, height: Math.max(...heights) }].slice(-MAX_LEFT_IDS)
  const before = left.find((one) => one.signingId === signingId)
  const seal = before === undefined ? null : { height: before.height, block: NO_BLOCK }
  return { ...emptyRecord, seal, floorSlot: lastSlot(record), signingId, left: left.filter((one) => one !== before) }
}

/** The lock that a record holds at a height, if it does. */
export function lockAt(record: GuardRecord, height: number): Certificate<VoteStatement> | null {
  const held = record.lock
  return held !== null && held.statement.kind === 'vote' && held.statement.height === height ? (held as Certificate<VoteStatement>) : null
}

/**
 * The highest slot of a lock of this height on a block other than `block`: a vote for `block` needs a
 * justification above it (G3). It looks past the last lock, because an older lock on another block would
 * otherwise convict an honest verifier of amnesia.
 */
function conflictingLockSlot(record: GuardRecord, height: number, block: Hash): number | null {
  const held = lockAt(record, height)
  const known = record.knownLock?.height === height ? record.knownLock : null
  const slots = [
    held?.statement.block === block ? record.otherLockSlot : held?.statement.slot,
    // Before a lock that is only known from peers there may have been another, on any block.
    known?.block === block ? known.slot - 1 : known?.slot,
  ].filter((slot): slot is number => typeof slot === 'number' && slot >= 0)
  return slots.length === 0 ? null : Math.max(...slots)
}

/** The highest slot in anything but a seal that this record has signed. */
export function lastSlot(record: GuardRecord): number | null {
  const slots = [record.candidate?.slot, record.vote?.slot, lockedSlot(record), record.floorSlot].filter((slot) => typeof slot === 'number')
  return slots.length === 0 ? null : Math.max(...slots)
}

const lockedSlot = (record: GuardRecord): number | null => (record.lock?.statement.kind === 'vote' ? record.lock.statement.slot : null)

/** G1 for votes and locks: the record holds one height's locks, so below the last lock's height older ones are forgotten. */
const isBelowLock = (record: GuardRecord, height: number): boolean =>
  (record.lock?.statement.height ?? 0) > height || (record.knownLock?.height ?? 0) > height

/** G1: one seal per height, and nothing at a height that this verifier has sealed otherwise or left behind. */
function againstSeal(record: GuardRecord, height: number, block: Hash): RefusalReason | null {
  if (record.seal === null || record.seal.height < height) return null
  if (record.seal.height > height) return 'old-height'
  return record.seal.block === block ? null : 'sealed'
}

/** G1 and G3: what stands against a vote for this block in every slot; only a later vote certificate makes a lock yield. */
export function standsAgainst(record: GuardRecord, wanted: Omit<VoteStatement, 'kind'>): RefusalReason | null {
  const sealed = againstSeal(record, wanted.height, wanted.block)
  if (sealed !== null) return sealed
  const conflicting = conflictingLockSlot(record, wanted.height, wanted.block)
  return conflicting !== null && (wanted.validSlot === null || wanted.validSlot <= conflicting) ? 'locked' : null
}

function permitCandidate(record: GuardRecord, wanted: CandidateStatement): Permit {
  const { kind: _, ...fields } = wanted
  if (sameVote(record.candidate, wanted)) return { granted: true, record }
  // G2: one candidate a slot.
  if (!above(wanted.slot, record.candidate?.slot) || !above(wanted.slot, record.floorSlot)) return refused('clock-behind-record')
  return { granted: true, record: { ...record, candidate: fields } }
}

function permitVote(record: GuardRecord, wanted: VoteStatement): Permit {
  const { kind: _, ...fields } = wanted
  const against = standsAgainst(record, wanted)
  if (against !== null && against !== 'locked') return refused(against)
  if (sameVote(record.vote, wanted)) return { granted: true, record }
  if (isBelowLock(record, wanted.height)) return refused('old-height')
  // G4: slots never go back, and one vote a slot.
  if (record.vote?.slot === wanted.slot || lockedSlot(record) === wanted.slot) return refused('already-voted')
  if (!above(wanted.slot, record.vote?.slot) || !above(wanted.slot, lockedSlot(record)) || !above(wanted.slot, record.floorSlot))
    return refused('clock-behind-record')
  if (against !== null) return refused(against)
  return { granted: true, record: { ...record, vote: fields } }
}

/** @param voted the vote certificate of the very slot, height and block of the lock */
function permitLock(record: GuardRecord, wanted: LockStatement, voted: Certificate<VoteStatement>): Permit {
  const sealed = againstSeal(record, wanted.height, wanted.block)
  if (sealed !== null) return refused(sealed)
  if (isBelowLock(record, wanted.height)) return refused('old-height')
  // G5: a lock stands on the vote certificate of its own slot.
  if (voted.statement.height !== wanted.height || voted.statement.slot !== wanted.slot || voted.statement.block !== wanted.block)
    return refused('bad-certificate')
  const held = lockAt(record, wanted.height)
  if (held !== null && held.statement.slot === wanted.slot)
    return held.statement.block === wanted.block ? { granted: true, record } : refused('locked')
  // G4 again: at or above the last vote, above the last lock.
  if (!above(wanted.slot, lockedSlot(record)) || !above(wanted.slot, record.floorSlot)) return refused('clock-behind-record')
  if (record.vote !== null && wanted.slot < record.vote.slot) return refused('clock-behind-record')
  const otherLockSlot = conflictingLockSlot(record, wanted.height, wanted.block)
  return { granted: true, record: { ...record, lock: voted, otherLockSlot } }
}

function permitSeal(record: GuardRecord, wanted: SealStatement): Permit {
  const sealed = againstSeal(record, wanted.height, wanted.block)
  if (sealed !== null) return refused(sealed)
  // Nothing stands against it and the height is the same: then so is the block.
  if (record.seal?.height === wanted.height) return { granted: true, record }
  return { granted: true, record: { ...record, seal: { height: wanted.height, block: wanted.block } } }
}

/**
 * May this be signed? If so, with the record that must be on disk first (the same record for something signed
 * before: signatures are deterministic, so signing again says nothing new).
 * @param voted for a lock: the vote certificate it stands on
 */
export function permit(record: GuardRecord, wanted: Statement, voted?: Certificate<VoteStatement>): Permit {
  switch (wanted.kind) {
    case 'candidate':
      return permitCandidate(record, wanted)
    case 'vote':
      return permitVote(record, wanted)
    case 'lock':
      return voted === undefined ? refused('bad-certificate') : permitLock(record, wanted, voted)
    case 'seal':
      return permitSeal(record, wanted)
  }
}

/** G6: takes over what peers know this verifier to have signed. Null if the record knew it all. */
export function raiseRecord(record: GuardRecord, known: KnownSignatures): GuardRecord | null {
  const newerSlot = known.slot !== null && above(known.slot, lastSlot(record))
  // A copy from the middle of a slot may hold that slot's candidate, and lack its vote or lock.
  const newerSince = isNewer(known.candidateSlot, record.candidate, record) || isNewer(known.voteSlot, record.vote, record)
  const newerLock = known.lock !== null && above(known.lock.slot, lockedSlot(record)) && above(known.lock.slot, record.knownLock?.slot)
  const newerSeal = known.seal !== null && above(known.seal.height, record.seal?.height)
  if (!newerSlot && !newerSince && !newerLock && !newerSeal) return null
  const slots = [known.slot, known.candidateSlot, known.voteSlot, known.lock?.slot, record.floorSlot].filter(
    (slot) => typeof slot === 'number',
  )
  return {
    ...record,
    floorSlot: newerSlot || newerSince || newerLock ? Math.max(...slots) : record.floorSlot,
    knownLock: newerLock ? known.lock : record.knownLock,
    seal: newerSeal ? known.seal : record.seal,
  }
}

/** G6: another process has signed with this key since this one began. A floor is no signature: it may come from that very process. */
export function isSignedByAnother(record: GuardRecord, { slot, sinceSlot, candidateSlot, voteSlot }: KnownSignatures): boolean {
  if (sinceSlot === undefined || slot === null || slot <= sinceSlot) return false
  const own = { ...record, floorSlot: null }
  const isUnknown = (known: number | null | undefined, signed: { readonly slot: number } | null): boolean =>
    typeof known === 'number' && known > sinceSlot && above(known, signed?.slot)
  return above(slot, lastSlot(own)) || isUnknown(candidateSlot, record.candidate) || isUnknown(voteSlot, record.vote)
}

const isNewer = (slot: number | null | undefined, signed: { readonly slot: number } | null, { floorSlot }: GuardRecord): boolean =>
  typeof slot === 'number' && above(slot, signed?.slot) && above(slot, floorSlot)

function sameVote(known: Omit<VoteStatement, 'kind'> | null, wanted: Omit<VoteStatement, 'kind'>): boolean {
  return (
    known !== null &&
    known.height === wanted.height &&
    known.slot === wanted.slot &&
    known.block === wanted.block &&
    known.validSlot === wanted.validSlot
  )
}
