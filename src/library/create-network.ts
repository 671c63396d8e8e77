import { join, resolve } from 'node:path'
import { DROPLETS_PER_COIN } from '../base/amounts.ts'
import { writeGenesisFile } from '../node/genesis-file.ts'
import { genesisVerifier, initDirectory, makeGenesis } from '../node/setup.ts'
import type { Genesis, Parameters } from '../wire/genesis.ts'
import { chainIdOf } from '../wire/ids.ts'
import type { Address, Hash } from '../wire/types.ts'

export interface CreateNetworkOptions {
  /** One for each verifier of the genesis, made if missing. Each gets its keys and the genesis. */
  readonly directories: readonly string[]
  /** Lower-case letters, digits and hyphens; `local` unless given. */
  readonly name?: string
  /** Start of slot 0, in ms since 1970; a second from now unless given. */
  readonly timeMs?: number
  /** What of the rules is not as usual; `slotMs` is 1000 unless given. */
  readonly parameters?: Partial<Parameters>
  /** Of each verifier; 1000 coins unless given. */
  readonly stakeDroplets?: number
  /** What is in the account of each verifier; 1000 coins, and as many coin-hours, unless given. */
  readonly accountDroplets?: number
}

export interface CreatedNetwork {
  readonly genesis: Genesis
  readonly chainId: Hash
  /** Of the verifiers' accounts, in the order of the directories. */
  readonly addresses: readonly Address[]
}

const DEFAULT_LEAD_MS = 1000
const DEFAULT_DROPLETS = 1000 * DROPLETS_PER_COIN
const COMMISSION_PPM = 100_000

/** For networks to develop and test with: epochs of a few minutes, and a block at least each five slots. `quorate genesis` makes lasting ones. */
const usual: Parameters = {
  slotMs: 1000,
  choiceMs: 200,
  sortition: 'stake',
  expectedCandidates: 5,
  uniformPpm: 300_000,
  leaderRule: 'ticket',
  idleSlots: 5,
  coinHourSeconds: 3600,
  microHoursPerByte: 1000,
  minFeeDroplets: 1000,
  maxBlockTransactions: 5000,
  maxBlockBytes: 1_048_576,
  maxExpirySlots: 600,
  epochSlots: 600,
  electionSlots: 100,
  forcedElectionSlots: 100,
  quorumSize: 64,
  minStakeDroplets: 100 * DROPLETS_PER_COIN,
  verifierFeeDroplets: 10 * DROPLETS_PER_COIN,
  unbondingSlots: 4200,
  evidenceSlots: 1800,
  slashPpm: 50_000,
  reporterPpm: 50_000,
  jailSlots: 4200,
  slipChoices: 5,
  score: 'coins',
  minTurnoutPpm: 50_000,
  trustRounds: 6,
  blockRewardDroplets: 10_000,
  makerSharePpm: 200_000,
}

/**
 * Makes the keys of verifiers and the genesis of a network of their own. Nothing that is there is replaced. Rejects with QuorateError:
 * `genesis-exists`, the codes of the key files, and those of a genesis whose rules do not fit together.
 */
export async function createNetwork(options: CreateNetworkOptions): Promise<CreatedNetwork> {
  const {
    name = 'local',
    timeMs = Date.now() + DEFAULT_LEAD_MS,
    stakeDroplets = DEFAULT_DROPLETS,
    accountDroplets = DEFAULT_DROPLETS,
  } = options
  const directories = options.directories.map((directory) => resolve(directory))
  for (const directory of directories) await initDirectory({ directory, role: 'verifier', genesisFile: null, bootstrap: [] })
  const verifiers = await Promise.all(directories.map((directory) => genesisVerifier(directory, stakeDroplets, COMMISSION_PPM)))
  const addresses = verifiers.map(({ account }) => account)
  const slotMs = options.parameters?.slotMs ?? usual.slotMs
  const genesis = makeGenesis({
    ...{ version: 1, name, timeMs, verifiers, anchors: [] },
    parameters: { ...usual, choiceMs: Math.max(1, Math.floor(slotMs / 5)), ...options.parameters },
    accounts: addresses.map((address) => ({ address, droplets: accountDroplets, microHours: accountDroplets })),
  })
  for (const directory of directories) await writeGenesisFile(join(directory, 'genesis.json'), genesis)
  return { genesis, chainId: chainIdOf(genesis), addresses }
}
