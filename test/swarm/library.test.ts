import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { routes } from '../../src/api/routes.ts'
import { ApiClientError, createNetwork, createNode, QuorateClient } from '../../src/library/index.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { assertConforms } from '../unit/api/conforms.ts'

/** As a program of somebody else, without what the tests are run with. */
const env = { ...process.env, NODE_OPTIONS: '' }
const run = (file: string, args: readonly string[], { cwd }: { readonly cwd: string }) => promisify(execFile)(file, args, { cwd, env })
const root = fileURLToPath(new URL('../..', import.meta.url))

const local = { scope: 'local', listen: ['/ip4/127.0.0.1/tcp/0'] } as const

describe('library: a node in this process', () => {
  it('makes blocks, answers as its schemas say, and stops by its signal', async () => {
    const directory = tempDirectory('library')
    const { chainId, addresses } = await createNetwork({ directories: [directory], parameters: { slotMs: 500, idleSlots: 1 } })
    const controller = new AbortController()
    const seen = new Set<string>()
    const logged: string[] = []
    const node = await createNode({
      ...{ directory, ...local, signal: controller.signal },
      onEvent: ({ kind }) => seen.add(kind),
      onLog: ({ event }) => logged.push(event),
    })
    const { client, view, url } = node
    assert.ok(client !== null && url !== null)
    let height = 0
    for await (const event of client.events({ kinds: ['block', 'slot'] })) {
      if (event.kind === 'block') height = event.height
      if (height >= 2) break
    }
    assert.equal(view.chainId, chainId)
    assert.ok(seen.has('block') && seen.has('slot'), [...seen].join())
    const at: Readonly<Record<string, string>> = { heightOrHash: '1', address: addresses[0] ?? '' }
    for (const { method, path, type, answer } of routes) {
      if (method !== 'GET' || type !== 'application/json' || path.includes(':id') || path === '/v1/search') continue
      const asked = path.replaceAll(/:(\w+)/g, (_, name: string) => at[name] ?? '')
      const response: Response = await fetch(url + asked)
      const text = await response.text()
      assert.equal(response.status, 200, `${asked}: ${text}`)
      assertConforms(answer, JSON.parse(text), asked)
    }
    assert.deepEqual(
      (await client.search(addresses[0] ?? '')).results.map(({ kind }) => kind),
      ['account', 'verifier'],
    )
    assert.match(await client.metrics(), /^# HELP /m)
    const levels = await client.logLevels()
    assert.deepEqual(await client.setLogLevels(levels), levels)
    await assert.rejects(new QuorateClient(url).setLogLevels(levels), (error) => error instanceof ApiClientError && error.status === 401)
    controller.abort()
    await node.stop()
    await assert.rejects(client.status(), { code: 'unreachable' })

    const again = await createNode({ directory, ...local, api: false })
    assert.ok(again.view.status().height >= height && again.client === null && again.url === null)
    await again.stop()
    assert.ok(logged.every((event) => typeof event === 'string'))
  })

  it('says what it lacks, and does not start when the signal was given', async () => {
    const directory = tempDirectory('library-empty')
    await assert.rejects(createNode({ directory, ...local }), { code: 'genesis-missing', message: /createNetwork/ })
    await assert.rejects(createNode({ directory, ...local, signal: AbortSignal.abort(new Error('no')) }), { message: 'no' })
  })
})

describe('library: the package', () => {
  const app = tempDirectory('library-package')

  before(async () => {
    await run(process.execPath, ['scripts/declarations.mjs'], { cwd: root })
    // What is in the package, without the time that it takes to compress it.
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent', '--json', '--dry-run'], { cwd: root })
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as readonly { readonly files: readonly { readonly path: string }[] }[]
    for (const { path } of packed?.files ?? []) {
      const target = join(app, 'node_modules/quorate', path)
      mkdirSync(dirname(target), { recursive: true })
      copyFileSync(join(root, path), target)
    }
    // What an installation would put beside it.
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
    for (const name of Object.keys(dependencies)) {
      const link = join(app, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), link)
    }
    writeFileSync(join(app, 'package.json'), '{"type":"module"}')
  })

  it('has types for a strict program, and for what the docs show', async () => {
    writeFileSync(
      join(app, 'program.ts'),
      `import { ApiClientError, type BlockView, createNode, type EmbeddedNode, QuorateClient } from 'quorate'
const client = new QuorateClient('http://127.0.0.1:4080', { token: 'x', timeoutMs: 1000 })
export const block: Promise<BlockView> = client.block(1)
export const stake: Promise<number> = client.quorum().then(({ members }) => members[0]?.weightDroplets ?? 0)
export const start = (directory: string): Promise<EmbeddedNode> => createNode({ directory, api: false })
export async function watch(): Promise<void> {
  for await (const event of client.events({ kinds: ['block', 'alarm'] })) {
    if (event.kind === 'block') console.log(event.height, event.transactionIds.length)
    if (event.kind === 'alarm') console.log(event.detail)
  }
}
export const codeOf = (error: unknown): string => (error instanceof ApiClientError ? error.code : '')
`,
    )
    // An alarm has no height, a view cannot be changed, there is no such option.
    const wrong = [
      "for await (const event of client.events()) if (event.kind === 'alarm') console.log(event.height)",
      'void client.status().then((status) => { status.height = 1 })',
      "void createNode({ dir: 'x' })",
    ]
    const start = "import { createNode, QuorateClient } from 'quorate'; const client = new QuorateClient('')\n"
    writeFileSync(join(app, 'wrong.mts'), start + wrong.join('\n'))
    const compilerOptions = {
      ...{ module: 'nodenext', moduleResolution: 'nodenext', target: 'es2023', lib: ['es2023', 'dom', 'dom.asynciterable'], types: [] },
      ...{
        strict: true,
        noEmit: true,
        allowJs: true,
        checkJs: true,
        skipLibCheck: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
      },
    }
    writeFileSync(
      join(app, 'globals.d.ts'),
      'declare const process: { argv: [string, string, string]; once(name: string, run: () => void): void }\n',
    )
    const shown = ['library.md', 'http-api.md'].flatMap((page) =>
      [...readFileSync(join(root, 'docs', page), 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code),
    )
    assert.equal(shown.length, 3)
    const files = ['program.ts', 'wrong.mts', 'globals.d.ts', ...shown.map((_, index) => `shown-${index}.mjs`)]
    for (const [index, code] of shown.entries()) writeFileSync(join(app, `shown-${index}.mjs`), code)
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', app], { cwd: app }).catch(
      (error) => error,
    )
    assert.deepEqual(
      [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (\w+)/gm)].map(([, file, line, code]) => `${file} ${line} ${code}`),
      ['wrong.mts 2 TS2339', 'wrong.mts 3 TS2540', 'wrong.mts 4 TS2769'],
      stdout,
    )
  })

  it('runs the example of an embedded node', async () => {
    copyFileSync(join(root, 'examples/embedded-node.mjs'), join(app, 'embedded-node.mjs'))
    const { stdout } = await run(process.execPath, ['embedded-node.mjs'], { cwd: app })
    assert.match(stdout, /paid itself: final in block \d+\n$/)
  })
})
