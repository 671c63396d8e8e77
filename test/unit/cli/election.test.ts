import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ElectionsView, OpenElectionView } from '../../../src/api/ledger-types.ts'
import { type Api, startApi } from '../../../src/api/server.ts'
import type { Hex } from '../../../src/base/hex.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'
import { initDirectory, publicParts } from '../../../src/node/setup.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { waitFor } from '../../helpers/wait-for.ts'
import { FakeNode } from '../api/fake-node.ts'
import { quorateHere } from './in-process.ts'
import { type Running, startQuorate } from './quorate.ts'

const DEADLINE_MS = 30_000
const quorum = '9'.repeat(64)
const stranger: Hex = 'ab'.repeat(20)

describe('quorate election --wait', () => {
  const directory = join(tempDirectory('cli-election'), 'v1')
  let own: Hex
  let node: FakeNode
  let api: Api
  let asked: number

  before(async () => {
    await initDirectory({ directory, role: 'verifier', genesisFile: null, bootstrap: [] })
    own = parseAddress((await publicParts(directory)).address)
  })
  beforeEach(async () => {
    node = new FakeNode()
    asked = 0
    api = await startApi(node, { parseAddress })
    writeFileSync(join(directory, 'api.json'), JSON.stringify({ url: api.url, pid: process.pid }))
  })
  afterEach(() => api.close())

  const openView = (number: number, slotsLeft: number): OpenElectionView => ({
    ...{ number, cause: 'epoch', openedHeight: 240, closesSlot: 3600, closesTimeMs: 0, slotsLeft },
    ...{ votedDroplets: 9_000_000, turnoutPpm: 12_345, minTurnoutPpm: 50_000, by: 'slips', seats: 1, eligible: 1 },
    standings: [{ verifier: own, score: 9_000_000, votesDroplets: 9_000_000, bondedDroplets: 5_000_000, trust: 0, elected: true }],
    proposals: [],
  })
  const settledView = (number: number): ElectionsView['settled'][number] => ({
    ...{ height: 120 * number, number, by: 'slips', votedDroplets: 7_000_000, quorum },
    elected: [own, stranger].map((verifier) => ({ verifier, score: 7_000_000, stakeDroplets: 5_000_000 })),
  })
  /** How elections stand from now on: which one is open, and how many are over. */
  const stand = (open: number | null, settled: number, slotsLeft = 100): void => {
    const view: ElectionsView = {
      ...{ height: 250, epoch: settled, handover: { slot: 3600, timeMs: 0, slotsLeft: 1 } },
      ...{ nextElectionSlot: open === null ? 3000 : null, nextElectionTimeMs: open === null ? 0 : null },
      open: open === null ? null : openView(open, slotsLeft),
      settled: Array.from({ length: settled }, (_, index) => settledView(settled - index)),
    }
    node.elections = () => {
      asked++
      return Promise.resolve(view)
    }
  }
  const opens = (number: number, settled: number, slotsLeft?: number): void => {
    stand(number, settled, slotsLeft)
    const closes = { closesSlot: 3600, closesTimeMs: 0 }
    node.emit({ kind: 'election', state: 'opened', height: 240, number, cause: 'epoch', ...closes })
  }
  const settles = (number: number): void => {
    stand(null, number)
    node.emit({ kind: 'election', state: 'settled', ...settledView(number) })
  }
  const wait = (...args: readonly string[]): Running => startQuorate(['election', '--dir', directory, '--wait', ...args])
  /** It has heard how elections stand, and goes on waiting. */
  const hears = (count: number): Promise<boolean> =>
    waitFor(() => asked >= count, { deadlineMs: DEADLINE_MS, description: `question ${count} of the command` })

  it('open: returns at once if one is', async () => {
    stand(2, 1)
    const { code, stdout, stderr } = await wait('open').ended
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^epoch +1\nelection +2, at the end of the epoch\n/)
    assert.match(stdout, new RegExp(`${formatAddress(own)} .* elected, yours\n`))
  })

  it('open: one that closes too soon does not do', async () => {
    stand(2, 1)
    const { ended } = wait('open', '--left', '101')
    await hears(1)
    opens(3, 2, 101)
    const { code, stdout, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.equal(stderr, 'election 2 closes in slot 3600, with the next block; 9 coins have voted\n')
    assert.match(stdout, /\nelection +3, /)
  })

  it('open: waits until one opens', async () => {
    stand(null, 1)
    const { ended } = wait('open')
    await hears(1)
    opens(2, 1)
    const { code, stdout, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.equal(stderr, 'none is open: the next opens in slot 3000, with the next block\n')
    assert.match(stdout, /\nelection +2, at the end of the epoch\n/)
  })

  it('next: the one that is open now does not do', async () => {
    stand(2, 1)
    const { ended } = wait('next')
    await hears(1)
    settles(2)
    await hears(2)
    opens(3, 2)
    const { code, stdout, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.deepEqual(stderr.split('\n'), [
      'election 2 closes in slot 3600, with the next block; 9 coins have voted',
      'none is open: the next opens in slot 3000, with the next block',
      '',
    ])
    assert.match(stdout, /\nelection +3, /)
  })

  it('settled: the open one, and shows who was elected', async () => {
    stand(2, 1)
    const { ended } = wait('settled')
    await hears(1)
    settles(2)
    const { code, stdout, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\nelection 2 settled by the slips: 2 verifiers elected\nPLACE +VERIFIER +SCORE +WEIGHT\n/)
    assert.match(stdout, new RegExp(`\n +1 +${formatAddress(own)} +7 +5 +yours\n +2 +${formatAddress(stranger)} +7 +5\n`))
  })

  it('settled: the next one if none is open', async () => {
    stand(null, 1)
    const { ended } = wait('settled', '--json')
    await hears(1)
    opens(2, 1)
    await hears(2)
    settles(2)
    const { code, stdout, stderr } = await ended
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(JSON.parse(stdout).settled[0].number, 2)
  })

  it('goes on when the node went away and is there again', async () => {
    stand(null, 1)
    const { ended } = wait('open')
    await hears(1)
    const { port } = new URL(api.url)
    await api.close()
    stand(2, 1)
    api = await startApi(node, { parseAddress, port: Number(port) })
    const { code, stdout, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\nelection +2, /)
  })

  for (const { what, open, says } of [
    { what: 'open', open: null, says: /error: no election is open yet; `quorate election` says when that is due \[not-yet\]\n$/ },
    { what: 'next', open: 2, says: /error: the next election is not open yet; .*\[not-yet\]\n$/ },
    { what: 'settled', open: 2, says: /error: no election is settled yet; .*\[not-yet\]\n$/ },
  ]) {
    it(`${what}: ends with 6 if it does not come in time`, async () => {
      stand(open, 1)
      const { code, stdout, stderr } = await wait(what, '--timeout', '1').ended
      assert.deepEqual([code, stdout], [6, ''])
      assert.match(stderr, says)
    })
  }

  it('ends with 6 on Ctrl-C', async () => {
    stand(null, 1)
    const { child, ended } = wait('open')
    await hears(1)
    child.kill('SIGINT')
    const { code, stderr } = await ended
    assert.equal(code, 6)
    assert.match(stderr, /not-yet/)
  })

  it('does not wait for a node that is not there', async () => {
    await api.close()
    const { code } = await quorateHere('election', '--dir', directory, '--wait', 'open')
    assert.equal(code, 3)
    api = await startApi(node, { parseAddress })
  })

  it('refuses to wait for what there is not', async () => {
    const { code, stderr } = await startQuorate(['election', '--dir', directory, '--wait', 'closed']).ended
    assert.equal(code, 2)
    assert.match(stderr, /It must be open, next or settled/)
  })
})
