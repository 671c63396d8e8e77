import { type Codec, Reader } from '../../src/wire/codec.ts'

/** A reader that notes where each field begins. */
class TracingReader extends Reader {
  readonly starts: number[] = []
  readonly #length: number

  constructor(bytes: Uint8Array) {
    super(bytes)
    this.#length = bytes.length
  }

  #note(): void {
    this.starts.push(this.#length - this.remaining)
  }
  override u8(): number {
    this.#note()
    return super.u8()
  }
  override u16(): number {
    this.#note()
    return super.u16()
  }
  override u32(): number {
    this.#note()
    return super.u32()
  }
  override u64(): number {
    this.#note()
    return super.u64()
  }
  override raw(count: number): Uint8Array {
    this.#note()
    return super.raw(count)
  }
}

/** Offsets at which the fields of an encoded value begin, ascending; none is the value's end. */
export function fieldStarts(codec: Codec<unknown>, bytes: Uint8Array): number[] {
  const reader = new TracingReader(bytes)
  codec.read(reader)
  return [...new Set(reader.starts)].filter((start) => start < bytes.length)
}
