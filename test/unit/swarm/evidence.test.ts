import assert from 'node:assert/strict'
import type { EvidenceEvent } from '../../../src/api/evidence-types.ts'
import type { Behaviour } from '../../../src/cli/swarm/adversaries.ts'
import { EvidenceBook, evidenceWords } from '../../../src/cli/swarm/evidence.ts'

/** A swarm of three honest nodes and some adversaries, whose clock the test turns. */
function bookOf(adversaries: ReadonlyMap<string, Behaviour>) {
  const notes: string[] = []
  const clock = { nowMs: 1_000 }
  const honest = ['v1', 'v2', 'v3']
  const book = new EvidenceBook({
    ...{ adversaries, slotMs: 1000, nameOf: (address: string) => `v${address}`, honest: () => honest },
    ...{ note: (text: string) => void notes.push(text), nowMs: () => clock.nowMs },
  })
  return { book, notes, clock, honest }
}

const found = (offender: string, seenAtMs: number, changes: Partial<EvidenceEvent> = {}): EvidenceEvent => ({
  ...{ kind: 'evidence', state: 'found', id: '', offence: 'double-seal', height: 9, seenAtMs, punished: null },
  offenders: [{ address: offender, peerId: '' }],
  ...changes,
})
const slashed = { verifier: '4', stakeDroplets: 50_000_000, delegatedDroplets: 5, unbondingDroplets: 7 }
const punished: Partial<EvidenceEvent> = {
  state: 'punished',
  punished: { height: 11, slashedDroplets: 50_000_012, rewardDroplets: 1, reporter: null, slashed: [slashed] },
}
const offence = { kind: 'double-seal', height: 9, slot: 12, firstAtMs: 2_000, atMs: 2_001 } as const

describe('what a swarm tells of an offence', () => {
  it('from the deed to the new quorum, line by line, with the times since the first signature', () => {
    const { book, notes, clock } = bookOf(new Map([['v4', 'double-seal']]))
    book.deed('v4', offence)
    book.heard('v2', found('4', 2_050))
    book.heard('v1', found('4', 2_300))
    book.heard('v1', found('4', 2_900))
    assert.equal(book.isComplete(0), false)
    book.heard('v3', found('4', 2_200))
    clock.nowMs = 4_000
    book.heard('v3', found('4', 2_200, punished))
    clock.nowMs = 4_100
    book.heard('v1', found('4', 2_300, punished))
    assert.equal(book.isComplete(0), false)
    clock.nowMs = 14_000
    book.settled({ height: 20, number: 1, by: 'stake' })
    assert.equal(book.isComplete(0), true)
    assert.deepEqual(notes, [
      'v4: double-seal at height 9, in slot 12',
      '+50 ms  v2 has the proof of double-seal of v4 at height 9',
      '+300 ms  all 3 honest nodes have the proof of double-seal of v4 at height 9',
      '+2.0 s  block 11 punishes double-seal of v4 at height 9: 50.000012 coins slashed',
      '+12 s  a new quorum signs from height 21 on, after double-seal of v4 at height 9',
    ])
    const { adversaries, evidence } = book.report()
    assert.deepEqual(adversaries, [{ node: 'v4', kind: 'double-seal', deeds: 1 }])
    assert.deepEqual(evidence, [
      {
        ...{ kind: 'double-seal', offender: 'v4', height: 9, isHonest: false, since: 'first-signature', isDue: true },
        ...{ seenAtMs: { first: 50, all: 300 }, inBlock: 11, inBlockMs: 2_000, slashed: 50_000_012, newQuorumMs: 12_000 },
      },
    ])
    assert.deepEqual(evidenceWords(adversaries, evidence), [
      'double-seal of v4 at height 9: proven at the first honest node after 50 ms, at all after 300 ms; in block 11 after 2.0 s, 50.000012 coins slashed; new quorum after 12 s',
    ])
  })

  it('the block that punishes may be the one that settles an election, in whatever order it is told', () => {
    const { book } = bookOf(new Map([['v4', 'double-seal']]))
    book.settled({ height: 10, number: 1, by: 'stake' })
    book.settled({ height: 11, number: 2, by: 'kept' })
    book.heard('v1', found('4', 1_500, punished))
    assert.equal(book.report().evidence[0]?.newQuorumMs, null)
    book.settled({ height: 11, number: 2, by: 'stake' })
    book.settled({ height: 30, number: 3, by: 'stake' })
    assert.equal(book.report().evidence[0]?.newQuorumMs, 0)
  })

  it('evidence of which no adversary has said anything: the times are those since the start', () => {
    const { book } = bookOf(new Map())
    book.heard('v1', found('2', 1_700))
    const [one] = book.report().evidence
    assert.deepEqual([one?.since, one?.seenAtMs, one?.isHonest, one?.isDue], ['start', { first: 700, all: null }, true, true])
  })

  it('an offence is due when it is old enough for everybody to know', () => {
    const { book, clock, honest } = bookOf(new Map([['v4', 'double-seal']]))
    book.deed('v4', offence)
    clock.nowMs = offence.atMs + 10_000
    assert.deepEqual([book.report().evidence[0]?.isDue, book.report().evidence[0]?.seenAtMs], [false, { first: null, all: null }])
    clock.nowMs++
    assert.equal(book.report().evidence[0]?.isDue, true)
    book.heard('v1', found('4', 2_050))
    assert.equal(book.report().evidence[0]?.seenAtMs.all, null)
    assert.deepEqual(evidenceWords([], book.report().evidence), [
      'double-seal of v4 at height 9: proven at the first honest node after 50 ms, not at all of them; in no block; no new quorum',
    ])
    honest.splice(1)
    assert.equal(book.report().evidence[0]?.seenAtMs.all, 50, 'whoever is down need not know')
  })

  it('who breaks no rule of signing is watched for a while', () => {
    const { book, notes } = bookOf(new Map<string, Behaviour>([['v4', 'withhold']]))
    for (const slot of [3, 5]) book.deed('v4', { kind: 'withhold', height: 3, slot, firstAtMs: 0, atMs: 0 })
    assert.deepEqual(notes, ['v4: withhold, in slot 3 for the first time'])
    assert.deepEqual([book.isComplete(29_999), book.isComplete(30_000)], [false, true])
    const { adversaries, evidence } = book.report()
    assert.deepEqual(evidence, [])
    assert.deepEqual(evidenceWords(adversaries, evidence), ['v4 (withhold) led 2 slots into nothing'])
  })

  it('who got no chance, and an offence of which nothing came', () => {
    const { book } = bookOf(new Map(Object.entries({ v4: 'double-seal', v5: 'amnesia' } as const)))
    book.deed('v4', offence)
    const { adversaries, evidence } = book.report()
    assert.deepEqual(evidenceWords(adversaries, evidence), ['v5 (amnesia) got no chance', 'double-seal of v4 at height 9: not proven'])
  })
})
