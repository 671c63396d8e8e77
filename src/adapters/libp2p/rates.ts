/** So many at once, and so many more with each second. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/**
 * Token buckets by key, bounded: of too many keys, the one that was not used for longest is forgotten, which gives it a full bucket again.
 * Time is handed in, milliseconds.
 */
export class Rates {
  readonly #rate: Rate
  readonly #maxKeys: number
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(rate: Rate, maxKeys: number) {
    this.#rate = rate
    this.#maxKeys = maxKeys
  }

  /** Takes one token; false if there is none. */
  take(key: string, nowMs: number): boolean {
    const { burst, perSecond } = this.#rate
    if (burst === Number.POSITIVE_INFINITY) return true
    const known = this.#buckets.get(key)
    const sinceMs = known === undefined ? 0 : Math.max(0, nowMs - known.atMs)
    const tokens = known === undefined ? burst : Math.min(burst, known.tokens + (sinceMs / 1000) * perSecond)
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs })
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > this.#maxKeys && oldest !== undefined) this.#buckets.delete(oldest)
    return tokens >= 1
  }
}
