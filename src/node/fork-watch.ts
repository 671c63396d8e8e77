import type { Hex } from '../base/hex.ts'
import type { Verdict } from '../base/verdict.ts'
import { checkEvidence } from '../consensus/evidence.ts'
import { isForkProof } from '../consensus/fork.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { Signatures } from '../crypto/signatures.ts'
import type { Network } from '../ports/network.ts'
import type { Store } from '../ports/store.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import type { ProvenEvidence } from '../wire/evidence.ts'
import type { Status } from '../wire/sync.ts'
import type { Evidence, Hash } from '../wire/types.ts'
import { FORK_REMINDER_MS } from './bounds.ts'
import type { EvidencePool, HeldEvidence } from './evidence-pool.ts'
import { Carried } from './fork-carried.ts'
import { ForkLooks } from './fork-looks.ts'
import {
  branchesOf,
  type ForkChain,
  type ForkRecord,
  goesOn,
  hashAt,
  isOn,
  leaves,
  newForkRecord,
  pinsOf,
  putForkRecord,
  readForkRecord,
  type SeenBranch,
  type StandingBranch,
  withBranch,
  withProof,
} from './fork-record.ts'
import type { SyncClient } from './sync-client.ts'

export interface ForkWatchOptions {
  readonly chain: ForkChain
  readonly store: Store
  readonly network: Pick<Network, 'onPeer'>
  readonly client: SyncClient
  readonly signatures: Pick<Signatures, 'blsVerifyAggregate'>
  readonly telemetry: Telemetry
  readonly nowMs: () => number
  readonly evidence: Pick<EvidencePool, 'list' | 'evidence'>
  /** Takes evidence that was found here, and tells everybody. */
  readonly report: (evidence: Evidence) => Verdict<HeldEvidence>
  /** Takes transactions as the API does. */
  readonly submit: (transactions: readonly Hex[]) => Promise<unknown>
  /** A fork is proven: from now on nothing is signed (recovery.md X2). Once for each fork, and at a start on one. */
  readonly onForked: (record: ForkRecord) => void
  /**
   * The branch that the operator chose is here up to its highest block: the next height is to be worked on without these BLS keys
   * (X9). Called again when the head, or the evidence, is another.
   */
  readonly onReadyToRecover: (offenders: ReadonlySet<Hex>) => void
  /** What the operator should be told; null once there is nothing to tell any more. */
  readonly onAlarm: (detail: string | null) => void
  /** What the alarm says. */
  readonly describe: (fork: Fork) => string
  readonly onFatal: (error: unknown) => void
}

/** A fork as it stands. */
export interface Fork {
  readonly record: ForkRecord
  readonly branches: readonly StandingBranch[]
  /** Null while no branch is known. */
  readonly goesOn: StandingBranch | null
  /** The chain of this node has all blocks of the branch that goes on that it reaches, and the operator need not leave it. */
  readonly isOwnGoingOn: boolean
  /** BLS keys of all who are proven to have sealed two blocks at the height of the fork, ascending. */
  readonly offenders: readonly Hex[]
}

/** Knows of forks (recovery.md): finds them, remembers them, and brings the node to where it can recover. */
export class ForkWatch {
  readonly #options: ForkWatchOptions
  readonly #looks: ForkLooks
  readonly #carried: Carried
  #record: ForkRecord | null
  #writing: Promise<void> = Promise.resolve()
  /** Head and offenders of the last call of `onReadyToRecover`. */
  #readyFor = ''
  #hasOffered = false
  #reminder: NodeJS.Timeout | undefined

