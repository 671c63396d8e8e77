import { type Hex, toHex } from '../../src/base/hex.ts'
import { type Codec, encode } from '../../src/wire/codec.ts'
import { genesis, genesisVerifier } from '../../src/wire/genesis.ts'
import * as types from '../../src/wire/types.ts'
import type { TypeCases } from './encoding.ts'
import { littleEndian, overwrite, sampleHex } from './format.ts'
import {
  firstHeader,
  laterHeader,
  sampleAggregate,
  sampleCertificate,
  sampleEvidence,
  sampleGenesis,
  sampleLockCertificate,
  sampleSeal,
  sampleTransaction,
  sampleVote,
} from './samples.ts'
import { stateCases } from './state-type-cases.ts'
import { syncCases } from './sync-type-cases.ts'
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
const compact: types.CompactBlock = {
  header: laterHeader,
  evidence: [],
  shortIds: [sampleHex('short 0', 8), sampleHex('short 1', 8)],
  seal: sampleAggregate,
}
const candidate: types.Candidate = {
  slot: 70_001,
  maker: 2,
  proof: sampleHex('envelope proof', 96),
  justification: sampleCertificate,
  header: laterHeader,
  evidence: [],
  shortIds: compact.shortIds,
  signature,
}
const refusal = (reason: types.RefusalReason): types.SignResponse => ({ kind: 'refusal', reason, height: 9, certificate: null })

function hex<T>(codec: Codec<T>, value: T): Hex {
  return toHex(encode(codec, value))
}
const headerBytes = hex(types.header, laterHeader)
/** An empty list. */
const noEvidence = littleEndian(0, 4)
const firstHeaderBytes = hex(types.header, firstHeader)
const voteBytes = hex(types.statement, statements[0] as types.Statement)
const genesisBytes = hex(genesis, sampleGenesis)
/** version, length of the name, name, time, slotMs, choiceMs. */
const sortitionOffset = 2 + 2 + sampleGenesis.name.length + 8 + 4 + 4
const leaderRuleOffset = sortitionOffset + 1 + 2 + 4
/** Everything from leaderRule to slipChoices. */
const scoreOffset = leaderRuleOffset + 1 + 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4 + 4 + 4 + 2 + 8 + 8 + 4 + 4 + 3 * 4 + 2

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
      { description: 'of locks', value: sampleLockCertificate },
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
      { description: 'one transaction', value: { header: laterHeader, evidence: [], transactions: [sampleTransaction] } },
      { description: 'evidence', value: { header: laterHeader, evidence: [sampleEvidence], transactions: [] } },
      { description: 'empty', value: { header: firstHeader, evidence: [], transactions: [] } },
    ],
    invalid: [
      { description: 'a count of 9 pieces of evidence', bytes: firstHeaderBytes + littleEndian(9, 4), code: 'bound' },
      { description: 'a count of 8 with nothing behind it', bytes: firstHeaderBytes + littleEndian(8, 4), code: 'truncated' },
      { description: 'a count of 10001 transactions', bytes: firstHeaderBytes + noEvidence + littleEndian(10_001, 4), code: 'bound' },
    ],
  },
  {
    type: 'signedBlock',
    valid: [
      {
        description: 'one transaction',
        value: { header: laterHeader, evidence: [], transactions: [sampleTransaction], seal: sampleAggregate },
      },
      {
        description: 'evidence',
        value: { header: laterHeader, evidence: [sampleEvidence], transactions: [], seal: sampleAggregate },
      },
    ],
    invalid: [{ description: 'without a seal', bytes: firstHeaderBytes + noEvidence + littleEndian(0, 4), code: 'truncated' }],
  },
  {
    type: 'candidate',
    valid: [
      { description: 'a block proposed again, with its vote certificate', value: candidate },
      { description: 'a block with evidence', value: { ...candidate, justification: null, evidence: [sampleEvidence] } },
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
      { description: 'evidence', value: { ...compact, evidence: [sampleEvidence], shortIds: [] } },
      { description: 'empty', value: { ...compact, shortIds: [] } },
    ],
    invalid: [
      { description: 'a count of 10001 short ids', bytes: headerBytes + noEvidence + littleEndian(10_001, 4), code: 'bound' },
      {
        description: 'a count of 10000 short ids with nothing behind it',
        bytes: headerBytes + noEvidence + littleEndian(10_000, 4),
        code: 'truncated',
      },
    ],
  },
  {
    type: 'signedStatement',
    valid: [
      { description: 'a vote of three', value: sampleVote },
      { description: 'a seal of one', value: sampleSeal },
      { description: 'of nobody', value: { ...sampleSeal, keys: [] } },
    ],
    invalid: [
      {
        description: 'a count of 513 keys',
        bytes: overwrite(hex(types.signedStatement, sampleSeal), 41, littleEndian(513, 4)),
        code: 'bound',
      },
      {
        description: 'a count of 512 keys with fewer behind it',
        bytes: overwrite(hex(types.signedStatement, sampleSeal), 41, littleEndian(512, 4)),
        code: 'truncated',
      },
    ],
  },
  {
    type: 'evidence',
    valid: [
      { description: 'two votes', value: sampleEvidence },
      { description: 'two that prove nothing: that is no matter of layout', value: { first: sampleSeal, second: sampleSeal } },
    ],
    invalid: [{ description: 'one statement alone', bytes: hex(types.signedStatement, sampleSeal), code: 'truncated' }],
  },
  {
    type: 'publicRecord',
    valid: [
      { description: 'a vote certificate', value: { kind: 'certificate', certificate: sampleCertificate } },
      { description: 'a lock certificate', value: { kind: 'certificate', certificate: sampleLockCertificate } },
      { description: 'a tally of votes and locks', value: { kind: 'tally', certificates: [sampleCertificate, sampleLockCertificate] } },
      { description: 'an empty tally', value: { kind: 'tally', certificates: [] } },
      { description: 'evidence', value: { kind: 'evidence', evidence: sampleEvidence } },
    ],
    invalid: [
      { description: 'kind 0', bytes: `00${hex(types.certificate, sampleCertificate)}`, code: 'bound' },
      { description: 'a kind that is not defined yet', bytes: `04${hex(types.certificate, sampleCertificate)}`, code: 'bound' },
      {
        description: 'a tally of 4',
        bytes: `02${littleEndian(4, 4)}${hex(types.certificate, sampleCertificate).repeat(4)}`,
        code: 'bound',
      },
    ],
  },
  {
    type: 'signRequest',
    valid: [
      { description: 'vote', value: { kind: 'vote', statement: statements[0] } },
      { description: 'lock', value: { kind: 'lock', certificate: sampleCertificate } },
      { description: 'seal', value: { kind: 'seal', certificate: sampleLockCertificate } },
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
export const typeCases: readonly TypeCases[] = [...transactionCases, ...wireCases, ...syncCases, ...stateCases]

function describeValidSlot(value: types.Statement): string {
  if (value.kind === 'lock' || value.kind === 'seal') return ''
  if (value.validSlot === null) return ' without a validSlot'
  return value.validSlot === 0 ? ' with validSlot 0, which is a slot' : ` with validSlot ${value.validSlot}`
}
