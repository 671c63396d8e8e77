import assert from 'node:assert/strict'
import { NodeEvent } from '../../../src/api/event-types.ts'
import { routes } from '../../../src/api/routes.ts'
import type { View } from '../../../src/api/schema.ts'
import { type Api, startApi } from '../../../src/api/server.ts'
import type * as schemas from '../../../src/api/wire-types.ts'
import { parseAddress } from '../../../src/crypto/address.ts'
import type { OffenceKind } from '../../../src/wire/evidence.ts'
import type { Genesis } from '../../../src/wire/genesis.ts'
import type { RefusalReason, SignedBlock, Statement, Transaction } from '../../../src/wire/types.ts'
import { assertConforms } from './conforms.ts'
import { FakeNode, forkView, hashAt, heldEvidence, transaction } from './fake-node.ts'

/** Does not compile unless each of two types fits where the other is wanted. */
const same = <A, B>(_: [A] extends [B] ? ([B] extends [A] ? true : never) : never): void => undefined
same<View<typeof schemas.SignedBlock>, SignedBlock>(true)
same<View<typeof schemas.Transaction>, Transaction>(true)
same<View<typeof schemas.Statement>, Statement>(true)
same<View<typeof schemas.Genesis>, Genesis>(true)
same<View<typeof schemas.OffenceKind>, OffenceKind>(true)
same<View<typeof schemas.RefusalReason>, RefusalReason>(true)

const id = 'ab'.repeat(32)
const address = 'cd'.repeat(20)
const token = '0f'.repeat(32)

type Json = Readonly<Record<string, unknown>>
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Json }>>
}

