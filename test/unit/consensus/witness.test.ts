import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_WITNESSED_STATEMENTS, WITNESSED_HEIGHTS } from '../../../src/consensus/bounds.ts'
import { checkEvidence, offenceOf } from '../../../src/consensus/evidence.ts'
import { emptyRecord, type GuardRecord, permit } from '../../../src/consensus/guard.ts'
import { Witness } from '../../../src/consensus/witness.ts'
import type { OffenceKind } from '../../../src/wire/evidence.ts'
import type { Certificate, Evidence, SignedStatement, Statement, VoteStatement } from '../../../src/wire/types.ts'

const HEIGHT = 5
const keyOf = (signer: number): string => signer.toString(16).padStart(96, '0')
const blockOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0')

const vote = (slot: number, block: string, validSlot: number | null = null, height = HEIGHT): Statement => ({
  ...{ kind: 'vote', height, slot },
  ...{ block: blockOf(block), validSlot },
})
const candidate = (slot: number, block: string): Statement => ({
  ...{ kind: 'candidate', height: HEIGHT, slot },
  ...{ block: blockOf(block), validSlot: null },
})
const lock = (slot: number, block: string): Statement => ({ kind: 'lock', height: HEIGHT, slot, block: blockOf(block) })
const seal = (block: string, height = HEIGHT): Statement => ({ kind: 'seal', height, block: blockOf(block) })
const by = (statement: Statement, ...signers: readonly number[]): SignedStatement => ({
  ...{ statement, keys: signers.map(keyOf) },
  signature: '0a'.repeat(96),
})

/** What evidence proves, and by how many signers of each statement. */
const shown = (of: readonly Evidence[]) =>
  of.map((one) => {
    const verdict = checkEvidence('0c'.repeat(32), one, null)
    assert.ok(verdict.kind === 'accept', JSON.stringify(verdict))
    const { kind, offenders } = verdict.value
    return [kind, ...offenders.map((key) => Number.parseInt(key, 16))] as const
  })
/** All that is found, statement by statement. */
function found(all: readonly SignedStatement[], witness = new Witness()) {
  return all.map((one) => shown(witness.note(one)))
}

