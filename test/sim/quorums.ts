import { utf8 } from '../../src/base/bytes.ts'
import { invariant } from '../../src/base/errors.ts'
import type { Members } from '../../src/consensus/types.ts'
import { sha256Hex } from '../../src/crypto/sha256.ts'
import type { Hash } from '../../src/wire/types.ts'
import { aboveTwoThirds, sumOf } from './pairs.ts'
import { Random } from './random.ts'
import { drawStakes, fewestMembers, isBeyondTheory, type Scenario } from './scenario.ts'

/** Whoever signs at some heights. Statements and certificates name a member by its place here. */
export interface SimQuorum {
  readonly hash: Hash
  /** Number of the epoch whose seed its tickets are drawn under. */
  readonly epoch: number
  /** The node of each member. */
  readonly nodes: readonly number[]
  readonly stakes: readonly number[]
  /** Stake that makes a certificate. */
  readonly enough: number
}

/** Far beyond the blocks of a run: a quorum above it is asked for by mistake. */
const MOST_HANDOVERS = 10_000

/** The quorums of a run, by height. What the chain elects is drawn from the seed; no node may look above the height after its head. */
export class Quorums {
  private readonly scenario: Scenario
  private readonly random: Random
  private readonly drawn: SimQuorum[]
  private readonly ids: readonly string[]

  constructor(scenario: Scenario) {
    const { seed, verifiers, stakes, handoverHeights } = scenario
    this.scenario = scenario
    this.random = new Random(seed, 3000 + verifiers)
    this.ids = stakes.map((_, node) => sha256Hex(utf8(`id ${seed} ${node}`)).slice(0, 40))
    const everybody = stakes.map((_, node) => node)
    this.drawn = [handoverHeights === null ? this.quorumOf(0, everybody, stakes) : this.elect(0)]
  }

  get change(): boolean {
    return this.scenario.handoverHeights !== null
  }

  at(height: number): SimQuorum {
    const { handoverHeights } = this.scenario
    const place = handoverHeights === null ? 0 : Math.floor(Math.max(0, height - 1) / handoverHeights)
    invariant(place < MOST_HANDOVERS, `nobody may know the quorum of height ${height}`)
    let found = this.drawn[place]
    while (found === undefined) {
      this.drawn.push(this.handOver(this.drawn[this.drawn.length - 1]))
      found = this.drawn[place]
    }
    return found
  }

  /** Null if the node is no member at that height. */
  indexOf(node: number, height: number): number | null {
    const index = this.at(height).nodes.indexOf(node)
    return index < 0 ? null : index
  }

  stakeOfNode(node: number, height: number): number {
    const index = this.indexOf(node, height)
    return index === null ? 0 : (this.at(height).stakes[index] ?? 0)
  }

  idOf(node: number): string {
    return this.ids[node] ?? ''
  }

  /** A quorum as that node's machine needs it. */
  membersFor(node: number, height: number): Members {
    const { hash, epoch, nodes, stakes } = this.at(height)
    const ids = nodes.map((member) => this.idOf(member))
    return { quorum: hash, epochSeed: `epoch ${epoch}`, self: this.indexOf(node, height), stakeDroplets: stakes, ids }
  }

  // Elections

  private quorumOf(epoch: number, nodes: readonly number[], stakes: readonly number[]): SimQuorum {
    const hash = sha256Hex(utf8(`quorum ${this.scenario.seed} ${nodes.join()} ${stakes.join()}`))
    return { hash, epoch, nodes, stakes, enough: aboveTwoThirds(sumOf(stakes)) }
  }

  /** Mostly other members; or the same are elected again, or one of them loses its weight before the epoch ends. */
  private handOver(before: SimQuorum | undefined): SimQuorum {
    invariant(before !== undefined, 'the first quorum is drawn at the beginning')
    const { random } = this
    const { epoch, nodes, stakes } = before
    switch (random.below(10)) {
      case 0:
        return this.quorumOf(epoch + 1, nodes, stakes)
      case 1:
      case 2: {
        const offender = random.below(nodes.length)
        const rest = stakes.map((stake, member) => (member === offender ? 0 : stake))
        if (this.tooMuch(nodes, rest) === null && this.honestStake(nodes, rest) > 0) return this.quorumOf(epoch, nodes, rest)
        return this.elect(epoch + 1)
      }
      default:
        return this.elect(epoch + 1)
    }
  }

  private elect(epoch: number): SimQuorum {
    const { random, scenario } = this
    const { verifiers } = scenario
    const size = random.between(fewestMembers(verifiers), verifiers)
    const nodes = random.shuffled(scenario.stakes.map((_, node) => node)).slice(0, size)
    const stakes = drawStakes(random, size)
    if (random.chance(150_000)) stakes[random.below(size)] = 0
    // In each quorum, not in the pool alone, the faulty hold less than a third.
    for (let place = this.tooMuch(nodes, stakes); place !== null; place = this.tooMuch(nodes, stakes)) {
      nodes.splice(place, 1)
      stakes.splice(place, 1)
    }
    if (this.honestStake(nodes, stakes) > 0) return this.quorumOf(epoch, nodes, stakes)
    const honest = scenario.stakes.flatMap((_, node) => (this.isFaulty(node) ? [] : [node]))
    return this.quorumOf(
      epoch,
      honest,
      honest.map(() => 1_000_000),
    )
  }

  private isFaulty(node: number): boolean {
    return this.scenario.behaviours[node] !== null || this.scenario.silent[node] === true
  }

  private honestStake(nodes: readonly number[], stakes: readonly number[]): number {
    return stakes.reduce((sum, stake, member) => sum + (this.isFaulty(nodes[member] ?? 0) ? 0 : stake), 0)
  }

  /** A member without whom the faulty hold less, where they hold a third; and whoever lost its record counts as faulty. */
  private tooMuch(nodes: readonly number[], stakes: readonly number[]): number | null {
    if (isBeyondTheory(this.scenario.name)) return null
    const total = sumOf(stakes)
    const most = total - aboveTwoThirds(total)
    const fallenBack = [...this.scenario.staleRestores.map(({ node }) => node), ...this.scenario.copies.map(({ of }) => of)]
    const restored = nodes.findIndex((node) => fallenBack.includes(node))
    if (restored >= 0 && (stakes[restored] ?? 0) > most) return restored
    const faulty = nodes.flatMap((node, member) => (this.isFaulty(node) ? [member] : []))
    return sumOf(faulty.map((member) => stakes[member] ?? 0)) > most ? (faulty[0] ?? null) : null
  }
}
