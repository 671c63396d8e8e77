/** A page of documentation as its tests run it. */
export interface Section {
  readonly title: string
  readonly steps: readonly Step[]
}

export interface Step {
  /** `each`: in each terminal. `own`: in a terminal of its own, where it goes on. `end`: no command, but Ctrl-C in those. */
  readonly where: 'here' | 'each' | 'own' | 'end'
  /** Lines for a shell, one command each. */
  readonly commands: readonly string[]
  /** Lines that the page shows as printed; what it leaves out stands as a line of `…`. */
  readonly shown: readonly string[]
}

const places: ReadonlyMap<string, Step['where']> = new Map([
  ['<!-- in each terminal -->', 'each'],
  ['<!-- in a terminal of its own -->', 'own'],
  ['<!-- Ctrl-C in each terminal of its own -->', 'end'],
])

/** Reads the fenced `sh` blocks of a page, with the `text` blocks below them, by section. @throws Error for a block that is neither */
export function readPage(text: string): readonly Section[] {
  const sections: { title: string; steps: { where: Step['where']; commands: string[]; shown: string[] }[] }[] = []
  let fence: 'sh' | 'text' | null = null
  let where: Step['where'] = 'here'
  for (const line of text.split('\n')) {
    const steps = sections.at(-1)?.steps
    if (line.startsWith('```') && fence !== null) {
      fence = null
    } else if (fence === 'sh') {
      addCommand(steps?.at(-1)?.commands, line)
    } else if (fence === 'text') {
      steps?.at(-1)?.shown.push(line)
    } else if (line.startsWith('```')) {
      if (line === '```sh' || where === 'end') steps?.push({ where, commands: [], shown: [] })
      else if (line !== '```text') throw new Error(`a fenced block is sh or text, not ${line}`)
      fence = line === '```sh' ? 'sh' : 'text'
      where = 'here'
    } else if (line.startsWith('## ')) {
      sections.push({ title: line.slice(3), steps: [] })
    } else {
      where = places.get(line.trim()) ?? where
    }
  }
  return sections.filter(({ steps }) => steps.length > 0)
}

/** A line that ends with a backslash goes on in the next. */
function addCommand(commands: string[] | undefined, line: string): void {
  const before = commands?.at(-1)
  if (before?.endsWith('\\') === true) commands?.splice(-1, 1, `${before.slice(0, -1)}${line.trimStart()}`)
  else if (line.trim() !== '') commands?.push(line)
}

/**
 * What was printed where the page shows a line, numbers, times, keys and spaces aside: lines that follow each other there do so in the
 * output, and what `…` parts comes in the same order. Null from the first lines on that were not printed.
 */
export function compareLines(
  shown: readonly string[],
  output: string,
): readonly { readonly shown: string; readonly printed: string | null }[] {
  const printed = output.split('\n').filter((line) => line.trim() !== '')
  const shapes = printed.map(shape)
  let from = 0
  return chunksOf(shown).flatMap((chunk) => {
    const wanted = chunk.map(shape)
    const start = shapes.findIndex((_, at) => at >= from && wanted.every((one, index) => shapes[at + index] === one))
    from = start < 0 ? Number.POSITIVE_INFINITY : start + chunk.length
    return chunk.map((line, index) => ({ shown: line, printed: start < 0 ? null : (printed[start + index] ?? null) }))
  })
}

/** Lines that the page shows one below the other. */
function chunksOf(shown: readonly string[]): readonly (readonly string[])[] {
  const chunks: string[][] = [[]]
  for (const line of shown) {
    if (line.trim() === '…') chunks.push([])
    else if (line.trim() !== '') chunks.at(-1)?.push(line)
  }
  return chunks.filter((chunk) => chunk.length > 0)
}

/** What stays the same of a line from one run to the next. */
const shape = (line: string): string =>
  line
    .replace(/…$/, '')
    .replace(/\/\S+\/walk\//g, '<here>/walk/')
    .replace(/\bswarm-[0-9a-f]{8}\b/g, '<chain>')
    .replace(/\bquo1[0-9a-z]+/g, '<address>')
    .replace(/\b12D3KooW\w+/g, '<peer>')
    .replace(/\b[0-9a-f]{16,}…?/g, '<hex>')
    .replace(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, '<time>')
    .replace(/\b(\d+(\.\d+)? (ms|s|m|h|d)\b ?)+/g, '<duration> ')
    .replace(/\bin <duration>|\bwith the next block\b/g, '<when>')
    .replace(/\d+(\.\d+)?/g, '<number>')
    .replace(/\s+/g, ' ')
    .trim()