describe('witness', () => {
  const pairs: readonly { readonly kind: OffenceKind; readonly first: Statement; readonly second: Statement }[] = [
    { kind: 'double-candidate', first: candidate(3, 'A'), second: candidate(3, 'B') },
    { kind: 'double-vote', first: vote(3, 'A'), second: vote(3, 'B', 2) },
    { kind: 'double-lock', first: lock(3, 'A'), second: lock(3, 'B') },
    { kind: 'double-seal', first: seal('A'), second: seal('B') },
    { kind: 'amnesia', first: lock(3, 'A'), second: vote(4, 'B') },
    { kind: 'amnesia', first: lock(0, 'A'), second: vote(1, 'B', 0) },
  ]
  for (const { kind, first, second } of pairs) {
    it(`finds ${kind} in either order, of one and of whoever is in both certificates`, () => {
      for (const [left, right] of [
        [first, second],
        [second, first],
      ] as const) {
        assert.deepEqual(found([by(left, 7), by(right, 7)]), [[], [[kind, 7]]])
        assert.deepEqual(found([by(left, 1, 2, 3), by(right, 2, 3, 4)]), [[], [[kind, 2, 3]]])
        assert.deepEqual(found([by(left, 1, 2), by(right, 3, 4)]), [[], []])
        // With whatever lies between the two.
        assert.deepEqual(found([by(left, 7), by(vote(9, 'C', 8), 1, 7), by(seal('C', 6), 7), by(right, 7)]).at(-1), [[kind, 7]])
      }
    })
  }

  it('finds nothing in what the same verifiers may say', () => {
    const honest = [candidate(3, 'A'), vote(3, 'A'), lock(3, 'A'), vote(4, 'A', 3), lock(4, 'A'), vote(6, 'B', 5), lock(6, 'B'), seal('B')]
    assert.deepEqual(
      found(honest.map((statement) => by(statement, 1, 2, 3))),
      honest.map(() => []),
    )
  })

  it('gives each offence once, whoever shows it and however often', () => {
    const witness = new Witness()
    assert.deepEqual(found([by(vote(3, 'A'), 1), by(vote(3, 'B'), 1)], witness), [[], [['double-vote', 1]]])
    assert.deepEqual(found([by(vote(3, 'B'), 1), by(vote(3, 'A'), 1), by(vote(3, 'C'), 1), by(vote(4, 'A'), 1)], witness), [[], [], [], []])
    // Another slot of the same height and kind is the same offence; another kind is not.
    assert.deepEqual(found([by(vote(4, 'B'), 1), by(lock(2, 'Z'), 1)], witness), [[], [['amnesia', 1]]])
    // A certificate shows it again, and somebody else's besides.
    assert.deepEqual(found([by(vote(3, 'B'), 1, 2), by(vote(3, 'A'), 1, 2)], witness), [[], [['double-vote', 1, 2]]])
  })

  it('gives what proves a fork though all of its offenders showed parts of it before', () => {
    const witness = new Witness()
    const note = (statement: Statement, signers: readonly number[], isEnough: boolean) =>
      shown(witness.note(by(statement, ...signers), isEnough))
    assert.deepEqual(note(seal('A'), [5, 6, 7], false), [])
    assert.deepEqual(note(seal('B'), [5, 6, 7], false), [['double-seal', 5, 6, 7]])
    // Each of its signers was heard alone before: still it is kept as the one object that it is.
    for (const honest of [1, 2]) assert.deepEqual(note(seal('A'), [honest], false), [])
    assert.deepEqual(note(seal('A'), [1, 2, 5, 6, 7], true), [])
    const proof = witness.note(by(seal('B'), 3, 4, 5, 6, 7), true)
    assert.deepEqual(shown(proof), [['double-seal', 5, 6, 7]])
    assert.deepEqual([proof[0]?.first.keys.length, proof[0]?.second.keys.length], [5, 5])
    assert.deepEqual(note(seal('B'), [3, 4, 5, 6, 7, 8], true), [], 'once a height')
  })

  it('gives both pairs where one statement shows two offences', () => {
    const all = found([by(vote(3, 'A'), 1), by(lock(2, 'A'), 2), by(vote(3, 'B'), 1, 2)])
    assert.deepEqual(all.at(-1), [
      ['double-vote', 1],
      ['amnesia', 2],
    ])
  })

  it('a certificate with more signers takes the place of those within it, and says what they said', () => {
    const witness = new Witness()
    found([by(vote(3, 'A'), 1), by(vote(3, 'A'), 2), by(vote(3, 'A'), 1, 2, 3)], witness)
    const [evidence] = witness.note(by(vote(3, 'B'), 1))
    assert.ok(evidence !== undefined)
    assert.deepEqual([evidence.first.keys.length, evidence.second.keys.length].sort(), [1, 3])
    // And one with fewer says nothing new.
    assert.deepEqual(witness.note(by(vote(3, 'A'), 2, 3)), [])
  })

  it('knows who has said what', () => {
    const witness = new Witness()
    found([by(vote(3, 'A'), 1, 2), by(vote(3, 'A'), 3), by(seal('A'), 1)], witness)
    const cases: [SignedStatement, boolean][] = [
      [by(vote(3, 'A'), 1, 2, 3), true],
      [by(vote(3, 'A'), 2, 3), true],
      [by(vote(3, 'A'), 1, 4), false],
      [by(vote(3, 'A', 1), 1), false],
      [by(vote(4, 'A'), 1), false],
      [by(vote(3, 'B'), 1), false],
      [by(lock(3, 'A'), 1), false],
      [by(seal('A'), 1), true],
      [by(seal('A', 6), 1), false],
      [by(seal('A', 6)), true],
    ]
    for (const [signed, expected] of cases) assert.equal(witness.knows(signed), expected, JSON.stringify(signed))
  })

  it('of the statements of a height keeps those that are missed most: newer ones, and of these what binds longest', () => {
    /** Whether the statement is still known after so many others that no evidence comes of. */
    const outlasts = (statement: Statement, others: (index: number) => Statement, count = 2 * MAX_WITNESSED_STATEMENTS): boolean => {
      const witness = new Witness()
      witness.note(by(statement, 0))
      for (let index = 0; index < count; index++) assert.deepEqual(witness.note(by(others(index), 1 + (index % 200))), [])
      return witness.knows(by(statement, 0))
    }
    const votes = (index: number): Statement => vote(1000 + index, 'V', 999)
    const candidates = (index: number): Statement => candidate(1000 + index, 'V')
    const locks = (index: number): Statement => lock(1000 + index, 'V')
    assert.equal(outlasts(seal('A'), votes), true)
    assert.equal(outlasts(seal('A'), locks), true)
    assert.equal(outlasts(lock(3, 'A'), votes), true)
    assert.equal(outlasts(vote(3, 'A'), candidates), true)
    assert.equal(outlasts(lock(3, 'A'), locks), false)
    assert.equal(outlasts(vote(3, 'A'), votes), false)
    assert.equal(outlasts(vote(3, 'A'), locks), false)
    assert.equal(outlasts(candidate(3, 'A'), candidates), false)
    assert.equal(outlasts(vote(3, 'A'), votes, MAX_WITNESSED_STATEMENTS - 1), true)
    assert.equal(outlasts(vote(3, 'A'), votes, MAX_WITNESSED_STATEMENTS), false)
    // Older ones go first, however many there are.
    assert.equal(
      outlasts(vote(3000, 'A'), (index) => vote(index, 'V', null)),
      true,
    )
  })

  it('a verifier cannot push its vote out by harmless variants of another, before it votes for another block', () => {
    const orders = [(index: number) => index, (index: number) => 2 * MAX_WITNESSED_STATEMENTS - index]
    for (const validSlotAt of orders) {
      const witness = new Witness()
      witness.note(by(vote(5000, 'A'), 1))
      // Votes for one block that claim another certificate each: no two of them are an offence.
      for (let index = 0; index < 2 * MAX_WITNESSED_STATEMENTS; index++)
        assert.deepEqual(witness.note(by(vote(5000, 'Z', validSlotAt(index)), 2)), [])
      assert.deepEqual(shown(witness.note(by(vote(5000, 'B'), 1))), [['double-vote', 1]])
    }
  })

  it('nor can one that is lost anyway, by votes for ever more blocks', () => {
    const witness = new Witness()
    witness.note(by(vote(5000, 'A'), 1))
    for (let index = 0; index < 2 * MAX_WITNESSED_STATEMENTS; index++)
      assert.equal(witness.note(by(vote(5000, `Z${index}`), 2)).length, index === 1 ? 1 : 0)
    for (let index = 0; index < 2 * MAX_WITNESSED_STATEMENTS; index++) witness.note(by(seal(`Z${index}`), 2))
    assert.deepEqual(shown(witness.note(by(vote(5000, 'B'), 1))), [['double-vote', 1]])
  })

  it('of variants of a vote keeps the one that claims least: it conflicts with every lock that any other does', () => {
    for (const slots of [
      [7, 4, 9],
      [4, 7, 9],
      [9, 7, 4],
    ]) {
      const witness = new Witness()
      for (const validSlot of slots) witness.note(by(vote(10, 'B', validSlot), 1))
      assert.deepEqual(shown(witness.note(by(lock(3, 'A'), 1))), [])
      assert.deepEqual(shown(witness.note(by(lock(4, 'A'), 1))), [['amnesia', 1]])
    }
  })

  it('keeps the newest heights', () => {
    const witness = new Witness()
    const heights = [1, 2, 3]
    for (const height of heights) witness.note(by(seal('A', height), 1))
    witness.settle(WITNESSED_HEIGHTS + 1)
    assert.deepEqual(
      heights.map((height) => witness.knows(by(seal('A', height), 1))),
      [false, true, true],
    )
    // What is older than that is not taken up again, and neither is what nobody can have signed yet.
    for (const height of [1, 0, 2 * WITNESSED_HEIGHTS + 1, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(found([by(seal('A', height), 1), by(seal('B', height), 1)], witness), [[], []])
      assert.equal(witness.knows(by(seal('A', height), 1)), false)
    }
    assert.deepEqual(found([by(seal('B', 2), 1)], witness), [[['double-seal', 1]]])
    // A height that was let go stays let go.
    witness.settle(2 * WITNESSED_HEIGHTS)
    assert.deepEqual(found([by(seal('A', 2), 1), by(seal('B', 2), 1)], witness), [[], []])
  })

  it('takes nobody for a signer', () => {
    assert.deepEqual(found([by(seal('A')), by(seal('B'))]), [[], []])
  })
})

// Whoever keeps the rules

interface Wish {
  readonly kind: Statement['kind']
  readonly height: number
  readonly slot: number
  readonly block: string
  readonly validSlot: number | null
}
const wish = fc.record({
  kind: fc.constantFrom('candidate' as const, 'vote' as const, 'vote' as const, 'lock' as const, 'seal' as const),
  height: fc.integer({ min: 1, max: 3 }),
  slot: fc.nat(12),
  block: fc.constantFrom('A', 'B', 'C'),
  validSlot: fc.option(fc.nat(12), { nil: null }),
})
const statementOf = ({ kind, height, slot, block, validSlot }: Wish): Statement => {
  const fields = { height, slot, block: blockOf(block) }
  if (kind === 'seal') return { kind, height, block: fields.block }
  return kind === 'lock' ? { kind, ...fields } : { kind, ...fields, validSlot }
}
const votedFor = ({ height, slot, block }: Wish): Certificate<VoteStatement> => ({
  statement: { kind: 'vote', height, slot, block: blockOf(block), validSlot: null },
  aggregate: { signers: [0, 1, 2], signature: '0a'.repeat(96) },
})

/** An honest verifier: what its guard permits it signs, once it is on disk; a crash forgets what is not. */
class Guarded {
  #record: GuardRecord = emptyRecord
  readonly said: Statement[] = []

  ask(wanted: Wish, crashes: boolean): void {
    const statement = statementOf(wanted)
    const permission = permit(this.#record, statement, wanted.kind === 'lock' ? votedFor(wanted) : undefined)
    if (!permission.granted) return
    this.#record = permission.record
    // It is on disk; the signature may be lost with a crash, or leave and be shown much later.
    if (!crashes) this.said.push(statement)
  }
}

describe('witness: whoever keeps the rules', () => {
  const VERIFIERS = 4
  const asked = fc.array(fc.record({ verifier: fc.nat(VERIFIERS - 1), wish, crashes: fc.nat(9).map((chance) => chance === 0) }), {
    maxLength: 120,
    size: 'max',
  })

  it('property: is never found guilty, in whatever order and certificates its statements are shown', () => {
    let signed = 0
    fc.assert(
      fc.property(asked, fc.infiniteStream(fc.nat(1 << 16)), (all, chances) => {
        const next = (end: number): number => (chances.next().value ?? 0) % end
        const verifiers = Array.from({ length: VERIFIERS }, () => new Guarded())
        for (const { verifier, wish: wanted, crashes } of all) verifiers[verifier]?.ask(wanted, crashes)
        const said = new Map<string, { statement: Statement; signers: number[] }>()
        for (const [signer, verifier] of verifiers.entries())
          for (const statement of verifier.said) {
            const text = JSON.stringify(statement)
            const known = said.get(text) ?? { statement, signers: [] }
            said.set(text, known)
            known.signers.push(signer)
            signed++
          }
        // Any certificates of them: all signers, some, each alone; some again; shuffled.
        const shownAll = [...said.values()].flatMap(({ statement, signers }) => [
          by(statement, ...signers),
          ...signers.map((signer) => by(statement, signer)),
          by(statement, ...signers.filter(() => next(2) === 0)),
        ])
        const witness = new Witness()
        while (shownAll.length > 0) {
          const [one] = shownAll.splice(next(shownAll.length), 1)
          assert.deepEqual(one === undefined ? [] : witness.note(one), [])
        }
      }),
      { numRuns: 300, seed: 20_261_121 },
    )
    assert.ok(signed > 4000, `only ${signed} statements were signed`)
  })

  it('property: whoever does not is found, by exactly what an unbounded memory of all pairs finds', () => {
    const counts = new Map<string, number>()
    fc.assert(
      fc.property(
        fc.array(fc.tuple(wish, fc.uniqueArray(fc.nat(VERIFIERS - 1), { minLength: 1 })), { maxLength: 40, size: 'max' }),
        (all) => {
          const witness = new Witness()
          const before: SignedStatement[] = []
          const named = new Set<string>()
          const expected = new Set<string>()
          for (const [wanted, signers] of all) {
            const signed = by(statementOf(wanted), ...signers.sort((left, right) => left - right))
            for (const other of before) {
              const kind = offenceOf(other.statement, signed.statement)
              if (kind === null) continue
              for (const key of signed.keys) if (other.keys.includes(key)) expected.add(`${kind} ${signed.statement.height} ${key}`)
            }
            before.push(signed)
            const news = witness.note(signed)
            for (const one of news) {
              const verdict = checkEvidence('0c'.repeat(32), one, null)
              assert.ok(verdict.kind === 'accept')
              const { kind, height, offenders } = verdict.value
              const offences = offenders.map((key) => `${kind} ${height} ${key}`)
              assert.ok(
                offences.some((offence) => !named.has(offence)),
                'evidence shows an offence that was not given',
              )
              for (const offence of offences) named.add(offence)
            }
          }
          // Of a phase and slot two blocks are kept: a third may be what a lock that comes later would have been held against.
          for (const offence of named) assert.ok(expected.has(offence))
          for (const offence of expected) {
            const [kind = ''] = offence.split(' ')
            if (kind !== 'amnesia') assert.ok(named.has(offence), offence)
            count(counts, named.has(offence) ? kind : `missed ${kind}`)
          }
          const guilty = (of: ReadonlySet<string>): Set<string> => new Set([...of].map((offence) => offence.split(' ').slice(1).join(' ')))
          assert.deepEqual(guilty(named), guilty(expected), 'whoever is guilty at a height is named for something there')
        },
      ),
      { numRuns: 500, seed: 20_261_121 },
    )
    for (const kind of ['double-candidate', 'double-vote', 'double-lock', 'double-seal', 'amnesia'])
      assert.ok((counts.get(kind) ?? 0) > 100, kind)
    assert.ok((counts.get('missed amnesia') ?? 0) * 100 < (counts.get('amnesia') ?? 0))
  })
})

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
