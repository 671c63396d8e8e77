import assert from 'node:assert/strict'
import type { QuorateError } from '../../../src/base/errors.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { stateRoot } from '../../../src/ledger/state.ts'
import { IMPORT_BLOCKS, SYNC_BLOCKS } from '../../../src/node/bounds.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { Heard } from '../../../src/node/heard.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { Sync } from '../../../src/node/sync.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { blockHash } from '../../../src/wire/ids.ts'
import { type Status, syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { SignedBlock } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, plainSigning, quiet } from './fixtures.ts'

const DEADLINE_MS = 20_000
/** Heights of the blocks that settle an election. */
const [FIRST, SECOND, THIRD] = [7, 13, 19]

describe('sync over handovers', () => {
  const of = new EpochChain()
  const opened: OpenChain[] = []
  const open = async (): Promise<OpenChain> => {
    const one = await openChain(of)
    opened.push(one)
    return one
  }
  let history: readonly FinalBlock[]
  let blocks: readonly SignedBlock[]
  let grown: Chain

  before(async () => {
    grown = (await open()).chain
    history = await of.grow(grown, 4, 5)
    blocks = history.map(({ block }) => block)
    assert.ok(blocks.length < SYNC_BLOCKS, 'one answer spans all of the handovers')
    assert.ok(THIRD - FIRST < IMPORT_BLOCKS, 'and so does one import')
  })
  after(() => Promise.all(opened.map(({ store }) => store.close())))

  /** The blocks that a peer offers, at most `most` in an answer. */
  interface Peer {
    readonly blocks: readonly SignedBlock[]
    readonly most?: number
  }
  async function setUp(peers: Readonly<Record<string, Peer>>) {
    const { chain } = await open()
    const network = new FakeNetwork()
    const fatal: QuorateError[] = []
    const heights: number[] = []
    const status = (height: number): Status => ({
      ...{ version: 1, chainId: of.chainId, height, firstHeight: 1, head: of.chainId, timeMs: Date.now(), agent: 'test' },
    })
    let asked = 0
    for (const [peerId, peer] of Object.entries(peers))
      network.answers.set(peerId, (_, data) => {
        const request = decode(syncRequest, data)
        if (request.kind !== 'blocks') return encode(syncResponse, { kind: 'status', status: status(peer.blocks.length) })
        asked++
        const from = request.fromHeight - 1
        return encode(syncResponse, {
          kind: 'blocks',
          blocks: peer.blocks.slice(from, from + Math.min(request.count, peer.most ?? request.count)),
        })
      })
    const sync = new Sync({
      chain,
      network,
      client: new SyncClient(network),
      signatures: nativeSignatures,
      quorumSignatures: new QuorumSignatures(plainSigning(of.chainId), nativeSignatures, new Heard()),
      telemetry: quiet(),
      checkpoint: null,
      ownStatus: () => status(chain.head.height),
      nowMs: () => Date.now(),
      alone: (job) => job(),
      onImported: ({ ref }) => void heights.push(ref.height),
      onPeerStatus: () => {},
      onGap: () => {},
      refuses: () => false,
      onOffBranch: () => {},
      isHeld: false,
      onFatal: (error) => void fatal.push(error),
    })
    sync.start()
    const ended = () => waitFor(() => asked > 0 && !sync.isRunning, { deadlineMs: DEADLINE_MS, description: 'the end of the run' })
    const caughtUp = () =>
      waitFor(() => chain.head.height === blocks.length, { deadlineMs: DEADLINE_MS, description: `height ${blocks.length}` })
    return { chain, network, sync, fatal, heights, ended, caughtUp }
  }
  function assertSame(chain: Chain): void {
    assert.equal(chain.head.hash, grown.head.hash)
    assert.equal(stateRoot(chain.ledger), stateRoot(grown.ledger))
    for (let height = 1; height <= blocks.length + 1; height++)
      assert.equal(chain.quorumAt(height)?.hash, grown.quorumAt(height)?.hash, `height ${height}`)
    for (const { ref, transition } of history) assert.deepEqual(chain.receipt(ref.height), transition.receipt)
  }

  for (const most of [1, 3, FIRST, FIRST + 1, SYNC_BLOCKS])
    it(`gives from genesis the same state, quorums and receipts, by answers of at most ${most} blocks`, async () => {
      const { chain, sync, network, heights, caughtUp, fatal } = await setUp({ one: { blocks, most }, two: { blocks, most } })
      await caughtUp()
      await sync.stop()
      assertSame(chain)
      assert.deepEqual([network.penalties, fatal], [[], []])
      assert.deepEqual(
        heights,
        blocks.map((_, index) => index + 1),
      )
    })

  /** From a height on, what the quorum of another height makes and seals in the place of the one whose turn it is. */
  async function forkFrom(height: number, sealedByQuorumOf: number): Promise<SignedBlock[]> {
    const { chain } = await open()
    for (const final of history.slice(0, height - 1)) await chain.commit(final)
    const sealedBy = grown.quorumAt(sealedByQuorumOf)
    assert.ok(sealedBy !== undefined)
    const forged: SignedBlock[] = blocks.slice(0, height - 1)
    while (forged.length < blocks.length) {
      const final = of.block(chain, { maker: 3, sealedBy })
      await chain.commit(final)
      forged.push(final.block)
    }
    return forged
  }
  const changedAt = (height: number, change: (block: SignedBlock) => SignedBlock): SignedBlock[] =>
    blocks.map((block, index) => (index + 1 === height ? change(block) : block))
  const withNext = (height: number, nextQuorum: string): SignedBlock[] =>
    changedAt(height, (block) => ({ ...block, header: { ...block.header, nextQuorum } }))
  const quorumAt = (height: number) => grown.quorumAt(height) ?? assert.fail('a quorum')

  const liars: readonly {
    readonly description: string
    readonly offers: () => readonly SignedBlock[] | Promise<readonly SignedBlock[]>
    /** How far it is believed. */
    readonly upTo: number
  }[] = [
    {
      description: 'forges the next quorum in the middle of a term',
      offers: () => withNext(FIRST + 3, quorumAt(SECOND + 1).hash),
      upTo: FIRST,
    },
    { description: 'forges the next quorum of a handover', offers: () => withNext(FIRST, quorumAt(SECOND + 1).hash), upTo: 0 },
    { description: 'hides a handover', offers: () => withNext(SECOND, quorumAt(SECOND).hash), upTo: FIRST },
    {
      description: 'forges the next quorum of the last block',
      offers: () => withNext(blocks.length, quorumAt(1).hash),
      upTo: THIRD + 6,
    },
    {
      description: 'has every block of a term sealed by the quorum before',
      offers: () =>
        blocks.map((block, index) => {
          const { height } = history[index]?.ref ?? { height: 0 }
          const statement = { kind: 'seal', height, block: history[index]?.ref.hash ?? '' } as const
          return height <= SECOND ? block : { ...block, seal: of.aggregate(quorumAt(SECOND), [0, 1, 2, 3], statement) }
        }),
      upTo: SECOND,
    },
    {
      description: 'goes on with blocks of its own after a handover, with the old quorum',
      offers: () => forkFrom(SECOND + 1, SECOND),
      upTo: SECOND,
    },
    {
      description: 'goes on with blocks of its own after a handover, with the first quorum',
      offers: () => forkFrom(THIRD + 1, 1),
      upTo: THIRD,
    },
    {
      description: 'goes on before a handover, with the quorum that comes next',
      offers: () => forkFrom(SECOND - 2, SECOND + 1),
      upTo: FIRST,
    },
    {
      description: "gives the last block's seal to fewer than enough",
      offers: () =>
        changedAt(SECOND, (block) => ({
          ...block,
          seal: of.aggregate(quorumAt(SECOND), [0, 2], { kind: 'seal', height: SECOND, block: history[SECOND - 1]?.ref.hash ?? '' }),
        })),
      upTo: FIRST,
    },
  ]
  for (const { description, offers, upTo } of liars) {
    it(`blames a peer that ${description}, and believes it no further`, async () => {
      const { chain, sync, network, fatal, ended } = await setUp({ liar: { blocks: await offers() } })
      await ended()
      await sync.stop()
      assert.equal(chain.head.height, upTo)
      assert.equal(chain.head.hash, upTo === 0 ? of.chainId : history[upTo - 1]?.ref.hash)
      assert.deepEqual([network.penalties, fatal], [['liar bad-answer'], []])
    })

    it(`goes on with another when one peer ${description}`, async () => {
      const { chain, sync, network, fatal, caughtUp } = await setUp({ liar: { blocks: await offers() }, honest: { blocks } })
      await caughtUp()
      await sync.stop()
      assertSame(chain)
      assert.deepEqual([new Set(network.penalties), fatal], [new Set(['liar bad-answer']), []])
    })
  }

  it('stops at a block that a quorum has sealed with a next quorum that no election gave', async () => {
    const height = FIRST + 3
    const forged = withNext(height, quorumAt(SECOND + 1).hash).map((block) => {
      if (block.header.height !== height) return block
      const statement = { kind: 'seal', height, block: blockHash(of.chainId, block.header) } as const
      return { ...block, seal: of.aggregate(quorumAt(height), [0, 1, 2, 3], statement) }
    })
    const { chain, sync, network, fatal, ended } = await setUp({ liar: { blocks: forged } })
    await ended()
    await sync.stop()
    assert.deepEqual([chain.head.height, network.penalties], [height - 1, []])
    assert.deepEqual(
      fatal.map(({ code }) => code),
      ['invalid-sealed'],
    )
    assert.match(fatal[0]?.message ?? '', /wrong-next-quorum/)
  })
})
