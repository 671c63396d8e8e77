import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fromHex, isHex, leadingDigits, toHex, writeHex } from '../../../src/base/hex.ts'

describe('hex', () => {
  it('writes what Buffer writes, from the middle of a buffer too', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(8), (bytes, skip) => {
        const part = bytes.subarray(Math.min(skip, bytes.length))
        assert.equal(toHex(part), Buffer.from(part).toString('hex'))
      }),
    )
  })

  it('reads what it wrote', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(fromHex(toHex(bytes)), bytes)))
  })

  it('reads leading digits as the number that they are', () => {
    const text = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 7, maxLength: 40 }).map((digits) => digits.join(''))
    fc.assert(
      fc.property(text, fc.nat(7), (of, digits) =>
        assert.equal(leadingDigits(of, digits), digits === 0 ? 0 : Number.parseInt(of.slice(0, digits), 16)),
      ),
    )
    for (const of of ['', '12', 'g123', '012G', '٠123']) assert.ok(leadingDigits(of, 4) < 0, of)
  })

  const bad = [
    { description: 'an odd length', text: 'abc' },
    { description: 'upper case', text: 'AB' },
    { description: 'a foreign character first', text: 'g0' },
    { description: 'a foreign character second', text: '0g' },
    { description: 'the characters next to the digits', text: '/:' },
    { description: 'the characters next to the letters', text: '`g' },
    { description: 'a space', text: ' 1' },
    { description: 'a prefix', text: '0x00' },
    { description: 'a digit of another script', text: '٠٠' },
  ]
  for (const { description, text } of bad)
    it(`refuses ${description}`, () => {
      assert.throws(() => fromHex(text), RangeError)
      assert.equal(isHex(text, Math.ceil(text.length / 2)), false)
    })

  it('writes into a buffer at an offset and nowhere else', () => {
    const target = new Uint8Array([9, 9, 9, 9])
    writeHex('0aff', target, 1)
    assert.deepEqual([...target], [9, 0x0a, 0xff, 9])
  })

  const tests = [
    { description: 'the right length', text: '00ff', length: 2, is: true },
    { description: 'empty', text: '', length: 0, is: true },
    { description: 'too short', text: '00', length: 2, is: false },
    { description: 'too long', text: '000000', length: 2, is: false },
    { description: 'a number', text: 12, length: 1, is: false },
    { description: 'nothing', text: undefined, length: 0, is: false },
    { description: 'a line end', text: '0\n', length: 1, is: false },
  ]
  for (const { description, text, length, is } of tests)
    it(`tells whether it is hex of a length: ${description}`, () => {
      assert.equal(isHex(text, length), is)
    })
})
