import { DROPLETS_PER_COIN } from '../../src/base/amounts.ts'
import type { Hex } from '../../src/base/hex.ts'
import { isSelected, type SortitionParameters } from '../../src/consensus/sortition.ts'
import { sha256Hex } from '../../src/crypto/sha256.ts'
import type { Hash } from '../../src/wire/types.ts'

export type Sortition = SortitionParameters['sortition']

/** What `quorate genesis` takes if nothing else is said: five candidates a slot, or three of ten verifiers. */
export const EXPECTED_CANDIDATES = 5
export const UNIFORM_PPM = 300_000
export const LIMITS = { expectedCandidates: EXPECTED_CANDIDATES, uniformPpm: UNIFORM_PPM }
const SORTITION: Readonly<Record<Sortition, SortitionParameters>> = {
  stake: { sortition: 'stake', ...LIMITS },
  uniform: { sortition: 'uniform', ...LIMITS },
}

/** A verifier is there in a slot with this probability, each slot anew. */
export const ONLINE_PPM = 970_000

/** Parts that a stake is split into. */
export const PARTS = 10

/**
 * Stakes from 100 down to 1, most of it with few. None is above a fifth of all, so that five expected candidates are not cut
 * off at certainty; and each is a multiple of ten millionths, so that it splits evenly.
 */
export const STAKES_COINS: readonly number[] = [100, 88, 74, 62, 52, 44, 36, 30, 25, 20, 17, 14, 11, 9, 7, 5, 4, 3, 2, 1]

export interface Verifier {
  readonly name: string
  /** Whose stake it was before a split: `v01` for `v01/3`. */
  readonly owner: string
  readonly id: Hex
  readonly stakeDroplets: number
}

/** What one slot is for one verifier. */
export interface Draw {
  readonly ticket: Hash
  readonly isOnline: boolean
  /** Its ticket is under the threshold of this mode. */
  readonly isSelected: Readonly<Record<Sortition, boolean>>
}

/** The quorum of a run, by ascending id as in a chain, so that an index is also the place of an id. */
export interface World {
  readonly verifiers: readonly Verifier[]
  readonly ids: readonly Hex[]
  readonly stakeDroplets: readonly number[]
  readonly totalStakeDroplets: number
  readonly draw: (member: number, slot: number) => Draw
}

export const nameOf = (place: number): string => `v${String(place + 1).padStart(2, '0')}`

/**
 * Worlds of one seed. They share their draws: who is split off changes nobody else's luck, so that what changes is the effect of
 * the split.
 */
export class Seeded {
  readonly #seed: number
  readonly #stakeDroplets: readonly number[]
  readonly #totalStakeDroplets: number
  readonly #draws = new Map<string, Draw[]>()

  constructor(seed: number, stakesCoins: readonly number[] = STAKES_COINS) {
    this.#seed = seed
    this.#stakeDroplets = stakesCoins.map((coins) => coins * DROPLETS_PER_COIN)
    this.#totalStakeDroplets = this.#stakeDroplets.reduce((sum, stake) => sum + stake, 0)
  }

  /** The world in which this verifier, if any, has its stake in ten parts, each a verifier of its own. */
  world(split: string | null = null): World {
    const verifiers = this.#stakeDroplets
      .flatMap((stakeDroplets, place) => {
        const owner = nameOf(place)
        if (owner !== split) return [this.#verifier(owner, owner, stakeDroplets)]
        return Array.from({ length: PARTS }, (_, part) => this.#verifier(`${owner}/${part}`, owner, stakeDroplets / PARTS))
      })
      .sort((left, right) => (left.id < right.id ? -1 : 1))
    const columns = verifiers.map(({ name }) => this.#column(name))
    return {
      verifiers,
      ids: verifiers.map(({ id }) => id),
      stakeDroplets: verifiers.map(({ stakeDroplets }) => stakeDroplets),
      totalStakeDroplets: this.#totalStakeDroplets,
      draw: (member, slot) => {
        const [column, verifier] = [columns[member], verifiers[member]]
        if (column === undefined || verifier === undefined) throw new Error(`there is no verifier ${member} of ${verifiers.length}`)
        const known = column[slot]
        if (known !== undefined) return known
        const draw = this.#draw(verifier, slot)
        column[slot] = draw
        return draw
      },
    }
  }

  #column(name: string): Draw[] {
    const column = this.#draws.get(name) ?? []
    this.#draws.set(name, column)
    return column
  }

  #verifier(name: string, owner: string, stakeDroplets: number): Verifier {
    return { name, owner, stakeDroplets, id: this.#hash('id', name).slice(0, 40) }
  }

  #draw({ name, stakeDroplets }: Verifier, slot: number): Draw {
    const ticket = this.#hash('ticket', name, slot)
    return {
      ticket,
      // The last four bytes: sortition and rank look at the first, and the bytes of a hash do not depend on each other.
      isOnline: Number.parseInt(ticket.slice(-8), 16) * 1_000_000 < ONLINE_PPM * 2 ** 32,
      isSelected: {
        stake: isSelected(SORTITION.stake, ticket, stakeDroplets, this.#totalStakeDroplets),
        uniform: isSelected(SORTITION.uniform, ticket, stakeDroplets, this.#totalStakeDroplets),
      },
    }
  }

  #hash(...parts: readonly (string | number)[]): Hash {
    return sha256Hex(Buffer.from(`quorate/fairness/${this.#seed}/${parts.join('/')}`))
  }
}
