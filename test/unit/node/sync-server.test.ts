import assert from 'node:assert/strict'
import type { Chain } from '../../../src/node/chain.ts'
import { Heard } from '../../../src/node/heard.ts'
import { KnownBlocks } from '../../../src/node/known-blocks.ts'
import { SyncServer } from '../../../src/node/sync-server.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { Certificate, Statement } from '../../../src/wire/types.ts'
import { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain } from './fixtures.ts'

/** Height of the block that settles the first election: 0 1 2 3 sign it, 0 1 4 5 what comes after. */
const SETTLED = 7
const BLOCK = 'ab'.repeat(32)

describe('what a node answers of the newest that a verifier has signed', () => {
  const of = new EpochChain()
  let own: OpenChain
  let chain: Chain
  let heard: Heard
  let network: FakeNetwork

  beforeEach(async () => {
    own = await openChain(of)
    chain = own.chain
    await of.grow(chain, 0, SETTLED - 1)
    heard = new Heard()
    network = new FakeNetwork()
    new SyncServer({
      chain,
      network,
      heard,
      records: { inventory: () => [], records: () => [] },
      known: new KnownBlocks(() => false),
      snapshots: { offers: () => [], manifestBytes: () => undefined, chunk: () => undefined },
      ownStatus: () => assert.fail('nobody greets it'),
      onStatus: () => {},
    })
  })
  afterEach(() => own.store.close())

  async function newestOf(number: number): Promise<readonly Certificate[]> {
    const serve = network.handlers.get('sync')
    assert.ok(serve !== undefined)
    const request = encode(syncRequest, { kind: 'newest-signed', verifier: of.verifier(number).wallet.address })
    const answer = decode(syncResponse, await serve(request, 'peer', AbortSignal.timeout(1000)))
    assert.ok(answer.kind === 'newest-signed')
    return answer.records
  }
  const statementsOf = async (number: number): Promise<Statement[]> => (await newestOf(number)).map(({ statement }) => statement)
  const headSeal = () => ({ kind: 'seal', height: chain.head.height, block: chain.head.hash }) as const
  const note = (number: number, statement: Statement): void => {
    const quorum = chain.quorumAt(statement.height)
    assert.ok(quorum !== undefined)
    const index = of.indexIn(quorum, number)
    heard.note(quorum, statement, of.aggregate(quorum, [index], statement))
  }

  it("has the head's seal of who sealed it, by the quorum that did, and of nobody else", async () => {
    await chain.commit(of.block(chain, { signers: [0, 1, 3] }))
    for (const number of [0, 1, 3]) assert.deepEqual(await newestOf(number), [{ statement: headSeal(), aggregate: chain.headSeal }])
    // 4 has index 2 in the next quorum, 5 has index 3: neither has sealed the head.
    for (const number of [2, 4, 5, 8]) assert.deepEqual(await newestOf(number), [])
  })

  it("puts the head's seal in the place of an older one, and beside votes and locks", async () => {
    const vote = { kind: 'vote', height: 7, slot: 6, block: BLOCK, validSlot: null } as const
    note(3, vote)
    note(3, { kind: 'seal', height: 6, block: BLOCK })
    await chain.commit(of.block(chain))
    assert.deepEqual(await statementsOf(3), [vote, headSeal()])
  })

  it('has a seal above the head, which nobody but this node may know of', async () => {
    await chain.commit(of.block(chain))
    const above = { kind: 'seal', height: SETTLED + 1, block: BLOCK } as const
    note(0, above)
    note(4, above)
    assert.deepEqual([await statementsOf(0), await statementsOf(4)], [[above], [above]])
    assert.deepEqual(await statementsOf(1), [headSeal()])
  })
})
