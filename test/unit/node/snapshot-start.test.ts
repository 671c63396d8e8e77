import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { type SnapshotManifest, snapshotManifest } from '../../../src/ledger/snapshot.ts'
import { stateRoot } from '../../../src/ledger/state.ts'
import { prepare } from '../../../src/ledger/transaction.ts'
import { PEER_CHUNK_REQUESTS } from '../../../src/node/bounds.ts'
import { Heard } from '../../../src/node/heard.ts'
import { rangeOf } from '../../../src/node/keyspace.ts'
import { executeBlock } from '../../../src/node/known-blocks.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { SnapshotStart, type SnapshotStartOptions } from '../../../src/node/snapshot-start.ts'
import { SnapshotStore } from '../../../src/node/snapshot-store.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { MAX_CHUNK_BYTES } from '../../../src/wire/bounds.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { type Status, type SyncRequest, snapshotAnswer, syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, plainSigning, quiet } from './fixtures.ts'
import { type Answer, PARTS, type Peer, SnapshotSource } from './snapshot-source.ts'

const DEADLINE_MS = 30_000
const OTHER_HASH = 'cd'.repeat(32)
const UNAVAILABLE: Answer = { kind: 'unavailable', code: 1 }
type Kind = SyncRequest['kind']
type Asked = { readonly peerId: string } & SyncRequest

const silent = (): never => {
  throw new QuorateError('timeout', 'no answer')
}

