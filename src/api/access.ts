import { createHash, timingSafeEqual } from 'node:crypto'
import type { Server } from 'node:net'
import type { RateLimitPluginOptions } from '@fastify/rate-limit'
import { MAX_CONNECTIONS, MAX_LOCAL_REQUESTS, MAX_REQUESTS, MAX_SOURCE_CONNECTIONS, RATE_WINDOW_MS } from './bounds.ts'
import { ApiError } from './errors.ts'
import { isLoopback } from './origin.ts'

/** For tests: see `bounds.ts`. */
export interface RequestBounds {
  readonly windowMs?: number
  readonly local?: number
  readonly others?: number
  /** Connections of this machine's own programs. */
  readonly localConnections?: number
}

/** By source: an address, of IPv6 its /64. This machine's own programs share one far larger measure. */
export function rateLimits({
  windowMs = RATE_WINDOW_MS,
  local = MAX_LOCAL_REQUESTS,
  others = MAX_REQUESTS,
}: RequestBounds = {}): RateLimitPluginOptions {
  return {
    timeWindow: windowMs,
    max: (_request, key) => (isLoopback(key) ? local : others),
    // Numbers on each answer would say nothing to a page that stays far below them.
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { max }) =>
      new ApiError(
        429,
        'too-many-requests',
        `more than ${max} requests in ${windowMs / 1000} s: ask again after what the header retry-after says`,
      ),
  }
}

/** Closes connections of a source that has too many; what is beyond the bound of all sources together, the server closes itself. */
export function boundConnections(server: Server, { localConnections = MAX_CONNECTIONS }: RequestBounds = {}): void {
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const { remoteAddress: source = '' } = socket
    const count = (open.get(source) ?? 0) + 1
    if (count > (isLoopback(source) ? localConnections : MAX_SOURCE_CONNECTIONS)) {
      socket.destroy()
      return
    }
    open.set(source, count)
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1
      if (left === 0) open.delete(source)
      else open.set(source, left)
    })
  })
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/**
 * Looks for `Authorization: Bearer <token>`. Digests are compared, so that the time it takes tells neither length nor beginning.
 * @throws ApiError 401 `token-needed`; 403 `no-token` where the API has none, and nobody may
 */
export function tokenCheck(token: string | undefined): (authorization: string | undefined) => void {
  const expected = token === undefined ? undefined : digest(token)
  return (authorization) => {
    if (expected === undefined)
      throw new ApiError(403, 'no-token', 'this API was started without a token, so that nobody may ask this of it')
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return
    const why = given === undefined ? 'this needs the token of the node' : 'that is not the token of the node'
    throw new ApiError(401, 'token-needed', `${why}: send authorization: Bearer and what is in the file api.token of its directory`)
  }
}
