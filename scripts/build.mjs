/**
 * Bundles the command line to dist/quorate.js: one file starts in a third of the time that its modules take,
 * and the swarm spawns it once per node.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const entry = join(root, 'src/cli/main.ts')
const outfile = join(root, 'dist/quorate.js')

/** Packages with machine code, which find their binary next to their own files. */
const nativePackages = ['sodium-native', '@chainsafe/blst', 'classic-level']

if (!existsSync(entry)) {
  console.error(`nothing to bundle: ${entry} is missing`)
  process.exit(1)
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
mkdirSync(join(root, 'dist'), { recursive: true })
const options = {
  absWorkingDir: root,
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  external: nativePackages,
  // Node 20 has no Promise.withResolvers and libp2p calls it: this comes before any other module.
  inject: ['core-js/actual/promise/with-resolvers.js'],
  // The CommonJS packages in the bundle (fastify, pino) call require; an ES module has none.
  banner: {
    js: `#!/usr/bin/env node\nimport { createRequire as createRequireOfBundle } from 'node:module'\nconst require = createRequireOfBundle(import.meta.url)`,
  },
  define: { 'process.env.QUORATE_VERSION': JSON.stringify(version) },
  legalComments: 'none',
  sourcemap: 'linked',
  metafile: true,
  logLevel: 'warning',
}

// esbuild prints what is wrong and where.
const { metafile } = await build(options).catch(() => process.exit(1))
chmodSync(outfile, 0o755)
const { bytes } = metafile.outputs['dist/quorate.js']
console.log(`dist/quorate.js: ${(bytes / 1_000_000).toFixed(1)} MB from ${Object.keys(metafile.inputs).length} modules`)
