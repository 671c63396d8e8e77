import assert from 'node:assert/strict'
import type { SettledEvent } from '../../../src/cli/swarm/node-client.ts'
import { Alarms, electionNote } from '../../../src/cli/swarm/notes.ts'

const alarm = { node: 'v1', atMs: 1_000, code: 'no-quorum', detail: 'too few' }

describe('alarms of a swarm', () => {
  for (const { description, next, told } of [
    { description: 'the same once more in the next status', next: alarm, told: 1 },
    { description: 'one that lasts, told anew a moment later', next: { ...alarm, atMs: 6_000 }, told: 1 },
    { description: 'the same after a minute', next: { ...alarm, atMs: 61_000 }, told: 2 },
    { description: 'another one of the same node', next: { ...alarm, code: 'no-peers' }, told: 2 },
    { description: 'the same of another node', next: { ...alarm, node: 'v2' }, told: 2 },
  ]) {
    it(description, () => {
      const notes: string[] = []
      const alarms = new Alarms((text) => void notes.push(text))
      for (const one of [alarm, next]) alarms.add(one)
      assert.equal(alarms.seen.length, told)
      assert.equal(notes.length, told)
      assert.equal(notes[0], 'v1: too few (no-quorum)')
    })
  }

  it('no more than a hundred', () => {
    const alarms = new Alarms(() => {})
    for (let index = 0; index < 150; index++) alarms.add({ ...alarm, node: `v${index}` })
    assert.equal(alarms.seen.length, 100)
  })
})

describe('the outcome of an election in a line', () => {
  const event = (...names: readonly string[]): SettledEvent => ({
    ...{ kind: 'election', state: 'settled', height: 25, number: 2, by: 'slips', votedDroplets: 1, quorum: '' },
    elected: names.map((verifier) => ({ verifier, score: 1, stakeDroplets: 1 })),
  })
  for (const { description, names, line } of [
    { description: 'names in their order', names: ['10', '9', '1'], line: 'election 2, by slips: v1, v9, v10 sign from height 26 on' },
    {
      description: 'the first of many',
      names: Array.from({ length: 12 }, (_, index) => `${index + 1}`),
      line: 'election 2, by slips: v1, v2, v3, v4, v5, v6, v7, v8, 4 more sign from height 26 on',
    },
  ]) {
    it(description, () =>
      assert.equal(
        electionNote(event(...names), (address) => `v${address}`),
        line,
      ),
    )
  }
})
