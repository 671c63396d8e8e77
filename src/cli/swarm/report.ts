import { arch, cpus, platform, release, totalmem } from 'node:os'
import type { OffenceKind } from '../../wire/evidence.ts'
import type { Behaviour } from './adversaries.ts'
import type { QuorumComparison, SupplyComparison } from './agreement.ts'
import type { LoadCounts } from './load.ts'
import type { Exit } from './node-process.ts'
import type { Histogram } from './statistics.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryMb: number
  readonly system: string
  readonly node: string
}

/** A node that ended though nobody asked it to. */
export interface Crash {
  readonly node: string
  readonly exit: Exit
  /** The end of its log. */
  readonly log: string
}

export interface Percentiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** An election that was settled. */
export interface ElectionReport {
  readonly number: number
  readonly cause: 'epoch' | 'forced'
  /** What ranked the verifiers. */
  readonly by: 'slips' | 'stake' | 'trust' | 'kept'
  readonly votedDroplets: number
  /** Names, best first. */
  readonly elected: readonly string[]
  /** Others sign than before. */
  readonly changed: boolean
  readonly openedHeight: number
  readonly settledHeight: number
  /** First slot whose block could settle it, and the slot of the block that did. */
  readonly closesSlot: number
  readonly settledSlot: number
  /** Slots without a block from the last one before the handover was due to the second one after it; null without load. */
  readonly slotsLost: number | null
  /** Slips of the swarm's holders that became final. */
  readonly slips: number
  /** Whether those were elected whom these slips name; null without any. */
  readonly asVoted: boolean | null
}

/** An adversary of the swarm. */
export interface AdversaryReport {
  readonly node: string
  readonly kind: Behaviour
  /** Offences; slots that it led into nothing; seconds of spam. */
  readonly deeds: number
}

/** An offence of an adversary, or one that evidence names, and what came of it. */
export interface EvidenceReport {
  readonly kind: OffenceKind
  /** Name of the verifier. */
  readonly offender: string
  readonly height: number
  /** It is none of the adversaries: then something is wrong with the program. */
  readonly isHonest: boolean
  /** What the times are counted from, in ms: the first of the two signatures, or, where no adversary noted that, the start of the run. */
  readonly since: 'first-signature' | 'start'
  /** It was done so long before the end that every honest node should have heard of it. */
  readonly isDue: boolean
  /** When the first honest node had the proof, and the last one; null if none, or not all. */
  readonly seenAtMs: { readonly first: number | null; readonly all: number | null }
  /** Height of the block that punished it, and when that was final at the first honest node. */
  readonly inBlock: number | null
  readonly inBlockMs: number | null
  /** Droplets, of the offender, of its delegators and of what was on its way back. */
  readonly slashed: number | null
  /** When the block of the next election was final at the first honest node: the next height is the new quorum's. */
  readonly newQuorumMs: number | null
}

/** What a swarm did. Fields are null where nothing was measured. */
export interface SwarmReport {
  readonly nodes: number
  readonly verifiers: number
  readonly slotMs: number
  /** How long the load went on. */
  readonly durationS: number
  /** Most members of the quorum. */
  readonly seats: number
  readonly epochSlots: number
  readonly load: number
  readonly seed: number
  /** Transfers that were sent to a node. */
  readonly submitted: number
  /** Transfers that became final at every node that was up. */
  readonly committed: number
  readonly rejected: number
  readonly rejectedBy: Readonly<Record<string, number>>
  /** Neither final nor refused when the launcher gave up waiting. */
  readonly lost: number
  readonly resubmitted: number
  /** What the rate asked for while every account of the load had a transfer under way. */
  readonly heldBack: number
  /** Committed over the time from the first submission to the last finality. */
  readonly tps: number
  /** From the sending of the submission that a node accepted until the block is final at every node that was up. */
  readonly finalityMs: Percentiles
  /** Of the nodes that were up at the end, the bootstrap node not counted. */
  readonly heights: { readonly min: number; readonly max: number }
  readonly blocks: number
  /** Slots under load, how many of them have no block, and which: the first thousand. */
  readonly slots: { readonly underLoad: number; readonly withoutBlock: number; readonly missing: readonly number[] }
  readonly elections: readonly ElectionReport[]
  /** Who signs the next block, by name; null if the nodes were not found at one height. */
  readonly quorum: (Omit<QuorumComparison, 'members'> & { readonly members: readonly string[] }) | null
  /**
   * What verifiers and those who delegate to them were paid by the receipts of all blocks: minted, and from fees; and by name what each
   * verifier got for itself. Null if no node could tell.
   */
  readonly rewards: {
    readonly mintedDroplets: number
    readonly feesDroplets: number
    readonly verifiers: Readonly<Record<string, number>>
  } | null
  /** By the receipts of all blocks; null if no node could tell. */
  readonly burnedDroplets: number | null
  /** Where all coins are at the end; null if the nodes were not found at one height. */
  readonly supply: SupplyComparison | null
  /** Heights whose block was sealed by others than those elected, or by too few of them; null if no node could tell. */
  readonly wrongSeals: number | null
  /** Heights at which two nodes hold different blocks, or another one than was final. */
  readonly conflicts: number
  /** Nodes whose chains were compared at the end, at all heights. */
  readonly comparedNodes: number
  /** From process start until connected to the mesh and, as a verifier, to two thirds of the stake; first starts only. */
  readonly discoveryMs: { readonly p50: number | null; readonly max: number | null }
  /** Sampled each second at every node. */
  readonly rssMb: { readonly p50: number | null; readonly max: number | null }
  /** Processor time of all nodes from the start of the load to the last finality, over committed transfers. */
  readonly cpuMsPerTx: number | null
  /** Bytes sent by all nodes in that time, over committed transfers. */
  readonly bytesPerTx: number | null
  /** Processor time of all nodes from their start. */
  readonly cpuMsTotal: number
  /** By node: exit code or signal of its last end. */
  readonly exitCodes: Readonly<Record<string, Exit | null>>
  readonly crashed: readonly Crash[]
  readonly adversaries: readonly AdversaryReport[]
  readonly evidence: readonly EvidenceReport[]
  readonly alarms: readonly { readonly node: string; readonly atMs: number; readonly code: string; readonly detail: string }[]
  readonly machine: Machine
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryMb: Math.round(totalmem() / 2 ** 20),
  system: `${platform()} ${release()} ${arch()}`,
  node: process.version,
})

