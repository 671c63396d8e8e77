import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { within } from '../../../src/node/within.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const DEADLINE_MS = 30_000
const FAR_MS = 60_000

describe('a task with a deadline', () => {
  /** Never ends by itself; says why it was told to. */
  const untilTold = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason))
    })

  it('is told at its deadline, however often garbage is collected before', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc')
    let reason: unknown
    within(200, new AbortController().signal, untilTold).catch((error: unknown) => {
      reason = error
    })
    await waitFor(
      () => {
        collectGarbage()
        return reason
      },
      { deadlineMs: DEADLINE_MS, description: 'the deadline' },
    )
    assert.equal((reason as Error).name, 'TimeoutError')
  })

  it('is told with the parent, at once or later, and why', async () => {
    const why = new Error('the node stops')
    await assert.rejects(within(FAR_MS, AbortSignal.abort(why), untilTold), why)
    const parent = new AbortController()
    const waiting = within(FAR_MS, parent.signal, untilTold)
    parent.abort(why)
    await assert.rejects(waiting, why)
  })

  it('gives what it gives, and is not told anything after', async () => {
    const parent = new AbortController()
    const seen: AbortSignal[] = []
    const task = async (signal: AbortSignal): Promise<number> => {
      seen.push(signal)
      return 7
    }
    assert.equal(await within(FAR_MS, parent.signal, task), 7)
    const fails = within(FAR_MS, parent.signal, (signal) => {
      seen.push(signal)
      return Promise.reject(new Error('no'))
    })
    await assert.rejects(fails, { message: 'no' })
    parent.abort()
    assert.deepEqual(
      seen.map(({ aborted }) => aborted),
      [false, false],
    )
  })
})
