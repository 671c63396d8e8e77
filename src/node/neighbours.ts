import { QuorateError } from '../base/errors.ts'
import { accept, reject, type Verdict } from '../base/verdict.ts'
import type { Network, Topic } from '../ports/network.ts'
import type { Telemetry } from '../ports/telemetry.ts'
import { MAX_NEIGHBOURS } from '../wire/bounds.ts'
import { decode, encode, WireError } from '../wire/codec.ts'
import { meshBits, type Neighbour, neighbours } from '../wire/neighbours.ts'
import { NEIGHBOURS_DEADLINE_MS, NEIGHBOURS_INTERVAL_MS, NEIGHBOURS_LOOK_MS, NEIGHBOURS_SPARE_MS } from './bounds.ts'
import { within } from './within.ts'

export interface NeighboursOptions {
  readonly network: Pick<Network, 'peerId' | 'peers' | 'onPeer' | 'handle' | 'request' | 'penalize'>
  readonly telemetry: Telemetry
  readonly nowMs: () => number
  /** Whether this node tells its own. */
  readonly isServing: boolean
}

/** What a peer said that it is connected to. */
export interface ToldNeighbour {
  readonly peerId: string
  readonly mesh: readonly Topic[]
}

const TOPICS = ['transactions', 'candidates', 'blocks', 'evidence'] as const
const ALL_BITS = TOPICS.reduce((sum, topic) => sum + meshBits[topic], 0)

/** Asks peers whom they are connected to, while somebody looks, and tells them the same (protocols/neighbours.md). */
export class Neighbours {
  readonly #options: NeighboursOptions
  readonly #told = new Map<string, readonly ToldNeighbour[]>()
  readonly #answeredAt = new Map<string, number>()
  readonly #asked = new Set<string>()
  readonly #stop = new AbortController()
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(options: NeighboursOptions) {
    this.#options = options
    const { network, isServing } = options
    if (isServing) network.handle('neighbours', (request, from) => this.#answer(request, from))
    network.onPeer((peerId, state) => {
      if (state === 'connected') return
      this.#told.delete(peerId)
      this.#answeredAt.delete(peerId)
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#stop.abort()
  }

  /** What connected peers said last. Asking for it is looking: from now on they are asked, for a while. */
  told(): ReadonlyMap<string, readonly ToldNeighbour[]> {
    this.#lookedAtMs = this.#options.nowMs()
    if (this.#timer === undefined && !this.#stop.signal.aborted) this.#round()
    return this.#told
  }

  /** protocols/neighbours.md D10 */
  #round(): void {
    this.#timer = undefined
    const { network, nowMs, telemetry } = this.#options
    if (nowMs() - this.#lookedAtMs > NEIGHBOURS_LOOK_MS) {
      this.#told.clear()
      return
    }
    for (const { peerId } of network.peers()) {
      if (this.#asked.has(peerId)) continue
      this.#asked.add(peerId)
      this.#ask(peerId)
        .catch((error: unknown) => telemetry.log('debug', 'neighbours.failed', { peerId, error: String(error) }))
        .finally(() => this.#asked.delete(peerId))
    }
    this.#timer = setTimeout(() => this.#round(), NEIGHBOURS_INTERVAL_MS)
    this.#timer.unref()
  }

  async #ask(peerId: string): Promise<void> {
    const { network } = this.#options
    const ask = (signal: AbortSignal): Promise<Uint8Array> => network.request('neighbours', peerId, new Uint8Array(), signal)
    const verdict = readNeighbours(await within(NEIGHBOURS_DEADLINE_MS, this.#stop.signal, ask))
    if (verdict.kind !== 'accept') return network.penalize(peerId, 'bad-answer')
    const isConnected = network.peers().some((peer) => peer.peerId === peerId)
    if (isConnected) this.#told.set(peerId, verdict.value)
  }

  /** protocols/neighbours.md D8, D9, D10 */
  async #answer(request: Uint8Array, from: string): Promise<Uint8Array> {
    const { network, nowMs } = this.#options
    if (request.length > 0) throw new QuorateError('bad-request', `${request.length} bytes`)
    if (nowMs() - (this.#answeredAt.get(from) ?? Number.NEGATIVE_INFINITY) < NEIGHBOURS_SPARE_MS)
      throw new QuorateError('too-soon', `asked again within ${NEIGHBOURS_SPARE_MS} ms`)
    this.#answeredAt.set(from, nowMs())
    const own: Neighbour[] = network
      .peers()
      .filter(({ peerId }) => peerId !== from)
      .map(({ peerId, mesh }) => ({ peerId, mesh: mesh.reduce((sum, topic) => sum + meshBits[topic], 0) }))
    return encode(neighbours, own.toSorted((left, right) => right.mesh - left.mesh).slice(0, MAX_NEIGHBOURS))
  }
}

/** protocols/neighbours.md D9 */
function readNeighbours(bytes: Uint8Array): Verdict<readonly ToldNeighbour[]> {
  let read: readonly Neighbour[]
  try {
    read = decode(neighbours, bytes)
  } catch (error) {
    if (error instanceof WireError) return reject('bad-answer', error.message)
    throw error
  }
  if (new Set(read.map(({ peerId }) => peerId)).size < read.length) return reject('bad-answer', 'a peer is named twice')
  if (read.some(({ mesh }) => (mesh & ~ALL_BITS) !== 0)) return reject('bad-answer', 'a bit that is no topic')
  return accept(read.map(({ peerId, mesh }) => ({ peerId, mesh: TOPICS.filter((topic) => (mesh & meshBits[topic]) !== 0) })))
}
