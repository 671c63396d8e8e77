import { equalBytes } from '../base/bytes.ts'
import { invariant, QuorateError } from '../base/errors.ts'
import { toHex } from '../base/hex.ts'
import type { BlockRef } from '../consensus/types.ts'
import { type Account, account } from '../ledger/account.ts'
import { valueLimitDroplets } from '../ledger/apply.ts'
import { type Globals, globals as globalsCodec } from '../ledger/globals.ts'
import { type Receipt, receipt as receiptCodec } from '../ledger/receipt.ts'
import { type SnapshotManifest, settlesElection } from '../ledger/snapshot.ts'
import { advance, genesisState, type LedgerState, restoreState, stateRoot, type Transition } from '../ledger/state.ts'
import { type PreparedTransaction, prepare } from '../ledger/transaction.ts'
import type { Store, Write } from '../ports/store.ts'
import { decode, encode, struct, u16, u64 } from '../wire/codec.ts'
import type { Genesis } from '../wire/genesis.ts'
import { blockHash, chainIdOf } from '../wire/ids.ts'
import { createQuorum, type Quorum, quorumMembers } from '../wire/quorum.ts'
import { type AggregateSignature, type Block, block, type Hash, hash, type SignedBlock, signedBlock, transaction } from '../wire/types.ts'
import { heightIn, keys, rangeOf } from './keyspace.ts'
import { installSnapshot, resumeInstall } from './snapshot-install.ts'
import { corrupt, decodeStored, place, putPunished } from './stored.ts'
import { Terms } from './terms.ts'

const LAYOUT_VERSION = 2
const chainMark = struct<{ version: number; chainId: Hash }>({ version: u16, chainId: hash })

/** Newest blocks whose hashes and links are checked at a start; older ones are checked when they are read. */
const CHECKED_AT_START = 64

