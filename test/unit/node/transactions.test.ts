import assert from 'node:assert/strict'
import { invariant } from '../../../src/base/errors.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { MAX_BATCHES_IN_CHECK } from '../../../src/node/bounds.ts'
import { buildBlock } from '../../../src/node/builder.ts'
import { Slots } from '../../../src/node/slots.ts'
import { Transactions } from '../../../src/node/transactions.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { transactionId } from '../../../src/wire/ids.ts'
import { transactionBatch } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { aggregateOf, proofOf, transferOf } from '../../swarm/hostile-messages.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { FakeNetwork, type OpenChain, openChain, quiet } from './fixtures.ts'

const OTHER_CHAIN = 'ab'.repeat(32)

describe('transactions of a node', () => {
  let of: TestChain
  let own: OpenChain
  const clock = { nowMs: () => of.genesis.timeMs, at: () => () => {} }

  beforeEach(async () => {
    of = await TestChain.make(1)
    own = await openChain(of)
  })
  afterEach(() => own.store.close())

  function setUp() {
    const { chain } = own
    const pool = new Pool(DEFAULT_POOL_LIMITS)
    const network = new FakeNetwork()
    const pending: string[] = []
    const dropped: string[] = []
    const { slotMs, choiceMs } = of.genesis.parameters
    const transactions = new Transactions({
      chain,
      pool,
      network,
      slots: new Slots(clock, of.genesis.timeMs, slotMs, choiceMs),
      signatures: nativeSignatures,
      telemetry: quiet(),
      onPending: (ids) => void pending.push(...ids),
      onDropped: (id, code) => void dropped.push(`${id} ${code}`),
    })
    const submit = async (hex: string): Promise<string> => {
      const [result] = await transactions.submit([hex])
      return result?.accepted === true ? 'accepted' : (result?.code ?? 'nothing')
    }
    const gossiped = (): string[] => network.published.flatMap(({ data }) => decode(transactionBatch, data).map(transactionId))
    /** Makes what is ready final. */
    const commit = async (): Promise<void> => {
      const slot = chain.head.slot + 2
      const known = buildBlock(chain, pool, [], 0, slot, proofOf(of, 0, slot), 100)
      invariant(known !== null, 'a block')
      const { height, hash } = known.ref
      const final = { ...known, block: { ...known.block, seal: aggregateOf(of, [0], { kind: 'seal', height, block: hash }) } }
      await chain.commit(final)
      transactions.settle(final)
    }
    return { transactions, pool, network, pending, dropped, submit, gossiped, commit }
  }
  /** Closes the store and opens it again, as a new process would. */
  const restart = async (): Promise<ReturnType<typeof setUp>> => {
    await own.store.close()
    own = await openChain(of, own.directory)
    const node = setUp()
    await node.transactions.restore()
    return node
  }
  const soon = (condition: () => boolean) => waitFor(condition, { deadlineMs: 10_000, description: 'gossip' })
  const transfer = (nonce: number, changes: Parameters<typeof transferOf>[3] = {}) =>
    transferOf(of, 0, nonce, { expirySlot: 20, ...changes })

  it('that were accepted survive a restart, and are gossiped again', async () => {
    const before = setUp()
    const [first, second] = [transfer(0), transfer(1)]
    assert.deepEqual([await before.submit(first.hex), await before.submit(second.hex)], ['accepted', 'accepted'])
    const after = await restart()
    assert.deepEqual(
      after.pool
        .local()
        .map(({ id }) => id)
        .sort(),
      [first.id, second.id].sort(),
    )
    await soon(() => after.gossiped().length === 2)
  })

  it('are told of once, when they come into the pool, also after a restart', async () => {
    const before = setUp()
    const { id, hex } = transfer(0)
    assert.deepEqual([await before.submit(hex), await before.submit(hex), await before.submit('00')], ['accepted', 'accepted', 'malformed'])
    assert.deepEqual(before.pending, [id])
    assert.deepEqual((await restart()).pending, [id])
  })

  it('that are final or expired by then are not taken up again', async () => {
    const before = setUp()
    await before.submit(transfer(0).hex)
    await before.commit()
    const late = transfer(1, { expirySlot: 4 })
    await before.submit(late.hex)
    before.transactions.expire(5)
    assert.equal(before.transactions.droppedFor(late.id), 'expired')
    assert.deepEqual(before.dropped, [`${late.id} expired`])
    const after = await restart()
    assert.deepEqual(after.pool.stats().count, 0)
  })

  it('may be submitted again: while they wait, and when they are final', async () => {
    const { submit, commit, pool } = setUp()
    const { hex, id } = transfer(0)
    assert.deepEqual([await submit(hex), await submit(hex)], ['accepted', 'accepted'])
    assert.equal(pool.stats().count, 1)
    await commit()
    assert.equal(await submit(hex), 'accepted')
    assert.equal(pool.stats().count, 0)
    assert.equal(own.chain.placeOf(id)?.height, 1)
  })

  it('that are replaced say so, and only the one that replaced them survives a restart', async () => {
    const { submit, transactions } = setUp()
    const [cheap, dear] = [transfer(0), transfer(0, { feeDroplets: 200 })]
    assert.deepEqual([await submit(cheap.hex), await submit(dear.hex)], ['accepted', 'accepted'])
    assert.equal(transactions.droppedFor(cheap.id), 'replaced')
    assert.equal(await submit(transfer(0, { feeDroplets: 205 }).hex), 'fee-too-low-to-replace')
    const after = await restart()
    assert.deepEqual(
      after.pool.local().map(({ id }) => id),
      [dear.id],
    )
  })

  it('with a gap before them wait until it is filled', async () => {
    const { submit, commit, pool } = setUp()
    for (const nonce of [2, 1]) assert.equal(await submit(transfer(nonce).hex), 'accepted')
    await commit()
    assert.deepEqual([own.chain.block(1)?.transactions.length, pool.stats().count], [0, 2])
    await submit(transfer(0).hex)
    await commit()
    assert.deepEqual([own.chain.block(2)?.transactions.map(({ body }) => body.nonce), pool.stats().count], [[0, 1, 2], 0])
    assert.equal(await submit(transfer(5000).hex), 'nonce-too-far')
    assert.equal(await submit(transfer(1, { feeDroplets: 999 }).hex), 'nonce-too-low')
  })

  const bad = [
    { description: 'no hex', text: () => 'xyz', code: 'malformed' },
    { description: 'cut short', text: () => transfer(0).hex.slice(0, -2), code: 'malformed' },
    { description: 'of another chain', text: () => transfer(0, { chainId: OTHER_CHAIN }).hex, code: 'bad-signature' },
    { description: 'without a fee', text: () => transfer(0, { feeDroplets: 0 }).hex, code: 'fee-too-low' },
  ]
  for (const { description, text, code } of bad)
    it(`that are ${description} are refused, and the others of the request are not`, async () => {
      const { transactions } = setUp()
      const results = await transactions.submit([text(), transfer(0).hex])
      assert.deepEqual(
        results.map((result) => (result.accepted ? 'accepted' : result.code)),
        [code, 'accepted'],
      )
    })

  it('in more batches than can be checked at once are ignored, and that ends', async () => {
    const { transactions } = setUp()
    const batch = encode(
      transactionBatch,
      Array.from({ length: 40 }, (_, nonce) => transfer(nonce).transaction),
    )
    const verdicts = await Promise.all(Array.from({ length: MAX_BATCHES_IN_CHECK + 5 }, () => transactions.validate(batch)))
    assert.equal(verdicts.filter((verdict) => verdict.kind === 'ignore' && verdict.code === 'overloaded').length, 5)
    const next = await transactions.validate(encode(transactionBatch, [transfer(50).transaction]))
    assert.equal(next.kind, 'accept')
  })
})
