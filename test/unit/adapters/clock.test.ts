import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { createSystemClock } from '../../../src/adapters/clock.ts'

const START_MS = 1_000_000
const LONG_MS = 40 * 24 * 3600 * 1000

describe('the system clock', () => {
  it('tells the wall time and calls no sooner than asked, on the real clock', async () => {
    const clock = createSystemClock()
    const before = Date.now()
    const atMs = clock.nowMs() + 20
    assert.ok(clock.nowMs() >= before)
    await new Promise<void>((resolve) => clock.at(atMs, resolve))
    assert.ok(Date.now() >= atMs)
  })

  describe('on a mocked clock', () => {
    let calls: number[]
    const call = (): void => {
      calls.push(Date.now() - START_MS)
    }
    beforeEach(() => {
      calls = []
      mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS })
    })
    afterEach(() => mock.timers.reset())

    /** Time passes in steps, as it does. */
    const pass = (ms: number, stepMs = 10): void => {
      for (let passed = 0; passed < ms; passed += stepMs) mock.timers.tick(stepMs)
    }

    const waits = [
      { description: 'soon', afterMs: 30, passMs: 200 },
      { description: 'several sleeps away', afterMs: 3500, passMs: 5000 },
    ]
    for (const { description, afterMs, passMs } of waits) {
      it(`calls once, at its time: ${description}`, () => {
        createSystemClock().at(START_MS + afterMs, call)
        pass(passMs)
        assert.deepEqual(calls, [afterMs])
      })
    }

    it('calls at once what is past, but never within at()', () => {
      createSystemClock().at(START_MS - 5000, call)
      assert.deepEqual(calls, [])
      pass(10)
      assert.equal(calls.length, 1)
    })

    it('waits longer than a timer can: forty days', () => {
      createSystemClock().at(START_MS + LONG_MS, call)
      pass(5000)
      assert.deepEqual(calls, [])
      mock.timers.setTime(START_MS + LONG_MS)
      pass(1000)
      assert.equal(calls.length, 1)
    })

    it('does not call when undone, before or between sleeps', () => {
      const clock = createSystemClock()
      const undoFirst = clock.at(START_MS + 50, call)
      const undoSecond = clock.at(START_MS + 2500, call)
      undoFirst()
      pass(1500)
      undoSecond()
      pass(3000)
      assert.deepEqual(calls, [])
    })

    it('calls late by no more than a second when the clock is set forward', () => {
      createSystemClock().at(START_MS + 60_000, call)
      mock.timers.setTime(START_MS + 100_000)
      pass(1000)
      assert.equal(calls.length, 1)
    })

    it('still waits for the wall time when the clock is set back', () => {
      createSystemClock().at(START_MS + 500, call)
      mock.timers.setTime(START_MS - 10_000)
      pass(10_400)
      assert.deepEqual(calls, [])
      pass(200)
      assert.deepEqual(calls, [500])
    })
  })
})
