import fc from 'fast-check'
import type { Genesis, GenesisVerifier, Parameters } from '../../../src/wire/genesis.ts'
import type { QuorumMember } from '../../../src/wire/quorum.ts'
import type { SnapshotOffer, Status, SyncRequest, SyncResponse } from '../../../src/wire/sync.ts'
import * as types from '../../../src/wire/types.ts'
import { hexOf, orNull, record, safe, textOf, u16, u32 } from './arbitrary-parts.ts'
import { stateArbitraries } from './state-arbitraries.ts'

const hash = hexOf(32)
const address = hexOf(20)
const action: fc.Arbitrary<types.Action> = fc.oneof(
  record({ kind: fc.constant('transfer' as const), to: address, amountDroplets: safe, microHours: safe }),
  record({
    kind: fc.constant('register' as const),
    peerId: textOf(96),
    blsKey: hexOf(48),
    possession: hexOf(96),
    commissionPpm: u32,
  }),
  record({ kind: fc.constant('stake' as const), amountDroplets: safe }),
  record({ kind: fc.constant('unstake' as const), amountDroplets: orNull(safe) }),
  record({ kind: fc.constant('delegate' as const), verifier: address, amountDroplets: safe }),
  record({ kind: fc.constant('undelegate' as const), verifier: address, amountDroplets: orNull(safe) }),
  record({ kind: fc.constant('slip' as const), choices: fc.array(address, { maxLength: 16 }) }),
  record({ kind: fc.constant('endorse' as const), verifier: address, stance: fc.constantFrom('vouch' as const, 'withdraw' as const) }),
  record({ kind: fc.constant('ratify' as const), source: hash }),
)
const transaction: fc.Arbitrary<types.Transaction> = record({
  body: record({ sender: hash, nonce: safe, feeDroplets: safe, expirySlot: safe, action }),
  signature: hexOf(64),
})
const voteFields = { height: safe, slot: safe, block: hash, validSlot: orNull(safe) }
const statement: fc.Arbitrary<types.Statement> = fc.oneof(
  record({ kind: fc.constant('candidate' as const), ...voteFields }),
  record({ kind: fc.constant('vote' as const), ...voteFields }),
  record({ kind: fc.constant('lock' as const), height: safe, slot: safe, block: hash }),
  record({ kind: fc.constant('seal' as const), height: safe, block: hash }),
)
const aggregate: fc.Arbitrary<types.AggregateSignature> = record({
  signers: fc.uniqueArray(fc.nat(511), { maxLength: 40 }).map((signers) => signers.sort((left, right) => left - right)),
  signature: hexOf(96),
})
const certificate: fc.Arbitrary<types.Certificate> = record({ statement, aggregate })
const signedStatement: fc.Arbitrary<types.SignedStatement> = record({
  statement,
  keys: fc.array(hexOf(48), { maxLength: 3 }),
  signature: hexOf(96),
})
const oneEvidence: fc.Arbitrary<types.Evidence> = record({ first: signedStatement, second: signedStatement })
const evidence = fc.array(oneEvidence, { maxLength: 2 })
const header: fc.Arbitrary<types.Header> = record({
  height: safe,
  slot: safe,
  parent: hash,
  parentSeal: orNull(aggregate),
  maker: u16,
  proof: hexOf(96),
  transactionsRoot: hash,
  evidenceRoot: hash,
  stateRoot: hash,
  nextQuorum: hash,
  burnedMicroHours: safe,
})
const transactions = fc.array(transaction, { maxLength: 3 })
const shortIds = fc.array(hexOf(8), { maxLength: 20 })
const block: fc.Arbitrary<types.Block> = record({ header, evidence, transactions })
const signedBlock: fc.Arbitrary<types.SignedBlock> = record({ header, evidence, transactions, seal: aggregate })
const status: fc.Arbitrary<Status> = record({
  version: u16,
  chainId: hash,
  height: safe,
  firstHeight: safe,
  head: hash,
  timeMs: safe,
  agent: textOf(64),
})
const reason = fc.constantFrom(...(Object.keys(types.refusalCodes) as types.RefusalReason[]))
const genesisVerifier: fc.Arbitrary<GenesisVerifier> = record({
  account: address,
  peerId: textOf(96),
  blsKey: hexOf(48),
  possession: hexOf(96),
  stakeDroplets: safe,
  commissionPpm: u32,
})
const parameters: fc.Arbitrary<Parameters> = record({
  slotMs: u32,
  choiceMs: u32,
  sortition: fc.constantFrom('stake' as const, 'uniform' as const),
  expectedCandidates: u16,
  uniformPpm: u32,
  leaderRule: fc.constantFrom('ticket' as const, 'nodeId' as const),
  idleSlots: u32,
  coinHourSeconds: u32,
  microHoursPerByte: safe,
  minFeeDroplets: safe,
  maxBlockTransactions: u32,
  maxBlockBytes: u32,
  maxExpirySlots: u32,
  epochSlots: u32,
  electionSlots: u32,
  forcedElectionSlots: u32,
  quorumSize: u16,
  minStakeDroplets: safe,
  verifierFeeDroplets: safe,
  unbondingSlots: u32,
  evidenceSlots: u32,
  slashPpm: u32,
  reporterPpm: u32,
  jailSlots: u32,
  slipChoices: u16,
  score: fc.constantFrom('coins' as const, 'trust' as const, 'hybrid' as const),
  minTurnoutPpm: u32,
  trustRounds: u16,
  blockRewardDroplets: safe,
  makerSharePpm: u32,
})
const genesis: fc.Arbitrary<Genesis> = record({
  version: u16,
  name: textOf(32),
  timeMs: safe,
  parameters,
  verifiers: fc.array(genesisVerifier, { maxLength: 3 }),
  accounts: fc.array(record({ address, droplets: safe, microHours: safe }), { maxLength: 3 }),
  anchors: fc.array(address, { maxLength: 3 }),
})
const quorumMember: fc.Arbitrary<QuorumMember> = record({ id: address, peerId: textOf(96), blsKey: hexOf(48), stakeDroplets: safe })

