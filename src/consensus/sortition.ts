import type { Hash } from '../wire/types.ts'

const TWO_64 = 1n << 64n
const MILLION = 1_000_000n

/** The first 8 bytes of a ticket as a big-endian number. */
export const ticket64 = (ticket: Hash): bigint => BigInt(`0x${ticket.slice(0, 16)}`)

/** `ticket64 * T < c * s * 2^64`: linear in stake, so that splitting a stake gains nothing. */
const selectedByStake = (ticket: Hash, stake: number, totalStake: number, expectedCandidates: number): boolean =>
  ticket64(ticket) * BigInt(totalStake) < BigInt(expectedCandidates) * BigInt(stake) * TWO_64

/** `ticket64 * 10^6 < ppm * 2^64`: the same chance for each verifier. */
const selectedUniformly = (ticket: Hash, ppm: number): boolean => ticket64(ticket) * MILLION < BigInt(ppm) * TWO_64

export interface SortitionParameters {
  readonly sortition: 'stake' | 'uniform'
  readonly expectedCandidates: number
  readonly uniformPpm: number
}

/** Whether this ticket lets its verifier propose a candidate. */
export const isSelected = (parameters: SortitionParameters, ticket: Hash, stake: number, totalStake: number): boolean =>
  parameters.sortition === 'stake'
    ? selectedByStake(ticket, stake, totalStake, parameters.expectedCandidates)
    : stake > 0 && selectedUniformly(ticket, parameters.uniformPpm)
