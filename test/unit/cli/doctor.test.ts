import assert from 'node:assert/strict'
import { chmodSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Diagnosis } from '../../../src/api/diagnosis-types.ts'
import { findingsText } from '../../../src/cli/commands/doctor.ts'
import { judgeDirectory, judgeStopped } from '../../../src/cli/doctor/directory.ts'
import { type Finding, findingCodes, type Severity } from '../../../src/cli/doctor/findings.ts'
import { judge } from '../../../src/cli/doctor/judge.ts'
import { remedies } from '../../../src/cli/doctor/network.ts'
import { type DirectoryFacts, examineDirectory, isPortFree } from '../../../src/node/checkup.ts'
import { initDirectory } from '../../../src/node/setup.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { quorateHere } from './in-process.ts'

const NOW = 1_800_000_000_000
const member = (index: number, state: 'self' | 'connected' | 'not-connected', stakeDroplets = 100_000_000) => ({
  ...{ index, state, stakeDroplets },
  address: `0${index}`.repeat(20),
  peerId: `12D3KooWpeer${index}`,
})
const topic = (name: string, peers = 5, mesh = 4) => ({ topic: name, peers, mesh, low: 3, high: 6 })

/** A verifier to which nothing is wrong. */
const healthy: Diagnosis = {
  atMs: NOW,
  startedAtMs: NOW - 3_600_000,
  agent: 'quorate/1.0.0',
  role: 'verifier',
  chain: 'net-00000000',
  chainId: '00'.repeat(32),
  scope: 'public',
  source: { running: 'ab'.repeat(32), ratified: 'ab'.repeat(32) },
  clock: { slotMs: 1000, offsets: [-3, 5, 9].map((offsetMs, index) => ({ peerId: `p${index}`, offsetMs })) },
  addresses: { listening: ['/ip4/0.0.0.0/tcp/4001'], announced: ['/ip4/198.51.100.7/tcp/4001/p2p/12D3KooWself'] },
  reachability: { confirmed: 4, failed: 0, inboundPublic: 3 },
  peers: {
    ...{ inbound: 3, outbound: 5, target: 16, max: 300, candidates: 4, otherChains: 0 },
    bootstrap: [{ peerId: '12D3KooWboot', address: '/ip4/203.0.113.1/tcp/4001/p2p/12D3KooWboot', isConnected: true }],
    agents: [{ agent: 'quorate/1.0.0', peers: 8 }],
  },
  dials: [],
  topics: ['transactions', 'candidates', 'blocks', 'evidence'].map((name) => topic(name)),
  quorum: {
    ...{ stakeDroplets: 400_000_000, connectedStakeDroplets: 400_000_000, enoughDroplets: 266_666_667 },
    members: [member(0, 'self'), member(1, 'connected'), member(2, 'connected'), member(3, 'connected')],
  },
  sync: { state: 'following', height: 812, targetHeight: 812, headAgeMs: 900, silence: null },
  slot: 1000,
  eventLoop: { meanMs: 1, p99Ms: 12, maxMs: 80, sinceMs: NOW - 3_600_000 },
  disk: { path: '/node', freeBytes: 50e9, totalBytes: 100e9, storeBytes: 80e6, grownBytes: 1e6, sinceMs: NOW - 3_600_000 },
  rssBytes: 100e6,
  refused: {},
  bootstrap: null,
}
const dial = (peerId: string, cause: Diagnosis['dials'][number]['cause'], detail = cause as string): Diagnosis['dials'][number] => ({
  ...{ peerId, cause, detail, atMs: NOW - 5_000, failures: 3 },
  address: `/ip4/203.0.113.1/tcp/4001/p2p/${peerId}`,
})
const bootstrapDown = { ...healthy.peers, bootstrap: healthy.peers.bootstrap.map((node) => ({ ...node, isConnected: false })) }
const { quorum: wholeQuorum } = healthy
assert.ok(wholeQuorum !== null)
const offset = (offsetMs: number): Diagnosis['clock'] => ({ slotMs: 1000, offsets: [{ peerId: 'p', offsetMs }] })

