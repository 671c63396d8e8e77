import type { NodeEvent } from '../api/types.ts'
import { QuorateError } from '../base/errors.ts'
import { isPassing, pause } from './passing.ts'
import type { Transport } from './transport.ts'

export type EventKind = NodeEvent['kind']
/** The first of each connection, and then one every ten seconds. */
export interface Heartbeat {
  readonly kind: 'heartbeat'
  readonly atMs: number
  readonly height: number
}
/** Events were missed while nobody listened: so many, or null if the node does not know, as after its restart. Ask for what is now. */
export interface Gap {
  readonly kind: 'gap'
  readonly missed: number | null
}
export type StreamedEvent = NodeEvent | Heartbeat | Gap

export interface EventOptions {
  /** All unless given. Heartbeats and gaps come besides. */
  readonly kinds?: readonly EventKind[]
  readonly signal?: AbortSignal
  /** Of the last event that was seen: what happened since comes first. */
  readonly lastEventId?: string
  /** When the stream breaks, go on where it broke, as long as it takes. True unless given. */
  readonly reconnect?: boolean
}

/** A node sends a heartbeat every ten seconds: after this silence it is gone, whatever TCP says. */
const SILENCE_MS = 35_000
/** The event of a full block has 0.7 MB; a longer one is none of ours. */
const MAX_EVENT_LENGTH = 8 * 1024 * 1024
/** Pauses before coming back grow from the first to the second. */
const FIRST_PAUSE_MS = 1000
const LAST_PAUSE_MS = 30_000

/**
 * The events of a node, in their order. It can be gone through once; the end of the loop, or the signal, closes the connection. Rejects with
 * ApiClientError if the first connection fails, and for what the node refuses; without `reconnect` also when the stream breaks.
 */
export class EventStream implements AsyncIterable<StreamedEvent> {
  readonly #transport: Transport
  readonly #options: EventOptions
  #lastEventId: string | undefined

  constructor(transport: Transport, options: EventOptions) {
    this.#transport = transport
    this.#options = options
    this.#lastEventId = options.lastEventId
  }

  /** Of the event that was given last; goes into the options of another stream to continue this one. */
  get lastEventId(): string | undefined {
    return this.#lastEventId
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamedEvent, void, undefined> {
    const { signal, reconnect = true } = this.#options
    let pauseMs = FIRST_PAUSE_MS
    let isFirst = true
    while (!signal?.aborted) {
      try {
        for await (const event of this.#connection()) {
          isFirst = false
          pauseMs = FIRST_PAUSE_MS
          yield event
        }
        if (!reconnect) return
      } catch (error) {
        if (signal?.aborted) return
        if (isFirst || !reconnect || !isPassing(error)) throw error
      }
      await pause(pauseMs, signal)
      pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)
    }
  }

  async *#connection(): AsyncGenerator<StreamedEvent, void, undefined> {
    const { kinds, signal } = this.#options
    const { url } = this.#transport
    const controller = new AbortController()
    const end = (): void => controller.abort(signal?.reason)
    signal?.addEventListener('abort', end, { once: true })
    let timer: ReturnType<typeof setTimeout> | undefined
    const heard = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => controller.abort(this.#transport.failure('unreachable', `the node at ${url} fell silent`)), SILENCE_MS)
    }
    try {
      signal?.throwIfAborted()
      const query = kinds === undefined ? '' : `?kinds=${kinds.join(',')}`
      const headers: Record<string, string> = this.#lastEventId === undefined ? {} : { 'last-event-id': this.#lastEventId }
      const body = await this.#transport.stream(`/v1/events${query}`, { signal: controller.signal, headers })
      const reader = body.getReader()
      const decoder = new TextDecoder()
      let rest = ''
      for (;;) {
        heard()
        const { value, done } = await reader.read()
        if (done) return
        const parts = (rest + decoder.decode(value, { stream: true })).split('\n\n')
        rest = parts.pop() ?? ''
        if (rest.length > MAX_EVENT_LENGTH) throw this.#transport.failure('no-node', `${url} sends events that no quorate node sends`)
        for (const part of parts) {
          const event = this.#read(part)
          if (event !== undefined) yield event
        }
      }
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason
      if (error instanceof SyntaxError) throw this.#transport.failure('no-node', `what answers at ${url} is no quorate node`, error)
      // What the transport or this stream has worded already stays as it is; all else is a broken connection.
      throw error instanceof QuorateError ? error : this.#transport.failure('unreachable', `the node at ${url} went away`, error)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      controller.abort()
    }
  }

  /** One event; undefined for what is none, such as a comment. */
  #read(text: string): StreamedEvent | undefined {
    let id: string | undefined
    let data: string | undefined
    for (const line of text.split('\n')) {
      if (line.startsWith('id: ')) id = line.slice(4)
      else if (line.startsWith('data: ')) data = line.slice(6)
    }
    if (data === undefined) return undefined
    const event = JSON.parse(data) as StreamedEvent
    if (id !== undefined) this.#lastEventId = id
    return event
  }
}
