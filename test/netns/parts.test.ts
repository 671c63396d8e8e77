import assert from 'node:assert/strict'
import { completeChecksum, readdress, receiverOf, senderOf } from './frames.ts'
import { CUT, type Link, Wire } from './links.ts'

/** VXLAN of network 3, Ethernet to 02:00:00:00:00:05, IPv4 with TCP from 11.7.0.3 to 11.7.0.5, and its payload. */
function datagramWith(payload: Buffer): Buffer {
  const [vxlan, ethernet, ip, tcp] = [8, 14, 20, 20].map((length) => Buffer.alloc(length)) as [Buffer, Buffer, Buffer, Buffer]
  vxlan.writeUIntBE(3, 4, 3)
  ethernet.set([0x02, 0, 0, 0, 0, 5, 0x02, 0, 0, 0, 0, 3, 0x08, 0x00])
  ip.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 11, 7, 0, 3, 11, 7, 0, 5])
  ip.writeUInt16BE(ip.length + tcp.length + payload.length, 2)
  tcp.set([0x0f, 0xa1, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0x01, 0xf6, 0xab, 0xcd, 0, 0])
  return Buffer.concat([vxlan, ethernet, ip, tcp, payload])
}

describe('the switch: frames', () => {
  for (const { description, payload, checksum } of [
    // Computed by another program, over addresses, protocol, length and segment with zeros in place of the checksum.
    { description: 'an empty segment', payload: Buffer.alloc(0), checksum: 0xebdc },
    { description: 'an even number of bytes', payload: Buffer.from('0102', 'hex'), checksum: 0xead8 },
    { description: 'an odd number of bytes', payload: Buffer.from('010203', 'hex'), checksum: 0xe7d7 },
    { description: 'a sum that overflows more than once', payload: Buffer.alloc(1200, 0xff), checksum: 0xe72c },
  ])
    it(`the checksum is put into ${description}`, () => {
      const datagram = datagramWith(payload)
      completeChecksum(datagram)
      assert.equal(datagram.readUInt16BE(8 + 14 + 20 + 16).toString(16), checksum.toString(16))
    })

  it('say from whom they come and to whom they go, and can be readdressed', () => {
    const datagram = datagramWith(Buffer.from('00', 'hex'))
    assert.deepEqual([senderOf(datagram), receiverOf(datagram)], [3, 5])
    readdress(datagram, 5)
    assert.equal(senderOf(datagram), 5)
  })

  for (const { description, change } of [
    { description: 'a broadcast', change: (datagram: Buffer) => datagram.fill(0xff, 8, 14) },
    { description: 'what is not IPv4', change: (datagram: Buffer) => datagram.writeUInt16BE(0x86dd, 20) },
    { description: 'half a frame', change: (datagram: Buffer) => datagram.subarray(0, 30) },
  ])
    it(`${description} is for nobody`, () => {
      const datagram = datagramWith(Buffer.alloc(0))
      const changed = change(datagram)
      assert.equal(receiverOf(typeof changed === 'number' ? datagram : changed), null)
    })
})

describe('the switch: wires', () => {
  const link = (changes: Partial<Link>): Link => ({ delayMs: 0, jitterMs: 0, lossPpm: 0, ...changes })

  /** What comes out of a wire, up to a last frame. */
  function listen(random?: () => number): { readonly wire: Wire<string>; readonly upTo: (last: string) => Promise<readonly string[]> } {
    const heard: string[] = []
    let onFrame = (): void => undefined
    const wire = new Wire<string>((frame) => {
      heard.push(frame)
      onFrame()
    }, random)
    const upTo = (last: string): Promise<readonly string[]> =>
      new Promise((resolve) => {
        onFrame = () => heard.at(-1) === last && resolve(heard)
      })
    return { wire, upTo }
  }

  it('nothing overtakes, however the delays are drawn', async () => {
    const draws = [0, 0.99, 0, 0.01, 0, 0.5, 0, 0]
    const { wire, upTo } = listen(() => draws.shift() ?? 0)
    wire.set(link({ delayMs: 1, jitterMs: 30 }))
    for (const frame of ['a', 'b', 'c', 'd']) wire.send(frame)
    assert.deepEqual(await upTo('d'), ['a', 'b', 'c', 'd'])
  })

  it('of what is sent, the drawn share is lost', async () => {
    const draws = [0.1, 0.3, 0, 0.2, 0.9, 0]
    const { wire, upTo } = listen(() => draws.shift() ?? 0.9)
    wire.set(link({ lossPpm: 250_000 }))
    for (const frame of ['a', 'b', 'c', 'd']) wire.send(frame)
    assert.deepEqual(await upTo('d'), ['b', 'd'])
  })

  it('a cut loses what is on its way, and what is sent until it ends', async () => {
    const { wire, upTo } = listen()
    wire.set(link({ delayMs: 5 }))
    wire.send('on its way')
    wire.set(CUT)
    wire.send('into the cut')
    wire.set(link({ delayMs: 20 }))
    wire.send('afterwards')
    assert.deepEqual(await upTo('afterwards'), ['afterwards'])
  })
})
