import type { KnownSignatures } from '../../../src/consensus/guard.ts'
import type { BlockRef } from '../../../src/consensus/types.ts'
import type { Hash, Statement } from '../../../src/wire/types.ts'
import { Play, type Script } from './crash-scripts.ts'
import {
  Crash,
  conflictIn,
  type Disk,
  type DiskModel,
  hashOf,
  knownOf,
  Life,
  type LifeOptions,
  locked,
  type Machine,
  newDisk,
  readGuard,
  sealOf,
  voted,
} from './crash-world.ts'

export interface SearchOptions {
  readonly machine: Machine
  readonly disk: DiskModel
  /** Temptations one after the other. */
  readonly depth: number
}

export interface Found {
  /** Boundaries at which the process was ended, over all scripts. */
  crashPoints: number
  /** Cut writes of the guard that were read. */
  cuts: number
  /** Starts: a crash, what is found on disk after it, the slot of the clock, and what peers tell. */
  starts: number
  /** Inputs that tempted, from states that differ. */
  temptations: number
  /** The first pairs that are evidence. */
  readonly conflicts: string[]
}

/** Enough of them; a mutant has thousands. */
const MAX_CONFLICTS = 3
/** Where the clock is after a crash: set back, the same slot, the next, after a silence. */
const clocks = [-1, 0, 1, 4]
const nothingKnown: KnownSignatures = { slot: null, lock: null, seal: null }

/** Ends the process of each script at each boundary, starts it from all that may be on disk then, and tempts it. */
export function search(scripts: readonly Script[], options: SearchOptions): Found {
  const found: Found = { crashPoints: 0, cuts: 0, starts: 0, temptations: 0, conflicts: [] }
  for (const script of scripts) {
    const whole = play(script, options)
    note(found, script, 'without a crash', whole.sent)
    /** Each guard that was ever on disk, for whoever restores a backup; with what was signed when it was. */
    const backups = new Map<string, Disk>()
    for (let crashAt = 0; crashAt < whole.boundaries; crashAt++) {
      const crashed = play(script, options, crashAt)
      found.crashPoints++
      found.cuts += crashed.cuts
      const tempt = (disk: Disk, known: KnownSignatures, what: string): void => {
        for (const clock of clocks) {
          found.starts++
          const from = { ...options, found, where: `${script.description}, boundary ${crashAt}, ${what}, clock ${clock}`, script }
          startAndTempt(from, disk, crashed.sent, crashed.slot + clock, known)
        }
      }
      for (const disk of crashed.disks) {
        tempt(disk, nothingKnown, 'peers know nothing')
        tempt(disk, knownOf(crashed.sent), 'peers know all')
      }
      for (const [, disk] of backups) tempt(disk, knownOf(crashed.sent), 'an old copy')
      for (const disk of crashed.disks) backups.set(readingOf(disk), disk)
      if (found.conflicts.length >= MAX_CONFLICTS) return found
    }
  }
  return found
}

interface Played {
  readonly boundaries: number
  readonly sent: readonly Statement[]
  readonly slot: number
  readonly disks: readonly Disk[]
  readonly cuts: number
}

function play(script: Script, { machine, disk: diskModel }: SearchOptions, crashAt?: number): Played {
  const options: LifeOptions = { machine, diskModel, disk: newDisk(), sent: [], life: 0, ...(crashAt === undefined ? {} : { crashAt }) }
  const one = new Play(options)
  let crash: Crash | null = null
  try {
    script.play(one)
  } catch (error) {
    if (!(error instanceof Crash)) throw error
    crash = error
  }
  const { boundaries, slot, life } = one
  return { boundaries, slot, sent: life.sent, disks: crash?.disks ?? [life.disk], cuts: crash?.cuts ?? 0 }
}

interface Context extends SearchOptions {
  readonly found: Found
  readonly where: string
  readonly script: Script
}

const readings = new WeakMap<Disk['guard'], string>()
function readingOf({ guard }: Disk): string {
  const { record, doubtful } = readGuard(guard) ?? {}
  const known = readings.get(guard) ?? JSON.stringify([record, doubtful])
  readings.set(guard, known)
  return known
}

/** Lives that were tempted before, for the whole run of a search: by what matters, how deep. */
const tempted = new WeakMap<Found, Map<string, number>>()

/** Starts that were made before, from the same disk, at the same time, with the same past. */
const starts = new WeakMap<Found, Set<string>>()

