import { MAX_STANDINGS, OFFENCE_HALF_LIFE_MS } from './limits.ts'

/** Under this a standing is as good as clean. */
const FORGOTTEN_POINTS = 1

/** What peers did on streams, as points that decay, and who is refused until when. Time is handed in, milliseconds. */
export class Standings {
  readonly #points = new Map<string, { points: number; atMs: number }>()
  readonly #bannedUntilMs = new Map<string, number>()

  /** Points of a peer now, 0 for one that did nothing. */
  points(peerId: string, nowMs: number): number {
    const entry = this.#points.get(peerId)
    if (entry === undefined) return 0
    const points = entry.points * 0.5 ** ((nowMs - entry.atMs) / OFFENCE_HALF_LIFE_MS)
    if (points >= FORGOTTEN_POINTS) return points
    this.#points.delete(peerId)
    return 0
  }

  /** Adds points and returns the new sum. */
  add(peerId: string, points: number, nowMs: number): number {
    const sum = this.points(peerId, nowMs) + points
    this.#points.delete(peerId)
    this.#points.set(peerId, { points: sum, atMs: nowMs })
    dropOldest(this.#points)
    return sum
  }

  ban(peerId: string, untilMs: number): void {
    this.#bannedUntilMs.delete(peerId)
    this.#bannedUntilMs.set(peerId, untilMs)
    this.#points.delete(peerId)
    dropOldest(this.#bannedUntilMs)
  }

  isBanned(peerId: string, nowMs: number): boolean {
    const untilMs = this.#bannedUntilMs.get(peerId)
    if (untilMs === undefined) return false
    if (untilMs > nowMs) return true
    this.#bannedUntilMs.delete(peerId)
    return false
  }
}

function dropOldest(entries: Map<string, unknown>): void {
  if (entries.size <= MAX_STANDINGS) return
  for (const key of entries.keys()) {
    entries.delete(key)
    return
  }
}
