import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { isPrivateAddress, oneLine, parsePeerAddress } from '../../../src/adapters/libp2p/address.ts'
import { encodeFrame, type Frame, FrameDecoder } from '../../../src/adapters/libp2p/frames.ts'
import { generateNetworkKey, networkKeyFromBytes, peerIdOf } from '../../../src/adapters/libp2p/keys.ts'
import { MAX_STANDINGS, OFFENCE_HALF_LIFE_MS } from '../../../src/adapters/libp2p/limits.ts'
import { RecordStore } from '../../../src/adapters/libp2p/records.ts'
import { Slots } from '../../../src/adapters/libp2p/signals.ts'
import { Standings } from '../../../src/adapters/libp2p/standing.ts'
import { concatBytes, utf8 } from '../../../src/base/bytes.ts'
import { codeOf } from './libp2p-helpers.ts'

describe('libp2p frames', () => {
  const frames: Frame[] = [
    { kind: 'request', id: 1, payload: utf8('first') },
    { kind: 'response', id: 0xffffffff, payload: new Uint8Array(0) },
    { kind: 'error', id: 7, payload: utf8('busy') },
  ]
  const bytes = concatBytes(frames.map(encodeFrame))

  for (const size of [1, 2, 3, 5, 9, bytes.length]) {
    it(`come out whole when the bytes arrive in pieces of ${size}`, () => {
      const decoder = new FrameDecoder(16)
      const out: Frame[] = []
      for (let at = 0; at < bytes.length; at += size) out.push(...decoder.push(bytes.slice(at, at + size)))
      assert.deepEqual(
        out.map((frame) => ({ ...frame, payload: [...frame.payload] })),
        frames.map((frame) => ({ ...frame, payload: [...frame.payload] })),
      )
    })
  }

  const bad: { description: string; bytes: number[] }[] = [
    { description: 'an empty body', bytes: [0, 0, 0, 0] },
    { description: 'a body without a request id', bytes: [0, 0, 0, 4, 0, 0, 0, 0] },
    { description: 'one byte over the bound, before its payload came', bytes: [0, 0, 0, 5 + 17] },
    { description: 'a length of four gigabytes', bytes: [255, 255, 255, 255] },
    { description: 'an unknown kind', bytes: [0, 0, 0, 5, 3, 0, 0, 0, 1] },
  ]
  for (const { description, bytes } of bad) {
    it(`refuse ${description}`, () => assert.throws(() => new FrameDecoder(16).push(Uint8Array.from(bytes)), codeOf('bad-frame')))
  }

  it('take a payload of exactly the bound', () => {
    const [frame] = new FrameDecoder(16).push(encodeFrame({ kind: 'request', id: 1, payload: new Uint8Array(16) }))
    assert.equal(frame?.payload.length, 16)
  })
})

describe('libp2p standings', () => {
  it('add up, halve with time and are forgotten', () => {
    const standings = new Standings()
    assert.equal(standings.add('peer', 40, 0), 40)
    assert.equal(standings.add('peer', 40, OFFENCE_HALF_LIFE_MS), 60)
    assert.equal(standings.points('peer', 2 * OFFENCE_HALF_LIFE_MS), 30)
    assert.equal(standings.points('peer', 20 * OFFENCE_HALF_LIFE_MS), 0)
    assert.equal(standings.points('other', 0), 0)
  })

  it('ban until a time', () => {
    const standings = new Standings()
    standings.ban('peer', 1000)
    assert.equal(standings.isBanned('peer', 999), true)
    assert.equal(standings.isBanned('peer', 1000), false)
    assert.equal(standings.isBanned('other', 0), false)
  })

  it('forget the oldest when there are too many', () => {
    const standings = new Standings()
    for (let index = 0; index <= MAX_STANDINGS; index++) standings.add(`peer ${index}`, 10, 0)
    assert.equal(standings.points('peer 0', 0), 0)
    assert.equal(standings.points('peer 1', 0), 10)
  })
})

