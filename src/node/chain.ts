import { invariant, QuorateError } from '../base/errors.ts'
import type { Hex } from '../base/hex.ts'
import type { BlockRef } from '../consensus/types.ts'
import type { Account } from '../ledger/account.ts'
import { valueLimitDroplets } from '../ledger/apply.ts'
import { type Receipt, receipt as receiptCodec } from '../ledger/receipt.ts'
import { signingIdAt } from '../ledger/recoveries.ts'
import { type SnapshotManifest, settlesElection } from '../ledger/snapshot.ts'
import { advance, type LedgerState, type Transition } from '../ledger/state.ts'
import { type PreparedTransaction, prepare } from '../ledger/transaction.ts'
import type { Store, Write } from '../ports/store.ts'
import { decode, encode, u64 } from '../wire/codec.ts'
import type { Genesis } from '../wire/genesis.ts'
import type { Quorum } from '../wire/quorum.ts'
import { type AggregateSignature, type Block, block, type Hash, type SignedBlock, signedBlock, transaction } from '../wire/types.ts'
import { type Opened, openExisting, openStore, putTerm, refOf, stateWrites } from './chain-store.ts'
import { keys, rangeOf } from './keyspace.ts'
import { recoverySigning, type Signing } from './recovery-blocks.ts'
import { installSnapshot } from './snapshot-install.ts'
import { decodeStored, place, putConcerns, putPunished } from './stored.ts'
import type { Terms } from './terms.ts'

/** A final block with what follows from it. */
export interface FinalBlock {
  readonly ref: BlockRef
  readonly block: SignedBlock
  readonly transactions: readonly PreparedTransaction[]
  readonly transition: Transition
  /** Of a recovery block: who signs it, and with what. */
  readonly recovery: Signing | null
}

/**
 * The final blocks and the ledger after them, on disk and in memory. One writer: the runner. What is committed is on
 * disk (fsync) when `commit` resolves; memory follows the disk, never the other way round.
 */
export class Chain {
  readonly genesis: Genesis
  readonly chainId: Hash
  readonly #store: Store
  #ledger: LedgerState
  #firstHeight: number
  #terms: Terms
  #head: BlockRef
  #headSeal: AggregateSignature | null
  /** Final in memory, not yet in the store. */
  #appended: FinalBlock[] = []
  readonly #pendingIds = new Set<Hash>()
  #guarded: { readonly height: number; readonly hash: Hash; readonly key: Uint8Array }[] = []
  #onSettled: ((ref: BlockRef) => void) | null = null
  /** With whom this node goes on above the head, after a fork. */
  #recovery: Signing | null = null
  #offenders: ReadonlySet<Hex> = new Set()
  #isForked = false

  private constructor(genesis: Genesis, store: Store, opened: Opened) {
    this.genesis = genesis
    this.chainId = opened.ledger.chainId
    this.#store = store
    this.#ledger = opened.ledger
    this.#firstHeight = opened.firstHeight
    this.#terms = opened.terms
    this.#head = opened.head
    this.#headSeal = opened.headSeal
  }

  /**
   * Opens the chain of a genesis in a store, empty or of the same chain.
   * Rejects with QuorateError `wrong-chain`, `store-version` or `store-corrupt`; nothing is repaired or removed.
   */
  static async open(genesis: Genesis, store: Store): Promise<Chain> {
    return new Chain(genesis, store, await openStore(genesis, store))
  }

