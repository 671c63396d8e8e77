import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { MessageType } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import { leastUseful, type Occupant } from '../../../src/adapters/libp2p/admission.ts'
import { Defence } from '../../../src/adapters/libp2p/defence.ts'
import { causeOf } from '../../../src/adapters/libp2p/dial-failures.ts'
import { generateNetworkKey, networkKeyFromBytes, peerIdOf } from '../../../src/adapters/libp2p/keys.ts'
import { type ConnectionLimits, connectionLimits } from '../../../src/adapters/libp2p/limits.ts'
import { createNode, type Node } from '../../../src/adapters/libp2p/node.ts'
import type { Libp2pNetworkOptions } from '../../../src/adapters/libp2p/options.ts'
import { type Classify, originOf, publicOrigin } from '../../../src/adapters/libp2p/prefixes.ts'
import { Rates } from '../../../src/adapters/libp2p/rates.ts'
import { SeenAddresses } from '../../../src/adapters/libp2p/seen-addresses.ts'
import { TableGuard } from '../../../src/adapters/libp2p/table-guard.ts'
import { TrafficMeter } from '../../../src/adapters/libp2p/traffic.ts'
import type { Network } from '../../../src/ports/network.ts'
import { connected, recordingTelemetry, TestNodes, until } from './libp2p-helpers.ts'

const CHAIN = 'test-00000000'

describe('the origin of an address', () => {
  const origins: { description: string; text: string; host: string | null; prefix: string | null }[] = [
    { description: 'IPv4', text: '/ip4/198.51.100.7/tcp/1', host: '198.51.100.7', prefix: '198.51.100.0/24' },
    { description: 'IPv6', text: '/ip6/2001:db8:1:2:3:4:5:6/tcp/1', host: '2001:db8:1:2::/64', prefix: '2001:db8:1::/48' },
    { description: 'IPv6, cut short', text: '/ip6/2001:db8::7/tcp/1', host: '2001:db8:0:0::/64', prefix: '2001:db8:0::/48' },
    { description: 'IPv4 in IPv6 form', text: '/ip6/::ffff:198.51.100.7/tcp/1', host: '198.51.100.7', prefix: '198.51.100.0/24' },
    { description: 'a name', text: '/dns4/seed.example.org/tcp/1', host: null, prefix: null },
  ]
  for (const { description, text, host, prefix } of origins)
    it(`is that of ${description}`, () => {
      const origin = originOf(multiaddr(text))
      assert.deepEqual([origin?.host ?? null, origin?.prefix ?? null], [host, prefix])
    })

  it('is not counted for private addresses', () => {
    assert.equal(publicOrigin(multiaddr('/ip4/192.168.1.1/tcp/1')), null)
    assert.equal(publicOrigin(multiaddr('/ip4/8.8.8.8/tcp/1'))?.host, '8.8.8.8')
  })
})

