import type { FastifyReply, FastifyRequest } from 'fastify'
import { QuorateError } from '../base/errors.ts'
import { type Hex, isHex } from '../base/hex.ts'
import { chainLabel } from '../wire/ids.ts'
import { type Address, evidence, transaction } from '../wire/types.ts'
import {
  BLOCKS_STEP,
  DEFAULT_BLOCKS,
  DEFAULT_EVIDENCE,
  DEFAULT_VERIFIERS,
  MAX_BLOCKS,
  MAX_BLOCKS_BYTES,
  MAX_CALL_TRANSACTIONS,
  MAX_EVIDENCE,
  MAX_VERIFIERS,
  RECEIPT_ROW_BYTES,
} from './bounds.ts'
import { ApiError } from './errors.ts'
import { type EventStreams, parseKinds } from './events.ts'
import type { EvidenceList, EvidenceResult, EvidenceView } from './evidence-types.ts'
import type { AccountProofView, VerifiersView } from './ledger-types.ts'
import type { BlockSummary, BlockView, NodeView, SubmitResult } from './types.ts'

interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown
}

/** All that the API answers. A handler gives what is sent as JSON, or throws. */
export function routes(view: NodeView, parseAddress: (text: string) => Address, events: EventStreams): readonly Route[] {
  return [
    { method: 'POST', path: '/v1/transactions', handle: ({ body }) => submit(view, body) },
    { method: 'GET', path: '/v1/transactions/:id', handle: ({ params }) => transactionOf(view, named(params, 'id')) },
    { method: 'GET', path: '/v1/status', handle: () => view.status() },
    { method: 'GET', path: '/v1/peers', handle: () => ({ peers: view.peers() }) },
    { method: 'GET', path: '/v1/blocks', handle: ({ query }) => blocks(view, query) },
    { method: 'GET', path: '/v1/blocks/:heightOrHash', handle: ({ params }) => block(view, named(params, 'heightOrHash')) },
    {
      method: 'GET',
      path: '/v1/accounts/:address',
      handle: ({ params }) => view.account(readAddress(named(params, 'address'), parseAddress)),
    },
    {
      method: 'GET',
      path: '/v1/accounts/:address/proof',
      handle: ({ params }) => proof(view, readAddress(named(params, 'address'), parseAddress)),
    },
    { method: 'GET', path: '/v1/verifiers', handle: ({ query }) => verifiers(view, query) },
    { method: 'GET', path: '/v1/quorum', handle: () => view.quorum() },
    { method: 'GET', path: '/v1/elections', handle: () => view.elections() },
    { method: 'GET', path: '/v1/ratification', handle: () => view.ratification() },
    { method: 'GET', path: '/v1/supply', handle: () => view.supply() },
    { method: 'POST', path: '/v1/evidence', handle: ({ body }) => submitEvidence(view, body) },
    { method: 'GET', path: '/v1/evidence', handle: ({ query }) => evidenceList(view, query) },
    { method: 'GET', path: '/v1/evidence/:id', handle: ({ params }) => evidenceOf(view, named(params, 'id')) },
    { method: 'GET', path: '/v1/fork', handle: () => ({ fork: view.fork() }) },
    {
      method: 'GET',
      path: '/v1/genesis',
      handle: () => {
        const { genesis, chainId, recoveries } = view
        return { chain: chainLabel(genesis.name, chainId), chainId, recoveries, genesis }
      },
    },
    {
      method: 'GET',
      path: '/v1/events',
      handle: ({ query }, reply) => {
        const kinds = parseKinds(optional(query, 'kinds'))
        events.add(reply.raw, kinds)
        reply.hijack()
      },
    },
  ]
}

async function submit(view: NodeView, body: unknown): Promise<{ results: readonly SubmitResult[] }> {
  const items = typeof body === 'object' && body !== null && 'transactions' in body ? body.transactions : undefined
  if (!Array.isArray(items)) {
    throw new ApiError(400, 'bad-body', 'send {"transactions": ["<signed transaction in hex>", ...]}')
  }
  if (items.length > MAX_CALL_TRANSACTIONS) {
    throw new ApiError(413, 'too-many-transactions', `a call takes ${MAX_CALL_TRANSACTIONS} transactions, this one has ${items.length}`)
  }
  const results = items.map((item) => (isTransactionHex(item) ? undefined : MALFORMED))
  const wellFormed = items.filter(isTransactionHex)
  const answers = (wellFormed.length > 0 ? await view.submit(wellFormed) : []).values()
  return { results: results.map((result) => result ?? (answers.next().value as SubmitResult)) }
}

const MALFORMED: SubmitResult = { id: null, accepted: false, code: 'malformed', detail: 'is no signed transaction in lower-case hex' }

const isTransactionHex = (item: unknown): item is Hex =>
  typeof item === 'string' &&
  item.length >= transaction.minBytes * 2 &&
  item.length <= transaction.maxBytes * 2 &&
  isHex(item, item.length / 2)

