import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'
import { exitCodes } from '../../src/cli/exit.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** For what hangs, not a measure. */
const DEADLINE_MS = 120_000
const PASSWORD = 'correct horse battery'
const CTRL_C = '\u0003'
const BACKSPACE = '\u007f'

/** A command at a terminal of the system, made by `script` (of util-linux), which passes on what is typed and shown. */
class Sitting {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<number | null>
  #shown = ''
  #read = 0

  constructor(...args: readonly string[]) {
    const command = [process.execPath, BUNDLE, ...args].map((word) => `'${word}'`).join(' ')
    const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', QUORATE_PASSWORD: '', QUORATE_PASSWORD_FILE: '' }
    this.#child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], { env, stdio: 'pipe' })
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', resolve)
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (chunk: Buffer) => (this.#shown += chunk.toString('utf8')))
  }

  get shown(): string {
    return this.#shown
  }

  /** Types when the question is there; a question is answered once. */
  async answer(question: string, typed: string): Promise<void> {
    await waitFor(() => this.#shown.includes(question, this.#read), {
      deadlineMs: DEADLINE_MS,
      description: `"${question}"`,
    })
    this.#read = this.#shown.indexOf(question, this.#read) + question.length
    this.#child.stdin.write(typed)
  }

  /** The exit code of the command. */
  async end(): Promise<number | null> {
    return await this.#ended
  }
}

describe('questions at a terminal', function () {
  this.timeout(2 * DEADLINE_MS)
  const home = tempDirectory('prompts')

  it('takes a new password twice, shows the words once and never what is typed, and opens the keys with it', async () => {
    const dir = join(home, 'asked')
    const init = new Sitting('init', '--dir', dir, '--no-network', '--role', 'verifier')
    await init.answer('(empty: not encrypted): ', 'short\r')
    await init.answer('It needs 8 characters at least.', '')
    await init.answer('(empty: not encrypted): ', `${PASSWORD}\r`)
    await init.answer('Once more: ', 'another than this\r')
    await init.answer('These were two different ones.', '')
    await init.answer('(empty: not encrypted): ', `${PASSWORD}x${BACKSPACE}\r`)
    await init.answer('Once more: ', `${PASSWORD}\r`)
    assert.equal(await init.end(), 0, init.shown)
    assert.match(init.shown, /(\b[a-z]{3,8}\b\s+(\d+\.?\s+)?){24}/, 'the 24 words')
    assert.equal('crypto' in JSON.parse(readFileSync(join(dir, 'account.key'), 'utf8')), true)

    const keys = new Sitting('keys', '--dir', dir, '--export-secret')
    await keys.answer('Password of ', 'not the password\r')
    await keys.answer('That is not it. Password of ', `${PASSWORD}\r`)
    assert.equal(await keys.end(), 0, keys.shown)
    assert.match(keys.shown, /[0-9a-f]{64}/)
    for (const { shown } of [init, keys])
      assert.ok(!shown.includes('horse') && !shown.includes('short') && !shown.includes('not the password'))
  })

  it('leaves the keys unencrypted for an empty answer, and says so', async () => {
    const dir = join(home, 'empty')
    const init = new Sitting('init', '--dir', dir, '--no-network')
    await init.answer('(empty: not encrypted): ', '\r')
    assert.equal(await init.end(), 0, init.shown)
    assert.match(init.shown, /not encrypted|unencrypted/)
    assert.equal(JSON.parse(readFileSync(join(dir, 'account.key'), 'utf8')).crypto, undefined)
  })

  it('ends at Ctrl-C, says so by its exit code, and makes no key', async () => {
    const dir = join(home, 'interrupted')
    const init = new Sitting('init', '--dir', dir, '--no-network')
    await init.answer('(empty: not encrypted): ', `half a pass${CTRL_C}`)
    assert.equal(await init.end(), exitCodes.interrupted, init.shown)
    assert.equal(existsSync(join(dir, 'account.key')), false)
  })

  it('gives up after three wrong passwords', async () => {
    const dir = join(home, 'asked')
    const keys = new Sitting('keys', '--dir', dir, '--export-secret')
    for (const question of ['Password of ', 'That is not it. ', 'That is not it. ']) await keys.answer(question, 'wrong again\r')
    assert.equal(await keys.end(), 1, keys.shown)
    assert.match(keys.shown, /bad-password|wrong-password/)
    assert.ok(!/[0-9a-f]{64}/.test(keys.shown))
  })
})
