import assert from 'node:assert/strict'
import { invariant } from '../../../src/base/errors.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { prepare } from '../../../src/ledger/transaction.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { buildBlock } from '../../../src/node/builder.ts'
import type { Chain } from '../../../src/node/chain.ts'
import { executeBlock, type KnownBlock } from '../../../src/node/known-blocks.ts'
import { ticketMessage } from '../../../src/wire/signing.ts'
import { COIN, EpochChain } from './epoch-chain.ts'
import { type OpenChain, openChain } from './fixtures.ts'

/** Slots in which the first election opens and closes; far more than those pass before an empty block is due. */
const [OPENS, CLOSES] = [4, 6]
const IDLE_SLOTS = 50
const LIMIT = 100

describe('a maker', () => {
  const of = new EpochChain({ idleSlots: IDLE_SLOTS })
  let own: OpenChain
  let chain: Chain
  let pool: Pool

  beforeEach(async () => {
    own = await openChain(of)
    chain = own.chain
    pool = new Pool(DEFAULT_POOL_LIMITS)
  })
  afterEach(() => own.store.close())

  function build(slot: number, limit = LIMIT): KnownBlock | null {
    const [first] = of.numbersOf(chain.quorum)
    const { blsSecret } = of.verifier(first ?? 0)
    const proof = nativeSignatures.blsSign(blsSecret, ticketMessage(of.chainId, chain.epochSeed, slot))
    return buildBlock(chain, pool, [], 0, slot, proof, limit)
  }
  /** As the quorum would have it, that seals it. */
  async function commit(built: KnownBlock | null): Promise<void> {
    invariant(built !== null, 'a block')
    const { height, hash } = built.ref
    const seal = of.aggregate(chain.quorum, [0, 1, 2], { kind: 'seal', height, block: hash })
    await chain.commit({ ...built, block: { ...built.block, seal } })
  }
  /** Transfers of one verifier wait in the pool. */
  function waiting(number: number, count: number, expirySlot = 9000): void {
    const { wallet } = of.verifier(number)
    const account = chain.ledger.accounts.get(wallet.address)
    invariant(account !== undefined, 'a verifier has an account')
    for (let index = 0; index < count; index++) {
      const nonce = pool.nextNonce(wallet.address) ?? account.nonce
      const action = { kind: 'transfer', to: of.verifier(8).wallet.address, amountDroplets: COIN, microHours: 0 } as const
      const { transaction } = wallet.sign(of.chainId, { nonce, feeDroplets: 1000, expirySlot, action })
      assert.equal(pool.add({ ...prepare(transaction), local: true }, account, 0).kind, 'accept')
    }
  }

  describe('with an empty pool', () => {
    it('makes a block only when an election opens and when it ends, epoch after epoch', async () => {
      const made: number[] = []
      const { epochSlots } = of.genesis.parameters
      for (let slot = 0; slot < 3 * epochSlots; slot++) {
        const built = build(slot)
        if (built === null) continue
        made.push(slot)
        await commit(built)
      }
      assert.deepEqual(made, [OPENS, CLOSES, OPENS + epochSlots, CLOSES + epochSlots, OPENS + 2 * epochSlots])
      assert.equal(chain.ledger.globals.elections, 3)
    })

    it('opens and settles elections with these blocks', async () => {
      await commit(build(OPENS))
      assert.deepEqual([chain.ledger.globals.election?.closesSlot, chain.ledger.globals.epoch], [CLOSES, 0])
      assert.equal(build(OPENS + 1), null)
      await commit(build(CLOSES))
      assert.deepEqual([chain.ledger.globals.election, chain.ledger.globals.epoch], [null, 1])
      assert.equal(build(CLOSES + 1), null)
    })

    it('opens one late when its slot has passed without a block', () => {
      for (const slot of [OPENS, OPENS + 1, CLOSES + 3]) assert.ok(build(slot) !== null, `${slot}`)
    })

    it('makes them whatever limit its lost slots have left it', () => {
      assert.equal(build(OPENS, 0)?.transactions.length, 0)
    })
  })

  it('makes an empty block once the interval has passed since its parent, and not before', async () => {
    const quiet = new EpochChain({ idleSlots: 3, epochSlots: 1000 })
    const { chain: calm, store } = await openChain(quiet)
    await calm.commit(quiet.block(calm, { slot: 10 }))
    const builds = [11, 12, 13].map((slot) => {
      const proof = nativeSignatures.blsSign(quiet.verifier(0).blsSecret, ticketMessage(quiet.chainId, calm.epochSeed, slot))
      return buildBlock(calm, pool, [], 0, slot, proof, LIMIT) !== null
    })
    assert.deepEqual(builds, [false, false, true])
    await store.close()
  })

  it('takes what waits, in a quiet slot too, in the order of the nonces and no more than its limit', () => {
    waiting(1, 3)
    const [whole, some, none] = [build(1), build(1, 2), build(1, 0)]
    assert.deepEqual(
      whole?.transactions.map(({ transaction }) => transaction.body.nonce),
      [0, 1, 2],
    )
    assert.equal(some?.transactions.length, 2)
    // With nothing that it may take the slot is as quiet as with nothing that waits.
    assert.equal(none, null)
  })

  it('leaves out what has expired, and makes no block of nothing else', () => {
    waiting(1, 1, 2)
    assert.equal(build(2)?.transactions.length, 1)
    assert.equal(build(3), null)
  })

  it('makes what executing finds right: with an election, with transactions, and on a head with a seal', async () => {
    waiting(1, 2)
    for (const slot of [1, OPENS, CLOSES]) {
      const built = build(slot)
      assert.ok(built !== null)
      const executed = executeBlock(chain, built.block, built.transactions, nativeSignatures)
      assert.equal(executed.kind, 'accept', executed.kind === 'accept' ? '' : executed.detail)
      assert.equal(executed.kind === 'accept' && executed.value.ref.hash, built.ref.hash)
      await commit(built)
      for (const { id } of built.transactions) assert.ok(chain.placeOf(id) !== undefined)
      pool = new Pool(DEFAULT_POOL_LIMITS)
    }
  })
})
