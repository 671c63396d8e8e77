import type { Address } from '../../wire/types.ts'
import type { SettledEvent } from './node-client.ts'

/** Something that a node told its operator. */
export interface SeenAlarm {
  readonly node: string
  readonly atMs: number
  readonly code: string
  readonly detail: string
}

const MAX_ALARMS = 100
/** Of a quorum in a line. */
const MAX_NAMES = 9
/** An alarm of a node is not told again within this. */
const QUIET_MS = 60_000

/** What the swarm tells in lines of its own. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['evidence'])

/** Alarms of all nodes. Each status of a node has all of late, and one that lasts comes anew every few seconds. */
export class Alarms {
  readonly #seen: SeenAlarm[] = []
  readonly #note: (text: string) => void

  constructor(note: (text: string) => void) {
    this.#note = note
  }

  /** The first hundred that were told. */
  get seen(): readonly SeenAlarm[] {
    return this.#seen
  }

  add(alarm: SeenAlarm): void {
    const { node, atMs, code, detail } = alarm
    const isKnown = this.#seen.some((seen) => seen.node === node && seen.code === code && Math.abs(atMs - seen.atMs) < QUIET_MS)
    if (isKnown || this.#seen.length >= MAX_ALARMS) return
    this.#seen.push(alarm)
    if (!TOLD_ELSEWHERE.has(code)) this.#note(`${node}: ${detail} (${code})`)
  }
}

/** Who was elected, in a line. */
export function electionNote({ number, by, elected, height }: SettledEvent, nameOf: (address: Address) => string): string {
  const names = elected.map(({ verifier }) => nameOf(verifier)).sort(byNumber)
  const shown = names.length > MAX_NAMES ? [...names.slice(0, MAX_NAMES - 1), `${names.length - MAX_NAMES + 1} more`] : names
  return `election ${number}, by ${by}: ${shown.join(', ')} sign from height ${height + 1} on`
}
/** v10 after v9. */
const byNumber = new Intl.Collator('en', { numeric: true }).compare
