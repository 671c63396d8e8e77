import assert from 'node:assert/strict'
import { type SwarmFlags, swarmOptions } from '../../../src/cli/swarm/options.ts'

const flags = { slot: 1000, load: 20 }

describe('options of a swarm', () => {
  for (const { description, given, nodes, verifiers } of [
    { description: 'nothing given: seven verifiers and a bootstrap node', given: {}, nodes: 8, verifiers: 7 },
    { description: 'nodes: all but the bootstrap node verify', given: { nodes: 5 }, nodes: 5, verifiers: 4 },
    { description: 'verifiers: one more node to bootstrap', given: { verifiers: 4 }, nodes: 5, verifiers: 4 },
    { description: 'both: the rest are full nodes', given: { nodes: 9, verifiers: 4 }, nodes: 9, verifiers: 4 },
  ] satisfies (Partial<SwarmFlags> & { description: string; given: Partial<SwarmFlags>; verifiers: number })[]) {
    it(description, () => {
      const options = swarmOptions({ ...flags, ...given })
      assert.deepEqual([options.nodes, options.verifiers], [nodes, verifiers])
    })
  }

  it('no node is left to bootstrap: refused with what to give instead', () => {
    assert.throws(() => swarmOptions({ ...flags, nodes: 7, verifiers: 7 }), /--nodes 8 or more/)
  })

  for (const { description, given, verifiers } of [
    { description: 'one adversary of seven', given: { adversary: ['spam'] }, verifiers: 7 },
    { description: 'more verifiers, so that three are less than a third', given: { adversary: ['spam', 'spam', 'spam'] }, verifiers: 10 },
    { description: 'as many as asked for', given: { adversary: ['spam', 'spam'], verifiers: 5 }, verifiers: 5 },
  ] satisfies { description: string; given: Partial<SwarmFlags>; verifiers: number }[]) {
    it(description, () => {
      const options = swarmOptions({ ...flags, ...given })
      assert.deepEqual([options.verifiers, options.epochSlots, options.adversaries], [verifiers, 60, given.adversary])
    })
  }

  it('somebody must be honest', () => {
    assert.throws(() => swarmOptions({ ...flags, adversary: ['spam', 'spam'], verifiers: 2 }), /leave nobody honest: give --verifiers 7/)
  })

  for (const { description, given, seats } of [
    { description: 'a seat for each verifier', given: { verifiers: 4 }, seats: 4 },
    { description: 'fewer seats than verifiers', given: { verifiers: 9, seats: 5 }, seats: 5 },
    { description: 'seats for those who register later', given: { verifiers: 4, seats: 6 }, seats: 6 },
    { description: 'fewer seats than verifiers where holders vote', given: { verifiers: 7, elections: true }, seats: 5 },
    { description: 'a single verifier', given: { verifiers: 1, elections: true }, seats: 1 },
    { description: 'as many as asked for where holders vote', given: { verifiers: 7, seats: 7, elections: true }, seats: 7 },
  ] satisfies { description: string; given: Partial<SwarmFlags>; seats: number }[]) {
    it(description, () => assert.equal(swarmOptions({ ...flags, ...given }).seats, seats))
  }

  for (const { given, epochSlots } of [
    { given: {}, epochSlots: 120 },
    { given: { elections: true }, epochSlots: 30 },
    { given: { elections: true, epoch: 90 }, epochSlots: 90 },
  ] satisfies { given: Partial<SwarmFlags>; epochSlots: number }[]) {
    it(`epochs of ${epochSlots} slots with ${JSON.stringify(given)}`, () =>
      assert.equal(swarmOptions({ ...flags, ...given }).epochSlots, epochSlots))
  }

  it('elections need time for slips: refused with what to give instead', () => {
    assert.throws(() => swarmOptions({ ...flags, epoch: 11, elections: true }), /--elections needs --epoch 12 or more/)
    assert.equal(swarmOptions({ ...flags, epoch: 12, elections: true }).elections, true)
    assert.equal(swarmOptions({ ...flags, epoch: 4 }).elections, false)
  })

  it('a seed of its own each time unless one is given', () => {
    assert.equal(swarmOptions({ ...flags, seed: 5 }).seed, 5)
    const seeds = new Set(Array.from({ length: 5 }, () => swarmOptions(flags).seed))
    assert.ok(seeds.size > 1)
  })
})