function transactionOf(view: NodeView, id: string) {
  if (!isHex(id, 32)) throw new ApiError(400, 'bad-parameter', 'a transaction id is 32 bytes in lower-case hex')
  const found = view.transaction(id)
  if (found === undefined) {
    throw new ApiError(404, 'transaction-not-found', `this node knows no transaction ${id}: it never came here, or expired long ago`)
  }
  return { id, ...found }
}

function block(view: NodeView, at: string): BlockView {
  if (!isHex(at, 32) && !/^\d{1,15}$/.test(at)) {
    throw new ApiError(400, 'bad-parameter', 'name a block by its height, or by its hash, 32 bytes in lower-case hex')
  }
  const found = view.block(isHex(at, 32) ? at : Number(at))
  if (found !== undefined) return found
  const { height, firstHeight } = view.status()
  const since = firstHeight > 1 ? `, the first ${firstHeight}, that of the snapshot with which this node began` : ''
  throw new ApiError(404, 'block-not-found', `there is no block ${at} here; the newest is ${height}${since}`)
}

function proof(view: NodeView, address: Address): AccountProofView {
  const found = view.accountProof(address)
  if (found === null) throw new ApiError(503, 'no-block-yet', 'a proof is held against a block, and there is none here yet; ask again')
  return found
}

/** Ascending; fewer than asked for at the head of the chain, or when they grow large: go on from the last one. None below the first that is here. */
function blocks(view: NodeView, query: unknown): { blocks: readonly (BlockView | BlockSummary)[] } {
  const { height, firstHeight } = view.status()
  const count = Math.min(integer(query, 'count') ?? DEFAULT_BLOCKS, MAX_BLOCKS)
  const from = Math.max(1, integer(query, 'from') ?? Math.max(firstHeight, height - count + 1))
  const summary = flag(query, 'summary')
  const found: (BlockView | BlockSummary)[] = []
  let bytes = 0
  while (found.length < count && bytes < MAX_BLOCKS_BYTES) {
    const step = view.blocks(from + found.length, Math.min(BLOCKS_STEP, count - found.length))
    if (step.length === 0) break
    for (const one of step) {
      if (!summary) bytes += one.bytes + receiptBytes(one)
      found.push(summary ? summaryOf(one) : one)
    }
  }
  return { blocks: found }
}

const receiptBytes = ({ receipt }: BlockView): number =>
  receipt === null ? 0 : RECEIPT_ROW_BYTES * (receipt.rewards.length + receipt.events.length)

const summaryOf = ({ block: { header, seal }, transactionIds, receipt: _, ...rest }: BlockView): BlockSummary => ({
  ...rest,
  header,
  seal,
  transactions: transactionIds.length,
})

const verifiers = (view: NodeView, query: unknown): VerifiersView =>
  view.verifiers(integer(query, 'from') ?? 0, Math.min(integer(query, 'limit') ?? DEFAULT_VERIFIERS, MAX_VERIFIERS))

async function submitEvidence(view: NodeView, body: unknown): Promise<EvidenceResult> {
  const bytes = typeof body === 'object' && body !== null && 'evidence' in body ? body.evidence : undefined
  if (typeof bytes !== 'string') throw new ApiError(400, 'bad-body', 'send {"evidence": "<evidence in hex>"}')
  const isEvidence = bytes.length % 2 === 0 && bytes.length <= evidence.maxBytes * 2 && isHex(bytes, bytes.length / 2)
  return isEvidence
    ? await view.submitEvidence(bytes)
    : { id: null, accepted: false, code: 'malformed', detail: 'is no evidence in lower-case hex' }
}

const evidenceList = (view: NodeView, query: unknown): EvidenceList =>
  view.evidence(integer(query, 'from') ?? 0, Math.min(integer(query, 'limit') ?? DEFAULT_EVIDENCE, MAX_EVIDENCE))

function evidenceOf(view: NodeView, id: string): EvidenceView {
  if (!isHex(id, 32)) throw new ApiError(400, 'bad-parameter', 'an id of evidence is 32 bytes in lower-case hex')
  const found = view.evidenceOf(id)
  if (found === undefined) throw new ApiError(404, 'evidence-not-found', `this node holds no evidence ${id}`)
  return found
}

function readAddress(text: string, parseAddress: (text: string) => Address): Address {
  if (isHex(text, 20)) return text
  try {
    return parseAddress(text)
  } catch (error) {
    if (error instanceof QuorateError) throw new ApiError(400, error.code, error.message)
    throw error
  }
}

/** A parameter that the route's pattern guarantees. */
const named = (params: unknown, name: string): string => (params as Record<string, string>)[name] ?? ''

function optional(query: unknown, name: string): string | undefined {
  const value = (query as Record<string, unknown>)[name]
  if (value === undefined || typeof value === 'string') return value
  throw new ApiError(400, 'bad-parameter', `${name} is given twice`)
}

function integer(query: unknown, name: string): number | undefined {
  const text = optional(query, name)
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new ApiError(400, 'bad-parameter', `${name} must be a whole number`)
  return Number(text)
}

function flag(query: unknown, name: string): boolean {
  const text = optional(query, name)
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw new ApiError(400, 'bad-parameter', `${name} is true or false`)
}
