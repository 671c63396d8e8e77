import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DROPLETS_PER_COIN } from '../../base/amounts.ts'
import { QuorateError } from '../../base/errors.ts'
import { writeGenesisFile } from '../../node/genesis-file.ts'
import { genesisVerifier, initDirectory, makeGenesis } from '../../node/setup.ts'
import { openWallet, type Wallet } from '../../node/wallet.ts'
import { MAX_SLIP_CHOICES } from '../../wire/bounds.ts'
import type { Genesis, Parameters } from '../../wire/genesis.ts'
import { chainIdOf } from '../../wire/ids.ts'
import type { Address, Hash } from '../../wire/types.ts'

export type Role = 'bootstrap' | 'full' | 'verifier'

export interface NodePlace {
  readonly name: string
  readonly role: Role
  readonly directory: string
  readonly logPath: string
}

/** An account with enough coins to decide elections, whose key is in a directory of its own. */
export interface Holder {
  readonly name: string
  readonly wallet: Wallet
}

export interface Layout {
  readonly root: string
  readonly genesis: Genesis
  readonly chainId: Hash
  readonly places: readonly NodePlace[]
  readonly holders: readonly Holder[]
  /** Names of the verifiers by the addresses of their accounts. */
  readonly names: ReadonlyMap<Address, string>
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
  /** Of the load; genesis funds them. */
  readonly accounts: readonly Address[]
  /** From now to slot 0. */
  readonly leadMs: number
}

const STAKE_DROPLETS = 1_000_000 * DROPLETS_PER_COIN
const COMMISSION_PPM = 100_000
const SLASH_PPM = 50_000
const REPORTER_PPM = 50_000
const MIN_STAKE_DROPLETS = 1_000 * DROPLETS_PER_COIN
const VERIFIER_FEE_DROPLETS = 10 * DROPLETS_PER_COIN
const BLOCK_REWARD_DROPLETS = DROPLETS_PER_COIN
const ACCOUNT_DROPLETS = 1_000 * DROPLETS_PER_COIN
const HOLDERS = 3
/** As much as a verifier's stake: together they can bond more than a third of a small quorum has, and one block can move it. */
const HOLDER_DROPLETS = STAKE_DROPLETS
/** Enough for thousands of transfers each; every coin earns one more each second. */
const ACCOUNT_MICRO_HOURS = 1_000_000_000_000
/** Time for a transfer to become final while blocks stand still for a while. */
const EXPIRY_MS = 600_000
/** What two cores execute at every node within the slot: larger blocks would miss it, and a backlog would never shrink. */
const BLOCK_TRANSACTIONS_PER_SECOND = 3_000
const MIN_BLOCK_TRANSACTIONS = 100
/** An empty block at least this often shows that the swarm lives. */
const IDLE_MS = 5_000

/** Makes the directory of a swarm, with nothing in it: a temporary one for null. Rejects with QuorateError `keep-not-empty`. */
export async function makeRoot(keep: string | null): Promise<string> {
  const root = keep === null ? join(tmpdir(), `quorate-swarm-${randomUUID().slice(0, 8)}`) : resolve(keep)
  const entries = await readdir(root).catch(() => [])
  if (entries.length > 0) {
    throw new QuorateError('keep-not-empty', `${root} has something in it already: give --keep a new directory`)
  }
  await mkdir(root, { recursive: true, mode: 0o700 })
  return root
}

/** Makes a directory for each node and each holder, and one genesis for all, by what `init` and `genesis` use. Rejects with their errors. */
export async function layOut(options: LayoutOptions): Promise<Layout> {
  const { root, verifiers, fullNodes, accounts, leadMs } = options
  await mkdir(root, { recursive: true })
  const places = [
    placeOf(root, 'boot', 'bootstrap'),
    ...numbered('v', verifiers).map((name) => placeOf(root, name, 'verifier')),
    ...numbered('full', fullNodes).map((name) => placeOf(root, name, 'full')),
  ]
  for (const { directory, role } of places) await initDirectory({ directory, role, genesisFile: null, bootstrap: [] })
  const holders = await Promise.all(numbered('holder', HOLDERS).map((name) => makeHolder(root, name)))
  const named = await Promise.all(places.flatMap(({ name, role, directory }) => (role === 'verifier' ? verifierOf(name, directory) : [])))
  const genesis = makeGenesis({
    version: 1,
    name: 'swarm',
    timeMs: Date.now() + leadMs,
    parameters: parametersOf(options),
    verifiers: named.map(({ verifier }) => verifier),
    accounts: [
      ...accounts.map((address) => ({ address, droplets: ACCOUNT_DROPLETS, microHours: ACCOUNT_MICRO_HOURS })),
      ...holders.map(({ wallet }) => ({ address: wallet.address, droplets: HOLDER_DROPLETS, microHours: ACCOUNT_MICRO_HOURS })),
    ],
    anchors: [],
  })
  // The root's own is for whoever joins by hand.
  const directories = [root, ...places.map(({ directory }) => directory), ...holders.map(({ name }) => join(root, name))]
  for (const directory of directories) await writeGenesisFile(join(directory, 'genesis.json'), genesis)
  const names = new Map(named.map(({ name, verifier }) => [verifier.account, name]))
  return { root, genesis, chainId: chainIdOf(genesis), places, holders, names }
}

const numbered = (prefix: string, count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)

const verifierOf = async (name: string, directory: string) => ({
  name,
  verifier: await genesisVerifier(directory, STAKE_DROPLETS, COMMISSION_PPM),
})

/** What a node's directory has, so that commands take it as `--dir`; no node runs on it. */
async function makeHolder(root: string, name: string): Promise<Holder> {
  const directory = join(root, name)
  await initDirectory({ directory, role: 'full', genesisFile: null, bootstrap: [] })
  return { name, wallet: await openWallet(join(directory, 'account.key')) }
}

function parametersOf({ slotMs, seats, epochSlots }: LayoutOptions): Parameters {
  return {
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
    electionSlots: electionSlots(epochSlots),
    forcedElectionSlots: Math.max(1, Math.floor(epochSlots / 6)),
    quorumSize: seats,
    minStakeDroplets: MIN_STAKE_DROPLETS,
    verifierFeeDroplets: VERIFIER_FEE_DROPLETS,
    unbondingSlots: 3 * epochSlots,
    evidenceSlots: 2 * epochSlots,
    slashPpm: SLASH_PPM,
    reporterPpm: REPORTER_PPM,
    jailSlots: 2 * epochSlots,
    slipChoices: Math.min(seats, MAX_SLIP_CHOICES),
    score: 'coins',
    // However few coins move beside all that is at stake: they decide.
    minTurnoutPpm: 0,
    trustRounds: 4,
    blockRewardDroplets: BLOCK_REWARD_DROPLETS,
    makerSharePpm: 200_000,
  }
}

/** Slots at the end of an epoch in which its election is open. */
const electionSlots = (epochSlots: number): number => Math.max(1, Math.floor(epochSlots / 3))

/** An empty directory for one more node. */
export async function addPlace(layout: Layout, name: string, role: 'full' | 'verifier'): Promise<NodePlace> {
  const place = placeOf(layout.root, name, role)
  await initDirectory({ directory: place.directory, role, genesisFile: null, bootstrap: [] })
  await copyFile(join(layout.root, 'genesis.json'), join(place.directory, 'genesis.json'))
  return place
}

const placeOf = (root: string, name: string, role: Role): NodePlace => ({
  name,
  role,
  directory: join(root, name),
  logPath: join(root, `${name}.log`),
})
