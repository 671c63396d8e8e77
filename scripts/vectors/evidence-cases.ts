import { toHex } from '../../src/base/hex.ts'
import { checkEvidence, evidenceCodes } from '../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { encode } from '../../src/wire/codec.ts'
import { evidenceId } from '../../src/wire/evidence.ts'
import { merkleRoot } from '../../src/wire/ids.ts'
import { type Evidence, evidence as evidenceCodec, type SignedStatement } from '../../src/wire/types.ts'
import { dave, erin } from './actions.ts'
import { assertAllCodes, assertSame } from './claims.ts'
import { blocks, candidate, evidenceBy, lock, offences, seal, signedBy, vote } from './evidence-samples.ts'
import { sampleHex } from './format.ts'
import { chainId, type VerifierKeys, verifiers } from './samples.ts'

const [v0, v1, v2, v3] = verifiers as [VerifierKeys, VerifierKeys, VerifierKeys, VerifierKeys]
const { A, B } = blocks

const swapped = ({ first, second }: Evidence): Evidence => ({ first: second, second: first })
const withFirst = ({ first, second }: Evidence, change: (of: SignedStatement) => SignedStatement): Evidence => ({
  first: change(first),
  second,
})
const twoVotes = evidenceBy(chainId, offences['double-vote'](9), [v0])

interface Case {
  readonly description: string
  readonly evidence: Evidence
  readonly code: 'accept' | keyof typeof evidenceCodes
}

const good: readonly Case[] = [
  ...Object.entries(offences).map(([kind, statements]) => ({
    description: `${kind}, by one`,
    evidence: evidenceBy(chainId, statements(9), [v0]),
    code: 'accept' as const,
  })),
  {
    description: 'two vote certificates of one slot: who is in both',
    evidence: evidenceBy(chainId, [vote(9, 40, A, 38), vote(9, 40, B)], [v1, v2], { first: [v0], second: [v3] }),
    code: 'accept',
  },
  {
    description: 'two seal certificates of one height: who is in both',
    evidence: evidenceBy(chainId, [seal(9, A), seal(9, B)], [v0, v2], { first: [v1] }),
    code: 'accept',
  },
  {
    description: 'a lock certificate and a vote certificate without justification of a later slot',
    evidence: evidenceBy(chainId, [lock(9, 39, A), vote(9, 47, B)], [v3], { first: [v1, v2], second: [v0] }),
    code: 'accept',
  },
  {
    description: 'amnesia: the certificate is of the very slot of the lock',
    evidence: evidenceBy(chainId, [lock(9, 39, A), vote(9, 40, B, 39)], [v0]),
    code: 'accept',
  },
  {
    description: 'amnesia: slot 0 is a slot',
    evidence: evidenceBy(chainId, [lock(1, 0, A), vote(1, 1, B)], [v0]),
    code: 'accept',
  },
  {
    description: 'keys that nobody has registered: what the registry says is no matter of the bytes',
    evidence: evidenceBy(chainId, offences['double-vote'](9), [dave, erin]),
    code: 'accept',
  },
]

const innocent = (description: string, statements: readonly [SignedStatement['statement'], SignedStatement['statement']]): Case => ({
  description,
  evidence: evidenceBy(chainId, statements, [v0]),
  code: 'no-offence',
})

