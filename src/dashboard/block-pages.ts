import { type BlockSummary, node } from './api.ts'

/** Blocks of one page: heights `page * PAGE_BLOCKS + 1` and on. The API gives at most a hundred at once. */
const PAGE_BLOCKS = 100
/** Some screens up and down; what was scrolled past long ago is asked again. */
const MOST_PAGES = 24

/** Summaries of blocks as they are scrolled to, a bounded number of pages. */
export class BlockPages {
  readonly #pages = new Map<number, readonly BlockSummary[]>()
  readonly #asked = new Set<number>()
  readonly #onChange: () => void
  readonly #signal: AbortSignal
  failure: string | null = null

  constructor(onChange: () => void, signal: AbortSignal) {
    this.#onChange = onChange
    this.#signal = signal
  }

  get(height: number): BlockSummary | undefined {
    const page = pageOf(height)
    return this.#pages.get(page)?.find(({ header }) => header.height === height)
  }

  /** Takes what the feed has heard of, so that new blocks need no question. */
  add(blocks: readonly BlockSummary[]): void {
    for (const block of blocks) {
      const page = pageOf(block.header.height)
      const known = this.#pages.get(page) ?? []
      if (!known.some(({ hash }) => hash === block.hash)) this.#pages.set(page, [...known, block])
    }
  }

  /** Asks for what is missing between two heights, up to the newest. */
  want(fromHeight: number, toHeight: number): void {
    for (let page = pageOf(fromHeight); page <= pageOf(toHeight); page++) {
      const [first, last] = [Math.max(fromHeight, page * PAGE_BLOCKS + 1), Math.min(toHeight, (page + 1) * PAGE_BLOCKS)]
      let isWhole = true
      for (let height = first; height <= last && isWhole; height++) isWhole = this.get(height) !== undefined
      if (!isWhole && !this.#asked.has(page)) void this.#ask(page)
    }
  }

  async #ask(page: number): Promise<void> {
    this.#asked.add(page)
    try {
      const blocks = await node.blockSummaries({ from: page * PAGE_BLOCKS + 1, limit: PAGE_BLOCKS, signal: this.#signal })
      this.#pages.delete(page)
      this.#pages.set(page, blocks)
      this.failure = null
      for (const oldest of this.#pages.keys()) {
        if (this.#pages.size <= MOST_PAGES) break
        this.#pages.delete(oldest)
      }
    } catch (error) {
      if (this.#signal.aborted) return
      this.failure = error instanceof Error ? error.message : String(error)
    } finally {
      this.#asked.delete(page)
    }
    if (!this.#signal.aborted) this.#onChange()
  }
}

const pageOf = (height: number): number => Math.floor((height - 1) / PAGE_BLOCKS)
