import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openGuardFile } from '../../../src/adapters/store/guard-file.ts'
import { guardRecord, lastSlot } from '../../../src/consensus/guard.ts'
import { decode } from '../../../src/wire/codec.ts'
import { TestChain } from '../../swarm/hostile-network.ts'

/** More than the test takes. */
const AHEAD_MS = 600_000

/** Runs a verifier as a process, and kills it with SIGKILL after so many blocks; what it said. */
async function run(directory: string, aheadMs: number, blocks: number): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('clock-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, `${aheadMs}`, `${2 * AHEAD_MS}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.filter((one) => one.startsWith('block')).length === blocks) child.kill('SIGKILL')
  }
  return lines
}

async function lastSigned(directory: string): Promise<number> {
  const file = await openGuardFile(join(directory, 'guard'))
  const found = await file.read()
  await file.close()
  return found.state === 'missing' ? assert.fail('no guard') : (lastSlot(decode(guardRecord, found.record)) ?? -1)
}

describe('a verifier that is killed and started with an earlier clock', () => {
  let chain: TestChain
  afterEach(() => chain.stopAll())

  it('says so, signs nothing until the clock has passed its record, and then goes on', async () => {
    chain = await TestChain.make(1, { slotMs: 200, choiceMs: 20 })
    const directory = chain.verifiers[0]?.directory ?? ''
    const before = await run(directory, AHEAD_MS, 3)
    assert.deepEqual(
      before.filter((line) => !line.startsWith('block')),
      [],
    )
    const signed = await lastSigned(directory)
    const said = await run(directory, 0, 2)
    assert.deepEqual(said.slice(0, 1), ['alarm clock-behind-record'])
    const right = said.indexOf('clock right')
    assert.deepEqual(
      said.slice(0, right).filter((line) => line.startsWith('block')),
      [],
      'nothing is signed before',
    )
    const slots = said.flatMap((line) => (line.startsWith('block') ? Number(line.split(' ')[1]) : []))
    assert.ok(right > 0 && slots.length === 2 && slots.every((slot) => slot > signed), `signed up to ${signed}, then ${said}`)
  })
})