  /** After the head. */
  get ledger(): LedgerState {
    return this.#ledger
  }
  /** Height of the first block that is here: 1, unless the chain began here with a snapshot, or was pruned. */
  get firstHeight(): number {
    return this.#firstHeight
  }
  get head(): BlockRef {
    return this.#head
  }
  /** The fullest seal certificate of the head; null at genesis. */
  get headSeal(): AggregateSignature | null {
    return this.#headSeal
  }
  /** Signs the next height. While this node recovers: those who are left. */
  get quorum(): Quorum {
    return this.#recovery?.quorum ?? this.ledger.quorum
  }
  /** By whom and with what the next block is sealed, unless it is a recovery block. */
  get sealing(): Signing {
    return { quorum: this.ledger.quorum, signingId: signingIdAt(this.ledger.globals, this.chainId, this.#head.height + 1) }
  }
  /** Of the newest recovery block; 0 if there is none. */
  get lastRecoveryHeight(): number {
    return this.ledger.globals.recoveries.at(-1)?.height ?? 0
  }
  /** Whom this node leaves out of the recovery block that it works on; null at other times. */
  get recoveringWithout(): ReadonlySet<Hex> | null {
    return this.#recovery === null ? null : this.#offenders
  }
  /** Nodes may not agree on who signs this height: there was a fork, and no recovery block yet. */
  isDisputed(height: number): boolean {
    return (this.#isForked || this.#recovery !== null) && height > this.#head.height
  }
  /** There is a fork proof (`recovery.md` X2). */
  fork(): void {
    this.#isForked = true
  }
  /** Signs, or has signed, the head. */
  get headQuorum(): Quorum {
    return this.ledger.headQuorum
  }
  /** In the ticket messages of the next height. */
  get epochSeed(): Hash {
    return this.ledger.globals.epochSeed
  }
  /** What statements of a height are signed with, up to the next. */
  signingIdAt(height: number): Hash {
    if (this.#recovery !== null && height > this.#head.height) return this.#recovery.signingId
    return signingIdAt(this.ledger.globals, this.chainId, height)
  }
  /**
   * `recovery.md` X9: from here on this node works on a recovery block on the head.
   * @throws QuorateError `recovery-nobody`
   */
  recover(offenders: ReadonlySet<Hex>): void {
    const signing = recoverySigning(this, offenders)
    if (signing === null) throw new QuorateError('recovery-nobody', `evidence names all who could go on: ${offenders.size} offenders`)
    this.#recovery = signing
    this.#offenders = offenders
  }
  /** The quorum of a height up to the next; undefined below the first block that is here, and above the next. */
  quorumAt(height: number): Quorum | undefined {
    if (height === this.#head.height + 1) return this.quorum
    if (height === this.#head.height) return this.headQuorum
    return height > this.#head.height ? undefined : this.#terms.at(height)
  }
  /** Most droplets that the next block may move. */
  get valueLimitDroplets(): number {
    return valueLimitDroplets(this.ledger)
  }
  /** What the block of a height did besides moving what its transactions say. @throws QuorateError `store-corrupt` */
  receipt(height: number): Receipt | undefined {
    const bytes = this.#store.get(keys.receipt(height))
    return bytes === undefined ? undefined : decodeStored(`the receipt of block ${height}`, () => decode(receiptCodec, bytes))
  }

  /** Writes a block that extends the head; on disk when it resolves. Rejects with QuorateError `store-full` or `store-failed`. */
  async commit(final: FinalBlock): Promise<void> {
    invariant(this.#appended.length === 0, 'appended blocks are written before one is committed')
    this.#checkExtends(final)
    await this.#store.write([...this.#takeWrites(final), ...stateWrites(final.transition.changes, final.transition.globals)], {
      durable: true,
    })
    this.#follow(final)
  }

  /**
   * Goes on from the snapshot of a block, all of whose parts are in the store, in the place of genesis; snapshot and block
   * were checked. On disk when it resolves. If it is broken off, the next opening brings it to its end.
   */
  async adopt(signed: SignedBlock, manifest: SnapshotManifest): Promise<void> {
    invariant(this.#head.height === 0 && this.#appended.length === 0, 'a snapshot takes the place of genesis alone')
    await installSnapshot(this.#store, this.chainId, signed, manifest)
    const { ledger, terms, firstHeight, head, headSeal } = await openExisting(this.genesis, this.chainId, this.#store)
    this.#ledger = ledger
    this.#terms = terms
    this.#firstHeight = firstHeight
    this.#head = head
    this.#headSeal = headSeal
  }

  /** Hears of each block that settles an election, at the moment at which the ledger is the state after it. */
  onElectionSettled(listener: (ref: BlockRef) => void): void {
    this.#onSettled = listener
  }

  /**
   * Takes a block that extends the head into memory; `writeAppended` must follow before anything else uses the chain.
   * Sync imports runs of blocks this way: what several of them change is written once.
   */
  append(final: FinalBlock): void {
    this.#checkExtends(final)
    this.#appended.push(final)
    this.#follow(final)
  }

  /** Writes what was appended, all or nothing; it is on disk after the next `commit` or `flush`. */
  async writeAppended(): Promise<void> {
    const run = this.#appended
    if (run.length === 0) return
    const changes = new Map<string, Account>()
    for (const { transition } of run) for (const [address, value] of transition.changes) changes.set(address, value)
    const writes = [...run.flatMap((final) => this.#takeWrites(final)), ...stateWrites(changes, this.ledger.globals)]
    await this.#store.write(writes, { durable: false })
    this.#appended = []
  }

  /** Blocks below a height are being removed from the store. */
  forgetBelow(height: number): void {
    invariant(height <= this.#head.height, 'the head stays')
    this.#firstHeight = height
  }

  /** Replaces the head's seal certificate by a fuller one. */
  async improveSeal(seal: AggregateSignature): Promise<void> {
    const signed = this.block(this.#head.height)
    invariant(signed !== undefined, 'the head is in the store')
    this.#headSeal = seal
    await this.#store.write([{ kind: 'put', key: keys.block(this.#head.height), value: encode(signedBlock, { ...signed, seal }) }], {
      durable: false,
    })
  }

  /** The final block of a height from 1 up. @throws QuorateError `store-corrupt` */
  block(height: number): SignedBlock | undefined {
    const bytes = this.#store.get(keys.block(height))
    return bytes === undefined ? undefined : decodeStored(`block ${height}`, () => decode(signedBlock, bytes))
  }
  /** As `block`, in its encoding. */
  blockBytes(height: number): Uint8Array | undefined {
    return this.#store.get(keys.block(height))
  }
  heightOf(of: Hash): number | undefined {
    const bytes = this.#store.get(keys.blockHeight(of))
    return bytes === undefined ? undefined : decodeStored('a block height', () => decode(u64, bytes))
  }
  placeOf(id: Hash): { readonly height: number; readonly index: number } | undefined {
    const bytes = this.#store.get(keys.transaction(id))
    return bytes === undefined ? undefined : decodeStored('a place of a transaction', () => decode(place, bytes))
  }

  /** Keeps the body of a block that this verifier is about to lock or seal; on disk when it resolves. */
  async guardBlock(ref: BlockRef, body: Block): Promise<void> {
    if (this.#guarded.some(({ hash }) => hash === ref.hash)) return
    const key = keys.guarded(ref.height, ref.hash)
    await this.#store.write([{ kind: 'put', key, value: encode(block, body) }], { durable: true })
    this.#guarded.push({ height: ref.height, hash: ref.hash, key })
  }
  /** Bodies kept by `guardBlock` before this start, for heights above the head. */
  async guardedBlocks(): Promise<readonly Block[]> {
    const bodies: Block[] = []
    for await (const [key, bytes] of this.#store.range(...rangeOf('g'))) {
      const body = decodeStored('a guarded block', () => decode(block, bytes))
      const { height, hash: of } = refOf(this.chainId, body)
      this.#guarded.push({ height, hash: of, key })
      if (height > this.#head.height) bodies.push(body)
    }
    return bodies
  }

  /** Keeps transactions that the API accepted; on disk when it resolves. */
  async keepPending(accepted: readonly PreparedTransaction[]): Promise<void> {
    for (const { id } of accepted) this.#pendingIds.add(id)
    await this.#store.write(
      accepted.map(({ id, transaction: value }) => ({ kind: 'put', key: keys.pending(id), value: encode(transaction, value) })),
      { durable: true },
    )
  }
  async dropPending(ids: readonly Hash[]): Promise<void> {
    for (const id of ids) this.#pendingIds.delete(id)
    await this.#store.write(
      ids.map((id) => ({ kind: 'del', key: keys.pending(id) })),
      { durable: false },
    )
  }
  async pending(): Promise<readonly PreparedTransaction[]> {
    const kept: PreparedTransaction[] = []
    for await (const [, bytes] of this.#store.range(...rangeOf('p')))
      kept.push(prepare(decodeStored('a pending transaction', () => decode(transaction, bytes))))
    for (const { id } of kept) this.#pendingIds.add(id)
    return kept
  }

  #checkExtends({ ref }: FinalBlock): void {
    invariant(ref.parent === this.#head.hash && ref.height === this.#head.height + 1, 'a final block extends the head')
  }

  /** What a final block writes, accounts aside; what it settles is forgotten in memory. */
  #takeWrites({ ref, block: signed, transactions, transition, recovery }: FinalBlock): Write[] {
    const writes: Write[] = [
      { kind: 'put', key: keys.receipt(ref.height), value: encode(receiptCodec, transition.receipt) },
      { kind: 'put', key: keys.block(ref.height), value: encode(signedBlock, signed) },
      { kind: 'put', key: keys.blockHeight(ref.hash), value: encode(u64, ref.height) },
      { kind: 'put', key: keys.head, value: encode(u64, ref.height) },
    ]
    for (const [index, prepared] of transactions.entries()) {
      const { id } = prepared
      writes.push({ kind: 'put', key: keys.transaction(id), value: encode(place, { height: ref.height, index }) })
      writes.push(...putConcerns(prepared, ref, index))
      if (this.#pendingIds.delete(id)) writes.push({ kind: 'del', key: keys.pending(id) })
    }
    writes.push(...putPunished(signed))
    if (recovery !== null) writes.push(putTerm(ref.height, recovery.quorum))
    if ((recovery?.quorum ?? this.#terms.at(ref.height))?.hash !== transition.quorum.hash)
      writes.push(putTerm(ref.height + 1, transition.quorum))
    const settled = this.#guarded.filter(({ height }) => height <= ref.height)
    for (const { key } of settled) writes.push({ kind: 'del', key })
    if (settled.length > 0) this.#guarded = this.#guarded.filter(({ height }) => height > ref.height)
    return writes
  }

  #follow({ ref, block: signed, transition, recovery }: FinalBlock): void {
    const before = this.#ledger.globals
    if (recovery !== null) {
      this.#isForked = false
      this.#ledger.quorum = recovery.quorum
      this.#terms.put(ref.height, recovery.quorum)
    }
    const isRecovering = this.#recovery !== null && recovery === null
    this.#recovery = null
    advance(this.#ledger, transition)
    if (this.#terms.at(ref.height)?.hash !== transition.quorum.hash) this.#terms.put(ref.height + 1, transition.quorum)
    this.#head = ref
    this.#headSeal = signed.seal
    if (isRecovering) this.recover(this.#offenders)
    if (settlesElection(before, transition.globals)) this.#onSettled?.(ref)
  }

  /** Makes sure that all that was committed is on disk (fsync). */
  flush(): Promise<void> {
    return this.#store.write([], { durable: true })
  }
}
