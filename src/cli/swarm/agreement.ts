import { setTimeout as sleep } from 'node:timers/promises'
import type { ElectionsView, QuorumView, SupplyView } from '../../api/ledger-types.ts'
import type { Hash } from '../../wire/types.ts'
import type { NodeClient } from './node-client.ts'

/** What nodes say of their ledgers at one height. */
export interface Agreement {
  readonly height: number
  readonly comparedNodes: number
  readonly supply: SupplyComparison
  readonly quorum: QuorumComparison
}

/** Where all coins are, as one of the nodes says. */
export interface SupplyComparison extends SupplyView {
  /** At every node. */
  readonly holds: boolean
  /** What genesis gave out, to accounts and as stake. */
  readonly genesisDroplets: number
  readonly comparedNodes: number
  /** All nodes say the same, to the droplet. */
  readonly isSame: boolean
}

/** Who signs the next block, as one of the nodes says. */
export interface QuorumComparison {
  readonly hash: Hash
  /** Number of handovers so far. */
  readonly epoch: number
  readonly members: QuorumView['members']
  /** All nodes say the same of it, and of the elections that they know. */
  readonly isSame: boolean
}

interface Answer {
  readonly supply: SupplyView
  readonly quorum: QuorumView
  readonly elections: ElectionsView
}

/** What of genesis says how many coins there were. */
interface Given {
  readonly accounts: readonly { readonly droplets: number }[]
  readonly verifiers: readonly { readonly stakeDroplets: number }[]
}

/** Between attempts to find all nodes at one height. */
const RETRY_MS = 100

/**
 * Asks nodes where all coins are and who signs until they answer for the same height. Null if they did not until the deadline.
 * Rejects with QuorateError `unreachable`.
 */
export async function compareLedgers(
  clients: readonly Pick<NodeClient, 'supply' | 'quorum' | 'elections'>[],
  genesis: Given,
  deadlineMs: number,
): Promise<Agreement | null> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const answers = await Promise.all(
      clients.map(async (client): Promise<Answer> => {
        const [supply, quorum, elections] = await Promise.all([client.supply(), client.quorum(), client.elections()])
        return { supply, quorum, elections }
      }),
    )
    const agreement = agreementOf(answers, genesis)
    if (agreement !== null) return agreement
    if (performance.now() >= end) return null
    await sleep(RETRY_MS)
  }
}

/** Null if the answers are not all for one height. */
function agreementOf(answers: readonly Answer[], genesis: Given): Agreement | null {
  const [first] = answers
  if (first === undefined) return null
  const { height } = first.supply
  // The quorum that a node names signs the block after its head.
  if (
    answers.some(({ supply, quorum, elections }) => supply.height !== height || quorum.height !== height + 1 || elections.height !== height)
  )
    return null
  const comparedNodes = answers.length
  const { hash, epoch, members } = first.quorum
  return {
    ...{ height, comparedNodes },
    supply: {
      ...first.supply,
      holds: answers.every(({ supply }) => supply.holds),
      genesisDroplets: dropletsOf(genesis),
      comparedNodes,
      isSame: areSame(answers.map(({ supply }) => supply)),
    },
    quorum: { hash, epoch, members, isSame: areSame(answers.map(({ quorum }) => quorum)) && areElectionsSame(answers) },
  }
}

const areSame = (values: readonly unknown[]): boolean => new Set(values.map((value) => JSON.stringify(value))).size <= 1

/** A node that began with a snapshot knows fewer elections than others: of each, all that know it must say the same. */
function areElectionsSame(answers: readonly Answer[]): boolean {
  const known = new Map<number, string>()
  for (const { elections } of answers) {
    for (const settled of elections.settled) {
      const text = JSON.stringify(settled)
      if ((known.get(settled.number) ?? text) !== text) return false
      known.set(settled.number, text)
    }
  }
  return true
}

const dropletsOf = ({ accounts, verifiers }: Given): number =>
  accounts.reduce((sum, { droplets }) => sum + droplets, 0) + verifiers.reduce((sum, { stakeDroplets }) => sum + stakeDroplets, 0)
