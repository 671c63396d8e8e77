const MILLION = 1_000_000

/** sfc32: the one source of chance in a run. The same seed gives the same numbers on every machine. */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number, stream = 0) {
    this.a = seed | 0
    this.b = Math.floor(seed / 2 ** 32) | 0
    this.c = stream | 0
    for (let warmUp = 0; warmUp < 16; warmUp++) this.next32()
  }

  private next32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum
    this.c |= 0
    return sum >>> 0
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor((this.next32() / 2 ** 32) * end)
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(partsPerMillion: number): boolean {
    return partsPerMillion > 0 && this.below(MILLION) < partsPerMillion
  }

  /** @param items at least one */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  shuffled<T>(items: readonly T[]): T[] {
    const rest = [...items]
    const mixed: T[] = []
    while (rest.length > 0) mixed.push(...rest.splice(this.below(rest.length), 1))
    return mixed
  }

  /** Each item with even odds. */
  someOf<T>(items: readonly T[]): T[] {
    return items.filter(() => this.below(2) === 0)
  }
}
