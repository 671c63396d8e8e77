/**
 * Bundles the command line to dist/quorate.js: it starts in a third of the time that its modules take,
 * and the swarm spawns it once per node. What a command imports when it needs it is in files beside it (dist/chunk-*.js), and neither read nor
 * in memory before: a bootstrap node takes half of what it takes with all in one file. The bundle carries the hash of the source that it was made of (protocols/source.md).
 * What programs import as the package is dist/index.js; `npm run declarations` makes its types (scripts/declarations.mjs).
 * The adversaries of swarms go into dist/adversary.js, a program of their own: nothing of them is in the other.
 * The page that a node serves goes into dist/page: index.html, and files whose names hold the hash of what is in them.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const programs = [
  // The library shares the files of the program.
  {
    name: 'quorate',
    entry: join(root, 'src/cli/main.ts'),
    outfile: 'dist/quorate.js',
    besides: { index: join(root, 'src/library/index.ts') },
  },
  { name: 'adversary', entry: join(root, 'src/adversary/main.ts'), outfile: 'dist/adversary.js' },
]

const KEPT_CHUNKS_MS = 3_600_000

/** Packages with machine code, which find their binary next to their own files. */
const nativePackages = ['sodium-native', '@chainsafe/blst', 'classic-level']

const common = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  logLevel: 'warning',
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

/** esbuild prints what is wrong and where. */
const bundle = (options) => build({ ...common, ...options }).catch(() => process.exit(1))

/** The hash has one implementation, in TypeScript: bundled by itself it can be imported here. */
async function importTypeScript(path) {
  const { outputFiles } = await bundle({ entryPoints: [join(root, path)] })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)
}

for (const { entry } of programs) if (!existsSync(entry)) fail(`nothing to bundle: ${entry} is missing`)

const { hashSource } = await importTypeScript('src/node/source-hash.ts')
function readSource() {
  try {
    return hashSource(root)
  } catch (error) {
    return fail(`error: ${error.message} [${error.code}]`)
  }
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const source = readSource()
const options = {
  external: nativePackages,
  // Node 20 has no Promise.withResolvers and libp2p calls it: this comes before any other module.
  inject: ['core-js/actual/promise/with-resolvers.js'],
  // The CommonJS packages in the bundle (fastify, pino) call require; an ES module has none.
  banner: {
    js: `#!/usr/bin/env node\nimport { createRequire as createRequireOfBundle } from 'node:module'\nconst require = createRequireOfBundle(import.meta.url)`,
  },
  define: { 'process.env.QUORATE_VERSION': JSON.stringify(version), 'process.env.QUORATE_SOURCE': JSON.stringify(source.hash) },
  legalComments: 'none',
  sourcemap: 'linked',
  metafile: true,
  ...{ splitting: true, chunkNames: 'chunk-[hash]' },
}
const bundled = await Promise.all(
  programs.map(({ name, entry, besides }) =>
    bundle({ ...options, entryPoints: { [name]: entry, ...besides }, outdir: join(root, 'dist') }),
  ),
)

const indexPath = 'src/dashboard/index.html'
const page = await bundle({
  entryPoints: { app: join(root, 'src/dashboard/main.tsx'), icon: join(root, 'src/dashboard/icon.svg') },
  outdir: join(root, 'dist/page/assets'),
  ...{ entryNames: '[name].[hash]', chunkNames: '[name].[hash]', loader: { '.svg': 'copy' } },
  ...{ platform: 'browser', target: ['chrome115', 'firefox115', 'safari16.4'], splitting: true, minify: true },
  ...{ jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none', metafile: true },
  // WebAssembly would have to be allowed by the page's content security policy.
  alias: { '@chainsafe/as-sha256': join(root, 'src/dashboard/sha256.ts') },
})

// What is bundled is hashed, or comes from a package, which the lock file fixes.
const hashed = new Set(source.files.map(({ path }) => path))
const inputs = [...bundled, page].flatMap(({ metafile }) => Object.keys(metafile.inputs)).concat(indexPath)
const foreign = inputs.filter((input) => !hashed.has(input) && !/^(\.\.\/.*)?node_modules\//.test(input))
if (foreign.length > 0)
  fail(`error: ${foreign.join(', ')} would be in the bundle and is not in the hash of the source: see protocols/source.md`)
if (readSource().hash !== source.hash) fail('error: the source changed while it was bundled: run it again')

mkdirSync(join(root, 'dist'), { recursive: true })
const written = new Set()
for (const { outputFiles } of bundled) {
  for (const { path, contents } of outputFiles) {
    writeFileSync(path, contents)
    written.add(basename(path))
  }
}
// Chunks of another build: a program of it that runs may still want one of the newer.
for (const name of readdirSync(join(root, 'dist'))) {
  const path = join(root, 'dist', name)
  const isOld = name.startsWith('chunk-') && !written.has(name) && statSync(path).mtimeMs < Date.now() - KEPT_CHUNKS_MS
  if (isOld) rmSync(path, { force: true })
}
for (const [index, { outfile }] of programs.entries()) {
  chmodSync(join(root, outfile), 0o755)
  const { metafile } = bundled[index]
  const files = Object.entries(metafile.outputs).filter(([name]) => name.endsWith('.js'))
  const bytes = files.reduce((sum, [, file]) => sum + file.bytes, 0)
  console.log(
    `${outfile}: ${(bytes / 1_000_000).toFixed(1)} MB in ${files.length} files from ${Object.keys(metafile.inputs).length} modules`,
  )
}
writePage()

function writePage() {
  const directory = join(root, 'dist/page')
  mkdirSync(join(directory, 'assets'), { recursive: true })
  const files = page.outputFiles.map(({ path, contents }) => ({ path: relative(directory, path), contents }))
  const withHash = (name) => {
    const [stem, ending] = name.split('.')
    const file = files.map(({ path }) => basename(path)).find((path) => path.startsWith(`${stem}.`) && path.endsWith(`.${ending}`))
    return file ?? fail(`error: the page has no ${name}`)
  }
  const index = readFileSync(join(root, indexPath), 'utf8').replace(/%([a-z.]+)%/g, (_, name) => withHash(name))
  const written = new Set()
  for (const { path, contents } of [...files, { path: 'index.html', contents: Buffer.from(index) }]) {
    // What compresses is compressed once, here.
    for (const [ending, bytes] of [
      ['', contents],
      ['.br', brotliCompressSync(contents)],
      ['.gz', gzipSync(contents, { level: 9 })],
    ]) {
      writeFileSync(join(directory, path + ending), bytes)
      written.add(path + ending)
    }
  }
  for (const name of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = relative(directory, join(name.parentPath, name.name))
    if (name.isFile() && !written.has(path)) rmSync(join(directory, path), { force: true })
  }
  const sum = files.reduce((bytes, { contents }) => bytes + contents.length, 0)
  console.log(`dist/page: ${(sum / 1000).toFixed(0)} kB in ${files.length + 1} files`)
}
