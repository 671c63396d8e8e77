import type { SettledElectionView } from '../../api/ledger-types.ts'
import type { Address } from '../../wire/types.ts'
import type { NodeClient } from './node-client.ts'
import type { ElectionReport, SwarmReport } from './report.ts'
import type { Vote } from './voters.ts'

export interface SettledElection extends SettledElectionView {
  readonly cause: 'epoch' | 'forced'
  readonly openedHeight: number
  /** First slot whose block could settle it. */
  readonly closesSlot: number
  readonly settledSlot: number
  /** Others sign from here on than before. */
  readonly changed: boolean
}

/** What blocks did besides moving what their transactions say. */
export interface ChainHistory {
  /** Blocks whose receipts were read. */
  readonly height: number
  /** Slots of these blocks. */
  readonly slots: ReadonlySet<number>
  readonly elections: readonly SettledElection[]
  /** What verifiers and those who delegate to them got: minted, and taken from fees. */
  readonly rewards: { readonly mintedDroplets: number; readonly feesDroplets: number }
  /** Of that, what went to each verifier and not to its delegators. */
  readonly rewardedDroplets: ReadonlyMap<Address, number>
  readonly burnedDroplets: number
  /** Heights sealed by others than those whom the newest election before elected and who were not punished since, or by two thirds of their stake or less. */
  readonly wrongSealHeights: readonly number[]
}

/** Both included. */
export interface SlotRange {
  readonly firstSlot: number
  readonly lastSlot: number
}

const PAGE_BLOCKS = 100
/** Slots without a block that a report names. */
const MAX_MISSING = 1_000

/** What of genesis says who signs first. */
interface Beginning {
  readonly verifiers: readonly { readonly account: Address; readonly stakeDroplets: number }[]
  readonly parameters: { readonly quorumSize: number }
}

/** Members of a quorum with their weights. */
type Seats = ReadonlyMap<Address, number>

/**
 * Reads the receipts of all blocks up to a height from a node that has them from the first.
 * Rejects with QuorateError `unreachable`.
 */
export async function readHistory(client: Pick<NodeClient, 'fullBlocks'>, toHeight: number, genesis: Beginning): Promise<ChainHistory> {
  const slots = new Set<number>()
  const elections: SettledElection[] = []
  const opened = new Map<number, Pick<SettledElection, 'cause' | 'openedHeight' | 'closesSlot'>>()
  const rewardedDroplets = new Map<Address, number>()
  const wrongSealHeights: number[] = []
  let seats = firstSeats(genesis)
  let [height, mintedDroplets, feesDroplets, burnedDroplets] = [0, 0, 0, 0]
  while (height < toHeight) {
    const page = await client.fullBlocks(height + 1, Math.min(PAGE_BLOCKS, toHeight - height))
    if (page.length === 0) break
    for (const { block, receipt, signerAddresses } of page) {
      const { slot } = block.header
      height = block.header.height
      slots.add(slot)
      if (!isSealedBy(seats, signerAddresses)) wrongSealHeights.push(height)
      mintedDroplets += receipt?.mintedDroplets ?? 0
      feesDroplets += receipt?.sharedFeesDroplets ?? 0
      burnedDroplets += receipt?.burnedDroplets ?? 0
      for (const { verifier, makerDroplets, signerDroplets, delegatorsDroplets } of receipt?.rewards ?? []) {
        const droplets = makerDroplets + signerDroplets - delegatorsDroplets
        rewardedDroplets.set(verifier, (rewardedDroplets.get(verifier) ?? 0) + droplets)
      }
      for (const event of receipt?.events ?? []) {
        if (event.kind === 'slashed') seats = withoutWeight(seats, event.verifier)
        if (event.kind === 'election-opened')
          opened.set(event.number, { cause: event.cause, openedHeight: height, closesSlot: event.closesSlot })
        if (event.kind !== 'election-settled') continue
        const { kind: _, ...settled } = event
        const began = opened.get(event.number)
        const elected = settled.by === 'kept' ? seats : new Map(settled.elected.map((one) => [one.verifier, one.stakeDroplets]))
        if (began !== undefined) elections.push({ ...settled, ...began, height, settledSlot: slot, changed: key(elected) !== key(seats) })
        seats = elected
      }
    }
  }
  return {
    ...{ height, slots, elections, rewards: { mintedDroplets, feesDroplets } },
    ...{ rewardedDroplets, burnedDroplets, wrongSealHeights },
  }
}

