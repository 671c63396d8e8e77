import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKey, loadKey, readKeyFile } from '../../../src/adapters/keys/key-files.ts'
import { keysOfMnemonic } from '../../../src/adapters/keys/mnemonic.ts'
import { fromHex } from '../../../src/base/hex.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { formatGenesis } from '../../../src/node/genesis-file.ts'
import { exportGuard } from '../../../src/node/guard-transfer.ts'
import { changePassword, exportKey, importKey, readKey } from '../../../src/node/keys.ts'
import { type InitOptions, initDirectory, publicParts, secretKeys } from '../../../src/node/setup.ts'
import { parseAddress } from '../../../src/node/wallet.ts'
import { possessionMessage } from '../../../src/wire/signing.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { EpochChain } from './epoch-chain.ts'

const { genesis } = new EpochChain({})
const words = `${'abandon '.repeat(23)}art`
const password = 'correct horse'
const gives = (text: string) => (_file: string, attempt: number) => Promise.resolve(attempt === 0 ? text : null)

describe('keys of a directory', function () {
  this.timeout(60_000)
  let home: string
  let genesisFile: string
  const at = (...names: string[]): string => join(home, ...names)
  const init = (name: string, options: Partial<InitOptions> = {}) =>
    initDirectory({ directory: at(name), role: 'full', genesisFile, bootstrap: [], ...options })
  beforeEach(() => {
    home = tempDirectory('keys')
    genesisFile = at('genesis.json')
    writeFileSync(genesisFile, formatGenesis(genesis))
  })

  it('come from words, encrypted, and show their public parts without the password', async () => {
    const keys = await keysOfMnemonic(words, 0)
    const { parts, encrypted } = await init('a', { role: 'verifier', password, words: { keys, areNew: true } })
    assert.equal(encrypted, true)
    for (const name of ['account.key', 'verifier.key', 'network.key', 'guard']) assert.equal(statSync(at('a', name)).mode & 0o077, 0)
    for (const name of ['account.key', 'verifier.key']) {
      const text = readFileSync(at('a', name), 'utf8')
      assert.ok(!text.includes(keys.account.secretKey) && !text.includes(keys.verifier.secretKey))
    }
    const { account, verifier } = await secretKeys(at('a'), gives(password))
    assert.deepEqual([account, verifier], [keys.account.secretKey, keys.verifier.secretKey])
    await assert.rejects(secretKeys(at('a')), { code: 'key-locked' })
    const { blsKey = '', possession = '' } = parts.verifier ?? {}
    assert.ok(nativeSignatures.blsVerify(blsKey, possessionMessage(blsKey, parseAddress(parts.address)), possession))
    assert.deepEqual(await publicParts(at('a')), parts)
  })

  it('need the password again for a proof of possession of another account', async () => {
    await init('a', { role: 'verifier', password })
    rmSync(at('a', 'account.key'))
    await createKey(at('a'), 'account')
    await assert.rejects(publicParts(at('a')), { code: 'key-locked' })
    const { verifier, address } = await publicParts(at('a'), gives(password))
    const { blsKey = '', possession = '' } = verifier ?? {}
    assert.ok(nativeSignatures.blsVerify(blsKey, possessionMessage(blsKey, parseAddress(address)), possession))
  })

  it('are restored from words as an account, and as a verifier only with a word on what it signed', async () => {
    const keys = await keysOfMnemonic(words, 0)
    const restored = { keys, areNew: false }
    await assert.rejects(init('a', { role: 'verifier', words: restored }), { code: 'guard-required', message: /--never-signed/ })
    assert.ok(!existsSync(at('a')))
    const { parts } = await init('a', { words: restored })
    assert.equal(parts.verifier, null)
    const { created } = await init('a', { role: 'verifier', words: restored, signed: 'never' })
    assert.deepEqual(created, ['guard', 'verifier.key'])
    await assert.rejects(init('a', { words: { keys: await keysOfMnemonic(`${'zoo '.repeat(23)}vote`, 0), areNew: false } }), {
      code: 'other-key',
    })
  })

  it('move with the record of what was signed', async () => {
    const keys = await keysOfMnemonic(words, 0)
    await init('old', { role: 'verifier', words: { keys, areNew: true } })
    await exportGuard(at('old'), at('guard.json'), 1)
    const moved = { role: 'verifier', words: { keys, areNew: false }, signed: { guardFile: at('guard.json') } } as const
    const { created } = await init('new', moved)
    assert.deepEqual(created, ['network.key', 'account.key', 'verifier.key', 'genesis.json', 'guard'])
    // Of another key, and again: what is there stays.
    await init('other', { role: 'verifier' })
    await exportGuard(at('other'), at('other.json'), 1)
    await assert.rejects(init('third', { ...moved, signed: { guardFile: at('other.json') } }), { code: 'wrong-key' })
    assert.ok(!existsSync(at('third', 'guard')))
  })

  it('are exported and imported under passwords, and never over another key', async () => {
    await init('a', { role: 'verifier', password })
    await init('b')
    const unlock = gives(password)
    await exportKey(at('a'), 'account', at('account.json'), 'another word', unlock)
    assert.equal(statSync(at('account.json')).mode & 0o777, 0o600)
    await assert.rejects(exportKey(at('a'), 'account', at('account.json'), null, unlock), { code: 'key-exists' })
    await assert.rejects(readKey({ from: 'keystore', file: at('account.json'), unlock }, 'account'), { code: 'wrong-password' })
    const key = await readKey({ from: 'keystore', file: at('account.json'), unlock: gives('another word') }, 'account')
    await assert.rejects(importKey(at('b'), 'account', key, { password: null, signed: null }), {
      code: 'other-key',
      message: /left as it is/,
    })
    const { created } = await importKey(at('c'), 'account', key, { password: null, signed: null })
    assert.equal(created, true)
    assert.equal((await importKey(at('c'), 'account', key, { password: null, signed: null })).created, false)
    assert.equal((await loadKey(at('c'), 'account')).secretKey, (await secretKeys(at('a'), unlock)).account)
    await assert.rejects(readKey({ from: 'keystore', file: at('account.json'), unlock: gives('another word') }, 'verifier'), {
      code: 'wrong-key',
    })
  })

  it('of a verifier are imported only with a word on what was signed', async () => {
    await init('a', { role: 'verifier' })
    const { secretKey, path } = await readKey({ from: 'secret', file: at('a', 'verifier.key') }, 'verifier')
    await init('b')
    await assert.rejects(importKey(at('b'), 'verifier', { secretKey, path }, { password: null, signed: null }), { code: 'guard-required' })
    assert.ok(!existsSync(at('b', 'verifier.key')) && !existsSync(at('b', 'guard')))
    await exportGuard(at('a'), at('guard.json'), 1)
    const signed = { guardFile: at('guard.json') }
    await importKey(at('b'), 'verifier', { secretKey, path }, { password: null, signed })
    assert.ok(existsSync(at('b', 'guard')))
    assert.equal((await loadKey(at('b'), 'verifier')).secretKey, secretKey)
    await assert.rejects(importKey(at('nowhere'), 'verifier', { secretKey, path }, { password: null, signed: 'never' }), {
      code: 'key-missing',
    })
  })

  const secrets = [
    { description: 'hex', text: `${'11'.repeat(32)}\n`, is: '11'.repeat(32) },
    { description: 'words', text: 'abandon', is: null },
    { description: 'half of it', text: '11'.repeat(16), is: null },
  ]
  for (const { description, text, is } of secrets) {
    it(`are read from a file with the secret: ${description}`, async () => {
      writeFileSync(at('secret'), text)
      const read = readKey({ from: 'secret', file: at('secret') }, 'account')
      if (is === null) await assert.rejects(read, (error: Error) => !error.message.includes(text.trim()))
      else assert.deepEqual(await read, { secretKey: is, path: '' })
    })
  }

  it('get a password, another one, and none; a wrong one changes nothing', async () => {
    await init('a', { role: 'verifier' })
    const before = await secretKeys(at('a'))
    const plain = (encrypted: boolean): boolean => !encrypted
    const sealed = (encrypted: boolean): boolean => encrypted
    const both = ['account.key', 'verifier.key'].map((name) => at('a', name))
    assert.deepEqual(await changePassword(at('a'), plain, password, gives('')), both)
    assert.deepEqual(await changePassword(at('a'), plain, password, gives('')), [])
    const text = readFileSync(at('a', 'account.key'), 'utf8')
    await assert.rejects(changePassword(at('a'), sealed, 'another word', gives('wrong')), { code: 'wrong-password' })
    assert.equal(readFileSync(at('a', 'account.key'), 'utf8'), text)
    assert.deepEqual(await changePassword(at('a'), sealed, 'another word', gives(password)), both)
    assert.deepEqual(await secretKeys(at('a'), gives('another word')), before)
    assert.deepEqual(await changePassword(at('a'), sealed, null, gives('another word')), both)
    assert.deepEqual(await secretKeys(at('a')), before)
    assert.equal((await readKeyFile(at('a', 'verifier.key'), 'verifier')).mode, 0o600)
    assert.equal(fromHex(before.network ?? '').length, 32)
  })
})
