import { Socket } from 'node:net'
import type { MultiaddrConnection } from '@libp2p/interface'

/** Counts bytes on the wire from the sockets themselves, which know already: nothing is wrapped, nothing is slower. */
export class TrafficMeter {
  readonly #open = new Set<Socket>()
  #closedIn = 0
  #closedOut = 0

  track(connection: MultiaddrConnection): void {
    const socket = socketOf(connection)
    if (socket === undefined || this.#open.has(socket)) return
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#closedIn += socket.bytesRead
      this.#closedOut += socket.bytesWritten
    })
  }

  totals(): { readonly bytesIn: number; readonly bytesOut: number } {
    let bytesIn = this.#closedIn
    let bytesOut = this.#closedOut
    for (const socket of this.#open) {
      bytesIn += socket.bytesRead
      bytesOut += socket.bytesWritten
    }
    return { bytesIn, bytesOut }
  }
}

/** The TCP transport keeps its socket in a field that its type does not show. */
export function socketOf(connection: MultiaddrConnection): Socket | undefined {
  const socket = 'socket' in connection ? connection.socket : undefined
  return socket instanceof Socket ? socket : undefined
}