/** Those with the most stake; a swarm's verifiers all have the same, and then the lower address comes first. */
function firstSeats({ verifiers, parameters }: Beginning): Seats {
  const ranked = verifiers.toSorted((left, right) => right.stakeDroplets - left.stakeDroplets || (left.account < right.account ? -1 : 1))
  return new Map(ranked.slice(0, parameters.quorumSize).map(({ account, stakeDroplets }) => [account, stakeDroplets]))
}

/** Whoever was punished keeps its seat until others are elected, and weighs nothing there; who alone has weight keeps it. */
function withoutWeight(seats: Seats, offender: Address): Seats {
  const isLast = ![...seats].some(([address, weight]) => address !== offender && weight > 0)
  return isLast || !seats.has(offender) ? seats : new Map(seats).set(offender, 0)
}

function isSealedBy(seats: Seats, signers: readonly Address[]): boolean {
  const total = [...seats.values()].reduce((sum, weight) => sum + weight, 0)
  const signed = [...new Set(signers)].reduce((sum, signer) => sum + (seats.get(signer) ?? 0), 0)
  return signed * 3 > total * 2 && signers.every((signer) => (seats.get(signer) ?? 0) > 0)
}

const key = (seats: Seats): string => [...seats.keys()].sort().join()

export function slotsUnderLoad(made: readonly number[], { firstSlot, lastSlot }: SlotRange): SwarmReport['slots'] {
  const slots = new Set(made)
  const missing: number[] = []
  for (let slot = firstSlot; slot <= lastSlot; slot++) if (!slots.has(slot)) missing.push(slot)
  return { underLoad: Math.max(0, lastSlot - firstSlot + 1), withoutBlock: missing.length, missing: missing.slice(0, MAX_MISSING) }
}

/**
 * Slots without a block around a handover: from the last one before the new quorum was due to the second one after the block that
 * brought it. Null unless there was load all the time.
 * @internal
 */
export function slotsLost(
  { closesSlot, settledSlot }: Pick<SettledElection, 'closesSlot' | 'settledSlot'>,
  slots: ReadonlySet<number>,
  load: SlotRange,
): number | null {
  const [from, to] = [closesSlot - 1, settledSlot + 2]
  if (from < load.firstSlot || to > load.lastSlot) return null
  let lost = 0
  for (let slot = from; slot <= to; slot++) if (!slots.has(slot)) lost++
  return lost
}

/** Whether slips did what they are for: whoever they name comes before all others. */
function isAsVoted(elected: readonly Address[], named: ReadonlySet<Address>): boolean {
  const namedAndElected = elected.filter((address) => named.has(address))
  return namedAndElected.length === Math.min(named.size, elected.length)
}

/** @param load slots under load; `names` of verifiers by address */
export function electionReports(
  { elections, slots }: ChainHistory,
  votes: ReadonlyMap<number, Vote>,
  names: ReadonlyMap<Address, string>,
  load: SlotRange,
): readonly ElectionReport[] {
  return elections.map((election) => {
    const { number, cause, by, votedDroplets, openedHeight, height, changed, closesSlot, settledSlot } = election
    const elected = election.elected.map(({ verifier }) => verifier)
    const vote = votes.get(number)
    return {
      ...{ number, cause, by, votedDroplets, changed, openedHeight },
      elected: elected.map((address) => names.get(address) ?? address),
      ...{ settledHeight: height, closesSlot, settledSlot },
      slotsLost: slotsLost(election, slots, load),
      slips: vote?.slips ?? 0,
      asVoted: vote === undefined ? null : by === 'slips' && isAsVoted(elected, vote.named),
    }
  })
}
