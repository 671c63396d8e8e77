import assert from 'node:assert/strict'
import fc from 'fast-check'
import { seededRandom } from '../../../src/cli/swarm/statistics.ts'
import { type Choice, choicesOf, chooseQuorum } from '../../../src/cli/swarm/voters.ts'

const choice = (changes: Partial<Choice>): Choice => ({
  ...{ eligible: ['a', 'b', 'c', 'd', 'e'], present: ['a', 'b', 'c'], seats: 3, favourite: null, random: seededRandom(1) },
  ...changes,
})

describe('whom holders elect', () => {
  it('as many as there are seats, each once, and one who does not sign now', () => {
    const names = fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e', 'f', 'g')
    const drawn = fc.record({
      eligible: fc.uniqueArray(names, { minLength: 1 }),
      present: fc.uniqueArray(names),
      seats: fc.integer({ min: 1, max: 8 }),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(drawn, ({ eligible, present, seats, seed }) => {
        const elect = chooseQuorum(choice({ eligible, present, seats, random: seededRandom(seed) }))
        assert.equal(elect.length, Math.min(seats, eligible.length))
        assert.equal(new Set(elect).size, elect.length)
        for (const name of elect) assert.ok(eligible.includes(name))
        if (eligible.some((name) => !present.includes(name))) assert.ok(elect.some((name) => !present.includes(name)))
      }),
      { seed: 7 },
    )
  })

  it('the same for a seed, whatever order the verifiers are told in', () => {
    const elect = (eligible: readonly string[]): readonly string[] => chooseQuorum(choice({ eligible, random: seededRandom(5) }))
    assert.deepEqual(elect(['a', 'b', 'c', 'd', 'e']), elect(['e', 'd', 'c', 'b', 'a']))
  })

  for (const { description, changes, first } of [
    { description: 'the favourite comes first', changes: { favourite: 'b' }, first: 'b' },
    { description: 'a favourite that does not sign now is not the only newcomer', changes: { favourite: 'd', seats: 2 }, first: 'd' },
  ]) {
    it(description, () => {
      const elect = chooseQuorum(choice(changes))
      assert.equal(elect[0], first)
      assert.ok(elect.some((name) => name !== first && !choice({}).present.includes(name)))
    })
  }

  it('no favourite that cannot be elected', () => assert.ok(!chooseQuorum(choice({ favourite: 'z' })).includes('z')))

  for (const { description, elect, slipChoices, named } of [
    { description: 'all holders name all that fit on a slip', elect: ['b', 'a'], slipChoices: 2, named: ['a,b', 'a,b', 'a,b'] },
    {
      description: 'each names its part of more than fit, round and round',
      elect: ['a', 'b', 'c', 'd', 'e'],
      slipChoices: 2,
      named: ['a,b', 'c,d', 'a,e'],
    },
    { description: 'nobody to elect: nothing', elect: [], slipChoices: 2, named: ['', '', ''] },
  ]) {
    it(description, () =>
      assert.deepEqual(
        named.map((_, holder) => choicesOf(elect, holder, slipChoices).join()),
        named,
      ),
    )
  }
})
