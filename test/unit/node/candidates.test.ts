import assert from 'node:assert/strict'
import { emptyRecord } from '../../../src/consensus/guard.ts'
import { initialState } from '../../../src/consensus/machine.ts'
import type { ProposedBlock } from '../../../src/consensus/types.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { Signatures } from '../../../src/crypto/signatures.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { Bodies } from '../../../src/node/bodies.ts'
import { CandidateIntake } from '../../../src/node/candidates.ts'
import { HeadWaiters } from '../../../src/node/head-waiters.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { Slots } from '../../../src/node/slots.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { encode } from '../../../src/wire/codec.ts'
import { blockHash, ticketOf } from '../../../src/wire/ids.ts'
import type { Quorum } from '../../../src/wire/quorum.ts'
import { type Candidate, candidate, type Evidence, type Header } from '../../../src/wire/types.ts'
import { EpochChain } from './epoch-chain.ts'
import { Station } from './station.ts'

const SLOT = 3

describe('candidates of a maker that makes two in one slot', () => {
  const of = new EpochChain()
  let station: Station
  let intake: CandidateIntake
  let accepted: ProposedBlock[]
  let checks: number

  beforeEach(async () => {
    station = await Station.open(of)
    station.slot = SLOT
    accepted = []
    checks = 0
    const { chain, network, telemetry } = station
    const { heard, quorumSignatures } = station.accountability
    const counting: Signatures = {
      ...nativeSignatures,
      blsVerifyMany: (items) => {
        checks++
        return nativeSignatures.blsVerifyMany(items)
      },
    }
    const members = ({ hash, members: all }: Quorum) => ({
      ...{ quorum: hash, epochSeed: chain.epochSeed, self: null },
      stakeDroplets: all.map(({ stakeDroplets }) => stakeDroplets),
      ids: all.map(({ id }) => id),
    })
    const state = initialState({
      config: { leaderRule: 'ticket', aggregate: nativeSignatures.blsAggregate },
      ...{ members: members(chain.quorum), head: chain.head, headMembers: members(chain.quorum), record: emptyRecord, doubtful: false },
    })
    const { slotMs, choiceMs } = of.genesis.parameters
    intake = new CandidateIntake({
      ...{ chain, heard, quorumSignatures, signatures: counting, known: new KnownBlocks(() => true), waiters: new HeadWaiters() },
      bodies: new Bodies(chain, new Pool(DEFAULT_POOL_LIMITS), new SyncClient(network), nativeSignatures),
      slots: new Slots({ nowMs: () => of.genesis.timeMs + station.slot * slotMs, at: () => () => {} }, of.genesis.timeMs, slotMs, choiceMs),
      onBehind: () => assert.fail('nothing is ahead'),
      state: () => ({ ...state, slot: SLOT, candidates: accepted }),
      onCandidate: (proposed) => void accepted.push(proposed),
    })
    assert.equal(telemetry.counters()['witness.accept'], undefined)
  })
  afterEach(() => station.close())

  /** A candidate of a member of the first quorum, who is the verifier of that number; right but for what is changed. */
  function candidateOf(maker: number, changes: Partial<Header> = {}, signedBy = maker): Candidate {
    const { header: built } = of.block(station.chain, { slot: SLOT, maker }).block
    const header = { ...built, ...changes }
    const statement = { kind: 'candidate', height: 1, slot: SLOT, block: blockHash(of.chainId, header), validSlot: null } as const
    const signature = of.sign(signedBy, statement)
    return { ...{ slot: SLOT, maker, proof: header.proof, justification: null }, header, evidence: [], shortIds: [], signature }
  }
  /** Any other block of that maker: whether it is valid does not matter. */
  const otherOf = (maker: number, digits = 'aa', signedBy = maker): Candidate =>
    candidateOf(maker, { stateRoot: digits.repeat(32) }, signedBy)
  async function take(wire: Candidate): Promise<string> {
    const verdict = await intake.validate(encode(candidate, wire), 'peer')
    return verdict.kind === 'accept' ? 'accept' : `${verdict.kind} ${verdict.code}`
  }
  const guiltyOf = (evidence: readonly Evidence[]): readonly (readonly [string, readonly string[]])[] =>
    evidence.map((one) => [of.proven(one).kind, of.proven(one).offenders])
  const keyOf = (maker: number): string => of.verifier(maker).blsKey
  const byTicket = (): readonly number[] =>
    [0, 1, 2, 3].sort((left, right) => (ticketOf(candidateOf(left).proof) < ticketOf(candidateOf(right).proof) ? -1 : 1))

  it('the second is evidence; it is not relayed, and no third is looked at', async () => {
    assert.equal(await take(candidateOf(1)), 'accept')
    assert.equal(await take(otherOf(1)), 'ignore known')
    assert.deepEqual(guiltyOf(station.publishedEvidence()), [['double-candidate', [keyOf(1)]]])
    const before = checks
    assert.equal(await take(otherOf(1, 'bb')), 'ignore known')
    assert.equal(await take(otherOf(1, 'cc', 2)), 'ignore known')
    assert.deepEqual([checks, station.evidence().length, accepted.length], [before, 1, 1])
  })

  it('whether one of them is valid, or drawn a ticket for, does not matter', async () => {
    assert.equal(await take(otherOf(1)), 'reject wrong-state-root')
    assert.equal(await take(candidateOf(1)), 'ignore known')
    assert.equal(await take(candidateOf(2)), 'accept')
    const proof = candidateOf(1).proof
    const forged = candidateOf(2, { proof })
    assert.equal(await take({ ...forged, proof }), 'ignore known')
    assert.deepEqual(guiltyOf(station.publishedEvidence()), [
      ['double-candidate', [keyOf(1)]],
      ['double-candidate', [keyOf(2)]],
    ])
  })

  it('the same candidate twice proves nothing', async () => {
    assert.equal(await take(candidateOf(1)), 'accept')
    assert.equal(await take(candidateOf(1)), 'ignore known')
    assert.deepEqual(station.evidence(), [])
  })

  it('a second that somebody else has signed proves nothing, and counts against who sent it', async () => {
    assert.equal(await take(candidateOf(1)), 'accept')
    assert.equal(await take(otherOf(1, 'aa', 2)), 'reject bad-signature')
    assert.deepEqual(station.evidence(), [])
    assert.equal(await take(otherOf(1)), 'ignore known')
    assert.equal(station.evidence().length, 1)
  })

  it('both are evidence when both were passed over for a better one, unchecked', async () => {
    const [best = 0, , , worst = 3] = byTicket()
    assert.equal(await take(candidateOf(best)), 'accept')
    const before = checks
    assert.equal(await take(candidateOf(worst)), 'ignore lower-ticket')
    assert.equal(checks, before)
    assert.equal(await take(otherOf(worst)), 'ignore known')
    assert.equal(checks, before + 2)
    assert.deepEqual(guiltyOf(station.publishedEvidence()), [['double-candidate', [keyOf(worst)]]])
  })

  it('what somebody else sent in its name is no evidence, and does not keep its own out', async () => {
    const [best = 0, , , worst = 3] = byTicket()
    assert.equal(await take(candidateOf(best)), 'accept')
    assert.equal(await take(otherOf(worst, 'aa', best)), 'ignore lower-ticket')
    assert.equal(await take(candidateOf(worst)), 'ignore lower-ticket')
    const statement = { height: 1, slot: SLOT, block: blockHash(of.chainId, candidateOf(worst).header) }
    assert.equal(intake.isOutranked(statement, worst), true)
    assert.equal(await take(otherOf(worst, 'bb', best)), 'reject bad-signature')
    assert.deepEqual(station.evidence(), [])
  })

  it('a forged envelope of the very block does not take the place of the right one', async () => {
    const [best = 0, , , worst = 3] = byTicket()
    assert.equal(await take(candidateOf(best)), 'accept')
    assert.equal(await take(candidateOf(worst, {}, best)), 'ignore lower-ticket')
    accepted.length = 0
    assert.equal(await take(candidateOf(worst)), 'accept')
    assert.equal(await take(otherOf(worst)), 'ignore known')
    assert.deepEqual(guiltyOf(station.publishedEvidence()), [['double-candidate', [keyOf(worst)]]])
  })

  it('nothing is kept of slots that are over', async () => {
    assert.equal(await take(candidateOf(1)), 'accept')
    intake.forget(SLOT + 1)
    accepted.length = 0
    assert.equal(await take(otherOf(2)), 'reject wrong-state-root')
    assert.deepEqual(station.evidence(), [])
  })
})
