export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What the node says of itself. `event` is a stable name, `fields` its numbers. */
export interface Telemetry {
  log(level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>): void
  /** Adds to a counter. */
  count(name: string, by?: number): void
  counters(): Readonly<Record<string, number>>
}
