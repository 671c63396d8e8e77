import { randomBytes } from 'node:crypto'
import { toHex } from '../base/hex.ts'
import { seededWallets } from '../node/seeded-wallets.ts'
import type { Network, Protocol, Topic } from '../ports/network.ts'
import { encode } from '../wire/codec.ts'
import { type SyncRequest, syncRequest } from '../wire/sync.ts'
import {
  type Candidate,
  candidate,
  publicRecord,
  type SignRequest,
  signRequest,
  signResponse,
  transactionBatch,
  type VoteStatement,
} from '../wire/types.ts'
import type { Actor } from './actor.ts'
import { readable, silence, through } from './through.ts'

/** Between waves. */
const WAVE_MS = 200
/** Garbage on each topic, and useless messages of each kind, in a wave. */
const MESSAGES = 4
/** Requests of each kind to each peer in a wave. */
const REQUESTS = 2
/** Waves from one message of the greatest size to the next: each is sent to every peer at once. */
const LARGE_EVERY = 50
/** What no transport takes and what it just takes. */
const LARGE_BYTES = [2 * 1024 * 1024 + 1, 2 * 1024 * 1024] as const
/** Waves of what is well-formed before the garbage begins, which has streams closed and gossip go unheard. */
const POLITE_WAVES = 50
/** Accounts that hold nothing, whose transfers are signed all the same. */
const WALLETS = 20
const FAR = 1_000_000
const REQUEST_MS = 2_000
const topics: readonly Topic[] = ['transactions', 'candidates', 'blocks', 'evidence']

/**
 * Floods gossip and streams with what is of no use, besides what its node does: at first what is well-formed, signed and stale, then
 * garbage and what is too large as well.
 */
export class Spammer {
  readonly network: Network
  readonly #actor: Actor
  readonly #out: Network
  readonly #wallets = seededWallets(randomBytes(4).readUInt32LE(), WALLETS)
  #timer: NodeJS.Timeout | undefined
  #newest: Candidate | null = null
  #vote: VoteStatement | null = null
  #waves = 0
  #count = 0

