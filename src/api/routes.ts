import type { Route } from './route.ts'
import { chainRoutes } from './routes/chain.ts'
import { evidenceRoutes } from './routes/evidence.ts'
import { ledgerRoutes } from './routes/ledger.ts'
import { nodeRoutes } from './routes/node.ts'
import { operationRoutes } from './routes/operation.ts'

/** All that the API answers, but for the page and the document that describes it. */
export const routes: readonly Route[] = [...nodeRoutes, ...chainRoutes, ...ledgerRoutes, ...evidenceRoutes, ...operationRoutes]
