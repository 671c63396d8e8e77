import { Type } from 'typebox'
import { QuorateError } from '../../base/errors.ts'
import { DEFAULT_ACCOUNT_TRANSACTIONS, DEFAULT_VERIFIERS, MAX_ACCOUNT_TRANSACTIONS, MAX_VERIFIERS } from '../bounds.ts'
import { ApiError } from '../errors.ts'
import { AccountProofView, AccountView, ElectionsView, QuorumView, RatificationView, SupplyView, VerifiersView } from '../ledger-types.ts'
import { AccountHistory } from '../observe-types.ts'
import { addressParameter, limit, type Route, readAddress, route } from '../route.ts'
import { count } from '../schema.ts'

/** Accounts, verifiers and elections, after the newest block. */
export const ledgerRoutes: readonly Route[] = [
  route({
    path: '/v1/accounts/:address',
    operationId: 'getAccount',
    tag: 'accounts',
    summary: 'What an account holds and does',
    description: 'Coins after the newest final block, coin-hours reckoned at its time. An account that nobody has paid has zeros.',
    params: { address: addressParameter },
    answer: AccountView,
    handle: (desk, { params }) => desk.view.account(readAddress(desk, params.address)),
  }),
  route({
    path: '/v1/accounts/:address/proof',
    operationId: 'getAccountProof',
    tag: 'accounts',
    summary: 'What an account holds, for whoever does not trust this node',
    description: 'Answers 503 `no-block-yet` before the first block.',
    params: { address: addressParameter },
    answer: AccountProofView,
    handle: (desk, { params }) => {
      const found = desk.view.accountProof(readAddress(desk, params.address))
      if (found !== null) return found
      throw new ApiError(503, 'no-block-yet', 'a proof is held against a block, and there is none here yet; ask again')
    },
  }),
  route({
    path: '/v1/accounts/:address/transactions',
    operationId: 'listAccountTransactions',
    tag: 'accounts',
    summary: 'Transactions of an account, the newest first',
    params: { address: addressParameter },
    query: {
      before: Type.Optional(Type.String({ maxLength: 64, description: 'The `next` of the answer before; the newest if not given.' })),
      limit: limit(MAX_ACCOUNT_TRANSACTIONS, DEFAULT_ACCOUNT_TRANSACTIONS),
    },
    answer: AccountHistory,
    handle: async (desk, { params, query: { before = null, limit: count = DEFAULT_ACCOUNT_TRANSACTIONS } }) => {
      try {
        return await desk.view.accountHistory(readAddress(desk, params.address), before, count)
      } catch (error) {
        if (error instanceof QuorateError && error.code === 'bad-cursor') throw new ApiError(400, error.code, error.message)
        throw error
      }
    },
  }),
  route({
    path: '/v1/verifiers',
    operationId: 'listVerifiers',
    tag: 'verifiers',
    summary: 'Registered verifiers, those with the most bonded first',
    query: { from: Type.Optional(count('Place of the first; 0 if not given.')), limit: limit(MAX_VERIFIERS, DEFAULT_VERIFIERS) },
    answer: VerifiersView,
    handle: ({ view }, { query }) => view.verifiers(query.from ?? 0, query.limit ?? DEFAULT_VERIFIERS),
  }),
  route({
    path: '/v1/quorum',
    operationId: 'getQuorum',
    tag: 'verifiers',
    summary: 'Who signs the next height',
    answer: QuorumView,
    handle: ({ view }) => view.quorum(),
  }),
  route({
    path: '/v1/elections',
    operationId: 'getElections',
    tag: 'verifiers',
    summary: 'The open election, the newest that were settled, and when the next one opens',
    answer: ElectionsView,
    handle: ({ view }) => view.elections(),
  }),
  route({
    path: '/v1/ratification',
    operationId: 'getRatification',
    tag: 'verifiers',
    summary: 'The source that is ratified, and what is proposed',
    answer: RatificationView,
    handle: ({ view }) => view.ratification(),
  }),
  route({
    path: '/v1/supply',
    operationId: 'getSupply',
    tag: 'accounts',
    summary: 'Where all coins are',
    answer: SupplyView,
    handle: ({ view }) => view.supply(),
  }),
]
