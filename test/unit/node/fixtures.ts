import { join } from 'node:path'
import { openLevelStore } from '../../../src/adapters/store/level-store.ts'
import { createTelemetry } from '../../../src/adapters/telemetry.ts'
import { invariant, QuorateError } from '../../../src/base/errors.ts'
import { Pool } from '../../../src/mempool/pool.ts'
import { DEFAULT_POOL_LIMITS } from '../../../src/mempool/types.ts'
import { buildBlock } from '../../../src/node/builder.ts'
import { Chain } from '../../../src/node/chain.ts'
import type { Network, PeerInfo, Protocol, RequestHandler, Topic } from '../../../src/ports/network.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { Telemetry } from '../../../src/ports/telemetry.ts'
import type { SignedBlock } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { aggregateOf, proofOf } from '../../swarm/hostile-messages.ts'
import type { TestChain } from '../../swarm/hostile-network.ts'

export const quiet = (): Telemetry => createTelemetry({ level: 'silent', format: 'json' })

type Answer = (protocol: Protocol, data: Uint8Array) => Promise<Uint8Array> | Uint8Array

/** The network as a test plays it. */
export class FakeNetwork implements Network {
  readonly peerId: string
  readonly published: { readonly topic: Topic; readonly data: Uint8Array }[] = []
  readonly penalties: string[] = []
  readonly handlers = new Map<Protocol, RequestHandler>()
  /** Who is connected, and what it answers to requests. */
  readonly answers = new Map<string, Answer>()
  /** Whom somebody wanted to connect to. */
  readonly dialled: string[] = []
  readonly #listeners = new Set<(peerId: string, state: 'connected' | 'disconnected') => void>()

  constructor(peerId = 'self') {
    this.peerId = peerId
  }
  addresses = (): string[] => []
  start = (): Promise<void> => Promise.resolve()
  stop = (): Promise<void> => Promise.resolve()
  peers(): PeerInfo[] {
    return [...this.answers.keys()].map((peerId) => ({
      peerId,
      addresses: [],
      direction: 'inbound',
      score: 0,
      mesh: [],
      connectedSinceMs: 0,
    }))
  }
  dialAttempts = (): readonly never[] => []
  onPeer(listener: (peerId: string, state: 'connected' | 'disconnected') => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  /** A peer connects. */
  join(peerId: string, answer: Answer): void {
    this.answers.set(peerId, answer)
    for (const listener of this.#listeners) listener(peerId, 'connected')
  }
  /** A peer goes. */
  leave(peerId: string): void {
    this.answers.delete(peerId)
    for (const listener of this.#listeners) listener(peerId, 'disconnected')
  }
  connect(peerId: string): Promise<void> {
    this.dialled.push(peerId)
    return Promise.reject(new QuorateError('unreachable', peerId))
  }
  subscribe(): void {}
  publish(topic: Topic, data: Uint8Array): Promise<number> {
    this.published.push({ topic, data })
    return Promise.resolve(1)
  }
  handle(protocol: Protocol, handler: RequestHandler): void {
    this.handlers.set(protocol, handler)
  }
  async request(protocol: Protocol, peerId: string, data: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const answer = this.answers.get(peerId)
    if (answer === undefined) throw new QuorateError('unreachable', peerId)
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(new QuorateError('aborted', peerId)), { once: true })
    })
    return await Promise.race([answer(protocol, data), aborted])
  }
  penalize(peerId: string, code: string): void {
    this.penalties.push(`${peerId} ${code}`)
  }
  protect(): void {}
  report(): never {
    throw new Error('nobody asks')
  }
  traffic = () => ({ bytesIn: 0, bytesOut: 0 })
}

export interface OpenChain {
  readonly chain: Chain
  readonly store: Store
  readonly directory: string
}

export async function openChain(of: Pick<TestChain, 'genesis'>, directory = join(tempDirectory('chain'), 'store')): Promise<OpenChain> {
  const store = await openLevelStore(directory)
  try {
    return { chain: await Chain.open(of.genesis, store), store, directory }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Commits empty blocks, sealed by everybody, and gives them. */
export async function extend(of: TestChain, chain: Chain, count: number): Promise<SignedBlock[]> {
  const pool = new Pool(DEFAULT_POOL_LIMITS)
  const made: SignedBlock[] = []
  for (let index = 0; index < count; index++) {
    const slot = chain.head.slot + 1 + of.genesis.parameters.idleSlots
    const known = buildBlock(chain, pool, [], 0, slot, proofOf(of, 0, slot), 0)
    invariant(known !== null, 'a block after the idle interval')
    const { height, hash } = known.ref
    const seal = aggregateOf(of, [...of.verifiers.keys()], { kind: 'seal', height, block: hash })
    const block = { ...known.block, seal }
    await chain.commit({ ...known, block })
    made.push(block)
  }
  return made
}

/** Statements of every height are signed with the chain id, as long as there was no fork. */
export const plainSigning = (chainId: string) => ({ signingIdAt: () => chainId, isDisputed: () => false })
