import { invariant } from '../base/errors.ts'
import type { Quorum } from '../wire/quorum.ts'

/** The quorums of a chain by the height from which each signs. */
export class Terms {
  readonly #terms: { readonly fromHeight: number; readonly quorum: Quorum }[] = []

  /** A quorum signs from a height on, above all that are here; or in the place of the last, before that has signed. */
  put(fromHeight: number, quorum: Quorum): void {
    const last = this.#terms.at(-1)
    invariant(last === undefined || last.fromHeight <= fromHeight, 'terms begin one after the other')
    if (last?.fromHeight === fromHeight) this.#terms.pop()
    this.#terms.push({ fromHeight, quorum })
  }

  /** Undefined for a height below the first term. */
  at(height: number): Quorum | undefined {
    let low = 0
    let high = this.#terms.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#terms[middle]?.fromHeight ?? 0) <= height) low = middle + 1
      else high = middle
    }
    return this.#terms[low - 1]?.quorum
  }
}
