import fc from 'fast-check'
import type { Account, Ballot, Bonds, Verifier } from '../../../src/ledger/account.ts'
import { MAX_RECOVERIES } from '../../../src/ledger/bounds.ts'
import type { Election, Globals } from '../../../src/ledger/globals.ts'
import type { SnapshotManifest } from '../../../src/ledger/snapshot.ts'
import type { QuorumMember } from '../../../src/wire/quorum.ts'
import { hexOf, orNull, record, safe, textOf, u16, u32 } from './arbitrary-parts.ts'

const hash = hexOf(32)
const address = hexOf(20)
const few = { maxLength: 3 }

const ballot: fc.Arbitrary<Ballot> = record({
  election: safe,
  heldDroplets: safe,
  bondedDroplets: safe,
  movedDroplets: safe,
  slip: orNull(record({ weightDroplets: safe, choices: fc.array(address, few) })),
  sources: fc.array(record({ source: hash, weightDroplets: safe }), few),
})
const bonds: fc.Arbitrary<Bonds> = record({
  delegations: fc.array(record({ verifier: address, shares: safe }), few),
  unbonding: fc.array(record({ verifier: address, droplets: safe, epoch: safe }), few),
})
const verifier: fc.Arbitrary<Verifier> = record({
  peerId: textOf(96),
  blsKey: hexOf(48),
  commissionPpm: u32,
  registeredHeight: safe,
  stakeDroplets: safe,
  delegatedDroplets: safe,
  delegationShares: safe,
  jailedUntilSlot: orNull(safe),
  tally: record({ election: safe, droplets: safe }),
  offences: fc.array(record({ kind: fc.constantFrom('double-vote' as const, 'amnesia' as const), height: safe }), few),
})
export const account: fc.Arbitrary<Account> = record({
  droplets: safe,
  microHours: safe,
  remainderDropletMs: safe,
  hoursAtMs: safe,
  nonce: safe,
  ballot: orNull(ballot),
  bonds: orNull(bonds),
  verifier: orNull(verifier),
  endorses: orNull(fc.array(address, few)),
})

const election: fc.Arbitrary<Election> = record({
  number: safe,
  cause: fc.constantFrom('epoch' as const, 'forced' as const),
  openedHeight: safe,
  closesSlot: safe,
  votedDroplets: safe,
  seed: hash,
  proposals: fc.array(record({ source: hash, weightDroplets: safe, passedHeight: orNull(safe) }), few),
})
const globals: fc.Arbitrary<Globals> = record({
  height: safe,
  epoch: safe,
  epochSeed: hash,
  quorum: hash,
  headQuorum: hash,
  headMaker: u16,
  feesDroplets: safe,
  supplyDroplets: safe,
  mintedDroplets: safe,
  burnedDroplets: safe,
  burnedMicroHours: safe,
  handovers: fc.array(record({ epoch: safe, height: safe, slot: safe }), few),
  nextElectionSlot: safe,
  elections: safe,
  election: orNull(election),
  ratified: orNull(record({ source: hash, height: safe })),
  recoveries: fc.array(record({ height: safe, signingId: hash }), { maxLength: MAX_RECOVERIES }),
})

const member: fc.Arbitrary<QuorumMember> = record({ id: address, peerId: textOf(96), blsKey: hexOf(48), stakeDroplets: safe })
const members = fc.array(member, { maxLength: 3 })
const snapshotManifest: fc.Arbitrary<SnapshotManifest> = record({
  height: safe,
  block: hash,
  depth: fc.nat(255),
  roots: fc.array(hash, few),
  globals,
  quorum: members,
  headQuorum: members,
})

/** What is hashed into the state root, by the names of `wireCodecs`. */
export const stateArbitraries: Readonly<Record<string, fc.Arbitrary<unknown>>> = { account, globals, snapshotManifest }
