import { toHex } from '../../src/base/hex.ts'
import { type Account, account, emptyAccount } from '../../src/ledger/account.ts'
import { type Globals, globals } from '../../src/ledger/globals.ts'
import { type SnapshotManifest, snapshotManifest } from '../../src/ledger/snapshot.ts'
import { encode } from '../../src/wire/codec.ts'
import type { TypeCases } from './encoding.ts'
import { littleEndian, overwrite, sampleHex } from './format.ts'
import { chainId, sampleGenesis } from './samples.ts'

const members = sampleGenesis.verifiers.map(({ account: id, peerId, blsKey, stakeDroplets }) => ({ id, peerId, blsKey, stakeDroplets }))
const [first] = members

const plain: Account = {
  ...{ ...emptyAccount(sampleGenesis.timeMs), droplets: 5_000_000_000, microHours: 1_000_000, remainderDropletMs: 3_599_999, nonce: 258 },
}
const parts: Account = {
  ...plain,
  ballot: {
    ...{ election: 3, heldDroplets: 4_000_000, bondedDroplets: 2_000_000, movedDroplets: 3_000_000 },
    slip: { weightDroplets: 3_000_000, choices: [sampleHex('choice 0', 20), sampleHex('choice 1', 20)].sort() },
    sources: [{ source: sampleHex('source', 32), weightDroplets: 5_000_000 }],
  },
  bonds: {
    delegations: [{ verifier: sampleHex('to', 20), shares: 1000 }],
    unbonding: [{ verifier: sampleHex('to', 20), droplets: 77, epoch: 2 }],
  },
  verifier: {
    ...{ peerId: first?.peerId ?? '', blsKey: first?.blsKey ?? '', commissionPpm: 50_000, registeredHeight: 12 },
    ...{ stakeDroplets: 2_000_000, delegatedDroplets: 1500, delegationShares: 1000, jailedUntilSlot: 0 },
    tally: { election: 3, droplets: 9_000_000 },
    offences: [
      { kind: 'double-vote', height: 99 },
      { kind: 'amnesia', height: 258 },
    ],
  },
  endorses: [sampleHex('to', 20)],
}
const nothing: Globals = {
  ...{ height: 0, epoch: 0, epochSeed: chainId, quorum: sampleHex('quorum', 32), headQuorum: sampleHex('quorum', 32), headMaker: 0 },
  ...{ feesDroplets: 0, supplyDroplets: 15_010_000_000, mintedDroplets: 0, burnedDroplets: 0, burnedMicroHours: 0 },
  ...{ handovers: [], nextElectionSlot: 6600, elections: 0, election: null, ratified: null, recoveries: [] },
}
const open: Globals = {
  ...{
    ...nothing,
    height: 258,
    epoch: 2,
    headQuorum: sampleHex('head quorum', 32),
    headMaker: 3,
    feesDroplets: 20,
    mintedDroplets: 257_000,
  },
  ...{ burnedDroplets: 500_000, burnedMicroHours: 123_456_789, nextElectionSlot: 21_000, elections: 3 },
  handovers: [
    { epoch: 0, height: 90, slot: 7200 },
    { epoch: 1, height: 180, slot: 14_401 },
  ],
  election: {
    ...{ number: 3, cause: 'forced', openedHeight: 250, closesSlot: 20_900, votedDroplets: 3_000_000, seed: sampleHex('seed', 32) },
    proposals: [
      { source: sampleHex('source', 32), weightDroplets: 8_000_000_000, passedHeight: 255 },
      { source: sampleHex('source 2', 32), weightDroplets: 5_000_000, passedHeight: null },
    ],
  },
  ratified: { source: sampleHex('source', 32), height: 99 },
  recoveries: [{ height: 98, signingId: sampleHex('recovery', 32) }],
}
const manifest: SnapshotManifest = {
  ...{ height: 258, block: sampleHex('block', 32), depth: 1, roots: [sampleHex('part 0', 32), sampleHex('part 1', 32)] },
  ...{ globals: open, quorum: members, headQuorum: members.slice(0, 2) },
}
const manifestBytes = toHex(encode(snapshotManifest, manifest))
/** After height, block and depth. */
const ROOTS_OFFSET = 8 + 32 + 1
const plainBytes = toHex(encode(account, plain))
const openBytes = toHex(encode(globals, open))

