import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { peekGuardFile } from '../../../src/adapters/store/guard-file.ts'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'
import type { NodeStatus } from '../../../src/api/types.ts'
import { Chain } from '../../../src/node/chain.ts'
import { formatGenesis } from '../../../src/node/genesis-file.ts'
import { startNode } from '../../../src/node/node.ts'
import type { RunningNode } from '../../../src/node/running.ts'
import { initDirectory } from '../../../src/node/setup.ts'
import { decodeGuard } from '../../../src/node/verifier-files.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { EpochChain } from '../node/epoch-chain.ts'
import { quiet } from '../node/fixtures.ts'
import { startQuorate } from './quorate.ts'

const DEADLINE_MS = 40_000
/** Enough that whoever fetches them is still at it when he is told to stop. */
const BLOCKS = 600

describe('a node that is told to stop while it catches up', function () {
  this.timeout(120_000)
  const home = tempDirectory('stop')
  const of = new EpochChain({ epochSlots: 2000, evidenceSlots: 1000, unbondingSlots: 1500 })
  let source: RunningNode
  let address: string

  before(async () => {
    const genesisFile = join(home, 'genesis.json')
    writeFileSync(genesisFile, formatGenesis(of.genesis))
    const directory = join(home, 'source')
    await initDirectory({ directory, role: 'full', genesisFile, bootstrap: [] })
    const store = await openLevelStore(join(directory, 'store'))
    const chain = await Chain.open(of.genesis, store)
    for (let height = 1; height <= BLOCKS; height++) await chain.commit(of.block(chain))
    await chain.flush()
    await store.close()
    const where = { listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], bootstrap: [], scope: 'local' as const, checkpoint: null }
    source = await startNode({ directory, role: 'full', ...where, telemetry: quiet() })
    address = source.view.status().addresses[0] ?? assert.fail('it listens')
    await initDirectory({ directory: join(home, 'node'), role: 'verifier', genesisFile, bootstrap: [address] })
  })
  after(() => source.stop())

  it('ends with exit code 0, its store whole and its guard as it was', async () => {
    const directory = join(home, 'node')
    const running = startQuorate([
      'start',
      '--dir',
      directory,
      '--scope',
      'local',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--api',
      '127.0.0.1:0',
    ])
    const apiFile = join(directory, 'api.json')
    const statusNow = async (): Promise<NodeStatus | null> => {
      if (!existsSync(apiFile)) return null
      const { url } = JSON.parse(readFileSync(apiFile, 'utf8')) as { readonly url: string }
      return (await (await fetch(`${url}/v1/status`)).json()) as NodeStatus
    }
    const status = await waitFor(async () => ((await statusNow())?.sync.state === 'syncing' ? await statusNow() : null), {
      deadlineMs: DEADLINE_MS,
      description: 'it to fetch blocks',
    })
    assert.ok(running.child.kill('SIGTERM'))
    const { code, stderr } = await running.ended
    assert.equal(code, 0, stderr)
    assert.match(stderr, /stopping \(SIGTERM\)\n(.*\n)*.* stopped\n$/)
    assert.ok(!existsSync(apiFile))
    const store = await openLevelStore(join(directory, 'store'))
    try {
      const { head } = await Chain.open(of.genesis, store)
      assert.ok(head.height >= status.height && head.height < BLOCKS, `${status.height} when it was told, ${head.height} in the end`)
      assert.equal(head.hash, source.view.block(head.height)?.hash ?? of.genesis.name)
    } finally {
      await store.close()
    }
    const guard = await peekGuardFile(join(directory, 'guard'))
    assert.deepEqual([guard.state, decodeGuard(guard.record, 'guard').seal], ['intact', null])
  })
})
