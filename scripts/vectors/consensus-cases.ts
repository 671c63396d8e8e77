import { twoThirds } from '../../src/base/stake.ts'
import { convict, offenceOf } from '../../src/consensus/evidence.ts'
import { emptyRecord, type GuardRecord, permit, raiseRecord } from '../../src/consensus/guard.ts'
import { enoughStake } from '../../src/consensus/quorum.ts'
import { isSelected, ticket64 } from '../../src/consensus/sortition.ts'
import { createQuorum } from '../../src/wire/quorum.ts'
import type { Certificate, Hash, LockStatement, Statement, VoteStatement } from '../../src/wire/types.ts'
import { assertSame } from './claims.ts'
import { sampleHex } from './format.ts'
import { sampleGenesis } from './samples.ts'

const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const vote = (slot: number, block: Hash, validSlot: number | null = null, height = 5): VoteStatement => ({
  kind: 'vote',
  height,
  slot,
  block,
  validSlot,
})
const lock = (slot: number, block: Hash, height = 5): Statement => ({ kind: 'lock', height, slot, block })
const seal = (block: Hash, height = 5): Statement => ({ kind: 'seal', height, block })
const candidate = (slot: number, block: Hash, validSlot: number | null = null, height = 5): Statement => ({
  kind: 'candidate',
  height,
  slot,
  block,
  validSlot,
})

/** W5: the exact edge on both sides of the threshold, and the ends of the range. */
function sortitionVectors(): object[] {
  const ticketOf = (first8: bigint): Hash => first8.toString(16).padStart(16, '0') + 'ff'.repeat(24)
  const most = 2n ** 64n - 1n
  const parameters = { sortition: 'stake', expectedCandidates: 5, uniformPpm: 200_000 } as const
  /** The least ticket64 that does not select: ceil(c s 2^64 / T). */
  const edge = (stake: bigint, total: bigint, expected: bigint): bigint => (expected * stake * 2n ** 64n + total - 1n) / total
  const [small, large] = [edge(3n, 1000n, 5n), edge(9_007_199_254_740n, 9_007_199_254_740_991n, 5n)]
  const fifth = (200_000n * 2n ** 64n + 999_999n) / 1_000_000n
  const uniform = { ...parameters, sortition: 'uniform' } as const
  const cases = [
    { description: 'the lowest ticket', ...parameters, ticket: ticketOf(0n), stake: 1, totalStake: 1000, selected: true },
    { description: 'the lowest ticket without stake', ...parameters, ticket: ticketOf(0n), stake: 0, totalStake: 1000, selected: false },
    { description: 'just under the threshold', ...parameters, ticket: ticketOf(small - 1n), stake: 3, totalStake: 1000, selected: true },
    { description: 'just above it', ...parameters, ticket: ticketOf(small), stake: 3, totalStake: 1000, selected: false },
    {
      description: 'just under, with stakes near 2^53',
      ...parameters,
      ticket: ticketOf(large - 1n),
      stake: 9_007_199_254_740,
      totalStake: 9_007_199_254_740_991,
      selected: true,
    },
    {
      description: 'just above, with stakes near 2^53',
      ...parameters,
      ticket: ticketOf(large),
      stake: 9_007_199_254_740,
      totalStake: 9_007_199_254_740_991,
      selected: false,
    },
    {
      description: 'a fifth of the stake is always selected when five are expected',
      ...parameters,
      ticket: ticketOf(most),
      stake: 200,
      totalStake: 1000,
      selected: true,
    },
    { description: 'a little less is not', ...parameters, ticket: ticketOf(most), stake: 199, totalStake: 1000, selected: false },
    { description: 'uniform, just under', ...uniform, ticket: ticketOf(fifth - 1n), stake: 1, totalStake: 1000, selected: true },
    { description: 'uniform, just above', ...uniform, ticket: ticketOf(fifth), stake: 900, totalStake: 1000, selected: false },
    { description: 'uniform without stake', ...uniform, ticket: ticketOf(0n), stake: 0, totalStake: 1000, selected: false },
    {
      description: 'uniform, a chance of one',
      ...uniform,
      uniformPpm: 1_000_000,
      ticket: ticketOf(most),
      stake: 1,
      totalStake: 1000,
      selected: true,
    },
  ] as const
  return cases.map((item) => {
    assertSame(item.description, item.selected, isSelected(item, item.ticket, item.stake, item.totalStake))
    return { ...item, ticket64: ticket64(item.ticket).toString() }
  })
}

