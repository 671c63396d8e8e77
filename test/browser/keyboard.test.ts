import assert from 'node:assert/strict'
import type { Api } from '../../src/api/server.ts'
import { PageNode } from './page-node.ts'
import { obstacle, PHONE, serve, Visit } from './visit.ts'

/** Elements in the document while ten thousand blocks are behind the list: some dozen rows of some twenty elements, and the frame. */
const MOST_ELEMENTS = 1500

const focused = (visit: Visit): Promise<string> => visit.page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
const elements = (visit: Visit): Promise<number> => visit.page.evaluate(() => document.querySelectorAll('*').length)

describe('lists, keys and looks of the page', function () {
  this.slow(6000)
  if (obstacle !== null) {
    it(`is not run on this machine: ${obstacle}`, () => undefined)
    return
  }
  const node = new PageNode()
  let api: Api
  before(async () => {
    api = await serve(node)
  })
  after(() => api.close())

  it('ten thousand blocks are a bounded number of rows, wherever one scrolls', async () => {
    const visit = await Visit.open(api.url, '#/blocks')
    const row = (height: string) => visit.page.locator('.block-list').getByRole('link', { name: height, exact: true })
    await row('10,000').waitFor()
    assert.ok((await elements(visit)) < MOST_ELEMENTS)
    for (const part of [0.3, 0.7, 1]) {
      await visit.page.locator('.block-list').evaluate((list, share) => {
        list.scrollTop = share * list.scrollHeight
      }, part)
      await visit.holds(
        'the rows are filled',
        () => {
          const list = document.querySelector('.block-list')
          return list !== null && list.querySelectorAll('tbody tr').length > 10 && list.querySelector('td.unknown[colspan]') === null
        },
        null,
      )
      const count = await elements(visit)
      assert.ok(count < MOST_ELEMENTS, `${count} elements at ${part}`)
    }
    await row('1').waitFor()
    await visit.page.getByLabel('Jump to height').fill('5000')
    await visit.page.getByRole('button', { name: 'Jump' }).click()
    await row('5,000').waitFor()
    assert.equal(await row('10,000').count(), 0)
    await visit.page.getByLabel('Jump to height').fill('12000')
    await visit.page.keyboard.press('Enter')
    await visit.sees('This node has heights 1 to 10,000')
    await visit.close()
  })

  it('a table that is wider than a phone shows on which side there is more', async () => {
    const visit = await Visit.open(api.url, '#/quorum', { viewport: PHONE })
    const table = visit.page.getByRole('region', { name: 'Members of the quorum, as a table' })
    await table.waitFor()
    await visit.holds('more to the right', () => document.querySelector('.scroll-x')?.getAttribute('data-more') === 'right', null)
    assert.equal(await table.getAttribute('tabindex'), '0')
    await table.evaluate((element) => {
      element.scrollLeft = element.scrollWidth
    })
    await visit.holds('more to the left', () => document.querySelector('.scroll-x')?.getAttribute('data-more') === 'left', null)
    await visit.close()
  })

  it('who reads further down keeps his place when blocks come in', async () => {
    const visit = await Visit.open(api.url, '#/blocks')
    const list = visit.page.locator('.block-list')
    await list.getByRole('link', { name: '10,000', exact: true }).waitFor()
    await list.evaluate((element) => {
      element.scrollTop = 3600
    })
    const link = list.getByRole('link', { name: '9,895', exact: true })
    await link.waitFor()
    const before = await link.boundingBox()
    node.grow()
    await visit.sees('heights 1 to 10,001')
    await visit.holds('the list went along', () => document.querySelector('.block-list')?.scrollTop === 3636, null)
    assert.deepEqual(await link.boundingBox(), before)
    node.height = 10_000
    await visit.close()
  })

  it('arrow keys walk the list, Home and End reach its ends, Enter opens', async () => {
    const visit = await Visit.open(api.url, '#/blocks')
    await visit.page.locator('[data-height="10000"]').waitFor()
    await visit.page.locator('.block-list').focus()
    const steps = [
      ['ArrowDown', '9,999'],
      ['ArrowDown', '9,998'],
      ['ArrowUp', '9,999'],
      ['End', '1'],
      ['ArrowUp', '2'],
      ['Home', '10,000'],
    ] as const
    for (const [key, height] of steps) {
      await visit.page.keyboard.press(key)
      await visit.holds(`${key} goes to ${height}`, (text) => document.activeElement?.textContent === text, height)
    }
    await visit.page.keyboard.press('PageDown')
    await visit.holds('a page down', () => Number(document.activeElement?.getAttribute('data-height')) < 9995, null)
    const height = await focused(visit)
    await visit.page.keyboard.press('Enter')
    await visit.page.getByRole('heading', { level: 1, name: `Block ${height}`, exact: true }).waitFor()
    await visit.close()
  })

  it('the first Tab offers to skip to the content, and a new view takes the focus', async () => {
    const visit = await Visit.open(api.url)
    await visit.sees('median of 20 blocks')
    await visit.page.keyboard.press('Tab')
    assert.equal(await focused(visit), 'Skip to the content')
    const box = await visit.page.locator('.skip').boundingBox()
    assert.ok(box !== null && box.x >= 0, 'it is seen while it has the focus')
    await visit.page.keyboard.press('Enter')
    assert.equal(await visit.page.evaluate(() => document.activeElement?.id), 'main')
    await visit.page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Quorum' }).press('Enter')
    await visit.sees('Registered verifiers')
    assert.equal(await visit.page.evaluate(() => document.activeElement?.id), 'main')
    assert.match(await visit.page.title(), /^Quorum · quorate$/)
    await visit.close()
  })

  it('arrow keys walk the graph from node to node, and say which', async () => {
    const visit = await Visit.open(api.url, '#/swarm')
    const self = visit.page.getByRole('button', { name: /, this node/ })
    await self.focus()
    const seen = new Set([await focused(visit)])
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp']) {
      await visit.page.keyboard.press(key)
      seen.add(await focused(visit))
    }
    assert.ok(seen.size >= 2, [...seen].join('; '))
    assert.equal(await visit.page.locator('.graph button[tabindex="0"]').count(), 1)
    await visit.page.getByLabel('Show').selectOption({ label: 'mesh of transactions/1' })
    const lines = await visit.page.locator('.graph line').count()
    assert.ok(lines > 0 && lines < node.swarm().links.length)
    await visit.close()
  })

  it('a choice of colours lasts, and nothing moves for who wants it calm', async () => {
    const visit = await Visit.open(api.url, '', { reducedMotion: 'reduce', viewport: PHONE })
    await visit.sees('median of 20 blocks')
    const paper = () => visit.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const light = await paper()
    await visit.page.getByRole('button', { name: /^Colours: auto/ }).click()
    await visit.page.getByRole('button', { name: /^Colours: light/ }).click()
    await visit.page.getByRole('button', { name: /^Colours: dark/ }).waitFor()
    const dark = await paper()
    assert.notEqual(dark, light)
    await visit.page.reload()
    await visit.sees('median of 20 blocks')
    assert.equal(await paper(), dark)
    node.grow()
    await visit.sees('10,001')
    assert.equal(await visit.page.evaluate(() => document.getAnimations().length), 0)
    node.height = 10_000
    await visit.close()
  })
})
