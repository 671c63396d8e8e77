import assert from 'node:assert/strict'
import type { Api } from '../../src/api/server.ts'
import { formatAddress } from '../../src/crypto/address.ts'
import { PageNode, verifiers } from './page-node.ts'
import { obstacle, serve, Visit } from './visit.ts'

describe('the page as the node works', function () {
  this.slow(6000)
  if (obstacle !== null) {
    it(`is not run on this machine: ${obstacle}`, () => undefined)
    return
  }
  let node: PageNode
  let api: Api
  beforeEach(async () => {
    node = new PageNode()
    api = await serve(node)
  })
  afterEach(() => api.close())

  it('a block appears as it becomes final, and a screen reader hears of one now and then', async () => {
    const visit = await Visit.open(api.url)
    const rows = visit.page.locator('.chain-table tbody tr th')
    await visit.sees('median of 20 blocks')
    assert.equal(await rows.first().textContent(), '10000')
    await visit.holds(
      'the newest was announced',
      () => document.querySelector('[aria-live=polite]')?.textContent?.includes('Block 10000 is final'),
      null,
    )
    for (let count = 0; count < 3; count++) node.grow()
    await visit.holds(
      'the new blocks are in the table',
      () => document.querySelector('.chain-table tbody th')?.textContent === '10003',
      null,
    )
    const said = await visit.page.locator('[aria-live=polite]').textContent()
    assert.ok(said?.includes('Block 10000 '), `it is not told of each block: ${said}`)
    await visit.page.getByRole('button', { name: 'pause' }).click()
    node.grow()
    await visit.sees('10,004')
    assert.equal(await rows.first().textContent(), '10003', 'what is paused stays')
    await visit.close()
  })

  it('evidence, a transaction and an election appear as they happen', async () => {
    const visit = await Visit.open(api.url, '#/evidence')
    await visit.sees('No offence is proven')
    const { id, kind, height, offenders, seenAtMs, punished } = node.offend(1, 9000)
    node.emit({ kind: 'evidence', state: 'found', id, offence: kind, height, offenders, seenAtMs, punished })
    await visit.sees('double seal')
    await visit.go('#/')
    node.emit({ kind: 'pending', ids: ['ab'.repeat(32)] })
    await visit.sees('abababab…abab')
    node.openOne()
    node.grow()
    await visit.sees('Election 2 is open')
    await visit.close()
  })

  it('says that the node is gone, keeps what it has, and goes on when it is back', async () => {
    const visit = await Visit.open(api.url)
    await visit.sees('median of 20 blocks')
    const { port } = new URL(api.url)
    await api.close()
    await visit.sees('The node does not answer')
    await visit.sees('What is shown is from before')
    assert.equal(await visit.page.locator('.chain-table tbody th').first().textContent(), '10000')
    assert.deepEqual(await visit.violations(), [])
    // What comes from the node only now, and cannot.
    await visit.go('#/elections')
    await visit.sees('It is loaded when the node answers again')
    node.height = 10_005
    api = await serve(node, Number(port))
    await visit.page.getByRole('button', { name: 'Load it now' }).click()
    await visit.sees('No election is open')
    await visit.go('#/')
    await visit.holds('the new blocks are here', () => document.querySelector('.chain-table tbody th')?.textContent === '10005', null)
    await visit.page.locator('.banner.bad').waitFor({ state: 'detached' })
    await visit.close([
      /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/,
    ])
  })

  it('a tab that nobody looks at asks nothing, and catches up when it is seen again', async () => {
    const visit = await Visit.open(api.url)
    await visit.sees('median of 20 blocks')
    const show = (isHidden: boolean) =>
      visit.page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, isHidden)
    await show(true)
    let asked = 0
    visit.page.on('request', () => asked++)
    for (let count = 0; count < 80; count++) node.grow()
    assert.equal(asked, 0)
    assert.equal(await visit.page.locator('.chain-table tbody th').first().textContent(), '10000')
    await show(false)
    await visit.holds('the new blocks are here', () => document.querySelector('.chain-table tbody th')?.textContent === '10080', null)
    await visit.close()
  })

  it('says what the node does not have, and what it does not tell', async () => {
    const visit = await Visit.open(api.url, '#/blocks/99999')
    await visit.sees('the newest is 10000')
    assert.equal((await visit.page.locator('.failed').textContent())?.match(/no block 99999/g)?.length, 1)
    await visit.go(`#/transactions/${'cd'.repeat(32)}`)
    await visit.sees('knows no transaction')
    await visit.go('#/nowhere')
    await visit.sees('There is nothing at this address')
    const error = { error: { code: 'unknown-route', message: 'there is nothing at /v1/swarm' } }
    await visit.page.route('**/v1/swarm', (route) => route.fulfill({ status: 404, json: error }))
    await visit.go('#/swarm')
    await visit.sees('Not known here')
    await visit.page.route('**/v1/elections', (route) =>
      route.fulfill({ status: 503, json: { error: { code: 'stopping', message: 'the node stops' } } }),
    )
    await visit.go('#/elections')
    await visit.sees('the node stops')
    // The browser itself writes each of these answers to its console.
    await visit.close([/console: Failed to load resource: the server responded with a status of (404|503)/])
  })

  it('checks the signatures of evidence itself, and says what does not hold', async () => {
    const good = node.offend(2, 9990)
    const forged = node.offend(3, 9980, { isForged: true, isPunished: false })
    const visit = await Visit.open(api.url, `#/evidence/${good.id}`)
    await visit.sees('verified here')
    assert.equal(await visit.page.locator('.checks .holds').count(), 7)
    assert.equal(await visit.page.locator('tr.differs').count(), 1)
    await visit.go(`#/evidence/${forged.id}`)
    await visit.sees('does not hold')
    assert.equal(await visit.page.locator('.checks .fails').count(), 1)
    await visit.sees('No block has punished it yet')
    // A node that shows other statements than those in the bytes, or another chain, is found out.
    const [first, second] = good.statements
    assert.ok(first !== undefined && second !== undefined)
    const other = { ...good, statements: [second, first] }
    await visit.page.route(`**/v1/evidence/${good.id}`, (route) => route.fulfill({ json: other }))
    await visit.go(`#/evidence/${good.id}`)
    await visit.holds(
      'one check fails',
      () => document.querySelector('.checks .fails')?.textContent?.includes('statements shown here'),
      null,
    )
    await visit.close()
  })

  it('leads from a verifier to the cases against it', async () => {
    node.offend(2, 9990)
    node.offend(3, 9980)
    const visit = await Visit.open(api.url, '#/quorum')
    await visit.sees('1 recent offence')
    await visit.go(`#/accounts/${formatAddress(verifiers[2]?.account ?? '')}`)
    await visit.sees('Recently punished for: double seal at height 9,990')
    await visit.page.getByRole('link', { name: 'Its cases' }).click()
    await visit.sees('in 2 cases')
    assert.equal(await visit.page.locator('main tbody tr').count(), 1)
    assert.deepEqual(await visit.violations(), [])
    await visit.close()
  })

  it('finds a height, a hash, a transaction, evidence and an account, and says when there is nothing', async () => {
    const { id } = node.offend(2, 9990)
    const view = node.block(9997)
    const transaction = [10_000, 9999, 9998].flatMap((height) => node.block(height)?.transactionIds ?? [])[0] ?? ''
    const address = formatAddress(verifiers[1]?.account ?? '')
    const visit = await Visit.open(api.url)
    await visit.sees('median of 20 blocks')
    const cases = [
      { text: '9,990', heading: 'Block 9,990' },
      { text: view?.hash ?? '', heading: 'Block 9,997' },
      { text: transaction, heading: 'Transaction' },
      { text: id, heading: 'Case: double seal at height 9,990' },
      { text: address.toUpperCase(), heading: 'Account' },
    ]
    for (const { text, heading } of cases) {
      await visit.page.getByRole('searchbox').fill(text)
      await visit.page.keyboard.press('Enter')
      await visit.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
    }
    for (const { text, says } of [
      { text: '20000', says: 'There is no block 20000 yet' },
      { text: 'grue', says: 'knows nothing of that name' },
    ]) {
      await visit.page.getByRole('searchbox').fill(text)
      await visit.page.keyboard.press('Enter')
      await visit.sees(says)
    }
    await visit.close()
  })
})
