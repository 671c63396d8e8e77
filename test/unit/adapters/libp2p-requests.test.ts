import '../../../src/adapters/libp2p/polyfill.ts'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { encodeFrame } from '../../../src/adapters/libp2p/frames.ts'
import { PROTOCOL_LIMITS } from '../../../src/adapters/libp2p/limits.ts'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import type { Network, RequestHandler } from '../../../src/ports/network.ts'
import { codeOf, connected, recordingTelemetry, soon, TestNodes, until } from './libp2p-helpers.ts'

const SIGN = '/quorate/test-00000000/sign/1'

/** A promise that a test settles by hand. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

describe('libp2p requests', function () {
  this.timeout(60_000)
  const nodes = new TestNodes()
  const raw: Libp2p[] = []
  afterEach(async () => {
    await Promise.all([nodes.stopAll(), ...raw.splice(0).map((node) => node.stop())])
  })

  async function pair(handler: RequestHandler): Promise<{ client: Network; server: Network }> {
    const server = await nodes.start({}, (network) => network.handle('sign', handler))
    const client = await nodes.start({ bootstrap: server.addresses() })
    return { client, server }
  }

  /** Somebody else's libp2p node, which speaks what it likes. */
  async function rawNode(): Promise<Libp2p> {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    })
    raw.push(node)
    return node
  }

  it('are answered out of order on one stream', async () => {
    const slow = gate()
    const { client, server } = await pair(async (data) => {
      if (fromUtf8(data) === 'slow') await slow.opened
      return utf8(`${fromUtf8(data)} answered`)
    })
    const first = client.request('sign', server.peerId, utf8('slow'), soon())
    assert.equal(fromUtf8(await client.request('sign', server.peerId, utf8('quick'), soon())), 'quick answered')
    slow.open()
    assert.equal(fromUtf8(await first), 'slow answered')
  })

  it('carry the largest frame each way, and refuse one byte more', async () => {
    const { maxFrameBytes } = PROTOCOL_LIMITS.sync
    const server = await nodes.start({}, (network) =>
      network.handle('sync', async (data) => (data.length === 1 ? new Uint8Array(maxFrameBytes + 1) : data)),
    )
    const client = await nodes.start({ bootstrap: server.addresses() })
    const data = new Uint8Array(maxFrameBytes).fill(7)
    assert.deepEqual(await client.request('sync', server.peerId, data, soon()), data)
    await assert.rejects(client.request('sync', server.peerId, new Uint8Array(maxFrameBytes + 1), soon()), codeOf('message-too-large'))
    await assert.rejects(client.request('sync', server.peerId, new Uint8Array(1), soon()), codeOf('remote-error'))
  })

  it('that fail at the other side tell its code, and the stream lives on', async () => {
    const { client, server } = await pair((data) => {
      const text = fromUtf8(data)
      if (text === 'bug') throw new TypeError('secret of the server')
      if (text === 'known') return Promise.reject(new QuorateError('wrong-height', 'not this one'))
      return Promise.resolve(data)
    })
    await assert.rejects(client.request('sign', server.peerId, utf8('bug'), soon()), (error: unknown) => {
      assert.ok(codeOf('remote-error')(error))
      assert.match(String(error), /'internal'/)
      assert.doesNotMatch(String(error), /secret/)
      return true
    })
    await assert.rejects(client.request('sign', server.peerId, utf8('known'), soon()), /'wrong-height'/)
    assert.equal(fromUtf8(await client.request('sign', server.peerId, utf8('fine'), soon())), 'fine')
    assert.equal(server.peers()[0]?.score, 0)
  })

  it('end with a typed error', async () => {
    const never = gate()
    const { client, server } = await pair(async (data) => {
      await never.opened
      return data
    })
    await until('connected', () => connected(client, server.peerId))
    const controller = new AbortController()
    const aborted = client.request('sign', server.peerId, utf8('x'), controller.signal)
    controller.abort()
    await assert.rejects(aborted, codeOf('aborted'))
    await assert.rejects(client.request('sign', server.peerId, utf8('x'), AbortSignal.timeout(30)), codeOf('timeout'))
    await assert.rejects(client.request('sync', server.peerId, utf8('x'), soon()), codeOf('unsupported'))
    await assert.rejects(client.request('sign', client.peerId, utf8('x'), soon()), codeOf('unreachable'))
    const pending = client.request('sign', server.peerId, utf8('x'), soon())
    pending.catch(() => undefined)
    await server.stop()
    await assert.rejects(pending, codeOf('unreachable'))
    never.open()
  })

  it('beyond the bound of one peer are refused as busy, others are not', async () => {
    const { maxInFlight } = PROTOCOL_LIMITS.sign
    const hold = gate()
    const { client, server } = await pair(async (data) => {
      await hold.opened
      return data
    })
    const other = await nodes.start({ bootstrap: server.addresses() })
    const held = Array.from({ length: maxInFlight }, () => client.request('sign', server.peerId, utf8('x'), soon()))
    await assert.rejects(client.request('sign', server.peerId, utf8('x'), soon()), codeOf('busy'))
    const another = other.request('sign', server.peerId, utf8('y'), soon())
    hold.open()
    assert.equal((await Promise.all(held)).length, maxInFlight)
    assert.equal(fromUtf8(await another), 'y')
  })

  it('over the bound from a peer that does not count get busy frames', async () => {
    const { maxInFlight } = PROTOCOL_LIMITS.sign
    const hold = gate()
    const server = await nodes.start({}, (network) =>
      network.handle('sign', async (data) => {
        await hold.opened
        return data
      }),
    )
    const node = await rawNode()
    const stream = await openSign(node, server)
    const received: Uint8Array[] = []
    stream.addEventListener('message', (event) => received.push(event.data.subarray()))
    for (let id = 1; id <= maxInFlight + 3; id++) stream.send(encodeFrame({ kind: 'request', id, payload: utf8('x') }))
    const busy = encodeFrame({ kind: 'error', id: 1, payload: utf8('busy') })
    await until('three busy answers', () => received.reduce((sum, chunk) => sum + chunk.length, 0) === 3 * busy.length)
    hold.open()
  })

  const garbage: { description: string; bytes: Uint8Array; code: string }[] = [
    { description: 'garbage', bytes: new Uint8Array(64).fill(0xff), code: 'bad-frame' },
    { description: 'an oversized frame', bytes: oversized(), code: 'bad-frame' },
    {
      description: 'an answer to nothing',
      bytes: encodeFrame({ kind: 'response', id: 1, payload: new Uint8Array(0) }),
      code: 'unasked-frame',
    },
  ]
  for (const { description, bytes, code } of garbage) {
    it(`take ${description} as an offence, and a peer that repeats it is cut off; others are served`, async () => {
      const telemetry = recordingTelemetry()
      const server = await nodes.start({ telemetry }, (network) => network.handle('sign', async (data) => data))
      const attacker = await rawNode()
      const attackerId = attacker.peerId.toString()
      for (let offence = 1; offence <= 4; offence++) {
        const stream = await openSign(attacker, server)
        stream.send(bytes)
        await until(`offence ${offence}`, () => telemetry.counters()[`network.offence.${code}`] === offence)
      }
      await until('the end of the connection', () => !connected(server, attackerId))
      await assert.rejects(openSign(attacker, server))
      const friend = await nodes.start({ bootstrap: server.addresses() })
      assert.equal(fromUtf8(await friend.request('sign', server.peerId, utf8('hello'), soon())), 'hello')
    })
  }

  it('to a peer that answers with garbage end as unreachable and cost it', async () => {
    const telemetry = recordingTelemetry()
    const liar = await rawNode()
    await liar.handle(SIGN, (stream) => {
      stream.addEventListener('message', () => stream.send(new Uint8Array(16).fill(0xee)))
    })
    const address = liar.getMultiaddrs()[0]?.toString()
    assert.ok(address !== undefined)
    const client = await nodes.start({ bootstrap: [address], telemetry })
    await assert.rejects(client.request('sign', liar.peerId.toString(), utf8('x'), soon()), codeOf('unreachable'))
    assert.equal(telemetry.counters()['network.offence.bad-frame'], 1)
  })

  it('open a new stream after the old one died', async () => {
    let streams = 0
    const flaky = await rawNode()
    await flaky.handle(SIGN, (stream) => {
      streams++
      if (streams === 1) stream.addEventListener('message', () => stream.abort(new Error('gone')))
      else stream.addEventListener('message', () => stream.send(encodeFrame({ kind: 'response', id: 1, payload: utf8('back') })))
    })
    const address = flaky.getMultiaddrs()[0]?.toString()
    assert.ok(address !== undefined)
    const client = await nodes.start({ bootstrap: [address] })
    const peerId = flaky.peerId.toString()
    await assert.rejects(client.request('sign', peerId, utf8('x'), soon()), codeOf('unreachable'))
    assert.equal(fromUtf8(await client.request('sign', peerId, utf8('x'), soon())), 'back')
  })

  it('leave a process that stops its network free to exit', async () => {
    const source = `
      const { createLibp2pNetwork } = await import(${JSON.stringify(new URL('../../../src/adapters/libp2p/index.ts', import.meta.url).href)})
      const { generateNetworkKey } = await import(${JSON.stringify(new URL('../../../src/adapters/libp2p/keys.ts', import.meta.url).href)})
      const telemetry = { log: () => {}, count: () => {}, counters: () => ({}) }
      const make = async (bootstrap) => {
        const network = await createLibp2pNetwork({ chainName: 'test-00000000', privateKey: await generateNetworkKey(), listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap, role: 'full', scope: 'local', telemetry })
        network.subscribe('blocks', () => ({ kind: 'accept' }))
        network.handle('sign', async (data) => data)
        await network.start()
        return network
      }
      const server = await make([])
      const client = await make(server.addresses())
      await client.request('sign', server.peerId, new Uint8Array(3), AbortSignal.timeout(20000))
      await Promise.all([client.stop(), server.stop()])
      console.log('stopped')`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    const [code] = await once(child, 'exit')
    assert.equal(output.trim(), 'stopped')
    assert.equal(code, 0)
  })
})

function openSign(node: Libp2p, server: Network): Promise<Stream> {
  const address = server.addresses()[0]
  assert.ok(address !== undefined)
  return node.dialProtocol(multiaddr(address), SIGN, { signal: soon() })
}

function oversized(): Uint8Array {
  const bytes = new Uint8Array(9)
  new DataView(bytes.buffer).setUint32(0, PROTOCOL_LIMITS.sign.maxFrameBytes + 6)
  return bytes
}
