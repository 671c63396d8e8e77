import type { BlockTimeline, HistoryView, SlotView } from '../api/observe-types.ts'
import { PPM } from '../base/ratio.ts'
import { enoughStake, stakeOf } from '../consensus/quorum.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { Store, Write } from '../ports/store.ts'
import { MAX_QUORUM } from '../wire/bounds.ts'
import { bitmap, decode, encode, option, struct, u16, u32, u64 } from '../wire/codec.ts'
import type { Quorum } from '../wire/quorum.ts'
import { type AggregateSignature, type Hash, type Statement, signedBlock } from '../wire/types.ts'
import { JOURNAL_UNWRITTEN, MAX_HISTORY_HEIGHTS, MAX_SLOT_NOTES, MAX_WATCHED_BLOCKS, RECENT_SLOTS, WATCHED_BLOCKS } from './bounds.ts'
import type { Chain, FinalBlock } from './chain.ts'
import { heightIn, keys } from './keyspace.ts'
import type { Slots } from './slots.ts'
import { decodeStored } from './stored.ts'

/** What is kept of a final block for charts and for whoever looks later: what this node saw, nothing that others rely on. */
interface Note {
  readonly slot: number
  readonly emptySlots: number
  readonly transactions: number
  readonly bytes: number
  readonly sealedPpm: number
  readonly candidates: number
  /** Ms after the start of the slot. */
  readonly candidateMs: number | null
  readonly votedMs: number | null
  readonly lockedMs: number | null
  readonly finalMs: number | null
  readonly voters: readonly number[] | null
  readonly lockers: readonly number[] | null
}
const signers = option(bitmap(MAX_QUORUM))
const note = struct<Note>({
  ...{ slot: u64, emptySlots: u32, transactions: u32, bytes: u32, sealedPpm: u32, candidates: u16 },
  ...{ candidateMs: option(u32), votedMs: option(u32), lockedMs: option(u32), finalMs: option(u32), voters: signers, lockers: signers },
})

/** What was heard of a block that may become final, or just did: when, until then; and who signed, until it is old. */
interface Watched {
  readonly hash: Hash
  readonly height: number
  candidateAtMs: number | null
  votedAtMs: number | null
  lockedAtMs: number | null
  readonly signers: Readonly<Record<'vote' | 'lock' | 'seal', Set<number>>>
}

type Heard = { readonly maker: number; readonly address: string; readonly block: Hash; readonly atMs: number }

export interface JournalOptions {
  readonly chain: Pick<Chain, 'head' | 'quorum' | 'quorumAt'>
  readonly store: Store
  readonly slots: Pick<Slots, 'startMs' | 'now'>
  readonly nowMs: () => number
  /** Whether this node is where its peers are; what it did not see then says nothing. */
  readonly isFollowing: () => boolean
  /** Hears of each slot when it has ended. */
  readonly onSlot: (slot: SlotView) => void
  readonly onFatal: (error: unknown) => void
}

