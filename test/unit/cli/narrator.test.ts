import assert from 'node:assert/strict'
import type { VerifierStatus } from '../../../src/api/types.ts'
import { narrate } from '../../../src/cli/narrator.ts'
import { FakeNode } from '../api/fake-node.ts'

describe('what a node tells as it runs', () => {
  const verifier: VerifierStatus = {
    ...{ blsKey: 'ee'.repeat(48), state: 'elected', address: '1a'.repeat(20), index: 3, weightDroplets: 9, bondedDroplets: 9 },
    ...{ minStakeDroplets: 1, obstacle: null, silence: null, proposed: 0, led: 0, made: 0, sealed: 0 },
  }
  const cases: readonly { description: string; verifier: VerifierStatus | null; tells: readonly string[] }[] = [
    { description: 'a full node', verifier: null, tells: [] },
    { description: 'a verifier that signs', verifier, tells: ['verifier is in the quorum, at 3'] },
    {
      description: 'an elected one that does not sign',
      verifier: { ...verifier, silence: 'starting' },
      tells: ['verifier is in the quorum, at 3', 'verifier does not sign: starting'],
    },
    {
      description: 'one that is not elected and has nothing to sign',
      verifier: { ...verifier, state: 'registered', silence: 'starting' },
      tells: ['verifier is registered and not in the quorum: it signs nothing until it is elected'],
    },
  ]
  for (const { description, verifier: status, tells } of cases) {
    it(description, () => {
      const node = new FakeNode()
      node.verifierStatus = status
      const told: string[] = []
      narrate(node, ({ text }) => told.push(text))()
      assert.deepEqual(
        told.filter((text) => text.startsWith('verifier')),
        tells,
      )
    })
  }
})