describe('the bounds for strangers', () => {
  it('let so many through at once, then so many a second, each for himself', () => {
    const rates = new Rates({ burst: 2, perSecond: 0.5 }, 2)
    const takes = (key: string, atMs: number): boolean => rates.take(key, atMs)
    assert.deepEqual([takes('a', 0), takes('a', 0), takes('a', 0), takes('b', 0)], [true, true, false, true])
    assert.deepEqual([takes('a', 1999), takes('a', 2000), takes('a', 2001)], [false, true, false])
    assert.deepEqual([takes('a', 60_000), takes('a', 60_000), takes('a', 60_000)], [true, true, false])
  })

  it('forget the key that was not used for longest', () => {
    const rates = new Rates({ burst: 1, perSecond: 0 }, 2)
    for (const key of ['a', 'b', 'a', 'c']) rates.take(key, 0)
    assert.deepEqual([rates.take('a', 0), rates.take('b', 0)], [false, true])
  })

  const one = (peerId: string, prefix: string | null, sinceMs: number, isNeeded = false): Occupant => ({
    peerId,
    prefix,
    sinceMs,
    isNeeded,
  })
  const crowds: { description: string; occupants: Occupant[]; goes: string | null }[] = [
    { description: 'nobody where all are needed', occupants: [one('a', 'x', 1, true), one('b', 'x', 2, true)], goes: null },
    { description: 'nobody of nobody', occupants: [], goes: null },
    {
      description: 'one of the crowded prefix, though others are younger',
      occupants: [one('a', 'x', 1), one('b', 'x', 2), one('c', 'x', 3), one('d', 'x', 4), one('e', 'y', 5)],
      goes: 'c',
    },
    {
      description: 'none of the older half',
      occupants: [one('a', 'x', 1), one('b', 'x', 2), one('c', 'y', 3), one('d', 'z', 4)],
      goes: 'c',
    },
    {
      description: 'none that is needed, which still makes a crowd',
      occupants: [one('a', 'x', 1, true), one('b', 'x', 2, true), one('c', 'y', 3), one('d', 'x', 4)],
      goes: 'd',
    },
    { description: 'one without a prefix only where there is no crowd', occupants: [one('a', null, 1), one('b', null, 2)], goes: 'b' },
  ]
  for (const { description, occupants, goes } of crowds)
    it(`make room at the cost of ${description}`, () => assert.equal(leastUseful(occupants.toReversed())?.peerId ?? null, goes))

  it('let so many of one prefix into the table, and others when they leave', () => {
    const table = new TableGuard(2, (peerId) => [peerId[0] ?? ''])
    for (const peerId of ['a1', 'a2', 'b1', 'a1']) table.enter(peerId)
    assert.deepEqual([table.hasRoomFor('a3'), table.hasRoomFor('a1'), table.hasRoomFor('b2')], [false, true, true])
    table.leave('a2')
    assert.equal(table.hasRoomFor('a3'), true)
  })

  it('tell of a peer what it was seen to have', async () => {
    const seen = new SeenAddresses()
    const { publicKey } = await networkKeyFromBytes(await generateNetworkKey())
    const name = await peerIdOf(await generateNetworkKey())
    const peer = { toString: () => name, publicKey }
    const at = (text: string) => multiaddr(text)
    type Noted = Parameters<SeenAddresses['note']>[0]
    const note = (text: string, direction: Noted['direction']): void =>
      seen.note({ remotePeer: peer as unknown as Noted['remotePeer'], remoteAddr: at(text), direction })
    assert.equal(seen.canTell(name), false)
    note('/ip4/172.17.0.1/tcp/50123', 'inbound')
    assert.equal(seen.canTell(name), false, 'a proxy hides where it comes from')
    note('/ip4/8.8.4.7/tcp/50123', 'inbound')
    assert.equal(seen.canTell(name), true)
    note('/dns4/seed.example.org/tcp/4001', 'outbound')
    const judged = ['/ip4/8.8.4.7/tcp/4001', '/ip4/8.8.4.8/tcp/4001', '/dns4/seed.example.org/tcp/4001', '/dns4/other.example.org/tcp/4001']
    assert.deepEqual(
      judged.map((text) => seen.isSeen(name, at(text))),
      [true, false, true, false],
    )
  })

  it('are wider in scope local, and for a bootstrap node', () => {
    assert.equal(connectionLimits('local', 'full').perHost, Number.POSITIVE_INFINITY)
    assert.deepEqual(
      [connectionLimits('public', 'full').maxConnections, connectionLimits('public', 'bootstrap').maxConnections],
      [300, 1000],
    )
  })
})

describe('why a dial failed', () => {
  const named = (name: string, message = ''): Error => Object.assign(new Error(message), { name })
  const failures: { description: string; error: unknown; cause: string }[] = [
    { description: 'a port on which nothing listens', error: new Error('connect ECONNREFUSED 127.0.0.1:1'), cause: 'refused' },
    { description: 'no answer', error: named('TimeoutError'), cause: 'timeout' },
    { description: 'no way there', error: new Error('connect ENETUNREACH 2001:db8::1'), cause: 'no-route' },
    { description: 'a name that means nothing', error: new Error('getaddrinfo ENOTFOUND seed.example'), cause: 'unknown-name' },
    { description: 'another peer', error: named('UnexpectedPeerError'), cause: 'wrong-peer' },
    { description: 'a connection that is closed at once', error: new Error('read ECONNRESET'), cause: 'limit' },
    { description: 'something else', error: 'strange', cause: 'other' },
    {
      description: 'several addresses, one of which says why',
      error: new AggregateError([new Error('strange'), new Error('ECONNREFUSED')]),
      cause: 'refused',
    },
  ]
  for (const { description, error, cause } of failures) it(`is told of ${description}`, () => assert.equal(causeOf(error), cause))
})

