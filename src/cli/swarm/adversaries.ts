import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from 'commander'
import { QuorateError } from '../../base/errors.ts'
import type { OffenceKind } from '../../wire/evidence.ts'

/** What a swarm's adversary does besides what an honest node does. The first are offences: two signatures that contradict each other. */
export type Behaviour = OffenceKind | 'hide-lock' | 'withhold' | 'spam'

/** What each does, as a sentence goes on after the node's name. */
const doings: Readonly<Record<Behaviour, string>> = {
  'double-seal': 'seals two blocks at a height',
  'double-vote': 'votes for two blocks in a slot',
  'double-lock': 'locks two blocks in a slot',
  'double-candidate': 'proposes two blocks in a slot',
  amnesia: 'votes against its own lock',
  'hide-lock': 'collects votes and locks when it leads, and shows nobody what they add up to',
  withhold: 'proposes, then does nothing with it, and answers nobody',
  spam: 'floods everybody with what is of no use',
}
const offences: ReadonlySet<Behaviour> = new Set(['double-seal', 'double-vote', 'double-lock', 'double-candidate', 'amnesia'])

export const behaviours = Object.keys(doings) as readonly Behaviour[]
export const isOffence = (behaviour: Behaviour): behaviour is OffenceKind => offences.has(behaviour)

/** One thing that an adversary did: a line of the file that it leaves in its directory. Times in ms since 1970. */
export interface Deed {
  readonly kind: Behaviour
  /** Of an offence, that of both statements. */
  readonly height: number
  readonly slot: number
  /** When it made the first of the two signatures; the same as `atMs` for what is no offence. */
  readonly firstAtMs: number
  readonly atMs: number
}
export const deedsPath = (directory: string): string => join(directory, 'adversary.jsonl')

/** Reads `double-seal=1,spam=2`. */
export function parseAdversaries(text: string, before: readonly Behaviour[] = []): readonly Behaviour[] {
  const found = text.split(',').flatMap((part): readonly Behaviour[] => {
    const [, name = '', count = '1'] = /^([a-z-]+)(?:=(\d{1,3}))?$/.exec(part.trim()) ?? []
    const behaviour = behaviours.find((known) => known === name)
    if (behaviour === undefined || count === '0')
      throw new InvalidArgumentError(`It must be a list such as double-seal=1,spam=2, of ${behaviours.join(', ')}.`)
    return Array.from({ length: Number(count) }, () => behaviour)
  })
  return [...before, ...found]
}

/** Which of the verifiers do what, by name: the last ones, from the last down. */
export const adversaryNames = (behaviours: readonly Behaviour[], verifiers: number): ReadonlyMap<string, Behaviour> =>
  new Map(behaviours.map((behaviour, index) => [`v${verifiers - index}`, behaviour]))

/** Who does what, and what must hold of it; in lines. All verifiers of a swarm have the same stake. */
export function planOf(behaviours: readonly Behaviour[], verifiers: number): readonly string[] {
  if (behaviours.length === 0) return []
  const share = Math.round((1000 * behaviours.length) / verifiers) / 10
  const isLess = behaviours.length * 3 < verifiers
  const offenders = behaviours.filter(isOffence).length
  return [
    ...[...adversaryNames(behaviours, verifiers)].map(
      ([name, behaviour]) => `${name} is an adversary: it ${doings[behaviour]} (${behaviour})`,
    ),
    isLess
      ? `adversaries hold ${share}% of the stake, less than a third: all honest nodes must agree, and blocks must go on`
      : `adversaries hold ${share}% of the stake, a third or more: blocks may stop, and nothing keeps honest nodes from different final blocks but that these adversaries make none`,
    ...(offenders > 0
      ? [`each offence must be proven at every honest node${isLess ? ', punished in a block, and followed by another quorum' : ''}`]
      : []),
  ]
}

/** The program of adversaries: a file of its own, beside the bundle or in the source. @throws QuorateError `adversary-missing` */
export function adversaryProgram(): string {
  const places = ['./adversary.js', '../../adversary/main.ts'].map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const found = places.find((place) => existsSync(place))
  if (found === undefined)
    throw new QuorateError(
      'adversary-missing',
      `${places[0]} is missing: make it with \`npm run bundle\`, or run a swarm without --adversary`,
    )
  return found
}
