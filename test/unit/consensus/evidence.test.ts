import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkEvidence, convict, evidenceOf, offenceOf } from '../../../src/consensus/evidence.ts'
import type { OffenceKind } from '../../../src/wire/evidence.ts'
import type { SignedStatement, Statement } from '../../../src/wire/types.ts'

const vote = (slot: number, block: string, validSlot: number | null = null): Statement => ({
  kind: 'vote',
  height: 5,
  slot,
  block,
  validSlot,
})
const lock = (slot: number, block: string): Statement => ({ kind: 'lock', height: 5, slot, block })
const seal = (block: string, height = 5): Statement => ({ kind: 'seal', height, block })
const candidate = (slot: number, block: string): Statement => ({ kind: 'candidate', height: 5, slot, block, validSlot: null })

describe('evidence', () => {
  const cases: readonly {
    readonly description: string
    readonly pair: readonly [Statement, Statement]
    readonly kind: OffenceKind | null
  }[] = [
    { description: 'seals of two blocks', pair: [seal('A'), seal('B')], kind: 'double-seal' },
    { description: 'seals of two heights', pair: [seal('A', 5), seal('B', 6)], kind: null },
    { description: 'votes for two blocks in a slot', pair: [vote(3, 'A'), vote(3, 'B')], kind: 'double-vote' },
    { description: 'votes for two blocks in two slots', pair: [vote(3, 'A'), vote(4, 'B')], kind: null },
    { description: 'a vote again with another justification', pair: [vote(3, 'A', 1), vote(3, 'A', 2)], kind: null },
    { description: 'locks on two blocks in a slot', pair: [lock(3, 'A'), lock(3, 'B')], kind: 'double-lock' },
    { description: 'locks on two blocks in two slots', pair: [lock(3, 'A'), lock(4, 'B')], kind: null },
    { description: 'two candidates in a slot', pair: [candidate(3, 'A'), candidate(3, 'B')], kind: 'double-candidate' },
    { description: 'a later vote for another block without a certificate', pair: [lock(3, 'A'), vote(4, 'B')], kind: 'amnesia' },
    { description: 'a certificate of the very slot of the lock', pair: [lock(3, 'A'), vote(5, 'B', 3)], kind: 'amnesia' },
    { description: 'a certificate of a slot above the lock', pair: [lock(3, 'A'), vote(5, 'B', 4)], kind: null },
    { description: 'a lock of slot 0, and no certificate', pair: [lock(0, 'A'), vote(1, 'B')], kind: 'amnesia' },
    { description: 'a lock of slot 0, and a certificate of slot 0', pair: [lock(0, 'A'), vote(1, 'B', 0)], kind: 'amnesia' },
    { description: 'a vote in the slot of the lock', pair: [lock(3, 'A'), vote(3, 'B')], kind: null },
    { description: 'a vote before the lock', pair: [lock(3, 'A'), vote(2, 'B')], kind: null },
    { description: 'a vote for the locked block', pair: [lock(3, 'A'), vote(4, 'A')], kind: null },
    { description: 'a seal against a vote', pair: [seal('A'), vote(4, 'B')], kind: null },
    { description: 'a candidate against a vote', pair: [candidate(3, 'A'), vote(3, 'B')], kind: null },
  ]
  for (const { description, pair, kind } of cases)
    it(`${kind ?? 'nothing'}: ${description}`, () => {
      assert.equal(offenceOf(pair[0], pair[1]), kind)
      assert.equal(offenceOf(pair[1], pair[0]), kind, 'in either order')
    })

  it('names exactly those who are in both certificates, however few they are', () => {
    const signed = (statement: Statement, signers: readonly number[]) => ({ statement, aggregate: { signers, signature: '' } })
    const members = fc.uniqueArray(fc.nat(9)).map((all) => all.sort((left, right) => left - right))
    fc.assert(
      fc.property(members, members, (left, right) => {
        const both = left.filter((member) => right.includes(member))
        const expected = both.length === 0 ? null : { kind: 'double-vote', height: 5, offenders: both }
        assert.deepEqual(convict(signed(vote(3, 'A'), left), signed(vote(3, 'B'), right)), expected)
        assert.equal(convict(signed(vote(3, 'A'), left), signed(vote(3, 'A'), right)), null)
      }),
    )
  })

  it('of two certificates is one, whichever was seen first, and convicts whom they convict', () => {
    const keyOf = (member: number): string => `${9 - member}`.repeat(96)
    const members = fc.uniqueArray(fc.nat(9), { maxLength: 6 })
    const hashed = (of: Statement): Statement => ({ ...of, block: of.block.repeat(64) })
    const some = fc.constantFrom(...cases.flatMap(({ pair }) => pair)).map((of) => hashed({ ...of, block: of.block.toLowerCase() }))
    let proven = 0
    fc.assert(
      fc.property(some, some, members, members, (left, right, leftMembers, rightMembers) => {
        const signed = (statement: Statement, of: readonly number[]): SignedStatement => ({
          ...{ statement, keys: of.map(keyOf).sort() },
          signature: '0a'.repeat(96),
        })
        const [first, second] = [signed(left, leftMembers), signed(right, rightMembers)]
        assert.deepEqual(evidenceOf(first, second), evidenceOf(second, first))
        const verdict = checkEvidence('0c'.repeat(32), evidenceOf(first, second), null)
        const ascending = (of: readonly number[]) => ({ signers: [...of].sort((one, other) => one - other), signature: '' })
        const conviction = convict(
          { statement: left, aggregate: ascending(leftMembers) },
          { statement: right, aggregate: ascending(rightMembers) },
        )
        if (verdict.kind !== 'accept') return assert.equal(conviction, null)
        proven++
        const { kind, height, offenders } = verdict.value
        const expected = { kind: conviction?.kind, height: conviction?.height, offenders: conviction?.offenders.map(keyOf).sort() }
        assert.deepEqual({ kind, height, offenders }, expected)
      }),
      { numRuns: 1000, seed: 20_261_121 },
    )
    assert.ok(proven > 50, `${proven}`)
  })
})
