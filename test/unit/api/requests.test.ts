import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { MAX_BODY_BYTES } from '../../../src/api/bounds.ts'
import type { EvidenceList, EvidenceResult } from '../../../src/api/evidence-types.ts'
import type { VerifiersView } from '../../../src/api/ledger-types.ts'
import { type Api, startApi } from '../../../src/api/server.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import { toHex } from '../../../src/base/hex.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'
import { encode } from '../../../src/wire/codec.ts'
import { evidence as evidenceCodec, transaction as transactionCodec } from '../../../src/wire/types.ts'
import { FakeNode, forkView, genesis, hashAt, heldEvidence, listedVerifier, transaction } from './fake-node.ts'

const signed = toHex(encode(transactionCodec, transaction))
const id = 'ab'.repeat(32)
const address = 'cd'.repeat(20)

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: NodeJS.Dict<string | string[]>
}

/** `fetch` would set Host and Origin itself. */
function ask(url: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const call = request(url, { method, headers }, (response) => {
      text(response).then(
        (all) => resolve({ status: response.statusCode ?? 0, body: all === '' ? undefined : JSON.parse(all), headers: response.headers }),
        reject,
      )
    })
    call.on('error', reject)
    call.end(body)
  })
}

const json = { 'content-type': 'application/json' }
const errorOf = (answer: Answer): { code: string; message: string } => (answer.body as { error: { code: string; message: string } }).error

