/**
 * Draws a terminal: reads text with colours from standard input, such as `tmux capture-pane -e -p` prints, and writes an SVG to
 * standard output. `node --import tsx scripts/terminal-picture.ts TITLE < pane.txt > picture.svg`
 */
import { readFileSync } from 'node:fs'

interface Style {
  readonly bold: boolean
  readonly dim: boolean
  readonly inverse: boolean
  /** 0 to 7, and 8 to 15 for the bright ones; null is the terminal's own. */
  readonly colour: number | null
}

interface Run extends Style {
  readonly column: number
  readonly text: string
}

const PLAIN: Style = { bold: false, dim: false, inverse: false, colour: null }
const PALETTE =
  '#484f58 #ff7b72 #3fb950 #d29922 #58a6ff #bc8cff #39c5cf #b1bac4 #6e7681 #ffa198 #56d364 #e3b341 #79c0ff #d2a8ff #56d4dd #ffffff'.split(
    ' ',
  )
const FOREGROUND = '#e6edf3'
const BACKGROUND = '#0d1117'
/** Of a monospaced font of 14 pixels; `textLength` holds any font to it. */
const CELL_WIDTH = 8.4
const CELL_HEIGHT = 19
const BASELINE = 14
const MARGIN = 16

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const rounded = (value: number): string => String(Math.round(value * 10) / 10)

/** Applies "select graphic rendition". Other backgrounds and more than sixteen colours are refused: our terminal pages use none. */
function restyle(before: Style, parameters: string): Style {
  let style = before
  for (const code of parameters.split(';').map(Number)) {
    if (code === 0) style = PLAIN
    else if (code === 1) style = { ...style, bold: true }
    else if (code === 2) style = { ...style, dim: true }
    else if (code === 7) style = { ...style, inverse: true }
    else if (code === 22) style = { ...style, bold: false, dim: false }
    else if (code === 27) style = { ...style, inverse: false }
    else if (code === 39) style = { ...style, colour: null }
    else if (code >= 30 && code <= 37) style = { ...style, colour: code - 30 }
    else if (code >= 90 && code <= 97) style = { ...style, colour: code - 82 }
    else if (code !== 49) throw new Error(`this script does not draw the escape sequence ESC[${parameters}m`)
  }
  return style
}

/** A style goes on over the end of a line, as in a terminal. */
function readLines(input: string): Run[][] {
  let style = PLAIN
  return input
    .replace(/\s+$/, '')
    .split('\n')
    .map((line) => {
      const runs: Run[] = []
      let column = 0
      for (const [index, part] of line.split(`${String.fromCharCode(27)}[`).entries()) {
        const end = index === 0 ? -1 : part.indexOf('m')
        if (end >= 0) style = restyle(style, part.slice(0, end))
        const text = part.slice(end + 1)
        const length = [...text].length
        if (length > 0) runs.push({ ...style, column, text })
        column += length
      }
      return runs
    })
}

function drawRun({ column, text, bold, dim, inverse, colour }: Run, row: number): string {
  const width = [...text].length
  const own = colour === null ? FOREGROUND : (PALETTE[colour] ?? FOREGROUND)
  const x = MARGIN + column * CELL_WIDTH
  const y = MARGIN + row * CELL_HEIGHT
  const behind = inverse
    ? `<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(width * CELL_WIDTH)}" height="${CELL_HEIGHT}" fill="${own}"/>\n`
    : ''
  // Words apart, so that a font of another width leaves the columns where they are.
  const words = [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: word, index }) => {
    const start = [...text.slice(0, index)].length
    const attributes = [
      `x="${rounded(x + start * CELL_WIDTH)}"`,
      `textLength="${rounded([...word].length * CELL_WIDTH)}"`,
      ...(inverse ? [`fill="${BACKGROUND}"`] : colour === null ? [] : [`fill="${own}"`]),
      ...(bold ? ['font-weight="bold"'] : []),
      ...(dim ? ['opacity=".6"'] : []),
    ]
    return `<text y="${rounded(y + BASELINE)}" ${attributes.join(' ')}>${escapeXml(word)}</text>\n`
  })
  return behind + words.join('')
}

function draw(title: string, lines: readonly (readonly Run[])[]): string {
  const columns = Math.max(...lines.flatMap((runs) => runs.map(({ column, text }) => column + [...text.trimEnd()].length)))
  const width = rounded(2 * MARGIN + columns * CELL_WIDTH)
  const height = rounded(2 * MARGIN + lines.length * CELL_HEIGHT)
  const body = lines.flatMap((runs, row) => runs.map((run) => drawRun(run, row))).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>
<g fill="${FOREGROUND}" font-size="14" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace">
${body}</g>
</svg>
`
}

const [title = 'terminal'] = process.argv.slice(2)
process.stdout.write(draw(title, readLines(readFileSync(0, 'utf8'))))
