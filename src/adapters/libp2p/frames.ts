import { concat } from 'uint8arrays/concat'
import { QuorateError } from '../../base/errors.ts'

export type FrameKind = 'request' | 'response' | 'error'
export interface Frame {
  readonly kind: FrameKind
  readonly id: number
  readonly payload: Uint8Array
}

const KINDS: readonly FrameKind[] = ['request', 'response', 'error']
const LENGTH_BYTES = 4
/** Kind and request id. */
const HEAD_BYTES = 5

/** `[length u32][kind u8][request id u32][payload]`, big-endian; the length counts everything after itself. */
export function encodeFrame(frame: Frame): Uint8Array {
  const head = new Uint8Array(LENGTH_BYTES + HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint32(0, HEAD_BYTES + frame.payload.length)
  view.setUint8(LENGTH_BYTES, KINDS.indexOf(frame.kind))
  view.setUint32(LENGTH_BYTES + 1, frame.id)
  return concat([head, frame.payload])
}

/** Cuts the bytes of a stream into frames. It holds at most one frame that is not complete. */
export class FrameDecoder {
  readonly #maxPayloadBytes: number
  #chunks: Uint8Array[] = []
  #buffered = 0
  #bodyBytes: number | undefined

  constructor(maxPayloadBytes: number) {
    this.#maxPayloadBytes = maxPayloadBytes
  }

  /**
   * The frames completed by this chunk, in order.
   * @throws QuorateError `bad-frame` for a length out of bounds or an unknown kind; the decoder is of no use after.
   */
  push(chunk: Uint8Array): Frame[] {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    const frames: Frame[] = []
    for (;;) {
      if (this.#bodyBytes === undefined) {
        if (this.#buffered < LENGTH_BYTES) return frames
        this.#bodyBytes = this.#readLength()
      }
      if (this.#buffered < this.#bodyBytes) return frames
      frames.push(parseBody(this.#take(this.#bodyBytes)))
      this.#bodyBytes = undefined
    }
  }

  #readLength(): number {
    const bytes = this.#take(LENGTH_BYTES)
    const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getUint32(0)
    if (length < HEAD_BYTES || length > HEAD_BYTES + this.#maxPayloadBytes) {
      throw new QuorateError('bad-frame', `frame of ${length} bytes; allowed ${HEAD_BYTES} to ${HEAD_BYTES + this.#maxPayloadBytes}`)
    }
    return length
  }

  /** The first `count` buffered bytes; there must be as many. */
  #take(count: number): Uint8Array {
    const joined = this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : concat(this.#chunks)
    const rest = joined.subarray(count)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#buffered -= count
    return joined.subarray(0, count)
  }
}

function parseBody(body: Uint8Array): Frame {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const kind = KINDS[view.getUint8(0)]
  if (kind === undefined) throw new QuorateError('bad-frame', `unknown frame kind ${view.getUint8(0)}`)
  return { kind, id: view.getUint32(1), payload: body.subarray(HEAD_BYTES) }
}
