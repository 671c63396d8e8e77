import assert from 'node:assert/strict'
import fc from 'fast-check'
import { emptyRecord, type GuardRecord, permit, recordUnder } from '../../../src/consensus/guard.ts'
import { unionOf } from '../../../src/consensus/guard-union.ts'
import type { Certificate, Statement, VoteStatement } from '../../../src/wire/types.ts'

const blocks = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32))
const voted = (height: number, slot: number, block: string): Certificate<VoteStatement> => ({
  statement: { kind: 'vote', height, slot, block, validSlot: null },
  aggregate: { signers: [0], signature: '00'.repeat(96) },
})

/** Anything that somebody may be asked to sign at a few heights and slots. */
const wanted: fc.Arbitrary<Statement> = fc
  .record({
    kind: fc.constantFrom('candidate', 'vote', 'lock', 'seal'),
    height: fc.integer({ min: 5, max: 7 }),
    slot: fc.integer({ min: 1, max: 9 }),
    block: fc.constantFrom(...blocks),
    validSlot: fc.option(fc.integer({ min: 0, max: 8 })),
  })
  .map(({ kind, height, slot, block, validSlot }): Statement => {
    if (kind === 'candidate' || kind === 'vote') return { kind, height, slot, block, validSlot }
    return kind === 'lock' ? { kind, height, slot, block } : { kind: 'seal', height, block }
  })

const ask = (record: GuardRecord, statement: Statement) =>
  permit(record, statement, statement.kind === 'lock' ? voted(statement.height, statement.slot, statement.block) : undefined)

interface Signed {
  readonly record: GuardRecord
  readonly statements: readonly string[]
}
/** Signs of what it is asked what it may. */
function sign(from: Signed, asked: readonly Statement[]): Signed {
  return asked.reduce(({ record, statements }, statement) => {
    const permission = ask(record, statement)
    return permission.granted
      ? { record: permission.record, statements: [...statements, JSON.stringify(statement)] }
      : { record, statements }
  }, from)
}
const nothing: Signed = { record: emptyRecord, statements: [] }

describe('the union of two records', () => {
  it('allows nothing new that one of them forbids, whether one follows from the other or both went on', () => {
    const asks = fc.array(wanted, { maxLength: 25 })
    let granted = 0
    let united = 0
    fc.assert(
      fc.property(asks, asks, asks, fc.array(wanted, { minLength: 40, maxLength: 40 }), (before, left, right, tries) => {
        const common = sign(nothing, before)
        const [one, other] = [sign(common, left), sign(common, right)]
        const union = unionOf(one.record, other.record)
        if (union === null) return
        united++
        for (const statement of tries) {
          if (!ask(union, statement).granted) continue
          granted++
          const isOld = [...one.statements, ...other.statements].includes(JSON.stringify(statement))
          assert.ok(isOld || (ask(one.record, statement).granted && ask(other.record, statement).granted), JSON.stringify(statement))
        }
      }),
      { seed: 7, numRuns: 3000 },
    )
    assert.ok(granted > 1000 && united > 1000, `${united} unions, ${granted} granted`)
  })

  it('is the record itself with itself, with an empty one, and with an earlier one of the same life', () => {
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 25 }), fc.array(wanted, { maxLength: 25 }), (before, since) => {
        const early = sign(nothing, before)
        const { record } = sign(early, since)
        for (const other of [record, emptyRecord, early.record]) {
          assert.deepEqual(unionOf(record, other), record)
          assert.deepEqual(unionOf(other, record), record)
        }
      }),
      { seed: 7, numRuns: 1000 },
    )
  })

  it('there is none of seals of two blocks at one height', () => {
    const [A = '', B = ''] = blocks
    const sealed = (block: string): GuardRecord => ({ ...emptyRecord, seal: { height: 5, block } })
    assert.equal(unionOf(sealed(A), sealed(B)), null)
    assert.deepEqual(unionOf(sealed(A), sealed(A)), sealed(A))
  })

  it('keeps what was signed under the id before a recovery, in either order', () => {
    const [A = ''] = blocks
    const before: GuardRecord = { ...emptyRecord, vote: { height: 6, slot: 8, block: A, validSlot: null }, seal: { height: 5, block: A } }
    const early: GuardRecord = { ...emptyRecord, seal: { height: 4, block: A } }
    const after = recordUnder(early, 'dd'.repeat(32))
    for (const union of [unionOf(before, after), unionOf(after, before)]) {
      assert.equal(union?.signingId, 'dd'.repeat(32))
      assert.equal(union?.floorSlot, 8)
      assert.deepEqual(union?.left, [{ signingId: null, height: 6 }])
    }
  })
})
