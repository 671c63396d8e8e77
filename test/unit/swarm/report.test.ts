import assert from 'node:assert/strict'
import { type EvidenceReport, faults, type SwarmReport } from '../../../src/cli/swarm/report.ts'
import { goodReport } from './fixtures.ts'

const { supply, quorum, rewards, elections } = goodReport
assert.ok(supply !== null && quorum !== null && rewards !== null)
const [first, second] = elections
assert.ok(first !== undefined && second !== undefined)

const offence: EvidenceReport = {
  ...{ kind: 'double-seal', offender: 'v2', height: 9, isHonest: false, since: 'first-signature', isDue: true },
  ...{ seenAtMs: { first: 50, all: 90 }, inBlock: 10, inBlockMs: 2_000, slashed: 5, newQuorumMs: 9_000 },
}

const parts = ['heldDroplets', 'stakedDroplets', 'delegatedDroplets', 'unbondingDroplets', 'feesDroplets'] as const

const cases: readonly { readonly description: string; readonly wrong: Partial<SwarmReport>; readonly said: RegExp }[] = [
  ...parts.flatMap((part) =>
    [1, -1].map((droplets) => ({
      description: `a droplet ${droplets > 0 ? 'too many' : 'too few'} in ${part}`,
      wrong: { supply: { ...supply, [part]: supply[part] + droplets } },
      said: droplets > 0 ? /^all coins together .* 108 droplets, should be 107 \(\+1\)$/ : /^all coins together .* 106 .* 107 \(-1\)$/,
    })),
  ),
  {
    description: 'a supply that is not genesis, minted and burned',
    wrong: { supply: { ...supply, supplyDroplets: 108, heldDroplets: 61 } },
    said: /^the supply at height 12: 108 droplets, should be 107 \(\+1\)$/,
  },
  {
    description: 'more minted than genesis and the parts bear out',
    wrong: { supply: { ...supply, mintedDroplets: 13 }, rewards: { ...rewards, mintedDroplets: 13 } },
    said: /^the supply .* should be 108 \(-1\)$/,
  },
  {
    description: 'blocks that minted less than the ledger says',
    wrong: { rewards: { ...rewards, mintedDroplets: 11 } },
    said: /^what the blocks minted at height 12: 11 droplets, should be 12 \(-1\)$/,
  },
  {
    description: 'blocks that burned more than the ledger says',
    wrong: { burnedDroplets: 6 },
    said: /^what the blocks burned at height 12: 6 droplets, should be 5 \(\+1\)$/,
  },
  { description: 'a node that says itself that coins are gone', wrong: { supply: { ...supply, holds: false } }, said: /says that coins/ },
  { description: 'nodes that differ on coins', wrong: { supply: { ...supply, isSame: false } }, said: /do not agree where all coins are/ },
  { description: 'nodes that were never at one height', wrong: { supply: null, quorum: null }, said: /never at one height/ },
  { description: 'nodes that differ on the quorum', wrong: { quorum: { ...quorum, isSame: false } }, said: /do not agree who signs/ },
  { description: 'blocks sealed by others than those elected', wrong: { wrongSeals: 2 }, said: /^2 blocks were sealed by others/ },
  {
    description: 'slips that were not heeded',
    wrong: { elections: [{ ...first, by: 'stake' }, second] },
    said: /^election 1 was settled by stake, though 3 slips/,
  },
  {
    description: 'an election that was settled while it was open',
    wrong: { elections: [{ ...first, settledSlot: 11 }, second] },
    said: /^election 1 was settled in slot 11, though it was open until 12$/,
  },
  {
    description: 'an election that is missing',
    wrong: { elections: [first, { ...second, number: 3 }] },
    said: /^election 3 came after election 1$/,
  },
  { description: 'two blocks at a height', wrong: { conflicts: 1 }, said: /^nodes hold different blocks at 1 height$/ },
  { description: 'a transaction of which nothing is known', wrong: { lost: 1 }, said: /^1 transaction was neither/ },
  { description: 'no node to ask', wrong: { comparedNodes: 0, supply: null }, said: /^no node answered/ },
  { description: 'a node that fails at its end', wrong: { exitCodes: { v1: 5 } }, said: /^v1 ended with code 5$/ },
  {
    description: 'evidence against somebody honest',
    wrong: { evidence: [{ ...offence, isHonest: true }] },
    said: /^double-seal of v2 at height 9 is proven, and v2 is no adversary$/,
  },
  {
    description: 'an offence that nobody has proven',
    wrong: { evidence: [{ ...offence, seenAtMs: { first: null, all: null } }] },
    said: /^double-seal of v2 at height 9 is proven at no honest node$/,
  },
  {
    description: 'an offence that not everybody knows',
    wrong: { evidence: [{ ...offence, seenAtMs: { first: 50, all: null } }] },
    said: /^double-seal of v2 at height 9 is proven at some, not every honest node$/,
  },
  { description: 'a crash', wrong: { crashed: [{ node: 'v1', exit: 'SIGSEGV', log: '' }] }, said: /^v1 crashed \(SIGSEGV\)$/ },
]

describe('faults of a swarm', () => {
  it('none when all is well', () => assert.deepEqual(faults(goodReport), []))

  it('none where offences are known to everybody, or were done a moment ago', () =>
    assert.deepEqual(
      faults({ ...goodReport, evidence: [offence, { ...offence, isDue: false, seenAtMs: { first: null, all: null } }] }),
      [],
    ))

  it('none without receipts to reckon with, and none by a kill', () =>
    assert.deepEqual(
      faults({ ...goodReport, rewards: null, burnedDroplets: null, wrongSeals: null, elections: [], exitCodes: { v1: 'SIGKILL' } }),
      [],
    ))

  for (const { description, wrong, said } of cases) {
    it(description, () => {
      const found = faults({ ...goodReport, ...wrong })
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] ?? '', said)
    })
  }
})
