import { createHash } from 'node:crypto'
import { type GossipSub, type GossipsubMessage, gossipsub, StrictNoSign, type TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { toString as bytesToString } from 'uint8arrays/to-string'
import { utf8 } from '../../base/bytes.ts'
import { QuorateError } from '../../base/errors.ts'
import { ignore, reject, type Verdict } from '../../base/verdict.ts'
import type { GossipValidator, NetworkReport, Topic } from '../../ports/network.ts'
import type { Telemetry } from '../../ports/telemetry.ts'
import { oneLine } from './address.ts'
import {
  MAX_GOSSIP_MESSAGE_BYTES,
  MAX_GOSSIP_RPC_BYTES,
  MAX_VALIDATIONS,
  PROTECTED_REJECT_MS,
  RELAY_PATIENCE_BYTES,
  RELAY_PATIENCE_MS,
  SEEN_MS,
} from './limits.ts'

const TOPICS: readonly Topic[] = ['transactions', 'candidates', 'blocks', 'evidence']
const HEARTBEAT_MS = 700
const MESSAGE_ID_BYTES = 20
/** Peers in the mesh of a topic: what is aimed at, and the bounds beyond which it is mended. */
const MESH = { D: 4, Dlo: 3, Dhi: 6 }

/** There at run time and needed, but absent from the public type of gossipsub 17. */
interface GossipInternals {
  readonly score: { score(peerId: string): number }
  getMeshPeers(topic: string): string[]
  getSubscribers(topic: string): unknown[]
  reportMessageValidationResult(messageId: string, fromPeer: string, result: `${TopicValidatorResult}`): void
}
export type GossipService = GossipSub & GossipInternals

export interface GossipServiceOptions {
  readonly chainName: string
  /** Whether many peers may share one address, as a swarm on one host does. */
  readonly sharedHost: boolean
  /** At most 0: what a peer did on streams, as score. */
  readonly standingScore: (peerId: string) => number
}

/** @internal */
export const topicId = (chainName: string, topic: Topic): string => `/quorate/${chainName}/${topic}/1`

/** The gossipsub service of the libp2p node, with limits and scores that all nodes share. */
export function gossipService(options: GossipServiceOptions): (components: Parameters<ReturnType<typeof gossipsub>>[0]) => GossipService {
  const topicIds = TOPICS.map((topic) => topicId(options.chainName, topic))
  const create = gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => messageId(message.topic, message.data),
    msgIdToStrFn: (id) => bytesToString(id, 'latin1'),
    allowedTopics: topicIds,
    asyncValidation: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    // A publish to nobody must stay possible to repeat: with `true` it would enter the seen cache and be lost for two minutes.
    allowPublishToZeroTopicPeers: false,
    ignoreDuplicatePublishError: true,
    floodPublish: true,
    idontwantMinDataSize: RELAY_PATIENCE_BYTES,
    ...MESH,
    seenTTL: SEEN_MS,
    Dscore: 2,
    Dout: 1,
    heartbeatInterval: HEARTBEAT_MS,
    maxInboundDataLength: MAX_GOSSIP_RPC_BYTES,
    maxInboundStreams: 4,
    maxOutboundStreams: 4,
    scoreParams: {
      topics: Object.fromEntries(topicIds.map((id) => [id, TOPIC_SCORE])),
      topicScoreCap: 50,
      appSpecificScore: options.standingScore,
      appSpecificWeight: 1,
      ...(options.sharedHost ? { IPColocationFactorWeight: 0 } : {}),
      // Some promises break on a loaded machine without anybody's fault; only many in a short time count.
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyWeight: -5,
      behaviourPenaltyDecay: 0.8,
      retainScore: 10 * 60_000,
    },
    scoreThresholds: {
      gossipThreshold: -20,
      publishThreshold: -50,
      graylistThreshold: -80,
      acceptPXThreshold: 1000,
      opportunisticGraftThreshold: 1,
    },
  })
  return (components) => create(components) as GossipService
}

const TOPIC_SCORE = {
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 1,
  firstMessageDeliveriesDecay: 0.9,
  firstMessageDeliveriesCap: 10,
  // Off: what a healthy rate of messages is depends on the load, and a quiet network is no fault of a peer.
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.9,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 1000,
  meshMessageDeliveriesActivation: 10_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.9,
  invalidMessageDeliveriesWeight: -10,
  invalidMessageDeliveriesDecay: 0.9,
}

/** First 20 bytes of sha256 over topic and data: the same bytes are the same message, whoever sends them. */
function messageId(topic: string, data: Uint8Array): Uint8Array {
  return createHash('sha256').update(utf8(topic)).update(data).digest().subarray(0, MESSAGE_ID_BYTES)
}

/** Topics, validators and scores on top of the gossipsub service. */
export class Gossip {
  readonly #service: GossipService
  readonly #chainName: string
  readonly #telemetry: Telemetry
  readonly #isProtected: (peerId: string) => boolean
  readonly #validators = new Map<string, { readonly topic: Topic; readonly validator: GossipValidator }>()
  /** Of protected peers only, so it is as small as the quorum. */
  readonly #lastRejectMs = new Map<string, number>()
  #validating = 0
  #started = false

