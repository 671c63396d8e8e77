import rateLimit from '@fastify/rate-limit'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { QuorateError } from '../base/errors.ts'
import type { Address } from '../wire/types.ts'
import { rateLimits } from './access.ts'
import { ApiError, errorBody, toApiError } from './errors.ts'
import { checkOrigin, isLoopback } from './origin.ts'

/** What a faucet tells of itself, as lines for people. */
export interface FaucetPage {
  readonly title: string
  readonly facts: readonly string[]
}

/** What the server asks of the faucet. */
export interface FaucetDesk {
  page(): Promise<FaucetPage>
  /** An object for JSON; `ok` false answers 503. */
  health(): Promise<Readonly<Record<string, unknown>> & { readonly ok: boolean }>
  /** @param source the IP address of who asks */
  pay(
    address: Address,
    source: string,
  ): Promise<
    | { readonly kind: 'paid'; readonly transaction: string }
    | { readonly kind: 'limited' | 'unable'; readonly code: string; readonly detail: string; readonly retryAfterMs: number }
  >
  /** @throws QuorateError for what is none */
  parseAddress(text: string): Address
}

export interface FaucetServerOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** So many proxies in front of it, each of which adds to X-Forwarded-For whom it heard from; 0 believes no such header. */
  readonly proxies: number
  readonly onError: (error: unknown) => void
}

/** An address and some room. */
const MAX_BODY_BYTES = 1024
const REQUEST_TIMEOUT_MS = 10_000
const MAX_CONNECTIONS = 256
/** A minute, for whatever is asked: the faucet's own limits are far below. */
const MAX_REQUESTS = 60

/** Serves a faucet: `GET /`, `GET /health`, `POST /` (a form) and `POST /v1/payments` (JSON). Rejects with QuorateError `faucet-port-taken` or `faucet-failed`. */
export async function startFaucetServer(
  desk: FaucetDesk,
  options: FaucetServerOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { host, port, proxies, onError } = options
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    trustProxy: proxies > 0 ? (_address: string, hop: number) => hop < proxies : false,
  })
  app.server.maxConnections = MAX_CONNECTIONS
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  )
  // Behind a proxy the name in the Host header is that of the proxy.
  const onLoopback = isLoopback(host) && proxies === 0
  app.addHook('onRequest', async ({ headers }, reply) => {
    void reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' })
    checkOrigin(headers, onLoopback)
  })
  await app.register(
    rateLimit,
    rateLimits({ windowMs: 60_000, local: proxies > 0 ? MAX_REQUESTS : MAX_REQUESTS * 10, others: MAX_REQUESTS }),
  )
  app.setErrorHandler((error, request, reply) => {
    const shown = toApiError(error)
    if (shown.status === 500) onError(error)
    return answer(request, reply.code(shown.status), errorBody(shown), `Not paid: ${shown.message}`)
  })
  app.setNotFoundHandler(() => {
    throw new ApiError(404, 'unknown-route', 'there is nothing here; there is: GET /, GET /health, POST /v1/payments')
  })
  addRoutes(app, desk)
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE')
      throw new QuorateError('faucet-port-taken', `another program listens at ${host}:${port}: choose another place with --listen`, {
        cause: error,
      })
    throw new QuorateError('faucet-failed', `the faucet cannot listen at ${host}:${port}: ${message}`, { cause: error })
  }
  const address = app.server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`, close: () => app.close() }
}

function addRoutes(app: FastifyInstance, desk: FaucetDesk): void {
  app.get('/', async (request, reply) => {
    const { title, facts } = await desk.page()
    if (!wantsPage(request)) return reply.type('text/plain; charset=utf-8').send(`${[title, ...facts].join('\n')}\n`)
    return reply
      .type('text/html; charset=utf-8')
      .headers(pageHeaders)
      .send(page(title, facts, FORM))
  })
  app.get('/health', async (_request, reply) => {
    const health = await desk.health()
    return reply.code(health.ok ? 200 : 503).send(health)
  })
  for (const path of ['/', '/v1/payments']) {
    app.post(path, async (request, reply) => {
      const paid = await desk.pay(readAddress(request.body, desk), request.ip)
      if (paid.kind === 'paid')
        return answer(request, reply, { transaction: paid.transaction }, `Paid with transaction ${paid.transaction}.`)
      const { kind, code, detail, retryAfterMs } = paid
      const seconds = Math.ceil(retryAfterMs / 1000)
      const body = { error: { code, message: detail, retryAfterSeconds: seconds } }
      void reply.code(kind === 'limited' ? 429 : 503).header('retry-after', String(seconds))
      return answer(request, reply, body, `Not paid: ${detail}. Come back in ${waitText(seconds)}.`)
    })
  }
}

function readAddress(body: unknown, desk: FaucetDesk): Address {
  const { address } = (body ?? {}) as Record<string, unknown>
  if (typeof address !== 'string') throw new ApiError(400, 'bad-body', 'send {"address": "quo1..."}')
  try {
    return desk.parseAddress(address.trim())
  } catch (error) {
    if (error instanceof QuorateError) throw new ApiError(400, error.code, error.message)
    throw error
  }
}

/** A browser that sent the form sees a page, a program JSON. */
const answer = (request: FastifyRequest, reply: FastifyReply, body: object, text: string): FastifyReply =>
  request.method === 'POST' && wantsPage(request)
    ? reply
        .type('text/html; charset=utf-8')
        .headers(pageHeaders)
        .send(page(text, [], BACK))
    : reply.type('application/json; charset=utf-8').send(body)

const wantsPage = ({ headers }: FastifyRequest): boolean => headers.accept?.includes('text/html') === true

const pageHeaders = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}

const FORM =
  '<form method="post" action="/"><label for="address">Your address</label> <input id="address" name="address" required maxlength="64" size="46" autocomplete="off" spellcheck="false"> <button>Send me coins</button></form>'
const BACK = '<p><a href="/">Back</a></p>'
const STYLE =
  ':root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}input,button{font:inherit}'

const page = (title: string, facts: readonly string[], rest: string): string =>
  [
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<h1>${escaped(title)}</h1>`,
    ...facts.map((fact) => `<p>${escaped(fact)}</p>`),
    `${rest}</html>`,
  ].join('\n')

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

function waitText(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3600)} hours`
}
