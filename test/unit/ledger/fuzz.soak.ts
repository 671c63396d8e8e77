import assert from 'node:assert/strict'
import { addUp, type FuzzReport, fuzzChain } from './fuzz-chain.ts'

/** Seconds of it, and the seed that it begins with: the same seed gives the same chains, however many there is time for. */
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 180)
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? 1_000_000)

describe('ledger: chains of chance, many', () => {
  it(`for ${SECONDS} s from seed ${FIRST_SEED} on: nothing throws, no coin is lost or made`, () => {
    const reports: FuzzReport[] = []
    const end = Date.now() + SECONDS * 1000
    let seed = FIRST_SEED
    for (; Date.now() < end; seed++) {
      try {
        reports.push(fuzzChain(seed, 100 + (seed % 5) * 100))
      } catch (error) {
        assert.fail(new Error(`seed ${seed}`, { cause: error }))
      }
    }
    const blocks = reports.reduce((sum, one) => sum + one.blocks, 0)
    console.log(`${blocks} blocks of ${reports.length} chains, seeds ${FIRST_SEED} to ${seed - 1}`)
    for (const key of ['verdicts', 'carriedOut', 'refusals', 'events'] as const) console.log(key, addUp(reports.map((one) => one[key])))
  })
})
