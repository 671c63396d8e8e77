import assert from 'node:assert/strict'
import { chmod, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKey, type KeyKind, keyPath, loadKey, readKeyFile } from '../../../src/adapters/keys/key-files.ts'
import { createSigner } from '../../../src/adapters/keys/signer.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { isHex } from '../../../src/base/hex.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { hasCode } from './store-tools.ts'

const kinds: readonly KeyKind[] = ['network', 'account', 'verifier']

describe('key files', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quorate-keys-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  for (const kind of kinds) {
    it(`${kind}: are made once, for their owner only, and read back`, async () => {
      const key = await createKey(directory, kind)
      assert.ok(isHex(key.secretKey, 32))
      assert.ok(isHex(key.publicKey, kind === 'verifier' ? 48 : 32))
      assert.equal((await stat(keyPath(directory, kind))).mode & 0o777, 0o600)
      assert.deepEqual(await loadKey(directory, kind), { ...key, file: await readKeyFile(keyPath(directory, kind), kind), warnings: [] })
      await assert.rejects(createKey(directory, kind), hasCode('key-exists'))
      assert.deepEqual(await loadKey(directory, kind), { ...key, file: await readKeyFile(keyPath(directory, kind), kind), warnings: [] })
    })

    it(`${kind}: hold a key that signs`, async () => {
      const { publicKey, secretKey } = await createKey(directory, kind)
      const message = utf8('message')
      if (kind === 'verifier') {
        const signer = createSigner(secretKey)
        assert.equal(signer.publicKey, publicKey)
        const signature = await signer.sign(message)
        assert.ok(isHex(signature, 96))
        assert.ok(nativeSignatures.blsVerify(publicKey, message, signature))
        assert.ok(!nativeSignatures.blsVerify(publicKey, utf8('another'), signature))
      } else {
        assert.ok(nativeSignatures.accountVerify(publicKey, message, nativeSignatures.accountSign(secretKey, message)))
      }
    })

    it(`${kind}: are made of a given secret, the same each time`, async () => {
      const secretKey = '11'.repeat(32)
      const key = await createKey(directory, kind, { secretKey })
      await rm(keyPath(directory, kind))
      assert.deepEqual(await createKey(directory, kind, { secretKey }), key)
      assert.equal(key.secretKey, secretKey)
    })
  }

  it('differ', async () => {
    const keys = await Promise.all(kinds.map((kind) => createKey(directory, kind)))
    assert.equal(new Set(keys.map((key) => key.secretKey)).size, 3)
  })

  it('give a warning when others can read them', async () => {
    await createKey(directory, 'account')
    await chmod(keyPath(directory, 'account'), 0o644)
    const { warnings } = await loadKey(directory, 'account')
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /account\.key.*644.*chmod 600/)
  })

  it('are found missing', async () => {
    await assert.rejects(loadKey(directory, 'verifier'), hasCode('key-missing'))
    await assert.rejects(createKey(join(directory, 'nowhere'), 'verifier'), hasCode('key-failed'))
  })

  const secrets = [
    { description: 'zero', secretKey: '00'.repeat(32) },
    { description: 'above the order of the group', secretKey: 'ff'.repeat(32) },
    { description: 'too short', secretKey: '11'.repeat(31) },
    { description: 'upper case', secretKey: 'AB'.repeat(32) },
  ]
  for (const { description, secretKey } of secrets) {
    it(`are not made of a secret that is no BLS key: ${description}`, async () => {
      await assert.rejects(createKey(directory, 'verifier', { secretKey }), hasCode('wrong-key'))
      await assert.rejects(loadKey(directory, 'verifier'), hasCode('key-missing'))
    })
  }

  const edit = (change: (value: Record<string, unknown>) => unknown) => (text: string) => JSON.stringify(change(JSON.parse(text)))
  const damages = [
    { description: 'empty', damage: () => '', code: 'key-corrupt' },
    { description: 'cut in half', damage: (text: string) => text.slice(0, text.length / 2), code: 'key-corrupt' },
    { description: 'zeros', damage: (text: string) => '\0'.repeat(text.length), code: 'key-corrupt' },
    { description: 'another kind of JSON', damage: () => '[]', code: 'key-corrupt' },
    { description: 'null', damage: () => 'null', code: 'key-corrupt' },
    { description: 'far too long', damage: (text: string) => text + ' '.repeat(5000), code: 'key-corrupt' },
    { description: 'a later version', damage: edit((value) => ({ ...value, version: 2 })), code: 'key-corrupt' },
    { description: 'no secret', damage: edit((value) => ({ ...value, secretKey: undefined })), code: 'key-corrupt' },
    { description: 'a short secret', damage: edit((value) => ({ ...value, secretKey: '1234' })), code: 'key-corrupt' },
    { description: 'a public key that is no hex', damage: edit((value) => ({ ...value, publicKey: 5 })), code: 'key-corrupt' },
    { description: 'a secret that is another', damage: edit((value) => ({ ...value, secretKey: '12'.repeat(32) })), code: 'wrong-key' },
    { description: 'a secret that is none', damage: edit((value) => ({ ...value, secretKey: 'ff'.repeat(32) })), code: 'wrong-key' },
    { description: 'a public key that is another', damage: edit((value) => ({ ...value, publicKey: '12'.repeat(48) })), code: 'wrong-key' },
    { description: 'another kind', damage: edit((value) => ({ ...value, kind: 'account' })), code: 'wrong-key' },
  ]
  for (const { description, damage, code } of damages) {
    it(`say ${code}, name the file and not the secret: ${description}`, async () => {
      const { secretKey } = await createKey(directory, 'verifier')
      const path = keyPath(directory, 'verifier')
      await writeFile(path, damage(await readFile(path, 'utf8')))
      await assert.rejects(loadKey(directory, 'verifier'), (error: Error) => {
        assert.ok(hasCode(code)(error), String(error))
        assert.ok(error.message.includes(path), error.message)
        assert.ok(!error.message.includes(secretKey.slice(0, 8)))
        return true
      })
    })
  }

  it('are not taken for one another', async () => {
    await createKey(directory, 'account')
    await cp(keyPath(directory, 'account'), keyPath(directory, 'network'))
    await assert.rejects(loadKey(directory, 'network'), hasCode('wrong-key'))
  })
})
