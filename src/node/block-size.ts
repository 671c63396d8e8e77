import { MIN_BLOCK_SIZE } from './bounds.ts'

/**
 * How many transactions this maker offers in a block: half after a slot whose candidates nobody sealed, a quarter more
 * after each sealed block. A network that is too slow for its blocks then finds the size that it can sign in a slot,
 * instead of losing slot after slot. A maker's own choice: validity knows only the limit of genesis.
 */
export class BlockSize {
  readonly #max: number
  #limit: number

  constructor(max: number) {
    this.#max = max
    this.#limit = max
  }

  get limit(): number {
    return this.#limit
  }
  slotLost(): void {
    this.#limit = Math.max(Math.min(MIN_BLOCK_SIZE, this.#max), Math.floor(this.#limit / 2))
  }
  blockSealed(): void {
    this.#limit = Math.min(this.#max, Math.ceil(this.#limit * 1.25))
  }
}
