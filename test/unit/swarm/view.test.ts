import assert from 'node:assert/strict'
import { stripVTControlCharacters } from 'node:util'
import type { NodeStatus } from '../../../src/api/types.ts'
import type { Role } from '../../../src/cli/swarm/layout.ts'
import { Histogram, Rate } from '../../../src/cli/swarm/statistics.ts'
import { type Pictured, picture, summaryLine } from '../../../src/cli/swarm/view.ts'

const status = (role: Role, index: number): NodeStatus => ({
  ...{ agent: 'test', chain: 'swarm-00000000', chainId: '', peerId: '', addresses: [], startedAtMs: 0, slotMs: 1000, slot: 104_321 },
  ...{ role, height: 104_000, firstHeight: 1, head: '', headSlot: 104_320, headFinalAtMs: 0 },
  sync: { state: 'following', targetHeight: 0, snapshot: null },
  verifier: role === 'verifier' ? verifierStatus(index) : null,
  fork: null,
  epoch: 8_692,
  election: { number: 8_700, cause: 'epoch', closesSlot: 104_400 },
  nextElectionSlot: null,
  handover: { slot: 104_400, timeMs: 0, slotsLeft: 79 },
  peers: 199,
  quorum: { verifiers: 7, stakeDroplets: 7, connectedStakeDroplets: 7, enoughDroplets: 5 },
  discoveryMs: 100,
  pool: { transactions: 50_000, bytes: 1 },
  leader: { slot: 104_321, index: 3, address: '' },
  ...{ alarms: [], bootstrap: null, process: { rssBytes: 1_234 * 2 ** 20, cpuMs: 1 }, traffic: { bytesIn: 1, bytesOut: 1 }, counters: {} },
})

const verifierStatus = (index: number): NonNullable<NodeStatus['verifier']> => ({
  ...{ blsKey: '', state: 'elected', address: '', index, silence: null, obstacle: null },
  ...{ weightDroplets: 1, bondedDroplets: 1, minStakeDroplets: 1, proposed: 9, led: 9, made: 104_000, sealed: 9 },
})

/** A swarm that has run for a day, with the widest numbers. */
function swarmOf(nodes: number): Pictured {
  const finalityMs = new Histogram()
  for (const value of [640, 1_100, 99_000]) finalityMs.record(value)
  const block = { height: 104_000, hash: '', slot: 104_320, makerIndex: 2, signers: 5, transactionIds: ['a', 'b'] }
  const members = Array.from({ length: nodes }, (_, index): Pictured['members'][number] => {
    const role = index === 0 ? 'bootstrap' : 'verifier'
    const place = { name: index === 0 ? 'boot' : `v${index}`, role, directory: '', logPath: '' } as const
    const lastBlock = { ...block, kind: 'block', finalAtMs: 104_320_600 } as const
    return {
      name: place.name,
      place,
      behaviour: null,
      state: 'up',
      status: status(role, index - 1),
      height: 104_000,
      lastBlock,
      lastExit: null,
    }
  })
  return {
    options: { nodes, verifiers: nodes - 1, slotMs: 1000, load: 1000 },
    layout: { genesis: { timeMs: 0 } },
    tracker: { height: 104_000, conflicts: new Set() },
    load: {
      finalityMs,
      counts: {
        submitted: 5_000_000,
        committed: 4_999_000,
        rejected: { expired: 12 },
        waiting: 988,
        resubmitted: 0,
        heldBack: 0,
        untimed: 0,
      },
    },
    ...{ crashed: [], members, up: members.slice(1), recentBlocks: Array.from({ length: 120 }, () => block), slot: 104_321 },
    ...{ committedRate: new Rate(1000), startedAtMs: performance.now() - 86_400_000 },
  }
}
const notes = ['one', 'two', 'three', 'x'.repeat(300)]

describe('the picture of a swarm', () => {
  for (const { description, nodes, columns, rows } of [
    { description: 'eight nodes on a terminal of 80 by 24', nodes: 8, columns: 80, rows: 24 },
    { description: 'a hundred nodes on the same', nodes: 100, columns: 80, rows: 24 },
    { description: 'a terminal of 40 by 12', nodes: 8, columns: 40, rows: 14 },
    { description: 'a wide and high one', nodes: 30, columns: 200, rows: 60 },
  ]) {
    it(`fits: ${description}`, () => {
      const lines = picture(
        swarmOf(nodes),
        { phase: 'under load', notes, page: 'http://127.0.0.1:43210' },
        { columns, rows, colour: false },
      )
      assert.ok(lines.length <= rows, `${lines.length} lines`)
      for (const line of lines) assert.ok([...line].length <= columns, line)
    })
  }

  it('shows each of eight nodes in 24 lines, who leads and who made the last block', () => {
    const lines = picture(
      swarmOf(8),
      { phase: 'under load', notes, page: 'http://127.0.0.1:43210' },
      { columns: 79, rows: 23, colour: false },
    )
    for (const name of ['boot', 'v1', 'v7'])
      assert.ok(
        lines.some((line) => line.startsWith(` ${name} `)),
        name,
      )
    assert.match(
      lines.find((line) => line.startsWith(' v4 ')) ?? '',
      /verifier +104000 +104321 +199 +50000 +600 ms +104000 +1234 {2}▶ leads$/,
    )
    assert.match(lines.find((line) => line.startsWith(' v3 ')) ?? '', /● last$/)
  })

  for (const { description, nodes, rows, told } of [
    { description: 'as there is room for below eight nodes', nodes: 8, rows: 23, told: 5 },
    { description: 'as there may be', nodes: 8, rows: 60, told: 8 },
    { description: 'as there must be, though not every node has a line', nodes: 100, rows: 23, told: 3 },
  ])
    it(`has as many of the newest notes ${description}`, () => {
      const many = Array.from({ length: 20 }, (_, index) => `note ${index + 1}`)
      const lines = picture(swarmOf(nodes), { phase: '', notes: many, page: null }, { columns: 79, rows, colour: false })
      assert.deepEqual(
        lines.filter((line) => line.startsWith(' note ')).map((line) => line.trim()),
        many.slice(-told),
      )
      assert.ok(lines.length <= rows)
    })

  it('sums up the nodes that have no line of their own', () => {
    const lines = picture(swarmOf(100), { phase: '', notes: [], page: null }, { columns: 80, rows: 24, colour: false })
    assert.ok(
      lines.some((line) => /and \d+ more, \d+ up, heights 104000 to 104000/.test(line)),
      lines.join('\n'),
    )
  })

  it('says where its page is', () => {
    const lines = picture(swarmOf(8), { phase: '', notes: [], page: 'http://127.0.0.1:43210' }, { columns: 79, rows: 24, colour: false })
    assert.equal(lines.at(-1)?.trim(), 'http://127.0.0.1:43210 is its page, Ctrl-C ends it, a second one at once')
  })

  it('says the same with colours', () => {
    const [plain, coloured] = [false, true].map((colour) =>
      picture(swarmOf(8), { phase: '', notes, page: 'http://127.0.0.1:43210' }, { columns: 80, rows: 24, colour }).map((line) =>
        stripVTControlCharacters(line).trimEnd(),
      ),
    )
    assert.deepEqual(coloured, plain)
  })

  it('has a line of text for what is no terminal', () => {
    const line = summaryLine(swarmOf(8), 'under load')
    assert.match(line, /under load {2}up 8\/8 {2}height 104000\.\.104000 {2}slot 104321 .*final 4999000 refused 12 waiting 988$/)
  })
})
