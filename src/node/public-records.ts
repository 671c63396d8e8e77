import { accept, ignore, reject, type Verdict } from '../base/verdict.ts'
import { enoughStake, stakeOf } from '../consensus/quorum.ts'
import type { Input } from '../consensus/types.ts'
import type { Network } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { MAX_INVENTORY, MAX_SYNC_BYTES } from '../wire/bounds.ts'
import { decode, encode, WireError } from '../wire/codec.ts'
import type { Quorum } from '../wire/quorum.ts'
import { recordId } from '../wire/sync.ts'
import { type Certificate, type Evidence, type Hash, type PublicRecord, publicRecord } from '../wire/types.ts'
import { MAX_EARLY_SLOTS, MAX_KEPT_RECORD_BYTES, MAX_KEPT_RECORDS } from './bounds.ts'
import type { Chain } from './chain.ts'
import type { EvidencePool, HeldEvidence } from './evidence-pool.ts'
import type { Heard } from './heard.ts'
import type { QuorumSignatures } from './quorum-signatures.ts'
import { SignerBudget } from './signer-budget.ts'

export interface PublicRecordsOptions {
  readonly chain: Chain
  readonly quorumSignatures: QuorumSignatures
  readonly heard: Pick<Heard, 'knows' | 'isWitnessed'>
  readonly pool: EvidencePool
  readonly network: Network
  readonly telemetry: Telemetry
  /** The slot of the clock; null before the first. */
  readonly slotNow: () => number | null
  readonly feed: (input: Input) => void
}

interface Kept {
  readonly kind: 'certificate' | 'tally'
  readonly height: number
  readonly bytes: Uint8Array
}

/**
 * What the public process of signing leaves behind: validates it, keeps it for peers, and publishes this node's own part. Evidence lies
 * in the pool; certificates are kept for the height that is being worked on, tallies for the newest heights, both in memory.
 */
export class PublicRecords {
  readonly #options: PublicRecordsOptions
  /** By id. */
  readonly #kept = new Map<Hash, Kept>()
  readonly #budget = new SignerBudget()
  #keptBytes = 0

  constructor(options: PublicRecordsOptions) {
    this.#options = options
  }

  /** Validates a message of the topic `evidence`. */
  validate(data: Uint8Array): Verdict<unknown> {
    let record: PublicRecord
    try {
      record = decode(publicRecord, data)
    } catch (error) {
      // [REJECT] malformed: no canonical bytes within the bounds.
      if (error instanceof WireError) return reject('malformed', error.message)
      throw error
    }
    return this.take(record)
  }

  /** Validates a record, wherever it came from, and keeps it if it is good; the checks are those of `protocols/evidence.md`. */
  take(record: PublicRecord): Verdict<unknown> {
    switch (record.kind) {
      case 'certificate':
        return this.#takeCertificate(record)
      case 'tally':
        return this.#takeTally(record)
      case 'evidence':
        return this.#options.pool.add(record.evidence)
    }
  }

  /** Takes evidence that this node found or was handed, and tells everybody. */
  report(evidence: Evidence): Verdict<HeldEvidence> {
    const added = this.#options.pool.add(evidence)
    if (added.kind === 'accept') this.#publish({ kind: 'evidence', evidence })
    return added
  }

  /** Carries out `gossip-certificate`. */
  publishCertificate(certificate: Certificate): void {
    const record: PublicRecord = { kind: 'certificate', certificate }
    this.#keep(record, certificate.statement.height)
    this.#publish(record)
  }
  /** Carries out `gossip-tally`: its signatures were checked one by one as they came. */
  publishTally(certificates: readonly Certificate[]): void {
    const record: PublicRecord = { kind: 'tally', certificates }
    this.#keep(record, certificates[0]?.statement.height ?? 0)
    this.#publish(record)
  }

  has(id: Hash): boolean {
    return this.#kept.has(id) || this.#options.pool.hasRecord(id)
  }

