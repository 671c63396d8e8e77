/**
 * Bundles the command line to dist/quorate.js: one file starts in a third of the time that its modules take,
 * and the swarm spawns it once per node. The bundle carries the hash of the source that it was made of (protocols/source.md).
 * The adversaries of swarms go into dist/adversary.js, a program of their own: nothing of them is in the other.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const programs = [
  { entry: join(root, 'src/cli/main.ts'), outfile: 'dist/quorate.js' },
  { entry: join(root, 'src/adversary/main.ts'), outfile: 'dist/adversary.js' },
]

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
}
const bundled = await Promise.all(
  programs.map(({ entry, outfile }) => bundle({ ...options, entryPoints: [entry], outfile: join(root, outfile) })),
)

// What is bundled is hashed, or comes from a package, which the lock file fixes.
const hashed = new Set(source.files.map(({ path }) => path))
const inputs = bundled.flatMap(({ metafile }) => Object.keys(metafile.inputs))
const foreign = inputs.filter((input) => !hashed.has(input) && !/^(\.\.\/.*)?node_modules\//.test(input))
if (foreign.length > 0)
  fail(`error: ${foreign.join(', ')} would be in the bundle and is not in the hash of the source: see protocols/source.md`)
if (readSource().hash !== source.hash) fail('error: the source changed while it was bundled: run it again')

mkdirSync(join(root, 'dist'), { recursive: true })
for (const { outputFiles } of bundled) for (const { path, contents } of outputFiles) writeFileSync(path, contents)
for (const [index, { outfile }] of programs.entries()) {
  chmodSync(join(root, outfile), 0o755)
  const { metafile } = bundled[index]
  const { bytes } = metafile.outputs[outfile]
  console.log(`${outfile}: ${(bytes / 1_000_000).toFixed(1)} MB from ${Object.keys(metafile.inputs).length} modules`)
}
