import { styleText } from 'node:util'

type Colour = Parameters<typeof styleText>[0]

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Colours are for eyes: not for a pipe, nor for who set NO_COLOR (no-color.org). */
export const wantsColour = (stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean =>
  stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'

export function paint(colour: Colour, text: string, stream: { readonly isTTY?: boolean } = process.stdout): string {
  return wantsColour(stream) ? styleText(colour, text) : text
}

/** 850 ms, 1.2 s, 3 m 5 s, 2 h 10 m, 5 d 3 h. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} m ${Math.floor((ms % MINUTE_MS) / 1000)} s`
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / MINUTE_MS)} m`
  return `${Math.floor(ms / DAY_MS)} d ${Math.floor((ms % DAY_MS) / HOUR_MS)} h`
}

/** `2026-01-31 12:00:00`, in the local time zone. */
export function localTime(ms: number): string {
  const at = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`
  if (count < 1_000_000_000) return `${(count / 1_000_000).toFixed(1)} MB`
  return `${(count / 1_000_000_000).toFixed(1)} GB`
}

/** Parts per million as a percentage, exactly: 50000 is `5 %`. */
export const percent = (ppm: number): string => `${Number((ppm / 10_000).toFixed(4))} %`

/** The beginning and the end, for a column of a table. */
export const short = (text: string, head = 10, tail = 4): string =>
  text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** What peers said goes to a terminal: control characters must not steer it. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·')

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Fewest characters, so that lines printed one after the other keep their columns. */
  readonly width?: number
}

/** Aligned text, two spaces between columns, no space at the end of a line. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], { heading = true } = {}): string {
  const widths = columns.map(({ title, width = 0 }, index) =>
    Math.max(width, title.length, ...rows.map((row) => (row[index] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const [cell, width] = [cells[index] ?? '', widths[index] ?? 0]
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const body = rows.map(line)
  return (heading ? [paint('bold', line(columns.map(({ title }) => title))), ...body] : body).join('\n')
}

/** `name  value` lines. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${paint('dim', name.padEnd(width))}  ${value}`.trimEnd()).join('\n')
}

export const print = (text: string): void => void process.stdout.write(`${text}\n`)
export const printJson = (value: unknown): void => print(JSON.stringify(value, undefined, 2))
