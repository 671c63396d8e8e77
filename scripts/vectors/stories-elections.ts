import type { Account } from '../../src/ledger/account.ts'
import { MAX_PROPOSALS } from '../../src/ledger/bounds.ts'
import { carol, dave, delegate, move, ratify, register, slip, stake, unstake, v0, v1, v2, v3, vouch, withdraw } from './actions.ts'
import { sampleHex } from './format.ts'
import { type AccountKeys, alice, bob } from './samples.ts'
import { COIN, type Start, type Story } from './stories.ts'

const changed = (start: Start, of: AccountKeys, change: (account: Account) => Account): ReadonlyMap<string, Account> => {
  const account = start.accounts.get(of.address)
  if (account === undefined) throw new Error('no such account')
  return new Map(start.accounts).set(of.address, change(account))
}

/** As it is when a member of the quorum was convicted: jailed, its weight gone, an election open. */
const forced = (start: Start): Start => ({
  accounts: changed(start, v3, (account) => ({ ...account, verifier: account.verifier && { ...account.verifier, jailedUntilSlot: 60 } })),
  globals: {
    ...{ ...start.globals, height: 7, elections: 1, headMaker: 1 },
    election: {
      ...{ number: 1, cause: 'forced', openedHeight: 7, closesSlot: 50, votedDroplets: 0, seed: sampleHex('seed', 32), proposals: [] },
    },
  },
  headQuorum: start.headQuorum,
  quorum: start.quorum.map((member) => (member.id === v3.address ? { ...member, stakeDroplets: 0 } : member)),
})

const crowded = (start: Start): Start => ({
  ...start,
  globals: {
    ...{ ...start.globals, height: 7, elections: 1 },
    election: {
      ...{ number: 1, cause: 'epoch', openedHeight: 5, closesSlot: 100, votedDroplets: 0, seed: sampleHex('seed', 32) },
      proposals: Array.from({ length: MAX_PROPOSALS }, (_, index) => ({
        source: sampleHex(`crowd ${index}`, 32),
        weightDroplets: index + 1,
        passedHeight: null,
      })),
    },
  },
})