interface Case {
  readonly description: string
  readonly changes: Partial<Diagnosis>
  readonly code: Finding['code']
  readonly severity: Severity
  readonly says: RegExp
  readonly todo?: RegExp
}

const cases: readonly Case[] = [
  {
    description: 'no peer to compare the clock with',
    changes: { clock: { slotMs: 1000, offsets: [] } },
    code: 'clock-offset',
    severity: 'notice',
    says: /cannot be compared/,
  },
  { description: 'a clock a little off', changes: { clock: offset(240) }, code: 'clock-offset', severity: 'ok', says: /240 ms behind/ },
  {
    description: 'a clock a quarter of a slot off',
    changes: { clock: offset(-300) },
    code: 'clock-offset',
    severity: 'warning',
    says: /300 ms ahead/,
    todo: /NTP/,
  },
  {
    description: 'a clock seconds behind',
    changes: { clock: offset(4000) },
    code: 'clock-offset',
    severity: 'problem',
    says: /4000 ms behind/,
    todo: /NTP/,
  },
  {
    description: 'one wrong clock among three peers',
    changes: { clock: { slotMs: 1000, offsets: [0, 1, 90_000].map((offsetMs, index) => ({ peerId: `p${index}`, offsetMs })) } },
    code: 'clock-offset',
    severity: 'ok',
    says: /1 ms behind/,
  },
  { description: 'scope local', changes: { scope: 'local' }, code: 'reachability', severity: 'notice', says: /scope local/ },
  {
    description: 'nobody from outside yet',
    changes: { reachability: { confirmed: 0, failed: 0, inboundPublic: 0 } },
    code: 'reachability',
    severity: 'notice',
    says: /nobody knows/,
  },
  {
    description: 'a verifier that cannot be dialled',
    changes: { reachability: { confirmed: 0, failed: 5, inboundPublic: 0 } },
    code: 'reachability',
    severity: 'problem',
    says: /5 peers dialled back in vain/,
    todo: /--announce/,
  },
  {
    description: 'a full node that cannot be dialled',
    changes: { role: 'full', reachability: { confirmed: 0, failed: 5, inboundPublic: 0 } },
    code: 'reachability',
    severity: 'warning',
    says: /in vain/,
  },
  {
    description: 'private addresses told to others',
    changes: { addresses: { listening: ['/ip4/0.0.0.0/tcp/4001'], announced: ['/ip4/192.168.1.5/tcp/4001/p2p/x'] } },
    code: 'announced',
    severity: 'warning',
    says: /no use outside/,
    todo: /--announce/,
  },
  {
    description: 'a node that listens nowhere',
    changes: { addresses: { listening: [], announced: [] } },
    code: 'announced',
    severity: 'problem',
    says: /nowhere/,
  },
  {
    description: 'no peers',
    changes: { peers: { ...bootstrapDown, inbound: 0, outbound: 0 } },
    code: 'peers',
    severity: 'problem',
    says: /no peers; 4 known/,
  },
  {
    description: 'no peers in the first moments',
    changes: { peers: { ...bootstrapDown, inbound: 0, outbound: 0 }, startedAtMs: NOW - 5_000 },
    code: 'peers',
    severity: 'notice',
    says: /no peers/,
  },
  {
    description: 'few peers of those that are known',
    changes: { peers: { ...healthy.peers, inbound: 0, outbound: 1 } },
    code: 'peers',
    severity: 'warning',
    says: /1 connection/,
  },
  {
    description: 'no bootstrap node, and no peers',
    changes: { peers: { ...healthy.peers, inbound: 0, outbound: 0, candidates: 0, bootstrap: [] } },
    code: 'bootstrap',
    severity: 'problem',
    says: /no bootstrap node is named/,
    todo: /--bootstrap .*--network/,
  },
  {
    description: 'a bootstrap node that refuses, and no peers',
    changes: { peers: { ...bootstrapDown, inbound: 0, outbound: 0 }, dials: [dial('12D3KooWboot', 'refused', 'ECONNREFUSED')] },
    code: 'bootstrap',
    severity: 'problem',
    says: /1 of 1 bootstrap node not connected: .*refused: ECONNREFUSED/,
    todo: /refused: see whether that node is up.*\nBootstrap nodes are named/,
  },
  {
    description: 'a bootstrap node with another key, and other peers',
    changes: { peers: bootstrapDown, dials: [dial('12D3KooWboot', 'wrong-peer')] },
    code: 'bootstrap',
    severity: 'warning',
    says: /wrong-peer/,
    todo: /network\.key was replaced/,
  },
  {
    description: 'one of two bootstrap nodes down',
    changes: {
      peers: { ...healthy.peers, bootstrap: [...healthy.peers.bootstrap, ...bootstrapDown.bootstrap] },
      dials: [dial('12D3KooWboot', 'timeout')],
    },
    code: 'bootstrap',
    severity: 'notice',
    says: /1 of 2 bootstrap nodes/,
    todo: /firewall/,
  },
  {
    description: 'dials that failed, by cause',
    changes: { dials: [dial('12D3KooWaaaaaaaaa', 'refused'), dial('12D3KooWbbbbbbbbb', 'refused'), dial('12D3KooWccccccccc', 'banned')] },
    code: 'dials',
    severity: 'notice',
    says: /3 peers could not be connected to, 2 refused, 1 banned\n.*3 times, last 5 s ago/,
    todo: /^refused: see whether.*\nbanned: look/,
  },
  {
    description: 'what a peer said in an error',
    changes: { dials: [dial('12D3KooWaaaaaaaaa', 'other', '\u001b[2J')] },
    code: 'dials',
    severity: 'notice',
    says: /other, ·\[2J/,
  },
  {
    description: 'a topic without anybody',
    changes: { topics: [topic('blocks'), topic('evidence', 0, 0)] },
    code: 'mesh',
    severity: 'problem',
    says: /nobody to exchange evidence with/,
  },
  {
    description: 'a thin mesh',
    changes: { topics: [topic('blocks', 9, 1)] },
    code: 'mesh',
    severity: 'warning',
    says: /too few in the mesh of blocks/,
  },
  {
    description: 'a mesh of all there are',
    changes: { topics: [topic('blocks', 1, 1)] },
    code: 'mesh',
    severity: 'ok',
    says: /blocks 1 of 1/,
  },
  {
    description: 'a mesh that forms',
    changes: { topics: [topic('blocks', 9, 1)], startedAtMs: NOW - 1_000 },
    code: 'mesh',
    severity: 'notice',
    says: /still forming/,
  },
  {
    description: 'a member out of reach, and enough others',
    changes: {
      quorum: {
        ...wholeQuorum,
        connectedStakeDroplets: 300_000_000,
        members: [member(0, 'self'), member(1, 'connected'), member(2, 'connected'), member(3, 'not-connected')],
      },
      dials: [dial('12D3KooWpeer3', 'timeout')],
    },
    code: 'quorum',
    severity: 'warning',
    says: /1 verifier of 4 not connected: verifier 3 with 100 coins \(.*timeout.*\); 300 of 400 coins are in reach, 266\.666667 sign/,
  },
  {
    description: 'too little stake in reach of a verifier',
    changes: {
      quorum: {
        ...wholeQuorum,
        connectedStakeDroplets: 200_000_000,
        members: [member(0, 'self'), member(1, 'connected'), member(2, 'not-connected'), member(3, 'not-connected')],
      },
    },
    code: 'quorum',
    severity: 'problem',
    says: /2 verifiers of 4 not connected: .*not tried/,
    todo: /no block can be signed/,
  },
  {
    description: 'too little stake in reach of a full node, which needs none',
    changes: { role: 'full', quorum: { ...wholeQuorum, connectedStakeDroplets: 0, members: [member(0, 'not-connected')] } },
    code: 'quorum',
    severity: 'notice',
    says: /not connected/,
  },
  {
    description: 'peers of other chains',
    changes: { peers: { ...healthy.peers, otherChains: 2 } },
    code: 'other-chain',
    severity: 'warning',
    says: /2 peers of other chains/,
    todo: /genesis\.json/,
  },
  {
    description: 'peers with another version',
    changes: { peers: { ...healthy.peers, agents: [{ agent: 'quorate/2.0.0', peers: 8 }] } },
    code: 'versions',
    severity: 'notice',
    says: /this is quorate\/1\.0\.0; its peers run quorate\/2\.0\.0 8/,
  },
  {
    description: 'another source than the ratified one',
    changes: { source: { running: 'cd'.repeat(32), ratified: 'ab'.repeat(32) } },
    code: 'source',
    severity: 'warning',
    says: /built from cdcd/,
    todo: /verify-source/,
  },
  {
    description: 'late timers',
    changes: { eventLoop: { ...healthy.eventLoop, p99Ms: 180 } },
    code: 'event-loop',
    severity: 'warning',
    says: /180 ms late/,
  },
  {
    description: 'timers later than half a slot',
    changes: { eventLoop: { ...healthy.eventLoop, p99Ms: 700 } },
    code: 'event-loop',
    severity: 'problem',
    says: /700 ms late/,
    todo: /processor/,
  },
  {
    description: 'catching up',
    changes: { sync: { ...(healthy.sync as NonNullable<Diagnosis['sync']>), state: 'syncing', targetHeight: 900 } },
    code: 'sync',
    severity: 'notice',
    says: /height 812 of 900/,
  },
  {
    description: 'stuck while catching up',
    changes: { sync: { state: 'syncing', height: 812, targetHeight: 900, headAgeMs: 90_000, silence: null } },
    code: 'sync',
    severity: 'problem',
    says: /stuck at height 812 of 900, nothing new for 1 m 30 s/,
  },
  {
    description: 'a chain that stands still',
    changes: { sync: { state: 'following', height: 812, targetHeight: 812, headAgeMs: 90_000, silence: null } },
    code: 'sync',
    severity: 'problem',
    says: /no block after height 812/,
  },
  {
    description: 'a chain before its first slot',
    changes: { slot: null, sync: { state: 'following', height: 0, targetHeight: 0, headAgeMs: 90_000, silence: null } },
    code: 'sync',
    severity: 'ok',
    says: /not begun/,
  },
  {
    description: 'a verifier that does not sign',
    changes: { sync: { state: 'following', height: 812, targetHeight: 812, headAgeMs: 900, silence: 'forked' } },
    code: 'signing',
    severity: 'problem',
    says: /does not sign: forked/,
  },
  {
    description: 'little room',
    changes: { disk: { ...healthy.disk, freeBytes: 900e6 } },
    code: 'disk-space',
    severity: 'warning',
    says: /900\.0 MB free \(0\.9 %\)/,
  },
  {
    description: 'no room',
    changes: { disk: { ...healthy.disk, freeBytes: 50e6 } },
    code: 'disk-space',
    severity: 'problem',
    says: /50\.0 MB free/,
    todo: /make room/,
  },
  {
    description: 'a store that fills the disk',
    changes: { disk: { ...healthy.disk, freeBytes: 10e9, grownBytes: 100e6 } },
    code: 'disk-growth',
    severity: 'warning',
    says: /grows by 2\.4 GB a day: the disk is full in 4 days/,
    todo: /--prune/,
  },
  {
    description: 'strangers who were refused',
    changes: { refused: { 'host-rate': 7, 'dht-store': 9 } },
    code: 'strangers',
    severity: 'notice',
    says: /dht-store 9, host-rate 7/,
  },
]

describe('the doctor', () => {
  it('finds nothing wrong with a verifier that is well', () => {
    assert.deepEqual(
      judge(healthy).filter(({ severity }) => severity !== 'ok'),
      [],
    )
  })

  for (const { description, changes, code, severity, says, todo } of cases)
    it(`judges ${description}: ${severity}`, () => {
      const found = judge({ ...healthy, ...changes }).filter((one) => one.code === code)
      assert.equal(found.length, 1, code)
      assert.equal(found[0]?.severity, severity)
      assert.match(found[0]?.text ?? '', says)
      if (severity === 'problem' || todo !== undefined) assert.match(found[0]?.todo ?? '', todo ?? /./)
    })

  it('says of a bootstrap node what concerns it', () => {
    const codes = judge({ ...healthy, role: 'bootstrap', quorum: null, sync: null, topics: [] }).map(({ code }) => code)
    assert.deepEqual(codes, ['reachability', 'announced', 'peers', 'bootstrap', 'dials', 'event-loop', 'disk-space', 'disk-growth'])
  })

  it('prints the worst last, with what to do, and counts', () => {
    const text = findingsText(judge({ ...healthy, clock: offset(4000), peers: { ...healthy.peers, otherChains: 1 } }))
    const lines = text.split('\n')
    assert.match(lines.at(-1) ?? '', /^\d+ ok, 0 note, 1 warning, 1 problem$/)
    assert.ok(text.indexOf('(other-chain)') < text.indexOf('(clock-offset)'))
    assert.match(lines.at(-3) ?? '', /^ +do {2}set the clock by NTP/)
  })

  it('has a page that explains every code and every cause, and no other', () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/doctor.md', import.meta.url)), 'utf8')
    const listed = (title: string): readonly (string | undefined)[] =>
      page
        .split(/^(?=## )/m)
        .filter((section) => section.startsWith(`## ${title}`))
        .flatMap((section) => [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name))
        .toSorted()
    assert.deepEqual(listed('The '), Object.keys(findingCodes).toSorted())
    assert.deepEqual(listed('Why a dial failed'), Object.keys(remedies).toSorted())
  })
})

describe('the doctor of a directory', () => {
  const facts: DirectoryFacts = {
    ...{ directory: '/node', exists: true, mode: 0o700, isWritable: true, hasNetworkKey: true, hasVerifierKey: true, hasGuard: true },
    keys: ['account.key', 'network.key', 'verifier.key'].map((file) => ({ file, mode: 0o600 })),
    genesis: { chainId: 'aa'.repeat(32) },
    ...{ hasChainFile: false, storeChainId: 'aa'.repeat(32), storeWrong: null, newestFileMs: NOW, nowMs: NOW, isInUse: false },
    ...{ hasApiFile: false, hasBootstrapFile: true, refusals: [] },
    ...{ freeBytes: 50e9, totalBytes: 100e9 },
  }
  const problems = (changes: Partial<DirectoryFacts>): readonly string[] =>
    judgeDirectory({ ...facts, ...changes })
      .filter(({ severity }) => severity !== 'ok')
      .map(({ code, severity }) => `${code} ${severity}`)
  const directories: readonly {
    readonly description: string
    readonly changes: Partial<DirectoryFacts>
    readonly found: readonly string[]
  }[] = [
    { description: 'one that is well', changes: {}, found: [] },
    { description: 'none', changes: { exists: false }, found: ['directory-missing problem'] },
    { description: 'one that others can look into', changes: { mode: 0o755 }, found: ['directory-mode warning'] },
    { description: 'one that is not to be written to', changes: { isWritable: false }, found: ['directory-unwritable problem'] },
    {
      description: 'one without keys',
      changes: { hasNetworkKey: false, hasVerifierKey: false, keys: [], genesis: null },
      found: ['key-missing problem'],
    },
    { description: 'a key that others can read', changes: { keys: [{ file: 'account.key', mode: 0o644 }] }, found: ['key-mode problem'] },
    { description: 'a verifier key without its guard', changes: { hasGuard: false }, found: ['guard-missing problem'] },
    { description: 'one without genesis', changes: { genesis: null }, found: ['genesis-missing problem'] },
    { description: "a bootstrap node's, without genesis", changes: { genesis: null, hasChainFile: true }, found: [] },
    { description: 'a genesis that is none', changes: { genesis: { wrong: 'no JSON' } }, found: ['genesis-missing problem'] },
    { description: 'a store of another chain', changes: { storeChainId: 'bb'.repeat(32) }, found: ['genesis-mismatch problem'] },
    { description: 'a store that is damaged', changes: { storeWrong: 'damaged' }, found: ['genesis-mismatch problem'] },
    { description: 'files of the future', changes: { newestFileMs: NOW + 120_000 }, found: ['clock-behind-files problem'] },
    {
      description: 'a guard that was handed over',
      changes: { refusals: [{ code: 'guard-handed-over', message: 'it was handed over. Import it' }] },
      found: ['start-refused problem'],
    },
    { description: 'no room', changes: { freeBytes: 1e6 }, found: ['disk-space problem'] },
  ]
  for (const { description, changes, found } of directories) it(`judges ${description}`, () => assert.deepEqual(problems(changes), found))

  it('says of one that stopped how, and to start it when nothing is in the way', () => {
    const { severity, todo } = judgeStopped(facts, [])
    assert.deepEqual([severity, todo], ['notice', 'start it with `quorate start --dir /node`'])
    assert.match(judgeStopped({ ...facts, hasBootstrapFile: false }, []).todo ?? '', /^start it .*names no peer .*--network FILE\|URL/)
    const killed = judgeStopped({ ...facts, hasApiFile: true }, judgeDirectory({ ...facts, genesis: null }))
    assert.equal(killed.severity, 'warning')
    assert.match(killed.todo ?? '', /^put right the problems/)
  })

  it('finds for what a start would be refused', async () => {
    const directory = join(tempDirectory('doctor'), 'node')
    await initDirectory({ directory, role: 'verifier', genesisFile: null, bootstrap: [] })
    writeFileSync(join(directory, 'bootstrap.json'), '{}')
    writeFileSync(join(directory, 'checkpoint.json'), '{"height": 0}')
    writeFileSync(join(directory, 'guard.handed-over'), '{"handovers": [{"exportId": "00", "atMs": 0, "file": "guard.json"}]}')
    const { refusals } = await examineDirectory(directory)
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ['bad-bootstrap-file', 'bad-checkpoint-file', 'guard-handed-over'],
    )
    const { code, stdout } = await quorateHere('doctor', '--dir', directory)
    assert.equal(code, 1)
    assert.match(stdout, /was handed over .*\n +do {2}Import that file/)
  })

  it('sees what is there', async () => {
    const directory = join(tempDirectory('doctor'), 'node')
    await initDirectory({ directory, role: 'verifier', genesisFile: null, bootstrap: [] })
    const sound = await examineDirectory(directory)
    assert.deepEqual(
      [sound.exists, sound.mode, sound.hasVerifierKey, sound.hasGuard, sound.genesis, sound.isInUse],
      [true, 0o700, true, true, null, false],
    )
    assert.deepEqual(
      sound.keys.map(({ file, mode }) => `${file} ${mode.toString(8)}`),
      ['account.key 600', 'network.key 600', 'verifier.key 600'],
    )
    chmodSync(join(directory, 'account.key'), 0o644)
    rmSync(join(directory, 'guard'))
    writeFileSync(join(directory, 'genesis.json'), '{')
    const later = (Date.now() + 600_000) / 1000
    utimesSync(join(directory, 'account.key'), later, later)
    const { code, stdout, stderr } = await quorateHere('doctor', '--dir', directory, '--json')
    const { healthy: isHealthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: readonly Finding[] }
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'problem').map((one) => one.code),
      ['key-mode', 'guard-missing', 'genesis-missing', 'clock-behind-files'],
    )
    assert.deepEqual([code, isHealthy], [1, false])
    assert.match(stderr, /4 problems found: key-mode, guard-missing, genesis-missing, clock-behind-files \[problems\]/)
  })

  it('says that there is none', async () => {
    const { code, stdout } = await quorateHere('doctor', '--dir', join(tempDirectory('doctor'), 'none'))
    assert.equal(code, 1)
    assert.match(stdout, /PROBLEM {3}there is no directory .* \(directory-missing\)/)
  })

  it('knows a port that is taken from one that is free', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    assert.equal(await isPortFree('127.0.0.1', port), false)
    await new Promise((resolve) => server.close(resolve))
    assert.equal(await isPortFree('127.0.0.1', port), true)
  })
})
