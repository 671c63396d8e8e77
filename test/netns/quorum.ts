import assert from 'node:assert/strict'
import { BUNDLE } from '../../scripts/scenarios/bundle.ts'
import type { EvidenceList } from '../../src/api/evidence-types.ts'
import type { BlockSummary, NodeEvent, NodeStatus, PeerView, SubmitResult, TransactionView } from '../../src/api/types.ts'
import type { Hash } from '../../src/wire/types.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { TestChain } from '../swarm/hostile-network.ts'
import type { Hosts } from './hosts.ts'

/** For what hangs, on a machine with much else to do. */
const DEADLINE_MS = 180_000
/** As many as the API gives at once. */
const PAGE_BLOCKS = 100

/** What a host's node has told of a final block, as it came. */
export interface Told {
  readonly height: number
  readonly hash: Hash
  readonly slot: number
  readonly makerIndex: number
  readonly finalAtMs: number
}

/** Verifiers of equal stake, each on a host of its own. */
export class Quorum {
  readonly hosts: Hosts
  readonly chain: TestChain
  /** By host: the final blocks that its node has told of. */
  readonly told: ReadonlyMap<number, Told[]>
  /** By host: payments that were made there. */
  readonly #paid = new Map<number, number>()

  private constructor(hosts: Hosts, chain: TestChain) {
    this.hosts = hosts
    this.chain = chain
    this.told = new Map(hosts.numbers.map((host) => [host, []]))
  }

  /** All nodes answer when this resolves; those after the first were told of the first alone. */
  static async start(hosts: Hosts, slotMs: number, choiceMs: number): Promise<Quorum> {
    const chain = await TestChain.make(hosts.numbers.length, { slotMs, choiceMs, sortition: 'stake' })
    const quorum = new Quorum(hosts, chain)
    for (const host of hosts.numbers) {
      const bootstrap = host === 1 ? [] : [hosts.peerAddress(1, quorum.peerIdOf(1))]
      hosts.start(host, { directory: quorum.#verifierOn(host).directory, bootstrap, bundle: BUNDLE })
    }
    for (const host of hosts.numbers) {
      await quorum.until(`the API of host ${host}`, () => quorum.status(host))
      await hosts.follow<NodeEvent>(host, '/v1/events?kinds=block', (event) => {
        if (event.kind === 'block') quorum.told.get(host)?.push(event)
      })
    }
    return quorum
  }

  peerIdOf(host: number): string {
    return this.#verifierOn(host).peerId
  }

  status(host: number): Promise<NodeStatus> {
    return this.hosts.ask(host, '/v1/status')
  }

  /** The newest height that a host's node has told of. */
  heightOf(host: number): number {
    return this.told.get(host)?.at(-1)?.height ?? 0
  }
  get lowest(): number {
    return Math.min(...this.hosts.numbers.map((host) => this.heightOf(host)))
  }
  get highest(): number {
    return Math.max(...this.hosts.numbers.map((host) => this.heightOf(host)))
  }
  slotNow(): number {
    return this.chain.slotNow()
  }

  until<T>(description: string, condition: () => T | Promise<T>): Promise<NonNullable<T>> {
    return waitFor(condition, { deadlineMs: DEADLINE_MS, description })
  }
  slotReached(slot: number): Promise<unknown> {
    return this.until(`slot ${slot}`, () => this.slotNow() >= slot)
  }
  /** Every node has told of this height. */
  heightReached(height: number): Promise<unknown> {
    return this.until(`height ${height} at all of ${this.#heights()}`, () => this.lowest >= height)
  }
  /** All have the same newest block. */
  async oneHead(): Promise<void> {
    const heads = (): ReadonlySet<Hash | undefined> => new Set(this.hosts.numbers.map((host) => this.told.get(host)?.at(-1)?.hash))
    await this.until('one head at all hosts', () => heads().size === 1)
  }

  /** Connections that nodes have to each other, each direction counted: 42 among seven. */
  async links(isMeant: (from: number, to: number) => boolean): Promise<number> {
    const { numbers } = this.hosts
    const lists = await Promise.all(numbers.map(async (host) => (await this.hosts.ask<{ peers: PeerView[] }>(host, '/v1/peers')).peers))
    let count = 0
    for (const [index, from] of numbers.entries())
      for (const to of numbers)
        if (to !== from && isMeant(from, to) && lists[index]?.some(({ peerId }) => peerId === this.peerIdOf(to))) count++
    return count
  }

  /** Hands a payment to a host's node, by an account that pays nowhere else. */
  async pay(host: number): Promise<Hash> {
    const wallet = this.chain.wallets[host - 1] ?? assert.fail('each host has an account')
    const nonce = this.#paid.get(host) ?? 0
    this.#paid.set(host, nonce + 1)
    const to = this.chain.wallets.at(-1)?.address ?? ''
    const { id, hex } = wallet.sign(this.chain.chainId, {
      nonce,
      feeDroplets: 1_000,
      expirySlot: this.slotNow() + 500,
      action: { kind: 'transfer', to, amountDroplets: 1, microHours: 0 },
    })
    const { results } = await this.hosts.ask<{ results: SubmitResult[] }>(host, '/v1/transactions', { transactions: [hex] })
    assert.deepEqual(results, [{ id, accepted: true }])
    return id
  }
  /** It is final at every node. */
  paid(id: Hash): Promise<unknown> {
    return this.until(`payment ${id} at all hosts`, async () => {
      const views = await Promise.all(this.hosts.numbers.map((host) => this.hosts.ask<TransactionView>(host, `/v1/transactions/${id}`)))
      return views.every(({ state }) => state === 'final')
    })
  }

  /** The blocks of a host's node from a height, ascending. */
  async blocks(host: number, fromHeight = 1): Promise<readonly BlockSummary[]> {
    const found: BlockSummary[] = []
    for (;;) {
      const path = `/v1/blocks?from=${fromHeight + found.length}&limit=${PAGE_BLOCKS}&summary=true`
      const { blocks } = await this.hosts.ask<{ blocks: BlockSummary[] }>(host, path)
      if (blocks.length === 0) return found
      found.push(...blocks)
    }
  }

  /** No two nodes have different blocks of one height, nobody has signed two things that contradict each other, and nobody is cut off. */
  async agrees(): Promise<void> {
    const hashes = new Map<number, Hash>()
    for (const host of this.hosts.numbers) {
      for (const {
        header: { height },
        hash,
      } of await this.blocks(host)) {
        assert.equal(hash, hashes.get(height) ?? hash, `host ${host} has another block of height ${height}`)
        hashes.set(height, hash)
      }
      const { total } = await this.hosts.ask<EvidenceList>(host, '/v1/evidence')
      assert.equal(total, 0, `evidence at host ${host}`)
      const { counters } = await this.status(host)
      assert.equal(counters['network.cut-off'] ?? 0, 0, `host ${host} has cut somebody off`)
    }
  }

  #verifierOn(host: number): { readonly directory: string; readonly peerId: string } {
    return this.chain.verifiers[host - 1] ?? assert.fail(`there is no host ${host}`)
  }
  #heights(): string {
    return this.hosts.numbers.map((host) => this.heightOf(host)).join(' ')
  }
}
