import assert from 'node:assert/strict'
import { generateNetworkKey } from '../../../src/adapters/libp2p/keys.ts'
import { connected, soon, TestNodes, until } from './libp2p-helpers.ts'

/** By itself libp2p forgets an address an hour after it heard of it, and a peer after six, whether it is connected or not. */
const LATER_MS = 12 * 60 * 60_000

describe('libp2p after hours', function () {
  this.timeout(60_000)
  const nodes = new TestNodes()
  const { now } = Date
  afterEach(() => {
    Date.now = now
    return nodes.stopAll()
  })
  const hoursPass = (): void => {
    Date.now = () => now() + LATER_MS
  }

  it('who comes is told where a peer is that has been connected all the time', async () => {
    const middle = await nodes.start({ targetPeers: 0 })
    const atMiddle = { bootstrap: middle.addresses(), targetPeers: 0 }
    const asked = await nodes.start(atMiddle)
    // When this succeeds, the middle has heard where it is.
    await (await nodes.start(atMiddle)).connect(asked.peerId, soon())
    hoursPass()
    const late = await nodes.start(atMiddle)
    await late.connect(asked.peerId, soon())
    assert.ok(connected(late, asked.peerId))
  })

  it('a connection that lasted is made again when it breaks, though nobody else can be asked', async () => {
    const privateKey = await generateNetworkKey()
    const other = await nodes.start({ privateKey, targetPeers: 0 })
    const one = await nodes.start({ targetPeers: 0 })
    const middle = await nodes.start({ bootstrap: [...one.addresses(), ...other.addresses()], targetPeers: 0 })
    await one.connect(other.peerId, soon())
    hoursPass()
    const listen = other.addresses().map((address) => address.replace(/\/p2p\/.*/, ''))
    await Promise.all([other.stop(), middle.stop()])
    await until('being alone', () => one.peers().length === 0)
    await nodes.start({ privateKey, listen, targetPeers: 0 })
    await one.connect(other.peerId, soon())
    assert.ok(connected(one, other.peerId))
  })
})
