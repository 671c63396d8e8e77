import assert from 'node:assert/strict'
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mnemonicToSeed } from '@scure/bip39'
import { createKey, keyPath, loadKey, readForeignKeystore, readKeyFile, replaceKeyFile } from '../../../src/adapters/keys/key-files.ts'
import { decryptSecret, encryptSecret, keystoreDocument, readKeystore } from '../../../src/adapters/keys/keystore.ts'
import { ACCOUNT_PATH, keysOfMnemonic, newMnemonic, readMnemonic, verifierPath } from '../../../src/adapters/keys/mnemonic.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { deriveBls, deriveEd25519 } from '../../../src/crypto/derive.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { hasCode } from './store-tools.ts'

/** The two test cases of EIP-2335. */
const password = '𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑'
const secret = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f'
const salt = 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3'
const document = (kdf: object, checksum: string, message: string) => ({
  crypto: {
    kdf: { ...kdf, message: '' },
    checksum: { function: 'sha256', params: {}, message: checksum },
    cipher: { function: 'aes-128-ctr', params: { iv: '264daa3f303d7259501c93d997d84fe6' }, message },
  },
  description: 'a test keystore',
  pubkey: '9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07',
  path: 'm/12381/60/3141592653/589793238',
  uuid: '1d85ae20-35c5-4611-98e8-aa14a633906f',
  version: 4,
})
const scrypt = document(
  { function: 'scrypt', params: { dklen: 32, n: 262144, p: 1, r: 8, salt } },
  'd2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484',
  '06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f',
)
const pbkdf2 = document(
  { function: 'pbkdf2', params: { dklen: 32, c: 262144, prf: 'hmac-sha256', salt } },
  '8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1',
  'cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad',
)
/** Of scrypt; for what is not about it. */
const cost = 2
const gives =
  (...passwords: readonly string[]) =>
  (_file: string, attempt: number) =>
    Promise.resolve(passwords[attempt] ?? null)

describe('keystores', () => {
  for (const [description, value] of Object.entries({ scrypt, pbkdf2 })) {
    it(`open by EIP-2335: ${description}`, async () => {
      const keystore = readKeystore(value)
      assert.equal(await decryptSecret(keystore, password), secret)
      // The specification normalises: this is the same password in plain letters.
      assert.equal(await decryptSecret(keystore, 'test\u0000password🔑\u007f'), secret)
      assert.equal(await decryptSecret(keystore, 'testpassword'), null)
      assert.equal(nativeSignatures.blsPublicKey(secret), keystore.publicKey)
    })
  }

  it('come back as they were written, with salt and iv of their own each time', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => encryptSecret(secret, 'password', { publicKey: '', path: 'm/1', cost })))
    assert.ok(one !== undefined && other !== undefined)
    const read = readKeystore(JSON.parse(JSON.stringify(keystoreDocument(one, 'x'))))
    assert.deepEqual(read, one)
    assert.equal(await decryptSecret(read, 'password'), secret)
    assert.equal(await decryptSecret(read, 'Password'), null)
    assert.ok(one.iv !== other.iv && one.encrypted !== other.encrypted)
  })

  const replaced = (old: string, by: string): object => {
    const text = JSON.stringify(scrypt)
    assert.ok(text.includes(old))
    return JSON.parse(text.replace(old, by))
  }
  const bad = [
    { description: 'another version', value: replaced('"version":4', '"version":3') },
    { description: 'no crypto', value: { version: 4 } },
    { description: 'a cipher that is none', value: replaced('aes-128-ctr', 'aes-256-gcm') },
    { description: 'a short secret', value: replaced('06ae90d5', '06ae') },
    { description: 'another checksum', value: replaced('sha256', 'md5') },
    { description: 'scrypt that takes all memory', value: replaced('"n":262144', '"n":16777216') },
    { description: 'a cost that is no power of two', value: replaced('"n":262144', '"n":262143') },
    { description: 'too short a derived key', value: replaced('"dklen":32', '"dklen":16') },
    { description: 'a key derivation that is none', value: replaced('scrypt', 'argon2') },
  ]
  for (const { description, value } of bad)
    it(`are refused: ${description}`, () => assert.throws(() => readKeystore(value), hasCode('bad-keystore')))
})

