import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { blockHash, ticketOf } from '../../../src/wire/ids.ts'
import { ticketMessage } from '../../../src/wire/signing.ts'
import {
  candidate,
  compactBlock,
  type LockStatement,
  type SignRequest,
  type SignResponse,
  signRequest,
  signResponse,
} from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from './epoch-chain.ts'
import { type OpenChain, openChain } from './fixtures.ts'
import { runnerRig } from './runner-rig.ts'

const DEADLINE_MS = 10_000
const never = { slot: null, lock: null, seal: null }
/** Height of the block that settles the first election: 0 1 2 3 sign it, 0 1 4 5 what comes after. */
const SETTLED = 7
const SLOT_MS = 60_000

describe('the runner of a verifier whose seat comes or goes with a handover', () => {
  const of = new EpochChain({ slotMs: SLOT_MS })
  let own: OpenChain
  let chain: Chain
  /** The block that settles the election, not committed yet. */
  let settling: FinalBlock
  /** The slot after its own. */
  let slot: number

  beforeEach(async () => {
    own = await openChain(of)
    chain = own.chain
    await of.grow(chain, 0, SETTLED - 1)
    settling = of.block(chain)
    slot = settling.ref.slot + 1
  })
  afterEach(() => own.store.close())

  function setUp(number: number) {
    const { blsSecret, peerId } = of.verifier(number)
    const rig = runnerRig({ chain, blsSecret, peerId, clock: { nowMs: () => of.genesis.timeMs + slot * SLOT_MS, at: () => () => {} } })
    rig.runner.feed({ kind: 'own-signatures-known', known: never })
    const ask = async (from: number, request: SignRequest): Promise<SignResponse> => {
      const serve = rig.network.handlers.get('sign')
      assert.ok(serve !== undefined)
      return decode(signResponse, await serve(encode(signRequest, request), of.verifier(from).peerId, AbortSignal.timeout(DEADLINE_MS)))
    }
    const candidates = () => rig.network.published.filter(({ topic }) => topic === 'candidates').map(({ data }) => decode(candidate, data))
    const blocks = () => rig.network.published.filter(({ topic }) => topic === 'blocks').map(({ data }) => decode(compactBlock, data))
    /** By gossip: the machine has it committed. */
    const hearSettling = async (): Promise<void> => {
      rig.runner.feed({ kind: 'sealed-block', block: settling.ref, seal: settling.block.seal }, settling)
      await rig.idle()
      assert.equal(chain.head.height, SETTLED)
      rig.log.length = 0
    }
    return { ...rig, ask, candidates, blocks, hearSettling }
  }
  /** Members that sign whatever they are asked for, wherever they sit. */
  function answerBy(network: ReturnType<typeof setUp>['network'], numbers: readonly number[]): void {
    for (const number of numbers)
      network.answers.set(of.verifier(number).peerId, (_, data) => {
        const request = decode(signRequest, data)
        const { statement } = request.kind === 'vote' ? request : request.certificate
        assert.ok(statement.kind === 'vote' || statement.kind === 'lock')
        const { height, block } = statement
        const asked =
          request.kind === 'vote'
            ? statement
            : request.kind === 'lock'
              ? ({ kind: 'lock', height, block, slot: statement.slot } as const)
              : ({ kind: 'seal', height, block } as const)
        return encode(signResponse, { kind: 'signature', signature: of.sign(number, asked) })
      })
  }
  const vote = (block: string) => ({ kind: 'vote', height: SETTLED + 1, slot, block, validSlot: null }) as const
  const reasonOf = (response: SignResponse): string => (response.kind === 'refusal' ? response.reason : response.kind)

  describe('that gains one', () => {
    it('signs nothing before, proposes and leads in the very slot, and its block is signed by the new quorum', async () => {
      const { runner, log, network, idle, candidates, blocks, stop } = setUp(4)
      answerBy(network, [0, 1, 5])
      runner.feed({ kind: 'slot-started', slot: slot - 1 })
      runner.feed({ kind: 'choice-due', slot: slot - 1 })
      runner.feed({ kind: 'slot-started', slot })
      await idle()
      assert.deepEqual([log, network.published, runner.state.members.self], [[], [], null])

      runner.feed({ kind: 'sealed-block', block: settling.ref, seal: settling.block.seal }, settling)
      await idle()
      assert.deepEqual(of.numbersOf(chain.quorum), [0, 1, 4, 5])
      assert.deepEqual(log, ['sign ticket', 'write', 'written', 'sign candidate'])
      const [proposed] = candidates()
      assert.deepEqual([proposed?.maker, proposed?.slot, proposed?.header.maker], [2, slot, 2])
      assert.equal(proposed?.header.parent, settling.ref.hash)

      runner.feed({ kind: 'choice-due', slot })
      await waitFor(() => blocks().length > 0, { deadlineMs: DEADLINE_MS, description: 'a block of its own' })
      const [made] = blocks()
      assert.ok(made !== undefined && proposed !== undefined)
      assert.equal(blockHash(of.chainId, made.header), blockHash(of.chainId, proposed.header))
      assert.ok(made.seal.signers.length >= 3)
      assert.equal(chain.head.height, SETTLED + 1)
      await stop()
    })

    it('draws its ticket under the new seed, not under the one of the epoch before', async () => {
      const { candidates, runner, hearSettling, stop } = setUp(4)
      const before = chain.epochSeed
      runner.feed({ kind: 'slot-started', slot })
      await hearSettling()
      assert.notEqual(chain.epochSeed, before)
      const proof = nativeSignatures.blsSign(of.verifier(4).blsSecret, ticketMessage(of.chainId, chain.epochSeed, slot))
      const [proposed] = candidates()
      assert.equal(proposed?.proof, proof)
      assert.equal(runner.state.candidates[0]?.ticket, ticketOf(proof))
      await stop()
    })

    it('is told why it may not sign before, and signs after', async () => {
      const { ask, runner, hearSettling, network, idle, stop } = setUp(4)
      runner.feed({ kind: 'slot-started', slot: settling.ref.slot })
      const early = { kind: 'vote', statement: { ...vote(settling.ref.hash), height: SETTLED, slot: settling.ref.slot } } as const
      assert.equal(reasonOf(await ask(0, early)), 'not-verifier')

      runner.feed({ kind: 'slot-started', slot })
      await hearSettling()
      // The candidate of another new member; that of this node may be better, so its vote is not asked for but its lock.
      const theirs = of.block(chain, { maker: of.indexIn(chain.quorum, 5) })
      runner.feed({ kind: 'block-known', block: theirs.ref }, theirs)
      await idle()
      const certificate = of.certificate(chain.quorum, [0, 1, 3], vote(theirs.ref.hash))
      const signed = await ask(5, { kind: 'lock', certificate })
      const locked = { kind: 'lock', height: SETTLED + 1, slot, block: theirs.ref.hash } as const
      assert.deepEqual(signed, { kind: 'signature', signature: of.sign(4, locked) })
      assert.deepEqual(network.penalties, [])
      await stop()
    })

    it('by blocks that sync brings, as by gossip', async () => {
      const { runner, candidates, stop } = setUp(4)
      runner.feed({ kind: 'slot-started', slot })
      await runner.alone(() => chain.commit(settling))
      assert.deepEqual(
        candidates().map(({ maker }) => maker),
        [2],
      )
      await stop()
    })
  })

  describe('that loses it', () => {
    it('proposes in the slots before, and draws no ticket and leads nothing after', async () => {
      const { runner, log, candidates, blocks, network, hearSettling, idle, stop } = setUp(3)
      answerBy(network, [0, 1, 2, 4, 5])
      runner.feed({ kind: 'slot-started', slot: settling.ref.slot })
      await idle()
      assert.deepEqual(log, ['sign ticket', 'write', 'written', 'sign candidate'])
      assert.deepEqual(
        candidates().map(({ maker }) => maker),
        [3],
      )
      await hearSettling()
      for (const later of [slot, slot + 1]) {
        runner.feed({ kind: 'slot-started', slot: later })
        runner.feed({ kind: 'choice-due', slot: later })
      }
      await idle()
      assert.deepEqual([log, candidates().length, blocks(), runner.state.members.self], [[], 1, [], null])
      await stop()
    })

    it('goes on collecting seals of the block that took it, from the quorum that it was in, and keeps and shows the fuller one', async () => {
      const { runner, network, blocks, idle, stop } = setUp(3)
      answerBy(network, [0, 1])
      let late: () => void = () => {}
      const isLate = new Promise<void>((resolve) => {
        late = resolve
      })
      network.answers.set(of.verifier(2).peerId, async (_, data) => {
        const request = decode(signRequest, data)
        if (request.kind !== 'seal') throw new QuorateError('timeout', 'no answer')
        await isLate
        const { height, block } = request.certificate.statement as LockStatement
        return encode(signResponse, { kind: 'signature', signature: of.sign(2, { kind: 'seal', height, block }) })
      })
      runner.feed({ kind: 'slot-started', slot: settling.ref.slot })
      runner.feed({ kind: 'choice-due', slot: settling.ref.slot })
      await waitFor(() => chain.head.height === SETTLED, { deadlineMs: DEADLINE_MS, description: 'its block' })
      await idle()
      assert.deepEqual(
        [of.numbersOf(chain.quorum), chain.headSeal?.signers],
        [
          [0, 1, 4, 5],
          [0, 1, 3],
        ],
      )
      late()
      await waitFor(() => blocks().length > 1, { deadlineMs: DEADLINE_MS, description: 'the fuller certificate' })
      await idle()
      assert.deepEqual(
        blocks().map(({ seal }) => seal.signers),
        [
          [0, 1, 3],
          [0, 1, 2, 3],
        ],
      )
      assert.deepEqual(chain.headSeal?.signers, [0, 1, 2, 3])
      assert.deepEqual(network.penalties, [])
      await stop()
    })

    it('leads nothing when the handover comes between its candidate and the choice', async () => {
      const { runner, log, candidates, blocks, network, hearSettling, idle, stop } = setUp(3)
      answerBy(network, [0, 1, 2, 4, 5])
      runner.feed({ kind: 'slot-started', slot })
      await idle()
      assert.equal(candidates().length, 1)
      await hearSettling()
      runner.feed({ kind: 'choice-due', slot })
      await idle()
      assert.deepEqual([log, candidates().length, blocks()], [[], 1, []])
      await stop()
    })

    it('seals the block that took its seat when it is asked, and votes for nothing after it', async () => {
      const { runner, ask, log, written, hearSettling, stop } = setUp(3)
      runner.feed({ kind: 'slot-started', slot: settling.ref.slot })
      const quorum = chain.quorum
      await hearSettling()
      const statement = { kind: 'lock', height: SETTLED, slot: settling.ref.slot, block: settling.ref.hash } as const
      const certificate = of.certificate(quorum, [0, 1, 2], statement)
      const sealed = { kind: 'seal', height: SETTLED, block: settling.ref.hash } as const
      const writes = written.length
      assert.deepEqual(await ask(2, { kind: 'seal', certificate }), { kind: 'signature', signature: of.sign(3, sealed) })
      assert.deepEqual(log, ['write', 'written', 'sign seal'])
      assert.equal(written.length, writes + 1)
      const next = of.block(chain)
      runner.feed({ kind: 'slot-started', slot })
      assert.equal(reasonOf(await ask(0, { kind: 'vote', statement: vote(next.ref.hash) })), 'not-verifier')
      assert.deepEqual(log, ['write', 'written', 'sign seal'])
      await stop()
    })
  })

  it('goes on at another index: 2 of the new quorum is not 2 of the old', async () => {
    // 4 is at 2 of the second quorum and at 0 of the third.
    await chain.commit(settling)
    await of.grow(chain, 1)
    assert.deepEqual(of.numbersOf(chain.headQuorum), [0, 1, 4, 5])
    slot = chain.head.slot + 1
    const { runner, candidates, idle, stop } = setUp(4)
    assert.deepEqual([runner.state.headMembers.self, runner.state.members.self], [2, 0])
    runner.feed({ kind: 'slot-started', slot })
    await idle()
    assert.deepEqual(
      candidates().map(({ maker, header }) => [maker, header.maker]),
      [[0, 0]],
    )
    await stop()
  })
})
