import assert from 'node:assert/strict'
import { TestChain } from '../../swarm/hostile-network.ts'

describe('what a node says that it does', () => {
  it('goes by its role: a bootstrap node follows no chain, a full node waits for peers, the only verifier needs none', async () => {
    const chain = await TestChain.make(1)
    try {
      const [directory] = chain.verifiers.map((verifier) => verifier.directory)
      assert.ok(directory !== undefined)
      const states: string[] = []
      for (const role of ['bootstrap', 'full', 'verifier'] as const) {
        const node = await chain.start(role === 'verifier' ? directory : await chain.fullDirectory(), role)
        states.push(node.view.status().sync.state)
      }
      assert.deepEqual(states, ['none', 'waiting-for-peers', 'following'])
    } finally {
      await chain.stopAll()
    }
  })
})