describe('mnemonics', () => {
  const words = `${'abandon '.repeat(23)}art`

  it('give the seed of BIP-39', async () => {
    const seed =
      'bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8'
    assert.equal(toHex(await mnemonicToSeed(words, 'TREZOR')), seed)
  })

  it('give the keys of their paths, without a passphrase', async () => {
    const seed = fromHex(
      '408b285c123836004f4b8842c89324c1f01382450c0d439af345ba7fc49acf705489c6fc77dbd4e3dc1dd8cc6bc9f043db8ada1e243c4a0eafb290d399480840',
    )
    const { account, verifier } = await keysOfMnemonic(words, 0)
    assert.deepEqual(account, { path: "m/44'/1'/0'/0'", secretKey: deriveEd25519(seed, ACCOUNT_PATH) })
    assert.deepEqual(verifier, { path: 'm/12381/1/0/0', secretKey: deriveBls(seed, verifierPath(0)) })
    const next = await keysOfMnemonic(words, 1)
    assert.deepEqual(next.account, account)
    assert.equal(next.verifier.path, 'm/12381/1/1/0')
    assert.notEqual(next.verifier.secretKey, verifier.secretKey)
  })

  it('are read as people write them', () => {
    assert.equal(readMnemonic(`\n 1. ABANDON\t${'2) abandon\r\n'.repeat(22)} 24 art \n`), words)
    const made = newMnemonic()
    assert.equal(made.split(' ').length, 24)
    assert.equal(readMnemonic(made), made)
  })

  const wrong = [
    { description: 'a word too few', text: 'abandon '.repeat(23), says: /there are 23 of them/ },
    { description: 'a word of another list', text: `${'abandon '.repeat(22)}abandonn art`, says: /number 23 is none/ },
    { description: 'another order', text: `art ${'abandon '.repeat(23)}`, says: /checksum/ },
    { description: 'nothing', text: '', says: /there are 0 of them/ },
  ]
  for (const { description, text, says } of wrong) {
    it(`are refused, without the words: ${description}`, () =>
      assert.throws(
        () => readMnemonic(text),
        (error: Error) => hasCode('bad-mnemonic')(error) && says.test(error.message) && !error.message.includes('abandon'),
      ))
  }
})

describe('encrypted key files', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quorate-keys-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  for (const kind of ['account', 'verifier'] as const) {
    it(`${kind}: open with their password only, and show their public part without it`, async () => {
      const key = await createKey(directory, kind, { password: 'correct horse', path: 'm/1', cost })
      const file = keyPath(directory, kind)
      const text = await readFile(file, 'utf8')
      assert.ok(!text.includes(key.secretKey))
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      const shown = await readKeyFile(file, kind)
      assert.deepEqual([shown.publicKey, shown.encrypted, shown.path, shown.mode], [key.publicKey, true, 'm/1', 0o600])
      assert.equal((await loadKey(directory, kind, gives('correct horse'))).secretKey, key.secretKey)
      assert.equal((await loadKey(directory, kind, gives('wrong', 'wrong again', 'correct horse'))).secretKey, key.secretKey)
      await assert.rejects(loadKey(directory, kind), hasCode('key-locked'))
      await assert.rejects(loadKey(directory, kind, gives()), hasCode('key-locked'))
      await assert.rejects(
        loadKey(directory, kind, gives('wrong')),
        (error: Error) =>
          hasCode('wrong-password')(error) && !error.message.includes('wrong ') && !error.message.includes(key.secretKey.slice(0, 8)),
      )
      assert.equal(await readFile(file, 'utf8'), text)
    })
  }

  it('warn when others can read them, and are not taken for one another', async () => {
    await createKey(directory, 'account', { password: 'correct horse', cost })
    await chmod(keyPath(directory, 'account'), 0o640)
    assert.match((await readKeyFile(keyPath(directory, 'account'), 'account')).warnings[0] ?? '', /mode 640.*chmod 600/)
    await cp(keyPath(directory, 'account'), keyPath(directory, 'verifier'))
    await assert.rejects(loadKey(directory, 'verifier', gives('correct horse')), hasCode('wrong-key'))
  })

  it('say that the secret inside is another than the public key tells', async () => {
    const one = await createKey(directory, 'account', { password: 'correct horse', cost })
    const file = keyPath(directory, 'account')
    await writeFile(file, (await readFile(file, 'utf8')).replace(one.publicKey, '12'.repeat(32)))
    await assert.rejects(loadKey(directory, 'account', gives('correct horse')), hasCode('wrong-key'))
  })

  it('are written anew as a whole, and nothing else is left beside them', async () => {
    const key = await createKey(directory, 'account', { password: 'correct horse', cost })
    const file = keyPath(directory, 'account')
    await replaceKeyFile(await readKeyFile(file, 'account'), key.secretKey, null)
    assert.equal((await loadKey(directory, 'account')).secretKey, key.secretKey)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(directory), ['account.key'])
  })

  it('come from other programs', async () => {
    const file = join(directory, 'foreign.json')
    await writeFile(file, JSON.stringify(pbkdf2))
    assert.deepEqual(await readForeignKeystore(file, 'verifier', gives(password)), { secretKey: secret, path: pbkdf2.path })
    await assert.rejects(readForeignKeystore(file, 'account', gives(password)), hasCode('wrong-key'))
    await assert.rejects(readForeignKeystore(file, 'verifier', gives('other')), hasCode('wrong-password'))
    await writeFile(file, '{"version": 4, "crypto": {}}')
    await assert.rejects(readForeignKeystore(file, 'verifier', gives(password)), hasCode('bad-keystore'))
  })
})
