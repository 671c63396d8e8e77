import type { Connection, Stream } from '@libp2p/interface'
import { utf8 } from '../../base/bytes.ts'
import { QuorateError } from '../../base/errors.ts'
import type { Protocol, RequestHandler } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { oneLine } from './address.ts'
import { encodeFrame, type Frame, FrameDecoder } from './frames.ts'
import {
  HANDLER_DEADLINE_MS,
  MAX_ABANDONED_REQUESTS,
  MAX_ERROR_CODE_BYTES,
  PROTOCOL_LIMITS,
  REQUEST_DEADLINE_MS,
  WRITE_STALL_MS,
} from './limits.ts'
import { deadline, onAbort, signalError, withSignal } from './signals.ts'

interface Waiting {
  resolve(payload: Uint8Array): void
  reject(error: QuorateError): void
}

export interface RequestOptions {
  readonly protocol: Protocol
  readonly telemetry: Telemetry
  /** Opens a stream of this protocol to a peer. Rejects with QuorateError. */
  readonly open: (peerId: string) => Promise<Stream>
  /** A peer broke the protocol. */
  readonly fault: (peerId: string, code: string) => void
}

/** The asking side of one protocol: one stream a peer, kept open, many requests on it. */
export class Requester {
  readonly #options: RequestOptions
  readonly #channels = new Map<string, Promise<Channel>>()

  constructor(options: RequestOptions) {
    this.#options = options
  }

  async request(peerId: string, data: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { protocol } = this.#options
    const { maxFrameBytes } = PROTOCOL_LIMITS[protocol]
    if (data.length > maxFrameBytes) {
      throw new QuorateError('message-too-large', `a ${protocol} request of ${data.length} bytes; at most ${maxFrameBytes} are sent`)
    }
    if (signal.aborted) throw signalError(signal, `${protocol} request to ${peerId}`)
    const limit = deadline(signal, REQUEST_DEADLINE_MS)
    try {
      const channel = await withSignal(this.#channel(peerId), limit.signal, `opening ${protocol} to ${peerId}`)
      return await channel.request(data, limit.signal)
    } finally {
      limit.clear()
    }
  }

  stop(): void {
    for (const opening of this.#channels.values()) {
      opening.then(
        (channel) => channel.close('the network stops'),
        () => undefined,
      )
    }
    this.#channels.clear()
  }

  #channel(peerId: string): Promise<Channel> {
    const known = this.#channels.get(peerId)
    if (known !== undefined) return known
    const forget = (): void => {
      if (this.#channels.get(peerId) === opening) this.#channels.delete(peerId)
    }
    const opening = this.#options.open(peerId).then((stream) => new Channel(stream, peerId, this.#options, forget))
    this.#channels.set(peerId, opening)
    opening.catch(forget)
    return opening
  }
}

/** One open stream on which we ask. */
class Channel {
  readonly #stream: Stream
  readonly #peerId: string
  readonly #options: RequestOptions
  readonly #onClosed: () => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #abandoned = new Set<number>()
  #lastId = 0
  #closed = false

  constructor(stream: Stream, peerId: string, options: RequestOptions, onClosed: () => void) {
    this.#stream = stream
    this.#peerId = peerId
    this.#options = options
    this.#onClosed = onClosed
    receiveFrames(stream, PROTOCOL_LIMITS[options.protocol].maxFrameBytes, {
      frame: (frame) => this.#onFrame(frame),
      garbage: (detail) => this.#breach('bad-frame', detail),
      closed: (detail) => this.close(detail),
    })
  }

  request(data: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { protocol } = this.#options
    if (this.#waiting.size >= PROTOCOL_LIMITS[protocol].maxInFlight) {
      throw new QuorateError('busy', `${this.#waiting.size} ${protocol} requests to ${this.#peerId} are under way; wait for one`)
    }
    this.#lastId = (this.#lastId + 1) >>> 0
    const id = this.#lastId
    return new Promise<Uint8Array>((resolve, reject) => {
      let undo = (): void => undefined
      this.#waiting.set(id, {
        resolve: (payload) => {
          undo()
          resolve(payload)
        },
        reject: (error) => {
          undo()
          reject(error)
        },
      })
      undo = onAbort(signal, () => this.#abandon(id, signalError(signal, `${protocol} request to ${this.#peerId}`)))
      if (!this.#waiting.has(id)) return
      try {
        this.#stream.send(encodeFrame({ kind: 'request', id, payload: data }))
      } catch (error) {
        this.close(oneLine(error))
      }
    })
  }

  #abandon(id: number, error: QuorateError): void {
    this.#waiting.get(id)?.reject(error)
    this.#waiting.delete(id)
    this.#abandoned.add(id)
    if (this.#abandoned.size > MAX_ABANDONED_REQUESTS) this.close('it answers nothing')
  }

