/** A binary heap that knows where its items lie, so that one can change or leave from the middle. `before` is a strict total order. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #places = new Map<T, number>()
  readonly #before: (left: T, right: T) => boolean

  constructor(before: (left: T, right: T) => boolean) {
    this.#before = before
  }

  /** The first item of all, or undefined. */
  peek(): T | undefined {
    return this.#items[0]
  }

  /** The item at a place of the heap's array: 0 is the first; what lies at 2i + 1 and 2i + 2 comes after what lies at i. */
  at(place: number): T | undefined {
    return this.#items[place]
  }

  /** Adds an item, or finds its place anew after what orders it has changed. */
  put(item: T): void {
    const place = this.#places.get(item) ?? this.#items.push(item) - 1
    this.#sink(this.#rise(place, item), item)
  }

  remove(item: T): void {
    const place = this.#places.get(item)
    if (place === undefined) return
    this.#places.delete(item)
    const last = this.#items.pop() as T
    if (last !== item) this.#sink(this.#rise(place, last), last)
  }

  #rise(from: number, item: T): number {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = this.#items[above] as T
      if (!this.#before(item, other)) break
      this.#set(place, other)
      place = above
    }
    return place
  }

  #sink(from: number, item: T): void {
    let place = from
    for (;;) {
      let below = 2 * place + 1
      if (below >= this.#items.length) break
      if (below + 1 < this.#items.length && this.#before(this.#items[below + 1] as T, this.#items[below] as T)) below++
      const other = this.#items[below] as T
      if (!this.#before(other, item)) break
      this.#set(place, other)
      place = below
    }
    this.#set(place, item)
  }

  #set(place: number, item: T): void {
    this.#items[place] = item
    this.#places.set(item, place)
  }
}
