import type { EvidenceEvent } from '../../api/evidence-types.ts'
import { formatCoins } from '../../base/amounts.ts'
import type { OffenceKind } from '../../wire/evidence.ts'
import type { Address } from '../../wire/types.ts'
import { duration, plural } from '../text.ts'
import { type Behaviour, type Deed, isOffence } from './adversaries.ts'
import { DeedReader } from './deeds.ts'
import type { SettledEvent } from './node-client.ts'
import type { AdversaryReport, EvidenceReport } from './report.ts'

/** Slots from an offence to the end of the run in which every honest node should have heard of it: a leader shows what it was told when its slot ends. */
const PROOF_SLOTS = 5
/** The same for a machine that is too slow for its slots. */
const PROOF_MS = 5_000
/** Slots in which adversaries that sign nothing wrong are watched at least. */
const WATCHED_SLOTS = 30

export interface EvidenceBookOptions {
  /** What adversaries do, by their names. */
  readonly adversaries: ReadonlyMap<string, Behaviour>
  readonly slotMs: number
  readonly nameOf: (address: Address) => string
  /** Names of the honest nodes that hold the chain and run. */
  readonly honest: () => readonly string[]
  readonly note: (text: string) => void
  readonly nowMs: () => number
}

/** One offence: what was done, who knows of it, and what came of it. Times in ms since 1970. */
interface Case {
  readonly kind: OffenceKind
  readonly offender: string
  readonly height: number
  /** When the first of its two signatures was made, as the adversary says. */
  firstAtMs: number | null
  /** When it was complete, as the adversary says. */
  doneAtMs: number | null
  /** By honest node. */
  readonly seen: Map<string, number>
  /** When the last of the honest nodes of then had it; others may have started since. */
  everywhereAtMs: number | null
  punished: { readonly height: number; readonly atMs: number; readonly slashedDroplets: number } | null
  quorumAtMs: number | null
}

/** Follows what adversaries do and what becomes of it, and says so in single lines as it happens. */
export class EvidenceBook {
  readonly #options: EvidenceBookOptions
  readonly #startedAtMs: number
  readonly #cases = new Map<string, Case>()
  readonly #reader = new DeedReader((node, deed) => this.deed(node, deed))
  /** How often each has done what it does. */
  readonly #deeds = new Map<string, number>()
  readonly #settled: { readonly height: number; readonly number: number; readonly atMs: number }[] = []

  constructor(options: EvidenceBookOptions) {
    this.#options = options
    this.#startedAtMs = options.nowMs()
  }

  /** Null for an honest node. */
  behaviourOf(node: string): Behaviour | null {
    return this.#options.adversaries.get(node) ?? null
  }

  /** Reads what adversaries have noted since. */
  look(members: readonly { readonly name: string; readonly place: { readonly directory: string } }[]): void {
    for (const { name, place } of members) if (this.behaviourOf(name) !== null) this.#reader.look(name, place.directory)
  }

