import assert from 'node:assert/strict'
import { boxOf, neighbour, type Placed, place } from '../../../src/dashboard/graph.ts'
import { phasesOf } from '../../../src/dashboard/phases.ts'

const timeline = (candidateMs: number | null, votedMs: number | null, lockedMs: number | null, finalMs: number | null) => ({
  ...{ slotStartMs: 0, candidateMs, votedMs, lockedMs, finalMs, voters: null, lockers: null, candidates: 1 },
})

describe('phases of a block', () => {
  const cases = [
    {
      description: 'all was seen',
      of: timeline(100, 250, 300, 420),
      gives: ['candidate 0-100', 'vote 100-250', 'lock 250-300', 'seal 300-420'],
    },
    {
      description: 'no tally of locks came: they are part of the seals',
      of: timeline(100, 250, null, 420),
      gives: ['candidate 0-100', 'vote 100-250', 'lock+seal 250-420'],
    },
    { description: 'only the block itself', of: timeline(null, null, null, 420), gives: ['candidate+vote+lock+seal 0-420'] },
    { description: 'the end was not seen', of: timeline(100, 250, null, null), gives: ['candidate 0-100', 'vote 100-250'] },
    {
      description: 'the candidate came after the votes for it: no part is negative',
      of: timeline(260, 250, 300, 420),
      gives: ['candidate 0-260', 'vote 260-260', 'lock 260-300', 'seal 300-420'],
    },
    { description: 'nothing was seen', of: timeline(null, null, null, null), gives: null },
  ]
  for (const { description, of, gives } of cases)
    it(description, () => {
      const text = phasesOf(of)?.map(({ name, fromMs, toMs, includes }) => `${[...includes, name].join('+')} ${fromMs}-${toMs}`)
      assert.deepEqual(text ?? null, gives)
    })
})

describe('graph of the swarm', () => {
  const links = [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
    { from: 'c', to: 'unknown' },
  ]

  it('gives every node a place in the box, and keeps it while the nodes are the same', () => {
    const first = place(['a', 'b', 'c'], links, new Map())
    const box = boxOf(first.values())
    for (const { x, y } of first.values()) assert.ok(x > box.left && x < box.left + box.width && y > box.top && y < box.top + box.height)
    assert.equal(place(['c', 'b', 'a'], [], first), first)
    assert.deepEqual([...place(['a', 'b', 'c', 'd'], links, first).keys()], ['a', 'b', 'c', 'd'])
  })

  const at = (peerId: string, x: number, y: number): Placed => ({ peerId, x, y })
  const places = [at('middle', 0, 0), at('right', 50, 10), at('far right', 90, 0), at('above', 5, -40), at('aside', 20, 70)]
  const moves = [
    { key: 'ArrowRight', to: 'right' },
    { key: 'ArrowUp', to: 'above' },
    { key: 'ArrowDown', to: 'aside' },
    { key: 'ArrowLeft', to: null },
    { key: 'Enter', to: null },
  ]
  for (const { key, to } of moves)
    it(`${key} from the middle goes to ${to ?? 'nowhere'}`, () => {
      assert.equal(neighbour(at('middle', 0, 0), key, places)?.peerId ?? null, to)
    })
})
