import assert from 'node:assert/strict'
import { BlockSize } from '../../../src/node/block-size.ts'
import { MIN_BLOCK_SIZE } from '../../../src/node/bounds.ts'

describe('block size', () => {
  it('halves with each lost slot, down to a floor, and grows back to the limit of genesis', () => {
    const size = new BlockSize(1000)
    size.slotLost()
    assert.equal(size.limit, 500)
    for (let slot = 0; slot < 20; slot++) size.slotLost()
    assert.equal(size.limit, MIN_BLOCK_SIZE)
    for (let block = 0; block < 40; block++) size.blockSealed()
    assert.equal(size.limit, 1000)
  })

  it('never offers more than genesis allows, however small that is', () => {
    const size = new BlockSize(3)
    size.slotLost()
    assert.equal(size.limit, 3)
    size.blockSealed()
    assert.equal(size.limit, 3)
  })
})
