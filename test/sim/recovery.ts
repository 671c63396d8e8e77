import { type Branch, branchThatGoesOn, recoveredSigningId } from '../../src/consensus/fork.ts'
import type { Hash } from '../../src/wire/types.ts'
import type { MachineNode } from './node.ts'
import { aboveTwoThirds, sumOf } from './pairs.ts'
import { offenceName } from './public-record.ts'
import type { Scenario } from './scenario.ts'
import { type Sealed, World } from './world.ts'

/** How long faults go on after the operators have recovered. */
const FAULTY_SLOTS = 8

/** What everybody honest goes on with after a fork. */
export interface Recovery {
  readonly world: World
  /** Gives the nodes of that world what those of the world before had on disk. */
  load(nodes: readonly MachineNode[]): void
}

/**
 * recovery.md X4 to X11, as if each operator ran `quorate recover` on what his node holds: the branch with the higher burn, without
 * those whom its evidence names. Null if too many of the faulty are not named, or too few are left, for anything to be promised. It is an error if
 * two of the honest choose differently.
 * @param fewest members with weight for which anything is promised
 */
export function recoveryOf(before: World, nodes: readonly MachineNode[], fewest: number): Recovery | null {
  const { scenario } = before
  const height = lowestSplit(nodes)
  if (height === null || scenario.handoverHeights !== null) return null
  const choices = nodes.map((node) => {
    const branch = branchOf(node, nodes, height)
    const offenders = scenario.stakes.flatMap((_, member) =>
      node.publicRecord.held.has(offenceName(member, height, 'double-seal')) ? [member] : [],
    )
    return { branch, offenders, text: `${branch.first} up to ${branch.head.height} without ${offenders.join()}` }
  })
  const [choice] = choices
  const other = choices.findIndex(({ text }) => text !== choice?.text)
  if (choice === undefined || other >= 0) {
    before.fail('recovery', `n${nodes[other]?.index} goes on with ${choices[other]?.text}, n${nodes[0]?.index} with ${choice?.text}`)
    return null
  }
  const { branch, offenders } = choice
  const stakes = scenario.stakes.map((stake, member) => (offenders.includes(member) ? 0 : stake))
  const total = sumOf(stakes)
  const stillFaulty = stakes.filter((_, member) => before.isFaulty(member) || scenario.silent[member] === true)
  const isTooFew = stakes.filter((stake) => stake > 0).length < fewest
  if (isTooFew || sumOf(stillFaulty) > total - aboveTwoThirds(total)) return null
  const faultsEndMs = before.nowMs + FAULTY_SLOTS * scenario.slotMs
  const later: Scenario = {
    ...scenario,
    name: 'mixed',
    stakes,
    faultsEndMs,
    ...{ copies: [], partitions: [], staleRestores: [], wildClocks: [] },
  }
  const signingId = recoveredSigningId(before.genesis.hash, branch.head.hash)
  const world = new World(later, before.machine, before.sink, { fromHeight: branch.head.height + 1, signingId })
  world.nowMs = before.nowMs
  for (const { block } of branch.chain) {
    world.blocks.set(block.hash, block)
    world.committed.set(block.height, block.hash)
  }
  return {
    world,
    load(loaded) {
      for (const node of loaded) {
        node.disk.chain.push(...branch.chain)
        const own = nodes.find(({ identity }) => identity === node.identity)
        if (own !== undefined) node.disk.record = own.disk.record
      }
    },
  }
}

interface SealedBranch extends Branch {
  readonly chain: readonly Sealed[]
}

/** The branch that goes on, of all that peers can show. */
function branchOf(node: MachineNode, nodes: readonly MachineNode[], height: number): SealedBranch {
  const byHead = new Map<Hash, SealedBranch>()
  for (const { chain } of [node, ...nodes]) {
    const [first, last] = [chain[height - 1]?.block.hash, chain.at(-1)?.block.hash]
    if (first === undefined || last === undefined) continue
    const burnedMicroHours = sumOf(chain.map(({ block }) => Number.parseInt(block.hash.slice(0, 4), 16)))
    byHead.set(last, { first, chain, burnedMicroHours, head: { height: chain.length, hash: last } })
  }
  return branchThatGoesOn([...byHead.keys()].sort().flatMap((head) => byHead.get(head) ?? []))
}

/** The lowest height at which two of them have two blocks. */
function lowestSplit(nodes: readonly MachineNode[]): number | null {
  const most = Math.max(...nodes.map(({ chain }) => chain.length))
  for (let height = 1; height <= most; height++)
    if (new Set(nodes.flatMap(({ chain }) => chain[height - 1]?.block.hash ?? [])).size > 1) return height
  return null
}