  /** Ends the stream; what waits on it rejects with `unreachable`. */
  close(detail: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClosed()
    this.#stream.abort(new Error(detail))
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new QuorateError('unreachable', `the ${this.#options.protocol} stream to ${this.#peerId} closed: ${detail}`))
    }
    this.#waiting.clear()
  }

  #onFrame(frame: Frame): void {
    const waiting = this.#waiting.get(frame.id)
    if (frame.kind === 'request' || (waiting === undefined && !this.#abandoned.delete(frame.id))) {
      this.#breach('unasked-frame', `${frame.kind} ${frame.id} was not asked for`)
    } else if (waiting !== undefined) {
      this.#waiting.delete(frame.id)
      if (frame.kind === 'response') waiting.resolve(frame.payload)
      else waiting.reject(this.#remoteError(frame.payload))
    }
  }

  #remoteError(payload: Uint8Array): QuorateError {
    const code = readErrorCode(payload)
    return new QuorateError(code === 'busy' ? 'busy' : 'remote-error', `${this.#peerId} answered ${this.#options.protocol} with '${code}'`)
  }

  #breach(code: string, detail: string): void {
    this.close(`${code}: ${detail}`)
    this.#options.fault(this.#peerId, code)
  }
}

/** The answering side of one protocol. */
export class Responder {
  readonly #options: RequestOptions
  readonly #handler: RequestHandler
  readonly #inFlight = new Map<string, number>()

  constructor(options: RequestOptions, handler: RequestHandler) {
    this.#options = options
    this.#handler = handler
  }

  /** Takes a stream that a peer opened. */
  serve(stream: Stream, connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const gone = new AbortController()
    const end = (detail: string): void => {
      if (gone.signal.aborted) return
      gone.abort(new Error(detail))
      stream.abort(new Error(detail))
    }
    const breach = (code: string, detail: string): void => {
      end(`${code}: ${detail}`)
      this.#options.fault(peerId, code)
    }
    receiveFrames(stream, PROTOCOL_LIMITS[this.#options.protocol].maxFrameBytes, {
      frame: (frame) => {
        if (frame.kind !== 'request') return breach('unasked-frame', `a ${frame.kind} where requests are due`)
        void this.#answer(stream, peerId, frame, gone.signal).catch((error) => end(oneLine(error)))
      },
      garbage: (detail) => breach('bad-frame', detail),
      closed: end,
    })
  }

  async #answer(stream: Stream, peerId: string, request: Frame, gone: AbortSignal): Promise<void> {
    const { maxInFlight } = PROTOCOL_LIMITS[this.#options.protocol]
    const underWay = this.#inFlight.get(peerId) ?? 0
    if (underWay >= maxInFlight) {
      this.#options.telemetry.count(`requests.${this.#options.protocol}.busy`)
      return this.#send(stream, errorFrame(request.id, 'busy'))
    }
    this.#inFlight.set(peerId, underWay + 1)
    try {
      await this.#send(stream, await this.#handle(request, peerId, gone))
    } finally {
      const left = (this.#inFlight.get(peerId) ?? 1) - 1
      if (left > 0) this.#inFlight.set(peerId, left)
      else this.#inFlight.delete(peerId)
    }
  }

  async #handle(request: Frame, peerId: string, gone: AbortSignal): Promise<Frame> {
    const { protocol, telemetry } = this.#options
    const limit = deadline(gone, HANDLER_DEADLINE_MS)
    try {
      const payload = await withSignal(this.#handler(request.payload, peerId, limit.signal), limit.signal, `answering ${protocol}`)
      if (payload.length <= PROTOCOL_LIMITS[protocol].maxFrameBytes) return { kind: 'response', id: request.id, payload }
      telemetry.log('error', 'requests.answer-too-large', { protocol, bytes: payload.length })
      return errorFrame(request.id, 'answer-too-large')
    } catch (error) {
      const code = error instanceof QuorateError ? error.code : 'internal'
      telemetry.log(code === 'internal' ? 'warn' : 'debug', 'requests.handler-failed', { protocol, peerId, code, error: oneLine(error) })
      return errorFrame(request.id, code)
    } finally {
      limit.clear()
    }
  }

  /** Waits until the peer takes it, so that what a slow reader makes us hold stays bounded by its requests in flight. */
  async #send(stream: Stream, frame: Frame): Promise<void> {
    if (stream.status !== 'open' || stream.writeStatus !== 'writable') return
    if (!stream.send(encodeFrame(frame))) await stream.onDrain({ signal: AbortSignal.timeout(WRITE_STALL_MS) })
  }
}

interface FrameReceiver {
  frame(frame: Frame): void
  garbage(detail: string): void
  /** Once, when nothing more can come. */
  closed(detail: string): void
}

function receiveFrames(stream: Stream, maxFrameBytes: number, receiver: FrameReceiver): void {
  const decoder = new FrameDecoder(maxFrameBytes)
  let over = false
  stream.addEventListener('message', (event) => {
    if (over) return
    let frames: Frame[]
    try {
      frames = decoder.push(event.data.subarray())
    } catch (error) {
      over = true
      return receiver.garbage(oneLine(error))
    }
    for (const frame of frames) receiver.frame(frame)
  })
  stream.addEventListener('remoteCloseWrite', () => receiver.closed('the peer closed it'))
  stream.addEventListener('close', (event) => receiver.closed(event.error === undefined ? 'it ended' : oneLine(event.error)))
}

const errorFrame = (id: number, code: string): Frame => ({ kind: 'error', id, payload: utf8(code.slice(0, MAX_ERROR_CODE_BYTES)) })

/** A code of a peer is foreign text: only what looks like one is passed on. */
function readErrorCode(payload: Uint8Array): string {
  const code = payload.length <= MAX_ERROR_CODE_BYTES ? Buffer.from(payload).toString('latin1') : ''
  return /^[a-z0-9-]+$/.test(code) ? code : 'unreadable'
}
