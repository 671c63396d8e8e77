import assert from 'node:assert/strict'
import { stateCodes } from '../../../src/ledger/codes.ts'
import { addUp, type FuzzReport, fuzzChain } from './fuzz-chain.ts'

const SEEDS = 40
const BLOCKS = 100
const reports = new Map<number, FuzzReport>()
const run = (seed: number): FuzzReport => {
  const report = fuzzChain(seed, BLOCKS)
  reports.set(seed, report)
  return report
}

// More of the same, for as long as one likes: `fuzz.soak.ts`.
describe('ledger: chains of chance', () => {
  for (let first = 1; first <= SEEDS; first += 10) {
    it(`seeds ${first} to ${first + 9}: nothing throws, no coin is lost or made, what was executed on stays as it was`, () => {
      for (let seed = first; seed < first + 10; seed++) run(seed)
    })
  }

  it('the same seed gives the same state roots', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const before = reports.get(seed) ?? run(seed)
      assert.deepEqual(fuzzChain(seed, BLOCKS), before)
    }
    assert.equal(new Set([...reports.values()].map(({ digest }) => digest)).size, reports.size)
  })

  it('have something of everything in them', () => {
    for (let seed = 1; seed <= SEEDS; seed++) if (!reports.has(seed)) run(seed)
    const of = (key: 'verdicts' | 'carriedOut' | 'refusals' | 'events') => addUp([...reports.values()].map((report) => report[key]))
    const kinds = ['delegate', 'endorse', 'ratify', 'register', 'slip', 'stake', 'transfer', 'undelegate', 'unstake']
    const carriedOut = of('carriedOut')
    assert.deepEqual(Object.keys(carriedOut).sort(), kinds)
    for (const [kind, times] of Object.entries(carriedOut)) assert.ok(times >= 50, `${times} × ${kind}`)
    assert.deepEqual(Object.keys(of('events')).sort(), [
      ...['election-opened', 'election-settled', 'jailed', 'ratified', 'released', 'slashed'],
    ])
    const refused = of('refusals')
    // The others need more of one thing than chance brings.
    const seldom = [
      ...['too-many-shares', 'peer-id-in-use'],
      ...['too-many-delegations', 'too-many-unbonding', 'too-many-endorsements', 'too-many-proposals'],
    ]
    const missing = Object.keys(stateCodes).filter((code) => refused[code] === undefined && !seldom.includes(code))
    assert.deepEqual(missing, [])
    const verdicts = of('verdicts')
    const expected = [
      ...['accepted', 'bad-signers', 'block-too-large', 'slot-out-of-range', 'too-many-transactions', 'unknown-maker'],
      ...['too-much-evidence', 'unknown-signer', 'future-evidence', 'evidence-expired', 'already-punished', 'too-many-offences'],
    ]
    for (const code of expected) assert.ok((verdicts[code] ?? 0) > 0, code)
  })
})
