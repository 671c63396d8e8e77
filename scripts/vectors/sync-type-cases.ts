import { type Hex, toHex } from '../../src/base/hex.ts'
import { type Codec, encode } from '../../src/wire/codec.ts'
import { neighbour } from '../../src/wire/neighbours.ts'
import { type SyncRequest, snapshotOffer, syncRequest } from '../../src/wire/sync.ts'
import type { TypeCases } from './encoding.ts'
import { littleEndian, sampleHex } from './format.ts'
import { chainId, firstHeader, laterHeader, sampleAggregate, sampleEvidence, sampleLockCertificate, sampleTransaction } from './samples.ts'

const TWO_53 = littleEndian(1n << 53n, 8)
const blockHash = sampleHex('block', 32)
const signature = sampleHex('signature', 96)
const status: SyncRequest = {
  kind: 'status',
  status: { version: 1, chainId, height: 258, firstHeight: 1, head: blockHash, timeMs: 1_767_225_661_234, agent: 'quorate/0.1.0' },
}
const offer = { height: 250, block: blockHash, depth: 3 }

function hex<T>(codec: Codec<T>, value: T): Hex {
  return toHex(encode(codec, value))
}

const neighbourSample = { peerId: '12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7', mesh: 5 }

/** What peers ask each other on the streams `sync` and `neighbours`. */
export const syncCases: readonly TypeCases[] = [
  {
    type: 'syncRequest',
    valid: [
      { description: 'status', value: status },
      { description: 'blocks', value: { kind: 'blocks', fromHeight: 1, count: 256 } },
      { description: 'transactions', value: { kind: 'transactions', block: blockHash, indices: [0, 3, 9_999] } },
      { description: 'block', value: { kind: 'block', block: blockHash } },
      { description: 'newest-signed', value: { kind: 'newest-signed', verifier: sampleHex('to', 20) } },
      { description: 'snapshots', value: { kind: 'snapshots' } },
      { description: 'snapshot-manifest', value: { kind: 'snapshot-manifest', height: 250 } },
      { description: 'snapshot-chunk', value: { kind: 'snapshot-chunk', height: 250, index: 7 } },
      { description: 'headers', value: { kind: 'headers', fromHeight: 250, count: 9 } },
      { description: 'inventory', value: { kind: 'inventory' } },
      { description: 'records', value: { kind: 'records', ids: [sampleHex('record 0', 32), sampleHex('record 1', 32)] } },
    ],
    invalid: [
      { description: 'kind 0', bytes: '00', code: 'bound' },
      { description: 'kind 6', bytes: '06', code: 'bound' },
      { description: 'kind 13', bytes: '0d', code: 'bound' },
      { description: 'a count of 65 ids', bytes: `0c${littleEndian(65, 4)}`, code: 'bound' },
      { description: 'a count of 10001 indices', bytes: `03${blockHash}${littleEndian(10_001, 4)}`, code: 'bound' },
      {
        description: 'an agent of 65 bytes',
        bytes: `${hex(syncRequest, status).slice(0, -2 * (2 + 13))}${littleEndian(65, 2)}${'61'.repeat(65)}`,
        code: 'bound',
      },
    ],
  },
  {
    type: 'syncResponse',
    valid: [
      { description: 'status', value: status },
      {
        description: 'blocks',
        value: { kind: 'blocks', blocks: [{ header: firstHeader, evidence: [], transactions: [], seal: sampleAggregate }] },
      },
      { description: 'no blocks', value: { kind: 'blocks', blocks: [] } },
      { description: 'transactions', value: { kind: 'transactions', transactions: [sampleTransaction] } },
      { description: 'block', value: { kind: 'block', block: { header: firstHeader, evidence: [], transactions: [] } } },
      {
        description: 'newest-signed',
        value: { kind: 'newest-signed', records: [{ ...sampleLockCertificate, aggregate: { signers: [2], signature } }] },
      },
      { description: 'newest-signed, nothing known', value: { kind: 'newest-signed', records: [] } },
      { description: 'unavailable', value: { kind: 'unavailable', code: 1 } },
      { description: 'snapshots', value: { kind: 'snapshots', snapshots: [offer, { ...offer, height: 500 }] } },
      { description: 'snapshots, none', value: { kind: 'snapshots', snapshots: [] } },
      {
        description: 'snapshot-manifest, its bytes as they are',
        value: { kind: 'snapshot-manifest', manifest: sampleHex('manifest', 32) },
      },
      { description: 'snapshot-chunk, its bytes as they are', value: { kind: 'snapshot-chunk', chunk: sampleHex('chunk', 32) } },
      { description: 'snapshot-chunk of no accounts', value: { kind: 'snapshot-chunk', chunk: '' } },
      { description: 'headers', value: { kind: 'headers', headers: [firstHeader, laterHeader] } },
      { description: 'inventory', value: { kind: 'inventory', ids: [sampleHex('record 0', 32)] } },
      { description: 'inventory of nothing', value: { kind: 'inventory', ids: [] } },
      {
        description: 'records',
        value: {
          kind: 'records',
          records: [
            { kind: 'tally', certificates: [sampleLockCertificate] },
            { kind: 'evidence', evidence: sampleEvidence },
          ],
        },
      },
    ],
    invalid: [
      { description: 'kind 0', bytes: '00', code: 'bound' },
      { description: 'kind 13', bytes: '0d', code: 'bound' },
      { description: 'a count of 4097 ids', bytes: `0b${littleEndian(4097, 4)}`, code: 'bound' },
      { description: 'a count of 65 records', bytes: `0c${littleEndian(65, 4)}`, code: 'bound' },
      { description: 'a count of 257 blocks', bytes: `02${littleEndian(257, 4)}`, code: 'bound' },
      { description: 'a count of 256 blocks with nothing behind it', bytes: `02${littleEndian(256, 4)}`, code: 'truncated' },
      { description: 'a count of 5 records', bytes: `05${littleEndian(5, 4)}`, code: 'bound' },
      { description: 'a count of 9 snapshots', bytes: `07${littleEndian(9, 4)}`, code: 'bound' },
      { description: 'a manifest of 3145729 bytes', bytes: `08${littleEndian(3_145_729, 4)}`, code: 'bound' },
      { description: 'a part of 4194305 bytes', bytes: `09${littleEndian(4_194_305, 4)}`, code: 'bound' },
      { description: 'a part of 4194304 bytes with nothing behind it', bytes: `09${littleEndian(4_194_304, 4)}`, code: 'truncated' },
      { description: 'a count of 1025 headers', bytes: `0a${littleEndian(1025, 4)}`, code: 'bound' },
    ],
  },
  {
    type: 'snapshotOffer',
    valid: [{ description: 'in eight parts', value: offer }],
    invalid: [{ description: 'a height above 2^53 - 1', bytes: `${TWO_53}${hex(snapshotOffer, offer).slice(16)}`, code: 'bound' }],
  },
  {
    type: 'neighbour',
    valid: [
      { description: 'in the meshes of transactions and blocks', value: neighbourSample },
      { description: 'in no mesh', value: { ...neighbourSample, mesh: 0 } },
    ],
    invalid: [{ description: 'a peer id of 97 bytes', bytes: `${littleEndian(97, 2)}${'61'.repeat(97)}00`, code: 'bound' }],
  },
  {
    type: 'neighbours',
    valid: [
      { description: 'one', value: [neighbourSample] },
      { description: 'none', value: [] },
    ],
    invalid: [
      { description: 'a count of 65', bytes: littleEndian(65, 4), code: 'bound' },
      { description: 'a count of two, and one', bytes: `${littleEndian(2, 4)}${hex(neighbour, neighbourSample)}`, code: 'truncated' },
    ],
  },
]
