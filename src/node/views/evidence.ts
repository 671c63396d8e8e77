import type { EvidenceEvent, EvidenceResult, EvidenceSummary, EvidenceView, PunishmentView } from '../../api/evidence-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import { fromHex, type Hex, toHex } from '../../base/hex.ts'
import { formatAddress } from '../../crypto/address.ts'
import { decode, encode, WireError } from '../../wire/codec.ts'
import { evidenceId } from '../../wire/evidence.ts'
import { type Evidence, evidence as evidenceCodec } from '../../wire/types.ts'
import type { Chain } from '../chain.ts'
import type { EvidencePool, HeldEvidence } from '../evidence-pool.ts'
import type { PublicRecords } from '../public-records.ts'

type Ledger = Pick<Chain, 'ledger' | 'receipt'>

export function evidenceSummary(chain: Ledger, held: HeldEvidence): EvidenceSummary {
  const { id, kind, height, offenders, seenAtMs } = held
  const { accounts } = chain.ledger
  return {
    ...{ id, kind, height },
    offenders: offenders.map((address) => ({ address, peerId: accounts.get(address)?.verifier?.peerId ?? '' })),
    seenAtMs,
    punished: punishmentOf(chain, held),
  }
}

export function evidenceView(chain: Ledger, held: HeldEvidence, evidence: Evidence): EvidenceView {
  const { blsKeys } = chain.ledger.indexes
  return {
    ...evidenceSummary(chain, held),
    statements: [evidence.first, evidence.second].map(({ statement, keys, signature }) => ({
      statement,
      signers: keys.map((blsKey) => ({ address: blsKeys.get(blsKey) ?? '', blsKey })),
      signature,
    })),
    bytes: toHex(encode(evidenceCodec, evidence)),
  }
}

export function evidenceEvent(chain: Ledger, held: HeldEvidence): EvidenceEvent {
  const { id, kind: offence, height, offenders, seenAtMs, punished } = evidenceSummary(chain, held)
  return { kind: 'evidence', state: punished === null ? 'found' : 'punished', id, offence, height, offenders, seenAtMs, punished }
}

/** Takes evidence from the API: on disk when it resolves. What is held already is as good as accepted: an answer may have been lost. */
export async function submitEvidence(pool: EvidencePool, records: Pick<PublicRecords, 'report'>, bytes: Hex): Promise<EvidenceResult> {
  let evidence: Evidence
  try {
    evidence = decode(evidenceCodec, fromHex(bytes))
  } catch (error) {
    if (error instanceof WireError || error instanceof RangeError)
      return { id: null, accepted: false, code: 'malformed', detail: `no evidence: ${error.message}` }
    throw error
  }
  const id = evidenceId(evidence)
  const verdict = records.report(evidence)
  if (verdict.kind !== 'accept' && pool.get(id) === undefined) return { id, accepted: false, code: verdict.code, detail: verdict.detail }
  await pool.written()
  return { id, accepted: true }
}

/** What an operator should know of it in one line. */
export function evidenceText({ id, offence, height, offenders, seenAtMs, punished }: EvidenceEvent): string {
  const [first] = offenders
  const others = offenders.length > 1 ? ` and ${offenders.length - 1} more` : ''
  const who = `${first === undefined ? 'nobody' : formatAddress(first.address)}${others}`
  const what = `${who}: ${offence} at height ${height}, seen ${new Date(seenAtMs).toISOString()}`
  const taken = punished?.slashedDroplets ?? null
  const then =
    punished === null
      ? 'not in a block yet'
      : `punished in block ${punished.height}${taken === null ? '' : `, ${formatCoins(taken)} coins slashed`}`
  return `${what}, ${then} (evidence ${id.slice(0, 16)}…)`
}

function punishmentOf(chain: Ledger, held: HeldEvidence): PunishmentView | null {
  if (held.punishedAt === null) return null
  const events = chain.receipt(held.punishedAt)?.events
  const slashes = (events ?? []).flatMap((event) =>
    event.kind === 'slashed' && event.offence === held.kind && event.height === held.height && held.offenders.includes(event.verifier)
      ? [event]
      : [],
  )
  const sumOf = (of: (slash: (typeof slashes)[number]) => number): number | null =>
    events === undefined ? null : slashes.reduce((sum, slash) => sum + of(slash), 0)
  return {
    height: held.punishedAt,
    slashedDroplets: sumOf(
      ({ stakeDroplets, delegatedDroplets, unbondingDroplets }) => stakeDroplets + delegatedDroplets + unbondingDroplets,
    ),
    rewardDroplets: sumOf(({ rewardDroplets }) => rewardDroplets),
    reporter: slashes[0]?.reporter ?? null,
    slashed: slashes.map(({ verifier, stakeDroplets, delegatedDroplets, unbondingDroplets }) => ({
      ...{ verifier, stakeDroplets, delegatedDroplets, unbondingDroplets },
    })),
  }
}
