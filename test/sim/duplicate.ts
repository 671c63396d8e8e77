import { MachineNode } from './node.ts'
import type { Copy } from './scenario.ts'
import type { World } from './world.ts'

/** What came of a second process with an honest verifier's key. */
export interface DuplicateOutcome {
  /** One of the two has fallen silent for good. */
  readonly isNoticed: boolean
  /** Together they signed what nobody honest signs, and somebody has evidence of it. */
  readonly isNamed: boolean
}

/** A copy of the whole directory, or the key alone. */
export function startCopy(world: World, node: MachineNode, { of, isStubborn }: Copy): void {
  const original = world.participants[of]
  if (!isStubborn && original instanceof MachineNode && world.random.below(2) === 0) node.disk.copyFrom(original.disk)
  node.start()
}

export function duplicateOutcome(world: World): DuplicateOutcome | null {
  const copy = world.scenario.copies.find(({ isStubborn }) => !isStubborn)
  if (copy === undefined) return null
  const both = world.placesOf(copy.of).map((place) => world.participants[place])
  const isNoticed = both.some((node) => node instanceof MachineNode && node.state?.silence?.kind === 'duplicate')
  return { isNoticed, isNamed: [...world.named].some((who) => who.startsWith(`${copy.of} `)) }
}
