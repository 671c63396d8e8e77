import { Witness } from '../../src/consensus/witness.ts'
import type { Certificate, Evidence, SignedStatement, Statement } from '../../src/wire/types.ts'
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

  constructor(world: World, index: number) {
    this.world = world
    this.index = index
  }

  forget(): void {
    this.witness = new Witness()
    this.shown.clear()
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

const nameOf = (certificates: readonly Certificate[]): string =>
  certificates.map(({ statement, aggregate }) => `${keyOf(statement)} by ${aggregate.signers.join()}`).join('; ')
