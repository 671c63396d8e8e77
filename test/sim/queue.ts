interface Entry {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

const isBefore = (left: Entry, right: Entry): boolean => left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)

/** A binary heap of what happens when; what is due at the same moment happens in the order in which it was planned. */
export class EventQueue {
  private readonly heap: Entry[] = []
  private planned = 0

  get size(): number {
    return this.heap.length
  }

  plan(atMs: number, run: () => void): void {
    const entry = { atMs, order: this.planned++, run }
    let place = this.heap.length
    this.heap.push(entry)
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      this.heap[place] = above
      place = parent
    }
    this.heap[place] = entry
  }

  next(): Entry | null {
    const first = this.heap[0]
    const last = this.heap.pop()
    if (first === undefined || last === undefined) return null
    if (this.heap.length > 0) this.sink(last)
    return first
  }

  private sink(entry: Entry): void {
    let place = 0
    for (;;) {
      let child = place * 2 + 1
      let below = this.heap[child]
      const right = this.heap[child + 1]
      if (right !== undefined && below !== undefined && isBefore(right, below)) {
        child++
        below = right
      }
      if (below === undefined || !isBefore(below, entry)) break
      this.heap[place] = below
      place = child
    }
    this.heap[place] = entry
  }
}
