import { invariant } from './errors.ts'

/** Parts of one. */
export const PPM = 1_000_000

/** floor(value × numerator / denominator) of safe integers, exact however large the product is. */
export function mulDiv(value: number, numerator: number, denominator: number): number {
  const product = value * numerator
  // A float product at or below 2^53 - 1 is exact; a rounded one is above it.
  if (product <= Number.MAX_SAFE_INTEGER) return (product - (product % denominator)) / denominator
  const exact = Number((BigInt(value) * BigInt(numerator)) / BigInt(denominator))
  invariant(Number.isSafeInteger(exact), 'a share is no larger than what it is a share of')
  return exact
}

/** As `mulDiv`, rounded up. */
export function mulDivUp(value: number, numerator: number, denominator: number): number {
  const product = value * numerator
  if (product <= Number.MAX_SAFE_INTEGER) return (product - (product % denominator)) / denominator + (product % denominator > 0 ? 1 : 0)
  const exact = Number((BigInt(value) * BigInt(numerator) + BigInt(denominator) - 1n) / BigInt(denominator))
  invariant(Number.isSafeInteger(exact), 'a share is no larger than what it is a share of')
  return exact
}
