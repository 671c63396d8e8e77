import { Witness } from '../../src/consensus/witness.ts'
import type { OffenceKind } from '../../src/wire/evidence.ts'
import type { CandidateStatement, Certificate, Evidence, Hash, SignedStatement, Statement } from '../../src/wire/types.ts'
import { keyOf } from './register.ts'

/** A verifier's key, whatever quorum it is in. */
const blsKeyOf = (node: number): string => node.toString(16).padStart(96, '0')
export const nodeOfKey = (key: string): number => Number.parseInt(key, 16)
/** Nobody looks at signatures here: the register says who signed. */
const SIGNATURE = '00'.repeat(96)

/** What holds statements against each other; a test may hand in one that is broken. */
export type Watcher = Pick<Witness, 'note' | 'settle'>

/** What evidence proves: of whom, by node. */
export interface Proven {
  readonly kind: OffenceKind
  readonly height: number
  readonly nodes: readonly number[]
}

export type ExchangeMessage =
  /** From who found it, to everybody. */
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  /** Names of all that a peer may need. */
  | { readonly kind: 'inventory'; readonly from: number; readonly names: readonly string[] }
  /** Names of what is missing. */
  | { readonly kind: 'wanted'; readonly from: number; readonly names: readonly string[] }

type Shown = { readonly kind: 'tally'; readonly certificates: readonly Certificate[] } | Extract<ExchangeMessage, { kind: 'evidence' }>

interface World {
  readonly machine: { readonly witness?: () => Watcher }
  /** Who it is that signed a statement as that member. */
  nodeOf(signer: number, statement: Pick<Statement, 'height'>): number
  /** Null for evidence that proves nothing: a statement that somebody in it did not sign, or a pair that anybody may sign. */
  judge(evidence: Evidence): Proven | null
  noteEvidence(by: number, evidence: Evidence, proven: Proven): void
  isEnough(signers: readonly number[], statement: Pick<Statement, 'height'>): boolean
  /** Whether the stake behind each of its two seals is enough for a block. */
  provesFork(evidence: Evidence, proven: Proven): boolean
  send(from: number, to: number, message: ExchangeMessage | Shown): void
  broadcast(from: number, message: ExchangeMessage): void
}

export const offenceName = (node: number, height: number, kind: OffenceKind): string => `${node} ${height} ${kind}`

/**
 * What a node has seen signed, held against each other in memory: that ends with the process, the evidence does not. What was shown
 * to everybody (tallies, evidence) it offers to peers.
 */
export class PublicRecord {
  /** Offences that its own witness found, and all of which it has evidence. */
  readonly found = new Set<string>()
  readonly held = new Set<string>()
  /** It holds what proves that two blocks were sealed at a height (recovery.md X1). */
  provesFork = false
  private readonly world: World
  private readonly index: number
  private witness: Watcher
  private readonly tallies = new Map<string, Shown>()
  private readonly evidence = new Map<string, Shown>()
  private noted = new WeakSet<readonly number[]>()
  /** Blocks, by whose candidate of which slot. */
  private readonly proposed = new Map<string, Set<Hash>>()

  constructor(world: World, index: number) {
    this.world = world
    this.index = index
    this.witness = this.freshWitness()
  }

  private freshWitness(): Watcher {
    return this.world.machine.witness?.() ?? new Witness()
  }

  forget(): void {
    this.witness = this.freshWitness()
    this.noted = new WeakSet()
    this.tallies.clear()
    this.proposed.clear()
  }

  /** Takes note of what these members signed; false if it did so before. */
  note(signers: readonly number[], statement: Statement): boolean {
    if (this.noted.has(signers)) return false
    this.noted.add(signers)
    const { world, index } = this
    const signed: SignedStatement = { statement, keys: keysOf(world, signers, statement), signature: SIGNATURE }
    for (const evidence of this.witness.note(signed, world.isEnough(signers, statement))) {
      const proven = world.judge(evidence)
      for (const node of proven?.nodes ?? []) if (proven !== null) this.found.add(offenceName(node, proven.height, proven.kind))
      if (this.holdsMore(evidence, proven)) world.broadcast(index, { kind: 'evidence', evidence })
    }
    return true
  }

  /** Keeps evidence; false if it shows nothing new. */
  private holdsMore(evidence: Evidence, proven: Proven | null): boolean {
    const { world, index, held } = this
    const offences = (proven?.nodes ?? []).map((node) => (proven === null ? '' : offenceName(node, proven.height, proven.kind)))
    // What proves a fork is taken whatever else is known of its offenders.
    const isForkProof = proven !== null && !this.provesFork && world.provesFork(evidence, proven)
    if (proven === null || (offences.every((offence) => held.has(offence)) && !isForkProof)) return false
    world.noteEvidence(index, evidence, proven)
    if (isForkProof) this.provesFork = true
    for (const offence of offences) held.add(offence)
    this.evidence.set(nameOfEvidence(evidence), { kind: 'evidence', evidence })
    return true
  }

  /** Keeps what was shown to everybody; false if it is here. */
  keep(certificates: readonly Certificate[]): boolean {
    const name = nameOf(certificates)
    if (this.tallies.has(name)) return false
    this.tallies.set(name, { kind: 'tally', certificates })
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

  /** Whether this is the first that is here of its maker and slot. */
  isFirst({ height, slot }: CandidateStatement, maker: number): boolean {
    return !this.proposed.has(`${height} ${slot} ${maker}`)
  }

  settle(headHeight: number): void {
    this.witness.settle(headHeight)
  }

  get shown(): readonly (readonly Certificate[])[] {
    return [...this.tallies.values()].flatMap((shown) => (shown.kind === 'tally' ? [shown.certificates] : []))
  }

  // The exchange: inventory first, then what is missing

  offerTo(peer: number): void {
    const names = [...this.evidence.keys(), ...this.tallies.keys()]
    if (names.length > 0) this.world.send(this.index, peer, { kind: 'inventory', from: this.index, names })
  }

  take(message: ExchangeMessage): void {
    const { world, index, tallies, evidence } = this
    switch (message.kind) {
      case 'evidence':
        this.holdsMore(message.evidence, world.judge(message.evidence))
        return
      case 'inventory': {
        const names = message.names.filter((name) => !tallies.has(name) && !evidence.has(name))
        if (names.length > 0) world.send(index, message.from, { kind: 'wanted', from: index, names })
        return
      }
      case 'wanted':
        for (const name of message.names) {
          const shown = evidence.get(name) ?? tallies.get(name)
          if (shown !== undefined) world.send(index, message.from, shown)
        }
    }
  }
}

const keys = new WeakMap<readonly number[], readonly string[]>()

/** Certificates go from node to node as they are, and each is of one height. */
function keysOf(world: World, signers: readonly number[], statement: Statement): readonly string[] {
  const known = keys.get(signers)
  if (known !== undefined) return known
  const found = signers.map((signer) => blsKeyOf(world.nodeOf(signer, statement))).sort()
  keys.set(signers, found)
  return found
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

const namesOfEvidence = new WeakMap<Evidence, string>()

function nameOfEvidence(evidence: Evidence): string {
  const known = namesOfEvidence.get(evidence)
  if (known !== undefined) return known
  const { first, second } = evidence
  const name = [first, second].map(({ statement, keys: by }) => `${keyOf(statement)} by ${by.map(nodeOfKey).join()}`).join(' against ')
  namesOfEvidence.set(evidence, name)
  return name
}
