import assert from 'node:assert/strict'
import { type FaucetDesk, startFaucetServer } from '../../../src/api/faucet.ts'
import { QuorateError } from '../../../src/base/errors.ts'

type Paid = Awaited<ReturnType<FaucetDesk['pay']>>

describe("a faucet's pages and calls", () => {
  const asked: { address: string; source: string }[] = []
  let paid: Paid = { kind: 'paid', transaction: 'ab'.repeat(32) }
  let ok = true
  const desk: FaucetDesk = {
    page: () => Promise.resolve({ title: 'Coins of <test>', facts: ['10 coins & 2 coin-hours'] }),
    health: () => Promise.resolve({ ok, paymentsLeft: 3 }),
    pay(address, source) {
      asked.push({ address, source })
      return Promise.resolve(paid)
    },
    parseAddress(text) {
      if (!text.startsWith('quo1')) throw new QuorateError('bad-address', 'that is no address')
      return text
    },
  }
  let served: Awaited<ReturnType<typeof startFaucetServer>>
  const serve = async (proxies: number): Promise<void> => {
    served = await startFaucetServer(desk, { host: '127.0.0.1', port: 0, proxies, onError: (error) => assert.fail(String(error)) })
  }
  const send = (body: string, headers: Readonly<Record<string, string>> = {}, path = '/v1/payments'): Promise<Response> =>
    fetch(served.url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })

  beforeEach(() => {
    asked.length = 0
    paid = { kind: 'paid', transaction: 'ab'.repeat(32) }
    ok = true
  })
  afterEach(() => served.close())

  it('pays a program, which hears of the transaction', async () => {
    await serve(0)
    const response = await send('{"address": " quo1abc "}')
    assert.deepEqual([response.status, await response.json()], [200, { transaction: 'ab'.repeat(32) }])
    assert.deepEqual(asked, [{ address: 'quo1abc', source: '127.0.0.1' }])
  })

  const refusals = [
    { kind: 'limited' as const, status: 429 },
    { kind: 'unable' as const, status: 503 },
  ]
  for (const { kind, status } of refusals) {
    it(`answers ${status} and when to come back: ${kind}`, async () => {
      await serve(0)
      paid = { kind, code: 'some-code', detail: 'why not', retryAfterMs: 3_600_500 }
      const response = await send('{"address": "quo1abc"}')
      assert.deepEqual([response.status, response.headers.get('retry-after')], [status, '3601'])
      assert.deepEqual(await response.json(), { error: { code: 'some-code', message: 'why not', retryAfterSeconds: 3601 } })
    })
  }

  const wrong: readonly { description: string; body: string; type?: string; status: number; code: string }[] = [
    { description: 'no JSON', body: '{', status: 400, code: 'bad-json' },
    { description: 'no address', body: '{"to": 1}', status: 400, code: 'bad-body' },
    { description: 'another kind of address', body: '{"address": "0x12"}', status: 400, code: 'bad-address' },
    { description: 'a long body', body: `{"address": "quo1${'a'.repeat(2000)}"}`, status: 413, code: 'body-too-large' },
    { description: 'plain text, as a page of another site could send', body: 'quo1abc', type: 'text/plain', status: 415, code: 'not-json' },
  ]
  for (const { description, body, type = 'application/json', status, code } of wrong) {
    it(`pays nothing and answers ${status}: ${description}`, async () => {
      await serve(0)
      const response = await send(body, { 'content-type': type })
      assert.deepEqual([response.status, (await response.json()).error.code], [status, code])
      assert.deepEqual(asked, [])
    })
  }

  it('pays nothing for a page of another site', async () => {
    await serve(0)
    assert.equal((await send('{"address": "quo1abc"}', { origin: 'http://elsewhere.example' })).status, 403)
    assert.deepEqual(asked, [])
  })

  it('shows people a page with a form and no script, and programs text', async () => {
    await serve(0)
    const html = await fetch(served.url, { headers: { accept: 'text/html' } })
    const page = await html.text()
    assert.match(page, /<h1>Coins of &#60;test&#62;<\/h1>[\s\S]*10 coins &#38; 2 coin-hours[\s\S]*<form method="post"/)
    assert.ok(!page.includes('<script'))
    assert.match(html.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.equal(await (await fetch(served.url)).text(), 'Coins of <test>\n10 coins & 2 coin-hours\n')
  })

  it('takes the form, and answers with a page', async () => {
    await serve(0)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', origin: served.url }
    const response = await send('address=quo1abc', headers, '/')
    assert.equal(response.status, 200)
    assert.match(await response.text(), /Paid with transaction (ab){32}\./)
    paid = { kind: 'limited', code: 'address-limit', detail: 'enough', retryAfterMs: 7_200_000 }
    const refused = await send('address=quo1abc', headers, '/')
    assert.equal(refused.status, 429)
    assert.match(await refused.text(), /Not paid: enough\. Come back in 2 hours\./)
  })

  it('says whether it can pay', async () => {
    await serve(0)
    assert.equal((await fetch(`${served.url}/health`)).status, 200)
    ok = false
    const response = await fetch(`${served.url}/health`)
    assert.deepEqual([response.status, await response.json()], [503, { ok: false, paymentsLeft: 3 }])
  })

  const proxies = [
    { description: 'none is believed unless told', count: 0, header: '203.0.113.5', source: '127.0.0.1' },
    { description: 'one proxy tells whom it heard from', count: 1, header: '203.0.113.5', source: '203.0.113.5' },
    { description: 'what a client made up before it counts for nothing', count: 1, header: '1.2.3.4, 203.0.113.5', source: '203.0.113.5' },
  ]
  for (const { description, count, header, source } of proxies) {
    it(`of proxies: ${description}`, async () => {
      await serve(count)
      await send('{"address": "quo1abc"}', { 'x-forwarded-for': header })
      assert.deepEqual(asked, [{ address: 'quo1abc', source }])
    })
  }
})
