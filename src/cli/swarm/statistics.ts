/** Buckets grow by 1%, so a percentile is off by at most that, whatever was recorded and however much. */
const GROWTH = Math.log(1.01)

/** Durations in ms with percentiles, in a memory that depends on their range, not their number. */
export class Histogram {
  readonly #buckets = new Map<number, number>()
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }
  /** To a whole number. Null if nothing was recorded. */
  get max(): number | null {
    return this.#count === 0 ? null : Math.round(this.#max)
  }

  record(value: number): void {
    const bucket = Math.round(Math.log(Math.max(1, value)) / GROWTH)
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1)
    this.#count++
    this.#max = Math.max(this.#max, value)
  }

  /** The least value that `share` (0 to 1) of the values do not exceed. Null if nothing was recorded. */
  percentile(share: number): number | null {
    if (this.#count === 0) return null
    let left = Math.ceil(share * this.#count)
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      left -= this.#buckets.get(bucket) ?? 0
      if (left <= 0) return Math.min(this.#max, Math.round(Math.exp(bucket * GROWTH)))
    }
    return this.#max
  }
}

/** Of a few values, exact: the least that `share` of them do not exceed. Null for none. */
export function percentileOf(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}

/** What happened lately, for a rate: events with their time, forgotten after `windowMs`. */
export class Rate {
  readonly #windowMs: number
  #events: { readonly atMs: number; readonly count: number }[] = []

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  add(atMs: number, count: number): void {
    this.#events.push({ atMs, count })
    this.#forget(atMs)
  }

  /** Per second over the window, or over the time since `sinceMs` if that is shorter. */
  perSecond(nowMs: number, sinceMs: number): number {
    this.#forget(nowMs)
    const spanMs = Math.min(this.#windowMs, nowMs - sinceMs)
    if (spanMs <= 0) return 0
    return (this.#events.reduce((sum, { count }) => sum + count, 0) * 1000) / spanMs
  }

  #forget(nowMs: number): void {
    const first = this.#events.findIndex(({ atMs }) => atMs > nowMs - this.#windowMs)
    if (first !== 0) this.#events = first < 0 ? [] : this.#events.slice(first)
  }
}

/** Numbers from 0 up to 1 that depend on the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
