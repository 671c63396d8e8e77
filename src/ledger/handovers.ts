import type { Parameters } from '../wire/genesis.ts'
import type { Globals, Handover } from './globals.ts'

type Windows = Pick<Parameters, 'evidenceSlots' | 'unbondingSlots'>

/** The end of the epoch to which a height belongs; null if that epoch goes on. Of long ago: the oldest end that is remembered. */
export const epochEnd = ({ handovers }: Pick<Globals, 'handovers'>, height: number): Handover | null =>
  handovers.find((handover) => handover.height >= height) ?? null

/** Last slot whose block may hold evidence of an epoch that ended so. */
export const lastEvidenceSlot = (end: Handover, { evidenceSlots }: Windows): number => end.slot + evidenceSlots

/**
 * First slot in which what was taken back in an epoch that ended so comes back. It is after the last one for evidence: whoever can still
 * be punished has something to lose, however long the epoch was and however long blocks had stopped.
 */
export const releaseSlot = (end: Handover, { unbondingSlots }: Windows): number => end.slot + unbondingSlots

/** The newest epoch of which what was taken back has come back by that slot; null for none. */
export const releasedEpoch = ({ handovers }: Pick<Globals, 'handovers'>, windows: Windows, slot: number): number | null =>
  handovers.findLast((end) => releaseSlot(end, windows) <= slot)?.epoch ?? null

/** With one more; without those that no bond waits for. One of these stays, so that a height before it is known to be as old. */
export function withHandover(handovers: readonly Handover[], next: Handover, windows: Windows): readonly Handover[] {
  const isPast = (end: Handover | undefined): boolean => end !== undefined && releaseSlot(end, windows) <= next.slot
  const firstKept = handovers.findIndex((_, index) => !isPast(handovers[index + 1]))
  return [...handovers.slice(Math.max(firstKept, 0)), next]
}
