import assert from 'node:assert/strict'
import { generateNetworkKey } from '../../../src/adapters/libp2p/keys.ts'
import { MAX_GOSSIP_MESSAGE_BYTES } from '../../../src/adapters/libp2p/limits.ts'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { accept, ignore, reject, type Verdict } from '../../../src/base/verdict.ts'
import type { Network } from '../../../src/ports/network.ts'
import { codeOf, connected, recordingTelemetry, soon, TestNodes, until } from './libp2p-helpers.ts'

/** Verdicts by the first letter of the text: a, i, r; anything else throws. */
function judge(data: Uint8Array): Verdict<unknown> {
  const text = fromUtf8(data)
  if (text.startsWith('a')) return accept(text)
  if (text.startsWith('i')) return ignore('test-ignore')
  if (text.startsWith('r')) return reject('test-reject')
  throw new Error('a bug in the validator')
}

const inMesh = (network: Network, peerId: string): boolean =>
  network.peers().some((peer) => peer.peerId === peerId && peer.mesh.includes('blocks'))
const scoreOf = (network: Network, peerId: string): number => network.peers().find((peer) => peer.peerId === peerId)?.score ?? Number.NaN

describe('libp2p gossip', function () {
  this.timeout(60_000)
  const nodes = new TestNodes()
  afterEach(() => nodes.stopAll())

  /** Two ends that know only the middle. */
  async function line(): Promise<{ left: Network; middle: Network; right: Network; heard: string[] }> {
    const heard: string[] = []
    const middle = await nodes.start({ targetPeers: 0 }, (network) => network.subscribe('blocks', judge))
    const end = { bootstrap: middle.addresses(), targetPeers: 0 }
    const left = await nodes.start(end, (network) => network.subscribe('blocks', judge))
    const right = await nodes.start(end, (network) =>
      network.subscribe('blocks', (data) => {
        heard.push(fromUtf8(data))
        return Promise.resolve(accept(undefined))
      }),
    )
    await until('a mesh', () => inMesh(left, middle.peerId) && inMesh(middle, right.peerId) && inMesh(right, middle.peerId))
    return { left, middle, right, heard }
  }

  it('relays what is accepted, and neither what is ignored nor what is rejected', async () => {
    const { left, middle, heard } = await line()
    for (const text of ['i1', 'r1', 'throws', 'a1']) assert.equal(await left.publish('blocks', utf8(text)), 1)
    await until('delivery at the far end', () => heard.length > 0)
    assert.deepEqual(heard, ['a1'])
    assert.ok(middle.traffic().bytesIn > 1000 && middle.traffic().bytesOut > 1000)
  })

  it('does not hand a node its own messages', async () => {
    const { left, right, heard } = await line()
    await right.publish('blocks', utf8('a-mine'))
    await left.publish('blocks', utf8('a-other'))
    await until('delivery', () => heard.includes('a-other'))
    assert.deepEqual(heard, ['a-other'])
  })

  it('refuses to send more than the bound, and sends as much as the bound', async () => {
    const { left, heard } = await line()
    const data = new Uint8Array(MAX_GOSSIP_MESSAGE_BYTES + 1).fill(97)
    await assert.rejects(left.publish('blocks', data), codeOf('message-too-large'))
    assert.equal(await left.publish('blocks', data.subarray(1)), 1)
    await until('delivery', () => heard.length > 0)
    assert.equal(heard[0]?.length, MAX_GOSSIP_MESSAGE_BYTES)
  })

  it('publishes to nobody without losing the chance to publish it again', async () => {
    const heard: string[] = []
    const first = await nodes.start({}, (network) => network.subscribe('blocks', judge))
    assert.equal(await first.publish('blocks', utf8('a1')), 0)
    const second = await nodes.start({ bootstrap: first.addresses() }, (network) =>
      network.subscribe('blocks', (data) => {
        heard.push(fromUtf8(data))
        return accept(undefined)
      }),
    )
    await until('a mesh', () => inMesh(first, second.peerId))
    assert.equal(await first.publish('blocks', utf8('a1')), 1)
    await until('delivery', () => heard.length === 1)
  })

  it('lowers the score for rejects, then cuts the peer off, tells it why and refuses it', async () => {
    const telemetry = recordingTelemetry()
    const strict = await nodes.start({ targetPeers: 0 }, (network) => network.subscribe('blocks', judge))
    const spammer = await nodes.start({ bootstrap: strict.addresses(), telemetry }, (network) => network.subscribe('blocks', judge))
    await until('a mesh', () => inMesh(spammer, strict.peerId) && inMesh(strict, spammer.peerId))
    for (let index = 0; index < 3; index++) await spammer.publish('blocks', utf8(`r${index}`))
    await until('a negative score', () => scoreOf(strict, spammer.peerId) < -50)
    for (let index = 3; index < 12; index++) await spammer.publish('blocks', utf8(`r${index}`))
    await until('the end of the connection', () => !connected(strict, spammer.peerId))
    await until('the reason', () =>
      telemetry.entries.some((entry) => entry.event === 'network.cut-off-by-peer' && entry.fields.reason === 'gossip-score'),
    )
    await assert.rejects(strict.connect(spammer.peerId, soon()), codeOf('unreachable'))
    assert.equal(connected(strict, spammer.peerId), false)
  })

  it('never cuts off a protected peer for gossip', async () => {
    let rejected = 0
    const strict = await nodes.start({ targetPeers: 0 }, (network) =>
      network.subscribe('blocks', (data) => {
        rejected++
        return judge(data)
      }),
    )
    const verifier = await nodes.start({ bootstrap: strict.addresses() }, (network) => network.subscribe('blocks', judge))
    strict.protect([verifier.peerId])
    await until('a mesh', () => inMesh(verifier, strict.peerId) && inMesh(strict, verifier.peerId))
    for (let index = 0; index < 20; index++) await verifier.publish('blocks', utf8(`r${index}`))
    await until('all rejects', () => rejected === 20)
    await until('a lower score', () => scoreOf(strict, verifier.peerId) < 0)
    assert.ok(scoreOf(strict, verifier.peerId) > -80, 'it is still heard')
    await verifier.publish('blocks', utf8('a-last'))
    await until('a good message', () => rejected === 21)
  })

  it('treats a validator that throws as our fault, not the peer’s', async () => {
    const { left, middle, heard } = await line()
    for (let index = 0; index < 5; index++) await left.publish('blocks', utf8(`throws ${index}`))
    await left.publish('blocks', utf8('a1'))
    await until('delivery', () => heard.length === 1)
    assert.ok(scoreOf(middle, left.peerId) >= 0)
  })
})

