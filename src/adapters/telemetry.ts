import { pino } from 'pino'
import { QuorateError } from '../base/errors.ts'
import { type LogLevel, type LogLevels, SUBSYSTEMS, type Subsystem, type Telemetry } from '../ports/telemetry.ts'

export interface TelemetryOptions {
  /** What is less than this is not written. */
  readonly level: LogLevel | 'silent'
  /** `pretty`: a line for people. `json`: one object a line: `time` (ISO 8601), `level`, `event`, `fields`. */
  readonly format: 'pretty' | 'json'
  /** Standard error unless given. */
  readonly stream?: { write(text: string): unknown }
}

/** Bounds a line: what a peer sent may end up in a field. */
const MAX_TEXT_LENGTH = 2000

/** Logs without a worker thread, each line written when `log` returns; counts in memory. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  const stream = options.stream ?? pino.destination({ dest: 2, sync: true })
  const lines = options.format === 'json' ? stream : { write: (line: string) => stream.write(prettyLine(line)) }
  let levels: LogLevels = { default: options.level === 'silent' ? 'error' : options.level, subsystems: {} }
  const isSaid = (level: LogLevel, event: string): boolean => ranks[level] >= ranks[levels.subsystems[subsystemOf(event)] ?? levels.default]
  const logger = pino(
    {
      // What is said is decided above, by subsystem.
      level: options.level === 'silent' ? 'silent' : 'debug',
      base: undefined,
      messageKey: 'event',
      nestedKey: 'fields',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    lines,
  )
  const counts = new Map<string, number>()
  return {
    log(level, event, fields) {
      if (!isSaid(level, event)) return
      if (fields === undefined) logger[level](event)
      else logger[level](writable(fields), event)
    },
    count(name, by = 1) {
      counts.set(name, (counts.get(name) ?? 0) + by)
    },
    counters: () => Object.fromEntries(counts),
    levels: () => levels,
    setLevels(next) {
      levels = next
    },
  }
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

const subsystemOf = (event: string): Subsystem => SUBSYSTEMS.find((known) => event.startsWith(`${known}.`)) ?? 'node'

/** Values that JSON has no form for, as text; errors as their code and message. */
function writable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof QuorateError) plain[name] = shorten(`${value.code}: ${value.message}`)
    else if (value instanceof Error) plain[name] = shorten(value.stack ?? value.message)
    else if (typeof value === 'bigint') plain[name] = value.toString()
    else if (typeof value === 'string') plain[name] = shorten(value)
    else plain[name] = value
  }
  return plain
}

const shorten = (text: string): string => (text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text)

/** `12:34:56.789 info  block-sealed height=12 reason="too late"` */
function prettyLine(line: string): string {
  const {
    time,
    level,
    event,
    fields = {},
  } = JSON.parse(line) as { time: string; level: string; event?: string; fields?: Record<string, unknown> }
  const words = Object.entries(fields).map(([name, value]) => `${name}=${prettyValue(value)}`)
  return `${[time.slice(11, 23), level.padEnd(5), event ?? '', ...words].join(' ')}\n`
}

/** Quoted unless it is one plain word; control characters escaped, since peers' words must not steer a terminal. */
function prettyValue(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/+@-]+$/.test(value)) return value
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
