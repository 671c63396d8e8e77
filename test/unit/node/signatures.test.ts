import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import type { Input } from '../../../src/consensus/types.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { CandidateIntake } from '../../../src/node/candidates.ts'
import { HeadWaiters } from '../../../src/node/head-waiters.ts'
import { Heard } from '../../../src/node/heard.ts'
import { OwnSignatures } from '../../../src/node/own-signatures.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { Seat } from '../../../src/node/seat.ts'
import { SignService } from '../../../src/node/sign-service.ts'
import { Slots } from '../../../src/node/slots.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { encode } from '../../../src/wire/codec.ts'
import { statementMessage } from '../../../src/wire/signing.ts'
import { syncResponse } from '../../../src/wire/sync.ts'
import { type Certificate, signResponse, type VoteStatement } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { certificateOf } from '../../swarm/hostile-messages.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { FakeNetwork, type OpenChain, openChain, plainSigning, quiet } from './fixtures.ts'

const BLOCK = 'ab'.repeat(32)
const DEADLINE_MS = 10_000

describe('signatures of others', () => {
  let of: TestChain
  let own: OpenChain
  let network: FakeNetwork
  let inputs: Input[]

  before(async () => {
    of = await TestChain.make(4, { slotMs: 60_000 })
    own = await openChain(of)
  })
  after(() => own.store.close())
  beforeEach(() => {
    network = new FakeNetwork(peerOf(0))
    inputs = []
  })
  const peerOf = (index: number): string => of.verifiers[index]?.peerId ?? ''
  const blsKeyOf = (index: number): string => of.genesis.verifiers[index]?.blsKey ?? ''
  const quorumSignatures = (): QuorumSignatures => new QuorumSignatures(plainSigning(of.chainId), nativeSignatures, new Heard())

  it('a bad one among good ones costs only whoever sent it', async () => {
    const { slotMs, choiceMs } = of.genesis.parameters
    const clock = { nowMs: () => of.genesis.timeMs, at: () => () => {} }
    const service = new SignService({
      chain: own.chain,
      network,
      slots: new Slots(clock, of.genesis.timeMs, slotMs, choiceMs),
      signer: null,
      seat: new Seat(blsKeyOf(0)),
      waiters: new HeadWaiters(),
      onBehind: () => {},
      signatures: nativeSignatures,
      quorumSignatures: quorumSignatures(),
      heard: new Heard(),
      intake: {} as unknown as CandidateIntake,
      telemetry: quiet(),
      feed: (input) => void inputs.push(input),
      onRefused: () => {},
    })
    const statement: VoteStatement = { kind: 'vote', height: 1, slot: 0, block: BLOCK, validSlot: null }
    const sign = (index: number, block: string): Uint8Array => {
      const message = statementMessage(of.chainId, { ...statement, block })
      const signature = nativeSignatures.blsSign(of.verifiers[index]?.blsSecret ?? '', message)
      return encode(signResponse, { kind: 'signature', signature })
    }
    network.answers.set(peerOf(1), () => sign(1, BLOCK))
    network.answers.set(peerOf(2), () => sign(2, of.chainId))
    network.answers.set(peerOf(3), () => sign(3, BLOCK))
    service.ask({ kind: 'vote', statement })
    const good = () => inputs.flatMap((input) => (input.kind === 'signature' ? [input.from] : []))
    await waitFor(() => good().length === 2 && network.penalties.length === 1, { deadlineMs: DEADLINE_MS, description: 'three answers' })
    assert.deepEqual(good().sort(), [1, 3])
    assert.deepEqual(network.penalties, [`${peerOf(2)} bad-signature`])
    service.stop()
  })

  describe('that hold what a verifier signed before it started', () => {
    const start = (): OwnSignatures => {
      const asking = new OwnSignatures({
        heightOf: () => 0,
        chain: own.chain,
        blsKey: blsKeyOf(0),
        seat: new Seat(blsKeyOf(0)),
        network,
        client: new SyncClient(network),
        quorumSignatures: quorumSignatures(),
        telemetry: quiet(),
        feed: (input) => void inputs.push(input),
      })
      asking.start()
      return asking
    }
    const answer = (index: number, ...records: readonly Certificate[]): void =>
      void network.answers.set(peerOf(index), () => encode(syncResponse, { kind: 'newest-signed', records }))
    const told = () => waitFor(() => inputs.at(-1), { deadlineMs: DEADLINE_MS, description: 'what peers know' })

    it('are put together: the highest slot, lock and seal', async () => {
      answer(1, certificateOf(of, [0, 1], { kind: 'vote', height: 1, slot: 9, block: BLOCK, validSlot: null }))
      answer(
        2,
        certificateOf(of, [0], { kind: 'lock', height: 1, slot: 7, block: BLOCK }),
        certificateOf(of, [0, 1, 2], { kind: 'seal', height: 1, block: of.chainId }),
      )
      const asking = start()
      const input = await told()
      asking.stop()
      assert.ok(input.kind === 'own-signatures-known')
      assert.deepEqual([input.known.slot, input.known.lock?.slot, input.known.seal?.height], [9, 7, 1])
      assert.deepEqual(network.penalties, [])
    })

    it('are not believed when they are forged, and blamed', async () => {
      const vote = { kind: 'vote', height: 1, slot: Number.MAX_SAFE_INTEGER, block: BLOCK, validSlot: null } as const
      answer(1, certificateOf(of, [0], vote, BLOCK))
      answer(2, certificateOf(of, [1, 2], vote))
      answer(3)
      const asking = start()
      const input = await told()
      asking.stop()
      assert.ok(input.kind === 'own-signatures-known')
      assert.deepEqual(input.known, { slot: null, lock: null, seal: null })
      assert.deepEqual(network.penalties.sort(), [`${peerOf(1)} bad-answer`, `${peerOf(2)} bad-answer`].sort())
    })

    it('must be asked at enough stake before anything is signed', async () => {
      let asked = 0
      answer(1)
      network.answers.set(peerOf(2), () => {
        asked++
        throw new QuorateError('timeout', 'no answer')
      })
      const asking = start()
      await waitFor(() => asked > 0, { deadlineMs: DEADLINE_MS, description: 'the question' })
      await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(inputs, [])
      answer(2)
      await told()
      asking.stop()
    })
  })
})