describe('HTTP API: requests', () => {
  let node: FakeNode
  let api: Api
  let errors: unknown[]

  beforeEach(async () => {
    node = new FakeNode()
    errors = []
    api = await startApi(node, { parseAddress, onError: (error) => errors.push(error) })
  })
  afterEach(() => api.close())

  const post = (body: unknown): Promise<Answer> =>
    ask(`${api.url}/v1/transactions`, { method: 'POST', headers: json, body: typeof body === 'string' ? body : JSON.stringify(body) })

  it('listens on loopback unless told otherwise', () => {
    assert.equal(new URL(api.url).hostname, '127.0.0.1')
  })

  it('answers what the node hands it', async () => {
    node.transactions.set(id, { state: 'pending', transaction, expirySlot: 100 })
    assert.deepEqual((await ask(`${api.url}/v1/status`)).body, node.status())
    assert.deepEqual((await ask(`${api.url}/v1/peers`)).body, { peers: node.peers() })
    assert.deepEqual((await ask(`${api.url}/v1/transactions/${id}`)).body, { id, state: 'pending', transaction, expirySlot: 100 })
    assert.deepEqual((await ask(`${api.url}/v1/genesis`)).body, {
      chain: node.status().chain,
      chainId: node.chainId,
      recoveries: [],
      genesis,
    })
    assert.deepEqual((await ask(`${api.url}/v1/quorum`)).body, node.quorum())
    assert.deepEqual((await ask(`${api.url}/v1/elections`)).body, await node.elections())
    assert.deepEqual((await ask(`${api.url}/v1/ratification`)).body, node.ratification())
    assert.deepEqual((await ask(`${api.url}/v1/supply`)).body, node.supply())
    for (const at of ['7', hashAt(7)]) assert.deepEqual((await ask(`${api.url}/v1/blocks/${at}`)).body, node.block(7))
    for (const at of [address, formatAddress(address), formatAddress(address).toUpperCase()]) {
      assert.deepEqual((await ask(`${api.url}/v1/accounts/${at}`)).body, node.account(address))
      assert.deepEqual((await ask(`${api.url}/v1/accounts/${at}/proof`)).body, node.accountProof(address))
    }
  })

  const pages = [
    { description: 'the newest by default', query: '', heights: [231, 250] },
    { description: 'from a height', query: '?from=3&limit=4', heights: [3, 6] },
    { description: 'a hundred at most', query: '?from=1&limit=5000', heights: [1, 100] },
    { description: 'up to the head', query: '?from=249&limit=100', heights: [249, 250] },
    { description: 'from the first block, not from genesis', query: '?from=0&limit=2', heights: [1, 2] },
  ]
  for (const { description, query, heights } of pages) {
    it(`blocks: ${description}`, async () => {
      const { blocks } = (await ask(`${api.url}/v1/blocks${query}`)).body as { blocks: { block: { header: { height: number } } }[] }
      const found = blocks.map((one) => one.block.header.height)
      assert.deepEqual([found[0], found.at(-1)], heights)
      assert.equal(found.length, (heights[1] ?? 0) - (heights[0] ?? 0) + 1)
    })
  }

  it('blocks: of a node that began with a snapshot, from its first; and says so of one before it', async () => {
    node.firstHeight = 245
    const { blocks } = (await ask(`${api.url}/v1/blocks`)).body as { blocks: { block: { header: { height: number } } }[] }
    assert.deepEqual(
      blocks.map((one) => one.block.header.height),
      [245, 246, 247, 248, 249, 250],
    )
    assert.deepEqual((await ask(`${api.url}/v1/blocks?from=240`)).body, { blocks: [] })
    const missing = await ask(`${api.url}/v1/blocks/240`)
    assert.equal(missing.status, 404)
    assert.match(errorOf(missing).message, /no block 240 here; the newest is 250, the first 245, that of the snapshot/)
  })

  it('proof: not before there is a block', async () => {
    node.height = 0
    const answer = await ask(`${api.url}/v1/accounts/${address}/proof`)
    assert.deepEqual([answer.status, errorOf(answer).code], [503, 'no-block-yet'])
  })

  it('blocks: none above the head', async () => {
    assert.deepEqual((await ask(`${api.url}/v1/blocks?from=251`)).body, { blocks: [] })
  })

  it('blocks: a summary has no transactions, and large blocks end the answer early', async () => {
    node.blockBytes = 2 * 1024 * 1024
    const whole = (await ask(`${api.url}/v1/blocks?from=1&limit=100`)).body as { blocks: unknown[] }
    assert.equal(whole.blocks.length, 8)
    const { blocks } = (await ask(`${api.url}/v1/blocks?from=1&limit=100&summary=true`)).body as { blocks: Record<string, unknown>[] }
    assert.equal(blocks.length, 100)
    assert.equal(blocks[0]?.['transactions'], 1)
    for (const left of ['transactionIds', 'block', 'receipt']) assert.ok(!(left in (blocks[0] ?? {})), left)
  })

  const listings = [
    { description: 'all of a few', query: '', places: [0, 100] },
    { description: 'some', query: '?limit=7', places: [0, 7] },
    { description: 'from a place on', query: '?from=590&limit=7', places: [590, 597] },
    { description: 'five hundred at most', query: '?limit=9999', places: [0, 500] },
    { description: 'none after the last', query: '?from=600', places: [600, 600] },
  ]
  for (const { description, query, places } of listings) {
    it(`verifiers: ${description}`, async () => {
      node.registered = Array.from({ length: 600 }, (_, index) => listedVerifier(index.toString(16).padStart(40, '0')))
      const { registered, verifiers } = (await ask(`${api.url}/v1/verifiers${query}`)).body as VerifiersView
      assert.equal(registered, 600)
      assert.deepEqual(verifiers, node.registered.slice(...places))
    })
  }

  it('lists evidence in the order of the node, some at a time, and shows each with what is signed', async () => {
    for (const digits of ['01', '02', '03']) node.held.set(digits.repeat(32), heldEvidence(digits.repeat(32)))
    const list = async (query: string) => (await ask(`${api.url}/v1/evidence${query}`)).body as EvidenceList
    assert.deepEqual(
      (await list('')).evidence.map((one) => one.id.slice(0, 2)),
      ['01', '02', '03'],
    )
    const some = await list('?from=1&limit=1')
    assert.deepEqual([some.total, some.evidence.map((one) => one.id.slice(0, 2))], [3, ['02']])
    assert.ok(!('statements' in (some.evidence[0] ?? {})))
    const { status, body } = await ask(`${api.url}/v1/evidence/${'02'.repeat(32)}`)
    assert.deepEqual([status, body], [200, heldEvidence('02'.repeat(32))])
  })

  it('tells of a fork, or that there is none', async () => {
    const get = async (): Promise<unknown> => (await fetch(`${api.url}/v1/fork`)).json()
    assert.deepEqual(await get(), { fork: null })
    node.forkView = forkView()
    assert.deepEqual(await get(), { fork: forkView() })
  })

  it('takes evidence in hex, and says what became of it', async () => {
    const submit = async (body: unknown) =>
      (await ask(`${api.url}/v1/evidence`, { method: 'POST', headers: json, body: JSON.stringify(body) })).body as EvidenceResult
    const bytes = 'ab'.repeat(evidenceCodec.minBytes)
    assert.deepEqual(await submit({ evidence: bytes }), node.evidenceAnswer)
    node.evidenceAnswer = { id, accepted: false, code: 'no-offence', detail: 'honest' }
    assert.deepEqual(await submit({ evidence: bytes }), node.evidenceAnswer)
    assert.deepEqual(node.submittedEvidence, [bytes, bytes])
    for (const wrong of ['AB', 'abc', 'zz', 'ff'.repeat(evidenceCodec.maxBytes + 1)]) {
      const answer = await submit({ evidence: wrong })
      assert.ok(!answer.accepted && answer.code === 'malformed', wrong.slice(0, 4))
    }
    assert.equal(node.submittedEvidence.length, 2)
  })

  it('takes transactions and answers each in its place', async () => {
    node.answer = (text) =>
      text === signed ? { id: 'ee'.repeat(32), accepted: true } : { id: null, accepted: false, code: 'malformed', detail: 'node' }
    const other = `ff${signed.slice(2)}`
    const tooLong = 'ff'.repeat(transactionCodec.maxBytes + 1)
    const { status, body } = await post({ transactions: ['zz', signed, 7, other, signed.toUpperCase(), tooLong, ''] })
    assert.equal(status, 200)
    const { results } = body as { results: { accepted: boolean; detail?: string }[] }
    assert.deepEqual(
      results.map(({ accepted, detail }) => (accepted ? 'accepted' : detail === 'node' ? 'by the node' : 'by the API')),
      ['by the API', 'accepted', 'by the API', 'by the node', 'by the API', 'by the API', 'by the API'],
    )
    assert.deepEqual(node.submitted, [[signed, other]])
  })

  it('takes a full call and no larger one', async () => {
    const full = await post({ transactions: new Array(1000).fill(signed) })
    assert.equal((full.body as { results: unknown[] }).results.length, 1000)
    const above = await post({ transactions: new Array(1001).fill(signed) })
    assert.deepEqual([above.status, errorOf(above).code], [413, 'too-many-transactions'])
    assert.equal(node.submitted.length, 1)
  })

  it('says what the node cannot do now, and hides what it did not expect', async () => {
    node.submitError = new QuorateError('store-full', 'the disk is full')
    const full = await post({ transactions: [signed] })
    assert.deepEqual([full.status, errorOf(full)], [503, { code: 'store-full', message: 'the disk is full' }])
    node.submitError = new Error('secret detail')
    const broken = await post({ transactions: [signed] })
    assert.deepEqual([broken.status, errorOf(broken).code], [500, 'internal'])
    assert.ok(!JSON.stringify(broken.body).includes('secret'))
    assert.deepEqual(errors, [node.submitError])
  })

  it('answers HEAD as GET, without the body', async () => {
    const response = await fetch(`${api.url}/v1/status`, { method: 'HEAD' })
    assert.deepEqual([response.status, await response.text()], [200, ''])
  })

  const bad: readonly {
    description: string
    path: string
    method?: string
    headers?: Record<string, string>
    body?: string
    status: number
    code: string
    says?: RegExp
  }[] = [
    { description: 'an unknown route', path: '/v1/blockz', status: 404, code: 'unknown-route', says: /GET \/v1\/status/ },
    { description: 'a wrong method', path: '/v1/status', method: 'DELETE', status: 405, code: 'wrong-method', says: /takes GET/ },
    { description: 'a malformed address line', path: '/v1/blocks/%ff', status: 400, code: 'bad-url' },
    { description: 'a block that is not there', path: '/v1/blocks/251', status: 404, code: 'block-not-found', says: /newest is 250/ },
    { description: 'no height', path: '/v1/blocks/-1', status: 400, code: 'bad-parameter' },
    { description: 'a short hash', path: `/v1/blocks/${'a'.repeat(63)}`, status: 400, code: 'bad-parameter' },
    { description: 'a wrong number', path: '/v1/blocks?from=one', status: 400, code: 'bad-parameter', says: /from/ },
    { description: 'a number twice', path: '/v1/blocks?from=1&from=2', status: 400, code: 'bad-parameter', says: /twice/ },
    { description: 'a wrong place', path: '/v1/verifiers?from=top', status: 400, code: 'bad-parameter', says: /from/ },
    { description: 'a wrong flag', path: '/v1/blocks?summary=yes', status: 400, code: 'bad-parameter', says: /summary/ },
    { description: 'unknown evidence', path: `/v1/evidence/${id}`, status: 404, code: 'evidence-not-found' },
    { description: 'no id of evidence', path: '/v1/evidence/xyz', status: 400, code: 'bad-parameter' },
    {
      description: 'evidence that is no text',
      path: '/v1/evidence',
      method: 'POST',
      headers: json,
      body: '{"evidence":[]}',
      status: 400,
      code: 'bad-body',
    },
    { description: 'an unknown transaction', path: `/v1/transactions/${id}`, status: 404, code: 'transaction-not-found' },
    { description: 'no transaction id', path: '/v1/transactions/xyz', status: 400, code: 'bad-parameter' },
    { description: 'no address', path: '/v1/accounts/bob', status: 400, code: 'bad-address', says: /quo1/ },
    {
      description: 'an address with a wrong character',
      path: `/v1/accounts/${formatAddress(address).replace(/.$/, 'x')}`,
      status: 400,
      code: 'bad-address',
    },
    { description: 'an unknown kind of event', path: '/v1/events?kinds=block,bingo', status: 400, code: 'bad-parameter', says: /bingo/ },
    { description: 'no JSON', path: '/v1/transactions', method: 'POST', headers: json, body: '{', status: 400, code: 'bad-json' },
    { description: 'no body', path: '/v1/transactions', method: 'POST', headers: json, status: 400, code: 'bad-json' },
    { description: 'another shape', path: '/v1/transactions', method: 'POST', headers: json, body: '[]', status: 400, code: 'bad-body' },
    { description: 'null', path: '/v1/transactions', method: 'POST', headers: json, body: 'null', status: 400, code: 'bad-body' },
    {
      description: 'no list',
      path: '/v1/transactions',
      method: 'POST',
      headers: json,
      body: '{"transactions":{"length":1}}',
      status: 400,
      code: 'bad-body',
    },
    {
      description: 'text/plain, which a foreign page may send unasked',
      path: '/v1/transactions',
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{"transactions":[]}',
      status: 415,
      code: 'not-json',
    },
    {
      description: 'a form',
      path: '/v1/transactions',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'transactions=1',
      status: 415,
      code: 'not-json',
    },
    {
      description: 'no content type',
      path: '/v1/transactions',
      method: 'POST',
      body: '{"transactions":[]}',
      status: 415,
      code: 'not-json',
    },
    {
      description: 'a foreign page',
      path: '/v1/transactions',
      method: 'POST',
      headers: { ...json, origin: 'https://evil.example' },
      body: '{"transactions":[]}',
      status: 403,
      code: 'foreign-origin',
    },
    {
      description: 'a foreign page that reads',
      path: '/v1/status',
      headers: { origin: 'http://evil.example' },
      status: 403,
      code: 'foreign-origin',
    },
    { description: 'a page without origin', path: '/v1/status', headers: { origin: 'null' }, status: 403, code: 'foreign-origin' },
    {
      description: 'a page of another port',
      path: '/v1/status',
      headers: { origin: 'http://127.0.0.1:1' },
      status: 403,
      code: 'foreign-origin',
    },
    { description: 'a rebound name', path: '/v1/status', headers: { host: 'evil.example' }, status: 403, code: 'foreign-host' },
    {
      description: 'a name that looks like loopback',
      path: '/v1/status',
      headers: { host: '127.0.0.1.evil.example:80' },
      status: 403,
      code: 'foreign-host',
    },
    {
      description: 'a host that is none',
      path: '/v1/status',
      headers: { host: 'localhost@evil.example' },
      status: 403,
      code: 'foreign-host',
    },
  ]
  for (const { description, path, status, code, says, ...options } of bad) {
    it(`refuses ${description}`, async () => {
      const answer = await ask(`${api.url}${path}`, options)
      assert.deepEqual([answer.status, errorOf(answer).code], [status, code])
      assert.match(errorOf(answer).message, says ?? /\w/)
      assert.equal(node.submitted.length, 0)
      assert.deepEqual(errors, [])
    })
  }

  it('takes its own pages and the names of this machine', async () => {
    const { host, port } = new URL(api.url)
    const taken: Record<string, string>[] = [
      { origin: `http://${host}` },
      { host: `localhost:${port}`, origin: `http://localhost:${port}` },
      { host: '[::1]' },
    ]
    for (const headers of taken) {
      assert.equal((await ask(`${api.url}/v1/status`, { headers })).status, 200)
    }
  })

  it('takes any host name on an address that is not loopback, but no foreign page', async () => {
    const open = await startApi(node, { parseAddress, host: '0.0.0.0' })
    try {
      assert.equal((await ask(`${open.url}/v1/status`, { headers: { host: 'node.example' } })).status, 200)
      assert.equal((await ask(`${open.url}/v1/status`, { headers: { host: 'node.example', origin: 'http://x.example' } })).status, 403)
    } finally {
      await open.close()
    }
  })

  it('refuses a body above its bound, announced or not, and goes on', async () => {
    const large = JSON.stringify({ transactions: ['a'.repeat(MAX_BODY_BYTES)] })
    const announced = await ask(`${api.url}/v1/transactions`, {
      method: 'POST',
      headers: { ...json, 'content-length': String(large.length) },
    }).catch((error: unknown) => error)
    assert.deepEqual((announced as Answer).status, 413)
    assert.equal(errorOf(announced as Answer).code, 'body-too-large')
    // In chunks, no length says beforehand how much there is; the connection may be cut while the rest is still sent.
    const chunked = await ask(`${api.url}/v1/transactions`, {
      method: 'POST',
      headers: { ...json, 'transfer-encoding': 'chunked' },
      body: large,
    }).catch((error: NodeJS.ErrnoException) => error.code)
    assert.ok(chunked === 'EPIPE' || chunked === 'ECONNRESET' || (chunked as Answer).status === 413, String(chunked))
    assert.equal(node.submitted.length, 0)
    assert.equal((await ask(`${api.url}/v1/status`)).status, 200)
  })

  it('answers what is no HTTP with an error', async () => {
    const { port, hostname } = new URL(api.url)
    const socket = connect({ port: Number(port), host: hostname })
    socket.end('garbage\r\n\r\n')
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').error.code, 'bad-request')
  })

  it('says that its port is taken', async () => {
    const port = Number(new URL(api.url).port)
    await assert.rejects(startApi(node, { parseAddress, port }), { code: 'api-port-taken', message: /--api/ })
  })

  it('answers nothing after it was closed', async () => {
    const own = await startApi(node, { parseAddress })
    await own.close()
    await assert.rejects(ask(`${own.url}/v1/status`), { code: 'ECONNREFUSED' })
  })
})