/**
 * What this node saw of the work of the network: who offered, voted, locked and sealed, and when. It is told of every statement whose
 * signature was checked, and of every final block. For people and charts: nothing here decides anything. What is not written yet is lost
 * with a crash.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #watched = new Map<Hash, Watched>()
  /** By height: the newest, and those that are not written yet. */
  readonly #notes = new Map<number, Note & { readonly hash: Hash }>()
  readonly #unwritten = new Set<number>()
  readonly #slots: SlotView[] = []
  /** Candidates of the present slot and the next, by slot. */
  readonly #candidates = new Map<number, Heard[]>()
  #leader: { readonly slot: number; readonly index: number } | null = null
  #finalIn: { readonly slot: number; readonly hash: Hash; readonly height: number } | null = null
  #lastSlot: number | null = null

  constructor(options: JournalOptions) {
    this.#options = options
  }

  /** A statement whose signatures were checked. */
  noteStatement(quorum: Quorum, statement: Statement, { signers }: AggregateSignature): void {
    const nowMs = this.#options.nowMs()
    if (statement.kind === 'candidate') this.#noteCandidate(quorum, statement.slot, statement.block, signers[0], nowMs)
    const watched = this.#watch(statement.block, statement.height)
    if (statement.kind === 'candidate') {
      watched.candidateAtMs ??= nowMs
      return
    }
    const known = watched.signers[statement.kind]
    const before = known.size
    for (const signer of signers) known.add(signer)
    if (known.size === before) return
    if (stakeOf(stakesOf(quorum), [...known]) >= enoughStake(quorum.totalStakeDroplets)) {
      if (statement.kind === 'vote') watched.votedAtMs ??= nowMs
      if (statement.kind === 'lock') watched.lockedAtMs ??= nowMs
    }
    this.#refresh(quorum, watched)
  }

  /** The best candidate as far as this node knows, at the time of the choice and again when the slot ends. */
  noteLeader(leader: { readonly slot: number; readonly index: number } | null): void {
    if (leader !== null) this.#leader = leader
  }

  /** A block became final here. `isImported`: sync brought it, and nothing is known of how it was made. */
  noteFinal({ ref, block, transactions }: FinalBlock, isImported: boolean): void {
    const { chain, slots } = this.#options
    const nowMs = this.#options.nowMs()
    const startMs = slots.startMs(ref.slot)
    const watched = this.#watched.get(ref.hash)
    const quorum = chain.quorumAt(ref.height)
    const since = (atMs: number | null | undefined): number | null =>
      isImported || atMs === null || atMs === undefined || atMs < startMs || atMs > nowMs ? null : Math.min(atMs - startMs, 0xffff_ffff)
    for (const signer of block.seal.signers) watched?.signers.seal.add(signer)
    this.#put(ref.height, {
      hash: ref.hash,
      slot: ref.slot,
      emptySlots: this.#emptySlotsBefore(ref),
      transactions: transactions.length,
      bytes: encode(signedBlock, block).length,
      sealedPpm: sealedPpm(quorum, block.seal.signers),
      candidates: Math.min(this.#candidates.get(ref.slot)?.length ?? 0, 0xffff),
      candidateMs: since(watched?.candidateAtMs),
      votedMs: since(watched?.votedAtMs),
      lockedMs: since(watched?.lockedAtMs),
      finalMs: since(nowMs),
      voters: membersOf(watched?.signers.vote),
      lockers: membersOf(watched?.signers.lock),
    })
    if (!isImported) this.#finalIn = { slot: slots.now() ?? ref.slot, hash: ref.hash, height: ref.height }
    for (const [hash, { height }] of this.#watched) if (height <= ref.height - WATCHED_BLOCKS) this.#watched.delete(hash)
  }

  /** A slot begins: the one before it is over. */
  startSlot(slot: number): void {
    const ended = this.#lastSlot
    this.#lastSlot = slot
    if (ended !== null) this.#endSlot(ended)
    for (const of of this.#candidates.keys()) if (of < slot) this.#candidates.delete(of)
    if (this.#unwritten.size > 0) this.write().catch(this.#options.onFatal)
  }

  /** Ended slots, the newest first. */
  slots(count: number): readonly SlotView[] {
    return this.#slots.slice(-count).reverse()
  }

  timeline(height: number): BlockTimeline | null {
    const found = this.#read(height)
    return found === undefined ? null : timelineOf(found, this.#options.slots.startMs(found.slot))
  }

  /**
   * Blocks `from` to `to` in at most `count` points; of more heights than are looked at in one call, the last ones.
   * @throws QuorateError `store-corrupt`
   */
  async history(from: number, to: number, count: number): Promise<HistoryView> {
    await this.write()
    const { store, chain, slots } = this.#options
    const last = Math.min(to, chain.head.height)
    const first = Math.max(1, from, last - MAX_HISTORY_HEIGHTS + 1)
    const size = Math.max(1, Math.ceil((last - first + 1) / count))
    const points: HistoryView['points'][number][] = []
    let group: Note[] = []
    let groupEnd = 0
    const close = (): void => {
      if (group.length > 0) points.push(pointOf(group, groupEnd, slots.startMs(group.at(-1)?.slot ?? 0)))
      group = []
    }
    if (last >= first)
      for await (const [key, bytes] of store.range(keys.note(first), keys.note(last + 1))) {
        const height = heightIn(key)
        if (Math.floor((height - first) / size) !== Math.floor((groupEnd - first) / size)) close()
        group.push(decodeStored(`the note of block ${height}`, () => decode(note, bytes)))
        groupEnd = height
      }
    close()
    return { from: first, to: Math.max(last, first - 1), points }
  }

  /** Brings to the store what is only in memory. */
  async write(): Promise<void> {
    const { store, chain } = this.#options
    const writes: Write[] = []
    for (const height of this.#unwritten) {
      const value = this.#notes.get(height)
      if (value !== undefined) writes.push({ kind: 'put', key: keys.note(height), value: encode(note, value) })
    }
    this.#unwritten.clear()
    if (writes.length > 0) await store.write(writes, { durable: false })
    for (const height of this.#notes.keys())
      if (height <= chain.head.height - WATCHED_BLOCKS && !this.#unwritten.has(height)) this.#notes.delete(height)
  }

  #noteCandidate(quorum: Quorum, slot: number, block: Hash, maker: number | undefined, atMs: number): void {
    const member = maker === undefined ? undefined : quorum.members[maker]
    const known = this.#candidates.get(slot) ?? []
    if (maker === undefined || member === undefined || known.length >= MAX_SLOT_NOTES || known.some((of) => of.block === block)) return
    known.push({ maker, address: member.id, block, atMs })
    this.#candidates.set(slot, known)
  }

  #watch(hash: Hash, height: number): Watched {
    const known = this.#watched.get(hash)
    if (known !== undefined) return known
    const watched: Watched = {
      ...{ hash, height, candidateAtMs: null, votedAtMs: null, lockedAtMs: null },
      signers: { vote: new Set(), lock: new Set(), seal: new Set() },
    }
    this.#watched.set(hash, watched)
    // Members of a quorum may name any number of blocks: the oldest go first.
    const [oldest] = this.#watched.keys()
    if (oldest !== undefined && this.#watched.size > MAX_WATCHED_BLOCKS) this.#watched.delete(oldest)
    return watched
  }

  /** A tally tells of a final block who else signed for it. */
  #refresh(quorum: Quorum, { hash, height, signers }: Watched): void {
    const known = this.#notes.get(height)
    if (known === undefined || known.hash !== hash) return
    this.#put(height, {
      ...known,
      sealedPpm: Math.max(known.sealedPpm, sealedPpm(quorum, [...signers.seal])),
      voters: membersOf(signers.vote),
      lockers: membersOf(signers.lock),
    })
  }

  /** Slots since the block before; none for the first that this node has. */
  #emptySlotsBefore({ height, slot }: BlockRef): number {
    const before = height === 1 ? -1 : this.#read(height - 1)?.slot
    return before === undefined ? 0 : Math.min(slot - before - 1, 0xffff_ffff)
  }

  #put(height: number, value: Note & { readonly hash: Hash }): void {
    this.#notes.set(height, value)
    this.#unwritten.add(height)
    if (this.#unwritten.size >= JOURNAL_UNWRITTEN) this.write().catch(this.#options.onFatal)
  }

  #read(height: number): Note | undefined {
    const known = this.#notes.get(height)
    if (known !== undefined) return known
    const bytes = this.#options.store.get(keys.note(height))
    return bytes === undefined ? undefined : decodeStored(`the note of block ${height}`, () => decode(note, bytes))
  }

  #endSlot(slot: number): void {
    const { chain, slots, isFollowing, onSlot } = this.#options
    const candidates = this.#candidates.get(slot) ?? []
    const final = this.#finalIn?.slot === slot ? this.#finalIn : null
    const height = final?.height ?? chain.head.height + 1
    const quorum = chain.quorumAt(height) ?? chain.quorum
    const leader = this.#leader?.slot === slot ? this.#leader.index : candidates.find(({ block }) => block === final?.hash)?.maker
    const member = leader === undefined ? undefined : quorum.members[leader]
    const view: SlotView = {
      ...{ slot, startMs: slots.startMs(slot), height, quorum: quorum.hash },
      candidates,
      leader: leader === undefined || member === undefined ? null : { index: leader, address: member.id },
      outcome: final !== null ? 'block' : !isFollowing() ? 'unknown' : candidates.length > 0 ? 'lost' : 'idle',
      block: final?.hash ?? null,
      timeline: final === null ? null : this.timeline(final.height),
    }
    this.#slots.push(view)
    if (this.#slots.length > RECENT_SLOTS) this.#slots.shift()
    onSlot(view)
  }
}

