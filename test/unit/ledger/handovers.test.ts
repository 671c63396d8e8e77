import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_HANDOVERS } from '../../../src/ledger/bounds.ts'
import type { Handover } from '../../../src/ledger/globals.ts'
import { epochEnd, lastEvidenceSlot, releasedEpoch, releaseSlot, withHandover } from '../../../src/ledger/handovers.ts'

const WINDOWS = { evidenceSlots: 20, unbondingSlots: 30 }
/** Ends of epochs in these slots, ten heights each. */
const ends = (...slots: number[]): Handover[] => slots.map((slot, epoch) => ({ epoch, height: 10 * (epoch + 1), slot }))
const appended = (slots: readonly number[], windows = WINDOWS): readonly Handover[] =>
  ends(...slots).reduce<readonly Handover[]>((known, next) => withHandover(known, next, windows), [])

describe('ledger: ends of epochs', () => {
  it('the block of a handover is the last of its epoch', () => {
    const handovers = ends(100, 200)
    const cases: [height: number, epoch: number | undefined][] = [
      [0, 0],
      [1, 0],
      [10, 0],
      [11, 1],
      [20, 1],
      [21, undefined],
      [9999, undefined],
    ]
    for (const [height, epoch] of cases) assert.equal(epochEnd({ handovers }, height)?.epoch, epoch, `height ${height}`)
    assert.equal(epochEnd({ handovers: [] }, 1), null)
  })

  it('coins come back after the last evidence', () => {
    const [end] = ends(100) as [Handover]
    assert.deepEqual([lastEvidenceSlot(end, WINDOWS), releaseSlot(end, WINDOWS)], [120, 130])
    const handovers = ends(100, 110, 160)
    const released = [129, 130, 139, 140, 189, 190].map((slot) => releasedEpoch({ handovers }, WINDOWS, slot))
    assert.deepEqual(released, [null, 0, 0, 1, 1, 2])
    assert.equal(releasedEpoch({ handovers: [] }, WINDOWS, 1000), null)
  })

  const kept: { description: string; slots: number[]; expected: number[] }[] = [
    { description: 'the first', slots: [100], expected: [100] },
    { description: 'all for which bonds wait', slots: [100, 115, 129], expected: [100, 115, 129] },
    { description: 'the newest for which none waits any more', slots: [100, 130], expected: [100, 130] },
    { description: 'no older one than that', slots: [100, 101, 131], expected: [101, 131] },
    { description: 'both of two that are a slot short of it', slots: [100, 102, 131], expected: [100, 102, 131] },
    { description: 'one after a long halt', slots: [1, 2, 3, 4, 5000], expected: [4, 5000] },
  ]
  for (const { description, slots, expected } of kept)
    it(`${slots.join(', ')}: of those is kept ${description}`, () => {
      assert.deepEqual(
        appended(slots).map(({ slot }) => slot),
        expected,
      )
    })

  it('property: what is forgotten changes no verdict, now or later', () => {
    let forgotten = 0
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 90 })), { minLength: 1, maxLength: 30, size: 'max' }),
        fc.record({ evidenceSlots: fc.nat(30), more: fc.integer({ min: 1, max: 30 }) }),
        (gaps, { evidenceSlots, more }) => {
          const windows = { evidenceSlots, unbondingSlots: evidenceSlots + more }
          let slot = 0
          let handovers: readonly Handover[] = []
          const all: Handover[] = []
          for (const [epoch, gap] of gaps.entries()) {
            slot += gap
            const next = { epoch, height: 3 * (epoch + 1), slot }
            all.push(next)
            handovers = withHandover(handovers, next, windows)
            forgotten += all.length - handovers.length
            const of = { handovers }
            for (const later of [slot, slot + 1, slot + evidenceSlots, slot + evidenceSlots + 1, slot + windows.unbondingSlots]) {
              for (let height = 0; height <= 3 * (epoch + 2); height++) {
                const isInTime = (end: Handover | null): boolean => end === null || later <= lastEvidenceSlot(end, windows)
                assert.equal(isInTime(epochEnd(of, height)), isInTime(epochEnd({ handovers: all }, height)), `height ${height}`)
                if (isInTime(epochEnd(of, height))) assert.deepEqual(epochEnd(of, height), epochEnd({ handovers: all }, height))
              }
              assert.equal(releasedEpoch(of, windows, later), releasedEpoch({ handovers: all }, windows, later))
            }
          }
        },
      ),
      { numRuns: 200, seed: 20_261_121 },
    )
    assert.ok(forgotten > 1000)
  })

  it('are at most as many as the state remembers where genesis is right, however fast elections follow each other', () => {
    // A handover settles an election that was opened after the one before: more slots than it has lie between them.
    for (const electionSlots of [1, 2, 7]) {
      const windows = { evidenceSlots: 1, unbondingSlots: (MAX_HANDOVERS - 2) * electionSlots }
      let handovers: readonly Handover[] = []
      let most = 0
      for (let epoch = 0; epoch < 3000; epoch++) {
        handovers = withHandover(handovers, { epoch, height: epoch, slot: epoch * (electionSlots + 1) }, windows)
        most = Math.max(most, handovers.length)
      }
      assert.ok(most <= MAX_HANDOVERS && most > MAX_HANDOVERS / 3, `${most}`)
    }
  })
})
