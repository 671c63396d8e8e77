/** A command that a page of the documentation shows, with how a test is to take it. */
export interface Shown {
  /** One line for a shell. */
  readonly command: string
  /** `here`: to its end. `own`: in a terminal of its own, where it goes on. `elsewhere`: another test runs it. */
  readonly where: 'here' | 'own' | 'elsewhere'
  /** The file of that test, or null. */
  readonly by: string | null
  readonly line: number
}

const RUN_BY = /^<!-- run by (\S+) -->$/
const OWN = '<!-- in a terminal of its own -->'

/** All commands of the fenced `sh` blocks of a page, in their order. A comment above a block says what is special about it. */
export function commandsOf(page: string): readonly Shown[] {
  const found: Shown[] = []
  let fence: 'sh' | 'other' | null = null
  let where: Shown['where'] = 'here'
  let by: string | null = null
  let begun: string | null = null
  for (const [index, raw] of page.split('\n').entries()) {
    const line = raw.trim()
    if (line.startsWith('```')) {
      if (fence === 'sh') [where, by] = ['here', null]
      fence = fence !== null ? null : line === '```sh' ? 'sh' : 'other'
    } else if (fence === 'sh' && line !== '') {
      const whole: string = begun === null ? line : `${begun} ${line}`
      begun = whole.endsWith('\\') ? whole.slice(0, -1).trimEnd() : null
      if (begun === null) found.push({ command: whole, where, by, line: index + 1 })
    } else if (fence === null && line === OWN) {
      where = 'own'
    } else if (fence === null) {
      const other = RUN_BY.exec(line)?.[1]
      if (other !== undefined) [where, by] = ['elsewhere', other]
    }
  }
  return found
}
