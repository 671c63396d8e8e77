import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { BlockSummary } from '../api.ts'
import { BlockPages } from '../block-pages.ts'
import { ago, bytes, duration, number, plural, shortAddress, shortHash } from '../format.ts'
import { useLive, useNow } from '../hooks.ts'
import { hrefOf } from '../router.ts'
import { Empty, Panel, Unknown } from '../ui.tsx'
import { PhaseBar } from './live-chain.tsx'

const ROW_PX = 36
/** Rows above and below what is seen, so that scrolling shows no gaps. */
const SPARE_ROWS = 8
/** Browsers cannot make an element taller than some ten million pixels; older blocks are reached by height. */
const MOST_ROWS = 200_000
/** Asking waits until scrolling has slowed down. */
const SETTLE_MS = 90

/** All blocks, the newest first. Only the rows that are seen are in the document. */
export function BlockList() {
  const { status, blocks } = useLive()
  const [, render] = useState({})
  const [top, setTop] = useState<number | null>(null)
  const newest = status?.height ?? 0
  const first = status?.firstHeight ?? 1
  const pages = usePages(() => render({}))
  pages.add(blocks)
  if (status === null) return <p class="loading">Asking the node…</p>
  if (newest === 0)
    return (
      <Panel title="Blocks">
        <Empty>No block yet. The first appears here when it is final.</Empty>
      </Panel>
    )
  const highest = Math.min(top ?? newest, newest)
  return (
    <>
      <h1>Blocks</h1>
      <Jump first={first} newest={newest} shownFrom={top} onJump={setTop} />
      {pages.failure === null ? null : <p class="stale">Some blocks could not be fetched: {pages.failure}</p>}
      <List key={top === null ? 'newest' : top} pages={pages} highest={highest} first={first} />
    </>
  )
}

function usePages(onChange: () => void): BlockPages {
  const latest = useRef(onChange)
  latest.current = onChange
  const stop = useMemo(() => new AbortController(), [])
  useEffect(() => () => stop.abort(), [stop])
  return useMemo(() => new BlockPages(() => latest.current(), stop.signal), [stop])
}

interface JumpProps {
  readonly first: number
  readonly newest: number
  readonly shownFrom: number | null
  readonly onJump: (height: number | null) => void
}

function Jump({ first, newest, shownFrom, onJump }: JumpProps) {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const jump = () => {
    const height = Number(text.replaceAll(',', ''))
    if (text.trim() === '' || !Number.isInteger(height)) return setProblem('A height is a whole number.')
    if (height < first || height > newest) return setProblem(`This node has heights ${number(first)} to ${number(newest)}.`)
    setProblem(null)
    onJump(height)
  }
  return (
    <form
      class="tools"
      onSubmit={(event) => {
        event.preventDefault()
        jump()
      }}
    >
      <p class="note">
        {plural(newest - first + 1, 'block')}, heights {number(first)} to {number(newest)}
        {shownFrom === null ? '' : `; shown from ${number(shownFrom)} down`}
      </p>
      <div class="together">
        <label>
          Jump to height
          <input
            inputMode="numeric"
            size={12}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
            aria-describedby="jump-problem"
          />
        </label>
        <button type="submit">Jump</button>
      </div>
      {shownFrom === null ? null : (
        <button type="button" onClick={() => onJump(null)}>
          Newest
        </button>
      )}
      <p id="jump-problem" role="status" class="bad-text">
        {problem}
      </p>
    </form>
  )
}

interface ListProps {
  readonly pages: BlockPages
  /** Height of the first row. */
  readonly highest: number
  /** Lowest height that is here. */
  readonly first: number
}