  private constructor(options: ForkWatchOptions, carried: Carried) {
    this.#options = options
    this.#carried = carried
    this.#record = readForkRecord(options.store)
    this.#looks = new ForkLooks({
      ...options,
      record: () => this.#record,
      onBranch: (height, seen) => this.#noteBranch(height, seen),
      onEvidence: (evidence) => this.#reportFound(evidence),
    })
  }

  /** @throws QuorateError `store-corrupt` */
  static async open(options: ForkWatchOptions): Promise<ForkWatch> {
    return new ForkWatch(options, await Carried.open(options))
  }

  /** Takes up what is known, and what the evidence that is here proves. */
  start(): void {
    const { evidence, onForked } = this.#options
    this.#looks.start()
    this.#reminder = setInterval(() => this.#remind(), FORK_REMINDER_MS)
    if (this.#record !== null && this.isHalted) onForked(this.#record)
    for (const held of evidence.list()) this.found(held)
    this.settle()
    this.#remind()
  }
  async stop(): Promise<void> {
    clearInterval(this.#reminder)
    this.#looks.stop()
    await this.written()
  }
  /** Resolves when all that was noted is on disk. Rejects with QuorateError `store-full` or `store-failed`. */
  async written(): Promise<void> {
    await this.#writing
  }

  /** The newest fork; null if none was ever seen. */
  get fork(): Fork | null {
    const { chain, evidence } = this.#options
    return this.#record === null ? null : forkOf(this.#record, chain, evidence.list())
  }
  /** There is a fork that no recovery block has ended. */
  get isHalted(): boolean {
    return this.#record !== null && this.#record.resolvedAt === null
  }
  /** No peer is looked into right now. */
  get isIdle(): boolean {
    return this.#looks.isIdle
  }

  /** Evidence was seen for the first time. */
  found(held: HeldEvidence): void {
    if (held.kind !== 'double-seal') return
    const evidence = this.#options.evidence.evidence(held.id)
    if (evidence === undefined) return
    const proof = checkEvidence(this.#options.chain.signingIdAt(held.height), evidence, null)
    if (proof.kind === 'accept') this.#consider(proof.value)
    this.#lookWhetherReady()
  }
  /** A peer told its status. */
  heard(peerId: string, status: Status): void {
    this.#looks.heard(peerId, status)
  }
  /** Sync: the block that a peer gives for the next height does not extend the head, or is of a branch that is not followed. */
  offBranch(peerId: string, status: Status | undefined): void {
    this.#looks.offBranch(peerId, status)
  }
  /** The operator has chosen another branch than that of this block. */
  refuses(ref: Pick<BlockRef, 'height' | 'hash'>): boolean {
    return this.isHalted && this.#record?.follow != null && leaves(this.#record.follow, ref)
  }

  /** The head moved. */
  settle(): void {
    const { chain } = this.#options
    void this.#run(() => this.#carried.offerEvidence(chain.head.height))
    if (this.#record !== null && this.isHalted && chain.lastRecoveryHeight > this.#record.height) {
      void this.#set({ ...this.#record, resolvedAt: chain.lastRecoveryHeight })
      this.#options.onAlarm(null)
    }
    this.#lookWhetherReady()
  }

  /** X1, X2: whether this proves a fork, and a lower one than is known. */
  #consider(proof: ProvenEvidence): void {
    const { chain, nowMs, onForked } = this.#options
    const { height, id, evidence } = proof
    if (height < chain.lastRecoveryHeight) return
    const quorum = chain.quorumAt(height)
    if (quorum === undefined || !isForkProof(proof, quorum)) return
    const known = this.isHalted ? this.#record : null
    if (known !== null && (known.height < height || known.proofs.includes(id))) return
    const isNew = known === null || known.height > height
    let record = withProof(isNew ? newForkRecord(height, nowMs()) : known, id)
    for (const { statement } of [evidence.first, evidence.second]) record = withBranch(record, onlySealed(height, statement.block))
    if (record === known) return
    // X2: from that moment nothing more is signed. What proves it is on disk by itself, and is looked through again at a start.
    void this.#set(record)
    if (isNew) onForked(record)
    this.#remind()
  }

  #reportFound(evidence: Evidence): void {
    const { report, chain } = this.#options
    const verdict = report(evidence)
    if (verdict.kind === 'accept') return
    // It may be held since before this node knew what it proves.
    const proof = checkEvidence(chain.signingIdAt(evidence.first.statement.height), evidence, null)
    if (proof.kind === 'accept' && verdict.code === 'known') this.#consider(proof.value)
  }

  #noteBranch(height: number, seen: SeenBranch): void {
    const record = this.#record
    if (record === null || !this.isHalted || record.height !== height) return
    const more = withBranch(record, seen)
    if (more === record) return
    void this.#set(more)
    this.#remind()
  }

  /** X9: the branch that is followed is here, up to the highest block that was known when it was chosen. */
  #lookWhetherReady(): void {
    const { chain, evidence, onReadyToRecover } = this.#options
    const record = this.#record
    if (record === null || !this.isHalted || record.follow === null) return
    const { head, pins } = record.follow
    if (chain.head.height < head.height || !isOn(chain, pins)) return
    const offenders = offendersOf(record.height, chain, evidence.list())
    const state = `${chain.head.hash} ${offenders.join()}`
    if (offenders.length === 0 || state === this.#readyFor) return
    this.#readyFor = state
    onReadyToRecover(new Set(offenders))
    if (this.#hasOffered) return
    this.#hasOffered = true
    void this.#run(() => this.#carried.offerTransactions())
  }

  #set(record: ForkRecord): Promise<void> {
    this.#record = record
    return this.#run(() => this.#options.store.write([putForkRecord(record)], { durable: true }))
  }

  /** One after the other; what fails ends the node. */
  #run(task: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(task)
    this.#writing = done
    done.catch(this.#options.onFatal)
    return done
  }

  #remind(): void {
    const { fork } = this
    if (fork !== null && this.isHalted) this.#options.onAlarm(this.#options.describe(fork))
  }
}

const onlySealed = (height: number, first: Hash): SeenBranch => ({
  ...{ first, head: { height, hash: first }, burnedMicroHours: 0 },
  ...{ seen: 'seal', recoveredAt: null, leavesAt: null },
})

/** A fork as it stands, by its record, the chain, and the evidence that is here. */
export function forkOf(record: ForkRecord, chain: ForkChain, held: readonly HeldEvidence[]): Fork {
  const branches = branchesOf(record, chain)
  const best = branches.length === 0 ? null : goesOn(branches)
  const isOwnGoingOn = best !== null && hashAt(chain, record.height) === best.first && isOn(chain, pinsOf(record, best))
  return { record, branches, goesOn: best, isOwnGoingOn, offenders: offendersOf(record.height, chain, held) }
}

/** X9: all who are named by evidence of two seals at a height. */
function offendersOf(height: number, { ledger }: Pick<ForkChain, 'ledger'>, held: readonly HeldEvidence[]): readonly Hex[] {
  const keys = new Set<Hex>()
  for (const one of held) {
    if (one.kind !== 'double-seal' || one.height !== height) continue
    for (const offender of one.offenders) {
      const blsKey = ledger.accounts.get(offender)?.verifier?.blsKey
      if (blsKey !== undefined) keys.add(blsKey)
    }
  }
  return [...keys].sort()
}
