import { createTelemetry } from '../node/logging.ts'
import type { LogLevel, Telemetry } from '../ports/telemetry.ts'
import type { Happening } from './narrator.ts'
import { type LastLine, lastLineOf } from './progress.ts'
import type { StartFlags } from './start-flags.ts'
import { paint } from './text.ts'

interface Log {
  readonly telemetry: Telemetry
  /** Null where nobody looks at a terminal. */
  readonly lastLine: LastLine | null
  tell(happening: Happening): void
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/**
 * For programs all goes through the telemetry, a JSON line each. For people what happens has sentences of its own; what
 * the parts of the node say besides is for who looks for a fault, unless it is a warning.
 */
export function createLog({ logLevel, logFormat }: Pick<StartFlags, 'logLevel' | 'logFormat'>): Log {
  if (logFormat === 'json') {
    const telemetry = createTelemetry({ level: logLevel, format: 'json' })
    return { telemetry, lastLine: null, tell: ({ level, event, fields }) => telemetry.log(level, event, fields) }
  }
  const lastLine = lastLineOf(process.stderr)
  const write = (text: string): void => void (lastLine === null ? process.stderr.write(text) : lastLine.write(text))
  const all = createTelemetry({ level: logLevel, format: 'pretty', ...(lastLine === null ? {} : { stream: { write } }) })
  const telemetry: Telemetry = { ...all, log: (level, event, fields) => all.log(level === 'info' ? 'debug' : level, event, fields) }
  return {
    telemetry,
    lastLine,
    tell({ level, text }) {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(all.levels().default)) return
      const time = paint('dim', new Date().toISOString().slice(11, 23), process.stderr)
      write(`${time} ${level === 'warn' || level === 'error' ? paint('yellow', text, process.stderr) : text}\n`)
    },
  }
}
