import { openLevelStore } from '../adapters/store/level-store.ts'
import type { ForkView } from '../api/fork-types.ts'
import { invariant } from '../base/errors.ts'
import { nativeSignatures } from '../crypto/native.ts'
import type { Store } from '../ports/store.ts'
import { transactionId } from '../wire/ids.ts'
import type { Evidence, Hash, Transaction } from '../wire/types.ts'
import { MAX_CARRIED_TRANSACTIONS } from './bounds.ts'
import { Chain } from './chain.ts'
import { type NodeDirectory, openDirectory } from './directory.ts'
import { EvidencePool } from './evidence-pool.ts'
import { putCarried } from './fork-carried.ts'
import { type ForkRecord, isOn, pinsOf, putForkRecord, readForkRecord, type StandingBranch, withBranch } from './fork-record.ts'
import { type Fork, forkOf } from './fork-watch.ts'
import { draftOf, exchangeStores } from './store-exchange.ts'
import { forkView } from './views/fork.ts'

/**
 * What is to be done to go on. `none`: no fork, or a recovery block has ended it. `chosen`: done before. `stay`: the chain that is here
 * goes on. `switch`: another branch does, so the store is put aside and its blocks are fetched from peers.
 */
export type RecoveryStep = 'none' | 'chosen' | 'stay' | 'switch'

export interface Recovery {
  /** Null if no fork was ever seen. */
  readonly fork: ForkView | null
  readonly step: RecoveryStep
  /** Nothing but seals was seen of a branch, so it may yet turn out to be the one that goes on. */
  readonly isUnsure: boolean
  /** Does it; on disk when it resolves, with where the store was put, if it was. */
  carryOut(): Promise<{ readonly keptStore: string | null }>
  close(): Promise<void>
}

/**
 * Looks at the directory of a node that does not run. Rejects with the QuorateErrors of the directory (`directory-in-use` if it runs)
 * and of the store.
 */
export async function openRecovery(path: string, nowMs = (): number => Date.now()): Promise<Recovery> {
  const directory = await openDirectory(path, 'full')
  let store: Store | undefined
  try {
    store = await openLevelStore(directory.paths.store)
    return await recoveryOf(directory, store, nowMs)
  } catch (error) {
    await store?.close()
    await directory.release()
    throw error
  }
}

async function recoveryOf(directory: NodeDirectory, store: Store, nowMs: () => number): Promise<Recovery> {
  const { genesis, paths } = directory
  const chain = await Chain.open(genesis, store)
  const slotNow = (): number => Math.floor((nowMs() - genesis.timeMs) / genesis.parameters.slotMs)
  const pool = await EvidencePool.open({
    ...{ chain, store, signatures: nativeSignatures, slotNow, nowMs },
    ...{ onFound: () => {}, onPunished: () => {} },
    // What could not be written shows when it is waited for.
    onFatal: () => {},
  })
  const record = readForkRecord(store)
  const fork = record === null ? null : forkOf(record, chain, pool.list())
  const close = async (): Promise<void> => {
    await pool.written()
    await store.close()
    await directory.release()
  }
  const step = fork === null ? 'none' : stepOf(fork, chain)
  return {
    fork: fork === null ? null : forkView(fork, chain, paths.directory),
    step,
    isUnsure: fork?.branches.some(({ seen }) => seen === 'seal') === true,
    close,
    async carryOut() {
      if (fork === null || fork.goesOn === null || step === 'none') return { keptStore: null }
      const following = follow(fork, fork.goesOn)
      await store.write([putForkRecord(following)], { durable: true })
      if (step !== 'switch') return { keptStore: null }
      const evidence = pool.list().flatMap(({ id }) => pool.evidence(id) ?? [])
      const transactions = await leftBehind(chain, followedFrom(fork, fork.goesOn), slotNow())
      await pool.written()
      await store.close()
      await makeDraft(directory, following, evidence, transactions)
      return { keptStore: await exchangeStores(paths, `abandoned-${fork.record.height}-${chain.head.hash.slice(0, 8)}`) }
    },
  }
}

function stepOf({ record, goesOn }: Fork, chain: Chain): RecoveryStep {
  if (goesOn === null || record.resolvedAt !== null || chain.lastRecoveryHeight > record.height) return 'none'
  if (!isOn(chain, pinsOf(record, goesOn))) return 'switch'
  return record.follow?.first === goesOn.first ? 'chosen' : 'stay'
}

/** `recovery.md` X9: with the branch up to its highest block; and with the own one, which may be left. */
function follow({ record, branches }: Fork, { isOwn: _, ...branch }: StandingBranch): ForkRecord {
  const own = branches.find(({ isOwn }) => isOwn)
  const { first, head } = branch
  return { ...(own === undefined ? record : withBranch(record, own)), follow: { first, head, pins: pinsOf(record, branch) } }
}

/** Height of the first block that is left. */
const followedFrom = ({ record }: Fork, { isOwn, leavesAt }: StandingBranch): number =>
  isOwn && leavesAt !== null ? leavesAt.height : record.height

/** Transactions that may still become final on the other branch: those of the blocks that are left, and those that wait. */
async function leftBehind(chain: Chain, fromHeight: number, slot: number): Promise<readonly Transaction[]> {
  const found = new Map<Hash, Transaction>()
  const take = (one: Transaction): void => {
    if (one.body.expirySlot >= slot && found.size < MAX_CARRIED_TRANSACTIONS) found.set(transactionId(one), one)
  }
  for (let height = fromHeight; height <= chain.head.height; height++) for (const one of chain.block(height)?.transactions ?? []) take(one)
  for (const { transaction } of await chain.pending()) take(transaction)
  return [...found.values()]
}

/** A store with the state of genesis, what is known of the fork, and what shall not be lost. */
async function makeDraft(
  { genesis, paths }: NodeDirectory,
  record: ForkRecord,
  evidence: readonly Evidence[],
  transactions: readonly Transaction[],
): Promise<void> {
  const draft = await openLevelStore(draftOf(paths))
  try {
    const chain = await Chain.open(genesis, draft)
    invariant(chain.head.height === 0, 'a draft begins with genesis')
    await draft.write([putForkRecord(record), ...putCarried(evidence, transactions)], { durable: true })
  } finally {
    await draft.close()
  }
}
