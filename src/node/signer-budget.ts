import type { Hex } from '../base/hex.ts'
import { MAX_COUNTED_SIGNERS, MAX_STATEMENTS_OF_SIGNER, STATEMENTS_PER_SLOT } from './bounds.ts'

/** How many statements of each signer this node still checks for others. Only good ones are counted: nobody can use up another's part. */
export class SignerBudget {
  /** By key: what is left, as of a slot. */
  readonly #left = new Map<Hex, { readonly statements: number; readonly slot: number }>()

  /** Some signer has something left. */
  allows(keys: readonly Hex[], slot: number): boolean {
    return keys.length === 0 || keys.some((key) => this.#leftOf(key, slot) > 0)
  }

  /** Counts a statement that all of them have signed. */
  spend(keys: readonly Hex[], slot: number): void {
    for (const key of keys) {
      const statements = Math.max(0, this.#leftOf(key, slot) - 1)
      this.#left.delete(key)
      this.#left.set(key, { statements, slot })
    }
    for (const key of this.#left.keys()) {
      if (this.#left.size <= MAX_COUNTED_SIGNERS) break
      this.#left.delete(key)
    }
  }

  #leftOf(key: Hex, slot: number): number {
    const left = this.#left.get(key)
    if (left === undefined) return MAX_STATEMENTS_OF_SIGNER
    return Math.min(MAX_STATEMENTS_OF_SIGNER, left.statements + Math.max(0, slot - left.slot) * STATEMENTS_PER_SLOT)
  }
}
