import assert from 'node:assert/strict'
import fc from 'fast-check'
import { twoThirds } from '../../../src/base/stake.ts'
import { enoughStake } from '../../../src/consensus/quorum.ts'
import { isSelected } from '../../../src/consensus/sortition.ts'

const ticketAt = (share: bigint): string => share.toString(16).padStart(16, '0') + '0'.repeat(48)
const selectedByStake = (ticket: string, stake: number, totalStake: number, expectedCandidates: number): boolean =>
  isSelected({ sortition: 'stake', expectedCandidates, uniformPpm: 0 }, ticket, stake, totalStake)
const selectedUniformly = (ticket: string, uniformPpm: number): boolean =>
  isSelected({ sortition: 'uniform', expectedCandidates: 0, uniformPpm }, ticket, 1, 10)
const top = (1n << 64n) - 1n

describe('sortition', () => {
  it('of stake selects up to its exact threshold', () => {
    // 2 candidates expected, a tenth of the stake: a fifth of all tickets.
    const threshold = ((1n << 64n) * 2n) / 10n
    assert.equal(selectedByStake(ticketAt(threshold), 1, 10, 2), true)
    assert.equal(selectedByStake(ticketAt(threshold + 1n), 1, 10, 2), false)
    assert.equal(selectedByStake(ticketAt(top), 5, 10, 2), true, 'whose share is one over the expected always is')
    assert.equal(selectedByStake(ticketAt(0n), 0, 10, 2), false, 'nobody without a stake')
  })

  it('of stake gains nothing by splitting: the thresholds of the parts are that of the whole', () => {
    const amount = fc.integer({ min: 1, max: 2 ** 40 })
    fc.assert(
      fc.property(amount, amount, amount, fc.bigInt({ min: 0n, max: top }), (left, right, others, at) => {
        const total = left + right + others
        const threshold = (stake: number): bigint => (BigInt(stake) << 64n) / BigInt(total)
        assert.equal(selectedByStake(ticketAt(at), left + right, total, 1), at * BigInt(total) < BigInt(left + right) << 64n)
        const lost = threshold(left + right) - threshold(left) - threshold(right)
        assert.ok(lost >= 0n && lost <= 1n)
      }),
    )
  })

  it('uniform selects by parts per million', () => {
    assert.equal(selectedUniformly(ticketAt(0n), 0), false)
    assert.equal(selectedUniformly(ticketAt(top), 1_000_000), true)
    assert.equal(selectedUniformly(ticketAt(1n << 63n), 500_000), false)
    assert.equal(selectedUniformly(ticketAt((1n << 63n) - 1n), 500_000), true)
  })
})

describe('stake that is enough', () => {
  it('is floor(2T/3) + 1, exactly, and two such stakes share more than a third', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (total) => {
        assert.equal(BigInt(twoThirds(total)), (BigInt(total) * 2n) / 3n)
        const shared = 2n * BigInt(enoughStake(total)) - BigInt(total)
        assert.ok(3n * shared > BigInt(total))
      }),
    )
  })
})