const offencePairs: readonly { description: string; first: Statement; second: Statement; kind: string | null }[] = [
  { description: 'two seals', first: seal(A), second: seal(B), kind: 'double-seal' },
  { description: 'one seal twice', first: seal(A), second: seal(A), kind: null },
  { description: 'seals of two heights', first: seal(A), second: seal(B, 6), kind: null },
  { description: 'two votes in a slot', first: vote(7, A), second: vote(7, B), kind: 'double-vote' },
  { description: 'votes in two slots', first: vote(7, A), second: vote(8, B), kind: null },
  { description: 'two votes on one block, another validSlot', first: vote(7, A), second: vote(7, A, 3), kind: null },
  { description: 'two locks in a slot', first: lock(7, A), second: lock(7, B), kind: 'double-lock' },
  { description: 'locks in two slots', first: lock(7, A), second: lock(8, B), kind: null },
  { description: 'two candidates in a slot', first: candidate(7, A), second: candidate(7, B), kind: 'double-candidate' },
  { description: 'candidates of two heights in a slot', first: candidate(7, A), second: candidate(7, B, null, 6), kind: null },
  { description: 'a lock, then a vote that forgot it', first: lock(7, A), second: vote(8, B), kind: 'amnesia' },
  { description: 'the same with validSlot below the lock', first: lock(7, A), second: vote(9, B, 6), kind: 'amnesia' },
  { description: 'the same with validSlot at the lock', first: lock(7, A), second: vote(9, B, 7), kind: 'amnesia' },
  { description: 'a later vote certificate frees', first: lock(7, A), second: vote(9, B, 8), kind: null },
  { description: 'a lock in slot 0 and validSlot 0', first: lock(0, A), second: vote(1, B, 0), kind: 'amnesia' },
  { description: 'a lock in slot 0 and no validSlot', first: lock(0, A), second: vote(1, B), kind: 'amnesia' },
  { description: 'a vote before the lock', first: lock(7, A), second: vote(6, B), kind: null },
  { description: 'a vote in the slot of the lock', first: lock(7, A), second: vote(7, B), kind: null },
  { description: 'a vote for the locked block', first: lock(7, A), second: vote(8, A), kind: null },
  { description: 'a lock and a vote of two heights', first: lock(7, A), second: vote(8, B, null, 6), kind: null },
  { description: 'a seal and a vote', first: seal(A), second: vote(8, B), kind: null },
  { description: 'a seal and a lock', first: seal(A), second: lock(8, B), kind: null },
  { description: 'a candidate and a vote', first: candidate(7, A), second: vote(7, B), kind: null },
]

function offenceVectors(): object[] {
  for (const { description, first, second, kind } of offencePairs) {
    assertSame(description, kind, offenceOf(first, second))
    assertSame(`${description}, the other way round`, kind, offenceOf(second, first))
  }
  return [...offencePairs]
}

function convictionVectors(): object[] {
  const signed = (statement: Statement, signers: readonly number[]): Certificate => ({
    statement,
    aggregate: { signers, signature: sampleHex('aggregate', 96) },
  })
  const cases = [
    {
      description: 'who is in both bitmaps',
      first: signed(vote(7, A), [0, 1, 2]),
      second: signed(vote(7, B), [1, 2, 3]),
      offenders: [1, 2],
    },
    {
      description: 'one word against a certificate',
      first: signed(lock(7, A), [3]),
      second: signed(vote(9, B), [0, 2, 3]),
      offenders: [3],
    },
    { description: 'nobody in both', first: signed(seal(A), [0, 1]), second: signed(seal(B), [2, 3]), offenders: [] },
    { description: 'no conflict', first: signed(vote(7, A), [0, 1, 2]), second: signed(vote(8, B), [0, 1, 2]), offenders: [] },
  ]
  return cases.map((item) => {
    assertSame(item.description, item.offenders.join(), (convict(item.first, item.second)?.offenders ?? []).join())
    return {
      description: item.description,
      first: { statement: item.first.statement, signers: item.first.aggregate.signers },
      second: { statement: item.second.statement, signers: item.second.aggregate.signers },
      offenders: item.offenders,
    }
  })
}

/** A statement that a verifier is asked to sign, or what its peers know it to have signed, and what it must answer. */
type GuardStep =
  | readonly [wanted: Statement, reason: string | null]
  | { readonly learn: number; readonly lock?: Omit<LockStatement, 'kind'> }

