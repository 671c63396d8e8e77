import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readGenesisFile } from '../../../src/node/genesis-file.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { quorateHere } from './in-process.ts'
import { quorate } from './quorate.ts'

const peer = '/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWDLXTeAD1cfSN5YrLW4WAtMMpNgUQ8ryzRpQGn5XjKJ8o'

describe('quorate init, keys and genesis', () => {
  const home = tempDirectory('cli')
  const inside = (...names: string[]): string => join(home, ...names)
  const files = (directory: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(directory)
        .filter((name) => statSync(join(directory, name)).isFile())
        .map((name) => [name, readFileSync(join(directory, name)).toString('hex')]),
    )

  before(async () => {
    const made = await Promise.all(['v1', 'v2'].map((name) => quorate('init', '--dir', inside(name), '--role', 'verifier')))
    for (const { code, stderr } of made) assert.equal(code, 0, stderr)
  })

  it('init makes keys and a guard for their owner only, and says the next step', async () => {
    const { code, stdout } = await quorate('init', '--dir', inside('full'), '--bootstrap', peer)
    assert.equal(code, 0)
    assert.match(stdout, /12D3KooW.*\n.*quo1/)
    assert.match(stdout, /Next: quorate init --dir .*full --network FILE\|URL .*comes with none/)
    assert.deepEqual(Object.keys(files(inside('full'))).sort(), ['account.key', 'bootstrap.json', 'network.key'])
    assert.deepEqual(Object.keys(files(inside('v1'))).sort(), ['account.key', 'guard', 'network.key', 'verifier.key'])
    for (const name of ['account.key', 'guard', 'network.key', 'verifier.key']) assert.equal(statSync(inside('v1', name)).mode & 0o077, 0)
    assert.deepEqual(JSON.parse(readFileSync(inside('full', 'bootstrap.json'), 'utf8')), { peers: [peer] })
  })

  it('init again changes nothing', async () => {
    const before = files(inside('v1'))
    const { code, stdout } = await quorate('init', '--dir', inside('v1'), '--role', 'verifier', '--json')
    assert.equal(code, 0)
    const { created, kept } = JSON.parse(stdout)
    assert.deepEqual([created, kept.sort()], [[], ['account.key', 'guard', 'network.key', 'verifier.key']])
    assert.deepEqual(files(inside('v1')), before)
  })

  it('init makes no second guard for a key that has lost its own, nor a key for a lost one', async () => {
    await quorate('init', '--dir', inside('lost'), '--role', 'verifier')
    const guard = readFileSync(inside('lost', 'guard'))
    rmSync(inside('lost', 'guard'))
    const refused = await quorate('init', '--dir', inside('lost'), '--role', 'verifier')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /lost its signing guard/)
    assert.ok(!existsSync(inside('lost', 'guard')))
    writeFileSync(inside('lost', 'guard'), guard)
    rmSync(inside('lost', 'verifier.key'))
    // An empty guard is what an init that was cut short leaves.
    assert.equal((await quorate('init', '--dir', inside('lost'), '--role', 'verifier')).code, 0)
    assert.deepEqual(readFileSync(inside('lost', 'guard')), guard)
  })

  it('keys shows public parts, and secrets only when asked', async () => {
    const secret = JSON.parse(readFileSync(inside('v1', 'account.key'), 'utf8')).secretKey as string
    const [plain, json, all] = await Promise.all([
      quorate('keys', '--dir', inside('v1')),
      quorate('keys', '--dir', inside('v1'), '--json'),
      quorate('keys', '--dir', inside('v1'), '--json', '--export-secret'),
    ])
    for (const { code, stdout, stderr } of [plain, json]) {
      assert.equal(code, 0)
      assert.ok(!`${stdout}${stderr}`.includes(secret))
    }
    assert.equal(JSON.parse(all.stdout).secretKeys.account, secret)
    const { secretKeys: _, ...parts } = JSON.parse(all.stdout)
    assert.deepEqual(JSON.parse(json.stdout), parts)
    assert.match(parts.peerId, /^12D3KooW/)
    assert.match(parts.address, /^quo1/)
    assert.equal(parts.verifier.blsKey.length, 96)
  })

  it('genesis makes the same bytes of the same options, of directories as of their public parts', async () => {
    writeFileSync(inside('v2.json'), (await quorate('keys', '--dir', inside('v2'), '--json')).stdout)
    const common = ['genesis', '--name', 'my-net', '--slot', '500', '--time', '2026-01-31T12:00:00Z', '--out', '-']
    const [one, other] = await Promise.all([
      quorate(...common, '--verifier', `${inside('v1')}:500`, '--verifier', inside('v2')),
      quorate(...common, '--verifier', inside('v2.json'), '--verifier', `${inside('v1')}:500`),
    ])
    assert.equal(one.code, 0, one.stderr)
    assert.equal(one.stdout, other.stdout)
    const { verifiers, parameters, timeMs } = JSON.parse(one.stdout)
    assert.deepEqual(
      verifiers.map((verifier: { stakeDroplets: number }) => verifier.stakeDroplets).sort(),
      [1_000_000_000_000, 500_000_000],
    )
    assert.deepEqual([parameters.slotMs, parameters.choiceMs, timeMs], [500, 100, Date.parse('2026-01-31T12:00:00Z')])
  })

  it('genesis writes a file that nodes take, checks it, and replaces it only when told', async () => {
    const address = JSON.parse((await quorate('keys', '--dir', inside('v2'), '--json')).stdout).address as string
    const out = inside('genesis.json')
    const make = ['genesis', '--verifier', inside('v1'), '--account', `${address}:12.5:3`, '--time', 'now+1h', '--out', out]
    const made = await quorate(...make, '--json')
    assert.equal(made.code, 0, made.stderr)
    const genesis = await readGenesisFile(out)
    assert.deepEqual(
      genesis.accounts.map(({ droplets, microHours }) => [droplets, microHours]).sort(),
      [
        [12_500_000, 3_000_000],
        [1_000_000_000, 1_000_000_000],
      ].sort(),
    )
    const checked = await quorate('genesis', '--check', out, '--json')
    assert.equal(checked.code, 0)
    assert.deepEqual(JSON.parse(checked.stdout), JSON.parse(made.stdout))
    const again = await quorate(...make)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /left as it is|left as it was/)
    assert.equal((await quorate(...make, '--force')).code, 0)
  })

  it('genesis reckons its rules in slots, and takes stakes, commissions and anchors', async () => {
    const { address } = JSON.parse((await quorateHere('keys', '--dir', inside('v2'), '--json')).stdout)
    const rules = ['--slot', '500', '--epoch', '1h', '--unbonding', '200000', '--evidence', '1d', '--score', 'hybrid', '--anchor', address]
    const verifiers = ['--verifier', `${inside('v1')}:500:12.5%`, '--verifier', inside('v2'), '--commission', '3%', '--stake', '700']
    const { code, stdout, stderr } = await quorateHere('genesis', ...rules, ...verifiers, '--maker-share', '33%', '--out', '-')
    assert.equal(code, 0, stderr)
    const genesis = JSON.parse(stdout)
    const { epochSlots, electionSlots, forcedElectionSlots, unbondingSlots, evidenceSlots, score, makerSharePpm } = genesis.parameters
    assert.deepEqual([epochSlots, electionSlots, forcedElectionSlots], [7200, 1200, 1200])
    assert.deepEqual([unbondingSlots, evidenceSlots, score, makerSharePpm], [200_000, 172_800, 'hybrid', 330_000])
    assert.deepEqual(
      genesis.verifiers.map((one: { stakeDroplets: number; commissionPpm: number }) => [one.stakeDroplets, one.commissionPpm]).sort(),
      [
        [500_000_000, 125_000],
        [700_000_000, 30_000],
      ],
    )
    assert.deepEqual(genesis.anchors, [address])
    const refused = await quorateHere('genesis', '--verifier', inside('v1'), '--unbonding', '1d', '--evidence', '3d', '--out', '-')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /unbondingSlots is 86400 and must be from 259201/)
  })

  it('init of a verifier in a running network says how its account becomes a verifier, if it is none', async () => {
    const genesis = inside('running.json')
    await quorateHere('genesis', '--verifier', inside('v1'), '--name', 'running', '--out', genesis)
    const added = await quorateHere('init', '--dir', inside('later'), '--role', 'verifier', '--genesis', genesis)
    assert.match(
      added.stdout,
      /Next: quorate start --dir .*later {3}then, unless its account is a verifier of running already, `quorate register --dir .*later` makes it one/,
    )
    const first = await quorateHere('init', '--dir', inside('v1-again'), '--role', 'full', '--genesis', genesis)
    assert.match(first.stdout, /names no bootstrap peer[\s\S]*Next: quorate start --dir .*v1-again\n$/)
    const peer = '/ip4/127.0.0.1/tcp/4101/p2p/12D3KooWGC8Bqt5mTTjpLxMLW5TtQ1nxgFFhPUqaLjXtNRw2E5ZT'
    const local = await quorateHere('init', '--dir', inside('later'), '--bootstrap', peer, '--no-password')
    assert.match(
      local.stdout,
      /kept .*network\.key, account\.key, guard, verifier\.key[\s\S]*Next: quorate start --dir .*later --scope local/,
    )
    const unshown = await quorateHere('init', '--dir', inside('unshown'), '--no-password')
    assert.match(unshown.stdout, /no words to write down/)
    assert.equal(unshown.stderr, '')
  })

  it('init takes a sound genesis once, and no other network after it', async () => {
    const [mine, other] = [inside('mine.json'), inside('other.json')]
    await quorate('genesis', '--verifier', inside('v1'), '--name', 'mine', '--out', mine)
    await quorate('genesis', '--verifier', inside('v1'), '--name', 'other', '--out', other)
    const taken = await quorate('init', '--dir', inside('v1'), '--genesis', mine)
    assert.match(taken.stdout, /Next: quorate start --dir/)
    assert.deepEqual(readFileSync(inside('v1', 'genesis.json')), readFileSync(mine))
    const refused = await quorate('init', '--dir', inside('v1'), '--genesis', other)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /another network \(mine/)
    writeFileSync(other, readFileSync(other, 'utf8').replace('"name": "other"', '"name": "OTHER"'))
    const unsound = await quorate('init', '--dir', inside('never'), '--genesis', other)
    assert.equal(unsound.code, 1)
    assert.match(unsound.stderr, /other\.json.*OTHER/)
    assert.ok(!existsSync(inside('never')))
  })
})
