import type { ServerResponse } from 'node:http'
import {
  HEARTBEAT_MS,
  MAX_EVENT_STREAMS,
  MAX_KEPT_EVENT_BYTES,
  MAX_KEPT_EVENTS,
  MAX_PIECE_BYTES,
  MAX_SOURCE_EVENT_STREAMS,
  MAX_STALLED_BEATS,
  PATIENCE_MS,
  RECONNECT_MS,
  STREAMS_A_TURN,
} from './bounds.ts'
import { ApiError } from './errors.ts'
import { type EventKind, EventLog, frameOf } from './event-log.ts'
import { isLoopback } from './origin.ts'
import type { NodeView } from './types.ts'

/** By kind, so that a new one does not compile until it is here. */
const knownKinds: Readonly<Record<EventKind, true>> = {
  ...{ block: true, pending: true, dropped: true, slot: true, election: true, quorum: true, ratified: true },
  ...{ evidence: true, refused: true, alarm: true },
}
export const eventKinds = Object.keys(knownKinds) as readonly EventKind[]

/** Reads `block,alarm`; nothing means all. @throws ApiError 400 */
export function parseKinds(text: string | undefined): ReadonlySet<EventKind> {
  if (text === undefined || text === '') return new Set(eventKinds)
  return new Set(
    text.split(',').map((name) => {
      const kind = eventKinds.find((known) => known === name)
      if (kind === undefined) throw new ApiError(400, 'bad-parameter', `kinds: "${name}" is none of ${eventKinds.join(', ')}`)
      return kind
    }),
  )
}

interface Heartbeat {
  readonly kind: 'heartbeat'
  readonly atMs: number
  readonly height: number
}

/** How old the height in a heartbeat may be. */
const SHARED_BEAT_MS = 50

interface Stream {
  readonly response: ServerResponse
  readonly kinds: ReadonlySet<EventKind>
  /** The same for streams of the same kinds. */
  readonly selection: string
  readonly source: string
  /** Number of the event that it gets next. */
  next: number
  isBeatDue: boolean
  /** It has been handed more than it has read; nothing is written before that is gone. */
  isFull: boolean
  /** Heartbeats since then. */
  stalledBeats: number
}

interface Piece {
  readonly bytes: Buffer
  /** Number of the event behind it. */
  readonly next: number
  readonly hasBeat: boolean
}

export interface Subscription {
  readonly kinds: ReadonlySet<EventKind>
  /** IP address of who listens. */
  readonly source: string
  /** Of the last event that it saw, before its stream broke. */
  readonly lastEventId: string | undefined
}

/**
 * Sends a node's events to any number of HTTP responses as server-sent events. An event is serialised once, and readers are places in one
 * log, so that one who is slow costs the node nothing: who falls out of the log is cut off, and is told what was missed when it comes back.
 */
export class EventStreams {
  readonly #view: NodeView
  readonly #log: EventLog
  readonly #streams = new Set<Stream>()
  readonly #due = new Set<Stream>()
  readonly #heartbeat: NodeJS.Timeout
  readonly #unsubscribe: () => void
  #turn: NodeJS.Immediate | undefined
  #patience: NodeJS.Timeout | undefined
  #lastBeat: Heartbeat | undefined

