import assert from 'node:assert/strict'
import fc from 'fast-check'
import { mulDiv, mulDivUp, PPM } from '../../../src/base/ratio.ts'

const most = Number.MAX_SAFE_INTEGER

describe('shares of an amount', () => {
  const cases: { description: string; of: [number, number, number]; down: number; up: number }[] = [
    { description: 'of nothing', of: [0, 5, 7], down: 0, up: 0 },
    { description: 'none of something', of: [5, 0, 7], down: 0, up: 0 },
    { description: 'without a rest', of: [10, 3, 5], down: 6, up: 6 },
    { description: 'with a rest', of: [10, 1, 3], down: 3, up: 4 },
    { description: 'less than one', of: [1, 1, most], down: 0, up: 1 },
    { description: 'a fifth of a millionth', of: [7, 200_000, PPM], down: 1, up: 2 },
    { description: 'all of the most there can be', of: [most, most, most], down: most, up: most },
    { description: 'the largest product that a number holds', of: [most, 1, 2], down: 2 ** 52 - 1, up: 2 ** 52 },
    { description: 'the smallest product that no number holds', of: [2 ** 52, 2, 2 ** 52], down: 2, up: 2 },
    {
      description: 'a product that a float rounds to a multiple',
      of: [most, 3, 4],
      down: 6_755_399_441_055_743,
      up: 6_755_399_441_055_744,
    },
    { description: 'all but one of nearly all', of: [most, most - 1, most], down: most - 1, up: most - 1 },
  ]
  for (const { description, of, down, up } of cases) {
    it(description, () => assert.deepEqual([mulDiv(...of), mulDivUp(...of)], [down, up]))
  }

  it('are those of exact integers', () => {
    const amount = fc.oneof(fc.nat(9), fc.nat(PPM), fc.maxSafeNat())
    fc.assert(
      fc.property(amount, amount, amount, (value, left, right) => {
        const [numerator, denominator] = left <= right ? [left, Math.max(right, 1)] : [right, left]
        const exact = BigInt(value) * BigInt(numerator)
        assert.equal(BigInt(mulDiv(value, numerator, denominator)), exact / BigInt(denominator))
        assert.equal(BigInt(mulDivUp(value, numerator, denominator)), (exact + BigInt(denominator) - 1n) / BigInt(denominator))
      }),
    )
  })

  it('that no number holds are a bug of who asks', () => {
    for (const share of [mulDiv, mulDivUp]) assert.throws(() => share(most, 3, 2), /broken invariant: a share is no larger/)
  })
})
