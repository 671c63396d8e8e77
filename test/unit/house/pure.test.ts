import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('pure rooms', () => {
  const cases = [
    { description: 'plain code compiles', text: 'export const sum = (a: number, b: number): number => a + b', fails: undefined },
    { description: 'a timer', text: 'setTimeout(() => undefined, 1)', fails: /Cannot find name 'setTimeout'/ },
    {
      description: 'node:fs',
      text: "import { readFileSync } from 'node:fs'\nreadFileSync('x')",
      fails: /Cannot find (module|name) 'node:fs'/,
    },
    { description: 'a socket', text: "import net from 'node:net'\nnet.connect(1)", fails: /Cannot find (module|name) 'node:net'/ },
    { description: 'process', text: 'process.exit()', fails: /Cannot find name 'process'/ },
    { description: 'a Buffer', text: "Buffer.from('')", fails: /Cannot find name 'Buffer'/ },
    { description: 'the console', text: "console.log('')", fails: /Cannot find name 'console'/ },
    { description: 'fetch', text: "fetch('http://localhost')", fails: /Cannot find name 'fetch'/ },
    { description: 'any by omission', text: 'export const f = (x) => x', fails: /implicitly has an 'any' type/ },
  ]
  for (const { description, text, fails } of cases)
    it(`${fails === undefined ? '' : 'do not compile with '}${description}`, () => {
      const messages = compileInside('src/wire/planted-by-a-test.ts', `${text}\nexport {}\n`)
      if (fails === undefined) assert.deepEqual(messages, [])
      else assert.match(messages.join('\n'), fails)
    })
})

/** What the compiler says of a file that exists only here, as a part of the pure project with all its real files. */
function compileInside(name: string, text: string): string[] {
  const planted = join(root, name)
  const configFile = join(root, 'tsconfig.pure.json')
  const { fileNames, options } = ts.parseJsonConfigFileContent(ts.readConfigFile(configFile, ts.sys.readFile).config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (file) => file === planted || fileExists(file)
  host.readFile = (file) => (file === planted ? text : readFile(file))
  const program = ts.createProgram([...fileNames, planted], options, host)
  const file = program.getSourceFile(planted)
  const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
