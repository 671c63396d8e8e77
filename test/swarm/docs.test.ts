import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { commandsOf, type Shown } from './docs.ts'
import { Terminal } from './terminal.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
/** Pages whose commands are for the network that the README begins with, in this order. */
const pages = [
  'README.md',
  'docs/monitoring.md',
  'docs/doctor.md',
  'docs/bootstrap.md',
  'docs/operating.md',
  'docs/http-api.md',
  'docs/service.md',
]
/** Of pages with a test of their own that runs all of them. */
const elsewhere: Readonly<Record<string, string>> = {
  'docs/walkthrough.md': 'test/swarm/walkthrough.test.ts',
  'docs/moving.md': 'test/unit/cli/guard.test.ts',
  'docs/joining.md': 'test/swarm/operator-pages.test.ts',
  'docs/keys.md': 'test/swarm/operator-pages.test.ts',
  'docs/faucet.md': 'test/swarm/operator-pages.test.ts',
}
/** Ports that the pages name; the system gives the test others. */
const PORTS = [4001, 4080, 4101, 4102, 4103, 4104, 4181, 4182, 4183, 4184] as const

/** For what hangs. */
const DEADLINE_MS = 300_000

/** What a command that goes on has printed when a person would go on. */
const ready: readonly { readonly command: RegExp; readonly says: RegExp }[] = [
  { command: /^quorate bootstrap /, says: /\/p2p\/12D3KooW/ },
  { command: /^quorate start /, says: /started {2}/ },
]

async function freePorts(): Promise<ReadonlyMap<number, number>> {
  const servers = await Promise.all(
    PORTS.map(async (known) => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      assert.ok(typeof address === 'object' && address !== null)
      return { known, port: address.port, server }
    }),
  )
  await Promise.all(servers.map(({ server }) => new Promise((resolve) => server.close(resolve))))
  return new Map(servers.map(({ known, port }) => [known, port]))
}

describe('commands of the documentation', function () {
  this.timeout(DEADLINE_MS)
  this.slow(60_000)

  const tree = tempDirectory('docs')
  const kept: Terminal[] = []
  let here: Terminal
  let ports: ReadonlyMap<number, number>
  /** A command that hangs holds up the shell: what comes after it is not waited for. */
  let hasFailed = false

  afterEach(function () {
    hasFailed ||= this.currentTest?.state === 'failed'
  })
  before(async () => {
    for (const name of ['dist', 'node_modules', 'examples', 'deploy', 'package.json', 'bootstrap.json'])
      symlinkSync(join(checkout, name), join(tree, name))
    ports = await freePorts()
    here = await terminal()
  })
  after(() => {
    for (const one of [here, ...kept]) one.kill()
  })

  async function terminal(): Promise<Terminal> {
    const made = new Terminal(tree)
    // As the README has it: a function would be a shell of its own, which hears no Ctrl-C.
    await made.run(`alias quorate="node ${join(checkout, 'dist/quorate.js')}"`)
    return made
  }
  const withPorts = (command: string): string =>
    PORTS.reduce((text, known) => text.replaceAll(new RegExp(`\\b${known}\\b`, 'g'), String(ports.get(known))), command)

  async function take({ command: shown, where }: Shown): Promise<void> {
    assert.ok(!hasFailed, 'what comes before it has failed')
    const command = withPorts(shown)
    if (where === 'own') {
      const says = ready.find((one) => one.command.test(command))?.says ?? assert.fail(`when is \`${command}\` ready?`)
      const own = await terminal()
      kept.push(own)
      return await own.keep(command, says)
    }
    // A stream goes on until it is cut off; a shell that shows one is as good as a person who ends it.
    const isStream = /curl -\w*N/.test(command)
    const { code, output } = await here.run(isStream ? `timeout 3 ${command}` : command)
    if (isStream) assert.ok(code === 124 && output.includes('data:'), `\`${command}\` ended with ${code}:\n${output}`)
    else assert.equal(code, 0, `\`${command}\` ended with ${code}:\n${output}`)
    assert.doesNotMatch(output, /"code":"(unknown-route|wrong-method|internal)"/, command)
  }

  for (const page of pages)
    describe(page, () => {
      const shown = existsSync(join(checkout, page)) ? commandsOf(readFileSync(join(checkout, page), 'utf8')) : []
      it('is there, and shows commands', () => assert.ok(shown.length > 0))
      for (const one of shown)
        if (one.where === 'elsewhere')
          it(`line ${one.line}, ${one.command}: run by ${one.by}`, () => assert.ok(existsSync(join(checkout, one.by ?? '')), `${one.by}`))
        else it(`line ${one.line}, ${one.command}`, () => take(one))
    })

  describe('in the end', () => {
    it('what nodes keep is for their owner only', () => {
      const open = readdirSync(join(tree, 'net'), { recursive: true, withFileTypes: true })
        .filter((entry) => /\/net\/(v1|full|seed|copy)(\/|$)/.test(join(entry.parentPath, entry.name)))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => (statSync(path).mode & 0o077) !== 0)
      assert.deepEqual(open, [])
    })
    it('what went on ends as it should', async () => {
      for (const one of kept.toReversed()) assert.equal(await one.close(), 0, one.output.slice(-2_000))
    })
  })

  it('are run by some test on every page', () => {
    const all = ['README.md', ...readdirSync(join(checkout, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []))]
    const unseen = all.filter((page) => {
      const test = elsewhere[page]
      if (test !== undefined) return !readFileSync(join(checkout, test), 'utf8').includes(page)
      return !pages.includes(page) && commandsOf(readFileSync(join(checkout, page), 'utf8')).some(({ where }) => where !== 'elsewhere')
    })
    assert.deepEqual(unseen, [])
  })
})
