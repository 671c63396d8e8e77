import type { NodeStatus } from '../api/types.ts'
import { MAX_ALARMS } from './bounds.ts'

/** What a person should know, one of a kind, newest last. */
export class Alarms {
  readonly #alarms: NodeStatus['alarms'][number][] = []

  get all(): NodeStatus['alarms'] {
    return [...this.#alarms]
  }
  /** Gives the ms since the last one of its kind; infinity for the first. */
  keep(code: string, detail: string): number {
    const atMs = Date.now()
    const last = this.end(code)
    this.#alarms.push({ atMs, code, detail })
    if (this.#alarms.length > MAX_ALARMS) this.#alarms.shift()
    return last === undefined ? Number.POSITIVE_INFINITY : atMs - last.atMs
  }
  /** There is nothing to do about it any more. */
  end(code: string): NodeStatus['alarms'][number] | undefined {
    const at = this.#alarms.findIndex((alarm) => alarm.code === code)
    return at < 0 ? undefined : this.#alarms.splice(at, 1)[0]
  }
}
