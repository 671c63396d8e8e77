/** LevelDB's checksum: CRC-32 with Castagnoli's polynomial. Node's zlib has only the other one. */
const POLYNOMIAL = 0x82f63b78
const MASK_DELTA = 0xa282ead8

/** Slicing by four: table `n` is the effect of a byte with `n` zero bytes after it. */
const tables = [0, 1, 2, 3].map(() => new Int32Array(256))
const [t0, t1, t2, t3] = tables as [Int32Array, Int32Array, Int32Array, Int32Array]
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  t0[byte] = crc
}
for (const [index, table] of [t1, t2, t3].entries()) {
  const previous = tables[index] ?? t0
  for (let byte = 0; byte < 256; byte++) {
    const crc = previous[byte] ?? 0
    table[byte] = (crc >>> 8) ^ (t0[crc & 0xff] ?? 0)
  }
}

/** @returns an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0
  let index = 0
  const end = bytes.length - (bytes.length % 4)
  // The casts only tell the compiler that masked indexes are within the tables.
  for (; index < end; index += 4) {
    crc ^=
      (bytes[index] as number) |
      ((bytes[index + 1] as number) << 8) |
      ((bytes[index + 2] as number) << 16) |
      ((bytes[index + 3] as number) << 24)
    crc = (t3[crc & 0xff] as number) ^ (t2[(crc >>> 8) & 0xff] as number) ^ (t1[(crc >>> 16) & 0xff] as number) ^ (t0[crc >>> 24] as number)
  }
  for (; index < bytes.length; index++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[index] as number)) & 0xff] as number)
  return ~crc >>> 0
}

/** LevelDB stores checksums rotated and shifted, lest a checksum over data with checksums degenerate. */
export function unmask(stored: number): number {
  const rotated = (stored - MASK_DELTA) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}