/** Elections by each score, with all that can be wrong with a slip; ratification. */
export const electionStories: readonly Story[] = [
  {
    description: 'an election by slips',
    parameters: { minTurnoutPpm: 50_000 },
    blocks: [
      { description: 'before it', slot: 79, orders: [slip(alice, v0)], code: 'no-election' },
      {
        description: 'coins that moved before it opened do not count',
        slot: 79,
        orders: [move(alice, bob, 1), move(alice, carol, 1, { microHours: 10_000 })],
      },
      { description: 'the block that opens it', slot: 80, maker: 1 },
      { description: 'nothing moved', slot: 81, orders: [slip(alice, v0)], code: 'nothing-moved' },
      { description: 'to itself is not moved', slot: 81, orders: [move(alice, alice, 2), slip(alice, v0)], code: 'nothing-moved' },
      {
        description: 'it votes with what it moved; whoever got that has nothing to vote with',
        slot: 81,
        orders: [move(alice, dave.account, 3, { microHours: 1000 }), slip(alice, v0)],
      },
      {
        description: 'moved on by an account that held nothing',
        slot: 82,
        orders: [move(dave.account, bob, 1), slip(dave.account, v0)],
        code: 'nothing-moved',
      },
      {
        description: 'three choices, two allowed',
        slot: 82,
        orders: [move(alice, bob, 1), slip(alice, v0, v1, v2)],
        code: 'too-many-choices',
      },
      {
        description: 'a choice that is no verifier',
        slot: 82,
        orders: [move(alice, bob, 1), slip(alice, v0, bob)],
        code: 'unknown-verifier',
      },
      {
        description: 'a newcomer registers and stakes: too late for this election',
        slot: 82,
        orders: [register(dave), stake(dave.account, 1.5)],
      },
      {
        description: 'a new slip takes the place of the one before',
        slot: 83,
        orders: [move(alice, bob, 2), slip(alice, dave.account)],
      },
      {
        description: 'coins that come back and move again count once',
        slot: 84,
        orders: [move(bob, alice, 3), slip(bob, v2, dave.account)],
      },
      {
        description: 'its weight is at most what it held',
        slot: 85,
        orders: [move(carol, bob, 1), move(bob, carol, 1), move(carol, bob, 1), slip(carol, v0)],
      },
      { description: 'a verifier names itself', slot: 86, maker: 2, orders: [move(v2, alice, 4.5), slip(v2, v2, v0)] },
      { description: 'the last slot before it closes', slot: 99, orders: [vouch(alice, v2)] },
      {
        description: 'it is settled: who registered too late is left out, who has no slips fills what is left, by lower id',
        slot: 100,
        orders: [slip(bob, v0)],
        code: 'no-election',
      },
      {
        description: 'the same without that slip; ballots of those who are touched are dropped',
        slot: 100,
        maker: 1,
        orders: [move(alice, bob, 1)],
      },
      { description: 'the new quorum makes the block, the old one had sealed the parent', slot: 101, maker: 2, parentSigners: [0, 2] },
      { description: 'a maker beyond the new quorum', slot: 102, maker: 3, code: 'unknown-maker' },
      { description: 'the next election opens', slot: 180 },
    ],
  },
  {
    description: 'too few vote, so the stake elects; blocks stop for a while',
    parameters: { minTurnoutPpm: 500_000 },
    blocks: [
      {
        description: 'stake below the least',
        slot: 10,
        orders: [delegate(alice, v0, 3 * COIN), unstake(v1, 1.5), delegate(bob, v2, COIN)],
      },
      { description: 'no block came until after the epoch: the election gets its whole length', slot: 130 },
      { description: 'one votes', slot: 140, orders: [move(bob, alice, 5), slip(bob, v1, v2)] },
      { description: 'settled late, after the next one was due: that one is left out', slot: 185 },
      { description: 'nothing opens', slot: 279 },
      { description: 'the one after it opens', slot: 280 },
    ],
  },
  {
    description: 'trust elects',
    parameters: { score: 'trust' },
    genesis: { anchors: [alice.address, v2.address].sort() },
    blocks: [
      { description: 'nobody vouches for itself', slot: 1, orders: [vouch(v1, v1)], code: 'own-verifier' },
      { description: 'nor for an account that is no verifier', slot: 1, orders: [vouch(alice, bob)], code: 'unknown-verifier' },
      { description: 'nothing to take back', slot: 1, orders: [withdraw(alice, v1)], code: 'not-endorsed' },
      {
        description: 'from the anchors outwards, and a ring that no anchor reaches',
        slot: 1,
        orders: [vouch(alice, v0), vouch(alice, v2), vouch(v0, v3), vouch(bob, v1), vouch(v1, v3)],
      },
      { description: 'twice', slot: 2, orders: [vouch(alice, v0)], code: 'already-endorsed' },
      { description: 'one is taken back', slot: 2, orders: [withdraw(v1, v3), vouch(v3, v1)] },
      { description: 'the election opens', slot: 80 },
      { description: 'slips are taken, and elect nobody here', slot: 90, orders: [move(bob, alice, 6), slip(bob, v1)] },
      { description: 'settled', slot: 100 },
    ],
  },
  {
    description: 'slips elect among those who are trusted; then nobody is',
    parameters: { score: 'hybrid', minTurnoutPpm: 0 },
    genesis: { anchors: [alice.address] },
    blocks: [
      { description: 'two are trusted', slot: 1, orders: [vouch(alice, v0), vouch(v0, v1)] },
      { description: 'the election opens', slot: 80 },
      { description: 'most vote for one who is not', slot: 90, orders: [move(bob, alice, 5), slip(bob, v3, v1)] },
      { description: 'settled: a quorum of two', slot: 100 },
      { description: 'trust is taken back', slot: 110, orders: [withdraw(alice, v0)] },
      { description: 'the next election opens', slot: 180 },
      { description: 'nobody can be elected: quorum, epoch and seed stay', slot: 200 },
      { description: 'the one after', slot: 280 },
      {
        description: 'without a slip a turnout of nothing is not enough: the stake elects, among the trusted',
        slot: 290,
        orders: [vouch(alice, v3), vouch(alice, v2)],
      },
      { description: 'settled', slot: 300 },
    ],
  },
  {
    description: 'a forced election, and the caretakers before it',
    parameters: { minTurnoutPpm: 0 },
    start: forced,
    blocks: [
      {
        description: 'what a block may move goes by what the others weigh',
        slot: 45,
        orders: [move(alice, bob, 3.333_334)],
        code: 'value-above-stake',
      },
      { description: 'slips count as ever; the head was sealed by all', slot: 45, orders: [move(alice, bob, 3.333_333), slip(alice, v3)] },
      { description: 'settled: who is jailed is not elected, whatever it was given', slot: 50 },
      { description: 'the election of the epoch opens as if nothing had been', slot: 80 },
      { description: 'slips again', slot: 81, orders: [move(bob, alice, 2), slip(bob, v3)] },
      { description: 'the jail is over', slot: 100 },
    ],
  },
  {
    description: 'ratification: 19 coins in all, 10 of them bonded',
    parameters: { microHoursPerByte: 0 },
    genesis: {
      accounts: [
        { address: alice.address, droplets: 5 * COIN, microHours: 0 },
        { address: bob.address, droplets: 4 * COIN, microHours: 0 },
      ].sort((left, right) => (left.address < right.address ? -1 : 1)),
    },
    blocks: [
      { description: 'before the election', slot: 79, orders: [ratify(v3, 'A')], code: 'no-election' },
      { description: 'it opens', slot: 80 },
      { description: 'nothing moved, and nothing bonded to it', slot: 81, orders: [ratify(alice, 'A')], code: 'nothing-moved' },
      { description: 'verifiers support with what is bonded to them', slot: 81, orders: [ratify(v3, 'A'), ratify(v2, 'A')] },
      { description: 'half of all coins is not more than half', slot: 82, orders: [move(alice, bob, 2.5), ratify(alice, 'A')] },
      { description: 'a droplet more is', slot: 83, orders: [move(alice, bob, 0.000_001), ratify(alice, 'A')] },
      { description: 'once ratified, more of the same changes nothing else', slot: 84, orders: [ratify(v1, 'A')] },
      {
        description: 'what was bonded since the election opened does not count, what was taken back neither',
        slot: 85,
        orders: [delegate(bob, v1, COIN), ratify(v1, 'A'), unstake(v3, 1), ratify(v3, 'A')],
      },
      {
        description: 'four sources of one account',
        slot: 86,
        orders: [ratify(v0, 'B'), ratify(v0, 'C'), ratify(v0, 'D'), ratify(v0, 'E'), ratify(v0, 'C')],
      },
      { description: 'and a fifth', slot: 87, orders: [ratify(v0, 'F')], code: 'too-many-sources' },
      {
        description: 'another source passes',
        slot: 87,
        orders: [ratify(v1, 'B'), ratify(v2, 'B'), ratify(v3, 'B'), move(bob, alice, 3), ratify(bob, 'B')],
      },
      { description: 'more support for the first does not bring it back', slot: 88, orders: [ratify(v0, 'B'), ratify(v3, 'A')] },
      { description: 'it is settled: proposals are gone, what was ratified stays', slot: 100 },
    ],
  },
  {
    description: 'as many proposals as an election can have',
    start: crowded,
    blocks: [{ description: 'one more', slot: 81, orders: [move(alice, bob, 1), ratify(alice, 'A')], code: 'too-many-proposals' }],
  },
]

