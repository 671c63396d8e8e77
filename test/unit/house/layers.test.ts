import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkLayers, complaints } from '../../../scripts/check-layers.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('import law', () => {
  const allowed = [
    { description: 'a room below', file: 'src/node/a.ts', text: "import '../ledger/b.ts'" },
    { description: 'its own room', file: 'src/ledger/a.ts', text: "import './b.ts'" },
    { description: 'libp2p from its home', file: 'src/adapters/libp2p/a.ts', text: "import 'libp2p'" },
    { description: 'Node from an adapter', file: 'src/adapters/a.ts', text: "import 'node:fs'" },
    { description: 'the commands from the adversary', file: 'src/adversary/a.ts', text: "import '../cli/d.ts'" },
    { description: 'src from a test', file: 'test/unit/a.test.ts', text: "import '../../src/ledger/b.ts'" },
  ]
  for (const { description, file, text } of allowed)
    it(`allows ${description}`, async () => {
      const { violations, modulesRead, modulesPresent } = await checkLayers(plant({ [file]: text }))
      assert.deepEqual(violations, [])
      assert.equal(modulesRead, modulesPresent)
    })

  const forbidden = [
    { description: 'a room above', file: 'src/wire/a.ts', text: "import '../ledger/b.ts'", rule: 'room-wire' },
    { description: 'a type of a room above', file: 'src/wire/a.ts', text: "import type { B } from '../ledger/b.ts'", rule: 'room-wire' },
    { description: 'a room beside', file: 'src/mempool/a.ts', text: "import '../ledger/b.ts'", rule: 'room-mempool' },
    { description: 'a room imported in a call', file: 'src/wire/a.ts', text: "await import('../ledger/b.ts')", rule: 'room-wire' },
    { description: 'the node from the page', file: 'src/dashboard/a.ts', text: "import '../ledger/b.ts'", rule: 'room-dashboard' },
    { description: 'the adversary from the commands', file: 'src/cli/a.ts', text: "import '../adversary/e.ts'", rule: 'room-cli' },
    { description: 'the adversary from the node', file: 'src/node/a.ts', text: "await import('../adversary/e.ts')", rule: 'room-node' },
    { description: 'a room without a law', file: 'src/cellar/a.ts', text: "import '../ledger/b.ts'", rule: 'known-room-from' },
    { description: 'Node in a pure room', file: 'src/consensus/a.ts', text: "import 'node:fs'", rule: 'pure-no-node' },
    { description: 'Node without its prefix in a pure room', file: 'src/wire/a.ts', text: "import 'fs'", rule: 'pure-no-node' },
    { description: 'a package in a pure room', file: 'src/ledger/a.ts', text: "import '@noble/hashes/sha2.js'", rule: 'pure-no-package' },
    { description: 'libp2p outside its home', file: 'src/node/a.ts', text: "import 'libp2p'", rule: 'home-of-libp2p' },
    { description: 'a libp2p module elsewhere', file: 'src/adapters/a.ts', text: "import '@libp2p/tcp'", rule: 'home-of-libp2p' },
    { description: 'gossipsub in the node', file: 'src/node/a.ts', text: "import '@chainsafe/libp2p-gossipsub'", rule: 'home-of-libp2p' },
    { description: 'a type of libp2p', file: 'src/node/a.ts', text: "import type { Libp2p } from 'libp2p'", rule: 'home-of-libp2p' },
    { description: 'a test from src', file: 'src/node/a.ts', text: "import '../../test/c.ts'", rule: 'src-not-to-test' },
    { description: 'a script from src', file: 'src/node/a.ts', text: "import '../../scripts/d.ts'", rule: 'src-not-to-test' },
    { description: 'a file that is not there', file: 'src/node/a.ts', text: "import './lost.ts'", rule: 'not-resolvable' },
  ]
  for (const { description, file, text, rule } of forbidden)
    it(`catches ${description}`, async () => {
      const { violations } = await checkLayers(plant({ [file]: text }))
      assert.deepEqual(rulesFor(violations, file), [rule])
    })

  it('catches an adversary within reach of the program, through whatever room', async () => {
    const folder = plant({
      'src/cli/main.ts': "import './program.ts'",
      'src/cli/program.ts': "import '../node/a.ts'",
      'src/node/a.ts': "await import('../adversary/e.ts')",
    })
    const { violations } = await checkLayers(folder)
    for (const file of ['src/cli/main.ts', 'src/cli/program.ts'])
      assert.ok(violations.includes(`program-without-adversary: ${file} -> src/adversary/e.ts`), violations.join('\n'))
  })

  it('catches a cycle of types', async () => {
    const folder = plant({
      'src/wire/a.ts': "import type { B } from './a2.ts'\nexport type A = B",
      'src/wire/a2.ts': "import type { A } from './a.ts'\nexport type B = A",
    })
    const { violations } = await checkLayers(folder)
    assert.ok(rulesFor(violations, 'src/wire/a.ts').includes('no-cycle'), violations.join('\n'))
  })

  it('reads every TypeScript file of the house', async () => {
    const { modulesRead, modulesPresent } = await checkLayers()
    assert.equal(modulesRead, modulesPresent)
    assert.ok(modulesPresent > 0)
  })

  const counts = [
    { description: 'all files read', modulesRead: 20, modulesPresent: 20, found: [] },
    { description: 'none read', modulesRead: 0, modulesPresent: 20, found: ['only 0 of 20 TypeScript files were read'] },
    { description: 'one overlooked', modulesRead: 19, modulesPresent: 20, found: ['only 19 of 20 TypeScript files were read'] },
    { description: 'nothing there', modulesRead: 0, modulesPresent: 0, found: ['there is no TypeScript file to read'] },
  ]
  for (const { description, modulesRead, modulesPresent, found } of counts)
    it(`judges by the number of files: ${description}`, () => {
      assert.deepEqual(complaints({ violations: [], modulesRead, modulesPresent }), found)
    })
})

/** A house with a few files everyone may point at, and what the case plants. */
function plant(files: Readonly<Record<string, string>>): string {
  const folder = tempDirectory('layers')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const rooms = { 'src/ledger/b.ts': 'export type B = 1', 'src/cli/d.ts': 'export {}', 'src/adversary/e.ts': 'export {}' }
  const all = { ...rooms, 'test/c.ts': 'export {}', 'scripts/d.ts': 'export {}', ...files }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const rulesFor = (violations: readonly string[], file: string): string[] =>
  violations.filter((line) => line.includes(`: ${file} -> `)).map((line) => line.slice(0, line.indexOf(':')))
