import { carol, dave, delegate, move, register, v1, v2 } from './actions.ts'
import { alice, bob } from './samples.ts'
import { COIN, type Story } from './stories.ts'

/** floor(2T/3) of the first quorum of these stories: 2, 3 and 4 coins. */
const LIMIT = 6
const DROPLET = 1 / COIN

/** Transfers, what a block may hold, rewards. */
export const coinStories: readonly Story[] = [
  {
    description: 'transfers',
    parameters: { microHoursPerByte: 100, minFeeDroplets: 1, maxExpirySlots: 600, epochSlots: 10_000 },
    blocks: [
      { description: 'empty', slot: 0 },
      { description: 'one transfer; its fee waits for the next block', slot: 1, orders: [move(alice, bob, 0.001, { feeDroplets: 10 })] },
      { description: 'the fee goes to the maker of the parent and its signers', slot: 2 },
      { description: 'the same nonce again', slot: 3, orders: [move(alice, bob, 0.001, { nonce: 0 })], code: 'nonce-too-low' },
      { description: 'a nonce left out', slot: 3, orders: [move(alice, bob, 0.001, { nonce: 2 })], code: 'nonce-too-high' },
      {
        description: 'two of one sender, and what the second sender was just given',
        slot: 3,
        orders: [
          move(alice, carol, 0.0005, { microHours: 20_000 }),
          move(alice, carol, DROPLET),
          move(carol, bob, 0.0004, { feeDroplets: 1 }),
        ],
      },
      {
        description: 'to itself: only the fee and the burn are gone',
        slot: 4,
        orders: [move(alice, alice, 1, { feeDroplets: 10 })],
      },
      { description: 'in its last slot', slot: 5, orders: [move(alice, bob, 1, { expirySlot: 5 })] },
      { description: 'after its last slot', slot: 6, orders: [move(alice, bob, 1, { expirySlot: 5 })], code: 'expired' },
      { description: 'an expiry as far as allowed', slot: 6, orders: [move(alice, bob, 1, { expirySlot: 606 })] },
      { description: 'an expiry one slot further', slot: 7, orders: [move(alice, bob, 1, { expirySlot: 608 })], code: 'expiry-too-far' },
      { description: 'as much as the stake secures', slot: 7, orders: [move(bob, alice, LIMIT)] },
      { description: 'one droplet more', slot: 8, orders: [move(bob, alice, LIMIT + DROPLET)], code: 'value-above-stake' },
      {
        description: 'one droplet more in two transactions',
        slot: 8,
        orders: [move(bob, alice, LIMIT), move(bob, alice, DROPLET)],
        code: 'block-value-above-stake',
      },
      { description: 'more coins than it has', slot: 8, orders: [move(carol, bob, 0.000_11)], code: 'insufficient-coins' },
      { description: 'too few coin-hours for the burn', slot: 8, orders: [move(carol, bob, 0.000_01)], code: 'insufficient-hours' },
      {
        description: 'too few coin-hours for the burn and what is to move',
        slot: 8,
        orders: [move(alice, bob, 0, { microHours: COIN })],
        code: 'insufficient-hours',
      },
      {
        description: 'the good ones before a bad one do not count',
        slot: 8,
        orders: [move(alice, bob, 1), move(carol, bob, 1)],
        code: 'insufficient-coins',
      },
      { description: 'an hour later, hours were earned', slot: 3600, orders: [move(alice, bob, 1)] },
    ].map((block) => ({ ...block, orders: block.orders?.map((order) => ({ feeDroplets: 1, ...order })) }) as Story['blocks'][number]),
  },
  {
    description: 'what a block may be',
    parameters: { maxBlockTransactions: 3, maxBlockBytes: 445 },
    blocks: [
      { description: 'a slot without a time', slot: Number.MAX_SAFE_INTEGER, code: 'slot-out-of-range' },
      { description: 'a maker beyond the quorum', slot: 1, maker: 3, code: 'unknown-maker' },
      { description: 'the seal of genesis, which has none', slot: 1, parentSigners: [0, 1, 2], code: 'bad-signers' },
      {
        description: 'four transactions, three allowed',
        slot: 1,
        orders: [move(alice, bob, 1), move(alice, bob, 1), move(alice, bob, 1), move(alice, bob, 1)],
        code: 'too-many-transactions',
      },
      {
        description: 'three transfers have 471 bytes; what else is wrong with the third is not looked at',
        slot: 1,
        orders: [move(alice, bob, 1), move(alice, bob, 1), move(alice, bob, 1, { expirySlot: 0 })],
        code: 'block-too-large',
      },
      { description: 'as many bytes as fit', slot: 1, orders: [move(alice, bob, 1), move(alice, bob, 1)] },
      { description: 'without the seal of the parent', slot: 2, parentSigners: null, code: 'bad-signers' },
      { description: 'a signer beyond the quorum of the parent', slot: 2, parentSigners: [0, 1, 3], code: 'bad-signers' },
      { description: 'the last member as maker', slot: 2, maker: 2 },
    ],
  },
  {
    description: 'rewards: minted for the parent and shared with its fees; delegators and commission',
    parameters: { blockRewardDroplets: 1000, makerSharePpm: 250_000 },
    blocks: [
      {
        description: 'coins are delegated to a verifier that keeps a twentieth; nothing is minted for genesis',
        slot: 1,
        orders: [delegate(alice, v1, COIN, { feeDroplets: 77 }), delegate(bob, v2, 2 * COIN)],
      },
      { description: 'all sealed the parent', slot: 2, maker: 1 },
      { description: 'the maker of the parent did not seal it', slot: 3, maker: 2, parentSigners: [0, 2] },
      { description: 'the maker alone sealed it', slot: 4, parentSigners: [2] },
      {
        description: 'whoever delegates in a block has no part in what it pays for the parent',
        slot: 5,
        orders: [delegate(bob, v1, 2 * COIN, { feeDroplets: 1_000_003 })],
      },
      { description: 'a fee above all that was minted, shared the same way', slot: 6, maker: 2, parentSigners: [0, 1] },
    ],
  },
  {
    description: 'the last droplets that there can be',
    parameters: { blockRewardDroplets: 1000, makerSharePpm: 1_000_000 },
    genesis: { accounts: [{ address: alice.address, droplets: Number.MAX_SAFE_INTEGER - 10 * COIN - 1500, microHours: COIN }] },
    blocks: [
      { description: 'the first block', slot: 1 },
      { description: 'a whole reward', slot: 2 },
      { description: 'half of one: all coins are 2^53 - 1 droplets', slot: 3 },
      { description: 'nothing is left to mint, and fees are shared as before', slot: 4, orders: [move(alice, bob, 1, { feeDroplets: 5 })] },
      {
        description: 'half a coin is burned',
        slot: 5,
        orders: [move(alice, dave.account, 0.5, { microHours: 1000 }), register(dave)],
      },
      { description: 'what was burned is not minted anew', slot: 6 },
    ],
  },
]

