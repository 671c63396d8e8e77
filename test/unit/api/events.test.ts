import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { MAX_EVENT_STREAMS } from '../../../src/api/bounds.ts'
import { type Api, type ApiOptions, startApi } from '../../../src/api/server.ts'
import type { NodeEvent } from '../../../src/api/types.ts'
import { parseAddress } from '../../../src/crypto/address.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { FakeNode, hashAt } from './fake-node.ts'

const DEADLINE_MS = 20_000

const block = (height: number, transactionIds: readonly string[] = []): NodeEvent => ({
  kind: 'block',
  height,
  hash: hashAt(height),
  slot: height,
  finalAtMs: 1,
  makerIndex: 0,
  signers: 3,
  transactionIds,
})
const alarm: NodeEvent = { kind: 'alarm', code: 'clock', detail: 'off' }

const open = (url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })

interface Received {
  readonly event: string
  readonly id: string
  readonly data: { readonly kind: string; readonly height?: number; readonly missed?: number | null }
}

/** Reads events one at a time; undefined at the end of the stream. */
function events(response: IncomingMessage): () => Promise<Received | undefined> {
  response.setEncoding('utf8')
  const chunks = (response as AsyncIterable<string>)[Symbol.asyncIterator]()
  let rest = ''
  return async () => {
    for (;;) {
      const end = rest.indexOf('\n\n')
      if (end >= 0) {
        const fields = new Map(
          rest
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
        )
        rest = rest.slice(end + 2)
        if (!fields.has('data')) continue
        return { event: fields.get('event') ?? '', id: fields.get('id') ?? '', data: JSON.parse(fields.get('data') ?? '') }
      }
      const { value, done } = await chunks.next()
      if (done) return undefined
      rest += value
    }
  }
}

