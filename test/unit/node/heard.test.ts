import assert from 'node:assert/strict'
import { createSystemClock } from '../../../src/adapters/clock.ts'
import { nativeSignatures } from '../../../src/crypto/native.ts'
import { openAccountability } from '../../../src/node/accountability.ts'
import { Slots } from '../../../src/node/slots.ts'
import { SyncClient } from '../../../src/node/sync-client.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { extend, FakeNetwork, openChain, quiet } from './fixtures.ts'

describe('what a node has heard of others', () => {
  it('knows, after a restart, the newest seal of each verifier from the blocks in the store', async () => {
    const of = await TestChain.make(4)
    const { chain, store } = await openChain(of)
    await extend(of, chain, 3)
    const network = new FakeNetwork()
    const fail = (): never => assert.fail('there is no evidence')
    const { heard } = await openAccountability({
      ...{ chain, store, network, signatures: nativeSignatures, telemetry: quiet() },
      client: new SyncClient(network),
      slots: new Slots(createSystemClock(), of.genesis.timeMs, 1000, 100),
      nowMs: () => Date.now(),
      ...{ feed: fail, onFound: fail, onPunished: fail, onFatal: fail },
    })
    for (const { id } of chain.quorum.members)
      assert.deepEqual(
        heard.of(id).map(({ statement }) => statement),
        [{ kind: 'seal', height: 3, block: chain.head.hash }],
      )
    await store.close()
  })
})
