import assert from 'node:assert/strict'
import { waitFor } from '../../helpers/wait-for.ts'
import { addressOf, TestChain } from '../../swarm/hostile-network.ts'
import { HostilePeer } from '../../swarm/hostile-peer.ts'

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
  it('does not take the stake that it is connected to for a chain that it has caught up with: somebody must have told a height', async () => {
    const chain = await TestChain.make(1)
    try {
      const node = await chain.start(await chain.fullDirectory(), 'full')
      const silent = await HostilePeer.connect(chain.label, addressOf(node), chain.verifiers[0]?.networkKey)
      try {
        const { sync, quorum } = await waitFor(
          () => {
            const status = node.view.status()
            return status.quorum.connectedStakeDroplets > 0 ? status : undefined
          },
          { deadlineMs: 30_000, description: 'the connection' },
        )
        assert.equal(quorum.connectedStakeDroplets, quorum.stakeDroplets)
        assert.equal(sync.state, 'waiting-for-peers')
      } finally {
        await silent.stop()
      }
    } finally {
      await chain.stopAll()
    }
  })
})
