import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openGuardFile } from '../../../src/adapters/store/guard-file.ts'
import { takeLock } from '../../../src/adapters/store/lock.ts'
import { layOut } from '../../../src/cli/swarm/layout.ts'
import { emptyRecord, type GuardRecord, guardRecord } from '../../../src/consensus/guard.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { readPage } from '../../swarm/page.ts'
import { canMount, mountTiny } from '../adapters/store-tools.ts'
import { quorateHere } from './in-process.ts'
import { quorate } from './quorate.ts'

const block = 'ab'.repeat(32)
const recordAt = (slot: number, height = slot): GuardRecord => ({
  ...emptyRecord,
  vote: { height, slot, block, validSlot: null },
  seal: { height, block },
})

async function write(directory: string, record: GuardRecord): Promise<void> {
  const file = await openGuardFile(join(directory, 'guard'))
  await file.write(encode(guardRecord, record))
  await file.close()
}
async function read(directory: string): Promise<GuardRecord> {
  const file = await openGuardFile(join(directory, 'guard'))
  const found = await file.read()
  await file.close()
  return found.state === 'missing' ? assert.fail('no guard') : decode(guardRecord, found.record)
}

describe('quorate guard', function () {
  this.timeout(300_000)

  const root = tempDirectory('guard')
  let made = 0
  const fresh = (): string => join(root, `${++made}`)
  let other = ''
  /** A verifier that has signed, and a directory with its keys and no guard. */
  let old = ''
  let next = ''

  const keysTo = (from: string, to: string): void => {
    mkdirSync(to)
    for (const name of ['network.key', 'account.key', 'verifier.key', 'genesis.json']) copyFileSync(join(from, name), join(to, name))
  }
  const run = async (...args: readonly string[]) => quorateHere('guard', ...args)
  const succeeds = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const fails = async (code: string, ...args: readonly string[]): Promise<string> => {
    const ended = await run(...args)
    assert.equal(ended.code, 1, ended.stdout)
    assert.match(ended.stderr, new RegExp(`\\[${code}\\]\\n$`))
    return ended.stderr
  }
  const exported = async (): Promise<string> => {
    const file = fresh()
    await succeeds('export', '--dir', old, '--out', file)
    return file
  }

  beforeEach(async () => {
    const network = fresh()
    const size = { verifiers: 2, fullNodes: 0, slotMs: 500, seats: 2, epochSlots: 60, accounts: [], leadMs: 1000 }
    const { places } = await layOut({ root: network, ...size })
    ;[old = '', other = ''] = places.flatMap(({ role, directory }) => (role === 'verifier' ? [directory] : []))
    next = fresh()
    keysTo(old, next)
    await write(old, recordAt(9))
  })

  it('hands the record over: the old directory refuses to verify, the new one has it all, and done again nothing changes', async () => {
    const file = fresh()
    const said = JSON.parse(await succeeds('export', '--dir', old, '--out', file, '--json'))
    assert.equal(said.earlierExports, 0)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const start = ['--scope', 'local', '--listen', '/ip4/127.0.0.1/tcp/0', '--api', 'off']
    const refused = await quorate('start', '--dir', old, ...start)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /was handed over at .* into .*--take-back .*--role full.*\[guard-handed-over\]/)

    assert.match(await succeeds('import', '--dir', next, file), /guard +made/)
    assert.deepEqual(await read(next), recordAt(9))
    assert.match(await succeeds('import', '--dir', next, file), /guard +knew all of it/)
    await write(next, recordAt(12))
    await succeeds('import', '--dir', next, file)
    assert.deepEqual(await read(next), recordAt(12), 'what was signed since is not forgotten')
  })

  it('adds what the file knows to a guard that knows something else', async () => {
    const file = await exported()
    copyFileSync(join(other, 'guard'), join(next, 'guard'))
    const candidate = { height: 20, slot: 30, block, validSlot: null }
    await write(next, { ...recordAt(4), candidate })
    assert.match(await succeeds('import', '--dir', next, file), /knows more now/)
    assert.deepEqual(await read(next), { ...recordAt(9), candidate })
  })

  it('takes it back into the old directory only if told that nobody else has it, or with a newer file', async () => {
    const file = await exported()
    assert.match(await fails('guard-handed-over', 'import', '--dir', old, file), /--take-back/)
    await succeeds('import', '--dir', old, '--take-back', file)
    assert.ok(!existsSync(join(old, 'guard.handed-over')))

    const stale = file
    const moved = await exported()
    await succeeds('import', '--dir', next, moved)
    assert.match(await fails('guard-newer-here', 'import', '--dir', old, stale), /stays handed over/)
    await write(next, recordAt(15))
    const back = fresh()
    await succeeds('export', '--dir', next, '--out', back)
    assert.match(await succeeds('import', '--dir', old, back), /no longer handed over/)
    assert.deepEqual(await read(old), recordAt(15))
  })

  it('goes on after a crash: between the mark and the file, and between the guard and the mark', async () => {
    const file = await exported()
    rmSync(file)
    const again = await exported()
    assert.match(readFileSync(join(old, 'guard.handed-over'), 'utf8'), new RegExp(`${file}[^]*${again}`))
    // A part of a guard that an import was making.
    writeFileSync(join(next, 'guard.import'), 'QRTGRD')
    await succeeds('import', '--dir', next, again)
    assert.deepEqual(await read(next), recordAt(9))
    // The guard is written, the mark not lifted yet: the same again.
    const back = fresh()
    await succeeds('export', '--dir', next, '--out', back)
    await write(old, recordAt(9))
    await succeeds('import', '--dir', old, back)
    assert.ok(!existsSync(join(old, 'guard.handed-over')))
  })

  it('refuses a file that was cut short anywhere, or changed', async () => {
    const file = await exported()
    const { length } = readFileSync(file)
    for (let end = 0; end < length - 2; end += 97) {
      const cut = fresh()
      copyFileSync(file, cut)
      truncateSync(cut, end)
      await fails('guard-file-damaged', 'import', '--dir', next, cut)
    }
    const text = readFileSync(file, 'utf8')
    const changed = fresh()
    writeFileSync(changed, text.replace(/"exportedAtMs": \d/, '"exportedAtMs": 9'))
    await fails('guard-file-damaged', 'import', '--dir', next, changed)
    writeFileSync(changed, text.replace('"version": 1', '"version": 2'))
    await fails('guard-file-version', 'import', '--dir', next, changed)
    await fails('guard-file-missing', 'import', '--dir', next, fresh())
    assert.ok(!existsSync(join(next, 'guard')))
  })

  it('refuses another key, another network, and a directory without keys', async () => {
    const file = await exported()
    assert.match(await fails('wrong-key', 'import', '--dir', other, file), /copy the verifier.key that belongs to it/)
    const genesis = JSON.parse(readFileSync(join(next, 'genesis.json'), 'utf8'))
    writeFileSync(join(next, 'genesis.json'), JSON.stringify({ ...genesis, name: 'else' }))
    await fails('wrong-chain', 'import', '--dir', next, file)
    const empty = fresh()
    mkdirSync(empty)
    assert.match(await fails('keys-missing', 'import', '--dir', empty, file), /lacks network.key, verifier.key, genesis.json/)
  })

  it('refuses while a node runs, over a file that is there, and where there is no directory; nothing is marked then', async () => {
    const lock = await takeLock(join(old, 'lock'))
    await fails('directory-in-use', 'export', '--dir', old, '--out', fresh())
    await lock?.release()
    const there = fresh()
    writeFileSync(there, 'mine')
    await fails('file-exists', 'export', '--dir', old, '--out', there)
    assert.equal(readFileSync(there, 'utf8'), 'mine')
    await fails('export-failed', 'export', '--dir', old, '--out', join(fresh(), 'guard.json'))
    assert.ok(!existsSync(join(old, 'guard.handed-over')))
    assert.equal((await run('export', '--dir', old)).code, 2, '--out is needed')
  })

  it('refuses records of which the newest entry is damaged, and records that contradict each other', async () => {
    const file = await exported()
    const guard = join(other, 'guard')
    const bytes = readFileSync(guard)
    bytes.writeUInt8(bytes.readUInt8(30) ^ 0xff, 30)
    writeFileSync(guard, bytes)
    await fails('guard-doubtful', 'export', '--dir', other, '--out', fresh())
    await succeeds('import', '--dir', next, file)
    await write(next, { ...recordAt(9), seal: { height: 9, block: 'cd'.repeat(32) } })
    await fails('guard-conflict', 'import', '--dir', next, file)
  })

  // Registered only where a small file system can be mounted (root on Linux): there is no other way to fill a disk here.
  if (canMount()) {
    it('on a full disk leaves no part of a file, says that the directory is marked, and goes on when there is room', async () => {
      const tiny = mountTiny(8)
      assert.ok(tiny)
      try {
        const filler = join(tiny.directory, 'filler')
        assert.throws(() => writeFileSync(filler, new Uint8Array(100_000)), /ENOSPC/)
        const file = join(tiny.directory, 'guard.json')
        assert.match(await fails('export-failed', 'export', '--dir', old, '--out', file), /is marked as handed over.*make room/)
        assert.deepEqual(readdirSync(tiny.directory), ['filler'])
        rmSync(filler)
        await succeeds('export', '--dir', old, '--out', file)
        await succeeds('import', '--dir', next, file)
      } finally {
        tiny.unmount()
      }
    })
  }

  it('shows a record in words and for programs, of a directory and of a file', async () => {
    assert.match(await succeeds('show', '--dir', old), /vote +height 9, slot 9, block abab[\s\S]*seal +height 9/)
    assert.deepEqual(JSON.parse(await succeeds('show', '--dir', old, '--json')).record, recordAt(9))
    const file = await exported()
    assert.match(await succeeds('show', '--dir', old), /handed over/)
    assert.match(await succeeds('show', file), /verifier key[\s\S]*seal +height 9/)
    assert.deepEqual(JSON.parse(await succeeds('show', file, '--json')).record, recordAt(9))
    await fails('guard-missing', 'show', '--dir', next)
  })

  it('docs/moving.md: its commands, one after the other', async () => {
    rmSync(next, { recursive: true })
    const page = readFileSync(fileURLToPath(new URL('../../../docs/moving.md', import.meta.url)), 'utf8')
    const places: Readonly<Record<string, string>> = { old, new: next, 'guard.json': fresh() }
    const commands = readPage(page).flatMap(({ steps }) => steps.flatMap((step) => step.commands))
    assert.ok(commands.length >= 7)
    const said: string[] = []
    for (const command of commands) {
      const words = command.split(' ').map((word) => word.replace(/^(old|new|guard\.json)(?=\/|$)/, (name) => places[name] ?? name))
      if (words[0] === 'quorate') said.push(await succeeds(...words.slice(2)))
      else execFileSync('sh', ['-c', words.join(' ')], { stdio: 'ignore' })
    }
    assert.deepEqual(await read(next), recordAt(9))
    assert.match(said.at(-1) ?? '', /no longer handed over/)
  })
})