describe('HTTP API: events', () => {
  let node: FakeNode
  let api: Api

  const start = async (options: Omit<ApiOptions, 'parseAddress'> = {}): Promise<void> => {
    node = new FakeNode()
    api = await startApi(node, { parseAddress, ...options })
  }
  afterEach(() => api.close())

  it('begins with a heartbeat, then sends each event with its kind and an id', async () => {
    await start()
    const response = await open(`${api.url}/v1/events`)
    const next = events(response)
    assert.equal(response.headers['content-type'], 'text/event-stream')
    const first = await next()
    assert.deepEqual([first?.event, { ...first?.data, atMs: 0 }], ['heartbeat', { kind: 'heartbeat', atMs: 0, height: 250 }])
    node.emit(block(251))
    node.emit(alarm)
    const [one, two] = [await next(), await next()]
    assert.deepEqual([one?.event, one?.data], ['block', block(251)])
    assert.deepEqual([two?.event, two?.data], ['alarm', alarm])
    assert.equal(new Set([first?.id, one?.id, two?.id]).size, 3)
    response.destroy()
  })

  it('sends the kinds that were asked for, and heartbeats', async () => {
    await start({ heartbeatMs: 20 })
    const response = await open(`${api.url}/v1/events?kinds=alarm,dropped`)
    const next = events(response)
    await next()
    node.emit(block(251))
    node.emit(alarm)
    const seen = new Set<string | undefined>()
    while (seen.size < 2) seen.add((await next())?.event)
    assert.deepEqual(seen, new Set(['heartbeat', 'alarm']))
    response.destroy()
  })

  it('goes on after the last event that was seen, without a gap', async () => {
    await start()
    const earlier = await open(`${api.url}/v1/events?kinds=block`)
    const next = events(earlier)
    await next()
    node.emit(block(251))
    const last = await next()
    earlier.destroy()
    node.emit(block(252))
    node.emit(alarm)
    node.emit(block(253))
    const later = events(await open(`${api.url}/v1/events?kinds=block`, { 'last-event-id': last?.id ?? '' }))
    assert.deepEqual((await later())?.event, 'heartbeat')
    assert.deepEqual([(await later())?.data.height, (await later())?.data.height], [252, 253])
  })

  it('goes on from a heartbeat, whatever happened of other kinds since', async () => {
    await start({ keptEvents: 10, heartbeatMs: 20 })
    const earlier = await open(`${api.url}/v1/events?kinds=alarm`)
    const next = events(earlier)
    const first = await next()
    for (let height = 1; height <= 100; height++) node.emit(block(height))
    let beat = await next()
    while (beat?.id === first?.id) beat = await next()
    earlier.destroy()
    node.emit(alarm)
    const later = events(await open(`${api.url}/v1/events?kinds=alarm`, { 'last-event-id': beat?.id ?? '' }))
    assert.deepEqual([(await later())?.event, (await later())?.event], ['heartbeat', 'alarm'])
  })

  const gaps = [
    { description: 'events that are kept no more', id: (seen: string) => seen, missed: 5 },
    { description: 'an id of the node before its restart', id: () => '00000000-3', missed: null },
    { description: 'an id of what has not happened', id: (seen: string) => seen.replace(/\d+$/, '999'), missed: null },
    { description: 'what is no id', id: () => 'x', missed: null },
  ]
  for (const { description, id, missed } of gaps) {
    it(`says what is missed: ${description}`, async () => {
      await start({ keptEvents: 10 })
      const earlier = await open(`${api.url}/v1/events`)
      const next = events(earlier)
      await next()
      node.emit(block(1))
      const seen = (await next())?.id ?? ''
      earlier.destroy()
      for (let height = 2; height <= 16; height++) node.emit(block(height))
      const later = events(await open(`${api.url}/v1/events`, { 'last-event-id': id(seen) }))
      assert.deepEqual((await later())?.data, { kind: 'gap', missed })
      assert.deepEqual((await later())?.event, 'heartbeat')
      node.emit(block(17))
      assert.deepEqual((await later())?.data.height, 17)
    })
  }

  it('cuts off who does not read, and serves the others on', async () => {
    await start({ keptBytes: 2_000_000 })
    const slow = await open(`${api.url}/v1/events`)
    slow.on('error', () => undefined)
    const next = events(await open(`${api.url}/v1/events`))
    await next()
    const ids = new Array(1000).fill(hashAt(1))
    // 67 kB each: far above what is kept and what the sockets of the system hold.
    const count = 400
    for (let height = 1; height <= count; height++) {
      node.emit(block(height, ids))
      assert.equal((await next())?.data.height, height)
    }
    let received = 0
    slow.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    // It ends with an error, which `once` would throw.
    await new Promise((resolve) => slow.on('close', resolve))
    assert.ok(received < (count / 2) * JSON.stringify(block(1, ids)).length, `${received} bytes were kept for it`)
    node.emit(alarm)
    assert.deepEqual((await next())?.data, alarm)
  })

  it('serves a thousand, each with every event in its order', async () => {
    await start()
    const readers = await Promise.all(Array.from({ length: 1000 }, async () => events(await open(`${api.url}/v1/events`))))
    for (let height = 1; height <= 5; height++) node.emit(block(height))
    const heights = await Promise.all(
      readers.map(async (next) => {
        await next()
        const seen: (number | undefined)[] = []
        while (seen.length < 5) seen.push((await next())?.data.height)
        return seen.join()
      }),
    )
    assert.deepEqual([...new Set(heights)], ['1,2,3,4,5'])
  })

  it('bounds the number of streams', async () => {
    await start()
    const streams: IncomingMessage[] = []
    while (streams.length < MAX_EVENT_STREAMS) {
      const some = Math.min(256, MAX_EVENT_STREAMS - streams.length)
      streams.push(...(await Promise.all(Array.from({ length: some }, () => open(`${api.url}/v1/events`)))))
    }
    const refused = await open(`${api.url}/v1/events`)
    assert.equal(refused.statusCode, 503)
    streams[0]?.destroy()
    await waitFor(async () => (await open(`${api.url}/v1/events`)).statusCode === 200, {
      deadlineMs: DEADLINE_MS,
      description: 'a place to become free',
    })
  })

  it('ends the streams when it is closed, and hears of nothing any more', async () => {
    await start()
    const next = events(await open(`${api.url}/v1/events`))
    await next()
    await api.close()
    assert.equal(await next(), undefined)
    assert.equal(node.listeners.size, 0)
  })
})