const membersOf = (signers: ReadonlySet<number> | undefined): readonly number[] | null =>
  signers === undefined || signers.size === 0 ? null : [...signers].sort((left, right) => left - right)

const stakesOf = ({ members }: Quorum): readonly number[] => members.map(({ stakeDroplets }) => stakeDroplets)

function sealedPpm(quorum: Quorum | undefined, signers: readonly number[]): number {
  if (quorum === undefined) return 0
  return Math.floor((stakeOf(stakesOf(quorum), signers) / quorum.totalStakeDroplets) * PPM)
}

const timelineOf = (
  { candidates, candidateMs, votedMs, lockedMs, finalMs, voters, lockers }: Note,
  slotStartMs: number,
): BlockTimeline => ({
  ...{ slotStartMs, candidateMs, votedMs, lockedMs, finalMs, candidates, voters, lockers },
})

function pointOf(group: readonly Note[], height: number, timeMs: number): HistoryView['points'][number] {
  const sum = (of: (one: Note) => number): number => group.reduce((total, one) => total + of(one), 0)
  const watched = group.flatMap(({ finalMs }) => (finalMs === null ? [] : [finalMs]))
  return {
    ...{ height, timeMs, transactions: sum((one) => one.transactions), bytes: sum((one) => one.bytes) },
    finalMs: watched.length === 0 ? null : Math.round(watched.reduce((total, ms) => total + ms, 0) / watched.length),
    sealedPpm: Math.round(sum((one) => one.sealedPpm) / group.length),
    emptySlots: sum((one) => one.emptySlots),
  }
}
