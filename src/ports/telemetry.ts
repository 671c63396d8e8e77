export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The part of an event's name before its first dot; `node` for all the rest. */
export const SUBSYSTEMS = [
  ...(['network', 'gossip', 'requests', 'neighbours', 'sync', 'snapshot', 'evidence'] as const),
  ...(['fork', 'store', 'signing', 'keys', 'api', 'node'] as const),
] as const
export type Subsystem = (typeof SUBSYSTEMS)[number]

/** What is less than a level is not said. */
export interface LogLevels {
  /** Of subsystems that have none of their own. */
  readonly default: LogLevel
  readonly subsystems: Readonly<Partial<Record<Subsystem, LogLevel>>>
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
