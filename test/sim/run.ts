import { Adversary, Coalition } from './adversary.ts'
import { Chances } from './chances.ts'
import { checkCalm, checkEvidence, checkNamed } from './checks.ts'
import { HonestNode, MOST_WORK_MS } from './node.ts'
import { CALM_DELAY_MS, drawScenario, type Scenario, type ScenarioName } from './scenario.ts'
import { type Counts, type Failure, type Machine, realMachine, World } from './world.ts'

/** Blocks that must follow the last fault. */
export const PROGRESS_BLOCKS = 4
/**
 * Chances within which they must, where every candidate reaches everybody before they choose. A chance is a slot in
 * which, of all who are selected and not silent, the first by the leader rule is honest: the other slots are the
 * adversaries' to waste. Each block takes a chance; one more may be lost for each to a lock that is not known to all
 * yet; and up to six slots pass until the last node has restarted and the last record is behind the clock.
 */
export const PROGRESS_CHANCES = 2 * PROGRESS_BLOCKS + 6
/**
 * The same where clocks are up to half a slot apart. Then some choose before others have proposed, votes split, and a
 * chance is good only if a verifier whose clock is ahead comes first: in the worst case that is one of three.
 */
export const SKEWED_PROGRESS_CHANCES = 60
/** How long a run beyond the theory may go on without a fork. */
const FORK_SLOTS = 60

export interface RunOptions {
  readonly scenario?: ScenarioName
  /** Another quorum every so many heights. */
  readonly handoverHeights?: number | null
  readonly machine?: Machine
  /** Gets the trace, line by line. */
  readonly sink?: (line: string) => void
}

export interface RunResult {
  readonly scenario: Scenario
  readonly failure: Failure | null
  readonly forked: boolean
  /** Adversaries that evidence names, each counted at each height. */
  readonly named: number
  readonly slots: number
  /** Highest honest head. */
  readonly blocks: number
  /** Chances from the last fault until everybody had the blocks that must follow. */
  readonly recoveryChances: number
  readonly counts: Counts
}

/** One run from one seed: the same seed, the same run. */
export function runSeed(seed: number, verifiers: number, options: RunOptions = {}): RunResult {
  const scenario = drawScenario(seed, verifiers, options.scenario, options.handoverHeights ?? null)
  const world = new World(scenario, options.machine ?? realMachine, options.sink ?? null)
  world.trace(() => JSON.stringify(scenario))
  const nodes = populate(world)
  const heads = (): number[] => nodes.map((node) => node.head.height)
  world.run(scenario.faultsEndMs, () => false)
  for (const node of nodes) node.setClock(scenario.skewMs[node.index] ?? 0)
  const highestHead = (): number => Math.max(...heads())
  const wanted = highestHead() + PROGRESS_BLOCKS
  const chances = new Chances(world, highestHead)
  if (world.isBeyondTheory) world.run(scenario.faultsEndMs + FORK_SLOTS * scenario.slotMs, () => false)
  else {
    const most = candidatesComeInTime(scenario) ? PROGRESS_CHANCES : SKEWED_PROGRESS_CHANCES
    world.run(Number.POSITIVE_INFINITY, () => chances.areOver(most) || nodes.every((node) => node.head.height >= wanted))
    if (world.failure === null && nodes.some((node) => node.head.height < wanted))
      world.fail('progress', `after ${most} chances since the last fault the heads are ${heads().join(',')}, wanted ${wanted}`)
    checkAgreement(world, nodes)
  }
  exchange(world, nodes)
  if (scenario.name === 'calm' && candidatesComeInTime(scenario)) for (const node of nodes) checkCalm(world, node.chain)
  checkEvidence(world)
  return {
    scenario,
    failure: world.failure,
    forked: world.fork !== null,
    named: world.named.size,
    slots: Math.ceil(world.nowMs / scenario.slotMs),
    blocks: highestHead(),
    recoveryChances: chances.count(),
    counts: world.counts,
  }
}

/** Whether clocks and delays leave room for every candidate to reach everybody before the choice. */
export function candidatesComeInTime({ skewMs, choiceMs }: Scenario): boolean {
  const apartMs = Math.max(...skewMs) - Math.min(...skewMs)
  return apartMs + MOST_WORK_MS + CALM_DELAY_MS.high <= choiceMs
}

/** Each pair of nodes that run compares what it has on public record; then all that was equivocated there is known. */
function exchange(world: World, nodes: readonly HonestNode[]): void {
  // Where two blocks were sealed, they reach somebody.
  if (world.fork !== null) world.runOn(world.nowMs + world.scenario.slotMs)
  if (world.failure !== null) return
  const { split } = world
  const shown = nodes.filter((node) => node.isUp).flatMap((node) => node.publicRecord.all)
  for (const node of nodes) for (const peer of world.connectedTo(node.index)) node.showAll(peer)
  world.runOn(world.nowMs + 2 * CALM_DELAY_MS.high)
  checkNamed(world, shown, split)
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
  for (const { node, atMs, downMs } of scenario.staleRestores)
    world.after(atMs, () => nodeAt(world, node)?.crashAndRestore(downMs, world.random))
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
      if (world.committed.get(block.height) !== block.hash)
        world.fail('agreement', `n${node.index} holds another block at height ${block.height}`)
  }
}