/** Weight of a slip: at most what was held, at most what was moved. */
export const slipWeightCases = [
  { description: 'nothing moved', heldDroplets: 5, movedDroplets: 0 },
  { description: 'a part', heldDroplets: 5, movedDroplets: 3 },
  { description: 'all', heldDroplets: 5, movedDroplets: 5 },
  { description: 'more than it held: what it got since does not count', heldDroplets: 5, movedDroplets: 9 },
  { description: 'it held nothing', heldDroplets: 0, movedDroplets: 9 },
]

const [A, B, C, D, E] = ['0a', '0b', '0c', '0d', '0e'].map((byte) => byte.repeat(20)) as [string, string, string, string, string]
/** Who vouches for whom, and what each is trusted after so many rounds. */
export const trustCases = [
  { description: 'an anchor alone', anchors: [A], rounds: 3, endorses: {} },
  { description: 'half of it goes on', anchors: [A], rounds: 3, endorses: { [A]: [B] } },
  { description: 'in equal parts, rounded down', anchors: [A], rounds: 3, endorses: { [A]: [B, C, D] } },
  { description: 'a chain as long as the rounds', anchors: [A], rounds: 3, endorses: { [A]: [B], [B]: [C], [C]: [D] } },
  { description: 'a chain longer than the rounds', anchors: [A], rounds: 3, endorses: { [A]: [B], [B]: [C], [C]: [D], [D]: [E] } },
  { description: 'a ring that no anchor reaches', anchors: [A], rounds: 3, endorses: { [B]: [C], [C]: [B] } },
  { description: 'a ring that an anchor reaches', anchors: [A], rounds: 4, endorses: { [A]: [B], [B]: [C], [C]: [B] } },
  { description: 'an anchor is vouched for, too', anchors: [A, B], rounds: 2, endorses: { [A]: [B], [B]: [A] } },
  { description: 'two ways add up', anchors: [A, B], rounds: 2, endorses: { [A]: [C], [B]: [C, D], [C]: [D] } },
  {
    description: 'what comes to less than one is nothing',
    anchors: [A],
    rounds: 32,
    endorses: { [A]: [B], [B]: [C, D, E], [C]: [B, D, E], [D]: [B, C, E], [E]: [B, C, D] },
  },
  { description: 'nobody', anchors: [], rounds: 3, endorses: { [A]: [B] } },
]
