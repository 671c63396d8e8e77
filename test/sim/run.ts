import { Adversary, Coalition } from './adversary.ts'
import { checkEvidence } from './checks.ts'
import { HonestNode } from './node.ts'
import { drawScenario, type Scenario, type ScenarioName } from './scenario.ts'
import { type Counts, type Failure, type Machine, realMachine, World } from './world.ts'

/** Blocks that must follow the last fault. */
export const PROGRESS_BLOCKS = 4
/** Slots within which they must. */
export const PROGRESS_SLOTS = 60

export interface RunOptions {
  readonly scenario?: ScenarioName
  readonly machine?: Machine
  /** Gets the trace, line by line. */
  readonly sink?: (line: string) => void
}

export interface RunResult {
  readonly scenario: Scenario
  readonly failure: Failure | null
  readonly forked: boolean
  readonly slots: number
  /** Highest honest head. */
  readonly blocks: number
  /** Slots from the last fault until everybody had the blocks that must follow. */
  readonly recoverySlots: number
  readonly counts: Counts
}

/** One run from one seed: the same seed, the same run. */
export function runSeed(seed: number, verifiers: number, options: RunOptions = {}): RunResult {
  const scenario = drawScenario(seed, verifiers, options.scenario)
  const world = new World(scenario, options.machine ?? realMachine, options.sink ?? null)
  world.trace(() => JSON.stringify(scenario))
  const nodes = populate(world)
  const heads = (): number[] => nodes.map((node) => node.head.height)
  world.run(scenario.faultsEndMs, () => false)
  for (const node of nodes) node.setClock(scenario.skewMs[node.index] ?? 0)
  const wanted = Math.max(...heads()) + PROGRESS_BLOCKS
  const deadlineMs = scenario.faultsEndMs + PROGRESS_SLOTS * scenario.slotMs
  const startMs = world.nowMs
  if (world.isBeyondTheory) world.run(deadlineMs, () => false)
  else world.run(deadlineMs, () => nodes.every((node) => node.head.height >= wanted))
  if (world.failure === null && !world.isBeyondTheory && nodes.some((node) => node.head.height < wanted))
    world.fail('progress', `${PROGRESS_SLOTS} slots after the last fault the heads are ${heads().join(',')}, wanted ${wanted}`)
  if (!world.isBeyondTheory) checkAgreement(world, nodes)
  checkEvidence(world)
  return {
    scenario,
    failure: world.failure,
    forked: world.fork !== null,
    slots: Math.ceil(world.nowMs / scenario.slotMs),
    blocks: Math.max(...heads()),
    recoverySlots: Math.ceil((world.nowMs - startMs) / scenario.slotMs),
    counts: world.counts,
  }
}

function populate(world: World): HonestNode[] {
  const { scenario } = world
  const coalition = new Coalition(world)
  const nodes: HonestNode[] = []
  const verifiers = scenario.stakes.map((_, member) => {
    if (scenario.silent[member] === true) return null
    if (scenario.behaviours[member] !== null) return new Adversary(coalition)
    const node = new HonestNode(world, member)
    nodes.push(node)
    return node
  })
  const observers = Array.from({ length: scenario.observers }, (_, place) => new HonestNode(world, scenario.verifiers + place))
  nodes.push(...observers)
  world.participants = [...verifiers, ...observers]
  for (const node of nodes) world.after(world.random.below(scenario.slotMs), () => node.start())
  coalition.start()
  for (const { node, atMs, offsetMs } of scenario.wildClocks) world.after(atMs, () => nodeAt(world, node)?.setClock(offsetMs))
  for (const { node, atMs, downMs } of scenario.staleRestores) world.after(atMs, () => nodeAt(world, node)?.crashAndRestore(downMs, world.random))
  for (const { toMs } of scenario.partitions)
    world.after(toMs, () => {
      for (const node of nodes) for (const peer of world.connectedTo(node.index)) if (peer > node.index) node.meet(peer)
    })
  return nodes
}

function nodeAt(world: World, index: number): HonestNode | null {
  const found = world.participants[index]
  return found instanceof HonestNode ? found : null
}

/** Everybody honest holds the same block at every height. */
function checkAgreement(world: World, nodes: readonly HonestNode[]): void {
  for (const node of nodes) {
    for (const { block } of node.disk.chain)
      if (world.committed.get(block.height) !== block.hash) world.fail('agreement', `n${node.index} holds another block at height ${block.height}`)
  }
}