/** Of the election's cause: after all fields before the election, two handovers among them, its option tag and its number. */
const CAUSE_OFFSET = 8 + 8 + 3 * 32 + 2 + 5 * 8 + (4 + 2 * 24) + 2 * 8 + 1 + 8
/** Of the count of handovers. */
const HANDOVERS_OFFSET = 8 + 8 + 3 * 32 + 2 + 5 * 8

/** Types that no message carries: they are hashed, stored, and sent in snapshots. */
export const stateCases: readonly TypeCases[] = [
  {
    type: 'quorumMembers',
    valid: [
      { description: 'the first quorum of the sample chain', value: members },
      { description: 'one whose weight is gone', value: members.slice(0, 1).map((member) => ({ ...member, stakeDroplets: 0 })) },
      { description: 'nobody', value: [] },
    ],
    invalid: [{ description: 'a count of 513', bytes: littleEndian(513, 4), code: 'bound' }],
  },
  {
    type: 'account',
    valid: [
      { description: 'all parts', value: parts },
      { description: 'coins and coin-hours alone', value: plain },
      { description: 'a ballot with neither slip nor sources', value: { ...plain, ballot: { ...parts.ballot, slip: null, sources: [] } } },
      { description: 'bonds', value: { ...plain, bonds: parts.bonds } },
      { description: 'a verifier that was never jailed', value: { ...plain, verifier: { ...parts.verifier, jailedUntilSlot: null } } },
      { description: 'endorsements', value: { ...plain, endorses: parts.endorses } },
    ],
    invalid: [
      { description: 'a part that is not defined', bytes: overwrite(plainBytes, 0, '10'), code: 'bound' },
      { description: 'all bits', bytes: overwrite(plainBytes, 0, 'ff'), code: 'bound' },
      { description: 'a part that is not there', bytes: overwrite(plainBytes, 0, '08'), code: 'truncated' },
      { description: 'a part that is not named', bytes: `${plainBytes}${littleEndian(0, 4)}`, code: 'trailing' },
      { description: 'endorsements of 33', bytes: `${overwrite(plainBytes, 0, '08')}${littleEndian(33, 4)}`, code: 'bound' },
      { description: 'droplets 2^53', bytes: overwrite(plainBytes, 1, littleEndian(1n << 53n, 8)), code: 'bound' },
    ],
  },
  {
    type: 'globals',
    valid: [
      { description: 'with an election open and a source ratified', value: open },
      { description: 'before the first block', value: nothing },
    ],
    invalid: [
      { description: 'a cause that is not defined', bytes: overwrite(openBytes, CAUSE_OFFSET, '03'), code: 'bound' },
      { description: 'a count of 1025 handovers', bytes: overwrite(openBytes, HANDOVERS_OFFSET, littleEndian(1025, 4)), code: 'bound' },
      { description: 'option tag 2 before the election', bytes: overwrite(openBytes, CAUSE_OFFSET - 9, '02'), code: 'not-canonical' },
    ],
  },
  {
    type: 'snapshotManifest',
    valid: [
      { description: 'in two parts', value: manifest },
      { description: 'in one', value: { ...manifest, depth: 0, roots: manifest.roots.slice(0, 1), globals: nothing } },
    ],
    invalid: [
      {
        description: 'a count of 65537 roots',
        bytes: `${manifestBytes.slice(0, 2 * ROOTS_OFFSET)}${littleEndian(65_537, 4)}`,
        code: 'bound',
      },
      {
        description: 'as many roots as fit with two behind it',
        bytes: overwrite(manifestBytes, ROOTS_OFFSET, littleEndian(65_536, 4)),
        code: 'truncated',
      },
    ],
  },
]