export const percentiles = (histogram: Histogram): Percentiles => ({
  p50: histogram.percentile(0.5),
  p95: histogram.percentile(0.95),
  p99: histogram.percentile(0.99),
  max: histogram.max,
})

export const rejectedInAll = (counts: LoadCounts): number => Object.values(counts.rejected).reduce((sum, count) => sum + count, 0)

/** What makes the command end with a failure, in sentences; empty if all is well. */
export function faults(report: SwarmReport): readonly string[] {
  const { conflicts, comparedNodes, lost, crashed, exitCodes } = report
  const found: string[] = []
  if (conflicts > 0) found.push(`nodes hold different blocks at ${conflicts} ${conflicts === 1 ? 'height' : 'heights'}`)
  if (comparedNodes === 0) found.push('no node answered at the end, so no chains could be compared')
  else found.push(...supplyFaults(report), ...quorumFaults(report))
  found.push(...evidenceFaults(report))
  if (lost > 0) found.push(`${lost} ${lost === 1 ? 'transaction was' : 'transactions were'} neither final nor refused`)
  for (const { node, exit } of crashed) found.push(`${node} crashed (${exit})`)
  for (const [node, exit] of Object.entries(exitCodes)) {
    if (typeof exit === 'number' && exit !== 0 && !crashed.some((crash) => crash.node === node))
      found.push(`${node} ended with code ${exit}`)
  }
  return found
}

/** Nobody honest is named, and nobody else gets away. */
function evidenceFaults({ evidence }: SwarmReport): readonly string[] {
  return evidence.flatMap(({ kind, offender, height, isHonest, isDue, seenAtMs }) => {
    const what = `${kind} of ${offender} at height ${height}`
    if (isHonest) return [`${what} is proven, and ${offender} is no adversary`]
    return isDue && seenAtMs.all === null ? [`${what} is proven at ${seenAtMs.first === null ? 'no' : 'some, not every'} honest node`] : []
  })
}

/** Reckoned here once more from the parts, whatever the nodes say of the whole. */
function supplyFaults({ supply, rewards, burnedDroplets }: SwarmReport): readonly string[] {
  if (supply === null) return ['the nodes were never at one height at the end, so their coins could not be compared']
  const found: string[] = []
  const { height, heldDroplets, stakedDroplets, delegatedDroplets, unbondingDroplets, feesDroplets } = supply
  const expect = (what: string, is: number, should: number): void => {
    if (is !== should)
      found.push(`${what} at height ${height}: ${is} droplets, should be ${should} (${is > should ? '+' : ''}${is - should})`)
  }
  if (!supply.isSame) found.push(`nodes do not agree where all coins are at height ${height}`)
  if (!supply.holds) found.push(`a node says that coins came from nowhere or are gone at height ${height}`)
  expect('the supply', supply.supplyDroplets, supply.genesisDroplets + supply.mintedDroplets - supply.burnedDroplets)
  expect('all coins together', heldDroplets + stakedDroplets + delegatedDroplets + unbondingDroplets + feesDroplets, supply.supplyDroplets)
  if (rewards !== null) expect('what the blocks minted', rewards.mintedDroplets, supply.mintedDroplets)
  if (burnedDroplets !== null) expect('what the blocks burned', burnedDroplets, supply.burnedDroplets)
  return found
}

function quorumFaults({ quorum, elections, wrongSeals }: SwarmReport): readonly string[] {
  const found: string[] = []
  if (quorum?.isSame === false) found.push('nodes do not agree who signs the next block, or who was elected before')
  if (wrongSeals !== null && wrongSeals > 0)
    found.push(`${wrongSeals} ${wrongSeals === 1 ? 'block was' : 'blocks were'} sealed by others than those elected, or by too few of them`)
  for (const [index, { number, by, slips, closesSlot, settledSlot }] of elections.entries()) {
    const before = elections[index - 1]
    if (before !== undefined && number !== before.number + 1) found.push(`election ${number} came after election ${before.number}`)
    if (settledSlot < closesSlot)
      found.push(`election ${number} was settled in slot ${settledSlot}, though it was open until ${closesSlot}`)
    if (slips > 0 && by !== 'slips') found.push(`election ${number} was settled by ${by}, though ${slips} slips were final`)
  }
  return found
}