describe('libp2p and strangers', function () {
  this.timeout(60_000)
  const nodes = new TestNodes()
  const raw: Node[] = []
  afterEach(async () => {
    await nodes.stopAll()
    await Promise.all(raw.splice(0).map((node) => node.stop()))
  })

  const bounded = (limits: Partial<ConnectionLimits>, classify: Classify = originOf): Promise<Network> =>
    nodes.start({ role: 'bootstrap', limits, classify })
  const refusals = (network: Network, reason: string): number => network.report().refused[reason] ?? 0
  const client = (of: Network, options: Partial<Libp2pNetworkOptions> = {}): Promise<Network> =>
    nodes.start({ bootstrap: of.addresses(), targetPeers: 0, ...options })

  /** A peer past every check of our own adapter, connected to a node. */
  async function stranger(of: Network): Promise<Node> {
    const options: Libp2pNetworkOptions = {
      ...{ chainName: CHAIN, privateKey: new Uint8Array(), listen: [], bootstrap: [], role: 'bootstrap', scope: 'local' },
      telemetry: recordingTelemetry(),
    }
    const hooks = { isBanned: () => false, standingScore: () => 0, traffic: new TrafficMeter(), defence: new Defence(options) }
    const node = await createNode(options, await networkKeyFromBytes(await generateNetworkKey()), hooks)
    raw.push(node)
    await node.start()
    const [address = ''] = of.addresses()
    await node.dial(multiaddr(address))
    return node
  }

  /** The kinds of events that one request to the DHT leads to. */
  async function ask(from: Node, type: MessageType, key: Uint8Array): Promise<readonly string[]> {
    const [to] = from.getPeers()
    assert.ok(to !== undefined)
    const names: string[] = []
    const options = { signal: AbortSignal.timeout(20_000), path: { index: -1, queued: 0, running: 0, total: 0 } }
    for await (const { name } of from.services.dht.network.sendRequest(to, { type, key }, options)) names.push(name)
    return names
  }

  it('takes so many connections of one host, and another when one of them is gone', async () => {
    const node = await bounded({ perHost: 2 })
    const first = await client(node)
    const second = await client(node)
    await until('two connections', () => connected(node, first.peerId) && connected(node, second.peerId))
    const third = await client(node)
    await until('a refusal', () => refusals(node, 'host-full') > 0)
    assert.equal(connected(node, third.peerId), false)
    assert.deepEqual(node.report().prefixes, [{ prefix: '127.0.0.0/24', connections: 2 }])
    await first.stop()
    await until('the third', () => connected(node, third.peerId))
  })

  it('takes so many connections of one prefix, whatever the hosts', async () => {
    const node = await bounded({ perHost: 1, perPrefix: 2 }, (address) => ({ host: address.toString(), prefix: 'all' }))
    const two = [await client(node), await client(node)]
    await until('two connections', () => two.every(({ peerId }) => connected(node, peerId)))
    await client(node)
    await until('a refusal', () => refusals(node, 'prefix-full') > 0)
    assert.equal(node.peers().length, 2)
  })

  it('takes new connections only so fast, refused ones counted', async () => {
    const node = await bounded({ hostRate: { burst: 2, perSecond: 0 } })
    const [first, second] = [await client(node), await client(node)]
    await until('two connections', () => connected(node, first.peerId) && connected(node, second.peerId))
    await client(node)
    await until('a refusal', () => refusals(node, 'host-rate') > 0)
    assert.equal(node.peers().length, 2)
  })

  it('closes the least useful connection when there are too many, and none of those that it needs', async () => {
    const node = await bounded({ maxConnections: 2 })
    const needed = await client(node)
    await until('the first', () => connected(node, needed.peerId))
    node.protect([needed.peerId])
    const others = [await client(node), await client(node)]
    await until('somebody had to go', () => refusals(node, 'least-useful') > 0)
    await until('no more than there is room for', () => node.peers().length <= 2)
    assert.ok(connected(node, needed.peerId))
    assert.equal(others.length, 2)
  })

  it('stores nothing for anybody, and answers who is near a key', async () => {
    const node = await bounded({})
    const from = await stranger(node)
    assert.ok((await ask(from, MessageType.FIND_NODE, randomBytes(32))).includes('PEER_RESPONSE'))
    for (const type of [MessageType.PUT_VALUE, MessageType.GET_VALUE, MessageType.ADD_PROVIDER, MessageType.GET_PROVIDERS])
      assert.ok((await ask(from, type, randomBytes(32))).includes('QUERY_ERROR'), type)
    assert.equal(refusals(node, 'dht-store'), 4)
    assert.ok((await ask(from, MessageType.FIND_NODE, randomBytes(65))).includes('QUERY_ERROR'))
    assert.equal(refusals(node, 'dht-key'), 1)
    assert.ok(node.report().dht.served > 0)
  })

  it('answers one peer only so often, and others all the same', async () => {
    const node = await bounded({ dhtRate: { burst: 3, perSecond: 0 } })
    const from = await stranger(node)
    const answered: boolean[] = []
    for (let turn = 0; turn < 5; turn++) answered.push((await ask(from, MessageType.FIND_NODE, randomBytes(32))).includes('PEER_RESPONSE'))
    assert.equal(answered.at(-1), false)
    assert.ok(refusals(node, 'dht-rate') > 0)
    const other = await stranger(node)
    assert.ok((await ask(other, MessageType.FIND_NODE, randomBytes(32))).includes('PEER_RESPONSE'))
  })

  it('has so many peers of one prefix in its table', async () => {
    const node = await bounded({ tablePerPrefix: 1 })
    await client(node)
    await until('one in the table', () => node.report().dht.table === 1)
    await client(node)
    await until('a refusal', () => refusals(node, 'table-prefix-full') > 0)
    assert.equal(node.report().dht.table, 1)
  })

  it('cuts off peers of another chain at a bootstrap node, and says at the other side why', async () => {
    const node = await bounded({})
    const lost = await client(node, { chainName: 'other-11111111' })
    await until('a peer of another chain', () => node.report().otherChains === 1 && refusals(node, 'other-chain') > 0)
    await until('the reason', () => lost.report().failures.some(({ peerId, cause }) => peerId === node.peerId && cause === 'other-chain'))
    await until('it is gone', () => !connected(node, lost.peerId))
  })

  it('keeps the reason of each failed dial until the peer is connected', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
    const taken = server.address()
    const port = typeof taken === 'object' && taken !== null ? taken.port : 0
    await new Promise((resolve) => server.close(resolve))
    const privateKey = await generateNetworkKey()
    const peerId = await peerIdOf(privateKey)
    const node = await nodes.start()
    const wrong = await peerIdOf(await generateNetworkKey())
    const listen = `/ip4/127.0.0.1/tcp/${port}`
    const [address = ''] = node.addresses()
    const bootstrap = [`${listen}/p2p/${peerId}`, address.replace(node.peerId, wrong)]
    const asker = await nodes.start({ bootstrap, targetPeers: 0 })
    const causes = (): Readonly<Record<string, string>> =>
      Object.fromEntries(asker.report().failures.map((failure) => [failure.peerId, failure.cause]))
    await until('both reasons', () => causes()[peerId] === 'refused' && causes()[wrong] === 'wrong-peer')
    assert.deepEqual(
      asker.report().bootstrap.map(({ isConnected }) => isConnected),
      [false, false],
    )
    await nodes.start({ privateKey, listen: [listen] })
    await until('it answers now', () => connected(asker, peerId))
    assert.equal(causes()[peerId], undefined)
    assert.equal(causes()[wrong], 'wrong-peer')
  })
})