const signRequest: fc.Arbitrary<types.SignRequest> = fc.oneof(
  record({ kind: fc.constant('vote' as const), statement }),
  record({ kind: fc.constant('lock' as const), certificate }),
  record({ kind: fc.constant('seal' as const), certificate }),
)
const signResponse: fc.Arbitrary<types.SignResponse> = fc.oneof(
  record({ kind: fc.constant('signature' as const), signature: hexOf(96) }),
  record({ kind: fc.constant('refusal' as const), reason, height: safe, certificate: orNull(certificate) }),
)
const snapshotOffer: fc.Arbitrary<SnapshotOffer> = record({ height: safe, block: hash, depth: fc.nat(255) })
const neighbour = record({ peerId: fc.string({ maxLength: 20 }), mesh: fc.nat(255) })
const someBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const syncRequest: fc.Arbitrary<SyncRequest> = fc.oneof(
  record({ kind: fc.constant('status' as const), status }),
  record({ kind: fc.constant('blocks' as const), fromHeight: safe, count: u16 }),
  record({ kind: fc.constant('transactions' as const), block: hash, indices: fc.array(u16, { maxLength: 20 }) }),
  record({ kind: fc.constant('block' as const), block: hash }),
  record({ kind: fc.constant('newest-signed' as const), verifier: hexOf(20) }),
  record({ kind: fc.constant('snapshots' as const) }),
  record({ kind: fc.constant('snapshot-manifest' as const), height: safe }),
  record({ kind: fc.constant('snapshot-chunk' as const), height: safe, index: u32 }),
  record({ kind: fc.constant('headers' as const), fromHeight: safe, count: u16 }),
)
const syncResponse: fc.Arbitrary<SyncResponse> = fc.oneof(
  record({ kind: fc.constant('status' as const), status }),
  record({ kind: fc.constant('blocks' as const), blocks: fc.array(signedBlock, { maxLength: 2 }) }),
  record({ kind: fc.constant('transactions' as const), transactions }),
  record({ kind: fc.constant('block' as const), block }),
  record({ kind: fc.constant('newest-signed' as const), records: fc.array(certificate, { maxLength: 4 }) }),
  record({ kind: fc.constant('unavailable' as const), code: fc.nat(255) }),
  record({ kind: fc.constant('snapshots' as const), snapshots: fc.array(snapshotOffer, { maxLength: 8 }) }),
  record({ kind: fc.constant('snapshot-manifest' as const), manifest: someBytes }),
  record({ kind: fc.constant('snapshot-chunk' as const), chunk: someBytes }),
  record({ kind: fc.constant('headers' as const), headers: fc.array(header, { maxLength: 3 }) }),
)

/** Any value of each type of the wire, by the names of `wireCodecs`. */
export const wireArbitraries: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  action,
  transactionBody: transaction.map(({ body }) => body),
  transaction,
  transactionBatch: fc.array(transaction, { maxLength: 10 }),
  statement,
  aggregateSignature: aggregate,
  certificate,
  header,
  block,
  signedBlock,
  candidate: record({
    slot: safe,
    maker: u16,
    proof: hexOf(96),
    justification: orNull(certificate),
    header,
    evidence,
    shortIds,
    signature: hexOf(96),
  }),
  compactBlock: record({ header, evidence, shortIds, seal: aggregate }),
  signedStatement,
  evidence: oneEvidence,
  publicRecord: fc.oneof(
    record({ kind: fc.constant('certificate' as const), certificate }),
    record({ kind: fc.constant('tally' as const), certificates: fc.array(certificate, { maxLength: 3 }) }),
    record({ kind: fc.constant('evidence' as const), evidence: oneEvidence }),
  ),
  signRequest,
  signResponse,
  syncRequest,
  syncResponse,
  snapshotOffer,
  neighbour,
  neighbours: fc.array(neighbour, { maxLength: 4 }),
  genesisVerifier,
  genesis,
  quorumMembers: fc.array(quorumMember, { maxLength: 3 }),
  ...stateArbitraries,
}
