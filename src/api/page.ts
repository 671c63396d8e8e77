import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from './errors.ts'

/** The page in the browser: files that the build has made, read once. It gets all that it shows from the API, as any other program. */

interface PageFile {
  readonly type: string
  readonly etag: string
  /** By content encoding; `identity` always. */
  readonly bodies: ReadonlyMap<Encoding, Buffer>
}

const encodings = ['br', 'gzip', 'identity'] as const
type Encoding = (typeof encodings)[number]
const endings: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz', identity: '' }

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** A year, which is for ever: a name holds the hash of its content. */
const IMMUTABLE = 'public, max-age=31536000, immutable'

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  vary: 'accept-encoding',
}

/** Beside the bundle, and in dist/ when the program runs from its source. */
const places = ['./page/', '../../dist/page/'] as const

/** Serves the page at `/` and its files at `/assets/`. Without a built page, `/` answers 404 `no-page`. */
export function servePage(app: FastifyInstance, directory: string | null = findPage()): void {
  const files = directory === null ? new Map<string, PageFile>() : readPage(directory)
  app.get('/', (request, reply) => {
    const index = files.get('index.html')
    if (index === undefined)
      throw new ApiError(404, 'no-page', 'this program came without its page: `npm run bundle` makes it; the API is below /v1')
    return send(request, reply, index, 'no-cache')
  })
  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) => {
    const file = files.get(`assets/${request.params.name}`)
    if (file === undefined) throw new ApiError(404, 'no-such-asset', 'the page has no such file: load the page again')
    return send(request, reply, file, IMMUTABLE)
  })
}

function findPage(): string | null {
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(join(path, 'index.html')))
  return found ?? null
}

function readPage(directory: string): Map<string, PageFile> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  const files = new Map<string, PageFile>()
  for (const name of names) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const bodies = new Map<Encoding, Buffer>()
    for (const encoding of encodings) {
      const path = join(directory, name + endings[encoding])
      if (existsSync(path)) bodies.set(encoding, readFileSync(path))
    }
    const identity = bodies.get('identity') ?? Buffer.alloc(0)
    const etag = `"${createHash('sha256').update(identity).digest('hex').slice(0, 32)}"`
    files.set(name.replaceAll('\\', '/'), { type, etag, bodies })
  }
  return files
}

function send(request: FastifyRequest, reply: FastifyReply, file: PageFile, cacheControl: string): FastifyReply {
  void reply.headers({ ...headers, 'cache-control': cacheControl, etag: file.etag })
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  const accepted = (request.headers['accept-encoding'] ?? '').split(',').map((one) => one.split(';', 1)[0]?.trim())
  const encoding = encodings.find((one) => accepted.includes(one) && file.bodies.has(one)) ?? 'identity'
  if (encoding !== 'identity') void reply.header('content-encoding', encoding)
  return reply.type(file.type).send(file.bodies.get(encoding))
}
