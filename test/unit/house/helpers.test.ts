import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('waitFor', () => {
  it('resolves with the first truthy value', async () => {
    let calls = 0
    const value = await waitFor(() => (++calls === 3 ? 'there' : undefined), { deadlineMs: 30_000, description: 'the third call' })
    assert.equal(value, 'there')
    assert.equal(calls, 3)
  })

  const failures = [
    { description: 'a value that stays false', condition: () => 0, last: /last seen: 0$/ },
    { description: 'a condition that throws', condition: () => assert.fail('no such node'), last: /last seen: a throw: no such node$/ },
    { description: 'a promise that never settles', condition: () => new Promise<never>(() => undefined), last: /still pending$/ },
  ]
  for (const { description, condition, last } of failures)
    it(`fails at the deadline with what it saw last: ${description}`, async () => {
      const waiting = waitFor<unknown>(condition, { deadlineMs: 50, description: 'a thing' })
      await assert.rejects(waiting, (error: Error) => error.message.startsWith('waited 50 ms for a thing; ') && last.test(error.message))
    })
})

describe('tempDirectory', () => {
  it('gives a directory each', () => {
    const [first, second] = [tempDirectory(), tempDirectory()]
    assert.notEqual(first, second)
    assert.ok(existsSync(first) && existsSync(second))
  })

  it('removes them with what is in them, after a failure too', async () => {
    const helper = join(root, 'test/helpers/temp-directory.ts')
    const { stdout } = await mocha(`
      import { writeFileSync } from 'node:fs'
      import { tempDirectory } from '${helper}'
      it('a', () => {
        const directory = tempDirectory()
        writeFileSync(directory + '/file', 'text')
        console.log('directory=' + directory)
        throw new Error('no')
      })`)
    const directory = /^directory=(.+)$/m.exec(stdout)?.[1]
    assert.ok(directory !== undefined, stdout)
    assert.ok(!existsSync(directory))
  })
})

describe('a mocha run', () => {
  const runs = [
    { description: 'passing', body: "it('a', () => {})", closing: '1 passed, 0 failed', fails: false },
    { description: 'failing', body: "it('a', () => { throw new Error('no') })", closing: '0 passed, 1 failed', fails: true },
    { description: 'without tests', body: '', closing: '0 passed, 1 failed', fails: true },
    {
      description: 'ended from inside a test',
      body: "it('a', () => {}); it('b', () => process.exit(0))",
      closing: '1 passed, 1 failed',
      fails: true,
    },
    {
      description: 'a hook that throws',
      body: "before(() => { throw new Error('no') }); it('a', () => {})",
      closing: '0 passed, 1 failed',
      fails: true,
    },
    {
      description: 'a timer left running',
      body: "it('a', () => { setInterval(() => undefined, 1000) })",
      closing: '1 passed, 1 failed',
      fails: true,
    },
  ]
  for (const { description, body, closing, fails } of runs)
    it(`closes with one line and the right exit code: ${description}`, async () => {
      const { code, stdout } = await mocha(`describe('planted', () => { ${body} })`)
      assert.equal(stdout.trimEnd().split('\n').at(-1), closing)
      assert.equal(code !== 0, fails)
    })
})

/** Runs mocha as the house does, in a process of its own, on one file with this text. */
async function mocha(text: string): Promise<{ code: number; stdout: string }> {
  const file = join(tempDirectory('mocha'), 'planted.test.ts')
  writeFileSync(file, text)
  const arguments_ = ['--import', 'tsx', join(root, 'node_modules/mocha/bin/mocha.js'), file]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
      cwd: root,
      env: { ...process.env, LINGER_LIMIT_MS: '3000' },
      timeout: 50_000,
    })
    return { code: 0, stdout }
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string }
    return { code, stdout }
  }
}
