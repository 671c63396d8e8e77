import { type Hex, toHex } from '../../src/base/hex.ts'
import { type Codec, encode } from '../../src/wire/codec.ts'
import { genesis, genesisVerifier } from '../../src/wire/genesis.ts'
import { type SyncRequest, snapshotOffer, syncRequest } from '../../src/wire/sync.ts'
import * as types from '../../src/wire/types.ts'
import type { TypeCases } from './encoding.ts'
import { littleEndian, overwrite, sampleHex } from './format.ts'
import { chainId, firstHeader, laterHeader, sampleAggregate, sampleCertificate, sampleGenesis, sampleTransaction } from './samples.ts'
import { stateCases } from './state-type-cases.ts'
import { transactionCases } from './transaction-type-cases.ts'

const TWO_53 = littleEndian(1n << 53n, 8)
const signature = sampleHex('signature', 96)
const blockHash = sampleHex('block', 32)
const statements: readonly types.Statement[] = [
  { kind: 'vote', height: 9, slot: 40, block: blockHash, validSlot: 0 },
  { kind: 'candidate', height: 9, slot: 40, block: blockHash, validSlot: null },
  { kind: 'candidate', height: 9, slot: 40, block: blockHash, validSlot: 39 },
  { kind: 'vote', height: 9, slot: 40, block: blockHash, validSlot: null },
  { kind: 'lock', height: 9, slot: 40, block: blockHash },
  { kind: 'seal', height: 9, block: blockHash },
]
const lockCertificate: types.Certificate = {
  statement: { kind: 'lock', height: 9, slot: 40, block: blockHash },
  aggregate: { signers: [1, 9, 511], signature },
}
const status: SyncRequest = {
  kind: 'status',
  status: { version: 1, chainId, height: 258, firstHeight: 1, head: blockHash, timeMs: 1_767_225_661_234, agent: 'quorate/0.1.0' },
}
const offer = { height: 250, block: blockHash, depth: 3 }
const compact: types.CompactBlock = {
  header: laterHeader,
  shortIds: [sampleHex('short 0', 8), sampleHex('short 1', 8)],
  seal: sampleAggregate,
}
const candidate: types.Candidate = {
  slot: 70_001,
  maker: 2,
  proof: sampleHex('envelope proof', 96),
  justification: sampleCertificate,
  header: laterHeader,
  shortIds: compact.shortIds,
  signature,
}
const refusal = (reason: types.RefusalReason): types.SignResponse => ({ kind: 'refusal', reason, height: 9, certificate: null })

function hex<T>(codec: Codec<T>, value: T): Hex {
  return toHex(encode(codec, value))
}
const headerBytes = hex(types.header, laterHeader)
const firstHeaderBytes = hex(types.header, firstHeader)
const voteBytes = hex(types.statement, statements[0] as types.Statement)
const genesisBytes = hex(genesis, sampleGenesis)
/** version, length of the name, name, time, slotMs, choiceMs. */
const sortitionOffset = 2 + 2 + sampleGenesis.name.length + 8 + 4 + 4
const leaderRuleOffset = sortitionOffset + 1 + 2 + 4
/** Everything from leaderRule to slipChoices. */
const scoreOffset = leaderRuleOffset + 1 + 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4 + 4 + 4 + 2 + 8 + 8 + 4 + 4 + 2

