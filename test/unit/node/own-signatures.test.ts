import assert from 'node:assert/strict'
import { QuorateError } from '../../../src/base/errors.ts'
import type { Hex } from '../../../src/base/hex.ts'
import type { Input } from '../../../src/consensus/types.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import type { Chain, FinalBlock } from '../../../src/node/chain.ts'
import { Heard } from '../../../src/node/heard.ts'
import { OwnSignatures, type OwnSignaturesOptions } from '../../../src/node/own-signatures.ts'
import { QuorumSignatures } from '../../../src/node/quorum-signatures.ts'
import { Seat } from '../../../src/node/seat.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { syncRequest, syncResponse } from '../../../src/wire/sync.ts'
import type { Certificate, Statement } from '../../../src/wire/types.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain, plainSigning, quiet } from './fixtures.ts'

const DEADLINE_MS = 10_000
/** Heights of the blocks that settle the first two elections: the quorums are 0 1 2 3, 0 1 4 5 and 4 5 6 7. */
const [FIRST, SECOND] = [7, 13]
/** Registered in no genesis. */
const STRANGER = 8
const BLOCK = 'ab'.repeat(32)
const nothing = { slot: null, lock: null, seal: null }

describe('what others know of the own signatures, over handovers', () => {
  const of = new EpochChain()
  let own: OpenChain
  let chain: Chain
  let network: FakeNetwork
  let inputs: Input[]
  /** Numbers of those that were asked, in the order of the questions. */
  let asked: number[]
  let asking: OwnSignatures | null
  /** Heads of peers, null of those that have not told; all others say genesis. */
  let heights: Map<string, number | null>

  beforeEach(async () => {
    own = await openChain(of)
    chain = own.chain
    network = new FakeNetwork('self')
    inputs = []
    asked = []
    asking = null
    heights = new Map()
  })
  afterEach(async () => {
    asking?.stop()
    await own.store.close()
  })

  const optionsOf = (blsKey: Hex): OwnSignaturesOptions => ({
    ...{ chain, blsKey, network },
    seat: new Seat(blsKey),
    client: new SyncClient(network),
    quorumSignatures: new QuorumSignatures(plainSigning(of.chainId), nativeSignatures, new Heard()),
    telemetry: quiet(),
    heightOf: (peerId) => (heights.has(peerId) ? (heights.get(peerId) ?? null) : 0),
    feed: (input) => void inputs.push(input),
  })
  function start(number: number): void {
    asking = new OwnSignatures(optionsOf(of.verifier(number).blsKey))
    asking.start()
  }
  const answerOf =
    (number: number, records: () => readonly Certificate[] | Promise<readonly Certificate[]>) =>
    async (_: unknown, data: Uint8Array): Promise<Uint8Array> => {
      const request = decode(syncRequest, data)
      assert.ok(request.kind === 'newest-signed')
      asked.push(number)
      return encode(syncResponse, { kind: 'newest-signed', records: await records() })
    }
  /** Peers that are connected before the start. */
  const connected = (
    numbers: readonly number[],
    records: () => readonly Certificate[] | Promise<readonly Certificate[]> = () => [],
  ): void => {
    for (const number of numbers) network.answers.set(of.verifier(number).peerId, answerOf(number, records))
  }
  const joins = (number: number, records: () => readonly Certificate[] = () => []): void =>
    network.join(of.verifier(number).peerId, answerOf(number, records))
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  /** What was told, once it has been told so many times. */
  const told = async (times = 1) => {
    await waitFor(() => inputs.length >= times, { deadlineMs: DEADLINE_MS, description: `${times} times what peers know` })
    return inputs.map((input) => (input.kind === 'own-signatures-known' ? input.known : assert.fail(input.kind)))
  }
  const commit = async (...finals: readonly FinalBlock[]): Promise<void> => {
    for (const final of finals) {
      await chain.commit(final)
      asking?.look()
    }
  }
  /** Blocks that another node has, up to a height. */
  async function historyTo(height: number): Promise<readonly FinalBlock[]> {
    const other = await openChain(of)
    const made = await of.grow(other.chain, 0, height)
    await other.store.close()
    return made
  }
  const signedBy = (number: number, statement: Statement, quorum = chain.quorumAt(statement.height)): Certificate => {
    assert.ok(quorum !== undefined)
    return of.certificate(quorum, [of.indexIn(quorum, number)], statement)
  }
  const vote = (height: number, slot: number) => ({ kind: 'vote', height, slot, block: BLOCK, validSlot: null }) as const
  const lock = (height: number, slot: number) => ({ kind: 'lock', height, slot, block: BLOCK }) as const

  it('a key that is not registered asks nobody, until a block registers it', async () => {
    connected([0, 1, 2, 3])
    start(STRANGER)
    await commit(of.block(chain))
    await turns()
    assert.deepEqual([asked, inputs], [[], []])
    const { peerId, blsKey, possession } = of.verifier(STRANGER)
    await commit(of.block(chain, { actions: [[STRANGER, { kind: 'register', peerId, blsKey, possession, commissionPpm: 0 }]] }))
    assert.deepEqual(await told(), [nothing])
    assert.deepEqual(asked.toSorted(), [0, 1, 2, 3])
  })

  it('a key that is registered and has no seat asks the quorum of the day, its own account', async () => {
    connected([0, 1, 2, 3, 4, 5])
    start(7)
    assert.deepEqual(await told(), [nothing])
    assert.deepEqual(asked.toSorted(), [0, 1, 2, 3])
  })

  it('of a height whose quorum is not known yet are asked for again, and blamed on nobody', async () => {
    const history = await historyTo(SECOND + 1)
    const other = await openChain(of)
    for (const final of history) await other.chain.commit(final)
    const records = [signedBy(4, lock(SECOND + 1, 30), other.chain.quorumAt(SECOND + 1))]
    await other.store.close()
    connected([0, 1, 2, 3, 5, 6, 7], () => records)
    start(4)
    await turns()
    assert.deepEqual([asked.toSorted(), inputs, network.penalties], [[0, 1, 2, 3], [], []])
    await commit(...history)
    const [known] = await told()
    assert.deepEqual([known?.slot, known?.lock?.height], [30, SECOND + 1])
    assert.deepEqual(network.penalties, [])
  })

  it('are its own by the index that it had at their height', async () => {
    await of.grow(chain, 2, 1)
    // 4 has index 2 in the second quorum and 0 in the third.
    connected([5], () => [signedBy(4, lock(FIRST + 1, 8)), signedBy(4, vote(SECOND + 1, 14))])
    connected([6], () => [signedBy(4, { kind: 'seal', height: SECOND, block: BLOCK })])
    connected([7])
    start(4)
    const [known] = await told()
    assert.deepEqual([known?.slot, known?.lock?.slot, known?.seal?.height], [14, 8, SECOND])
    assert.deepEqual(network.penalties, [])
  })

  it('are not taken from who puts its index of today under a statement of another quorum', async () => {
    await of.grow(chain, 2, 1)
    const old = chain.quorumAt(FIRST + 1)
    assert.ok(old !== undefined)
    // Index 0 is 4 in the third quorum and 0 in the second.
    connected([5], () => [of.certificate(old, [0], lock(FIRST + 1, 8))])
    connected([6], () => [signedBy(4, lock(FIRST + 1, 9), chain.quorum)])
    connected([7])
    start(4)
    assert.deepEqual(await told(), [nothing])
    assert.deepEqual(network.penalties.toSorted(), [5, 6].map((number) => `${of.verifier(number).peerId} bad-answer`).toSorted())
  })

  it('are asked of those who get a seat while it waits, though they were connected before', async () => {
    connected([4, 5])
    connected([0])
    network.answers.set(of.verifier(1).peerId, () => {
      throw new QuorateError('timeout', 'no answer')
    })
    start(6)
    await commit(...(await historyTo(FIRST - 1)))
    await turns()
    assert.deepEqual([new Set(asked), inputs], [new Set([0]), []])
    await commit(of.block(chain))
    assert.deepEqual(of.numbersOf(chain.quorum), [0, 1, 4, 5])
    assert.deepEqual(await told(), [nothing])
    assert.deepEqual(new Set(asked), new Set([0, 4, 5]))
  })

  it('that a member knows who connects after a handover are told, however few of the new quorum have answered', async () => {
    await commit(...(await historyTo(SECOND - 1)))
    connected([0, 1])
    start(5)
    assert.deepEqual(await told(), [nothing])
    await commit(of.block(chain))
    assert.deepEqual(of.numbersOf(chain.quorum), [4, 5, 6, 7])
    joins(7, () => [signedBy(5, vote(SECOND + 1, 40))])
    const known = await told(2)
    assert.equal(known.at(-1)?.slot, 40)
  })

  it('are told at once when the own stake alone is enough, whoever is connected or not', async () => {
    const alone = new EpochChain({ quorumSize: 1 })
    const { chain: short, store } = await openChain(alone)
    const { blsKey } = alone.verifier(alone.numbersOf(short.quorum)[0] ?? 0)
    const one = new OwnSignatures({ ...optionsOf(blsKey), chain: short })
    one.start()
    assert.deepEqual(inputs, [{ kind: 'own-signatures-known', known: nothing }])
    assert.equal(one.obstacle, null)
    one.stop()
    await store.close()
  })

  describe('wait for the chain', () => {
    /** Of members of the first quorum. */
    const say = (height: number | null, ...numbers: readonly number[]): void => {
      for (const number of numbers) heights.set(of.verifier(number).peerId, height)
    }

    it('of members with enough stake, until it is here', async () => {
      connected([1, 2, 3])
      say(3, 1, 2)
      start(0)
      await turns()
      assert.deepEqual([asked.toSorted(), inputs], [[1, 2, 3], []])
      assert.match(asking?.obstacle ?? '', /those with 200 coins of stake say that they are at height 3, it is at 0\./)
      await commit(of.block(chain))
      assert.deepEqual(inputs, [])
      // One block behind is what gossip brings in a moment.
      await commit(of.block(chain))
      assert.deepEqual(await told(), [nothing])
      assert.equal(asking?.obstacle, null)
    })

    it('of members that have not said yet how long theirs is', async () => {
      connected([1, 2, 3])
      say(null, 1, 2)
      start(0)
      await turns()
      assert.deepEqual(inputs, [])
      say(0, 1)
      asking?.look()
      assert.deepEqual(inputs, [{ kind: 'own-signatures-known', known: nothing }])
    })

    const liars: readonly { readonly description: string; readonly number: number }[] = [
      { description: 'a member without whom there is enough stake', number: 3 },
      { description: 'whoever has no seat', number: 6 },
    ]
    for (const { description, number } of liars)
      it(`and not for what ${description} says of it`, async () => {
        connected([1, 2, 3, 6])
        say(Number.MAX_SAFE_INTEGER, number)
        start(0)
        assert.deepEqual(await told(), [nothing])
      })
  })

  describe('are not waited for', () => {
    const fail = (): never => {
      throw new QuorateError('timeout', 'no answer')
    }
    const asks = (number: number, times: number): Promise<unknown> =>
      waitFor(() => asked.filter((one) => one === number).length >= times, {
        deadlineMs: DEADLINE_MS,
        description: `question ${times} to ${number}`,
      })

    it('for ever, from a member that was heard out once and keeps this node waiting again', async () => {
      connected([1])
      let times = 0
      connected([2], () => (times++ === 0 ? fail() : new Promise(() => {})))
      start(0)
      await asks(2, 2)
      joins(3)
      assert.deepEqual(await told(), [nothing])
    })

    it('less than once, if it is connected: it may know of a lost lock', async () => {
      connected([1, 2])
      let answer: (records: readonly Certificate[]) => void = () => {}
      connected([3], () => new Promise((resolve) => (answer = resolve)))
      start(0)
      await turns()
      assert.deepEqual([asked.toSorted(), inputs], [[1, 2, 3], []])
      assert.match(asking?.obstacle ?? '', /each connected verifier was asked once .*; 1 of them has not answered yet .* 10 s at most/)
      answer([signedBy(0, lock(1, 4))])
      const [known] = await told()
      assert.equal(known?.lock?.slot, 4)
    })

    it('from who has left: only who is still connected is asked again', async () => {
      connected([1, 2], fail)
      start(0)
      await turns()
      network.answers.delete(of.verifier(1).peerId)
      let left = 0
      const { request } = network
      network.request = (protocol, peerId, data) => {
        if (peerId === of.verifier(1).peerId) left++
        return request.call(network, protocol, peerId, data)
      }
      // Both would be asked at the same time, and the one that left first.
      await asks(2, 2)
      assert.equal(left, 0)
    })

    it('once the node stops', async () => {
      connected([1, 2])
      start(0)
      asking?.stop()
      await turns()
      asking?.look()
      assert.deepEqual(inputs, [])
    })
  })

  describe('keep a verifier waiting that says why', () => {
    it('with the stake that has told, and how much must', async () => {
      connected([1])
      start(0)
      await turns()
      assert.match(asking?.obstacle ?? '', /until verifiers with 266\.666667 coins .* so far those with 200 have: start the verifiers/)
      joins(2)
      await told()
      assert.equal(asking?.obstacle, null)
    })

    it('but not without a seat: then it has nothing to sign', async () => {
      start(7)
      await turns()
      assert.equal(asking?.obstacle, null)
    })
  })

  it('listens first if it is told to, asks once more then, and goes on asking whether another process signs', async () => {
    let slot = 20
    let tick = (): void => {}
    const eachSlot = (call: () => void) => {
      tick = call
      return () => {}
    }
    const watch = { slotNow: () => slot, listenSlots: 4, votingSlots: 3, eachSlot }
    let records: readonly Certificate[] = []
    connected([1, 2, 3], () => records)
    asking = new OwnSignatures({ ...optionsOf(of.verifier(0).blsKey), watch })
    asking.start()
    for (slot = 21; slot < 24; slot++) {
      tick()
      await turns()
    }
    assert.deepEqual(inputs, [])
    assert.match(asking.obstacle ?? '', /listens until slot 24/)
    const askedBefore = asked.length
    tick()
    const [known] = await told()
    assert.deepEqual(known, { ...nothing, sinceSlot: 20, proposesFrom: 27 })
    assert.equal(asked.length, askedBefore + 3)
    records = [signedBy(0, vote(1, 25))]
    slot = 25
    inputs = []
    tick()
    assert.equal((await told(3)).at(-1)?.voteSlot, 25)
  })

  it('tells at once of a signature of a later slot than that of its start, while it listens', async () => {
    const watch = { slotNow: () => 20, listenSlots: 4, votingSlots: 3, eachSlot: () => () => {} }
    connected([1], () => [signedBy(0, vote(1, 21))])
    asking = new OwnSignatures({ ...optionsOf(of.verifier(0).blsKey), watch })
    asking.start()
    const [known] = await told()
    assert.deepEqual([known?.slot, known?.sinceSlot], [21, 20])
  })
})