const bad: readonly Case[] = [
  { description: 'the greater statement first', evidence: swapped(twoVotes), code: 'evidence-order' },
  {
    description: 'one statement twice',
    evidence: { first: twoVotes.first, second: twoVotes.first },
    code: 'evidence-order',
  },
  {
    description: 'keys that descend',
    evidence: withFirst(evidenceBy(chainId, offences['double-vote'](9), [v0], { first: [v1], second: [v1] }), (first) => ({
      ...first,
      keys: first.keys.toReversed(),
    })),
    code: 'evidence-order',
  },
  {
    description: 'a key twice',
    evidence: withFirst(twoVotes, ({ keys: [key = ''], ...first }) => ({ ...first, keys: [key, key] })),
    code: 'evidence-order',
  },
  {
    description: 'out of order, and no offence either: the order comes first',
    evidence: swapped(evidenceBy(chainId, [vote(9, 40, A), vote(9, 41, A)], [v0])),
    code: 'evidence-order',
  },
  innocent('votes of two slots', [vote(9, 40, A), vote(9, 41, B)]),
  innocent('votes of two heights', [vote(9, 40, A), vote(10, 40, B)]),
  innocent('votes for one block', [vote(9, 40, A, 38), vote(9, 40, A)]),
  innocent('locks of two slots', [lock(9, 40, A), lock(9, 41, B)]),
  innocent('seals of two heights', [seal(9, A), seal(10, B)]),
  innocent('candidates of two slots', [candidate(9, 40, A), candidate(9, 41, B)]),
  innocent('a candidate and a vote of one slot', [candidate(9, 40, A), vote(9, 40, B)]),
  innocent('a lock and a vote of its slot', [lock(9, 40, A), vote(9, 40, B)]),
  innocent('a lock and a vote of a slot before it', [lock(9, 40, A), vote(9, 39, B)]),
  innocent('a lock and a later vote with a certificate above it', [lock(9, 39, A), vote(9, 41, B, 40)]),
  innocent('a lock and a later vote for the same block', [lock(9, 39, A), vote(9, 40, A)]),
  innocent('a seal and a vote for another block', [seal(9, A), vote(9, 40, B)]),
  {
    description: 'nobody in both',
    evidence: evidenceBy(chainId, offences['double-seal'](9), [], { first: [v0, v1], second: [v2, v3] }),
    code: 'no-offender',
  },
  {
    description: 'no keys',
    evidence: withFirst(twoVotes, (first) => ({ ...first, keys: [] })),
    code: 'no-offender',
  },
  {
    description: 'another chain',
    evidence: evidenceBy(sampleHex('another chain', 32), offences['double-vote'](9), [v0]),
    code: 'bad-signature',
  },
  {
    description: 'a key added to those who signed',
    evidence: withFirst(twoVotes, (first) => ({ ...first, keys: [...first.keys, v1.publicKey].sort() })),
    code: 'bad-signature',
  },
  {
    description: 'a key left out of those who signed',
    evidence: withFirst(evidenceBy(chainId, offences['double-vote'](9), [v0, v1]), (first) => ({
      ...first,
      keys: first.keys.filter((key) => key !== v1.publicKey),
    })),
    code: 'bad-signature',
  },
  {
    description: 'the signature of the other statement',
    evidence: withFirst(twoVotes, (first) => ({ ...first, signature: twoVotes.second.signature })),
    code: 'bad-signature',
  },
  {
    description: "another's signature in the second statement",
    evidence: {
      first: twoVotes.first,
      second: { ...twoVotes.second, signature: signedBy(chainId, twoVotes.second.statement, v1).signature },
    },
    code: 'bad-signature',
  },
  {
    description: 'a signature that is no point',
    evidence: withFirst(twoVotes, (first) => ({ ...first, signature: '00'.repeat(96) })),
    code: 'bad-signature',
  },
  {
    description: 'a key that is no point',
    evidence: {
      first: { ...twoVotes.first, keys: ['00'.repeat(48)] },
      second: { ...twoVotes.second, keys: ['00'.repeat(48)] },
    },
    code: 'bad-signature',
  },
]

function tell({ description, evidence, code }: Case): object {
  const verdict = checkEvidence(chainId, evidence, nativeSignatures)
  assertSame(description, code, verdict.kind === 'accept' ? 'accept' : verdict.code)
  const told = { description, bytes: toHex(encode(evidenceCodec, evidence)), code }
  if (verdict.kind !== 'accept') return { ...told, evidence }
  const { id, kind, height, offenders } = verdict.value
  return { ...told, id, kind, height, offenders, evidence }
}

/** `protocols/vectors/evidence.json`. */
export function evidenceVectors(): object {
  assertAllCodes(
    'evidence',
    evidenceCodes,
    bad.map(({ code }) => code),
  )
  const ids = good.map(({ evidence }) => evidenceId(evidence))
  return {
    chainId,
    registry: verifiers.map(({ account, publicKey }) => ({ account: account.address, blsKey: publicKey })),
    good: good.map(tell),
    bad: bad.map(tell),
    roots: [0, 1, 2, 3, 8].map((count) => ({ ids: ids.slice(0, count), evidenceRoot: merkleRoot(ids.slice(0, count)) })),
  }
}
