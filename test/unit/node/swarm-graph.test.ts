import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import { MAX_SWARM_LINKS, MAX_SWARM_NODES, NEIGHBOURS_SPARE_MS } from '../../../src/node/bounds.ts'
import { Neighbours } from '../../../src/node/neighbours.ts'
import { type SwarmParts, swarmGraph } from '../../../src/node/swarm-graph.ts'
import type { Topic } from '../../../src/ports/network.ts'
import { MAX_NEIGHBOURS } from '../../../src/wire/bounds.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { type Neighbour, neighbours } from '../../../src/wire/neighbours.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { FakeNetwork, quiet } from './fixtures.ts'

const DEADLINE_MS = 20_000
const peer = (peerId: string, height: number | null = 7) => ({
  ...{ peerId, addresses: [], direction: 'inbound' as const, score: 0, verifier: null, height, agent: 'quorate/1', clockOffsetMs: 0 },
})

describe('the graph of the swarm', () => {
  const parts: SwarmParts = {
    self: { peerId: 'me', agent: 'quorate/2', height: 9 },
    peers: [peer('a'), peer('b', null)],
    connections: [
      { peerId: 'a', mesh: ['blocks'] },
      { peerId: 'b', mesh: [] },
    ],
    members: [
      { peerId: 'me', id: '11'.repeat(20) },
      { peerId: 'c', id: '22'.repeat(20) },
    ],
    leaderIndex: 1,
    told: new Map([
      [
        'a',
        [
          { peerId: 'b', mesh: ['evidence'] },
          { peerId: 'c', mesh: [] },
        ],
      ],
      ['b', [{ peerId: 'a', mesh: ['blocks'] }]],
    ]),
  }

  it('has the own links, and those that peers tell of, each once', () => {
    const { nodes, links } = swarmGraph(parts)
    assert.deepEqual(
      links.map(({ from, to, mesh }) => `${from}-${to} ${mesh.join('+')}`),
      ['a-me blocks', 'b-me ', 'a-b blocks+evidence', 'a-c '],
    )
    assert.deepEqual(
      nodes.map(({ peerId, isSelf, isConnected, height, verifier, isLeader }) => [
        peerId,
        isSelf,
        isConnected,
        height,
        verifier?.index ?? null,
        isLeader,
      ]),
      [
        ['me', true, false, 9, 0, false],
        ['a', false, true, 7, null, false],
        ['b', false, true, null, null, false],
        ['c', false, false, null, 1, true],
      ],
    )
  })

  it('has no links from a node to itself, nor more than a page can draw', () => {
    const many = Array.from({ length: 64 }, (_, from) => `p${from}`)
    const told = new Map(
      many.map((from, at) => [from, Array.from({ length: 64 }, (_, to) => ({ peerId: `p${(at * 7 + to) % 400}`, mesh: [] }))]),
    )
    const { nodes, links } = swarmGraph({ ...parts, told: new Map([...told, ['a', [{ peerId: 'a', mesh: [] }]]]) })
    assert.ok(nodes.length <= MAX_SWARM_NODES && links.length <= MAX_SWARM_LINKS)
    assert.equal(nodes.length, MAX_SWARM_NODES)
    const known = new Set(nodes.map(({ peerId }) => peerId))
    assert.ok(links.every(({ from, to }) => from < to && known.has(from) && known.has(to)))
    assert.equal(new Set(links.map(({ from, to }) => `${from} ${to}`)).size, links.length)
  })
})

describe('neighbours', () => {
  const asked = (network: FakeNetwork): ((data: Uint8Array, from: string) => Promise<Uint8Array>) => {
    const handler = network.handlers.get('neighbours')
    assert.ok(handler !== undefined)
    return (data, from) => handler(data, from, AbortSignal.timeout(DEADLINE_MS))
  }
  const none = new Uint8Array()
  const codeOf = (code: string) => (error: unknown) => error instanceof QuorateError && error.code === code
  const running: Neighbours[] = []
  afterEach(() => {
    for (const one of running.splice(0)) one.stop()
  })
  function start(network: FakeNetwork, nowMs: () => number = () => 0, isServing = true): Neighbours {
    const made = new Neighbours({ network, telemetry: quiet(), nowMs, isServing })
    running.push(made)
    return made
  }

  it('are told to a peer without itself, those of the mesh first, at most so many', async () => {
    const network = new FakeNetwork()
    for (let index = 0; index < MAX_NEIGHBOURS + 10; index++) network.join(`p${index}`, () => Promise.resolve(none))
    const meshed: readonly Topic[] = ['transactions', 'evidence']
    const peers = network.peers.bind(network)
    network.peers = () => peers().map((one) => (one.peerId === 'p70' ? { ...one, mesh: meshed } : one))
    start(network)
    const told = decode(neighbours, await asked(network)(none, 'p0'))
    assert.equal(told.length, MAX_NEIGHBOURS)
    assert.deepEqual(told[0], { peerId: 'p70', mesh: 9 })
    assert.ok(told.every(({ peerId }) => peerId !== 'p0'))
  })

  it('are told to one peer only so often, and not for a request with bytes', async () => {
    const network = new FakeNetwork()
    let nowMs = 0
    start(network, () => nowMs)
    await asked(network)(none, 'a')
    nowMs = NEIGHBOURS_SPARE_MS - 1
    await assert.rejects(asked(network)(none, 'a'), codeOf('too-soon'))
    await asked(network)(none, 'b')
    nowMs = NEIGHBOURS_SPARE_MS
    await asked(network)(none, 'a')
    await assert.rejects(asked(network)(Uint8Array.of(1), 'c'), codeOf('bad-request'))
  })

  it('are told to nobody if they are switched off', () => {
    const network = new FakeNetwork()
    start(network, () => 0, false)
    assert.equal(network.handlers.has('neighbours'), false)
  })

  it('are asked of peers once somebody looks, and forgotten when the peer goes', async () => {
    const network = new FakeNetwork()
    let requests = 0
    const said: readonly Neighbour[] = [{ peerId: 'far', mesh: 6 }]
    network.join('a', () => {
      requests++
      return Promise.resolve(encode(neighbours, said))
    })
    const own = start(network)
    assert.equal(requests, 0)
    assert.equal(own.told().size, 0)
    const told = await waitFor(() => own.told().get('a'), { deadlineMs: DEADLINE_MS, description: 'what the peer said' })
    assert.deepEqual(told, [{ peerId: 'far', mesh: ['candidates', 'blocks'] }])
    // Looking again and again asks no more often.
    assert.equal(requests, 1)
    network.leave('a')
    assert.equal(own.told().size, 0)
  })

  const bad: { description: string; bytes: Uint8Array }[] = [
    { description: 'bytes that are none', bytes: Uint8Array.of(1, 2, 3) },
    {
      description: 'a peer twice',
      bytes: encode(neighbours, [
        { peerId: 'x', mesh: 0 },
        { peerId: 'x', mesh: 1 },
      ]),
    },
    { description: 'a bit that is no topic', bytes: encode(neighbours, [{ peerId: 'x', mesh: 16 }]) },
  ]
  for (const { description, bytes } of bad)
    it(`that are ${description} count against the peer`, async () => {
      const network = new FakeNetwork()
      network.join('a', () => Promise.resolve(bytes))
      const own = start(network)
      own.told()
      await waitFor(() => network.penalties.length > 0, { deadlineMs: DEADLINE_MS, description: 'the penalty' })
      assert.deepEqual(network.penalties, ['a bad-answer'])
      assert.equal(own.told().size, 0)
    })
})
