import assert from 'node:assert/strict'
import type { NodeStatus, VerifierStatus } from '../../../src/api/types.ts'
import { adviceFor } from '../../../src/cli/advice.ts'
import { FakeNode } from '../api/fake-node.ts'

const COIN = 1_000_000
const verifier: VerifierStatus = {
  ...{ blsKey: 'ee'.repeat(48), state: 'not-registered', address: null, index: null, weightDroplets: 0, bondedDroplets: 0 },
  ...{ minStakeDroplets: 5 * COIN, obstacle: null, silence: null, proposed: 0, led: 0, made: 0, sealed: 0 },
}
const following = { state: 'following', targetHeight: 3, snapshot: null } as const
const registered = { ...verifier, state: 'registered', obstacle: 'stake-below-minimum' } as const

describe('what a person should do next', () => {
  const cases: readonly {
    description: string
    status: Partial<NodeStatus>
    droplets?: number
    runsMs?: number
    says: RegExp | null
  }[] = [
    { description: 'no peers yet', status: { peers: 0 }, runsMs: 1000, says: null },
    { description: 'no peers for a while', status: { peers: 0 }, runsMs: 60_000, says: /quorate doctor --dir d/ },
    { description: 'catching up', status: { peers: 2, sync: { ...following, state: 'syncing' } }, says: null },
    { description: 'a full node that follows', status: { peers: 2, verifier: null }, says: /quorate status.*init --dir d --role verifier/ },
    { description: 'a bootstrap node', status: { peers: 2, role: 'bootstrap' }, says: null },
    {
      description: 'a key that is not registered, without coins',
      status: { peers: 2, verifier },
      droplets: 0,
      says: /faucet.*address is quo1.*register/,
    },
    {
      description: 'a key that is not registered, with coins',
      status: { peers: 2, verifier },
      droplets: 1e12,
      says: /^`quorate register --dir d`.*stake/,
    },
    {
      description: 'a verifier with too little stake',
      status: { peers: 2, verifier: registered },
      says: /^`quorate stake.*asks for 5 coins, and 0 are bonded/,
    },
    { description: 'a verifier that is elected', status: { peers: 2, verifier: { ...verifier, state: 'elected' } }, says: null },
  ]
  for (const { description, status, droplets = 0, runsMs = 60_000, says } of cases) {
    it(description, () => {
      const node = new FakeNode()
      const found: NodeStatus = { ...node.status(), sync: following, ...status }
      const account = { ...node.account('ab'.repeat(20)), droplets }
      const view = { genesis: node.genesis, status: () => found, account: () => account }
      const advice = adviceFor(view, { directory: 'd', account: 'ab'.repeat(20), nowMs: found.startedAtMs + runsMs })
      if (says === null) assert.equal(advice, null)
      else assert.match(advice ?? 'nothing', says)
    })
  }
})
