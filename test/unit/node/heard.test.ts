import assert from 'node:assert/strict'
import { Heard } from '../../../src/node/heard.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { extend, openChain } from './fixtures.ts'

describe('what a node has heard of others', () => {
  it('knows, after a restart, the newest seal of each verifier from the blocks in the store', async () => {
    const network = await TestChain.make(4)
    const { chain, store } = await openChain(network)
    await extend(network, chain, 3)
    const heard = new Heard()
    heard.noteChain(chain)
    for (const { id } of chain.quorum.members)
      assert.deepEqual(
        heard.of(id).map(({ statement }) => statement),
        [{ kind: 'seal', height: 3, block: chain.head.hash }],
      )
    await store.close()
  })
})
