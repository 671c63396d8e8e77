import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { NO_PEERS_ALARM_MS, QUORUM_CHECK_MS, SHOWN_DIALS } from '../../../src/node/bounds.ts'
import type { Chain } from '../../../src/node/chain.ts'
import { Seat } from '../../../src/node/seat.ts'
import { Watch, type WatchOptions } from '../../../src/node/watch.ts'
import type { DialAttempt, PeerInfo } from '../../../src/ports/network.ts'
import { createQuorum } from '../../../src/wire/quorum.ts'

const COIN = 1_000_000
const quorum = createQuorum(
  ['a', 'b', 'c', 'd'].map((name) => ({ id: name.repeat(40), peerId: `peer ${name}`, blsKey: name.repeat(96), stakeDroplets: 10 * COIN })),
)
const chain = { quorum, genesis: { parameters: { slotMs: 1000 } } } as unknown as Chain
const OWN_KEY = 'a'.repeat(96)

describe('the watch', () => {
  let alarms: { readonly code: string; readonly detail: string }[]
  let peers: readonly string[]
  let dials: readonly (readonly [target: string, outcome: string])[]
  let offsets: Map<string, number>
  let hasChainPeers: boolean
  let obstacle: string | null
  let discovered: boolean
  let watch: Watch

  beforeEach(() => {
    alarms = []
    peers = []
    dials = []
    offsets = new Map()
    hasChainPeers = false
    obstacle = null
    discovered = false
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  })
  afterEach(() => {
    watch.stop()
    mock.timers.reset()
  })

  function start({
    role = 'verifier',
    hasBootstrap = true,
  }: { readonly role?: 'full' | 'verifier' } & Partial<Pick<WatchOptions, 'hasBootstrap'>> = {}): void {
    const peerOf = (peerId: string): PeerInfo => ({
      ...{ peerId, addresses: [], direction: 'outbound', score: 0, connectedSinceMs: 0 },
      mesh: ['blocks'],
    })
    watch = new Watch({
      ...{ hasBootstrap, chain },
      network: {
        peers: () => peers.map(peerOf),
        dialAttempts: () => dials.map(([target, outcome], atMs): DialAttempt => ({ target, outcome, atMs })),
      },
      sync: {
        get hasPeers() {
          return hasChainPeers
        },
        statusOf: (peerId) => {
          const clockOffsetMs = offsets.get(peerId)
          return clockOffsetMs === undefined ? undefined : ({ clockOffsetMs } as unknown as ReturnType<WatchOptions['sync']['statusOf']>)
        },
      },
      view: {
        alarm: (code, detail) => void alarms.push({ code, detail }),
        endAlarm: (code) => void ended.push(code),
        isFollowing: true,
        connectedStake: () => 10 * COIN * (1 + quorum.members.filter(({ peerId }) => peers.includes(peerId)).length),
        noteDiscovery: () => {
          discovered = true
        },
        ratification: () => ({ ratified: null, running: null }) as unknown as ReturnType<WatchOptions['view']['ratification']>,
      },
      seat: new Seat(role === 'verifier' ? OWN_KEY : null),
      obstacle: () => obstacle,
    })
    watch.start()
  }
  const ended: string[] = []
  const codes = (): string[] => alarms.map(({ code }) => code)
  const detailOf = (code: string): string => alarms.find((alarm) => alarm.code === code)?.detail ?? `no ${code} in ${codes()}`

  describe('of a node without peers', () => {
    it('says each address once, with the newest outcome, the last ones tried, and what to do', () => {
      start()
      const tried = ['one', 'two', 'three', 'four', 'five', 'one', 'one'].map((target, index) => [target, `outcome ${index}`] as const)
      dials = tried
      mock.timers.tick(NO_PEERS_ALARM_MS - 1)
      assert.deepEqual(codes(), [])
      mock.timers.tick(1)
      assert.deepEqual(codes(), ['no-peers'])
      const said = [...detailOf('no-peers').matchAll(/(\w+): outcome (\d)/g)].map(([, target, index]) => `${target} ${index}`)
      assert.deepEqual(said, ['three 2', 'four 3', 'five 4', 'one 6'])
      assert.equal(said.length, SHOWN_DIALS)
      assert.match(detailOf('no-peers'), /Check that a bootstrap node runs .* --scope local\. It goes on trying$/)
    })

    it('says that nothing was tried yet', () => {
      start({ role: 'full' })
      mock.timers.tick(NO_PEERS_ALARM_MS)
      assert.match(detailOf('no-peers'), /tried nothing yet/)
    })

    it('says nothing when there is nobody to find', () => {
      start({ role: 'full', hasBootstrap: false })
      mock.timers.tick(NO_PEERS_ALARM_MS)
      assert.deepEqual(codes(), [])
    })
  })

  it('ends what it said once there is nothing to do about it any more', () => {
    peers = ['peer b', 'peer c']
    hasChainPeers = true
    obstacle = null
    ended.length = 0
    start()
    mock.timers.tick(NO_PEERS_ALARM_MS + QUORUM_CHECK_MS)
    assert.deepEqual(
      new Set(ended),
      new Set(['no-peers', 'no-chain-peers', 'no-early-blocks', 'no-fast-start', 'not-signing-yet', 'no-quorum']),
    )
    assert.deepEqual(codes(), [])
  })

  it('says that no peer has this chain', () => {
    peers = ['peer x']
    start({ role: 'full' })
    mock.timers.tick(NO_PEERS_ALARM_MS)
    assert.deepEqual(codes(), ['no-chain-peers'])
  })

  it('says why a verifier does not sign once it has had time to start, and again while that is so', () => {
    peers = ['peer b', 'peer c']
    hasChainPeers = true
    obstacle = 'it waits'
    start()
    mock.timers.tick(NO_PEERS_ALARM_MS - 1)
    assert.deepEqual(codes(), [])
    mock.timers.tick(2 * QUORUM_CHECK_MS)
    assert.deepEqual(new Set(codes()), new Set(['not-signing-yet']))
    assert.equal(detailOf('not-signing-yet'), 'it waits')
    alarms = []
    obstacle = null
    mock.timers.tick(2 * QUORUM_CHECK_MS)
    assert.deepEqual(codes(), [])
  })

  it('says that too little stake is in reach once enough was, and not before', () => {
    peers = ['peer b']
    hasChainPeers = true
    start()
    mock.timers.tick(2 * QUORUM_CHECK_MS)
    assert.deepEqual([codes(), discovered], [[], false])
    peers = ['peer b', 'peer c', 'peer d']
    mock.timers.tick(QUORUM_CHECK_MS)
    assert.deepEqual([codes(), discovered], [[], true])
    peers = ['peer b']
    mock.timers.tick(QUORUM_CHECK_MS)
    assert.deepEqual(codes(), ['no-quorum'])
    assert.match(detailOf('no-quorum'), /with 20 coins of stake are in reach, 26\.666667 are needed/)
  })

  const clocks: readonly { readonly description: string; readonly offsetsMs: readonly number[]; readonly says: RegExp | null }[] = [
    { description: 'that is right', offsetsMs: [0, 250, -250], says: null },
    { description: 'from which one peer of three differs', offsetsMs: [0, 0, 90_000], says: null },
    { description: 'that is behind', offsetsMs: [0, 300, 900], says: /300 ms behind those of 3 peers; set it by NTP/ },
    { description: 'that is ahead', offsetsMs: [-251], says: /251 ms ahead of those of 1 peers/ },
    { description: 'that nobody has been compared with', offsetsMs: [], says: null },
  ]
  for (const { description, offsetsMs, says } of clocks)
    it(`looks at a clock ${description}`, () => {
      peers = offsetsMs.map((_, index) => `peer ${index}`)
      for (const [index, offsetMs] of offsetsMs.entries()) offsets.set(`peer ${index}`, offsetMs)
      start()
      watch.checkClock()
      if (says === null) assert.deepEqual(codes(), [])
      else assert.match(detailOf('clock-off'), says)
    })

  it('says nothing more once it is stopped', () => {
    obstacle = 'it waits'
    start()
    watch.stop()
    mock.timers.tick(2 * NO_PEERS_ALARM_MS)
    assert.deepEqual(codes(), [])
  })
})
