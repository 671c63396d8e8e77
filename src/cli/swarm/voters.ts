import { invariant, QuorateError } from '../../base/errors.ts'
import type { Genesis } from '../../wire/genesis.ts'
import type { Address, Hash } from '../../wire/types.ts'
import type { Holder } from './layout.ts'
import type { NodeClient } from './node-client.ts'
import { Sender } from './sender.ts'
import { seededRandom } from './statistics.ts'

export interface VotersOptions {
  readonly holders: readonly Holder[]
  readonly genesis: Genesis
  readonly chainId: Hash
  readonly seed: number
  /** The nodes that may be asked now. */
  readonly targets: () => readonly { readonly client: NodeClient | null }[]
  /** Hears what went wrong, in single lines. */
  readonly note: (text: string) => void
}

/** What the holders did in an election. */
export interface Vote {
  readonly number: number
  /** Verifiers that slips name which became final. */
  readonly named: ReadonlySet<Address>
  /** Slips that became final, of as many as there are holders. */
  readonly slips: number
  /** What they weigh together. */
  readonly droplets: number
}

/** Of what a holder has, that it moves at least and at most: what is left over, others may give. */
const LEAST_SHARE = 0.2
const MOST_SHARE = 0.6
/** Apart from the numbers that the load draws. */
const SEED_OFFSET = 1_000_003

/**
 * Holders who decide elections: each moves coins to the next, round in a ring, and signs a slip for them. They agree on whom to
 * elect: verifiers drawn by the seed, other ones than sign now wherever there are others.
 */
export class Voters {
  readonly senders: readonly Sender[]
  /** Always among those whom they elect, while it can be elected. */
  favourite: Address | null = null
  readonly #options: VotersOptions
  readonly #random: () => number
  readonly #votes = new Map<number, Vote>()
  #underWay = 0
  #lastNumber = 0
  #ended = false

  constructor(options: VotersOptions) {
    const { holders, genesis, chainId, targets, seed } = options
    this.#options = options
    this.#random = seededRandom(seed + SEED_OFFSET)
    this.senders = holders.map(({ wallet }) => new Sender({ wallet, genesis, chainId, targets }))
  }

  /** By number of the election. */
  get votes(): ReadonlyMap<number, Vote> {
    return this.#votes
  }

  /** Several nodes tell of an election, and nodes that catch up of old ones: the first time that it can still be voted in counts. */
  opened(number: number, closesSlot: number): void {
    const { timeMs, parameters } = this.#options.genesis
    if (this.#ended || number <= this.#lastNumber || timeMs + closesSlot * parameters.slotMs <= Date.now()) return
    this.#lastNumber = number
    this.#underWay++
    void this.#vote(number, closesSlot).finally(() => this.#underWay--)
  }

  /** They vote in no later election; what they have sent is followed still. */
  end(): void {
    this.#ended = true
  }
  /** What they have sent is final, refused or expired. */
  get isIdle(): boolean {
    return this.#underWay === 0
  }

  async #vote(number: number, closesSlot: number): Promise<void> {
    const { holders, genesis, note } = this.#options
    const { quorumSize, slipChoices } = genesis.parameters
    try {
      const client = this.#client()
      const [quorum, verifiers] = await Promise.all([client.quorum(), client.verifiers()])
      const droplets = await Promise.all(holders.map(async ({ wallet }) => (await client.account(wallet.address)).droplets))
      const elect = chooseQuorum({
        eligible: verifiers.filter(({ obstacle }) => obstacle === null).map(({ address }) => address),
        present: quorum.members.map(({ address }) => address),
        seats: quorumSize,
        favourite: this.favourite,
        random: this.#random,
      })
      const ballots = holders.map((_, index) => {
        const share = LEAST_SHARE + (MOST_SHARE - LEAST_SHARE) * this.#random()
        // All holders' transfers fit into one block.
        const most = Math.floor(quorum.valueLimitDroplets / holders.length)
        return { amountDroplets: Math.min(most, Math.floor((droplets[index] ?? 0) * share)), choices: choicesOf(elect, index, slipChoices) }
      })
      const refusals = await Promise.all(ballots.map((ballot, index) => this.#cast(number, index, ballot, closesSlot - 1)))
      const codes = refusals.flatMap((code) => code ?? [])
      if (codes.length > 0)
        note(`election ${number}: ${codes.length} of ${holders.length} holders' slips came to nothing (${[...new Set(codes)].join(', ')})`)
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      note(`nobody voted in election ${number}: ${error.message} (${error.code})`)
    }
  }

  /** Gives the code of what went wrong; null if the slip is final. */
  async #cast(
    number: number,
    index: number,
    { amountDroplets, choices }: { readonly amountDroplets: number; readonly choices: readonly Address[] },
    expirySlot: number,
  ): Promise<string | null> {
    const { holders } = this.#options
    const to = holders[(index + 1) % holders.length]?.wallet.address
    const sender = this.senders[index]
    invariant(to !== undefined && sender !== undefined, 'each holder has a sender and another holder to send to')
    try {
      await sender.send(
        [
          { kind: 'transfer', to, amountDroplets, microHours: 0 },
          { kind: 'slip', choices },
        ],
        expirySlot,
      )
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
      return error.code
    }
    const { named, slips, droplets } = this.#votes.get(number) ?? { named: new Set<Address>(), slips: 0, droplets: 0 }
    this.#votes.set(number, { number, named: new Set([...named, ...choices]), slips: slips + 1, droplets: droplets + amountDroplets })
    return null
  }

  #client(): NodeClient {
    const clients = this.#options.targets().flatMap(({ client }) => client ?? [])
    const client = clients[Math.floor(this.#random() * clients.length)]
    if (client === undefined) throw new QuorateError('unreachable', 'no node answers')
    return client
  }
}

export interface Choice {
  readonly eligible: readonly Address[]
  /** Who signs now. */
  readonly present: readonly Address[]
  readonly seats: number
  readonly favourite: Address | null
  /** From 0 up to 1. */
  readonly random: () => number
}

/** As many as there are seats, drawn from those who can be elected: not all of them sign now, if there is anybody else. @internal */
export function chooseQuorum({ eligible, present, seats, favourite, random }: Choice): readonly Address[] {
  const left = [...eligible].sort()
  const drawn: Address[] = []
  while (left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1))
  const outsider = drawn.find((address) => !present.includes(address) && address !== favourite)
  const first = [favourite, outsider].flatMap((address) => (address != null && eligible.includes(address) ? address : []))
  return [...new Set([...first, ...drawn])].slice(0, seats)
}

/** What the holder of this number names, ascending: all, or its part of them if a slip cannot name so many. @internal */
export function choicesOf(elect: readonly Address[], holder: number, slipChoices: number): readonly Address[] {
  const from = elect.length <= slipChoices ? 0 : holder * slipChoices
  const round = [...elect, ...elect]
  return round.slice(from % elect.length, (from % elect.length) + Math.min(slipChoices, elect.length)).sort()
}
