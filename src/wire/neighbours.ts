import { MAX_NEIGHBOURS, MAX_PEER_ID_BYTES } from './bounds.ts'
import { type Codec, list, struct, text, u8 } from './codec.ts'

/** Somebody that a node is connected to. */
export interface Neighbour {
  readonly peerId: string
  /** Topics in whose mesh it is, as the sum of their bits. */
  readonly mesh: number
}
export const neighbour: Codec<Neighbour> = struct<Neighbour>({ peerId: text(MAX_PEER_ID_BYTES), mesh: u8 })

/** Stream `neighbours`: the answer to a request without bytes. */
export const neighbours: Codec<readonly Neighbour[]> = list(neighbour, MAX_NEIGHBOURS)

/** protocols/neighbours.md D9 */
export const meshBits = { transactions: 1, candidates: 2, blocks: 4, evidence: 8 } as const
