import assert from 'node:assert/strict'
import { bech32, bech32m } from '@scure/base'
import fc from 'fast-check'
import { QuorateError } from '../../../src/base/errors.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'

const HEX = '00112233445566778899aabbccddeeff00112233'
const TEXT = formatAddress(HEX)
const words = bech32m.toWords(fromHex(HEX))

describe('addresses as text', () => {
  it('are read back as they were written, in lower and in upper case', () => {
    assert.match(TEXT, /^quo1[02-9ac-hj-np-z]{38}$/)
    assert.equal(parseAddress(TEXT.toUpperCase()), HEX)
    fc.assert(fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex), (hex) => parseAddress(formatAddress(hex)) === hex))
  })

  const cases: { description: string; text: string; message: RegExp }[] = [
    { description: 'nothing', text: '', message: /begins with quo1/ },
    { description: 'hex', text: HEX, message: /begins with quo1/ },
    { description: 'the address of another chain', text: bech32m.encode('bc', words), message: /begins with quo1/ },
    { description: 'a longer prefix', text: bech32m.encode('quo1x', words), message: /begins with quo1/ },
    { description: 'a wrong character', text: TEXT.replace(/.$/, TEXT.endsWith('q') ? 'p' : 'q'), message: /checksum does not match/ },
    { description: 'a missing character', text: TEXT.slice(0, -1), message: /checksum does not match/ },
    { description: 'the older checksum', text: bech32.encode('quo', words), message: /checksum does not match/ },
    { description: 'a character that no address has', text: TEXT.replace(/.$/, 'b'), message: /a character or a mix of cases/ },
    { description: 'mixed cases', text: `QUO1${TEXT.slice(4)}`, message: /a character or a mix of cases/ },
    { description: 'nothing after the prefix', text: 'quo1', message: /a character or a mix of cases|checksum/ },
    { description: 'too few bytes', text: bech32m.encode('quo', bech32m.toWords(new Uint8Array(19))), message: /exactly 20 bytes/ },
    { description: 'too many bytes', text: bech32m.encode('quo', bech32m.toWords(new Uint8Array(21))), message: /exactly 20 bytes/ },
    { description: 'bits left over', text: bech32m.encode('quo', [...words.slice(0, -1), 31, 31]), message: /exactly 20 bytes/ },
    { description: 'something far too long', text: `quo1${'q'.repeat(200)}`, message: /no address/ },
  ]
  for (const { description, text, message } of cases) {
    it(`refuses ${description}`, () => {
      assert.throws(
        () => parseAddress(text),
        (error) => error instanceof QuorateError && error.code === 'bad-address' && message.test(error.message),
      )
    })
  }
})
