import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { formatListing, hashSource, programRoot, runningSource } from '../../../src/node/source-hash.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))
const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')

const files: Readonly<Record<string, string>> = {
  'package.json': '{"name": "quorate", "version": "9.9.9"}\n',
  'package-lock.json': '{}\n',
  'tsconfig.json': '{}\n',
  'scripts/build.mjs': 'export {}\n',
  'src/cli/main.ts': "import '../a.ts'\n",
  'src/cli.ts': '',
  'src/a.ts': 'export const a = 1\r\n',
  'src/Z.ts': 'export const z = 1\n',
  'src/a/b.json': '[]',
}

/** A tree with these files besides, or instead; undefined leaves one out. */
function plant(others: Readonly<Record<string, string | undefined>> = {}): string {
  const root = tempDirectory('source')
  for (const [path, text] of Object.entries({ ...files, ...others })) {
    if (text === undefined) continue
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

describe('hash of the source', () => {
  const plain = hashSource(plant())

  it('lists what counts, by path, byte by byte, and hashes the listing', () => {
    const paths = plain.files.map(({ path }) => path)
    assert.deepEqual(paths, [
      'package-lock.json',
      'package.json',
      'scripts/build.mjs',
      'src/Z.ts',
      'src/a.ts',
      'src/a/b.json',
      'src/cli.ts',
      'src/cli/main.ts',
      'tsconfig.json',
    ])
    for (const { path, sha256: hash, bytes } of plain.files) {
      assert.deepEqual([path, hash, bytes], [path, sha256(files[path] ?? ''), files[path]?.length])
    }
    const listing = plain.files.map(({ path }) => `${sha256(files[path] ?? '')}  ${path}\n`).join('')
    assert.equal(formatListing(plain.files), listing)
    assert.equal(plain.hash, sha256(listing))
  })

  const same: readonly { description: string; change: (root: string) => void }[] = [
    { description: 'another file mode', change: (root) => chmodSync(join(root, 'src/a.ts'), 0o755) },
    { description: 'another time', change: (root) => utimesSync(join(root, 'src/a.ts'), 1, 1) },
    { description: 'an empty folder', change: (root) => mkdirSync(join(root, 'src/empty/empty'), { recursive: true }) },
    {
      description: 'what is not part of the program',
      change: (root) => {
        for (const folder of ['.git', 'dist', 'node_modules/x', 'docs', 'test/src', 'protocols', 'scripts/src']) {
          mkdirSync(join(root, folder), { recursive: true })
          writeFileSync(join(root, folder, 'index.ts'), 'x')
        }
        for (const name of ['.npmrc', 'README.md', 'bootstrap.json', 'tsconfig.pure.json']) writeFileSync(join(root, name), 'x')
      },
    },
    {
      description: 'what a file manager or an editor leaves, links too',
      change: (root) => {
        mkdirSync(join(root, 'src/.cache'))
        writeFileSync(join(root, 'src/.cache/a.ts'), 'x')
        writeFileSync(join(root, 'src/.DS_Store'), 'x')
        symlinkSync('someone@host:1', join(root, 'src/.#a.ts'))
      },
    },
  ]
  for (const { description, change } of same) {
    it(`stays with ${description}`, () => {
      const root = plant()
      change(root)
      assert.deepEqual(hashSource(root), plain)
    })
  }

  it('stays by whatever way the tree is named', () => {
    const root = plant()
    symlinkSync(root, join(root, 'docs'))
    for (const name of [`${root}/`, `${root}/src/..`, join(root, 'docs')]) assert.equal(hashSource(name).hash, plain.hash)
  })

  it('changes with every byte of every file', () => {
    const hashes = Object.keys(files).map((path) => hashSource(plant({ [path]: `${files[path]} ` })).hash)
    assert.equal(new Set([...hashes, plain.hash]).size, hashes.length + 1)
  })

  const different: readonly { description: string; change: (root: string) => void }[] = [
    { description: 'other line ends', change: (root) => writeFileSync(join(root, 'src/a.ts'), 'export const a = 1\n') },
    { description: 'a file more', change: (root) => writeFileSync(join(root, 'src/a.ts~'), '') },
    { description: 'a file less', change: (root) => rmSync(join(root, 'src/cli.ts')) },
    { description: 'another name', change: (root) => renameSync(join(root, 'src/cli.ts'), join(root, 'src/Cli.ts')) },
  ]
  for (const { description, change } of different) {
    it(`changes with ${description}`, () => {
      const root = plant()
      change(root)
      assert.notEqual(hashSource(root).hash, plain.hash)
    })
  }

  it('is the same for the same files, in whatever order they were made', () => {
    const name = fc.stringMatching(/^[!#-&(-\-0-[\]-~][!#-&(-.0-[\]-~]{0,8}$/)
    const tree = fc.dictionary(name, fc.string({ maxLength: 20 }), { maxKeys: 6 })
    fc.assert(
      fc.property(tree, (content) => {
        const named = Object.entries(content).map(([key, text]) => [`src/x/${key}`, text] as const)
        const [one, other] = [hashSource(plant(Object.fromEntries(named))), hashSource(plant(Object.fromEntries(named.toReversed())))]
        assert.deepEqual(one, other)
        const paths = one.files.map(({ path }) => path)
        assert.deepEqual(
          paths,
          paths.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right))),
        )
        assert.equal(one.files.length, plain.files.length + named.length)
      }),
      { numRuns: 40, seed: 1 },
    )
  })

  const refused: readonly { description: string; make: () => string; code: string; says: RegExp }[] = [
    { description: 'a path that is not there', make: () => join(plant(), 'none'), code: 'source-missing', says: /nothing at .*none/ },
    { description: 'a file', make: () => join(plant(), 'package.json'), code: 'source-missing', says: /is no folder/ },
    { description: 'what is below a file', make: () => join(plant(), 'package.json/x'), code: 'source-missing', says: /nothing at/ },
    { description: 'an empty folder', make: () => tempDirectory(), code: 'not-source', says: /no package\.json with the name quorate/ },
    { description: 'another program', make: () => plant({ 'package.json': '{"name": "other"}' }), code: 'not-source', says: /quorate/ },
    {
      description: 'a package.json that is no JSON',
      make: () => plant({ 'package.json': '{"name"' }),
      code: 'not-source',
      says: /quorate/,
    },
    { description: 'a package.json of null', make: () => plant({ 'package.json': 'null' }), code: 'not-source', says: /quorate/ },
    {
      description: 'a program without its source',
      make: () => {
        const root = plant()
        rmSync(join(root, 'src'), { recursive: true })
        return root
      },
      code: 'source-incomplete',
      says: /src is missing/,
    },
    {
      description: 'a tree without its lock file',
      make: () => plant({ 'package-lock.json': undefined }),
      code: 'source-incomplete',
      says: /package-lock\.json is missing/,
    },
    {
      description: 'a tree without scripts',
      make: () => plant({ 'scripts/build.mjs': undefined }),
      code: 'source-incomplete',
      says: /scripts is missing/,
    },
    {
      description: 'a linked file',
      make: () => linked('src/l.ts', 'src/a.ts'),
      code: 'source-kind',
      says: /src\/l\.ts is a symbolic link/,
    },
    { description: 'a linked folder', make: () => linked('src/l', 'src/a'), code: 'source-kind', says: /src\/l is a symbolic link/ },
    { description: 'a dangling link', make: () => linked('src/l', 'none'), code: 'source-kind', says: /src\/l is a symbolic link/ },
    ...['package.json', 'tsconfig.json', 'scripts', 'src'].map((path) => ({
      description: `${path} behind a link`,
      make: () => {
        const root = plant()
        renameSync(join(root, path), join(root, 'elsewhere'))
        symlinkSync(join(root, 'elsewhere'), join(root, path))
        return root
      },
      code: 'source-kind',
      says: new RegExp(`^${path} is a symbolic link`),
    })),
    {
      description: 'a folder in the place of a file',
      make: () => plant({ 'tsconfig.json': undefined, 'tsconfig.json/x': '' }),
      code: 'source-kind',
      says: /tsconfig\.json is not what it must be/,
    },
    {
      description: 'a pipe',
      make: () => {
        const root = plant()
        execFileSync('sh', ['-c', 'mkfifo src/pipe'], { cwd: root })
        return root
      },
      code: 'source-kind',
      says: /src\/pipe is not what/,
    },
    ...[' ', '\n', '\\', "'", '"', 'é', '\u007f'].map((character) => ({
      description: `a name with ${JSON.stringify(character)}`,
      make: () => plant({ [`src/a${character}b.ts`]: '' }),
      code: 'source-name',
      says: /^"src\/a.+b\.ts": in the source a name/,
    })),
    { description: 'such a name of a folder', make: () => plant({ 'src/a b/c.ts': '' }), code: 'source-name', says: /^"src\/a b": / },
    {
      description: 'more bytes than a source has',
      make: () => {
        const root = plant()
        truncateSync(join(root, 'src/a.ts'), 64 * 1024 * 1024)
        return root
      },
      code: 'source-too-large',
      says: /more than 67108864 bytes/,
    },
    {
      description: 'more files than a source has',
      make: () => {
        const root = plant()
        for (let index = 0; index < 10_000; index++) mkdirSync(join(root, `src/${index}`))
        return root
      },
      code: 'source-too-large',
      says: /more than 10000 files and folders/,
    },
    {
      description: 'what the system does not let it read',
      make: () => `/${'x'.repeat(300)}`,
      code: 'source-unreadable',
      says: /cannot be read \(ENAMETOOLONG\)/,
    },
    // Root may read everything.
    ...(process.getuid?.() === 0
      ? []
      : ['src/a.ts', 'src/a', 'package.json'].map((path) => ({
          description: `a tree of which it may not read ${path}`,
          make: () => {
            const root = plant()
            chmodSync(join(root, path), 0)
            return root
          },
          code: 'source-unreadable',
          says: /cannot be read \(EACCES\)/,
        }))),
  ]
  for (const { description, make, code, says } of refused) {
    it(`refuses ${description}`, () => {
      const root = make()
      assert.throws(() => hashSource(root), { name: 'QuorateError', code, message: says })
    })
  }

  it('refuses a file that is written while it is read', async () => {
    const root = plant()
    const path = join(root, 'src/a.ts')
    // Large, so that a write falls into the reading of it.
    truncateSync(path, 16 * 1024 * 1024)
    const writer = new Worker(
      "const { writeFileSync } = require('node:fs'); for (;;) writeFileSync(process.argv[2], 'x', { flag: 'r+' })",
      {
        eval: true,
        argv: [path],
      },
    )
    try {
      const code = await waitFor(
        () => {
          try {
            hashSource(root)
            return undefined
          } catch (error) {
            return (error as { code?: string }).code
          }
        },
        { deadlineMs: 30_000, description: 'a write while it is read' },
      )
      assert.equal(code, 'source-changed')
    } finally {
      await writer.terminate()
    }
    hashSource(root)
  })
})

function linked(path: string, to: string): string {
  const root = plant()
  symlinkSync(join(root, to), join(root, path))
  return root
}

describe('source of this program', () => {
  const copy = tempDirectory('source-copy')
  before(() => {
    for (const name of ['src', 'scripts/build.mjs', 'package.json', 'package-lock.json', 'tsconfig.json']) {
      cpSync(join(checkout, name), join(copy, name), { recursive: true })
    }
  })

  it('is found around the program', () => assert.equal(programRoot(), checkout.replace(/\/$/, '')))

  it('has its stamp from the build alone', () => {
    const before = process.env['QUORATE_SOURCE']
    try {
      for (const stamp of ['', 'ab', 'AB'.repeat(32)]) {
        process.env['QUORATE_SOURCE'] = stamp
        assert.equal(runningSource(), null)
      }
      process.env['QUORATE_SOURCE'] = 'ab'.repeat(32)
      assert.equal(runningSource(), 'ab'.repeat(32))
    } finally {
      if (before === undefined) delete process.env['QUORATE_SOURCE']
      else process.env['QUORATE_SOURCE'] = before
    }
  })

  it('is bundled by nothing that lies outside of the hash', () => {
    const covered = new Set(hashSource(copy).files.map(({ path }) => path))
    const imports = [...readFileSync(join(copy, 'scripts/build.mjs'), 'utf8').matchAll(/(?:from|import\(|require\()\s*['"](\.[^'"]+)['"]/g)]
    for (const [, path = ''] of imports) assert.ok(covered.has(join('scripts', path)), `scripts/build.mjs imports ${path}`)
    assert.ok(!('extends' in JSON.parse(readFileSync(join(copy, 'tsconfig.json'), 'utf8'))), 'tsconfig.json extends another file')
  })

  // The line that protocols/source.md gives to everybody.
  const line = /^```sh\n([\s\S]*?)\n```$/m.exec(readFileSync(join(checkout, 'protocols/source.md'), 'utf8'))?.[1] ?? ''
  const withSha256sum = spawnSync('sh', ['-c', 'sha256sum --version']).status === 0
  const trees = [
    { description: 'this tree', make: () => copy },
    {
      description: 'a tree with odd names',
      make: () => plant({ 'src/.x/y.ts': '', 'src/#a~.ts': '1', 'src/[b]&$c;*?.ts': '2', 'src/-d': '' }),
    },
  ]
  for (const { description, make } of withSha256sum ? trees : []) {
    it(`has the hash and the listing that the page's shell line gives for ${description}`, () => {
      const cwd = realpathSync(make())
      const { hash, files: listed } = hashSource(cwd)
      const run = (command: string): string => execFileSync('sh', ['-c', command], { cwd, encoding: 'utf8' })
      assert.equal(run(line), `${hash}  -\n`)
      assert.equal(run(line.replace(/ \| sha256sum$/, '')), formatListing(listed))
    })
  }
})
