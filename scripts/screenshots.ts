import 'core-js/actual/promise/with-resolvers.js'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { QuorateClient } from '../src/client/client.ts'
import { SwarmProcess } from '../test/browser/swarm-process.ts'
import { waitFor } from '../test/helpers/wait-for.ts'
import { ensureChromium } from './ensure-chromium.ts'

/**
 * The pictures of docs/page.md: `npm run screenshots`. A swarm of seven verifiers, one of which seals two blocks at a height, is looked at with
 * a browser; it takes two or three minutes.
 */

const FOLDER = fileURLToPath(new URL('../docs/images', import.meta.url))
const DEADLINE_MS = 300_000
/** For charts that show something. */
const LEAST_BLOCKS = 60
/** What a repository can bear of each. */
const MOST_BYTES = 150_000

type Look = 'light' | 'dark' | 'phone'
const sizes = { light: [1080, 720], dark: [1080, 720], phone: [360, 720] } as const

interface Shot {
  readonly name: string
  readonly hash: string
  /** Text that is there once the view is whole. */
  readonly shows: string
  readonly looks: readonly Look[]
  readonly height?: number
}

async function take(browser: Browser, url: string, { name, hash, shows, looks, height }: Shot): Promise<void> {
  for (const look of looks) {
    const [width, usual] = sizes[look]
    const context = await browser.newContext({
      viewport: { width, height: look === 'phone' ? usual : (height ?? usual) },
      ...{ colorScheme: look === 'light' ? 'light' : 'dark', reducedMotion: 'reduce' },
    })
    const page = await context.newPage()
    await page.goto(`${url}/${hash}`)
    await page.locator('main').getByText(shows).first().waitFor({ timeout: DEADLINE_MS })
    await page.waitForFunction(() => document.querySelector('main .loading') === null)
    const path = join(FOLDER, `page-${name}-${look}.png`)
    await page.screenshot({ path })
    const { size } = statSync(path)
    console.log(`${path}: ${Math.round(size / 1000)} kB`)
    if (size > MOST_BYTES) process.exitCode = 1
    await context.close()
  }
}

async function pictures(browser: Browser, url: string): Promise<void> {
  const client = new QuorateClient(url)
  const proven = await waitFor(async () => (await client.evidence()).evidence.find(({ punished }) => punished !== null), {
    ...{ deadlineMs: DEADLINE_MS, description: 'evidence that a block has punished' },
  })
  await waitFor(async () => (await client.status()).election, { deadlineMs: DEADLINE_MS, description: 'an election' })
  await take(browser, url, { name: 'elections', hash: '#/elections', shows: 'If it ended now', looks: ['light'] })
  await waitFor(async () => (await client.status()).height >= LEAST_BLOCKS, {
    deadlineMs: DEADLINE_MS,
    description: `${LEAST_BLOCKS} blocks`,
  })
  const { height } = await client.status()
  const actions = (await client.block(height - 2)).block.transactions.map(({ body }) => body.action)
  const paid = actions.find((action) => action.kind === 'transfer')?.to ?? ''
  const shots: readonly Shot[] = [
    { name: 'overview', hash: '#/', shows: 'median of 20 blocks', looks: ['light', 'dark', 'phone'] },
    { name: 'blocks', hash: '#/blocks', shows: 'Final after', looks: ['light', 'phone'] },
    { name: 'block', hash: `#/blocks/${height - 2}`, shows: 'Receipt', looks: ['dark'], height: 860 },
    { name: 'swarm', hash: '#/swarm', shows: 'The same as a table', looks: ['light', 'dark', 'phone'] },
    { name: 'quorum', hash: '#/quorum', shows: 'Registered verifiers', looks: ['light'] },
    { name: 'evidence', hash: `#/evidence/${proven.id}`, shows: 'All of it holds', looks: ['light', 'dark', 'phone'], height: 820 },
    { name: 'account', hash: `#/accounts/${paid}`, shows: 'sends', looks: ['light'] },
    { name: 'charts', hash: '#/charts', shows: 'Median', looks: ['light', 'dark'], height: 800 },
    { name: 'node', hash: '#/node', shows: 'Where the disk goes', looks: ['dark'], height: 860 },
  ]
  for (const shot of shots) await take(browser, url, shot)
}

const found = ensureChromium()
if ('obstacle' in found) {
  console.error(found.obstacle)
  process.exit(1)
}
mkdirSync(FOLDER, { recursive: true })
const swarm = new SwarmProcess(['--adversary', 'double-seal=1', '--load', '10', '--duration', '900'])
const browser = await chromium.launch({ executablePath: found.path, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
try {
  await pictures(browser, await waitFor(() => swarm.pageUrl(), { deadlineMs: DEADLINE_MS, description: 'the address of the page' }))
} finally {
  await browser.close()
  await swarm.stop()
}
