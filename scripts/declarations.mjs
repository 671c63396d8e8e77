/**
 * Writes the types of the library to dist/types: declarations of what src/library/index.ts exports, and of what those name. `npm pack` runs
 * it after the bundle. Errors are for `npm run types` to find.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const from = join(root, 'src')
const to = join(root, 'dist/types')
const entry = 'library/index.d.ts'

const { config, error } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'))
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
const program = ts.createProgram([join(from, 'library/index.ts')], {
  ...options,
  ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, noCheck: true, rootDir: from, outDir: to },
})

/** By path below dist/types, with imports as they are there. */
const declarations = new Map()
program.emit(undefined, (path, text) => {
  declarations.set(relative(to, path), text.replaceAll(/(from |import\()(['"])(\.[^'"]+)\.ts\2/g, '$1$2$3.js$2'))
})

/** What the entry reaches: the rest of the program is nobody's business. */
const reached = new Set()
const reach = (path) => {
  if (reached.has(path)) return
  const text = declarations.get(path)
  if (text === undefined) throw new Error(`the types of the library name ${path}, of which there are none`)
  reached.add(path)
  for (const [, , , name] of text.matchAll(/(from |import\()(['"])(\.[^'"]+)\.js\2/g)) reach(join(dirname(path), `${name}.d.ts`))
}
reach(entry)

rmSync(to, { recursive: true, force: true })
for (const path of reached) {
  mkdirSync(dirname(join(to, path)), { recursive: true })
  writeFileSync(join(to, path), declarations.get(path))
}
console.log(`dist/types: ${reached.size} declarations`)
