import assert from 'node:assert/strict'
import type { Input } from '../../../src/consensus/types.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { CandidateIntake } from '../../../src/node/candidates.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { HeadWaiters } from '../../../src/node/head-waiters.ts'
import { Heard } from '../../../src/node/heard.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { Seat } from '../../../src/node/seat.ts'
import { SignService } from '../../../src/node/sign-service.ts'
import { Slots } from '../../../src/node/slots.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { type SignRequest, type SignResponse, type Statement, signRequest, signResponse } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, plainSigning, quiet } from './fixtures.ts'

const DEADLINE_MS = 10_000
/** Height of the block that settles the first election: 0 1 2 3 sign it, 0 1 4 5 what comes after. */
const SETTLED = 7
const BLOCK = 'ab'.repeat(32)

describe('signatures on request over a handover', () => {
  const of = new EpochChain({ slotMs: 60_000 })
  let own: OpenChain
  let chain: Chain
  /** The block that settles the election, not committed yet. */
  let settling: FinalBlock

  beforeEach(async () => {
    own = await openChain(of)
    chain = own.chain
    await of.grow(chain, 0, SETTLED - 1)
    settling = of.block(chain)
  })
  afterEach(() => own.store.close())

  /** The service of a verifier, and what the machine hears of it. */
  function setUp(number: number) {
    const verifier = of.verifier(number)
    const network = new FakeNetwork(verifier.peerId)
    const inputs: Input[] = []
    const behind: number[] = []
    const refused: string[] = []
    const waiters = new HeadWaiters()
    const heard = new Heard()
    const clock = { nowMs: () => of.genesis.timeMs, at: () => () => {} }
    const { slotMs, choiceMs } = of.genesis.parameters
    const service = new SignService({
      chain,
      network,
      slots: new Slots(clock, of.genesis.timeMs, slotMs, choiceMs),
      signer: { publicKey: verifier.blsKey, sign: async (message) => nativeSignatures.blsSign(verifier.blsSecret, message) },
      seat: new Seat(verifier.blsKey),
      waiters,
      signatures: nativeSignatures,
      quorumSignatures: new QuorumSignatures(plainSigning(of.chainId), nativeSignatures, heard),
      heard,
      intake: { isOutranked: () => false } as unknown as CandidateIntake,
      telemetry: quiet(),
      feed: (input) => void inputs.push(input),
      onBehind: (height) => void behind.push(height),
      onRefused: (by, { reason }) => void refused.push(`${by} ${reason}`),
    })
    const ask = async (from: number, request: SignRequest): Promise<SignResponse> => {
      const serve = network.handlers.get('sign')
      assert.ok(serve !== undefined)
      return decode(signResponse, await serve(encode(signRequest, request), of.verifier(from).peerId, AbortSignal.timeout(DEADLINE_MS)))
    }
    const commit = async (): Promise<void> => {
      await chain.commit(settling)
      waiters.headReached(settling.ref.height)
    }
    const next = async <K extends Input['kind']>(kind: K): Promise<Extract<Input, { kind: K }>> => {
      const is = (input: Input): input is Extract<Input, { kind: K }> => input.kind === kind
      return waitFor(() => inputs.find(is), { deadlineMs: DEADLINE_MS, description: `a ${kind}` })
    }
    /** Signs what the machine was asked for, as it would have it. */
    const signAsked = async (statement: Extract<Statement, { kind: 'vote' | 'lock' | 'seal' }>): Promise<number> => {
      const { id, from } = await next('request')
      await service.sign({ kind: 'sign', id, statement })
      return from
    }
    return { service, network, inputs, behind, refused, waiters, heard, ask, commit, next, signAsked }
  }
  const voteAt = (height: number) => ({ kind: 'vote', height, slot: 7, block: BLOCK, validSlot: null }) as const
  const quorumAt = (height: number) => chain.quorumAt(height) ?? assert.fail('a known quorum')
  const reasonOf = (response: SignResponse): string => (response.kind === 'refusal' ? response.reason : response.kind)
  const headSeal = () => ({ kind: 'seal', height: SETTLED, block: settling.ref.hash }) as const
  /** A lock certificate of the block that settles the election, by members of the old quorum. */
  const sealRequest = (numbers: readonly number[] = [0, 1, 2], quorum = quorumAt(SETTLED)): SignRequest => {
    const statement = { kind: 'lock', height: SETTLED, slot: settling.ref.slot, block: settling.ref.hash } as const
    const signers = numbers.map((number) => of.indexIn(quorum, number)).sort()
    return { kind: 'seal', certificate: of.certificate(quorum, signers, statement) }
  }

  describe('a leader of the new quorum that asks a moment before the handover is here', () => {
    it('is answered after the commit, by its index in the new quorum', async () => {
      const { ask, commit, signAsked, inputs, behind, network } = setUp(4)
      const answer = ask(5, { kind: 'vote', statement: voteAt(SETTLED + 1) })
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual([inputs, behind], [[], [SETTLED]])
      await commit()
      assert.deepEqual(of.numbersOf(chain.quorum), [0, 1, 4, 5])
      assert.equal(await signAsked(voteAt(SETTLED + 1)), 3)
      assert.deepEqual(await answer, { kind: 'signature', signature: of.sign(4, voteAt(SETTLED + 1)) })
      assert.deepEqual(network.penalties, [])
    })

    it('is asked to wait no longer than the slot: then the parent is unknown', async () => {
      const { ask, waiters, inputs } = setUp(4)
      const answer = ask(5, { kind: 'vote', statement: voteAt(SETTLED + 1) })
      await new Promise((resolve) => setImmediate(resolve))
      waiters.end()
      assert.equal(reasonOf(await answer), 'unknown-parent')
      assert.deepEqual(inputs, [])
    })

    it('is refused when the handover that comes gives it no seat', async () => {
      const { ask, commit, inputs } = setUp(4)
      const answer = ask(3, { kind: 'vote', statement: voteAt(SETTLED + 1) })
      await new Promise((resolve) => setImmediate(resolve))
      await commit()
      assert.equal(reasonOf(await answer), 'not-leader')
      assert.deepEqual(inputs, [])
    })

    it('is refused by a verifier that loses its seat', async () => {
      const { ask, commit, inputs } = setUp(3)
      const answer = ask(5, { kind: 'vote', statement: voteAt(SETTLED + 1) })
      await new Promise((resolve) => setImmediate(resolve))
      await commit()
      assert.equal(reasonOf(await answer), 'not-verifier')
      assert.deepEqual(inputs, [])
    })

    it('has its certificate checked by the new quorum', async () => {
      const { ask, commit, inputs, network } = setUp(4)
      const statement = voteAt(SETTLED + 1)
      // The indices 0 1 2 are 0 1 2 in the old quorum, and 0 1 4 in the new one.
      const certificate = of.certificate(quorumAt(SETTLED), [0, 1, 2], statement)
      const answer = ask(5, { kind: 'lock', certificate })
      await new Promise((resolve) => setImmediate(resolve))
      await commit()
      assert.equal(reasonOf(await answer), 'bad-certificate')
      assert.deepEqual([network.penalties, inputs], [[`${of.verifier(5).peerId} bad-certificate`], []])
    })
  })

  describe('a late request to seal the head, by a leader of the old quorum', () => {
    it('is answered by who has lost its seat and by who has kept it, with indices of the old quorum', async () => {
      for (const number of [0, 3]) {
        const { ask, signAsked, heard, network } = setUp(number)
        if (number === 0) await chain.commit(settling)
        const answer = ask(2, sealRequest())
        assert.equal(await signAsked(headSeal()), 2)
        assert.deepEqual(await answer, { kind: 'signature', signature: of.sign(number, headSeal()) })
        const [noted] = heard.of(of.verifier(number).wallet.address).filter(({ statement }) => statement.kind === 'seal')
        assert.deepEqual(noted?.aggregate.signers, [number])
        assert.deepEqual(network.penalties, [])
      }
    })

    const others: readonly { readonly description: string; readonly at: number; readonly from: number; readonly reason: string }[] = [
      { description: 'by who is new in the quorum is refused', at: 0, from: 4, reason: 'not-leader' },
      { description: 'to who is new in the quorum is refused', at: 4, from: 2, reason: 'not-verifier' },
      { description: 'by nobody that the chain knows is refused', at: 0, from: 8, reason: 'not-leader' },
    ]
    for (const { description, at, from, reason } of others)
      it(description, async () => {
        const { ask, inputs, network } = setUp(at)
        await chain.commit(settling)
        assert.equal(reasonOf(await ask(from, sealRequest())), reason)
        assert.deepEqual([inputs, network.penalties], [[], []])
      })

    it('has its certificate checked by the old quorum', async () => {
      const { ask, inputs, network } = setUp(0)
      await chain.commit(settling)
      assert.equal(reasonOf(await ask(2, sealRequest([0, 1, 4], chain.quorum))), 'bad-certificate')
      assert.deepEqual([network.penalties, inputs], [[`${of.verifier(2).peerId} bad-certificate`], []])
    })

    it('is refused once the head has moved on', async () => {
      const { ask, inputs } = setUp(0)
      await chain.commit(settling)
      await of.grow(chain, 0, 1)
      assert.equal(reasonOf(await ask(2, sealRequest())), 'old-height')
      assert.deepEqual(inputs, [])
    })
  })

  it('a leader of the old quorum does not lead the next height, a new one leads no old one', async () => {
    const { ask, inputs } = setUp(0)
    assert.equal(reasonOf(await ask(4, { kind: 'vote', statement: voteAt(SETTLED) })), 'not-leader')
    await chain.commit(settling)
    assert.equal(reasonOf(await ask(2, { kind: 'vote', statement: voteAt(SETTLED + 1) })), 'not-leader')
    assert.deepEqual(inputs, [])
  })

  describe('a leader of the old quorum', () => {
    const answerBy = (network: FakeNetwork, number: number, signer = number): void =>
      void network.answers.set(of.verifier(number).peerId, (_, data) => {
        const request = decode(signRequest, data)
        assert.ok(request.kind === 'seal')
        return encode(signResponse, { kind: 'signature', signature: of.sign(signer, headSeal()) })
      })
    const signaturesIn = (inputs: readonly Input[]) => inputs.flatMap((input) => (input.kind === 'signature' ? [input.from] : []))

    it('asks those of the old quorum for late seals, and checks what they sign by its keys', async () => {
      const { service, network, inputs, heard } = setUp(2)
      await chain.commit(settling)
      // The key of 4 is at index 2 of the new quorum, which is that of this node in the old one; 3 is in the old one alone.
      for (const number of [0, 3, 4, 5]) answerBy(network, number)
      answerBy(network, 1, 4)
      const { certificate } = sealRequest() as Extract<SignRequest, { kind: 'seal' }>
      service.ask({ kind: 'seal', certificate })
      await waitFor(() => signaturesIn(inputs).length === 2 && network.penalties.length === 1, {
        deadlineMs: DEADLINE_MS,
        description: 'three answers',
      })
      assert.deepEqual(signaturesIn(inputs).sort(), [0, 3])
      assert.deepEqual(network.penalties, [`${of.verifier(1).peerId} bad-signature`])
      // It asks itself as it asks others.
      const [asked] = inputs.filter((input) => input.kind === 'request')
      assert.equal(asked?.kind === 'request' && asked.from, 2)
      assert.deepEqual(heard.of(of.verifier(3).wallet.address)[0]?.aggregate.signers, [3])
      assert.deepEqual(heard.of(of.verifier(5).wallet.address), [])
      service.stop()
    })

    it('takes signatures that come after the handover for what they were asked for before it', async () => {
      const { service, network, inputs } = setUp(2)
      let answer: () => void = () => {}
      const committed = new Promise<void>((resolve) => {
        answer = resolve
      })
      network.answers.set(of.verifier(3).peerId, async () => {
        await committed
        return encode(signResponse, { kind: 'signature', signature: of.sign(3, headSeal()) })
      })
      service.ask(sealRequest())
      await chain.commit(settling)
      answer()
      await waitFor(() => signaturesIn(inputs).length === 1, { deadlineMs: DEADLINE_MS, description: 'the answer' })
      assert.deepEqual([signaturesIn(inputs), network.penalties], [[3], []])
      service.stop()
    })

    it('that has lost its seat hears why it did not sign itself', async () => {
      const { service, inputs, refused } = setUp(2)
      await chain.commit(settling)
      service.ask(sealRequest())
      const [asked] = inputs
      assert.ok(asked?.kind === 'request')
      service.refuse({ kind: 'refuse', id: asked.id, reason: 'silent', height: SETTLED + 1, certificate: null })
      assert.deepEqual(refused, ['2 silent'])
      service.stop()
    })
  })
})
