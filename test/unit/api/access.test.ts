import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Api, type ApiOptions, startApi } from '../../../src/api/server.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { FakeNode, hashAt, heldEvidence, listedVerifier, transaction } from './fake-node.ts'

const token = '0f'.repeat(32)
const json = { 'content-type': 'application/json' }

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: NodeJS.Dict<string | string[]>
}

/** `fetch` would set what only browsers may set. */
function ask(url: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const call = request(url, { method, headers }, (response) => {
      text(response).then((all) => resolve({ status: response.statusCode ?? 0, body: all, headers: response.headers }), reject)
    })
    call.on('error', reject)
    call.end(body)
  })
}

const codeOf = ({ body }: Answer): string => (JSON.parse(body) as { error: { code: string } }).error.code

describe('HTTP API: access', () => {
  let node: FakeNode
  let api: Api
  const start = async (options: Omit<ApiOptions, 'parseAddress'> = {}): Promise<void> => {
    node = new FakeNode()
    api = await startApi(node, { parseAddress, token, ...options })
  }
  afterEach(() => api.close())

  const levels = { default: 'warn', subsystems: { sync: 'debug' } } as const
  const putLevels = (headers: Record<string, string>, body: unknown = levels) =>
    ask(`${api.url}/v1/log-levels`, { method: 'PUT', headers: { ...json, ...headers }, body: JSON.stringify(body) })

  it('changes the node, and gives what is its operator’s, for the token only', async () => {
    await start()
    const wrong: readonly Record<string, string>[] = [
      {},
      { authorization: 'Bearer' },
      { authorization: `Bearer ${'0e'.repeat(32)}` },
      { authorization: `Basic ${token}` },
    ]
    for (const headers of wrong) {
      for (const answer of [await putLevels(headers), await ask(`${api.url}/v1/backup`, { headers })]) {
        assert.deepEqual([answer.status, codeOf(answer)], [401, 'token-needed'])
        assert.equal(answer.headers['www-authenticate'], 'Bearer')
        assert.ok(!answer.body.includes(token))
      }
    }
    assert.deepEqual(node.levels, { default: 'info', subsystems: {} })
    const answer = await putLevels({ authorization: `Bearer ${token}` })
    assert.deepEqual([answer.status, JSON.parse(answer.body), node.levels], [200, levels, levels])
    const backup = await ask(`${api.url}/v1/backup`, { headers: { authorization: `bearer ${token}` } })
    assert.deepEqual([backup.status, backup.body, backup.headers['content-type']], [200, 'a backup', 'application/octet-stream'])
  })

  it('changes the node for nobody without a token of its own', async () => {
    node = new FakeNode()
    api = await startApi(node, { parseAddress })
    const answer = await putLevels({ authorization: 'Bearer undefined' })
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'no-token'])
  })

  for (const { description, body } of [
    { description: 'no level', body: { default: 'loud', subsystems: {} } },
    { description: 'no subsystems', body: { default: 'info' } },
    { description: 'no level of a subsystem', body: { default: 'info', subsystems: { sync: 7 } } },
    { description: 'a subsystem that there is not', body: { default: 'info', subsystems: { sinc: 'debug' } } },
  ]) {
    it(`takes no log levels: ${description}`, async () => {
      await start()
      const answer = await putLevels({ authorization: `Bearer ${token}` }, body)
      assert.deepEqual([answer.status, codeOf(answer)], [400, 'bad-body'])
    })
  }

  it('gives metrics as text', async () => {
    await start()
    const answer = await ask(`${api.url}/metrics`)
    assert.deepEqual([answer.status, answer.body], [200, await node.metrics()])
    assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  })

  it('bounds the requests of a source, and says when to ask again', async () => {
    await start({ requests: { local: 5, windowMs: 60_000 } })
    const statuses: number[] = []
    for (let count = 0; count < 5; count++) statuses.push((await ask(`${api.url}/v1/${count === 0 ? 'nothing' : 'status'}`)).status)
    assert.deepEqual(statuses, [404, 200, 200, 200, 200])
    const answer = await ask(`${api.url}/v1/nothing`)
    assert.deepEqual([answer.status, codeOf(answer)], [429, 'too-many-requests'])
    assert.ok(Number(answer.headers['retry-after']) > 0)
  })

  it('bounds the connections of a source, and counts those that are open', async () => {
    await start({ requests: { localConnections: 2 } })
    const { hostname, port } = new URL(api.url)
    const open = () =>
      new Promise<Socket>((resolve) => {
        const socket: Socket = connect({ host: hostname, port: Number(port) }, () => resolve(socket))
        socket.on('error', () => undefined)
      })
    const [first, second, third] = [await open(), await open(), await open()]
    await new Promise((resolve) => third.once('close', resolve).resume())
    first.destroy()
    await waitFor(
      () =>
        ask(`${api.url}/v1/status`).then(
          ({ status }) => status === 200,
          () => false,
        ),
      {
        deadlineMs: 20_000,
        description: 'a place to become free',
      },
    )
    assert.equal(second.destroyed, false)
    second.destroy()
  })

  describe('pages of other origins', () => {
    const foreign: readonly { description: string; path: string; method?: string; headers: Record<string, string>; body?: string }[] = [
      { description: 'an event stream', path: '/v1/events', headers: { origin: 'http://evil.example', accept: 'text/event-stream' } },
      { description: 'an event stream of an unknown origin', path: '/v1/events', headers: { origin: 'null' } },
      {
        description: 'what a browser asks before it changes anything',
        ...{ path: '/v1/log-levels', method: 'OPTIONS' },
        headers: {
          origin: 'http://evil.example',
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'authorization',
        },
      },
      {
        description: 'an image',
        path: '/v1/status',
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      },
      {
        description: 'a script',
        path: '/v1/status',
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
      },
      {
        description: 'a frame',
        path: '/',
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      },
      {
        description: 'a page of another port',
        path: '/v1/status',
        headers: { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      },
      {
        description: 'a backup with the token',
        path: '/v1/backup',
        headers: { origin: 'http://evil.example', authorization: `Bearer ${token}` },
      },
      {
        description: 'a rebound name with the token',
        path: '/v1/backup',
        headers: { host: 'evil.example', authorization: `Bearer ${token}` },
      },
      {
        description: 'a form',
        ...{ path: '/v1/evidence', method: 'POST', body: 'evidence=1' },
        headers: { origin: 'http://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
      },
    ]
    for (const { description, path, ...options } of foreign) {
      it(`get nothing: ${description}`, async () => {
        await start()
        const answer = await ask(api.url + path, options)
        assert.equal(answer.status, 403)
        for (const name of Object.keys(answer.headers)) assert.ok(!name.startsWith('access-control-'), name)
      })
    }

    it('may link to it, and its own page may ask', async () => {
      await start()
      const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', origin: api.url }
      for (const headers of [link, own]) assert.equal((await ask(`${api.url}/v1/status`, { headers })).status, 200)
    })

    it('cannot have an answer read, or taken for something else, by what else a page may do', async () => {
      await start()
      for (const path of ['/v1/status', '/v1/nothing', '/v1/openapi.json', '/metrics']) {
        const { headers } = await ask(api.url + path)
        assert.equal(headers['x-content-type-options'], 'nosniff', path)
        assert.equal(headers['cross-origin-resource-policy'], 'same-origin', path)
        assert.equal(headers['cache-control'], path === '/v1/status' || path === '/metrics' ? 'no-store' : undefined, path)
      }
    })

    it('of an encrypted name in front of an open address are its own', async () => {
      await start({ host: '0.0.0.0' })
      const headers = { host: 'node.example', origin: 'https://node.example' }
      assert.equal((await ask(`${api.url}/v1/status`, { headers })).status, 200)
    })
  })

  describe('search', () => {
    const id = 'ab'.repeat(32)
    const account = 'cd'.repeat(20)
    const peerId = '12D3KooWLMeByquFHNp7rfMFXoqWYzW2ZHwvdm4GJ1Kithm7tfUy'
    const cases = [
      { description: 'a height', q: '7', results: [{ kind: 'block', height: 7, hash: hashAt(7) }] },
      { description: 'a height as people write it', q: ' 2 5 0 ', results: [{ kind: 'block', height: 250, hash: hashAt(250) }] },
      { description: 'a height that is not there', q: '251', results: [] },
      { description: 'the hash of a block', q: hashAt(9), results: [{ kind: 'block', height: 9, hash: hashAt(9) }] },
      {
        description: 'ids, in any case of letters',
        q: id.toUpperCase(),
        results: [
          { kind: 'transaction', id, state: 'pending' },
          { kind: 'evidence', id },
        ],
      },
      { description: 'an address in hex', q: account, results: [{ kind: 'account', address: account, isVerifier: false }] },
      {
        description: 'an address as people see it',
        q: formatAddress(account),
        results: [{ kind: 'account', address: account, isVerifier: false }],
      },
      { description: 'the peer id of a verifier', q: peerId, results: [{ kind: 'verifier', address: account, peerId }] },
      { description: 'something else', q: 'hello', results: [] },
    ]
    for (const { description, q, results } of cases) {
      it(`finds ${description}`, async () => {
        await start()
        node.transactions.set(id, { state: 'pending', transaction, expirySlot: 9 })
        node.held.set(id, heldEvidence(id))
        node.registered = [listedVerifier(account, { peerId })]
        const answer = await ask(`${api.url}/v1/search?q=${encodeURIComponent(q)}`)
        const found = JSON.parse(answer.body) as { results: readonly { kind: string; height?: number }[] }
        // The fake takes any hash for a height.
        assert.deepEqual(
          found.results.filter((one) => one.kind !== 'block' || (one.height ?? 0) <= 250),
          results,
        )
      })
    }
    for (const { description, query, says } of [
      { description: 'nothing', query: '', says: /q: a height/ },
      { description: 'a novel', query: `?q=${'a'.repeat(129)}`, says: /at most 128/ },
      { description: 'by another name', query: '?query=7', says: /query.* here; there is: q/ },
    ]) {
      it(`refuses to look for ${description}`, async () => {
        await start()
        const answer = await ask(`${api.url}/v1/search${query}`)
        assert.equal(answer.status, 400)
        assert.match(answer.body, says)
      })
    }
  })

  it('refuses a place in a list that no answer gave, and a range without heights', async () => {
    await start()
    const cursor = await ask(`${api.url}/v1/accounts/${'cd'.repeat(20)}/transactions?before=x`)
    assert.deepEqual([cursor.status, codeOf(cursor)], [400, 'bad-cursor'])
    const range = await ask(`${api.url}/v1/history?from=9&to=3`)
    assert.deepEqual([range.status, codeOf(range)], [400, 'bad-parameter'])
    assert.equal((await ask(`${api.url}/v1/history?points=0`)).status, 400)
  })
})
