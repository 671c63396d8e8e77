import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concatBytes, equalBytes, fromUtf8, utf8 } from '../../../src/base/bytes.ts'
import { invariant, QuorateError, unreachable } from '../../../src/base/errors.ts'
import { accept, ignore, reject } from '../../../src/base/verdict.ts'

describe('bytes', () => {
  it('joins parts in order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (parts) =>
        assert.deepEqual(
          [...concatBytes(parts)],
          parts.flatMap((part) => [...part]),
        ),
      ),
    )
  })

  it('are equal if they have the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 3 }), (left, right) => {
        assert.equal(equalBytes(left, right), Buffer.from(left).equals(right))
        assert.equal(equalBytes(left, left.slice()), true)
      }),
    )
  })

  it('are text and back', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(fromUtf8(utf8(text)), text)))
  })

  it('keep a byte order mark', () => {
    assert.equal(fromUtf8(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), '\ufeffa')
  })

  it('are refused as text unless they are UTF-8, every one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), (bytes) => {
        let text: string
        try {
          text = fromUtf8(bytes)
        } catch (error) {
          return assert.ok(error instanceof TypeError)
        }
        assert.deepEqual(utf8(text), bytes)
      }),
    )
  })
})

describe('errors and verdicts', () => {
  it('carry a code, a message and a cause', () => {
    const cause = new Error('below')
    const error = new QuorateError('store-full', 'the disk is full', { cause })
    assert.deepEqual([error.code, error.message, error.cause, error instanceof Error], ['store-full', 'the disk is full', cause, true])
  })

  it('tell a broken invariant', () => {
    assert.doesNotThrow(() => invariant(true, 'never seen'))
    assert.throws(() => invariant(false, 'heights grow'), /broken invariant: heights grow/)
    assert.throws(() => unreachable({ kind: 'new' } as never), /broken invariant: unexpected \{"kind":"new"\}/)
  })

  it('have three kinds', () => {
    assert.deepEqual(accept(1), { kind: 'accept', value: 1 })
    assert.deepEqual(ignore('old'), { kind: 'ignore', code: 'old', detail: '' })
    assert.deepEqual(reject('bad-signature', 'of 3'), { kind: 'reject', code: 'bad-signature', detail: 'of 3' })
  })
})
