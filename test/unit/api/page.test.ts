import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { type FastifyInstance, fastify } from 'fastify'
import { errorBody, toApiError } from '../../../src/api/errors.ts'
import { servePage } from '../../../src/api/page.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'

const index = '<!doctype html><title>page</title>'
const script = 'console.log("page")'.repeat(20)

/** As scripts/build.mjs leaves it. */
function builtPage(): string {
  const directory = tempDirectory('page')
  mkdirSync(join(directory, 'assets'))
  for (const [path, text] of [
    ['index.html', index],
    ['assets/app.ABC.js', script],
  ] as const) {
    writeFileSync(join(directory, path), text)
    writeFileSync(join(directory, `${path}.br`), brotliCompressSync(text))
    writeFileSync(join(directory, `${path}.gz`), gzipSync(text))
  }
  writeFileSync(join(directory, 'assets/secret.key'), 'not of the page')
  return directory
}

function serving(directory: string | null): FastifyInstance {
  const app = fastify()
  app.setErrorHandler((error, _request, reply) => {
    const shown = toApiError(error)
    return reply.code(shown.status).send(errorBody(shown))
  })
  servePage(app, directory)
  return app
}

describe('the page over HTTP', () => {
  const app = serving(builtPage())
  after(() => app.close())
  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers })

  it('is asked for again each time, by its etag; what has its hash in its name is kept for ever', async () => {
    const page = await get('/')
    assert.equal(page.statusCode, 200)
    assert.equal(page.body, index)
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(page.headers['cache-control'], 'no-cache')
    const again = await get('/', { 'if-none-match': String(page.headers['etag']) })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
    const asset = await get('/assets/app.ABC.js')
    assert.deepEqual([asset.body, asset.headers['content-type']], [script, 'text/javascript; charset=utf-8'])
    assert.match(String(asset.headers['cache-control']), /immutable/)
  })

  for (const { accepts, gets, unpack } of [
    { accepts: 'gzip, deflate, br', gets: 'br', unpack: brotliDecompressSync },
    { accepts: 'gzip;q=1.0', gets: 'gzip', unpack: gunzipSync },
    { accepts: 'deflate', gets: undefined, unpack: (bytes: Buffer) => bytes },
  ])
    it(`to who accepts "${accepts}" it comes as ${gets ?? 'it is'}`, async () => {
      const answer = await get('/assets/app.ABC.js', { 'accept-encoding': accepts })
      assert.equal(answer.headers['content-encoding'], gets)
      assert.equal(answer.headers['vary'], 'accept-encoding')
      assert.equal(unpack(answer.rawPayload).toString('utf8'), script)
    })

  it('runs and loads nothing but itself, in no frame', async () => {
    for (const url of ['/', '/assets/app.ABC.js']) {
      const { headers } = await get(url)
      const policy = String(headers['content-security-policy'])
      for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'"])
        assert.ok(policy.split('; ').includes(rule), policy)
      assert.ok(!policy.includes('unsafe'))
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
    }
  })

  for (const { url, code } of [
    { url: '/assets/app.OLD.js', code: 'no-such-asset' },
    { url: '/assets/secret.key', code: 'no-such-asset' },
    { url: '/assets/..%2findex.html', code: 'no-such-asset' },
    { url: '/assets/app.ABC.js.br', code: 'no-such-asset' },
  ])
    it(`404 for ${url}`, async () => {
      const answer = await get(url)
      assert.deepEqual([answer.statusCode, answer.json().error.code], [404, code])
    })

  it('says how to make it where the program came without it', async () => {
    const without = serving(null)
    const answer = await without.inject({ method: 'GET', url: '/' })
    assert.deepEqual([answer.statusCode, answer.json().error.code], [404, 'no-page'])
    await without.close()
  })
})
