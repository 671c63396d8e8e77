import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTelemetry } from '../../../src/adapters/telemetry.ts'
import { QuorateError } from '../../../src/base/errors.ts'
import { startBootstrap } from '../../../src/node/bootstrap.ts'
import { bootstrapAddresses, prepareBootstrap } from '../../../src/node/bootstrap-directory.ts'
import { readChainMark } from '../../../src/node/chain-mark.ts'
import { formatNetwork } from '../../../src/node/network-file.ts'
import { openPeersFile } from '../../../src/node/peers-file.ts'
import type { RunningNode } from '../../../src/node/running.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { TestChain } from '../../swarm/hostile-network.ts'

const codeOf = (code: string) => (error: unknown) => error instanceof QuorateError && error.code === code
const none = { network: null, chainId: null, genesis: null }

describe('a bootstrap node', function () {
  this.timeout(60_000)
  let chain: TestChain
  let genesis: string
  let network: string
  const running: RunningNode[] = []
  before(async () => {
    chain = await TestChain.make(1)
    const [verifier] = chain.verifiers
    assert.ok(verifier !== undefined)
    genesis = join(verifier.directory, 'genesis.json')
    network = join(tempDirectory('bootstrap'), 'network.json')
    const peer = '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWKfrTainHZibjGrCxV8DBfArTusbnBHs5mJsTg2DSEzgF'
    writeFileSync(network, formatNetwork({ genesis: chain.genesis, bootstrap: [peer], checkpoint: null }))
  })
  afterEach(async () => {
    for (const node of running.splice(0)) await node.stop()
    await chain.stopAll()
  })

  async function start(directory: string, bootstrap: readonly string[] = []): Promise<RunningNode> {
    const node = await startBootstrap({
      ...{ directory, role: 'bootstrap', listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], bootstrap, scope: 'local', checkpoint: null },
      telemetry: createTelemetry({ level: 'silent', format: 'json' }),
    })
    running.push(node)
    return node
  }
  const seed = (): string => join(tempDirectory('bootstrap'), 'seed')

  it('makes its directory of a network file, and keeps a key, the name of the chain and the peers', async () => {
    const directory = seed()
    await prepareBootstrap(directory, { ...none, network })
    assert.deepEqual(readdirSync(directory).sort(), ['bootstrap.json', 'chain.json', 'network.key'])
    assert.deepEqual([statSync(directory).mode & 0o777, statSync(join(directory, 'network.key')).mode & 0o777], [0o700, 0o600])
    const { name, chainId } = await readChainMark(directory)
    assert.deepEqual([name, chainId], [chain.genesis.name, chain.chainId])
    const key = readFileSync(join(directory, 'network.key'), 'utf8')
    await prepareBootstrap(directory, none)
    assert.equal(readFileSync(join(directory, 'network.key'), 'utf8'), key)
  })

  it('asks for a network once, and takes no other afterwards', async () => {
    const directory = seed()
    await assert.rejects(prepareBootstrap(directory, none), codeOf('genesis-missing'))
    await prepareBootstrap(directory, { ...none, genesis })
    const other = await TestChain.make(1)
    const [verifier] = other.verifiers
    await assert.rejects(
      prepareBootstrap(directory, { ...none, genesis: join(verifier?.directory ?? '', 'genesis.json') }),
      codeOf('chain-differs'),
    )
  })

  it('knows its chain of genesis, and looks at it again when it has changed', async () => {
    const directory = await chain.fullDirectory()
    assert.equal((await readChainMark(directory)).chainId, chain.chainId)
    assert.ok(existsSync(join(directory, 'chain.json')))
    writeFileSync(join(directory, 'genesis.json'), '{')
    await assert.rejects(readChainMark(directory), codeOf('genesis-syntax'))
    rmSync(join(directory, 'genesis.json'))
    assert.equal((await readChainMark(directory)).chainId, chain.chainId)
  })

  it('prints addresses that others can dial, with the peer id of its key', async () => {
    const directory = seed()
    const [address = ''] = await bootstrapAddresses(directory, ['/dns4/seed.example.org/tcp/4001'])
    assert.match(address, /^\/dns4\/seed\.example\.org\/tcp\/4001\/p2p\/12D3KooW\w+$/)
    assert.deepEqual(await bootstrapAddresses(directory, [address]), [address])
    for (const spread of await bootstrapAddresses(directory, ['/ip4/0.0.0.0/tcp/4001']))
      assert.match(spread, /^\/ip4\/(?!0\.|127\.)[\d.]+\/tcp\/4001\/p2p\//)
    await assert.rejects(bootstrapAddresses(directory, ['/ip4/127.0.0.1/tcp/0']), codeOf('no-port'))
    await prepareBootstrap(directory, { ...none, genesis })
    const node = await start(directory)
    assert.equal(node.view.status().peerId, address.split('/').at(-1))
  })

  it('brings nodes together that know only it, opens no store, and says so', async () => {
    const directory = seed()
    await prepareBootstrap(directory, { ...none, genesis })
    const node = await start(directory)
    const bootstrap = node.view.status().addresses
    const [first, second] = [
      await chain.start(await chain.fullDirectory(), 'full', { bootstrap }),
      await chain.start(await chain.fullDirectory(), 'full', { bootstrap }),
    ]
    const met = (one: RunningNode, other: RunningNode): boolean =>
      one.view.peers().some(({ peerId }) => peerId === other.view.status().peerId)
    await waitFor(() => met(first, second), { deadlineMs: 30_000, description: 'two nodes that found each other' })
    const { role, sync, height, peers, bootstrap: shown } = node.view.status()
    assert.deepEqual([role, sync.state, height, peers], ['bootstrap', 'none', 0, 2])
    assert.ok(shown !== null && shown.connections >= 2 && shown.served > 0)
    assert.equal(existsSync(join(directory, 'store')), false)
    const diagnosis = await node.view.diagnosis()
    assert.deepEqual([diagnosis.quorum, diagnosis.sync, diagnosis.disk.storeBytes], [null, null, null])
    assert.deepEqual(
      node.view.swarm().links.flatMap(({ mesh }) => mesh),
      [],
    )
    assert.equal(node.view.swarm().nodes.length, 3)
    assert.throws(() => node.view.quorum(), codeOf('no-ledger'))
    assert.throws(() => node.view.genesis, codeOf('no-ledger'))
    await assert.rejects(node.view.submit([]), codeOf('no-ledger'))
  })

  it('is alone in its directory', async () => {
    const directory = seed()
    await prepareBootstrap(directory, { ...none, genesis })
    await start(directory)
    await assert.rejects(start(directory), codeOf('directory-in-use'))
    await assert.rejects(start(join(directory, 'none')), codeOf('not-initialised'))
  })
})

describe('the file of peers', () => {
  it('loses the drafts that a killed process has left, and nothing else', async () => {
    const directory = tempDirectory('peers')
    for (const name of ['peers.json', 'peers.json.0a1b2c3d', 'peers.json.txt', 'other.0a1b2c3d'])
      writeFileSync(join(directory, name), '["/ip4/1.2.3.4"]')
    const { rememberedPeers } = await openPeersFile(join(directory, 'peers.json'), createTelemetry({ level: 'silent', format: 'json' }))
    assert.deepEqual(readdirSync(directory).sort(), ['other.0a1b2c3d', 'peers.json', 'peers.json.txt'])
    assert.deepEqual(rememberedPeers, ['/ip4/1.2.3.4'])
  })
})