/** Every type of the wire. Signatures and hashes in them are sample bytes: these cases are about layout alone. */
const wireCases: readonly TypeCases[] = [
  {
    type: 'statement',
    valid: statements.map((value) => ({ description: `${value.kind}${describeValidSlot(value)}`, value })),
    invalid: [
      { description: 'kind 0', bytes: overwrite(voteBytes, 0, '00'), code: 'bound' },
      { description: 'kind 5', bytes: overwrite(voteBytes, 0, '05'), code: 'bound' },
      { description: 'height 2^53', bytes: overwrite(voteBytes, 1, TWO_53), code: 'bound' },
      { description: 'slot 2^53', bytes: overwrite(voteBytes, 9, TWO_53), code: 'bound' },
      { description: 'option tag 2 before validSlot', bytes: overwrite(voteBytes, 49, '02'), code: 'not-canonical' },
      { description: 'no validSlot, and yet its bytes', bytes: overwrite(voteBytes, 49, '00'), code: 'trailing' },
      { description: 'a vote passed off as a lock', bytes: overwrite(voteBytes, 0, '03'), code: 'trailing' },
    ],
  },
  {
    type: 'aggregateSignature',
    valid: [
      { description: 'three of four', value: sampleAggregate },
      { description: 'nobody', value: { signers: [], signature } },
      { description: 'the last member a quorum can have', value: { signers: [511], signature } },
    ],
    invalid: [
      { description: 'a zero byte at the end of the bitmap', bytes: `02000d00${signature}`, code: 'not-canonical' },
      { description: 'a bitmap of 65 bytes', bytes: `4100${'00'.repeat(64)}01${signature}`, code: 'bound' },
    ],
  },
  {
    type: 'certificate',
    valid: [
      { description: 'of votes', value: sampleCertificate },
      { description: 'of locks', value: lockCertificate },
    ],
    invalid: [
      { description: 'a statement of kind 9', bytes: overwrite(hex(types.certificate, sampleCertificate), 0, '09'), code: 'bound' },
    ],
  },
  {
    type: 'header',
    valid: [
      { description: 'with the seal of its parent', value: laterHeader },
      { description: 'the first block', value: firstHeader },
    ],
    invalid: [
      { description: 'option tag 2 before parentSeal', bytes: overwrite(firstHeaderBytes, 48, '02'), code: 'not-canonical' },
      {
        description: 'parentSeal with a zero byte at the end of its bitmap',
        bytes: overwrite(headerBytes, 51, '00'),
        code: 'not-canonical',
      },
      { description: 'burn 2^53', bytes: overwrite(headerBytes, -8, TWO_53), code: 'bound' },
    ],
  },
  {
    type: 'block',
    valid: [
      { description: 'one transaction', value: { header: laterHeader, transactions: [sampleTransaction] } },
      { description: 'empty', value: { header: firstHeader, transactions: [] } },
    ],
    invalid: [{ description: 'a count of 10001 transactions', bytes: firstHeaderBytes + littleEndian(10_001, 4), code: 'bound' }],
  },
  {
    type: 'signedBlock',
    valid: [{ description: 'one transaction', value: { header: laterHeader, transactions: [sampleTransaction], seal: sampleAggregate } }],
    invalid: [{ description: 'without a seal', bytes: firstHeaderBytes + littleEndian(0, 4), code: 'truncated' }],
  },
  {
    type: 'candidate',
    valid: [
      { description: 'a block proposed again, with its vote certificate', value: candidate },
      {
        description: 'a new block',
        value: {
          ...candidate,
          slot: firstHeader.slot,
          maker: firstHeader.maker,
          proof: firstHeader.proof,
          justification: null,
          header: firstHeader,
          shortIds: [],
        },
      },
    ],
    invalid: [
      {
        description: 'option tag 2 before justification',
        bytes: overwrite(hex(types.candidate, candidate), 106, '02'),
        code: 'not-canonical',
      },
    ],
  },
  {
    type: 'compactBlock',
    valid: [
      { description: 'two transactions', value: compact },
      { description: 'empty', value: { ...compact, shortIds: [] } },
    ],
    invalid: [
      { description: 'a count of 10001 short ids', bytes: headerBytes + littleEndian(10_001, 4), code: 'bound' },
      { description: 'a count of 10000 short ids with nothing behind it', bytes: headerBytes + littleEndian(10_000, 4), code: 'truncated' },
    ],
  },
  {
    type: 'publicRecord',
    valid: [
      { description: 'a vote certificate', value: { kind: 'certificate', certificate: sampleCertificate } },
      { description: 'a lock certificate', value: { kind: 'certificate', certificate: lockCertificate } },
    ],
    invalid: [
      { description: 'kind 0', bytes: `00${hex(types.certificate, sampleCertificate)}`, code: 'bound' },
      { description: 'a kind that is not defined yet', bytes: `02${hex(types.certificate, sampleCertificate)}`, code: 'bound' },
    ],
  },
  {
    type: 'signRequest',
    valid: [
      { description: 'vote', value: { kind: 'vote', statement: statements[0] } },
      { description: 'lock', value: { kind: 'lock', certificate: sampleCertificate } },
      { description: 'seal', value: { kind: 'seal', certificate: lockCertificate } },
    ],
    invalid: [
      { description: 'kind 0', bytes: `00${voteBytes}`, code: 'bound' },
      { description: 'kind 4', bytes: `04${voteBytes}`, code: 'bound' },
      { description: 'a lock request without a certificate', bytes: `02${voteBytes}`, code: 'truncated' },
    ],
  },
  {
    type: 'signResponse',
    valid: [
      { description: 'signature', value: { kind: 'signature', signature } },
      { description: 'refusal with the certificate of the lock', value: { ...refusal('locked'), certificate: sampleCertificate } },
      ...Object.keys(types.refusalCodes).map((reason) => ({
        description: `refusal ${reason}`,
        value: refusal(reason as types.RefusalReason),
      })),
    ],
    invalid: [
      { description: 'kind 0', bytes: `00${signature}`, code: 'bound' },
      { description: 'reason 0', bytes: overwrite(hex(types.signResponse, refusal('locked')), 1, '00'), code: 'bound' },
      {
        description: 'the reason after the last',
        bytes: overwrite(
          hex(types.signResponse, refusal('locked')),
          1,
          littleEndian(Math.max(...Object.values(types.refusalCodes)) + 1, 1),
        ),
        code: 'bound',
      },
    ],
  },
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
    ],
    invalid: [
      { description: 'kind 0', bytes: '00', code: 'bound' },
      { description: 'kind 6', bytes: '06', code: 'bound' },
      { description: 'kind 11', bytes: '0b', code: 'bound' },
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
      { description: 'blocks', value: { kind: 'blocks', blocks: [{ header: firstHeader, transactions: [], seal: sampleAggregate }] } },
      { description: 'no blocks', value: { kind: 'blocks', blocks: [] } },
      { description: 'transactions', value: { kind: 'transactions', transactions: [sampleTransaction] } },
      { description: 'block', value: { kind: 'block', block: { header: firstHeader, transactions: [] } } },
      {
        description: 'newest-signed',
        value: { kind: 'newest-signed', records: [{ ...lockCertificate, aggregate: { signers: [2], signature } }] },
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
    ],
    invalid: [
      { description: 'kind 0', bytes: '00', code: 'bound' },
      { description: 'kind 11', bytes: '0b', code: 'bound' },
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
    type: 'genesisVerifier',
    valid: [{ description: 'the first of the sample chain', value: sampleGenesis.verifiers[0] }],
    invalid: [
      {
        description: 'a peer id of 97 bytes',
        bytes: overwrite(`${hex(genesisVerifier, sampleGenesis.verifiers[0] as never)}`, 20, littleEndian(97, 2)),
        code: 'bound',
      },
    ],
  },
  {
    type: 'genesis',
    valid: [
      { description: 'the sample chain', value: sampleGenesis },
      {
        description: 'uniform sortition, lowest node id, nobody funded',
        value: {
          ...sampleGenesis,
          name: 'small',
          parameters: { ...sampleGenesis.parameters, sortition: 'uniform', leaderRule: 'nodeId', score: 'hybrid' },
          verifiers: sampleGenesis.verifiers.slice(0, 1),
          accounts: [],
          anchors: [],
        },
      },
    ],
    invalid: [
      { description: 'sortition 0', bytes: overwrite(genesisBytes, sortitionOffset, '00'), code: 'bound' },
      { description: 'sortition 3', bytes: overwrite(genesisBytes, sortitionOffset, '03'), code: 'bound' },
      { description: 'leader rule 3', bytes: overwrite(genesisBytes, leaderRuleOffset, '03'), code: 'bound' },
      { description: 'score 4', bytes: overwrite(genesisBytes, scoreOffset, '04'), code: 'bound' },
      { description: 'a name of 33 bytes', bytes: overwrite(genesisBytes, 2, littleEndian(33, 2)), code: 'bound' },
      { description: 'a name that is not UTF-8', bytes: overwrite(genesisBytes, 4, 'ff'), code: 'not-canonical' },
    ],
  },
]

/** Every type that has a table. */
export const typeCases: readonly TypeCases[] = [...transactionCases, ...wireCases, ...stateCases]

function describeValidSlot(value: types.Statement): string {
  if (value.kind === 'lock' || value.kind === 'seal') return ''
  if (value.validSlot === null) return ' without a validSlot'
  return value.validSlot === 0 ? ' with validSlot 0, which is a slot' : ` with validSlot ${value.validSlot}`
}
