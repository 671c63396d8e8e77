import type { Network } from '../ports/network.ts'
import { encode } from '../wire/codec.ts'
import { candidate, type SignRequest, signRequest, signResponse } from '../wire/types.ts'
import type { Actor } from './actor.ts'
import { readable, silence, through } from './through.ts'

/** Notes that it leads a slot, once. */
function leading(actor: Actor): (request: SignRequest | null) => void {
  let last = -1
  return (request) => {
    if (request === null) return
    const { slot } = actor
    if (slot === last) return
    last = slot
    const { statement } = request.kind === 'vote' ? request : request.certificate
    actor.note({ height: statement.height, slot })
  }
}

/** Proposes, so that its candidate is chosen, and then asks for nothing, publishes nothing and answers nobody. */
export function withhold(actor: Actor, network: Network): Network {
  const note = leading(actor)
  return {
    ...through(network),
    publish: (topic, data) => (topic === 'candidates' || topic === 'transactions' ? network.publish(topic, data) : Promise.resolve(0)),
    request: (protocol, peerId, data, signal) => {
      if (protocol === 'sync') return network.request(protocol, peerId, data, signal)
      note(readable(signRequest, data))
      return silence(signal)
    },
    handle: (protocol) => network.handle(protocol, (_data, _from, signal) => silence(signal)),
  }
}

/** How far it goes when it leads, slot by slot: it collects votes only, it lets a few others lock, or all of them. */
const reaches = ['votes', 'few-locks', 'all-locks'] as const
/** Peers that lock where a few do. */
const FEW = 2

/** Leads, and shows nobody what it has collected: neither the certificates of its slots, nor the one that it is locked by. */
export function hideLock(actor: Actor, network: Network): Network {
  const note = leading(actor)
  const asked = new Map<number, Set<string>>()
  /** Whether this peer gets the request for locks of the present slot. */
  const isShown = (peerId: string): boolean => {
    const { slot } = actor
    const reach = reaches[slot % reaches.length]
    const peers = asked.get(slot) ?? new Set<string>()
    asked.set(slot, peers.add(peerId))
    asked.delete(slot - 1)
    return reach === 'all-locks' || (reach === 'few-locks' && peers.size <= FEW)
  }
  return {
    ...through(network),
    // What is proposed again carries the certificate that allows it.
    publish: (topic, data) =>
      topic === 'blocks' || (topic === 'candidates' && readable(candidate, data)?.justification !== null)
        ? Promise.resolve(0)
        : network.publish(topic, data),
    request: (protocol, peerId, data, signal) => {
      const request = protocol === 'sign' ? readable(signRequest, data) : null
      if (request === null || request.kind === 'vote') return network.request(protocol, peerId, data, signal)
      note(request)
      return request.kind === 'lock' && isShown(peerId) ? network.request(protocol, peerId, data, signal) : silence(signal)
    },
    handle: (protocol, handler) =>
      network.handle(protocol, async (data, from, signal) => {
        const answer = await handler(data, from, signal)
        const refused = protocol === 'sign' ? readable(signResponse, answer) : null
        return refused?.kind === 'refusal' ? encode(signResponse, { ...refused, certificate: null }) : answer
      }),
  }
}
