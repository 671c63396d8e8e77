import { invariant } from '../base/errors.ts'
import { accept, ignore, type Verdict } from '../base/verdict.ts'
import { checkEvidence } from '../consensus/evidence.ts'
import { isForkProof } from '../consensus/fork.ts'
import type { Signatures } from '../crypto/signatures.ts'
import { bondedTo } from '../ledger/account.ts'
import { MAX_OFFENCES } from '../ledger/bounds.ts'
import { epochEnd, lastEvidenceSlot } from '../ledger/handovers.ts'
import { blockTimeMs } from '../ledger/state.ts'
import type { Store } from '../ports/store.ts'
import { decode, encode, struct, u64 } from '../wire/codec.ts'
import { evidenceId, type OffenceKind, type ProvenEvidence } from '../wire/evidence.ts'
import { recordId } from '../wire/sync.ts'
import { type Address, type Evidence, evidence as evidenceCodec, type Hash } from '../wire/types.ts'
import { MAX_OFFERED_EVIDENCE, MAX_PUNISHED, MAX_UNPUNISHED } from './bounds.ts'
import type { Chain, FinalBlock } from './chain.ts'
import { keys, punishedIn, rangeOf } from './keyspace.ts'
import { corrupt, decodeStored } from './stored.ts'

/** A proven offence, or several of one kind and height. What is signed stays in the store. */
export interface HeldEvidence {
  readonly id: Hash
  /** Of the public record that carries it. */
  readonly recordId: Hash
  readonly kind: OffenceKind
  readonly height: number
  /** Who is guilty, by ascending key. */
  readonly offenders: readonly Address[]
  readonly seenAtMs: number
  /** Height of the block that punished these offences; null as long as somebody is not punished. */
  readonly punishedAt: number | null
}

export interface EvidencePoolOptions {
  readonly chain: Chain
  readonly store: Store
  readonly signatures: Pick<Signatures, 'blsVerifyAggregate'>
  readonly nowMs: () => number
  /** The slot of the clock; null before the first. */
  readonly slotNow: () => number | null
  /** It was seen for the first time. */
  readonly onFound: (held: HeldEvidence) => void
  /** A block has punished it. */
  readonly onPunished: (held: HeldEvidence) => void
  /** It could not be written. */
  readonly onFatal: (error: unknown) => void
}

interface Stored {
  readonly seenAtMs: number
  readonly evidence: Evidence
}
const stored = struct<Stored>({ seenAtMs: u64, evidence: evidenceCodec })

/**
 * The evidence that this node holds: what it found itself, what others showed it, and what is in blocks. What a block says of it
 * is on disk with the block; the rest is on its way to the disk when `add` returns, and there when `written` resolves.
 *
 * Bounded: of one offender as many offences as the ledger punishes; `MAX_UNPUNISHED` in all, those with the most bonded first; and
 * of what blocks have punished the newest `MAX_PUNISHED`.
 */
export class EvidencePool {
  readonly #options: EvidencePoolOptions
  readonly #held = new Map<Hash, HeldEvidence>()
  readonly #byRecord = new Map<Hash, Hash>()
  readonly #byOffender = new Map<Address, Set<Hash>>()
  /** What the store does not give yet. */
  readonly #unwritten = new Map<Hash, Evidence>()
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(options: EvidencePoolOptions) {
    this.#options = options
  }

