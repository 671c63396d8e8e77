import { Type } from 'typebox'
import { isHex } from '../../base/hex.ts'
import { evidence } from '../../wire/types.ts'
import { DEFAULT_EVIDENCE, MAX_EVIDENCE } from '../bounds.ts'
import { ApiError } from '../errors.ts'
import { EvidenceList, EvidenceResult, EvidenceView } from '../evidence-types.ts'
import { ForkView } from '../fork-types.ts'
import { hashParameter, limit, type Route, route } from '../route.ts'
import { count, hex, object, orNull } from '../schema.ts'
import type { NodeView } from '../types.ts'

/** Proven offences, and forks. */
export const evidenceRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/evidence',
    operationId: 'submitEvidence',
    tag: 'evidence',
    summary: 'Submit evidence',
    description: 'The node checks it, keeps it and tells everybody.',
    body: object({ evidence: hex('Evidence as its bytes.') }, '{"evidence": "<evidence in hex>"}'),
    answer: EvidenceResult,
    errors: [413, 415],
    handle: ({ view }, { body }) => submitEvidence(view, body['evidence'] as string),
  }),
  route({
    path: '/v1/evidence',
    operationId: 'listEvidence',
    tag: 'evidence',
    summary: 'Proven offences that this node holds, the newest first',
    query: { from: Type.Optional(count('Place of the first; 0 if not given.')), limit: limit(MAX_EVIDENCE, DEFAULT_EVIDENCE) },
    answer: EvidenceList,
    handle: ({ view }, { query }) => view.evidence(query.from ?? 0, query.limit ?? DEFAULT_EVIDENCE),
  }),
  route({
    path: '/v1/evidence/:id',
    operationId: 'getEvidence',
    tag: 'evidence',
    summary: 'A proven offence with what is signed',
    params: { id: hashParameter('an id of evidence is 32 bytes in lower-case hex') },
    answer: EvidenceView,
    errors: [404],
    handle: ({ view }, { params: { id } }) => {
      const found = view.evidenceOf(id)
      if (found !== undefined) return found
      throw new ApiError(404, 'evidence-not-found', `this node holds no evidence ${id}`)
    },
  }),
  route({
    path: '/v1/fork',
    operationId: 'getFork',
    tag: 'evidence',
    summary: 'The newest fork that this node knows',
    answer: object({ fork: orNull(ForkView, 'Null if it knows of none.') }),
    handle: ({ view }) => ({ fork: view.fork() }),
  }),
]

async function submitEvidence(view: NodeView, bytes: string): Promise<EvidenceResult> {
  const isEvidence = bytes.length % 2 === 0 && bytes.length <= evidence.maxBytes * 2 && isHex(bytes, bytes.length / 2)
  return isEvidence
    ? await view.submitEvidence(bytes)
    : { id: null, accepted: false, code: 'malformed', detail: 'is no evidence in lower-case hex' }
}
