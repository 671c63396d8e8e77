import { Adversary, Coalition } from './adversary.ts'
import { Chances } from './chances.ts'
import { checkCalm, checkEvidence, checkNamed } from './checks.ts'
import { type DuplicateOutcome, duplicateOutcome, startCopy } from './duplicate.ts'
import { MachineNode, MOST_DOWN_MS, MOST_WORK_MS } from './node.ts'
import { recoveryOf } from './recovery.ts'
import { CALM_DELAY_MS, drawScenario, offences, runsMachine, type Scenario, type ScenarioName, SLOT_MS } from './scenario.ts'
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
/** Two whose clocks are that far apart may pass each other by for ever. */
const FEWEST_WITH_SKEW = 3
/** How long a run beyond the theory may go on without a fork. */
const FORK_SLOTS = 30
/** How long the halves of a network that was split see each other, before what they know is looked at. */
const HEALED_SLOTS = 3
/** An inventory, what is missing, the records; and what evidence they prove, to everybody. */
const EXCHANGE_MESSAGES = 4
/** How long who goes back to old copies of its disk stays with one. */
const STALE_MS = { low: SLOT_MS, high: 5 * SLOT_MS }
/** So short that it is back in the same slot, most often. */
const STALE_DOWN_MS = { low: 10, high: SLOT_MS / 2 }

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
  /** Two honest nodes have two blocks at a height. */
  readonly split: boolean
  /** They have gone on together after that. */
  readonly recovered: boolean
  /** Adversaries that evidence names, each counted at each height. */
  readonly named: number
  readonly slots: number
  /** Highest honest head. */
  readonly blocks: number
  /** Chances from the last fault until everybody had the blocks that must follow. */
  readonly recoveryChances: number
  readonly counts: Counts
  /**
   * By kind: offences of which honest nodes heard both statements, and of how many each of them has evidence in the end; `any`
   * counts each offender once a height, whatever it did there.
   */
  readonly offences: Readonly<Record<string, { readonly heard: number; readonly found: number }>>
  readonly duplicate: DuplicateOutcome | null
}

/** One run from one seed: the same seed, the same run. */
export function runSeed(seed: number, verifiers: number, options: RunOptions = {}): RunResult {
  const scenario = drawScenario(seed, verifiers, options.scenario, options.handoverHeights ?? null)
  return runScenario(scenario, options.machine, options.sink)
}

export function runScenario(scenario: Scenario, machine: Machine = realMachine, sink: ((line: string) => void) | null = null): RunResult {
  const world = new World(scenario, machine, sink)
  world.trace(() => JSON.stringify(scenario))
  const nodes = populate(world)
  const highestHead = (): number => Math.max(...nodes.map((node) => node.head.height))
  const chances = new Chances(world, highestHead)
  if (scenario.name === 'fork' || scenario.name === 'twin-fork') splitAndHeal(world, nodes)
  else if (world.isBeyondTheory) world.run(scenario.faultsEndMs + FORK_SLOTS * scenario.slotMs, () => false)
  else recover(world, nodes, chances, highestHead)
  exchange(world, nodes)
  if (scenario.name === 'calm' && candidatesComeInTime(scenario)) for (const node of nodes) checkCalm(world, node.chain)
  checkEvidence(world)
  const recovered = world.failure === null && world.split !== null ? goOn(world, nodes) : null
  return {
    scenario,
    failure: world.failure ?? recovered?.failure ?? null,
    recovered: recovered !== null,
    forked: world.fork !== null,
    split: world.split !== null,
    named: world.named.size,
    slots: Math.ceil(world.nowMs / scenario.slotMs),
    blocks: highestHead(),
    recoveryChances: chances.count(),
    counts: world.counts,
    offences: shares(world, nodes),
    duplicate: duplicateOutcome(world),
  }
}

/** After a fork: everybody honest on one branch, without those who made it; then all must hold that holds below a third. */
function goOn(before: World, nodes: readonly MachineNode[]): World | null {
  const fewest = candidatesComeInTime(before.scenario) ? 1 : FEWEST_WITH_SKEW
  const recovery = recoveryOf(before, nodes, fewest)
  if (recovery === null) return null
  const { world } = recovery
  world.trace(() => `all recover above height ${world.recovery?.fromHeight}`)
  const after = populate(world)
  recovery.load(after)
  const highestHead = (): number => Math.max(...after.map((node) => node.head.height))
  recover(world, after, new Chances(world, highestHead), highestHead)
  return world
}

/** Below a third: after the last fault blocks follow, the same for everybody. */
function recover(world: World, nodes: readonly MachineNode[], chances: Chances, highestHead: () => number): void {
  const { scenario } = world
  world.run(scenario.faultsEndMs, () => false)
  for (const node of nodes) node.setClock(scenario.skewMs[node.index] ?? 0)
  const wanted = highestHead() + PROGRESS_BLOCKS
  const most = candidatesComeInTime(scenario) ? PROGRESS_CHANCES : SKEWED_PROGRESS_CHANCES
  world.run(Number.POSITIVE_INFINITY, () => chances.areOver(most) || nodes.every((node) => node.head.height >= wanted))
  if (world.failure === null && nodes.some((node) => node.head.height < wanted)) {
    const heads = nodes.map((node) => node.head.height).join()
    world.fail('progress', `after ${most} chances since the last fault the heads are ${heads}, wanted ${wanted}`)
  }
  checkAgreement(world, nodes)
}

