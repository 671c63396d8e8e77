import { Type } from 'typebox'
import { address, count, hash, hex, list, named, number, object, oneOf, orNull, text, type View } from './schema.ts'
import { OffenceKind, Statement } from './wire-types.ts'

/** What the API shows of proven offences. Times in ms since 1970. */

export const PunishmentView = named('PunishmentView', {
  height: count('Height of the block that holds this evidence, or other evidence of the same.'),
  slashedDroplets: orNull(
    count(),
    'What it took of all offenders, and what of that the reporter got; null if this node has the block from a snapshot.',
  ),
  rewardDroplets: orNull(count()),
  reporter: orNull(address(), 'The maker of the block.'),
  slashed: list(object({ verifier: address(), stakeDroplets: count(), delegatedDroplets: count(), unbondingDroplets: count() })),
})
export type PunishmentView = View<typeof PunishmentView>

export const EvidenceSummary = named(
  'EvidenceSummary',
  {
    id: hash(),
    kind: OffenceKind,
    height: count('Of both statements.'),
    offenders: list(object({ address: address(), peerId: text() }), 'Who signed both.'),
    seenAtMs: number('When this node saw it first; if it has it from a block that it fetched, when it did.'),
    punished: orNull(PunishmentView, 'Null as long as no block has punished all of the offenders for it.'),
  },
  'Evidence without what is signed.',
)
export type EvidenceSummary = View<typeof EvidenceSummary>

export const EvidenceView = named('EvidenceView', {
  ...EvidenceSummary.properties,
  statements: list(
    object({
      statement: Statement,
      signers: list(object({ address: address(), blsKey: hex() })),
      signature: hex('One BLS signature of all of them.'),
    }),
  ),
  bytes: hex('The evidence itself: what `quorate evidence verify` checks, and `POST /v1/evidence` takes.'),
})
export type EvidenceView = View<typeof EvidenceView>

export const EvidenceList = named(
  'EvidenceList',
  {
    height: count(),
    total: count('How much there is.'),
    evidence: list(EvidenceSummary),
  },
  'Some of it, the newest first.',
)
export type EvidenceList = View<typeof EvidenceList>

export const EvidenceResult = Type.Union(
  [
    object({ id: hash(), accepted: Type.Literal(true) }),
    object({ id: orNull(hash()), accepted: Type.Literal(false), code: text(), detail: text() }),
  ],
  { title: 'EvidenceResult' },
)
export type EvidenceResult = View<typeof EvidenceResult>

export const EvidenceEvent = named('EvidenceEvent', {
  kind: Type.Literal('evidence'),
  state: oneOf(['found', 'punished'], '`found` when this node sees it first, `punished` when a block is final that punishes it.'),
  id: hash(),
  offence: OffenceKind,
  height: count(),
  offenders: EvidenceSummary.properties.offenders,
  seenAtMs: number(),
  punished: orNull(PunishmentView),
})
export type EvidenceEvent = View<typeof EvidenceEvent>
