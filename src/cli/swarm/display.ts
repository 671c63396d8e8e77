import { wantsColour } from '../text.ts'
import type { Swarm } from './swarm.ts'
import { picture, summaryLine } from './view.ts'

export interface Display {
  phase(text: string): void
  note(text: string): void
  follow(swarm: Swarm): void
  /** Where a browser sees it. */
  page(url: string): void
  /** Draws a last time and leaves what it drew. */
  end(): void
}

type Output = NodeJS.WriteStream

const REDRAW_MS = 250
const LINE_MS = 5_000
const MAX_NOTES = 8
const FALLBACK = { columns: 80, rows: 24 }
/** Begin and end of what a terminal should show as one picture, if it can. */
const [HOLD, SHOW] = ['\u001b[?2026h', '\u001b[?2026l']
const [HIDE_CURSOR, SHOW_CURSOR, CLEAR_LINE, CLEAR_BELOW] = ['\u001b[?25l', '\u001b[?25h', '\u001b[K', '\u001b[J']

/** A picture that is drawn over itself on a terminal, a line every few seconds elsewhere. */
export const createDisplay = (output: Output): Display =>
  output.isTTY === true && process.env.TERM !== 'dumb' ? terminal(output) : lines(output)

function terminal(output: Output): Display {
  const notes: string[] = []
  let phase = ''
  let page: string | null = null
  let swarm: Swarm | undefined
  let drawn = 0
  const draw = (): void => {
    const { columns, rows } = { columns: output.columns || FALLBACK.columns, rows: output.rows || FALLBACK.rows }
    const screen = { columns: columns - 1, rows: rows - 1, colour: wantsColour(output) }
    const shown = swarm === undefined ? [` ${phase}`, ...notes.map((note) => ` ${note}`)] : picture(swarm, { phase, notes, page }, screen)
    const up = drawn > 0 ? `\u001b[${drawn}A\r` : ''
    output.write(`${HOLD}${HIDE_CURSOR}${up}${shown.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}${SHOW}`)
    drawn = shown.length
  }
  const timer = setInterval(draw, REDRAW_MS)
  const showCursor = (): void => void output.write(SHOW_CURSOR)
  process.once('exit', showCursor)
  return {
    phase(text) {
      phase = text
      draw()
    },
    note(text) {
      notes.push(text)
      if (notes.length > MAX_NOTES) notes.shift()
    },
    follow(followed) {
      swarm = followed
    },
    page(url) {
      page = url
    },
    end() {
      clearInterval(timer)
      draw()
      process.off('exit', showCursor)
      showCursor()
    },
  }
}

function lines(output: Output): Display {
  let phase = ''
  let swarm: Swarm | undefined
  const say = (text: string): void => void output.write(`${text}\n`)
  const tell = (): void => {
    if (swarm !== undefined) say(summaryLine(swarm, phase))
  }
  const timer = setInterval(tell, LINE_MS)
  return {
    phase(text) {
      phase = text
      say(`-- ${text}`)
    },
    note: (text) => say(`-- ${text}`),
    follow(followed) {
      swarm = followed
    },
    page: (url) => say(`-- ${url} is its page`),
    end() {
      clearInterval(timer)
      tell()
    },
  }
}
