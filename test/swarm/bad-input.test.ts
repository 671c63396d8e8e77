import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { encodeFrame } from '../../src/adapters/libp2p/frames.ts'
import { CUT_OFF_SCORE } from '../../src/adapters/libp2p/limits.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { WITNESSED_HEIGHTS } from '../../src/consensus/bounds.ts'
import type { RunningNode } from '../../src/node/running.ts'
import type { Topic } from '../../src/ports/network.ts'
import { decode, encode } from '../../src/wire/codec.ts'
import { blockHash } from '../../src/wire/ids.ts'
import { type SyncRequest, syncRequest, syncResponse } from '../../src/wire/sync.ts'
import { type SignRequest, signRequest, signResponse } from '../../src/wire/types.ts'
import { waitFor } from '../helpers/wait-for.ts'
import {
  ADVERSARY,
  batch,
  candidateNow,
  chain,
  type GossipCase,
  ignored,
  junk8,
  junk96,
  LARGEST,
  nextHeader,
  OTHER_CHAIN,
  record,
  rejected,
  sealed,
  setStage,
  victim,
  vote,
} from './hostile-cases.ts'
import { candidateBytes, certificateOf, emptyHeader, sealedBytes, transferOf } from './hostile-messages.ts'
import { addressOf, counterOf, DEADLINE_MS, FUNDED, heightOf, heightReached, TestChain } from './hostile-network.ts'
import { HostilePeer } from './hostile-peer.ts'
import { settledBytes } from './settled-bytes.ts'

const HONEST = [0, 1, 2]

const scoreOf = (node: RunningNode, peerId: string): number | undefined => node.view.peers().find((peer) => peer.peerId === peerId)?.score

/** Sends until the node has counted it: slots and heights pass while a message is on its way. */
async function sendUntilCounted(peer: HostilePeer, { topic, message, counter }: GossipCase): Promise<void> {
  const before = counterOf(victim, counter)
  await peer.joins(topic)
  let lastMs = 0
  await waitFor(
    async () => {
      if (counterOf(victim, counter) > before) return true
      if (Date.now() - lastMs > 300) {
        lastMs = Date.now()
        await peer.publish(topic, message())
      }
      return false
    },
    { deadlineMs: DEADLINE_MS, description: `the counter ${counter}; there are ${JSON.stringify(victim.view.status().counters)}` },
  )
}

