import assert from 'node:assert/strict'
import { fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import { accept, ignore, reject } from '../../../src/base/verdict.ts'
import { connected, recordingTelemetry, soon, TestNodes, until } from './libp2p-helpers.ts'

describe('libp2p network', function () {
  this.timeout(60_000)
  const nodes = new TestNodes()
  afterEach(() => nodes.stopAll())

  it('gossips, relays what is accepted, and not to itself', async () => {
    const heard: string[] = []
    const hear = (name: string) => (data: Uint8Array) => {
      heard.push(`${name}:${fromUtf8(data)}`)
      return accept(undefined)
    }
    const first = await nodes.start({}, (network) => network.subscribe('blocks', hear('first')))
    const second = await nodes.start({ bootstrap: first.addresses() }, (network) => network.subscribe('blocks', hear('second')))
    await until('a mesh', () => second.peers().some((peer) => peer.mesh.includes('blocks')))
    assert.equal(await second.publish('blocks', utf8('hello')), 1)
    await until('delivery', () => heard.length > 0)
    assert.deepEqual(heard, ['first:hello'])
    assert.ok(second.traffic().bytesOut > 0 && second.traffic().bytesIn > 0)
  })

  it('answers requests out of order on one stream', async () => {
    const server = await nodes.start({}, (network) =>
      network.handle('sign', async (data) => {
        if (fromUtf8(data) === 'slow') await new Promise((resolve) => setTimeout(resolve, 100))
        return data
      }),
    )
    const client = await nodes.start({ bootstrap: server.addresses() })
    await until('connected', () => connected(client, server.peerId))
    const order: string[] = []
    await Promise.all(
      ['slow', 'quick'].map(async (text) => {
        order.push(fromUtf8(await client.request('sign', server.peerId, utf8(text), soon())))
      }),
    )
    assert.deepEqual(order, ['quick', 'slow'])
  })
})
