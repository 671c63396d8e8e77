import { MAX_OFFENCES, MAX_RECOVERIES } from '../../src/ledger/bounds.ts'
import { MAX_BLOCK_EVIDENCE } from '../../src/wire/bounds.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import type { Evidence, Hash } from '../../src/wire/types.ts'
import { dave, delegate, erin, move, register, slip, stake, undelegate, unstake, v1, v2, v3 } from './actions.ts'
import { evidenceBy, offences } from './evidence-samples.ts'
import { sampleHex } from './format.ts'
import { alice, bob, type VerifierKeys, verifiers } from './samples.ts'
import { COIN, type Story } from './stories.ts'

/** In the first quorum are k1, k2, k3, with 2, 3 and 4 coins. */
const [k0, k1, k2, k3] = verifiers as [VerifierKeys, VerifierKeys, VerifierKeys, VerifierKeys]
const KINDS = Object.keys(offences) as OffenceKind[]

type Proof = (chainId: Hash) => Evidence
const prove =
  (kind: OffenceKind, height: number, guilty: readonly VerifierKeys[], also: readonly VerifierKeys[] = []): Proof =>
  (chainId) =>
    evidenceBy(chainId, offences[kind](height), guilty, { first: also })
const all =
  (...proofs: readonly Proof[]) =>
  (chainId: Hash): readonly Evidence[] =>
    proofs.map((proof) => proof(chainId))
/** As many as asked for, of heights from 1 up, one verifier's. */
const many = (count: number, guilty: VerifierKeys): Proof[] =>
  Array.from({ length: count }, (_, index) =>
    prove(KINDS[index % KINDS.length] ?? 'amnesia', 1 + Math.floor(index / KINDS.length), [guilty]),
  )

