import type { BlockSummary } from './api.ts'

/** Which quorum signed a block, as far as the page can tell. */
export interface Signers {
  /** Null where the parent, which names it, is not here. */
  readonly quorum: string | null
  /** Its members; null if their number is not known here. */
  readonly members: number | null
  /** The places that it has at least. */
  readonly places: number
  /** The block below was signed by another. */
  readonly isFirst: boolean
}

/** For each of the blocks, which follow each other, the newest first. `sizes`: members by hash of a quorum. */
export function signersOf(blocks: readonly BlockSummary[], sizes: ReadonlyMap<string, number>): readonly Signers[] {
  // A block names the quorum of the next one.
  const quorums = blocks.map((_, index) => blocks[index + 1]?.header.nextQuorum ?? null)
  const seen = new Map<string | null, number>()
  for (const [index, { header, seal, timeline }] of blocks.entries()) {
    const places = [header.maker, ...seal.signers, ...(timeline?.voters ?? []), ...(timeline?.lockers ?? [])].map((place) => place + 1)
    const quorum = quorums[index] ?? null
    seen.set(quorum, Math.max(seen.get(quorum) ?? 0, ...places))
  }
  return quorums.map((quorum, index) => {
    const below = quorums[index + 1] ?? null
    const members = (quorum === null ? undefined : sizes.get(quorum)) ?? null
    return { quorum, members, places: members ?? seen.get(quorum) ?? 0, isFirst: quorum !== null && below !== null && quorum !== below }
  })
}