  /** Takes up what the store has, and what the newest blocks with evidence say. @throws QuorateError `store-corrupt` */
  static async open(options: EvidencePoolOptions): Promise<EvidencePool> {
    const pool = new EvidencePool(options)
    const { store } = options
    for await (const [, bytes] of store.range(...rangeOf('e'))) {
      const { seenAtMs, evidence } = decodeStored('a piece of evidence', () => decode(stored, bytes))
      const proof = pool.#prove(evidence)
      if (proof === null) throw corrupt('it holds evidence that proves nothing of registered keys')
      pool.#put(pool.#heldOf(proof, seenAtMs, null))
    }
    for await (const [key] of store.range(...rangeOf('x'), { reverse: true, limit: MAX_PUNISHED })) {
      const { height, id } = punishedIn(key)
      const known = pool.#held.get(id)
      if (known !== undefined) pool.#put({ ...known, punishedAt: height })
      else pool.#restore(height, id)
    }
    pool.#followOthers()
    // Punished in a block that is not here: the chain began with a snapshot.
    for (const held of pool.#unpunished()) if (pool.#isAllPunished(held)) pool.#drop(held)
    pool.#prune()
    return pool
  }

  /** Everything that is held, the newest first. */
  list(): readonly HeldEvidence[] {
    return [...this.#held.values()].sort(
      (left, right) => right.seenAtMs - left.seenAtMs || right.height - left.height || (left.id < right.id ? -1 : 1),
    )
  }
  get(id: Hash): HeldEvidence | undefined {
    return this.#held.get(id)
  }
  /** What proves it. @throws QuorateError `store-corrupt` */
  evidence(id: Hash): Evidence | undefined {
    if (!this.#held.has(id)) return undefined
    const unwritten = this.#unwritten.get(id)
    if (unwritten !== undefined) return unwritten
    const bytes = this.#options.store.get(keys.evidence(id))
    return bytes === undefined ? undefined : decodeStored('a piece of evidence', () => decode(stored, bytes)).evidence
  }
  hasRecord(record: Hash): boolean {
    return this.#byRecord.has(record)
  }
  /** By the id of the public record that carries it. */
  ofRecord(record: Hash): Evidence | undefined {
    const id = this.#byRecord.get(record)
    return id === undefined ? undefined : this.evidence(id)
  }
  /** Whether some block after the head may hold it. */
  isLive({ height }: Pick<HeldEvidence, 'height'>): boolean {
    const last = this.#lastSlot(height)
    return last === null || this.#options.chain.head.slot < last
  }

  /** What the next block could punish: whoever has the most bonded first. */
  unpunished(): readonly ProvenEvidence[] {
    const open = this.#unpunished().filter((held) => !this.#isExpired(held.height) && this.#isPunishable(held))
    const weights = new Map(open.map(({ id, offenders }) => [id, this.#weightOf(offenders)]))
    const weight = ({ id }: HeldEvidence): number => weights.get(id) ?? 0
    open.sort((left, right) => weight(right) - weight(left) || left.seenAtMs - right.seenAtMs || (left.id < right.id ? -1 : 1))
    return this.#proven(open)
  }

  /** What may say who is left out of a recovery block, punished or not: whatever names the most first. */
  sealedTwice(): readonly ProvenEvidence[] {
    const { lastRecoveryHeight } = this.#options.chain
    const found = this.list().filter(({ kind, height }) => kind === 'double-seal' && height >= lastRecoveryHeight)
    const most = found.toSorted((left, right) => right.offenders.length - left.offenders.length || left.height - right.height)
    return this.#proven(most)
  }

  /**
   * Takes evidence from wherever it comes; the checks are those of `protocols/evidence.md`, the cheap ones first. `reject` for what
   * nobody honest shows; `ignore` for what this node does not need, or cannot judge now.
   */
  add(evidence: Evidence): Verdict<HeldEvidence> {
    const { chain, signatures } = this.#options
    // [REJECT] evidence-order, no-offence, no-offender.
    const read = checkEvidence(chain.signingIdAt(evidence.first.statement.height), evidence, null)
    if (read.kind !== 'accept') return read
    const proof = read.value
    const { id, kind, height } = proof
    // [IGNORE] known: it is held already.
    if (this.#held.has(id)) return ignore('known', `evidence ${id} is held`)
    // [IGNORE] unknown-signer: a key that nobody has registered, as far as this chain goes.
    const { blsKeys } = chain.ledger.indexes
    const stranger = [...evidence.first.keys, ...evidence.second.keys].find((key) => !blsKeys.has(key))
    if (stranger !== undefined) return ignore('unknown-signer', `no verifier has the BLS key ${stranger}`)
    // [IGNORE] future-height: above what is being worked on.
    if (height > chain.head.height + 1) return ignore('future-height', `height ${height}, working on ${chain.head.height + 1}`)
    // [IGNORE] evidence-expired: no block may hold it any more.
    if (this.#isExpired(height))
      return ignore('evidence-expired', `of height ${height}, which counted until slot ${this.#lastSlot(height)}`)
    const held = this.#heldOf(proof, this.#options.nowMs(), null)
    // What proves a fork is taken whatever else is known of its offenders: it proves more than their offences.
    const isFork = this.#isNewForkProof(proof)
    // [IGNORE] known: all of its offences are shown by other evidence, or were punished.
    const fresh = held.offenders.filter((offender) => !this.#offencesOf(offender).has(offenceKey(kind, height)))
    if (fresh.length === 0 && !isFork)
      return ignore('known', `${kind} at height ${height} of all ${held.offenders.length} offenders is known`)
    // [IGNORE] too-many-offences: the ledger would punish none of them for it.
    if (!isFork && fresh.every((offender) => this.#offencesOf(offender).size >= MAX_OFFENCES))
      return ignore('too-many-offences', `of all of its offenders ${MAX_OFFENCES} offences are known`)
    // [IGNORE] pool-full: what is held instead is of those who have more bonded.
    const least = this.#leastIfFull()
    if (least !== null && !isFork && this.#weightOf(least.offenders) >= this.#weightOf(held.offenders))
      return ignore('pool-full', `${MAX_UNPUNISHED} pieces of evidence wait for a block`)
    // [REJECT] bad-signature.
    const checked = checkEvidence(chain.signingIdAt(evidence.first.statement.height), evidence, signatures)
    if (checked.kind !== 'accept') return checked
    if (least !== null) this.#drop(least)
    this.#keep(held, evidence)
    this.#options.onFound(held)
    return accept(held)
  }

  /** After a commit: what the block punished, and what has become of no use. */
  settle({ ref, block }: Pick<FinalBlock, 'ref' | 'block'>): void {
    for (const evidence of block.evidence) {
      const proof = this.#prove(evidence)
      invariant(proof !== null, 'a block holds evidence that proves something of registered keys')
      const held = this.#held.get(proof.id) ?? this.#heldOf(proof, this.#options.nowMs(), null)
      if (!this.#held.has(proof.id)) this.#keep(held, evidence)
      this.#punished(held, ref.height)
    }
    if (block.evidence.length > 0) for (const held of this.#followOthers()) this.#options.onPunished(held)
    this.#prune()
  }

  /** Resolves when all that was added is on disk. Rejects with QuorateError `store-full` or `store-failed`. */
  async written(): Promise<void> {
    await this.#writing
  }

  /** `recovery.md` X1: it proves a fork, and nothing that is held proves one at that height. */
  #isNewForkProof(proof: ProvenEvidence): boolean {
    const { chain } = this.#options
    const quorum = proof.kind === 'double-seal' ? chain.quorumAt(proof.height) : undefined
    if (quorum === undefined || proof.height < chain.lastRecoveryHeight || !isForkProof(proof, quorum)) return false
    return ![...this.#held.values()].some(({ id, kind, height }) => {
      const evidence = kind === 'double-seal' && height === proof.height ? this.evidence(id) : undefined
      return evidence !== undefined && isForkProof({ kind, evidence }, quorum)
    })
  }

  /** Null if the bytes prove nothing, or of unregistered keys. Signatures were checked before. */
  #prove(evidence: Evidence): ProvenEvidence | null {
    const { chain } = this.#options
    const read = checkEvidence(chain.signingIdAt(evidence.first.statement.height), evidence, null)
    return read.kind === 'accept' && read.value.offenders.every((key) => chain.ledger.indexes.blsKeys.has(key)) ? read.value : null
  }

  #heldOf({ id, evidence, kind, height, offenders: guilty }: ProvenEvidence, seenAtMs: number, punishedAt: number | null): HeldEvidence {
    const { blsKeys } = this.#options.chain.ledger.indexes
    const offenders = guilty.map((key) => {
      const address = blsKeys.get(key)
      invariant(address !== undefined, 'the keys of held evidence are registered')
      return address
    })
    return { id, recordId: recordId({ kind: 'evidence', evidence }), kind, height, offenders, seenAtMs, punishedAt }
  }

  /** What is in a block and not in the store: the node was killed between the two. */
  #restore(height: number, id: Hash): void {
    const { chain } = this.#options
    const block = chain.block(height)
    const evidence = block?.evidence.find((one) => evidenceId(one) === id)
    const proof = evidence === undefined ? null : this.#prove(evidence)
    if (block === undefined || evidence === undefined || proof === null) return
    this.#keep(this.#heldOf(proof, blockTimeMs(chain.ledger, block.header.slot), height), evidence)
  }

  #put(held: HeldEvidence): void {
    this.#held.set(held.id, held)
    this.#byRecord.set(held.recordId, held.id)
    for (const offender of held.offenders) {
      const ids = this.#byOffender.get(offender)
      if (ids === undefined) this.#byOffender.set(offender, new Set([held.id]))
      else ids.add(held.id)
    }
  }

  #punished(held: HeldEvidence, punishedAt: number): void {
    const punished = { ...held, punishedAt }
    this.#put(punished)
    this.#options.onPunished(punished)
  }

  #keep(held: HeldEvidence, evidence: Evidence): void {
    const { id, seenAtMs } = held
    this.#put(held)
    this.#unwritten.set(id, evidence)
    this.#write({ kind: 'put', key: keys.evidence(id), value: encode(stored, { seenAtMs, evidence }) }, () => this.#unwritten.delete(id))
  }

  #drop({ id, recordId: record, offenders }: HeldEvidence): void {
    this.#held.delete(id)
    this.#byRecord.delete(record)
    for (const offender of offenders) {
      const ids = this.#byOffender.get(offender)
      ids?.delete(id)
      if (ids?.size === 0) this.#byOffender.delete(offender)
    }
    this.#write({ kind: 'del', key: keys.evidence(id) }, () => {})
  }

  /** Writes take effect in the order in which they are asked for. */
  #write(write: Parameters<Store['write']>[0][number], then: () => void): void {
    const { store, onFatal } = this.#options
    const done = store.write([write], { durable: write.kind === 'put' }).then(then)
    this.#writing = Promise.all([this.#writing, done])
    this.#writing.catch(onFatal)
  }

  #proven(held: readonly HeldEvidence[]): readonly ProvenEvidence[] {
    return held.slice(0, MAX_OFFERED_EVIDENCE).flatMap(({ id }) => {
      const evidence = this.evidence(id)
      const proof = evidence === undefined ? null : this.#prove(evidence)
      return proof === null ? [] : [proof]
    })
  }

  #unpunished(): HeldEvidence[] {
    return [...this.#held.values()].filter(({ punishedAt }) => punishedAt === null)
  }

  /** Marks what shows no more than other evidence for which blocks have punished all of its offenders. */
  #followOthers(): readonly HeldEvidence[] {
    const followed: HeldEvidence[] = []
    for (const held of this.#unpunished()) {
      const punishedAt = this.#isAllPunished(held) ? this.#punisherOf(held) : null
      if (punishedAt === null) continue
      const punished = { ...held, punishedAt }
      this.#put(punished)
      followed.push(punished)
    }
    return followed
  }

  /** Height of the newest block with other evidence of the same. */
  #punisherOf({ kind, height, offenders }: HeldEvidence): number | null {
    let newest: number | null = null
    for (const offender of offenders)
      for (const id of this.#byOffender.get(offender) ?? []) {
        const other = this.#held.get(id)
        if (other === undefined || other.punishedAt === null || other.kind !== kind || other.height !== height) continue
        newest = Math.max(newest ?? 0, other.punishedAt)
      }
    return newest
  }

