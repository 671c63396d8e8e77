import { fromHex, type Hex, toHex } from '../../src/base/hex.ts'
import { type Codec, decode, encode, WireError } from '../../src/wire/codec.ts'
import { fieldStarts } from './tracing-reader.ts'

export interface ValidCase {
  readonly description: string
  readonly value: unknown
}
export interface InvalidCase {
  readonly description: string
  readonly bytes: Hex
  readonly code: string
}
export interface TypeCases {
  readonly type: string
  readonly valid: readonly ValidCase[]
  readonly invalid: readonly InvalidCase[]
}

/** What a codec says of bytes: `ok`, or the code of its refusal. */
export function decodeCode(codec: Codec<unknown>, bytes: Uint8Array): string {
  try {
    decode(codec, bytes)
    return 'ok'
  } catch (error) {
    if (error instanceof WireError) return error.code
    throw error
  }
}

/**
 * The cases of one type with their bytes. Cuts at each field of the first valid case are in `cuts` (all `truncated`);
 * one byte too many is added to the bad cases.
 * @throws Error if the codec does not refuse a bad case with the code that it claims
 */
export function encodingVectors(codecs: Readonly<Record<string, Codec<unknown>>>, cases: readonly TypeCases[]): unknown {
  for (const name of Object.keys(codecs)) if (!cases.some(({ type }) => type === name)) throw new Error(`no cases for ${name}`)
  return cases.map(({ type, valid, invalid }) => {
    const codec = codecs[type]
    if (codec === undefined) throw new Error(`no codec ${type}`)
    const encoded = valid.map((item) => ({ ...item, bytes: toHex(encode(codec, item.value)) }))
    const first = fromHex(encoded[0]?.bytes ?? '')
    const longer = `${toHex(first)}00`
    const all = [
      { description: 'one byte too many', bytes: longer, code: first.length === codec.maxBytes ? 'bound' : 'trailing' },
      ...invalid,
    ]
    for (const { description, bytes, code } of all) {
      const said = decodeCode(codec, fromHex(bytes))
      if (said !== code) throw new Error(`${type}, ${description}: claims ${code}, the codec says ${said}`)
    }
    return { type, minBytes: codec.minBytes, maxBytes: codec.maxBytes, valid: encoded, cuts: fieldStarts(codec, first), invalid: all }
  })
}
