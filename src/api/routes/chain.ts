import { Type } from 'typebox'
import { type Hex, isHex } from '../../base/hex.ts'
import { chainLabel } from '../../wire/ids.ts'
import { transaction } from '../../wire/types.ts'
import {
  BLOCKS_STEP,
  DEFAULT_BLOCKS,
  DEFAULT_POINTS,
  DEFAULT_SLOTS,
  MAX_BLOCKS,
  MAX_BLOCKS_BYTES,
  MAX_CALL_TRANSACTIONS,
  MAX_POINTS,
  MAX_SLOTS,
  RECEIPT_ROW_BYTES,
} from '../bounds.ts'
import { ApiError } from '../errors.ts'
import { HistoryView, SlotView } from '../observe-types.ts'
import { badParameter, hashParameter, limit, type Route, route } from '../route.ts'
import { count, hash, hex, list, object } from '../schema.ts'
import { BlockSummary, BlockView, GenesisView, type NodeView, SubmitResult, TransactionView } from '../types.ts'

/** Blocks, transactions, and how the chain grows. */
export const chainRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/transactions',
    operationId: 'submitTransactions',
    tag: 'chain',
    summary: 'Submit signed transactions',
    description:
      'Each gets an answer of its own, in order. What is accepted is on disk when this answers, and is broadcast until it is final or expired.',
    body: object(
      { transactions: Type.Array(hex('A signed transaction as its bytes.'), { maxItems: MAX_CALL_TRANSACTIONS }) },
      '{"transactions": ["<signed transaction in hex>", ...]}',
    ),
    answer: object({ results: list(SubmitResult) }),
    errors: [413, 415],
    handle: ({ view }, { body }) => submit(view, body['transactions'] as readonly unknown[]),
  }),
  route({
    path: '/v1/transactions/:id',
    operationId: 'getTransaction',
    tag: 'chain',
    summary: 'A transaction, and what became of it',
    params: { id: hashParameter('a transaction id is 32 bytes in lower-case hex') },
    answer: Type.Intersect([object({ id: hash() }), TransactionView]),
    errors: [404],
    handle: ({ view }, { params: { id } }) => {
      const found = view.transaction(id)
      if (found !== undefined) return { id, ...found }
      throw new ApiError(404, 'transaction-not-found', `this node knows no transaction ${id}: it never came here, or expired long ago`)
    },
  }),
  route({
    path: '/v1/blocks',
    operationId: 'listBlocks',
    tag: 'chain',
    summary: 'Final blocks, ascending',
    description: 'An answer may end early, at the head or when blocks are large: ask again from the last height plus one.',
    query: {
      from: Type.Optional(count('First height; the newest blocks if not given.')),
      limit: limit(MAX_BLOCKS, DEFAULT_BLOCKS),
      summary: Type.Optional(Type.Boolean({ description: 'Without transactions and receipts.', default: false })),
    },
    answer: object({ blocks: list(Type.Union([BlockView, BlockSummary])) }),
    handle: ({ view }, { query }) => blocks(view, query),
  }),
  route({
    path: '/v1/blocks/:heightOrHash',
    operationId: 'getBlock',
    tag: 'chain',
    summary: 'A final block with its transactions',
    params: { heightOrHash: Type.String({ description: 'name a block by its height, or by its hash, 32 bytes in lower-case hex' }) },
    answer: BlockView,
    errors: [404],
    handle: ({ view }, { params: { heightOrHash } }) => block(view, heightOrHash),
  }),
  route({
    path: '/v1/slots',
    operationId: 'listSlots',
    tag: 'chain',
    summary: 'The newest slots that ended, newest first',
    query: { limit: limit(MAX_SLOTS, DEFAULT_SLOTS) },
    answer: object({ slots: list(SlotView) }),
    handle: ({ view }, { query }) => ({ slots: view.slots(query.limit ?? DEFAULT_SLOTS) }),
  }),
  route({
    path: '/v1/history',
    operationId: 'getHistory',
    tag: 'chain',
    summary: 'Final blocks as a series for charts',
    query: {
      from: Type.Optional(count('First height; the first block that is here if not given.')),
      to: Type.Optional(count('Last height; the newest if not given.')),
      points: Type.Optional(
        Type.Integer({
          ...{ minimum: 1, maximum: MAX_POINTS, default: DEFAULT_POINTS },
          description: `Points at most, each of one or several heights; at most ${MAX_POINTS}, ${DEFAULT_POINTS} if not given.`,
        }),
      ),
    },
    answer: HistoryView,
    handle: ({ view }, { query }) => {
      const { height, firstHeight } = view.status()
      const { from = firstHeight, to = height, points = DEFAULT_POINTS } = query
      if (from > to && query.to !== undefined) throw badParameter(`from is ${from}, above to, which is ${to}`)
      return view.history(from, to, points)
    },
  }),
  route({
    path: '/v1/genesis',
    operationId: 'getGenesis',
    tag: 'chain',
    summary: 'The genesis of the chain, and the recovery blocks on it',
    answer: GenesisView,
    handle: ({ view: { genesis, chainId, recoveries } }) => ({ chain: chainLabel(genesis.name, chainId), chainId, recoveries, genesis }),
  }),
]

async function submit(view: NodeView, items: readonly unknown[]): Promise<{ results: readonly SubmitResult[] }> {
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

function block(view: NodeView, at: string): BlockView {
  if (!isHex(at, 32) && !/^\d{1,15}$/.test(at)) throw badParameter('name a block by its height, or by its hash, 32 bytes in lower-case hex')
  const found = view.block(isHex(at, 32) ? at : Number(at))
  if (found !== undefined) return found
  const { height, firstHeight } = view.status()
  const since = firstHeight > 1 ? `, the first ${firstHeight}, that of the snapshot with which this node began` : ''
  throw new ApiError(404, 'block-not-found', `there is no block ${at} here; the newest is ${height}${since}`)
}

interface BlocksQuery {
  readonly from?: number
  readonly limit?: number
  readonly summary?: boolean
}

/** Ascending; fewer than asked for at the head of the chain, or when they grow large: go on from the last one. None below the first that is here. */
function blocks(view: NodeView, query: BlocksQuery): { blocks: readonly (BlockView | BlockSummary)[] } {
  const { limit: wanted = DEFAULT_BLOCKS, summary = false } = query
  const from = Math.max(1, query.from ?? newest(view, wanted))
  const found: (BlockView | BlockSummary)[] = []
  let bytes = 0
  while (found.length < wanted && bytes < MAX_BLOCKS_BYTES) {
    const step = view.blocks(from + found.length, Math.min(BLOCKS_STEP, wanted - found.length))
    if (step.length === 0) break
    for (const one of step) {
      if (!summary) bytes += one.bytes + receiptBytes(one)
      found.push(summary ? summaryOf(one) : one)
    }
  }
  return { blocks: found }
}

function newest(view: NodeView, count: number): number {
  const { height, firstHeight } = view.status()
  return Math.max(firstHeight, height - count + 1)
}

const receiptBytes = ({ receipt }: BlockView): number =>
  receipt === null ? 0 : RECEIPT_ROW_BYTES * (receipt.rewards.length + receipt.events.length)

const summaryOf = ({ block: { header, seal }, transactionIds, receipt: _, ...rest }: BlockView): BlockSummary => ({
  ...rest,
  header,
  seal,
  transactions: transactionIds.length,
})
