import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'
import { createTelemetry } from '../../../src/adapters/telemetry.ts'
import { toHex } from '../../../src/base/hex.ts'
import { emptyAccount } from '../../../src/ledger/account.ts'
import { type SnapshotManifest, snapshotManifest } from '../../../src/ledger/snapshot.ts'
import { genesisState, stateRoot } from '../../../src/ledger/state.ts'
import type { Chain } from '../../../src/node/chain.ts'
import { refOf } from '../../../src/node/chain-store.ts'
import { rangeOf } from '../../../src/node/keyspace.ts'
import { SnapshotStore } from '../../../src/node/snapshot-store.ts'
import { SnapshotTaker } from '../../../src/node/snapshot-taker.ts'
import { checkCheckpoint } from '../../../src/node/verifier-files.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { Telemetry } from '../../../src/ports/telemetry.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { type SignedBlock, signedBlock } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { extend, type OpenChain, openChain, quiet } from './fixtures.ts'
import { assertOf, assertWhole, manyAccounts, SHORT_EPOCHS, treeOf } from './snapshot-fixtures.ts'

const CHILD = fileURLToPath(new URL('snapshot-child.ts', import.meta.url))

describe('snapshots', () => {
  let of: TestChain
  const stores = new Set<Store>()
  const genesisFile = (): string => join(of.verifiers[0]?.directory ?? '', 'genesis.json')
  async function open(directory?: string): Promise<OpenChain> {
    const one = await openChain(of, directory)
    stores.add(one.store)
    return one
  }
  async function close(store: Store): Promise<void> {
    stores.delete(store)
    await store.close()
  }
  const takerOf = (snapshots: SnapshotStore, telemetry: Telemetry = quiet()): SnapshotTaker =>
    new SnapshotTaker({ snapshots, telemetry, onFatal: (error) => assert.fail(String(error)) })

  /** A chain that takes a snapshot whenever one is due. */
  async function taking(count: number) {
    const opened = await open()
    const snapshots = await SnapshotStore.open(opened.store, 0)
    const taker = takerOf(snapshots)
    opened.chain.onElectionSettled((ref) => taker.take(ref, opened.chain.ledger))
    const blocks: SignedBlock[] = []
    while (blocks.length < count) {
      blocks.push(...(await extend(of, opened.chain, 1)))
      // Or a slow disk would let a newer one take the place of one that waits.
      await taker.settled()
    }
    return { ...opened, snapshots, taker, blocks }
  }

  before(async () => {
    of = await TestChain.make(1, SHORT_EPOCHS)
  })
  afterEach(async () => {
    for (const store of stores) await close(store)
  })

  it('are taken of the state after each block that settles an election; the newest two are kept', async () => {
    const { snapshots, store, chain, blocks } = await taking(45)
    const settled = blocks.filter((_, index) => chain.receipt(index + 1)?.events.some(({ kind }) => kind === 'election-settled'))
    assert.equal(settled.length, 4)
    const [third, fourth] = settled.slice(-2) as [SignedBlock, SignedBlock]
    assert.deepEqual(await assertWhole(snapshots, store), [third.header.height, fourth.header.height])
    for (const { header, ...rest } of [third, fourth]) assertOf(snapshots, header, refOf(of.chainId, { header, ...rest }).hash)
    const again = await SnapshotStore.open(store, chain.head.height)
    assert.deepEqual(again.offers(), snapshots.offers())
  })

  it('are of the moment at which they were asked for, though it takes many turns to write them', async () => {
    const { store } = await open()
    const snapshots = await SnapshotStore.open(store, 0)
    const taker = takerOf(snapshots)
    const state = genesisState(of.genesis, of.chainId)
    const accounts = treeOf(manyAccounts(30_000, 0))
    const { root } = accounts
    const ref = { height: 5, hash: of.chainId, slot: 5, parent: of.chainId }
    taker.take(ref, { ...state, accounts })
    let isDone = false
    const settled = taker.settled().then(() => {
      isDone = true
    })
    let commits = 0
    while (!isDone) {
      accounts.commit(accounts.update(manyAccounts(300, ++commits)))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await settled
    assert.ok(commits > 10, `${commits} commits meanwhile`)
    assert.notEqual(accounts.root, root)
    await assertWhole(snapshots, store)
    const before = { ...state, accounts: treeOf(manyAccounts(30_000, 0)) }
    assert.equal(before.accounts.root, root)
    assertOf(snapshots, { height: 5, stateRoot: stateRoot(before) }, of.chainId)
  })

  it('that are due while one is written wait, the newest of them alone', async () => {
    const { store } = await open()
    const snapshots = await SnapshotStore.open(store, 0)
    const taker = takerOf(snapshots)
    const state = { ...genesisState(of.genesis, of.chainId), accounts: treeOf(manyAccounts(3_000, 0)) }
    for (const height of [1, 2, 3, 4]) taker.take({ height, hash: of.chainId, slot: height, parent: of.chainId }, state)
    await taker.settled()
    assert.deepEqual(await assertWhole(snapshots, store), [1, 4])
  })

  it('that fall due at the very moment at which the one before is done are taken too', async () => {
    const state = { ...genesisState(of.genesis, of.chainId), accounts: treeOf(manyAccounts(3, 0)) }
    const refOfHeight = (height: number) => ({ height, hash: of.chainId, slot: height, parent: of.chainId })
    for (let turns = 0; turns < 12; turns++) {
      const { store } = await open()
      const snapshots = await SnapshotStore.open(store, 0)
      let second: Promise<void> | undefined
      const later = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) await null
        taker.take(refOfHeight(2), state)
      }
      const onTaken = (): void => {
        second ??= later()
      }
      const taker = takerOf(snapshots, { ...quiet(), log: onTaken })
      taker.take(refOfHeight(1), state)
      await taker.settled()
      await second
      await taker.settled()
      assert.deepEqual(await assertWhole(snapshots, store), [1, 2], `${turns} turns later`)
    }
  })

  it('that are stopped on the way leave nothing', async () => {
    const { store } = await open()
    const snapshots = await SnapshotStore.open(store, 0)
    const taker = takerOf(snapshots)
    const state = { ...genesisState(of.genesis, of.chainId), accounts: treeOf(manyAccounts(30_000, 0)) }
    taker.take({ height: 1, hash: of.chainId, slot: 1, parent: of.chainId }, state)
    await taker.stop()
    assert.deepEqual(snapshots.offers(), [])
    assert.deepEqual(await assertWhole(await SnapshotStore.open(store, 9), store), [])
  })

  it('that were begun and not finished are removed at the next start', async () => {
    const { store } = await open()
    const before = await SnapshotStore.open(store, 0)
    await before.begin({ height: 3, block: of.chainId, depth: 1 })
    for (const index of [0, 1]) await before.putChunk(index, new Uint8Array(10))
    assert.deepEqual([before.offers(), before.manifestBytes(3), before.chunk(3, 0)], [[], undefined, undefined])
    const after = await SnapshotStore.open(store, 9)
    assert.deepEqual(after.offers(), [])
    for await (const [key] of store.range(...rangeOf('c'))) assert.fail(toHex(key))
  })

  it('of blocks that a crash lost are removed at the next start', async () => {
    const { snapshots, store } = await taking(25)
    const [first, second] = snapshots.offers()
    assert.ok(first !== undefined && second !== undefined)
    const after = await SnapshotStore.open(store, second.height - 1)
    assert.deepEqual(await assertWhole(after, store), [first.height])
  })

  it('are not made of a state with a bucket that no part can hold', async () => {
    const { store } = await open()
    const snapshots = await SnapshotStore.open(store, 0)
    const logged: string[] = []
    const taker = takerOf(snapshots, {
      ...createTelemetry({ level: 'silent', format: 'json' }),
      log: (_, event) => void logged.push(event),
    })
    const crowd = new Map(
      Array.from({ length: 70_000 }, (_, index) => [`0042${index.toString(16).padStart(36, '0')}`, emptyAccount(7)] as const),
    )
    taker.take(
      { height: 1, hash: of.chainId, slot: 1, parent: of.chainId },
      { ...genesisState(of.genesis, of.chainId), accounts: treeOf(crowd) },
    )
    await taker.settled()
    assert.deepEqual(logged, ['snapshot.none'])
    assert.deepEqual(await assertWhole(snapshots, store), [])
  })

  /** Runs the child until it has said so many lines, then ends it by SIGKILL; what it said. */
  async function runAndKill(lineCount: number, ...args: readonly string[]): Promise<string[]> {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (lines.length === lineCount) child.kill('SIGKILL')
    }
    return lines
  }

  it('are whole or not there when their writing is killed at any moment', async () => {
    const directory = join(tempDirectory('snapshots'), 'store')
    let taken = 0
    for (const lineCount of [4, 9, 17, 30]) {
      const lines = await runAndKill(lineCount, 'take', directory, genesisFile())
      for (const line of lines) {
        assert.doesNotMatch(line, /failed/)
        if (line.startsWith('taken ')) taken = Number(line.slice(6))
      }
      const store = await openLevelStore(directory)
      try {
        const heights = await assertWhole(await SnapshotStore.open(store, Number.MAX_SAFE_INTEGER), store)
        assert.ok((heights.at(-1) ?? 0) >= taken, `taken ${taken}, there are ${heights}`)
      } finally {
        await store.close()
      }
    }
    assert.ok(taken > 3)
  })

  describe('as the beginning of a chain', () => {
    let source: Awaited<ReturnType<typeof taking>>
    let block: SignedBlock
    let staged: string
    let manifest: SnapshotManifest
    before(async () => {
      source = await taking(25)
      stores.delete(source.store)
      const height = source.snapshots.offers().at(-1)?.height ?? 0
      block = source.chain.block(height) ?? assert.fail('the block is there')
      // The snapshot as a node has it that has just fetched it.
      const target = await openChain(of)
      staged = target.directory
      await copySnapshot(source.snapshots, height, target.store)
      await target.store.close()
    })
    after(() => source.store.close())

    async function copySnapshot(from: SnapshotStore, height: number, to: Store): Promise<void> {
      const snapshots = await SnapshotStore.open(to, 0)
      manifest = decode(snapshotManifest, from.manifestBytes(height) ?? assert.fail('it has a manifest'))
      await snapshots.beginDownload(manifest)
      for (const index of manifest.roots.keys()) await snapshots.putDownloaded(index, from.chunk(height, index) ?? assert.fail())
    }
    const copy = (): string => {
      const directory = join(tempDirectory('adopt'), 'store')
      cpSync(staged, directory, { recursive: true })
      return directory
    }
    const assertBegun = (chain: Chain): void => {
      const { height } = block.header
      assert.deepEqual([chain.head.height, chain.head.hash, chain.firstHeight], [height, refOf(of.chainId, block).hash, height])
      assert.equal(stateRoot(chain.ledger), block.header.stateRoot)
      assert.deepEqual([chain.quorumAt(height)?.hash, chain.quorum.hash], [source.chain.quorumAt(height)?.hash, block.header.nextQuorum])
      assert.equal(chain.quorumAt(height - 1), undefined)
      assert.equal(chain.block(height - 1), undefined)
      assert.deepEqual(chain.block(height), block)
      assert.deepEqual(chain.headSeal, block.seal)
    }

    it('gives its state, its quorums and its head, before and after a restart, and goes on from there', async () => {
      const { chain, store, directory } = await open(copy())
      await chain.adopt(block, manifest)
      assertBegun(chain)
      await close(store)
      const again = await open(directory)
      assertBegun(again.chain)
      const made = await extend(of, again.chain, 30)
      assert.equal(again.chain.head.height, block.header.height + 30)
      assert.ok(made.length === 30)
      await close(again.store)
      const third = await open(directory)
      assert.deepEqual([third.chain.firstHeight, third.chain.head.height], [block.header.height, block.header.height + 30])
    })

    it('is held against a checkpoint where there are blocks, and says that it cannot be before', async () => {
      const { chain } = await open(copy())
      await chain.adopt(block, manifest)
      await extend(of, chain, 3)
      const logged: string[] = []
      const telemetry = { ...quiet(), log: (_: unknown, event: string) => void logged.push(event) }
      const { height } = block.header
      for (const at of [height, height + 2]) {
        const { hash } = refOf(of.chainId, chain.block(at) ?? assert.fail('it is there'))
        checkCheckpoint(chain, { height: at, hash }, telemetry)
        assert.throws(() => checkCheckpoint(chain, { height: at, hash: 'ab'.repeat(32) }, telemetry), { code: 'wrong-checkpoint' })
      }
      checkCheckpoint(chain, { height: height + 4, hash: 'ab'.repeat(32) }, telemetry)
      assert.deepEqual(logged, [])
      checkCheckpoint(chain, { height: height - 1, hash: 'ab'.repeat(32) }, telemetry)
      assert.deepEqual(logged, ['sync.checkpoint-unchecked'])
    })

    it('can be given on', async () => {
      const { chain, store } = await open(copy())
      await chain.adopt(block, manifest)
      const snapshots = await SnapshotStore.open(store, chain.head.height)
      assert.deepEqual(await assertWhole(snapshots, store), [block.header.height])
      assertOf(snapshots, block.header, refOf(of.chainId, block).hash)
    })

    it('is taken or not taken when that is killed at any moment', async () => {
      const outcomes = new Set<string>()
      for (const lineCount of [1, 2, 3, 5]) {
        const directory = copy()
        const lines = await runAndKill(lineCount, 'install', directory, genesisFile(), toHex(encode(signedBlock, block)))
        const { chain, store } = await open(directory)
        if (chain.head.height === 0) {
          assert.equal(stateRoot(chain.ledger), stateRoot(genesisState(of.genesis, of.chainId)))
          outcomes.add('not taken')
        } else {
          assertBegun(chain)
          outcomes.add('taken')
        }
        // Once the mark is on disk, it is brought to its end.
        if (lines.includes('written')) assert.ok(chain.head.height > 0, `after ${lines.length} lines`)
        await close(store)
      }
      assert.ok(outcomes.has('taken'))
    })
  })
})