  constructor(
    view: NodeView,
    { keptEvents = MAX_KEPT_EVENTS, keptBytes = MAX_KEPT_EVENT_BYTES, heartbeatMs = HEARTBEAT_MS }: EventBounds = {},
  ) {
    this.#view = view
    this.#log = new EventLog({ maxEvents: keptEvents, maxBytes: keptBytes })
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs)
    this.#heartbeat.unref()
    this.#unsubscribe = view.onEvent((event) => {
      this.#log.push(event)
      this.#wake(event.kind)
    })
  }

  /** The first event is a heartbeat: once it is here, none is missed. @throws ApiError 429 or 503 with too many streams */
  add(response: ServerResponse, { kinds, source, lastEventId }: Subscription): void {
    this.#checkRoom(source)
    const found = lastEventId === undefined ? { at: this.#log.next } : this.#log.after(lastEventId)
    const next = 'at' in found ? found.at : this.#log.next
    const stream: Stream = {
      response,
      kinds,
      source,
      selection: [...kinds].toSorted().join(),
      next,
      isBeatDue: false,
      isFull: false,
      stalledBeats: 0,
    }
    this.#streams.add(stream)
    response.on('close', () => this.#remove(stream))
    response.on('error', () => this.#remove(stream))
    response.on('drain', () => {
      stream.isFull = false
      stream.stalledBeats = 0
      this.#plan(stream)
    })
    // The stream ends with its connection, so that an event goes out as it stands, not in chunks of its own for each reader.
    response.removeHeader('transfer-encoding')
    response.writeHead(200, {
      ...{ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' },
      ...{ 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' },
    })
    response.write(`retry: ${RECONNECT_MS}\n\n`)
    const id = this.#log.id(next - 1)
    if ('missed' in found) response.write(frameOf('gap', id, { kind: 'gap', missed: found.missed }))
    response.write(frameOf('heartbeat', id, this.#heartbeatData()))
    this.#plan(stream)
  }

  close(): void {
    clearInterval(this.#heartbeat)
    clearImmediate(this.#turn)
    clearTimeout(this.#patience)
    this.#unsubscribe()
    for (const stream of [...this.#streams]) {
      this.#remove(stream)
      stream.response.end()
    }
  }

  #checkRoom(source: string): void {
    if (this.#streams.size >= MAX_EVENT_STREAMS)
      throw new ApiError(503, 'too-many-streams', `${MAX_EVENT_STREAMS} event streams are open already; try again later`)
    if (isLoopback(source)) return
    let own = 0
    for (const stream of this.#streams) if (stream.source === source) own++
    if (own >= MAX_SOURCE_EVENT_STREAMS)
      throw new ApiError(429, 'too-many-streams', `${source} has ${MAX_SOURCE_EVENT_STREAMS} event streams open already: close one`)
  }

  #wake(kind: EventKind): void {
    for (const stream of this.#streams) {
      // What it has not read goes with the connection: one slow reader must not grow the node.
      if (stream.isFull && stream.next < this.#log.first) this.#cutOff(stream)
      else if (stream.kinds.has(kind)) this.#plan(stream, kind === 'pending')
      // What it did not ask for does not leave it behind.
      else if (stream.next === this.#log.next - 1) stream.next++
    }
  }

  #beat(): void {
    for (const stream of this.#streams) {
      stream.isBeatDue = true
      if (stream.isFull && ++stream.stalledBeats >= MAX_STALLED_BEATS) this.#cutOff(stream)
      else this.#plan(stream)
    }
  }

  /** @param isPatient it may wait for more to come */
  #plan(stream: Stream, isPatient = false): void {
    if (stream.isFull) return
    this.#due.add(stream)
    if (isPatient) this.#patience ??= setTimeout(() => this.#start(), PATIENCE_MS)
    else this.#start()
  }

  #start(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
    this.#turn ??= setImmediate(() => this.#write())
  }

  /** Some streams at a time: the node has other work, and part of it must be done by the end of a slot. */
  #write(): void {
    this.#turn = undefined
    let left = STREAMS_A_TURN
    const pieces = new Map<string, Piece>()
    for (const stream of this.#due) {
      if (left-- === 0) {
        this.#turn = setImmediate(() => this.#write())
        return
      }
      this.#due.delete(stream)
      this.#writeEvents(stream, pieces)
    }
  }

  /** @param pieces what streams at the same place got in this turn */
  #writeEvents(stream: Stream, pieces: Map<string, Piece>): void {
    if (stream.next < this.#log.first) {
      this.#cutOff(stream)
      return
    }
    while (!stream.isFull && (stream.next < this.#log.next || stream.isBeatDue)) {
      const name = `${stream.next} ${stream.isBeatDue} ${stream.selection}`
      const piece = pieces.get(name) ?? this.#piece(stream)
      pieces.set(name, piece)
      stream.next = piece.next
      stream.isBeatDue &&= !piece.hasBeat
      if (piece.bytes.length > 0) stream.isFull = !stream.response.write(piece.bytes)
    }
  }

  /** What a stream gets next: events, and a heartbeat behind the newest if one is due. */
  #piece({ next, kinds, isBeatDue }: Stream): Piece {
    const frames: Buffer[] = []
    let at = next
    for (let size = 0; at < this.#log.next && size < MAX_PIECE_BYTES; at++) {
      const kind = this.#log.kind(at)
      if (kind === undefined || !kinds.has(kind)) continue
      const frame = this.#log.frame(at)
      frames.push(frame)
      size += frame.length
    }
    const hasBeat = isBeatDue && at === this.#log.next
    if (hasBeat) frames.push(frameOf('heartbeat', this.#log.id(at - 1), this.#heartbeatData()))
    return { bytes: Buffer.concat(frames), next: at, hasBeat }
  }

  /** Many streams that are opened at once have one heartbeat. */
  #heartbeatData(): Heartbeat {
    const atMs = Date.now()
    if (this.#lastBeat === undefined || atMs - this.#lastBeat.atMs > SHARED_BEAT_MS)
      this.#lastBeat = { kind: 'heartbeat', atMs, height: this.#view.status().height }
    return this.#lastBeat
  }

  #cutOff(stream: Stream): void {
    this.#remove(stream)
    stream.response.destroy()
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream)
    this.#due.delete(stream)
  }
}

/** For tests: see `bounds.ts`. */
export interface EventBounds {
  readonly keptEvents?: number
  readonly keptBytes?: number
  readonly heartbeatMs?: number
}
