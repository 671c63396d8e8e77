import assert from 'node:assert/strict'
import { firstHeader, sampleAggregate, sampleCertificate, sampleGenesis, sampleTransaction } from '../../../scripts/vectors/samples.ts'
import * as bounds from '../../../src/wire/bounds.ts'
import { type Codec, decode, encode, WireError } from '../../../src/wire/codec.ts'
import { genesis, genesisVerifier } from '../../../src/wire/genesis.ts'
import { neighbours } from '../../../src/wire/neighbours.ts'
import { quorumMembers } from '../../../src/wire/quorum.ts'
import { syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import * as types from '../../../src/wire/types.ts'

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
const status = { version: 1, chainId: '00'.repeat(32), height: 0, firstHeight: 1, head: '00'.repeat(32), timeMs: 0 }
const evidence: types.Evidence[] = []
const candidate = {
  ...{ slot: 0, maker: 0, proof: firstHeader.proof, justification: null },
  ...{ header: firstHeader, evidence, signature: firstHeader.proof },
}
const aSeal = { statement: { kind: 'seal', height: 1, block: '00'.repeat(32) }, keys: ['00'.repeat(48)], signature: '00'.repeat(96) }
const signedBlock = { header: firstHeader, evidence, transactions: [], seal: sampleAggregate }
const verifier = sampleGenesis.verifiers[0]

/** For each bound, the value that just meets it when made with `most`, and that breaks it with one more. */
const cases: readonly { description: string; codec: Codec<unknown>; most: number; value: (count: number) => unknown }[] = [
  {
    description: 'quorum',
    codec: types.aggregateSignature,
    most: bounds.MAX_QUORUM - 1,
    value: (last) => ({ ...sampleAggregate, signers: [last] }),
  },
  {
    description: 'batch',
    codec: types.transactionBatch,
    most: bounds.MAX_BATCH_TRANSACTIONS,
    value: (count) => times(count, sampleTransaction),
  },
  {
    description: "a block's transactions",
    codec: types.block,
    most: bounds.MAX_BLOCK_TRANSACTIONS,
    value: (count) => ({ header: firstHeader, evidence, transactions: times(count, sampleTransaction) }),
  },
  {
    description: "a signed block's transactions",
    codec: types.signedBlock,
    most: bounds.MAX_BLOCK_TRANSACTIONS,
    value: (count) => ({ ...signedBlock, transactions: times(count, sampleTransaction) }),
  },
  {
    description: "a candidate's short ids",
    codec: types.candidate,
    most: bounds.MAX_BLOCK_TRANSACTIONS,
    value: (count) => ({ ...candidate, shortIds: times(count, '00'.repeat(8)) }),
  },
  {
    description: "a compact block's short ids",
    codec: types.compactBlock,
    most: bounds.MAX_BLOCK_TRANSACTIONS,
    value: (count) => ({ header: firstHeader, evidence, shortIds: times(count, '00'.repeat(8)), seal: sampleAggregate }),
  },
  {
    description: "a block's evidence",
    codec: types.block,
    most: bounds.MAX_BLOCK_EVIDENCE,
    value: (count) => ({ header: firstHeader, evidence: times(count, { first: aSeal, second: aSeal }), transactions: [] }),
  },
  {
    description: 'keys of a statement in evidence',
    codec: types.signedStatement,
    most: bounds.MAX_QUORUM,
    value: (count) => ({ ...aSeal, keys: times(count, '00'.repeat(48)) }),
  },
  {
    description: 'certificates of a tally',
    codec: types.publicRecord,
    most: bounds.MAX_TALLY,
    value: (count) => ({ kind: 'tally', certificates: times(count, sampleCertificate) }),
  },
  {
    description: 'blocks of an answer',
    codec: syncResponse,
    most: bounds.MAX_SYNC_BLOCKS,
    value: (count) => ({ kind: 'blocks', blocks: times(count, signedBlock) }),
  },
  {
    description: 'transactions of an answer',
    codec: syncResponse,
    most: bounds.MAX_SYNC_TRANSACTIONS,
    value: (count) => ({ kind: 'transactions', transactions: times(count, sampleTransaction) }),
  },
  {
    description: 'indices of a request',
    codec: syncRequest,
    most: bounds.MAX_SYNC_TRANSACTIONS,
    value: (count) => ({ kind: 'transactions', block: '00'.repeat(32), indices: times(count, 0) }),
  },
  {
    description: 'newest statements',
    codec: syncResponse,
    most: bounds.MAX_NEWEST_SIGNED,
    value: (count) => ({ kind: 'newest-signed', records: times(count, sampleCertificate) }),
  },
  {
    description: 'snapshots on offer',
    codec: syncResponse,
    most: bounds.MAX_SNAPSHOTS,
    value: (count) => ({ kind: 'snapshots', snapshots: times(count, { height: 1, block: '00'.repeat(32), depth: 0 }) }),
  },
  {
    description: "bytes of a snapshot's manifest",
    codec: syncResponse,
    most: bounds.MAX_MANIFEST_BYTES,
    value: (length) => ({ kind: 'snapshot-manifest', manifest: '00'.repeat(length) }),
  },
  {
    description: 'bytes of a part of a snapshot',
    codec: syncResponse,
    most: bounds.MAX_CHUNK_BYTES,
    value: (length) => ({ kind: 'snapshot-chunk', chunk: '00'.repeat(length) }),
  },
  {
    description: 'headers of an answer',
    codec: syncResponse,
    most: bounds.MAX_SYNC_HEADERS,
    value: (count) => ({ kind: 'headers', headers: times(count, firstHeader) }),
  },
  {
    description: 'neighbours',
    codec: neighbours,
    most: bounds.MAX_NEIGHBOURS,
    value: (count) => times(count, { peerId: 'a', mesh: 0 }),
  },
  {
    description: 'agent',
    codec: syncRequest,
    most: bounds.MAX_AGENT_BYTES,
    value: (length) => ({ kind: 'status', status: { ...status, agent: 'a'.repeat(length) } }),
  },
  {
    description: 'chain name',
    codec: genesis,
    most: bounds.MAX_CHAIN_NAME_BYTES,
    value: (length) => ({ ...sampleGenesis, name: 'a'.repeat(length) }),
  },
  {
    description: 'peer id',
    codec: genesisVerifier,
    most: bounds.MAX_PEER_ID_BYTES,
    value: (length) => ({ ...verifier, peerId: 'a'.repeat(length) }),
  },
  {
    description: 'genesis verifiers',
    codec: genesis,
    most: bounds.MAX_QUORUM,
    value: (count) => ({ ...sampleGenesis, verifiers: times(count, verifier) }),
  },
  {
    description: 'genesis accounts',
    codec: genesis,
    most: bounds.MAX_GENESIS_ACCOUNTS,
    value: (count) => ({ ...sampleGenesis, accounts: times(count, { address: '00'.repeat(20), droplets: 1, microHours: 1 }) }),
  },
  {
    description: 'genesis anchors',
    codec: genesis,
    most: bounds.MAX_ANCHORS,
    value: (count) => ({ ...sampleGenesis, anchors: times(count, '00'.repeat(20)) }),
  },
  {
    description: 'choices of a slip',
    codec: types.action,
    most: bounds.MAX_SLIP_CHOICES,
    value: (count) => ({ kind: 'slip', choices: times(count, '00'.repeat(20)) }),
  },
  {
    description: 'members of a quorum',
    codec: quorumMembers,
    most: bounds.MAX_QUORUM,
    value: (count) => times(count, { id: '00'.repeat(20), peerId: 'a', blsKey: '00'.repeat(48), stakeDroplets: 1 }),
  },
]

describe('wire bounds', () => {
  for (const { description, codec, most, value } of cases)
    it(`${description}: ${most} fits, one more does not`, () => {
      const bytes = encode(codec, value(most))
      assert.ok(bytes.length <= codec.maxBytes)
      assert.doesNotThrow(() => decode(codec, bytes))
      assert.throws(
        () => encode(codec, value(most + 1)),
        (error) => error instanceof WireError && error.code === 'bound',
      )
    })
})
