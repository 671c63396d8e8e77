import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Api, startApi } from '../../../src/api/server.ts'
import { formatAddress, parseAddress } from '../../../src/crypto/address.ts'
import { openDirectory } from '../../../src/node/directory.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { FakeNode, forkView } from '../api/fake-node.ts'
import { FORK, forkedDirectory, OTHER } from '../node/fork-directory.ts'
import { quorateHere } from './in-process.ts'
import type { Ended } from './quorate.ts'

const run = (directory: string, ...args: readonly string[]): Promise<Ended> => quorateHere('recover', '--dir', directory, ...args)
const stores = (directory: string): string[] => readdirSync(directory).filter((name) => name.startsWith('store'))

describe('quorate: recover', () => {
  it('teaches what it does', async () => {
    const { code, stdout } = await quorateHere('recover', '--help')
    assert.equal(code, 0)
    for (const says of [/alarm `forked`/, /nothing is removed/, /Exit codes: 0 done, 4/, /quorate recover --dir net\/v1 --yes/])
      assert.match(stdout, says)
  })

  it('says where there is nothing to do, and where there is no node', async () => {
    const { directory } = await forkedDirectory(0, { isForked: false })
    const { code, stderr } = await run(directory, '--yes')
    assert.deepEqual([code, /nothing to recover from: this node knows of no fork.*\[not-forked\]/.test(stderr)], [4, true])
    assert.match((await run(join(directory, 'nowhere'))).stderr, /not-initialised/)
  })

  it('shows both branches and who signed both, and changes nothing unless it is told to', async () => {
    const forked = await forkedDirectory(1_000_000_000)
    const { code, stdout, stderr } = await run(forked.directory)
    assert.equal(code, 4)
    for (const says of [
      new RegExp(`fork +at height ${FORK}, seen`),
      ...forked.offenders.map((address) => new RegExp(`${formatAddress(address)} {2}100 coins, 25 %`)),
      /together +200 of 400 coins of stake/,
      new RegExp(`${forked.own.slice(0, 16)} +this node +2 +5 +${forked.head.hash.slice(0, 16)} +\\d`),
      new RegExp(`${OTHER.slice(0, 16)} +3 +6 +efefefefefefefef +1000`),
      new RegExp(`branch ${OTHER.slice(0, 16)} goes on: more coin-hours were burned on it`),
      /its store will be put aside/,
    ])
      assert.match(stdout, says)
    assert.match(stderr, /give --yes to go on; nothing was changed \[not-confirmed\]/)
    const shown = JSON.parse((await run(forked.directory, '--json')).stdout)
    assert.deepEqual([shown.step, shown.done, shown.fork.height], ['switch', false, FORK])
    assert.deepEqual([(await forked.record()).follow, stores(forked.directory)], [null, ['store']])
  })

  it('goes on with the chain of this node, and says so again when it is asked again', async () => {
    const forked = await forkedDirectory(0)
    const { code, stdout } = await run(forked.directory, '--yes')
    assert.equal(code, 0)
    assert.match(stdout, /The chain of this node goes on[\s\S]*now start the node as before: `quorate start --dir .*`/)
    assert.equal((await forked.record()).follow?.first, forked.own)
    const again = await run(forked.directory)
    assert.equal(again.code, 0)
    assert.match(again.stdout, /This was chosen before/)
  })

  it('puts the store aside for the other branch, and says where', async () => {
    const forked = await forkedDirectory(1_000_000_000)
    const { code, stdout } = await run(forked.directory, '--yes', '--json')
    const done = JSON.parse(stdout)
    const kept = join(forked.directory, `store.abandoned-${FORK}-${forked.head.hash.slice(0, 8)}`)
    assert.deepEqual([code, done.step, done.done, done.keptStore], [0, 'switch', true, kept])
    assert.equal((await forked.record()).follow?.first, OTHER)
  })

  describe('while the node runs', () => {
    let node: FakeNode
    let api: Api
    let directory: string
    let release: () => Promise<void>
    beforeEach(async () => {
      node = new FakeNode()
      api = await startApi(node, { parseAddress })
      ;({ directory } = await forkedDirectory(0))
      release = (await openDirectory(directory, 'full')).release
      writeFileSync(join(directory, 'api.json'), JSON.stringify({ url: api.url, pid: process.pid }))
    })
    afterEach(async () => {
      await release()
      await api.close()
    })

    const cases: readonly {
      readonly description: string
      readonly fork: FakeNode['forkView']
      readonly says: RegExp
      readonly shows: RegExp
    }[] = [
      {
        description: 'shows what it knows, and says that it must be stopped',
        fork: forkView(),
        says: /stop it, then run `quorate recover --dir \/v1` again \[directory-in-use\]/,
        shows: /3333333333333333 +4 +15 +4444444444444444 +2.5/,
      },
      {
        description: 'says to leave it alone when the branch was chosen',
        fork: forkView({ command: null, follows: '33'.repeat(32) }),
        says: /the branch was chosen.*leave it running/,
        shows: /branch 3333333333333333 goes on/,
      },
      { description: 'says that there is no fork', fork: null, says: /knows of no fork \[not-forked\]/, shows: /^$/ },
      {
        description: 'says that the fork is over',
        fork: forkView({ isHalted: false, resolvedAt: 16 }),
        says: /the fork at height 12 is over, block 16 went on \[not-forked\]/,
        shows: /^$/,
      },
    ]
    for (const { description, fork, says, shows } of cases)
      it(description, async () => {
        node.forkView = fork
        const { code, stdout, stderr } = await run(directory, '--yes')
        assert.equal(code, 4)
        assert.match(stderr, says)
        assert.match(stdout, shows)
        assert.deepEqual(JSON.parse((await run(directory, '--json')).stdout), { fork, step: null, done: false })
      })

    it('says that it must be stopped when its API does not answer', async () => {
      writeFileSync(join(directory, 'api.json'), JSON.stringify({ url: 'http://127.0.0.1:1', pid: process.pid }))
      const { code, stderr } = await run(directory, '--yes')
      assert.deepEqual([code, /runs on .*: stop it first/.test(stderr)], [4, true])
    })
  })

  it('status says what to do', async () => {
    const node = new FakeNode()
    const directory = tempDirectory('recover-status')
    const api = await startApi(node, { parseAddress })
    try {
      writeFileSync(join(directory, 'api.json'), JSON.stringify({ url: api.url, pid: process.pid }))
      assert.doesNotMatch((await quorateHere('status', '--dir', directory)).stdout, /fork/)
      node.forkSummary = { height: 12, branches: 2, command: 'quorate recover --dir /v1' }
      assert.match(
        (await quorateHere('status', '--dir', directory)).stdout,
        /fork +2 chains are sealed from height 12 on, so nothing is signed: stop this node, then `quorate recover --dir \/v1`\n/,
      )
    } finally {
      await api.close()
    }
  })
})