  /** An adversary says what it did. */
  deed(node: string, { kind, height, slot, firstAtMs, atMs }: Deed): void {
    const { note } = this.#options
    const count = (this.#deeds.get(node) ?? 0) + 1
    this.#deeds.set(node, count)
    if (!isOffence(kind)) {
      if (count === 1) note(`${node}: ${kind}, in slot ${slot} for the first time`)
      return
    }
    const found = this.#case(kind, node, height)
    if (found.doneAtMs !== null) return
    found.firstAtMs = firstAtMs
    found.doneAtMs = atMs
    note(`${node}: ${kind} at height ${height}, in slot ${slot}`)
  }

  /** An honest node tells of evidence. */
  heard(node: string, { offence, height, offenders, seenAtMs, punished }: EvidenceEvent, atMs = this.#options.nowMs()): void {
    for (const { address } of offenders) {
      const found = this.#case(offence, this.#options.nameOf(address), height)
      if (!found.seen.has(node)) this.#see(found, node, seenAtMs)
      if (punished !== null && found.punished === null) {
        const taken = punished.slashed.find(({ verifier }) => verifier === address)
        const slashedDroplets = (taken?.stakeDroplets ?? 0) + (taken?.delegatedDroplets ?? 0) + (taken?.unbondingDroplets ?? 0)
        this.#punish(found, { height: punished.height, atMs, slashedDroplets })
      }
    }
  }

  /** An election was settled: others may sign from the next height on. */
  settled({ height, number, by }: Pick<SettledEvent, 'height' | 'number' | 'by'>): void {
    if (by === 'kept' || this.#settled.some((known) => known.number === number)) return
    this.#settled.push({ height, number, atMs: this.#options.nowMs() })
    this.#replace()
  }

  /** Nothing more will come: each adversary's offence has had all its consequences, and the others were watched for a while. */
  isComplete(watchedMs: number): boolean {
    const { adversaries, slotMs } = this.#options
    const cases = [...this.#cases.values()]
    return [...adversaries].every(([node, behaviour]) =>
      isOffence(behaviour)
        ? cases.some(({ offender, everywhereAtMs, quorumAtMs }) => offender === node && everywhereAtMs !== null && quorumAtMs !== null)
        : watchedMs >= WATCHED_SLOTS * slotMs,
    )
  }

  report(): { readonly adversaries: readonly AdversaryReport[]; readonly evidence: readonly EvidenceReport[] } {
    const { adversaries, slotMs, nowMs } = this.#options
    const now = nowMs()
    return {
      adversaries: [...adversaries].map(([node, kind]) => ({ node, kind, deeds: this.#deeds.get(node) ?? 0 })),
      evidence: [...this.#cases.values()].map((found) => {
        const { kind, offender, height, firstAtMs, doneAtMs, seen, punished, quorumAtMs } = found
        const since = (atMs: number | null): number | null => (atMs === null ? null : atMs - (firstAtMs ?? this.#startedAtMs))
        const seenAtMs = [...seen.values()]
        return {
          ...{ kind, offender, height, isHonest: !adversaries.has(offender) },
          since: firstAtMs === null ? 'start' : 'first-signature',
          isDue: doneAtMs === null || now - doneAtMs > PROOF_SLOTS * slotMs + PROOF_MS,
          seenAtMs: {
            first: since(seenAtMs.length === 0 ? null : Math.min(...seenAtMs)),
            // Who was missing when the others had it may be down by now.
            all: this.#isEverywhere(found) ? since(found.everywhereAtMs ?? Math.max(...seenAtMs)) : null,
          },
          inBlock: punished?.height ?? null,
          inBlockMs: since(punished?.atMs ?? null),
          slashed: punished?.slashedDroplets ?? null,
          newQuorumMs: since(quorumAtMs),
        }
      }),
    }
  }

  #case(kind: OffenceKind, offender: string, height: number): Case {
    const key = `${kind} ${offender} ${height}`
    const known = this.#cases.get(key)
    if (known !== undefined) return known
    const begun = { kind, offender, height, firstAtMs: null, doneAtMs: null, seen: new Map<string, number>() }
    const found: Case = { ...begun, everywhereAtMs: null, punished: null, quorumAtMs: null }
    this.#cases.set(key, found)
    return found
  }

  #see(found: Case, node: string, seenAtMs: number): void {
    const { note, honest } = this.#options
    found.seen.set(node, seenAtMs)
    if (found.seen.size === 1) note(`${this.#after(found, seenAtMs)}${node} has the proof of ${textOf(found)}`)
    if (found.everywhereAtMs !== null || !this.#isEverywhere(found)) return
    found.everywhereAtMs = Math.max(...found.seen.values())
    note(`${this.#after(found, found.everywhereAtMs)}all ${plural(honest().length, 'honest node')} have the proof of ${textOf(found)}`)
  }

  #punish(found: Case, punished: NonNullable<Case['punished']>): void {
    found.punished = punished
    const { height, atMs, slashedDroplets } = punished
    const what = `${textOf(found)}: ${formatCoins(slashedDroplets)} coins slashed`
    this.#options.note(`${this.#after(found, atMs)}block ${height} punishes ${what}`)
    this.#replace()
  }

  /** Looks for the first election after each punishment. */
  #replace(): void {
    const { note } = this.#options
    for (const found of this.#cases.values()) {
      const { punished } = found
      if (punished === null || found.quorumAtMs !== null) continue
      const next = this.#settled.find(({ height }) => height >= punished.height)
      if (next === undefined) continue
      found.quorumAtMs = next.atMs
      note(`${this.#after(found, next.atMs)}a new quorum signs from height ${next.height + 1} on, after ${textOf(found)}`)
    }
  }

  #isEverywhere({ seen }: Case): boolean {
    const honest = this.#options.honest()
    return honest.length > 0 && honest.every((node) => seen.has(node))
  }

  /** How long after the first of the two signatures, if that is known. */
  #after({ firstAtMs }: Case, atMs: number): string {
    return firstAtMs === null ? '' : `+${duration(Math.max(0, atMs - firstAtMs))}  `
  }
}

const textOf = ({ kind, offender, height }: Pick<Case, 'kind' | 'offender' | 'height'>): string =>
  `${kind} of ${offender} at height ${height}`

/** What came of each adversary and of each offence, in lines for the end of a run. */
export function evidenceWords(adversaries: readonly AdversaryReport[], evidence: readonly EvidenceReport[]): readonly string[] {
  return [
    ...adversaries
      .filter(({ kind, deeds }) => deeds === 0 || !isOffence(kind))
      .map(({ node, kind, deeds }) => `${node} (${kind}) ${deeds === 0 ? 'got no chance' : doneText(kind, deeds)}`),
    ...evidence.map((one) => `${textOf(one)}: ${fateOf(one)}`),
  ]
}

function fateOf({ seenAtMs: { first, all }, inBlock, inBlockMs, slashed, newQuorumMs }: EvidenceReport): string {
  if (first === null) return 'not proven'
  const after = (ms: number): string => `after ${duration(Math.max(0, ms))}`
  return [
    `proven at the first honest node ${after(first)}, ${all === null ? 'not at all of them' : `at all ${after(all)}`}`,
    inBlock === null ? 'in no block' : `in block ${inBlock} ${after(inBlockMs ?? 0)}, ${formatCoins(slashed ?? 0)} coins slashed`,
    newQuorumMs === null ? 'no new quorum' : `new quorum ${after(newQuorumMs)}`,
  ].join('; ')
}

const doneText = (kind: Behaviour, deeds: number): string =>
  kind === 'spam' ? `spammed for ${plural(deeds, 'second')}` : `led ${plural(deeds, 'slot')} into nothing`
