/** Wall-clock time and timers, so that the simulator and tests can have their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
  /** Calls once at or after `atMs`. Returns the undo. */
  at(atMs: number, call: () => void): () => void
}
