import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { ensureChromium } from '../../scripts/ensure-chromium.ts'
import { type Api, startApi } from '../../src/api/server.ts'
import { parseAddress } from '../../src/crypto/address.ts'
import type { PageNode } from './page-node.ts'

/** For what hangs: on a machine with nothing else to do all of it takes milliseconds. */
const WAIT_MS = 60_000
export const DESK = { width: 1280, height: 900 }
export const PHONE = { width: 360, height: 740 }

const found = ensureChromium()
/** Why no test in a browser can run here; null if they can. */
export const obstacle = 'obstacle' in found ? found.obstacle : null

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

let browser: Promise<Browser> | undefined

/** One browser for all files; each visit has a profile of its own, which is empty. */
function launched(): Promise<Browser> {
  browser ??= chromium.launch({
    ...('path' in found ? { executablePath: found.path } : {}),
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...['--disable-background-networking', '--disable-component-update', '--disable-default-apps', '--disable-sync', '--no-first-run'],
      ...['--disable-dev-shm-usage', '--disable-gpu'],
    ],
  })
  return browser
}

const open = new Set<Page>()

// What a test that failed has left open.
afterEach(async () => {
  for (const page of open) await page.context().close()
  open.clear()
})

after(async () => {
  await (await browser)?.close()
  browser = undefined
})

export interface VisitOptions {
  readonly viewport?: { readonly width: number; readonly height: number }
  readonly colorScheme?: 'light' | 'dark'
  readonly reducedMotion?: 'reduce' | 'no-preference'
}

/** A page that is open, and all that went wrong in it. */
export class Visit {
  readonly page: Page
  readonly #url: string
  readonly #problems: string[] = []

  private constructor(page: Page, url: string) {
    this.page = page
    this.#url = url
    page.setDefaultTimeout(WAIT_MS)
    open.add(page)
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#problems.push(`console: ${message.text()} ${message.location().url}`)
    })
    page.on('pageerror', (error) => this.#problems.push(`uncaught: ${error.stack ?? error.message}`))
    page.on('requestfailed', (request) => {
      // What the page itself no longer wants is no failure.
      const why = request.failure()?.errorText ?? ''
      if (why !== 'net::ERR_ABORTED') this.#problems.push(`failed: ${request.url()} ${why}`)
    })
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) this.#problems.push(`another host: ${request.url()}`)
    })
  }

  static async open(
    url: string,
    hash = '',
    { viewport = DESK, colorScheme = 'light', reducedMotion = 'no-preference' }: VisitOptions = {},
  ): Promise<Visit> {
    const context = await (await launched()).newContext({ viewport, colorScheme, reducedMotion })
    const visit = new Visit(await context.newPage(), url)
    await visit.page.goto(`${url}/${hash}`)
    return visit
  }

  async go(hash: string): Promise<void> {
    await this.page.goto(`${this.#url}/${hash}`)
  }

  /** Waits until a text is seen. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor({ state: 'visible' })
  }

  /** Waits until the page itself says so. */
  async holds<T>(description: string, condition: (argument: T) => unknown, argument: T): Promise<void> {
    await this.page.waitForFunction(condition as (argument: unknown) => unknown, argument).catch((error: unknown) => {
      throw new Error(`waited for: ${description}`, { cause: error })
    })
  }

  /** What axe-core has to complain of; it looks at contrast, names, roles, landmarks, headings. */
  async violations(): Promise<readonly string[]> {
    await this.page.evaluate(readFileSync(axePath, 'utf8'))
    const { violations } = (await this.page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as AxeResults
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary}`)
          .join(' | ')
          .slice(0, 900)}`,
    )
  }

  /** How many pixels the page is wider than the screen. */
  overflow(): Promise<number> {
    return this.page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth))
  }

  /** Closes it, and fails if anything went wrong besides what was `expected`. */
  async close(expected: readonly RegExp[] = []): Promise<void> {
    open.delete(this.page)
    await this.page.context().close()
    assert.deepEqual(
      this.#problems.filter((problem) => !expected.some((pattern) => pattern.test(problem))),
      [],
    )
  }
}

/** Serves a node that is not real over the real API. */
export const serve = (node: PageNode, port = 0): Promise<Api> =>
  startApi(node, {
    ...{ parseAddress, port },
    onError: (error) => {
      throw error
    },
  })
