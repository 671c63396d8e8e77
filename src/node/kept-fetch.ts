import { setMaxListeners } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { Readable } from 'node:stream'
import { json, text } from 'node:stream/consumers'
import type { Fetch, FetchAnswer } from '../client/transport.ts'

/** Connections to one node at a time, its event stream not counted. */
const MAX_SOCKETS = 4

/**
 * What a client takes in the place of the global fetch, over kept connections of node:http and node:https. It costs half of the processor
 * time, and it ends: the fetch of Node 20 was seen to leave an answer that had come unread for ever, and an abort that it was given unheard.
 */
export class KeptConnections {
  readonly #plain = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  readonly #secure = new SecureAgent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  readonly #closed = new AbortController()

  constructor() {
    // Each request under way listens to it; they are bounded by who asks.
    setMaxListeners(0, this.#closed.signal)
  }

  readonly fetch: Fetch = (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const isSecure = url.startsWith('https:')
      // Of an event stream, which stays, no place is taken.
      const agent = url.includes('/v1/events') ? false : isSecure ? this.#secure : this.#plain
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
      const sent = (isSecure ? secureRequest : request)(url, { method, headers: { ...headers, ...length }, agent }, (response) =>
        resolve(answerOf(response)),
      )
      const end = (): void => {
        sent.destroy(new Error('ended'))
      }
      signal.addEventListener('abort', end, { once: true })
      this.#closed.signal.addEventListener('abort', end, { once: true })
      sent.once('close', () => {
        signal.removeEventListener('abort', end)
        this.#closed.signal.removeEventListener('abort', end)
      })
      // As fetch has it.
      sent.once('error', (cause) => reject(new TypeError('fetch failed', { cause })))
      if (signal.aborted || this.#closed.signal.aborted) end()
      sent.end(body)
    })

  close(): void {
    this.#closed.abort()
    this.#plain.destroy()
    this.#secure.destroy()
  }
}

function answerOf(response: IncomingMessage): FetchAnswer {
  const { statusCode: status = 0 } = response
  return {
    ...{ status, ok: status >= 200 && status < 300 },
    json: () => json(response),
    text: () => text(response),
    get body() {
      return Readable.toWeb(response) as ReadableStream<Uint8Array>
    },
  }
}
