import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { MAX_VERIFIER_RETRY_MS, VERIFIER_RETRY_MS } from '../../../src/node/bounds.ts'
import { VerifierLinks } from '../../../src/node/verifier-links.ts'
import { type BlockOptions, COIN, EpochChain } from './epoch-chain.ts'
import { FakeNetwork, type OpenChain, openChain } from './fixtures.ts'

/** 0 and 1 sign; the next election may bring in two of the six others, 2 and 3 if nothing happens. */
const SEATS = 2

describe('the links of a verifier', () => {
  const of = new EpochChain({ quorumSize: SEATS })
  let own: OpenChain
  let network: FakeNetwork
  let links: VerifierLinks
  let nowMs: number

  beforeEach(async () => {
    own = await openChain(of)
    nowMs = 0
    mock.method(performance, 'now', () => nowMs)
    mock.timers.enable({ apis: ['setInterval'] })
  })
  afterEach(async () => {
    links.stop()
    mock.timers.reset()
    mock.restoreAll()
    await own.store.close()
  })

  const peerOf = (number: number): string => of.verifier(number).peerId
  function start(number: number): void {
    network = new FakeNetwork(peerOf(number))
    links = new VerifierLinks(own.chain, network)
    links.start()
  }
  /** Time passes, look by look; what fails in a look has failed before the next. */
  async function pass(ms: number): Promise<void> {
    for (const end = nowMs + ms; nowMs < end; ) {
      nowMs += VERIFIER_RETRY_MS
      mock.timers.tick(VERIFIER_RETRY_MS)
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
  }
  /** Those that were dialled since it was asked last, each once, ascending. */
  const dialled = (): string[] => [...new Set(network.dialled.splice(0))].toSorted()
  const commit = (...blocks: readonly BlockOptions[]): Promise<void> =>
    blocks.reduce((before, options) => before.then(() => own.chain.commit(of.block(own.chain, options))), Promise.resolve())

  it('go to the rest of the quorum, and to as many others as an election may bring in', async () => {
    start(0)
    await pass(2 * VERIFIER_RETRY_MS)
    assert.deepEqual(dialled(), [1, 2, 3].map(peerOf))
  })

  it('go from who has no seat to the whole quorum', async () => {
    start(7)
    await pass(2 * VERIFIER_RETRY_MS)
    assert.deepEqual(dialled(), [0, 1, 2, 3].map(peerOf))
  })

  it('leave whom it is connected to alone, until it is not', async () => {
    start(0)
    for (const number of [1, 2]) network.answers.set(peerOf(number), () => new Uint8Array())
    await pass(2 * VERIFIER_RETRY_MS)
    assert.deepEqual(dialled(), [peerOf(3)])
    network.answers.delete(peerOf(1))
    await pass(2 * VERIFIER_RETRY_MS)
    assert.ok(dialled().includes(peerOf(1)))
  })

  it('give a peer some time to come by itself before it is dialled', async () => {
    start(0)
    await pass(VERIFIER_RETRY_MS)
    assert.deepEqual(dialled(), [])
  })

  it('are tried again ever more seldom, but for ever, and often again once they held', async () => {
    start(0)
    const triesIn = async (ms: number): Promise<number> => {
      await pass(ms)
      return network.dialled.splice(0).filter((peerId) => peerId === peerOf(1)).length
    }
    assert.ok((await triesIn(MAX_VERIFIER_RETRY_MS)) >= 4)
    await triesIn(2 * MAX_VERIFIER_RETRY_MS)
    for (let round = 0; round < 3; round++) assert.equal(await triesIn(2 * MAX_VERIFIER_RETRY_MS + 2 * VERIFIER_RETRY_MS), 2)
    network.answers.set(peerOf(1), () => new Uint8Array())
    await pass(VERIFIER_RETRY_MS)
    network.answers.clear()
    assert.ok((await triesIn(MAX_VERIFIER_RETRY_MS)) >= 4)
  })

  it('are tried at once when one is back that could not be reached either', async () => {
    start(0)
    await pass(4 * MAX_VERIFIER_RETRY_MS)
    dialled()
    while (!dialled().includes(peerOf(2))) await pass(VERIFIER_RETRY_MS)
    await pass(VERIFIER_RETRY_MS)
    assert.deepEqual(dialled(), [], 'all of them pause')
    network.answers.set(peerOf(1), () => new Uint8Array())
    await pass(VERIFIER_RETRY_MS)
    assert.deepEqual(dialled(), [2, 3].map(peerOf))
    await pass(MAX_VERIFIER_RETRY_MS - VERIFIER_RETRY_MS)
    assert.deepEqual(dialled(), [], 'they pause as long as before')
  })

  it('dial a peer once at a time', async () => {
    start(0)
    let open = 0
    network.connect = (peerId) => {
      if (peerId === peerOf(1)) open++
      return new Promise(() => {})
    }
    await pass(MAX_VERIFIER_RETRY_MS)
    assert.equal(open, 1)
  })

  const stakes: readonly { readonly description: string; readonly blocks: readonly BlockOptions[]; readonly others: readonly number[] }[] =
    [
      {
        description: 'those with most stake, their own and what is delegated to them',
        blocks: [
          {
            actions: [
              [5, { kind: 'stake', amountDroplets: 2 * COIN }],
              [0, { kind: 'delegate', verifier: of.verifier(7).wallet.address, amountDroplets: 3 * COIN }],
            ],
          },
        ],
        others: [5, 7],
      },
      {
        description: 'nobody with too little stake to be elected',
        blocks: [2, 3, 4, 5, 6].map((number) => ({ actions: [[number, { kind: 'unstake', amountDroplets: null }]] })),
        others: [7],
      },
      {
        description: 'those with most votes while an election is open, before those with most stake',
        blocks: [
          { actions: [[5, { kind: 'stake', amountDroplets: 2 * COIN }]] },
          { slot: 4 },
          {
            actions: [
              [7, { kind: 'transfer', to: of.verifier(8).wallet.address, amountDroplets: COIN, microHours: 0 }],
              [7, { kind: 'slip', choices: [of.verifier(6).wallet.address] }],
            ],
          },
        ],
        others: [6, 5],
      },
    ]
  for (const { description, blocks, others } of stakes)
    it(`go to ${description}`, async () => {
      await commit(...blocks)
      start(0)
      await pass(2 * VERIFIER_RETRY_MS)
      assert.deepEqual(dialled(), [1, ...others].map(peerOf).toSorted())
    })

  it('follow a handover', async () => {
    start(0)
    await pass(2 * VERIFIER_RETRY_MS)
    dialled()
    await commit({ actions: [6, 7].map((number) => [number, { kind: 'stake', amountDroplets: 5 * COIN }] as const) })
    while (own.chain.ledger.globals.epoch === 0) await commit({})
    assert.deepEqual(of.numbersOf(own.chain.quorum), [6, 7])
    await pass(MAX_VERIFIER_RETRY_MS)
    // Of those that were in the quorum, 1 may be elected again.
    assert.deepEqual(dialled(), [1, 6, 7].map(peerOf))
  })

  it('end with the node', async () => {
    start(0)
    const signals: AbortSignal[] = []
    network.connect = (_, signal?: AbortSignal) => {
      if (signal !== undefined) signals.push(signal)
      return new Promise(() => {})
    }
    await pass(2 * VERIFIER_RETRY_MS)
    assert.ok(signals.length > 0)
    links.stop()
    assert.ok(signals.every(({ aborted }) => aborted))
    const before = signals.length
    await pass(MAX_VERIFIER_RETRY_MS)
    assert.equal(signals.length, before)
  })
})
