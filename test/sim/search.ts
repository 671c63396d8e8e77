import type { Input } from '../../src/consensus/types.ts'
import {
  conflictAmong,
  HONEST,
  LocalWorld,
  type Move,
  movesOf,
  noPast,
  type Outcome,
  type Past,
  type Phase,
  PROPOSER,
  pastCertificates,
  type Verifier,
} from './exploration.ts'
import type { Machine } from './world.ts'

export interface SearchOptions {
  readonly slots: number
  readonly heights: number
  /** Messages that a verifier takes at most in a phase of a round. */
  readonly messages: number
  /** Restarts of honest verifiers, in all. */
  readonly restarts: number
  /** The search gives up, and says so, at a stage with more states than this. */
  readonly mostStates: number
  readonly machine?: Machine
  readonly onStage?: (stage: string, states: number) => void
}

export interface SearchResult {
  /** States that were visited and checked; those of one stage are all different. */
  readonly states: number
  readonly transitions: number
  /** Different states of one verifier. */
  readonly localStates: number
  readonly isComplete: boolean
  /** States in which somebody has final blocks, by the highest height. */
  readonly finalStates: readonly number[]
  readonly violation: { readonly check: string; readonly steps: readonly string[] } | null
}

/** All three verifiers at a moment, and how they came there. */
interface Place {
  readonly verifiers: readonly Verifier[]
  readonly past: Past
  readonly restarts: number
  readonly from: Place | null
  readonly by: string
}

/** What can happen to one verifier, or to all at once, at one stage of a slot. */
interface Stage {
  readonly name: string
  readonly options: (place: Place) => Iterable<{ readonly by: string; readonly self: number; readonly outcome: Outcome } | Input>
  /** After it, verifiers 1 and 2 may change roles. */
  readonly isSymmetric: boolean
  /** Whether nothing may happen as well. */
  readonly isOptional: boolean
}

/** In each slot, twice: once for the height at its start, once for that after a block became final in it. */
const ROUNDS = 2

/**
 * Every course of a slot, up to the order of what does not depend on each other: votes before the locks that need
 * them, then seals, then final blocks; and of one phase first what 0 does, then 1, then 2. Nobody votes after it has
 * locked or sealed what it could not have voted for before, so no other order signs more.
 */
function stagesOf({ slots, heights, messages, restarts }: SearchOptions, world: LocalWorld): Stage[] {
  const stages: Stage[] = []
  const clock = (kind: 'slot-started' | 'choice-due', slot: number): Stage => ({
    name: `${kind} ${slot}`,
    options: () => [{ kind, slot }],
    isSymmetric: true,
    isOptional: false,
  })
  const take = (place: Place, self: number, move: Move) => ({
    by: `${self} ${move.name}`,
    self,
    outcome: world.take(self, verifierAt(place, self), move),
  })
  const phase = (name: Phase, slot: number, only: readonly number[] = HONEST): void => {
    for (const self of only)
      for (let message = 0; message < messages; message++)
        stages.push({
          name: `slot ${slot}: ${name} ${self}`,
          options: (place) => movesOf(name, place, self, slot, heights).map((move) => take(place, self, move)),
          isSymmetric: self === HONEST.length - 1 && message === messages - 1,
          isOptional: true,
        })
  }
  const restart = (slot: number): void => {
    if (restarts === 0) return
    for (const self of HONEST)
      stages.push({
        name: `slot ${slot}: restart ${self}`,
        options: (place) =>
          place.restarts >= restarts
            ? []
            : [{ by: `${self} restarts`, self, outcome: world.restart(self, verifierAt(place, self), slot, true) }],
        isSymmetric: false,
        isOptional: true,
      })
  }
  for (let slot = 1; slot <= slots; slot++) {
    phase('certificate', slot, [PROPOSER])
    stages.push(clock('slot-started', slot))
    phase('candidate', slot, [PROPOSER])
    stages.push(clock('choice-due', slot))
    for (let round = 0; round < ROUNDS; round++) {
      phase('vote', slot)
      if (round === 0) restart(slot)
      phase('lock', slot)
      if (round === 0) restart(slot)
      phase('seal', slot)
      // At the very end nothing can follow a commit, and seals of two blocks have been looked for already.
      if (slot < slots || round < ROUNDS - 1) phase('commit', slot)
    }
  }
  return stages
}

