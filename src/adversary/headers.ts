import { blockHash } from '../wire/ids.ts'
import type { Hash, Header } from '../wire/types.ts'

/** Heights of which blocks are remembered. */
const REMEMBERED_HEIGHTS = 4

/** The blocks that were proposed lately, by height and hash: what else could have been signed. */
export class Headers {
  readonly #chainId: Hash
  readonly #byHeight = new Map<number, Map<Hash, Header>>()

  constructor(chainId: Hash) {
    this.#chainId = chainId
  }

  add(header: Header): void {
    const blocks = this.#byHeight.get(header.height) ?? new Map<Hash, Header>()
    this.#byHeight.set(header.height, blocks.set(blockHash(this.#chainId, header), header))
    for (const height of this.#byHeight.keys()) if (height <= header.height - REMEMBERED_HEIGHTS) this.#byHeight.delete(height)
  }

  /** Another block of that height: one that somebody proposed, else one that is made up. Null if none was seen there. */
  otherThan(height: number, block: Hash): Hash | null {
    let own: Header | null = null
    for (const [hash, header] of this.#byHeight.get(height) ?? []) {
      if (hash !== block) return hash
      own = header
    }
    return own === null ? null : blockHash(this.#chainId, variantOf(own))
  }
}

/** A header of the same place that says something else. */
export const variantOf = (header: Header): Header => ({ ...header, burnedMicroHours: header.burnedMicroHours + 1 })
