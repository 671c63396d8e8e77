import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync } from 'node:fs'
import {
  adversaryNames,
  type Behaviour,
  behaviours,
  type Deed,
  deedsPath,
  isOffence,
  parseAdversaries,
  planOf,
} from '../../../src/cli/swarm/adversaries.ts'
import { DeedReader } from '../../../src/cli/swarm/deeds.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'

describe('adversaries of a swarm, as they are asked for', () => {
  for (const { text, parsed } of [
    { text: 'double-seal=1', parsed: ['double-seal'] },
    { text: 'double-seal', parsed: ['double-seal'] },
    { text: 'amnesia=2,spam=1', parsed: ['amnesia', 'amnesia', 'spam'] },
    { text: 'hide-lock=1, withhold=1', parsed: ['hide-lock', 'withhold'] },
  ] satisfies { text: string; parsed: Behaviour[] }[])
    it(`reads ${text}`, () => assert.deepEqual(parseAdversaries(text), parsed))

  for (const text of ['', 'double', 'double-seal=0', 'double-seal=x', 'double-seal=1;spam=1', 'spam=1,', 'spam=1000'])
    it(`refuses "${text}"`, () => assert.throws(() => parseAdversaries(text), /double-seal, double-vote/))

  it('given twice, it adds up', () => assert.deepEqual(parseAdversaries('spam', parseAdversaries('amnesia')), ['amnesia', 'spam']))

  it('they are the last of the verifiers', () =>
    assert.deepEqual(
      [...adversaryNames(['spam', 'amnesia'], 7)],
      [
        ['v7', 'spam'],
        ['v6', 'amnesia'],
      ],
    ))

  it('offences are what two signatures prove', () =>
    assert.deepEqual(
      behaviours.filter((one) => !isOffence(one)),
      ['hide-lock', 'withhold', 'spam'],
    ))
})

describe('the plan of a swarm with adversaries', () => {
  for (const { description, asked, verifiers, says } of [
    { description: 'nobody', asked: [], verifiers: 4, says: [] },
    {
      description: 'less than a third',
      asked: ['double-seal'],
      verifiers: 4,
      says: [
        /^v4 is an adversary: .*\(double-seal\)$/,
        /25% of the stake, less than a third: .* blocks must go on$/,
        /punished in a block/,
      ],
    },
    {
      description: 'exactly a third is no less',
      asked: ['double-seal', 'double-vote'],
      verifiers: 6,
      says: [/^v6 /, /^v5 /, /33\.3% of the stake, a third or more: blocks may stop/, /^each offence must be proven at every honest node$/],
    },
    { description: 'no offence, nothing to prove', asked: ['spam'], verifiers: 7, says: [/^v7 .*\(spam\)$/, /14\.3% of the stake/] },
  ] satisfies { description: string; asked: Behaviour[]; verifiers: number; says: RegExp[] }[])
    it(description, () => {
      const lines = planOf(asked, verifiers)
      assert.equal(lines.length, says.length, lines.join('\n'))
      for (const [index, pattern] of says.entries()) assert.match(lines[index] ?? '', pattern)
    })
})

describe('what adversaries note of their deeds', () => {
  it('is read line by line, each once, and not before it is whole', () => {
    const directory = tempDirectory('deeds')
    mkdirSync(directory, { recursive: true })
    const seen: string[] = []
    const reader = new DeedReader((node, { kind, height }) => seen.push(`${node} ${kind} ${height}`))
    reader.look('v4', directory)
    const line = (height: number): string => JSON.stringify({ kind: 'spam', height, slot: 1, firstAtMs: 1, atMs: 1 } satisfies Deed)
    appendFileSync(deedsPath(directory), `${line(1)}\n${line(2)}\n${line(3).slice(0, 10)}`)
    reader.look('v4', directory)
    assert.deepEqual(seen, ['v4 spam 1', 'v4 spam 2'])
    appendFileSync(deedsPath(directory), `${line(3).slice(10)}\n`)
    reader.look('v4', directory)
    assert.deepEqual(seen, ['v4 spam 1', 'v4 spam 2', 'v4 spam 3'])
  })
})
