import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Actor } from '../../../src/adversary/actor.ts'
import { corrupt } from '../../../src/adversary/behaviours.ts'
import { through } from '../../../src/adversary/through.ts'
import type { NodeEvent } from '../../../src/api/types.ts'
import { invariant } from '../../../src/base/errors.ts'
import { accept } from '../../../src/base/verdict.ts'
import { type Behaviour, type Deed, deedsPath } from '../../../src/cli/swarm/adversaries.ts'
import { checkEvidence, evidenceOf } from '../../../src/consensus/evidence.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { GossipValidator, Network, Topic } from '../../../src/ports/network.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { blockHash } from '../../../src/wire/ids.ts'
import { syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import {
  type Candidate,
  type Certificate,
  candidate,
  type Header,
  publicRecord,
  type SignedStatement,
  type SignRequest,
  type SignResponse,
  type Statement,
  signRequest,
  signResponse,
} from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { aggregateOf, certificateOf, proofOf } from '../../swarm/hostile-messages.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { FakeNetwork } from '../node/fixtures.ts'

const DEADLINE_MS = 20_000
const SELF = 2
/** The height at which it may begin: it waits for some blocks first. */
const HEIGHT = 20
const hash = (digit: string): string => digit.repeat(64)
const OTHER = hash('b')

/** An adversary between its own node, which the test plays, and a network that notes what it hears. */
class Stage {
  readonly of: TestChain
  readonly actor: Actor
  readonly outside = new FakeNetwork()
  readonly node: Network
  readonly #validators = new Map<Topic, GossipValidator>()
  #height = 0
  #onEvent: (event: NodeEvent) => void = () => {}

  private constructor(of: TestChain, actor: Actor) {
    this.of = of
    this.actor = actor
    const outside: Network = { ...through(this.outside), subscribe: (topic, validator) => void this.#validators.set(topic, validator) }
    this.node = corrupt(actor, outside)
  }

  static async open(of: TestChain, behaviour: Behaviour): Promise<Stage> {
    const stage = new Stage(of, await Actor.open(of.verifiers[SELF]?.directory ?? '', behaviour))
    stage.actor.follow({
      status: () => ({ height: stage.#height }),
      quorum: () => {
        const members = of.genesis.verifiers.map(({ account, peerId, blsKey, stakeDroplets }) => ({
          ...{ address: account, peerId, blsKey },
          weightDroplets: stakeDroplets,
        }))
        const totals = { totalDroplets: 4, enoughDroplets: 3, valueLimitDroplets: 0 }
        return { height: stage.#height + 1, epoch: 0, epochSeed: of.chainId, hash: '', members, ...totals }
      },
      onEvent: (listener) => {
        stage.#onEvent = listener
        return () => {}
      },
    })
    stage.reach(HEIGHT - 1)
    return stage
  }

  reach(height: number): void {
    this.#height = height
    const block = { kind: 'block', height, hash: '', slot: 0, finalAtMs: 0, makerIndex: 0, signers: 0, transactionIds: [] } as const
    this.#onEvent(block)
  }

  /** Its node answers leaders so. */
  answers(response: SignResponse): void {
    this.node.handle('sign', () => Promise.resolve(encode(signResponse, response)))
  }
  /** A leader asks it. */
  async ask(request: SignRequest, signal = AbortSignal.timeout(DEADLINE_MS)): Promise<SignResponse> {
    const handler = this.outside.handlers.get('sign')
    invariant(handler !== undefined, 'it answers leaders')
    return decode(signResponse, await handler(encode(signRequest, request), 'leader', signal))
  }
  hear(topic: Topic, data: Uint8Array): unknown {
    return this.#validators.get(topic)?.(data, 'somebody')
  }

  sign(statement: Statement): { readonly kind: 'signature'; readonly signature: string } {
    return { kind: 'signature', signature: aggregateOf(this.of, [SELF], statement).signature }
  }
  published(topic: Topic): readonly Uint8Array[] {
    return this.outside.published.filter((one) => one.topic === topic).map(({ data }) => data)
  }
  /** The statements that it has shown everybody as its own, alone. */
  words(): readonly Certificate[] {
    return this.published('evidence').flatMap((data) => {
      const record = decode(publicRecord, data)
      return record.kind === 'tally' ? record.certificates : []
    })
  }
  deeds(): readonly Deed[] {
    const lines = readFileSync(deedsPath(this.actor.directory), 'utf8').trim().split('\n')
    return lines.map((line): Deed => JSON.parse(line))
  }

  signed(statement: Statement, signature: string): SignedStatement {
    return { statement, keys: [this.of.genesis.verifiers[SELF]?.blsKey ?? ''], signature }
  }
  header(slot: number): Header {
    return {
      ...{ height: HEIGHT, slot, parent: hash('a'), parentSeal: null, maker: SELF, proof: proofOf(this.of, SELF, slot) },
      ...{ transactionsRoot: hash('0'), evidenceRoot: hash('0'), stateRoot: hash('1'), nextQuorum: hash('2'), burnedMicroHours: 7 },
    }
  }
  candidate(slot: number): Candidate {
    const header = this.header(slot)
    const block = blockHash(this.of.chainId, header)
    const statement = { kind: 'candidate', height: HEIGHT, slot, block, validSlot: null } as const
    const { signature } = this.sign(statement)
    return { slot, maker: SELF, proof: header.proof, justification: null, header, evidence: [], shortIds: [], signature }
  }
}

describe('adversaries', () => {
  let of: TestChain
  beforeEach(async () => {
    of = await TestChain.make(4, { slotMs: 100, choiceMs: 20 })
  })

  const requestOf = (stage: Stage, statement: Statement): SignRequest => {
    const all = [0, 1, 2, 3]
    if (statement.kind === 'vote' || statement.kind === 'candidate') return { kind: 'vote', statement }
    const { height, block } = statement
    const slot = statement.kind === 'lock' ? statement.slot : stage.actor.slot
    if (statement.kind === 'lock')
      return { kind: 'lock', certificate: certificateOf(of, all, { kind: 'vote', height, slot, block, validSlot: null }) }
    return { kind: 'seal', certificate: certificateOf(of, all, { kind: 'lock', height, slot, block }) }
  }

  for (const { behaviour, signs } of [
    { behaviour: 'double-vote', signs: 'vote' },
    { behaviour: 'double-lock', signs: 'lock' },
    { behaviour: 'double-seal', signs: 'seal' },
    { behaviour: 'amnesia', signs: 'lock' },
  ] as const)
    it(`${behaviour}: the leader gets one signature, everybody else another, and both are proof`, async () => {
      const stage = await Stage.open(of, behaviour)
      stage.node.subscribe('candidates', () => accept(undefined))
      const { slot } = stage.actor
      const proposed = stage.candidate(slot)
      stage.hear('candidates', encode(candidate, proposed))
      const block = blockHash(of.chainId, proposed.header)
      const at = { height: HEIGHT, slot, block }
      const statement = {
        vote: { kind: 'vote', ...at, validSlot: null },
        lock: { kind: 'lock', ...at },
        seal: { kind: 'seal', height: HEIGHT, block },
      }[signs] as Statement
      stage.answers(stage.sign(statement))
      const answer = await stage.ask(requestOf(stage, statement))
      assert.deepEqual(answer, stage.sign(statement), 'the leader hears what an honest verifier says')
      stage.reach(HEIGHT)
      const word = await waitFor(() => stage.words()[0], { deadlineMs: DEADLINE_MS, description: 'the other statement' })
      assert.deepEqual(word.aggregate.signers, [SELF])
      const evidence = evidenceOf(
        stage.signed(statement, stage.sign(statement).signature),
        stage.signed(word.statement, word.aggregate.signature),
      )
      const verdict = checkEvidence(of.chainId, evidence, nativeSignatures)
      assert.equal(verdict.kind === 'accept' && verdict.value.kind, behaviour)
      const [deed, ...more] = stage.deeds()
      assert.deepEqual([deed?.kind, deed?.height, more], [behaviour, HEIGHT, []])
      assert.ok((deed?.firstAtMs ?? 0) <= (deed?.atMs ?? 0))
      // In case the leader has lost the answer. And it does not cheat at each height.
      await stage.ask(requestOf(stage, { ...statement, height: HEIGHT + 1 }))
      const both = await waitFor(() => (stage.words().length > 1 ? stage.words() : null), { deadlineMs: DEADLINE_MS, description: 'both' })
      assert.deepEqual(
        both.map((one) => one.statement),
        [word.statement, statement],
      )
    })

  it('does nothing before it has seen some blocks, and nothing where its node did not sign', async () => {
    const stage = await Stage.open(of, 'double-vote')
    stage.node.subscribe('candidates', () => accept(undefined))
    const proposed = stage.candidate(stage.actor.slot)
    stage.hear('candidates', encode(candidate, proposed))
    const vote = {
      kind: 'vote',
      height: HEIGHT,
      slot: proposed.slot,
      block: blockHash(of.chainId, proposed.header),
      validSlot: null,
    } as const
    stage.answers({ kind: 'refusal', reason: 'lower-ticket', height: HEIGHT, certificate: null })
    await stage.ask({ kind: 'vote', statement: vote })
    stage.answers(stage.sign(vote))
    stage.reach(0)
    await stage.ask({ kind: 'vote', statement: vote })
    assert.deepEqual(stage.words(), [])
    stage.reach(HEIGHT - 1)
    await stage.ask({ kind: 'vote', statement: vote })
    await waitFor(() => stage.words().length > 0, { deadlineMs: DEADLINE_MS, description: 'the other vote' })
  })

  it('double-candidate: two blocks in one slot, both signed', async () => {
    const stage = await Stage.open(of, 'double-candidate')
    await stage.node.publish('candidates', encode(candidate, stage.candidate(9)))
    await waitFor(() => stage.published('candidates').length === 2, { deadlineMs: DEADLINE_MS, description: 'the second candidate' })
    const [first, second] = stage.published('candidates').map((data) => {
      const { header, slot, signature } = decode(candidate, data)
      const block = blockHash(of.chainId, header)
      return stage.signed({ kind: 'candidate', height: header.height, slot, block, validSlot: null }, signature)
    })
    invariant(first !== undefined && second !== undefined, 'two')
    const verdict = checkEvidence(of.chainId, evidenceOf(first, second), nativeSignatures)
    assert.equal(verdict.kind === 'accept' && verdict.value.kind, 'double-candidate')
  })

  it('whoever cheats neither takes nor gives proofs of it', async () => {
    const stage = await Stage.open(of, 'double-seal')
    const [one, other] = [hash('c'), OTHER].map((block) => ({ kind: 'seal', height: HEIGHT, block }) as const)
    invariant(one !== undefined && other !== undefined, 'two seals')
    const [left, right] = [one, other].map((seal) => stage.signed(seal, stage.sign(seal).signature))
    invariant(left !== undefined && right !== undefined, 'two statements')
    const proof = encode(publicRecord, { kind: 'evidence', evidence: evidenceOf(left, right) })
    const tally = encode(publicRecord, { kind: 'tally', certificates: [certificateOf(of, [0], one)] })
    const heard: Uint8Array[] = []
    stage.node.subscribe('evidence', (data) => {
      heard.push(data)
      return accept(undefined)
    })
    for (const data of [proof, tally]) {
      stage.hear('evidence', data)
      await stage.node.publish('evidence', data)
    }
    assert.deepEqual([heard.length, stage.published('evidence').length], [1, 1])
    stage.node.handle('sync', () => Promise.reject(new Error('its node is not asked')))
    const handler = stage.outside.handlers.get('sync')
    invariant(handler !== undefined, 'it answers')
    const asked = await handler(encode(syncRequest, { kind: 'inventory' }), 'somebody', AbortSignal.timeout(DEADLINE_MS))
    assert.deepEqual(decode(syncResponse, asked), { kind: 'inventory', ids: [] })
    const question = encode(syncRequest, { kind: 'inventory' })
    await assert.rejects(stage.node.request('sync', 'somebody', question, AbortSignal.timeout(DEADLINE_MS)), { code: 'unsupported' })
  })

  it('withhold: it proposes, and then neither asks, nor publishes, nor answers', async () => {
    const stage = await Stage.open(of, 'withhold')
    await stage.node.publish('candidates', encode(candidate, stage.candidate(9)))
    await stage.node.publish('blocks', new Uint8Array(1))
    await stage.node.publish('evidence', new Uint8Array(1))
    assert.deepEqual(
      stage.outside.published.map(({ topic }) => topic),
      ['candidates'],
    )
    stage.outside.join('peer', () => assert.fail('nobody is asked'))
    const vote = { kind: 'vote', height: HEIGHT, slot: 9, block: OTHER, validSlot: null } as const
    const abort = new AbortController()
    const asked = stage.node.request('sign', 'peer', encode(signRequest, { kind: 'vote', statement: vote }), abort.signal)
    stage.answers(stage.sign(vote))
    const answered = stage.ask({ kind: 'vote', statement: vote }, abort.signal)
    abort.abort()
    await assert.rejects(asked, { code: 'aborted' })
    await assert.rejects(answered, { code: 'aborted' })
    assert.equal(stage.deeds().length, 1)
  })

  it('hide-lock: no certificate of its slots is ever shown', async () => {
    const stage = await Stage.open(of, 'hide-lock')
    const at = { height: HEIGHT, slot: 9, block: OTHER }
    const voted = certificateOf(of, [0, 1, 2], { kind: 'vote', ...at, validSlot: null })
    const locked = certificateOf(of, [0, 1, 2], { kind: 'lock', ...at })
    await stage.node.publish('evidence', encode(publicRecord, { kind: 'certificate', certificate: voted }))
    await stage.node.publish('evidence', encode(publicRecord, { kind: 'tally', certificates: [voted, locked] }))
    await stage.node.publish('blocks', new Uint8Array(1))
    await stage.node.publish('candidates', encode(candidate, { ...stage.candidate(9), justification: voted }))
    assert.deepEqual(stage.outside.published, [])
    stage.outside.join('peer', () => assert.fail('nobody is asked for a seal'))
    const abort = new AbortController()
    const asked = stage.node.request('sign', 'peer', encode(signRequest, { kind: 'seal', certificate: locked }), abort.signal)
    abort.abort()
    await assert.rejects(asked, { code: 'aborted' })
    stage.answers({ kind: 'refusal', reason: 'locked', height: HEIGHT, certificate: voted })
    const answer = await stage.ask({ kind: 'vote', statement: voted.statement })
    assert.deepEqual(answer, { kind: 'refusal', reason: 'locked', height: HEIGHT, certificate: null })
  })
})
