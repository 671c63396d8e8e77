import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BootstrapStatus } from '../../../src/api/diagnosis-types.ts'
import { healthLine } from '../../../src/cli/bootstrap-lines.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { TestChain } from '../../swarm/hostile-network.ts'
import { quorateHere } from './in-process.ts'
import { startQuorate } from './quorate.ts'

const status: BootstrapStatus = {
  ...{ connections: 0, maxConnections: 1000, prefixes: [], prefixCount: 0, routingTable: 0, served: 0, servedPerMinute: 0 },
  ...{ refused: {}, refusedPerMinute: {}, otherChains: 0 },
}

describe('the line of a bootstrap node', () => {
  const lines: { description: string; changes: Partial<BootstrapStatus>; rssBytes: number | null; line: string }[] = [
    {
      description: 'that is alone',
      changes: {},
      rssBytes: null,
      line: 'health   0 of 1000 connections, 0 peers in the table, 0 answered a minute, refused none',
    },
    {
      description: 'that has much to do',
      changes: {
        ...{ connections: 16, prefixCount: 4, routingTable: 1, servedPerMinute: 530 },
        prefixes: ['198.51.100.0/24', '203.0.113.0/24', '192.0.2.0/24', '2001:db8:7::/48'].map((prefix, index) => ({
          prefix,
          connections: 9 - index,
        })),
        refusedPerMinute: { 'host-rate': 14, 'dht-store': 3 },
      },
      rssBytes: 92_400_000,
      line:
        'health   16 of 1000 connections, from 4 prefixes (198.51.100.0/24 9, 203.0.113.0/24 8, 192.0.2.0/24 7, …), 1 peer in the table, ' +
        '530 answered a minute, refused 14 host-rate, 3 dht-store, 92.4 MB',
    },
  ]
  for (const { description, changes, rssBytes, line } of lines)
    it(`is that of one ${description}`, () => assert.equal(healthLine({ ...status, ...changes }, rssBytes), line))
})

describe('quorate bootstrap', function () {
  this.timeout(90_000)
  const announced = '/dns4/seed.example.org/tcp/4001'

  it('prints the address to hand out, the same each time, and makes the directory for it', async () => {
    const dir = join(tempDirectory('bootstrap'), 'seed')
    const first = await quorateHere('bootstrap', '--dir', dir, '--print-address', '--announce', announced)
    assert.equal(first.code, 0)
    assert.match(first.stdout, /^\/dns4\/seed\.example\.org\/tcp\/4001\/p2p\/12D3KooW\w+\n$/)
    const { stdout } = await quorateHere('bootstrap', '--dir', dir, '--print-address', '--announce', announced, '--json')
    assert.deepEqual(JSON.parse(stdout), { peers: [first.stdout.trim()] })
    assert.ok(existsSync(join(dir, 'network.key')))
  })

  const wrong: { description: string; args: readonly string[]; code: number; says: RegExp }[] = [
    { description: '--json without --print-address', args: ['--json'], code: 2, says: /--json goes with --print-address/ },
    { description: '--chain-id without --network', args: ['--chain-id', 'ab'.repeat(32)], code: 2, says: /goes with --network/ },
    { description: 'a port that nobody knows', args: ['--print-address', '--listen', '/ip4/0.0.0.0/tcp/0'], code: 1, says: /\[no-port\]/ },
  ]
  for (const { description, args, code, says } of wrong)
    it(`refuses ${description}`, async () => {
      const ended = await quorateHere('bootstrap', '--dir', join(tempDirectory('bootstrap'), 'seed'), ...args)
      assert.equal(ended.code, code)
      assert.match(ended.stderr, says)
    })

  it('runs with a genesis, says where it is and how it is doing, and stops when it is told to', async () => {
    const chain = await TestChain.make(1)
    const genesis = join(chain.verifiers[0]?.directory ?? '', 'genesis.json')
    const dir = join(tempDirectory('bootstrap'), 'seed')
    const scope = ['--scope', 'local', '--listen', '/ip4/127.0.0.1/tcp/0', '--parent-watch'] as const
    const { child, ended } = startQuorate(['bootstrap', '--dir', dir, '--genesis', genesis, ...scope])
    let said = ''
    child.stderr?.on('data', (data: Buffer) => {
      said += data.toString()
    })
    await waitFor(() => /health {3}0 of 1000 connections/.test(said), { deadlineMs: 60_000, description: 'its first line' })
    assert.match(said, new RegExp(`started {2}bootstrap node of ${chain.label}, private addresses allowed`))
    assert.match(said, /hand out: \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/)
    child.stdin?.end()
    assert.equal((await ended).code, 0)
  })
})
