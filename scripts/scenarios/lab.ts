import { QuorateError } from '../../src/base/errors.ts'
import type { Member } from '../../src/cli/swarm/member.ts'
import { DEFAULT_EPOCH_SLOTS } from '../../src/cli/swarm/options.ts'
import { faults, type SwarmReport } from '../../src/cli/swarm/report.ts'
import type { Sender } from '../../src/cli/swarm/sender.ts'
import { seededRandom } from '../../src/cli/swarm/statistics.ts'
import { Swarm } from '../../src/cli/swarm/swarm.ts'
import type { Action } from '../../src/wire/types.ts'
import { BUNDLE } from './bundle.ts'

export interface ScenarioOptions {
  readonly verifiers: number
  readonly fullNodes: number
  readonly slotMs: number
  /** Transfers a second. */
  readonly load: number
  /** How long a scenario goes on that has no end of its own. */
  readonly durationS: number
  /** Blocks that a late joiner has to catch up. */
  readonly blocks: number
  /** Kills that a scenario of kills goes on for. */
  readonly kills?: number
  /** Elections that a scenario of elections goes on for; holders vote in each. Left out: the stake elects. */
  readonly elections?: number
  /** Most members of the quorum; left out: all verifiers. */
  readonly seats?: number
  /** Slots from one quorum to the next. */
  readonly epochSlots?: number
  /** Accounts that nobody uses, to make the state larger. */
  readonly ballast?: number
  readonly seed: number
  /** Where directories and logs are kept; null to remove them. */
  readonly keep: string | null
}

export interface Check {
  readonly description: string
  readonly holds: boolean
  /** It says how fast nodes were: on a machine that is too slow for its load it does not hold, whatever they do. */
  readonly isPace: boolean
  /** What was seen. */
  readonly seen: string
}

export interface Outcome {
  readonly scenario: string
  readonly options: ScenarioOptions
  readonly checks: readonly Check[]
  /** What was measured on the way. */
  readonly figures: Readonly<Record<string, number>>
  readonly report: SwarmReport
}

/** What happens to a swarm that runs under load. */
export type Scenario = (lab: Lab) => Promise<void>

/** Limits for what hangs, on a machine that has other things to do. */
const CONNECT_DEADLINE_MS = 120_000
export const STEP_DEADLINE_MS = 180_000
const DRAIN_DEADLINE_MS = 120_000
/** At the end all nodes are within this many blocks of each other. */
const EVEN_BLOCKS = 2
/** Slots that a scenario's own transactions may wait for a block. */
const EXPIRY_SLOTS = 60

/** A running swarm and what was found out about it. */
export class Lab {
  readonly swarm: Swarm
  readonly options: ScenarioOptions
  readonly random: () => number
  readonly figures: Record<string, number> = {}
  readonly #checks: Check[] = []
  readonly #atEnd: ((report: SwarmReport) => void)[] = []
  readonly #say: (text: string) => void

  private constructor(swarm: Swarm, options: ScenarioOptions, say: (text: string) => void) {
    this.swarm = swarm
    this.options = options
    this.random = seededRandom(options.seed)
    this.#say = say
  }

