import { type Branch, branchThatGoesOn } from '../consensus/fork.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { Store, Write } from '../ports/store.ts'
import { type Codec, decode, encode, enumeration, list, option, struct, u64 } from '../wire/codec.ts'
import { type Hash, hash } from '../wire/types.ts'
import { MAX_BRANCHES, MAX_FORK_PROOFS } from './bounds.ts'
import type { Chain } from './chain.ts'
import { refOf } from './chain-store.ts'
import { keys } from './keyspace.ts'
import { decodeStored } from './stored.ts'

/** A block by its place in a chain. */
export interface BlockAt {
  readonly height: number
  readonly hash: Hash
}

/** What was seen of a branch. */
export interface SeenBranch extends Branch {
  /** Its blocks up to its head; or no more than the seal of its first one, and then nothing is known of what it burned. */
  readonly seen: 'blocks' | 'seal'
  /** Height of the recovery block with which it goes on, as far as it was seen. */
  readonly recoveredAt: number | null
  /** Its first block that the chain of this node does not have although that has the first of the branch. */
  readonly leavesAt: BlockAt | null
}

/** What a node knows of a fork, on disk: the newest one, and what became of it. */
export interface ForkRecord {
  /** The lowest at which its branches differ, as far as this node knows. */
  readonly height: number
  readonly seenAtMs: number
  /** Ids of evidence that proves it. */
  readonly proofs: readonly Hash[]
  /** Without what the own chain says of itself. */
  readonly branches: readonly SeenBranch[]
  /** What the operator has chosen with `quorate recover`. */
  readonly follow: Follow | null
  /** Height of the recovery block that ended it in the own chain. */
  readonly resolvedAt: number | null
}

/** The branch that this node follows: its first block, its highest at that time, and what tells it from others. */
export interface Follow {
  readonly first: Hash
  readonly head: BlockAt
  readonly pins: readonly BlockAt[]
}

/** A branch as it stands, and whether the chain of this node is on it. */
export interface StandingBranch extends SeenBranch {
  readonly isOwn: boolean
}

const blockAt: Codec<BlockAt> = struct<BlockAt>({ height: u64, hash })
const seenBranch = struct<SeenBranch>({
  first: hash,
  head: blockAt,
  burnedMicroHours: u64,
  seen: enumeration({ blocks: 1, seal: 2 }),
  recoveredAt: option(u64),
  leavesAt: option(blockAt),
})
/** First block, first block of its own after that, head. */
const MAX_PINS = 3
/** @internal */
export const forkRecord = struct<ForkRecord>({
  height: u64,
  seenAtMs: u64,
  proofs: list(hash, MAX_FORK_PROOFS),
  branches: list(seenBranch, MAX_BRANCHES),
  follow: option(struct<Follow>({ first: hash, head: blockAt, pins: list(blockAt, MAX_PINS) })),
  resolvedAt: option(u64),
})

/** @throws QuorateError `store-corrupt` */
export function readForkRecord(store: Pick<Store, 'get'>): ForkRecord | null {
  const bytes = store.get(keys.fork)
  return bytes === undefined ? null : decodeStored('the record of a fork', () => decode(forkRecord, bytes))
}
export const putForkRecord = (record: ForkRecord): Write => ({ kind: 'put', key: keys.fork, value: encode(forkRecord, record) })

/** A fork that was just found at a height. */
export const newForkRecord = (height: number, seenAtMs: number): ForkRecord => ({
  ...{ height, seenAtMs },
  ...{ proofs: [], branches: [], follow: null, resolvedAt: null },
})

/** With what was seen of a branch, unless more of it is known. */
export function withBranch(record: ForkRecord, seen: SeenBranch): ForkRecord {
  const known = record.branches.find(({ first }) => first === seen.first)
  if (known !== undefined && !isMore(seen, known)) return record
  const branches = [...record.branches.filter(({ first }) => first !== seen.first), seen]
  const kept = branches.length <= MAX_BRANCHES ? branches : byRank(branches).slice(0, MAX_BRANCHES)
  return { ...record, branches: kept }
}

