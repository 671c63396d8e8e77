import { QuorateError } from '../base/errors.ts'
import { ignore } from '../base/verdict.ts'
import type { GossipValidator, Network } from '../ports/network.ts'
import { type Codec, decode, encode, WireError } from '../wire/codec.ts'
import { syncRequest, syncResponse } from '../wire/sync.ts'
import { publicRecord } from '../wire/types.ts'

/** A network whose parts can be replaced one by one. */
export const through = (network: Network): Network => ({
  peerId: network.peerId,
  addresses: () => network.addresses(),
  start: () => network.start(),
  stop: () => network.stop(),
  peers: () => network.peers(),
  dialAttempts: () => network.dialAttempts(),
  onPeer: (listener) => network.onPeer(listener),
  connect: (peerId, signal) => network.connect(peerId, signal),
  subscribe: (topic, validator) => network.subscribe(topic, validator),
  publish: (topic, data) => network.publish(topic, data),
  handle: (protocol, handler) => network.handle(protocol, handler),
  request: (protocol, peerId, data, signal) => network.request(protocol, peerId, data, signal),
  penalize: (peerId, code) => network.penalize(peerId, code),
  protect: (peerIds) => network.protect(peerIds),
  report: () => network.report(),
  traffic: () => network.traffic(),
})

/** Null for what others sent and is none. */
export function readable<T>(codec: Codec<T>, data: Uint8Array): T | null {
  try {
    return decode(codec, data)
  } catch (error) {
    if (error instanceof WireError) return null
    throw error
  }
}

/** A wait that never ends well: an answer that is not given, or a question that is not asked. */
export const silence = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(new QuorateError('aborted', 'nobody answers'))
    if (signal.aborted) return end()
    signal.addEventListener('abort', end, { once: true })
  })

/** Neither takes nor gives proofs: nobody tells on himself, nor puts it into his own blocks. Certificates too, if they are to stay hidden. */
export function deny(network: Network, hides: 'evidence' | 'all-records'): Network {
  const isHidden = (data: Uint8Array): boolean => hides === 'all-records' || readable(publicRecord, data)?.kind === 'evidence'
  const deaf =
    (validator: GossipValidator): GossipValidator =>
    (data, from) =>
      readable(publicRecord, data)?.kind === 'evidence' ? ignore('denied') : validator(data, from)
  return {
    ...through(network),
    publish: (topic, data) => (topic === 'evidence' && isHidden(data) ? Promise.resolve(0) : network.publish(topic, data)),
    subscribe: (topic, validator) => network.subscribe(topic, topic === 'evidence' ? deaf(validator) : validator),
    request: (protocol, peerId, data, signal) =>
      protocol === 'sync' && readable(syncRequest, data)?.kind === 'inventory'
        ? Promise.reject(new QuorateError('unsupported', 'no records are asked for'))
        : network.request(protocol, peerId, data, signal),
    handle: (protocol, handler) =>
      network.handle(protocol, (data, from, signal) => {
        const asked = protocol === 'sync' ? readable(syncRequest, data) : null
        if (asked?.kind === 'inventory') return Promise.resolve(encode(syncResponse, { kind: 'inventory', ids: [] }))
        if (asked?.kind === 'records') return Promise.resolve(encode(syncResponse, { kind: 'records', records: [] }))
        return handler(data, from, signal)
      }),
  }
}
