/** Colours of the terminal pictures: they carry their own dark ground, so that they look the same on a light and on a dark page. */
export const COLOUR = {
  ground: '#0d1117',
  text: '#e6edf3',
  grid: '#30363d',
  blue: '#58a6ff',
  amber: '#d29922',
  red: '#ff7b72',
  grey: '#8b949e',
}

/** Of a monospaced font of 12 pixels; `textLength` holds any font to it, so that nothing overlaps. */
const CHARACTER_WIDTH = 7.2
const FONT_SIZE = 12

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const rounded = (value: number): string => String(Math.round(value * 10) / 10)

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly bold?: boolean
  readonly dim?: boolean
}

export const textWidth = (content: string): number => content.length * CHARACTER_WIDTH

/** `y` is the baseline. */
export function text(x: number, y: number, content: string, { anchor = 'start', bold = false, dim = false }: TextStyle = {}): string {
  const attributes = [
    `x="${rounded(x)}" y="${rounded(y)}" textLength="${rounded(textWidth(content))}"`,
    ...(anchor === 'start' ? [] : [`text-anchor="${anchor}"`]),
    ...(bold ? ['font-weight="bold"'] : []),
    ...(dim ? ['opacity=".65"'] : []),
  ]
  return `<text ${attributes.join(' ')}>${escapeXml(content)}</text>\n`
}

export type Point = readonly [x: number, y: number]

export function line(from: Point, to: Point, colour: string, { dashed = false, width = 1 } = {}): string {
  const ends = `x1="${rounded(from[0])}" y1="${rounded(from[1])}" x2="${rounded(to[0])}" y2="${rounded(to[1])}"`
  return `<line ${ends} stroke="${colour}" stroke-width="${width}"${dashed ? ' stroke-dasharray="4 3"' : ''}/>\n`
}

export const path = (points: readonly Point[], colour: string): string =>
  `<polyline points="${points.map((point) => point.map(rounded).join(',')).join(' ')}" fill="none" stroke="${colour}" stroke-width="1.5" opacity=".6"/>\n`

/** Hollow ones show what is beneath the others' colour too. */
export const dot = ([x, y]: Point, colour: string, isHollow = false): string =>
  `<circle cx="${rounded(x)}" cy="${rounded(y)}" r="3.5" fill="${isHollow ? COLOUR.ground : colour}" stroke="${colour}" stroke-width="1.5"/>\n`

export function svg(title: string, width: number, height: number, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" rx="8" fill="${COLOUR.ground}"/>
<g fill="${COLOUR.text}" font-size="${FONT_SIZE}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace">
${body}</g>
</svg>
`
}
