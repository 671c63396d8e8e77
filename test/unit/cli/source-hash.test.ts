import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatListing, hashSource } from '../../../src/node/source-hash.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { type Ended, quorate, startQuorate } from './quorate.ts'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))
/** Processes at a time: the machine may have two processors. */
const AT_ONCE = 3
const counted = ['src', 'scripts/build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json']

/** A small tree of the right kind. */
function plant(): string {
  const root = tempDirectory('cli-source')
  mkdirSync(join(root, 'src'))
  mkdirSync(join(root, 'scripts'))
  for (const path of ['src/a.ts', 'scripts/build.mjs', 'package-lock.json', 'tsconfig.json']) writeFileSync(join(root, path), path)
  writeFileSync(join(root, 'package.json'), '{"name": "quorate"}')
  return root
}

describe('quorate source-hash', () => {
  const root = plant()
  const { hash, files } = hashSource(root)

  it('prints the hash, the listing, or all as JSON', async () => {
    const [plain, list, json] = await Promise.all([
      quorate('source-hash', root),
      quorate('source-hash', root, '--list'),
      quorate('source-hash', root, '--json'),
    ])
    for (const { code, stderr } of [plain, list, json]) assert.deepEqual([code, stderr], [0, ''])
    assert.equal(plain.stdout, `${hash}\n`)
    assert.equal(list.stdout, formatListing(files))
    assert.deepEqual(JSON.parse(json.stdout), { hash, files })
  })

  it('takes the tree around the program, and either form, not both', async () => {
    const [own, both] = await Promise.all([quorate('source-hash'), quorate('source-hash', root, '--list', '--json')])
    assert.match(own.stdout, /^[0-9a-f]{64}\n$/)
    assert.equal(both.code, 2)
    assert.match(both.stderr, /'--list' cannot be used with option '--json'/)
  })

  it('says what is wrong with a tree in one line', async () => {
    const bad = plant()
    symlinkSync('a.ts', join(bad, 'src/link.ts'))
    const cases = [
      { path: join(root, 'none'), says: /nothing at .*none.* \[source-missing\]\n$/ },
      { path: tempDirectory(), says: /no source of quorate.* \[not-source\]\n$/ },
      { path: bad, says: /src\/link\.ts is a symbolic link.* \[source-kind\]\n$/ },
    ]
    const ended = await Promise.all(cases.map(({ path }) => quorate('source-hash', path)))
    for (const [index, { says }] of cases.entries()) {
      assert.deepEqual([ended[index]?.code, ended[index]?.stdout], [1, ''])
      assert.match(ended[index]?.stderr ?? '', says)
      assert.match(ended[index]?.stderr ?? '', /^error: .*\n$/)
    }
  })
})

