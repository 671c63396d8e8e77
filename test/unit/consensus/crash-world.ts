import { decodeSlot, encodeSlot, newestSlot, positionOf } from '../../../src/adapters/store/guard-slots.ts'
import { offenceOf } from '../../../src/consensus/evidence.ts'
import { emptyRecord, type GuardRecord, guardRecord, type KnownSignatures } from '../../../src/consensus/guard.ts'
import * as machine from '../../../src/consensus/machine.ts'
import type { BlockRef, Effect, Input, Members, State, Step } from '../../../src/consensus/types.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import type { Certificate, Hash, LockStatement, SignRequest, Statement, VoteStatement } from '../../../src/wire/types.ts'

export interface Machine {
  readonly initialState: typeof machine.initialState
  step(state: State, input: Input): Step
}
export const realMachine: Machine = machine

/** What the disk and the start after a crash are like. */
export interface DiskModel {
  /** A write is on disk when it is reported; if not, a crash at any later time may still lose the last one. */
  readonly isDurable: boolean
  /** What a start takes a guard for that it cannot read; the real one refuses. */
  readonly unreadable: 'refused' | 'new'
  /** The two places in the file take turns; if not, each record goes over the one before. */
  readonly takesTurns: boolean
}
export const realDisk: DiskModel = { isDurable: true, unreadable: 'refused', takesTurns: true }

export const hashOf = (name: string): Hash => Buffer.from(name).toString('hex').padEnd(64, '0')
const SIGNATURE = '5a'.repeat(96)
/** Whoever else proposes comes before this node. */
const LATE_TICKET = 'f0'.repeat(32)
const ids = Array.from({ length: 7 }, (_, index) => `${index}`.repeat(40))

/** Seven with the same stake; this node is another index in the quorum of height 6, is in none of height 7, and comes back at height 8. */
function membersAt(height: number): Members {
  const era = height <= 5 ? 0 : height - 5
  const self = [0, 4, null, 2][Math.min(era, 3)] ?? null
  return { quorum: hashOf(`quorum ${era}`), epochSeed: hashOf(`seed ${era}`), self, stakeDroplets: ids.map(() => 1), ids }
}

/** Enough of a place in the guard's file for these records; the rest of it is never written. */
const PLACE_BYTES = 2048
type Guard = readonly [Uint8Array, Uint8Array]

/** What survives a crash: the two places of the guard's file, bodies that its locks and seals are for, and the chain's head. */
export interface Disk {
  readonly guard: Guard
  readonly bodies: readonly BlockRef[]
  readonly head: BlockRef
}

const firstHead: BlockRef = { hash: hashOf('head 4'), height: 4, slot: 2, parent: hashOf('head 3') }

export function newDisk(): Disk {
  const place = (sequence: number): Uint8Array => written(new Uint8Array(PLACE_BYTES), encodeSlot({ sequence, record: new Uint8Array() }))
  return { guard: [place(2), place(3)], bodies: [], head: firstHead }
}

function written(place: Uint8Array, bytes: Uint8Array, from = 0): Uint8Array {
  const after = place.slice()
  after.set(bytes, from)
  return after
}

export interface Found {
  /** Number of the newest record. */
  readonly sequence: number
  readonly record: GuardRecord
  readonly doubtful: boolean
}
const newestOf = ([even, odd]: Guard) => newestSlot([decodeSlot(even, 0), decodeSlot(odd, 1)])

/** What a start finds; null if it cannot be read. */
export function readGuard(guard: Guard): Found | null {
  const found = newestOf(guard)
  if (found === undefined) return null
  const { record, sequence } = found.newest
  return { sequence, record: record.length === 0 ? emptyRecord : decode(guardRecord, record), doubtful: found.state === 'doubtful' }
}

/** Thrown where the script's process ends; `disks` is all that may be found then. */
export class Crash {
  readonly disks: readonly Disk[]
  /** Cuts of the write that was under way: bytes of it that are on disk. */
  readonly cuts: number
  constructor(disks: readonly Disk[], cuts: number) {
    this.disks = disks
    this.cuts = cuts
  }
}

