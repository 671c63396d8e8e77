import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { voteCertificateFor } from '../../scripts/vectors/consensus-cases.ts'
import { type RankedCandidate, rankOf } from '../../scripts/vectors/ranking-cases.ts'
import type { Hex } from '../../src/base/hex.ts'
import { twoThirds } from '../../src/base/stake.ts'
import { outranks } from '../../src/consensus/choice.ts'
import { convict, offenceOf } from '../../src/consensus/evidence.ts'
import { emptyRecord, permit, raiseRecord } from '../../src/consensus/guard.ts'
import { enoughStake } from '../../src/consensus/quorum.ts'
import { isSelected, type SortitionParameters } from '../../src/consensus/sortition.ts'
import { createQuorum, type QuorumMember } from '../../src/wire/quorum.ts'
import type { Hash, LockStatement, Statement } from '../../src/wire/types.ts'
import { readVectors } from './read-vectors.ts'

interface Signed {
  readonly statement: Statement
  readonly signers: readonly number[]
}
interface ConsensusVectors {
  readonly quorum: { readonly members: readonly QuorumMember[]; readonly totalStakeDroplets: number; readonly hash: Hash }
  readonly enough: readonly { readonly totalStake: number; readonly twoThirds: number; readonly enough: number }[]
  readonly sortition: readonly (SortitionParameters & {
    readonly description: string
    readonly ticket: Hash
    readonly ticket64: string
    readonly stake: number
    readonly totalStake: number
    readonly selected: boolean
  })[]
  readonly ranking: {
    readonly ids: readonly Hex[]
    readonly stakes: readonly number[]
    readonly cases: readonly {
      readonly description: string
      readonly leaderRule: 'ticket' | 'nodeId'
      readonly first: RankedCandidate
      readonly second: RankedCandidate
      readonly outranks: boolean
    }[]
  }
  readonly offences: readonly {
    readonly description: string
    readonly first: Statement
    readonly second: Statement
    readonly kind: string | null
  }[]
  readonly convictions: readonly {
    readonly description: string
    readonly first: Signed
    readonly second: Signed
    readonly offenders: readonly number[]
  }[]
  readonly guard: readonly {
    readonly description: string
    readonly steps: readonly (
      | { readonly wanted: Statement; readonly refusal: string | null }
      | { readonly peersKnowSlot: number; readonly peersKnowLock: Omit<LockStatement, 'kind'> | null }
    )[]
  }[]
}

/** The rule of the page in BigInt, beside the code's. */
function selectedByThePage(item: ConsensusVectors['sortition'][number]): boolean {
  const ticket64 = BigInt(item.ticket64)
  if (item.sortition === 'uniform') return item.stake > 0 && ticket64 * 1_000_000n < BigInt(item.uniformPpm) * 2n ** 64n
  return ticket64 * BigInt(item.totalStake) < BigInt(item.expectedCandidates) * BigInt(item.stake) * 2n ** 64n
}

/** C1 and C5 in BigInt, beside the code's. */
function outranksByThePage(
  { ids, stakes }: ConsensusVectors['ranking'],
  leaderRule: 'ticket' | 'nodeId',
  first: RankedCandidate,
  second: RankedCandidate,
): boolean {
  const keys = ([of, other]: readonly [RankedCandidate, RankedCandidate]): readonly (bigint | string | number)[] => [
    leaderRule === 'nodeId' ? (ids[of.maker] ?? '') : BigInt(`0x${of.ticket.slice(0, 16)}`) * BigInt(stakes[other.maker] ?? 0),
    leaderRule === 'nodeId' ? '' : of.ticket,
    of.maker,
  ]
  const [left, right] = [keys([first, second]), keys([second, first])]
  const place = left.findIndex((key, index) => key !== right[index])
  return (left[place] ?? 0) < (right[place] ?? 0) && (first.validSlot ?? -1) >= (second.validSlot ?? -1)
}

const littleEndian = (value: number, byteLength: number): Hex => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes.toString('hex', 0, byteLength)
}

