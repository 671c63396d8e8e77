import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSystemClock } from '../../../src/adapters/clock.ts'
import type { RunningNode } from '../../../src/node/running.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { transferOf } from '../../swarm/hostile-messages.ts'
import { DEADLINE_MS, heightOf, heightReached, TestChain } from '../../swarm/hostile-network.ts'
import { canMount, mountTiny } from '../adapters/store-tools.ts'
import { startQuorate } from '../cli/quorate.ts'

const directoryOf = (chain: TestChain): string => chain.verifiers[0]?.directory ?? ''

/** Runs a verifier as a process and kills it with SIGKILL after as many lines; what it said in whole lines. */
async function runAndKill(directory: string, transactions: readonly string[], lineCount: number): Promise<string[]> {
  const script = fileURLToPath(new URL('node-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, ...transactions], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === lineCount) child.kill('SIGKILL')
  }
  return lines
}

describe('a node that ends and starts again', () => {
  let chain: TestChain
  afterEach(() => chain.stopAll())

  const headOf = (node: RunningNode) => {
    const { height, head } = node.view.status()
    return { height, head }
  }

  it('has the same head and state after it was stopped', async () => {
    chain = await TestChain.make(1)
    const node = await chain.start(directoryOf(chain), 'verifier')
    await node.view.submit([transferOf(chain, 0, 0).hex])
    await heightReached(node, 2)
    await chain.stop(node)
    const before = headOf(node)
    // As a full node it makes no blocks of its own.
    const again = await chain.start(directoryOf(chain), 'full')
    assert.deepEqual(headOf(again), before)
    assert.equal(again.view.block(before.height)?.hash, before.head)
    assert.equal(again.view.account(chain.wallets[0]?.address ?? '').nonce, 1)
  })

  it('has, after SIGKILL at any moment, all that was final and all that was accepted', async () => {
    chain = await TestChain.make(1, { slotMs: 200, choiceMs: 20 })
    const finals: string[] = []
    const accepted: string[] = []
    for (const [round, lineCount] of [1, 4, 9].entries()) {
      const transactions = [0, 1].map((account) => transferOf(chain, account, round).hex)
      for (const line of await runAndKill(directoryOf(chain), transactions, lineCount)) {
        const [word = '', value = ''] = line.split(' ')
        assert.notEqual(word, 'failed', value)
        if (word === 'final') finals.push(value)
        if (word === 'accepted') accepted.push(value)
      }
    }
    assert.ok(finals.length > 5 && accepted.length > 0)
    const node = await chain.start(directoryOf(chain), 'full')
    for (const final of finals) assert.equal(`${final.split(':')[0]}:${node.view.block(Number(final.split(':')[0]))?.hash}`, final)
    for (const id of accepted) assert.match(node.view.transaction(id)?.state ?? 'lost', /^(final|pending)$/)
  })

  it('refuses the store of another chain', async () => {
    chain = await TestChain.make(1)
    const node = await chain.start(directoryOf(chain), 'verifier')
    await heightReached(node, 1)
    await chain.stop(node)
    const other = await TestChain.make(1)
    cpSync(join(directoryOf(chain), 'store'), join(directoryOf(other), 'store'), { recursive: true })
    await assert.rejects(other.start(directoryOf(other), 'verifier'), { code: 'wrong-chain', message: /genesis\.json/ })
  })

  const broken = [
    {
      description: 'its guard is gone',
      change: (directory: string) => rmSync(join(directory, 'guard')),
      code: 'guard-missing',
      says: /guard is missing/,
    },
    {
      description: 'its guard is garbage',
      change: (directory: string) => writeFileSync(join(directory, 'guard'), 'x'.repeat(5000)),
      code: 'guard-corrupt',
      says: /[Nn]ever sign with this key until/,
    },
    {
      description: 'its store was cut short',
      change: (directory: string) => truncateSync(join(directory, 'store', 'level', 'CURRENT'), 3),
      code: 'store-corrupt',
      says: /Nothing was repaired/,
    },
  ]
  for (const { description, change, code, says } of broken)
    it(`does not start when ${description}, and says what to do, each time`, async () => {
      chain = await TestChain.make(1)
      const node = await chain.start(directoryOf(chain), 'verifier')
      await heightReached(node, 1)
      await chain.stop(node)
      change(directoryOf(chain))
      for (let time = 0; time < 2; time++) await assert.rejects(chain.start(directoryOf(chain), 'verifier'), { code, message: says })
    })

  it('signs nothing while its clock is behind its record, and says so', async () => {
    chain = await TestChain.make(1, { slotMs: 200, choiceMs: 20 })
    const clock = createSystemClock()
    const aheadMs = 600_000
    const ahead = { nowMs: () => clock.nowMs() + aheadMs, at: (atMs: number, call: () => void) => clock.at(atMs - aheadMs, call) }
    const node = await chain.start(directoryOf(chain), 'verifier', { clock: ahead })
    await heightReached(node, 2)
    await chain.stop(node)
    const height = heightOf(node)
    const again = await chain.start(directoryOf(chain), 'verifier')
    const { slot } = again.view.status()
    await waitFor(() => (again.view.status().slot ?? 0) >= (slot ?? 0) + 4, { deadlineMs: DEADLINE_MS, description: 'some slots' })
    const status = again.view.status()
    assert.deepEqual(
      status.alarms.map(({ code }) => code),
      ['clock-behind-record'],
    )
    assert.equal(status.height, height)
    assert.equal(status.verifier?.proposed, 0)
  })

  if (canMount())
    it('stops on a full disk, and has everything that was final once there is room', async () => {
      chain = await TestChain.make(1, { slotMs: 200, choiceMs: 20 })
      const tiny = mountTiny(4096)
      assert.ok(tiny !== undefined)
      try {
        cpSync(directoryOf(chain), tiny.directory, { recursive: true })
        const { child, ended } = startQuorate([
          'start',
          '--dir',
          tiny.directory,
          '--listen',
          '/ip4/127.0.0.1/tcp/0',
          '--api',
          'off',
          '--scope',
          'local',
          '--log-format',
          'json',
        ])
        const finals: number[] = []
        let isFull = false
        child.stderr?.on('data', (data: Buffer) => {
          for (const [, height] of data.toString().matchAll(/"height":(\d+)/g)) finals.push(Number(height))
          if (isFull || finals.length < 4) return
          isFull = true
          fillDisk(join(tiny.directory, 'filler'))
        })
        const { code, stderr } = await ended
        assert.equal(code, 1, stderr)
        assert.match(stderr, /no room on the disk/)
        rmSync(join(tiny.directory, 'filler'))
        const node = await chain.start(tiny.directory, 'full')
        assert.ok(heightOf(node) >= Math.max(...finals), `${heightOf(node)} of ${finals}`)
        await chain.stop(node)
        const verifier = await chain.start(tiny.directory, 'verifier')
        await heightReached(verifier, Math.max(...finals) + 2)
        await chain.stop(verifier)
      } finally {
        await chain.stopAll()
        tiny.unmount()
      }
    })
})

function fillDisk(path: string): void {
  for (const bytes of [65_536, 4096, 512, 16, 1])
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
    } catch {
      // Full for a piece of this size.
    }
}
