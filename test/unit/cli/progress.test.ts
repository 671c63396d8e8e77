import assert from 'node:assert/strict'
import type { NodeStatus } from '../../../src/api/types.ts'
import { LastLine, lastLineOf, SyncPace } from '../../../src/cli/progress.ts'

type Work = Pick<NodeStatus, 'height' | 'sync'>
const blocks = (height: number, targetHeight: number): Work => ({ height, sync: { state: 'syncing', targetHeight, snapshot: null } })
const parts = (partsHere: number): Work => ({
  height: 0,
  sync: { state: 'syncing', targetHeight: 0, snapshot: { height: 12, parts: 8, partsHere, peers: 2 } },
})

describe('how far a node is', () => {
  it('is nothing while it fetches nothing', () => {
    const pace = new SyncPace()
    assert.equal(pace.note({ height: 5, sync: { state: 'following', targetHeight: 5, snapshot: null } }, 0), null)
  })

  it('tells blocks a second and the time left, once it has seen some', () => {
    const pace = new SyncPace()
    assert.equal(pace.note(blocks(100, 1000), 0)?.text, 'catching up: 100 of 1000')
    assert.equal(pace.note(blocks(150, 1000), 1000)?.text, 'catching up: 150 of 1000')
    const { text, bar, fields } = pace.note(blocks(300, 1000), 4000) ?? assert.fail()
    assert.equal(text, 'catching up: 300 of 1000, 50 blocks/s, 14 s left')
    assert.equal(bar, `[${'#'.repeat(9)}${'.'.repeat(21)}]  30 %  ${text}`)
    assert.deepEqual(fields, { perSecond: 50, leftMs: 14_000 })
  })

  it('follows a change of pace, and says no time where nothing comes', () => {
    const pace = new SyncPace()
    for (let second = 0; second <= 20; second++) pace.note(blocks(second * 100, 10_000), second * 1000)
    const still = Array.from({ length: 21 }, (_, second) => pace.note(blocks(2000, 10_000), 21_000 + second * 1000))
    assert.equal(still.at(-1)?.text, 'catching up: 2000 of 10000')
  })

  it('counts parts of a snapshot by themselves, and blocks anew after them', () => {
    const pace = new SyncPace()
    pace.note(parts(0), 0)
    assert.equal(pace.note(parts(4), 4000)?.text, 'snapshot of height 12: 4 of 8 parts from 2 peers, 1.0 parts/s, 4.0 s left')
    assert.equal(pace.note(blocks(12, 20), 5000)?.text, 'catching up: 12 of 20')
  })

  it('has a line in five seconds for a log, and one for each change of a snapshot', () => {
    const pace = new SyncPace()
    const due = [0, 1, 4, 5, 6, 11].map((second) => pace.note(blocks(second, 100), second * 1000)?.isDue)
    assert.deepEqual(due, [true, false, false, true, false, true])
    const changes = [0, 0, 1, 2].map((here, second) => pace.note(parts(here), 20_000 + second * 1000)?.isDue)
    assert.deepEqual(changes, [true, false, true, true])
  })
})

describe('the last line of a terminal', () => {
  it('is written over, stays below what is printed, and is taken away', () => {
    let written = ''
    const line = new LastLine({
      columns: 12,
      write: (text: string) => {
        written += text
      },
    })
    line.set('one')
    line.write('a line\n')
    line.set('one')
    line.set('longer than the terminal')
    line.set(null)
    line.write('the end\n')
    assert.equal(written, 'one\r\u001b[Ka line\none\r\u001b[Klonger than\r\u001b[Kthe end\n')
  })

  const streams = [
    { description: 'a pipe', isTTY: false, env: {}, has: false },
    { description: 'a dumb terminal', isTTY: true, env: { TERM: 'dumb' }, has: false },
    { description: 'a terminal', isTTY: true, env: { TERM: 'xterm' }, has: true },
  ]
  for (const { description, isTTY, env, has } of streams)
    it(`${has ? 'is there' : 'is not there'}: ${description}`, () =>
      assert.equal(lastLineOf({ isTTY, write: () => undefined }, env) !== null, has))
})