const stories: readonly { description: string; steps: readonly GuardStep[] }[] = [
  {
    description: 'a slot as it should be, each statement asked for twice',
    steps: [
      [candidate(1, A), null],
      [vote(1, A), null],
      [vote(1, A), null],
      [lock(1, A), null],
      [lock(1, A), null],
      [seal(A), null],
      [seal(A), null],
    ],
  },
  {
    description: 'one vote a slot, and slots do not go back',
    steps: [
      [vote(4, A), null],
      [vote(4, B), 'already-voted'],
      [vote(4, A, 2), 'already-voted'],
      [vote(3, B), 'clock-behind-record'],
      [vote(5, B), null],
    ],
  },
  {
    description: 'a lock yields to a later vote certificate only',
    steps: [
      [vote(1, A), null],
      [lock(1, A), null],
      [vote(2, B), 'locked'],
      [vote(2, B, 0), 'locked'],
      [vote(2, B, 1), 'locked'],
      [vote(2, A), null],
      [vote(4, B, 3), null],
    ],
  },
  {
    description: 'slot 0 is a slot',
    steps: [
      [vote(0, A), null],
      [lock(0, A), null],
      [vote(1, B), 'locked'],
      [vote(1, B, 0), 'locked'],
      [vote(0, B), 'already-voted'],
    ],
  },
  {
    description: 'a lock on A, then on B: a vote for B again must look past the older lock too',
    steps: [
      [lock(1, A), null],
      [vote(3, B, 2), null],
      [lock(3, B), null],
      [vote(4, B), 'locked'],
      [vote(4, B, 1), 'locked'],
      [vote(4, B, 2), null],
      [vote(5, A, 3), 'locked'],
      [vote(5, A, 4), null],
    ],
  },
  {
    description: 'locks do not go back, and not below the last vote',
    steps: [
      [vote(3, A), null],
      [lock(2, B), 'clock-behind-record'],
      [lock(3, B), null],
      [lock(3, A), 'locked'],
      [vote(3, B), 'already-voted'],
      [lock(2, A), 'clock-behind-record'],
    ],
  },
  {
    description: 'a seal is for ever at its height',
    steps: [
      [seal(A), null],
      [seal(B), 'sealed'],
      [vote(9, B, 8), 'sealed'],
      [lock(9, B), 'sealed'],
      [vote(9, A), null],
      [seal(B, 6), null],
      [seal(A), 'old-height'],
      [vote(10, A), 'old-height'],
    ],
  },
  {
    description: 'slots are not taken back at the next height either',
    steps: [
      [vote(7, A), null],
      [vote(7, B, null, 6), 'already-voted'],
      [vote(6, B, null, 6), 'clock-behind-record'],
      [vote(8, B, null, 6), null],
    ],
  },
  {
    description: 'below the height of the last lock nothing is voted or locked: what was locked there is forgotten',
    steps: [
      [lock(1, A, 6), null],
      [lock(2, B, 5), 'old-height'],
      [vote(2, B, null, 5), 'old-height'],
      [vote(2, B, null, 6), 'locked'],
      [vote(2, A, null, 6), null],
    ],
  },
  {
    description: 'one candidate a slot',
    steps: [
      [candidate(4, A), null],
      [candidate(4, A), null],
      [candidate(4, B), 'clock-behind-record'],
      [candidate(3, B), 'clock-behind-record'],
      [candidate(5, B), null],
    ],
  },
  {
    description: 'what peers know is a floor',
    steps: [
      [vote(4, A), null],
      { learn: 9 },
      [vote(9, B), 'clock-behind-record'],
      [candidate(9, B), 'clock-behind-record'],
      [lock(9, B), 'clock-behind-record'],
      [vote(10, B), null],
    ],
  },
  {
    description: 'a lock that only peers know binds as one on record',
    steps: [
      { learn: 4, lock: { height: 5, slot: 4, block: A } },
      [vote(5, B), 'locked'],
      [vote(5, B, 4), 'locked'],
      [vote(5, A), 'locked'],
      [vote(6, A, 4), null],
      [vote(7, B, 5), null],
    ],
  },
]

function guardVectors(): object[] {
  return stories.map(({ description, steps }) => {
    let record: GuardRecord = emptyRecord
    const told = steps.map((step) => {
      if ('learn' in step) {
        record = raiseRecord(record, { slot: step.learn, lock: step.lock ?? null, seal: null }) ?? record
        return { peersKnowSlot: step.learn, peersKnowLock: step.lock ?? null }
      }
      const [wanted, reason] = step
      const permission = permit(record, wanted, wanted.kind === 'lock' ? voteCertificateFor(wanted) : undefined)
      assertSame(`${description}, ${JSON.stringify(wanted)}`, reason, permission.granted ? null : permission.reason)
      if (permission.granted) record = permission.record
      return { wanted, refusal: reason }
    })
    return { description, steps: told }
  })
}

/** The vote certificate that a lock stands on. Its signature is nobody's: the guard looks at statements alone. */
export function voteCertificateFor({
  height,
  slot,
  block,
}: {
  readonly height: number
  readonly slot: number
  readonly block: Hash
}): Certificate<VoteStatement> {
  return {
    statement: { kind: 'vote', height, slot, block, validSlot: null },
    aggregate: { signers: [0, 1, 2], signature: sampleHex('aggregate', 96) },
  }
}

/** `protocols/vectors/consensus.json`. */
export function consensusVectors(): object {
  const members = sampleGenesis.verifiers.map(({ account: id, peerId, blsKey, stakeDroplets }) => ({ id, peerId, blsKey, stakeDroplets }))
  const { hash, totalStakeDroplets } = createQuorum(members)
  return {
    quorum: { members, totalStakeDroplets, hash },
    enough: [1, 2, 3, 4, 5, 6, 7, 100, 10_000_000, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER].map((totalStake) => ({
      totalStake,
      twoThirds: twoThirds(totalStake),
      enough: enoughStake(totalStake),
    })),
    sortition: sortitionVectors(),
    offences: offenceVectors(),
    convictions: convictionVectors(),
    guard: guardVectors(),
  }
}
