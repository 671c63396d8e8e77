import { equalBytes } from '../base/bytes.ts'
import { invariant, QuorateError } from '../base/errors.ts'
import { toHex } from '../base/hex.ts'
import type { BlockRef } from '../consensus/types.ts'
import { type Account, account } from '../ledger/account.ts'
import { type Globals, globals as globalsCodec } from '../ledger/globals.ts'
import { genesisState, type LedgerState, restoreState, stateRoot } from '../ledger/state.ts'
import type { Store, Write } from '../ports/store.ts'
import { decode, encode, struct, u16, u64 } from '../wire/codec.ts'
import type { Genesis } from '../wire/genesis.ts'
import { blockHash, chainIdOf } from '../wire/ids.ts'
import { createQuorum, type Quorum, quorumMembers } from '../wire/quorum.ts'
import { type AggregateSignature, type Block, type Hash, hash, type SignedBlock, signedBlock } from '../wire/types.ts'
import { heightIn, keys, rangeOf } from './keyspace.ts'
import { resumeInstall } from './snapshot-install.ts'
import { corrupt, decodeStored } from './stored.ts'
import { Terms } from './terms.ts'

const LAYOUT_VERSION = 4
const chainMark = struct<{ version: number; chainId: Hash }>({ version: u16, chainId: hash })

/** Newest blocks whose hashes and links are checked at a start; older ones are checked when they are read. */
const CHECKED_AT_START = 64

/** Genesis as height 0: slot 0 is free for the first block, so its own slot lies before it. */
const genesisRef = (chainId: Hash): BlockRef => ({ hash: chainId, height: 0, slot: -1, parent: chainId })

export const refOf = (chainId: Hash, of: Pick<Block, 'header'>): BlockRef => ({
  hash: blockHash(chainId, of.header),
  height: of.header.height,
  slot: of.header.slot,
  parent: of.header.parent,
})

export const stateWrites = (changes: ReadonlyMap<string, Account>, globals: Globals): Write[] => [
  { kind: 'put', key: keys.globals, value: encode(globalsCodec, globals) },
  ...[...changes].map(([address, value]) => putAccount(address, value)),
]
export const putTerm = (fromHeight: number, quorum: Quorum): Write => ({
  kind: 'put',
  key: keys.term(fromHeight),
  value: encode(quorumMembers, quorum.members),
})
const putAccount = (address: string, value: Account): Write => ({ kind: 'put', key: keys.account(address), value: encode(account, value) })

/** What a store gives when it is opened. */
export interface Opened {
  readonly ledger: LedgerState
  readonly terms: Terms
  readonly firstHeight: number
  readonly head: BlockRef
  readonly headSeal: AggregateSignature | null
}

/** Of which chain a store is; null for one that is empty. @throws QuorateError `store-corrupt` */
export function storedChainId(store: Store): Hash | null {
  const mark = store.get(keys.chain)
  return mark === undefined ? null : decodeStored('the chain mark', () => decode(chainMark, mark)).chainId
}

/**
 * Opens the chain of a genesis in a store, empty or of the same chain.
 * Rejects with QuorateError `wrong-chain`, `store-version` or `store-corrupt`; nothing is repaired or removed.
 */
export async function openStore(genesis: Genesis, store: Store): Promise<Opened> {
  const chainId = chainIdOf(genesis)
  const mark = store.get(keys.chain)
  if (mark === undefined) return await createStore(genesis, chainId, store)
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
  return await openExisting(genesis, chainId, store)
}

async function createStore(genesis: Genesis, chainId: Hash, store: Store): Promise<Opened> {
  const ledger = genesisState(genesis, chainId)
  const writes = [...stateWrites(new Map(ledger.accounts.entries()), ledger.globals), putTerm(1, ledger.quorum)]
  const mark: Write = { kind: 'put', key: keys.chain, value: encode(chainMark, { version: LAYOUT_VERSION, chainId }) }
  await store.write([...writes, mark], { durable: true })
  const terms = new Terms()
  terms.put(1, ledger.quorum)
  return { ledger, terms, firstHeight: 1, head: genesisRef(chainId), headSeal: null }
}

/** Reads the ledger back and checks it against the head's state root, and the newest blocks against each other. */
export async function openExisting(genesis: Genesis, chainId: Hash, store: Store): Promise<Opened> {
  const number = (key: Uint8Array, what: string): number | undefined => {
    const bytes = store.get(key)
    return bytes === undefined ? undefined : decodeStored(what, () => decode(u64, bytes))
  }
  const height = number(keys.head, 'the head') ?? 0
  const firstHeight = number(keys.first, 'the first height') ?? 1
  const terms = new Terms()
  for await (const [key, bytes] of store.range(...rangeOf('q')))
    terms.put(heightIn(key), createQuorum(decodeStored('a quorum', () => decode(quorumMembers, bytes))))
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