  constructor(actor: Actor, network: Network) {
    this.#actor = actor
    this.#out = network
    this.network = {
      ...through(network),
      start: async () => {
        await network.start()
        this.#timer = setInterval(() => this.#wave(), WAVE_MS)
      },
      stop: async () => {
        clearInterval(this.#timer)
        await network.stop()
      },
      publish: (topic, data) => {
        if (topic === 'candidates') this.#newest = readable(candidate, data)
        return network.publish(topic, data)
      },
      handle: (protocol, handler) =>
        network.handle(protocol, async (data, from, signal) => {
          const answer = await handler(data, from, signal)
          const asked = protocol === 'sign' ? readable(signRequest, data) : null
          if (asked?.kind === 'vote' && asked.statement.kind === 'vote' && readable(signResponse, answer)?.kind === 'signature')
            this.#vote = asked.statement
          return answer
        }),
    }
  }

  #wave(): void {
    const { height, slot } = this.#actor
    // Not before the network is there that it is to disturb.
    if (!this.#actor.isUp || this.#actor.seatAt(height + 1) === null) return
    this.#waves++
    if (this.#waves % (1000 / WAVE_MS) === 0) this.#actor.note({ height: height + 1, slot })
    const isRude = this.#waves > POLITE_WAVES
    for (let count = 0; count < MESSAGES; count++) {
      this.#publish('transactions', this.#uselessTransactions(slot))
      this.#uselessTally().then(
        (data) => data !== null && this.#publish('evidence', data),
        () => {},
      )
      const stale = this.#staleCandidate(slot)
      if (stale !== null) this.#publish('candidates', stale)
      if (isRude) for (const topic of topics) this.#publish(topic, randomBytes(1 + Math.floor(Math.random() * 2000)))
    }
    if (isRude && this.#waves % LARGE_EVERY === 0) for (const bytes of LARGE_BYTES) this.#publish('blocks', randomBytes(bytes))
    for (const { peerId } of this.#out.peers()) {
      for (let count = 0; count < REQUESTS; count++) {
        this.#request('sign', peerId, encode(signRequest, this.#uselessRequest(height, slot)))
        this.#request('sync', peerId, encode(syncRequest, this.#idleQuestion(height)))
        if (isRude)
          for (const protocol of ['sign', 'sync'] as const)
            this.#request(protocol, peerId, randomBytes(1 + Math.floor(Math.random() * 2000)))
      }
      if (isRude && this.#waves % LARGE_EVERY === 0) this.#request('sync', peerId, randomBytes(LARGE_BYTES[1]))
    }
  }

  /** Transfers of accounts that have nothing. */
  #uselessTransactions(slot: number): Uint8Array {
    const wallet = this.#wallets[this.#count++ % WALLETS]
    const to = this.#wallets[0]
    if (wallet === undefined || to === undefined) return new Uint8Array()
    const action = { kind: 'transfer', to: to.address, amountDroplets: 1 + this.#count, microHours: 0 } as const
    const { transaction } = wallet.sign(this.#actor.chainId, { nonce: this.#count, feeDroplets: 1000, expirySlot: slot + 50, action })
    return encode(transactionBatch, [transaction])
  }

  /** A harmless variant of its newest vote: true, signed, and without end. It claims more than the vote did, which forgets no lock. */
  async #uselessTally(): Promise<Uint8Array | null> {
    const vote = this.#vote
    if (vote === null) return null
    const word = await this.#actor.wordFor({ ...vote, validSlot: (vote.validSlot ?? 0) + 1 + this.#count++ })
    return word === null ? null : encode(publicRecord, { kind: 'tally', certificates: [word] })
  }

  /** Its newest candidate in an envelope of another slot, for which it was not signed. */
  #staleCandidate(slot: number): Uint8Array | null {
    if (this.#newest === null) return null
    const slots = [slot - 1, slot + 1, slot + FAR]
    return encode(candidate, { ...this.#newest, slot: slots[this.#count++ % slots.length] ?? slot })
  }

  /** For votes that nobody may give: of old heights and far ones, of old slots and far ones, for blocks that are not there. */
  #uselessRequest(height: number, slot: number): SignRequest {
    const heights = [height - 1, height, height + 1, height + 2, height + FAR]
    const slots = [slot - 1, slot, slot + 1, slot + FAR]
    const [some, then] = [heights[this.#count++ % heights.length] ?? height, slots[this.#count % slots.length] ?? slot]
    return {
      kind: 'vote',
      statement: { kind: 'vote', height: Math.max(1, some), slot: Math.max(0, then), block: toHex(randomBytes(32)), validSlot: null },
    }
  }

  /** Questions that cost more to answer than to ask. */
  #idleQuestion(height: number): SyncRequest {
    const questions: readonly SyncRequest[] = [
      { kind: 'blocks', fromHeight: 1, count: 256 },
      { kind: 'headers', fromHeight: 1, count: 1024 },
      { kind: 'inventory' },
      { kind: 'records', ids: Array.from({ length: 64 }, () => toHex(randomBytes(32))) },
      { kind: 'snapshot-manifest', height },
      { kind: 'block', block: toHex(randomBytes(32)) },
    ]
    return questions[this.#count++ % questions.length] ?? { kind: 'inventory' }
  }

  #publish(topic: Topic, data: Uint8Array): void {
    // Too large for its own end of the wire, or nobody is left who listens.
    this.#out.publish(topic, data).catch(() => {})
  }
  #request(protocol: Protocol, peerId: string, data: Uint8Array): void {
    const signal = AbortSignal.timeout(REQUEST_MS)
    Promise.race([this.#out.request(protocol, peerId, data, signal), silence(signal)]).catch(() => {})
  }
}
