import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import { MAX_SYNC_RECORDS } from '../../../src/wire/bounds.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { evidenceId } from '../../../src/wire/evidence.ts'
import { recordId, type SyncRequest, type SyncResponse, syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { Evidence, PublicRecord, Statement } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from './epoch-chain.ts'
import { Station } from './station.ts'

const DEADLINE_MS = 20_000
const BLOCKS = ['aa', 'bb'].map((digits) => digits.repeat(32)) as [string, string]

describe('the exchange of public records', () => {
  const of = new EpochChain()
  const stations: Station[] = []
  afterEach(async () => {
    for (const station of stations.splice(0)) await station.close()
  })
  const open = async (peerId: string): Promise<Station> => {
    const station = await Station.open(of, peerId)
    stations.push(station)
    return station
  }
  const start = (...all: readonly Station[]): void => {
    for (const { accountability } of all) accountability.exchange.start()
  }
  const until = (condition: () => boolean, description: string): Promise<unknown> =>
    waitFor(condition, { deadlineMs: DEADLINE_MS, description })
  /** The tally of a leader who got the vote of verifier 3 for a block. */
  const tallyOf = (station: Station, block: string): PublicRecord => {
    const statement: Statement = { kind: 'vote', height: 1, slot: 5, block, validSlot: null }
    return { kind: 'tally', certificates: [of.certificate(station.chain.quorum, [3], statement)] }
  }

  it('brings evidence to whoever joins later', async () => {
    const [early, late] = [await open('early'), await open('late')]
    const [evidence, other] = [of.doubleVote([3], 1), of.doubleVote([2], 1)]
    for (const one of [evidence, other]) assert.equal(early.validate({ kind: 'evidence', evidence: one }), 'accept')
    start(early, late)
    early.meet(late)
    await until(() => late.evidence().length === 2, 'the evidence')
    assert.deepEqual(new Set(late.evidence()), new Set(early.evidence()))
    // It goes on to those whom the other peer does not reach.
    assert.deepEqual(new Set(late.publishedEvidence().map(evidenceId)), new Set(late.evidence()))
    await late.accountability.pool.written()
  })

  it('finds what two leaders were told differently, though neither had more than one of both', async () => {
    const [left, right] = [await open('left'), await open('right')]
    assert.equal(left.validate(tallyOf(left, BLOCKS[0])), 'accept')
    assert.equal(right.validate(tallyOf(right, BLOCKS[1])), 'accept')
    assert.deepEqual([left.evidence(), right.evidence()], [[], []])
    start(left, right)
    left.meet(right)
    await until(() => left.evidence().length === 1 && right.evidence().length === 1, 'evidence at both')
    assert.deepEqual(left.evidence(), right.evidence())
    const [evidence] = left.publishedEvidence()
    assert.deepEqual(evidence === undefined ? [] : of.proven(evidence).offenders, [of.verifier(3).blsKey])
  })

  it('asks for what is missing, and for nothing twice', async () => {
    const [one, two] = [await open('one'), await open('two')]
    const [shared, mine] = [of.doubleVote([3], 1), of.doubleVote([2], 1)]
    // The other shows the same offence by other votes: this is looked at once, and of no use.
    const same = of.doubleVote([3], 1, 1, ['cc', 'dd'])
    for (const evidence of [shared, mine]) one.validate({ kind: 'evidence', evidence })
    two.validate({ kind: 'evidence', evidence: same })
    const asked: string[][] = []
    let inventories = 0
    start(two)
    const serve = one.network.handlers.get('sync') ?? assert.fail('a server')
    const answer = (_: unknown, data: Uint8Array): Promise<Uint8Array> => {
      const request = decode(syncRequest, data)
      if (request.kind === 'records') asked.push([...request.ids])
      else inventories++
      return serve(data, 'two', AbortSignal.timeout(DEADLINE_MS))
    }
    two.network.join('one', answer)
    // The third begins when the second is over.
    await until(() => {
      if (inventories < 3) two.network.join('one', answer)
      return inventories >= 3
    }, 'three exchanges')
    const idOf = (evidence: Evidence): string => recordId({ kind: 'evidence', evidence })
    assert.deepEqual(
      asked.map((ids) => new Set(ids)),
      [new Set([idOf(shared), idOf(mine)])],
    )
    assert.deepEqual(new Set(two.evidence()), new Set([evidenceId(same), evidenceId(mine)]))
  })

  it('takes any number of records, a few at a time', async () => {
    const [one, two] = [await open('one'), await open('two')]
    const { aggregate } = of.certificate(one.chain.quorum, [3], { kind: 'vote', height: 1, slot: 0, block: BLOCKS[0], validSlot: null })
    const count = 3 * MAX_SYNC_RECORDS + 1
    for (let slot = 0; slot < count; slot++) {
      const statement: Statement = { kind: 'vote', height: 1, slot, block: BLOCKS[0], validSlot: null }
      const signature = slot === 0 ? aggregate.signature : of.sign(3, statement)
      one.accountability.records.publishTally([{ statement, aggregate: { ...aggregate, signature } }])
    }
    two.slot = count
    start(two)
    one.meet(two)
    await until(() => two.accountability.records.inventory().length === count, `${count} tallies`)
    assert.deepEqual(two.network.penalties, [])
  })

  describe('with a peer', () => {
    type Answer = (request: SyncRequest) => SyncResponse
    const evidence = of.doubleVote([3], 1)
    const record: PublicRecord = { kind: 'evidence', evidence }
    const [id, other] = [recordId(record), '77'.repeat(32)]
    const forged: PublicRecord = {
      kind: 'evidence',
      evidence: { ...evidence, second: { ...evidence.second, signature: evidence.first.signature } },
    }
    const unavailable: SyncResponse = { kind: 'unavailable', code: 1 }
    const lists =
      (ids: readonly string[], records: SyncResponse): Answer =>
      ({ kind }) =>
        kind === 'inventory' ? { kind: 'inventory', ids } : records
    const cases: readonly { readonly description: string; readonly answer: Answer; readonly isBlamed: boolean }[] = [
      { description: 'that has nothing', answer: lists([], unavailable), isBlamed: false },
      { description: 'that knows of no inventories', answer: () => unavailable, isBlamed: false },
      {
        description: 'that says nothing',
        answer: () => {
          throw new QuorateError('timeout', 'no answer')
        },
        isBlamed: false,
      },
      {
        description: 'that does not speak the protocol',
        answer: () => {
          throw new QuorateError('unsupported', 'no')
        },
        isBlamed: false,
      },
      { description: 'that lists what it has no more', answer: lists([other], { kind: 'records', records: [] }), isBlamed: false },
      {
        description: 'that gives a part of it',
        answer: (request) =>
          request.kind === 'records'
            ? { kind: 'records', records: request.ids.includes(id) ? [record] : [] }
            : { kind: 'inventory', ids: [id, other] },
        isBlamed: false,
      },
      { description: 'that gives something else', answer: lists([other], { kind: 'records', records: [record] }), isBlamed: true },
      { description: 'that gives it twice', answer: lists([id], { kind: 'records', records: [record, record] }), isBlamed: true },
      {
        description: 'that gives a forgery',
        answer: lists([recordId(forged)], { kind: 'records', records: [forged] }),
        isBlamed: true,
      },
      { description: 'that answers something else', answer: () => ({ kind: 'headers', headers: [] }), isBlamed: true },
    ]
    for (const { description, answer, isBlamed } of cases)
      it(`${description}: it is ${isBlamed ? 'blamed' : 'not blamed'}, and the evidence comes from another`, async () => {
        const [own, honest] = [await open('own'), await open('honest')]
        honest.validate(record)
        start(own)
        own.network.join('other', (_, data) => encode(syncResponse, answer(decode(syncRequest, data))))
        const counted = (): boolean => !isBlamed || own.network.penalties.length > 0
        await until(counted, 'the blame')
        honest.meet(own)
        await until(() => own.evidence().length === 1, 'the evidence')
        assert.deepEqual(own.evidence(), [evidenceId(evidence)])
        assert.deepEqual(own.network.penalties, isBlamed ? ['other bad-answer'] : [])
      })

    it('is asked again for what this node could not judge yet', async () => {
      const [own, ahead] = [await open('own'), await open('ahead')]
      for (let height = 1; height < 4; height++) await ahead.commit(of.block(ahead.chain))
      const later = of.doubleVote([3], 4)
      assert.equal(ahead.validate({ kind: 'evidence', evidence: later }), 'accept')
      start(own)
      ahead.meet(own)
      await until(() => own.counter('exchange.ignore.future-height') === 1, 'a look at it')
      for (let height = 1; height < 4; height++) {
        const block = ahead.chain.block(height)
        assert.ok(block !== undefined)
        await own.commit({ ...of.block(own.chain), block })
      }
      ahead.meet(own)
      await until(() => own.evidence().length === 1, 'the evidence')
    })
  })
})
