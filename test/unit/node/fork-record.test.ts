import assert from 'node:assert/strict'
import { MAX_BRANCHES } from '../../../src/node/bounds.ts'
import {
  type ForkRecord,
  forkRecord,
  goesOn,
  leaves,
  newForkRecord,
  pinsOf,
  type SeenBranch,
  withBranch,
  withProof,
} from '../../../src/node/fork-record.ts'
import { decode, encode } from '../../../src/wire/codec.ts'

const hash = (digits: string): string => digits.repeat(32)
const branch = (digits: string, changes: Partial<SeenBranch> = {}): SeenBranch => ({
  ...{ first: hash(digits), head: { height: 9, hash: hash(`f${digits[1]}`) }, burnedMicroHours: 100 },
  ...{ seen: 'blocks', recoveredAt: null, leavesAt: null },
  ...changes,
})

describe('the record of a fork', () => {
  it('is the same after it was written and read, with all that may be in it', () => {
    const leavesAt = { height: 8, hash: hash('0c') }
    const seen = branch('0a', { leavesAt, recoveredAt: 9 })
    const full: ForkRecord = {
      ...withBranch(withProof(withBranch(newForkRecord(7, 1_700_000_000_000), seen), hash('0d')), branch('0b', { seen: 'seal' })),
      follow: { first: seen.first, head: seen.head, pins: pinsOf({ height: 7 }, seen) },
      resolvedAt: 10,
    }
    for (const record of [newForkRecord(1, 0), full]) assert.deepEqual(decode(forkRecord, encode(forkRecord, record)), record)
    assert.equal(full.follow?.pins.length, 3)
  })

  it('keeps no more branches than it may, those with the most burned', () => {
    let record = newForkRecord(7, 0)
    for (let number = 0; number < MAX_BRANCHES + 3; number++)
      record = withBranch(record, branch(`1${number.toString(16)}`, { burnedMicroHours: number }))
    assert.deepEqual(
      record.branches.map(({ burnedMicroHours }) => burnedMicroHours).sort((left, right) => left - right),
      [3, 4, 5, 6, 7, 8, 9, 10],
    )
    assert.deepEqual(decode(forkRecord, encode(forkRecord, record)), record)
  })

  const news: readonly { readonly description: string; readonly changes: Partial<SeenBranch>; readonly isNews: boolean }[] = [
    { description: 'a higher head', changes: { head: { height: 10, hash: hash('ee') } }, isNews: true },
    { description: 'the same head', changes: { burnedMicroHours: 500 }, isNews: false },
    { description: 'a lower head', changes: { head: { height: 8, hash: hash('ee') } }, isNews: false },
    { description: 'a recovery block', changes: { head: { height: 8, hash: hash('ee') }, recoveredAt: 8 }, isNews: true },
    { description: 'a seal alone', changes: { head: { height: 99, hash: hash('ee') }, seen: 'seal' }, isNews: false },
  ]
  for (const { description, changes, isNews } of news)
    it(`${isNews ? 'takes' : 'does not take'} ${description} of a branch that it knows`, () => {
      const record = withBranch(newForkRecord(7, 0), branch('0a'))
      const more = withBranch(record, branch('0a', changes))
      assert.equal(more !== record, isNews)
      assert.equal(more.branches.length, 1)
    })

  const choices: readonly { readonly description: string; readonly branches: readonly SeenBranch[]; readonly best: string }[] = [
    { description: 'the one with more burned', branches: [branch('0a'), branch('0b', { burnedMicroHours: 101 })], best: '0b' },
    { description: 'the lower first hash if as much was burned', branches: [branch('0b'), branch('0a')], best: '0a' },
    {
      description: 'the one that has recovered, whatever was burned',
      branches: [branch('0a', { burnedMicroHours: 999 }), branch('0b', { recoveredAt: 9 })],
      best: '0b',
    },
  ]
  for (const { description, branches, best } of choices)
    it(`goes on with ${description}`, () => {
      for (const order of [branches, branches.toReversed()]) assert.equal(goesOn(order).first, hash(best))
    })

  it('refuses what is not on the followed branch, and nothing else', () => {
    const seen = branch('0a')
    const follow = { first: seen.first, head: seen.head, pins: pinsOf({ height: 7 }, seen) }
    const at = (height: number, digits: string) => leaves(follow, { height, hash: hash(digits) })
    assert.deepEqual(
      [at(6, 'aa'), at(7, '0a'), at(7, 'aa'), at(8, 'aa'), at(9, 'fa'), at(9, 'aa'), at(10, 'aa')],
      [false, false, true, false, false, true, false],
    )
  })
})
