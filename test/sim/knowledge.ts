import type { Hash, Statement } from '../../src/wire/types.ts'

interface Newest {
  readonly slot: number | null
  readonly sealedHeight: number | null
  readonly sealedBlock: Hash | null
}

const nothing: Newest = { slot: null, sealedHeight: null, sealedBlock: null }
const isAbove = (value: number | null, bound: number | null): boolean => value !== null && (bound === null || value > bound)

/** The newest statement that a node has seen of each verifier. */
export class Knowledge {
  private readonly newest = new Map<number, Newest>()

  forget(): void {
    this.newest.clear()
  }

  newestOf(verifier: number): Newest {
    return this.newest.get(verifier) ?? nothing
  }

  note(verifier: number, statement: Statement): void {
    if (statement.kind === 'seal') this.take(verifier, { slot: null, sealedHeight: statement.height, sealedBlock: statement.block })
    else this.take(verifier, { ...nothing, slot: statement.slot })
  }

  take(verifier: number, told: Newest): void {
    const known = this.newestOf(verifier)
    const hasNewerSlot = isAbove(told.slot, known.slot)
    const hasNewerSeal = isAbove(told.sealedHeight, known.sealedHeight)
    if (!hasNewerSlot && !hasNewerSeal) return
    this.newest.set(verifier, {
      slot: hasNewerSlot ? told.slot : known.slot,
      sealedHeight: hasNewerSeal ? told.sealedHeight : known.sealedHeight,
      sealedBlock: hasNewerSeal ? told.sealedBlock : known.sealedBlock,
    })
  }
}
