import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createSystemClock } from '../../src/adapters/clock.ts'
import { generateNetworkKey, peerIdOf } from '../../src/adapters/libp2p/keys.ts'
import { createTelemetry } from '../../src/adapters/telemetry.ts'
import type { SwarmGraph } from '../../src/api/observe-types.ts'
import type { Finding } from '../../src/cli/doctor/findings.ts'
import { startBootstrap } from '../../src/node/bootstrap.ts'
import { prepareBootstrap } from '../../src/node/bootstrap-directory.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { quorateHere } from '../unit/cli/in-process.ts'
import { addressOf, TestChain } from './hostile-network.ts'
import { Member } from './member.ts'

const DEADLINE_MS = 60_000
/** How far the clock of the first verifier is ahead: several slots. */
const AHEAD_MS = 20_000

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('the doctor of a node that runs', function () {
  this.timeout(2 * DEADLINE_MS)
  let chain: TestChain
  let member: Member
  before(async () => {
    chain = await TestChain.make(3)
    member = new Member(chain.verifiers[1]?.directory ?? '', 'verifier', join(tempDirectory('doctor'), 'log'))
  })
  after(async () => {
    await member.kill()
    await chain.stopAll()
  })

  interface Report {
    readonly code: number | null
    readonly findings: readonly Finding[]
  }
  const ask = async (): Promise<Report> => {
    const { code, stdout } = await quorateHere('doctor', '--dir', member.directory, '--json')
    return { code, findings: (JSON.parse(stdout) as { findings: readonly Finding[] }).findings }
  }
  const of = ({ findings }: Report, code: Finding['code']): Finding | undefined => findings.find((one) => one.code === code)

  it('finds a clock that is off, bootstrap addresses that are wrong, and a member that is down', async () => {
    const clock = createSystemClock()
    const [first] = [
      await chain.start(chain.verifiers[0]?.directory ?? '', 'verifier', {
        clock: { nowMs: () => clock.nowMs() + AHEAD_MS, at: (atMs, call) => clock.at(atMs - AHEAD_MS, call) },
      }),
    ]
    const address = addressOf(first)
    const [nobody, other] = [await peerIdOf(await generateNetworkKey()), await peerIdOf(await generateNetworkKey())]
    const refused = `/ip4/127.0.0.1/tcp/${await freePort()}/p2p/${nobody}`
    await member.start([address, refused, address.replace(/[^/]+$/, other)])

    const report = await waitFor(
      async () => {
        const now = await ask()
        const [clockNow, bootstrap, quorum] = [of(now, 'clock-offset'), of(now, 'bootstrap'), of(now, 'quorum')]
        const isKnown =
          clockNow?.severity === 'problem' && /refused/.test(bootstrap?.text ?? '') && /wrong-peer/.test(bootstrap?.text ?? '')
        return isKnown && quorum?.numbers['missing'] === 1 ? now : undefined
      },
      { deadlineMs: DEADLINE_MS, description: 'what is wrong to be known' },
    )
    assert.equal(report.code, 1)
    const offset = of(report, 'clock-offset')
    assert.ok(Math.abs(Number(offset?.numbers['offsetMs']) - AHEAD_MS) < AHEAD_MS / 2)
    assert.match(offset?.text ?? '', /behind/)
    const bootstrap = of(report, 'bootstrap')
    assert.deepEqual([bootstrap?.severity, bootstrap?.numbers], ['notice', { named: 3, connected: 1 }])
    assert.deepEqual(of(report, 'dials')?.numbers['wrong-peer'], 1)
    // Two of three equal stakes are not more than two thirds.
    const quorum = of(report, 'quorum')
    assert.equal(quorum?.severity, 'problem')
    assert.match(quorum?.text ?? '', /1 verifier of 3 not connected: verifier 2 /)
    for (const code of ['reachability', 'announced', 'peers', 'event-loop', 'disk-space', 'sync'] as const)
      assert.ok(of(report, code) !== undefined, code)
    assert.equal(of(report, 'node-stopped'), undefined)
  })

  it('shows to whom the peers of the node are connected, once somebody looks', async () => {
    const directory = join(tempDirectory('doctor'), 'seed')
    const genesis = join(member.directory, 'genesis.json')
    await prepareBootstrap(directory, { network: null, chainId: null, genesis })
    const { view, stop } = await startBootstrap({
      ...{ directory, role: 'bootstrap', listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], scope: 'local', checkpoint: null },
      bootstrap: [(await member.status()).addresses[0] ?? ''],
      telemetry: createTelemetry({ level: 'silent', format: 'json' }),
    })
    try {
      // Of three nodes in a row: the bootstrap node and the first verifier are connected to the member, and it tells of neither to the other.
      const third = await chain.start(await chain.fullDirectory(), 'full', { bootstrap: [(await member.status()).addresses[0] ?? ''] })
      const self = (await member.status()).peerId
      const linked = (graph: SwarmGraph, one: string, other: string): boolean =>
        graph.links.some(({ from, to }) => (from === one && to === other) || (from === other && to === one))
      const ends = [third.view.status().peerId, view.status().peerId]
      await waitFor(
        async () => {
          const { peers } = await member.get<{ peers: readonly { readonly peerId: string }[] }>('/v1/peers')
          return ends.every((end) => peers.some(({ peerId }) => peerId === end)) && third.view.peers().length > 0
        },
        { deadlineMs: DEADLINE_MS, description: 'both to be connected' },
      )
      await waitFor(() => linked(third.view.swarm(), self, view.status().peerId), {
        deadlineMs: DEADLINE_MS,
        description: 'the link between the member and the bootstrap node, of which the member tells',
      })
      const graph = await member.get<SwarmGraph>('/v1/swarm')
      assert.ok(linked(graph, self, third.view.status().peerId))
      assert.equal(graph.nodes.filter(({ isSelf }) => isSelf).length, 1)
    } finally {
      await stop()
    }
  })

  it('looks at the directory alone once the node has stopped', async () => {
    await member.stop()
    const report = await ask()
    assert.equal(report.code, 0)
    assert.equal(of(report, 'node-stopped')?.severity, 'notice')
    assert.equal(of(report, 'clock-offset'), undefined)
  })
})
