import assert from 'node:assert/strict'
import type { ReceiptEvent, ReceiptView, RewardView } from '../../../src/api/ledger-types.ts'
import type { BlockView } from '../../../src/api/types.ts'
import { electionReports, readHistory, slotsLost, slotsUnderLoad } from '../../../src/cli/swarm/history.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd']
const stakeDroplets = 100
const genesis = { verifiers: [d, c, b, a].map((account) => ({ account, stakeDroplets })), parameters: { quorumSize: 3 } }

interface Block {
  readonly slot: number
  readonly signers: readonly string[]
  readonly events?: readonly ReceiptEvent[]
  readonly rewards?: readonly RewardView[]
}

const receipt = ({ events = [], rewards = [] }: Block): ReceiptView => ({
  ...{ mintedDroplets: 10, sharedFeesDroplets: 2, feesDroplets: 0, burnedDroplets: 3, burnedMicroHours: 0, rewards, events },
})

/** A node that answers at most two blocks at a time. */
const chain = (...blocks: readonly Block[]) => ({
  fullBlocks: async (from: number, count: number): Promise<readonly BlockView[]> =>
    blocks.slice(from - 1, from - 1 + Math.min(2, count)).map((block, index): BlockView => {
      const { slot, signers } = block
      const empty = {
        parent: '',
        parentSeal: null,
        maker: 0,
        proof: '',
        transactionsRoot: '',
        evidenceRoot: '',
        stateRoot: '',
        nextQuorum: '',
      }
      return {
        ...{
          hash: '',
          timeMs: 0,
          makerAddress: a,
          signerAddresses: signers,
          transactionIds: [],
          bytes: 0,
          finalAtMs: null,
          timeline: null,
        },
        block: {
          header: { ...empty, height: from + index, slot, burnedMicroHours: 0 },
          evidence: [],
          transactions: [],
          seal: { signers: [], signature: '' },
        },
        receipt: receipt(block),
      }
    }),
})

const opened: ReceiptEvent = { kind: 'election-opened', number: 1, cause: 'epoch', closesSlot: 4 }
const settled = (...elected: readonly string[]): ReceiptEvent => ({
  ...{ kind: 'election-settled', number: 1, by: 'slips', votedDroplets: 7, quorum: '' },
  elected: elected.map((verifier) => ({ verifier, score: 1, stakeDroplets })),
})
const slashed = (verifier: string): ReceiptEvent => ({
  ...{ kind: 'slashed', verifier, offence: 'double-seal', height: 1, reporter: a },
  ...{ stakeDroplets: 5, delegatedDroplets: 0, unbondingDroplets: 0, rewardDroplets: 0 },
})
const none = { makerDroplets: 0, signerDroplets: 0, delegatorsDroplets: 0, commissionDroplets: 0 }

