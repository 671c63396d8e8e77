import { usageError } from '../exit.ts'
import type { Behaviour } from './adversaries.ts'

export interface SwarmOptions {
  /** Processes in all: one bootstrap node, `verifiers` verifiers, the rest full nodes. */
  readonly nodes: number
  readonly verifiers: number
  readonly slotMs: number
  /** Most members of the quorum. */
  readonly seats: number
  /** Slots from one handover of the quorum to the next; the last third of them is for the election. */
  readonly epochSlots: number
  /** In each election the holders move coins and name verifiers, so that the quorum changes. */
  readonly elections: boolean
  /** Transfers a second; 0 for none. */
  readonly load: number
  /** How long the load goes on once the swarm is connected; null until it is told to end, or until all is seen of the adversaries. */
  readonly durationS: number | null
  /** Of the load's accounts, amounts and receivers. */
  readonly seed: number
  /** What the last of the verifiers do besides, from the last one down; none unless given. */
  readonly adversaries?: readonly Behaviour[]
  /** Where the nodes' directories and logs are kept; null for a temporary directory that is removed at the end. */
  readonly keep: string | null
}

/** What was asked for on the command line. */
export interface SwarmFlags {
  readonly nodes?: number
  readonly verifiers?: number
  readonly slot: number
  readonly seats?: number
  readonly epoch?: number
  readonly elections?: true
  readonly load: number
  readonly duration?: number
  readonly seed?: number
  readonly adversary?: readonly Behaviour[]
  readonly keep?: string
}

export interface SwarmCommandFlags extends SwarmFlags {
  readonly report?: string
  readonly json?: true
}

/** More processes than any one machine is meant for; a mistyped number ends here, not in a fork bomb. */
export const MAX_NODES = 200
const DEFAULT_VERIFIERS = 7
/** Of the stake, that is more than any number of adversaries less than this part of it can bring down. */
const SAFE_PART = 3
/** Two minutes with slots of a second. */
export const DEFAULT_EPOCH_SLOTS = 120
/** With adversaries: the election that an offence forces takes ten seconds. */
const DEFAULT_WATCHED_EPOCH_SLOTS = 60
/** An election in half a minute with slots of a second. */
const DEFAULT_VOTED_EPOCH_SLOTS = 30
/** Of the verifiers, that have a seat where holders vote: with a seat for each the quorum would stay what it is. */
const VOTED_SEATS_SHARE = 2 / 3
/** A third of it is four slots: slips take one or two after the block that opens the election, and a slot may be lost. */
const MIN_VOTED_EPOCH_SLOTS = 12

/** One node bootstraps; of the others all verify unless fewer are asked for. @throws CliError `usage` */
export function swarmOptions({ slot, load, duration, seed, keep, ...asked }: SwarmFlags): SwarmOptions {
  const elections = asked.elections === true
  const adversaries = asked.adversary ?? []
  const ownEpochSlots = adversaries.length > 0 ? DEFAULT_WATCHED_EPOCH_SLOTS : DEFAULT_EPOCH_SLOTS
  const epochSlots = asked.epoch ?? (elections ? DEFAULT_VOTED_EPOCH_SLOTS : ownEpochSlots)
  const leastVerifiers = adversaries.length * SAFE_PART + 1
  const verifiers = asked.verifiers ?? (asked.nodes === undefined ? Math.max(DEFAULT_VERIFIERS, leastVerifiers) : asked.nodes - 1)
  const nodes = asked.nodes ?? verifiers + 1
  if (verifiers >= nodes) {
    throw usageError(
      `--verifiers ${verifiers} needs --nodes ${verifiers + 1} or more: one node only bootstraps the others and does not verify`,
    )
  }
  if (adversaries.length >= verifiers)
    throw usageError(`${adversaries.length} adversaries of ${verifiers} verifiers leave nobody honest: give --verifiers ${leastVerifiers}`)
  if (elections && epochSlots < MIN_VOTED_EPOCH_SLOTS) {
    throw usageError(
      `--elections needs --epoch ${MIN_VOTED_EPOCH_SLOTS} or more: the last third of it is for the election, and slips take some slots`,
    )
  }
  return {
    ...{ nodes, verifiers, load },
    slotMs: slot,
    seats: asked.seats ?? (elections ? Math.ceil(verifiers * VOTED_SEATS_SHARE) : verifiers),
    ...{ epochSlots, elections, adversaries },
    durationS: duration ?? null,
    seed: seed ?? Math.floor(Math.random() * 2 ** 32),
    keep: keep ?? null,
  }
}
