import '../../src/adapters/libp2p/polyfill.ts'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { Defence } from '../../src/adapters/libp2p/defence.ts'
import { encodeFrame, type Frame, FrameDecoder } from '../../src/adapters/libp2p/frames.ts'
import { topicId } from '../../src/adapters/libp2p/gossip.ts'
import { generateNetworkKey, networkKeyFromBytes } from '../../src/adapters/libp2p/keys.ts'
import { createNode, type Node } from '../../src/adapters/libp2p/node.ts'
import type { Libp2pNetworkOptions } from '../../src/adapters/libp2p/options.ts'
import { TrafficMeter } from '../../src/adapters/libp2p/traffic.ts'
import { fromHex, type Hex } from '../../src/base/hex.ts'
import type { Protocol, Topic } from '../../src/ports/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const DEADLINE_MS = 30_000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** A libp2p peer that says whatever a test wants: no validators, no limits, no manners. */
export class HostilePeer {
  readonly peerId: string
  readonly #node: Node
  readonly #label: string
  readonly #target: string

  private constructor(node: Node, label: string, target: string) {
    this.peerId = node.peerId.toString()
    this.#node = node
    this.#label = label
    this.#target = target
  }

  /** Connects to a node's multiaddr, with a key of its own or that of somebody whose key was stolen. */
  static async connect(label: string, target: string, networkKey?: Hex): Promise<HostilePeer> {
    const node = await HostilePeer.#start(label, [], networkKey)
    await node.dial(multiaddr(target))
    return new HostilePeer(node, label, target)
  }

  /** Waits at an address of its own for nodes to connect, and knows nobody. */
  static async listen(label: string): Promise<HostilePeer> {
    return new HostilePeer(await HostilePeer.#start(label, ['/ip4/127.0.0.1/tcp/0']), label, '')
  }

  static async #start(label: string, listen: readonly string[], networkKey?: Hex): Promise<Node> {
    const key = await networkKeyFromBytes(networkKey === undefined ? await generateNetworkKey() : fromHex(networkKey))
    const options: Libp2pNetworkOptions = {
      chainName: label,
      privateKey: new Uint8Array(),
      listen,
      bootstrap: [],
      role: 'full',
      scope: 'local',
      telemetry: {
        log: () => {},
        count: () => {},
        counters: () => ({}),
        levels: () => ({ default: 'error', subsystems: {} }),
        setLevels: () => {},
      },
    }
    const hooks = { isBanned: () => false, standingScore: () => 0, traffic: new TrafficMeter(), defence: new Defence(options) }
    const node = await createNode(options, key, hooks)
    await node.start()
    return node
  }

  /** Where it listens. */
  get address(): string {
    return this.#node.getMultiaddrs()[0]?.toString() ?? ''
  }

  /** Answers requests of a protocol: whatever the node asks, it gets these bytes, or nothing. */
  async answer(protocol: Protocol, answer: (request: Uint8Array) => Uint8Array | null | Promise<Uint8Array | null>): Promise<void> {
    const respond = async (stream: Stream, id: number, payload: Uint8Array): Promise<void> => {
      const response = await answer(payload)
      if (response !== null && stream.status === 'open') stream.send(encodeFrame({ kind: 'response', id, payload: response }))
    }
    await this.#node.handle(this.#protocolId(protocol), (stream) => {
      const decoder = new FrameDecoder(MAX_ANSWER_BYTES)
      stream.addEventListener('message', (event) => {
        for (const { id, payload } of decoder.push(event.data.subarray())) void respond(stream, id, payload)
      })
    })
  }

  /** Waits until the node listens to a topic. */
  async joins(topic: Topic): Promise<void> {
    const id = topicId(this.#label, topic)
    await waitFor(() => (this.#node.services.gossip?.getSubscribers(id).length ?? 0) > 0, {
      deadlineMs: DEADLINE_MS,
      description: `the node to listen to ${topic}`,
    })
  }

  /** Past every check of our own adapter. Once it is cut off, nobody hears it, which is no error. */
  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    await this.#node.services.gossip?.publish(topicId(this.#label, topic), data).catch(() => undefined)
  }

  async open(protocol: Protocol): Promise<HostileStream> {
    return new HostileStream(await this.#node.dialProtocol(multiaddr(this.#target), this.#protocolId(protocol)))
  }

  get isConnected(): boolean {
    return this.#node.getConnections().length > 0
  }

  async stop(): Promise<void> {
    await this.#node.stop()
  }

  #protocolId(protocol: Protocol): string {
    return `/quorate/${this.#label}/${protocol}/1`
  }
}

/** A stream on which anything can be written. */
export class HostileStream {
  readonly #stream: Stream
  readonly frames: Frame[] = []
  isClosed = false

  constructor(stream: Stream) {
    this.#stream = stream
    const decoder = new FrameDecoder(MAX_ANSWER_BYTES)
    stream.addEventListener('message', (event) => this.frames.push(...decoder.push(event.data.subarray())))
    stream.addEventListener('close', () => {
      this.isClosed = true
    })
  }

  /** Bytes as they are. Nothing if the other side has closed. */
  write(bytes: Uint8Array): void {
    if (this.#stream.status === 'open') this.#stream.send(bytes)
  }

  /** One request, one answer; null if the stream was closed instead. */
  async request(payload: Uint8Array, id = this.frames.length + 1): Promise<Frame | null> {
    this.write(encodeFrame({ kind: 'request', id, payload }))
    const answered = (): Frame | undefined => this.frames.find((frame) => frame.id === id)
    await waitFor(() => answered() !== undefined || this.isClosed, { deadlineMs: DEADLINE_MS, description: 'an answer' })
    return answered() ?? null
  }

  async closed(): Promise<void> {
    await waitFor(() => this.isClosed, { deadlineMs: DEADLINE_MS, description: 'the stream to be closed' })
  }
}
