/** One direction between two hosts. */
export interface Link {
  readonly delayMs: number
  /** At most so much more, drawn for each frame; none overtakes another. */
  readonly jitterMs: number
  /** Of a million frames; a million is a cut, and loses what is on its way too. */
  readonly lossPpm: number
}

const PERFECT: Link = { delayMs: 0, jitterMs: 0, lossPpm: 0 }
export const CUT: Link = { delayMs: 0, jitterMs: 0, lossPpm: 1_000_000 }

/** Frames on their way on one link; what comes beyond is lost, as in a router. */
const MAX_ON_THE_WAY = 10_000

/** Delays and loses what passes. */
export class Wire<F> {
  readonly #deliver: (frame: F) => void
  readonly #random: () => number
  readonly #onTheWay: { readonly dueMs: number; readonly frame: F }[] = []
  #link = PERFECT
  #timer: NodeJS.Timeout | undefined

  /** @param random from 0 up to 1 */
  constructor(deliver: (frame: F) => void, random: () => number = Math.random) {
    this.#deliver = deliver
    this.#random = random
  }

  set(link: Link): void {
    this.#link = link
    if (link.lossPpm < CUT.lossPpm) return
    this.#onTheWay.length = 0
    this.close()
  }

  send(frame: F): void {
    const { delayMs, jitterMs, lossPpm } = this.#link
    if (this.#random() * 1_000_000 < lossPpm || this.#onTheWay.length >= MAX_ON_THE_WAY) return
    const dueMs = Math.max(this.#onTheWay.at(-1)?.dueMs ?? 0, performance.now() + delayMs + this.#random() * jitterMs)
    this.#onTheWay.push({ dueMs, frame })
    if (this.#onTheWay.length === 1) this.#wait()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #wait(): void {
    const [first] = this.#onTheWay
    if (first !== undefined) this.#timer = setTimeout(() => this.#arrive(), Math.max(0, first.dueMs - performance.now()))
  }

  #arrive(): void {
    const now = performance.now()
    const later = this.#onTheWay.findIndex(({ dueMs }) => dueMs > now)
    for (const { frame } of this.#onTheWay.splice(0, later < 0 ? this.#onTheWay.length : later)) this.#deliver(frame)
    this.#wait()
  }
}
