import type { Hex } from '../base/hex.ts'
import type { Quorum } from '../wire/quorum.ts'

/** Where this node's verifier key sits in a quorum: elections give it another place, or none. */
export class Seat {
  /** Null for a node without a verifier key. */
  readonly blsKey: Hex | null
  readonly #places = new WeakMap<Quorum, number>()

  constructor(blsKey: Hex | null) {
    this.blsKey = blsKey
  }

  /** Its index; null if it is no member. */
  in(quorum: Quorum): number | null {
    if (this.blsKey === null) return null
    let place = this.#places.get(quorum)
    if (place === undefined) {
      place = quorum.members.findIndex(({ blsKey }) => blsKey === this.blsKey)
      this.#places.set(quorum, place)
    }
    return place < 0 ? null : place
  }
}
