import type { NodeStatus } from '../api/types.ts'
import { snapshotText } from './ledger-text.ts'
import { duration } from './text.ts'

/** Over how long the pace is measured: long enough to be steady, short enough to follow a change. */
const WINDOW_MS = 20_000
/** A pace of less time is chance. */
const LEAST_MS = 2000
/** Between two lines where there is no terminal. */
const LINE_INTERVAL_MS = 5000
const BAR_WIDTH = 30

/** How far the node is with what it fetches. */
export interface Progress {
  /** For a line in a log. */
  readonly text: string
  /** For the last line of a terminal. */
  readonly bar: string
  /** The time for another line in a log has come. */
  readonly isDue: boolean
  readonly fields: { readonly perSecond: number | null; readonly leftMs: number | null }
}

/** Measures how fast a node catches up. */
export class SyncPace {
  #samples: { readonly atMs: number; readonly done: number }[] = []
  #what = ''
  #toldAtMs = Number.NEGATIVE_INFINITY
  #told = ''

  /** Null while the node fetches nothing. @param nowMs of a clock that does not jump */
  note(status: Pick<NodeStatus, 'height' | 'sync'>, nowMs: number): Progress | null {
    const work = workOf(status)
    if (work === null) {
      this.#samples = []
      this.#what = ''
      return null
    }
    const { what, done, total } = work
    if (what !== this.#what) this.#samples = []
    this.#what = what
    this.#samples = [...this.#samples.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS), { atMs: nowMs, done }]
    const [first = { atMs: nowMs, done }] = this.#samples
    const tookMs = nowMs - first.atMs
    const perSecond = tookMs < LEAST_MS ? null : ((done - first.done) * 1000) / tookMs
    const leftMs = perSecond === null || perSecond <= 0 ? null : Math.round(((total - done) / perSecond) * 1000)
    const pace = paceText(what, perSecond, leftMs)
    const text = `${work.text}${pace === '' ? '' : `, ${pace}`}`
    const filled = total === 0 ? 0 : Math.min(BAR_WIDTH, Math.floor((BAR_WIDTH * done) / total))
    const percent = total === 0 ? 0 : Math.min(100, Math.floor((100 * done) / total))
    const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${String(percent).padStart(3)} %  ${text}`
    const isDue = work.text !== this.#told && (what === 'parts' || nowMs - this.#toldAtMs >= LINE_INTERVAL_MS)
    if (isDue) [this.#toldAtMs, this.#told] = [nowMs, work.text]
    return { text, bar, isDue, fields: { perSecond: perSecond === null ? null : Math.round(perSecond * 10) / 10, leftMs } }
  }
}

function workOf({ height, sync }: Pick<NodeStatus, 'height' | 'sync'>): {
  readonly what: 'blocks' | 'parts'
  readonly done: number
  readonly total: number
  readonly text: string
} | null {
  if (sync.state !== 'syncing') return null
  const { snapshot, targetHeight } = sync
  if (snapshot !== null) return { what: 'parts', done: snapshot.partsHere, total: snapshot.parts, text: snapshotText(snapshot) }
  return { what: 'blocks', done: height, total: targetHeight, text: `catching up: ${height} of ${targetHeight}` }
}

function paceText(what: 'blocks' | 'parts', perSecond: number | null, leftMs: number | null): string {
  if (perSecond === null || perSecond <= 0) return ''
  const pace = `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)} ${what}/s`
  return leftMs === null ? pace : `${pace}, ${duration(leftMs)} left`
}

interface TerminalStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** The last line of a terminal, which is written over; all that is written above it goes through here. */
export class LastLine {
  readonly #stream: TerminalStream
  #text: string | null = null

  constructor(stream: TerminalStream) {
    this.#stream = stream
  }

  /** Null takes it away. */
  set(text: string | null): void {
    if (text === this.#text) return
    this.#clear()
    this.#text = text
    this.#draw()
  }
  /** Whole lines. */
  write(text: string): void {
    this.#clear()
    this.#stream.write(text)
    this.#draw()
  }

  #clear(): void {
    if (this.#text !== null) this.#stream.write('\r\u001b[K')
  }
  #draw(): void {
    // A longer one would wrap, and only its last row would be written over.
    if (this.#text !== null) this.#stream.write(this.#text.slice(0, (this.#stream.columns ?? 80) - 1))
  }
}

/** One for a terminal that can move its cursor; null for a pipe, a file, and what is called dumb. */
export const lastLineOf = (stream: TerminalStream, env: NodeJS.ProcessEnv = process.env): LastLine | null =>
  stream.isTTY === true && env['TERM'] !== 'dumb' ? new LastLine(stream) : null