  /** Ids of all that peers may need: evidence that blocks may still hold, and what is kept here, the highest heights first. */
  inventory(): readonly Hash[] {
    const { pool } = this.#options
    const evidence = pool.list().filter((held) => pool.isLive(held))
    const kept = [...this.#kept].sort(([, left], [, right]) => right.height - left.height)
    return [...evidence.map((held) => held.recordId), ...kept.map(([id]) => id)].slice(0, MAX_INVENTORY)
  }

  /** The bytes of these records, as many as are here and fit into an answer. */
  records(ids: readonly Hash[]): readonly Uint8Array[] {
    const found: Uint8Array[] = []
    let bytes = 0
    for (const id of new Set(ids)) {
      const record = this.#bytesOf(id)
      if (record === undefined) continue
      bytes += record.length
      if (bytes > MAX_SYNC_BYTES) break
      found.push(record)
    }
    return found
  }

  /** The head moved: certificates are of no use below the height that is being worked on, tallies of old heights prove nothing new. */
  settle(headHeight: number): void {
    const { heard } = this.#options
    for (const [id, { kind, height }] of this.#kept)
      if (kind === 'certificate' ? height <= headHeight : !heard.isWitnessed(height)) this.#drop(id)
  }

  #takeCertificate(record: Extract<PublicRecord, { kind: 'certificate' }>): Verdict<unknown> {
    const { chain, quorumSignatures, feed } = this.#options
    const { certificate } = record
    const { statement } = certificate
    // [REJECT] wrong-kind: only votes and locks leave certificates behind that a height still needs.
    if (statement.kind !== 'vote' && statement.kind !== 'lock') return reject('wrong-kind', statement.kind)
    // [IGNORE] old-height, future-height: another height than the one that is being worked on.
    const height = chain.head.height + 1
    if (statement.height !== height)
      return ignore(statement.height < height ? 'old-height' : 'future-height', `height ${statement.height}, working on ${height}`)
    // [REJECT] not-enough-stake, unknown-signer, no-signers, bad-signature.
    const checked = quorumSignatures.checkCertificate(chain.quorum, certificate)
    if (checked.kind !== 'accept') return checked
    this.#keep(record, statement.height)
    feed({ kind: 'certificate', certificate })
    return checked
  }

  #takeTally(record: Extract<PublicRecord, { kind: 'tally' }>): Verdict<unknown> {
    const { chain, heard, quorumSignatures, slotNow } = this.#options
    const { certificates } = record
    // [REJECT] empty-tally, wrong-kind, wrong-tally.
    const shape = checkShape(certificates)
    if (shape.kind !== 'accept') return shape
    const { height, slot } = shape.value
    // [IGNORE] old-height, future-height: neither being worked on nor one of the newest final ones.
    const detail = `height ${height}, the head is ${chain.head.height}`
    if (height > chain.head.height + 1) return ignore('future-height', detail)
    const quorum = heard.isWitnessed(height) ? chain.quorumAt(height) : undefined
    if (quorum === undefined) return ignore('old-height', detail)
    // [IGNORE] future-slot: nobody has led in it yet.
    const now = slotNow()
    if (slot !== null && slot > (now ?? 0) + MAX_EARLY_SLOTS) return ignore('future-slot', `slot ${slot}, it is slot ${now}`)
    // [IGNORE] known: everybody in it is known to have signed that.
    const news = certificates.filter(({ statement, aggregate }) => !heard.knows(quorum, statement, aggregate.signers))
    if (news.length === 0 && certificates.every(({ aggregate }) => aggregate.signers.length > 0))
      return ignore('known', `${certificates.length} certificates at height ${height}`)
    // [IGNORE] too-many-statements: its signers have had their part of this node's time.
    const keys = news.map(({ aggregate }) => keysOf(quorum, aggregate.signers))
    if (keys.some((of) => !this.#budget.allows(of, now ?? 0)))
      return ignore('too-many-statements', `of all signers of a certificate at height ${height}`)
    // [REJECT] no-signers, unknown-signer, bad-signature: of any certificate.
    for (const { statement, aggregate } of certificates) {
      const checked = quorumSignatures.checkSigners(quorum, statement, aggregate)
      if (checked.kind !== 'accept') return checked
    }
    for (const of of keys) this.#budget.spend(of, now ?? 0)
    this.#keep(record, height)
    if (height === chain.head.height + 1) for (const certificate of certificates) this.#feed(quorum, certificate)
    return accept(undefined)
  }

  /** A leader that got enough votes or locks and told nobody else may be the only one who knows. */
  #feed(quorum: Quorum, certificate: Certificate): void {
    const { statement, aggregate } = certificate
    const stakes = quorum.members.map((member) => member.stakeDroplets)
    const isEnough = stakeOf(stakes, aggregate.signers) >= enoughStake(quorum.totalStakeDroplets)
    if (isEnough && (statement.kind === 'vote' || statement.kind === 'lock')) this.#options.feed({ kind: 'certificate', certificate })
  }

  #keep(record: Exclude<PublicRecord, { kind: 'evidence' }>, height: number): void {
    const id = recordId(record)
    if (this.#kept.has(id)) return
    const bytes = encode(publicRecord, record)
    this.#kept.set(id, { kind: record.kind, height, bytes })
    this.#keptBytes += bytes.length
    while (this.#kept.size > MAX_KEPT_RECORDS || this.#keptBytes > MAX_KEPT_RECORD_BYTES) {
      let oldest: readonly [Hash, Kept] | undefined
      for (const entry of this.#kept) if (oldest === undefined || entry[1].height < oldest[1].height) oldest = entry
      if (oldest !== undefined) this.#drop(oldest[0])
    }
  }

  #drop(id: Hash): void {
    this.#keptBytes -= this.#kept.get(id)?.bytes.length ?? 0
    this.#kept.delete(id)
  }

  #bytesOf(id: Hash): Uint8Array | undefined {
    const kept = this.#kept.get(id)
    if (kept !== undefined) return kept.bytes
    const evidence = this.#options.pool.ofRecord(id)
    return evidence === undefined ? undefined : encode(publicRecord, { kind: 'evidence', evidence })
  }

  #publish(record: PublicRecord): void {
    const { network, telemetry } = this.#options
    network
      .publish('evidence', encode(publicRecord, record))
      .catch((error: unknown) => telemetry.log('warn', 'gossip.publish-failed', { topic: 'evidence', error: String(error) }))
  }
}

const keysOf = ({ members }: Quorum, signers: readonly number[]): readonly string[] =>
  signers.map((signer) => members[signer]?.blsKey ?? '')

const phases = { vote: 0, lock: 1, seal: 2 } as const

/** Height and slot of a tally: votes, locks and seals of what one leader proposed, in this order, of each at most one certificate. */
function checkShape(certificates: readonly Certificate[]): Verdict<{ readonly height: number; readonly slot: number | null }> {
  const [first] = certificates
  if (first === undefined) return reject('empty-tally', 'no certificate')
  const { height, block } = first.statement
  let slot: number | null = null
  let phase = -1
  for (const { statement } of certificates) {
    if (statement.kind === 'candidate') return reject('wrong-kind', statement.kind)
    const own: number | null = statement.kind === 'seal' ? slot : statement.slot
    if (statement.height !== height || statement.block !== block || phases[statement.kind] <= phase || (slot !== null && own !== slot))
      return reject('wrong-tally', 'not the votes, locks and seals of one block in one slot, in this order')
    phase = phases[statement.kind]
    slot = own
  }
  return accept({ height, slot })
}