describe('quorate verify-source', () => {
  const root = plant()
  const { hash } = hashSource(root)
  const other = 'cd'.repeat(32)
  const election = {
    id: 3,
    closesSlot: 700,
    proposals: [
      { source: other, droplets: 12_500_000 },
      { source: hash, droplets: 1 },
    ],
  }
  const nothing = { ratified: null, election: null, supplyDroplets: 100_000_000, running: hash }
  const ratified = { ...nothing, ratified: { source: hash, height: 120 } }

  let server: Server
  let url: string
  /** What nodes answer, by the path that each is behind: several commands may ask at a time. */
  const answers = new Map<string | undefined, { readonly status: number; readonly body: string }>()
  before(async () => {
    server = createServer((request, response) => {
      const { status, body } = answers.get(request.url) ?? { status: 500, body: '' }
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const [index, { body, stamp, args }] of cases.entries()) {
      ended.push((ended[index - AT_ONCE] ?? Promise.resolve()).then(() => verify(body, stamp, ...args)))
    }
  })
  after(() => server.close())

  /** The address of a node that answers so. */
  const nodeWith = (body: unknown, status = 200): string => {
    const path = `/${answers.size}`
    answers.set(`${path}/v1/ratification`, { status, body: JSON.stringify(body) })
    return `${url}${path}`
  }

  /** `stamp` is what the program says that it was built from. */
  const verify = (body: unknown, stamp: string | null, ...args: readonly string[]): Promise<Ended> =>
    startQuorate(['verify-source', '--api', nodeWith(body), ...args], { env: { QUORATE_SOURCE: stamp ?? '' } }).ended

  interface Case {
    readonly description: string
    readonly body: unknown
    readonly stamp: string | null
    readonly args: readonly string[]
    readonly code: number
    readonly stdout: RegExp
    readonly stderr: RegExp
  }
  const cases: readonly Case[] = [
    {
      description: 'program, node and tree are the ratified source',
      body: ratified,
      stamp: hash,
      args: [root],
      code: 0,
      stdout: new RegExp(
        `^tree +${hash} {2}${root}\nprogram +${hash} .*\nnode +${hash} .*\nratified +${hash} .*120\nthe network ratified this source: .*, this program, the node at http`,
      ),
      stderr: /^$/,
    },
    {
      description: 'a tree that nobody named is shown, not judged',
      body: ratified,
      stamp: hash,
      args: [],
      code: 0,
      stdout: /^tree .*\n[\s\S]*note: .* is not, or not any more, what this program was built from.*\nthe network ratified this source/,
      stderr: /^$/,
    },
    {
      description: 'the program is another source',
      body: ratified,
      stamp: other,
      args: [root],
      code: 4,
      stdout: new RegExp(`program +${other}`),
      stderr: new RegExp(`ratified ${hash.slice(0, 16)}… at height 120, but this program is cdcdcdcdcdcdcdcd…: get .*\\[not-ratified\\]`),
    },
    {
      description: 'the program has no stamp',
      body: ratified,
      stamp: null,
      args: [],
      code: 4,
      stdout: /program +not known/,
      stderr: /but this program does not know what it was built from: get/,
    },
    {
      description: 'the node runs another source',
      body: { ...ratified, running: other },
      stamp: hash,
      args: [],
      code: 4,
      stdout: new RegExp(`node +${other}`),
      stderr: /but the node at http:\S+ is cdcd/,
    },
    {
      description: 'the node does not know what it runs',
      body: { ...ratified, running: null },
      stamp: hash,
      args: [],
      code: 4,
      stdout: /node +not known/,
      stderr: /but the node at http:\S+ does not know/,
    },
    {
      description: 'all are one source, but the network ratified another',
      body: { ...ratified, ratified: { source: other, height: 9 } },
      stamp: hash,
      args: [root],
      code: 4,
      stdout: new RegExp(`ratified +${other}`),
      stderr: new RegExp(`height 9, but ${root} is .*…, this program is .*…, the node at .* is .*…: get`),
    },
    {
      description: 'nothing is ratified',
      body: nothing,
      stamp: hash,
      args: [root],
      code: 5,
      stdout: /ratified +nothing yet\n$/,
      stderr: /has ratified no source yet, so there is nothing to compare with \[none-ratified\]/,
    },
    {
      description: 'nothing is ratified, nobody knows what runs',
      body: { ...nothing, running: null },
      stamp: null,
      args: [],
      code: 5,
      stdout: /ratified +nothing yet\n$/,
      stderr: /has ratified no source yet/,
    },
    {
      description: 'a vote is open',
      body: { ...nothing, election },
      stamp: hash,
      args: [],
      code: 5,
      stdout: new RegExp(
        `vote +closes with slot 700; passes above half of 100 coins\n +${other} +12\\.5 coins\n +${hash} +0\\.000001 coins\n`,
      ),
      stderr: /and a vote is open/,
    },
    {
      description: 'many proposals',
      body: { ...nothing, election: { ...election, proposals: new Array(11).fill(election.proposals[0]) } },
      stamp: hash,
      args: [],
      code: 5,
      stdout: /(cdcd.*\n.*){8} and 3 more/,
      stderr: /a vote is open/,
    },
    ...[
      {},
      null,
      { ...ratified, ratified: {} },
      { ...ratified, ratified: { source: '\u001b[2J', height: 1 } },
      { ...ratified, ratified: { source: hash } },
      { ...ratified, running: 'AB'.repeat(32) },
      { ...ratified, supplyDroplets: 0.5 },
      { ...ratified, election: { closesSlot: 1 } },
      { ...ratified, election: { closesSlot: 1, proposals: [null] } },
    ].map((body) => ({
      description: `an answer that is none: ${JSON.stringify(body).slice(0, 60)}`,
      body,
      stamp: hash,
      args: [],
      code: 3,
      stdout: /^$/,
      stderr: /no quorate node, or one of another version/,
    })),
  ]
  const ended: Promise<Ended>[] = []
  for (const [index, { description, code, stdout, stderr }] of cases.entries()) {
    it(`${description}: ${code}`, async () => {
      const result = await ended[index]
      assert.match(result?.stderr ?? '', stderr)
      assert.match(result?.stdout ?? '', stdout)
      assert.equal(result?.code, code)
      if (code !== 0) assert.match(result?.stderr ?? '', /^error: .*\n$/)
    })
  }

  const verdicts = [
    { verdict: 'ratified', body: ratified, code: 0 },
    { verdict: 'not-ratified', body: { ...ratified, running: other, election }, code: 4 },
    { verdict: 'none-ratified', body: { ...nothing, election }, code: 5 },
  ] as const
  for (const { verdict, body, code } of verdicts) {
    it(`--json says ${verdict}, and what was compared: ${code}`, async () => {
      const api = nodeWith(body)
      const result = await startQuorate(['verify-source', root, '--api', api, '--json'], { env: { QUORATE_SOURCE: hash } }).ended
      assert.equal(result.code, code)
      assert.deepEqual(JSON.parse(result.stdout), {
        verdict,
        ratified: body.ratified,
        program: hash,
        node: { url: api, source: body.running },
        tree: { path: root, source: hash },
        election: body.election,
      })
    })
  }

  it('asks no node about a tree that has no hash', async () => {
    const { code, stdout, stderr } = await verify(ratified, hash, join(root, 'none'))
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /\[source-missing\]/)
  })

  it('takes a node that has no such answer for an older one, not for a chain without ratification', async () => {
    const api = nodeWith({ error: { code: 'unknown-route', message: 'there is nothing' } }, 404)
    const { code, stderr } = await quorate('verify-source', '--api', api)
    assert.equal(code, 1)
    assert.match(stderr, /knows nothing of ratification.*\[no-ratification\]/)
  })

  it('asks the node of a directory', async () => {
    const directory = tempDirectory('cli-source-node')
    assert.equal((await quorate('verify-source', '--dir', directory)).code, 3)
    writeFileSync(join(directory, 'api.json'), JSON.stringify({ url: nodeWith(nothing), pid: process.pid }))
    assert.equal((await quorate('verify-source', '--dir', directory)).code, 5)
  })

  describe('a bundle', () => {
    const tree = tempDirectory('cli-source-bundle')
    const run = async (...args: readonly string[]): Promise<Ended> => {
      try {
        const { stdout, stderr } = await promisify(execFile)(process.execPath, [...args], {
          env: { ...process.env, NODE_OPTIONS: '', QUORATE_SOURCE: other },
          timeout: 45_000,
        })
        return { code: 0, stdout, stderr }
      } catch (error) {
        return error as Ended
      }
    }
    const build = (): Promise<Ended> => run(join(tree, 'scripts/build.mjs'))
    before(async () => {
      for (const name of counted) cpSync(join(checkout, name), join(tree, name), { recursive: true })
      symlinkSync(join(checkout, 'node_modules'), join(tree, 'node_modules'))
      const { code, stderr } = await build()
      assert.equal(code, 0, stderr)
    })

    it('knows what it was made of, whatever the environment says, also when the tree has changed', async () => {
      const { hash: made } = hashSource(tree)
      const api = nodeWith({ ...nothing, ratified: { source: made, height: 1 }, running: made })
      const verifyIt = (...args: readonly string[]): Promise<Ended> =>
        run(join(tree, 'dist/quorate.js'), 'verify-source', '--api', api, '--json', ...args)
      const { code, stdout } = await verifyIt(tree)
      assert.equal(code, 0)
      assert.equal(JSON.parse(stdout).program, made)
      appendFileSync(join(tree, 'package.json'), '\n')
      const [shown, judged] = await Promise.all([verifyIt(), verifyIt(tree)])
      assert.deepEqual([shown.code, judged.code], [0, 4])
      const { program, tree: found } = JSON.parse(shown.stdout)
      assert.deepEqual([program, found], [made, { path: tree, source: hashSource(tree).hash }])
    })

    it('is made of nothing but what is hashed, or not made at all', async () => {
      const before = readFileSync(join(tree, 'dist/quorate.js'))
      const main = join(tree, 'src/cli/main.ts')
      const text = readFileSync(main, 'utf8')
      const cases = [
        {
          description: 'a file outside',
          path: 'docs/x.ts',
          from: '../../docs/x.ts',
          says: /docs\/x\.ts would be in the bundle and is not in the hash/,
        },
        { description: 'a hidden file', path: 'src/cli/.x.ts', from: './.x.ts', says: /src\/cli\/\.x\.ts would be in the bundle/ },
        {
          description: 'no file of a package',
          path: 'src/.a/node_modules/x/index.ts',
          from: '../.a/node_modules/x/index.ts',
          says: /is not in the hash/,
        },
        { description: 'a name that has no place in it', path: 'src/a b.ts', from: '../a b.ts', says: /"src\/a b\.ts": .*\[source-name\]/ },
      ]
      for (const { description, path, from, says } of cases) {
        mkdirSync(join(tree, path, '..'), { recursive: true })
        writeFileSync(join(tree, path), 'export const x = Math.random()')
        writeFileSync(main, `import { x } from '${from}'\nconsole.log(x)\n${text}`)
        const { code, stderr } = await build()
        assert.equal(code, 1, description)
        assert.match(stderr, says)
      }
      assert.deepEqual(readFileSync(join(tree, 'dist/quorate.js')), before)
    })
  })
})
