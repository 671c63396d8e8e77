import assert from 'node:assert/strict'
import { waitFor } from '../helpers/wait-for.ts'
import { SwarmProcess } from './swarm-process.ts'
import { obstacle, Visit } from './visit.ts'

/** For what hangs: on a machine with nothing else to do it takes half a minute. */
const DEADLINE_MS = 300_000

describe('the page of a node in a swarm', function () {
  this.timeout(2 * DEADLINE_MS)
  this.slow(60_000)
  if (obstacle !== null) {
    it(`is not run on this machine: ${obstacle}`, () => undefined)
    return
  }
  let swarm: SwarmProcess | undefined

  after(() => swarm?.stop())

  it('shows blocks as they come with who signed them, and verifies the evidence of one that cheats', async () => {
    swarm = new SwarmProcess(['--verifiers', '4', '--adversary', 'double-seal=1', '--load', '5', '--duration', '900'])
    const url = await waitFor(() => swarm?.pageUrl(), { deadlineMs: DEADLINE_MS, description: 'the address of the page' })
    const visit = await Visit.open(url)
    visit.page.setDefaultTimeout(DEADLINE_MS)
    const newest = visit.page.locator('.chain-table tbody tr').first()
    await newest.waitFor()
    const first = Number(await newest.locator('th').textContent())
    await visit.holds(
      'three more blocks',
      (height) => Number(document.querySelector('.chain-table tbody th')?.textContent) >= height,
      first + 3,
    )
    await visit.holds('it is known how long the phases took', () => document.querySelectorAll('.chain-table .phase').length >= 4, null)
    const deeds = await visit.page.locator('.chain-table .deeds').allTextContents()
    for (const deed of ['led', 'voted', 'locked', 'sealed'])
      assert.ok(
        deeds.some((text) => text.includes(deed)),
        `${deed}: ${deeds.join('; ')}`,
      )

    await visit.go('#/swarm')
    await visit.holds('all five nodes are in the graph', () => document.querySelectorAll('.graph .peer').length >= 5, null)

    await visit.go('#/evidence')
    await visit.page.locator('main td a').first().waitFor()
    await visit.page.getByText('double seal').first().waitFor()
    await visit.page.locator('main tbody td a').first().click()
    await visit.sees('verified here')
    assert.equal(await visit.page.locator('.checks .fails').count(), 0)
    await visit.sees('Slashed in all')

    for (const hash of ['#/blocks', '#/quorum', '#/elections', '#/accounts', '#/charts', '#/node']) {
      await visit.go(hash)
      await visit.page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
      await visit.holds('all questions are answered', () => document.querySelector('main .loading, main .failed') === null, null)
    }
    await visit.close()
  })
})
