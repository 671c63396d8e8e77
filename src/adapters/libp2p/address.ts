import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { isPrivate } from '@libp2p/utils'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { QuorateError } from '../../base/errors.ts'

export interface PeerAddress {
  readonly peerId: string
  readonly address: Multiaddr
}

/**
 * Reads a multiaddr that names its peer, `/ip4/…/tcp/…/p2p/12D3KooW…`.
 * @throws QuorateError `bad-address`.
 */
export function parsePeerAddress(text: string): PeerAddress {
  try {
    const address = multiaddr(text)
    const peerId = peerIdIn(address)
    if (peerId === undefined) throw new Error('it lacks /p2p/<peer id>')
    return { peerId: parsePeerId(peerId).toString(), address }
  } catch (cause) {
    throw new QuorateError(
      'bad-address',
      `'${text}' is not an address of a peer (${oneLine(cause)}); expected /ip4/1.2.3.4/tcp/4001/p2p/12D3KooW…`,
      {
        cause,
      },
    )
  }
}

/** @throws QuorateError `bad-address` for a text that is no peer id. */
export function parsePeerId(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new QuorateError('bad-address', `'${text}' is not a peer id`, { cause })
  }
}

/** The address with `/p2p/<peerId>` at its end. */
export function withPeerId(address: Multiaddr, peerId: string): Multiaddr {
  return peerIdIn(address) === undefined ? address.encapsulate(`/p2p/${peerId}`) : address
}

/** The host and port part alone, as text: how an address is compared. */
export function endpointOf(address: Multiaddr): string {
  return address.toString().replace(/\/p2p\/.*$/, '')
}

/** Loopback, link-local, private ranges, and names that only mean something on the own network. */
export function isPrivateAddress(address: Multiaddr): boolean {
  if (isPrivate(address)) return true
  return address
    .getComponents()
    .some((part) => part.name.startsWith('dns') && /(^|\.)(localhost|local|internal|lan)\.?$/.test(part.value ?? ''))
}

/** What went wrong, in one line, with the errors inside an AggregateError. */
export function oneLine(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return [...new Set(error.errors.map(oneLine))].join('; ')
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.split('\n', 1)[0] ?? ''
}

function peerIdIn(address: Multiaddr): string | undefined {
  return address.getComponents().findLast((part) => part.code === CODE_P2P)?.value
}
