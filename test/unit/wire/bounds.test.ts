import assert from 'node:assert/strict'
import { firstHeader, sampleAggregate, sampleCertificate, sampleGenesis, sampleTransaction } from '../../../scripts/vectors/samples.ts'
import * as bounds from '../../../src/wire/bounds.ts'
import { type Codec, decode, encode, WireError } from '../../../src/wire/codec.ts'
import { genesis, genesisVerifier } from '../../../src/wire/genesis.ts'
import * as types from '../../../src/wire/types.ts'

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
const status = { version: 1, chainId: '00'.repeat(32), height: 0, head: '00'.repeat(32), timeMs: 0 }
const candidate = { slot: 0, maker: 0, proof: firstHeader.proof, justification: null, header: firstHeader, signature: firstHeader.proof }
const signedBlock = { header: firstHeader, transactions: [], seal: sampleAggregate }
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
    value: (count) => ({ header: firstHeader, transactions: times(count, sampleTransaction) }),
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
    value: (count) => ({ header: firstHeader, shortIds: times(count, '00'.repeat(8)), seal: sampleAggregate }),
  },
  {
    description: 'blocks of an answer',
    codec: types.syncResponse,
    most: bounds.MAX_SYNC_BLOCKS,
    value: (count) => ({ kind: 'blocks', blocks: times(count, signedBlock) }),
  },
  {
    description: 'transactions of an answer',
    codec: types.syncResponse,
    most: bounds.MAX_SYNC_TRANSACTIONS,
    value: (count) => ({ kind: 'transactions', transactions: times(count, sampleTransaction) }),
  },
  {
    description: 'indices of a request',
    codec: types.syncRequest,
    most: bounds.MAX_SYNC_TRANSACTIONS,
    value: (count) => ({ kind: 'transactions', block: '00'.repeat(32), indices: times(count, 0) }),
  },
  {
    description: 'newest statements',
    codec: types.syncResponse,
    most: bounds.MAX_NEWEST_SIGNED,
    value: (count) => ({ kind: 'newest-signed', records: times(count, sampleCertificate) }),
  },
  {
    description: 'agent',
    codec: types.syncRequest,
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
