import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DROPLETS_PER_COIN } from '../../base/amounts.ts'
import { writeGenesisFile } from '../../node/genesis-file.ts'
import { genesisVerifier, initDirectory, makeGenesis } from '../../node/setup.ts'
import { MAX_SLIP_CHOICES } from '../../wire/bounds.ts'
import type { Genesis } from '../../wire/genesis.ts'
import { chainIdOf } from '../../wire/ids.ts'
import type { Address, Hash } from '../../wire/types.ts'

export type Role = 'bootstrap' | 'full' | 'verifier'

export interface NodePlace {
  readonly name: string
  readonly role: Role
  readonly directory: string
  readonly logPath: string
}

export interface Layout {
  readonly root: string
  readonly genesis: Genesis
  readonly chainId: Hash
  readonly places: readonly NodePlace[]
}

export interface LayoutOptions {
  /** Absolute. */
  readonly root: string
  readonly verifiers: number
  readonly fullNodes: number
  readonly slotMs: number
  /** Of the quorum. */
  readonly seats: number
  readonly epochSlots: number
  /** Funded accounts. */
  readonly accounts: readonly Address[]
  /** From now to slot 0. */
  readonly leadMs: number
}

const STAKE_DROPLETS = 1_000_000 * DROPLETS_PER_COIN
const COMMISSION_PPM = 100_000
const MIN_STAKE_DROPLETS = 1_000 * DROPLETS_PER_COIN
const VERIFIER_FEE_DROPLETS = 10 * DROPLETS_PER_COIN
const BLOCK_REWARD_DROPLETS = DROPLETS_PER_COIN
const ACCOUNT_DROPLETS = 1_000 * DROPLETS_PER_COIN
/** Enough for thousands of transfers each; every coin earns one more each second. */
const ACCOUNT_MICRO_HOURS = 1_000_000_000_000
/** Time for a transfer to become final while blocks stand still for a while. */
const EXPIRY_MS = 600_000
/** What two cores execute at every node within the slot: larger blocks would miss it, and a backlog would never shrink. */
const BLOCK_TRANSACTIONS_PER_SECOND = 3_000
const MIN_BLOCK_TRANSACTIONS = 100
/** An empty block at least this often shows that the swarm lives. */
const IDLE_MS = 5_000

/** Makes a directory for each node and one genesis for all, by what `init` and `genesis` use. Rejects with their errors. */
export async function layOut(options: LayoutOptions): Promise<Layout> {
  const { root, verifiers, fullNodes, slotMs, seats, epochSlots, accounts, leadMs } = options
  await mkdir(root, { recursive: true })
  const places = [
    placeOf(root, 'boot', 'bootstrap'),
    ...Array.from({ length: verifiers }, (_, index) => placeOf(root, `v${index + 1}`, 'verifier')),
    ...Array.from({ length: fullNodes }, (_, index) => placeOf(root, `full${index + 1}`, 'full')),
  ]
  for (const { directory, role } of places) await initDirectory({ directory, role, genesisFile: null, bootstrap: [] })
  const verifierPlaces = places.filter(({ role }) => role === 'verifier')
  const genesis = makeGenesis({
    version: 1,
    name: 'swarm',
    timeMs: Date.now() + leadMs,
    parameters: {
      slotMs,
      choiceMs: Math.max(1, Math.floor(slotMs / 5)),
      sortition: 'stake',
      expectedCandidates: 5,
      uniformPpm: 500_000,
      leaderRule: 'ticket',
      idleSlots: Math.max(1, Math.ceil(IDLE_MS / slotMs)),
      coinHourSeconds: 1,
      microHoursPerByte: 1_000,
      minFeeDroplets: 10,
      maxBlockTransactions: Math.max(MIN_BLOCK_TRANSACTIONS, Math.round((slotMs * BLOCK_TRANSACTIONS_PER_SECOND) / 1000)),
      maxBlockBytes: 2 * 1024 * 1024,
      maxExpirySlots: Math.max(100, Math.ceil(EXPIRY_MS / slotMs)),
      epochSlots,
      electionSlots: Math.max(1, Math.floor(epochSlots / 3)),
      forcedElectionSlots: Math.max(1, Math.floor(epochSlots / 6)),
      quorumSize: seats,
      minStakeDroplets: MIN_STAKE_DROPLETS,
      verifierFeeDroplets: VERIFIER_FEE_DROPLETS,
      unbondingSlots: 3 * epochSlots,
      evidenceSlots: 2 * epochSlots,
      slipChoices: Math.min(seats, MAX_SLIP_CHOICES),
      score: 'coins',
      // The accounts of a swarm hold little beside the stakes: what of them moves decides all the same.
      minTurnoutPpm: 0,
      trustRounds: 4,
      blockRewardDroplets: BLOCK_REWARD_DROPLETS,
      makerSharePpm: 200_000,
    },
    verifiers: await Promise.all(verifierPlaces.map(({ directory }) => genesisVerifier(directory, STAKE_DROPLETS, COMMISSION_PPM))),
    accounts: accounts.map((address) => ({ address, droplets: ACCOUNT_DROPLETS, microHours: ACCOUNT_MICRO_HOURS })),
    anchors: [],
  })
  for (const { directory } of places) await writeGenesisFile(join(directory, 'genesis.json'), genesis)
  return { root, genesis, chainId: chainIdOf(genesis), places }
}

/** An empty directory for one more full node. */
export async function addPlace(layout: Layout, name: string): Promise<NodePlace> {
  const place = placeOf(layout.root, name, 'full')
  await initDirectory({ directory: place.directory, role: place.role, genesisFile: null, bootstrap: [] })
  await copyFile(join(layout.root, 'boot', 'genesis.json'), join(place.directory, 'genesis.json'))
  return place
}

const placeOf = (root: string, name: string, role: Role): NodePlace => ({
  name,
  role,
  directory: join(root, name),
  logPath: join(root, `${name}.log`),
})
