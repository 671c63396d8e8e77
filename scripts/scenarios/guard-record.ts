import { join } from 'node:path'
import { openGuardFile } from '../../src/adapters/store/guard-file.ts'
import type { Member } from '../../src/cli/swarm/member.ts'
import { emptyRecord, type GuardRecord, guardRecord, lastSlot } from '../../src/consensus/guard.ts'
import { decode } from '../../src/wire/codec.ts'

export interface SavedGuard {
  /** Doubtful: the newest entry cannot be read, so this is the one before. */
  readonly state: 'intact' | 'doubtful'
  readonly record: GuardRecord
}

/** What a verifier that is down has on record. Rejects with QuorateError if the record cannot be read, or the verifier runs. */
export async function readGuard({ place }: Pick<Member, 'place'>): Promise<SavedGuard> {
  const file = await openGuardFile(join(place.directory, 'guard'))
  try {
    const found = await file.read()
    if (found.state === 'missing') throw new Error(`${place.name} has no guard`)
    return { state: found.state, record: found.record.length === 0 ? emptyRecord : decode(guardRecord, found.record) }
  } finally {
    await file.close()
  }
}

/** How a later record contradicts an earlier one of the same key, or forgets it. Null if it does not. */
export function contradiction(earlier: GuardRecord, later: GuardRecord): string | null {
  const sealed = (record: GuardRecord): string => `${record.seal?.height} ${record.seal?.block}`
  if ((later.seal?.height ?? -1) < (earlier.seal?.height ?? -1)) return `its last seal went from ${sealed(earlier)} to ${sealed(later)}`
  if (earlier.seal !== null && later.seal?.height === earlier.seal.height && later.seal.block !== earlier.seal.block)
    return `two seals: ${sealed(earlier)} and ${sealed(later)}`
  for (const kind of ['candidate', 'vote'] as const) {
    const [before, after] = [earlier[kind], later[kind]]
    if (before !== null && (after === null || after.slot < before.slot)) return `its last ${kind} went back from slot ${before.slot}`
    if (before !== null && after?.slot === before.slot && after.block !== before.block) return `two of kind ${kind} in slot ${before.slot}`
  }
  return (lastSlot(later) ?? -1) < (lastSlot(earlier) ?? -1) ? `slots went back from ${lastSlot(earlier)} to ${lastSlot(later)}` : null
}