describe('vectors/consensus.json', () => {
  const vectors = readVectors<ConsensusVectors>('consensus')

  it('quorum hash, whatever the order of the members', () => {
    const { members, totalStakeDroplets, hash } = vectors.quorum
    for (const order of [members, [...members].reverse()]) {
      const quorum = createQuorum(order)
      assert.deepEqual([quorum.hash, quorum.totalStakeDroplets, quorum.members], [hash, totalStakeDroplets, members])
    }
    const bytes = members.map(
      ({ id, peerId, blsKey, stakeDroplets }) =>
        id + littleEndian(peerId.length, 2) + Buffer.from(peerId).toString('hex') + blsKey + littleEndian(stakeDroplets, 8),
    )
    const byHand = Buffer.from(littleEndian(members.length, 4) + bytes.join(''), 'hex')
    assert.equal(createHash('sha256').update(byHand).digest('hex'), hash)
  })

  it('stake that is enough', () => {
    for (const { totalStake, twoThirds: most, enough } of vectors.enough) {
      assert.deepEqual([twoThirds(totalStake), enoughStake(totalStake)], [most, enough])
      assert.equal(BigInt(most), (2n * BigInt(totalStake)) / 3n)
    }
  })

  for (const item of vectors.sortition)
    it(`${item.sortition} ${item.selected ? 'selects' : 'does not select'}: ${item.description}`, () => {
      assert.equal(BigInt(`0x${item.ticket.slice(0, 16)}`), BigInt(item.ticket64))
      assert.equal(isSelected(item, item.ticket, item.stake, item.totalStake), item.selected)
      assert.equal(selectedByThePage(item), item.selected)
    })

  const { ids, stakes, cases } = vectors.ranking
  for (const { description, leaderRule, first, second, outranks: expected } of cases)
    it(`${expected ? 'outranks' : 'does not outrank'}, by ${leaderRule}: ${description}`, () => {
      const contest = { config: { leaderRule }, members: { ids, stakeDroplets: stakes } }
      assert.equal(outranks(contest, rankOf(first), rankOf(second)), expected)
      assert.equal(outranksByThePage(vectors.ranking, leaderRule, first, second), expected)
    })

  for (const { description, first, second, kind } of vectors.offences)
    it(`${kind ?? 'no offence'}: ${description}`, () => {
      assert.equal(offenceOf(first, second), kind)
      assert.equal(offenceOf(second, first), kind)
    })

  for (const { description, first, second, offenders } of vectors.convictions)
    it(`two certificates: ${description}`, () => {
      const [left, right] = [first, second].map(({ statement, signers }) => ({
        statement,
        aggregate: { signers, signature: '00'.repeat(96) },
      }))
      assert.deepEqual(convict(left as never, right as never)?.offenders ?? [], offenders)
    })

  it('guard: whatever is asked in whatever order, no two statements that it permits are an offence', () => {
    const block = fc.constantFrom('aa'.repeat(32), 'bb'.repeat(32), 'cc'.repeat(32))
    const place = { height: fc.integer({ min: 1, max: 2 }), slot: fc.nat(7), block }
    const validSlot = fc.option(fc.nat(7), { nil: null })
    const wanted: fc.Arbitrary<Statement> = fc.oneof(
      fc.record({ kind: fc.constant('candidate' as const), ...place, validSlot }),
      fc.record({ kind: fc.constant('vote' as const), ...place, validSlot }),
      fc.record({ kind: fc.constant('lock' as const), ...place }),
      fc.record({ kind: fc.constant('seal' as const), height: place.height, block }),
    )
    const peersKnow = fc.record({ slot: fc.nat(7) })
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 20, arbitrary: wanted }, { weight: 1, arbitrary: peersKnow }), { maxLength: 40 }),
        (asked) => {
          let record = emptyRecord
          const granted: Statement[] = []
          for (const one of asked) {
            if (!('kind' in one)) {
              record = raiseRecord(record, { slot: one.slot, lock: null, seal: null }) ?? record
              continue
            }
            const permission = permit(record, one, one.kind === 'lock' ? voteCertificateFor(one) : undefined)
            if (!permission.granted) continue
            record = permission.record
            for (const before of granted) assert.equal(offenceOf(before, one), null, `${JSON.stringify(before)} and ${JSON.stringify(one)}`)
            granted.push(one)
          }
        },
      ),
      { numRuns: 10_000 },
    )
  })

  for (const { description, steps } of vectors.guard)
    it(`guard: ${description}`, () => {
      let record = emptyRecord
      const granted: Statement[] = []
      for (const step of steps) {
        if ('peersKnowSlot' in step) {
          record = raiseRecord(record, { slot: step.peersKnowSlot, lock: step.peersKnowLock, seal: null }) ?? record
          continue
        }
        const { wanted, refusal } = step
        const permission = permit(record, wanted, wanted.kind === 'lock' ? voteCertificateFor(wanted) : undefined)
        assert.equal(permission.granted ? null : permission.reason, refusal, JSON.stringify(wanted))
        if (!permission.granted) continue
        record = permission.record
        for (const before of granted)
          assert.equal(offenceOf(before, wanted), null, `${JSON.stringify(before)} and ${JSON.stringify(wanted)}`)
        granted.push(wanted)
      }
    })
})