describe('bad input', function () {
  this.timeout(300_000)
  const peers = new Set<HostilePeer>()
  let nodes: RunningNode[] = []
  let heightBefore = 0

  const connect = async (networkKey?: string): Promise<HostilePeer> => {
    const peer = await HostilePeer.connect(chain.label, addressOf(victim), networkKey)
    peers.add(peer)
    return peer
  }

  before(async () => {
    const made = await TestChain.make(4)
    nodes = await made.startVerifiers(...HONEST)
    setStage(made, nodes[0] as RunningNode)
    await heightReached(victim, 2)
  })
  after(() => chain.stopAll())
  beforeEach(() => {
    heightBefore = heightOf(victim)
  })
  afterEach(async () => {
    for (const peer of peers) await peer.stop()
    peers.clear()
    // Whatever came, blocks go on, and no honest node blames another.
    await heightReached(victim, heightBefore + 1)
    for (const node of nodes) {
      assert.deepEqual(
        node.view.status().alarms.filter(({ code }) => code !== 'clock-off'),
        [],
      )
      for (const other of nodes.filter((one) => one !== node)) {
        const score = scoreOf(node, other.view.status().peerId)
        assert.ok(score === undefined || score > -20, `an honest peer has score ${score}`)
      }
    }
  })

  describe('gossip that nobody honest sends is rejected, and whoever passed it on is blamed', () => {
    for (const one of rejected)
      it(`${one.topic}: ${one.description}`, async () => {
        const peer = await connect()
        await sendUntilCounted(peer, one)
        await waitFor(() => (scoreOf(victim, peer.peerId) ?? CUT_OFF_SCORE) < 0, { deadlineMs: DEADLINE_MS, description: 'a lower score' })
      })
  })

  describe('gossip that is of no use is ignored, and nobody is blamed', () => {
    for (const one of ignored)
      it(`${one.topic}: ${one.description}`, async () => {
        const peer = await connect()
        await sendUntilCounted(peer, one)
        assert.ok((scoreOf(victim, peer.peerId) ?? 0) >= 0)
      })
  })

  describe('streams', () => {
    const offences = (): number =>
      Object.entries(victim.view.status().counters).reduce(
        (sum, [name, count]) => sum + (name.startsWith('network.offence.') ? count : 0),
        0,
      )

    for (const protocol of ['sign', 'sync'] as const) {
      const broken: readonly { readonly description: string; readonly bytes: () => Uint8Array; readonly code: string }[] = [
        { description: 'garbage', bytes: () => concatBytes([Uint8Array.of(0xff), randomBytes(1000)]), code: 'bad-frame' },
        { description: 'a frame of four gigabytes', bytes: () => Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0), code: 'bad-frame' },
        { description: 'a frame of nothing', bytes: () => new Uint8Array(4), code: 'bad-frame' },
        { description: 'an unknown kind of frame', bytes: () => Uint8Array.of(0, 0, 0, 5, 9, 0, 0, 0, 1), code: 'bad-frame' },
        {
          description: 'an answer to nothing',
          bytes: () => encodeFrame({ kind: 'response', id: 1, payload: randomBytes(10) }),
          code: 'unasked-frame',
        },
      ]
      for (const { description, bytes, code } of broken)
        it(`${protocol}: ${description} resets the stream, and four times cut off`, async () => {
          const peer = await connect()
          const before = counterOf(victim, `network.offence.${code}`)
          for (let time = 0; time < 4 && peer.isConnected; time++) {
            const stream = await peer.open(protocol)
            stream.write(bytes())
            await stream.closed()
          }
          await waitFor(() => !peer.isConnected, { deadlineMs: DEADLINE_MS, description: 'being cut off' })
          assert.equal(counterOf(victim, `network.offence.${code}`), before + 4)
        })

      it(`${protocol}: a request that does not decode is answered with its code and counted`, async () => {
        const peer = await connect()
        const stream = await peer.open(protocol)
        const before = counterOf(victim, 'network.offence.malformed')
        const answer = await stream.request(randomBytes(300))
        assert.equal(answer?.kind, 'error')
        assert.match(Buffer.from(answer?.payload ?? '').toString(), /^[a-z0-9-]+$/)
        assert.equal(counterOf(victim, 'network.offence.malformed'), before + 1)
        assert.ok((scoreOf(victim, peer.peerId) ?? 0) < 0)
      })

      it(`${protocol}: half a frame and a closed stream harm nobody`, async () => {
        const peer = await connect()
        const before = offences()
        const stream = await peer.open(protocol)
        stream.write(encodeFrame({ kind: 'request', id: 1, payload: randomBytes(200) }).subarray(0, 100))
        const another = await peer.open('sync')
        const answer = await another.request(encode(syncRequest, { kind: 'block', block: OTHER_CHAIN }))
        assert.equal(answer?.kind, 'response')
        assert.equal(offences(), before)
      })
    }

    const blockHere = (): string => blockHash(chain.chainId, nextHeader())
    const voteRequest = (changes: { height?: number; slot?: number }): SignRequest => ({
      kind: 'vote',
      statement: { kind: 'vote', height: heightOf(victim) + 1, slot: chain.slotNow() + 1, block: blockHere(), validSlot: null, ...changes },
    })
    const asked: readonly {
      readonly description: string
      readonly by: 'stranger' | 'member'
      readonly request: () => SignRequest
      readonly reason: string
      readonly offence?: string
    }[] = [
      { description: 'a vote', by: 'stranger', request: () => voteRequest({}), reason: 'not-leader' },
      {
        description: 'a vote in a slot at the end of time',
        by: 'member',
        request: () => voteRequest({ slot: LARGEST }),
        reason: 'wrong-slot',
      },
      { description: 'a vote in a slot that is over', by: 'member', request: () => voteRequest({ slot: 0 }), reason: 'wrong-slot' },
      {
        description: 'a vote at a height at the end of time',
        by: 'member',
        request: () => voteRequest({ height: LARGEST }),
        reason: 'unknown-parent',
      },
      { description: 'a vote at a height that is final', by: 'member', request: () => voteRequest({ height: 1 }), reason: 'old-height' },
      {
        description: 'a vote for a block that nobody has',
        by: 'member',
        request: () => voteRequest({}),
        reason: 'wrong-slot or old-height',
      },
      {
        description: 'a seal where a vote is due',
        by: 'member',
        request: () => ({ kind: 'vote', statement: { kind: 'seal', height: heightOf(victim) + 1, block: blockHere() } }),
        reason: 'bad-certificate',
        offence: 'wrong-request',
      },
      {
        description: 'a lock on too little stake',
        by: 'member',
        request: () => ({ kind: 'lock', certificate: certificateOf(chain, [ADVERSARY], vote(nextHeader())) }),
        reason: 'bad-certificate',
        offence: 'bad-certificate',
      },
      {
        description: "a lock on another network's votes",
        by: 'member',
        request: () => ({ kind: 'lock', certificate: certificateOf(chain, [0, 1, 2, 3], vote(nextHeader()), OTHER_CHAIN) }),
        reason: 'bad-certificate',
        offence: 'bad-certificate',
      },
      {
        description: 'a seal on a certificate of votes',
        by: 'member',
        request: () => ({ kind: 'seal', certificate: certificateOf(chain, [0, 1, 2, 3], vote(nextHeader())) }),
        reason: 'bad-certificate',
        offence: 'wrong-request',
      },
    ]
    for (const { description, by, request, reason, offence } of asked)
      it(`sign: ${description}, asked by a ${by}, is refused: ${reason}`, async () => {
        const peer = await connect(by === 'member' ? chain.verifiers[ADVERSARY]?.networkKey : undefined)
        const before = offence === undefined ? offences() : counterOf(victim, `network.offence.${offence}`)
        const answer = await (await peer.open('sign')).request(encode(signRequest, request()))
        const response = decode(signResponse, answer?.payload ?? new Uint8Array())
        assert.ok(response.kind === 'refusal' && reason.split(' or ').includes(response.reason), JSON.stringify(response))
        if (offence === undefined) assert.equal(offences(), before)
        else assert.equal(counterOf(victim, `network.offence.${offence}`), before + 1)
      })

    const status = { version: 1, height: LARGEST, firstHeight: LARGEST, head: OTHER_CHAIN, timeMs: LARGEST, agent: 'x'.repeat(64) }
    const synced: readonly { readonly description: string; readonly request: () => SyncRequest; readonly expected: string }[] = [
      {
        description: 'blocks from the end of time',
        request: () => ({ kind: 'blocks', fromHeight: LARGEST, count: 65_535 }),
        expected: 'blocks 0',
      },
      { description: 'blocks from genesis', request: () => ({ kind: 'blocks', fromHeight: 0, count: 65_535 }), expected: 'blocks 0' },
      { description: 'no blocks', request: () => ({ kind: 'blocks', fromHeight: 1, count: 0 }), expected: 'blocks 0' },
      {
        description: 'transactions of a block that nobody has',
        request: () => ({ kind: 'transactions', block: OTHER_CHAIN, indices: [0] }),
        expected: 'unavailable 1',
      },
      {
        description: 'ten thousand transactions of an empty block',
        request: () => ({ kind: 'transactions', block: victim.view.status().head, indices: Array.from({ length: 10_000 }, () => 65_535) }),
        expected: 'unavailable 1',
      },
      { description: 'a block that nobody has', request: () => ({ kind: 'block', block: OTHER_CHAIN }), expected: 'unavailable 1' },
      {
        description: 'signatures of nobody',
        request: () => ({ kind: 'newest-signed', verifier: '00'.repeat(20) }),
        expected: 'newest-signed 0',
      },
      {
        description: 'public records that nobody has',
        request: () => ({ kind: 'records', ids: Array.from({ length: 64 }, () => OTHER_CHAIN) }),
        expected: 'records 0',
      },
      {
        description: 'the status of another chain',
        request: () => ({ kind: 'status', status: { ...status, chainId: OTHER_CHAIN } }),
        expected: 'unavailable 2',
      },
      {
        description: 'the status of another version',
        request: () => ({ kind: 'status', status: { ...status, version: 2, chainId: chain.chainId } }),
        expected: 'unavailable 2',
      },
      {
        description: 'a status with a clock and a height at the end of time',
        request: () => ({ kind: 'status', status: { ...status, chainId: chain.chainId } }),
        expected: 'status',
      },
    ]
    for (const { description, request, expected } of synced)
      it(`sync: ${description} is answered: ${expected}`, async () => {
        const peer = await connect()
        const before = offences()
        const answer = await (await peer.open('sync')).request(encode(syncRequest, request()))
        const response = decode(syncResponse, answer?.payload ?? new Uint8Array())
        const detail = { blocks: 'blocks', 'newest-signed': 'records', records: 'records' }[response.kind as string]
        const count = detail === undefined ? '' : ` ${(response as unknown as Record<string, readonly unknown[]>)[detail]?.length}`
        assert.equal(response.kind === 'unavailable' ? `unavailable ${response.code}` : `${response.kind}${count}`, expected)
        assert.equal(offences(), before)
      })
  })

  it('a peer of another network shares no protocol with us', async () => {
    const peer = await HostilePeer.connect('hostile-00000000', addressOf(victim))
    peers.add(peer)
    for (const protocol of ['sign', 'sync'] as const) await assert.rejects(peer.open(protocol), { name: 'UnsupportedProtocolError' })
  })

  it('memory does not grow with the number of messages', async () => {
    const floods: readonly { readonly topic: Topic; readonly message: () => Uint8Array }[] = [
      { topic: 'transactions', message: () => batch(transferOf(chain, FUNDED, Math.floor(Math.random() * 1e9), { expirySlot: LARGEST })) },
      {
        topic: 'candidates',
        message: () => candidateNow({ slot: LARGEST, signature: junk96(), shortIds: Array.from({ length: 2_000 }, junk8) }),
      },
      { topic: 'candidates', message: () => candidateNow({ header: { height: LARGEST }, signature: junk96(), shortIds: [junk8()] }) },
      {
        topic: 'candidates',
        message: () => candidateNow({ proof: junk96(), maker: Math.floor(Math.random() * 65_536), signature: junk96() }),
      },
      { topic: 'blocks', message: () => sealed({ ...nextHeader(), height: LARGEST, proof: junk96() }, [0]) },
      {
        topic: 'evidence',
        message: () => record({ statement: vote(nextHeader(), { height: LARGEST }), aggregate: { signers: [0], signature: junk96() } }),
      },
    ]
    let sentBytes = 0
    const flood = async (rounds: number): Promise<void> => {
      const peer = await connect()
      for (const topic of ['transactions', 'candidates', 'blocks', 'evidence'] as const) await peer.joins(topic)
      const stream = await peer.open('sync')
      for (let round = 0; round < rounds; round++) {
        for (const { topic, message } of floods) {
          const bytes = message()
          sentBytes += bytes.length
          await peer.publish(topic, bytes)
        }
        await stream.request(encode(syncRequest, { kind: 'block', block: randomBytes(32).toString('hex') }))
        stream.frames.length = 0
      }
      await peer.stop()
      peers.delete(peer)
    }
    // Until then nodes remember more with each block that is final, whatever anybody sends.
    await waitFor(() => heightOf(victim) > WITNESSED_HEIGHTS + 8, {
      deadlineMs: 5 * DEADLINE_MS,
      description: 'a history that grows no more',
    })
    await flood(100)
    const before = await settledBytes()
    sentBytes = 0
    await flood(400)
    await waitFor(async () => (await settledBytes()) - before < sentBytes / 4, {
      // Gossipsub remembers for two minutes which messages it has seen.
      deadlineMs: 5 * DEADLINE_MS,
      description: `less than a quarter of ${sentBytes} bytes to be held`,
    })
  })
})