/** A final block with what follows from it. */
export interface FinalBlock {
  readonly ref: BlockRef
  readonly block: SignedBlock
  readonly transactions: readonly PreparedTransaction[]
  readonly transition: Transition
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
    const chainId = chainIdOf(genesis)
    const mark = store.get(keys.chain)
    if (mark === undefined) return new Chain(genesis, store, await createStore(genesis, chainId, store))
    const known = decodeStored('the chain mark', () => decode(chainMark, mark))
    if (known.chainId !== chainId)
      throw new QuorateError(
        'wrong-chain',
        `the store holds chain ${known.chainId.slice(0, 8)}, the genesis is of chain ${chainId.slice(0, 8)}: use the genesis.json of that chain, or another directory`,
      )
    if (known.version !== LAYOUT_VERSION)
      throw new QuorateError(
        'store-version',
        `the store has layout ${known.version}, this program knows layout ${LAYOUT_VERSION}: move store/ away and start again to sync from peers; keep the file guard`,
      )
    await resumeInstall(store)
    return new Chain(genesis, store, await openExisting(genesis, chainId, store))
  }

  /** After the head. */
  get ledger(): LedgerState {
    return this.#ledger
  }
  /** Height of the first block that is here: 1, unless the chain began here with a snapshot. */
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
  /** Signs the next height. */
  get quorum(): Quorum {
    return this.ledger.quorum
  }
  /** Signs, or has signed, the head. */
  get headQuorum(): Quorum {
    return this.ledger.headQuorum
  }
  /** In the ticket messages of the next height. */
  get epochSeed(): Hash {
    return this.ledger.globals.epochSeed
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
  #takeWrites({ ref, block: signed, transactions, transition }: FinalBlock): Write[] {
    const writes: Write[] = [
      { kind: 'put', key: keys.receipt(ref.height), value: encode(receiptCodec, transition.receipt) },
      { kind: 'put', key: keys.block(ref.height), value: encode(signedBlock, signed) },
      { kind: 'put', key: keys.blockHeight(ref.hash), value: encode(u64, ref.height) },
      { kind: 'put', key: keys.head, value: encode(u64, ref.height) },
    ]
    for (const [index, { id }] of transactions.entries()) {
      writes.push({ kind: 'put', key: keys.transaction(id), value: encode(place, { height: ref.height, index }) })
      if (this.#pendingIds.delete(id)) writes.push({ kind: 'del', key: keys.pending(id) })
    }
    writes.push(...putPunished(signed))
    if (this.#terms.at(ref.height)?.hash !== transition.quorum.hash) writes.push(putTerm(ref.height + 1, transition.quorum))
    const settled = this.#guarded.filter(({ height }) => height <= ref.height)
    for (const { key } of settled) writes.push({ kind: 'del', key })
    if (settled.length > 0) this.#guarded = this.#guarded.filter(({ height }) => height > ref.height)
    return writes
  }

  #follow({ ref, block: signed, transition }: FinalBlock): void {
    const before = this.#ledger.globals
    advance(this.#ledger, transition)
    if (this.#terms.at(ref.height)?.hash !== transition.quorum.hash) this.#terms.add(ref.height + 1, transition.quorum)
    this.#head = ref
    this.#headSeal = signed.seal
    if (settlesElection(before, transition.globals)) this.#onSettled?.(ref)
  }

  /** Makes sure that all that was committed is on disk (fsync). */
  flush(): Promise<void> {
    return this.#store.write([], { durable: true })
  }
}

/** Genesis as height 0: slot 0 is free for the first block, so its own slot lies before it. */
const genesisRef = (chainId: Hash): BlockRef => ({ hash: chainId, height: 0, slot: -1, parent: chainId })

export const refOf = (chainId: Hash, of: Pick<Block, 'header'>): BlockRef => ({
  hash: blockHash(chainId, of.header),
  height: of.header.height,
  slot: of.header.slot,
  parent: of.header.parent,
})

const stateWrites = (changes: ReadonlyMap<string, Account>, globals: Globals): Write[] => [
  { kind: 'put', key: keys.globals, value: encode(globalsCodec, globals) },
  ...[...changes].map(([address, value]) => putAccount(address, value)),
]
const putTerm = (fromHeight: number, quorum: Quorum): Write => ({
  kind: 'put',
  key: keys.term(fromHeight),
  value: encode(quorumMembers, quorum.members),
})
const putAccount = (address: string, value: Account): Write => ({ kind: 'put', key: keys.account(address), value: encode(account, value) })

/** What a store gives when it is opened. */
interface Opened {
  readonly ledger: LedgerState
  readonly terms: Terms
  readonly firstHeight: number
  readonly head: BlockRef
  readonly headSeal: AggregateSignature | null
}

async function createStore(genesis: Genesis, chainId: Hash, store: Store): Promise<Opened> {
  const ledger = genesisState(genesis, chainId)
  const writes = [...stateWrites(new Map(ledger.accounts.entries()), ledger.globals), putTerm(1, ledger.quorum)]
  const mark: Write = { kind: 'put', key: keys.chain, value: encode(chainMark, { version: LAYOUT_VERSION, chainId }) }
  await store.write([...writes, mark], { durable: true })
  const terms = new Terms()
  terms.add(1, ledger.quorum)
  return { ledger, terms, firstHeight: 1, head: genesisRef(chainId), headSeal: null }
}

/** Reads the ledger back and checks it against the head's state root, and the newest blocks against each other. */
async function openExisting(genesis: Genesis, chainId: Hash, store: Store): Promise<Opened> {
  const number = (key: Uint8Array, what: string): number | undefined => {
    const bytes = store.get(key)
    return bytes === undefined ? undefined : decodeStored(what, () => decode(u64, bytes))
  }
  const height = number(keys.head, 'the head') ?? 0
  const firstHeight = number(keys.first, 'the first height') ?? 1
  const terms = new Terms()
  for await (const [key, bytes] of store.range(...rangeOf('q')))
    terms.add(heightIn(key), createQuorum(decodeStored('a quorum', () => decode(quorumMembers, bytes))))
  const ledger = await readLedger(genesis, chainId, store, height, terms)
  if (height === 0) {
    if (stateRoot(ledger) !== stateRoot(genesisState(genesis, chainId))) throw corrupt('the accounts are not those of genesis')
    return { ledger, terms, firstHeight, head: genesisRef(chainId), headSeal: null }
  }
  const head = checkNewest(chainId, store, height, firstHeight)
  if (stateRoot(ledger) !== head.block.header.stateRoot) throw corrupt(`the accounts do not give the state root of head ${height}`)
  return { ledger, terms, firstHeight, head: head.ref, headSeal: head.block.seal }
}

async function readLedger(genesis: Genesis, chainId: Hash, store: Store, height: number, terms: Terms): Promise<LedgerState> {
  const accounts: [string, Account][] = []
  for await (const [key, bytes] of store.range(...rangeOf('a')))
    accounts.push([toHex(key.subarray(1)), decodeStored('an account', () => decode(account, bytes))])
  const globalsBytes = store.get(keys.globals)
  if (globalsBytes === undefined) throw corrupt('the globals of the state are missing')
  const globals = decodeStored('the globals of the state', () => decode(globalsCodec, globalsBytes))
  const quorum = terms.at(height + 1)
  const headQuorum = terms.at(Math.max(1, height))
  if (globals.height !== height || quorum?.hash !== globals.quorum || headQuorum?.hash !== globals.headQuorum)
    throw corrupt(`state or quorums are not those of height ${height}`)
  return restoreState(genesis, chainId, { accounts, globals, quorum, headQuorum })
}

/** The head, after the newest blocks were held against each other and the index. */
function checkNewest(
  chainId: Hash,
  store: Store,
  height: number,
  firstHeight: number,
): { readonly block: SignedBlock; readonly ref: BlockRef } {
  let above: { readonly block: SignedBlock; readonly hash: Hash } | undefined
  let head: { readonly block: SignedBlock; readonly ref: BlockRef } | undefined
  for (let at = height; at > Math.max(firstHeight - 1, height - CHECKED_AT_START); at--) {
    const bytes = store.get(keys.block(at))
    if (bytes === undefined) throw corrupt(`block ${at} is missing below head ${height}`)
    const signed = decodeStored(`block ${at}`, () => decode(signedBlock, bytes))
    const ref = refOf(chainId, signed)
    if (ref.height !== at || (above !== undefined && above.block.header.parent !== ref.hash))
      throw corrupt(`block ${at} does not link to the block above it`)
    const indexed = store.get(keys.blockHeight(ref.hash))
    if (indexed === undefined || !equalBytes(indexed, encode(u64, at))) throw corrupt(`block ${at} is not in the index`)
    above = { block: signed, hash: ref.hash }
    head ??= { block: signed, ref }
  }
  invariant(head !== undefined, 'a chain above genesis has a head')
  return head
}
