import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_EPOCH_SLOTS } from '../../src/cli/swarm/options.ts'
import { faults, type SwarmReport } from '../../src/cli/swarm/report.ts'
import { percentileOf } from '../../src/cli/swarm/statistics.ts'
import { Swarm } from '../../src/cli/swarm/swarm.ts'
import { BUNDLE } from '../scenarios/bundle.ts'

/** One number for each figure; null where nothing was measured. */
export type Figures = Readonly<Record<string, number | null>>

export interface LoadCase {
  readonly verifiers: number
  readonly slotMs: number
  /** Transfers a second. */
  readonly load: number
  readonly durationS: number
}

const CONNECT_DEADLINE_MS = 180_000
const DRAIN_DEADLINE_MS = 60_000
const STEP_DEADLINE_MS = 600_000
/** What is measured begins after the first blocks, when code is compiled and connections are warm. */
const WARM_BLOCKS = 3
const MB = 2 ** 20

/** Waits; a crash or a deadline ends the measurement. */
export async function wait(swarm: Swarm, description: string, condition: () => boolean): Promise<void> {
  const holds = await swarm.until(() => condition() || swarm.crashed.length > 0, STEP_DEADLINE_MS)
  for (const { node, exit } of swarm.crashed) throw new Error(`${node} crashed (${exit})`)
  if (!holds) throw new Error(`waited ${STEP_DEADLINE_MS} ms until ${description}`)
}

export async function withSwarm<T>(
  size: { verifiers: number; fullNodes: number; slotMs: number; load: number; seed: number },
  use: (swarm: Swarm) => Promise<T>,
) {
  const { verifiers, fullNodes, slotMs, load, seed } = size
  const nodes = verifiers + fullNodes + 1
  const elections = { seats: verifiers, epochSlots: DEFAULT_EPOCH_SLOTS, elections: false }
  const options = { nodes, verifiers, slotMs, ...elections, load, seed, durationS: null, keep: null }
  const swarm = await Swarm.create({ ...options, program: [BUNDLE], note: () => undefined })
  const killNow = (): void => swarm.killNow()
  process.once('exit', killNow)
  try {
    await swarm.start()
    if (!(await swarm.connected(CONNECT_DEADLINE_MS))) throw new Error(`${nodes} nodes were not connected after ${CONNECT_DEADLINE_MS} ms`)
    return await use(swarm)
  } finally {
    await swarm.stop()
    process.off('exit', killNow)
  }
}

/** Finality, rate and cost under a steady load. */
export const underLoad = ({ verifiers, slotMs, load, durationS }: LoadCase, seed: number): Promise<Figures> =>
  withSwarm({ verifiers, fullNodes: 0, slotMs, load, seed }, async (swarm) => {
    await wait(swarm, 'there is a block', () => swarm.tracker.height >= 1)
    await swarm.startLoad()
    await sleep(durationS * 1000)
    await swarm.drain(DRAIN_DEADLINE_MS)
    const report = await swarm.finish()
    for (const fault of faults(report)) throw new Error(fault)
    return figuresOf(report)
  })

function figuresOf(report: SwarmReport): Figures {
  const { finalityMs, discoveryMs, rssMb, slots } = report
  return {
    tps: report.tps,
    finalityP50Ms: finalityMs.p50,
    finalityP95Ms: finalityMs.p95,
    finalityP99Ms: finalityMs.p99,
    discoveryP50Ms: discoveryMs.p50,
    discoveryMaxMs: discoveryMs.max,
    rssP50Mb: rssMb.p50,
    rssMaxMb: rssMb.max,
    cpuMsPerTx: report.cpuMsPerTx,
    bytesPerTx: report.bytesPerTx,
    emptySlotsPercent: slots.underLoad === 0 ? null : Math.round((100 * slots.withoutBlock) / slots.underLoad),
    heldBack: report.heldBack,
    rejected: report.rejected,
    lost: report.lost,
    conflicts: report.conflicts,
  }
}

/** Memory and processor time of nodes with nothing to do but an empty block now and then. */
export const idle = (durationS: number, seed: number): Promise<Figures> =>
  withSwarm({ verifiers: 4, fullNodes: 1, slotMs: 1000, load: 0, seed }, async (swarm) => {
    await wait(swarm, 'there are blocks', () => swarm.tracker.height >= WARM_BLOCKS)
    await swarm.refresh()
    const before = swarm.chainMembers.map(({ usage }) => usage.cpuMs)
    const startedAtMs = performance.now()
    await sleep(durationS * 1000)
    await swarm.refresh()
    const spentMs = swarm.chainMembers.map(({ usage }, index) => usage.cpuMs - (before[index] ?? 0))
    const perSecond = spentMs.map((cpuMs) => (cpuMs * 1000) / (performance.now() - startedAtMs))
    const rssMb = (role: string): number[] =>
      swarm.members.flatMap(({ place, status }) => (place.role === role && status !== null ? Math.round(status.process.rssBytes / MB) : []))
    return {
      fullNodeRssMb: percentileOf(rssMb('full'), 0.5),
      verifierRssMb: percentileOf(rssMb('verifier'), 0.5),
      bootstrapRssMb: percentileOf(rssMb('bootstrap'), 0.5),
      cpuPercentPerNode: Math.round((percentileOf(perSecond, 0.5) ?? 0) / 10),
    }
  })

/** How fast a node with an empty directory takes over a chain of blocks of so many transactions. */
export const catchUp = (blocks: number, transactionsPerBlock: number, slotMs: number, seed: number): Promise<Figures> =>
  withSwarm({ verifiers: 4, fullNodes: 0, slotMs, load: Math.round((transactionsPerBlock * 1000) / slotMs), seed }, async (swarm) => {
    await swarm.startLoad()
    await wait(swarm, `there are ${blocks} blocks`, () => swarm.tracker.height >= blocks)
    await swarm.drain(DRAIN_DEADLINE_MS)
    const { height, transactions } = await swarm.compare()
    const late = await swarm.addFullNode('late')
    await swarm.startMember(late)
    const upAtMs = performance.now()
    // Finding the network takes as long for a short chain as for a long one.
    await wait(swarm, 'the late node has a block', () => late.height >= 1)
    const [from, fromMs] = [late.height, performance.now()]
    await wait(swarm, 'the late node has them', () => late.height >= height)
    const tookMs = performance.now() - fromMs
    await late.refresh()
    return {
      blocks: height,
      transactionsPerBlock: Math.round(transactions / height),
      blocksPerSecond: Math.round(((height - from) * 1000) / tookMs),
      firstBlockMs: Math.round(fromMs - upAtMs),
      allBlocksMs: Math.round(fromMs + tookMs - upAtMs),
      transactionsPerSecond: Math.round((((height - from) / height) * transactions * 1000) / tookMs),
      rssMb: Math.round((late.status?.process.rssBytes ?? 0) / MB),
      cpuMsPerBlock: Math.round((100 * (late.status?.process.cpuMs ?? 0)) / height) / 100,
    }
  })
