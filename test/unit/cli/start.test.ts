import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { quorate, type Running, startQuorate } from './quorate.ts'

const DEADLINE_MS = 30_000

describe('quorate start', () => {
  const home = tempDirectory('cli-start')
  const directory = join(home, 'v1')
  const apiFile = join(directory, 'api.json')
  const flags = ['--scope', 'local', '--listen', '/ip4/127.0.0.1/tcp/0', '--api', '127.0.0.1:0']
  let running: Running | undefined

  before(async () => {
    const genesis = join(home, 'genesis.json')
    await quorate('init', '--dir', directory, '--role', 'verifier')
    await quorate('genesis', '--verifier', directory, '--time', 'now', '--slot', '200', '--coin-hour', '1', '--idle', '2', '--out', genesis)
    const { code, stderr } = await quorate('init', '--dir', directory, '--genesis', genesis)
    assert.equal(code, 0, stderr)
  })
  afterEach(async () => {
    running?.child.kill('SIGKILL')
    await running?.ended
    running = undefined
  })

  const start = (...more: string[]): Promise<{ url: string; pid: number }> => {
    running = startQuorate(['start', '--dir', directory, ...flags, ...more])
    // A node that was killed leaves its file behind.
    const own = (): { url: string; pid: number } | undefined => {
      const found = existsSync(apiFile) ? JSON.parse(readFileSync(apiFile, 'utf8')) : undefined
      return found?.pid === running?.child.pid ? found : undefined
    }
    return waitFor(own, { deadlineMs: DEADLINE_MS, description: 'api.json of this process' })
  }

  it('runs a node and its API, tells people what happens, and stops clean', async () => {
    const { url, pid } = await start()
    assert.equal(pid, running?.child.pid)
    const height = async (): Promise<number> => (await (await fetch(`${url}/v1/status`)).json()).height
    // It makes blocks before it tells of them.
    const before = await height()
    await waitFor(async () => (await height()) >= before + 2, { deadlineMs: DEADLINE_MS, description: 'two more blocks' })
    const second = await quorate('start', '--dir', directory, ...flags)
    assert.equal(second.code, 1)
    assert.match(second.stderr, new RegExp(`process ${pid}, ${url}\\) runs on`))
    assert.ok(existsSync(apiFile))
    running?.child.kill('SIGTERM')
    const ended = await running?.ended
    assert.equal(ended?.code, 0)
    assert.equal(ended?.stdout, '')
    assert.match(ended?.stderr ?? '', /started {2}verifier of testnet-[\s\S]*block {4}\d+ [\s\S]*stopping \(SIGTERM\)[\s\S]*stopped\n$/)
    assert.ok(!existsSync(apiFile))
  })

  it('logs JSON lines for programs', async () => {
    await start('--log-format', 'json')
    running?.child.kill('SIGINT')
    const ended = await running?.ended
    const events = (ended?.stderr ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event)
    assert.equal(ended?.code, 0)
    for (const event of ['started', 'stopping', 'stopped']) assert.ok(events.includes(event), `${event} in ${events}`)
  })

  it('stops when standard input ends, if it was told to watch it', async () => {
    await start('--parent-watch')
    running?.child.stdin?.destroy()
    const ended = await running?.ended
    assert.equal(ended?.code, 0)
    assert.match(ended?.stderr ?? '', /stopping \(standard input ended\)/)
  })

  it('starts where a killed node left its api.json', async () => {
    await start()
    running?.child.kill('SIGKILL')
    await running?.ended
    const unreachable = await quorate('status', '--dir', directory)
    assert.equal(unreachable.code, 3)
    assert.match(unreachable.stderr, /may have been killed/)
    await start()
  })

  it('says that the API port is taken, and leaves nothing running', async () => {
    const { url } = await start()
    const other = join(home, 'other')
    await quorate('init', '--dir', other, '--genesis', join(home, 'genesis.json'))
    const taken = await quorate('start', '--dir', other, ...flags, '--api', new URL(url).host)
    assert.equal(taken.code, 1)
    assert.match(taken.stderr, /another program listens there: choose another with `--api/)
    assert.ok(!existsSync(join(other, 'api.json')))
  })
})
