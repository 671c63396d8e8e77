import assert from 'node:assert/strict'
import { type BlockEvent, FinalityTracker } from '../../../src/cli/swarm/finality.ts'

const block = (height: number, finalAtMs: number, hash = `hash ${height}`): BlockEvent => ({
  ...{ kind: 'block', height, hash, slot: height, finalAtMs, makerIndex: 0, signers: 3 },
  transactionIds: [`transaction ${height}`],
})

function tracked(...nodes: string[]) {
  const seen: number[] = []
  const final: string[] = []
  const tracker = new FinalityTracker(
    ({ height }) => void seen.push(height),
    ({ height, transactionIds }, atMs) => void final.push(`${height} at ${atMs}: ${transactionIds}`),
  )
  for (const node of nodes) tracker.watch(node)
  return { tracker, seen, final }
}

describe('finality at every node', () => {
  it('counts from the node that is last', () => {
    const { tracker, seen, final } = tracked('a', 'b', 'c')
    tracker.block('b', block(1, 120))
    tracker.block('a', block(1, 100))
    assert.deepEqual([seen, final], [[1], []])
    tracker.block('c', block(1, 90))
    assert.deepEqual([seen, final], [[1], ['1 at 120: transaction 1']])
    assert.equal(tracker.height, 1)
  })

  it('does not wait for a node that is down, nor for one that joined later', () => {
    const { tracker, final } = tracked('a', 'b')
    tracker.block('a', block(1, 100))
    tracker.watch('late')
    tracker.unwatch('b')
    assert.deepEqual(final, ['1 at 100: transaction 1'])
    tracker.block('a', block(2, 200))
    assert.equal(final.length, 1, 'the late node is waited for from the next block on')
    tracker.block('late', block(2, 250))
    assert.deepEqual(final.slice(1), ['2 at 250: transaction 2'])
  })

  it('takes a height as word for all blocks below it', () => {
    const { tracker, final } = tracked('a', 'b')
    for (const height of [1, 2, 3]) tracker.block('a', block(height, 100 * height))
    tracker.reached('b', 2, 500)
    assert.deepEqual(final, ['1 at 500: transaction 1', '2 at 500: transaction 2'])
  })

  it('notices two blocks at one height, however late the second is told', () => {
    const { tracker } = tracked('a', 'b')
    tracker.block('a', block(1, 100))
    tracker.block('b', block(1, 100))
    tracker.block('a', block(2, 200))
    assert.deepEqual([...tracker.conflicts], [])
    tracker.block('b', block(1, 300, 'another'))
    assert.deepEqual([...tracker.conflicts], [1])
  })
})
