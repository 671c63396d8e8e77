import type { NodeStatus } from '../../api/types.ts'
import { QuorateError } from '../../base/errors.ts'
import type { Behaviour } from './adversaries.ts'
import type { BlockEvent } from './finality.ts'
import type { NodePlace } from './layout.ts'
import { NodeClient, type StreamLine } from './node-client.ts'
import { type Exit, NodeProcess } from './node-process.ts'

export type MemberState = 'down' | 'starting' | 'up'

export interface MemberEvents {
  /** Its event stream is open: nothing that it finalises from here on is missed. */
  up(member: Member): void
  /** It was stopped, killed or crashed. */
  down(member: Member, exit: Exit, expected: boolean): void
  line(member: Member, line: StreamLine): void
  status(member: Member, status: NodeStatus): void
}

/** What a node used since its process started, and what its processes before used. */
export interface Usage {
  readonly cpuMs: number
  readonly bytesOut: number
}
const noUsage: Usage = { cpuMs: 0, bytesOut: 0 }
const plus = (left: Usage, right: Usage): Usage => ({ cpuMs: left.cpuMs + right.cpuMs, bytesOut: left.bytesOut + right.bytesOut })
const usageOf = (status: NodeStatus | null): Usage =>
  status === null ? noUsage : { cpuMs: status.process.cpuMs, bytesOut: status.traffic.bytesOut }

/** Between attempts to follow a node whose event stream broke off while it runs. */
const RECONNECT_MS = 500

/** A node of the swarm through all its starts and ends. */
export class Member {
  readonly place: NodePlace
  /** Null for an honest one. */
  readonly behaviour: Behaviour | null
  readonly #events: MemberEvents
  #state: MemberState = 'down'
  #process: NodeProcess | null = null
  #client: NodeClient | null = null
  #status: NodeStatus | null = null
  #height = 0
  #lastBlock: BlockEvent | null = null
  #usageBefore: Usage = noUsage
  #firstDiscoveryMs: number | null = null
  #expectExit = false
  #lastExit: Exit | null = null
  #asking = false

  constructor(place: NodePlace, events: MemberEvents, behaviour: Behaviour | null = null) {
    this.place = place
    this.behaviour = behaviour
    this.#events = events
  }

  get name(): string {
    return this.place.name
  }
  get state(): MemberState {
    return this.#state
  }
  /** The newest answer of the present process. */
  get status(): NodeStatus | null {
    return this.#status
  }
  get client(): NodeClient | null {
    return this.#state === 'up' ? this.#client : null
  }
  get height(): number {
    return this.#height
  }
  /** The newest block that became final at it since it started. */
  get lastBlock(): BlockEvent | null {
    return this.#lastBlock
  }
  get pid(): number | null {
    return this.#process?.pid ?? null
  }
  get usage(): Usage {
    return plus(this.#usageBefore, usageOf(this.#status))
  }
  /** Of its first start; null before it was connected. */
  get discoveryMs(): number | null {
    return this.#firstDiscoveryMs
  }
  /** Null before its first end. */
  get lastExit(): Exit | null {
    return this.#lastExit
  }

  /** Starts the process; resolves when its API answers. Rejects with QuorateError `node-failed`. */
  async start(program: readonly string[], command: readonly string[]): Promise<void> {
    if (this.#state !== 'down') throw new QuorateError('node-runs', `${this.name} runs already`)
    const { directory, logPath } = this.place
    const started = new NodeProcess({ directory, logPath, program, command })
    this.#process = started
    this.#state = 'starting'
    this.#expectExit = false
    this.#height = 0
    this.#lastBlock = null
    const ended = started.exited.then((exit) => this.#onExit(exit))
    try {
      this.#client = new NodeClient(await started.apiUrl())
      await this.refresh()
    } catch (error) {
      started.kill()
      await ended
      throw error
    }
    void this.#follow(started, this.#client)
  }

  /** Asks for its status; a node that does not answer is looked at again later. */
  async refresh(): Promise<void> {
    const client = this.#client
    if (client === null || this.#asking) return
    this.#asking = true
    try {
      const status = await client.status()
      if (this.#client !== client) return
      this.#status = status
      this.#height = Math.max(this.#height, status.height)
      this.#firstDiscoveryMs ??= status.discoveryMs
      this.#events.status(this, status)
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error
    } finally {
      this.#asking = false
    }
  }

  /** Ends the process in good order. */
  async stop(): Promise<void> {
    this.#expectExit = true
    await this.#process?.stop()
  }
  /** Ends the process by SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#expectExit = true
    this.#process?.kill()
    await this.#process?.exited
  }

  async #follow(run: NodeProcess, client: NodeClient): Promise<void> {
    while (run.exit === null) {
      await client.follow((line) => this.#onLine(line))
      if (run.exit === null) await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS))
    }
  }

  #onLine(line: StreamLine): void {
    if (line.kind === 'heartbeat') {
      this.#height = Math.max(this.#height, line.height)
      if (this.#state === 'starting') {
        this.#state = 'up'
        this.#events.up(this)
      }
    }
    if (line.kind === 'block') {
      this.#height = Math.max(this.#height, line.height)
      this.#lastBlock = line
    }
    this.#events.line(this, line)
  }

  #onExit(exit: Exit): void {
    this.#client?.close()
    this.#client = null
    this.#process = null
    this.#usageBefore = this.usage
    this.#status = null
    this.#state = 'down'
    this.#lastExit = exit
    this.#events.down(this, exit, this.#expectExit)
  }
}