describe('beginning with a snapshot', () => {
  const of = new EpochChain()
  let theirs: OpenChain
  let source: SnapshotSource
  const opened: OpenChain[] = []
  const open = async (directory?: string): Promise<OpenChain> => {
    const one = await openChain(of, directory)
    opened.push(one)
    return one
  }
  const close = async (one: OpenChain): Promise<void> => {
    opened.splice(opened.indexOf(one), 1)
    await one.store.close()
  }

  before(async () => {
    theirs = await openChain(of)
    source = await SnapshotSource.grow(of, theirs.chain)
  })
  after(() => theirs.store.close())
  afterEach(async () => {
    for (const one of [...opened]) await close(one)
  })

  /** An honest peer but for one kind of request. */
  const except =
    <K extends Kind>(
      kind: K,
      answer: (request: Extract<SyncRequest, { kind: K }>, honest: () => Promise<Answer>) => ReturnType<Peer>,
    ): Peer =>
    (request) =>
      request.kind === kind
        ? answer(request as Extract<SyncRequest, { kind: K }>, async () => await source.honest(request))
        : source.honest(request)
  const manifestOf = (change: (manifest: SnapshotManifest) => SnapshotManifest): Peer =>
    except('snapshot-manifest', () => ({
      kind: 'snapshot-manifest',
      manifest: toHex(encode(snapshotManifest, change(source.newest.manifest))),
    }))
  const offering = (offer: Partial<typeof source.newest.offer>): Peer =>
    except('snapshots', () => ({ kind: 'snapshots', snapshots: [{ ...source.newest.offer, ...offer }] }))

  interface Scene {
    readonly own?: OpenChain
    readonly checkpoint?: SnapshotStartOptions['checkpoint']
    readonly statuses?: Readonly<Record<string, Partial<Status>>>
    readonly patienceMs?: number
    readonly options?: Partial<SnapshotStartOptions>
  }

  async function setUp(peers: Readonly<Record<string, Peer>>, scene: Scene = {}) {
    const own = scene.own ?? (await open())
    const { chain, store } = own
    const snapshots = await SnapshotStore.open(store, chain.head.height)
    const network = new FakeNetwork()
    const asked: Asked[] = []
    const statuses = new Map<string, Status>()
    const join = (peerId: string, peer: Peer): void => {
      network.answers.set(peerId, async (_, data) => {
        const request = decode(syncRequest, data)
        asked.push({ peerId, ...request })
        // A turn each, as on a network.
        await new Promise((resolve) => setImmediate(resolve))
        const answer = await peer(request)
        return answer instanceof Uint8Array ? answer : encode(syncResponse, answer)
      })
      statuses.set(peerId, source.status(scene.statuses?.[peerId]))
    }
    for (const [peerId, peer] of Object.entries(peers)) join(peerId, peer)
    const fatal: QuorateError[] = []
    const alarms: string[] = []
    let ends = 0
    let looks = 0
    /** Resolves when it has looked around for peers so many times more. */
    const lookedAround = (times: number): Promise<unknown> => {
      const until = looks + times
      return waitFor(() => looks >= until, { deadlineMs: DEADLINE_MS, description: `${times} looks for peers` })
    }
    const start = new SnapshotStart({
      chain,
      snapshots,
      client: new SyncClient(network),
      quorumSignatures: new QuorumSignatures(plainSigning(of.chainId), nativeSignatures, new Heard()),
      telemetry: quiet(),
      checkpoint: scene.checkpoint ?? source.checkpoint(source.chain.head.height),
      statuses: () => {
        looks++
        return statuses
      },
      alone: (job) => job(),
      onEnd: () => void ends++,
      onAlarm: (code, detail) => void alarms.push(`${code}: ${detail}`),
      onFatal: (error) => void fatal.push(error as QuorateError),
      gatherMs: 10,
      patienceMs: scene.patienceMs ?? DEADLINE_MS,
      ...scene.options,
    })
    start.start()
    const ended = (): Promise<unknown> =>
      waitFor(() => ends > 0 || fatal.length > 0, { deadlineMs: DEADLINE_MS, description: `the end; alarms ${alarms}` })
    const partsAsked = (peerId?: string): readonly number[] =>
      asked.flatMap((one) => (one.kind === 'snapshot-chunk' && (peerId ?? one.peerId) === one.peerId ? [one.index] : []))
    const penalties = (): readonly string[] => [...new Set(network.penalties)]
    return {
      own,
      chain,
      store,
      snapshots,
      network,
      asked,
      statuses,
      lookedAround,
      join,
      start,
      fatal,
      alarms,
      ends: () => ends,
      ended,
      partsAsked,
      penalties,
    }
  }
  type Scenery = Awaited<ReturnType<typeof setUp>>

  /** The chain begins with a snapshot, which is whole, and nothing else is in the store. */
  async function assertBegun({ chain, store, snapshots, ends, fatal, start }: Scenery, { offer, parts } = source.newest): Promise<void> {
    assert.deepEqual(fatal, [])
    assert.equal(ends(), 1)
    await start.stop()
    assert.equal(start.progress, null)
    const { header } = source.blocks[offer.height - 1]?.block ?? assert.fail('the source has its block')
    assert.deepEqual([chain.head.height, chain.head.hash, chain.firstHeight], [offer.height, offer.block, offer.height])
    assert.equal(stateRoot(chain.ledger), header.stateRoot)
    assert.deepEqual([chain.quorum.hash, chain.headQuorum.hash], [header.nextQuorum, source.chain.quorumAt(offer.height)?.hash])
    assert.deepEqual([snapshots.offers(), snapshots.download], [[offer], null])
    for (const [index, bytes] of parts.entries()) assert.deepEqual(snapshots.chunk(offer.height, index), bytes)
    assert.equal(await chunkCount(store), parts.length)
  }
  /** Nothing is here but genesis. */
  async function assertGivenUp({ chain, store, snapshots, ends, fatal, start }: Scenery): Promise<void> {
    assert.deepEqual([fatal, ends()], [[], 1])
    await start.stop()
    assert.deepEqual([chain.head.height, chain.firstHeight], [0, 1])
    assert.deepEqual([snapshots.offers(), snapshots.download, await chunkCount(store)], [[], null, 0])
  }
  /** Commits the blocks of the source up to a height. */
  async function follow(chain: OpenChain['chain'], height: number): Promise<void> {
    for (const { block } of source.blocks.slice(chain.head.height, height)) {
      const executed = executeBlock(chain, block, block.transactions.map(prepare), nativeSignatures)
      assert.ok(executed.kind === 'accept')
      await chain.commit({ ...executed.value, block })
    }
  }
  async function chunkCount(store: OpenChain['store']): Promise<number> {
    let count = 0
    for await (const _ of store.range(...rangeOf('c'))) count++
    return count
  }

  it('fetches the parts from all who offer them, a few at a time from each and each part once, and goes on from its block', async () => {
    const most = new Map<string, number>()
    const underWay = new Map<string, number>()
    const counted = (peerId: string): Peer =>
      except('snapshot-chunk', async (_, honest) => {
        underWay.set(peerId, (underWay.get(peerId) ?? 0) + 1)
        most.set(peerId, Math.max(most.get(peerId) ?? 0, underWay.get(peerId) ?? 0))
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        underWay.set(peerId, (underWay.get(peerId) ?? 0) - 1)
        return honest()
      })
    const scene = await setUp({ one: counted('one'), two: counted('two'), three: counted('three') })
    await scene.ended()
    await assertBegun(scene)
    assert.deepEqual(scene.penalties(), [])
    const first = scene.partsAsked().slice(0, PARTS)
    assert.deepEqual(first.toSorted(), [...Array(PARTS).keys()])
    for (const peerId of ['one', 'two', 'three']) {
      assert.ok(scene.partsAsked(peerId).length > 0, `${peerId} was asked`)
      assert.ok((most.get(peerId) ?? 0) <= PEER_CHUNK_REQUESTS, `${most.get(peerId)} at once of ${peerId}`)
    }
    // From here on as any other node.
    await follow(scene.chain, source.chain.head.height)
    assert.equal(stateRoot(scene.chain.ledger), stateRoot(source.chain.ledger))
  })

  const places = [
    { description: 'the block of the newest snapshot', height: () => source.newest.offer.height, snapshot: 1 },
    { description: 'a block above it', height: () => source.newest.offer.height + 2, snapshot: 1 },
    { description: 'a block between two', height: () => source.newest.offer.height - 1, snapshot: 0 },
  ]
  for (const { description, height, snapshot } of places)
    it(`takes the highest snapshot at or below the checkpoint: ${description}`, async () => {
      const scene = await setUp({ one: source.honest }, { checkpoint: source.checkpoint(height()) })
      await scene.ended()
      await assertBegun(scene, source.snapshots[snapshot])
      assert.deepEqual(scene.penalties(), [])
    })

  /** How a peer misbehaves beside an honest one, whether that is a fault, and whether it may be asked for parts. */
  const liars: readonly {
    readonly description: string
    readonly peer: () => Peer
    readonly isBlamed: boolean
    readonly status?: Partial<Status>
  }[] = [
    {
      description: 'changes a byte of each part',
      peer: () =>
        except('snapshot-chunk', async (_, honest) => {
          const answer = await honest()
          assert.ok(!(answer instanceof Uint8Array) && answer.kind === 'snapshot-chunk')
          const bytes = fromHex(answer.chunk)
          return { kind: 'snapshot-chunk', chunk: toHex(bytes.length === 0 ? new Uint8Array(1) : bytes.with(21, (bytes[21] ?? 0) ^ 1)) }
        }),
      isBlamed: true,
    },
    {
      description: 'gives another part than was asked for',
      peer: () =>
        except('snapshot-chunk', ({ height, index }) => source.honest({ kind: 'snapshot-chunk', height, index: (index + 1) % PARTS })),
      isBlamed: true,
    },
    {
      description: 'leaves the accounts out',
      peer: () => except('snapshot-chunk', () => ({ kind: 'snapshot-chunk', chunk: '' })),
      isBlamed: true,
    },
    {
      description: 'gives parts that are too large',
      peer: () => except('snapshot-chunk', () => snapshotAnswer('snapshot-chunk', new Uint8Array(MAX_CHUNK_BYTES + 1))),
      isBlamed: true,
    },
    { description: 'gives garbage for parts', peer: () => except('snapshot-chunk', () => new Uint8Array([9, 9, 9])), isBlamed: true },
    {
      description: 'answers requests for parts with something else',
      peer: () => except('snapshot-chunk', () => ({ kind: 'snapshots', snapshots: [] })),
      isBlamed: true,
    },
    { description: 'never answers requests for parts', peer: () => except('snapshot-chunk', silent), isBlamed: false },
    { description: 'has none of the parts that it offers', peer: () => except('snapshot-chunk', () => UNAVAILABLE), isBlamed: false },
    {
      description: 'gives a manifest with other roots',
      peer: () => manifestOf((manifest) => ({ ...manifest, roots: manifest.roots.toReversed() })),
      isBlamed: true,
    },
    {
      description: 'gives a manifest with other globals',
      peer: () => manifestOf((manifest) => ({ ...manifest, globals: { ...manifest.globals, supplyDroplets: 1 } })),
      isBlamed: true,
    },
    {
      description: 'gives a manifest with another quorum',
      peer: () => manifestOf((manifest) => ({ ...manifest, headQuorum: manifest.headQuorum.slice(1) })),
      isBlamed: true,
    },
    {
      description: 'gives the manifest of another snapshot',
      peer: () => manifestOf(() => source.snapshots[0]?.manifest ?? assert.fail('there are two')),
      isBlamed: true,
    },
    {
      description: 'gives a manifest of fewer parts than it offers',
      peer: () => manifestOf((manifest) => ({ ...manifest, roots: manifest.roots.slice(1) })),
      isBlamed: true,
    },
    {
      description: 'gives garbage for a manifest',
      peer: () => except('snapshot-manifest', () => ({ kind: 'snapshot-manifest', manifest: 'abcdef' })),
      isBlamed: true,
    },
    { description: 'has no manifest of what it offers', peer: () => except('snapshot-manifest', () => UNAVAILABLE), isBlamed: false },
    { description: 'never gives its manifest', peer: () => except('snapshot-manifest', silent), isBlamed: false },
    { description: 'offers a snapshot of another block', peer: () => offering({ block: OTHER_HASH }), isBlamed: true },
    {
      description: 'offers a newer snapshot of a block that is not there',
      peer: () => offering({ height: source.newest.offer.height + 1, block: OTHER_HASH }),
      isBlamed: true,
    },
    {
      description: 'offers a newer snapshot that it has not',
      peer: () => offering({ height: source.newest.offer.height + 1, block: source.checkpoint(source.newest.offer.height + 1).hash }),
      isBlamed: false,
    },
    { description: 'offers more parts than there can be', peer: () => offering({ depth: 200 }), isBlamed: false },
    { description: 'offers snapshots of other depths', peer: () => offering({ depth: 5 }), isBlamed: true },
    { description: 'offers only snapshots above the checkpoint', peer: () => offering({ height: 10_000 }), isBlamed: false },
    {
      description: 'lies about its height',
      peer: () => (request) => (request.kind === 'headers' ? { kind: 'headers', headers: [] } : source.honest(request)),
      isBlamed: false,
      status: { height: Number.MAX_SAFE_INTEGER },
    },
    { description: 'is not that far', peer: () => source.honest, isBlamed: false, status: { height: 3 } },
    { description: 'answers nothing', peer: () => silent, isBlamed: false },
    { description: 'answers everything with garbage', peer: () => () => new Uint8Array([1, 2, 3]), isBlamed: true },
    {
      description: 'shows the header of the checkpoint, and false ones below it',
      peer: () =>
        except('headers', async ({ count }, honest) => {
          const answer = await honest()
          assert.ok(!(answer instanceof Uint8Array) && answer.kind === 'headers')
          if (count === 1 && answer.headers[0]?.height === source.chain.head.height) return answer
          return { kind: 'headers', headers: answer.headers.map((header) => ({ ...header, stateRoot: OTHER_HASH })) }
        }),
      isBlamed: true,
    },
    {
      description: 'gives more headers than were asked for',
      peer: () =>
        except('headers', ({ fromHeight, count }) => source.honest({ kind: 'headers', fromHeight: fromHeight - 1, count: count + 1 })),
      isBlamed: true,
    },
    {
      description: 'has no headers below the checkpoint',
      peer: () =>
        except('headers', ({ fromHeight }, honest) =>
          fromHeight === source.chain.head.height ? honest() : { kind: 'headers', headers: [] },
        ),
      isBlamed: false,
    },
    {
      description: 'gives the block of the snapshot with a seal of others',
      peer: () =>
        except('blocks', async (_, honest) => {
          const answer = await honest()
          assert.ok(!(answer instanceof Uint8Array) && answer.kind === 'blocks')
          const [before] = source.blocks
          return { kind: 'blocks', blocks: answer.blocks.map((block) => ({ ...block, seal: before?.block.seal ?? block.seal })) }
        }),
      isBlamed: true,
    },
    {
      description: 'gives another block for that of the snapshot',
      peer: () => except('blocks', () => source.honest({ kind: 'blocks', fromHeight: 1, count: 1 })),
      isBlamed: true,
    },
    {
      description: 'gives the block of the snapshot with other transactions',
      peer: () =>
        except('blocks', async (_, honest) => {
          const answer = await honest()
          assert.ok(!(answer instanceof Uint8Array) && answer.kind === 'blocks')
          const transactions = source.blocks.find(({ block }) => block.transactions.length > 0)?.block.transactions ?? []
          assert.ok(transactions.length > 0)
          return { kind: 'blocks', blocks: answer.blocks.map((block) => ({ ...block, transactions })) }
        }),
      isBlamed: true,
    },
    { description: 'has no block of the snapshot', peer: () => except('blocks', () => UNAVAILABLE), isBlamed: false },
  ]
  for (const { description, peer, isBlamed, status } of liars) {
    it(`goes on with others when one peer ${description}`, async () => {
      const scene = await setUp({ liar: peer(), honest: source.honest }, { statuses: status === undefined ? {} : { liar: status } })
      await scene.ended()
      await assertBegun(scene)
      // A fault of what it was asked for; what it was not asked for, nobody knows.
      assert.deepEqual(scene.penalties(), isBlamed ? ['liar bad-answer'] : [])
      assert.ok(scene.network.penalties.length <= PEER_CHUNK_REQUESTS, scene.network.penalties.join())
    })

    if (isBlamed)
      it(`goes on when another comes after the only peer ${description}`, async () => {
        const scene = await setUp({ liar: peer() }, { patienceMs: 100 })
        await waitFor(() => scene.penalties().length > 0, { deadlineMs: DEADLINE_MS, description: 'the blame' })
        // As if nobody were there, it waits.
        await scene.lookedAround(300)
        assert.deepEqual([scene.ends(), scene.alarms], [0, []])
        scene.join('honest', source.honest)
        scene.start.heard('honest', source.status())
        await scene.ended()
        await assertBegun(scene)
      })
    else
      it(`gives up, says so and begins with genesis when the only peer ${description}`, async () => {
        const scene = await setUp({ liar: peer() }, { statuses: status === undefined ? {} : { liar: status }, patienceMs: 300 })
        await scene.ended()
        await assertGivenUp(scene)
        assert.match(scene.alarms.join(), /^no-fast-start: .+; all blocks are fetched instead$/)
        assert.deepEqual(scene.penalties(), [])
      })
  }

  const foreign: Peer = except('headers', async (_, honest) => {
    const answer = await honest()
    assert.ok(!(answer instanceof Uint8Array) && answer.kind === 'headers')
    return { kind: 'headers', headers: answer.headers.map((header) => ({ ...header, stateRoot: OTHER_HASH })) }
  })
  it('goes on with others when one peer is of another chain, without blame', async () => {
    const scene = await setUp({ foreign, honest: source.honest })
    await scene.ended()
    await assertBegun(scene)
    assert.deepEqual(scene.penalties(), [])
    assert.deepEqual(
      scene.asked.filter(({ peerId, kind }) => peerId === 'foreign' && kind !== 'headers'),
      [],
    )
  })

  it('tells the operator of a checkpoint that no peer has, and blames nobody', async () => {
    const checkpoint = { height: source.newest.offer.height, hash: OTHER_HASH }
    const scene = await setUp({ one: source.honest, two: source.honest, three: foreign }, { checkpoint, patienceMs: 100 })
    await scene.ended()
    await scene.start.stop()
    assert.deepEqual([scene.fatal.map(({ code }) => code), scene.ends(), scene.penalties()], [['wrong-checkpoint'], 0, []])
    const found = source.newest.offer.block.slice(0, 16)
    assert.match(scene.fatal[0]?.message ?? '', new RegExp(`^none of the 3 peers .* height 19 has ${OTHER_HASH} there \\(.*${found}`))
    assert.equal(scene.chain.head.height, 0)
  })

  const checkpoints = [
    {
      description: 'is below all snapshots',
      checkpoint: () => source.checkpoint(12),
      says: /are of height 13 and above, the checkpoint is of height 12/,
    },
    {
      description: 'is above all peers',
      checkpoint: () => ({ height: 4_100, hash: OTHER_HASH }),
      says: /no peer has a block at height 4100/,
    },
  ]
  for (const { description, checkpoint, says } of checkpoints)
    it(`gives up and says why when the checkpoint ${description}`, async () => {
      const scene = await setUp({ one: source.honest, two: source.honest }, { checkpoint: checkpoint(), patienceMs: 100 })
      await scene.ended()
      await assertGivenUp(scene)
      assert.match(scene.alarms.join(), says)
      assert.deepEqual(scene.penalties(), [])
    })

  it('finds the one that there is among any number that there are not', async () => {
    const { height, hash } = source.checkpoint(source.newest.offer.height + 1)
    const crowd = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [
        `liar ${index}`,
        index % 2 === 0
          ? offering({ height, block: hash, depth: index })
          : offering({ height, block: index.toString(16).padStart(64, '0') }),
      ]),
    )
    const scene = await setUp({ ...crowd, honest: source.honest }, { patienceMs: 400, options: { gatherMs: 100 } })
    await scene.ended()
    await assertBegun(scene)
    assert.equal(scene.penalties().length, 6)
  })

  it('begins at once when enough peers offer the same', async () => {
    const scene = await setUp({ one: source.honest, two: source.honest, three: source.honest }, { options: { gatherMs: DEADLINE_MS } })
    await scene.ended()
    await assertBegun(scene)
  })

  it('takes a snapshot that a peer has only later', async () => {
    let isTaken = false
    const peer = except('snapshots', (_, honest) => (isTaken ? honest() : { kind: 'snapshots', snapshots: [] }))
    const scene = await setUp({ late: peer })
    await waitFor(() => scene.asked.some(({ kind }) => kind === 'snapshots'), {
      deadlineMs: DEADLINE_MS,
      description: 'the first question',
    })
    isTaken = true
    await scene.ended()
    await assertBegun(scene)
  })

  it('waits for peers without an end, and gives way to blocks that come meanwhile', async () => {
    const scene = await setUp({}, { patienceMs: 50 })
    await scene.lookedAround(300)
    assert.deepEqual([scene.ends(), scene.alarms], [0, []])
    await follow(scene.chain, 1)
    await scene.ended()
    await scene.start.stop()
    assert.deepEqual([scene.chain.head.height, scene.chain.firstHeight, scene.ends(), scene.fatal], [1, 1, 1, []])
  })

  it('goes on with others when one goes away in the middle', async () => {
    let given = 0
    const leaving = except('snapshot-chunk', (_, honest) => {
      if (++given <= 2) return honest()
      // Another comes in the same moment: too late to be asked now, and before the node would try again what failed.
      if (scene.statuses.delete('leaving')) {
        scene.join('honest', source.honest)
        scene.start.heard('honest', source.status())
      }
      throw new QuorateError('unreachable', 'it went away')
    })
    const scene = await setUp({ leaving })
    await scene.ended()
    await assertBegun(scene)
    assert.deepEqual(scene.penalties(), [])
    assert.equal(scene.partsAsked('honest').length, PARTS - 2)
  })

  it('asks another, who is idle, for what one is slow to give', async () => {
    const slow = except('snapshot-chunk', () => new Promise<never>(() => {}))
    const scene = await setUp({ slow, honest: source.honest })
    await scene.ended()
    await assertBegun(scene)
    assert.deepEqual(scene.partsAsked('honest').toSorted(), [...Array(PARTS).keys()])
    assert.ok(scene.partsAsked('slow').length <= PEER_CHUNK_REQUESTS)
  })

  /** A node that was ended with some parts here. */
  async function brokenOff(): Promise<{ readonly directory: string; readonly parts: ReadonlySet<number> }> {
    let given = 0
    const peer = except('snapshot-chunk', (_, honest) => (++given <= 3 ? honest() : new Promise<never>(() => {})))
    const scene = await setUp({ peer })
    await waitFor(() => scene.start.progress?.partsHere === 3, { deadlineMs: DEADLINE_MS, description: 'three parts' })
    assert.deepEqual(scene.start.progress, { height: source.newest.offer.height, parts: PARTS, partsHere: 3, peers: 1 })
    await scene.start.stop()
    assert.deepEqual([scene.ends(), scene.fatal, scene.alarms], [0, [], []])
    const parts = new Set(scene.snapshots.download?.parts)
    await close(scene.own)
    return { directory: scene.own.directory, parts }
  }

  it('goes on after a restart with the parts that are here', async () => {
    const { directory, parts } = await brokenOff()
    const scene = await setUp({ one: source.honest, two: source.honest }, { own: await open(directory) })
    await scene.ended()
    await assertBegun(scene)
    assert.deepEqual(new Set(scene.partsAsked().toSorted()), new Set([...Array(PARTS).keys()].filter((index) => !parts.has(index))))
    assert.ok(!scene.asked.some(({ kind }) => kind === 'snapshot-manifest'))
  })

  it('begins anew after a restart when that snapshot is on offer no more, and leaves nothing of it behind', async () => {
    const { directory } = await brokenOff()
    const [older] = source.snapshots
    assert.ok(older !== undefined)
    const scene = await setUp({ one: offering(older.offer) }, { own: await open(directory) })
    await scene.ended()
    await assertBegun(scene, older)
    assert.equal(scene.partsAsked().length, PARTS)
  })

  it('drops what was fetched when it gives up, and when the chain has blocks', async () => {
    const first = await brokenOff()
    const scene = await setUp({ one: () => UNAVAILABLE }, { own: await open(first.directory), patienceMs: 100 })
    await scene.ended()
    await assertGivenUp(scene)
    const second = await brokenOff()
    const { store } = await open(second.directory)
    const snapshots = await SnapshotStore.open(store, 1)
    assert.deepEqual([snapshots.download, await chunkCount(store)], [null, 0])
  })

  it('stops the node when a part cannot be written', async () => {
    const own = await open()
    const full = new QuorateError('store-full', 'no room')
    const write: OpenChain['store']['write'] = (writes, options) =>
      writes.some(({ key }) => key[0] === 'c'.charCodeAt(0)) ? Promise.reject(full) : own.store.write(writes, options)
    const store: OpenChain['store'] = {
      get: (key) => own.store.get(key),
      range: (...of) => own.store.range(...of),
      sizeOf: (...of) => own.store.sizeOf(...of),
      compact: (...of) => own.store.compact(...of),
      close: () => Promise.resolve(),
      write,
    }
    const scene = await setUp({ one: source.honest }, { own: { ...own, store } })
    await scene.ended()
    await scene.start.stop()
    assert.deepEqual([scene.fatal, scene.ends(), scene.penalties()], [[full], 0, []])
  })
})