describe('libp2p discovery', function () {
  this.timeout(60_000)
  const nodes = new TestNodes()
  afterEach(() => nodes.stopAll())

  it('connects five nodes that know only the bootstrap node', async () => {
    const bootstrap = await nodes.start({ role: 'bootstrap' })
    const swarm = await Promise.all(Array.from({ length: 5 }, () => nodes.start({ bootstrap: bootstrap.addresses() })))
    await until('everybody with everybody', () =>
      swarm.every((node) => swarm.every((other) => other === node || connected(node, other.peerId))),
    )
    assert.equal(bootstrap.peers().length, 5)
  })

  it('connects by peer id through the DHT, and says when a peer is unknown', async () => {
    const bootstrap = await nodes.start({ role: 'bootstrap' })
    const [asking, asked] = await Promise.all([0, 1].map(() => nodes.start({ bootstrap: bootstrap.addresses(), targetPeers: 0 })))
    assert.ok(asking !== undefined && asked !== undefined)
    // No address of the other is known here: it comes from the DHT, even if connecting begins before the bootstrap node is reached.
    await asking.connect(asked.peerId, soon())
    assert.ok(connected(asking, asked.peerId))
    const stranger = await (await nodes.create()).peerId
    await assert.rejects(asking.connect(stranger, soon()), codeOf('unknown-peer'))
    assert.match(asking.dialAttempts().at(-1)?.outcome ?? '', /^unknown/)
  })

  it('dials again when the bootstrap node comes back', async () => {
    const privateKey = await generateNetworkKey()
    const first = await nodes.start({ role: 'bootstrap', privateKey })
    const [address] = first.addresses()
    assert.ok(address !== undefined)
    const states: string[] = []
    const node = await nodes.start({ bootstrap: [address] }, (network) => network.onPeer((_peerId, state) => states.push(state)))
    await until('connected', () => connected(node, first.peerId))
    await first.stop()
    await until('disconnected', () => !connected(node, first.peerId))
    await until('a failed attempt', () => node.dialAttempts().some((attempt) => attempt.outcome.includes('ECONNREFUSED')))
    await nodes.start({ role: 'bootstrap', privateKey, listen: [address.replace(/\/p2p\/.*/, '')] })
    await until('connected again', () => connected(node, first.peerId))
    assert.deepEqual(states, ['connected', 'disconnected', 'connected'])
  })

  it('hands out addresses that worked, and starts from them without a bootstrap node', async () => {
    let remembered: readonly string[] = []
    const first = await nodes.start()
    await nodes.start({ bootstrap: first.addresses(), onRememberPeers: (addresses) => (remembered = addresses) })
    await until('an address to remember', () => remembered.length > 0)
    assert.deepEqual(remembered, first.addresses())
    const later = await nodes.start({ rememberedPeers: remembered })
    await until('connected', () => connected(later, first.peerId))
  })

  it('refuses private addresses of strangers on a public network, but not those the operator named', async () => {
    const bootstrap = await nodes.start({ role: 'bootstrap' })
    const stranger = await nodes.start({ bootstrap: bootstrap.addresses(), targetPeers: 0 })
    await until('the stranger at the bootstrap node', () => connected(bootstrap, stranger.peerId))
    const node = await nodes.start({ scope: 'public', bootstrap: bootstrap.addresses(), rememberedPeers: stranger.addresses() })
    await until('connected to the bootstrap node', () => connected(node, bootstrap.peerId))
    await assert.rejects(node.connect(stranger.peerId, soon()), codeOf('unreachable'))
    assert.equal(connected(node, stranger.peerId), false)
    const refused = node.dialAttempts().filter((attempt) => attempt.target.includes(stranger.peerId))
    assert.ok(refused.length > 0 && refused.every((attempt) => attempt.outcome.includes('gater')), JSON.stringify(refused))
  })
})

