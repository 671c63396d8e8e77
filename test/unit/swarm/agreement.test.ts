import assert from 'node:assert/strict'
import type { ElectionsView, QuorumView, SettledElectionView, SupplyView } from '../../../src/api/ledger-types.ts'
import { compareLedgers } from '../../../src/cli/swarm/agreement.ts'
import { compareChains } from '../../../src/cli/swarm/chains.ts'
import type { NodeClient } from '../../../src/cli/swarm/node-client.ts'

const genesis = { accounts: [{ droplets: 70 }, { droplets: 7 }], verifiers: [{ stakeDroplets: 600 }, { stakeDroplets: 60 }] }

const settled = (number: number, score = 1): SettledElectionView => ({
  ...{ height: 10 * number, number, by: 'slips', votedDroplets: 1, quorum: `q${number}` },
  elected: [{ verifier: 'a', score, stakeDroplets: 1 }],
})

interface Answers {
  readonly height: number
  readonly heldDroplets?: number
  readonly hash?: string
  readonly settled?: readonly SettledElectionView[]
}

function supplyOf({ height, heldDroplets = 1 }: Answers): SupplyView {
  const amounts = { stakedDroplets: 0, delegatedDroplets: 0, unbondingDroplets: 0, feesDroplets: 0, mintedDroplets: 0, burnedDroplets: 0 }
  return { height, heldDroplets, ...amounts, supplyDroplets: 1, holds: true }
}
const quorumOf = ({ height, hash = 'q' }: Answers): QuorumView => ({
  ...{ height: height + 1, epoch: 2, epochSeed: '', hash, members: [], totalDroplets: 1, enoughDroplets: 1, valueLimitDroplets: 1 },
})
const electionsOf = ({ height, settled: known = [settled(2), settled(1)] }: Answers): ElectionsView => ({
  ...{ height, epoch: 2, nextElectionSlot: 1, nextElectionTimeMs: 1, open: null, settled: known },
  handover: { slot: 1, timeMs: 1, slotsLeft: 1 },
})

/** A node that gives these answers one after the other, the last for good; the elections of each come with the supply of the next. */
function node(...answers: readonly Answers[]): Pick<NodeClient, 'supply' | 'quorum' | 'elections'> {
  let asked = -1
  const now = (): Answers => answers[Math.min(asked, answers.length - 1)] ?? { height: 0 }
  return {
    supply: async () => {
      asked++
      return supplyOf(now())
    },
    quorum: async () => quorumOf(now()),
    elections: async () => electionsOf(now()),
  }
}

describe('what nodes say of their ledgers', () => {
  for (const { description, nodes, supplyIsSame, quorumIsSame } of [
    { description: 'the same', nodes: [node({ height: 5 }), node({ height: 5 })], supplyIsSame: true, quorumIsSame: true },
    {
      description: 'the same as soon as they are at one height',
      nodes: [node({ height: 5 }), node({ height: 3 }, { height: 4 }, { height: 5 })],
      supplyIsSame: true,
      quorumIsSame: true,
    },
    {
      description: 'a droplet more at one',
      nodes: [node({ height: 5 }), node({ height: 5, heldDroplets: 2 })],
      supplyIsSame: false,
      quorumIsSame: true,
    },
    {
      description: 'another quorum at one',
      nodes: [node({ height: 5 }), node({ height: 5, hash: 'other' })],
      supplyIsSame: true,
      quorumIsSame: false,
    },
    {
      description: 'another outcome of an election at one',
      nodes: [node({ height: 5 }), node({ height: 5, settled: [settled(2, 9), settled(1)] })],
      supplyIsSame: true,
      quorumIsSame: false,
    },
    {
      description: 'an election that one does not know, since it began later',
      nodes: [node({ height: 5 }), node({ height: 5, settled: [settled(2)] })],
      supplyIsSame: true,
      quorumIsSame: true,
    },
  ]) {
    it(description, async () => {
      const agreement = await compareLedgers(nodes, genesis, 60_000)
      assert.deepEqual(
        [agreement?.height, agreement?.comparedNodes, agreement?.supply.isSame, agreement?.quorum.isSame],
        [5, 2, supplyIsSame, quorumIsSame],
      )
      assert.equal(agreement?.supply.genesisDroplets, 737)
    })
  }

  it('nothing if they are never at one height', async () =>
    assert.equal(await compareLedgers([node({ height: 5 }), node({ height: 6 })], genesis, 0), null))
})

describe('chains of nodes', () => {
  /** A node with these hashes from height 1 on. */
  const chain = (...hashes: readonly string[]): Pick<NodeClient, 'blocks'> => ({
    blocks: async (from, count) =>
      hashes.slice(from - 1, from - 1 + count).map((hash, index) => ({
        ...{ hash, timeMs: 0, makerAddress: '', signerAddresses: [], bytes: 0, finalAtMs: null, timeline: null, transactions: 2 },
        header: { ...header, height: from + index, slot: 10 * (from + index) },
        seal: { signers: [], signature: '' },
      })),
  })
  const header = {
    ...{ height: 0, slot: 0, parent: '', parentSeal: null, maker: 0, proof: '' },
    ...{ transactionsRoot: '', evidenceRoot: '', stateRoot: '', nextQuorum: '', burnedMicroHours: 0 },
  }

  for (const { description, chains, seen, conflicts } of [
    { description: 'one is behind', chains: [chain('a', 'b', 'c'), chain('a')], seen: [], conflicts: [] },
    { description: 'two blocks at a height', chains: [chain('a', 'b'), chain('a', 'x'), chain('a', 'y')], seen: [], conflicts: [2] },
    { description: 'what was final is there', chains: [chain('a', 'b'), chain('a', 'b')], seen: ['a', 'b'], conflicts: [] },
    { description: 'all hold another block than was final', chains: [chain('a', 'x'), chain('a', 'x')], seen: ['a', 'b'], conflicts: [2] },
  ] as const) {
    it(description, async () => {
      const final = new Map(seen.map((hash, index) => [index + 1, hash] as const))
      assert.deepEqual((await compareChains(chains, final)).conflicts, conflicts)
    })
  }

  it('all heights, over many pages', async () => {
    const hashes = Array.from({ length: 250 }, (_, index) => `hash ${index}`)
    const { height, slots, transactions } = await compareChains([chain(...hashes.slice(0, 120)), chain(...hashes)])
    assert.deepEqual([height, slots.length, slots[249], transactions], [250, 250, 2500, 500])
  })
})
