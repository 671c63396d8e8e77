import { join } from 'node:path'
import { createTelemetry } from '../../src/adapters/telemetry.ts'
import { invariant } from '../../src/base/errors.ts'
import type { Hex } from '../../src/base/hex.ts'
import { writeGenesisFile } from '../../src/node/genesis-file.ts'
import { startNode } from '../../src/node/node.ts'
import type { NodeOptions } from '../../src/node/options.ts'
import type { RunningNode } from '../../src/node/running.ts'
import { seededWallets } from '../../src/node/seeded-wallets.ts'
import { genesisVerifier, initDirectory, makeGenesis, secretKeys } from '../../src/node/setup.ts'
import type { Wallet } from '../../src/node/wallet.ts'
import type { Genesis, Parameters } from '../../src/wire/genesis.ts'
import { chainIdOf, chainLabel } from '../../src/wire/ids.ts'
import type { Hash } from '../../src/wire/types.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const STAKE_DROPLETS = 1_000_000
/** Wallets with coins; the one after them has none. */
export const FUNDED = 8
const LISTEN = ['/ip4/127.0.0.1/tcp/0']

/**
 * Everybody is selected in every slot, and a slot with nothing to do makes an empty block: tests wait for nothing but slots.
 * No test lives to see an election, unless it proves an offence.
 */
const PARAMETERS: Parameters = {
  slotMs: 500,
  choiceMs: 100,
  sortition: 'uniform',
  expectedCandidates: 5,
  uniformPpm: 1_000_000,
  leaderRule: 'ticket',
  idleSlots: 1,
  coinHourSeconds: 1,
  microHoursPerByte: 1,
  minFeeDroplets: 10,
  maxBlockTransactions: 100,
  maxBlockBytes: 100_000,
  maxExpirySlots: 1_000,
  epochSlots: 1_000_000,
  electionSlots: 10,
  forcedElectionSlots: 10,
  quorumSize: 10,
  minStakeDroplets: 1,
  verifierFeeDroplets: 0,
  unbondingSlots: 20,
  evidenceSlots: 10,
  slashPpm: 50_000,
  reporterPpm: 50_000,
  jailSlots: 1000,
  slipChoices: 1,
  score: 'coins',
  minTurnoutPpm: 0,
  trustRounds: 1,
  blockRewardDroplets: 1_000_000,
  makerSharePpm: 200_000,
}

export interface Verifier {
  readonly directory: string
  /** 32 bytes. */
  readonly networkKey: Hex
  readonly blsSecret: Hex
  readonly peerId: string
}

/** A chain whose keys the test holds, and the nodes of it that run in this process. */
export class TestChain {
  readonly genesis: Genesis
  readonly chainId: Hash
  readonly label: string
  /** In the order of the quorum. */
  readonly verifiers: readonly Verifier[]
  readonly wallets: readonly Wallet[]
  readonly #root: string
  readonly #nodes = new Set<RunningNode>()
  #count = 0

  private constructor(root: string, genesis: Genesis, verifiers: readonly Verifier[], wallets: readonly Wallet[]) {
    this.#root = root
    this.genesis = genesis
    this.chainId = chainIdOf(genesis)
    this.label = chainLabel(genesis.name, this.chainId)
    this.verifiers = verifiers
    this.wallets = wallets
  }

  /** @param stakes of some verifiers, instead of what all have; which index in the quorum they get goes by their ids */
  static async make(verifierCount: number, parameters: Partial<Parameters> = {}, stakes: readonly number[] = []): Promise<TestChain> {
    const root = tempDirectory('hostile')
    const directories = Array.from({ length: verifierCount }, (_, index) => join(root, `v${index}`))
    const wallets = seededWallets(1, FUNDED + 1)
    for (const directory of directories) await initDirectory({ directory, role: 'verifier', genesisFile: null, bootstrap: [] })
    const found = await Promise.all(
      directories.map(async (directory, index) => {
        const { verifier: blsSecret, network: networkKey } = await secretKeys(directory)
        invariant(blsSecret !== undefined && networkKey !== undefined, 'a verifier has all keys')
        return { directory, blsSecret, networkKey, entry: await genesisVerifier(directory, stakes[index] ?? STAKE_DROPLETS, 0) }
      }),
    )
    const genesis = makeGenesis({
      version: 1,
      name: 'hostile',
      timeMs: Date.now(),
      parameters: { ...PARAMETERS, ...parameters },
      verifiers: found.map(({ entry }) => entry),
      accounts: wallets.slice(0, FUNDED).map(({ address }) => ({ address, droplets: 1_000_000_000, microHours: 1_000_000_000_000 })),
      anchors: [],
    })
    for (const directory of directories) await writeGenesisFile(join(directory, 'genesis.json'), genesis)
    const verifiers = genesis.verifiers.map(({ peerId }) => {
      const one = found.find(({ entry }) => entry.peerId === peerId)
      invariant(one !== undefined, 'every verifier has a directory')
      return { directory: one.directory, blsSecret: one.blsSecret, networkKey: one.networkKey, peerId }
    })
    return new TestChain(root, genesis, verifiers, wallets)
  }

  /** A new directory of a node that does not verify. */
  async fullDirectory(): Promise<string> {
    const directory = join(this.#root, `full${this.#count++}`)
    await initDirectory({ directory, role: 'full', genesisFile: null, bootstrap: [] })
    await writeGenesisFile(join(directory, 'genesis.json'), this.genesis)
    return directory
  }

  async start(directory: string, role: NodeOptions['role'], options: Partial<NodeOptions> = {}): Promise<RunningNode> {
    const node = await startNode({
      directory,
      role,
      listen: LISTEN,
      announce: [],
      bootstrap: [],
      scope: 'local',
      checkpoint: null,
      telemetry: createTelemetry({ level: 'silent', format: 'json' }),
      ...options,
    })
    this.#nodes.add(node)
    return node
  }

  /** Starts these verifiers, all of which know the first. */
  async startVerifiers(...indices: readonly number[]): Promise<RunningNode[]> {
    const nodes: RunningNode[] = []
    for (const index of indices) {
      const bootstrap = nodes.slice(0, 1).map(addressOf)
      nodes.push(await this.start(this.verifiers[index]?.directory ?? '', 'verifier', { bootstrap }))
    }
    return nodes
  }

  async stop(node: RunningNode): Promise<void> {
    this.#nodes.delete(node)
    await node.stop()
  }
  async stopAll(): Promise<void> {
    await Promise.all([...this.#nodes].map((node) => this.stop(node)))
  }

  slotNow(): number {
    return Math.floor((Date.now() - this.genesis.timeMs) / this.genesis.parameters.slotMs)
  }
}

export function addressOf(node: RunningNode): string {
  const [address] = node.view.status().addresses
  invariant(address !== undefined, 'a started node listens')
  return address
}

export const heightOf = (node: RunningNode): number => node.view.status().height
export const counterOf = (node: RunningNode, name: string): number => node.view.status().counters[name] ?? 0

/** Generous: for what hangs. */
export const DEADLINE_MS = 30_000

export const heightReached = (node: RunningNode, height: number): Promise<unknown> =>
  waitFor(() => heightOf(node) >= height, { deadlineMs: DEADLINE_MS, description: `height ${height}` })
