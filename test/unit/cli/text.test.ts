import assert from 'node:assert/strict'
import { InvalidArgumentError } from 'commander'
import {
  checkpoint,
  integer,
  listenAddress,
  multiaddr,
  parseTime,
  parseUrl,
  peerMultiaddr,
  percentage,
  slotsOf,
  span,
} from '../../../src/cli/options.ts'
import { bytes, duration, percent, printable, short, table, wantsColour } from '../../../src/cli/text.ts'

describe('command line: words', () => {
  const durations: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [9940, '9.9 s'],
    [10_400, '10 s'],
    [65_000, '1 m 5 s'],
    [7_860_000, '2 h 11 m'],
    [450_000_000, '5 d 5 h'],
  ]
  for (const [ms, text] of durations) it(`${ms} ms is ${text}`, () => assert.equal(duration(ms), text))

  it('bytes in their unit', () =>
    assert.deepEqual([999, 1000, 2_500_000, 80_817_800_000].map(bytes), ['999 B', '1.0 kB', '2.5 MB', '80.8 GB']))
  it('shares as percentages, exactly', () =>
    assert.deepEqual([0, 1, 50_000, 25_500, 1_000_000].map(percent), ['0 %', '0.0001 %', '5 %', '2.55 %', '100 %']))
  it('shortens what is long only', () =>
    assert.deepEqual([short('a'.repeat(15)), short('a'.repeat(16))], ['a'.repeat(15), 'aaaaaaaaaa…aaaa']))
  it('lets nothing through that steers a terminal', () => assert.equal(printable('a\u001b[2J\u0007\u202eb\nü'), 'a·[2J··b·ü'))

  it('aligns columns, with or without their titles', () => {
    const columns = [{ title: 'NAME' }, { title: 'N', align: 'right', width: 4 }, { title: 'REST' }] as const
    const rows = [
      ['a', '1', ''],
      ['longer', '20000', 'x'],
    ]
    assert.equal(table(columns, rows), 'NAME        N  REST\na           1\nlonger  20000  x')
    assert.equal(table(columns, [['a', '1', 'b']], { heading: false }), 'a        1  b')
  })

  const colours = [
    { description: 'a terminal', stream: { isTTY: true }, env: {}, wants: true },
    { description: 'a pipe', stream: {}, env: {}, wants: false },
    { description: 'NO_COLOR', stream: { isTTY: true }, env: { NO_COLOR: '1' }, wants: false },
    { description: 'an empty NO_COLOR', stream: { isTTY: true }, env: { NO_COLOR: '' }, wants: true },
    { description: 'a dumb terminal', stream: { isTTY: true }, env: { TERM: 'dumb' }, wants: false },
  ]
  for (const { description, stream, env, wants } of colours) {
    it(`colours on ${description}: ${wants}`, () => assert.equal(wantsColour(stream, env), wants))
  }
})

describe('command line: values', () => {
  const peer = '12D3KooWDLXTeAD1cfSN5YrLW4WAtMMpNgUQ8ryzRpQGn5XjKJ8o'
  const hash = 'ab'.repeat(32)
  const now = 1_700_000_000_400
  const good: readonly { description: string; read: () => unknown; value: unknown }[] = [
    { description: 'a time from now, rounded up to a second', read: () => parseTime('now+2m', now), value: 1_700_000_121_000 },
    { description: 'now', read: () => parseTime('now', now), value: 1_700_000_001_000 },
    { description: 'a time of the world', read: () => parseTime('2026-01-31T12:00:00Z'), value: 1_769_860_800_000 },
    { description: 'a time with its zone', read: () => parseTime('2026-01-31T13:00:00+01:00'), value: 1_769_860_800_000 },
    { description: 'milliseconds', read: () => parseTime('1769860800123'), value: 1_769_860_800_123 },
    { description: 'a url without its slash', read: () => parseUrl('https://x.example:8/y/'), value: 'https://x.example:8/y' },
    { description: 'a host as url', read: () => parseUrl('localhost:4080'), value: 'http://localhost:4080' },
    { description: 'a listen address', read: () => listenAddress('0.0.0.0:0'), value: { host: '0.0.0.0', port: 0 } },
    { description: 'an IPv6 one', read: () => listenAddress('[::1]:4080'), value: { host: '::1', port: 4080 } },
    { description: 'off', read: () => listenAddress('off'), value: 'off' },
    { description: 'a multiaddr', read: () => multiaddr('/ip6/::1/tcp/0'), value: '/ip6/::1/tcp/0' },
    {
      description: "a peer's",
      read: () => peerMultiaddr(`/dns4/a-b.example/tcp/1/p2p/${peer}`),
      value: `/dns4/a-b.example/tcp/1/p2p/${peer}`,
    },
    { description: 'a checkpoint', read: () => checkpoint(`12:${hash}`), value: { height: 12, hash } },
    { description: 'a percentage', read: () => percentage('5%'), value: 50_000 },
    { description: 'one without its sign', read: () => percentage('100'), value: 1_000_000 },
    { description: 'a part of one', read: () => percentage('0.0001 %'), value: 1 },
    { description: 'a span in slots', read: () => slotsOf(span('3600'), 500), value: 3600 },
    { description: 'a span in time', read: () => slotsOf(span('1h'), 500), value: 7200 },
    { description: 'a span shorter than a slot', read: () => slotsOf(span('1s'), 60_000), value: 1 },
    { description: 'an integer at its bound', read: () => integer(1, 5)('5'), value: 5 },
  ]
  for (const { description, read, value } of good) it(`takes ${description}`, () => assert.deepEqual(read(), value))

  const bad: readonly { description: string; read: () => unknown }[] = [
    { description: 'a time without zone', read: () => parseTime('2026-01-31T12:00:00') },
    { description: 'a day that is none', read: () => parseTime('2026-02-31T12:00:00.x00Z') },
    { description: 'a time in the past of now', read: () => parseTime('now-5s') },
    { description: 'a file as url', read: () => parseUrl('file:///etc') },
    { description: 'no url', read: () => parseUrl('http://') },
    { description: 'a port too high', read: () => listenAddress('localhost:65536') },
    { description: 'a port alone', read: () => listenAddress(':4080') },
    { description: 'a bare IPv6 address', read: () => listenAddress('::1:4080') },
    { description: 'an address with spaces', read: () => multiaddr('/ip4/1.2.3.4 /tcp/1') },
    { description: 'a peer without id', read: () => peerMultiaddr('/ip4/1.2.3.4/tcp/1') },
    { description: 'a checkpoint at genesis', read: () => checkpoint(`0:${hash}`) },
    { description: 'a checkpoint of a short hash', read: () => checkpoint('1:ab') },
    { description: 'more than all', read: () => percentage('100.0001%') },
    { description: 'a fraction as percentage', read: () => percentage('1/2') },
    { description: 'too fine a percentage', read: () => percentage('0.00001%') },
    { description: 'no span', read: () => span('0') },
    { description: 'a span of weeks', read: () => span('2w') },
    { description: 'an integer above its bound', read: () => integer(1, 5)('6') },
    { description: 'a hexadecimal integer', read: () => integer(0)('0x10') },
    { description: 'an integer that is not safe', read: () => integer(0)('9007199254740992') },
  ]
  for (const { description, read } of bad) it(`refuses ${description}`, () => assert.throws(read, InvalidArgumentError))
})
