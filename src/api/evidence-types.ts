import type { Hex } from '../base/hex.ts'
import type { OffenceKind } from '../wire/evidence.ts'
import type { Address, Hash, Statement } from '../wire/types.ts'

/** What the API shows of proven offences. Times in ms since 1970. */

/** Evidence without what is signed. */
export interface EvidenceSummary {
  readonly id: Hash
  readonly kind: OffenceKind
  /** Of both statements. */
  readonly height: number
  /** Who signed both. */
  readonly offenders: readonly { readonly address: Address; readonly peerId: string }[]
  /** When this node saw it first; if it has it from a block that it fetched, when it did. */
  readonly seenAtMs: number
  /** Null as long as no block has punished all of the offenders for it. */
  readonly punished: PunishmentView | null
}

export interface PunishmentView {
  /** Height of the block that holds this evidence, or other evidence of the same. */
  readonly height: number
  /** What it took of all offenders, and what of that the reporter got; null if this node has the block from a snapshot. */
  readonly slashedDroplets: number | null
  readonly rewardDroplets: number | null
  /** The maker of the block. */
  readonly reporter: Address | null
  readonly slashed: readonly {
    readonly verifier: Address
    readonly stakeDroplets: number
    readonly delegatedDroplets: number
    readonly unbondingDroplets: number
  }[]
}

export interface EvidenceView extends EvidenceSummary {
  readonly statements: readonly {
    readonly statement: Statement
    readonly signers: readonly { readonly address: Address; readonly blsKey: Hex }[]
    /** One BLS signature of all of them. */
    readonly signature: Hex
  }[]
  /** The evidence itself: what `quorate evidence verify` checks, and `POST /v1/evidence` takes. */
  readonly bytes: Hex
}

/** Some of it, the newest first. */
export interface EvidenceList {
  readonly height: number
  /** How much there is. */
  readonly total: number
  readonly evidence: readonly EvidenceSummary[]
}

export type EvidenceResult =
  | { readonly id: Hash; readonly accepted: true }
  /** `id` is null if the bytes were no evidence. `code` is stable. */
  | { readonly id: Hash | null; readonly accepted: false; readonly code: string; readonly detail: string }

export interface EvidenceEvent {
  readonly kind: 'evidence'
  /** `found` when this node sees it first, `punished` when a block is final that punishes it. */
  readonly state: 'found' | 'punished'
  readonly id: Hash
  readonly offence: OffenceKind
  readonly height: number
  readonly offenders: EvidenceSummary['offenders']
  readonly seenAtMs: number
  readonly punished: PunishmentView | null
}
