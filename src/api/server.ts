import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import type { TObject } from 'typebox'
import { QuorateError } from '../base/errors.ts'
import type { Address } from '../wire/types.ts'
import { boundConnections, type RequestBounds, rateLimits, tokenCheck } from './access.ts'
import { MAX_BODY_BYTES, MAX_CONNECTIONS, REQUEST_TIMEOUT_MS } from './bounds.ts'
import { ApiError, errorBody, toApiError } from './errors.ts'
import { type EventBounds, EventStreams } from './events.ts'
import { info, schemaOf, withComponents } from './openapi.ts'
import { checkOrigin, isLoopback } from './origin.ts'
import { servePage } from './page.ts'
import type { Desk, Route } from './route.ts'
import { routes } from './routes.ts'
import type { NodeView } from './types.ts'
import { validate } from './validation.ts'

export interface ApiOptions extends EventBounds {
  /** Loopback unless given. On any other address whoever reaches it may use the API. */
  readonly host?: string
  /** 0, the default, lets the system choose. */
  readonly port?: number
  /** An address as people write it (bech32m) as 20 bytes of hex. @throws QuorateError */
  readonly parseAddress: (text: string) => Address
  /** What changes the node needs it; without one, nobody may. */
  readonly token?: string
  /** What `GET /v1/network-file` answers. */
  readonly networkFile?: () => unknown
  /** Hears what answered 500. */
  readonly onError?: (error: unknown) => void
  /** For tests: see `bounds.ts`. */
  readonly requests?: RequestBounds
}

export interface Api {
  /** Without a slash at its end. */
  readonly url: string
  /** Ends all connections, event streams too. */
  close(): Promise<void>
}

/** What validation has let through. */
type Values = Readonly<Record<string, unknown>>

const DEFAULT_HOST = '127.0.0.1'
const DOCUMENT_PATH = '/v1/openapi.json'

/** Serves a node's API. Rejects with QuorateError `api-port-taken` or `api-failed`. */
export async function startApi(view: NodeView, options: ApiOptions): Promise<Api> {
  const { host = DEFAULT_HOST, port = 0 } = options
  const events = new EventStreams(view, options)
  const app = createApp(options, host)
  await app.register(rateLimit, rateLimits(options.requests))
  await app.register(swagger, { openapi: info, hideUntagged: true, convertConstToEnum: false })
  const desk: Desk = { view, events, parseAddress: options.parseAddress, networkFile: options.networkFile }
  const checkToken = tokenCheck(options.token)
  for (const route of routes) serve(app, route, desk, checkToken)
  serveDocument(app)
  servePage(app)
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, ({ url, method }, reply) => {
    const path = url.split('?', 1)[0] ?? ''
    const others = routes.filter((route) => matches(route.path, path)).map((route) => route.method)
    if (others.length > 0) {
      void reply.header('allow', others.join(', '))
      throw new ApiError(405, 'wrong-method', `${path} takes ${others.join(', ')}, not ${method}`)
    }
    const known = [...routes, { method: 'GET', path: DOCUMENT_PATH }].map((route) => `${route.method} ${route.path}`).join(', ')
    throw new ApiError(404, 'unknown-route', `there is nothing at ${path}; there is: ${known}`)
  })
  try {
    await listen(app, host, port)
  } catch (error) {
    events.close()
    throw error
  }
  const address = app.server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${reachableHost(host)}:${actualPort}`,
    async close() {
      events.close()
      await app.close()
    },
  }
}

function createApp({ onError, requests }: ApiOptions, host: string): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    clientErrorHandler: (error, socket) => {
      if (!socket.writable || error.code === 'ECONNRESET') {
        socket.destroy(error)
        return
      }
      const body = JSON.stringify(errorBody({ code: 'bad-request', message: 'that was no HTTP request' }))
      socket.end(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      )
    },
    frameworkErrors: (error, _request, reply) => void fail(reply, error),
  })
  app.server.maxConnections = MAX_CONNECTIONS
  boundConnections(app.server, requests)
  // Only JSON: a page of another site can send text/plain without asking the browser first.
  app.removeContentTypeParser('text/plain')
  const onLoopback = isLoopback(host)
  app.addHook('onRequest', async ({ headers }, reply) => {
    void reply.headers({ 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' })
    checkOrigin(headers, onLoopback)
  })
  app.setErrorHandler((error, _request, reply) => fail(reply, error, onError))
  app.setValidatorCompiler(({ schema, httpPart }) => validate(httpPart, schema as TObject))
  // All that a handler gives is sent: a serialiser made of the schema would leave out what the schema does not know, and say nothing.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  return app
}

function serve(app: FastifyInstance, route: Route, desk: Desk, checkToken: (authorization: string | undefined) => void): void {
  app.route({
    method: route.method,
    url: route.path,
    // A stream of events has no end whose length could be told.
    exposeHeadRoute: route.method === 'GET' && route.type !== 'text/event-stream',
    schema: schemaOf(route),
    ...(route.needsToken ? { onRequest: async ({ headers }) => checkToken(headers.authorization) } : {}),
    handler: (request, reply) => {
      const { params, query, headers, ip } = request
      if (route.type !== 'application/json') void reply.type(route.type)
      // What was true a moment ago is nobody's answer now.
      void reply.header('cache-control', 'no-store')
      const body = request.body as Values
      return route.handle(desk, { params: params as Values, query: query as Values, body, headers, source: ip }, reply)
    },
  })
}

/** The document is the same as long as the program runs: it is put together when somebody wants it first. */
function serveDocument(app: FastifyInstance): void {
  let document: unknown
  app.get(DOCUMENT_PATH, { exposeHeadRoute: false, schema: { hide: true } }, () => {
    document ??= withComponents(JSON.parse(JSON.stringify(app.swagger())))
    return document
  })
}

function fail(reply: FastifyReply, error: unknown, onError?: (error: unknown) => void): FastifyReply {
  const shown = toApiError(error)
  if (shown.status === 500) onError?.(error)
  if (shown.status === 401) void reply.header('www-authenticate', 'Bearer')
  return reply.code(shown.status).type('application/json').send(errorBody(shown))
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new QuorateError(
        'api-port-taken',
        `the API cannot have ${host}:${port}, another program listens there: choose another with \`--api host:port\`, or port 0 for any free one`,
        { cause: error },
      )
    }
    throw new QuorateError('api-failed', `the API cannot listen on ${host}:${port}: ${message}`, { cause: error })
  }
}

/** Where a program on this machine asks: a wildcard address is no destination. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const parts = path.split('/')
  return wanted.length === parts.length && wanted.every((part, index) => part.startsWith(':') || part === parts[index])
}