describe('HTTP API: schemas', () => {
  let node: FakeNode
  let api: Api

  before(async () => {
    node = new FakeNode()
    node.transactions.set(id, { state: 'final', transaction, height: 3, block: hashAt(3), index: 0 })
    node.held.set(id, heldEvidence(id))
    node.forkView = forkView()
    api = await startApi(node, { parseAddress, token, networkFile: () => ({ format: 'quorate-network', genesis: node.genesis }) })
  })
  after(() => api.close())

  const paths: Readonly<Record<string, { readonly ask: string; readonly plain?: () => unknown }>> = {
    '/v1/status': { ask: '/v1/status', plain: () => node.status() },
    '/v1/peers': { ask: '/v1/peers', plain: () => ({ peers: node.peers() }) },
    '/v1/swarm': { ask: '/v1/swarm', plain: () => node.swarm() },
    '/v1/diagnosis': { ask: '/v1/diagnosis', plain: () => node.diagnosis() },
    '/v1/search': { ask: `/v1/search?q=${id}` },
    '/v1/network-file': { ask: '/v1/network-file', plain: () => ({ format: 'quorate-network', genesis: node.genesis }) },
    '/v1/transactions/:id': { ask: `/v1/transactions/${id}`, plain: () => ({ id, ...node.transactions.get(id) }) },
    '/v1/blocks': { ask: '/v1/blocks?from=1&limit=3', plain: () => ({ blocks: node.blocks(1, 3) }) },
    '/v1/blocks/:heightOrHash': { ask: '/v1/blocks/7', plain: () => node.block(7) },
    '/v1/slots': { ask: '/v1/slots?limit=2', plain: () => ({ slots: node.slots(2) }) },
    '/v1/history': { ask: '/v1/history?from=1&to=9&points=3', plain: () => node.history(1, 9, 3) },
    '/v1/genesis': { ask: '/v1/genesis' },
    '/v1/accounts/:address': { ask: `/v1/accounts/${address}`, plain: () => node.account(address) },
    '/v1/accounts/:address/proof': { ask: `/v1/accounts/${address}/proof`, plain: () => node.accountProof(address) },
    '/v1/accounts/:address/transactions': {
      ask: `/v1/accounts/${address}/transactions?before=9.0&limit=2`,
      plain: () => node.accountHistory(address, '9.0', 2),
    },
    '/v1/verifiers': { ask: '/v1/verifiers', plain: () => node.verifiers(0, 100) },
    '/v1/quorum': { ask: '/v1/quorum', plain: () => node.quorum() },
    '/v1/elections': { ask: '/v1/elections', plain: () => node.elections() },
    '/v1/ratification': { ask: '/v1/ratification', plain: () => node.ratification() },
    '/v1/supply': { ask: '/v1/supply', plain: () => node.supply() },
    '/v1/evidence': { ask: '/v1/evidence', plain: () => node.evidence(0, 100) },
    '/v1/evidence/:id': { ask: `/v1/evidence/${id}`, plain: () => node.evidenceOf(id) },
    '/v1/fork': { ask: '/v1/fork', plain: () => ({ fork: node.fork() }) },
    '/v1/storage': { ask: '/v1/storage', plain: () => node.storage() },
    '/v1/log-levels': { ask: '/v1/log-levels', plain: () => node.logLevels() },
  }

  for (const { method, path, type, answer } of routes) {
    if (method !== 'GET' || type !== 'application/json') continue
    it(`GET ${path} gives all that the node gives, and no more than its schema says`, async () => {
      const { ask = path, plain } = paths[path] ?? {}
      const response = await fetch(api.url + ask)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      const text = await response.text()
      assert.equal(response.status, 200, text)
      if (plain !== undefined) assert.equal(text, JSON.stringify(await plain()))
      assertConforms(answer, JSON.parse(text), path)
    })
  }

  it('gives summaries of blocks as its schema says', async () => {
    const { blocks } = (await (await fetch(`${api.url}/v1/blocks?summary=true`)).json()) as { blocks: unknown[] }
    const route = routes.find(({ operationId }) => operationId === 'listBlocks')
    assert.ok(route)
    assertConforms(route.answer, { blocks }, 'summaries')
  })

  it('has a schema for each kind of event', () => {
    const evidence = { id, offence: 'amnesia', height: 3, offenders: [], seenAtMs: 1, punished: null }
    const events: readonly NodeEvent[] = [
      ...[{ kind: 'alarm', code: 'clock', detail: 'off' } as const, { kind: 'pending', ids: [id] } as const],
      { kind: 'slot', ...(node.slots(1)[0] ?? assert.fail()) },
      { kind: 'evidence', state: 'found', ...evidence, offence: 'amnesia' },
      { kind: 'refused', slot: 3, by: 1, reason: 'locked' },
    ]
    for (const event of events) assertConforms(NodeEvent, event, event.kind)
  })

  describe('the OpenAPI document', () => {
    let document: Json & { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }
    before(async () => {
      document = await (await fetch(`${api.url}/v1/openapi.json`)).json()
    })

    it('has every route with what a reader needs, and nothing else', () => {
      assert.equal(document['openapi'], '3.1.0')
      const described = Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
      )
      assert.deepEqual(described.toSorted(), routes.map(({ method, path }) => `${method} ${path}`).toSorted())
      const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
      assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, routes.length)
      for (const { operationId, summary, tags, responses } of operations) {
        assert.ok(summary.length > 0 && tags.length === 1, operationId)
        for (const status of ['200', '400', '403', '429', '500', '503']) {
          assert.ok((responses[status]?.description ?? '').length > 0, `${operationId} ${status}`)
          assert.equal(Object.keys(responses[status]?.content ?? {}).length, 1, `${operationId} ${status}`)
        }
      }
    })

    it('names parameters where they are', () => {
      const parameters = document.paths['/v1/accounts/{address}/transactions']?.['get']?.parameters ?? []
      assert.deepEqual(parameters.map(({ name, in: place }) => `${place} ${name}`).toSorted(), [
        'path address',
        'query before',
        'query limit',
      ])
    })

    it('refers to schemas that it has', () => {
      const { schemas: components } = document['components'] as { schemas: Json }
      const wanted = new Set<string>()
      const walk = (value: unknown): void => {
        if (typeof value !== 'object' || value === null) return
        for (const [name, part] of Object.entries(value))
          if (name === '$ref') wanted.add(String(part).replace('#/components/schemas/', ''))
          else walk(part)
      }
      walk(document)
      assert.ok(wanted.has('NodeStatus') && wanted.has('AccountView'))
      assert.deepEqual([...wanted].toSorted(), Object.keys(components).toSorted())
    })
  })
})
