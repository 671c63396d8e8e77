import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toHex } from '../../../src/base/hex.ts'
import { nativeSignatures as native } from '../../../src/crypto/native.ts'
import { portableSignatures as portable } from '../../../src/crypto/portable.ts'

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })
const message = fc.uint8Array({ maxLength: 100 })

/** Flips one bit of a hex text; a bit beyond its end leaves it as it is. */
function flip(text: string, bit: number): string {
  const bytes = Buffer.from(text, 'hex')
  const index = bit >> 3
  if (index < bytes.length) bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7))
  return bytes.toString('hex')
}

describe('native and portable signatures', () => {
  it('agree on ed25519, also when a bit of key, signature or message is wrong', () => {
    fc.assert(
      fc.property(seed, message, fc.nat(1000), fc.constantFrom('key', 'signature', 'message'), (entropy, data, bit, where) => {
        const text = toHex(entropy)
        const publicKey = native.accountPublicKey(text)
        const signature = native.accountSign(text, data)
        assert.equal(portable.accountPublicKey(text), publicKey)
        assert.equal(portable.accountSign(text, data), signature)
        const key = where === 'key' ? flip(publicKey, bit) : publicKey
        const signed = where === 'signature' ? flip(signature, bit) : signature
        const said = where === 'message' ? Buffer.from(flip(toHex(data), bit), 'hex') : data
        const expected = key === publicKey && signed === signature && Buffer.from(data).equals(said)
        assert.equal(native.accountVerify(key, said, signed), expected)
        assert.equal(portable.accountVerify(key, said, signed), expected)
      }),
      { numRuns: 40 },
    )
  })

  it('agree on BLS, alone and aggregated', () => {
    fc.assert(
      fc.property(fc.array(seed, { minLength: 2, maxLength: 3 }), message, fc.nat(767), (entropies, data, bit) => {
        const secretKeys = entropies.map((entropy) => native.blsSecretKey(entropy))
        const publicKeys = secretKeys.map(native.blsPublicKey)
        assert.deepEqual(secretKeys.map(portable.blsPublicKey), publicKeys)
        const signatures = secretKeys.map((secretKey) => native.blsSign(secretKey, data))
        assert.deepEqual(
          secretKeys.map((secretKey) => portable.blsSign(secretKey, data)),
          signatures,
        )
        const sum = native.blsAggregate(signatures)
        assert.equal(portable.blsAggregate(signatures), sum)
        for (const { signature, valid } of [
          { signature: sum, valid: true },
          { signature: flip(sum, bit), valid: false },
        ])
          for (const signed of [native, portable]) assert.equal(signed.blsVerifyAggregate(publicKeys, data, signature), valid)
      }),
      { numRuns: 6 },
    )
  })

  it('say false, and do not throw, for what is no key or no signature', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (key, signature) => {
        for (const signed of [native, portable]) {
          assert.equal(signed.accountVerify(key, new Uint8Array(1), signature), false)
          assert.equal(signed.blsVerify(key, new Uint8Array(1), signature), false)
          assert.equal(signed.blsVerifyAggregate([key], new Uint8Array(1), signature), false)
          assert.equal(signed.blsVerifyMany([{ publicKey: key, message: new Uint8Array(1), signature }]), false)
        }
      }),
      { numRuns: 30 },
    )
  })
})