export const withProof = (record: ForkRecord, id: Hash): ForkRecord =>
  record.proofs.includes(id) || record.proofs.length >= MAX_FORK_PROOFS ? record : { ...record, proofs: [...record.proofs, id] }

function isMore(seen: SeenBranch, known: SeenBranch): boolean {
  if (seen.seen !== known.seen) return seen.seen === 'blocks'
  if ((seen.recoveredAt === null) !== (known.recoveredAt === null)) return seen.recoveredAt !== null
  return seen.head.height > known.head.height
}

/**
 * `recovery.md` X4: the branch on which the chain goes on. One that has a recovery block was gone on with by those who are
 * left, and nobody can go on with another.
 */
export function goesOn<T extends SeenBranch>(branches: readonly T[]): T {
  const recovered = branches.filter(({ recoveredAt }) => recoveredAt !== null)
  return branchThatGoesOn(recovered.length > 0 ? recovered : branches)
}

function byRank(branches: readonly SeenBranch[]): readonly SeenBranch[] {
  const ranked: SeenBranch[] = []
  for (let rest = branches; rest.length > 0; ) {
    const best = goesOn(rest)
    ranked.push(best)
    rest = rest.filter((branch) => branch !== best)
  }
  return ranked
}

/** What is asked of a chain here. */
export type ForkChain = Pick<Chain, 'chainId' | 'head' | 'firstHeight' | 'block' | 'heightOf' | 'quorumAt' | 'ledger'> & {
  /** What statements of a height are signed with (recovery.md X8). */
  signingIdAt(height: number): Hash
  /** Height of the newest recovery block; 0 if there is none. */
  readonly lastRecoveryHeight: number
}

/** The hash of the block of a height; undefined where the chain has none. */
export function hashAt(chain: Pick<ForkChain, 'chainId' | 'head' | 'block'>, height: number): Hash | undefined {
  if (height === 0) return chain.chainId
  if (height === chain.head.height) return chain.head.hash
  const block = height > chain.head.height ? undefined : chain.block(height)
  return block === undefined ? undefined : refOf(chain.chainId, block).hash
}

/** All branches as they stand: what the record says, and the own chain if it has a block at the height of the fork. */
export function branchesOf(record: ForkRecord, chain: ForkChain): readonly StandingBranch[] {
  const first = hashAt(chain, record.height)
  const others = record.branches.filter((branch) => branch.first !== first).map((branch) => ({ ...branch, isOwn: false }))
  if (first === undefined) return others
  const own: SeenBranch = {
    first,
    head: { height: chain.head.height, hash: chain.head.hash },
    burnedMicroHours: chain.ledger.globals.burnedMicroHours,
    seen: 'blocks',
    recoveredAt: chain.lastRecoveryHeight > record.height ? chain.lastRecoveryHeight : null,
    leavesAt: null,
  }
  const seen = record.branches.find((branch) => branch.first === first)
  return [{ ...(seen !== undefined && isMore(seen, own) ? seen : own), isOwn: true }, ...others]
}

/** The chain of this node has all that tells a branch from others, as far as its blocks reach. */
export const isOn = (chain: Pick<ForkChain, 'chainId' | 'head' | 'block'>, pins: readonly BlockAt[]): boolean =>
  pins.every(({ height, hash: of }) => height > chain.head.height || hashAt(chain, height) === of)

/** What tells a branch from others: its first block, where it leaves another that has the same, and its head. */
export function pinsOf(record: Pick<ForkRecord, 'height'>, { first, leavesAt, head }: SeenBranch): readonly BlockAt[] {
  const pins = [{ height: record.height, hash: first }, ...(leavesAt === null ? [] : [leavesAt]), head]
  return pins.filter((pin, index) => pins.findIndex(({ height }) => height === pin.height) === index)
}

/** A block of another branch than the one that is followed. */
export const leaves = ({ pins }: Follow, { height, hash: of }: Pick<BlockRef, 'height' | 'hash'>): boolean =>
  pins.some((pin) => pin.height === height && pin.hash !== of)
