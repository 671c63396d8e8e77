import { randomBytes } from 'node:crypto'
import type { NodeEvent } from './event-types.ts'

export type EventKind = NodeEvent['kind']

interface Kept {
  readonly event: NodeEvent
  readonly bytes: number
  /** As it goes over the wire; made when the first reader needs it, one for all. */
  frame: Buffer | null
}

/** An event as server-sent events have it. */
export function frameOf(kind: string, id: string, data: unknown): Buffer {
  return Buffer.from(`event: ${kind}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`)
}

/**
 * The newest events of a node, numbered from 0 in the order in which they happened. An id names a number of this log: of another log,
 * that of the node before its restart, nothing can be continued.
 */
export class EventLog {
  readonly #run = randomBytes(4).toString('hex')
  readonly #kept = new Map<number, Kept>()
  readonly #maxEvents: number
  readonly #maxBytes: number
  #first = 0
  #bytes = 0

  constructor({ maxEvents, maxBytes }: { readonly maxEvents: number; readonly maxBytes: number }) {
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
  }

  /** Of the oldest event that is kept. */
  get first(): number {
    return this.#first
  }
  /** Of the event that comes next. */
  get next(): number {
    return this.#first + this.#kept.size
  }

  push(event: NodeEvent): void {
    const bytes = estimate(event)
    this.#kept.set(this.next, { event, bytes, frame: null })
    this.#bytes += bytes
    // The newest stays however large it is: somebody waits for it.
    while (this.#kept.size > 1 && (this.#kept.size > this.#maxEvents || this.#bytes > this.#maxBytes)) {
      this.#bytes -= this.#kept.get(this.#first)?.bytes ?? 0
      this.#kept.delete(this.#first)
      this.#first++
    }
  }

  kind(at: number): EventKind | undefined {
    return this.#kept.get(at)?.event.kind
  }

  frame(at: number): Buffer {
    const kept = this.#kept.get(at)
    if (kept === undefined) return Buffer.alloc(0)
    kept.frame ??= frameOf(kept.event.kind, this.id(at), kept.event)
    return kept.frame
  }

  id(at: number): string {
    return `${this.#run}-${at}`
  }

  /** The event after the one with this id; or how many are missed, null if that cannot be known. */
  after(id: string): { readonly at: number } | { readonly missed: number | null } {
    const place = /^([0-9a-f]{8})-(-1|\d{1,15})$/.exec(id)
    const at = Number(place?.[2]) + 1
    if (place?.[1] !== this.#run || at > this.next) return { missed: null }
    return at < this.#first ? { missed: this.#first - at } : { at }
  }
}

/** Only what names many transactions is large; a length to the byte would cost what serialising costs. */
function estimate(event: NodeEvent): number {
  const ids = event.kind === 'block' ? event.transactionIds.length : event.kind === 'pending' ? event.ids.length : 0
  return 320 + ids * 67
}