describe('bad input that those have signed who must not', function () {
  this.timeout(300_000)
  const peers = new Set<HostilePeer>()
  let own: TestChain
  let node: RunningNode

  /** A node alone, and somebody who has the keys of all verifiers: what they sign here could convict them elsewhere. */
  async function alone(verifiers: number): Promise<HostilePeer> {
    own = await TestChain.make(verifiers)
    node = await own.start(await own.fullDirectory(), 'full')
    const peer = await HostilePeer.connect(own.label, addressOf(node))
    peers.add(peer)
    return peer
  }
  afterEach(async () => {
    for (const peer of peers) await peer.stop()
    peers.clear()
    await own.stopAll()
  })
  const counted = (name: string, send: () => Promise<void>): Promise<unknown> =>
    waitFor(
      async () => {
        if (counterOf(node, name) > 0) return true
        await send()
        return false
      },
      { deadlineMs: DEADLINE_MS, description: `the counter ${name}; there are ${JSON.stringify(node.view.status().counters)}` },
    )

  it('of two candidates of one maker in a slot only the first counts, and both together are evidence', async () => {
    const peer = await alone(4)
    await peer.joins('candidates')
    await counted('candidates.ignore.known', async () => {
      const slot = own.slotNow() + 1
      for (const header of [{}, { stateRoot: OTHER_CHAIN }])
        await peer.publish('candidates', candidateBytes(own, node, ADVERSARY, slot, { header }))
    })
    assert.ok((scoreOf(node, peer.peerId) ?? 0) >= 0)
    const [evidence, ...more] = node.view.evidence(0, 10).evidence
    assert.ok(evidence !== undefined && more.length === 0)
    assert.deepEqual(
      [evidence.kind, evidence.offenders.map(({ peerId }) => peerId), evidence.punished],
      ['double-candidate', [own.verifiers[ADVERSARY]?.peerId], null],
    )
    assert.deepEqual(
      node.view.status().alarms.map(({ code }) => code),
      ['evidence'],
    )
  })

  it('a right block with wrong short ids is of no use, and nobody is blamed', async () => {
    const peer = await alone(1)
    await peer.joins('blocks')
    await counted('blocks.ignore.missing-transactions', async () => {
      const header = emptyHeader(own, node, 0, own.slotNow())
      await peer.publish('blocks', sealedBytes(own, header, [0], { shortIds: [junk8()] }))
    })
    assert.ok((scoreOf(node, peer.peerId) ?? 0) >= 0)
  })

  it('a block that a quorum sealed and that does not execute stops the node, which says so', async () => {
    const peer = await alone(1)
    await peer.joins('blocks')
    let error: Error | undefined
    void node.failure.then((reason) => {
      error = reason
    })
    await waitFor(
      async () => {
        if (error !== undefined) return true
        const header = { ...emptyHeader(own, node, 0, own.slotNow()), stateRoot: OTHER_CHAIN }
        await peer.publish('blocks', sealedBytes(own, header, [0]))
        return false
      },
      { deadlineMs: DEADLINE_MS, description: 'the node to fail' },
    )
    assert.equal((await node.failure).code, 'invalid-sealed')
  })
})
