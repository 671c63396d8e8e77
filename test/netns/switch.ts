import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { constants, setPriority } from 'node:os'
import { completeChecksum, readdress, receiverOf, senderOf } from './frames.ts'
import { type Link, Wire } from './links.ts'
import { addressOf, deleteNamespaces, SWITCH_ADDRESS, VXLAN_PORT, WIRES_ADDRESS } from './namespaces.ts'

/** What the switch is told at its start, as its only argument in JSON. */
export interface SwitchOptions {
  /** Each with the path of a socket through which its API is reached. */
  readonly apis: readonly { readonly host: number; readonly path: string }[]
  readonly apiPort: number
  /** Deleted when whoever started the switch is gone, however that ended. */
  readonly namespaces: readonly string[]
}
export interface LinkOrder {
  readonly id: number
  readonly links: readonly { readonly from: number; readonly to: number; readonly link: Link }[]
}
export type SwitchReport = { readonly kind: 'ready' } | { readonly kind: 'done'; readonly id: number }

const MAX_HOSTS = 256

const { apis, apiPort, namespaces } = JSON.parse(process.argv[2] ?? '') as SwitchOptions
const report = (what: SwitchReport): void => void process.send?.(what)
const datagrams = createSocket('udp4')
const wires = new Map<number, Wire<Buffer>>()

/** Links are perfect until they are set. */
function wire(from: number, to: number): Wire<Buffer> {
  const key = from * MAX_HOSTS + to
  let found = wires.get(key)
  if (found === undefined) {
    found = new Wire((datagram) => datagrams.send(datagram, VXLAN_PORT, WIRES_ADDRESS))
    wires.set(key, found)
  }
  return found
}

datagrams.on('message', (datagram) => {
  const to = receiverOf(datagram)
  if (to === null) return
  const from = senderOf(datagram)
  completeChecksum(datagram)
  readdress(datagram, to)
  wire(from, to).send(datagram)
})

process.on('message', ({ id, links }: LinkOrder) => {
  for (const { from, to, link } of links) wire(from, to).set(link)
  report({ kind: 'done', id })
})
process.on('disconnect', () => {
  deleteNamespaces(namespaces)
  process.exit()
})

/** Joins both; when one ends or breaks, so does the other. */
function join(one: Socket, other: Socket): void {
  one.pipe(other)
  other.pipe(one)
  for (const [socket, partner] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.on('error', () => partner.destroy())
    socket.on('close', () => partner.destroy())
  }
}

try {
  // Beside busy processes a delay should be what it is said to be.
  setPriority(constants.priority.PRIORITY_HIGH)
} catch {
  // A container may not allow it.
}
for (const { host, path } of apis) createServer((client) => join(client, connect(apiPort, addressOf(host)))).listen(path)
datagrams.bind(VXLAN_PORT, SWITCH_ADDRESS, () => report({ kind: 'ready' }))