  /** Lets go of what no block may hold any more, and of the oldest that blocks have punished. */
  #prune(): void {
    const punished: HeldEvidence[] = []
    for (const held of this.#held.values())
      if (held.punishedAt !== null) punished.push(held)
      else if (!this.isLive(held)) this.#drop(held)
    if (punished.length <= MAX_PUNISHED) return
    punished.sort((left, right) => (right.punishedAt ?? 0) - (left.punishedAt ?? 0))
    for (const held of punished.slice(MAX_PUNISHED)) this.#drop(held)
  }

  /** The one that has to leave for a better one; null while there is room. */
  #leastIfFull(): HeldEvidence | null {
    const waiting = this.#unpunished()
    if (waiting.length < MAX_UNPUNISHED) return null
    const weights = new Map(waiting.map(({ id, offenders }) => [id, this.#weightOf(offenders)]))
    return waiting.reduce((least, held) => ((weights.get(held.id) ?? 0) < (weights.get(least.id) ?? 0) ? held : least))
  }

  /** Last slot whose block may hold evidence of a height; null as long as its epoch goes on. */
  #lastSlot(height: number): number | null {
    const { globals, parameters } = this.#options.chain.ledger
    const end = epochEnd(globals, height)
    return end === null ? null : lastEvidenceSlot(end, parameters)
  }

  /** No block from now on may hold it, by the clock. */
  #isExpired(height: number): boolean {
    const last = this.#lastSlot(height)
    return last !== null && Math.max(this.#options.slotNow() ?? 0, this.#options.chain.head.slot + 1) > last
  }

  /** Offences of somebody that still count: those that are held, and those that it was punished for. */
  #offencesOf(offender: Address): ReadonlySet<string> {
    const shown: { readonly kind: OffenceKind; readonly height: number }[] = [...this.#punishedFor(offender)]
    for (const id of this.#byOffender.get(offender) ?? []) {
      const held = this.#held.get(id)
      if (held !== undefined) shown.push(held)
    }
    return new Set(shown.filter((offence) => this.isLive(offence)).map(({ kind, height }) => offenceKey(kind, height)))
  }

  #punishedFor(offender: Address): readonly { readonly kind: OffenceKind; readonly height: number }[] {
    return this.#options.chain.ledger.accounts.get(offender)?.verifier?.offences ?? []
  }
  #isPunished({ kind, height }: HeldEvidence, offender: Address): boolean {
    return this.#punishedFor(offender).some((offence) => offence.kind === kind && offence.height === height)
  }
  #isAllPunished(held: HeldEvidence): boolean {
    return held.offenders.every((offender) => this.#isPunished(held, offender))
  }
  /** The ledger would punish somebody for it. */
  #isPunishable(held: HeldEvidence): boolean {
    const hasRoom = (offender: Address): boolean =>
      this.#punishedFor(offender).filter((offence) => this.isLive(offence)).length < MAX_OFFENCES
    return held.offenders.some((offender) => !this.#isPunished(held, offender) && hasRoom(offender))
  }

  /** What offenders have bonded, or weigh in the quorum: what there is to take. */
  #weightOf(offenders: readonly Address[]): number {
    const { accounts, quorum } = this.#options.chain.ledger
    let sum = 0
    for (const offender of offenders) {
      const verifier = accounts.get(offender)?.verifier ?? null
      const member = quorum.members.find(({ id }) => id === offender)
      sum += Math.max(verifier === null ? 0 : bondedTo(verifier), member?.stakeDroplets ?? 0)
    }
    return sum
  }
}

const offenceKey = (kind: OffenceKind, height: number): string => `${kind}:${height}`
