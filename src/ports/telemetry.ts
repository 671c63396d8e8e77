export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What is less than a level is not said. */
export interface LogLevels {
  readonly default: LogLevel
  /** For a subsystem: the part of an event's name before its first dot, `node` for a name without one. */
  readonly subsystems: Readonly<Record<string, LogLevel>>
}

/** What the node says of itself. `event` is a stable name, `fields` its numbers. */
export interface Telemetry {
  log(level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>): void
  /** Adds to a counter. */
  count(name: string, by?: number): void
  counters(): Readonly<Record<string, number>>
  levels(): LogLevels
  setLevels(levels: LogLevels): void
}
