import assert from 'node:assert/strict'
import type { SlotView } from '../../../src/api/observe-types.ts'
import { invariant } from '../../../src/base/errors.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { buildBlock } from '../../../src/node/builder.ts'
import type { FinalBlock } from '../../../src/node/chain.ts'
import { Journal } from '../../../src/node/journal.ts'
import type { Statement } from '../../../src/wire/types.ts'
import { aggregateOf, proofOf } from '../../swarm/hostile-messages.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { type OpenChain, openChain } from './fixtures.ts'

const SLOT_MS = 1000

describe('what a node saw of the making of blocks', () => {
  let of: TestChain
  let own: OpenChain
  let nowMs = 0
  let isFollowing = true
  let ended: SlotView[]
  let journal: Journal
  const startMs = (slot: number): number => slot * SLOT_MS

  before(async () => {
    of = await TestChain.make(4)
  })
  beforeEach(async () => {
    own = await openChain(of)
    nowMs = 0
    open()
  })
  afterEach(() => own.store.close())

  function open(): void {
    ended = []
    journal = new Journal({
      chain: own.chain,
      store: own.store,
      slots: { startMs, now: () => Math.floor(nowMs / SLOT_MS) },
      nowMs: () => nowMs,
      isFollowing: () => isFollowing,
      onSlot: (slot) => void ended.push(slot),
      onFatal: (error) => assert.fail(String(error)),
    })
  }
  const note = (statement: Statement, signers: readonly number[]): void =>
    journal.noteStatement(own.chain.quorumAt(statement.height) ?? own.chain.quorum, statement, { signers, signature: '' })

  /** A block of a slot, not final yet. */
  function make(slot: number): FinalBlock {
    const known = buildBlock(own.chain, new Pool(DEFAULT_POOL_LIMITS), [], 0, slot, proofOf(of, 0, slot), 0)
    invariant(known !== null, 'a block after the idle interval')
    const { height, hash } = known.ref
    return { ...known, block: { ...known.block, seal: aggregateOf(of, [0, 1, 2], { kind: 'seal', height, block: hash }) } }
  }
  async function commit(final: FinalBlock, isImported = false): Promise<void> {
    await own.chain.commit(final)
    journal.noteFinal(final, isImported)
  }
  const firstSlot = (): number => own.chain.head.slot + 1 + of.genesis.parameters.idleSlots
  const vote = ({ ref: { height, slot, hash } }: FinalBlock): Statement => ({ kind: 'vote', height, slot, block: hash, validSlot: null })
  const lock = ({ ref: { height, slot, hash } }: FinalBlock): Statement => ({ kind: 'lock', height, slot, block: hash })

  it('has the time of each phase, and who signed in it, also after a restart', async () => {
    const slot = firstSlot()
    const final = make(slot)
    const { height, hash } = final.ref
    nowMs = startMs(slot) + 40
    note({ kind: 'candidate', height, slot, block: hash, validSlot: null }, [0])
    nowMs += 200
    note(vote(final), [3])
    note(vote(final), [0])
    nowMs += 10
    note(vote(final), [0, 1, 3])
    nowMs += 30
    note(lock(final), [0, 1, 2])
    nowMs += 50
    await commit(final)
    const expected = {
      ...{ slotStartMs: startMs(slot), candidates: 1, candidateMs: 40, votedMs: 250, lockedMs: 280, finalMs: 330 },
      ...{ voters: [0, 1, 3], lockers: [0, 1, 2] },
    }
    assert.deepEqual(journal.timeline(height), expected)
    await journal.write()
    open()
    assert.deepEqual(journal.timeline(height), expected)
  })

  it('learns later who signed, but not when', async () => {
    const slot = firstSlot()
    const final = make(slot)
    nowMs = startMs(slot) + 500
    await commit(final)
    nowMs += 5
    note(vote(final), [0, 1, 2])
    note({ kind: 'seal', height: final.ref.height, block: final.ref.hash }, [0, 1, 2, 3])
    const { voters, lockers, votedMs, finalMs } = journal.timeline(final.ref.height) ?? {}
    assert.deepEqual({ voters, lockers, votedMs, finalMs }, { voters: [0, 1, 2], lockers: null, votedMs: null, finalMs: 500 })
    const { points } = await journal.history(1, 10, 10)
    assert.deepEqual(
      points.map(({ sealedPpm }) => sealedPpm),
      [1_000_000],
    )
  })

  it('knows of no other block by what was signed for one', async () => {
    const slot = firstSlot()
    const final = make(slot)
    nowMs = startMs(slot) + 10
    note({ ...vote(final), block: 'ee'.repeat(32) } as Statement, [0, 1, 2])
    await commit(final)
    assert.equal(journal.timeline(final.ref.height)?.voters, null)
  })

  it('has no times of a block that sync brought', async () => {
    const final = make(firstSlot())
    nowMs = startMs(final.ref.slot + 100)
    await commit(final, true)
    const { candidateMs, votedMs, lockedMs, finalMs, voters } = journal.timeline(final.ref.height) ?? {}
    assert.deepEqual([candidateMs, votedMs, lockedMs, finalMs, voters], [null, null, null, null, null])
    assert.equal(journal.timeline(final.ref.height + 1), null)
  })

  it('tells of each slot how it ended', async () => {
    const slot = firstSlot()
    const lost = make(slot)
    journal.startSlot(slot - 1)
    journal.startSlot(slot)
    nowMs = startMs(slot) + 20
    note({ kind: 'candidate', height: 1, slot, block: lost.ref.hash, validSlot: null }, [2])
    journal.noteLeader({ slot, index: 2 })
    journal.startSlot(slot + 1)
    const final = make(slot + 1)
    nowMs = startMs(slot + 1) + 30
    note({ kind: 'candidate', height: 1, slot: slot + 1, block: final.ref.hash, validSlot: null }, [0])
    await commit(final)
    journal.startSlot(slot + 2)
    assert.deepEqual(
      ended.map(({ slot: of, outcome, leader, block, candidates }) => ({
        of,
        outcome,
        leads: leader?.index,
        block,
        by: candidates.map((one) => one.maker),
      })),
      [
        { of: slot - 1, outcome: 'idle', leads: undefined, block: null, by: [] },
        { of: slot, outcome: 'lost', leads: 2, block: null, by: [2] },
        { of: slot + 1, outcome: 'block', leads: 0, block: final.ref.hash, by: [0] },
      ],
    )
    assert.equal(ended[2]?.timeline?.finalMs, 30)
    assert.deepEqual(
      journal.slots(2).map(({ slot: of }) => of),
      [slot + 1, slot],
    )
  })

  it('does not call a slot idle in which it did not follow', () => {
    isFollowing = false
    journal.startSlot(5)
    journal.startSlot(6)
    isFollowing = true
    journal.startSlot(7)
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ['unknown', 'idle'],
    )
  })

  it('sums up blocks for charts in as many points as asked for', async () => {
    const finals: FinalBlock[] = []
    for (let index = 0; index < 7; index++) {
      const final = make(firstSlot() + index)
      nowMs = startMs(final.ref.slot) + 100 * (index + 1)
      await commit(final)
      finals.push(final)
    }
    const { from, to, points } = await journal.history(1, 100, 3)
    assert.deepEqual([from, to], [1, 7])
    assert.deepEqual(
      points.map(({ height, finalMs }) => [height, finalMs]),
      [
        [3, 200],
        [6, 500],
        [7, 700],
      ],
    )
    const gaps = finals.map(({ ref }, index) => ref.slot - (finals[index - 1]?.ref.slot ?? -1) - 1)
    assert.equal(
      points.reduce((sum, { emptySlots }) => sum + emptySlots, 0),
      gaps.reduce((sum, gap) => sum + gap, 0),
    )
    assert.deepEqual(await journal.history(9, 20, 3), { from: 9, to: 8, points: [] })
  })
})
