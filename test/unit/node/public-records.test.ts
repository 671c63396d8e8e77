import assert from 'node:assert/strict'
import { WITNESSED_HEIGHTS } from '../../../src/consensus/bounds.ts'
import { MAX_EARLY_SLOTS, MAX_KEPT_RECORDS, MAX_STATEMENTS_OF_SIGNER, STATEMENTS_PER_SLOT } from '../../../src/node/bounds.ts'
import { SignerBudget } from '../../../src/node/signer-budget.ts'
import { decode } from '../../../src/wire/codec.ts'
import { evidenceId } from '../../../src/wire/evidence.ts'
import { type Certificate, type PublicRecord, publicRecord, type Statement } from '../../../src/wire/types.ts'
import { EpochChain } from './epoch-chain.ts'
import { idOf, Station } from './station.ts'

const [A, B] = ['aa'.repeat(32), 'bb'.repeat(32)]
/** Height that is being worked on, in the first epoch. */
const WORKING = 3

const vote = (slot: number, block = A, height = WORKING): Statement => ({ kind: 'vote', height, slot, block, validSlot: null })
const lock = (slot: number, block = A, height = WORKING): Statement => ({ kind: 'lock', height, slot, block })
const seal = (block = A, height = WORKING): Statement => ({ kind: 'seal', height, block })
const candidate = (slot: number): Statement => ({ kind: 'candidate', height: WORKING, slot, block: A, validSlot: null })

