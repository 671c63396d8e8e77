import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Api, type ApiOptions, startApi } from '../../../src/api/server.ts'
import type { NodeEvent } from '../../../src/api/types.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import { QuorateClient } from '../../../src/client/client.ts'
import { ApiClientError } from '../../../src/client/errors.ts'
import { parseAddress } from '../../../src/crypto/address.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { FakeNode, forkView, hashAt, heldEvidence, transaction } from '../api/fake-node.ts'

const token = '0f'.repeat(32)
const id = 'ab'.repeat(32)
const address = 'cd'.repeat(20)

const alarm = (code: string): NodeEvent => ({ kind: 'alarm', code, detail: 'off' })

describe('client', () => {
  let node: FakeNode
  let api: Api
  let client: QuorateClient

  const start = async (options: Omit<ApiOptions, 'parseAddress'> = {}): Promise<void> => {
    api = await startApi(node, { parseAddress, token, networkFile: () => ({ format: 'quorate-network' }), ...options })
    client = new QuorateClient(`${api.url}/`, { token })
  }
  beforeEach(() => {
    node = new FakeNode()
    return start()
  })
  afterEach(() => api.close())

  describe('settles a transaction', () => {
    const signed = { id, hex: '00'.repeat(200) }
    const block = (transactionIds: readonly string[]): NodeEvent => ({
      ...{ kind: 'block', height: 251, hash: hashAt(251), slot: 502, finalAtMs: 1, makerIndex: 0, signers: 3, transactionIds },
    })

    it('by the block that holds it', async () => {
      node.answer = () => {
        node.emit(block([]))
        node.emit(block([id]))
        return { id, accepted: true }
      }
      assert.deepEqual(await client.settle(signed), { state: 'final', height: 251, block: hashAt(251) })
    })
    it('that the node knows to be dropped, or hears to be', async () => {
      node.answer = () => {
        node.emit({ kind: 'dropped', id, code: 'expired' })
        return { id, accepted: true }
      }
      assert.deepEqual(await client.settle(signed), { state: 'dropped', code: 'expired' })
    })
    it('not at all, when the node refuses it', async () => {
      node.answer = () => ({ id, accepted: false, code: 'insufficient-hours', detail: 'too few' })
      await assert.rejects(client.settle(signed), { code: 'insufficient-hours' })
    })
    it('not in time', async () => {
      node.answer = () => ({ id, accepted: true })
      assert.deepEqual(await client.settle(signed, { timeoutMs: 50 }), { state: 'pending' })
    })
    it('unless the signal ends it', async () => {
      node.answer = () => ({ id, accepted: true })
      assert.deepEqual(await client.settle(signed, { signal: AbortSignal.abort() }), { state: 'pending' })
    })
  })

  it('has a method for each route, which gives what the node has', async () => {
    node.transactions.set(id, { state: 'pending', transaction, expirySlot: 9 })
    node.held.set(id, heldEvidence(id))
    node.forkView = forkView()
    assert.deepEqual(await client.status(), node.status())
    assert.deepEqual(await client.peers(), node.peers())
    assert.deepEqual(await client.swarm(), node.swarm())
    assert.deepEqual(await client.diagnosis(), await node.diagnosis())
    assert.deepEqual((await client.search('7')).results, [{ kind: 'block', height: 7, hash: hashAt(7) }])
    assert.deepEqual(await client.networkFile(), { format: 'quorate-network' })
    assert.deepEqual((await client.genesis()).genesis, node.genesis)
    assert.equal((await client.openapi())['openapi'], '3.1.0')
    assert.deepEqual(await client.transaction(id), { id, ...node.transactions.get(id) })
    assert.deepEqual(await client.block(7), node.block(7))
    assert.deepEqual(await client.block(hashAt(7)), node.block(7))
    assert.deepEqual(await client.blocks({ from: 3, limit: 2 }), node.blocks(3, 2))
    assert.deepEqual(
      (await client.blockSummaries({ limit: 2 })).map(({ header }) => header.height),
      [249, 250],
    )
    assert.deepEqual(await client.slots({ limit: 2 }), node.slots(2))
    assert.deepEqual(await client.history({ from: 1, to: 9, points: 3 }), await node.history(1, 9, 3))
    assert.deepEqual(await client.account(address), node.account(address))
    assert.deepEqual(await client.accountProof(address), node.accountProof(address))
    assert.deepEqual(await client.accountTransactions(address, { before: '9.0', limit: 2 }), await node.accountHistory(address, '9.0', 2))
    assert.deepEqual(await client.verifiers({ from: 1, limit: 1 }), node.verifiers(1, 1))
    assert.deepEqual(await client.quorum(), node.quorum())
    assert.deepEqual(await client.elections(), await node.elections())
    assert.deepEqual(await client.ratification(), node.ratification())
    assert.deepEqual(await client.supply(), node.supply())
    assert.deepEqual(await client.evidence({ limit: 1 }), node.evidence(0, 1))
    assert.deepEqual(await client.evidenceOf(id), node.evidenceOf(id))
    assert.deepEqual(await client.fork(), node.fork())
    assert.deepEqual(await client.storage(), await node.storage())
    assert.equal(await client.metrics(), await node.metrics())
    assert.deepEqual(await client.logLevels(), node.levels)
  })

  it('submits, and changes what its token allows', async () => {
    const hex = 'ab'.repeat(200)
    assert.deepEqual(await client.submit([hex, 'zz']), [
      { id: hex.slice(0, 64), accepted: true },
      { id: null, accepted: false, code: 'malformed', detail: 'is no signed transaction in lower-case hex' },
    ])
    assert.deepEqual(await client.submitEvidence('ab'), node.evidenceAnswer)
    const levels = { default: 'debug', subsystems: { sync: 'warn' } } as const
    assert.deepEqual(await client.setLogLevels(levels), levels)
    const parts: Uint8Array[] = []
    for await (const part of client.backup()) parts.push(part)
    assert.equal(Buffer.concat(parts).toString(), 'a backup')
    await assert.rejects(new QuorateClient(api.url).setLogLevels(levels), { status: 401, code: 'token-needed' })
    await assert.rejects(new QuorateClient(api.url).backup().next(), { status: 401, code: 'token-needed' })
  })

  it('rejects with what the node said', async () => {
    await assert.rejects(client.block(251), (error) => {
      assert.ok(error instanceof ApiClientError && error instanceof QuorateError)
      assert.deepEqual([error.status, error.code], [404, 'block-not-found'])
      return true
    })
    // Nothing in a parameter leads to another route.
    await assert.rejects(client.transaction('../status'), { status: 400, code: 'bad-parameter' })
  })

  it('says that nobody answers, and lets a program say more', async () => {
    await api.close()
    await assert.rejects(client.status(), { status: null, code: 'unreachable', message: /no node answers at .*ECONNREFUSED/ })
    const explain = (error: ApiClientError): Error => new Error(`${error.code}, so start it`)
    await assert.rejects(new QuorateClient(api.url, { explain }).status(), { message: 'unreachable, so start it' })
    await assert.rejects(client.events()[Symbol.asyncIterator]().next(), { code: 'unreachable' })
  })

  describe('and what is no node', () => {
    let server: Server
    let url: string
    let answer: string | null = '<html>'
    before(async () => {
      server = createServer((_, response) => {
        if (answer !== null) response.end(answer)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    })
    after(() => {
      server.closeAllConnections()
      server.close()
    })

    it('does not take it for one', async () => {
      answer = '<html>'
      await assert.rejects(new QuorateClient(url).status(), { status: null, code: 'no-node' })
    })

    it('does not wait for ever', async () => {
      answer = null
      await assert.rejects(new QuorateClient(url, { timeoutMs: 50 }).status(), { status: null, code: 'timeout' })
      await assert.rejects(new QuorateClient(url, { timeoutMs: 50 }).events()[Symbol.asyncIterator]().next(), { code: 'timeout' })
    })

    it('ends with the reason of a signal', async () => {
      answer = null
      const controller = new AbortController()
      const asked = new QuorateClient(url).status({ signal: controller.signal })
      controller.abort(new Error('enough'))
      await assert.rejects(asked, { message: 'enough' })
      await assert.rejects(new QuorateClient(url).status({ signal: controller.signal }), { message: 'enough' })
    })
  })

  describe('events', () => {
    const deadline = { deadlineMs: 20_000, description: 'the stream to be opened again' }

    it('come in order, after a heartbeat, until the signal', async () => {
      const controller = new AbortController()
      const seen: string[] = []
      for await (const event of client.events({ kinds: ['alarm'], signal: controller.signal })) {
        seen.push(event.kind === 'alarm' ? event.code : event.kind)
        if (event.kind === 'heartbeat') {
          node.emit({ kind: 'dropped', id, code: 'expired' })
          for (const code of ['one', 'two', 'three']) node.emit(alarm(code))
        }
        if (seen.length === 4) controller.abort()
      }
      assert.deepEqual(seen, ['heartbeat', 'one', 'two', 'three'])
    })

    it('go on where they broke when the node is there again', async () => {
      const events = client.events({ kinds: ['alarm'] })[Symbol.asyncIterator]()
      assert.equal((await events.next()).value?.kind, 'heartbeat')
      node.emit(alarm('before'))
      assert.deepEqual((await events.next()).value, alarm('before'))
      const port = Number(new URL(api.url).port)
      await api.close()
      await start({ port })
      // This is another node than before: what happened in between it does not know.
      const gap = (await events.next()).value
      assert.deepEqual(gap, { kind: 'gap', missed: null })
      assert.equal((await events.next()).value?.kind, 'heartbeat')
      node.emit(alarm('after'))
      assert.deepEqual((await events.next()).value, alarm('after'))
      await events.return?.()
    })

    it('are continued by another stream without a gap', async () => {
      const first = client.events({ kinds: ['alarm'] })
      for await (const event of first) {
        if (event.kind === 'heartbeat') node.emit(alarm('one'))
        else break
      }
      node.emit(alarm('two'))
      const seen: string[] = []
      const { lastEventId } = first
      assert.ok(lastEventId)
      for await (const event of client.events({ kinds: ['alarm'], lastEventId })) {
        seen.push(event.kind === 'alarm' ? event.code : event.kind)
        if (event.kind === 'alarm') break
      }
      assert.deepEqual(seen, ['heartbeat', 'two'])
    })

    it('close their connection at the end of the loop', async () => {
      let closed = 0
      const counting = new QuorateClient(api.url, {
        fetch: async (url, init) => {
          init.signal.addEventListener('abort', () => closed++)
          return fetch(url, init)
        },
      })
      for await (const event of counting.events()) if (event.kind === 'heartbeat') break
      await waitFor(() => closed === 1, { ...deadline, description: 'the connection to be closed' })
    })

    it('are refused for kinds that there are not, and not asked for again', async () => {
      const kinds = ['bingo'] as unknown as readonly ['block']
      await assert.rejects(client.events({ kinds })[Symbol.asyncIterator]().next(), { status: 400, code: 'bad-parameter' })
    })

    it('end with the stream where nobody wants them to go on', async () => {
      const events = client.events({ reconnect: false })[Symbol.asyncIterator]()
      assert.equal((await events.next()).value?.kind, 'heartbeat')
      await api.close()
      assert.equal((await events.next()).done, true)
    })
  })
})
