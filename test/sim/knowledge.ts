import type { KnownSignatures } from '../../src/consensus/guard.ts'
import type { Statement } from '../../src/wire/types.ts'

export const nothingKnown: KnownSignatures = { slot: null, lock: null, seal: null }
const isAbove = (value: number | undefined | null, bound: number | undefined | null): boolean =>
  typeof value === 'number' && (typeof bound !== 'number' || value > bound)

/** The newest statement that a node has seen of each verifier. */
export class Knowledge {
  private readonly newest = new Map<number, KnownSignatures>()

  forget(): void {
    this.newest.clear()
  }

  newestOf(verifier: number): KnownSignatures {
    return this.newest.get(verifier) ?? nothingKnown
  }

  note(verifier: number, statement: Statement): void {
    if (statement.kind === 'seal') this.take(verifier, { ...nothingKnown, seal: statement })
    else this.take(verifier, { ...nothingKnown, slot: statement.slot, lock: statement.kind === 'lock' ? statement : null })
  }

  take(verifier: number, told: KnownSignatures = nothingKnown): void {
    const known = this.newestOf(verifier)
    this.newest.set(verifier, {
      slot: isAbove(told.slot, known.slot) ? told.slot : known.slot,
      lock: isAbove(told.lock?.slot, known.lock?.slot) ? told.lock : known.lock,
      seal: isAbove(told.seal?.height, known.seal?.height) ? told.seal : known.seal,
    })
  }
}
