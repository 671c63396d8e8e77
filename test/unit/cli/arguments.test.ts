import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { takeLock } from '../../../src/adapters/store/lock.ts'
import { createProgram } from '../../../src/cli/program.ts'
import { directoryPaths } from '../../../src/node/directory.ts'
import { SUBSYSTEMS } from '../../../src/ports/telemetry.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { quorateHere } from './in-process.ts'

const address = '11'.repeat(20)
const nowhere = ['--dir', '/nonexistent']

describe('quorate: arguments', () => {
  for (const command of createProgram().commands) {
    it(`help of ${command.name()} teaches it, with examples`, async () => {
      const { code, stdout } = await quorateHere(command.name(), '--help')
      assert.equal(code, 0)
      assert.match(stdout, new RegExp(`\\nExamples:\\n {2}quorate ${command.name()}\\b`))
      assert.ok(command.summary().length > 0 && command.description().length > command.summary().length)
      for (const line of stdout.split('\n')) assert.ok(!/\s$/.test(line), `a space at the end of "${line}"`)
    })
  }

  const wrong: readonly { description: string; args: readonly string[]; says: RegExp }[] = [
    { description: 'a stake of nothing said', args: ['stake'], says: /option '--amount <coins>' is missing: how many/ },
    {
      description: 'a misspelt option rather than the missing one',
      args: ['stake', '--amout', '1'],
      says: /unknown option '--amout'[\s\S]*--amount/,
    },
    {
      description: 'an amount that is too large as too large',
      args: ['stake', '--amount', '99999999999999999999'],
      says: /99999999999999999999 is too large: no amount is above 9007199254\.740991/,
    },
    { description: 'an amount that is none', args: ['send', '--to', 'x', '--amount', '1e3'], says: /"1e3" is no amount/ },
    { description: 'unstake without saying how much', args: ['unstake'], says: /--amount COINS, or --all/ },
    { description: 'unstake of a part and all', args: ['unstake', '--amount', '1', '--all'], says: /cannot be used with option '--all'/ },
    { description: 'delegate to nobody', args: ['delegate', '--amount', '1'], says: /'--to <verifier>' is missing/ },
    { description: 'delegate to what is no address', args: ['delegate', '--to', 'bob', '--amount', '1'], says: /"bob" is no address/ },
    { description: 'undelegate without saying how much', args: ['undelegate', '--from', address], says: /--amount COINS, or --all/ },
    { description: 'a commission above all', args: ['register', '--commission', '101%'], says: /from 0% to 100%/ },
    { description: 'a vote for nobody', args: ['vote'], says: /'--for <verifier\.\.\.>' is missing.*quorate verifiers/ },
    { description: 'coins that move nowhere', args: ['vote', '--for', address, '--move', '1'], says: /belong together/ },
    { description: 'a target without coins', args: ['ratify', 'ab'.repeat(32), '--to', address], says: /belong together/ },
    { description: 'a source that is none', args: ['ratify', 'v1.0'], says: /64 hex digits/ },
    { description: 'an endorsement of nobody', args: ['endorse'], says: /missing required argument 'verifier'/ },
    { description: 'too many verifiers', args: ['verifiers', '--limit', '501'], says: /from 1 to 500/ },
    { description: 'a subsystem that there is not', args: ['log-level', 'chain=debug'], says: /no subsystem "chain"; there are network, / },
    { description: 'a block that is none', args: ['block', 'newest'], says: /name its height, or its hash/ },
    { description: 'an epoch of no length', args: ['genesis', '--epoch', '0'], says: /a number of slots, or a time/ },
    { description: 'an epoch in weeks', args: ['genesis', '--epoch', '1w'], says: /30s, 10m, 1h or 7d/ },
    { description: 'an unknown score', args: ['genesis', '--score', 'fame'], says: /coins, trust or hybrid/ },
  ]
  for (const { description, args, says } of wrong) {
    it(`names ${description}`, async () => {
      const [command = '', ...rest] = args
      const { code, stdout, stderr } = await quorateHere(command, ...rest, ...(command === 'genesis' ? [] : nowhere))
      assert.match(stderr, says)
      assert.deepEqual([code, stdout], [2, ''])
    })
  }

  for (const command of ['verifiers', 'election', 'supply']) {
    it(`${command} without a node says how to make one`, async () => {
      const { code, stderr } = await quorateHere(command, ...nowhere)
      assert.equal(code, 3)
      assert.match(stderr, /no node runs on .*quorate init/)
    })
  }

  it('a node without an API is told from none', async () => {
    const directory = tempDirectory('no-api')
    const lock = await takeLock(directoryPaths(directory).lock)
    try {
      const { code, stderr } = await quorateHere('status', '--dir', directory)
      assert.equal(code, 3)
      assert.match(stderr, /a node runs on .* and has no API to ask: .*--api off/)
    } finally {
      await lock?.release()
    }
  })

  it('knows every subsystem whose events are in the source, and no other', () => {
    const source = fileURLToPath(new URL('../../../src/', import.meta.url))
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    const logged = files.flatMap((file) =>
      [...readFileSync(join(source, file), 'utf8').matchAll(/telemetry\s*\.log\([^,]+,\s*'([a-z]+)\./g)].map(([, subsystem]) => subsystem),
    )
    assert.deepEqual([...new Set(logged)].toSorted(), [...SUBSYSTEMS].toSorted())
  })
})
