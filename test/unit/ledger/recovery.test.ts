import assert from 'node:assert/strict'
import { signingIdAt } from '../../../src/ledger/recoveries.ts'

describe('ledger: signing ids', () => {
  const recoveries = [
    { height: 7, signingId: 'first' },
    { height: 9, signingId: 'second' },
  ]
  const cases = [
    { height: 1, expected: 'chain' },
    { height: 6, expected: 'chain' },
    { height: 7, expected: 'first' },
    { height: 8, expected: 'first' },
    { height: 9, expected: 'second' },
    { height: 1000, expected: 'second' },
  ]
  for (const { height, expected } of cases)
    it(`at height ${height}: ${expected}`, () => assert.equal(signingIdAt({ recoveries }, 'chain', height), expected))
  it('is the chain id where there was no fork', () => assert.equal(signingIdAt({ recoveries: [] }, 'chain', 5), 'chain'))
})
