import assert from 'node:assert/strict'
import type { Api } from '../../src/api/server.ts'
import { formatAddress } from '../../src/crypto/address.ts'
import { forkView } from '../unit/api/fake-node.ts'
import { PageNode, verifiers } from './page-node.ts'
import { DESK, obstacle, PHONE, serve, Visit } from './visit.ts'

/** Has more verifiers than a screen has columns. */
class WideNode extends PageNode {
  override blocks(fromHeight: number, count: number) {
    const all = Array.from({ length: 64 }, (_, index) => index)
    return super.blocks(fromHeight, count).map((view) => ({
      ...view,
      block: { ...view.block, seal: { ...view.block.seal, signers: all.slice(0, 50) } },
      timeline: view.timeline === null ? null : { ...view.timeline, voters: all, lockers: null },
    }))
  }

  override quorum() {
    const quorum = super.quorum()
    return {
      ...quorum,
      members: Array.from({ length: 10 }, () => quorum.members)
        .flat()
        .slice(0, 64),
    }
  }
}

/** From this height on seven sign, before it five. */
const HANDOVER = 9995

class HandedOverNode extends PageNode {
  override blocks(fromHeight: number, count: number) {
    return super.blocks(fromHeight, count).map((view) => {
      const { header, seal } = view.block
      const isOld = header.height < HANDOVER
      const signers = isOld ? [0, 1, 2, 3, 4] : seal.signers
      const nextQuorum = header.height < HANDOVER - 1 ? '0a'.repeat(32) : header.nextQuorum
      const block = { ...view.block, header: { ...header, nextQuorum, maker: isOld ? 0 : header.maker }, seal: { ...seal, signers } }
      return { ...view, block, timeline: view.timeline === null ? null : { ...view.timeline, voters: signers, lockers: null } }
    })
  }
}

const firstAddress = formatAddress(verifiers[0]?.account ?? '')

