import { Witness } from '../../src/consensus/witness.ts'
import type { CandidateStatement, Certificate, Evidence, Hash, SignedStatement, Statement } from '../../src/wire/types.ts'
import { keyOf } from './register.ts'

/** A verifier's key, whatever quorum it is in. */
const blsKeyOf = (node: number): string => node.toString(16).padStart(96, '0')
export const nodeOfKey = (key: string): number => Number.parseInt(key, 16)
/** Nobody looks at signatures here: the register says who signed. */
const SIGNATURE = '00'.repeat(96)

interface World {
  /** Who it is that signed a statement as that member. */
  nodeOf(signer: number, statement: Pick<Statement, 'height'>): number
  noteEvidence(by: number, evidence: Evidence): void
}

/**
 * What a node has seen signed, held against each other in memory: it ends with the process. What was shown to everybody (tallies,
 * candidates) it shows to peers who do not have it.
 */
export class PublicRecord {
  private readonly world: World
  private readonly index: number
  private witness = new Witness()
  private readonly shown = new Map<string, readonly Certificate[]>()
  /** Blocks, by whose candidate of which slot. */
  private readonly proposed = new Map<string, Set<Hash>>()

  constructor(world: World, index: number) {
    this.world = world
    this.index = index
  }

  forget(): void {
    this.witness = new Witness()
    this.shown.clear()
    this.proposed.clear()
  }

  /** Takes note of what these members signed. */
  note(signers: readonly number[], statement: Statement): void {
    const keys = signers.map((signer) => blsKeyOf(this.world.nodeOf(signer, statement))).sort()
    const signed: SignedStatement = { statement, keys, signature: SIGNATURE }
    for (const evidence of this.witness.note(signed)) this.world.noteEvidence(this.index, evidence)
  }

  /** Keeps what was shown to everybody; false if it is here. */
  keep(certificates: readonly Certificate[]): boolean {
    const name = nameOf(certificates)
    if (this.shown.has(name)) return false
    this.shown.set(name, certificates)
    return true
  }

  /** Of two blocks of a maker in a slot everybody hears; of more nobody needs to. */
  isNews({ height, slot, block }: CandidateStatement, maker: number): boolean {
    const place = `${height} ${slot} ${maker}`
    const blocks = this.proposed.get(place) ?? new Set()
    this.proposed.set(place, blocks)
    if (blocks.size < 2) blocks.add(block)
    return blocks.has(block)
  }

  settle(headHeight: number): void {
    this.witness.settle(headHeight)
  }

  get all(): readonly (readonly Certificate[])[] {
    return [...this.shown.values()]
  }

  /** What a peer has to be shown. */
  missingAt(peer: PublicRecord): readonly (readonly Certificate[])[] {
    return [...this.shown].filter(([name]) => !peer.shown.has(name)).map(([, certificates]) => certificates)
  }
}

const names = new WeakMap<readonly Certificate[], string>()

/** What is shown goes from node to node as it is. */
function nameOf(certificates: readonly Certificate[]): string {
  const known = names.get(certificates)
  if (known !== undefined) return known
  const name = certificates.map(({ statement, aggregate }) => `${keyOf(statement)} by ${aggregate.signers.join()}`).join('; ')
  names.set(certificates, name)
  return name
}
