import { connect, createServer, type Server, type Socket } from 'node:net'
import { decode, encode } from '../../src/wire/codec.ts'
import { type SyncRequest, type SyncResponse, syncRequest, syncResponse } from '../../src/wire/sync.ts'
import { HostilePeer } from './hostile-peer.ts'

/** What becomes of an answer on its way; null: nothing, so that the request is never answered. */
type Change = (request: SyncRequest, response: SyncResponse) => SyncResponse | null

/** A peer that has what a node has, and changes what it likes. It is two: nobody who connects to one learns of the node. */
export class Relay {
  readonly address: string
  readonly peerId: string
  readonly #ends: readonly HostilePeer[]

  private constructor(front: HostilePeer, back: HostilePeer) {
    this.address = front.address
    this.peerId = front.peerId
    this.#ends = [front, back]
  }

  static async start(label: string, target: string, change: Change): Promise<Relay> {
    const back = await HostilePeer.connect(label, target)
    const front = await HostilePeer.listen(label)
    const upstream = await back.open('sync')
    let lastId = 0
    await front.answer('sync', async (bytes) => {
      const answer = await upstream.request(bytes, ++lastId)
      const changed = answer === null ? null : change(decode(syncRequest, bytes), decode(syncResponse, answer.payload))
      return changed === null ? null : encode(syncResponse, changed)
    })
    return new Relay(front, back)
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) await end.stop()
  }
}

/** Another address of a node, at which it is reached only once it is open. */
export class Gate {
  readonly address: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isOpen = false

  private constructor(server: Server, address: string, port: number) {
    this.#server = server
    this.address = address
    server.on('connection', (socket) => {
      if (this.#isOpen) this.#join(socket, connect(port, '127.0.0.1'))
      else socket.destroy()
    })
  }

  /** @param target a multiaddr with `/tcp/` */
  static async start(target: string): Promise<Gate> {
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const own = server.address()
    const port = Number(/\/tcp\/(\d+)/.exec(target)?.[1])
    return new Gate(server, target.replace(/\/tcp\/\d+/, `/tcp/${typeof own === 'object' ? own?.port : ''}`), port)
  }

  open(): void {
    this.#isOpen = true
  }
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => void this.#server.close(resolve))
  }

  #join(left: Socket, right: Socket): void {
    const pass = (from: Socket, to: Socket): void => {
      this.#sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
    pass(left, right)
    pass(right, left)
  }
}
