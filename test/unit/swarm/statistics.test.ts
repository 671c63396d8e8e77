import assert from 'node:assert/strict'
import { Histogram, percentileOf, Rate, seededRandom } from '../../../src/cli/swarm/statistics.ts'

describe('statistics of a swarm', () => {
  for (const { description, values, share, expected } of [
    { description: 'half of one value', values: [7], share: 0.5, expected: 7 },
    { description: 'half of an even number', values: [4, 1, 3, 2], share: 0.5, expected: 2 },
    { description: 'all', values: [4, 1, 3, 2], share: 1, expected: 4 },
    { description: 'nothing', values: [], share: 0.5, expected: null },
  ]) {
    it(`exact percentile: ${description}`, () => assert.equal(percentileOf(values, share), expected))
  }

  it('a histogram is within a hundredth of the exact percentiles', () => {
    const random = seededRandom(3)
    const values = Array.from({ length: 5000 }, () => Math.round(20 + 4000 * random() ** 3))
    const histogram = new Histogram()
    for (const value of values) histogram.record(value)
    for (const share of [0.01, 0.5, 0.95, 0.99]) {
      const [exact, measured] = [percentileOf(values, share) ?? 0, histogram.percentile(share) ?? 0]
      assert.ok(Math.abs(exact - measured) <= exact * 0.01 + 1, `${share}: ${measured} instead of ${exact}`)
    }
    assert.equal(histogram.max, Math.max(...values))
    assert.equal(histogram.count, values.length)
  })

  it('a histogram of nothing has no percentiles', () => {
    const empty = new Histogram()
    assert.deepEqual([empty.percentile(0.5), empty.max], [null, null])
  })

  it('a rate forgets what is older than its window', () => {
    const rate = new Rate(1000)
    rate.add(0, 10)
    rate.add(900, 5)
    assert.equal(rate.perSecond(1000, 0), 5)
    assert.equal(rate.perSecond(5000, 0), 0)
  })

  it('a rate of a time that is shorter than its window', () => {
    const rate = new Rate(10_000)
    rate.add(400, 10)
    assert.equal(rate.perSecond(500, 0), 20)
  })

  it('the same seed gives the same numbers, another one others', () => {
    const numbers = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed))
    assert.deepEqual(numbers(1), numbers(1))
    assert.notDeepEqual(numbers(1), numbers(2))
    assert.ok(numbers(1).every((value) => value >= 0 && value < 1))
  })
})
