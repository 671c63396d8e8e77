import assert from 'node:assert/strict'
import { sourceStanding } from '../../../src/node/source-standing.ts'

const [ours, other] = ['1a'.repeat(32), '2b'.repeat(32)]

describe('whether the source that runs is the ratified one', () => {
  const cases = [
    { ratified: null, running: ours, state: 'none-ratified', says: /^source 1a1a1a1a1a1a1a1a…; the network has ratified none yet$/ },
    {
      ratified: null,
      running: null,
      state: 'none-ratified',
      says: /not known: this node runs unbundled; the network has ratified none yet$/,
    },
    {
      ratified: { source: ours, height: 7 },
      running: ours,
      state: 'ratified',
      says: /1a1a… is the one that the network ratified at height 7$/,
    },
    {
      ratified: { source: other, height: 7 },
      running: ours,
      state: 'not-ratified',
      says: /ratified source 2b2b2b2b2b2b2b2b… at height 7, this node runs 1a1a1a1a1a1a1a1a…: get /,
    },
    {
      ratified: { source: other, height: 7 },
      running: null,
      state: 'unknown',
      says: /2b2b… at height 7, and this node does not know its own: get .*npm run bundle/,
    },
  ] as const
  for (const { ratified, running, state, says } of cases)
    it(`${state}: ratified ${ratified?.source.slice(0, 4) ?? 'none'}, running ${running?.slice(0, 4) ?? 'not known'}`, () => {
      const standing = sourceStanding({ ratified, running })
      assert.equal(standing.state, state)
      assert.match(standing.text, says)
    })
})