/** The signers' part alone: stakes of two members are equal, one has none. */
export const rewardCases = [
  {
    description: 'by stake, rounded down; the maker has the rest',
    totalDroplets: 1000,
    makerSharePpm: 250_000,
    maker: 0,
    signers: [0, 1, 2],
    stakes: [3, 3, 1],
  },
  {
    description: 'who did not sign has nothing',
    totalDroplets: 1000,
    makerSharePpm: 250_000,
    maker: 0,
    signers: [1, 2],
    stakes: [3, 3, 1],
  },
  { description: 'the maker did not sign', totalDroplets: 999, makerSharePpm: 333_333, maker: 2, signers: [0, 1], stakes: [3, 3, 1] },
  { description: 'a member without weight', totalDroplets: 1000, makerSharePpm: 0, maker: 1, signers: [0, 1, 2], stakes: [5, 0, 5] },
  { description: 'nobody with weight signed', totalDroplets: 1000, makerSharePpm: 0, maker: 0, signers: [1], stakes: [5, 0, 5] },
  { description: 'all to the maker', totalDroplets: 1000, makerSharePpm: 1_000_000, maker: 1, signers: [0, 1, 2], stakes: [3, 3, 1] },
  { description: 'nothing to share', totalDroplets: 0, makerSharePpm: 250_000, maker: 1, signers: [0, 1, 2], stakes: [3, 3, 1] },
  {
    description: 'products above 2^53',
    totalDroplets: Number.MAX_SAFE_INTEGER - 2,
    makerSharePpm: 123_457,
    maker: 0,
    signers: [0, 1, 2],
    stakes: [2_000_000_000_003, 3_000_000_000_001, 5_000_000_000_001],
  },
]

export const delegatorCases = [
  { description: 'no delegators', stakeDroplets: 5, delegatedDroplets: 0, commissionPpm: 50_000, droplets: 1000 },
  { description: 'half of it, less a twentieth', stakeDroplets: 500, delegatedDroplets: 500, commissionPpm: 50_000, droplets: 1000 },
  {
    description: 'both rounded down: the verifier has the rest',
    stakeDroplets: 700,
    delegatedDroplets: 300,
    commissionPpm: 333_333,
    droplets: 101,
  },
  { description: 'all is delegated, and nothing kept', stakeDroplets: 0, delegatedDroplets: 300, commissionPpm: 0, droplets: 101 },
  { description: 'all is kept', stakeDroplets: 0, delegatedDroplets: 300, commissionPpm: 1_000_000, droplets: 101 },
  {
    description: 'products above 2^53',
    stakeDroplets: 3_000_000_000_000_001,
    delegatedDroplets: 4_000_000_000_000_003,
    commissionPpm: 123_457,
    droplets: 7_000_000_000_001,
  },
]