/** The first pair that is evidence against whoever made both; null if there is none. */
export function conflictIn(statements: readonly Statement[]): string | null {
  for (const [place, second] of statements.entries())
    for (const first of statements.slice(0, place)) {
      const offence = offenceOf(first, second)
      if (offence !== null) return `${offence}: ${JSON.stringify([first, second])}`
    }
  return null
}

export interface LifeOptions {
  readonly machine: Machine
  readonly disk: Disk
  readonly diskModel: DiskModel
  /** Signatures given in this life and all before. */
  readonly sent: readonly Statement[]
  /** Which life it is: what it builds differs from what another life has built. */
  readonly life: number
  /** The boundary at which the process ends; boundaries are counted from 0. */
  readonly crashAt?: number
}

/** A process of the verifier: the machine, and a runner that carries out its effects in order, from what is on disk. */
export class Life {
  state: State
  disk: Disk
  sent: readonly Statement[]
  /** Boundaries passed: before each effect, within each write, after the last effect of a step. */
  boundaries = 0
  readonly options: LifeOptions
  /** The disk before a write that may not have reached it. */
  #before: Disk | null = null
  #nextId = 1
  #sequence: number

  /** @param from another one to be the same as, which stays as it is */
  constructor(options: LifeOptions, from?: Life) {
    this.options = options
    this.disk = from?.disk ?? options.disk
    this.sent = from?.sent ?? options.sent
    if (from !== undefined) {
      this.state = from.state
      this.#sequence = from.#sequence
      return
    }
    const found = openGuard(options)
    this.state = bootState(options, found)
    this.#sequence = found.sequence
  }

  /** What a start does first: blocks that were kept, the slot of the clock, and what peers tell. */
  begin(slot: number, known: KnownSignatures = { slot: null, lock: null, seal: null }): void {
    for (const block of this.disk.bodies) this.feed({ kind: 'block-known', block })
    this.feed({ kind: 'slot-started', slot })
    this.feed({ kind: 'own-signatures-known', known })
  }

  feed(first: Input): void {
    const results: Input[] = []
    for (let input: Input | undefined = first; input !== undefined; input = results.shift()) {
      const { state, effects } = this.options.machine.step(this.state, input)
      this.state = state
      for (const effect of effects) {
        this.#boundary()
        results.push(...this.#carryOut(effect))
      }
      this.#boundary()
    }
  }

  /** Asks as that member does. */
  ask(from: number, request: SignRequest): void {
    this.feed({ kind: 'request', id: this.#nextId++, from, request })
  }

  #boundary(disks: readonly Disk[] = [this.disk], cuts = 0): void {
    const lost = this.#before === null ? [] : [{ ...this.disk, guard: this.#before.guard }]
    if (this.boundaries++ === this.options.crashAt) throw new Crash([...disks, ...lost], cuts)
  }

  #carryOut(effect: Effect): readonly Input[] {
    switch (effect.kind) {
      case 'persist':
        this.#persist(effect.record, effect.block)
        return []
      case 'draw-ticket':
        return [{ ...effect, kind: 'ticket-drawn', ticket: LATE_TICKET, selected: true }]
      case 'build': {
        const name = `own ${effect.height} ${effect.slot} ${this.options.life}`
        const block = { hash: hashOf(name), height: effect.height, slot: effect.slot, parent: this.state.head.hash }
        return [{ kind: 'block-built', slot: effect.slot, block }]
      }
      case 'propose':
        this.sent = [...this.sent, effect.statement]
        return []
      case 'ask': {
        const { self } = this.state.members
        return self === null ? [] : [{ kind: 'request', id: 0, from: self, request: effect.request }]
      }
      case 'sign': {
        this.sent = [...this.sent, effect.statement]
        const { self } = this.state.members
        return effect.id !== 0 || self === null
          ? []
          : [{ kind: 'signature', from: self, statement: effect.statement, signature: SIGNATURE }]
      }
      case 'commit': {
        const block = this.state.blocks.find(({ hash }) => hash === effect.block)
        if (block === undefined) return []
        this.disk = { ...this.disk, head: block }
        return [{ kind: 'head-moved', head: block, headMembers: membersAt(block.height), members: membersAt(block.height + 1) }]
      }
      default:
        return []
    }
  }

  #persist(record: GuardRecord, block: Hash | null): void {
    const body = this.state.blocks.find(({ hash }) => hash === block)
    if (body !== undefined) {
      this.disk = { ...this.disk, bodies: [...this.disk.bodies, body] }
      this.#boundary()
    }
    const { diskModel, crashAt } = this.options
    const { guard } = this.disk
    const next = this.#sequence + (diskModel.takesTurns ? 1 : 2)
    const bytes = encodeSlot({ sequence: next, record: encode(guardRecord, record) })
    const place = positionOf(next) === 0 ? 0 : 1
    const after = (content: Uint8Array): Guard => (place === 0 ? [content, guard[1]] : [guard[0], content])
    if (this.boundaries === crashAt) {
      // Each prefix of the write, from none of it to all of it; and each suffix, since sectors reach the disk in any order.
      const prefixes = Array.from({ length: bytes.length + 1 }, (_, count) => after(written(guard[place], bytes.subarray(0, count))))
      const suffixes = Array.from({ length: bytes.length }, (_, from) => after(written(guard[place], bytes.subarray(from), from)))
      const found = [...prefixes, ...suffixes]
      this.#boundary(
        distinct(found).map((one) => ({ ...this.disk, guard: one })),
        found.length,
      )
    }
    this.boundaries++
    if (!diskModel.isDurable) this.#before = this.disk
    this.disk = { ...this.disk, guard: after(written(guard[place], bytes)) }
    this.#sequence = next
  }
}