  /** Runs a scenario from an empty directory to the end of all processes. Rejects with QuorateError if a node does not start. */
  static async run(scenario: string, play: Scenario, options: ScenarioOptions, say: (text: string) => void): Promise<Outcome> {
    const { verifiers, fullNodes, slotMs, load, seed, keep, elections, seats = verifiers, epochSlots = DEFAULT_EPOCH_SLOTS } = options
    const { ballast = 0 } = options
    const quorum = { seats, epochSlots, elections: elections !== undefined }
    const size = { nodes: verifiers + fullNodes + 1, verifiers, slotMs, ...quorum, load, seed, keep, durationS: null, ballast }
    const swarm = await Swarm.create({ ...size, program: [BUNDLE], note: (text) => say(`      -   ${text}`) })
    const killNow = (): void => swarm.killNow()
    process.once('exit', killNow)
    try {
      const lab = new Lab(swarm, options, say)
      await swarm.start()
      lab.check('all nodes find each other', await swarm.connected(CONNECT_DEADLINE_MS), lab.heights())
      await swarm.startLoad()
      await play(lab)
      const report = await lab.#end()
      return { scenario, options, checks: lab.#checks, figures: lab.figures, report }
    } finally {
      swarm.killNow()
      process.off('exit', killNow)
    }
  }

  say(text: string): void {
    this.#say(`${((performance.now() - this.swarm.startedAtMs) / 1000).toFixed(1).padStart(6)} s  ${text}`)
  }

  check(description: string, holds: boolean, seen: string, isPace = false): void {
    this.#checks.push({ description, holds, isPace, seen })
    this.say(`${holds ? 'holds  ' : isPace ? 'SLOW   ' : 'FAILED '} ${description}: ${seen}`)
  }
  /** A check of how fast nodes were. */
  checkPace(description: string, holds: boolean, seen: string): void {
    this.check(description, holds, seen, true)
  }

  /** Waits for a condition and records whether it came. */
  async expect(
    description: string,
    condition: () => boolean | Promise<boolean>,
    seen: () => string = () => this.heights(),
    deadlineMs = STEP_DEADLINE_MS,
  ): Promise<void> {
    this.check(description, await this.swarm.until(condition, deadlineMs), seen())
  }

  /** Makes an account's transactions and records whether they became final. */
  async send(description: string, sender: Sender, actions: readonly Action[]): Promise<void> {
    try {
      const heights = await sender.send(actions, this.swarm.slot + EXPIRY_SLOTS)
      this.check(description, true, `final at height ${heights.join(', ')}`)
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      this.check(description, false, `${error.message} (${error.code})`)
    }
  }

  /** Something to check when all nodes have ended. */
  atEnd(look: (report: SwarmReport) => void): void {
    this.#atEnd.push(look)
  }

  /** Waits until a number of slots has passed. */
  async slots(count: number): Promise<void> {
    const end = this.swarm.slot + count
    await this.swarm.until(() => this.swarm.slot >= end, Number.POSITIVE_INFINITY)
  }

  /** So many of the verifiers that are up, or of those given, chosen by the seed. */
  pick(count: number, among: readonly Member[] = this.swarm.verifiers): readonly Member[] {
    const left = among.filter(({ state }) => state === 'up')
    const picked: Member[] = []
    while (picked.length < count && left.length > 0) picked.push(...left.splice(Math.floor(this.random() * left.length), 1))
    return picked
  }

  heights(): string {
    const { tracker, slot, members, load } = this.swarm
    const rows = members
      .filter(({ place }) => place.role !== 'bootstrap')
      .map(({ name, state, height }) => `${name} ${state === 'up' ? height : state}`)
    const { committed, submitted, waiting } = load.counts
    return `height ${tracker.height} in slot ${Math.max(0, slot)} (${rows.join(', ')}), ${committed} of ${submitted} final, ${waiting} waiting`
  }

  async #end(): Promise<SwarmReport> {
    await this.swarm.drain(DRAIN_DEADLINE_MS)
    const seen = this.heights()
    const report = await this.swarm.finish()
    const { submitted, committed, rejected, lost, heights, conflicts, blocks } = report
    this.check('no two nodes hold different blocks', conflicts === 0, `${conflicts} conflicts at ${blocks} heights`)
    this.check(
      'every transaction is final or refused',
      lost === 0,
      `${submitted} submitted, ${committed} final, ${rejected} refused, ${lost} lost`,
    )
    this.check('all nodes are at one height', heights.max - heights.min <= EVEN_BLOCKS, seen)
    const found = faults(report)
    this.check('no node crashed, and no coin is lost', found.length === 0, found.join('; ') || 'all ended when they were told to')
    for (const look of this.#atEnd) look(report)
    return report
  }
}
