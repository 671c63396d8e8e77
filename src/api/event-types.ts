import { Type } from 'typebox'
import { EvidenceEvent } from './evidence-types.ts'
import { SettledElectionView } from './ledger-types.ts'
import { SlotView } from './observe-types.ts'
import { count, hash, list, number, object, oneOf, orNull, text, type View } from './schema.ts'
import { RefusalReason } from './wire-types.ts'

/** What a node tells as it happens. */

export const NodeEvent = Type.Union(
  [
    object({
      kind: Type.Literal('block'),
      height: count(),
      hash: hash(),
      slot: count(),
      finalAtMs: number(),
      makerIndex: count(),
      signers: count(),
      transactionIds: list(hash()),
    }),
    object({ kind: Type.Literal('pending'), ids: list(hash(), 'Transactions that came into the pool.') }),
    object({ kind: Type.Literal('slot'), ...SlotView.properties }),
    object({ kind: Type.Literal('dropped'), id: hash(), code: text() }),
    object({
      kind: Type.Literal('election'),
      state: Type.Literal('opened'),
      height: count(),
      number: count(),
      cause: oneOf(['epoch', 'forced']),
      closesSlot: count(),
      closesTimeMs: number(),
    }),
    object({ kind: Type.Literal('election'), state: Type.Literal('settled'), ...SettledElectionView.properties }),
    object({ kind: Type.Literal('quorum'), height: count(), hash: hash(), members: count(), totalDroplets: count() }),
    object({ kind: Type.Literal('ratified'), height: count(), source: hash(), droplets: count() }),
    EvidenceEvent,
    object({ kind: Type.Literal('refused'), slot: count(), by: count(), reason: RefusalReason }),
    object({ kind: Type.Literal('alarm'), code: text(), detail: text() }),
  ],
  { title: 'NodeEvent' },
)
export type NodeEvent = View<typeof NodeEvent>

/** What comes over the stream of events: those, and what is said of the stream itself. */
export const StreamedEvent = Type.Union(
  [
    NodeEvent,
    object(
      { kind: Type.Literal('heartbeat'), atMs: number(), height: count() },
      'The first of each connection, and then one every ten seconds.',
    ),
    object(
      { kind: Type.Literal('gap'), missed: orNull(count()) },
      'So many events were missed, or null if that is not known: ask for what is now.',
    ),
  ],
  { title: 'StreamedEvent' },
)
