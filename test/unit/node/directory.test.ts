import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readApiFile, removeApiFile, writeApiFile } from '../../../src/node/api-file.ts'
import { openDirectory, ownRole } from '../../../src/node/directory.ts'
import { genesisVerifier, initDirectory, makeGenesis, publicParts } from '../../../src/node/setup.ts'
import { openWallet } from '../../../src/node/wallet.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { genesis as sample } from '../api/fake-node.ts'

describe("a node's directory", () => {
  const home = tempDirectory('directory')
  const genesisFile = join(home, 'genesis.json')
  let made = 0

  const init = async (role: 'full' | 'verifier', withGenesis = true): Promise<string> => {
    const directory = join(home, String(made++))
    await initDirectory({ directory, role, genesisFile: withGenesis ? genesisFile : null, bootstrap: [] })
    return directory
  }
  const writeGenesisOf = async (directory: string): Promise<void> => {
    const { formatGenesis } = await import('../../../src/node/genesis-file.ts')
    writeFileSync(
      join(directory, 'genesis.json'),
      formatGenesis(makeGenesis({ ...sample, verifiers: [await genesisVerifier(directory, sample.parameters.minStakeDroplets, 0)] })),
    )
  }
  before(async () => {
    const first = await init('verifier', false)
    await writeGenesisOf(first)
    writeFileSync(genesisFile, readFileSync(join(first, 'genesis.json')))
  })

  it('gives what a node of its role needs', async () => {
    const directory = await init('verifier', false)
    await writeGenesisOf(directory)
    const parts = await publicParts(directory)
    const opened = await openDirectory(directory, 'verifier')
    assert.equal(opened.peerId, parts.peerId)
    assert.equal(opened.verifierKey?.publicKey, parts.verifier?.blsKey)
    assert.equal(opened.networkKey.length, 32)
    assert.deepEqual(opened.warnings, [])
    await opened.release()
    const full = await openDirectory(directory, 'full')
    assert.equal(full.verifierKey, null)
    await full.release()
  })

  it('is for one node at a time', async () => {
    const directory = await init('full')
    const first = await openDirectory(directory, 'full')
    await assert.rejects(openDirectory(`${directory}/.`, 'full'), { code: 'directory-in-use' })
    await first.release()
    await (await openDirectory(directory, 'full')).release()
  })

  const bad: readonly {
    description: string
    role: 'full' | 'verifier'
    change: (directory: string) => void | Promise<void>
    code: string
    says: RegExp
  }[] = [
    {
      description: 'one that is not there',
      role: 'full',
      change: (at) => rmSync(at, { recursive: true }),
      code: 'not-initialised',
      says: /quorate init --dir/,
    },
    {
      description: 'one without genesis',
      role: 'full',
      change: (at) => rmSync(join(at, 'genesis.json')),
      code: 'genesis-missing',
      says: /--network FILE\|URL/,
    },
    {
      description: 'a broken genesis',
      role: 'full',
      change: (at) => writeFileSync(join(at, 'genesis.json'), '{'),
      code: 'genesis-syntax',
      says: /no JSON/,
    },
    {
      description: "a full node's as a verifier's",
      role: 'verifier',
      change: () => undefined,
      code: 'not-verifier',
      says: /--role verifier/,
    },
    {
      description: "a verifier's that has lost its key",
      role: 'verifier',
      change: async (at) => {
        await initDirectory({ directory: at, role: 'verifier', genesisFile: null, bootstrap: [] })
        rmSync(join(at, 'verifier.key'))
      },
      code: 'guard-without-key',
      says: /verifier\.key is missing, .* put the key back from a backup, or start with `--role full`/,
    },
    {
      description: 'a broken key',
      role: 'full',
      change: (at) => writeFileSync(join(at, 'network.key'), ''),
      code: 'key-corrupt',
      says: /backup/,
    },
    {
      description: "a verifier's with the network key of another node",
      role: 'verifier',
      change: async (at) => {
        rmSync(join(at, 'genesis.json'))
        await initDirectory({ directory: at, role: 'verifier', genesisFile: null, bootstrap: [] })
        await writeGenesisOf(at)
        const other = await init('full')
        writeFileSync(join(at, 'network.key'), readFileSync(join(other, 'network.key')))
      },
      code: 'wrong-network-key',
      says: /put back the network key/,
    },
  ]
  for (const { description, role, change, code, says } of bad) {
    it(`refuses ${description}, and lets go of it`, async () => {
      const directory = await init('full')
      await change(directory)
      await assert.rejects(openDirectory(directory, role), { code, message: says })
      await assert.rejects(openDirectory(directory, role), { code })
    })
  }

  it('is a verifier, to whoever names no role, by its key or by the guard of a key that was lost', async () => {
    const directory = await init('full')
    assert.equal(await ownRole(directory), 'full')
    await initDirectory({ directory, role: 'verifier', genesisFile: null, bootstrap: [] })
    const [key, guard] = [join(directory, 'verifier.key'), join(directory, 'guard')]
    const roles: string[] = []
    for (const lost of [[], [key], [key, guard], [guard]]) {
      for (const path of lost) renameSync(path, `${path}.away`)
      roles.push(await ownRole(directory))
      for (const path of lost) renameSync(`${path}.away`, path)
    }
    assert.deepEqual(roles, ['verifier', 'verifier', 'full', 'verifier'])
  })

  it('follows without signing, when told to, though the key of its guard is lost', async () => {
    const directory = await init('verifier')
    rmSync(join(directory, 'verifier.key'))
    const opened = await openDirectory(directory, 'full')
    assert.equal(opened.verifierKey, null)
    await opened.release()
  })

  it('takes a verifier key that genesis does not know: it may be registered later', async () => {
    const directory = await init('verifier')
    const opened = await openDirectory(directory, 'verifier')
    assert.deepEqual(opened.warnings, [])
    await opened.release()
  })

  it('opens a wallet of a key file with any name', async () => {
    const directory = await init('full')
    const path = join(directory, 'savings')
    writeFileSync(path, readFileSync(join(directory, 'account.key')), { mode: 0o600 })
    assert.equal((await openWallet(path)).address, (await openWallet(join(directory, 'account.key'))).address)
    await assert.rejects(openWallet(join(directory, 'network.key')), { code: 'wrong-key' })
  })

  it('api.json: whole, and removed only by the process that it names', async () => {
    const directory = join(home, 'api')
    mkdirSync(directory)
    assert.equal(await readApiFile(directory), undefined)
    await writeApiFile(directory, { url: 'http://127.0.0.1:1', pid: process.pid + 1 })
    assert.deepEqual(await readApiFile(directory), { url: 'http://127.0.0.1:1', pid: process.pid + 1 })
    await removeApiFile(directory)
    assert.ok(statSync(join(directory, 'api.json')).isFile())
    await writeApiFile(directory, { url: 'http://127.0.0.1:2', pid: process.pid })
    await removeApiFile(directory)
    assert.equal(await readApiFile(directory), undefined)
    for (const wrong of ['', '[]', '{"url":1,"pid":2}']) {
      writeFileSync(join(directory, 'api.json'), wrong)
      assert.equal(await readApiFile(directory), undefined)
    }
    await assert.rejects(writeApiFile(join(home, 'nowhere'), { url: '', pid: 1 }), { code: 'api-file-failed' })
  })
})
