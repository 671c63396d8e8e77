import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatCoinHours, formatCoins, parseCoinHours, parseCoins } from '../../../src/base/amounts.ts'
import { QuorateError } from '../../../src/base/errors.ts'

describe('amounts as text', () => {
  const cases: { description: string; text: string; droplets: number }[] = [
    { description: 'nothing', text: '0', droplets: 0 },
    { description: 'one droplet', text: '0.000001', droplets: 1 },
    { description: 'a coin and a half', text: '1.5', droplets: 1_500_000 },
    { description: 'no zeros at the end', text: '12.05', droplets: 12_050_000 },
    { description: 'the most there can be', text: '9007199254.740991', droplets: Number.MAX_SAFE_INTEGER },
  ]
  for (const { description, text, droplets } of cases) {
    it(description, () => {
      assert.equal(formatCoins(droplets), text)
      assert.equal(parseCoins(text), droplets)
    })
  }

  it('is read back as it was written, for coins and hours', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (droplets) => {
        assert.equal(parseCoins(formatCoins(droplets)), droplets)
        assert.equal(parseCoinHours(formatCoinHours(droplets)), droplets)
      }),
    )
  })

  it('may have zeros that are not needed', () => assert.equal(parseCoins('007.500000'), 7_500_000))

  it('says that what is too large is too large', () => {
    for (const text of ['9007199254.740992', '9'.repeat(17), `${'9'.repeat(40)}.5`])
      assert.throws(() => parseCoins(text), { code: 'bad-amount', message: /too large: no amount is above 9007199254\.740991/ })
    assert.equal(parseCoins(`${'0'.repeat(30)}7`), 7_000_000)
  })

  for (const text of [
    '',
    '.',
    '1.',
    '.5',
    '-1',
    '+1',
    '1e3',
    '1,5',
    ' 1',
    '0.0000001',
    'x',
    '١',
    '9007199254.740992',
    '99999999999999999',
  ]) {
    it(`refuses "${text}"`, () => {
      assert.throws(
        () => parseCoins(text),
        (error) => error instanceof QuorateError && error.code === 'bad-amount' && error.message.includes(text),
      )
    })
  }
})