function List({ pages, highest, first }: ListProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ scrollTop: 0, height: 600 })
  const [active, setActive] = useState(highest)
  /** Moved to by key, and not drawn yet. */
  const wanted = useRef<number | null>(null)
  const now = useNow(1000)
  const before = useRef(highest)
  const rows = Math.min(highest - first + 1, MOST_ROWS)

  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const measure = () => setView({ scrollTop: element.scrollTop, height: element.clientHeight })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [])

  // New blocks come in above: who has scrolled down keeps the rows that he reads.
  useEffect(() => {
    const element = scroller.current
    const added = highest - before.current
    before.current = highest
    if (element === null || added <= 0) return
    if (element.scrollTop > ROW_PX) element.scrollTop += added * ROW_PX
    else setActive((height) => (height === highest - added && !element.contains(document.activeElement) ? highest : height))
  }, [highest])

  const from = Math.max(0, Math.min(rows - 1, Math.floor(view.scrollTop / ROW_PX)) - SPARE_ROWS)
  const to = Math.min(rows, Math.ceil((view.scrollTop + view.height) / ROW_PX) + SPARE_ROWS)
  const [top, bottom] = [highest - from, highest - to + 1]
  useEffect(() => {
    const timer = setTimeout(() => pages.want(Math.max(first, bottom), top), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [pages, top, bottom, first])

  useEffect(() => {
    if (wanted.current === null) return
    const link = scroller.current?.querySelector<HTMLElement>(`[data-height="${wanted.current}"]`)
    if (link == null) return
    wanted.current = null
    link.focus({ preventScroll: true })
  })

  const onKeyDown = (event: KeyboardEvent) => {
    const element = scroller.current
    const page = Math.max(1, Math.floor(view.height / ROW_PX) - 2)
    const steps: Readonly<Record<string, number>> = {
      ...{ ArrowDown: -1, ArrowUp: 1, PageDown: -page, PageUp: page },
      ...{ Home: Number.POSITIVE_INFINITY, End: Number.NEGATIVE_INFINITY },
    }
    const step = steps[event.key]
    if (step === undefined || element === null) return
    event.preventDefault()
    const target = Math.max(highest - rows + 1, Math.min(highest, active + step))
    wanted.current = target
    setActive(target)
    // The head stands over the first row.
    const y = (highest - target) * ROW_PX
    if (y < element.scrollTop) element.scrollTop = y
    else if (y + 2 * ROW_PX > element.scrollTop + element.clientHeight) element.scrollTop = y + 2 * ROW_PX - element.clientHeight
  }
  const keys = useRef(onKeyDown)
  keys.current = onKeyDown
  // The frame takes keys too: who has clicked beside the rows has the focus there.
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const onKey = (event: KeyboardEvent) => keys.current(event)
    element.tabIndex = -1
    element.addEventListener('keydown', onKey)
    return () => element.removeEventListener('keydown', onKey)
  }, [])
  const heights = Array.from({ length: Math.max(0, to - from) }, (_, index) => top - index)
  // One link is in the order of Tab: the last one moved to, or the first that is here.
  const reached = heights.includes(active) ? active : top
  return (
    <div ref={scroller} class="block-list">
      {/* Room for the rows that are not drawn. */}
      <div style={{ paddingTop: `${from * ROW_PX}px`, paddingBottom: `${(rows - to) * ROW_PX}px` }}>
        <table aria-rowcount={rows + 1}>
          <caption class="hidden">Blocks, the newest first. Arrow keys go from one to the next.</caption>
          <thead>
            <tr aria-rowindex={1}>
              {titles.map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {heights.map((height) => (
              <tr key={height} aria-rowindex={highest - height + 2}>
                <th scope="row">
                  <a
                    class="mono"
                    href={hrefOf('blocks', height)}
                    data-height={height}
                    tabIndex={height === reached ? 0 : -1}
                    onFocus={() => setActive(height)}
                  >
                    {number(height)}
                  </a>
                </th>
                <Cells block={pages.get(height)} now={now} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

const titles = ['Height', 'Age', 'Led by', 'Transactions', 'Seals', 'Size', 'Hash', 'Phases', 'Final after'] as const

function Cells({ block, now }: { block: BlockSummary | undefined; now: number }) {
  if (block === undefined)
    return (
      <td colSpan={titles.length - 1} class="unknown">
        …
      </td>
    )
  const { header, makerAddress, timeline, seal, transactions, hash, timeMs } = block
  return (
    <>
      <td>{ago(timeMs, now)}</td>
      <td>
        <b>{header.maker}</b> <span class="mono">{shortAddress(makerAddress)}</span>
      </td>
      <td>{number(transactions)}</td>
      <td>{number(seal.signers.length)}</td>
      <td>{bytes(block.bytes)}</td>
      <td class="mono">{shortHash(hash)}</td>
      <td>{timeline == null ? null : <PhaseBar timeline={timeline} scaleMs={Math.max(LEAST_SCALE_MS, timeline.finalMs ?? 0)} />}</td>
      <td>{timeline?.finalMs == null ? <Unknown what="–" /> : duration(timeline.finalMs)}</td>
    </>
  )
}

const LEAST_SCALE_MS = 1000