describe('libp2p keys and addresses', () => {
  it('read a key in all its forms as the same peer', async () => {
    const protobuf = await generateNetworkKey()
    const raw = (await networkKeyFromBytes(protobuf)).raw
    const peerId = await peerIdOf(protobuf)
    assert.match(peerId, /^12D3KooW/)
    assert.equal(await peerIdOf(raw), peerId)
    assert.equal(await peerIdOf(raw.slice(0, 32)), peerId)
    await assert.rejects(peerIdOf(new Uint8Array(7)), codeOf('bad-network-key'))
  })

  const addresses: { description: string; text: string; isPrivate: boolean }[] = [
    { description: 'loopback', text: '/ip4/127.0.0.1/tcp/1', isPrivate: true },
    { description: 'a private range', text: '/ip4/192.168.3.4/tcp/1', isPrivate: true },
    { description: 'link-local version 6', text: '/ip6/fe80::1/tcp/1', isPrivate: true },
    { description: 'loopback version 6', text: '/ip6/::1/tcp/1', isPrivate: true },
    { description: 'a version 4 address in version 6 form', text: '/ip6/::ffff:10.0.0.1/tcp/1', isPrivate: true },
    { description: 'localhost by name', text: '/dns4/localhost/tcp/1', isPrivate: true },
    { description: 'a name of the local network', text: '/dns/printer.local/tcp/1', isPrivate: true },
    { description: 'a public address', text: '/ip4/8.8.8.8/tcp/1', isPrivate: false },
    { description: 'a public name', text: '/dns4/boot.example.org/tcp/1', isPrivate: false },
  ]
  for (const { description, text, isPrivate } of addresses) {
    it(`know ${description} as ${isPrivate ? 'private' : 'public'}`, () => assert.equal(isPrivateAddress(multiaddr(text)), isPrivate))
  }

  for (const text of ['', 'localhost:4001', '/ip4/1.2.3.4/tcp/4001', '/ip4/1.2.3.4/tcp/4001/p2p/nonsense']) {
    it(`refuse '${text}' as an address of a peer`, () => assert.throws(() => parsePeerAddress(text), codeOf('bad-address')))
  }

  it('tell several errors in one line, each once', () => {
    assert.equal(oneLine(new AggregateError([new Error('a\nb'), new Error('a'), new Error('c')])), 'a; c')
  })
})

describe('libp2p record store', () => {
  type Key = Parameters<RecordStore['has']>[0]
  // The class of keys is of a package that is only libp2p's; the store needs nothing but their text.
  const key = (name: string): Key => ({ toString: () => name }) as unknown as Key

  it('drops what was not used for longest beyond its bound', () => {
    const store = new RecordStore(3, 100)
    for (const name of ['/a', '/b', '/c']) store.put(key(name), utf8(name))
    store.get(key('/a'))
    store.put(key('/d'), utf8('/d'))
    assert.deepEqual(
      ['/a', '/b', '/c', '/d'].map((name) => store.has(key(name))),
      [true, false, true, true],
    )
    assert.throws(() => store.get(key('/b')), { name: 'NotFoundError' })
  })

  it('leaves a record as it is that would grow beyond its bound', () => {
    const store = new RecordStore(3, 4)
    store.put(key('/a'), utf8('four'))
    store.put(key('/a'), utf8('five!'))
    store.put(key('/b'), utf8('five!'))
    assert.deepEqual([store.get(key('/a')), store.has(key('/b'))], [utf8('four'), false])
  })

  it('answers queries by prefix, filter, order, offset and limit', async () => {
    const store = new RecordStore(10, 100)
    const batch = store.batch()
    for (const name of ['/p/2', '/p/1', '/q/9', '/p/3', '/p/4']) batch.put(key(name), utf8(name))
    batch.delete(key('/p/4'))
    await batch.commit()
    const byName = (left: Key, right: Key): -1 | 1 => (left.toString() < right.toString() ? -1 : 1)
    const names = (query: Parameters<RecordStore['queryKeys']>[0]): string[] => [...store.queryKeys(query)].map(String)
    assert.deepEqual(names({ prefix: '/p', orders: [byName] }), ['/p/1', '/p/2', '/p/3'])
    assert.deepEqual(names({ prefix: '/p', orders: [byName], offset: 1, limit: 1 }), ['/p/2'])
    assert.deepEqual(names({ filters: [(one) => one.toString().endsWith('9')] }), ['/q/9'])
    assert.equal([...store.query({ prefix: '/p/1' })][0]?.value.length, 4)
  })
})

describe('libp2p slots', () => {
  it('run so many at once, and give the place on after a failure', async () => {
    const slots = new Slots(2)
    let running = 0
    let most = 0
    const task = async (): Promise<void> => {
      running++
      most = Math.max(most, running)
      await Promise.resolve()
      running--
      throw new Error('failed')
    }
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => slots.run(task)))
    assert.equal(results.length, 5)
    assert.equal(most, 2)
  })
})