describe('libp2p start and stop', function () {
  this.timeout(60_000)
  const nodes = new TestNodes()
  afterEach(() => nodes.stopAll())

  it('names the port that is taken', async () => {
    const first = await nodes.start()
    const port = first.addresses()[0]?.split('/')[4]
    const second = await nodes.create({ listen: [`/ip4/127.0.0.1/tcp/${port}`] })
    await assert.rejects(second.start(), (error: unknown) => {
      assert.ok(codeOf('port-in-use')(error))
      assert.match(String(error), new RegExp(`port ${port} is taken`))
      return true
    })
    assert.deepEqual(second.addresses(), [])
  })

  it('refuses to start with an address of a bootstrap node that names no peer', async () => {
    await assert.rejects(nodes.create({ bootstrap: ['/ip4/127.0.0.1/tcp/4001'] }), codeOf('bad-address'))
  })

  it('rejects what is asked of it before start and after stop', async () => {
    const network = await nodes.create()
    await assert.rejects(network.publish('blocks', utf8('a')), codeOf('not-started'))
    await assert.rejects(network.connect((await nodes.create()).peerId, soon()), codeOf('not-started'))
    await network.start()
    await network.stop()
    await assert.rejects(network.publish('blocks', utf8('a')), codeOf('not-started'))
    assert.deepEqual(network.peers(), [])
  })
})
