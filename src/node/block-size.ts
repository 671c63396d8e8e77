import { MIN_BLOCK_SIZE } from './bounds.ts'

/**
 * How many transactions this maker offers in a block: half after a slot whose candidates nobody sealed; after each sealed
 * block twice as many up to half of what was lost last, and a quarter more above that. A network that is too slow for its blocks then finds the size that it can sign in a slot,
 * instead of losing slot after slot. A maker's own choice: validity knows only the limit of genesis.
 */
export class BlockSize {
  readonly #max: number
  #limit: number
  #lastLost: number

  constructor(max: number) {
    this.#max = max
    this.#limit = max
    this.#lastLost = max
  }

  get limit(): number {
    return this.#limit
  }
  slotLost(): void {
    this.#lastLost = this.#limit
    this.#limit = Math.max(Math.min(MIN_BLOCK_SIZE, this.#max), Math.floor(this.#limit / 2))
  }
  blockSealed(): void {
    const doubled = Math.min(this.#limit * 2, Math.floor(this.#lastLost / 2))
    this.#limit = Math.min(this.#max, Math.max(doubled, Math.ceil(this.#limit * 1.25)))
  }
}
