import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { fromHex, type Hex } from '../../src/base/hex.ts'
import { nativeSignatures } from '../../src/crypto/native.ts'
import { portableSignatures } from '../../src/crypto/portable.ts'
import { sha256Hex } from '../../src/crypto/sha256.ts'
import { readVectors } from './read-vectors.ts'

interface Check {
  readonly description: string
  readonly publicKey: Hex
  readonly message: Hex
  readonly signature: Hex
  readonly valid: boolean
}
interface CryptoVectors {
  readonly sha256: readonly { readonly message: Hex; readonly hash: Hex }[]
  readonly ed25519: {
    readonly sign: readonly { readonly seed: Hex; readonly publicKey: Hex; readonly message: Hex; readonly signature: Hex }[]
    readonly verify: readonly Check[]
  }
  readonly bls: {
    readonly keys: readonly { readonly entropy: Hex; readonly secretKey: Hex; readonly publicKey: Hex }[]
    readonly sign: readonly { readonly secretKey: Hex; readonly message: Hex; readonly signature: Hex }[]
    readonly verify: readonly Check[]
    readonly aggregate: readonly { readonly description: string; readonly signatures: readonly Hex[]; readonly aggregate: Hex | null }[]
    readonly verifyAggregate: readonly (Omit<Check, 'publicKey'> & { readonly publicKeys: readonly Hex[] })[]
    readonly verifyMany: readonly {
      readonly description: string
      readonly items: readonly Omit<Check, 'valid'>[]
      readonly valid: boolean
    }[]
  }
}

describe('vectors/crypto.json', () => {
  const { sha256, ed25519, bls } = readVectors<CryptoVectors>('crypto')

  it('sha256', () => {
    for (const { message, hash } of sha256) {
      assert.equal(sha256Hex(fromHex(message)), hash)
      assert.equal(createHash('sha256').update(fromHex(message)).digest('hex'), hash)
    }
  })

  it('BLS secret keys from entropy', () => {
    for (const { entropy, secretKey } of bls.keys) assert.equal(nativeSignatures.blsSecretKey(fromHex(entropy)), secretKey)
  })

  for (const { name, signatures } of [
    { name: 'native', signatures: nativeSignatures },
    { name: 'portable', signatures: portableSignatures },
  ]) {
    describe(name, () => {
      it('ed25519 signs', () => {
        for (const { seed, publicKey, message, signature } of ed25519.sign) {
          assert.equal(signatures.accountPublicKey(seed), publicKey)
          assert.equal(signatures.accountSign(seed, fromHex(message)), signature)
        }
      })
      it('BLS signs', () => {
        for (const { secretKey, publicKey } of bls.keys) assert.equal(signatures.blsPublicKey(secretKey), publicKey)
        for (const { secretKey, message, signature } of bls.sign) assert.equal(signatures.blsSign(secretKey, fromHex(message)), signature)
      })
      for (const { description, publicKey, message, signature, valid } of ed25519.verify)
        it(`ed25519 ${valid ? 'takes' : 'refuses'}: ${description}`, () => {
          assert.equal(signatures.accountVerify(publicKey, fromHex(message), signature), valid)
        })
      for (const { description, publicKey, message, signature, valid } of bls.verify)
        it(`BLS ${valid ? 'takes' : 'refuses'}: ${description}`, () => {
          assert.equal(signatures.blsVerify(publicKey, fromHex(message), signature), valid)
          assert.equal(signatures.blsVerifyMany([{ publicKey, message: fromHex(message), signature }]), valid)
        })
      for (const { description, signatures: parts, aggregate } of bls.aggregate)
        it(`BLS ${aggregate === null ? 'does not aggregate' : 'aggregates'}: ${description}`, () => {
          if (aggregate === null) assert.throws(() => signatures.blsAggregate(parts), { code: 'bad-signature' })
          else assert.equal(signatures.blsAggregate(parts), aggregate)
        })
      for (const { description, publicKeys, message, signature, valid } of bls.verifyAggregate)
        it(`BLS aggregate ${valid ? 'taken' : 'refused'}: ${description}`, () => {
          assert.equal(signatures.blsVerifyAggregate(publicKeys, fromHex(message), signature), valid)
        })
      for (const { description, items, valid } of bls.verifyMany)
        it(`BLS batch ${valid ? 'taken' : 'refused'}: ${description}`, () => {
          assert.equal(signatures.blsVerifyMany(items.map((item) => ({ ...item, message: fromHex(item.message) }))), valid)
        })
    })
  }
})