describe('every view of the page', function () {
  this.slow(6000)
  if (obstacle !== null) {
    it(`is not run on this machine: ${obstacle}`, () => undefined)
    return
  }
  const node = new PageNode()
  const offence = node.offend(2, 9990)
  node.openOne()
  node.alarms = [{ atMs: Date.now() - 60_000, code: 'evidence', detail: 'verifier 2 sealed two blocks at height 9990' }]
  const transaction = node.block(10_000)?.transactionIds[0] ?? node.block(9999)?.transactionIds[0] ?? ''
  let api: Api
  before(async () => {
    api = await serve(node)
  })
  after(() => api.close())

  const views = [
    {
      name: 'overview',
      hash: '#/',
      heading: 'Overview',
      shows: ['Live chain', 'are not known here', 'median of 20 blocks', 'Election 2 is open', 'verifier 2 sealed two blocks'],
    },
    { name: 'blocks', hash: '#/blocks', heading: 'Blocks', shows: ['heights 1 to 10,000', '9,999'] },
    {
      name: 'a block',
      hash: '#/blocks/9990',
      heading: 'Block 9,990',
      shows: ['How it was sealed', 'times from the start of the slot', 'Receipt', 'Rewarded'],
    },
    { name: 'a block that this node did not see', hash: '#/blocks/12', heading: 'Block 12', shows: ['did not see the block being made'] },
    { name: 'swarm', hash: '#/swarm', heading: 'Swarm', shows: ['9 nodes', 'this node', 'The same as a table'] },
    { name: 'quorum', hash: '#/quorum', heading: 'Quorum and stake', shows: ['Sealed of 59', '7 verifiers', 'Delegators'] },
    {
      name: 'elections',
      hash: '#/elections',
      heading: 'Elections',
      shows: ['Election 2 is open', '14.1 %', 'If it ended now', 'Ratified source'],
    },
    { name: 'evidence', hash: '#/evidence', heading: 'Evidence', shows: ['double seal', '50,000'] },
    {
      name: 'a case',
      hash: `#/evidence/${offence.id}`,
      heading: 'Case: double seal at height 9,990',
      shows: ['verified here', 'signed both', 'Slashed in all'],
    },
    { name: 'accounts', hash: '#/accounts', heading: 'Accounts', shows: ['Where all coins are', 'holds'] },
    { name: 'an account', hash: `#/accounts/${firstAddress}`, heading: 'Account', shows: ['1,234.5', 'As a verifier', 'Older'] },
    { name: 'a transaction', hash: `#/transactions/${transaction}`, heading: 'Transaction', shows: ['final', 'sends'] },
    { name: 'charts', hash: '#/charts', heading: 'Charts', shows: ['Median', 'Participation', 'Slots without a block'] },
    {
      name: 'node',
      hash: '#/node',
      heading: 'Node',
      shows: ['follows the chain', 'Its verifier key', '192.0.2.10', 'Where the disk goes', '151 MB'],
    },
  ]
  for (const { name, hash, heading, shows } of views) {
    it(`${name}: shows what the node says, fits a phone, and axe has no complaint in light and dark`, async () => {
      const visit = await Visit.open(api.url, hash)
      await visit.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor({ state: 'attached' })
      for (const text of shows) await visit.page.locator('main').getByText(text).first().waitFor({ state: 'attached' })
      assert.deepEqual(await visit.violations(), [])
      await visit.page.emulateMedia({ colorScheme: 'dark' })
      assert.deepEqual(await visit.violations(), [])
      await visit.page.setViewportSize(PHONE)
      assert.equal(await visit.overflow(), 0)
      await visit.close()
    })
  }

  it('the first view is small, and asks for nothing but itself', async () => {
    const visit = await Visit.open(api.url)
    await visit.sees('median of 20 blocks')
    const assets = await visit.page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .flatMap((entry) => (entry.name.includes('/assets/') ? [(entry as PerformanceResourceTiming).encodedBodySize] : [])),
    )
    const bytes = assets.reduce((sum, size) => sum + size, 0)
    assert.ok(bytes > 0 && bytes < 60_000, `${bytes} bytes in ${assets.length} files`)
    await visit.close()
  })

  it('marks where another quorum signs, and draws nothing for places that a quorum does not have', async () => {
    const other = await serve(new HandedOverNode())
    const visit = await Visit.open(other.url)
    await visit.sees(`another quorum signs from height ${HANDOVER.toLocaleString('en')}`)
    assert.equal(await visit.page.locator('.handover').count(), 1)
    const cellsOf = (height: number) =>
      visit.page
        .locator('.chain-table tbody tr', { hasText: String(height) })
        .locator('.deeds')
        .count()
    assert.equal(await cellsOf(HANDOVER), 7)
    assert.equal(await cellsOf(HANDOVER - 1), 5)
    assert.deepEqual(await visit.violations(), [])
    await visit.close()
    await other.close()
  })

  const states = [
    {
      description: 'no block yet',
      make: () => new PageNode(0),
      sees: [
        ['#/', 'They appear here as they become final'],
        ['#/blocks', 'No block yet'],
        ['#/evidence', 'No offence is proven'],
        ['#/charts', 'Too few blocks'],
        ['#/elections', 'No election is open'],
      ],
    },
    {
      description: 'a bootstrap node',
      make: () => Object.assign(new PageNode(0), { role: 'bootstrap' as const, syncState: 'none' as const }),
      sees: [
        ['#/', 'keeps no chain'],
        ['#/swarm', '9 nodes'],
        ['#/node', 'A bootstrap node'],
      ],
    },
    {
      description: 'a node that syncs',
      make: () => Object.assign(new PageNode(400), { syncState: 'syncing' as const, targetHeight: 10_000 }),
      sees: [
        ['#/', '400 of 10,000 blocks are here'],
        ['#/node', 'fetches blocks'],
      ],
    },
    {
      description: 'a node that begins with a snapshot',
      make: () =>
        Object.assign(new PageNode(0), { syncState: 'syncing' as const, snapshot: { height: 9000, parts: 16, partsHere: 5, peers: 3 } }),
      sees: [['#/', '5 of 16 parts are here']],
    },
    {
      description: 'a node that a fork has halted',
      make: () =>
        Object.assign(new PageNode(30), {
          forkSummary: { height: 12, branches: 2, command: 'quorate recover --dir /v1' },
          forkView: forkView(),
        }),
      sees: [
        ['#/', 'Halted by a fork at height 12'],
        ['#/node', 'this node is halted'],
      ],
    },
    {
      description: 'a quorum with more verifiers than fit in columns',
      make: () => new WideNode(),
      sees: [
        ['#/', '64 of 64'],
        ['#/', '50 of 64'],
      ],
    },
    {
      description: 'a node that has its first blocks from a snapshot',
      make: () => Object.assign(new PageNode(500), { firstHeight: 450 }),
      sees: [['#/blocks', '51 blocks, heights 450 to 500']],
    },
  ] as const
  for (const { description, make, sees } of states) {
    it(`says so: ${description}`, async () => {
      const other = await serve(make())
      const visit = await Visit.open(other.url, sees[0][0], { viewport: DESK })
      for (const [hash, text] of sees) {
        await visit.go(hash)
        await visit.sees(text)
      }
      assert.deepEqual(await visit.violations(), [])
      await visit.close()
      await other.close()
    })
  }
})
