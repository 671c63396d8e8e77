import type { Connection, Libp2pEvents, TypedEventTarget } from '@libp2p/interface'

/** The open connections by peer id text: libp2p's own lists are rebuilt at each call and know peers by object. */
export class ConnectionBook {
  readonly #byPeer = new Map<string, Connection[]>()

  constructor(events: TypedEventTarget<Libp2pEvents>) {
    events.addEventListener('connection:open', (event) => this.#add(event.detail))
    events.addEventListener('connection:close', (event) => this.#remove(event.detail))
  }

  has(peerId: string): boolean {
    return this.#byPeer.has(peerId)
  }

  /** Open connections to a peer, oldest first. */
  of(peerId: string): readonly Connection[] {
    return this.#byPeer.get(peerId) ?? []
  }

  peers(): IterableIterator<[string, readonly Connection[]]> {
    return this.#byPeer.entries()
  }

  #add(connection: Connection): void {
    if (connection.status !== 'open') return
    const peerId = connection.remotePeer.toString()
    const known = this.#byPeer.get(peerId)
    if (known === undefined) this.#byPeer.set(peerId, [connection])
    else known.push(connection)
  }

  #remove(connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const left = this.of(peerId).filter((one) => one.id !== connection.id)
    if (left.length === 0) this.#byPeer.delete(peerId)
    else this.#byPeer.set(peerId, left)
  }
}
