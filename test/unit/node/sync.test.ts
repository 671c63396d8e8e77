import assert from 'node:assert/strict'
import { invariant, QuorateError } from '../../../src/base/errors.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { Heard } from '../../../src/node/heard.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { Sync, type SyncOptions } from '../../../src/node/sync.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { type Status, type SyncRequest, type SyncResponse, syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { SignedBlock } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { extend, FakeNetwork, type OpenChain, openChain, plainSigning, quiet } from './fixtures.ts'

const HEIGHT = 300
const UNAVAILABLE: SyncResponse = { kind: 'unavailable', code: 1 }

describe('sync', () => {
  let of: TestChain
  let blocks: readonly SignedBlock[]
  let status: Status
  const opened: OpenChain[] = []
  const open = async (): Promise<OpenChain> => {
    const one = await openChain(of)
    opened.push(one)
    return one
  }

  before(async () => {
    of = await TestChain.make(1)
    const { chain } = await open()
    blocks = await extend(of, chain, HEIGHT)
    status = { version: 1, chainId: of.chainId, height: HEIGHT, firstHeight: 1, head: chain.head.hash, timeMs: Date.now(), agent: 'test' }
  })
  after(async () => {
    for (const { store } of opened) await store.close()
  })

  /** What a peer answers to a request for blocks; anything else it answers rightly. */
  type Blocks = (request: Extract<SyncRequest, { kind: 'blocks' }>) => SyncResponse
  const range = (from: number, count: number): SignedBlock[] => blocks.slice(from - 1, from - 1 + count)
  const honest: Blocks = ({ fromHeight, count }) => ({ kind: 'blocks', blocks: range(fromHeight, count) })
  const changed =
    (change: (block: SignedBlock) => SignedBlock): Blocks =>
    ({ fromHeight, count }) => ({ kind: 'blocks', blocks: range(fromHeight, count).map(change) })

  async function setUp(peers: Readonly<Record<string, Blocks>>, options: Partial<SyncOptions> = {}) {
    const { chain } = await open()
    const network = new FakeNetwork()
    let asked = 0
    for (const [peerId, answer] of Object.entries(peers))
      network.answers.set(peerId, (_, data) => {
        const request = decode(syncRequest, data)
        if (request.kind !== 'blocks') return encode(syncResponse, { kind: 'status', status })
        asked++
        return encode(syncResponse, answer(request))
      })
    const sync = new Sync({
      chain,
      network,
      client: new SyncClient(network),
      signatures: nativeSignatures,
      quorumSignatures: new QuorumSignatures(plainSigning(of.chainId), nativeSignatures, new Heard()),
      telemetry: quiet(),
      checkpoint: null,
      ownStatus: () => ({ ...status, height: chain.head.height, head: chain.head.hash }),
      nowMs: () => Date.now(),
      alone: (job) => job(),
      onImported: () => {},
      onPeerStatus: () => {},
      onGap: () => {},
      refuses: () => false,
      onOffBranch: () => {},
      isHeld: false,
      onFatal: () => {},
      ...options,
    })
    sync.start()
    return { chain, network, sync, asked: () => asked }
  }
  const caughtUp = (chain: OpenChain['chain']) =>
    waitFor(() => chain.head.height === HEIGHT, { deadlineMs: 30_000, description: `height ${HEIGHT}, not ${chain.head.height}` })

  it('brings an empty chain to the head of its peers', async () => {
    const { chain, network, sync } = await setUp({ one: honest, two: honest })
    await caughtUp(chain)
    await sync.stop()
    assert.equal(chain.head.hash, status.head)
    assert.deepEqual(network.penalties, [])
  })

  const liars: readonly { readonly description: string; readonly answer: Blocks; readonly isBlamed: boolean }[] = [
    { description: 'answers with no blocks', answer: () => ({ kind: 'blocks', blocks: [] }), isBlamed: false },
    { description: 'has nothing of what it said', answer: () => UNAVAILABLE, isBlamed: false },
    { description: 'answers with old blocks', answer: () => ({ kind: 'blocks', blocks: range(1, 128) }), isBlamed: false },
    { description: 'answers with blocks from further on', answer: () => ({ kind: 'blocks', blocks: range(200, 50) }), isBlamed: true },
    { description: 'answers something else', answer: () => ({ kind: 'newest-signed', records: [] }), isBlamed: true },
    {
      description: 'changes a header',
      answer: changed((block) => ({ ...block, header: { ...block.header, stateRoot: 'ab'.repeat(32) } })),
      isBlamed: true,
    },
    {
      description: 'changes a seal',
      answer: changed((block) => ({ ...block, seal: { ...block.seal, signature: block.header.proof } })),
      isBlamed: true,
    },
    {
      description: 'sends seals of nobody',
      answer: changed((block) => ({ ...block, seal: { ...block.seal, signers: [] } })),
      isBlamed: true,
    },
    {
      description: 'does not answer',
      answer: () => {
        throw new QuorateError('timeout', 'no answer')
      },
      isBlamed: false,
    },
  ]
  for (const { description, answer, isBlamed } of liars) {
    it(`goes on with the other when one peer ${description}`, async () => {
      const { chain, network, sync } = await setUp({ liar: answer, honest })
      await caughtUp(chain)
      await sync.stop()
      assert.equal(chain.head.hash, status.head)
      assert.deepEqual(new Set(network.penalties), new Set(isBlamed ? ['liar bad-answer'] : []))
    })

    it(`gives up for now, after few requests, when the only peer ${description}`, async () => {
      const { chain, sync, asked } = await setUp({ liar: answer })
      await waitFor(() => asked() > 0 && !sync.isRunning, { deadlineMs: 10_000, description: 'the end of the run' })
      assert.ok(chain.head.height < HEIGHT)
      assert.ok(asked() <= 8, `${asked()} requests`)
      await sync.stop()
    })
  }

  it('takes answers that are shorter than was asked', async () => {
    const { chain, sync } = await setUp({ short: ({ fromHeight }) => ({ kind: 'blocks', blocks: range(fromHeight, 50) }), honest })
    await caughtUp(chain)
    await sync.stop()
  })

  it('accepts the chain with the block of the checkpoint', async () => {
    const { chain, sync } = await setUp(
      { honest },
      { checkpoint: { height: HEIGHT, hash: status.head }, onFatal: (error) => assert.fail(error) },
    )
    await caughtUp(chain)
    await sync.stop()
  })

  it('stops before a block that contradicts the checkpoint, and says so, once; that is no fault of who gave it', async () => {
    const fatal: QuorateError[] = []
    const { chain, sync, network } = await setUp(
      { honest, too: honest },
      { checkpoint: { height: 100, hash: 'cd'.repeat(32) }, onFatal: (error) => void fatal.push(error) },
    )
    await waitFor(() => fatal.length > 0, { deadlineMs: 10_000, description: 'the failure' })
    await sync.stop()
    assert.deepEqual(
      fatal.map(({ code }) => code),
      ['wrong-checkpoint'],
    )
    assert.deepEqual(network.penalties, [])
    assert.match(fatal[0]?.message ?? '', /height 100.*cdcdcd/)
    assert.equal(chain.head.height, 99)
  })

  it('fetches nothing while it is held', async () => {
    const { chain, sync, asked } = await setUp({ honest }, { isHeld: true })
    await waitFor(() => sync.hasPeers, { deadlineMs: 10_000, description: 'the first greeting' })
    sync.kick(HEIGHT)
    assert.deepEqual([sync.isRunning, asked(), chain.head.height], [false, 0, 0])
    sync.release()
    await caughtUp(chain)
    await sync.stop()
  })

  it('asks nobody for blocks below the first that he has, and says so when all have begun later', async () => {
    const gaps: number[] = []
    const { chain, sync, asked } = await setUp({}, { onGap: (firstHeight) => void gaps.push(firstHeight) })
    for (const firstHeight of [77, 42, 50]) sync.heard(`from ${firstHeight}`, { ...status, firstHeight }, null)
    await sync.stop()
    assert.deepEqual([asked(), chain.head.height, gaps], [0, 0, [77, 42, 42]])
  })

  it('blames nobody whose next block does not extend the head, says so once, and goes on with others', async () => {
    const told: string[] = []
    const other = changed((block) =>
      block.header.height === 1 ? { ...block, header: { ...block.header, parent: 'ab'.repeat(32) } } : block,
    )
    const { chain, network, sync } = await setUp({ other, honest }, { onOffBranch: (peerId) => void told.push(peerId) })
    await caughtUp(chain)
    await sync.stop()
    assert.deepEqual([network.penalties, told], [[], ['other']])
    // It counts no more for how far behind this node is.
    assert.equal(sync.targetHeight, HEIGHT)
  })

  it('takes no block that the operator has refused, and blames nobody for it', async () => {
    const told: string[] = []
    const refuses: SyncOptions['refuses'] = ({ height }) => height === 40
    const { chain, network, sync, asked } = await setUp({ honest }, { refuses, onOffBranch: (peerId) => void told.push(peerId) })
    await waitFor(() => told.length > 0 && !sync.isRunning, { deadlineMs: 10_000, description: 'the refusal' })
    const before = asked()
    sync.heard('honest', status)
    await sync.stop()
    assert.deepEqual([asked(), told, network.penalties], [before, ['honest'], []])
    assert.ok(chain.head.height < 40, `height ${chain.head.height}`)
  })

  it('a height that nobody has keeps nothing from being fetched later', async () => {
    const { chain, network, sync } = await setUp({})
    sync.kick(Number.MAX_SAFE_INTEGER)
    sync.heard('liar', { ...status, height: Number.MAX_SAFE_INTEGER }, null)
    network.answers.set('honest', (_, data) => {
      const request = decode(syncRequest, data)
      invariant(request.kind === 'blocks' || request.kind === 'status', 'sync asks for no more')
      return encode(syncResponse, request.kind === 'blocks' ? honest(request) : { kind: 'status', status })
    })
    await waitFor(() => !sync.isRunning, { deadlineMs: 10_000, description: 'the end of the run' })
    sync.kick(1)
    await caughtUp(chain)
    await sync.stop()
  })
})
