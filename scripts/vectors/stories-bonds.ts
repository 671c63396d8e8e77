import type { Account, Verifier } from '../../src/ledger/account.ts'
import { emptyAccount } from '../../src/ledger/account.ts'
import { MAX_DELEGATIONS, MAX_ENDORSEMENTS, MAX_UNBONDINGS } from '../../src/ledger/bounds.ts'
import { dave, delegate, erin, move, register, stake, undelegate, unstake, v0, v1, v2, v3, vouch } from './actions.ts'
import { sampleHex } from './format.ts'
import { alice, bob, peerIdOf, sampleGenesis } from './samples.ts'
import { COIN, type Start, type Story } from './stories.ts'

const taken = sampleGenesis.verifiers[0]

/** A verifier that nobody has keys of. */
const strangers = Array.from({ length: Math.max(MAX_DELEGATIONS, MAX_ENDORSEMENTS) + 1 }, (_, index) => ({
  address: sampleHex(`stranger ${index}`, 20),
  verifier: {
    ...{
      peerId: peerIdOf(sampleHex(`stranger ${index}`, 32)),
      blsKey: sampleHex(`stranger ${index}`, 48),
      commissionPpm: 0,
      registeredHeight: 0,
    },
    ...{ stakeDroplets: COIN, delegatedDroplets: 0, delegationShares: 0, jailedUntilSlot: null, tally: { election: 0, droplets: 0 } },
    offences: [],
  },
})).sort((left, right) => (left.address < right.address ? -1 : 1))
const last = strangers.at(-1)?.address ?? ''

/** The start with these fields of accounts in the place of theirs. */
function withAccounts(start: Start, changes: Readonly<Record<string, (account: Account) => Account>>): Start {
  const accounts = new Map(start.accounts)
  const empty = emptyAccount(sampleGenesis.timeMs)
  for (const [address, change] of Object.entries(changes)) accounts.set(address, change(accounts.get(address) ?? empty))
  let supplyDroplets = 0
  for (const { droplets, verifier, bonds } of accounts.values()) {
    supplyDroplets += droplets + (verifier?.stakeDroplets ?? 0) + (verifier?.delegatedDroplets ?? 0)
    for (const one of bonds?.unbonding ?? []) supplyDroplets += one.droplets
  }
  return { ...start, accounts, globals: { ...start.globals, supplyDroplets } }
}

const asVerifier =
  (changes: Partial<Verifier>) =>
  (account: Account): Account => ({
    ...account,
    verifier: { ...(account.verifier ?? strangers[0]?.verifier), ...changes } as Verifier,
  })

