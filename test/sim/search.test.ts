import assert from 'node:assert/strict'
import { mutants } from './mutants.ts'
import { search } from './search.ts'
import type { Machine } from './world.ts'

const mostStates = 200_000

function mutant(description: string): Machine {
  const found = mutants.find((known) => known.description === description)
  assert.ok(found !== undefined, description)
  return found.machine
}

describe('search: every course of the machine in a little world', () => {
  it('two heights in two slots violate nothing', () => {
    const { states, isComplete, violation, finalStates } = search({ slots: 2, heights: 2, messages: 1, restarts: 0, mostStates })
    assert.equal(violation, null)
    assert.ok(isComplete)
    assert.ok(states > 50_000, `only ${states} states`)
    assert.ok(
      finalStates.every((count) => count > 0),
      `blocks by height: ${finalStates.join(', ')}`,
    )
  })

  it('nor do two messages a phase and a restart in one slot', () => {
    const { isComplete, violation } = search({ slots: 1, heights: 1, messages: 2, restarts: 1, mostStates })
    assert.equal(violation, null)
    assert.ok(isComplete)
  })

  for (const [description, slots, messages, restarts, check] of [
    ['a guard that forgets its locks', 2, 1, 0, /could be accused|sealed|^lock/],
    ['a guard that forgets its vote', 1, 2, 0, /could be accused: vote/],
    ['a restart that ignores the record', 1, 2, 1, /could be accused|before it is on disk|duplicate-instance/],
    ['a signature that leaves before its record is on disk', 1, 1, 0, /before it is on disk/],
  ] as const) {
    it(`finds ${description}`, () => {
      const { violation } = search({ slots, heights: 1, messages, restarts, mostStates, machine: mutant(description) })
      assert.ok(violation !== null, 'nothing found')
      assert.match(violation.check, check)
      assert.ok(violation.steps.length > 1)
    })
  }
})
