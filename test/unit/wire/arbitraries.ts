import fc from 'fast-check'
import type { Hex } from '../../../src/base/hex.ts'
import type { Genesis } from '../../../src/wire/genesis.ts'
import * as types from '../../../src/wire/types.ts'

/** Plain objects, as the decoder makes them: fast-check's own may lack a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(model, { noNullPrototype: true })
const safe = fc.oneof(fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)
const hexOf = (byteLength: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: byteLength, maxLength: byteLength }).map((bytes) => Buffer.from(bytes).toString('hex'))
const hash = hexOf(32)
const orNull = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(item, { nil: null })
const textOf = (maxBytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', maxLength: maxBytes }).filter((text) => Buffer.byteLength(text) <= maxBytes)

const transaction: fc.Arbitrary<types.Transaction> = record({
  body: record({
    sender: hash,
    nonce: safe,
    feeDroplets: safe,
    expirySlot: safe,
    action: record({ kind: fc.constant('transfer' as const), to: hexOf(20), amountDroplets: safe, microHours: safe }),
  }),
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
const header: fc.Arbitrary<types.Header> = record({
  height: safe,
  slot: safe,
  parent: hash,
  parentSeal: orNull(aggregate),
  maker: u16,
  proof: hexOf(96),
  transactionsRoot: hash,
  stateRoot: hash,
  nextQuorum: hash,
  burnedMicroHours: safe,
})
const transactions = fc.array(transaction, { maxLength: 3 })
const shortIds = fc.array(hexOf(8), { maxLength: 20 })
const block: fc.Arbitrary<types.Block> = record({ header, transactions })
const signedBlock: fc.Arbitrary<types.SignedBlock> = record({ header, transactions, seal: aggregate })
const status = record({ version: u16, chainId: hash, height: safe, head: hash, timeMs: safe, agent: textOf(64) })
const reason = fc.constantFrom(...(Object.keys(types.refusalCodes) as types.RefusalReason[]))
const genesisVerifier = record({ account: hexOf(20), peerId: textOf(96), blsKey: hexOf(48), possession: hexOf(96), stakeDroplets: safe })
const parameters = record({
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
})
const genesis: fc.Arbitrary<Genesis> = record({
  version: u16,
  name: textOf(32),
  timeMs: safe,
  parameters,
  verifiers: fc.array(genesisVerifier, { maxLength: 3 }),
  accounts: fc.array(record({ address: hexOf(20), droplets: safe, microHours: safe }), { maxLength: 3 }),
})
const signRequest: fc.Arbitrary<types.SignRequest> = fc.oneof(
  record({ kind: fc.constant('vote' as const), statement }),
  record({ kind: fc.constant('lock' as const), certificate }),
  record({ kind: fc.constant('seal' as const), certificate }),
)
const signResponse: fc.Arbitrary<types.SignResponse> = fc.oneof(
  record({ kind: fc.constant('signature' as const), signature: hexOf(96) }),
  record({ kind: fc.constant('refusal' as const), reason, height: safe, certificate: orNull(certificate) }),
)
const syncRequest: fc.Arbitrary<types.SyncRequest> = fc.oneof(
  record({ kind: fc.constant('status' as const), status }),
  record({ kind: fc.constant('blocks' as const), fromHeight: safe, count: u16 }),
  record({ kind: fc.constant('transactions' as const), block: hash, indices: fc.array(u16, { maxLength: 20 }) }),
  record({ kind: fc.constant('block' as const), block: hash }),
  record({ kind: fc.constant('newest-signed' as const), verifier: hexOf(20) }),
)
const syncResponse: fc.Arbitrary<types.SyncResponse> = fc.oneof(
  record({ kind: fc.constant('status' as const), status }),
  record({ kind: fc.constant('blocks' as const), blocks: fc.array(signedBlock, { maxLength: 2 }) }),
  record({ kind: fc.constant('transactions' as const), transactions }),
  record({ kind: fc.constant('block' as const), block }),
  record({ kind: fc.constant('newest-signed' as const), records: fc.array(certificate, { maxLength: 4 }) }),
  record({ kind: fc.constant('unavailable' as const), code: fc.nat(255) }),
)

/** Any value of each type of the wire, by the names of `wireCodecs`. */
export const wireArbitraries: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  action: transaction.map(({ body }) => body.action),
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
    shortIds,
    signature: hexOf(96),
  }),
  compactBlock: record({ header, shortIds, seal: aggregate }),
  publicRecord: record({ kind: fc.constant('certificate' as const), certificate }),
  signRequest,
  signResponse,
  syncRequest,
  syncResponse,
  genesisVerifier,
  genesis,
}
