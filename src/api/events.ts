import type { ServerResponse } from 'node:http'
import { HEARTBEAT_MS, MAX_EVENT_BACKLOG_BYTES, MAX_EVENT_STREAMS } from './bounds.ts'
import { ApiError } from './errors.ts'
import type { NodeEvent, NodeView } from './types.ts'

type Kind = NodeEvent['kind']

/** By kind, so that a new one does not compile until it is here. */
const knownKinds: Readonly<Record<Kind, true>> = {
  ...{ block: true, pending: true, dropped: true, slot: true, refused: true, alarm: true },
  ...{ election: true, quorum: true, ratified: true, evidence: true },
}
const eventKinds = Object.keys(knownKinds) as readonly Kind[]

/** Reads `block,alarm`; nothing means all. @throws ApiError 400 */
export function parseKinds(text: string | undefined): ReadonlySet<Kind> {
  if (text === undefined || text === '') return new Set(eventKinds)
  return new Set(
    text.split(',').map((name) => {
      const kind = eventKinds.find((known) => known === name)
      if (kind === undefined) throw new ApiError(400, 'bad-parameter', `kinds: "${name}" is none of ${eventKinds.join(', ')}`)
      return kind
    }),
  )
}

interface Stream {
  readonly response: ServerResponse
  readonly kinds: ReadonlySet<Kind>
}

/** Sends a node's events to any number of HTTP responses, one JSON line each, and drops who does not keep up. */
export class EventStreams {
  readonly #view: NodeView
  readonly #streams = new Set<Stream>()
  readonly #backlogBytes: number
  readonly #heartbeat: NodeJS.Timeout
  #unsubscribe: (() => void) | undefined

  constructor(view: NodeView, { backlogBytes = MAX_EVENT_BACKLOG_BYTES, heartbeatMs = HEARTBEAT_MS } = {}) {
    this.#view = view
    this.#backlogBytes = backlogBytes
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs)
    this.#heartbeat.unref()
  }

  /** The first line is a heartbeat: once it is here, no event is missed. @throws ApiError 503 with too many streams */
  add(response: ServerResponse, kinds: ReadonlySet<Kind>): void {
    if (this.#streams.size >= MAX_EVENT_STREAMS) {
      throw new ApiError(503, 'too-many-streams', `${MAX_EVENT_STREAMS} event streams are open already`)
    }
    const stream = { response, kinds }
    this.#streams.add(stream)
    this.#unsubscribe ??= this.#view.onEvent((event) => this.#send(event))
    response.on('close', () => this.#remove(stream))
    response.on('error', () => this.#remove(stream))
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    this.#write(stream, this.#heartbeatLine())
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const stream of [...this.#streams]) {
      this.#remove(stream)
      stream.response.end()
    }
  }

  #send(event: NodeEvent): void {
    let line: string | undefined
    for (const stream of this.#streams) {
      if (!stream.kinds.has(event.kind)) continue
      line ??= `${JSON.stringify(event)}\n`
      this.#write(stream, line)
    }
  }

  #beat(): void {
    const line = this.#heartbeatLine()
    for (const stream of this.#streams) this.#write(stream, line)
  }

  #heartbeatLine(): string {
    return `${JSON.stringify({ kind: 'heartbeat', atMs: Date.now(), height: this.#view.status().height })}\n`
  }

  #write(stream: Stream, line: string): void {
    stream.response.write(line)
    if (stream.response.writableLength <= this.#backlogBytes) return
    // What it has not read goes with the connection: one slow reader must not grow the node.
    this.#remove(stream)
    stream.response.destroy()
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }
}