  constructor(service: GossipService, chainName: string, telemetry: Telemetry, isProtected: (peerId: string) => boolean) {
    this.#service = service
    this.#chainName = chainName
    this.#telemetry = telemetry
    this.#isProtected = isProtected
    service.addEventListener('gossipsub:message', (event) => void this.#onMessage(event.detail))
  }

  /** Joins the topics that were subscribed before. Call when the node runs. */
  start(): void {
    this.#started = true
    for (const id of this.#validators.keys()) this.#service.subscribe(id)
  }

  stop(): void {
    this.#started = false
  }

  subscribe(topic: Topic, validator: GossipValidator): void {
    const id = topicId(this.#chainName, topic)
    if (this.#validators.has(id)) throw new Error(`broken invariant: second subscription to ${topic}`)
    this.#validators.set(id, { topic, validator })
    if (this.#started) this.#service.subscribe(id)
  }

  async publish(topic: Topic, data: Uint8Array): Promise<number> {
    if (data.length > MAX_GOSSIP_MESSAGE_BYTES) {
      throw new QuorateError(
        'message-too-large',
        `a ${topic} message of ${data.length} bytes; at most ${MAX_GOSSIP_MESSAGE_BYTES} are sent`,
      )
    }
    if (!this.#started) throw new QuorateError('not-started', 'the network is not running')
    try {
      const { recipients } = await this.#service.publish(topicId(this.#chainName, topic), data)
      return recipients.length
    } catch (error) {
      if (oneLine(error) === 'PublishError.NoPeersSubscribedToTopic') return 0
      throw error
    }
  }

  /** Call when the protected peers have changed. */
  forgetUnprotected(): void {
    for (const peerId of this.#lastRejectMs.keys()) if (!this.#isProtected(peerId)) this.#lastRejectMs.delete(peerId)
  }

  score(peerId: string): number {
    return this.#service.score.score(peerId)
  }

  /** The topics for which a peer is in our mesh. */
  meshOf(peerId: string): Topic[] {
    return [...this.#validators].filter(([id]) => this.#service.getMeshPeers(id).includes(peerId)).map(([, entry]) => entry.topic)
  }

  /** Each topic that is subscribed to, with its mesh. */
  topics(): NetworkReport['topics'] {
    return [...this.#validators].map(([id, { topic }]) => ({
      topic,
      peers: this.#service.getSubscribers(id).length,
      mesh: this.#service.getMeshPeers(id).length,
      low: MESH.Dlo,
      high: MESH.Dhi,
    }))
  }

  async #onMessage({ propagationSource, msgId, msg }: GossipsubMessage): Promise<void> {
    const entry = this.#validators.get(msg.topic)
    if (entry === undefined) return
    const fromPeer = propagationSource.toString()
    const verdict = await this.#judge(entry.topic, entry.validator, msg.data, fromPeer)
    this.#telemetry.count(`gossip.${entry.topic}.${verdict.kind}`)
    if (verdict.kind === 'reject') {
      this.#telemetry.log('debug', 'gossip.rejected', { topic: entry.topic, peerId: fromPeer, code: verdict.code, detail: verdict.detail })
    }
    const kind = verdict.kind === 'reject' && this.#isSpared(fromPeer) ? 'ignore' : verdict.kind
    // Peers say at once what they need not get (IDONTWANT); a relay that listens a moment longer spares most large copies.
    if (kind === 'accept' && msg.data.length >= RELAY_PATIENCE_BYTES) await new Promise((resolve) => setTimeout(resolve, RELAY_PATIENCE_MS))
    if (this.#started) this.#service.reportMessageValidationResult(msgId, fromPeer, kind)
  }

  /** Counted here, because gossipsub's score is as old as its last heartbeat and a burst of rejects comes within one. */
  #isSpared(peerId: string): boolean {
    if (!this.#isProtected(peerId)) return false
    const nowMs = Date.now()
    if (nowMs - (this.#lastRejectMs.get(peerId) ?? 0) < PROTECTED_REJECT_MS) return true
    this.#lastRejectMs.set(peerId, nowMs)
    return false
  }

  async #judge(topic: Topic, validator: GossipValidator, data: Uint8Array, fromPeer: string): Promise<Verdict<unknown>> {
    if (data.length > MAX_GOSSIP_MESSAGE_BYTES) return reject('message-too-large', `${data.length} bytes`)
    if (this.#validating >= MAX_VALIDATIONS) return ignore('overloaded', `${this.#validating} messages being validated`)
    this.#validating++
    try {
      return await validator(data, fromPeer)
    } catch (error) {
      // A validator that throws is a bug of ours, never a reason to punish the sender.
      this.#telemetry.log('error', 'gossip.validator-threw', { topic, error: oneLine(error) })
      return ignore('validator-threw', oneLine(error))
    } finally {
      this.#validating--
    }
  }
}
