import type { Hex } from '../base/hex.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { type Codec, encode, enumeration } from './codec.ts'
import { type Evidence, evidence, type Hash } from './types.ts'

const offenceKinds = { 'double-candidate': 1, 'double-vote': 2, 'double-lock': 3, 'double-seal': 4, amnesia: 5 } as const

/** What two statements of one key show. Two certificates that conflict show the same of everybody in both. */
export type OffenceKind = keyof typeof offenceKinds
export const offenceKind: Codec<OffenceKind> = enumeration(offenceKinds)

/** sha256 of its bytes. */
export const evidenceId = (of: Evidence): Hash => sha256Hex(encode(evidence, of))

/** Evidence whose statements conflict and whose signatures were checked. Whether the keys are registered, the ledger knows. */
export interface ProvenEvidence {
  readonly id: Hash
  readonly evidence: Evidence
  readonly kind: OffenceKind
  readonly height: number
  /** Keys that signed both, ascending; one at least. */
  readonly offenders: readonly Hex[]
}