function startAndTempt(context: Context, disk: Disk, sent: readonly Statement[], slot: number, known: KnownSignatures): void {
  if (readGuard(disk.guard) === null && context.disk.unreadable === 'refused') return
  const started = starts.get(context.found) ?? new Set<string>()
  starts.set(context.found, started)
  const key = JSON.stringify([readingOf(disk), disk.bodies, disk.head, sent, slot, known])
  if (started.has(key)) return
  started.add(key)
  const life = new Life({ machine: context.machine, diskModel: context.disk, disk, sent, life: 100 })
  life.begin(slot, known)
  temptOn(context, life, context.depth)
}

function temptOn(context: Context, life: Life, depth: number): void {
  const { found } = context
  if (found.conflicts.length >= MAX_CONFLICTS || depth === 0) return
  const seen = tempted.get(found) ?? new Map<string, number>()
  tempted.set(found, seen)
  const key = keyOf(life)
  if ((seen.get(key) ?? 0) >= depth) return
  seen.set(key, depth)
  for (const temptation of temptations(life)) {
    const tried = new Life(life.options, life)
    const after = temptation(tried) ?? tried
    found.temptations++
    // What is signed again is not new; only a new signature can contradict one.
    if (after.sent.length > life.sent.length && note(found, context.script, context.where, after.sent)) return
    temptOn(context, after, depth - 1)
  }
}

function keyOf({ state, disk, sent, options }: Life): string {
  const { config: _, members: _members, headMembers: _headMembers, held: _held, ...rest } = state
  const said = [...new Set(sent.map((statement) => JSON.stringify(statement)))].sort()
  return JSON.stringify([rest, readingOf(disk), said, options.life])
}

function note(found: Found, { description }: Script, where: string, sent: readonly Statement[]): boolean {
  const conflict = conflictIn(sent)
  if (conflict !== null && found.conflicts.length < MAX_CONFLICTS) found.conflicts.push(`${description}, ${where}: ${conflict}`)
  return conflict !== null
}

type Temptation = (life: Life) => Life | undefined

/** All that an adversary with certificates of anything can offer now: each block of this height in each way, time, and another crash. */
function temptations({ state, sent }: Life): readonly Temptation[] {
  const { height, head, slot } = state
  if (slot === null) return []
  const named = [hashOf(`A ${height}`), hashOf(`B ${height}`), ...sent.flatMap((one) => (one.height === height ? [one.block] : []))]
  const blocks = [...new Set<Hash>(named)].map((hash): BlockRef => ({ hash, height, slot: 6, parent: head.hash }))
  const offers = blocks.flatMap((block, index): readonly Temptation[] => [
    ...[null, slot - 1, slot - 2].map(
      (justified, way): Temptation =>
        (life) =>
          offerVote(life, block, justified, index + way),
    ),
    (life) => {
      life.feed({ kind: 'block-known', block })
      life.ask(1, { kind: 'lock', certificate: voted(height, block.hash, slot) })
      return undefined
    },
    ...[slot, slot - 1].map(
      (lockSlot): Temptation =>
        (life) => {
          life.feed({ kind: 'block-known', block })
          life.ask(1, { kind: 'seal', certificate: locked(height, block.hash, lockSlot) })
          return undefined
        },
    ),
    (life) => {
      life.feed({ kind: 'block-known', block })
      life.feed({ kind: 'sealed-block', block, seal: sealOf })
      return undefined
    },
  ])
  const ofHead = [head.hash, hashOf(`B ${head.height}`)].map(
    (block): Temptation =>
      (life) => {
        life.ask(1, { kind: 'seal', certificate: locked(head.height, block, slot) })
        return undefined
      },
  )
  const time = [1, 4].map(
    (ahead): Temptation =>
      (life) => {
        life.feed({ kind: 'slot-started', slot: slot + ahead })
        return undefined
      },
  )
  const crash: Temptation = (life) => {
    const next = new Life({ ...life.options, disk: life.disk, sent: life.sent, life: life.options.life + 1 })
    next.begin(slot)
    return next
  }
  return [...offers, ...ofHead, ...time, crash]
}

function offerVote(life: Life, block: BlockRef, justified: number | null, way: number): undefined {
  const { slot, members, candidates } = life.state
  if (slot === null) return
  const makers = members.ids.flatMap((_, index) => (index === members.self ? [] : [index]))
  const maker = makers[way % makers.length] ?? 0
  const justification = justified === null ? null : voted(block.height, block.hash, justified)
  // The newest offer is the best.
  const ticket = (200 - candidates.length).toString(16).padStart(2, '0').repeat(32)
  life.feed({ kind: 'candidate', candidate: { block, slot, maker, ticket, justification } })
  life.feed({ kind: 'choice-due', slot })
  life.ask(maker, { kind: 'vote', statement: { kind: 'vote', height: block.height, slot, block: block.hash, validSlot: justified } })
}
