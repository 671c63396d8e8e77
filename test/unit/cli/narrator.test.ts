import assert from 'node:assert/strict'
import type { VerifierStatus } from '../../../src/api/types.ts'
import { type Happening, narrate } from '../../../src/cli/narrator.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { FakeNode } from '../api/fake-node.ts'

const DEADLINE_MS = 20_000

describe('what a node tells as it runs', () => {
  const verifier: VerifierStatus = {
    ...{ blsKey: 'ee'.repeat(48), state: 'elected', address: '1a'.repeat(20), index: 3, weightDroplets: 9, bondedDroplets: 9 },
    ...{ minStakeDroplets: 1, obstacle: null, silence: null, proposed: 0, led: 0, made: 0, sealed: 0 },
  }
  const cases: readonly { description: string; verifier: VerifierStatus | null; tells: readonly string[] }[] = [
    { description: 'a full node', verifier: null, tells: [] },
    { description: 'a verifier that signs', verifier, tells: ['verifier 3 of the quorum', 'verifier signs'] },
    {
      description: 'an elected one that does not sign',
      verifier: { ...verifier, silence: 'starting' },
      tells: ['verifier 3 of the quorum', 'verifier does not sign: starting'],
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

describe('what a node tells of a fork', () => {
  it('that it signs nothing and what to do, that it goes on, and that it is over', async () => {
    const node = new FakeNode()
    const told: Happening[] = []
    const says = (text: string): Promise<unknown> =>
      waitFor(() => told.some((one) => one.text === `fork     ${text}`), { deadlineMs: DEADLINE_MS, description: text })
    node.forkSummary = { height: 12, branches: 2, command: 'quorate recover --dir /v1' }
    const hush = narrate(node, (happening) => void told.push(happening))
    try {
      await says('2 chains are sealed from height 12 on, so nothing is signed: stop this node, then `quorate recover --dir /v1`')
      node.forkSummary = { ...node.forkSummary, command: null }
      await says('2 chains are sealed from height 12 on, so nothing is signed until those who follow the chosen one go on with it')
      node.forkSummary = null
      await says('that of height 12 is over: the chain goes on')
    } finally {
      hush()
    }
    assert.deepEqual(
      told.filter(({ event }) => event === 'fork').map(({ level }) => level),
      ['warn', 'warn', 'info'],
    )
  })
})

describe('what a node tells of its beginning', () => {
  it('names the parts of the snapshot as they come, and where its blocks begin', async () => {
    const node = new FakeNode()
    const told: Happening[] = []
    const says = (text: string): Promise<unknown> =>
      waitFor(() => told.some((one) => one.text.startsWith(`sync     ${text}`)), { deadlineMs: DEADLINE_MS, description: text })
    const status = node.status.bind(node)
    let state: 'syncing' | 'following' = 'syncing'
    node.status = () => ({ ...status(), sync: { ...status().sync, state } })
    node.height = 0
    node.snapshot = { height: null, parts: 0, partsHere: 0, peers: 0 }
    const hush = narrate(node, (happening) => void told.push(happening))
    try {
      await says('looking for a snapshot at or below the checkpoint')
      node.snapshot = { height: 245, parts: 64, partsHere: 12, peers: 3 }
      await says('snapshot of height 245: 12 of 64 parts from 3 peers')
      node.snapshot = { height: 245, parts: 64, partsHere: 13, peers: 1 }
      await says('snapshot of height 245: 13 of 64 parts from 1 peer')
      ;[node.snapshot, node.firstHeight, node.height, state] = [null, 245, 250, 'following']
      await says('begins with the snapshot of height 245: of what was before, this node has the state and no blocks')
      await says('following the chain at height 250')
    } finally {
      hush()
    }
    assert.deepEqual(
      told.filter(({ event }) => event === 'snapshot').map(({ fields }) => fields),
      [{ firstHeight: 245 }],
    )
  })
})