function verifierAt(place: Place, self: number): Verifier {
  const verifier = place.verifiers[self]
  if (verifier === undefined) throw new RangeError(`no verifier ${self}`)
  return verifier
}

/** Stage by stage, every state that can be reached, each once. */
export function search(options: SearchOptions): SearchResult {
  const world = new LocalWorld(options.machine)
  let places: Place[] = [{ verifiers: HONEST.map((self) => world.start(self)), past: noPast, restarts: 0, from: null, by: 'start' }]
  let states = 1
  let transitions = 0
  const finalStates: number[] = Array.from({ length: options.heights + 1 }, () => 0)
  const result = (isComplete: boolean, violated: Place | null, check: string): SearchResult => ({
    states,
    transitions,
    localStates: world.localStates,
    isComplete,
    finalStates,
    violation: violated === null ? null : { check, steps: stepsTo(violated) },
  })
  for (const stage of stagesOf(options, world)) {
    const reached = new Map<string, Place>()
    const add = (place: Place): boolean => {
      const key = placeKey(place, stage.isSymmetric)
      if (reached.has(key)) return false
      reached.set(key, place)
      return true
    }
    for (const place of places) {
      if (stage.isOptional) add(place)
      for (const option of stage.options(place)) {
        transitions++
        const [after, violation] = 'outcome' in option ? one(place, option) : everybody(world, place, option)
        if (after === place && violation === null) continue
        if (violation !== null) return result(false, after, violation)
        if (!add(after)) continue
        const conflict = conflictAmong(after.verifiers, options.heights)
        if (conflict !== null) return result(false, after, conflict)
        states++
        const height = Math.max(...after.verifiers.map(({ state }) => state.head.height))
        finalStates[height] = (finalStates[height] ?? 0) + 1
      }
      if (reached.size > options.mostStates) return result(false, null, '')
    }
    places = [...reached.values()]
    options.onStage?.(stage.name, places.length)
  }
  return result(true, null, '')
}

function one(
  place: Place,
  { by, self, outcome }: { readonly by: string; readonly self: number; readonly outcome: Outcome },
): [Place, string | null] {
  if (outcome.verifier === place.verifiers[self] && outcome.violation === null && !by.endsWith('restarts')) return [place, null]
  const verifiers = place.verifiers.map((verifier, index) => (index === self ? outcome.verifier : verifier))
  return [{ ...place, verifiers, restarts: place.restarts + (by.endsWith('restarts') ? 1 : 0), from: place, by }, outcome.violation]
}

function everybody(world: LocalWorld, place: Place, input: Input): [Place, string | null] {
  const name = input.kind === 'slot-started' || input.kind === 'choice-due' ? `${input.kind} ${input.slot}` : input.kind
  const outcomes = place.verifiers.map((verifier, self) => world.take(self, verifier, { name, inputs: [input] }))
  const violation = outcomes.find((outcome) => outcome.violation !== null)?.violation ?? null
  const past = input.kind === 'slot-started' ? pastCertificates(place) : place.past
  return [{ ...place, verifiers: outcomes.map(({ verifier }) => verifier), past, from: place, by: name }, violation]
}

function placeKey({ verifiers, past, restarts }: Place, isSymmetric: boolean): string {
  const [first, second, third] = verifiers.map(({ id }) => id)
  const swaps = isSymmetric && second !== undefined && third !== undefined && third < second
  return `${first} ${swaps ? third : second} ${swaps ? second : third} ${restarts} ${past.id}`
}

function stepsTo(place: Place): string[] {
  const steps: string[] = []
  for (let at: Place | null = place; at !== null; at = at.from) steps.unshift(at.by)
  return steps
}
