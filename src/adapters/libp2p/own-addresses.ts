import { isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Of libp2p's components, what this needs. */
export interface AddressComponents {
  readonly events: {
    addEventListener(type: 'transport:listening', listener: (event: { readonly detail: { getAddrs(): Multiaddr[] } }) => void): void
  }
  readonly addressManager: { confirmObservedAddr(address: Multiaddr, options: { readonly type: 'transport' }): void }
}

/**
 * libp2p tells nobody of a public address that it listens on until AutoNAT has confirmed it, which this node does not use: without this a
 * network of machines with public addresses would never find itself. Whoever listens on such an address is taken to be reachable there; if he is
 * not, dialling him fails, which is what anybody can bring about with an address of which he only says that it is his.
 */
export function announceListening({ events, addressManager }: AddressComponents): object {
  events.addEventListener('transport:listening', ({ detail: listener }) => {
    // Private ones libp2p passes on as they are; who hears of them judges them by his scope.
    for (const address of listener.getAddrs()) if (!isPrivate(address)) addressManager.confirmObservedAddr(address, { type: 'transport' })
  })
  return {}
}