describe('public records', () => {
  const of = new EpochChain()
  let station: Station
  beforeEach(async () => {
    station = await Station.open(of)
    for (let height = 1; height < WORKING; height++) await station.commit(of.block(station.chain))
  })
  afterEach(() => station.close())

  /** By members of the first quorum, which are the verifiers 0 to 3; signed by others if told. */
  const signed = (signers: readonly number[], statement: Statement): Certificate =>
    of.certificate(station.chain.quorumAt(1) ?? assert.fail('a quorum'), signers, statement)
  const certificate = (one: Certificate): PublicRecord => ({ kind: 'certificate', certificate: one })
  const tally = (...certificates: readonly Certificate[]): PublicRecord => ({ kind: 'tally', certificates })

  describe('certificates', () => {
    const cases: readonly { readonly description: string; readonly record: () => Certificate; readonly verdict: string }[] = [
      { description: 'of votes, by enough stake', record: () => signed([0, 1, 2], vote(9)), verdict: 'accept' },
      { description: 'of locks, by enough stake', record: () => signed([0, 1, 2], lock(9)), verdict: 'accept' },
      { description: 'of seals', record: () => signed([0, 1, 2], seal()), verdict: 'reject wrong-kind' },
      { description: 'of a candidate', record: () => signed([0], candidate(9)), verdict: 'reject wrong-kind' },
      { description: 'of a final height', record: () => signed([0, 1, 2], vote(9, A, 2)), verdict: 'ignore old-height' },
      { description: 'of a height to come', record: () => signed([0, 1, 2], vote(9, A, 4)), verdict: 'ignore future-height' },
      { description: 'by too little stake', record: () => signed([0, 1], vote(9)), verdict: 'reject not-enough-stake' },
      {
        description: 'signed over something else',
        record: () => ({ statement: vote(8), aggregate: signed([0, 1, 2], vote(9)).aggregate }),
        verdict: 'reject bad-signature',
      },
      {
        description: 'by more than there are',
        record: () => ({ statement: vote(9), aggregate: { ...signed([0, 1, 2], vote(9)).aggregate, signers: [0, 1, 2, 9] } }),
        verdict: 'reject unknown-signer',
      },
    ]
    for (const { description, record, verdict } of cases)
      it(`${description}: ${verdict}`, () => {
        assert.equal(station.validate(certificate(record())), verdict)
        assert.equal(station.inputs.length, verdict === 'accept' ? 1 : 0)
        assert.equal(station.accountability.records.inventory().length, verdict === 'accept' ? 1 : 0)
      })

    it('what is no record is malformed', () => {
      const verdict = station.accountability.records.validate(new Uint8Array([9, 9, 9]))
      assert.deepEqual([verdict.kind, verdict.kind === 'reject' && verdict.code], ['reject', 'malformed'])
    })
  })

  describe('tallies', () => {
    const cases: readonly { readonly description: string; readonly record: () => PublicRecord; readonly verdict: string }[] = [
      {
        description: 'votes, locks and seals of a slot',
        record: () => tally(signed([0, 1, 2], vote(9)), signed([0, 1, 2], lock(9)), signed([0, 1], seal())),
        verdict: 'accept',
      },
      { description: 'the vote of one', record: () => tally(signed([3], vote(9))), verdict: 'accept' },
      { description: 'seals alone', record: () => tally(signed([3], seal())), verdict: 'accept' },
      { description: 'of the head', record: () => tally(signed([3], vote(9, A, 2))), verdict: 'accept' },
      {
        description: 'of the next slot by a clock that is ahead',
        record: () => tally(signed([3], vote(100 + MAX_EARLY_SLOTS))),
        verdict: 'accept',
      },
      { description: 'nothing', record: () => tally(), verdict: 'reject empty-tally' },
      { description: 'a candidate', record: () => tally(signed([3], candidate(9))), verdict: 'reject wrong-kind' },
      { description: 'locks before votes', record: () => tally(signed([3], lock(9)), signed([3], vote(9))), verdict: 'reject wrong-tally' },
      { description: 'votes twice', record: () => tally(signed([2], vote(9)), signed([3], vote(9))), verdict: 'reject wrong-tally' },
      { description: 'of two slots', record: () => tally(signed([3], vote(8)), signed([3], lock(9))), verdict: 'reject wrong-tally' },
      { description: 'of two blocks', record: () => tally(signed([3], vote(9)), signed([3], seal(B))), verdict: 'reject wrong-tally' },
      { description: 'of two heights', record: () => tally(signed([3], vote(9)), signed([3], seal(A, 2))), verdict: 'reject wrong-tally' },
      { description: 'of genesis', record: () => tally(signed([3], vote(9, A, 0))), verdict: 'ignore old-height' },
      { description: 'of a height to come', record: () => tally(signed([3], vote(9, A, 4))), verdict: 'ignore future-height' },
      { description: 'of a slot to come', record: () => tally(signed([3], vote(101 + MAX_EARLY_SLOTS))), verdict: 'ignore future-slot' },
      {
        description: 'by nobody',
        record: () => tally({ statement: vote(9), aggregate: { signers: [], signature: signed([3], vote(9)).aggregate.signature } }),
        verdict: 'reject no-signers',
      },
      {
        description: 'by more than there are',
        record: () => tally({ statement: vote(9), aggregate: { ...signed([3], vote(9)).aggregate, signers: [3, 4] } }),
        verdict: 'reject unknown-signer',
      },
      {
        description: 'one good certificate and one forged',
        record: () => tally(signed([3], vote(9)), { statement: lock(9), aggregate: signed([3], vote(9)).aggregate }),
        verdict: 'reject bad-signature',
      },
    ]
    for (const { description, record, verdict } of cases)
      it(`${description}: ${verdict}`, () => {
        assert.equal(station.validate(record()), verdict)
        assert.equal(station.accountability.records.inventory().length, verdict === 'accept' ? 1 : 0)
      })

    it('of what everybody in it is known to have signed: ignore known', () => {
      assert.equal(station.validate(tally(signed([0, 1], vote(9)))), 'accept')
      assert.equal(station.validate(tally(signed([2], vote(9)))), 'accept')
      assert.equal(station.validate(tally(signed([1, 2], vote(9)))), 'ignore known')
      assert.equal(station.validate(tally(signed([1, 2, 3], vote(9)))), 'accept')
      assert.equal(station.validate(tally(signed([0, 1], vote(9)), signed([3], lock(9)))), 'accept')
    })

    it('that hold enough votes or locks of the working height reach the machine, seals and the rest do not', () => {
      station.validate(tally(signed([0, 1, 2], vote(9)), signed([0, 1], lock(9))))
      station.validate(tally(signed([0, 1, 2], lock(8)), signed([0, 1, 2], seal())))
      station.validate(tally(signed([0, 1, 2], vote(9, A, 2))))
      assert.deepEqual(
        station.inputs.map((input) => input.kind === 'certificate' && input.certificate.statement),
        [vote(9), lock(8)],
      )
    })

    it('that contradict each other are evidence, which goes to everybody, and names nobody else', () => {
      assert.equal(station.validate(tally(signed([0, 1, 3], vote(9)))), 'accept')
      assert.deepEqual(station.published(), [])
      assert.equal(station.validate(tally(signed([2, 3], vote(9, B)))), 'accept')
      const [evidence, ...more] = station.publishedEvidence()
      assert.ok(evidence !== undefined && more.length === 0)
      assert.deepEqual(of.proven(evidence).offenders, [of.verifier(3).blsKey])
      assert.deepEqual(station.evidence(), [evidenceId(evidence)])
      assert.deepEqual(station.told, [`found ${evidenceId(evidence)}`])
      // Somebody else is guilty, too: that is news.
      assert.equal(station.validate(tally(signed([1, 2, 3], vote(9, B)))), 'accept')
      assert.equal(station.publishedEvidence().length, 2)
    })

    it('of a forged statement make no evidence against anybody', () => {
      assert.equal(station.validate(tally(signed([0, 1, 3], vote(9)))), 'accept')
      assert.equal(station.validate(tally({ statement: vote(9, B), aggregate: signed([3], vote(9)).aggregate })), 'reject bad-signature')
      assert.deepEqual([station.evidence(), station.published()], [[], []])
    })

    it('of one signer are not looked at without end, and nobody uses up the part of another', () => {
      for (let slot = 0; slot < 100; slot++)
        for (const [index, block] of Array.from({ length: 6 }, (_, place) => `${place}${place}`.repeat(32)).entries()) {
          const sent = slot * 6 + index
          const verdict = station.validate(tally(signed([3], { ...vote(slot, block) })))
          assert.equal(verdict, sent < MAX_STATEMENTS_OF_SIGNER ? 'accept' : 'ignore too-many-statements')
        }
      assert.equal(station.validate(tally(signed([2, 3], vote(9, 'cc'.repeat(32))))), 'accept')
      station.slot++
      assert.equal(station.validate(tally(signed([3], vote(9, 'dd'.repeat(32))))), 'accept')
    })
  })

  it('a part of the time of others grows with each slot, up to its bound', () => {
    const budget = new SignerBudget()
    for (let count = 0; count < MAX_STATEMENTS_OF_SIGNER; count++) budget.spend(['a', 'b'], 5)
    assert.deepEqual([budget.allows(['a'], 5), budget.allows(['a', 'c'], 5), budget.allows([], 5)], [false, true, true])
    for (let count = 0; count < STATEMENTS_PER_SLOT; count++) {
      assert.ok(budget.allows(['a'], 6))
      budget.spend(['a'], 6)
    }
    assert.deepEqual([budget.allows(['a'], 6), budget.allows(['b'], 6)], [false, true])
  })

  it('evidence is judged by the pool, and kept', () => {
    const evidence = of.doubleVote([3], 1)
    const record: PublicRecord = { kind: 'evidence', evidence }
    assert.equal(station.validate(record), 'accept')
    assert.equal(station.validate(record), 'ignore known')
    assert.equal(
      station.validate({ kind: 'evidence', evidence: { first: evidence.second, second: evidence.first } }),
      'reject evidence-order',
    )
    assert.deepEqual(station.accountability.records.inventory(), [idOf(record)])
  })

  it('what a leader collected goes to everybody, and to peers that ask', () => {
    const { records } = station.accountability
    const certificates = [signed([0, 1, 2], vote(9)), signed([0, 1], lock(9))]
    records.publishTally(certificates)
    records.publishCertificate(signed([0, 1, 2], vote(9)))
    const published = station.published()
    assert.deepEqual(published, [tally(...certificates), certificate(signed([0, 1, 2], vote(9)))])
    assert.deepEqual(new Set(records.inventory()), new Set(published.map(idOf)))
    const ids = published.map(idOf)
    assert.deepEqual(
      records.records(['00'.repeat(32), ...ids, ...ids]).map((bytes) => decode(publicRecord, bytes)),
      published,
    )
  })

  it('a certificate is kept until its height is final, a tally as long as it may prove something', async () => {
    const { records } = station.accountability
    records.publishCertificate(signed([0, 1, 2], vote(9)))
    records.publishTally([signed([0, 1, 2], vote(9))])
    await station.commit(of.block(station.chain))
    assert.deepEqual(records.inventory(), [idOf(tally(signed([0, 1, 2], vote(9))))])
    const settle = station.accountability
    settle.heard.settle(WORKING + WITNESSED_HEIGHTS - 1)
    records.settle(WORKING + WITNESSED_HEIGHTS - 1)
    assert.equal(records.inventory().length, 1)
    settle.heard.settle(WORKING + WITNESSED_HEIGHTS)
    records.settle(WORKING + WITNESSED_HEIGHTS)
    assert.deepEqual(records.inventory(), [])
  })

  it('are bounded in memory, and those of the oldest heights go first', () => {
    const { records } = station.accountability
    const { aggregate } = signed([3], vote(9))
    records.publishTally([{ statement: vote(0, A, 1), aggregate }])
    for (let slot = 0; slot < MAX_KEPT_RECORDS; slot++) records.publishTally([{ statement: vote(slot), aggregate }])
    const kept = records.inventory()
    assert.equal(kept.length, MAX_KEPT_RECORDS)
    assert.ok(!kept.includes(idOf(tally({ statement: vote(0, A, 1), aggregate }))))
  })
})
