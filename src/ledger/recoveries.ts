import type { Hash } from '../wire/types.ts'
import type { Globals } from './globals.ts'

/** `recovery.md` X8: what statements of a height are signed with, as far as these globals reach. */
export function signingIdAt({ recoveries }: Pick<Globals, 'recoveries'>, chainId: Hash, height: number): Hash {
  const last = recoveries.findLast((recovery) => recovery.height <= height)
  return last?.signingId ?? chainId
}
