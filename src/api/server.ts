import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { QuorateError } from '../base/errors.ts'
import type { Address } from '../wire/types.ts'
import { MAX_BODY_BYTES, MAX_CONNECTIONS, REQUEST_TIMEOUT_MS } from './bounds.ts'
import { ApiError, errorBody, toApiError } from './errors.ts'
import { EventStreams } from './events.ts'
import { checkOrigin, isLoopback } from './origin.ts'
import { routes } from './routes.ts'
import type { NodeView } from './types.ts'

export interface ApiOptions {
  /** Loopback unless given. On any other address whoever reaches it may use the API. */
  readonly host?: string
  /** 0, the default, lets the system choose. */
  readonly port?: number
  /** An address as people write it (bech32m) as 20 bytes of hex. @throws QuorateError */
  readonly parseAddress: (text: string) => Address
  /** Hears what answered 500. */
  readonly onError?: (error: unknown) => void
  /** For tests: see `bounds.ts`. */
  readonly backlogBytes?: number
  readonly heartbeatMs?: number
}

export interface Api {
  /** Without a slash at its end. */
  readonly url: string
  /** Ends all connections, event streams too. */
  close(): Promise<void>
}

const DEFAULT_HOST = '127.0.0.1'

/** Serves a node's API. Rejects with QuorateError `api-port-taken` or `api-failed`. */
export async function startApi(view: NodeView, options: ApiOptions): Promise<Api> {
  const { host = DEFAULT_HOST, port = 0 } = options
  const events = new EventStreams(view, options)
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
  // Only JSON: a page of another site can send text/plain without asking the browser first.
  app.removeContentTypeParser('text/plain')
  const onLoopback = isLoopback(host)
  app.addHook('onRequest', async ({ headers }) => checkOrigin(headers, onLoopback))
  app.setErrorHandler((error, _request, reply) => fail(reply, error, options.onError))

  const table = routes(view, options.parseAddress, events)
  for (const { method, path, handle } of table) app.route({ method, url: path, exposeHeadRoute: false, handler: handle })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const others = table.filter((route) => matches(route.path, path)).map((route) => route.method)
    if (others.length > 0) {
      void reply.header('allow', others.join(', '))
      throw new ApiError(405, 'wrong-method', `${path} takes ${others.join(', ')}, not ${request.method}`)
    }
    const known = table.map((route) => `${route.method} ${route.path}`).join(', ')
    throw new ApiError(404, 'unknown-route', `there is nothing at ${path}; there is: ${known}`)
  })
  await listen(app, host, port)
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

function fail(reply: FastifyReply, error: unknown, onError?: (error: unknown) => void): FastifyReply {
  const shown = toApiError(error)
  if (shown.status === 500) onError?.(error)
  return reply.code(shown.status).send(errorBody(shown))
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