/** Beyond a third, on purpose: two halves, each with all of the adversaries, that see each other again in the end. */
function splitAndHeal(world: World, nodes: readonly MachineNode[]): void {
  const { scenario } = world
  world.runOn(scenario.faultsEndMs)
  for (const node of nodes) node.setClock(scenario.skewMs[node.index] ?? 0)
  world.runOn(scenario.faultsEndMs + HEALED_SLOTS * scenario.slotMs)
}

/** Whether clocks and delays leave room for every candidate to reach everybody before the choice. */
export function candidatesComeInTime({ skewMs, choiceMs }: Scenario): boolean {
  const apartMs = Math.max(...skewMs) - Math.min(...skewMs)
  return apartMs + MOST_WORK_MS + CALM_DELAY_MS.high <= choiceMs
}

/** Each pair of nodes compares what it has on public record; then each of them knows all that was equivocated there. */
function exchange(world: World, nodes: readonly MachineNode[]): void {
  const { faultsEndMs, slotMs } = world.scenario
  // Where two blocks were sealed, they reach somebody; and nobody is down any more.
  if (world.fork !== null) world.runOn(Math.max(world.nowMs, faultsEndMs) + slotMs)
  world.runOn(world.nowMs + MOST_DOWN_MS, () => nodes.every((node) => node.isUp))
  if (world.failure !== null) return
  const { split } = world
  const upTo = Math.min(...nodes.map((node) => node.workingHeight))
  world.trace(() => 'all compare their records')
  for (const node of nodes) for (const peer of world.connectedTo(node.index)) node.publicRecord.offerTo(peer)
  const shown = new Set(nodes.flatMap((node) => node.publicRecord.shown))
  world.runOn(world.nowMs + EXCHANGE_MESSAGES * CALM_DELAY_MS.high)
  checkNamed(world, nodes, shown, upTo, split)
}

function shares(world: World, nodes: readonly MachineNode[]): RunResult['offences'] {
  const counts = Object.fromEntries([...offences, 'any'].map((kind) => [kind, { heard: 0, found: 0 }]))
  const guilty = new Set<string>()
  for (const [offence, kind] of world.heardOffences) {
    const count = counts[kind]
    if (count === undefined) continue
    count.heard++
    if (nodes.every(({ publicRecord }) => publicRecord.held.has(offence))) count.found++
    guilty.add(offence.split(' ', 2).join(' '))
  }
  const isNamed = (who: string, { publicRecord }: MachineNode): boolean => offences.some((kind) => publicRecord.held.has(`${who} ${kind}`))
  const found = [...guilty].filter((who) => nodes.every((node) => isNamed(who, node))).length
  counts.any = { heard: guilty.size, found }
  return counts
}

/** The honest, and all who have a place in the network. */
function populate(world: World): MachineNode[] {
  const { scenario } = world
  const coalition = new Coalition(world)
  const machineAt = (index: number): MachineNode => new MachineNode(world, index)
  const verifiers = scenario.stakes.map((_, member) => {
    if (scenario.silent[member] === true) return null
    const behaviour = scenario.behaviours[member] ?? null
    return behaviour === null || runsMachine(behaviour) ? machineAt(member) : new Adversary(coalition)
  })
  const others = [...Array.from({ length: scenario.observers }), ...scenario.copies].map((_, place) =>
    machineAt(scenario.verifiers + place),
  )
  world.participants = [...verifiers, ...others]
  const machines = world.participants.filter((peer) => peer instanceof MachineNode)
  for (const node of machines) {
    const copy = scenario.copies[node.index - scenario.verifiers - scenario.observers]
    if (copy === undefined) world.after(world.random.below(scenario.slotMs), () => node.start())
    else world.after(copy.startMs, () => startCopy(world, node, copy))
    if (scenario.behaviours[node.identity] === 'stale-backup') goBackNowAndThen(world, node)
  }
  coalition.start()
  for (const { node, atMs, offsetMs } of scenario.wildClocks) world.after(atMs, () => nodeAt(world, node)?.setClock(offsetMs))
  for (const { node, atMs, downMs } of scenario.staleRestores)
    world.after(atMs, () => nodeAt(world, node)?.crashAndRestore(downMs, world.random))
  for (const { toMs } of scenario.partitions)
    world.after(toMs, () => {
      for (const node of machines) for (const peer of world.connectedTo(node.index)) if (peer > node.index) node.meet(peer)
    })
  return machines.filter((node) => node.isHonest)
}

/** On purpose, and without asking what it has signed since. */
function goBackNowAndThen(world: World, node: MachineNode): void {
  world.after(world.random.between(STALE_MS.low, STALE_MS.high), () => {
    node.crashAndRestore(world.random.between(STALE_DOWN_MS.low, STALE_DOWN_MS.high), world.random)
    goBackNowAndThen(world, node)
  })
}

function nodeAt(world: World, index: number): MachineNode | null {
  const found = world.participants[index]
  return found instanceof MachineNode ? found : null
}

/** Everybody honest holds the same block at every height. */
function checkAgreement(world: World, nodes: readonly MachineNode[]): void {
  for (const node of nodes) {
    for (const { block } of node.disk.chain)
      if (world.committed.get(block.height) !== block.hash)
        world.fail('agreement', `n${node.index} holds another block at height ${block.height}`)
  }
}