describe('what a chain says of itself', () => {
  it('elections, rewards and what was burned, of all blocks', async () => {
    const node = chain(
      { slot: 1, signers: [a, b, c], events: [opened] },
      { slot: 3, signers: [a, b, c], rewards: [{ ...none, verifier: a, makerDroplets: 5, signerDroplets: 7, delegatorsDroplets: 2 }] },
      { slot: 5, signers: [a, b, c], events: [settled(b, c, d)], rewards: [{ ...none, verifier: a, signerDroplets: 4 }] },
      { slot: 6, signers: [d, c, b] },
    )
    const history = await readHistory(node, 4, genesis)
    assert.deepEqual([history.height, [...history.slots], history.burnedDroplets], [4, [1, 3, 5, 6], 12])
    assert.deepEqual(history.rewards, { mintedDroplets: 40, feesDroplets: 8 })
    assert.deepEqual([...history.rewardedDroplets], [[a, 14]])
    assert.deepEqual(history.wrongSealHeights, [])
    const [election, ...more] = history.elections
    assert.deepEqual(more, [])
    const { number, cause, openedHeight, height, closesSlot, settledSlot, changed } = election ?? {}
    assert.deepEqual([number, cause, openedHeight, height, closesSlot, settledSlot, changed], [1, 'epoch', 1, 3, 4, 5, true])
  })

  for (const { description, blocks, wrong } of [
    { description: 'all members sign', blocks: [{ slot: 1, signers: [a, b, c] }], wrong: [] },
    { description: 'two of three are not more than two thirds', blocks: [{ slot: 1, signers: [a, b] }], wrong: [1] },
    { description: 'a name twice counts once', blocks: [{ slot: 1, signers: [a, b, b] }], wrong: [1] },
    { description: 'somebody without a seat', blocks: [{ slot: 1, signers: [a, b, d] }], wrong: [1] },
    {
      description: 'the old quorum after the handover, and in the block of it the new one',
      blocks: [
        { slot: 1, signers: [a, b, c], events: [opened] },
        { slot: 4, signers: [b, c, d], events: [settled(b, c, d)] },
        { slot: 5, signers: [a, b, c] },
        { slot: 6, signers: [b, c, d] },
      ],
      wrong: [2, 3],
    },
    {
      description: 'whoever was punished weighs nothing from the next block on',
      blocks: [
        { slot: 1, signers: [a, b, c], events: [slashed(c), slashed(d)] },
        { slot: 2, signers: [a, b] },
        { slot: 3, signers: [a, b, c] },
        { slot: 4, signers: [a], events: [slashed(a)] },
        { slot: 5, signers: [b], events: [slashed(b)] },
        { slot: 6, signers: [b] },
      ],
      wrong: [3, 4],
    },
    {
      description: 'nobody could be elected: the quorum goes on',
      blocks: [
        { slot: 4, signers: [a, b, c], events: [opened, { ...settled(), by: 'kept' } as ReceiptEvent] },
        { slot: 5, signers: [a, b, c] },
      ],
      wrong: [],
    },
  ] satisfies { description: string; blocks: Block[]; wrong: number[] }[]) {
    it(`seals: ${description}`, async () => {
      const { wrongSealHeights } = await readHistory(chain(...blocks), blocks.length, genesis)
      assert.deepEqual(wrongSealHeights, wrong)
    })
  }

  for (const { description, slips, asVoted } of [
    { description: 'nobody voted', slips: null, asVoted: null },
    { description: 'those named come first', slips: [d], asVoted: true },
    { description: 'more are named than there are seats', slips: [a, b, c, d], asVoted: true },
    { description: 'somebody named was passed over', slips: [a, d], asVoted: false },
  ]) {
    it(`votes: ${description}`, async () => {
      const node = chain({ slot: 1, signers: [a, b, c], events: [opened] }, { slot: 4, signers: [a, b, c], events: [settled(b, c, d)] })
      const history = await readHistory(node, 2, genesis)
      const votes = new Map(slips === null ? [] : [[1, { number: 1, named: new Set(slips), slips: 3, droplets: 7 }]])
      const names = new Map([
        [b, 'v2'],
        [c, 'v3'],
      ])
      const [report] = electionReports(history, votes, names, { firstSlot: 0, lastSlot: 99 })
      assert.deepEqual(report?.elected, ['v2', 'v3', d])
      assert.equal(report?.asVoted, asVoted)
      assert.equal(report?.slotsLost, 3, 'slots 3, 5 and 6 have no block')
    })
  }
})

describe('slots without a block', () => {
  it('under load only', () =>
    assert.deepEqual(slotsUnderLoad([2, 5, 6, 9], { firstSlot: 4, lastSlot: 8 }), { underLoad: 5, withoutBlock: 3, missing: [4, 7, 8] }))
  it('none without load', () =>
    assert.deepEqual(slotsUnderLoad([2], { firstSlot: 0, lastSlot: -1 }), { underLoad: 0, withoutBlock: 0, missing: [] }))

  const load = { firstSlot: 10, lastSlot: 20 }
  for (const { description, closesSlot, settledSlot, slots, lost } of [
    {
      description: 'from the slot before it was due to the second after it',
      closesSlot: 12,
      settledSlot: 12,
      slots: [11, 12, 13, 14],
      lost: 0,
    },
    { description: 'the one that was due, and the one before', closesSlot: 12, settledSlot: 13, slots: [13, 14, 15], lost: 2 },
    { description: 'those after it, and no others', closesSlot: 12, settledSlot: 12, slots: [11, 12, 16], lost: 2 },
    { description: 'a load that began too late', closesSlot: 10, settledSlot: 10, slots: [], lost: null },
    { description: 'a load that ended too early', closesSlot: 19, settledSlot: 19, slots: [], lost: null },
  ]) {
    it(`at a handover: ${description}`, () => assert.equal(slotsLost({ closesSlot, settledSlot }, new Set(slots), load), lost))
  }
})