/** Registration, stake, delegation, and the way back. */
export const bondStories: readonly Story[] = [
  {
    description: 'register, stake, unstake, and when it comes back',
    blocks: [
      { description: 'an account that is no verifier has no stake', slot: 1, orders: [stake(alice, 1)], code: 'not-verifier' },
      { description: 'nor anything to take back', slot: 1, orders: [unstake(alice, null)], code: 'not-verifier' },
      { description: 'a verifier registers again', slot: 1, orders: [{ ...register(dave), from: v0 }], code: 'already-registered' },
      {
        description: 'a newcomer gets half a coin and registers in one block: all of it is burned',
        slot: 1,
        orders: [move(alice, dave.account, 0.5, { microHours: 10_000 }), register(dave)],
      },
      {
        description: 'with what is not quite enough',
        slot: 2,
        orders: [move(alice, erin.account, 0.499_999), register(erin)],
        code: 'insufficient-coins',
      },
      {
        description: "with another verifier's BLS key",
        slot: 2,
        orders: [move(alice, erin.account, 1, { microHours: 10_000 }), register(erin, { blsKey: taken?.blsKey ?? '' })],
        code: 'key-in-use',
      },
      {
        description: "with another verifier's peer id",
        slot: 2,
        orders: [move(alice, erin.account, 1, { microHours: 10_000 }), register(erin, { peerId: taken?.peerId ?? '' })],
        code: 'peer-id-in-use',
      },
      {
        description: 'two register one BLS key in one block',
        slot: 2,
        orders: [register(erin, {}), { ...register(dave), from: bob }].map((order) => ({
          ...order,
          from: order.from === bob ? bob : alice,
          action: { ...order.action, ...{ blsKey: erin.publicKey } } as typeof order.action,
        })),
        code: 'key-in-use',
      },
      { description: 'nothing is bonded yet', slot: 2, orders: [unstake(dave.account, null)], code: 'nothing-bonded' },
      { description: 'it stakes', slot: 2, orders: [move(alice, dave.account, 3), stake(dave.account, 2)] },
      {
        description: 'stake counts as value, too',
        slot: 3,
        orders: [move(alice, bob, 5), stake(dave.account, 1), stake(v0, 0.5)],
        code: 'block-value-above-stake',
      },
      { description: 'more than it bonded', slot: 3, orders: [unstake(dave.account, 2.000_001)], code: 'insufficient-stake' },
      { description: 'a part, then the rest', slot: 10, orders: [unstake(dave.account, 0.5), unstake(dave.account, null)] },
      { description: 'nothing is left', slot: 11, orders: [unstake(dave.account, null)], code: 'nothing-bonded' },
      { description: 'sixty slots later the epoch is still the same: nothing comes back', slot: 70 },
      { description: 'the election of the epoch opens', slot: 80 },
      { description: 'it is settled; what is given back goes by the epoch before', slot: 100, orders: [unstake(v3, 0.25)] },
      { description: 'now both sums come back; what was taken back after the settlement does not', slot: 160 },
    ],
  },
  {
    description: 'delegation: shares, what they are worth, and rounding',
    parameters: { blockRewardDroplets: 3_000_000, makerSharePpm: 0 },
    blocks: [
      { description: 'to itself', slot: 1, orders: [delegate(v1, v1, COIN)], code: 'own-verifier' },
      { description: 'to somebody who is no verifier', slot: 1, orders: [delegate(alice, bob, COIN)], code: 'unknown-verifier' },
      { description: 'the first shares are a droplet each', slot: 1, orders: [delegate(alice, v1, 1000)] },
      { description: 'rewards make a share worth more', slot: 2, orders: [delegate(v2, v1, 5000)] },
      { description: 'a droplet is less than a share', slot: 3, orders: [delegate(bob, v1, 1)], code: 'amount-too-small' },
      { description: 'what is more than whole shares stays with the sender', slot: 3, orders: [delegate(bob, v1, 1000)] },
      { description: 'more of the same', slot: 4, orders: [delegate(bob, v1, 500), delegate(bob, v3, 500)] },
      { description: 'from somebody who is no verifier', slot: 5, orders: [undelegate(alice, bob, null)], code: 'unknown-verifier' },
      {
        description: 'from a verifier to whom it delegates nothing',
        slot: 5,
        orders: [undelegate(alice, v3, null)],
        code: 'nothing-bonded',
      },
      { description: 'a part of it', slot: 5, orders: [undelegate(alice, v1, 7)] },
      { description: 'more than it is worth', slot: 6, orders: [undelegate(bob, v1, 200_000)], code: 'insufficient-stake' },
      { description: 'all of it', slot: 6, orders: [undelegate(bob, v1, null), undelegate(v2, v1, null)] },
      { description: 'the last share: nothing stays behind', slot: 7, orders: [undelegate(alice, v1, null)] },
      { description: 'the next first shares are a droplet each again', slot: 8, orders: [delegate(alice, v1, 10)] },
    ],
  },
  {
    description: 'as much as an account and a verifier can have',
    start: (start) =>
      withAccounts(start, {
        ...Object.fromEntries(
          strangers.map(({ address, verifier }, index) => [
            address,
            (account: Account): Account => ({
              ...account,
              verifier: { ...verifier, ...(index < MAX_DELEGATIONS ? { delegatedDroplets: 10, delegationShares: 10 } : {}) },
            }),
          ]),
        ),
        [alice.address]: (account) => ({
          ...account,
          bonds: {
            delegations: strangers.slice(0, MAX_DELEGATIONS).map(({ address }) => ({ verifier: address, shares: 10 })),
            unbonding: Array.from({ length: MAX_UNBONDINGS }, (_, index) => ({
              verifier: last,
              droplets: index + 1,
              epoch: 0,
            })),
          },
          endorses: strangers.slice(0, MAX_ENDORSEMENTS).map(({ address }) => address),
        }),
        [v1.address]: asVerifier({ delegationShares: Number.MAX_SAFE_INTEGER - 10, delegatedDroplets: 10 }),
      }),
    blocks: [
      { description: 'one verifier more', slot: 1, orders: [delegate(alice, { ...v0, address: last }, 1)], code: 'too-many-delegations' },
      {
        description: 'more to one that it delegates to already',
        slot: 1,
        orders: [delegate(alice, { ...v0, address: strangers[0]?.address ?? '' }, 1)],
      },
      {
        description: 'one more sum on its way back',
        slot: 2,
        orders: [undelegate(alice, { ...v0, address: strangers[0]?.address ?? '' }, 1)],
        code: 'too-many-unbonding',
      },
      { description: 'one endorsement more', slot: 2, orders: [vouch(alice, { ...v0, address: last })], code: 'too-many-endorsements' },
      { description: 'a share more than there are numbers for', slot: 2, orders: [delegate(bob, v1, 1)], code: 'too-many-shares' },
    ],
  },
]

/** What a delegation buys from a verifier with so much delegated in so many shares. */
export const delegateCases = [
  { description: 'the first', delegatedDroplets: 0, delegationShares: 0, amountDroplets: 7 },
  { description: 'shares at a droplet each', delegatedDroplets: 10, delegationShares: 10, amountDroplets: 7 },
  { description: 'shares at one and a half: a droplet is left', delegatedDroplets: 15, delegationShares: 10, amountDroplets: 10 },
  { description: 'exactly one share', delegatedDroplets: 30, delegationShares: 10, amountDroplets: 3 },
  { description: 'not quite one share', delegatedDroplets: 30, delegationShares: 10, amountDroplets: 2 },
  { description: 'after a slash shares are cheap', delegatedDroplets: 3, delegationShares: 10, amountDroplets: 2 },
  {
    description: 'products above 2^53',
    delegatedDroplets: 3_000_000_000_000_007,
    delegationShares: 2_000_000_000_000_003,
    amountDroplets: 1_000_003,
  },
]

/** What comes back of a delegation: null for all of it. */
export const undelegateCases = [
  { description: 'all', delegatedDroplets: 15, delegationShares: 10, heldShares: 3, amountDroplets: null },
  { description: 'all, by its amount', delegatedDroplets: 15, delegationShares: 10, heldShares: 3, amountDroplets: 4 },
  { description: 'a part costs whole shares', delegatedDroplets: 15, delegationShares: 10, heldShares: 3, amountDroplets: 2 },
  { description: 'a part that costs all shares', delegatedDroplets: 100, delegationShares: 10, heldShares: 1, amountDroplets: 5 },
  { description: 'the last shares take all', delegatedDroplets: 101, delegationShares: 10, heldShares: 10, amountDroplets: null },
  {
    description: 'products above 2^53',
    delegatedDroplets: 3_000_000_000_000_007,
    delegationShares: 2_000_000_000_000_003,
    heldShares: 1_000_000_000_000_001,
    amountDroplets: 1_000_003,
  },
]
