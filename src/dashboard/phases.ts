import type { Timeline } from './api.ts'

export type PhaseName = 'candidate' | 'vote' | 'lock' | 'seal'

/** A part of the time from the start of the slot until a block was final. */
export interface Phase {
  readonly name: PhaseName
  readonly fromMs: number
  readonly toMs: number
  /** Names of phases before it whose ends this node did not see: their time is in this one. */
  readonly includes: readonly PhaseName[]
}

/** What a block went through, in order. What was not seen is taken together with what came next; null if nothing was seen. */
export function phasesOf({ candidateMs, votedMs, lockedMs, finalMs }: Timeline): readonly Phase[] | null {
  const ends: readonly (readonly [PhaseName, number | null])[] = [
    ['candidate', candidateMs],
    ['vote', votedMs],
    ['lock', lockedMs],
    ['seal', finalMs],
  ]
  const phases: Phase[] = []
  let fromMs = 0
  let includes: PhaseName[] = []
  for (const [name, end] of ends) {
    if (end === null) {
      includes.push(name)
      continue
    }
    // Clocks and late tallies may put one end before the last: no part is negative.
    const toMs = Math.max(fromMs, end)
    phases.push({ name, fromMs, toMs, includes })
    fromMs = toMs
    includes = []
  }
  return phases.length === 0 ? null : phases
}

export const phaseTitles: Readonly<Record<PhaseName, string>> = {
  candidate: 'candidate',
  vote: 'votes',
  lock: 'locks',
  seal: 'seals',
}
