import type { SwarmReport } from '../../../src/cli/swarm/report.ts'

const percentiles = { p50: 1, p95: 1, p99: 1, max: 1 }
const election = { cause: 'epoch', by: 'slips', votedDroplets: 9, elected: ['v1'], changed: true, openedHeight: 8 } as const

/** Of a swarm to which nothing bad happened. Genesis gave out 100 droplets, 12 were minted and 5 burned since. */
export const goodReport: SwarmReport = {
  ...{ nodes: 3, verifiers: 2, slotMs: 1000, durationS: 9, seats: 2, epochSlots: 12, load: 1, seed: 1 },
  ...{ submitted: 9, committed: 9, rejected: 0, rejectedBy: {}, lost: 0, resubmitted: 0, heldBack: 0, tps: 1 },
  ...{ finalityMs: percentiles, heights: { min: 12, max: 12 }, blocks: 12 },
  slots: { underLoad: 9, withoutBlock: 0, missing: [] },
  elections: [
    { ...election, number: 1, settledHeight: 9, closesSlot: 12, settledSlot: 12, slotsLost: 0, slips: 3, asVoted: true },
    { ...election, number: 2, settledHeight: 20, closesSlot: 24, settledSlot: 26, slotsLost: 2, slips: 0, asVoted: null, by: 'stake' },
  ],
  quorum: { hash: 'aa', epoch: 2, members: ['v1', 'v2'], isSame: true },
  rewards: { mintedDroplets: 12, feesDroplets: 3, verifiers: { v1: 8, v2: 7 } },
  burnedDroplets: 5,
  supply: {
    ...{ height: 12, heldDroplets: 60, stakedDroplets: 30, delegatedDroplets: 10, unbondingDroplets: 6, feesDroplets: 1 },
    ...{ mintedDroplets: 12, burnedDroplets: 5, supplyDroplets: 107, genesisDroplets: 100 },
    ...{ holds: true, comparedNodes: 2, isSame: true },
  },
  ...{ wrongSeals: 0, conflicts: 0, comparedNodes: 2, discoveryMs: { p50: 1, max: 1 }, rssMb: { p50: 1, max: 1 } },
  ...{ cpuMsPerTx: 1, bytesPerTx: 1, cpuMsTotal: 1, exitCodes: { boot: 0, v1: 0, v2: 0 }, crashed: [], alarms: [] },
  ...{ adversaries: [], evidence: [] },
  machine: { cpu: 'test', cores: 1, memoryMb: 1, system: 'test', node: 'test' },
}
