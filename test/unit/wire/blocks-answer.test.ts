import assert from 'node:assert/strict'
import { encode } from '../../../src/wire/codec.ts'
import { blocksAnswer, syncResponse } from '../../../src/wire/sync.ts'
import { type SignedBlock, signedBlock } from '../../../src/wire/types.ts'

const block = (height: number): SignedBlock => ({
  header: {
    height,
    slot: height + 5,
    parent: 'aa'.repeat(32),
    parentSeal: null,
    maker: 1,
    proof: 'bb'.repeat(96),
    transactionsRoot: '00'.repeat(32),
    evidenceRoot: '00'.repeat(32),
    stateRoot: 'cc'.repeat(32),
    nextQuorum: 'dd'.repeat(32),
    burnedMicroHours: 7,
  },
  evidence: [],
  transactions: [],
  seal: { signers: [0, 2], signature: 'ee'.repeat(96) },
})

describe('an answer of blocks', () => {
  for (const count of [0, 1, 3])
    it(`made of ${count} stored blocks is the encoding of the answer`, () => {
      const blocks = Array.from({ length: count }, (_, index) => block(index + 1))
      const stored = blocks.map((one) => encode(signedBlock, one))
      assert.deepEqual(blocksAnswer(stored), encode(syncResponse, { kind: 'blocks', blocks }))
    })
})
