import assert from 'node:assert/strict'
import fc from 'fast-check'
import { embedTables } from '../../../scripts/fairness/document.ts'
import { coefficientOfVariation, gini, relativeIncomes, spreadOf } from '../../../scripts/fairness/measures.ts'

const near = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`)

describe('measures of fairness', () => {
  const ginis = [
    { description: 'income as stake', incomes: [10, 20, 70], stakes: [1, 2, 7], expected: 0 },
    { description: 'one of two equals has everything', incomes: [0, 5], stakes: [1, 1], expected: 0.5 },
    { description: 'one of ten equals has everything', incomes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 3], stakes: Array(10).fill(1), expected: 0.9 },
    { description: 'a tenth of the stake has half', incomes: [1, 1], stakes: [9, 1], expected: 0.4 },
  ]
  for (const { description, incomes, stakes, expected } of ginis)
    it(`Gini over staked coins: ${description}`, () => near(gini(incomes, stakes), expected))

  it('the Gini of parts that earn alike is that of the whole', () => {
    const members = fc.array(fc.record({ income: fc.integer({ min: 1, max: 1000 }), stake: fc.integer({ min: 1, max: 1000 }) }), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(members, (all) => {
        const whole = gini(
          all.map(({ income }) => income),
          all.map(({ stake }) => stake),
        )
        const halves = all.flatMap(({ income, stake }) => [1, 1].map(() => ({ income: income / 2, stake: stake / 2 })))
        const split = gini(
          halves.map(({ income }) => income),
          halves.map(({ stake }) => stake),
        )
        assert.ok(whole > -1e-9 && whole < 1, String(whole))
        near(split, whole)
      }),
      { seed: 1 },
    )
  })

  it('income relative to stake', () => assert.deepEqual(relativeIncomes([2, 1, 1], [1, 1, 2]), [2, 1, 0.5]))

  const variations = [
    { description: 'the same each time', values: [3, 3, 3], expected: 0 },
    { description: 'all or nothing', values: [0, 2], expected: 1 },
    { description: 'never anything', values: [0, 0], expected: null },
  ]
  for (const { description, values, expected } of variations)
    it(`coefficient of variation: ${description}`, () => assert.equal(coefficientOfVariation(values), expected))

  const spreads = [
    {
      description: 'seeds that agree',
      pairs: [
        { before: 10, after: 20 },
        { before: 5, after: 10 },
      ],
      expected: { ratio: 2, standardError: 0, least: 2, most: 2 },
    },
    {
      description: 'seeds that differ; a poor one does not weigh more',
      pairs: [
        { before: 1, after: 3 },
        { before: 3, after: 1 },
      ],
      expected: { ratio: 1, standardError: 1, least: 1 / 3, most: 3 },
    },
    {
      description: 'a seed with nothing before has no factor of its own',
      pairs: [
        { before: 0, after: 2 },
        { before: 2, after: 2 },
      ],
      expected: { ratio: 2, standardError: 2, least: 1, most: 1 },
    },
  ]
  for (const { description, pairs, expected } of spreads) it(`spread: ${description}`, () => assert.deepEqual(spreadOf(pairs), expected))
})

describe('embedding the tables', () => {
  const page = 'Text.\n\n<!-- written by `npm run fairness` -->\n```text\nold\n```\n\n```text\nnot this\n```\n'

  it('changes what is between the marker and the end of its block, and nothing else', () => {
    assert.equal(embedTables(page, 'new\nlines\n'), page.replace('old\n', 'new\nlines\n'))
  })

  const broken = [
    { description: 'no marker', text: 'Text.\n```text\nold\n```\n' },
    { description: 'no end', text: '<!-- written by `npm run fairness` -->\n```text\nold\n' },
  ]
  for (const { description, text } of broken)
    it(`refuses a page with ${description}`, () => assert.throws(() => embedTables(text, 'new\n'), /no place for the tables/))
})