/** Of contents that a start reads the same, one each. */
function distinct(contents: readonly Guard[]): readonly Guard[] {
  const byReading = new Map<string, Guard>()
  for (const content of contents) {
    const found = newestOf(content)
    const key = found === undefined ? 'nothing' : `${found.newest.sequence} ${found.state}`
    if (!byReading.has(key)) byReading.set(key, content)
  }
  return [...byReading.values()]
}

function openGuard({ disk, diskModel }: LifeOptions): Found {
  const found = readGuard(disk.guard)
  if (found !== null) return found
  if (diskModel.unreadable === 'refused') throw new Error('the record cannot be read: nothing may start')
  return { sequence: 3, record: emptyRecord, doubtful: false }
}

function bootState({ machine: { initialState }, disk }: LifeOptions, { record, doubtful }: Found): State {
  return initialState({
    config: { leaderRule: 'ticket', aggregate: () => SIGNATURE },
    members: membersAt(disk.head.height + 1),
    head: disk.head,
    headMembers: membersAt(disk.head.height),
    ...{ record, doubtful },
  })
}

/** What honest peers tell of these statements: the newest slot, lock and seal. */
export function knownOf(statements: readonly Statement[]): KnownSignatures {
  let known: KnownSignatures = { slot: null, lock: null, seal: null }
  for (const statement of statements) {
    if (statement.kind === 'seal') {
      if (statement.height > (known.seal?.height ?? -1)) known = { ...known, seal: statement }
      continue
    }
    if (statement.slot > (known.slot ?? -1)) known = { ...known, slot: statement.slot }
    if (statement.kind === 'candidate' && statement.slot > (known.candidateSlot ?? -1)) known = { ...known, candidateSlot: statement.slot }
    if (statement.kind === 'vote' && statement.slot > (known.voteSlot ?? -1)) known = { ...known, voteSlot: statement.slot }
    if (statement.kind === 'lock' && statement.slot > (known.lock?.slot ?? -1)) known = { ...known, lock: statement }
  }
  return known
}

// What a script says in the name of others: certificates of five of seven, whatever anybody has signed.

const signers = [1, 2, 3, 5, 6]
const certify = <S extends VoteStatement | LockStatement>(statement: S): Certificate<S> => ({
  statement,
  aggregate: { signers, signature: SIGNATURE },
})
export const voted = (height: number, block: Hash, slot: number): Certificate<VoteStatement> =>
  certify({ kind: 'vote', height, slot, block, validSlot: null })
export const locked = (height: number, block: Hash, slot: number): Certificate<LockStatement> =>
  certify({ kind: 'lock', height, slot, block })
export const sealOf = { signers, signature: SIGNATURE }
