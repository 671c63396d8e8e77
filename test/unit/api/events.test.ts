import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { MAX_EVENT_STREAMS } from '../../../src/api/bounds.ts'
import { type Api, startApi } from '../../../src/api/server.ts'
import type { NodeEvent } from '../../../src/api/types.ts'
import { parseAddress } from '../../../src/crypto/address.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { FakeNode, hashAt } from './fake-node.ts'

const DEADLINE_MS = 10_000

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

const open = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, resolve).on('error', reject)
  })

type Line = { readonly kind: string; readonly height?: number }

/** Reads lines one at a time; undefined at the end of the stream. */
function lines(response: IncomingMessage): () => Promise<Line | undefined> {
  const reader = createInterface({ input: response })[Symbol.asyncIterator]()
  return async () => {
    const { value, done } = await reader.next()
    return done ? undefined : (JSON.parse(value) as Line)
  }
}

describe('HTTP API: events', () => {
  let node: FakeNode
  let api: Api

  const start = async (options: { backlogBytes?: number; heartbeatMs?: number } = {}): Promise<void> => {
    node = new FakeNode()
    api = await startApi(node, { parseAddress, ...options })
  }
  afterEach(() => api.close())

  it('begins with a heartbeat, then sends each event as a line', async () => {
    await start()
    const response = await open(`${api.url}/v1/events`)
    const next = lines(response)
    assert.equal(response.headers['content-type'], 'application/x-ndjson')
    assert.deepEqual({ ...(await next()), atMs: 0 }, { kind: 'heartbeat', atMs: 0, height: 250 })
    node.emit(block(251))
    node.emit(alarm)
    assert.deepEqual(await next(), block(251))
    assert.deepEqual(await next(), alarm)
    response.destroy()
  })

  it('sends the kinds that were asked for, and heartbeats', async () => {
    await start({ heartbeatMs: 20 })
    const response = await open(`${api.url}/v1/events?kinds=alarm,dropped`)
    const next = lines(response)
    await next()
    node.emit(block(251))
    node.emit(alarm)
    const seen = new Set<string | undefined>()
    while (seen.size < 2) seen.add((await next())?.kind)
    assert.deepEqual(seen, new Set(['heartbeat', 'alarm']))
    response.destroy()
  })

  it('listens to the node only while somebody listens', async () => {
    await start()
    assert.equal(node.listeners.size, 0)
    const responses = [await open(`${api.url}/v1/events`), await open(`${api.url}/v1/events`)]
    assert.equal(node.listeners.size, 1)
    responses[0]?.destroy()
    responses[1]?.destroy()
    await waitFor(() => node.listeners.size === 0, { deadlineMs: DEADLINE_MS, description: 'the API to stop listening' })
  })

  it('cuts off who does not read, and serves the others on', async () => {
    await start({ backlogBytes: 100_000 })
    const slow = await open(`${api.url}/v1/events`)
    slow.on('error', () => undefined)
    const next = lines(await open(`${api.url}/v1/events`))
    await next()
    const ids = new Array(1000).fill(hashAt(1))
    // 67 kB each: far above the bound and what the sockets of the system hold.
    const events = 400
    for (let height = 1; height <= events; height++) {
      node.emit(block(height, ids))
      assert.equal((await next())?.height, height)
    }
    let received = 0
    slow.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    // It ends with an error, which `once` would throw.
    await new Promise((resolve) => slow.on('close', resolve))
    assert.equal(slow.complete, false)
    assert.ok(received < (events / 2) * JSON.stringify(block(1, ids)).length, `${received} bytes were kept for it`)
    node.emit(alarm)
    assert.deepEqual(await next(), alarm)
  })

  it('bounds the number of streams', async () => {
    await start()
    const streams = await Promise.all(Array.from({ length: MAX_EVENT_STREAMS }, () => open(`${api.url}/v1/events`)))
    const refused = await open(`${api.url}/v1/events`)
    assert.equal(refused.statusCode, 503)
    assert.match((await lines(refused)().then((line) => JSON.stringify(line))) ?? '', /too-many-streams/)
    streams[0]?.destroy()
    await waitFor(async () => (await open(`${api.url}/v1/events`)).statusCode === 200, {
      deadlineMs: DEADLINE_MS,
      description: 'a place to become free',
    })
  })

  it('ends the streams when it is closed', async () => {
    await start()
    const next = lines(await open(`${api.url}/v1/events`))
    await next()
    await api.close()
    assert.equal(await next(), undefined)
    assert.equal(node.listeners.size, 0)
  })
})
