import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { logExcerpt } from '../../src/cli/swarm/node-process.ts'
import { tempDirectory } from '../helpers/temp-directory.ts'
import type { Link } from './links.ts'
import { addressOf, createNamespaces, deleteNamespaces, type Namespaces, namesFor, namesOf } from './namespaces.ts'
import type { LinkOrder, SwitchOptions, SwitchReport } from './switch.ts'

/** A node has its host for itself: all have the same ports. */
const [PEER_PORT, API_PORT] = [4001, 4080]
const SWITCH = fileURLToPath(new URL('switch.ts', import.meta.url))
const STOP_DEADLINE_MS = 15_000

/** Separate hosts on this machine, and the network between them. */
export class Hosts {
  readonly numbers: readonly number[]
  readonly #names: Namespaces
  readonly #switch: ChildProcess
  readonly #switchEnded: Promise<unknown>
  readonly #sockets: string
  readonly #processes: { readonly host: number; readonly log: string; readonly child: ChildProcess; readonly ended: Promise<unknown> }[] =
    []
  #orders = 0

  private constructor(names: Namespaces) {
    this.numbers = [...names.hosts.keys()]
    this.#names = names
    this.#sockets = tempDirectory('hosts')
    const apis = this.numbers.map((host) => ({ host, path: this.#socketOf(host) }))
    const options: SwitchOptions = { apis, apiPort: API_PORT, namespaces: namesOf(names) }
    this.#switch = spawn('ip', inside(names.switch, '--import', 'tsx', SWITCH, JSON.stringify(options)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Ctrl-C is for the tests; the switch ends, and cleans up, when they have.
      detached: true,
      env: environment(),
    })
    this.#switchEnded = endOf(this.#switch)
  }

  /** @param count numbered from 1 */
  static async make(count: number): Promise<Hosts> {
    const names = namesFor(Array.from({ length: count }, (_, index) => index + 1))
    createNamespaces(names)
    const hosts = new Hosts(names)
    await hosts.#hear((report) => report.kind === 'ready')
    return hosts
  }

  /** Sets each direction between two hosts; the operator's own links stay perfect. Resolves when it holds. */
  async connect(linkOf: (from: number, to: number) => Link): Promise<void> {
    const links = this.numbers.flatMap((from) =>
      this.numbers.filter((to) => to !== from).map((to) => ({ from, to, link: linkOf(from, to) })),
    )
    const order: LinkOrder = { id: ++this.#orders, links }
    const done = this.#hear((report) => report.kind === 'done' && report.id === order.id)
    this.#switch.send(order)
    await done
  }

  /** Runs a node on a host, as on the Internet: no address is private. */
  start(host: number, options: { readonly directory: string; readonly bootstrap: readonly string[]; readonly bundle: string }): void {
    const address = addressOf(host)
    const { directory, bootstrap, bundle } = options
    const where = ['--dir', directory, '--role', 'verifier', '--listen', `/ip4/${address}/tcp/${PEER_PORT}`]
    const peers = bootstrap.flatMap((one) => ['--bootstrap', one])
    const how = ['--api', `${address}:${API_PORT}`, '--log-format', 'json', '--parent-watch']
    const name = this.#names.hosts.get(host) ?? ''
    const log = `${directory}.log`
    const output = openSync(log, 'a')
    const child = spawn('ip', inside(name, bundle, 'start', ...where, ...peers, ...how), {
      stdio: ['pipe', output, output],
      detached: true,
      env: environment(),
    })
    closeSync(output)
    child.stdin?.on('error', () => undefined)
    this.#processes.push({ host, log, child, ended: endOf(child) })
  }

  /** Where the node of a host can be dialled. */
  peerAddress(host: number, peerId: string): string {
    return `/ip4/${addressOf(host)}/tcp/${PEER_PORT}/p2p/${peerId}`
  }

  /** Asks the API of a host's node; rejects if it does not answer, or not with 200. */
  ask<T>(host: number, path: string, body?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST'
      const sent = request({ socketPath: this.#socketOf(host), method, path, headers: { 'content-type': 'application/json' } })
      sent.on('error', reject)
      sent.on('response', (response) => {
        response.setEncoding('utf8')
        let text = ''
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as T)
          else reject(new Error(`host ${host}, ${path}: ${response.statusCode} ${text}`))
        })
      })
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** Hands on each event of a host's node from now on. Resolves when they come. */
  follow<E>(host: number, path: string, listener: (event: E) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.#socketOf(host), path })
      sent.on('error', reject)
      sent.on('response', (response) => {
        // A stream that breaks is noticed by what no longer comes.
        response.on('error', () => undefined)
        createInterface({ input: response }).on('line', (line) => {
          if (line.startsWith('data: ')) listener(JSON.parse(line.slice(6)) as E)
        })
        resolve()
      })
      sent.end()
    })
  }

  /** The last lines of what each node has written. */
  logs(): readonly string[] {
    return this.#processes.map(({ host, log }) => `    the node of host ${host}:\n${logExcerpt(log)}`)
  }

  /** Ends all nodes, then the switch, and removes the namespaces. */
  async stop(): Promise<void> {
    const kill = setTimeout(() => {
      for (const { child } of this.#processes) child.kill('SIGKILL')
    }, STOP_DEADLINE_MS)
    for (const { child } of this.#processes) child.kill('SIGTERM')
    await Promise.all(this.#processes.map(({ ended }) => ended))
    clearTimeout(kill)
    if (this.#switch.connected) this.#switch.disconnect()
    await this.#switchEnded
    // The switch has done so, unless it broke.
    deleteNamespaces(namesOf(this.#names))
  }

  /** Short, as paths of sockets must be. */
  #socketOf(host: number): string {
    return join(this.#sockets, `${host}`)
  }

  /** Resolves with the first report of the switch that this is about; rejects if it ends before. */
  #hear(isIt: (report: SwitchReport) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const listen = (report: SwitchReport): void => {
        if (!isIt(report)) return
        this.#switch.off('message', listen)
        resolve()
      }
      this.#switch.on('message', listen)
      void this.#switchEnded.then((how) => reject(new Error(`the switch ended (${how})`)))
    })
  }
}

/** Arguments of `ip` that run Node in a namespace, in place of `ip`. */
const inside = (namespace: string, ...program: readonly string[]): string[] => ['netns', 'exec', namespace, process.execPath, ...program]

const endOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code))
    child.once('error', (error) => resolve(error.message))
  })

/** What the tests' own Node loads is not for others. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...rest } = process.env
  return rest
}
