import { createHash } from 'node:crypto'
import { concatBytes, equalBytes, utf8 } from '../../base/bytes.ts'

/** Far above what a guard needs to remember; bounds the file and what is read at start. */
export const MAX_GUARD_RECORD_BYTES = 65_536

const MAGIC = utf8('QRTGRD01')
const HEADER_BYTES = MAGIC.length + 8 + 4
const HASH_BYTES = 32
/** Room for the largest record, and a whole number of 4 KiB pages, so that a torn write cannot touch the other slot. */
export const SLOT_BYTES = MAX_GUARD_RECORD_BYTES + 4096

export interface Slot {
  readonly sequence: number
  readonly record: Uint8Array
}

/** Where in the file the record of this number lies: the two places take turns. */
export const positionOf = (sequence: number): number => (sequence % 2) * SLOT_BYTES

/** magic, sequence u64, record length u32 (big-endian), record, sha256 of all before. */
export function encodeSlot(slot: Slot): Uint8Array {
  const body = new Uint8Array(HEADER_BYTES + slot.record.length)
  const view = new DataView(body.buffer)
  body.set(MAGIC)
  view.setBigUint64(MAGIC.length, BigInt(slot.sequence))
  view.setUint32(MAGIC.length + 8, slot.record.length)
  body.set(slot.record, HEADER_BYTES)
  return concatBytes([body, createHash('sha256').update(body).digest()])
}

/** The slot in one of the two places of the file, from the bytes there; undefined for anything but a whole one of that place. */
export function decodeSlot(bytes: Uint8Array, place: 0 | 1): Slot | undefined {
  if (bytes.length < HEADER_BYTES + HASH_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const sequence = view.getBigUint64(MAGIC.length)
  const end = HEADER_BYTES + view.getUint32(MAGIC.length + 8)
  if (end + HASH_BYTES > bytes.length || end > HEADER_BYTES + MAX_GUARD_RECORD_BYTES || sequence >= BigInt(Number.MAX_SAFE_INTEGER))
    return undefined
  const hash = createHash('sha256').update(bytes.subarray(0, end)).digest()
  if (!equalBytes(hash, bytes.subarray(end, end + HASH_BYTES))) return undefined
  // A slot in the other's place was copied there; taken as good, the next write could go over the newest record.
  if (positionOf(Number(sequence)) !== place * SLOT_BYTES) return undefined
  return { sequence: Number(sequence), record: bytes.slice(HEADER_BYTES, end) }
}

/** The newest of the slots that can be read, and whether a newer one may have been lost; undefined if none can be read. */
export function newestSlot(
  slots: readonly (Slot | undefined)[],
): { readonly newest: Slot; readonly state: 'intact' | 'doubtful' } | undefined {
  const whole = slots.filter((slot) => slot !== undefined).sort((left, right) => right.sequence - left.sequence)
  const [newest, other] = whole
  if (newest === undefined) return undefined
  return { newest, state: other !== undefined && other.sequence === newest.sequence - 1 ? 'intact' : 'doubtful' }
}