/** Evidence in blocks: what it costs whom, what becomes of the quorum, and what no block may hold. */
export const offenceStories: readonly Story[] = [
  {
    description: 'a double vote is proven: slash, reward, jail, caretakers, and an election at once',
    parameters: { minTurnoutPpm: 10_000, jailSlots: 60 },
    blocks: [
      {
        description: 'coins are delegated',
        slot: 1,
        orders: [delegate(alice, v3, 2 * COIN), delegate(bob, v3, COIN), delegate(bob, v2, COIN)],
      },
      { description: 'some are taken back', slot: 2, orders: [undelegate(bob, v3, 400_001), unstake(v3, 1), undelegate(bob, v2, 500_000)] },
      {
        description: 'of a height above the block',
        slot: 3,
        evidence: all(prove('double-vote', 4, [k3])),
        code: 'future-evidence',
      },
      {
        description: 'of a key that nobody has registered, beside one that is',
        slot: 3,
        evidence: all(prove('double-vote', 2, [k3], [dave])),
        code: 'unknown-signer',
      },
      {
        description: 'of a key that is registered by the same block',
        slot: 3,
        orders: [move(alice, dave.account, 1, { microHours: 10_000 }), register(dave)],
        evidence: all(prove('double-vote', 2, [dave])),
        code: 'unknown-signer',
      },
      {
        description: 'it is in a block of another: the quorum goes on without its weight',
        slot: 3,
        maker: 0,
        evidence: all(prove('double-vote', 2, [k3])),
      },
      {
        description: 'once more, in other words',
        slot: 4,
        evidence: all(prove('double-vote', 2, [k3], [k1, k2])),
        code: 'already-punished',
      },
      { description: 'another kind at that height is another offence', slot: 4, maker: 1, evidence: all(prove('double-seal', 2, [k3])) },
      { description: 'those who are left vote', slot: 5, orders: [move(alice, bob, 3), slip(alice, v3, v1)] },
      { description: 'the election ends: slips do not help who is jailed', slot: 13 },
      { description: 'the first epoch counts for forty slots from then on', slot: 53, maker: 0, evidence: all(prove('amnesia', 3, [k3])) },
      { description: 'and no longer', slot: 54, evidence: all(prove('amnesia', 4, [k3])), code: 'evidence-expired' },
      { description: 'the next height is of the next epoch', slot: 54, maker: 0, evidence: all(prove('amnesia', 8, [k3])) },
      { description: 'a slot before the bonds of the first epoch come back', slot: 72 },
      { description: 'they come back, less what was slashed', slot: 73 },
    ],
  },
  {
    description: 'a certificate against several; who was punished is not punished again, and who is guilty earns nothing',
    parameters: { slashPpm: 333_333, reporterPpm: 500_001, blockRewardDroplets: 1000 },
    blocks: [
      { description: 'one of them is found out', slot: 1, maker: 2, evidence: all(prove('double-lock', 1, [k1])) },
      {
        description: 'two certificates name it and another; the maker is not among them',
        slot: 2,
        maker: 2,
        evidence: all(prove('double-lock', 1, [k1, k2], [k3])),
      },
      { description: 'one of two is the maker', slot: 3, maker: 2, evidence: all(prove('double-lock', 2, [k0, k3])) },
      { description: 'the last with any weight signs on', slot: 4, maker: 2, evidence: all(prove('double-candidate', 4, [k3])) },
    ],
  },
  {
    description: 'an offence costs everything: delegations of nothing end',
    parameters: { slashPpm: 1_000_000, reporterPpm: 0 },
    blocks: [
      {
        description: 'coins are delegated, and some taken back',
        slot: 1,
        orders: [delegate(alice, v3, COIN), delegate(bob, v3, COIN), undelegate(bob, v3, 7)],
      },
      { description: 'all of it is burned', slot: 2, evidence: all(prove('amnesia', 1, [k3])) },
      { description: 'nothing is left to take back', slot: 3, orders: [undelegate(alice, v3, null)], code: 'nothing-bonded' },
      { description: 'the next shares are a droplet each', slot: 3, orders: [delegate(bob, v3, 5)] },
      { description: 'less than a droplet is a droplet', slot: 4, maker: 1, evidence: all(prove('double-vote', 3, [k3])) },
    ],
  },
  {
    description: 'what was taken back in an earlier epoch than that of the offence is spared',
    parameters: { jailSlots: 1, unbondingSlots: 200, evidenceSlots: 150 },
    blocks: [
      { description: 'in the first epoch', slot: 10, orders: [unstake(v3, 0.5)] },
      { description: 'the election opens', slot: 80 },
      { description: 'in the block of the handover: of the second epoch', slot: 100, orders: [unstake(v3, 0.25)] },
      { description: 'an offence of the second epoch', slot: 101, maker: 0, evidence: all(prove('double-vote', 4, [k3])) },
      { description: 'one of the first', slot: 102, maker: 0, evidence: all(prove('double-vote', 3, [k3])) },
      { description: 'settled; nobody is in jail any more', slot: 111 },
      {
        description: 'evidence still meets what waits for the end of the first epoch',
        slot: 250,
        evidence: all(prove('double-seal', 3, [k3])),
      },
      {
        description: 'of the first epoch nothing counts any more',
        slot: 251,
        evidence: all(prove('double-seal', 1, [k3])),
        code: 'evidence-expired',
      },
    ],
  },
  {
    description: 'evidence where elections turn',
    parameters: { jailSlots: 30, minTurnoutPpm: 0 },
    blocks: [
      {
        description: 'a regular election is due, and a forced one opens in its place',
        slot: 85,
        evidence: all(prove('double-vote', 1, [k3])),
      },
      { description: 'it is open for its slots', slot: 94, orders: [move(alice, bob, 1), slip(alice, v2)] },
      {
        description: 'who is found out in the block that settles it is not elected by it',
        slot: 95,
        maker: 1,
        evidence: all(prove('double-vote', 2, [k1])),
      },
      {
        description: 'an offender outside the quorum is slashed and jailed, and no election opens',
        slot: 96,
        evidence: all(prove('double-seal', 2, [k1])),
      },
      { description: 'a second jail does not end before the first', slot: 97, evidence: all(prove('amnesia', 3, [k3])) },
    ],
  },
  {
    description: 'a fork, and a block that goes on without those who made it',
    parameters: { minTurnoutPpm: 0, jailSlots: 60 },
    blocks: [
      { description: 'sealed, and another beside it', slot: 1 },
      {
        description: 'a recovery block has no transactions',
        slot: 2,
        maker: 0,
        recovery: sampleHex('after a fork', 32),
        evidence: all(prove('double-seal', 1, [k2, k3])),
        orders: [move(alice, bob, 1)],
        code: 'recovery-transactions',
      },
      {
        description: 'two of three weigh nothing any more: slash, jail, an election, and a new signing id',
        slot: 2,
        maker: 0,
        recovery: sampleHex('after a fork', 32),
        evidence: all(prove('double-seal', 1, [k2, k3])),
      },
      { description: 'who is left signs on', slot: 3, parentSigners: [0], orders: [move(alice, bob, 1)] },
    ],
  },
  {
    description: 'forks without an end',
    start: (start) => ({
      ...start,
      globals: {
        ...start.globals,
        recoveries: Array.from({ length: MAX_RECOVERIES }, (_, height) => ({ height, signingId: sampleHex(`fork ${height}`, 32) })),
      },
    }),
    blocks: [
      { description: 'a block', slot: 1 },
      {
        description: 'one recovery more than the state remembers',
        slot: 2,
        maker: 0,
        recovery: sampleHex('once more', 32),
        evidence: all(prove('double-seal', 1, [k3])),
        code: 'too-many-recoveries',
      },
    ],
  },
  {
    description: 'more than a block or the state takes',
    parameters: { slashPpm: 10_000, reporterPpm: 0, verifierFeeDroplets: 0 },
    blocks: [
      {
        description: 'somebody registers and stakes',
        slot: 1,
        orders: [move(alice, erin.account, 2, { microHours: 10_000 }), register(erin), stake(erin.account, 1)],
      },
      { description: 'time passes', slot: 2 },
      { description: 'and more', slot: 3 },
      { description: 'nine pieces of evidence', slot: 4, evidence: all(...many(MAX_BLOCK_EVIDENCE + 1, erin)), code: 'too-much-evidence' },
      { description: 'eight', slot: 4, evidence: all(...many(MAX_BLOCK_EVIDENCE, erin)) },
      { description: 'eight more', slot: 5, evidence: all(...many(MAX_OFFENCES, erin).slice(MAX_BLOCK_EVIDENCE)) },
      { description: 'a seventeenth offence', slot: 6, evidence: all(prove('double-vote', 5, [erin])), code: 'too-many-offences' },
      { description: 'the same with another offender: that one is punished', slot: 6, evidence: all(prove('double-vote', 5, [erin, k0])) },
      {
        description: 'one piece of evidence twice',
        slot: 7,
        evidence: all(prove('double-vote', 6, [k0]), prove('double-vote', 6, [k0])),
        code: 'already-punished',
      },
    ],
  },
]
