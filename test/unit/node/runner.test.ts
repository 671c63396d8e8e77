import assert from 'node:assert/strict'
import { createSystemClock } from '../../../src/adapters/clock.ts'
import { invariant, QuorateError } from '../../../src/base/errors.ts'
import { fromHex } from '../../../src/base/hex.ts'
import { guardRecord } from '../../../src/consensus/guard.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { MAX_KNOWN_BLOCKS } from '../../../src/node/bounds.ts'
import { buildBlock } from '../../../src/node/builder.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { blockHash, ticketOf } from '../../../src/wire/ids.ts'
import { candidate, type SignRequest, signRequest, signResponse } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { candidateOf, certificateOf, proofOf } from '../../swarm/hostile-messages.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { type OpenChain, openChain } from './fixtures.ts'
import { runnerRig } from './runner-rig.ts'

const DEADLINE_MS = 20_000
const never = { slot: null, lock: null, seal: null }

describe('the runner', () => {
  const opened: OpenChain[] = []
  after(async () => {
    for (const { store } of opened) await store.close()
  })

  async function setUp(of: TestChain, writeGuard: () => Promise<void> = () => Promise.resolve()) {
    const own = await openChain(of)
    opened.push(own)
    const [verifier] = of.verifiers
    invariant(verifier !== undefined, 'a chain with a verifier')
    return runnerRig({ chain: own.chain, blsSecret: verifier.blsSecret, peerId: verifier.peerId, clock: createSystemClock(), writeGuard })
  }

  it('has the record of each statement on disk before it signs it', async () => {
    const of = await TestChain.make(1)
    const { chain, log, runner, written } = await setUp(of)
    runner.feed({ kind: 'own-signatures-known', known: never })
    runner.feed({ kind: 'slot-started', slot: 5 })
    runner.feed({ kind: 'choice-due', slot: 5 })
    await waitFor(() => chain.head.height === 1, { deadlineMs: DEADLINE_MS, description: 'the block to be final' })
    const expected = ['candidate', 'vote', 'lock', 'seal'].flatMap((kind) => {
      const body = kind === 'lock' || kind === 'seal' ? ['keep body', 'kept'] : []
      return [...body, 'write', 'written', `sign ${kind}`]
    })
    assert.deepEqual(log, ['sign ticket', ...expected])
    assert.deepEqual(decode(guardRecord, written.at(-1) ?? new Uint8Array()), runner.state.record)
    await runner.stop()
  })

  it('has the body of each block that the machine knows, however long the queue was and whatever came meanwhile', async () => {
    const of = await TestChain.make(1)
    const { chain, known, runner, fatal, idle } = await setUp(of)
    runner.feed({ kind: 'own-signatures-known', known: never })
    runner.feed({ kind: 'slot-started', slot: 5 })
    await idle()
    const built = buildBlock(chain, new Pool(DEFAULT_POOL_LIMITS), [], 0, 4, proofOf(of, 0, 4), 0)
    invariant(built !== null, 'a block after the idle interval')
    const flood = (): void => {
      for (let index = 0; index < 3 * MAX_KNOWN_BLOCKS; index++) known.add({ ...built, ref: { ...built.ref, hash: `${index}` } })
    }
    // Validated while the runner is at work elsewhere, and pushed out of memory before its turn.
    known.add(built)
    const busy = runner.alone(async () => flood())
    runner.feed({ kind: 'block-known', block: built.ref }, built)
    await busy
    await idle()
    assert.ok(runner.state.blocks.some(({ hash }) => hash === built.ref.hash))
    assert.ok(known.get(built.ref.hash) !== undefined, 'after its turn')
    flood()
    assert.ok(known.get(built.ref.hash) !== undefined, 'after another flood')
    assert.deepEqual(fatal, [])
    await runner.stop()
  })

  it('signs nothing while the record is being written, and nothing more when that fails', async () => {
    const of = await TestChain.make(1)
    let fail: (error: Error) => void = () => {}
    const writing = new Promise<void>((_, reject) => {
      fail = reject
    })
    const { log, runner, fatal, network, chain } = await setUp(of, () => writing)
    runner.feed({ kind: 'own-signatures-known', known: never })
    runner.feed({ kind: 'slot-started', slot: 5 })
    await waitFor(() => log.includes('write'), { deadlineMs: DEADLINE_MS, description: 'the write' })
    runner.feed({ kind: 'choice-due', slot: 5 })
    const waiting = runner.alone(() => Promise.resolve())
    assert.deepEqual(log, ['sign ticket', 'write'])
    fail(new QuorateError('guard-full', 'no room'))
    await assert.rejects(waiting, { code: 'stopped' })
    assert.deepEqual(
      fatal.map((error) => error instanceof QuorateError && error.code),
      ['guard-full'],
    )
    runner.feed({ kind: 'slot-started', slot: 6 })
    await assert.rejects(
      runner.alone(() => Promise.resolve()),
      { code: 'stopped' },
    )
    await runner.stop()
    assert.deepEqual(log, ['sign ticket', 'write'])
    assert.deepEqual([network.published, chain.head.height], [[], 0])
  })

  it('is not locked, after a restart either, on a block whose body could not be kept', async () => {
    const of = await TestChain.make(1)
    const { chain, runner, fatal, written, log } = await setUp(of)
    chain.guardBlock = () => Promise.reject(new QuorateError('store-full', 'no room'))
    runner.feed({ kind: 'own-signatures-known', known: never })
    runner.feed({ kind: 'slot-started', slot: 5 })
    runner.feed({ kind: 'choice-due', slot: 5 })
    await waitFor(() => fatal.length > 0, { deadlineMs: DEADLINE_MS, description: 'the failure' })
    await runner.stop()
    const record = decode(guardRecord, written.at(-1) ?? new Uint8Array())
    assert.deepEqual([record.vote?.slot, record.lock], [5, null])
    assert.equal(log.at(-1), 'sign vote')
  })

  it('ends when a job fails that is alone on the chain', async () => {
    const { runner, fatal } = await setUp(await TestChain.make(1))
    const error = new QuorateError('store-full', 'no room')
    await assert.rejects(
      runner.alone(() => Promise.reject(error)),
      error,
    )
    assert.deepEqual(fatal, [error])
    await assert.rejects(
      runner.alone(() => Promise.resolve()),
      { code: 'stopped' },
    )
    await runner.stop()
  })

  describe('with candidates of others', () => {
    /** A node at genesis; one for each chain. */
    const genesisNode = () =>
      ({ view: { status: () => ({ height: 0 }), block: () => undefined } }) as unknown as Parameters<typeof candidateOf>[1]

    it('has the newest record on disk when a lock and a candidate come of one start of a slot', async () => {
      const of = await TestChain.make(4)
      const { runner, written, intake, idle } = await setUp(of)
      const slot = of.slotNow() + 1
      runner.feed({ kind: 'own-signatures-known', known: never })
      runner.feed({ kind: 'slot-started', slot: slot - 1 })
      const early = candidateOf(of, genesisNode(), 1, slot)
      assert.equal((await intake.validate(encode(candidate, early), 'peer')).kind, 'accept')
      await idle()
      const [block] = runner.state.candidates
      invariant(block !== undefined, 'the candidate of the next slot is kept')
      const voted = { kind: 'vote', height: 1, slot, block: block.block.hash, validSlot: null } as const
      const request: SignRequest = { kind: 'lock', certificate: certificateOf(of, [1, 2, 3], voted) }
      runner.feed({ kind: 'request', id: 1, from: 1, request })
      runner.feed({ kind: 'slot-started', slot })
      await idle()
      assert.equal(runner.state.record.lock?.statement.block, block.block.hash)
      assert.deepEqual(decode(guardRecord, written.at(-1) ?? new Uint8Array()), runner.state.record)
      await runner.stop()
    })

    it('a candidate that somebody else sends in the name of a maker does not have its votes refused', async () => {
      const of = await TestChain.make(4, { slotMs: 60_000 })
      const { runner, intake, network, idle } = await setUp(of)
      const slot = of.slotNow()
      runner.feed({ kind: 'own-signatures-known', known: never })
      runner.feed({ kind: 'slot-started', slot })
      const others = [1, 2, 3].map((maker) => candidateOf(of, genesisNode(), maker, slot))
      const ranked = others.sort((left, right) => (ticketOf(left.proof) < ticketOf(right.proof) ? -1 : 1))
      const [best, worst] = [ranked[0], ranked[2]]
      invariant(best !== undefined && worst !== undefined, 'three candidates')
      assert.equal((await intake.validate(encode(candidate, best), 'peer')).kind, 'accept')
      await idle()
      const forged = { ...worst, signature: best.signature }
      const code = async (wire: typeof best): Promise<string> => {
        const verdict = await intake.validate(encode(candidate, wire), 'hostile')
        return verdict.kind === 'accept' ? 'accept' : verdict.code
      }
      const block = blockHash(of.chainId, worst.header)
      const statementOfWorst = { kind: 'vote', height: 1, slot, block, validSlot: null } as const
      assert.equal(await code(forged), 'lower-ticket')
      assert.equal(intake.isOutranked(statementOfWorst, worst.maker), false)
      assert.equal(await code(worst), 'lower-ticket')
      assert.equal(intake.isOutranked(statementOfWorst, worst.maker), true)
      assert.equal(await code({ ...worst, maker: 9 }), 'justification-missing')
      assert.equal(await code({ ...worst, maker: 9, header: { ...worst.header, maker: 9 } }), 'unknown-maker')
      const serve = network.handlers.get('sign')
      const peerId = of.verifiers[worst.maker]?.peerId ?? ''
      const answer = await serve?.(
        encode(signRequest, { kind: 'vote', statement: statementOfWorst }),
        peerId,
        AbortSignal.timeout(DEADLINE_MS),
      )
      const response = decode(signResponse, answer ?? fromHex(''))
      assert.equal(response.kind === 'refusal' && response.reason, 'lower-ticket')
      intake.forget(slot + 1)
      assert.equal(intake.isOutranked(statementOfWorst, worst.maker), false)
      await runner.stop()
    })
  })
})
