import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'
import { invariant } from '../../../src/base/errors.ts'
import { evidenceOf } from '../../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { prepare } from '../../../src/ledger/transaction.ts'
import { Chain } from '../../../src/node/chain.ts'
import { EvidencePool } from '../../../src/node/evidence-pool.ts'
import {
  type ForkRecord,
  newForkRecord,
  putForkRecord,
  readForkRecord,
  type SeenBranch,
  withBranch,
  withProof,
} from '../../../src/node/fork-record.ts'
import { formatGenesis } from '../../../src/node/genesis-file.ts'
import { initDirectory } from '../../../src/node/setup.ts'
import { evidenceId } from '../../../src/wire/evidence.ts'
import type { Evidence, Hash } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { EpochChain } from './epoch-chain.ts'
import { hashOf } from './fork-rig.ts'

const of = new EpochChain({ epochSlots: 200, evidenceSlots: 400, unbondingSlots: 500 })
export const FORK = 4
export const OTHER: Hash = 'cd'.repeat(32)
const transfer = { kind: 'transfer', to: 'ab'.repeat(20), amountDroplets: 5, microHours: 0 } as const

export interface ForkedDirectory {
  readonly directory: string
  readonly own: Hash
  readonly head: { readonly height: number; readonly hash: Hash }
  readonly evidence: Evidence
  /** Who signed both. */
  readonly offenders: readonly string[]
  /** What the record of the fork is, as it stands on disk. */
  record(): Promise<ForkRecord>
  /** Has a look at the store, which nobody else has open. */
  inStore<T>(look: (chain: Chain, store: Awaited<ReturnType<typeof openLevelStore>>) => Promise<T> | T): Promise<T>
}

/**
 * The directory of a node that was stopped on a fork: its chain has two blocks from there, with a transaction in each.
 * @param otherBurned coin-hours of the other branch up to its head
 */
export async function forkedDirectory(otherBurned: number, { isForked = true } = {}): Promise<ForkedDirectory> {
  const home = tempDirectory('forked')
  const genesisFile = join(home, 'genesis.json')
  writeFileSync(genesisFile, formatGenesis(of.genesis))
  const directory = join(home, 'node')
  await initDirectory({ directory, role: 'verifier', genesisFile, bootstrap: [] })
  const inStore: ForkedDirectory['inStore'] = async (look) => {
    const store = await openLevelStore(join(directory, 'store'))
    try {
      return await look(await Chain.open(of.genesis, store), store)
    } finally {
      await store.close()
    }
  }
  const record = (): Promise<ForkRecord> =>
    inStore((_, store) => {
      const known = readForkRecord(store)
      invariant(known !== null, 'a fork is on record')
      return known
    })
  return await inStore(async (chain, store) => {
    for (let height = 1; height < FORK; height++) await chain.commit(of.block(chain))
    for (const number of [5, 6]) await chain.commit(of.block(chain, { actions: [[number, transfer]] }))
    const numbers = of.numbersOf(chain.quorum)
    const by = (...signers: number[]): number[] => signers.map((signer) => numbers[signer] ?? 0)
    const own = hashOf(chain, FORK)
    const seal = { kind: 'seal', height: FORK } as const
    const evidence = evidenceOf(of.signed(by(0, 1, 2), { ...seal, block: own }), of.signed(by(1, 2, 3), { ...seal, block: OTHER }))
    const pool = await EvidencePool.open({
      ...{ chain, store, signatures: nativeSignatures, nowMs: () => 1, slotNow: () => 10 },
      ...{ onFound: () => {}, onPunished: () => {}, onFatal: () => {} },
    })
    if (isForked) {
      pool.add(evidence)
      const branch: SeenBranch = {
        ...{ first: OTHER, head: { height: FORK + 2, hash: 'ef'.repeat(32) }, burnedMicroHours: otherBurned },
        ...{ seen: 'blocks', recoveredAt: null, leavesAt: null },
      }
      const found = withProof(withBranch(newForkRecord(FORK, 1_700_000_000_000), branch), evidenceId(evidence))
      await store.write([putForkRecord(found)], { durable: true })
    }
    await chain.keepPending([prepare(of.transaction(7, 0, transfer))])
    await pool.written()
    const offenders = [1, 2].map((index) => chain.quorum.members[index]?.id ?? '')
    const { height, hash } = chain.head
    return { directory, own, head: { height, hash }, evidence, offenders, record, inStore }
  })
}
