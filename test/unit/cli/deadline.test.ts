import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { orAfter } from '../../../src/cli/client.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const DEADLINE_MS = 30_000

describe('a signal with a deadline', () => {
  const collectGarbage = (): void => {
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
  }

  it('fires after its time, however often garbage is collected before', async () => {
    const signal = orAfter(new AbortController().signal, 200)
    await waitFor(
      () => {
        collectGarbage()
        return signal.aborted
      },
      { deadlineMs: DEADLINE_MS, description: 'the signal to fire' },
    )
  })

  it('fires with the other signal', async () => {
    const controller = new AbortController()
    const signal = orAfter(controller.signal, 1_000_000_000_000)
    const fired = once(signal, 'abort')
    assert.equal(signal.aborted, false)
    controller.abort()
    await fired
  })

  it('has fired if the other signal has', () => {
    assert.equal(orAfter(AbortSignal.abort(), 1_000).aborted, true)
  })
})
